"""What will be on the shelf when an order that is placed now arrives."""

from __future__ import annotations

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.exact.perishable.ageing import Item, Whole, next_states
from echelon.exact.perishable.reachable import TooLargeError
from echelon.exact.perishable.rows import distinct

_REST = 1e-7
"""Probability of demands that a projection leaves out."""
_MOST_ROWS = 20_000_000
_AT_ONCE = 2_000
"""States that are followed together, so that memory stays bounded."""
_TIE = 1e-9
"""Steps that a projection may be off by rounding."""


def projected(item: Item, states: Whole, mass: Floats) -> Floats:
    """Expected net stock when an order placed now arrives, less what will expire unsold then.

    Parameters
    ----------
    item : Item
        Of which customers accept every unit.
    states : (n, n_columns) ndarray of int64
        At the end of a period.
    mass : (n_demands,) ndarray of float64
        Probability of a demand of 0, 1, … in one period.

    Returns
    -------
    (n,) ndarray of float64, or (n, n_demands) where demand is known
        See :func:`project_stock`; under continuous review for each demand of the period.

    Raises
    ------
    TooLargeError
        If there is too much to look at.
    """
    older = item.life - 1
    arriving = np.zeros((len(states), item.lead_time + 1, item.life), dtype=np.int64)
    arriving[:, : item.lead_time, -1] = states[:, older:-2]
    arriving[:, 0, :older] += states[:, :older]
    owed = states[:, -2]
    if item.review_period > 0:
        return project_stock(arriving, owed, mass, lost=item.lost)
    many = len(mass)
    known = np.tile(np.arange(many), len(states))
    arriving, owed = np.repeat(arriving, many, axis=0), np.repeat(owed, many)
    found = project_stock(arriving, owed, mass, lost=item.lost, known=known)
    return found.reshape(len(states), many)


def project_stock(
    arriving: Whole, owed: Whole, mass: Floats, *, lost: bool, known: Whole | None = None
) -> Floats:
    """The same of stock of any age.

    Parameters
    ----------
    arriving : (n, lead_time + 1, life) ndarray of int64
        Units by the period in which they join the stock, and by the periods of life they then
        have, 1, 2, …; in the first period the stock on hand as well.
    owed : (n,) ndarray of int64
    mass : (n_demands,) ndarray of float64
        Probability of a demand of 0, 1, … in one period.
    lost : bool
        Whether unmet demand is.
    known : (n,) ndarray of int64, optional
        Demand of the first period, where the order is placed after it.

    Returns
    -------
    (n,) ndarray of float64
        In steps of demand: the stock at the start of the period in which the order arrives,
        without the order, less units owed and less the expected number of units in their last
        period that the demand of that period leaves. Known demand of that period is taken off.

    Raises
    ------
    TooLargeError
        If there is too much to look at.
    """
    if not len(arriving):
        return np.zeros(0)
    demands = np.flatnonzero(mass > _REST * mass.max())
    weight = mass[demands] / mass[demands].sum()
    item = Item(arriving.shape[2], 1, 0, lost)
    unsold = _unsold(demands, weight, int(arriving.sum(axis=(1, 2)).max()))
    parts = np.array_split(np.arange(len(arriving)), -(-len(arriving) // _AT_ONCE))
    found = []
    for some in parts:
        told = None if known is None else known[some]
        found.append(_project(item, arriving[some], owed[some], demands, weight, unsold, told))
    return np.concatenate(found)


def nearest_steps(gap: Floats) -> Whole:
    """Round gaps to the nearest whole step, halves up; a half but for rounding is one."""
    return np.floor(gap + 0.5 + _TIE).astype(np.int64)


def _project(
    item: Item,
    arriving: Whole,
    owed: Whole,
    demands: Whole,
    weight: Floats,
    unsold: Floats,
    known: Whole | None,
) -> Floats:
    """Follow some states through the lead time, those that meet again only once."""
    older, last = item.life - 1, arriving.shape[1] - 1
    of, chance = np.arange(len(arriving)), np.ones(len(arriving))
    now = np.zeros((len(arriving), item.n_columns), dtype=np.int64)
    now[:, -2] = owed
    for period in range(last):
        now[:, :older] += arriving[of, period, :older]
        fresh = arriving[of, period, -1]
        if period == 0 and known is not None:
            now, _ = next_states(item, now, fresh, known)
            continue
        rows = np.repeat(np.arange(len(now)), len(demands))
        asked = np.tile(demands, len(now))
        if len(rows) > _MOST_ROWS:
            raise TooLargeError("too many ways in which demand may go until an order arrives")
        now, _ = next_states(item, now[rows], fresh[rows], asked)
        of, chance = of[rows], chance[rows] * np.tile(weight, len(chance))
        now, of, chance = _merged(now, of, chance)
    stock = arriving[of, last]
    stock[:, :older] += now[:, :older]
    still = now[:, -2] if known is None or last > 0 else now[:, -2] + known
    left = np.maximum(stock[:, 0] - still, 0)  # in its last period, when nobody is owed anything
    net = stock.sum(axis=1) - still - (left if known is not None and last == 0 else unsold[left])
    return np.bincount(of, chance * net, len(arriving)).astype(np.float64)


def _merged(now: Whole, of: Whole, chance: Floats) -> tuple[Whole, Whole, Floats]:
    _, first, place = distinct(np.concatenate((of[:, None], now), axis=1))
    return now[first], of[first], np.bincount(place, chance).astype(np.float64)


def _unsold(demands: Whole, weight: Floats, most: int) -> Floats:
    """Expected units of 0, 1, …, most that the demand of one period leaves."""
    left = np.maximum(np.arange(most + 1)[:, None] - demands, 0)
    return np.asarray(left @ weight)
