"""What a limit's amount trades against cost: the problem solved anew at each of several amounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from echelon.errors import DomainError, InfeasibleError, UnknownNameError
from echelon.network.compiled import Floats
from echelon.optimization.arguments import is_number
from echelon.optimization.portfolio.choose import Chosen, choose
from echelon.optimization.portfolio.columns import FRONTIER
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.rows import LimitRow, least_uses
from echelon.progress import Progress, track


@dataclass(frozen=True)
class Solved:
    """A problem with its names and its choice: what a frontier begins with."""

    problem: OptionProblem
    rows: tuple[LimitRow, ...]
    chosen: Chosen
    gap: float
    time_limit: float | None


def frontier(
    solved: Solved,
    limit: str | None,
    amounts: Sequence[float] | None,
    n_points: int,
    progress: Progress,
) -> pd.DataFrame:
    """Solve a problem at several amounts of one limit, all other limits kept.

    Parameters
    ----------
    solved : Solved
    limit : str or None
        Label of the limit, ``"name (group)"`` where it has groups; None where there is but one.
    amounts : sequence of float or None
        In the limit's own unit; None spreads them from the tightest that can be kept to the one
        that costs nothing.
    n_points : int
    progress : Progress

    Returns
    -------
    DataFrame
        Columns of :data:`~echelon.optimization.portfolio.columns.FRONTIER`, the loosest amount
        first; the point that was chosen is among them. Amounts that cannot be kept have no row.

    Raises
    ------
    UnknownNameError
        If there is no such limit.
    DomainError
        If an amount is no number, or there is no choice of limit to make.
    """
    r = _row_of(solved, limit)
    row = solved.rows[r]
    uses = _spread(solved, r, n_points) if amounts is None else _taken(row, amounts)
    uses = np.unique(np.append(uses, solved.problem.most[r]))
    found = []
    with track(progress, len(uses), "frontier") as advance:
        for use in uses[::-1].tolist():
            chosen = _at(solved, r, use)
            if chosen is not None:
                found.append((use, chosen))
            advance(1)
    return _frame(solved, row, r, found)


def _frame(
    solved: Solved, row: LimitRow, r: int, found: list[tuple[float, Chosen]]
) -> pd.DataFrame:
    """Lay the points out; one that a tighter point beats takes over that point's choice."""
    rows: list[tuple[object, ...]] = []
    best: Chosen | None = None
    for use, chosen in reversed(found):  # the tightest first: its choice keeps looser limits too
        best = chosen if best is None or chosen.cost <= best.cost else best
        gap = max(best.cost - chosen.bound, 0.0) / max(abs(best.cost), 1e-12)
        price = float(chosen.price[r]) / abs(row.slope)
        reached = row.told(float(best.used[r]))
        here = use == solved.problem.most[r]
        rows.append((row.told(use), reached, best.cost, chosen.bound, gap, price, here))
    return pd.DataFrame(rows[::-1], columns=list(FRONTIER.names))


def _at(solved: Solved, r: int, use: float) -> Chosen | None:
    if use == solved.problem.most[r]:
        return solved.chosen
    most = solved.problem.most.copy()
    most[r] = use
    try:
        return choose(
            replace(solved.problem, most=most),
            solved.rows,
            gap=solved.gap,
            time_limit=solved.time_limit,
        )
    except InfeasibleError:
        return None


def _row_of(solved: Solved, limit: str | None) -> int:
    labels = [row.label for row in solved.rows]
    if limit is None:
        if len(labels) != 1:
            raise DomainError(
                f"frontier: there are {len(labels)} limits, and limit does not say along which. "
                f"Fix: give one of {', '.join(map(repr, labels[:5]))}."
            )
        return 0
    if limit not in labels:
        raise UnknownNameError("limit", limit, labels)
    return labels.index(limit)


def _spread(solved: Solved, r: int, n_points: int) -> Floats:
    """Amounts from the tightest that can be kept by itself to one that takes nothing away."""
    if n_points != int(n_points) or n_points < 2:
        raise DomainError(f"n_points is {n_points!r}, must be a whole number >= 2. Fix: give 20.")
    problem = solved.problem
    tightest = float(least_uses(problem)[r])
    cheapest = problem.least(problem.cost)
    at = np.flatnonzero(problem.cost <= cheapest[problem.sku])
    loosest = float(problem.used(at[np.unique(problem.sku[at], return_index=True)[1]])[r])
    loosest = max(loosest, float(problem.most[r]))
    span = loosest - tightest
    # equal steps of use in the middle, and ever finer ones towards the tight end, where cost rises
    share = np.geomspace(1.0, 1e-3, n_points)
    return tightest + span * share


def _taken(row: LimitRow, amounts: Sequence[float]) -> Floats:
    wrong = [value for value in amounts if not is_number(value) or not np.isfinite(value)]
    if wrong or len(amounts) == 0:
        raise DomainError(
            f"frontier: amounts has {wrong[0]!r}, must be finite numbers."
            if wrong
            else "frontier: amounts is empty. Fix: give some, or leave it out."
        )
    return (np.asarray(amounts, dtype=np.float64) - row.offset) / row.slope
