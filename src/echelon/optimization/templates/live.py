"""The model of one pattern, kept in HiGHS: each problem replaces the costs and is solved."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from echelon.errors import InfeasibleError, SolverError
from echelon.execution import attempt
from echelon.network.compiled import Floats
from echelon.optimization.linear_program import (
    LinearProgram,
    load,
    new_highs,
    run,
    run_in_this_thread,
)
from echelon.optimization.outcome import relative_gap
from echelon.optimization.templates.found import Found, Judged, Solutions
from echelon.optimization.templates.pattern import OrderPattern
from echelon.optimization.templates.start import basis_of, least_pairs, usual_costs

_LARGE = 2.0**20
"""Size that costs are brought to, as a solver's tolerances are absolute."""
_OFTEN = 150
"""Pairs up to which patterns come again so often that it pays to look for a good start."""
_WHOLE = 1e-6
_OPTIONS: dict[str, Any] = {
    "presolve": "off",  # it would take longer than what it saves
    "solver": "simplex",
    "simplex_primal_edge_weight_strategy": 1,  # Devex
    "primal_simplex_bound_perturbation_multiplier": 0.0,
}
"""Options of HiGHS, of those measured the ones that take least."""
_DUAL, _PRIMAL = 1, 4
"""Strategies of its simplex: new costs leave a basis feasible, and the primal one goes on from it.

From nothing, the dual one takes less: hardly ever is a cost negative."""
_ROUNDING = 1e-12
"""A relative gap that is nothing but rounding."""
_CLEARLY = 1e-9
"""Of the dearest pair: how much more any other plan costs where there is only one; far above what
HiGHS takes for equal, which is 1e-7 of costs brought to ``_LARGE``."""
_MOST_NODES = 500
"""Pairs looked at to see that; beyond, plans that cost nearly the same are many."""


