"""Placing by the declared model, declared once for all components of one pattern."""
