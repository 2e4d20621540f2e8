"""The master of a decomposition: one plan per component, mixed at least cost so that rows hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from echelon.network.compiled import Floats, Integers
from echelon.optimization.linear_program import new_highs, run_in_this_thread


@dataclass(frozen=True, slots=True)
class Mixture:
    """The cheapest mixture of the plans so far.

    Attributes
    ----------
    cost : float
        Money per period, with the penalty for what the rows are missed by.
    missed : float
        By how much the rows are missed, in sum of their scaled units.
    prices : (n_rows,) float64
        What one unit more of each row's value saves, with the sign of a dual: positive where the
        row's lower end binds, negative where its upper end does.
    wages : (n_components,) float64
        Duals of "one plan per component".
    """

    cost: float
    missed: float
    prices: Floats
    wages: Floats


class Master:
    """Linear program over the plans found so far; rows may be missed at a penalty.

    Parameters
    ----------
    lower, upper : (n_rows,) float64
        Ends of the rows, infinite where there is none.
    n_components : int
    penalty : float
        Money per period for each unit that a row is missed by.
    """

    def __init__(self, lower: Floats, upper: Floats, n_components: int, penalty: float) -> None:
        self._rows, self._components = len(lower), n_components
        self._columns: list[tuple[int, float, Floats]] = []
        highs = new_highs()
        none = np.zeros(0)
        for low, high in zip(lower.tolist(), upper.tolist(), strict=True):
            highs.addRow(low, high, 0, none.astype(np.int32), none)
        for _ in range(n_components):
            highs.addRow(1.0, 1.0, 0, none.astype(np.int32), none)
        for row in range(self._rows):
            for sign in (1.0, -1.0):
                at = np.array([row], dtype=np.int32)
                highs.addCol(penalty, 0.0, np.inf, 1, at, np.array([sign]))
        self._highs: Any = highs
        self._first = 2 * self._rows

    def add(self, component: int, cost: float, uses: Floats) -> None:
        """Add a plan of a component: money per period, and its part of each row's value."""
        rows = np.flatnonzero(uses)
        at = np.append(rows, self._rows + component).astype(np.int32)
        self._highs.addCol(cost, 0.0, np.inf, len(at), at, np.append(uses[rows], 1.0))
        self._columns.append((component, cost, uses))

    def penalise(self, penalty: float) -> None:
        """Change what missing a row costs."""
        for column in range(self._first):
            self._highs.changeColCost(column, penalty)

    def mix(self) -> Mixture:
        """Solve the linear program."""
        run_in_this_thread(self._highs)
        solution = self._highs.getSolution()
        duals = np.array(solution.row_dual)
        return Mixture(
            cost=float(self._highs.getInfo().objective_function_value),
            missed=float(sum(solution.col_value[: self._first])),
            prices=duals[: self._rows],
            wages=duals[self._rows :],
        )

    def choose(self, *, gap: float, time_limit: float, missing: bool = False) -> Integers | None:
        """Choose one plan per component so that all rows hold, or, ``missing``, at their penalty.

        Returns
        -------
        (n_components,) int64 or None
            Which of the added plans, in the order in which they were added; None where no choice
            keeps the rows, or none was found in time.
        """
        import highspy

        highs = self._highs
        for column in () if missing else range(self._first):
            highs.changeColBounds(column, 0.0, 0.0)
        last = self._first + len(self._columns)
        for column in range(self._first, last):
            highs.changeColIntegrality(column, highspy.HighsVarType.kInteger)
        highs.setOptionValue("mip_rel_gap", gap)
        highs.setOptionValue("time_limit", time_limit)
        run_in_this_thread(highs)
        solved = highspy.SolutionStatus.kSolutionStatusFeasible
        if highs.getInfo().primal_solution_status != solved:
            return None
        taken = np.flatnonzero(np.array(highs.getSolution().col_value)[self._first :] > 0.5)
        chosen = np.zeros(self._components, dtype=np.int64)
        for k in taken.tolist():
            chosen[self._columns[k][0]] = k
        return chosen