class LiveTemplate:
    """The compiled model of a pattern in a HiGHS of its own.

    A problem is solved from one basis, that of a plan which depends on the pattern alone, or from
    none. So an answer does not depend on the problems before it, as it would from their last basis
    where several plans cost the least. Many problems at once go on from that last basis all the
    same, in a third of the time, and are solved anew where their prices leave room for another
    plan. Where lanes make no cycle, all solutions of the relaxation are mixtures of plans, so
    where only one plan is left, it is the one that any basis ends with.

    Parameters
    ----------
    pattern : OrderPattern
    program : LinearProgram
        Of the pattern, as ``assembled_program`` gives it.
    solver : Highs, optional
        What another template has released: to make one takes as long as to solve some problems.
    """

    def __init__(self, pattern: OrderPattern, program: LinearProgram, solver: Any = None) -> None:
        import highspy

        self.pattern, self.program = pattern, program
        self._pairs = np.arange(pattern.n_pairs, dtype=np.int32)
        self._optimal = highspy.HighsModelStatus.kOptimal
        self._infeasible = highspy.HighsModelStatus.kInfeasible
        self._kinds = highspy.HighsVarType
        self._highs = new_highs() if solver is None else solver
        for option, value in _OPTIONS.items():
            self._highs.setOptionValue(option, value)
        load(self._highs, program)
        n_sums = len(program.cost) - pattern.n_pairs
        often = pattern.n_pairs <= _OFTEN
        least = least_pairs(pattern) if often or n_sums > 0 else None
        self._basis = None if least is None else basis_of(pattern, least, n_sums)
        if often:
            self._relax(usual_costs(pattern))
            self._basis = self._highs.getBasis()
        self._is_forest = pattern.is_forest

    def release(self) -> Any:
        """Give up the HiGHS, for another template to take over; this one cannot solve any more."""
        highs, self._highs = self._highs, None
        return highs

    def solve(self, costs: Floats, *, gap: float, time_limit: float | None = None) -> Found:
        """Find the cheapest choice of pairs.

        Parameters
        ----------
        costs : (n_pairs,) float64
            Money per period, in the order of the pattern, finite.
        gap : float
            Relative gap at which branch and bound may stop.
        time_limit : float, optional
            Seconds that branch and bound may take.

        Raises
        ------
        InfeasibleError
            If no choice keeps every lane.
        SolverError
            If HiGHS stops without an optimum of the relaxation.
        """
        unit = _units_of(costs[None])
        values, prices = self._relax(costs / unit[0])
        relaxed = self._judged(costs[None], values[None], prices[None] * unit[:, None])
        return self._closed(relaxed, 0, costs, gap, time_limit)

    def solve_all(
        self, costs: Floats, *, gap: float, time_limit: float | None = None
    ) -> list[Found | None]:
        """Find the cheapest choice for each row of costs; None for those that fail.

        Each gets the answer that :meth:`solve` gives it.
        """
        found: dict[int, Found | None] = {}
        if self._is_forest and len(costs) > 1:
            found.update(self._going_on(costs))
        rest = [k for k in range(len(costs)) if k not in found]
        solutions = self._solutions(costs[rest], going_on=False)
        judged = self._judged(costs[rest], solutions.values, solutions.prices)
        for i, k in enumerate(rest):
            seconds, asked = solutions.seconds[i], (costs[k], gap, time_limit)
            if seconds is not None:
                found[k] = attempt(self._closed, judged, i, *asked, seconds).value
        return [found.get(k) for k in range(len(costs))]

    def _going_on(self, costs: Floats) -> dict[int, Found]:
        """Solve each problem from the basis of the one before; those that leave no doubt."""
        from echelon.kernels.pattern_answers import are_only_plans  # numba: when it is needed

        solutions = self._solutions(costs, going_on=True)
        judged = self._judged(costs, solutions.values, solutions.prices)
        certain = np.empty(len(costs), np.bool_)
        are_only_plans(
            solutions.prices, costs, *self.pattern.arrays, _CLEARLY, _MOST_NODES, certain
        )
        certain &= judged.is_whole & (judged.bound == judged.cost)
        return {
            k: Found(judged.inbound[k], judged.outbound[k], cost, cost, seconds=seconds)
            for k, cost in enumerate(judged.cost.tolist())
            if certain[k] and (seconds := solutions.seconds[k]) is not None
        }

    def _solutions(self, costs: Floats, *, going_on: bool) -> Solutions:
        """Solve the relaxation for each row of costs, from the basis of the one before or not."""
        n = len(costs)
        values = np.zeros((n, self.pattern.n_pairs))
        prices = np.zeros((n, len(self.pattern.lane_inbound)))
        seconds: list[float | None] = [None] * n
        unit = _units_of(costs)[:, None]
        for k, scaled in enumerate(costs / unit):
            began = time.perf_counter()
            relaxed = attempt(self._go_on if going_on and k else self._relax, scaled).value
            if relaxed is not None:
                values[k], prices[k] = relaxed
                seconds[k] = time.perf_counter() - began
        return Solutions(values, prices * unit, seconds)

    def _relax(self, costs: Floats) -> tuple[Floats, Floats]:
        """Solve the relaxation: values of the pairs, prices of the lane rows."""
        highs = self._highs
        highs.setOptionValue("simplex_strategy", _DUAL if self._basis is None else _PRIMAL)
        highs.changeColsCost(len(costs), self._pairs, costs)
        for _ in range(2):
            if self._basis is None:
                highs.clearSolver()
            else:
                highs.setBasis(self._basis)
            run_in_this_thread(highs)
            state = highs.getModelStatus()
            if state == self._optimal:
                return self._solution()
            if state == self._infeasible:
                raise InfeasibleError("no service times satisfy the limits of this component")
            highs.clearSolver()  # once more, from nothing
        raise SolverError(
            f"HiGHS stopped with {highs.modelStatusToString(state)!r} on the relaxation. Fix: use "
            "method='auto'."
        )

    def _go_on(self, costs: Floats) -> tuple[Floats, Floats]:
        """Solve the relaxation from the basis at hand."""
        highs = self._highs
        highs.setOptionValue("simplex_strategy", _PRIMAL)
        highs.changeColsCost(len(costs), self._pairs, costs)
        run_in_this_thread(highs)
        if highs.getModelStatus() != self._optimal:
            raise SolverError("HiGHS stopped without an optimum")
        return self._solution()

    def _solution(self) -> tuple[Floats, Floats]:
        solution = self._highs.getSolution()
        values, prices = np.array(solution.col_value), np.array(solution.row_dual)
        n_rows = len(self.pattern.lane_inbound)
        return values[: self.pattern.n_pairs], prices[len(prices) - n_rows :]

    def _judged(self, costs: Floats, values: Floats, prices: Floats) -> Judged:
        """Read plans at the median, and bound every plan by the prices, whatever they are."""
        from echelon.kernels.pattern_answers import judge  # numba: when it is needed

        n = len(costs)
        inbound = np.empty((n, self.pattern.n_stages), np.int64)
        outbound = np.empty_like(inbound)
        cost, bound, is_whole = np.empty(n), np.empty(n), np.empty(n, np.bool_)
        judge(
            values, prices, costs, *self.pattern.arrays, _WHOLE, _ROUNDING,
            inbound, outbound, cost, bound, is_whole,
        )  # fmt: skip
        return Judged(values, inbound, outbound, cost, bound, is_whole)

    def _closed(
        self,
        relaxed: Judged,
        k: int,
        costs: Floats,
        gap: float,
        time_limit: float | None,
        seconds: float = 0.0,
    ) -> Found:
        """Make a plan of what came out for a problem, by branch and bound where it is not whole."""
        cost, bound = float(relaxed.cost[k]), float(relaxed.bound[k])
        if relaxed.is_whole[k] and cost < np.inf:
            inbound, outbound = relaxed.inbound[k], relaxed.outbound[k]
            return Found(inbound, outbound, cost, min(bound, cost), seconds=seconds)
        began = time.perf_counter()
        found = self._rounded(costs, relaxed.values[k], bound)
        if relative_gap(found.cost, bound) > gap:
            unit = float(_units_of(costs[None])[0])
            found = self._branched(found, costs, unit, gap, time_limit)
        return replace(found, seconds=seconds + time.perf_counter() - began)

    def _rounded(self, costs: Floats, values: Floats, bound: float) -> Found:
        """Round to a plan: the cheapest of the quantiles, which keep every lane.

        See :func:`echelon.optimization.guaranteed_service.extract`.
        """
        from echelon.kernels.pattern_answers import plan_at_quantile, running_sums

        parts = self.pattern.arrays[:4]
        n = self.pattern.n_stages
        sums = running_sums(values, *parts)
        best = Found(np.zeros(0, np.int64), np.zeros(0, np.int64), np.inf, bound)
        for quantile in _between(np.concatenate(sums)):
            inbound, outbound = np.empty(n, np.int64), np.empty(n, np.int64)
            cost = plan_at_quantile(quantile, *sums, costs, *parts, inbound, outbound)
            if cost < best.cost:
                best = Found(inbound, outbound, cost, min(bound, cost))
        if best.cost == np.inf:
            raise SolverError("the relaxation gives no plan. Fix: use method='auto'.")
        return best

    def _branched(
        self, found: Found, costs: Floats, unit: float, gap: float, time_limit: float | None
    ) -> Found:
        """Make pairs whole, in the same HiGHS, and leave it as it was."""
        highs, n = self._highs, len(costs)
        highs.changeColsCost(n, self._pairs, costs / unit)
        whole = np.full(n, int(self._kinds.kInteger), dtype=np.uint8)
        highs.changeColsIntegrality(n, self._pairs, whole)
        highs.setOptionValue("mip_rel_gap", gap)
        highs.setOptionValue("presolve", "choose")
        limit = np.inf if time_limit is None else highs.getRunTime() + time_limit
        highs.setOptionValue("time_limit", limit)
        try:
            outcome = run(highs, unit, is_integer=True)
            better = found
            if np.isfinite(outcome.objective):
                values = np.array(highs.getSolution().col_value)[:n]
                better = self._rounded(costs, values, found.bound)
        finally:
            whole[:] = int(self._kinds.kContinuous)
            highs.changeColsIntegrality(n, self._pairs, whole)
            highs.setOptionValue("presolve", _OPTIONS["presolve"])
            highs.setOptionValue("time_limit", np.inf)
            highs.clearSolver()
        best = better if better.cost < found.cost else found
        bound = min(max(found.bound, outcome.bound), best.cost)
        return replace(best, bound=bound, branched=True, termination=outcome.termination)


def _units_of(costs: Floats) -> Floats:
    """Power of two by which the dearest pair of each row comes close to ``_LARGE``, (n,).

    To divide by it rounds nothing.
    """
    dearest = np.abs(costs).max(axis=1, initial=0.0)
    unit = np.exp2(np.rint(np.log2(np.where(dearest > 0.0, dearest, _LARGE))))
    return np.asarray(unit / _LARGE)


def _between(probabilities: Floats) -> list[float]:
    """One value between each two of the probabilities that follow one another."""
    breaks = np.unique(np.round(probabilities, 9))
    edges = np.concatenate([[0.0], breaks[(breaks > 1e-9) & (breaks < 1.0 - 1e-9)], [1.0]])
    middles: list[float] = ((edges[1:] + edges[:-1]) / 2.0).tolist()
    return middles
