"""What the shards come to together, added in their order, so that it does not depend on workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echelon.jobs.digest import add_digests
from echelon.jobs.steps import Done
from echelon.jobs.told import Told
from echelon.optimization.outcome import relative_gap
from echelon.simulation.measured.estimates import GROUP, estimate
from echelon.simulation.measured.moments import Moments, group_means

_SHOWN = (
    "cost",
    "holding_cost",
    "shortage_cost",
    "ordering_cost",
    "waste_cost",
    "on_hand",
    "pipeline",
    "backorders",
    "lost",
    "wasted",
    "cycle_service_level",
    "fill_rate",
    "on_time_rate",
)
"""Measures of the whole that the summary has."""


@dataclass(slots=True)
class Totals:
    """Sums over shards, one of them after the other.

    The runs of a simulation are added run by run: replication 7 of the whole is replication 7 of
    each shard, so that standard errors are those that one simulation of the whole would give.
    """

    stages: int = 0
    components: int = 0
    objective: float = 0.0
    bound: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    below: int = 0
    promises: int = 0
    told: Told = field(default_factory=Told)
    leaving: float = 0.0
    group: int = 1
    digest: int = 0
    runs: NDArray[np.float64] | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, done: Done) -> None:
        """Add one shard."""
        for name in ("stages", "components", "below", "promises"):
            setattr(self, name, getattr(self, name) + getattr(done, name))
        if done.objective == done.objective:  # not a shard in which every component failed
            self.objective += done.objective
            self.bound += done.bound
        for status, count in done.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count
        for step, took in done.seconds.items():
            self.seconds[step] = self.seconds.get(step, 0.0) + took
        self.told.add(done.told)
        self.leaving += done.leaving
        self.digest = add_digests([self.digest, done.digest])
        if done.runs is not None:
            self.group = done.group
            self.runs = done.runs.copy() if self.runs is None else self.runs + done.runs

    @property
    def plan(self) -> dict[str, Any]:
        """Of the plan: objective, bound and gap of what was solved, money per period."""
        return {
            "objective": self.objective,
            "bound": self.bound,
            "gap": relative_gap(self.objective, self.bound),
            "components": dict(sorted(self.statuses.items())),
        }

    @property
    def simulation(self) -> dict[str, Any] | None:
        """Of the simulation: measures of the whole and their standard errors; None without one."""
        if self.runs is None:
            return None
        means = group_means(self.runs[None], self.group)
        found = estimate(Moments.of(means, GROUP.pair_numbers), GROUP, np.array([self.leaving]))
        place = {name: GROUP.measures.index(name) for name in _SHOWN}
        values: dict[str, Any] = {}
        for name, i in place.items():
            values[name] = _number(found.value[i, 0])
            values[f"{name}_se"] = _number(found.error[i, 0])
        return values | {"promises": self.promises, "clearly_below_promise": self.below}


def _number(value: float) -> float | None:
    """A number that JSON can hold; None where there is nothing to measure."""
    return float(value) if np.isfinite(value) else None
