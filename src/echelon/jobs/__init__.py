"""The whole job over tables of any size: divided, checked, solved, simulated, restartable."""

from typing import Final

CRASHED: Final = 3
"""Exit code of a run that ended by an exception that nobody foresaw; Python's own, 1, is taken."""

SUMMARY: Final = "summary.json"
"""File in the folder of a run that says how its last call ended."""
