"""Base stocks on sampled paths of demand and lead times, with their proof and their check."""
