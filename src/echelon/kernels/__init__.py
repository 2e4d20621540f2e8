"""Recursions over numbers, compiled: arrays in, arrays out, no random numbers, no labels."""
