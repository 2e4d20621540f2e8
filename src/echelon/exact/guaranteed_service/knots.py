"""Knots of time: where messages may bend, and how outbound and inbound times lie among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from echelon.exact.guaranteed_service.candidate_times import nearest
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Floats, Integers


def first_knots(times: ServiceTimes, *, most: int) -> list[Integers]:
    """Outbound times to begin with: those nearest to a root, ``most`` per stage.

    Returns
    -------
    list of int64 arrays, one per stage
        Ticks, ascending, from the earliest to the latest outbound time.
    """
    _, outbound = nearest(times, most)
    edges: list[list[int]] = [
        [low, high]
        for low, high in zip(times.outbound_low.tolist(), times.outbound_high.tolist(), strict=True)
    ]
    customers = times.lane_customer
    # a customer's earliest inbound time is a knot, so that what lies before it asks for nothing
    for lane, supplier in enumerate(times.pred_stage.tolist()):
        edges[supplier].append(int(times.inbound_low[customers[lane]] - times.lane_delay[lane]))
    for j in range(times.n_stages):
        edges[j].append(int(times.inbound_low[j] + times.process[j]))
    return with_knots(times, outbound, [np.array(edge, dtype=np.int64) for edge in edges])


def with_knots(
    times: ServiceTimes, knots: Sequence[Integers], added: Sequence[Integers]
) -> list[Integers]:
    """Add outbound times (ticks) to the knots of each stage; those outside its window are not."""
    windows = zip(times.outbound_low, times.outbound_high, strict=True)
    return [
        np.union1d(old, new[(new >= low) & (new <= high)])
        for old, new, (low, high) in zip(knots, added, windows, strict=True)
    ]


def inbound_points(times: ServiceTimes, knots: Sequence[Integers]) -> list[Integers]:
    """Inbound times at which a stage's cost with its messages can be least.

    When a supplier's knot delivers, when a knot of its own leaves no stock, and both ends.

    Returns
    -------
    list of int64 arrays, one per stage
        Ticks, ascending.
    """
    points = []
    for j in range(times.n_stages):
        low, high = times.inbound_low[j], times.inbound_high[j]
        lanes = range(times.pred_ptr[j], times.pred_ptr[j + 1])
        delivered = [knots[times.pred_stage[lane]] + times.lane_delay[lane] for lane in lanes]
        found = np.unique(np.concatenate([[low, high], knots[j] - times.process[j], *delivered]))
        points.append(found[(found >= low) & (found <= high)])
    return points


def n_pairs(times: ServiceTimes, knots: Sequence[Integers]) -> int:
    """At most how many pairs of times the tables over these knots hold."""
    quoted = np.array([len(points) for points in knots])
    heard = 2 + quoted
    np.add.at(heard, times.lane_customer, quoted[times.pred_stage])
    return int((heard * (quoted + 1)).sum())


def among(knots: Integers, points: Integers) -> tuple[Integers, Floats]:
    """Where points lie among knots: the knot at or before each, and how far towards the next.

    Returns
    -------
    position : (n,) int64
        -1 before the first knot; the last knot for all that comes after it.
    weight : (n,) float64
        In [0, 1).
    """
    position = np.searchsorted(knots, points, side="right") - 1
    inside = (position >= 0) & (position < len(knots) - 1)
    before = knots[np.where(inside, position, 0)]
    after = knots[np.where(inside, position + 1, 0)]
    weight = np.where(inside, (points - before) / np.where(inside, after - before, 1), 0.0)
    return position.astype(np.int64), weight
