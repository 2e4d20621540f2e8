"""Measurements against peers: the same problem, the same run, the answers compared first."""
