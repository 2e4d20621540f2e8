"""Base stock for an item that expires, exactly: the chain of its stock by age and its orders."""

from __future__ import annotations

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.exact.perishable.ageing import Item, Whole
from echelon.exact.perishable.long_run import long_run
from echelon.exact.perishable.measures import LongRun
from echelon.exact.perishable.reachable import MOST_TRANSITIONS, reach

NEVER = np.iinfo(np.int64).min // 4
"""A gap that no demand fills: nothing is ordered."""


def base_stock_measures(
    item: Item, mass: Floats, level: int, *, most: int = MOST_TRANSITIONS
) -> LongRun:
    """Measure a base stock in the long run; everything in steps of demand.

    Parameters
    ----------
    item : Item
    mass : (n_demands,) ndarray of float64
        Probability of 0, 1, …; adds up to 1.
    level : int
    most : int
        Transitions, see :func:`~echelon.exact.perishable.reachable.reach`.

    Returns
    -------
    LongRun

    Raises
    ------
    TooLargeError
        If there are too many states.
    """

    def choices(states: Whole) -> tuple[Whole, Whole]:
        gap = np.where(item.reviews(states), level - item.position(states), NEVER)
        return np.ones(len(states), dtype=np.int64), gap

    reached = reach(item, mass, choices, most=most)
    share = long_run(reached.to)
    mean = float(mass @ np.arange(len(mass)))
    return LongRun.of(mean, reached.measures() @ share)
