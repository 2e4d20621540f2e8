"""Reorder points against the system itself: a million periods, orders and receipts one by one."""

from __future__ import annotations

import numpy as np
import pytest

from echelon import distributions as ed
from echelon.exact.single_stage.lot_policy import reorder_point_for, reorder_point_measures

PACKS = ed.Empirical([0, 3, 12], [0.6, 0.3, 0.1])
REPLICATIONS, PERIODS, WARM_UP = 2_000, 500, 60

# demand, reorder point, order quantity, lead time, review period
CASES = [
    (ed.Poisson(2.0), 7.0, 10.0, 2, 1),
    (ed.Poisson(2.0), 3.0, 4.0, 2, 0),
    (ed.Poisson(3.0), -4.0, 7.0, 0, 0),
    (ed.Poisson(3.0), 2.0, 5.0, 0, 2),
    (ed.NegativeBinomial(4.0, 3.0), 22.0, 12.0, 5, 1),
    (ed.Gamma(10.0, 6.0), 44.0, 12.0, 3, 2),
    (ed.Gamma(10.0, 9.0), 20.0, 5.0, 1, 4),
    (ed.Gamma(10.0, 6.0), 12.0, 30.0, 1, 0),
    (ed.Gamma(10.0, 6.0), -12.0, 30.0, 0, 0),
    (ed.Gamma(2.0, 5.0), 3.0, 4.0, 2, 1),
    (PACKS, 9.0, 6.0, 3, 2),
    (PACKS, 8.0, 4.0, 3, 0),
    (ed.LogNormal(10.0, 6.0), 30.0, 25.0, 2, 2),
    (ed.ZeroInflated(0.3, ed.Gamma(8.0, 5.0)), 10.0, 6.0, 3, 1),
    (ed.CompoundPoisson(0.6, ed.Empirical([1, 6], [0.5, 0.5])), 5.0, 10.0, 2, 1),
]


class System:
    """Replications of one stage, period by period, as clause 3 orders the events."""

    def __init__(self, reorder_point, order_quantity, lead_time, review_period, n_periods):
        self.point, self.quantity = reorder_point, order_quantity
        self.lead_time = np.broadcast_to(lead_time, REPLICATIONS)
        self.review = review_period
        self.position = np.full(REPLICATIONS, reorder_point + order_quantity)
        self.net = self.position.copy()
        rows = n_periods + int(self.lead_time.max()) + 1
        self.due = np.zeros((rows, REPLICATIONS))
        self.short = np.zeros(REPLICATIONS, dtype=bool)  # in the cycle so far
        names = ("new", "demand", "ready", "on_hand", "owed", "cycles", "good", "orders")
        self.told = {name: np.zeros(REPLICATIONS) for name in names}

    def receive(self, arrived, counted):
        if counted:
            self.told["cycles"] += arrived > 0.0
            self.told["good"] += (arrived > 0.0) & ~self.short
        self.short &= arrived == 0.0
        self.net = self.net + arrived

    def order(self, period, counted):
        lots = np.where(
            self.position <= self.point,
            np.floor((self.point - self.position) / self.quantity) + 1.0,
            0.0,
        )
        self.position = self.position + lots * self.quantity
        self.due[period + self.lead_time, np.arange(REPLICATIONS)] += lots * self.quantity
        if counted:
            self.told["orders"] += lots > 0.0
        if (at_once := self.due[period] * (self.lead_time == 0)).any():
            self.receive(at_once, counted)
            self.due[period] -= at_once

    def step(self, period, demand, counted):
        self.receive(self.due[period].copy(), counted)
        self.due[period] = 0.0
        if self.review and period % self.review == 0:
            self.order(period, counted)
        self.net, self.position = self.net - demand, self.position - demand
        if not self.review:
            self.order(period, counted)
        self.short |= self.net < -1e-9
        if counted:
            told = self.told
            told["new"] += np.minimum(demand, np.maximum(-self.net, 0.0))
            told["demand"] += demand
            told["ready"] += self.net >= -1e-9
            told["on_hand"] += np.maximum(self.net, 0.0)
            told["owed"] += np.maximum(-self.net, 0.0)


