"""Lift and lower the levels of a plan until measured service meets its targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echelon.optimization.calibration.measured import Bench, Reading
from echelon.optimization.calibration.problem import Problem
from echelon.optimization.calibration.search import LevelSearch

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

_CLOSE: Final = 0.1
"""Of a half-width: so far may measured service lie above its target in the end."""

_LEAST: Final = 1e-7
"""Service this near to none or all is taken as this near, so that it has a normal quantile."""

_CLOSE_FACTOR: Final = 0.02
"""Standard deviations of service; how closely one factor for many stages is found."""


@dataclass(frozen=True, slots=True)
class State:
    """Levels (n_stages,) and what was measured at them."""

    levels: Floats
    reading: Reading


@dataclass(slots=True)
class Solver:
    """The searches of one calibration, and how many rounds they may take together.

    Attributes
    ----------
    problem : Problem
    bench : Bench
    target : (n_ends,) float64
    z : float
        Standard errors in a half-width.
    max_rounds : int
    """

    problem: Problem
    bench: Bench
    target: Floats
    z: float
    max_rounds: int

    @property
    def exhausted(self) -> bool:
        """Whether no more simulations are allowed."""
        return self.bench.rounds >= self.max_rounds

    def read(self, levels: Floats) -> State:
        """Simulate levels."""
        return State(levels, self.bench.read(levels))

    def gap(self, reading: Reading) -> Floats:
        """How far service is above its target, in standard deviations of a normal, (n_ends,)."""
        gap = _quantile(reading.service) - _quantile(self.target)
        return np.where(np.isnan(gap), 0.0, gap)  # nothing fell due: nothing to mend

    def near(self, reading: Reading) -> Booleans:
        """Where service is above its target by less than counts, (n_ends,)."""
        above = reading.service - self.target
        slack = np.maximum(_CLOSE * self.z * np.nan_to_num(reading.service_se), 1e-5)
        return np.asarray(np.isnan(above) | ((above >= 0.0) & (above <= slack)))

    def by_factor(self, state: State, components: Booleans) -> State:
        """Move all levels of a component by one number of their standard deviations.

        The number is the least with which all its stages with customers reach their targets.
        """
        problem = self.problem
        n = problem.n_components
        moves = problem.group >= 0
        moves[problem.ends] = problem.end_can_move
        search = LevelSearch(np.zeros(n), np.full(n, 0.5), np.zeros(n), floor=-np.inf)
        base, search_over = state.levels, components.copy()
        while True:
            gap = np.full(n, np.inf)
            np.minimum.at(gap, problem.end_component, self.gap(state.reading))
            gap = np.where(search_over & np.isfinite(gap), gap, 0.0)
            search.observe(gap, (gap >= 0.0) & (gap <= _CLOSE_FACTOR))
            last = bool(search.done.all()) or self.exhausted
            factor = np.where(search_over, search.found if last else search.level, 0.0)
            levels = np.where(
                moves, self.rounded(base + factor[problem.component] * problem.unit), base
            )
            if np.array_equal(levels, state.levels):
                return state
            state = self.read(levels)
            if last:
                return state

    def by_customers(self, state: State, stride: float = 0.5) -> tuple[State, Booleans]:
        """Find the least levels of the stages with customers, all other levels as they are.

        Returns
        -------
        State
            Measured at these levels.
        ndarray of bool, (n_ends,)
            Where no level was found that reaches the target.
        """
        problem = self.problem
        ends, tiers = problem.ends, problem.tier
        short = np.zeros(len(ends), dtype=np.bool_)
        for tier in range(int(tiers.max(initial=-1)) + 1):
            here = np.flatnonzero((tiers == tier) & problem.end_can_move)
            state, failed = self._search(state, here, stride)
            short[here] = failed
        fixed = ~problem.end_can_move
        short[fixed] = self.gap(state.reading)[fixed] < 0.0
        return state, short

    def _search(
        self, state: State, here: NDArray[np.int64], stride: float
    ) -> tuple[State, Booleans]:
        problem = self.problem
        rows = problem.ends[here]
        search = LevelSearch(
            self.rounded(state.levels)[rows], stride * problem.unit[rows], problem.step[rows]
        )
        if not np.array_equal(search.level, state.levels[rows]):
            state = self._at(state, rows, search.level)
        reopened = 0
        while True:
            gap, near = self.gap(state.reading)[here], self.near(state.reading)[here]
            search.observe(gap, near)
            level = search.found if search.done.all() else search.level
            if self.exhausted:
                level = search.found
            if not np.array_equal(level, state.levels[rows]):
                state = self._at(state, rows, level)
                if not (search.done.all() or self.exhausted):
                    continue
            elif not (search.done.all() or self.exhausted):
                continue
            short = self.gap(state.reading)[here] < 0.0
            again = short & ~search.unreachable
            if not again.any() or self.exhausted or reopened == _MOST_REOPENED:
                return state, short
            reopened += 1  # levels of others were lowered since these were measured
            search.reopen(again)

    def _at(self, state: State, rows: NDArray[np.int64], level: Floats) -> State:
        levels = state.levels.copy()
        levels[rows] = level
        return self.read(levels)

    def rounded(self, levels: Floats) -> Floats:
        """Levels on their lattices, none below 0 that the plan has not below 0."""
        step = np.where(self.problem.step > 0.0, self.problem.step, 1.0)
        whole = np.ceil(levels / step - 1e-9) * step
        rounded = np.where(self.problem.step > 0.0, whole, levels)
        return np.maximum(rounded, np.minimum(self.problem.base_stock, 0.0))


_MOST_REOPENED: Final = 3


def _quantile(service: Floats) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(np.clip(service, _LEAST, 1.0 - _LEAST)))
