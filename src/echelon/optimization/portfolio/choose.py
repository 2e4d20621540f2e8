"""Solve a problem of options: prices, a choice at them, blocks, and what closes the gap."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echelon.errors import InfeasibleError, SolverError
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.optimization.outcome import relative_gap
from echelon.optimization.portfolio.blocks import choose_by_blocks, find_blocks
from echelon.optimization.portfolio.one_limit import PricedChoice, choose_by_hulls
from echelon.optimization.portfolio.prices import choose_by_prices
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.rounding import rounded
from echelon.optimization.portfolio.rows import (
    LimitRow,
    refuse_alone,
    refuse_together,
)

_PENALTIES = (1e4, 1e6, 1e8)
_MOST_OPTIONS = 40_000
"""Options that the mixed-integer program may have: more would not end in time."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One option for each SKU, and the proof of how good they are together.

    Attributes
    ----------
    choice : (n_skus,) int64
        Positions of options.
    cost, bound, gap : float
    price : (n_rows,) float64
        What one unit more of each row saves, at the bound.
    n_fractional : int
        SKUs that the linear program splits.
    used : (n_rows,) float64
    termination : str
        Which route ended the search.
    """

    choice: Integers
    cost: float
    bound: float
    gap: float
    price: Floats
    n_fractional: int
    used: Floats
    termination: str


def choose(
    problem: OptionProblem,
    rows: Sequence[LimitRow],
    *,
    gap: float,
    time_limit: float | None,
) -> Chosen:
    """Choose one option for each SKU.

    Parameters
    ----------
    problem : OptionProblem
    rows : sequence of LimitRow
        What the limits are called, for messages.
    gap : float
        Relative gap from which on nothing more is tried.
    time_limit : float or None
        Seconds of the mixed-integer program.

    Returns
    -------
    Chosen

    Raises
    ------
    InfeasibleError
        If no choice keeps the limits; names those at fault, and by how much.
    SolverError
        If none was found, though there may be one.
    """
    refuse_alone(problem, rows)
    binding = _may_bind(problem)
    small = _on_rows(problem, binding)
    found = _priced(small)
    if found is None:
        refuse_together(problem, rows, _least_missed(problem, small, binding))
    choice = rounded(small, found.choice, found.price) if binding.size else found.choice
    bound = small.bound(found.price)
    cost = float(problem.cost[choice].sum()) if problem.keeps(choice) else float("inf")
    termination = "prices"
    if relative_gap(cost, bound) > gap and (blocks := find_blocks(small)) is not None:
        choice, proven = choose_by_blocks(small, blocks, found.price, choice, gap=gap)
        cost = float(problem.cost[choice].sum()) if problem.keeps(choice) else float("inf")
        bound = max(bound, proven)
        termination = "prices and blocks"
    if relative_gap(cost, bound) > gap:
        choice, cost, bound = _closed(small, found.price, choice, cost, bound, gap, time_limit)
        termination += " and a mixed-integer program"
    price = np.zeros(problem.n_rows)
    price[binding] = found.price
    bound = min(bound, cost)
    return Chosen(
        choice=choice,
        cost=cost,
        bound=bound,
        gap=relative_gap(cost, bound),
        price=price,
        n_fractional=found.n_fractional,
        used=problem.used(choice),
        termination=termination,
    )


def _may_bind(problem: OptionProblem) -> Integers:
    """Rows that some choice misses."""
    largest = np.zeros(problem.n_rows)
    if problem.n_rows == 1:
        use = np.asarray(problem.uses.todense()).ravel()
        largest[0] = np.maximum.reduceat(use, problem.first[:-1]).sum()
    else:
        by_row = problem.uses.tocsc()
        for r in range(problem.n_rows):
            inside = slice(by_row.indptr[r], by_row.indptr[r + 1])
            most = np.zeros(problem.n_skus)
            np.maximum.at(most, problem.sku[by_row.indices[inside]], by_row.data[inside])
            largest[r] = most.sum()
    return np.flatnonzero(largest > problem.most)


def _on_rows(problem: OptionProblem, rows: Integers) -> OptionProblem:
    if len(rows) == problem.n_rows:
        return problem
    uses = problem.uses[:, rows].tocsr()
    return OptionProblem(
        first=problem.first,
        cost=problem.cost,
        use_first=uses.indptr.astype(np.int64),
        use_row=uses.indices.astype(np.int64),
        use=uses.data,
        most=problem.most[rows],
    )


def _priced(problem: OptionProblem) -> PricedChoice | None:
    """Prices and a choice at them; None where even shares of options miss a row."""
    if problem.n_rows == 0:
        least = problem.least(problem.cost)
        at = np.flatnonzero(problem.cost <= least[problem.sku])
        choice = at[np.unique(problem.sku[at], return_index=True)[1]]
        return PricedChoice(np.zeros(0), choice, 0, np.zeros(0))
    if problem.n_rows == 1:
        return choose_by_hulls(problem)
    for penalty in _PENALTIES:
        found = choose_by_prices(problem, np.full(problem.n_rows, penalty))
        if (found.missed <= 1e-6 * problem.scale).all():
            return found
        free = choose_by_prices(problem, np.ones(problem.n_rows), free=True)
        if (free.missed > 1e-6 * np.maximum(np.abs(problem.most), problem.scale)).any():
            return None
    return found  # kept but for what the prices would have to be beyond all measure for


def _least_missed(problem: OptionProblem, small: OptionProblem, binding: Integers) -> Floats:
    """By how much rows are missed where that is least, in shares of the limits."""
    missed = np.zeros(problem.n_rows)
    penalty = small.scale / np.maximum(np.abs(small.most), small.scale)
    missed[binding] = choose_by_prices(small, penalty, free=True).missed
    return missed


def _closed(
    problem: OptionProblem,
    price: Floats,
    choice: Integers,
    cost: float,
    bound: float,
    gap: float,
    time_limit: float | None,
) -> tuple[Integers, float, float]:
    """Search the options that a better choice can use, with the mixed-integer program.

    An option whose regret is more than the gap is in no better choice. Where too many are left, the
    search takes those of least regret, and proves nothing.

    Raises
    ------
    InfeasibleError, SolverError
        If there is no choice to begin with, and none is found.
    """
    began = time.perf_counter()
    priced = problem.priced(price)
    regret = priced - problem.least(priced)[problem.sku]
    slack = cost - problem.bound(price)  # regret is what adds up from there
    keep = regret <= slack + 1e-9 * max(abs(bound), 1.0)
    whole = True
    free = keep & (np.bincount(problem.sku[keep], minlength=problem.n_skus) > 1)[problem.sku]
    if np.count_nonzero(free) > _MOST_OPTIONS:
        whole = False
        candidates = np.flatnonzero(free & (regret > 0.0))
        nearest = candidates[np.argsort(regret[candidates], kind="stable")[: _MOST_OPTIONS // 2]]
        keep = regret <= 0.0
        keep[nearest] = True
    if np.isfinite(cost):
        keep[choice] = True
    rest, at, spent = _reduced(problem, keep)
    start = np.searchsorted(at, choice[rest.skus]) if np.isfinite(cost) else None
    left = None if time_limit is None else max(time_limit - (time.perf_counter() - began), 0.1)
    # the gap is one of the whole cost, of which the fixed SKUs have a part
    share = (
        min(gap * max(abs(cost), abs(bound)) / max(abs(bound - spent), 1e-12), 0.5)
        if (np.isfinite(cost))
        else gap
    )
    from echelon.optimization.portfolio.model import choose_by_model

    outcome, picked = choose_by_model(rest.problem, start, gap=share, time_limit=left)
    if picked is not None:
        trial = rest.fixed.copy()
        trial[rest.skus] = at[picked]
        if not problem.keeps(trial):  # a solver keeps rows to a tolerance of its own
            trial = rounded(problem, trial, price)
        total = float(problem.cost[trial].sum())
        if problem.keeps(trial) and total < cost:
            choice, cost = trial, total
    if whole and np.isfinite(outcome.bound):
        bound = max(bound, min(outcome.bound + spent, cost))
    if not np.isfinite(cost):
        if outcome.status == "infeasible" and whole:
            raise InfeasibleError(
                "no choice of whole options keeps the limits, though a mixture of options would. "
                "Fix: relax the tightest limit by a step of one SKU, or give SKUs finer options."
            )
        raise SolverError(
            "no choice that keeps the limits was found, and that there is none was not proven. "
            "Fix: give a longer time_limit, or relax a limit by a little."
        )
    return choice, cost, bound


@dataclass(frozen=True, slots=True)
class _Rest:
    """What is left to choose: SKUs with several options, and what the others take."""

    problem: OptionProblem
    skus: Integers
    fixed: Integers


def _reduced(problem: OptionProblem, keep: Booleans) -> tuple[_Rest, Integers, float]:
    """Leave out the SKUs that have one option left; gives where options stand, and their cost."""
    counts = np.bincount(problem.sku[keep], minlength=problem.n_skus)
    skus = np.flatnonzero(counts > 1)
    kept = np.flatnonzero(keep)
    fixed = np.zeros(problem.n_skus, dtype=np.int64)
    fixed[problem.sku[kept]] = kept
    settled = fixed[counts == 1]
    most = problem.most - np.asarray(problem.uses[settled].sum(axis=0)).ravel()
    at = kept[(counts > 1)[problem.sku[kept]]]
    uses = problem.uses[at]
    rest = OptionProblem(
        first=np.concatenate([[0], np.cumsum(counts[skus])]).astype(np.int64),
        cost=problem.cost[at],
        use_first=uses.indptr.astype(np.int64),
        use_row=uses.indices.astype(np.int64),
        use=uses.data,
        most=most,
    )
    return _Rest(rest, skus, fixed), at, float(problem.cost[settled].sum())


def price_only(problem: OptionProblem, rows: Sequence[LimitRow]) -> tuple[Floats, float]:
    """Best prices of a problem, (n_rows,), and the bound they prove, without a choice.

    Raises
    ------
    InfeasibleError
        If no mixture of options keeps the limits.
    """
    refuse_alone(problem, rows)
    binding = _may_bind(problem)
    small = _on_rows(problem, binding)
    found = _priced(small)
    if found is None:
        refuse_together(problem, rows, _least_missed(problem, small, binding))
    price = np.zeros(problem.n_rows)
    price[binding] = found.price
    return price, problem.bound(price)
