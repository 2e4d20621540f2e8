"""Budgets over many SKUs: one option for each, at least cost, within limits that all share."""
