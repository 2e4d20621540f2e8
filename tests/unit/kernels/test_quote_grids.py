"""Candidate times and shared curves in compiled code against sets of times and divisions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.runs import pointers
from echelon.exact.guaranteed_service.service_times import NO_LIMIT, ServiceTimes


class Known:
    """Costs that tell their time."""

    concave = False
    covered_only = True

    def over_covered(self, stage, covered):
        return 1000.0 * stage + covered

    def table(self, stage, inbound, outbound, covered):
        del inbound, outbound
        return self.over_covered(stage, covered)


def drawn(seed: int, unit: int) -> ServiceTimes:
    """Times and windows of stages with several lanes into each, drawn at random."""
    rng = np.random.default_rng(seed)
    n = 12
    lanes = np.where(np.arange(n) > 0, rng.integers(0, 4, n), 0)
    low = rng.integers(0, 9, n)
    first = unit * rng.integers(0, 2, n)
    return ServiceTimes(
        ticks_per_period=float(unit),
        process=rng.integers(0, 30, n),
        lane_delay=rng.integers(0, 11, lanes.sum()),
        pred_ptr=pointers(lanes),
        pred_stage=np.concatenate([rng.integers(0, max(j, 1), k) for j, k in enumerate(lanes)]),
        outside=np.zeros(n, np.int64),
        limit=np.full(n, NO_LIMIT),
        inbound_low=low,
        inbound_high=low + rng.integers(-1, 40, n),
        outbound_low=first,
        outbound_high=first + rng.integers(0, 40, n),
        can_stock=rng.random(n) < 0.8,
        quote_unit=unit,
    )


def plain_quotable(times: ServiceTimes, j: int) -> tuple[list[int], list[int]]:
    unit, low, high = times.quote_unit, int(times.inbound_low[j]), int(times.inbound_high[j])
    own = times.lane_delay[times.pred_ptr[j] : times.pred_ptr[j + 1]].tolist()
    rests = {one % unit for one in [*own, -int(times.process[j])]}
    heard = {low, *(time for time in range(low, high + 1) if time % unit in rests)}
    window = range(int(times.outbound_low[j]), int(times.outbound_high[j]) + 1)
    return sorted(heard), [time for time in window if time % unit == 0]


@pytest.mark.parametrize("unit", [1, 2, 5, 12])
@pytest.mark.parametrize("seed", range(4))
def test_quotable_times_are_all_there_are(seed, unit):
    times = drawn(seed, unit)
    inbound, outbound = times.quotable()
    for j in range(times.n_stages):
        heard, quoted = plain_quotable(times, j)
        assert inbound[j].tolist() == heard
        assert outbound[j].tolist() == quoted


@pytest.mark.parametrize("unit", [1, 2, 5, 12])
@pytest.mark.parametrize("seed", range(4))
def test_rows_lie_in_curves_that_fall_and_say_their_own_times(seed, unit):
    times = drawn(seed, unit)
    problem = FlatProblem.on_quotes(times, Known(), times.quotable_flat())
    for j in range(times.n_stages):
        first, last = problem.curves.ptr[j : j + 2].tolist()
        tau = problem.curves.covered[first:last]
        rows = range(*problem.inbound_ptr[j : j + 2].tolist())
        quoted = problem.outbound[slice(*problem.outbound_ptr[j : j + 2].tolist())]
        seen = set()
        for row in rows:
            covered = problem.inbound[row] + times.process[j] - quoted
            assert problem.row_length[row] == (covered >= 0).sum()
            for b, time in enumerate(covered[covered >= 0].tolist()):
                place = problem.row_start[row] + b
                assert first <= place < last
                assert problem.curves.covered[place] == time
                allowed = times.can_stock[j] or time == 0
                own = 1000.0 * j + time / unit
                assert problem.cost[place] == (own if allowed else np.inf)
                seen.add(time)
        # one run of falling times for each rest, the rests ascending, and no time in vain
        runs = np.split(tau, np.flatnonzero(np.diff(tau) != -unit) + 1)
        rests = [int(run[0]) % unit for run in runs if len(run)]
        assert all(one < other for one, other in pairwise(rests))
        assert seen <= set(tau.tolist())
        assert all(0 <= time < unit for time in (run[-1] for run in runs if len(run)))
