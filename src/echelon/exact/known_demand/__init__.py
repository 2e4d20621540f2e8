"""Demand that is known: how much to order at a time."""
