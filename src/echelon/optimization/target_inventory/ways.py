"""The ways in which a stage can order: each lane at its usual pace or the fast one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echelon.network.compiled import Booleans, Floats, Integers


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a stage orders on: its lanes, and parts from outside.

    Attributes
    ----------
    time : (n,) int64
        Periods in transit on each lane.
    fast_time : (n,) int64
        The same on the fast way; equal to ``time`` where there is none.
    fast_cost : (n,) float64
        Money for sending one unit the fast way.
    group : (n,) int64
        Lanes of one number bring the same part.
    share : (n,) float64
        Of what is ordered of that part, by this lane; positive.
    units : (n,) float64
        Units of the part in one unit made.
    waiting_cost : (n,) float64
        Money for keeping one unit of the part for one period.
    outside_time : int
        Periods until parts from outside are there.
    """

    time: Integers
    fast_time: Integers
    fast_cost: Floats
    group: Integers
    share: Floats
    units: Floats
    waiting_cost: Floats
    outside_time: int


@dataclass(frozen=True, slots=True)
class Way:
    """One way of ordering.

    Attributes
    ----------
    lane_time : (n,) int64
        Periods in transit on each lane.
    fast : bool
        Whether some lane goes the fast way.
    cost : float
        Money per unit ordered: for the fast way, and for parts that wait for others.
    parts : tuple of (offset, share)
        How many periods after the order which share of it is started, the first to start first.
    """

    lane_time: Integers
    fast: bool
    cost: float
    parts: tuple[tuple[int, float], ...]


def ways_of_ordering(inbound: Inbound) -> list[Way]:
    """List the ways that are worth having, the ordinary one first.

    A way sends by the fast way what would come later than some moment; there is one for each moment
    at which a lane can deliver. Of two that start alike the cheaper is kept.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> lane = Inbound(np.array([5]), np.array([2]), 3 * one, np.array([0]), one, one, one, 0)
    >>> [(way.parts, way.cost) for way in ways_of_ordering(lane)]
    [(((5, 1.0),), 0.0), (((2, 1.0),), 3.0)]
    """
    moments = sorted({inbound.outside_time, *inbound.time.tolist(), *inbound.fast_time.tolist()})
    nothing = np.zeros(len(inbound.time), dtype=np.bool_)
    ways = [_way(inbound, nothing)]
    for moment in moments[-2::-1]:
        way = _way(inbound, (inbound.time > moment) & (inbound.fast_time < inbound.time))
        alike = [k for k, other in enumerate(ways) if other.parts == way.parts]
        if not alike:
            ways.append(way)
        elif way.cost < ways[alike[0]].cost and alike[0] > 0:
            ways[alike[0]] = way
    return ways


def _way(inbound: Inbound, fast: Booleans) -> Way:
    time = np.where(fast, inbound.fast_time, inbound.time)
    times = np.unique(np.append(time, inbound.outside_time))
    groups = [np.flatnonzero(inbound.group == g) for g in np.unique(inbound.group)]
    there = np.ones(len(times))  # share of the order whose parts are all there, by time
    there[times < inbound.outside_time] = 0.0
    for lanes in groups:
        arrived = [float(inbound.share[lanes][time[lanes] <= t].sum()) for t in times]
        there = np.minimum(there, arrived)
    there[-1] = 1.0  # shares add up to 1 up to rounding
    starts = np.diff(there, prepend=0.0)
    parts = tuple(
        (int(t), float(share)) for t, share in zip(times, starts, strict=True) if share > 1e-12
    )
    sent = float((inbound.fast_cost * inbound.share * inbound.units)[fast].sum())
    waits = sum(_waiting(inbound, lanes, time, parts) for lanes in groups)
    return Way(time, bool(fast.any()), sent + waits, parts)


def _waiting(
    inbound: Inbound, lanes: Integers, time: Integers, parts: Sequence[tuple[int, float]]
) -> float:
    """Cost of one part's waiting for the others, first come first used, per unit ordered."""
    cost = 0.0
    left = [list(part) for part in parts]
    for n in lanes[np.argsort(time[lanes], kind="stable")].tolist():
        share = float(inbound.share[n])
        for part in left:
            used = min(share, part[1])
            rate = float(inbound.units[n] * inbound.waiting_cost[n])
            cost += used * max(part[0] - int(time[n]), 0) * rate
            part[1] -= used
            share -= used
    return cost
