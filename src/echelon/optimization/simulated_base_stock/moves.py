"""The last steps without derivatives: one level, or one up and the next down, under equal draws.

They decide where levels are whole units, and mend what derivatives leave out.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.network.compiled import Booleans, Floats
from echelon.optimization.simulated_base_stock.restore import restore
from echelon.optimization.simulated_base_stock.sample import Sample

_STRIDES: Final = (0.5, 0.2, 0.07)
"""Of levels that are no whole units, in standard deviations of what a stage covers."""

_ENOUGH: Final = 1e-6
"""A gain of less than this share of the cost is none."""


def by_moves(sample: Sample, levels: Floats, *, rounds: int = 20) -> Floats:
    """Take moves that lower the cost on the sample until none does.

    Stages with targets follow each move, so that targets stay met. At most ``rounds`` rounds
    through all moves per stride.
    """
    problem = sample.problem
    least = np.where(problem.step > 0.0, problem.step, 0.0)
    levels, cost = _settled(sample, problem.rounded(levels))
    strides = [np.where(least > 0.0, _multiples(s * problem.unit, least), s * problem.unit)
               for s in _STRIDES]  # fmt: skip
    if (least > 0.0).any():
        strides.append(np.where(least > 0.0, least, strides[-1]))
    done: list[Floats] = []
    for stride in strides:
        if any(np.array_equal(stride, one) for one in done):
            continue
        done.append(stride)
        for _ in range(rounds):
            better = False
            for move in _moves(sample, stride):
                tried, price = _settled(sample, np.maximum(levels + move, 0.0))
                while price < cost - _ENOUGH * abs(cost):
                    levels, cost, better = tried, price, True
                    tried, price = _settled(sample, np.maximum(levels + move, 0.0))
            if not better:
                break
    return levels


def _multiples(wanted: Floats, step: Floats) -> Floats:
    safe = np.where(step > 0.0, step, 1.0)
    return np.maximum(np.floor(wanted / safe), 1.0) * safe


def _moves(sample: Sample, stride: Floats) -> list[Floats]:
    """Free levels up and down: each alone, and from a stage to those next to it.

    Down one lane, into all receivers of a stage, or out of all its suppliers: kits need all their
    parts, so that no single supplier could take over what the stage gives up.
    """
    problem = sample.problem
    asked = {target.stage for target in problem.targets}
    movable = problem.free & ~np.isin(np.arange(problem.n_stages), list(asked))
    found = []
    for j in np.flatnonzero(movable).tolist():
        found.append(np.where(np.arange(problem.n_stages) == j, stride, 0.0))
    lanes = _lanes(sample, movable)
    groups = [[lane] for lane in lanes]
    for end in (0, 1):
        for j in range(problem.n_stages):
            own = [lane for lane in lanes if lane[end] == j]
            groups += [own] if len(own) > 1 else []
    for group in groups:
        # so many units at the receivers, and what goes into them less at the suppliers
        move = np.zeros(problem.n_stages)
        for i, j, units in group:
            less = units * stride[j]
            if problem.step[i] > 0.0:
                less = max(round(less / problem.step[i]), 1) * problem.step[i]
            move[i], move[j] = min(move[i], -less), stride[j]
        found.append(move)
    return [sign * move for move in found for sign in (1.0, -1.0)]


def _lanes(sample: Sample, movable: Booleans) -> list[tuple[int, int, float]]:
    """Supplier, receiver and units of the lanes whose both ends may move."""
    net = sample.problem.net
    supplier = np.repeat(np.arange(sample.problem.n_stages), np.diff(net.asker_ptr))
    return [
        (int(i), int(net.receiver[k]), float(net.units[k]))
        for i, k in zip(supplier.tolist(), net.asker_lane.tolist(), strict=True)
        if k >= 0 and movable[i] and movable[net.receiver[k]]
    ]


def _settled(sample: Sample, levels: Floats) -> tuple[Floats, float]:
    """Levels with which the targets are met, and what they cost; inf where they cannot be."""
    levels, met = restore(sample, levels)
    return levels, sample.read(levels).mean if met else float("inf")
