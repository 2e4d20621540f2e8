"""What every run came to, kept for quantiles and for comparisons of two simulations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.errors import DomainError, UnknownNameError
from echelon.network.compiled import Floats
from echelon.simulation.measured.estimates import Level, influences, per_run
from echelon.simulation.measured.moments import group_means


@dataclass(frozen=True, slots=True)
class LevelRuns:
    """Quantities of every run at one level.

    Attributes
    ----------
    level : Level
    keys : DataFrame
        What the rows are; no columns for the network.
    values : (n_rows, n_quantities, n_runs) float64
    demand : (n_rows,) float64
        Mean demand of which stock on hand is so many periods of supply.
    """

    level: Level
    keys: pd.DataFrame
    values: Floats
    demand: Floats


@dataclass(frozen=True, slots=True)
class Runs:
    """Quantities of every run, by level; ``group`` of them depend on each other."""

    levels: Mapping[str, LevelRuns]
    group: int

    def quantiles(self, measure: str, probabilities: Sequence[float], level: str) -> pd.DataFrame:
        """Quantiles over the runs of a measure; see :meth:`Simulation.quantiles`."""
        runs = self.at(level)
        if measure not in runs.level.measures:
            raise UnknownNameError("measure", measure, runs.level.measures)
        wrong = [p for p in probabilities if not 0.0 <= p <= 1.0]
        if wrong:
            raise DomainError(
                f"quantiles: probabilities has {wrong}, must be numbers from 0 to 1. "
                "Fix: give 0.95 for 95 %."
            )
        each = per_run(runs.values, runs.level, measure, runs.demand)
        found = np.full((len(probabilities), len(each)), np.nan)
        known = ~np.isnan(each).all(axis=1)
        found[:, known] = np.nanquantile(each[known], list(probabilities), axis=1)
        frame = runs.keys.reset_index(drop=True).copy()
        for p, quantile in zip(probabilities, found, strict=True):
            frame[f"q{100 * p:g}"] = quantile
        return frame

    def influences(self, measure: str, level: str) -> tuple[Floats, Floats]:
        """Values of a measure and the effects of independent runs on them."""
        runs = self.at(level)
        return influences(group_means(runs.values, self.group), runs.level, measure, runs.demand)

    def at(self, level: str) -> LevelRuns:
        """One level.

        Raises
        ------
        DomainError
            If its runs were not kept.
        """
        if level not in self.levels:
            raise DomainError(
                f"the runs were not kept at level {level!r}, only at {', '.join(self.levels)}. "
                "Fix: simulate with keep=True."
            )
        return self.levels[level]
