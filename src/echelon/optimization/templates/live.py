"""The model of one pattern, kept in HiGHS: each problem replaces the costs and is solved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from echelon.errors import InfeasibleError, SolverError
from echelon.network.compiled import Floats, Integers
from echelon.optimization.linear_program import LinearProgram, load, new_highs, run
from echelon.optimization.outcome import relative_gap
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
    "simplex_strategy": 4,  # primal: new costs leave a basis feasible
    "simplex_primal_edge_weight_strategy": 1,  # Devex
    "primal_simplex_bound_perturbation_multiplier": 0.0,
}
"""Options of HiGHS, of those measured the ones that take least."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came out of one problem.

    Attributes
    ----------
    inbound, outbound : (n_stages,) int64
        Candidates chosen, numbered within their stage.
    cost, bound : float
        Money per period.
    branched : bool
        Whether the relaxation left a gap, which branch and bound has closed.
    termination : str
    """

    inbound: Integers
    outbound: Integers
    cost: float
    bound: float
    branched: bool = False
    termination: str = "optimal"


class LiveTemplate:
    """The compiled model of a pattern in a HiGHS of its own.

    Every problem is solved from one basis, that of a plan which depends on the pattern alone.
    So an answer does not depend on the problems before it, as it would from their last basis where
    several plans cost the least.

    Parameters
    ----------
    pattern : OrderPattern
    program : LinearProgram
        Of the pattern, as ``assembled_program`` gives it.
    """

    def __init__(self, pattern: OrderPattern, program: LinearProgram) -> None:
        import highspy

        self.pattern, self.program = pattern, program
        self._pairs = np.arange(pattern.n_pairs, dtype=np.int32)
        self._rows = (
            program.start,
            program.index,
            program.value,
            program.row_lower,
            program.row_upper,
        )
        self._states = highspy.HighsModelStatus
        self._kinds = highspy.HighsVarType
        self._highs = new_highs()
        for option, value in _OPTIONS.items():
            self._highs.setOptionValue(option, value)
        load(self._highs, program)
        least = least_pairs(pattern)
        self._basis = None if least is None else basis_of(pattern, least)
        if least is None or pattern.n_pairs <= _OFTEN:
            self._relax(usual_costs(pattern))
            self._basis = self._highs.getBasis()

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
        dearest = float(np.abs(costs).max(initial=0.0))
        unit = float(np.exp2(np.rint(np.log2(dearest)))) / _LARGE if dearest > 0.0 else 1.0
        values, prices = self._relax(costs / unit)
        bound = self._bound(costs, prices * unit)
        is_whole = _is_whole(values)
        found = self._rounded(costs, values, bound, is_whole)
        if is_whole or relative_gap(found.cost, bound) <= gap:
            return found
        return self._branched(found, costs, unit, gap, time_limit)

    def _relax(self, costs: Floats) -> tuple[Floats, Floats]:
        """Solve the relaxation: values of the columns, prices of the rows."""
        highs = self._highs
        highs.changeColsCost(len(costs), self._pairs, costs)
        for _ in range(2):
            if self._basis is not None:
                highs.setBasis(self._basis)
            highs.run()
            state = highs.getModelStatus()
            if state == self._states.kOptimal:
                solution = highs.getSolution()
                return np.array(solution.col_value), np.array(solution.row_dual)
            if state == self._states.kInfeasible:
                raise InfeasibleError("no service times satisfy the limits of this component")
            highs.clearSolver()  # once more, from nothing
        raise SolverError(
            f"HiGHS stopped with {highs.modelStatusToString(state)!r} on the relaxation. Fix: use "
            "method='auto'."
        )

    def _bound(self, costs: Floats, prices: Floats) -> float:
        """Bound every plan by the prices of the rows, whatever they are."""
        from echelon.kernels.pattern_programs import bound_by_prices  # numba: when it is needed

        pattern = self.pattern
        return bound_by_prices(
            prices, costs, pattern.pair_inbound, pattern.inbound_ptr, *self._rows
        )

    def _rounded(self, costs: Floats, values: Floats, bound: float, is_whole: bool) -> Found:
        """Round to a plan: the cheapest of the quantiles, which keep every lane.

        See :func:`echelon.optimization.guaranteed_service.extract`.
        """
        from echelon.kernels.pattern_programs import plan_at_quantile  # numba: when it is needed

        parts = self.pattern.arrays[:4]
        n = self.pattern.n_stages
        sums = values[len(costs) :]
        best = Found(np.zeros(0, np.int64), np.zeros(0, np.int64), np.inf, bound)
        for quantile in [0.5] if is_whole else _between(sums):
            inbound, outbound = np.empty(n, np.int64), np.empty(n, np.int64)
            cost = plan_at_quantile(quantile, values, costs, *parts, inbound, outbound)
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
                values = np.array(highs.getSolution().col_value)
                better = self._rounded(costs, values, found.bound, _is_whole(values))
        finally:
            whole[:] = int(self._kinds.kContinuous)
            highs.changeColsIntegrality(n, self._pairs, whole)
            highs.setOptionValue("presolve", _OPTIONS["presolve"])
            highs.setOptionValue("time_limit", np.inf)
            highs.clearSolver()
        best = better if better.cost < found.cost else found
        bound = min(max(found.bound, outcome.bound), best.cost)
        return replace(best, bound=bound, branched=True, termination=outcome.termination)


def _is_whole(values: Floats) -> bool:
    return bool(np.abs(values - np.rint(values)).max() <= _WHOLE)


def _between(probabilities: Floats) -> list[float]:
    """One value between each two of the probabilities that follow one another."""
    breaks = np.unique(np.round(probabilities, 9))
    edges = np.concatenate([[0.0], breaks[(breaks > 1e-9) & (breaks < 1.0 - 1e-9)], [1.0]])
    middles: list[float] = ((edges[1:] + edges[:-1]) / 2.0).tolist()
    return middles
