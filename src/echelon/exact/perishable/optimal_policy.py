"""The least average cost of any policy for an item that expires: value iteration with bounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.perishable.ageing import Item, Whole
from echelon.exact.perishable.long_run import long_run
from echelon.exact.perishable.measures import Costs
from echelon.exact.perishable.reachable import MOST_TRANSITIONS, Reached, reach

_MOST_IMPROVEMENTS = 5_000
_FOLLOWED = 10
"""Steps along one policy between two improvements."""
_KEPT = 0.1
"""Of the values before a step, so that what goes round settles."""
_SEEN = 1e-9
"""Share of periods below which a state counts as not visited."""


@dataclass(frozen=True, slots=True)
class Best:
    """Bounds on the least cost, money per period, and what an optimal policy does.

    Attributes
    ----------
    low, high : float
    measures : (5,) float64
        On hand, owed, served at once, lost, expired; units per period.
    lowest, highest : int
        Positions after a review that were looked at.
    states : (n, n_columns) int64
    order : (n,) int64
        Of the policy in each state.
    share : (n,) float64
        Of periods in each state.
    """

    low: float
    high: float
    measures: Floats
    lowest: int
    highest: int
    states: Whole
    order: Whole
    share: Floats


def best_policy(
    item: Item,
    mass: Floats,
    costs: Costs,
    *,
    near: int,
    margin: int,
    tolerance: float,
) -> Best:
    """Find the best of all policies whose position after a review stays within a range.

    The range begins around ``near`` and is widened until the best policy within it no longer
    touches its ends.

    Parameters
    ----------
    item : Item
        Reviewed every period or more rarely, not continuously.
    mass : (n_demands,) ndarray of float64
    costs : Costs
    near, margin : int
        Units: the best base stock, and by how much the range is widened.
    tolerance : float
        Of the bounds, as a fraction of the cost.

    Returns
    -------
    Best

    Raises
    ------
    TooLargeError
        If there are too many states and orders.
    """
    lowest, highest = max(near - margin, 0), near + margin
    while True:
        reached = reach(
            item,
            mass,
            partial(_orders, item, lowest, highest),
            most=MOST_TRANSITIONS,
        )
        cost = (
            costs.holding * reached.on_hand
            + costs.shortage * (reached.lost if item.lost else reached.owed)
            + costs.waste * reached.expired
        )
        low, high, chosen = _improve(reached, cost, tolerance)
        share = long_run(reached.to[chosen])
        order = reached.gap[chosen]
        seen = (share > _SEEN) & item.reviews(reached.states)
        after = item.position(reached.states) + order
        at_low = lowest > 0 and bool((seen & (after - item.multiple < lowest) & (order > 0)).any())
        at_high = bool((seen & (after + item.multiple > highest) & (order > 0)).any())
        if not (at_low or at_high):
            measures = reached.measures()[:, chosen] @ share
            return Best(low, high, measures, lowest, highest, reached.states, order, share)
        lowest = max(lowest - margin, 0) if at_low else lowest
        highest = highest + margin if at_high else highest


def _orders(item: Item, lowest: int, highest: int, states: Whole) -> tuple[Whole, Whole]:
    """Every multiple that takes the position into the range; at least one choice in each state."""
    position = item.position(states)
    review = item.reviews(states)
    least = np.where(review, item.rounded(lowest - position), 0)
    room = np.where(review, np.maximum(highest - position, 0), 0)
    number = np.maximum((room - least) // item.multiple, 0) + 1
    begin = np.cumsum(number) - number
    step = np.arange(int(number.sum())) - np.repeat(begin, number)
    return number, np.repeat(least, number) + item.multiple * step


def _improve(reached: Reached, cost: Floats, tolerance: float) -> tuple[float, float, Whole]:
    """Value iteration; between two improvements the policy is followed for some steps.

    Whatever values an improvement starts from, the least and the largest gain bound the optimum
    (Odoni 1969).
    """
    begin, n = reached.ptr[:-1], len(reached.states)
    number = np.diff(reached.ptr)
    value = np.zeros(n)
    for _ in range(_MOST_IMPROVEMENTS):
        each = cost + reached.to @ value
        better = np.minimum.reduceat(each, begin)
        gain = better - value
        low, high = float(gain.min()), float(gain.max())
        first = np.flatnonzero(each <= np.repeat(better + 1e-12 * (1.0 + np.abs(better)), number))
        chosen = first[np.searchsorted(first, begin)]  # the smallest order among the best
        if high - low <= tolerance * max(abs(low), 1e-12) or high - low <= 1e-12 * cost.max():
            return low, high, chosen
        to, spent = reached.to[chosen], cost[chosen]
        for _ in range(_FOLLOWED):
            value = (1.0 - _KEPT) * (better - better[0]) + _KEPT * (value - value[0])
            better = spent + to @ value
        value = (1.0 - _KEPT) * (better - better[0]) + _KEPT * (value - value[0])
    raise DomainError(
        f"perishable_optimal: the bounds on the cost have not met in {_MOST_IMPROVEMENTS:,} steps. "
        "Fix: give a larger tolerance."
    )
