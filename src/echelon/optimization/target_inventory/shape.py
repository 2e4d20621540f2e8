"""What of a problem decides how its model is declared; problems of one shape share a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.errors import InfeasibleError
from echelon.network.compiled import Floats, Integers
from echelon.optimization.target_inventory.problem import TargetProblem

MUST, BACKORDERED, LOST, PARTLY_LOST = "must", "backordered", "lost", "partly lost"
"""What becomes of demand that is not served when it is due."""

Periods = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StageShape:
    """Of one stage: its times, and the periods in which its model has a row or a variable.

    ``free`` and ``frozen`` are the periods of orders that are decided and that are given;
    ``limited`` those with a capacity, ``floored`` those with a floor. ``in_lots`` says that orders
    are whole multiples, ``placed`` that placing one is a decision by itself, ``set_up`` that
    starting is one. ``covered``: whether inequalities that follow from the others tighten it.
    ``in_order``: whether what joins the stock later never expires sooner. ``unstocked`` are the
    periods in which nothing may be left.
    """

    make_time: int
    release_time: int
    shelf_life: int
    carries_life: bool
    in_order: bool
    unstocked: Periods
    free: Periods
    frozen: Periods
    limited: Periods
    floored: Periods
    in_lots: bool
    placed: bool
    set_up: bool
    has_minimum: bool
    has_maximum: bool
    covered: bool
    rounded: bool


@dataclass(frozen=True, slots=True)
class WayShape:
    """Of one way of ordering: its stage, when it may be used and when what is ordered starts."""

    stage: int
    periods: Periods
    offsets: Periods
    lane_time: Periods


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything about a problem but its numbers; hashable.

    ``first_out`` says that units are issued first expired first out by rows of their own.
    ``demands`` are (stage, what becomes of shortage, minimum life), ``lanes`` (supplier, receiver),
    ``resources`` the periods in which one is limited, ``uses`` (stage, resource, by units started,
    by set-ups, by units held).
    """

    n_periods: int
    stages: tuple[StageShape, ...]
    ways: tuple[WayShape, ...]
    demands: tuple[tuple[int, str, int], ...]
    lanes: tuple[tuple[int, int], ...]
    resources: tuple[Periods, ...]
    uses: tuple[tuple[int, int, bool, bool, bool], ...]
    first_out: bool = False


def shape_of(problem: TargetProblem) -> Shape:
    """Give the shape of a problem.

    Raises
    ------
    InfeasibleError
        If an order of the frozen horizon could be started in no open period; names it.
    """
    p = problem
    frozen = [tuple(np.flatnonzero(row > 0.0).tolist()) for row in p.fixed_order]
    ways = tuple(_way_shape(p, w, frozen[int(p.way_stage[w])]) for w in range(p.n_ways))
    reached: list[set[int]] = [set() for _ in range(p.n_stages)]
    for way in ways:
        reached[way.stage].update(way.periods)
    for j, periods in enumerate(frozen):
        for t in periods:
            if t not in reached[j]:
                item, location = p.labels[j]
                raise InfeasibleError(
                    f"the frozen order of {item} @ {location} in period {t} would be started when "
                    "the calendar is closed. Fix: correct frozen_orders, or open the calendar.",
                    j,
                )
    return Shape(
        p.n_periods,
        tuple(_stage_shape(p, j, frozen[j], reached[j]) for j in range(p.n_stages)),
        ways,
        tuple(
            (int(p.demand_stage[d]), _shortage(p, d), int(p.minimum_life[d]))
            for d in range(p.n_demands)
        ),
        tuple(zip(p.lane_from.tolist(), p.lane_to.tolist(), strict=True)),
        tuple(_where(np.isfinite(row)) for row in p.resource_capacity),
        tuple(
            (int(j), int(r), bool(p.use_per_unit[u]), bool(p.use_per_set_up[u]), bool(held))
            for u, (j, r, held) in enumerate(
                zip(p.use_stage, p.use_resource, p.use_per_unit_held, strict=True)
            )
        ),
    )


def _where(mask: np.ndarray) -> Periods:
    return tuple(np.flatnonzero(mask).tolist())


def _shortage(p: TargetProblem, d: int) -> str:
    if p.must_serve[d]:
        return MUST
    share = float(p.lost_share[d])
    return BACKORDERED if share == 0.0 else LOST if share == 1.0 else PARTLY_LOST


def _way_shape(p: TargetProblem, w: int, frozen: Periods) -> WayShape:
    """When the way may be used: what it orders starts in open periods, and some of it arrives."""
    j = int(p.way_stage[w])
    offsets = np.sort(p.start_offset[p.start_way == w])
    first = int(offsets[0]) + int(p.make_time[j] + p.release_time[j])
    periods = []
    for t in range(p.n_periods):
        if not (t in frozen or (np.isnan(p.fixed_order[j, t]) and p.can_order[j, t])):
            continue
        starts = t + offsets
        starts = starts[starts < p.n_periods]
        if p.can_start[j, starts].all() and (t in frozen or t + first < p.n_periods):
            periods.append(t)
    lanes = np.flatnonzero(p.lane_to == j)
    return WayShape(
        j, tuple(periods), tuple(offsets.tolist()), tuple(p.way_lane_time[w, lanes].tolist())
    )


