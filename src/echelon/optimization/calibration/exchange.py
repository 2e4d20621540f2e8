"""Exchange stock between stages upstream and those with customers, service staying what it is."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from echelon.optimization.calibration.solve import Solver, State

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

_STRIDES: Final = (1.0, 0.5, 0.25)
"""Standard deviations by which levels upstream are moved, each as long as it pays."""

_MOST_SWEEPS: Final = 3
"""With one stride."""

_WORTH: Final = 1e-3
"""Of the holding cost; a sweep that saves less is the last."""

_LEFT: Final = 18
"""Simulations besides those of a sweep: its two searches, and what comes after the exchange."""

_NUDGE: Final = 0.15
"""Standard deviations by which levels of stages with customers are lifted to see what that does."""


class Exchange:
    """Lower the holding cost at measured service that stays on its targets.

    A level upstream is moved down and up. What that does to the service of customers is made good
    by their own stages' levels, at the price at which those bring service: a parabola through the
    three costs says how far to go [1]_. All components are moved at once, and every sweep ends
    with an exact search of the levels of stages with customers; what it did not make cheaper is
    taken back.

    References
    ----------
    .. [1] Glasserman & Tayur (1995), *Management Science* 41(2), descend on simulated derivatives;
       differences under common random numbers take their place here, as orders may be in lots.
    """

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._problem = solver.problem

    def run(self, state: State, components: Booleans) -> State:
        """Sweep until it no longer pays, in the components named, (n_components,)."""
        problem, solver = self._problem, self._solver
        groups = int(problem.group.max(initial=-1)) + 1
        for stride in _STRIDES:
            active = components.copy()
            for _ in range(_MOST_SWEEPS):
                if not groups or not active.any() or not self._room(3 * groups + _LEFT):
                    break
                tried = self._sweep(state, stride, groups, active)
                tried, short = solver.by_customers(tried, stride=0.1)
                state, gain = self._cheaper(state, tried, short, active)
                active &= gain > _WORTH
        return state

    def _room(self, rounds: int) -> bool:
        return self._solver.bench.rounds + rounds <= self._solver.max_rounds

    def _sweep(self, state: State, stride: float, groups: int, active: Booleans) -> State:
        """Move every group once; service is on its target to first order only after that."""
        problem = self._problem
        lift, price = self._prices(state)
        for number in range(groups):
            moves = (problem.group == number) & active[problem.component]
            if not moves.any():
                continue
            trials = [(0.0, self._cost(state, lift, price), self._short(state, lift))]
            for sign in (-1.0, 1.0):
                levels = state.levels + np.where(moves, sign * stride * problem.unit, 0.0)
                levels = self._solver.rounded(levels)
                trial = self._solver.read(levels)
                trials.append((sign, self._cost(trial, lift, price), self._short(trial, lift)))
            best = _lowest(trials[1][1], trials[0][1], trials[2][1])  # in strides
            best = np.where(active, best, 0.0)
            levels = state.levels + np.where(
                moves, best[problem.component] * stride * problem.unit, 0.0
            )
            change = _between(trials[1][2], trials[0][2], trials[2][2], best[problem.end_component])
            moved = best[problem.end_component] != 0.0
            levels[problem.ends] += np.where(moved & problem.end_can_move, change, 0.0)
            levels = self._solver.rounded(levels)
            if not np.array_equal(levels, state.levels):
                state = self._solver.read(levels)
        return state

    def _prices(self, state: State) -> tuple[Floats, Floats]:
        """What a unit of stock does at each stage with customers, (n_ends,) each.

        Standard deviations of service per unit, and money per period per unit.
        """
        problem = self._problem
        rows = problem.ends
        by = np.where(problem.end_can_move, _NUDGE * problem.unit[rows], 0.0)
        by = np.where(problem.step[rows] > 0.0, np.maximum(by, problem.step[rows]), by)
        levels = state.levels.copy()
        levels[rows] += by
        lifted = self._solver.read(self._solver.rounded(levels))
        width = np.maximum(lifted.levels[rows] - state.levels[rows], 1e-12)
        rise = self._solver.gap(lifted.reading) - self._solver.gap(state.reading)
        cost = lifted.reading.holding_cost[rows] - state.reading.holding_cost[rows]
        lift = np.where(problem.end_can_move, np.maximum(rise / width, 1e-12), np.inf)
        return lift, np.where(problem.end_can_move, np.maximum(cost / width, 0.0), 0.0)

    def _short(self, state: State, lift: Floats) -> Floats:
        """Units by which levels of stages with customers are to rise for their targets."""
        problem = self._problem
        needed = -self._solver.gap(state.reading) / lift
        most = 3.0 * problem.unit[problem.ends]
        return np.asarray(np.clip(needed, -most, most))

    def _cost(self, state: State, lift: Floats, price: Floats) -> Floats:
        """Holding cost of each component once service is put back on its targets."""
        problem = self._problem
        total = np.bincount(
            problem.component, state.reading.holding_cost, minlength=problem.n_components
        )
        made_good = np.zeros(problem.n_components)
        np.add.at(made_good, problem.end_component, self._short(state, lift) * price)
        fixed = ~problem.end_can_move & (self._solver.gap(state.reading) < 0.0)
        made_good[problem.end_component[fixed]] = np.inf
        return np.asarray(total + made_good)

    def _cheaper(
        self, before: State, after: State, short: Booleans, active: Booleans
    ) -> tuple[State, Floats]:
        """Keep, of each component, what is cheaper and reaches its targets."""
        problem = self._problem
        cost = [
            np.bincount(problem.component, one.reading.holding_cost, problem.n_components)
            for one in (before, after)
        ]
        bad = np.zeros(problem.n_components, dtype=np.bool_)
        bad[problem.end_component[short]] = True
        better = (cost[1] < cost[0]) & ~bad & active
        gain = np.where(better, 1.0 - cost[1] / np.where(cost[0] > 0.0, cost[0], 1.0), 0.0)
        if not better.any():
            return before, gain
        levels = np.where(better[problem.component], after.levels, before.levels)
        if np.array_equal(levels, after.levels):
            return after, gain
        return self._solver.read(levels), gain


def _lowest(below: Floats, here: Floats, above: Floats) -> Floats:
    """Where a parabola through -1, 0 and 1 is lowest, within what was tried."""
    curved = np.isfinite(below) & np.isfinite(above) & np.isfinite(here)
    with np.errstate(invalid="ignore", divide="ignore"):
        curvature = below - 2.0 * here + above
        vertex = 0.5 * (below - above) / curvature
    convex = curved & (curvature > 1e-12 * np.abs(here))
    ends = np.where(below < above, -1.0, 1.0)
    ends = np.where(np.minimum(below, above) < here, ends, 0.0)
    found = np.where(convex, np.clip(vertex, -1.0, 1.0), ends)
    return np.where(np.abs(found) < 0.02, 0.0, found)


def _between(below: Floats, here: Floats, above: Floats, at: Floats) -> Floats:
    """Read a curve through three points, straight beyond them."""
    toward = np.where(at < 0.0, below - here, above - here)
    return np.asarray(here + np.abs(at) * toward)
