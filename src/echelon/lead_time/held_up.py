"""How old the oldest order is that has not come, where each shipment draws a time of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def in_whole_periods(periods: Floats, weights: Floats) -> tuple[int, Floats]:
    """Put times on whole periods as a simulation draws them (clause 8.2); their mean stays.

    Parameters
    ----------
    periods : (n,) float64
        Rising, not negative.
    weights : (n,) float64
        Probability of each.

    Returns
    -------
    first : int
        The shortest, periods.
    chances : (m,) float64
        Probability of ``first``, ``first + 1``, ... periods.

    Examples
    --------
    >>> first, chances = in_whole_periods(np.array([2.25]), np.array([1.0]))
    >>> first, chances.tolist()
    (2, [0.75, 0.25])
    """
    below = np.floor(periods)
    first = int(below[0])
    place, rest = (below - first).astype(np.int64), periods - below
    chances = np.zeros(int(place[-1]) + 2)
    np.add.at(chances, place, weights * (1.0 - rest))
    np.add.at(chances, place + 1, weights * rest)
    return first, chances[: int(np.flatnonzero(chances)[-1]) + 1]


def held_up(chances: Floats, *, every: int = 1, rate: float = 1.0) -> Floats:
    r"""Probability of each time after which all that was ordered before has come, too.

    Goods do not overtake (clause 8.7), so what was ordered :math:`x` periods ago is there if it
    and all that went before it are through. With times :math:`L` independent from shipment to
    shipment, a shipment in each ``every``-th period (:math:`e`) with probability ``rate``
    (:math:`q`), :math:`P(X \le x) = P(L \le x) \prod_{k \ge 1} (1 - q P(L > x + k e))`.

    Parameters
    ----------
    chances : (m,) float64
        Probability of each time in whole periods, from the shortest.
    every : int, default 1
        Periods between shipments.
    rate : float, default 1
        Probability that something is shipped then.

    Returns
    -------
    (m,) float64
        From the same shortest time.

    Examples
    --------
    One shipment in ten takes five periods in place of one, and those behind it wait.

    >>> held_up(np.array([0.9, 0.0, 0.0, 0.0, 0.1])).round(4).tolist()
    [0.6561, 0.0729, 0.081, 0.09, 0.1]
    """
    through = np.minimum(np.cumsum(chances), 1.0)
    through[-1] = 1.0
    before = 1.0 - rate * (1.0 - through)
    for start in range(min(every, len(before))):  # shipments of one rhythm
        before[start::every] = np.cumprod(before[start::every][::-1])[::-1]
    reached = through.copy()
    reached[:-every] *= before[every:]
    return np.diff(reached, prepend=0.0)
