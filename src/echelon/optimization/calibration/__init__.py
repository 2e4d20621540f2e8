"""Levels set by what customers are measured to get, not by what a model promises them."""
