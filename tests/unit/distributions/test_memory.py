"""No question takes more memory than a block of work and its answer."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from echelon import distributions as ed
from echelon.distributions.blocks import in_blocks
from echelon.distributions.loss import expected_shortage
from echelon.errors import DomainError
from echelon.lead_time.exposure import exposure_demand

POINTS = np.linspace(0.0, 500.0, 50_000)
MANY = ed.Empirical(np.arange(5_000.0), np.full(5_000, 1.0 / 5_000.0))
SMOOTH = ed.SmoothedEmpirical(np.arange(300.0), np.full(300, 1.0 / 300.0), 1.0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: exposure_demand(ed.Gamma(10.0, 4.0), ed.Gamma(5.0, 3.0)).cdf(POINTS),
        lambda: exposure_demand(ed.Gamma(10.0, 4.0), ed.Gamma(5.0, 3.0)).shortage(POINTS),
        lambda: exposure_demand(ed.ZeroInflated(0.3, ed.Gamma(8.0, 5.0)), MANY).cdf(0.0),
        lambda: exposure_demand(ed.CompoundPoisson(90.0, ed.Gamma(8.0, 5.0)), MANY).cdf(0.0),
        lambda: expected_shortage(MANY, POINTS),
        lambda: expected_shortage(SMOOTH, POINTS),
        lambda: SMOOTH.cdf(POINTS),
        lambda: expected_shortage(ed.Scipy("weibull_min", (2.0,)), POINTS[::10]),
    ],
)
def test_memory_does_not_grow_with_points_times_terms(ask):
    tracemalloc.start()
    ask()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 105 * 2**20


def test_more_orders_than_can_be_told_apart_are_refused():
    demand = ed.CompoundPoisson(1e5, ed.Gamma(5.0, 3.0))
    with pytest.raises(DomainError, match=r"orders would be told apart\. Fix: .*'normal' or"):
        exposure_demand(demand, ed.Gamma(10.0, 5.0))


def test_blocks_are_put_together_in_order():
    points = np.arange(3_000.0).reshape(30, 100)
    assert in_blocks(np.sqrt, points, 10**5).tolist() == np.sqrt(points).tolist()
    assert in_blocks(np.sqrt, np.float64(4.0), 10**9) == 2.0
    assert in_blocks(np.sqrt, np.zeros((0, 2)), 10**9).shape == (0, 2)
