"""A fixed sample of runs: what levels cost on it, what service they give, and the slopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from echelon.kernels.pathwise_adjoint import pathwise_gradient
from echelon.kernels.pathwise_arrays import Totals
from echelon.kernels.pathwise_flow import pathwise_totals
from echelon.network.compiled import Booleans, Floats
from echelon.optimization.simulated_base_stock.problem import Problem, Target
from echelon.optimization.simulated_base_stock.wired import (
    adjoint_for,
    priced,
    tape_for,
    zero_totals,
)

_BEYOND_CHANCE: Final = 3.5
"""Standard errors."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What levels came to on a sample.

    Attributes
    ----------
    cost : (n_runs,) float64
        Money per period of each run.
    service : (n_targets,) float64
        Of each target; NaN where nothing fell due.
    """

    cost: Floats
    service: Floats

    @property
    def mean(self) -> float:
        """Money per period."""
        return float(self.cost.mean())


class Sample:
    """Some runs of a component under the same draws, whatever the levels.

    Parameters
    ----------
    problem : Problem
    first_run, n_runs : int
        Which runs.
    width : float
        Of the ramp that stands in for the step of a ready rate, in standard deviations of what a
        stage covers.
    """

    def __init__(self, problem: Problem, first_run: int, n_runs: int, width: float = 0.5) -> None:
        net = problem.net
        self.problem, self.n_runs = problem, n_runs
        self._draws = problem.draw(first_run, n_runs)
        self._tape, self._adjoint = tape_for(net), adjoint_for(net)
        self._totals = zero_totals(net, n_runs)
        self._gradient = np.zeros((n_runs, problem.n_stages))
        self._width = width * problem.unit
        self.evaluations = 0

    def read(self, levels: Floats) -> Reading:
        """Cost and service of levels (n_stages,)."""
        totals = self._run(levels)
        return Reading(
            priced(totals, self.problem.price) / self.problem.periods,
            np.array([self._service(target, totals) for target in self.problem.targets]),
        )

    def missed(self, levels: Floats) -> Booleans:
        """Targets that the runs miss by more than chance, (n_targets,)."""
        problem, totals = self.problem, self._run(levels)
        found = np.zeros(len(problem.targets), dtype=np.bool_)
        for i, target in enumerate(problem.targets):
            askers = list(target.askers)
            if target.in_units:
                good, of = totals.on_time[:, askers].sum(axis=1), totals.due[:, askers].sum(axis=1)
            else:
                good = totals.ready[:, target.stage]
                of = np.full(self.n_runs, float(problem.periods))
            missing = target.level * of - good
            found[i] = missing.sum() > _BEYOND_CHANCE * missing.std(ddof=1) * self.n_runs**0.5
        return found

    def lagrangian(
        self, levels: Floats, multipliers: Floats, penalties: Floats
    ) -> tuple[float, Floats, Floats]:
        """Augmented Lagrangian of the cost, its gradient, and the softened service.

        Parameters
        ----------
        levels : (n_stages,) float64
        multipliers, penalties : (n_targets,) float64
            Money per period and unit of service, and per unit squared.

        Returns
        -------
        value : float
            Money per period.
        gradient : (n_stages,) float64
            Money per period and unit of base stock.
        service : (n_targets,) float64
            With the ramp in place of the step where it counts periods.
        """
        problem = self.problem
        price = Totals(*(array.copy() for array in problem.price))
        scale = self.n_runs * problem.periods
        value, service = 0.0, np.zeros(len(problem.targets))
        if problem.targets:
            totals = self._run(levels)
            for i, target in enumerate(problem.targets):
                service[i] = self._service(target, totals, soft=True)
                missing = target.level - service[i]
                pull = max(multipliers[i] + penalties[i] * missing, 0.0)
                value += (pull**2 - multipliers[i] ** 2) / (2.0 * penalties[i])
                if target.in_units:
                    askers = list(target.askers)
                    price.on_time[0, askers] -= pull * scale / totals.due[:, askers].sum()
                else:
                    price.soft_ready[0, target.stage] -= pull
        pathwise_gradient(
            problem.net, levels, self._width, self._draws, price, self._tape, self._adjoint,
            self._totals, self._gradient,
        )  # fmt: skip
        self.evaluations += 1
        value += float(priced(self._totals, problem.price).sum()) / scale
        return value, self._gradient.sum(axis=0) / scale, service

    def _run(self, levels: Floats) -> Totals:
        pathwise_totals(
            self.problem.net, levels, self._width, self._draws, self._tape, self._totals
        )
        self.evaluations += 1
        return self._totals

    def _service(self, target: Target, totals: Totals, *, soft: bool = False) -> float:
        if target.in_units:
            askers = list(target.askers)
            due = float(totals.due[:, askers].sum())
            return float(totals.on_time[:, askers].sum()) / due if due > 0.0 else float("nan")
        periods = totals.soft_ready if soft else totals.ready
        return float(periods[:, target.stage].mean()) / self.problem.periods
