"""Answers by sampling: a network, its levels, and many replications of its periods."""
