"""Quantiles by bisection, down to the last bit of a float."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats

_LOWEST = np.int64(np.iinfo(np.int64).min)


def smallest_reaching(
    cdf: Callable[[Floats], Floats], shares: Floats, low: Floats, high: Floats
) -> Floats:
    """Find the smallest float at which a distribution function reaches each share.

    Floats are taken in their order, neighbour by neighbour, and the range of them is halved. So at
    most 64 calls find a point of positive probability exactly, and a quantile of a density to the
    last bit, whatever the scale.

    Parameters
    ----------
    cdf : callable
        Distribution function, for an array of the shape of ``shares``.
    shares : ndarray of float64
        Probabilities.
    low, high : ndarray of float64, shape of ``shares``
        Where to look, units: the answer is ``high`` if no smaller float reaches the share, and
        ``low`` if that one does. To the shares 0 and 1 they are the answers themselves: a
        distribution function is 1 to the last bit long before its support ends.

    Returns
    -------
    ndarray of float64, shape of ``shares``

    Examples
    --------
    >>> import numpy as np
    >>> step = lambda x: np.where(x >= 0.3, 1.0, 0.25)
    >>> smallest_reaching(step, np.array([0.25, 0.5]), np.zeros(2), np.ones(2)).tolist()
    [0.0, 0.3]
    """
    wanted = np.asarray(shares, dtype=np.float64)
    low, high = np.broadcast_to(low, wanted.shape), np.broadcast_to(high, wanted.shape)
    given = (wanted == 0.0) | (wanted == 1.0)  # answered by an end, which may be infinite
    reached = _rank(np.where(given, 0.0, high))
    below = np.where(given, reached, _rank(np.where(given, 0.0, low))) - 1  # `low` may be it
    while (open_ := below < reached - 1).any():
        middle = (below >> 1) + (reached >> 1) + (below & reached & 1)
        enough = cdf(_float(middle)) >= wanted
        reached = np.where(open_ & enough, middle, reached)
        below = np.where(open_ & ~enough, middle, below)
    return np.select([wanted == 0.0, wanted == 1.0], [low, high], _float(reached))


def _rank(x: Floats) -> NDArray[np.int64]:
    """Number the floats in their order; both zeros have the number 0."""
    bits = np.array(x, dtype=np.float64, order="C").view(np.int64)
    return np.where(bits < 0, _LOWEST - np.minimum(bits, 0), bits)


def _float(rank: NDArray[np.int64]) -> Floats:
    bits = np.where(rank < 0, _LOWEST - np.minimum(rank, 0), rank)
    return np.where(rank == 0, 0.0, bits.view(np.float64))
