"""Bound and plan under side constraints without the whole model: prices on what they limit.

With a price on each row the components come apart, and each is solved by the certified engine; the
sum bounds every plan from below (Lagrange). A master mixes the plans found so far and sets the next
prices (Dantzig and Wolfe [1]_), and at last chooses one plan per component. What no cheaper plan
can use at the best prices is left out of the model that has to close the gap.

References
----------
.. [1] Dantzig & Wolfe (1960), Decomposition principle for linear programs, *Operations Research*
   8(1).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.dual_ascent import FoldedAscent, ascend, fold_and_ascend
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.network.compiled import Booleans, Floats
from echelon.optimization.master import Master
from echelon.optimization.side_rows import SideRow, SideTerms

_MOST_ROUNDS = 80
_MOST_ROWS = 200
_MOST_TIMES_PENALISED = 4
_SECONDS_TO_CHOOSE = 20.0

Place = tuple[int, int, int, int]
"""Component, stage, and the positions of an inbound and an outbound candidate."""


@dataclass(frozen=True, slots=True)
class LinkedComponents:
    """Components whose plans have to keep rows together.

    Attributes
    ----------
    problems : list of ServiceTimeProblem
        With all costs, and without the pairs that a row forbids by itself.
    uses : list of dict of (row, stage) to (inbound, outbound) float64
        Per component, each pair's part of a row's value, in units of the row's scale.
    lower, upper : (n_rows,) float64
        Ends of the rows in the same units, infinite where there is none.
    """

    problems: list[ServiceTimeProblem]
    uses: list[dict[tuple[int, int], Floats]]
    lower: Floats
    upper: Floats

    @classmethod
    def of(cls, model: Any, terms: SideTerms, components: Sequence[int]) -> LinkedComponents | None:
        """Read them off a model; None where rows are about more than pairs, or are too many."""
        source = model.source
        pairs = {id(variable) for variable in model.pair.values()}
        if terms.own or not pairs.issuperset(terms.extra_cost):
            return None
        place = _places(model, components)
        tables = [[table.copy() for table in source.problems[c].cost] for c in components]
        for key, money in terms.extra_cost.items():
            if key in place:
                c, j, a, b = place[key]
                tables[c][j][a, b] += money
        rows: list[tuple[SideRow, list[Place]]] = []
        for row in terms.rows:
            if not row.constraint.active:
                continue
            at = [place[id(v)] for v in row.variables if id(v) in place]
            if len(at) < len(row.variables):
                return None
            if _forbids(row):
                for (c, j, a, b), part in zip(at, row.coefficients, strict=True):
                    if part > 0.0:
                        tables[c][j][a, b] = np.inf
            else:
                rows.append((row, at))
        if len(rows) > _MOST_ROWS:
            return None
        uses: list[dict[tuple[int, int], Floats]] = [{} for _ in components]
        lower, upper = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
        for r, (row, at) in enumerate(rows):
            if row.lower is not None:
                lower[r] = (row.lower - row.constant) / row.scale
            if row.upper is not None:
                upper[r] = (row.upper - row.constant) / row.scale
            for (c, j, a, b), part in zip(at, row.coefficients, strict=True):
                table = uses[c].setdefault((r, j), np.zeros(tables[c][j].shape))
                table[a, b] += part / row.scale
        problems = [replace(source.problems[c], cost=tables[k]) for k, c in enumerate(components)]
        return cls(problems, uses, lower, upper)

    def priced(self, component: int, prices: Floats) -> ServiceTimeProblem:
        """Give a component's problem with what it uses of the rows charged at their prices."""
        problem = self.problems[component]
        tables = list(problem.cost)
        for (row, stage), part in self.uses[component].items():
            tables[stage] = tables[stage] - prices[row] * part
        return replace(problem, cost=tables)

    def used(self, component: int, choice: ServiceTimeChoice) -> Floats:
        """Part of each row's value that a choice makes."""
        total = np.zeros(len(self.lower))
        for (row, stage), part in self.uses[component].items():
            total[row] += part[choice.inbound[stage], choice.outbound[stage]]
        return total

    def income(self, prices: Floats) -> float:
        """What the rows' ends are worth at their prices: the bound's constant."""
        ends = np.where(prices > 0.0, self.lower, self.upper)
        return float((prices * np.where(prices == 0.0, 0.0, ends)).sum())

    def allowed(self, prices: Floats) -> Floats:
        """Drop a price whose sign belongs to an end that the row does not have."""
        wrong = ((prices > 0.0) & ~np.isfinite(self.lower)) | (
            (prices < 0.0) & ~np.isfinite(self.upper)
        )
        return np.where(wrong, 0.0, prices)


@dataclass(frozen=True, slots=True)
class Decomposed:
    """What prices have proven, and the plan that the master chose.

    Attributes
    ----------
    bound : float
        On every plan of the components that keeps the rows, money per period.
    prices : (n_rows,) float64
    choices : list of ServiceTimeChoice or None
        One per component, where one was found that keeps the rows.
    cost : float
        Theirs; inf where there are none.
    """

    bound: float
    prices: Floats
    choices: list[ServiceTimeChoice] | None
    cost: float


def decompose(
    linked: LinkedComponents, *, gap: float, time_limit: float | None
) -> Decomposed | None:
    """Search for prices that prove a bound, and for plans that meet it.

    Parameters
    ----------
    linked : LinkedComponents
    gap : float
        Relative gap at which to stop.
    time_limit : float or None
        Seconds.

    Returns
    -------
    Decomposed or None
        None where a component has no plan, or no mixture of plans keeps the rows.
    """
    try:
        search = _Search(linked, gap, time_limit)
        for _ in range(_MOST_TIMES_PENALISED):
            search.run()
            if search.missed <= 1e-9:
                return search.decided()
            search.penalise(100.0 * search.penalty)
    except InfeasibleError:
        pass
    return None


