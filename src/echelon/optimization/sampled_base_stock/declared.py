"""The sampled problem as a Pyomo model: the specification of what any other route answers.

Late units are ``max(gap - level, 0)``. Where a supplier that is late is no gain to the objective,
the smallest late units are the cheapest, and the model is a linear program. Where goods that wait
at a supplier are cheaper than at the receiver, it would let the supplier hold them back, knowing
the path; there binaries forbid it:

- at a stage whose gaps are known, late units on all paths are a curve of the one level, and steps
  from one sorted gap to the next, taken in order, describe the hull of that curve;
- at other stages, one binary per path says whether there is a shortage.

Cycle service and ready rate get a binary only on paths that some choice of levels can leave short,
a small share of those above the level that the target needs with full supplies (the quantile
argument of Luedtke, Ahmed and Nemhauser, 2010), and the inequalities of the mixing set over these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray

from echelon.optimization.sampled_base_stock.declared_service import add_targets
from echelon.optimization.sampled_base_stock.problem import Point, SampledProblem, Share
from echelon.optimization.sampled_base_stock.single_level import SingleLevel

Floats = NDArray[np.float64]

_ROUNDING = 1e-9


def declare(problem: SampledProblem) -> Any:
    """Declare the sampled problem of one component.

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``level`` (units) by stage; ``gap`` and ``late`` (units) by point and path; ``objective``.
    """
    m = pyo.ConcreteModel(name="base_stock_saa")
    n, points = problem.n_scenarios, range(len(problem.points))
    m.STAGE = pyo.RangeSet(0, problem.n_stages - 1, doc="stage, suppliers first")
    m.POINT = pyo.RangeSet(0, len(points) - 1, doc="stage at the end of a period of each path")
    m.PATH = pyo.RangeSet(0, n - 1, doc="sampled path")
    m.ROUTE = pyo.Set(
        initialize=[(p, r) for p in points for r in range(len(problem.points[p].routes))],
        doc="point, one of its supplies",
    )
    m.holding_cost = pyo.Param(
        m.STAGE, mutable=True, initialize=dict(enumerate(problem.holding_cost.tolist())),
        doc="money per unit and period",
    )  # fmt: skip
    m.backorder_cost = pyo.Param(
        m.STAGE, mutable=True, initialize=dict(enumerate(problem.backorder_cost.tolist())),
        doc="money per unit and period",
    )  # fmt: skip
    m.open = pyo.Param(
        m.ROUTE, m.PATH, mutable=True, doc="units asked for after the last order that has arrived",
        initialize={
            (p, r, w): units
            for p, r in m.ROUTE
            for w, units in enumerate(problem.points[p].routes[r].open.tolist())
        },
    )  # fmt: skip
    low, high = level_bounds(problem)
    m.level = pyo.Var(
        m.STAGE, bounds=lambda _, j: (float(low[j]), float(high[j])), doc="base stock, units"
    )
    most = [
        np.maximum(gap - low[point.stage], 0.0)
        for point, gap in zip(problem.points, problem.upper, strict=True)
    ]
    m.late = pyo.Var(
        m.POINT, m.PATH, doc="units late",
        bounds=lambda _, p, w: (0.0, float(most[p][w])),
    )  # fmt: skip
    m.steps, m.shortages, m.supplies, m.shares = (pyo.Block(pyo.Any) for _ in range(4))
    supplies = {(p, r): _supply(m, problem, p, r, most) for p, r in m.ROUTE}
    m.supply = pyo.Expression(
        m.ROUTE, m.PATH, doc="units that a supply leaves open",
        rule=lambda _, p, r, w: supplies[p, r][w],
    )  # fmt: skip
    gaps = [_gap(m, problem, p) for p in points]
    m.gap = pyo.Expression(
        m.POINT, m.PATH, doc="units that the scarcest supply leaves open",
        rule=lambda _, p, w: gaps[p][w],
    )  # fmt: skip
    m.is_late = pyo.Constraint(
        m.POINT, m.PATH, doc="no less is late than the gap leaves after the level",
        rule=lambda m, p, w: m.late[p, w] >= m.gap[p, w] - m.level[problem.points[p].stage],
    )  # fmt: skip
    _forbid_holding_back(m, problem, low, high, most)
    _add_cost(m, problem)
    add_targets(m, problem, low)
    return m


def level_bounds(problem: SampledProblem) -> tuple[Floats, Floats]:
    """Bounds that cut off no best level: what targets need with full supplies, and the highest."""
    low, high = np.zeros(problem.n_stages), problem.highest
    for target in problem.targets:
        if problem.free[target.stage]:
            floor = SingleLevel.of(problem, target.stage, problem.lower).floor(target)
            low[target.stage] = max(low[target.stage], floor)
    return low, np.maximum(low, high)


def _supply(m: Any, problem: SampledProblem, p: int, r: int, most: list[Floats]) -> list[Any]:
    """What one supply of a point leaves open on every path."""
    route = problem.points[p].routes[r]
    paths = range(problem.n_scenarios)
    if route.point < 0:
        return [m.open[p, r, w] for w in paths]
    if route.share is None:
        return [m.open[p, r, w] + m.late[route.point, w] / route.units for w in paths]
    return [
        m.open[p, r, w] + _owed(m, p, r, w, route.point, route.share, most) / route.units
        for w in paths
    ]


def _owed(m: Any, p: int, r: int, w: int, supplier: int, share: Share, most: list[Floats]) -> Any:
    """What the supplier owes this lane of all that is late: a broken line, filled in order."""
    widths, parts = _segments(share, w, float(most[supplier][w]))
    if not widths:
        return 0.0
    if len(widths) == 1:
        return parts[0] * m.late[supplier, w]
    block = m.shares[p, r, w]
    last = len(widths) - 1
    block.SEGMENT = pyo.RangeSet(0, last, doc="requests of a period, the latest first")
    block.part = pyo.Var(
        block.SEGMENT, bounds=lambda _, k: (0.0, widths[k]), doc="late units of these requests"
    )
    block.full = pyo.Var(pyo.RangeSet(0, last - 1), domain=pyo.Binary, doc="1 if all are late")
    block.all_late = pyo.Constraint(
        expr=sum(block.part[k] for k in block.SEGMENT) == m.late[supplier, w]
    )
    block.fill = pyo.Constraint(
        block.full.index_set(), rule=lambda b, k: b.part[k] >= widths[k] * b.full[k]
    )
    block.then = pyo.Constraint(
        block.full.index_set(), rule=lambda b, k: b.part[k + 1] <= widths[k + 1] * b.full[k]
    )
    return sum(parts[k] * block.part[k] for k in block.SEGMENT)


def _segments(share: Share, w: int, most: float) -> tuple[list[float], list[float]]:
    """Widths and the asker's part of requests by period, those of equal parts together."""
    widths: list[float] = []
    parts: list[float] = []
    left = most
    for total, own in zip(share.total[:, w].tolist(), share.own[:, w].tolist(), strict=True):
        if left <= 0.0:
            break
        if total <= 0.0:
            continue
        width, part = min(total, left), own / total
        if parts and abs(parts[-1] - part) <= _ROUNDING:
            widths[-1] += width
        else:
            widths.append(width)
            parts.append(part)
        left -= total
    return widths, parts


