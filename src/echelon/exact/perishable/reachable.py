"""All states that can be reached from an empty shelf, and where each leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.perishable.ageing import Happened, Item, Whole, next_states
from echelon.exact.perishable.rows import codes, distinct, require_equal

MOST_TRANSITIONS = 12_000_000
"""More would take over half a gigabyte, or minutes, with states of eight numbers."""

_COLUMNS = 8


class TooLargeError(DomainError):
    """There are more states than can be looked at."""


Choices = Callable[[Whole], tuple[Whole, Whole]]
"""Of states (n, n_columns): how many choices each has (n,), and the gaps they fill (m,).

An order is the gap, and under continuous review the demand of the period on top, rounded up to the
multiple; a gap below 0 is a position that is too high. Gaps (m, n_demands) are those after each
demand of the period, with nothing on top.
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """States, what can be done in each, and where that leads.

    Attributes
    ----------
    states : (n, n_columns) int64
    ptr : (n + 1,) int64
        Where the choices of a state begin.
    gap : (m,) or (m, n_demands) int64
        Of each choice, units.
    to : sparse (m, n) float64
        Probability of each next state.
    on_hand, owed, at_once, lost, expired : (m,) float64
        Expected in the period, units.
    """

    states: Whole
    ptr: Whole
    gap: Whole
    to: csr_array
    on_hand: Floats
    owed: Floats
    at_once: Floats
    lost: Floats
    expired: Floats

    def measures(self) -> Floats:
        """Give on hand, owed, at once, lost and expired of every choice, (5, m)."""
        return np.stack((self.on_hand, self.owed, self.at_once, self.lost, self.expired))


def reach(
    item: Item,
    mass: Floats,
    choices: Choices,
    *,
    most: int = MOST_TRANSITIONS,
) -> Reached:
    """Follow every choice and every demand until no new state turns up.

    Parameters
    ----------
    item : Item
    mass : (n_demands,) ndarray of float64
        Probability of a demand of 0, 1, … units; adds up to 1.
    choices : callable
        What may be ordered in states, looked at before the demand of the period.
    most : int
        Transitions after which it stops; fewer where a state is more than eight numbers.

    Returns
    -------
    Reached

    Raises
    ------
    TooLargeError
        If there are more than ``most`` transitions.
    """
    demands = np.flatnonzero(mass)
    weight = mass[demands]
    frontier = item.empty()
    known, states = codes(frontier), frontier  # ascending codes, and their states
    most = most * _COLUMNS // max(item.n_columns, _COLUMNS)
    parts: list[tuple[Whole, Whole, Whole, Whole, Floats]] = []
    total = 0
    while len(frontier):
        n_choices, gap = choices(frontier)
        total += len(gap) * len(demands)
        if total > most:
            raise TooLargeError(f"more than {most:,} transitions")
        of = np.repeat(np.arange(len(frontier)), n_choices)
        rows = np.repeat(of, len(demands))
        asked = np.tile(demands, len(gap))
        if gap.ndim == 2:
            wanted = gap[:, demands].ravel()
        else:
            wanted = np.repeat(gap, len(demands)) + (asked if item.review_period == 0 else 0)
        after, happened = next_states(item, frontier[rows], item.rounded(wanted), asked)
        code, first, place = distinct(after)
        parts.append((frontier, n_choices, gap, code[place], _expected(happened, weight)))
        at = np.minimum(np.searchsorted(known, code), len(known) - 1)
        new = known[at] != code
        require_equal(states[at[~new]], after[first[~new]])
        frontier = after[first[new]]
        known = np.concatenate((known, code[new]))
        order = np.argsort(known)
        known, states = known[order], np.concatenate((states, frontier))[order]
    frontiers, n_choices, gap, to_code, expected = (
        np.concatenate([one[k] for one in parts], axis=1 if k == 4 else 0) for k in range(5)
    )
    number = np.empty(len(known), dtype=np.int64)  # of each code, in ascending order
    number[np.searchsorted(known, codes(frontiers))] = np.arange(len(frontiers))
    to = csr_array(
        (
            np.tile(weight, len(gap)),
            number[np.searchsorted(known, to_code)],
            np.arange(len(gap) + 1) * len(demands),
        ),
        shape=(len(gap), len(frontiers)),
    )
    ptr = np.concatenate(([0], np.cumsum(n_choices)))
    return Reached(frontiers, ptr, gap, to, *expected)


def _expected(happened: Happened, weight: Floats) -> Floats:
    """Mean over demand of each choice, (5, n_choices)."""
    each = (happened.on_hand, happened.owed, happened.at_once, happened.lost, happened.expired)
    return np.stack([one.reshape(-1, len(weight)) @ weight for one in each])
