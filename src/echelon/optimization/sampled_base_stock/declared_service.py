"""Service targets in the Pyomo model of the sampled problem."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray

from echelon.optimization.sampled_base_stock.problem import SampledProblem, Target
from echelon.optimization.sampled_base_stock.recursion import allowed

Floats = NDArray[np.float64]

_ROUNDING = 1e-9


def add_targets(m: Any, problem: SampledProblem, low: Floats) -> None:
    """Add a block of constraints for every target; ``low`` (n_stages,) bounds the levels."""
    m.service = pyo.Block(range(len(problem.targets)), doc="one per target")
    for number, target in enumerate(problem.targets):
        block = m.service[number]
        if target.measure == "fill":
            _add_fill(m, block, problem, target, float(low[target.stage]))
        else:
            _add_quantile(m, block, problem, target, float(low[target.stage]))


def _add_quantile(m: Any, block: Any, problem: SampledProblem, target: Target, low: float) -> None:
    """At most so many cycles, or periods, end short (clauses 6.1 and 6.2).

    ``low`` is the level that the target needs with full supplies, so a cycle whose largest gap
    over all levels upstream is no higher is never short and has no binary. With known gaps those
    left are as many as may be short, and no binary is needed at all.
    """
    groups = problem.cycles[target.stage]
    if target.measure == "ready":
        groups = tuple(p[None] for p in problem.counted[target.stage])
    lower = np.array([np.max([problem.lower[p] for p in group], axis=0) for group in groups])
    upper = np.array([np.max([problem.upper[p] for p in group], axis=0) for group in groups])
    may = allowed(target, lower.size)
    doubtful = [(int(g), int(w)) for g, w in zip(*np.nonzero(upper > low + _ROUNDING), strict=True)]
    if len(doubtful) <= may:
        return
    block.CYCLE = pyo.Set(initialize=doubtful, doc="cycle, path that can end short")
    block.is_short = pyo.Var(block.CYCLE, domain=pyo.Binary, doc="1 if the cycle may end short")
    block.at_most = pyo.Constraint(expr=sum(block.is_short[c] for c in block.CYCLE) <= may)
    level = m.level[target.stage]
    block.met = pyo.Constraint(
        [(g, w, int(p)) for g, w in doubtful for p in groups[g]],
        rule=lambda b, g, w, p: m.gap[p, w] <= level + float(upper[g, w] - low) * b.is_short[g, w],
        doc="what is not short has no gap above the level",
    )
    _add_mixing(block, level, lower, doubtful, may)


def _add_mixing(
    block: Any, level: Any, lower: Floats, doubtful: list[tuple[int, int]], may: int
) -> None:
    """The strongest inequality of the mixing set over gaps with full supplies.

    ``level >= x_1 - sum_i (x_i - x_(i+1)) z_i`` for gaps ``x_1 >= x_2 >= ...``, of which only the
    first ``may + 1`` count.
    """
    ranked = sorted(doubtful, key=lambda c: -lower[c])[: may + 1]
    if len(ranked) < 2:
        return
    falls = [float(lower[a] - lower[b]) for a, b in pairwise(ranked)]
    terms = (fall * block.is_short[c] for fall, c in zip(falls, ranked[:-1], strict=True))
    block.mixing = pyo.Constraint(expr=level + sum(terms) >= float(lower[ranked[0]]))


def _add_fill(m: Any, block: Any, problem: SampledProblem, target: Target, low: float) -> None:
    """At most a share of customers' units late when they are asked for (clause 6.3).

    Of a period's units ``min(due, late)`` are. Where more can be late than was asked for in the
    period a binary says so; elsewhere it is what is late.
    """
    terms: list[Any] = []
    due_in_all = 0.0
    deep: list[tuple[int, int]] = []
    for p in problem.counted[target.stage].tolist():
        point = problem.points[p]
        due_in_all += float(point.due_customers.sum())
        for w in np.flatnonzero(point.due > 0.0).tolist():
            share = float(point.due_customers[w] / point.due[w])
            if share > 0.0 and problem.upper[p][w] - low > 0.0:
                is_deep = bool(problem.upper[p][w] - point.due[w] > low + _ROUNDING)
                terms.append((share, p, w, is_deep))
                deep.extend([(p, w)] * is_deep)
    block.DEEP = pyo.Set(initialize=deep, doc="point, path with more late than a period asks for")
    due = {(p, w): float(problem.points[p].due[w]) for p, w in deep}
    most = {(p, w): float(problem.upper[p][w] - low) for p, w in deep}
    block.is_deep = pyo.Var(block.DEEP, domain=pyo.Binary, doc="1 if all of the period is late")
    block.new_late = pyo.Var(
        block.DEEP, bounds=lambda _, p, w: (0.0, due[p, w]), doc="units of the period late"
    )
    block.all = pyo.Constraint(
        block.DEEP, rule=lambda b, p, w: b.new_late[p, w] >= due[p, w] * b.is_deep[p, w]
    )
    block.some = pyo.Constraint(
        block.DEEP,
        rule=lambda b, p, w: (
            b.new_late[p, w] >= m.late[p, w] - (most[p, w] - due[p, w]) * b.is_deep[p, w]
        ),
    )
    late = sum(
        share * (block.new_late[p, w] if is_deep else m.late[p, w])
        for share, p, w, is_deep in terms
    )
    block.may_be_late = pyo.Param(mutable=True, initialize=(1.0 - target.level) * due_in_all)
    if terms:
        block.fill_rate = pyo.Constraint(expr=late <= block.may_be_late)