def _gap(m: Any, problem: SampledProblem, p: int) -> list[Any]:
    """The largest of what the supplies of a point leave open, on every path."""
    routes = [[m.supply[p, r, w] for w in m.PATH] for r in range(len(problem.points[p].routes))]
    if len(routes) == 1:
        return routes[0]
    lower, upper = _route_bounds(problem, p)
    gaps: list[Any] = []
    for w in range(problem.n_scenarios):
        open_ones = [r for r in range(len(routes)) if upper[r][w] > lower[:, w].max() - _ROUNDING]
        if len(open_ones) == 1:
            gaps.append(routes[open_ones[0]][w])
            continue
        block = m.supplies[p, w]
        block.ROUTE = pyo.Set(initialize=open_ones, doc="supplies that can be the scarcest")
        block.gap = pyo.Var(bounds=(float(lower[:, w].max()), float(upper[:, w].max())))
        block.scarcest = pyo.Var(block.ROUTE, domain=pyo.Binary, doc="1 if it sets the gap")
        block.one = pyo.Constraint(expr=sum(block.scarcest[r] for r in block.ROUTE) == 1)
        block.at_least = pyo.Constraint(block.ROUTE, rule=lambda b, r, w=w: b.gap >= routes[r][w])
        block.at_most = pyo.Constraint(
            block.ROUTE,
            rule=lambda b, r, w=w: (
                b.gap <= routes[r][w] + float(upper[:, w].max() - lower[r][w]) * (1 - b.scarcest[r])
            ),
        )
        gaps.append(block.gap)
    return gaps


