"""Base stocks of least simulated cost, by pathwise derivatives."""