def _stage_shape(p: TargetProblem, j: int, frozen: Periods, reached: set[int]) -> StageShape:
    multiple, minimum = float(p.order_multiple[j]), float(p.minimum_order[j])
    uses = p.use_stage == j
    in_lots = multiple > 0.0
    has_minimum = minimum > multiple
    sets_up = bool(p.use_per_set_up[uses].any())
    starts = p.start_offset[p.way_stage[p.start_way] == j]
    at_once = len(np.unique(starts)) == 1 and not frozen  # then placing an order is a set-up
    placed = p.order_cost[j] > 0.0 or has_minimum or (sets_up and at_once)
    free = tuple(sorted(reached - set(frozen)))
    return StageShape(
        make_time=int(p.make_time[j]),
        release_time=int(p.release_time[j]),
        shelf_life=int(p.shelf_life[j]),
        carries_life=bool(p.carries_life[j]),
        in_order=_joins_in_order(p, j),
        unstocked=_unstocked(p, j),
        free=free,
        frozen=frozen,
        limited=_where(np.isfinite(p.capacity[j])),
        floored=_where(p.floor[j] > 0.0),
        in_lots=in_lots,
        placed=bool(placed),
        set_up=sets_up and not at_once,
        has_minimum=has_minimum,
        has_maximum=bool(np.isfinite(p.maximum_order[j])),
        covered=bool(placed) and _is_covered(p, j, frozen),
        rounded=in_lots and _is_rounded(p, j, frozen),
    )


def _joins_in_order(p: TargetProblem, j: int) -> bool:
    """Whether what joins the stock later never expires before what joined earlier."""
    if not p.shelf_life[j]:
        return True
    stock, opened = p.stock_stage == j, (p.open_stage == j) & (p.open_quantity > 0.0)
    joins = np.concatenate([np.zeros(int(stock.sum()), np.int64), p.open_period[opened]])
    last = joins + np.concatenate([p.stock_life[stock], p.open_life[opened]]) - 1
    if ((joins[:, None] < joins) & (last[:, None] > last)).any():
        return False
    after = int(p.make_time[j] + p.release_time[j])
    first = int(p.start_offset[p.way_stage[p.start_way] == j].min(initial=p.n_periods)) + after
    keeps = int(p.shelf_life[j] - p.release_time[j]) - 1  # periods after the one of joining
    before = last <= np.maximum(joins + 1, first) + keeps  # orders that join after it
    behind = (joins <= first) | (last >= joins - 1 + keeps)  # orders that joined before it
    return bool(before.all() and behind.all())


def _unstocked(p: TargetProblem, j: int) -> Periods:
    """Periods in which the stage may hold nothing: all, but for what comes too late to be used.

    What joins the stock without a decision when every order of a receiver would arrive after the
    last period has nowhere to go; it is left there.
    """
    if p.can_stock[j]:
        return ()
    takers = np.isin(p.way_stage, p.lane_to[p.lane_from == j])
    if not takers.any():
        return tuple(range(p.n_periods))
    stage = p.way_stage[p.start_way]
    time = p.start_offset + p.make_time[stage] + p.release_time[stage]
    end = max(p.n_periods - int(time[takers[p.start_way]].min()), 0)
    comes = p.open_arrivals()[j]
    comes[0] += p.opening_stock()[j]
    for part in np.flatnonzero(stage == j).tolist():
        frozen = np.flatnonzero(p.fixed_order[j] > 0.0) + int(time[part])
        comes[frozen[frozen < p.n_periods]] = 1.0
    late = np.flatnonzero(comes[end:] > 0.0)
    return tuple(range(end + int(late[0]) if len(late) else p.n_periods))


def _is_covered(p: TargetProblem, j: int, frozen: Periods) -> bool:
    """Whether the covering inequalities hold: customers, and arrivals that are known or decided."""
    mine = np.flatnonzero(p.way_stage == j)
    known = not frozen or (len(mine) == 1 and int((p.start_way == mine[0]).sum()) == 1)
    rows = p.demand_stage == j
    partly = (p.lost_share[rows] > 0.0) & (p.lost_share[rows] < 1.0) & ~p.must_serve[rows]
    return bool(known and rows.any() and not partly.any())


def _is_rounded(p: TargetProblem, j: int, frozen: Periods) -> bool:
    """Whether all that joins the stock is known or whole multiples, and customers alone take it."""
    mine = np.flatnonzero(p.way_stage == j)
    whole = len(mine) == 1 and int((p.start_way == mine[0]).sum()) == 1 and not frozen
    alone = not (p.lane_from == j).any() and bool((p.demand_stage == j).any())
    return bool(whole and alone and not p.carries_life[j])


def first_arrivals(shape: Shape, stage: int) -> dict[int, Integers]:
    """When parts of an order join the on-hand stock, by the period of the order, soonest first."""
    one = shape.stages[stage]
    arrivals: dict[int, list[int]] = {}
    for way in shape.ways:
        if way.stage == stage:
            for t in way.periods:
                joined = [t + o + one.make_time + one.release_time for o in way.offsets]
                arrivals.setdefault(t, []).extend(a for a in joined if a < shape.n_periods)
    return {t: np.unique(np.array(a, dtype=np.int64)) for t, a in arrivals.items()}


def known_arrivals(problem: TargetProblem, shape: Shape, stage: int) -> Floats:
    """Units that join the on-hand stock whatever is decided: opening, open and frozen orders."""
    known: Floats = problem.open_arrivals()[stage]
    known[0] += problem.opening_stock()[stage]
    arrivals = first_arrivals(shape, stage)
    for t in shape.stages[stage].frozen:
        if len(arrivals.get(t, ())):
            known[arrivals[t][0]] += problem.fixed_order[stage, t] * problem.good_share[stage]
    return known
