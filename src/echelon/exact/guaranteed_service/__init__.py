"""Service times that place safety stock: the problem, its tree program, dual ascent, refinement."""
