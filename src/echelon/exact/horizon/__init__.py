"""A horizon that ends: demand, prices and costs that change by period."""
