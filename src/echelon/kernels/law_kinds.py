"""Kinds of laws that :mod:`echelon.kernels.log_transforms` knows, with their two parameters."""

from __future__ import annotations

from typing import Final

NOTHING: Final = 0.0
"""Only what is known."""
POISSON: Final = 1.0
"""a: mean."""
COUNTS: Final = 2.0
"""Negative binomial; a: successes, b: chance of a failure over that of a success."""
GAMMA: Final = 3.0
"""a: shape, b: scale."""
NORMAL: Final = 4.0
"""a: mean, b: variance."""
