"""Totals of closed families, gathered column by column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import Members
from echelon.distributions.base import Distribution
from echelon.lead_time.exposed_array import ExposedArray, entries_of
from echelon.lead_time.exposed_periods import ExposedPeriods
from echelon.lead_time.totals import Terms


class FlatTerms:
    """Collects totals of closed families, column by column."""

    def __init__(self) -> None:
        self.columns: dict[str, list[tuple[Any, Any, Any, Any]]] = {}

    def add_sums(self, group: Members, exposed: ExposedArray, some: NDArray[np.bool_]) -> None:
        """Add the sums of some members of a closed family over each number of periods."""
        ptr, entry = entries_of(exposed.ptr, group.at[some])
        row = np.repeat(np.flatnonzero(some), np.diff(ptr))
        times = exposed.periods[entry]
        means, stds = group.mean[row] * times, group.std[row] * np.sqrt(times)
        self.add(group.family, group.at[row], exposed.weights[entry], means, stds)

    def add_sum(self, stage: int, demand: Distribution, exposed: ExposedPeriods) -> None:
        """Add the sums of one distribution of a closed family over each number of periods."""
        times = exposed.periods
        at = np.full(len(times), stage)
        self.add(
            demand.family, at, exposed.weights, demand.mean * times, demand.std * np.sqrt(times)
        )

    def add(self, family: str, stage: Any, weight: Floats, mean: Floats, std: Floats) -> None:
        """Add totals of one family, flat; what does not vary is known, under whatever name."""
        if not len(stage):
            return
        known = std == 0.0 if family != "poisson" else mean == 0.0
        for name, rows in ((family, ~known), ("deterministic", known)):
            if rows.all():
                self.columns.setdefault(name, []).append((stage, weight, mean, std))
            elif rows.any():
                some = tuple(column[rows] for column in (stage, weight, mean, std))
                self.columns.setdefault(name, []).append(some)

    def groups(self) -> tuple[Terms, ...]:
        """Give one group per family."""
        found = []
        for family, parts in sorted(self.columns.items()):
            stage, *rest = (np.concatenate(column) for column in zip(*parts, strict=True))
            if (np.diff(stage) < 0).any():
                order = np.argsort(stage, kind="stable")
                stage, rest = stage[order], [column[order] for column in rest]
            found.append(Terms(family, stage, *rest))
        return tuple(found)
