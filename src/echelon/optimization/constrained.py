"""Search under side constraints: the declared model of all components, solved and certified.

Components that no side constraint touches keep the plans they have by themselves.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo

from echelon.errors import SolverError
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.optimization.decomposition import LinkedComponents, contenders, decompose, least_missed
from echelon.optimization.elastic import rows_that_cannot_hold
from echelon.optimization.model import (
    choose,
    chosen,
    variables_of,
)
from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.placement import Failure, Placement, evaluate
from echelon.optimization.proof import Limits
from echelon.optimization.side_rows import (
    TOLERANCE,
    SideRow,
    SideTerms,
)
from echelon.optimization.solvers import solve

_NEAR = 1e-3
"""Relative gap at which the nearest plan to what cannot hold is near enough."""
_ROUTE = "side-constrained model"


@dataclass(frozen=True, slots=True)
class PlacedTogether:
    """Placements of all components, and what is proven of them together.

    Attributes
    ----------
    placed : list of Placement or Failure
        One per component. The bound of one that side constraints tie to others is its share of what
        is proven of them together: only the sum is a bound.
    objective, bound : float
        Of those that have a placement, with what side constraints add, money per period.
    """

    placed: list[Placement | Failure]
    objective: float
    bound: float


class ConstrainedSearch:
    """The model, one choice per component, the components given up, and what is proven."""

    def __init__(
        self, model: Any, terms: SideTerms, limits: Limits, alone: Sequence[Placement]
    ) -> None:
        self._began = time.perf_counter()
        self._model, self._terms, self._limits, self._alone = model, terms, limits, alone
        self._problems = model.source.problems
        self._choices = [
            _located(problem, placement)
            for problem, placement in zip(self._problems, alone, strict=True)
        ]
        self._open = [c for group in terms.groups for c in group]
        self._failures: dict[int, Failure] = {}
        self._modelled: Outcome | None = None
        self._bound = self._bound_alone()
        self._priced, self._ceiling = -np.inf, np.inf

    def run(self) -> None:
        """Keep the plans without side constraints if they serve; else solve the model."""
        terms = self._terms
        choose(self._model, self._choices)
        if not (terms.own or terms.extra_cost or any(row.missed_by() for row in terms.rows)):
            return
        self._fix(set(range(len(self._problems))) - set(self._open))
        if self._decompose():
            return
        outcome = self._solve()
        if outcome.status == "infeasible":
            rows = [row for row in self._terms.rows if row.constraint.active]
            missed = rows_that_cannot_hold(
                self._model, rows, solver=self._limits.solver, time_limit=self._time_left()
            )
            self._give_up_what_cannot_hold(missed)
            if self._open:
                outcome = self._solve()
        if "unbounded" in outcome.termination.lower():  # a plan may have been found all the same
            self._give_up(range(len(self._problems)), "SolverError", self._unbounded())
        elif outcome.status in ("optimal", "feasible"):
            self._take(outcome)
        elif self._open:
            self._give_up(
                self._open,
                "SolverError",
                f"{self._limits.solver} stopped without a plan that keeps the side constraints: "
                f"{outcome.termination}. Fix: allow more time, or loosen them.",
            )

    def _decompose(self) -> bool:
        """Bound by prices on the rows, and leave to the model what they cannot settle.

        True if nothing is left to it.
        """
        linked = LinkedComponents.of(self._model, self._terms, self._open)
        limits = self._limits
        if linked is None:
            return False
        found = decompose(linked, gap=limits.gap, time_limit=self._time_left())
        if found is None:
            return self._none_can_hold(linked)
        self._priced = found.bound
        if found.choices is None:
            return False
        for c, choice in zip(self._open, found.choices, strict=True):
            self._choices[c] = choice
        choose(self._model, self._choices)
        if self._missed():
            return False
        gap = relative_gap(found.cost, found.bound)
        if gap <= limits.gap:
            seconds = time.perf_counter() - self._began
            status = "optimal"
            self._modelled = Outcome(status, found.cost, found.bound, gap, "optimal", seconds)
            self._bound = found.bound
            return True
        self._ceiling = found.cost
        keep = contenders(linked, found, gap=limits.gap)
        first = self._model.source.first_stage
        for c, masks in zip(self._open, keep, strict=True):
            for j, mask in enumerate(masks):
                allowed = np.isfinite(self._problems[c].cost[j])
                for a, b in np.argwhere(allowed & ~mask).tolist():
                    self._model.pair[first[c] + j, a, b].fix(0.0)
        return False

    def _none_can_hold(self, linked: LinkedComponents) -> bool:
        """Give up the components whose rows prices prove to be impossible; True if none is left."""
        nearest = least_missed(linked, gap=_NEAR, time_limit=self._time_left())
        if nearest is None or nearest.choices is None or nearest.bound <= TOLERANCE:
            return False
        for c, choice in zip(self._open, nearest.choices, strict=True):
            self._choices[c] = choice
        choose(self._model, self._choices)
        missed = self._missed()
        if not missed:
            return False
        self._give_up_what_cannot_hold(missed)
        return self._decompose() if self._open else True

    def _take(self, outcome: Outcome) -> None:
        """Read the solver's plan, look at every lane and row again, and keep what is proven."""
        self._modelled = outcome
        found = chosen(self._model)
        for c in self._open:
            self._choices[c] = found[c]
        choose(self._model, self._choices)
        self._settle()
        self._check()
        closed = set(range(len(self._problems))) - set(self._open)
        proven = outcome.bound - sum(self._cost_of(c) for c in closed)
        # a plan of pairs that prices had left out costs at least what the plan they led to does
        self._bound = max(min(proven, self._ceiling), self._priced)
        if self._terms.only_adds_cost:
            self._bound = max(self._bound, self._bound_alone())

    def _settle(self) -> None:
        """Use supplies as soon as they are complete, where that keeps the side constraints."""
        if self._terms.own:
            return
        before = self._cost()
        settled = list(self._choices)
        for c in self._open:
            problem = self._problems[c]
            service = problem.chosen(self._choices[c])[1]
            settled[c] = problem.locate(*problem.times.settled(service))
        choose(self._model, settled)
        if not self._missed() and self._cost() <= before + 1e-12 * abs(before):
            self._choices = settled
        else:
            choose(self._model, self._choices)

    def _check(self) -> None:
        labels, first = self._model.source.labels, self._model.source.first_stage
        broken = [
            "lanes to {} @ {}".format(*labels[first[c + 1] - 1])
            for c in self._open
            if not self._keeps_lanes(c)
        ]
        broken += [row.in_words() for row in self._missed()]
        if broken:
            raise SolverError(
                f"the plan of {self._limits.solver} does not keep {'; '.join(broken)}. A side "
                "constraint took rows of the model away, or the solver erred. Fix: only add to "
                "the model; if that is so, try another solver, and report it."
            )

    def _keeps_lanes(self, component: int) -> bool:
        return bool(np.isfinite(self._problems[component].evaluate(self._choices[component])))

    def _unbounded(self) -> str:
        """Say which variables of the user's own can lower the cost for ever."""
        extra = self._terms.extra_cost
        loose = [
            variable.name
            for variable in self._model.component_data_objects(pyo.Var)
            if (money := extra.get(id(variable), 0.0)) != 0.0
            and (variable.ub if money < 0.0 else variable.lb) is None
        ]
        which = f"{', '.join(loose[:5])}{' and more' if len(loose) > 5 else ''}"
        return (
            f"the cost is unbounded: side constraints let it fall for ever by {which}, which no "
            "bound or row keeps. Fix: give such variables bounds, bounds=(0.0, 1.0), or correct "
            "the sign of what they add to the cost."
        )

    def _give_up_what_cannot_hold(self, missed: list[SideRow]) -> None:
        """Fail the components of side constraints that cannot hold together; set them aside.

        ``missed``: those that the nearest plan misses, at whose values the variables are.
        """
        if missed:
            words = "; ".join(row.in_words() for row in missed)
            message = (
                f"no plan keeps all side constraints. The one that misses them by the least does "
                f"not keep {words}. Fix: loosen these, or others that they compete with."
            )
        else:
            message = "no plan keeps all side constraints together. Fix: loosen them."
        at_fault = {c for row in missed for c in row.components}
        for group in self._terms.groups:
            if missed and not at_fault.intersection(group):
                continue
            self._give_up(group, "InfeasibleError", message)
            for row in self._terms.rows:
                if row.components.intersection(group):
                    row.constraint.deactivate()

    def _give_up(self, components: Sequence[int], error: str, message: str) -> None:
        for c in components:
            self._failures[c] = Failure(error, message)
        self._open = [c for c in self._open if c not in self._failures]
        choose(self._model, self._choices)
        self._fix(components)

    def _fix(self, components: Iterable[int]) -> None:
        """Leave components as they are chosen: the solver does not see them."""
        for c in components:
            for variable in variables_of(self._model, c):
                variable.fix()

    def _solve(self) -> Outcome:
        limits = self._limits
        return solve(
            self._model, limits.solver, gap=limits.gap, time_limit=self._time_left(), start=True
        )

    def _time_left(self) -> float | None:
        if self._limits.time_limit is None:
            return None
        return max(self._limits.time_limit - (time.perf_counter() - self._began), 0.0)

    def _missed(self) -> list[SideRow]:
        return [row for row in self._terms.rows if row.constraint.active and row.missed_by()]

    def _cost(self) -> float:
        return float(pyo.value(self._model.cost))

    def _bound_alone(self) -> float:
        return sum(self._alone[c].outcome.bound for c in self._open)

    def _cost_of(self, component: int) -> float:
        """Money per period of a component as chosen, with what side constraints add to it."""
        extra = self._terms.extra_cost
        added = 0.0
        if extra:
            added = sum(
                extra[id(v)] * v.value
                for v in variables_of(self._model, component)
                if id(v) in extra
            )
        return float(self._problems[component].evaluate(self._choices[component]) + added)

    def result(self) -> PlacedTogether:
        """Give every component its placement, or why it has none."""
        if len(self._failures) == len(self._alone):
            failed = [self._failures[c] for c in range(len(self._alone))]
            return PlacedTogether([*failed], float("nan"), float("nan"))
        costs = [self._cost_of(c) for c in range(len(self._problems))]
        together = sum(costs[c] for c in self._open)
        brought = self._terms.constant
        if self._terms.own:  # variables that are no component's
            brought = self._cost() - sum(costs)
        short = max(together + brought - self._bound, 0.0)
        placed: list[Placement | Failure] = []
        objective, bound = brought, brought - short if self._modelled else brought
        for c, alone in enumerate(self._alone):
            if c in self._failures:
                placed.append(self._failures[c])
                continue
            placement = alone
            if self._modelled is not None and c in self._open:
                share = costs[c] / together if together > 0.0 else 1.0 / len(self._open)
                placement = self._placement(c, costs[c], costs[c] - short * share)
                objective, bound = objective + costs[c], bound + costs[c]
            else:
                objective += placement.outcome.objective
                bound += placement.outcome.bound
            placed.append(placement)
        return PlacedTogether(placed, objective, min(bound, objective))

    def _placement(self, component: int, cost: float, bound: float) -> Placement:
        modelled, problem = self._modelled, self._problems[component]
        assert modelled is not None
        columns = evaluate(
            self._model.source.tasks[component],
            problem.times,
            *problem.chosen(self._choices[component]),
        )
        gap = relative_gap(cost, bound)
        outcome = replace(
            modelled,
            status="optimal" if gap <= max(self._limits.gap, 1e-12) else "feasible",
            objective=cost,
            bound=min(bound, cost),
            gap=gap,
        )
        return Placement(columns, outcome, _ROUTE)


def _located(problem: ServiceTimeProblem, placement: Placement) -> ServiceTimeChoice:
    """Find the candidates that a plan's times are, in ticks from periods."""
    ticks = problem.times.ticks_per_period
    return problem.locate(
        np.rint(placement.columns["inbound_service_time"] * ticks).astype(np.int64),
        np.rint(placement.columns["service_time"] * ticks).astype(np.int64),
    )