def _route_bounds(problem: SampledProblem, p: int) -> tuple[Floats, Floats]:
    """Least and largest gap of each supply of a point, (n_routes, n_scenarios)."""
    none = [
        np.zeros(problem.n_scenarios) if problem.free[q.stage] else np.maximum(gap, 0.0)
        for q, gap in zip(problem.points, problem.lower, strict=True)
    ]
    full = [np.maximum(gap, 0.0) for gap in problem.upper]
    routes = problem.points[p].routes
    return np.array([r.gap(none) for r in routes]), np.array([r.gap(full) for r in routes])


def gains_by_holding_back(problem: SampledProblem) -> list[bool]:
    """Per point, whether late units beyond the least could lower the objective.

    One unit less late costs at most what the receivers then hold more, and what their own late
    units, one less, cost in turn; it saves what the stage holds and owes less.
    """
    counted = [0.0] * len(problem.points)
    for numbers in problem.counted:
        for p in numbers.tolist():
            counted[p] = 1.0 / len(numbers)
    mean_part = 1.0 if problem.tail is None else 1.0 - problem.tail.weight
    saved = [
        weight * (problem.holding_cost[q.stage] + mean_part * problem.backorder_cost[q.stage])
        for weight, q in zip(counted, problem.points, strict=True)
    ]
    for p in reversed(range(len(problem.points))):  # receivers first
        point = problem.points[p]
        in_turn = max(0.0, -saved[p])
        parts = problem.part_cost[point.stage]
        for route, own in zip(point.routes, parts, strict=True):
            if route.point >= 0:
                held = float(problem.holding_cost[point.stage])
                if len(point.routes) > 1:
                    held = max(held - (sum(parts) - own), own)
                saved[route.point] -= (counted[p] * held + in_turn) / route.units
    return [value < -_ROUNDING for value in saved]


def _forbid_holding_back(
    m: Any, problem: SampledProblem, low: Floats, high: Floats, most: list[Floats]
) -> None:
    gains = gains_by_holding_back(problem)
    stepped: dict[int, list[int]] = {}
    for p, point in enumerate(problem.points):
        if not gains[p]:
            continue
        if all(route.point < 0 for route in point.routes) and problem.free[point.stage]:
            stepped.setdefault(point.stage, []).append(p)
        else:
            _one_by_one(m, problem, p, high, most)
    for stage, numbers in stepped.items():
        _in_steps(m, problem, stage, numbers, float(low[stage]), float(high[stage]))


def _in_steps(
    m: Any, problem: SampledProblem, stage: int, numbers: list[int], low: float, high: float
) -> None:
    """Late units at known gaps as a curve of the level, from one sorted gap to the next."""
    gaps = np.concatenate([problem.lower[p] for p in numbers])
    knots = np.unique(np.concatenate([[low, high], gaps[gaps > low]]))
    block = m.steps[stage]
    last = len(knots) - 1
    widths = np.diff(knots).tolist()
    block.STEP = pyo.RangeSet(1, last, doc="from a sorted gap to the next")
    block.taken = pyo.Var(block.STEP, bounds=lambda _, k: (0.0, widths[k - 1]), doc="units")
    block.late = pyo.Var(pyo.RangeSet(0, last), domain=pyo.NonNegativeReals, doc="at the gap")
    block.whole = pyo.Var(pyo.RangeSet(1, last - 1), domain=pyo.Binary, doc="1 if all is taken")
    block.late[0].fix(0.0)
    block.level = pyo.Constraint(
        expr=m.level[stage] == low + sum(block.taken[k] for k in block.STEP)
    )
    block.left = pyo.Constraint(
        block.STEP,
        rule=lambda b, k: b.late[k] == b.late[k - 1] + widths[k - 1] - b.taken[k],
    )
    block.fill = pyo.Constraint(
        block.whole.index_set(), rule=lambda b, k: b.taken[k] >= widths[k - 1] * b.whole[k]
    )
    block.then = pyo.Constraint(
        block.whole.index_set(), rule=lambda b, k: b.taken[k + 1] <= widths[k] * b.whole[k]
    )
    pairs = [(p, w) for p in numbers for w in range(problem.n_scenarios)]
    place = {
        (p, w): int(np.searchsorted(knots, max(float(problem.lower[p][w]), knots[0])))
        for p, w in pairs
    }
    block.read = pyo.Constraint(pairs, rule=lambda b, p, w: m.late[p, w] == b.late[place[p, w]])


