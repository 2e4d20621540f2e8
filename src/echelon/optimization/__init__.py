"""Answers computed with a solver, or proven equal to what a solver would say."""
