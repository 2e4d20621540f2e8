"""Many points at once without holding all that they need at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from echelon.distributions.arguments import Floats

MOST_NUMBERS = 2**21
"""How many numbers an array that is made on the way may hold: 16 MiB."""


def in_blocks(function: Callable[[Floats], Floats], points: Floats, needed: int) -> Floats:
    """Apply a function that works point by point, a block of points at a time.

    Parameters
    ----------
    function : callable
        Of an array of any shape, to one of the same shape.
    points : ndarray of float64
    needed : int
        Numbers that the function holds for each point.

    Returns
    -------
    ndarray of float64, shape of ``points``

    Examples
    --------
    >>> import numpy as np
    >>> in_blocks(np.sqrt, np.array([[1.0, 4.0]]), 10**7).tolist()
    [[1.0, 2.0]]
    """
    rows = max(1, MOST_NUMBERS // max(needed, 1))
    if points.size <= rows:
        return function(points)
    flat = np.ravel(points)
    found = [function(flat[at : at + rows]) for at in range(0, flat.size, rows)]
    return np.concatenate(found).reshape(points.shape)
