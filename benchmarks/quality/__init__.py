"""How good the answers are: gaps to proven bounds, on data that nobody here wrote."""
