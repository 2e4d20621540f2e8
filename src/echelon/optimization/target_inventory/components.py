r"""What a target consists of: its units by why they are there.

The target of a stage and period is its planned inventory position once the period is over: on hand,
in release, in make, in transit and on open order, less what is owed to customers. The units on hand
are pegged to what they will be issued for (:mod:`pegging`), and each has one reason:

- *safety*: the last ``min(floor, on hand)`` units in the line, which a floor keeps there;
- *shelf-life cut* (negative) and as much more *safety*: floors that would expire before demand
  takes them, and so are not held;
- *policy override*: units the plan found or was told to order (opening stock, open and frozen
  orders), beyond what had to be there before the first order that it could place itself;
- *minimum-order excess*: units of an order, at most what the multiple or the minimum can have
  added, that are still there when the next order comes in;
- *prebuild*: units for which no room was left later: windows closed, capacity, resources or the
  largest order used up;
- *cycle*: all others, less what is owed to customers.

What is not on hand is *quality hold* in release and *pipeline* before that. The parts add up to the
target by construction: the cycle stock is what remains, and is checked against its own tally.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.optimization.target_inventory.pegging import INHERITED, Pegs, peg
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.solution import TargetSolution

COMPONENTS: Final = (
    "cycle",
    "safety",
    "pipeline",
    "quality_hold",
    "prebuild",
    "minimum_order_excess",
    "shelf_life_cut",
    "policy_override",
)

_SAME: Final = 1e-9
"""Relative difference up to which an order is the minimum."""


def targets(problem: TargetProblem, solution: TargetSolution) -> Floats:
    """Planned inventory position at the end of each period: (J, T) float64, units."""
    owed = np.zeros((problem.n_stages, problem.n_periods))
    np.add.at(owed, problem.demand_stage, solution.backorders)
    return np.asarray(
        solution.on_hand
        + solution.in_release
        + solution.in_make
        + solution.in_transit
        + solution.open_orders
        - owed
    )


def components(problem: TargetProblem, solution: TargetSolution) -> dict[str, Floats]:
    """Split the targets of all stages and periods into parts that add up to them.

    Returns
    -------
    dict of str to (J, T) float64
        By the names of :data:`COMPONENTS`, units; every part is >= 0 but the shelf-life cut, which
        is <= 0, and the cycle stock, which is where more is owed than is on hand for no other
        reason.
    """
    shape = (problem.n_stages, problem.n_periods)
    parts = {name: np.zeros(shape) for name in COMPONENTS}
    parts["pipeline"] = solution.in_make + solution.in_transit + solution.open_orders
    parts["quality_hold"] = solution.in_release.copy()
    for stage in range(problem.n_stages):
        for name, units in _on_hand_parts(problem, solution, stage).items():
            parts[name][stage] = units
    others = sum((parts[name] for name in COMPONENTS[1:]), start=np.zeros(shape))
    parts["cycle"] = targets(problem, solution) - others
    return parts


def _on_hand_parts(
    problem: TargetProblem, solution: TargetSolution, stage: int
) -> dict[str, Floats]:
    """Parts of the stock on hand of a stage that are not cycle stock, by period."""
    if _only_cycle(problem, stage):
        return {}
    floor = problem.floor[stage]
    held = np.minimum(floor, solution.on_hand[stage])
    cut = _shelf_life_cut(problem, solution, stage)
    parts = {"safety": held - cut, "shelf_life_cut": cut}
    pegs = peg(problem, solution, stage)
    if not len(pegs.units):
        return parts
    pegs, override, excess = _marked(problem, solution, stage, pegs)
    there = pegs.on_hand(problem.n_periods)
    behind = there[::-1].cumsum(axis=0)[::-1] - there  # units behind it in the line
    rest = there - np.clip(held - behind, 0.0, there)
    parts["policy_override"] = rest[override].sum(axis=0)
    parts["minimum_order_excess"] = rest[excess].sum(axis=0)
    later = pegs.issued >= _first_arrival(problem, stage)
    free = ~override & ~excess & (_own(problem, stage, pegs) | later)
    if free.any() and _can_be_full(problem, stage):
        parts["prebuild"] = _prebuild(problem, solution, stage, pegs.issued[free], rest[free])
    return parts


def _only_cycle(problem: TargetProblem, stage: int) -> bool:
    """Whether nothing but choice can put a unit on hand, so that none has to be pegged."""
    return not (
        problem.floor[stage].any()
        or problem.order_multiple[stage] > 0.0
        or problem.minimum_order[stage] > 0.0
        or (problem.stock_stage == stage).any()
        or (problem.open_stage == stage).any()
        or _can_be_full(problem, stage)
    )


def _own(problem: TargetProblem, stage: int, pegs: Pegs) -> Booleans:
    """Portions of orders that the plan was free to place."""
    frozen = ~np.isnan(problem.fixed_order[stage])
    return np.asarray((pegs.ordered != INHERITED) & ~frozen[pegs.ordered])


def arrival(problem: TargetProblem, stage: int, way: int | None = None) -> int:
    """Periods from an order, an ordinary one unless a way is given, until all of it is on hand."""
    chosen = int(np.flatnonzero(problem.way_stage == stage)[0]) if way is None else way
    offset = int(problem.start_offset[problem.start_way == chosen].max())
    return offset + int(problem.make_time[stage] + problem.release_time[stage])


def _starts(problem: TargetProblem, stage: int) -> tuple[Integers, Floats]:
    """When the parts of an ordinary order are started, counted from it, and how large they are."""
    way = int(np.flatnonzero(problem.way_stage == stage)[0])
    parts = problem.start_way == way
    return problem.start_offset[parts], problem.start_share[parts]


def _first_arrival(problem: TargetProblem, stage: int) -> int:
    """Period in which the first order that the plan can place itself could be on hand."""
    offsets, _ = _starts(problem, stage)
    n_periods = problem.n_periods
    for order in np.flatnonzero(
        problem.can_order[stage] & np.isnan(problem.fixed_order[stage])
    ).tolist():
        starts = [order + int(offset) for offset in offsets]
        if all(at >= n_periods or problem.can_start[stage, at] for at in starts):
            return min(order + arrival(problem, stage), n_periods)
    return n_periods


def _marked(
    problem: TargetProblem, solution: TargetSolution, stage: int, pegs: Pegs
) -> tuple[Pegs, Booleans, Booleans]:
    """Mark portions as policy override or minimum-order excess, cut in two where they are in part.

    Of the units concerned the first in the line are marked: those behind them are what a floor
    keeps, as long as it does.
    """
    over, excess = np.zeros(len(pegs.units)), np.zeros(len(pegs.units))
    floor = problem.floor[stage]
    own = _own(problem, stage, pegs)
    first = _first_arrival(problem, stage)
    _mark(over, pegs, ~own & ((pegs.issued >= first) | ~pegs.used), floor, first, np.inf)
    for order, limit, following in _rounded_orders(problem, solution, stage):
        surplus = own & (pegs.ordered == order) & ((pegs.issued >= following) | ~pegs.used)
        _mark(excess, pegs, surplus, floor, following, limit)
    rest = np.maximum(pegs.units - over - excess, 0.0)
    every = np.arange(len(pegs.units))
    which = np.concatenate([every, every, every])
    units = np.concatenate([over, excess, rest])
    kind = np.repeat([0, 1, 2], len(every))
    kept = units > 0.0
    line = np.lexsort((kind[kept], which[kept]))
    which, units, kind = which[kept][line], units[kept][line], kind[kept][line]
    return pegs.part(which, units), kind == 0, kind == 1


def _mark(
    marked: Floats, pegs: Pegs, chosen: Booleans, floor: Floats, following: int, limit: float
) -> None:
    """Mark units of the chosen portions, less those that a floor kept when they were too many."""
    kept = float(floor[following - 1]) if following > 0 else 0.0
    left = min(limit, float(pegs.units[chosen].sum()) - kept)
    for portion in np.flatnonzero(chosen).tolist():
        if left <= 0.0:
            return
        marked[portion] = min(left, float(pegs.units[portion]))
        left -= marked[portion]


def _rounded_orders(
    problem: TargetProblem, solution: TargetSolution, stage: int
) -> list[tuple[int, float, int]]:
    """Orders that a multiple or a minimum can have made larger.

    Period, most that it can have added (good units), and when the next order is on hand.
    """
    multiple, least = float(problem.order_multiple[stage]), float(problem.minimum_order[stage])
    if multiple == 0.0 and least == 0.0:
        return []
    orders = solution.orders[stage]
    periods = np.flatnonzero(solution.set_up[stage]).tolist()
    takes, good = arrival(problem, stage), float(problem.good_share[stage])
    found = []
    for order, later in zip(periods, [*periods[1:], problem.n_periods], strict=False):
        following = min(later + takes, problem.n_periods)
        by_minimum = orders[order] if 0.0 < orders[order] <= least * (1.0 + _SAME) else 0.0
        found.append((order, max(multiple, float(by_minimum)) * good, following))
    return found


def _can_be_full(problem: TargetProblem, stage: int) -> bool:
    """Whether an order could have found no room in some period."""
    return bool(
        np.isfinite(problem.capacity[stage]).any()
        or not problem.can_start[stage].all()
        or np.isfinite(problem.maximum_order[stage])
        or (problem.use_stage == stage).any()
        or not np.isnan(problem.fixed_order[stage]).all()
    )


def _prebuild(
    problem: TargetProblem,
    solution: TargetSolution,
    stage: int,
    issued: Integers,
    rest: Floats,
) -> Floats:
    r"""Units on hand for which no room was left after the period: (T,) float64.

    A unit on hand at the end of :math:`t` for period :math:`u` could have come later if an ordinary
    order with room left would have been there in :math:`(t, u]`. These intervals all begin at
    :math:`t`, so by Hall's theorem the units that find no room number
    :math:`\max_u (D_t(u) - C_t(u))^+` with :math:`D_t(u)` the units for periods up to :math:`u` and
    :math:`C_t(u)` the room that arrives in :math:`(t, u]`.
    """
    n_periods = problem.n_periods
    need = np.zeros((n_periods, n_periods + 1))
    for place, period in enumerate(issued.tolist()):
        need[:, period] += rest[place]
    room = np.zeros(n_periods + 1)
    takes = arrival(problem, stage)
    free = _room(problem, solution, stage)
    room[takes:n_periods] = free[: max(n_periods - takes, 0)]
    room[n_periods] = np.inf  # what is left at the end could have come with an order after it
    prebuilt = np.zeros(n_periods)
    for period in range(n_periods):
        short = need[period, period + 1 :].cumsum() - room[period + 1 :].cumsum()
        prebuilt[period] = max(float(short.max(initial=0.0)), 0.0)
    return prebuilt


def _room(problem: TargetProblem, solution: TargetSolution, stage: int) -> Floats:
    """Good units that an ordinary order of each period could have been larger by: (T,) float64."""
    n_periods = problem.n_periods
    by_start = problem.capacity[stage] - solution.started[stage]
    for use in np.flatnonzero(problem.use_stage == stage).tolist():
        per_unit = float(problem.use_per_unit[use])
        if per_unit > 0.0:
            resource = int(problem.use_resource[use])
            by_start = np.minimum(by_start, _left(problem, solution, resource) / per_unit)
    by_start = np.where(problem.can_start[stage], np.maximum(by_start, 0.0), 0.0)
    room = np.full(n_periods, np.inf)
    for offset, share in zip(*_starts(problem, stage), strict=True):
        within = np.full(n_periods, np.inf)  # what starts after the plan has all room
        within[: n_periods - int(offset)] = by_start[int(offset) :]
        room = np.minimum(room, within / float(share))
    room = np.minimum(room, problem.maximum_order[stage] - solution.orders[stage])
    room = np.where(np.isnan(problem.fixed_order[stage]), np.maximum(room, 0.0), 0.0)
    return np.asarray(room * float(problem.good_share[stage]))


def _left(problem: TargetProblem, solution: TargetSolution, resource: int) -> Floats:
    """What is left of a resource in each period: (T,) float64."""
    taken = np.zeros(problem.n_periods)
    for use in np.flatnonzero(problem.use_resource == resource).tolist():
        stage = int(problem.use_stage[use])
        started = solution.started[stage]
        taken += problem.use_per_unit[use] * started
        taken += problem.use_per_set_up[use] * (started > 0.0)
        taken += problem.use_per_unit_held[use] * solution.on_hand[stage]
    return np.asarray(problem.resource_capacity[resource] - taken)


def _shelf_life_cut(problem: TargetProblem, solution: TargetSolution, stage: int) -> Floats:
    """Units of the floor that would expire before demand takes them, and are not held: <= 0.

    Fresh units on hand at the end of a period serve the next ``shelf_life - 1 - release_time``
    periods, fewer where every customer asks for a remaining life. A floor above what is asked for
    in those cannot be kept without waste.
    """
    life = int(problem.shelf_life[stage])
    cut = np.zeros(problem.n_periods)
    short = np.maximum(problem.floor[stage] - solution.on_hand[stage], 0.0)
    if not life or not (short > 0.0).any():
        return cut
    here = problem.demand_stage == stage
    asked = problem.demand[here].sum(axis=0) + solution.component_use[stage]
    least = 1
    if here.any() and not (problem.lane_from == stage).any():
        least = max(int(problem.minimum_life[here].min()), 1)
    usable = max(life - least - int(problem.release_time[stage]), 0)
    for period in np.flatnonzero(short > 0.0).tolist():
        if period + usable < problem.n_periods:  # else demand goes on beyond what is known
            taken = float(asked[period + 1 : period + usable + 1].sum())
            cut[period] = -min(short[period], max(problem.floor[stage, period] - taken, 0.0))
    return cut
