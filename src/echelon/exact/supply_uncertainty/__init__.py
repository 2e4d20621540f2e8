"""Suppliers who are down at times, or deliver less than was ordered."""
