"""Answers computed exactly, without sampling and without a solver."""
