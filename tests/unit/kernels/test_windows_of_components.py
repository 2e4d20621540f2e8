"""Windows and settled times of a component, against loops over its stages in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.service_times import NO_LIMIT, ServiceTimes

N = 8


def drawn(seed, unit):
    """Times of a component drawn at random, ticks, and lanes from earlier stages to later ones."""
    rng = np.random.default_rng(seed)
    lanes = [
        sorted(rng.choice(j, min(j, int(rng.integers(0, 3))), replace=False)) for j in range(N)
    ]
    can_stock = rng.random(N) < 0.8
    scale = np.where(can_stock, 1, unit)
    process, outside = rng.integers(0, 9, N) * scale, rng.integers(0, 5, N) * scale
    delay = [rng.integers(0, 4, len(into)) * scale[j] for j, into in enumerate(lanes)]
    limit = np.where(rng.random(N) < 0.3, rng.integers(3, 60, N), NO_LIMIT)
    ptr = np.concatenate([[0], np.cumsum([len(into) for into in lanes])])
    suppliers = np.concatenate(lanes).astype(np.int64)
    return process, np.concatenate(delay), ptr, suppliers, outside, limit, can_stock


def windows(process, delay, ptr, suppliers, outside, limit, can_stock, unit):
    """Earliest and latest inbound and outbound times; None where a stage cannot keep its limit."""
    found = []
    for j in range(N):
        low = high = int(outside[j])
        for lane in range(ptr[j], ptr[j + 1]):
            low = max(low, found[suppliers[lane]][2] + int(delay[lane]))
            high = max(high, found[suppliers[lane]][3] + int(delay[lane]))
        latest = min(max(low, high) + int(process[j]), int(limit[j])) // unit * unit
        earliest = 0 if can_stock[j] else low + int(process[j])
        if earliest > limit[j]:
            return None
        found.append((low, max(low, high), earliest, latest))
    return np.array(found).T


def settled(times, service):
    """What every stage hears and quotes when no supply waits longer than it has to."""
    unit, inbound, outbound = times.quote_unit, [], []
    for j in range(N):
        lanes = range(times.pred_ptr[j], times.pred_ptr[j + 1])
        ready = [outbound[times.pred_stage[k]] + int(times.lane_delay[k]) for k in lanes]
        heard = max([int(times.inbound_low[j]), *ready])
        through = -(-(heard + int(times.process[j])) // unit) * unit
        outbound.append(min(int(service[j]), through) if times.can_stock[j] else through)
        inbound.append(max(heard, outbound[j] - int(times.process[j])))
    return inbound, outbound


@pytest.mark.parametrize("unit", [1, 5])
def test_windows_and_settled_times_are_those_of_plain_loops(unit):
    kept = 0
    for seed in range(60):
        given = drawn(seed, unit)
        expected = windows(*given, unit)
        process, delay, ptr, suppliers, outside, limit, can_stock = given
        arguments = (process, delay, ptr, suppliers, outside, limit, can_stock, unit)
        if expected is None:
            with pytest.raises(InfeasibleError, match="cannot serve sooner"):
                ServiceTimes._bounded(float(unit), *arguments)
            continue
        times = ServiceTimes._bounded(float(unit), *arguments)
        found = (times.inbound_low, times.inbound_high, times.outbound_low, times.outbound_high)
        assert np.array_equal(found, expected)
        rng = np.random.default_rng(seed)
        service = rng.integers(0, np.maximum(times.outbound_high // unit, 0) + 1) * unit
        before = service.copy()
        assert [one.tolist() for one in times.settled(service)] == list(settled(times, service))
        assert np.array_equal(service, before)
        kept += 1
    assert 20 < kept < 60


def test_a_stage_that_passes_on_an_odd_time_cannot_quote_whole_periods():
    process, ptr = np.array([10, 3]), np.array([0, 0, 1])
    some = (process, np.array([5]), ptr, np.array([0]), np.zeros(2, np.int64))
    rest = (np.full(2, NO_LIMIT), np.array([True, False]))
    assert ServiceTimes._bounded(5.0, *some, *rest, 1).outbound_low.tolist() == [0, 8]
    with pytest.raises(InfeasibleError, match=r"passes a time of 0\.6 periods on"):
        ServiceTimes._bounded(5.0, *some, *rest, 5)