def least_missed(
    linked: LinkedComponents, *, gap: float, time_limit: float | None
) -> Decomposed | None:
    """Search for plans that miss the rows by the least in sum, each in units of its scale.

    Returns
    -------
    Decomposed or None
        With that sum for a cost: where its bound is above 0, no plan keeps the rows. None where a
        component has no plan.
    """
    costless = [
        replace(problem, cost=[np.where(np.isfinite(table), 0.0, np.inf) for table in problem.cost])
        for problem in linked.problems
    ]
    try:
        search = _Search(replace(linked, problems=costless), gap, time_limit)
        search.penalise(1.0)
        search.run()
    except InfeasibleError:
        return None
    return search.decided(missing=True)


class _Search:
    """Rounds of prices and plans; may be taken up again at a higher penalty."""

    def __init__(self, linked: LinkedComponents, gap: float, time_limit: float | None) -> None:
        self._linked, self._gap, self._time_limit = linked, gap, time_limit
        self._began = time.perf_counter()
        self._components = range(len(linked.problems))
        self._prices = self._best_prices = np.zeros(len(linked.lower))
        self._bound = -np.inf
        self._plans: list[tuple[int, ServiceTimeChoice]] = []
        self._known: set[tuple[int, bytes, bytes]] = set()
        found = self._solve()
        self.missed = np.inf
        self.penalty = 10.0 * max(sum(abs(one.cost) for one in found), 1e-6)
        self._master = Master(linked.lower, linked.upper, len(found), self.penalty)
        self._add(found)

    def penalise(self, penalty: float) -> None:
        """Change what missing a row costs, and search on."""
        self.penalty = penalty
        self._master.penalise(penalty)

    def run(self) -> None:
        """Price and plan until the bound meets the mixture, or nothing new comes up."""
        for _ in range(_MOST_ROUNDS):
            mixture = self._master.mix()
            self.missed = mixture.missed
            if mixture.cost - self._bound <= 0.1 * self._gap * max(abs(mixture.cost), 1e-12):
                break
            self._prices = self._linked.allowed(mixture.prices)
            if not self._add(self._solve()) or self._late():
                break

    def decided(self, *, missing: bool = False) -> Decomposed:
        """Choose one of the plans of each component, and say what is proven."""
        seconds = _SECONDS_TO_CHOOSE
        if self._time_limit is not None:
            left = self._time_limit - (time.perf_counter() - self._began)
            seconds = min(seconds, max(left, 0.1))
        taken = self._master.choose(gap=self._gap, time_limit=seconds, missing=missing)
        if taken is None:
            return Decomposed(self._bound, self._best_prices, None, np.inf)
        choices = [self._plans[k][1] for k in taken.tolist()]
        costs = (self._linked.problems[c].evaluate(one) for c, one in enumerate(choices))
        return Decomposed(self._bound, self._best_prices, choices, sum(costs))

    def _solve(self) -> list[FoldedAscent]:
        found = [
            fold_and_ascend(self._linked.priced(c, self._prices), gap=self._gap / 10)
            for c in self._components
        ]
        bound = sum(one.bound for one in found) + self._linked.income(self._prices)
        if bound > self._bound:
            self._bound, self._best_prices = bound, self._prices
        return found

    def _add(self, found: list[FoldedAscent]) -> bool:
        fresh = False
        for c, one in enumerate(found):
            key = (c, one.choice.inbound.tobytes(), one.choice.outbound.tobytes())
            if key not in self._known:
                self._known.add(key)
                fresh = True
                self._plans.append((c, one.choice))
                cost = self._linked.problems[c].evaluate(one.choice)
                self._master.add(c, cost, self._linked.used(c, one.choice))
        return fresh

    def _late(self) -> bool:
        limit = self._time_limit
        return limit is not None and time.perf_counter() - self._began > limit


def contenders(linked: LinkedComponents, found: Decomposed, *, gap: float) -> list[list[Booleans]]:
    """Mark the pairs that a plan cheaper than the one found could still use.

    A pair's regret is what the bound rises by when the pair is forced.

    Returns
    -------
    list of list of (inbound, outbound) bool
        Per component and stage.
    """
    priced = [linked.priced(c, found.prices) for c in range(len(linked.problems))]
    ascents = [ascend(problem, gap=gap / 10) for problem in priced]
    proven = [one.messages.bound(problem) for one, problem in zip(ascents, priced, strict=True)]
    slack = found.cost - (sum(proven) + linked.income(found.prices))
    slack = max(slack, 0.0) + 1e-9 * max(1.0, abs(found.cost))
    return [
        [one.regret(j, table) <= slack for j, table in enumerate(problem.cost)]
        for one, problem in zip(ascents, priced, strict=True)
    ]


def _forbids(row: SideRow) -> bool:
    """Whether a row can hold only where every pair that it counts is left out."""
    if row.upper is None or row.lower is not None:
        return False
    return min(row.coefficients, default=0.0) >= 0.0 and row.upper == row.constant


def _places(model: Any, components: Sequence[int]) -> dict[int, Place]:
    """Where each pair of the components stands, by the id of its variable."""
    source = model.source
    first = source.first_stage
    number = {
        first[c] + j: (k, j)
        for k, c in enumerate(components)
        for j in range(source.problems[c].n_stages)
    }
    return {
        id(variable): (*number[key[0]], key[1], key[2])
        for key, variable in model.pair.items()
        if key[0] in number
    }
