"""Values of a declared sampled problem under given levels, for a solver to begin with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from echelon.optimization.sampled_base_stock.problem import SampledProblem
from echelon.optimization.sampled_base_stock.recursion import Reading

Floats = NDArray[np.float64]


def set_start(m: Any, problem: SampledProblem, levels: Floats, reading: Reading) -> None:
    """Set levels, late units and the binaries that go with them.

    What follows from these (gaps of several supplies, parts of late units, excess over the
    threshold) is left to the solver, which completes a start by itself.
    """
    for j in m.STAGE:
        m.level[j].set_value(float(levels[j]), skip_validation=True)
    for p in m.POINT:
        for w in m.PATH:
            m.late[p, w].set_value(float(reading.late[p][w]), skip_validation=True)
    for stage in m.steps:
        block = m.steps[stage]
        left = float(levels[stage]) - float(m.level[stage].lb)
        for k in block.STEP:
            width = float(block.taken[k].ub)
            taken = min(max(left, 0.0), width)
            block.taken[k].set_value(taken, skip_validation=True)
            if k in block.whole:
                block.whole[k].set_value(int(left >= width), skip_validation=True)
            left -= width
    for p in m.shortages:
        for w in m.PATH:
            one = m.shortages[p].is_short[w]
            if not one.fixed:
                one.set_value(int(reading.late[p][w] > 0.0), skip_validation=True)
    _set_service(m, problem, levels, reading)


def _set_service(m: Any, problem: SampledProblem, levels: Floats, reading: Reading) -> None:
    for number, target in enumerate(problem.targets):
        block = m.service[number]
        if target.measure == "fill":
            for p, w in block.DEEP:
                late, due = float(reading.late[p][w]), float(problem.points[p].due[w])
                block.is_deep[p, w].set_value(int(late >= due), skip_validation=True)
                block.new_late[p, w].set_value(min(late, due), skip_validation=True)
        elif hasattr(block, "CYCLE"):
            groups = problem.cycles[target.stage]
            if target.measure == "ready":
                groups = tuple(p[None] for p in problem.counted[target.stage])
            level = float(levels[target.stage])
            for g, w in block.CYCLE:
                short = any(reading.gap[p][w] > level + 1e-9 for p in groups[g])
                block.is_short[g, w].set_value(int(short), skip_validation=True)