def _one_by_one(m: Any, problem: SampledProblem, p: int, high: Floats, most: list[Floats]) -> None:
    """One binary per path: late units are 0, or what the gap leaves after the level."""
    point: Point = problem.points[p]
    j = point.stage
    block = m.shortages[p]
    block.is_short = pyo.Var(m.PATH, domain=pyo.Binary, doc="1 if the stage ends short")
    least = problem.lower[p]
    for w in range(problem.n_scenarios):
        if least[w] >= high[j]:
            block.is_short[w].fix(1)
        elif most[p][w] <= 0.0:
            block.is_short[w].fix(0)
    block.none = pyo.Constraint(
        m.PATH, rule=lambda b, w: m.late[p, w] <= float(most[p][w]) * b.is_short[w]
    )
    block.rest = pyo.Constraint(
        m.PATH,
        rule=lambda b, w: (
            m.late[p, w]
            <= m.gap[p, w] - m.level[j] + float(max(high[j] - least[w], 0.0)) * (1 - b.is_short[w])
        ),
    )


def _add_cost(m: Any, problem: SampledProblem) -> None:
    """Holding of stock and waiting parts, mean shortage cost and its tail."""
    n = problem.n_scenarios
    holding: list[Any] = []
    losses: list[list[Any]] = [[] for _ in range(n)]
    for j, numbers in enumerate(problem.counted):
        share = 1.0 / (len(numbers) * n)
        for p in numbers.tolist():
            for w in range(n):
                on_hand = m.level[j] - m.gap[p, w] + m.late[p, w]
                holding.append(share * m.holding_cost[j] * on_hand)
                losses[w].append(m.backorder_cost[j] * m.late[p, w] / len(numbers))
            routes = problem.part_cost[j] if len(problem.points[p].routes) > 1 else ()
            for r, cost in enumerate(routes):  # parts wait for the scarcest one
                holding.extend(share * cost * (m.gap[p, w] - m.supply[p, r, w]) for w in m.PATH)
    m.loss = pyo.Expression(m.PATH, rule=lambda _, w: sum(losses[w]), doc="shortage cost of a path")
    m.holding = pyo.Expression(expr=sum(holding))
    shortage = sum(m.loss[w] for w in m.PATH) / n
    tail = problem.tail
    if tail is None:
        m.objective = pyo.Objective(expr=m.holding + shortage)
        return
    m.threshold = pyo.Var(bounds=(0.0, None), doc="value at risk of the shortage cost")
    m.excess = pyo.Var(m.PATH, domain=pyo.NonNegativeReals, doc="loss above the threshold")
    m.beyond = pyo.Constraint(m.PATH, rule=lambda m, w: m.excess[w] >= m.loss[w] - m.threshold)
    m.tail = pyo.Expression(
        expr=m.threshold + sum(m.excess[w] for w in m.PATH) / ((1.0 - tail.level) * n)
    )
    if np.isfinite(tail.limit):
        m.tail_limit = pyo.Constraint(expr=m.tail <= tail.limit)
    m.objective = pyo.Objective(
        expr=m.holding + (1.0 - tail.weight) * shortage + tail.weight * m.tail
    )
