"""Rows that follow from the others where orders are whole, and tighten the model."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from echelon.optimization.target_inventory.numbers import may_be_owed
from echelon.optimization.target_inventory.shape import Shape, first_arrivals


def add_covers(m: Any, shape: Shape) -> None:
    """Stock before some periods covers them unless an order arrives; see :mod:`~.model`."""
    arrivals = {j: first_arrivals(shape, j) for j, one in enumerate(shape.stages) if one.covered}
    customers = {j: [d for d, row in enumerate(shape.demands) if row[0] == j] for j in arrivals}

    def covered(m: Any, j: int, k: int, end: int) -> Any:
        there = m.held[j, k - 1] + 0.0 if k else 0.0
        for d in customers[j]:
            if (d, end) in m.OWED:
                there += m.owed[d, end]
            elif (d, end) in m.UNMET:
                there += sum(m.unmet[d, t] for t in range(k, end + 1))
        if (j, end) in m.FLOORED:
            there += m.below_floor[j, end]
        waits = may_be_owed(shape, j)
        for t in shape.stages[j].free:
            inside = [u for u in arrivals[j].get(t, ()) if k <= u <= end]
            if inside:
                first = k if waits else int(inside[0])
                there += m.covered_by_order[j, first, end] * m.placed[j, t]
        if isinstance(there, float):
            return pyo.Constraint.Skip
        return there >= m.cover_need[j, k, end]

    m.covered = pyo.Constraint(
        m.COVER, rule=covered, doc="stock covers some periods unless an order arrives in them"
    )


def add_roundings(m: Any, shape: Shape) -> None:
    """What whole multiples leave on hand or owed; see :mod:`~.model`."""
    customers: dict[int, list[int]] = {}
    for d, (j, _, _) in enumerate(shape.demands):
        customers.setdefault(j, []).append(d)
    arrivals = {j: first_arrivals(shape, j) for j, one in enumerate(shape.stages) if one.rounded}

    def joined(m: Any, j: int, t: int) -> Any:
        """Multiples that have joined the stock."""
        periods = [s for s, at in arrivals[j].items() if len(at) and at[0] <= t]
        return sum(m.lots[j, s] for s in periods) + 0.0

    def left(m: Any, j: int, t: int) -> Any:
        more = m.excess[j, t] * joined(m, j, t)
        there = m.held[j, t]
        if (j, t) in m.EXPIRING:
            there += sum(m.expired[j, s] for s in range(t + 1))
        return there - more >= -m.excess[j, t] * m.whole_need[j, t]

    def short(m: Any, j: int, t: int) -> Any:
        owed = [m.owed[d, t] for d in customers[j] if (d, t) in m.OWED]
        lost = [
            m.lost_share[d] * m.unmet[d, s]
            for d in customers[j]
            for s in range(t + 1)
            if (d, s) in m.UNMET
        ]
        if not owed and not lost:
            if not any(len(at) and at[0] <= t for at in arrivals[j].values()):
                return pyo.Constraint.Skip
            return joined(m, j, t) >= m.least_lots[j, t]
        more = m.rest[j, t] * joined(m, j, t)
        return sum(owed) + sum(lost) + more >= m.rest[j, t] * m.whole_need[j, t] + m.rest[j, t]

    m.left_of_lots = pyo.Constraint(m.ROUNDED, rule=left, doc="what whole multiples leave")
    m.short_of_lots = pyo.Constraint(m.ROUNDED, rule=short, doc="what they leave unserved")
