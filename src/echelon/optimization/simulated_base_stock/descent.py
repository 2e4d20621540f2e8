"""Levels of least cost on a fixed sample, by quasi-Newton steps along pathwise derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize

from echelon.network.compiled import Floats
from echelon.optimization.simulated_base_stock.problem import Problem
from echelon.optimization.simulated_base_stock.sample import Sample

_MOST_STEPS: Final = 60
_MOST_TURNS: Final = 8
"""Turns in which multipliers of targets are corrected."""

_CLOSE: Final = 0.02
"""Share of the shortage that a target leaves by which service may be off, before it is restored."""


@dataclass(slots=True)
class Multipliers:
    """Prices of the targets, carried from sample to sample.

    Attributes
    ----------
    value, penalty : (n_targets,) float64
        Money per period for a unit of service, and for a unit squared.
    """

    value: Floats
    penalty: Floats

    @classmethod
    def first(cls, sample: Sample, levels: Floats) -> Multipliers:
        """What a point of service costs at the stage itself, as far as its own level can tell."""
        problem = sample.problem
        n = len(problem.targets)
        value, penalty = np.zeros(n), np.ones(n)
        if not n:
            return cls(value, penalty)
        _, plain, _ = sample.lagrangian(levels, value, np.full(n, 1e-9))
        for i, target in enumerate(problem.targets):
            _, pulled, _ = sample.lagrangian(levels, np.eye(n)[i], np.full(n, 1e-9))
            gain = float(plain[target.stage] - pulled[target.stage])
            holding = float(problem.price.on_hand[0, target.stage])
            usual = holding * problem.unit[target.stage] / (1.0 - target.level)
            value[i] = min(max(plain[target.stage], 0.1 * holding) / max(gain, 1e-12), 10.0 * usual)
        penalty = value / (0.2 * (1.0 - np.array([t.level for t in problem.targets])))
        return cls(value, np.maximum(penalty, 1e-9))


def descend(
    sample: Sample, levels: Floats, multipliers: Multipliers, *, turns: int = _MOST_TURNS
) -> Floats:
    """Levels of least cost near ``levels``; targets are met up to the softness of the sample.

    Multipliers are corrected in place, at most ``turns`` times.
    """
    problem = sample.problem
    move = _moves(problem, levels)
    point = move.point_of(levels)
    room = 1.0 - np.array([target.level for target in problem.targets])
    for _ in range(turns if problem.targets else 1):
        best: dict[str, tuple[float, Floats, Floats]] = {}

        def value(
            at: Floats, best: dict[str, tuple[float, Floats, Floats]] = best
        ) -> tuple[float, Floats]:
            money, slope, service = sample.lagrangian(
                move.levels_of(at), multipliers.value, multipliers.penalty
            )
            if "point" not in best or money < best["point"][0]:
                best["point"] = (money, at.copy(), service)
            return money, move.slope_of(slope)

        minimize(
            value,
            point,
            jac=True,
            method="L-BFGS-B",
            bounds=[(low, None) for low in move.lowest],
            options={"maxiter": _MOST_STEPS, "ftol": 1e-7, "maxcor": 20},
        )
        _, point, service = best["point"]
        if not problem.targets:
            break
        missing = np.array([target.level for target in problem.targets]) - service
        at_rest = np.abs(np.where(multipliers.value > 0.0, missing, np.maximum(missing, 0.0)))
        multipliers.value = np.maximum(multipliers.value + multipliers.penalty * missing, 0.0)
        if (at_rest <= _CLOSE * room).all():
            break
    return move.levels_of(point)


@dataclass(frozen=True, slots=True)
class _Move:
    """Levels as a linear function of what is searched: ``base + by @ point``."""

    base: Floats
    by: Floats
    lowest: Floats

    def levels_of(self, point: Floats) -> Floats:
        return np.asarray(np.maximum(self.base + self.by @ point, 0.0))

    def point_of(self, levels: Floats) -> Floats:
        found, *_ = np.linalg.lstsq(self.by, levels - self.base, rcond=None)
        return np.maximum(np.asarray(found, dtype=np.float64), self.lowest)

    def slope_of(self, gradient: Floats) -> Floats:
        return np.asarray(gradient @ self.by)


def _moves(problem: Problem, levels: Floats) -> _Move:
    free = np.flatnonzero(problem.free)
    if problem.by_factor:
        by = np.where(problem.free, problem.unit, 0.0)[:, None]
        base = np.where(problem.free, problem.centre, levels)
        lowest = -(problem.centre[free] / problem.unit[free]).min(initial=0.0)
        return _Move(base, by, np.array([lowest]))
    by = np.zeros((problem.n_stages, len(free)))
    by[free, np.arange(len(free))] = problem.unit[free]
    return _Move(np.where(problem.free, 0.0, levels), by, np.zeros(len(free)))
