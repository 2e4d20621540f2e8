"""Partial moments of a demand on points of its own."""

from __future__ import annotations

import numpy as np

from echelon.distributions.arguments import Floats


def of_points(values: Floats, weights: Floats, level: Floats, order: int, above: bool) -> Floats:
    """Partial moment of a demand on points: sums of positive terms only.

    Parameters
    ----------
    values, weights : (m,) ndarray of float64
        In ascending order, units, and their probabilities.
    level : ndarray of float64
        Units.
    order : {1, 2}
    above : bool

    Returns
    -------
    ndarray of float64, shape of ``level``
    """
    if not above:
        return of_points(-values[::-1], weights[::-1], -level, order, above=True)
    gaps = np.diff(values)[::-1]
    chance = np.cumsum(weights[::-1])  # of the last point, the last two, ...
    owed = np.concatenate(([0.0], np.cumsum(gaps * chance[:-1])))
    after = np.searchsorted(values, level, side="right")
    ahead = np.minimum(after, len(values) - 1)
    at = len(values) - 1 - ahead
    room = np.maximum(values[ahead] - level, 0.0)
    if order == 1:
        return np.asarray(owed[at] + room * chance[at])
    steps = gaps * (owed[:-1] + 0.5 * gaps * chance[:-1])
    squares = np.concatenate(([0.0], np.cumsum(steps)))
    return np.asarray(squares[at] + room * (owed[at] + 0.5 * room * chance[at]))
