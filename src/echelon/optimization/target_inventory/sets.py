"""The index sets of a shape's model, in the order in which its numbers are laid out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from echelon.optimization.target_inventory.shape import BACKORDERED, LOST, MUST, PARTLY_LOST, Shape

Indices = tuple[tuple[int, ...], ...]

NEW = -1
"""In place of a way of ordering, where the receiver makes something new of what it takes."""


@dataclass(frozen=True, slots=True)
class Sets:
    """Index sets, each a tuple of index tuples.

    The letters are those of ``TargetProblem``, in small: j a stage, w a way of ordering, d a row of
    demand, n a lane, r a resource, t a period, and a a remaining life.

    Attributes
    ----------
    order : (w, t)
        An order by a way.
    ordered : (j, t)
        Some way may be used.
    in_lots, placed, minimum, maximum : (j, t)
        Free orders in whole multiples, with a decision to place one, with a least and a largest
        quantity.
    frozen : (j, t)
        Orders that are given.
    set_up : (j, t)
        Starts that take a set-up of their own.
    limited : (j, t)
        Starts within a capacity.
    ageless : (j, t)
        Stock of what never expires, at the end of a period.
    by_life : (j, a, t)
        Units that there are in a period, by their remaining life in it.
    kept : (j, a, t)
        Units that are left at the end of a period, by their remaining life in the next.
    expiring : (j, t)
    outdating : (j, t)
        What expires at stages where everybody takes units of any life.
    in_turn : (j, a, t)
        Elsewhere: units that have to be gone before younger ones are issued.
    unmet, owed : (d, t)
        Demand that may be lost, that may be owed.
    served : (d, a, t)
        Units served by remaining life.
    taken : (n, w, a, t)
        Units that a lane takes by remaining life; w is ``NEW`` where the receiver makes something
        new of them.
    taking : (n, w, t)
        The orders that they are for.
    floored, unstocked : (j, t)
    scarce : (r, t)
        Resources within their capacity.
    cover : (j, k, l)
        Periods k to l, which the stock before them has to cover unless an order arrives.
    rounded : (j, t)
        Stock after so many whole multiples have joined it.
    """

    order: Indices
    ordered: Indices
    in_lots: Indices
    placed: Indices
    minimum: Indices
    maximum: Indices
    frozen: Indices
    set_up: Indices
    limited: Indices
    ageless: Indices
    by_life: Indices
    kept: Indices
    expiring: Indices
    outdating: Indices
    in_turn: Indices
    unmet: Indices
    owed: Indices
    served: Indices
    taken: Indices
    taking: Indices
    floored: Indices
    unstocked: Indices
    scarce: Indices
    cover: Indices
    rounded: Indices


@lru_cache(maxsize=64)
def sets_of(shape: Shape) -> Sets:
    """List the index sets of a shape."""
    stages = list(enumerate(shape.stages))
    periods = range(shape.n_periods)
    lives = {j: range(1, one.shelf_life + 1) for j, one in stages if one.shelf_life}
    reached = {(way.stage, t) for way in shape.ways for t in way.periods}
    free = [(j, t) for j, one in stages for t in one.free]
    starts = {
        (way.stage, t + offset)
        for way in shape.ways
        for t in way.periods
        for offset in way.offsets
        if t + offset < shape.n_periods
    }
    using = {(r, t) for j, r, *by in shape.uses for t in periods if by[2] or (j, t) in starts}
    taken, taking = _taken(shape)
    alike = {j for j in lives if _alike(shape, j)}
    return Sets(
        order=tuple((w, t) for w, way in enumerate(shape.ways) for t in way.periods),
        ordered=tuple((j, t) for j, _ in stages for t in periods if (j, t) in reached),
        in_lots=tuple((j, t) for j, t in free if shape.stages[j].in_lots),
        placed=tuple((j, t) for j, t in free if shape.stages[j].placed),
        minimum=tuple((j, t) for j, t in free if shape.stages[j].has_minimum),
        maximum=tuple((j, t) for j, t in free if shape.stages[j].has_maximum),
        frozen=tuple((j, t) for j, one in stages for t in one.frozen),
        set_up=tuple(
            (j, t) for j, one in stages if one.set_up for t in periods if (j, t) in starts
        ),
        limited=tuple((j, t) for j, one in stages for t in one.limited if (j, t) in starts),
        ageless=tuple((j, t) for j, _ in stages if j not in lives for t in periods),
        by_life=tuple((j, a, t) for j in lives for a in lives[j] for t in periods),
        kept=tuple((j, a, t) for j in lives for a in lives[j][:-1] for t in periods),
        expiring=tuple((j, t) for j in lives for t in periods),
        outdating=tuple((j, t) for j in lives if shape.first_out and j in alike for t in periods),
        in_turn=tuple(
            (j, a, t)
            for j in lives
            if shape.first_out and j not in alike
            for a in lives[j][:-1]
            for t in periods
        ),
        unmet=_short(shape, LOST),
        owed=_short(shape, BACKORDERED),
        served=tuple(
            (d, a, t)
            for d, (j, _, minimum) in enumerate(shape.demands)
            if j in lives
            for a in lives[j]
            if a >= minimum
            for t in periods
        ),
        taken=taken,
        taking=taking,
        floored=tuple((j, t) for j, one in stages for t in one.floored),
        unstocked=tuple((j, t) for j, one in stages for t in one.unstocked),
        scarce=tuple(
            (r, t) for r, limited in enumerate(shape.resources) for t in limited if (r, t) in using
        ),
        cover=tuple(
            (j, k, end)
            for j, one in stages
            if one.covered
            for k in periods
            for end in range(k, shape.n_periods)
        ),
        rounded=tuple((j, t) for j, one in stages if one.rounded for t in periods),
    )


def _short(shape: Shape, kind: str) -> Indices:
    """Rows of demand and periods that may be short in this manner, wholly or in part."""
    return tuple(
        (d, t)
        for d, (_, shortage, _) in enumerate(shape.demands)
        if shortage in (kind, PARTLY_LOST) and shortage != MUST
        for t in range(shape.n_periods)
    )


def _alike(shape: Shape, stage: int) -> bool:
    """Whether units expire in the order of joining, and everybody takes units of any life."""
    receivers = [shape.stages[to] for source, to in shape.lanes if source == stage]
    any_life = all(least <= 1 for j, _, least in shape.demands if j == stage)
    goes_on = shape.stages[stage].carries_life or any(one.carries_life for one in receivers)
    return any_life and not goes_on and shape.stages[stage].in_order


def _taken(shape: Shape) -> tuple[Indices, Indices]:
    """What lanes take of stock that expires; where its life goes on, enough for the way there."""
    taken: list[tuple[int, ...]] = []
    taking: list[tuple[int, ...]] = []
    for n, (source, target) in enumerate(shape.lanes):
        life = shape.stages[source].shelf_life
        if not life:
            continue
        receiver = shape.stages[target]
        ways = [(w, way) for w, way in enumerate(shape.ways) if way.stage == target]
        if receiver.carries_life:
            for w, way in ways:
                left = time_on_the_way(shape, n, w)
                taking += [(n, w, t) for t in way.periods]
                taken += [(n, w, a, t) for t in way.periods for a in range(left + 1, life + 1)]
        else:
            periods = sorted({t for _, way in ways for t in way.periods})
            taking += [(n, NEW, t) for t in periods]
            taken += [(n, NEW, a, t) for t in periods for a in range(1, life + 1)]
    return tuple(taken), tuple(taking)


def time_on_the_way(shape: Shape, lane: int, way: int) -> int:
    """Periods from a lane's start until what it brings is in the receiver's stock."""
    target = shape.lanes[lane][1]
    inbound = [n for n, ends in enumerate(shape.lanes) if ends[1] == target]
    receiver = shape.stages[target]
    transit = shape.ways[way].lane_time[inbound.index(lane)]
    return transit + receiver.make_time + receiver.release_time
