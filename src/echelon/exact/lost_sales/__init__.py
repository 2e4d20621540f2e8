"""Customers who do not wait: what is short is lost."""