def simulated(demand, point, quantity, lead_time, review, seed=11):
    """Means of a million periods with their standard errors."""
    warm_up = WARM_UP // max(review, 1) * max(review, 1)
    n_periods = warm_up + PERIODS // max(review, 1) * max(review, 1)
    draws = demand.sample(np.random.default_rng(seed), (n_periods, REPLICATIONS))
    system = System(point, quantity, lead_time, review, n_periods)
    for period in range(n_periods):
        system.step(period, draws[period], period >= warm_up)
    told = system.told
    periods = np.full(REPLICATIONS, float(n_periods - warm_up))
    return {
        "fill_rate": ratio(told["demand"] - told["new"], told["demand"]),
        "ready_rate": ratio(told["ready"], periods),
        "cycle_service_level": ratio(told["good"], told["cycles"]),
        "on_hand": ratio(told["on_hand"], periods),
        "backorders": ratio(told["owed"], periods),
        "orders_per_period": ratio(told["orders"], periods),
    }


def ratio(above, below):
    value = above.sum() / below.sum()
    return value, (above - value * below).std(ddof=1) / REPLICATIONS**0.5 / below.mean()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_measure_is_that_of_the_system(case):
    demand, point, quantity, lead_time, review = case
    told = reorder_point_measures(
        demand,
        reorder_point=point,
        order_quantity=quantity,
        lead_time=lead_time,
        review_period=review,
    )
    for name, (value, error) in simulated(*case).items():
        assert abs(getattr(told, name) - value) < 4.0 * error + 1e-12, (name, value, error)


def test_one_per_cent_more_would_be_seen():
    """The tolerance has teeth: a fill rate of a reorder point 2 % higher is outside it."""
    demand, point, quantity, lead_time, review = CASES[5]
    value, error = simulated(*CASES[5])["fill_rate"]
    wrong = reorder_point_measures(
        demand,
        reorder_point=1.02 * point,
        order_quantity=quantity,
        lead_time=lead_time,
        review_period=review,
    )
    assert abs(wrong.fill_rate - value) > 4.0 * error
    value, error = simulated(*CASES[5])["cycle_service_level"]
    without_undershoot = float(demand.sum_over(lead_time).cdf(point))
    assert abs(without_undershoot - value) > 4.0 * error


@pytest.mark.parametrize("review", [0, 2])
def test_random_lead_times_are_mixed_over(review):
    """Two-humped: seven replications in ten have 2 periods, the others 9, so none overtakes."""
    humps = ed.Empirical([2, 9], [0.7, 0.3])
    told = reorder_point_measures(
        ed.Gamma(10.0, 6.0),
        reorder_point=60.0,
        order_quantity=25.0,
        lead_time=humps,
        review_period=review,
    )
    parts = {
        time: simulated(ed.Gamma(10.0, 6.0), 60.0, 25.0, time, review, seed=time) for time in (2, 9)
    }
    for name in ("fill_rate", "ready_rate", "cycle_service_level", "on_hand", "backorders"):
        value = 0.7 * parts[2][name][0] + 0.3 * parts[9][name][0]
        error = np.hypot(0.7 * parts[2][name][1], 0.3 * parts[9][name][1])
        assert abs(getattr(told, name) - value) < 4.0 * error + 1e-12, name


@pytest.mark.parametrize("measure", ["fill_rate", "ready_rate", "cycle_service_level"])
def test_the_level_for_a_target_gives_it_in_the_system(measure):
    demand = ed.NegativeBinomial(4.0, 3.0)
    made = reorder_point_for(
        demand, order_quantity=9, lead_time=3, review_period=2, **{measure: 0.9}
    )
    value, error = simulated(demand, made.reorder_point, 9.0, 3, 2)[measure]
    assert value > 0.9 - 4.0 * error
    below, error = simulated(demand, made.reorder_point - 1.0, 9.0, 3, 2)[measure]
    assert below < 0.9 + 4.0 * error
