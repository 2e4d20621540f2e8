"""One period of an item that expires: stock by remaining life, orders on the way, what is owed.

A state is what the end of a period leaves, one row of whole numbers:

====================  ==================================================================
columns               what
====================  ==================================================================
``0 .. life - 2``     stock by the periods of life it has left, 1, 2, …, in the *next* period
``.. + lead_time``    orders on the way, the one that is due next first
last but one          owed to customers, units
last                  periods since the last review, in the next period; 0 if that has one
====================  ==================================================================

:func:`next_states` is the only place that says what a period does (clauses 3 and 9.6 to 9.8 of the
convention); the chain of a base stock and the decision process both read it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Item:
    """An item that expires, its times in periods.

    Attributes
    ----------
    life : int
        Periods in which a unit can be used, that of its arrival included.
    least_life : int
        Periods of life that customers ask for, at least 1.
    lead_time : int
        From an order to the start of the period in which it serves.
    lost : bool
        Whether unmet demand is lost; else it is backordered.
    review_period : int, default 1
        0 orders after the demand of each period, else before that of every so many periods.
    multiple : int, default 1
        Of which every order is one.
    """

    life: int
    least_life: int
    lead_time: int
    lost: bool
    review_period: int = 1
    multiple: int = 1

    @property
    def n_columns(self) -> int:
        """Columns of a state."""
        return self.life + self.lead_time + 1

    def empty(self) -> Whole:
        """Give the state with no stock, no orders and nobody waiting, (1, n_columns)."""
        return np.zeros((1, self.n_columns), dtype=np.int64)

    def reviews(self, states: Whole) -> NDArray[np.bool_]:
        """Tell where the next period has a review, (n,)."""
        return np.asarray(states[:, -1] == 0)

    def rounded(self, gap: Whole) -> Whole:
        """Give the smallest order that fills a gap, none where there is none, units."""
        return -(-np.maximum(gap, 0) // self.multiple) * self.multiple

    def position(self, states: Whole) -> Whole:
        """Inventory position: on hand and on order less owed, (n,) units."""
        return np.asarray(states[:, :-2].sum(axis=1) - states[:, -2])


@dataclass(frozen=True, slots=True)
class Happened:
    """What one period did to each state, (n,) units.

    Attributes
    ----------
    on_hand, owed : (n,) int64
        At its end.
    at_once : (n,) int64
        Served of the demand of the period.
    lost, expired : (n,) int64
    """

    on_hand: Whole
    owed: Whole
    at_once: Whole
    lost: Whole
    expired: Whole


def next_states(item: Item, states: Whole, order: Whole, demand: Whole) -> tuple[Whole, Happened]:
    """Receive, serve first expired first out, let expire, count.

    Parameters
    ----------
    item : Item
    states : (n, n_columns) ndarray of int64
        At the end of the last period.
    order : (n,) ndarray of int64
        Placed in this period; it arrives at once where the lead time is 0.
    demand : (n,) ndarray of int64
        Of this period.

    Returns
    -------
    (n, n_columns) ndarray of int64, Happened
    """
    older = item.life - 1
    owed, since = states[:, -2], states[:, -1]
    coming = np.concatenate((states[:, older:-2], order[:, None]), axis=1)
    stock = np.concatenate((states[:, :older], coming[:, :1]), axis=1)
    accepted = stock[:, item.least_life - 1 :]
    there = accepted.sum(axis=1)
    shipped = np.minimum(owed + demand, there)
    at_once = np.clip(there - owed, 0, demand)
    lost = demand - at_once if item.lost else np.zeros_like(demand)
    before = np.cumsum(accepted, axis=1) - accepted
    stock[:, item.least_life - 1 :] -= np.clip(shipped[:, None] - before, 0, accepted)
    still = owed + demand - shipped - lost
    turn = (since + 1) % max(item.review_period, 1)
    after = np.concatenate((stock[:, 1:], coming[:, 1:], np.stack((still, turn), axis=1)), axis=1)
    return after, Happened(stock[:, 1:].sum(axis=1), still, at_once, lost, stock[:, 0])
