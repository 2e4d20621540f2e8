"""Both ordering policies against a million simulated periods, within 4 standard errors.

The system is run period by period: receipts, reviews, demand, backorders (clause 3). Two thousand
replications of 504 periods each, after 150 that are not counted, so that standard errors come from
independent numbers.
"""

from __future__ import annotations

import numpy as np
import pytest

from echelon import distributions as ed
from echelon.exact.single_stage.min_max import min_max_policy
from echelon.exact.single_stage.min_max_measures import min_max_for, min_max_measures
from echelon.exact.single_stage.reorder_point_cost import reorder_policy
from echelon.rng import stream

N_REPS, N_PERIODS, WARMUP = 2_000, 504, 150


def run(demand, order, lead_time, review, start):
    """Run a policy; gives what each replication saw, per period or per cycle.

    ``order`` gives the quantities for positions; ``lead_time`` draws one for each replication, so
    that orders do not overtake one another.
    """
    rng = stream(7, "demand", repr((demand, start)))
    horizon = WARMUP + N_PERIODS
    position, net = np.full(N_REPS, float(start)), np.full(N_REPS, float(start))
    due = np.zeros((horizon + 40, N_REPS))
    rows = np.arange(N_REPS)
    whole = np.ones(N_REPS, dtype=bool)
    names = ("orders", "on_hand", "backorders", "ready", "late", "demand", "cycles", "good")
    sums = {name: np.zeros(N_REPS) for name in names}

    def place(period, counted):
        quantity = order(position)
        arrival = period + lead_time(rng)
        due[arrival, rows] += quantity
        sums["orders"] += counted * (quantity > 0.0)
        position[:] += quantity

    def receive(period, counted):
        some = due[period] > 0.0
        sums["cycles"] += counted * some
        sums["good"] += counted * (some & whole)
        whole[some] = True
        net[:] += due[period]
        due[period] = 0.0

    for period in range(horizon):
        counted = float(period >= WARMUP)
        if review > 0 and period % review == 0:
            place(period, counted)
        receive(period, counted)
        asked = demand.sample(rng, N_REPS)
        owed = np.maximum(-net, 0.0)
        net -= asked
        position -= asked
        if review == 0:
            place(period, counted)
            receive(period, counted)
        short = np.maximum(-net, 0.0)
        whole &= net >= 0.0
        sums["on_hand"] += counted * np.maximum(net, 0.0)
        sums["backorders"] += counted * short
        sums["ready"] += counted * (net >= 0.0)
        sums["late"] += counted * np.maximum(short - owed, 0.0)
        sums["demand"] += counted * asked
    return sums


def share(part, whole):
    """Share of a total, as numbers whose mean it is and whose spread gives its standard error."""
    ratio = part.sum() / whole.sum()
    return ratio + (part - ratio * whole) / whole.mean()


def matches(sums, told, names):
    """Give None if every measure lies within 4 standard errors of what was seen."""
    seen = {
        "orders_per_period": sums["orders"] / N_PERIODS,
        "on_hand": sums["on_hand"] / N_PERIODS,
        "backorders": sums["backorders"] / N_PERIODS,
        "ready_rate": sums["ready"] / N_PERIODS,
        "fill_rate": 1.0 - share(sums["late"], sums["demand"]),
        "cycle_service_level": share(sums["good"], sums["cycles"]),
    }
    for name in names:
        error = seen[name].std(ddof=1) / N_REPS**0.5
        if abs(seen[name].mean() - getattr(told, name)) > 4.0 * error + 1e-12:
            return name, seen[name].mean(), getattr(told, name), error
    return None


def min_max(low, high):
    return lambda position: np.where(position <= low, high - position, 0.0)


def lots(point, quantity):
    def order(position):
        return quantity * np.maximum(np.floor((point - position) / quantity) + 1.0, 0.0)

    return order


def always(periods):
    return lambda _rng: np.full(N_REPS, periods)


def two_or_three(rng):
    return rng.integers(2, 4, N_REPS)


SERVICE = (
    "orders_per_period", "on_hand", "backorders", "ready_rate", "fill_rate", "cycle_service_level",
)  # fmt: skip
MIN_MAX = {
    "poisson, at once": (ed.Poisson(6.0), 0, 1, 4, 10),
    "poisson, lead time 2": (ed.Poisson(6.0), 2, 1, 17, 30),
    "negative binomial, every third period": (ed.NegativeBinomial(2.0, 3.0), 2, 3, 9, 21),
    "poisson, continuous": (ed.Poisson(2.0), 2, 0, 4, 11),
    "poisson, continuous, at once": (ed.Poisson(2.0), 0, 0, 0, 7),
    "packs": (ed.Empirical([0, 12, 24], [0.6, 0.3, 0.1]), 1, 2, 24, 60),
}


@pytest.mark.parametrize("name", MIN_MAX)
def test_min_max_measures(name):
    demand, lead_time, review, low, high = MIN_MAX[name]
    told = min_max_measures(
        demand,
        reorder_point=low,
        order_up_to_level=high,
        lead_time=lead_time,
        review_period=review,
    )
    sums = run(demand, min_max(low, high), always(lead_time), review, high)
    assert matches(sums, told, SERVICE) is None


def test_min_max_measures_with_a_random_lead_time():
    """Two or three periods: orders of consecutive periods cannot overtake one another.

    But two may come at once, and what is a cycle is then another question.
    """
    demand = ed.Poisson(3.0)
    told = min_max_measures(
        demand,
        reorder_point=10,
        order_up_to_level=18,
        lead_time=ed.Empirical([2, 3], [0.5, 0.5]),
        review_period=1,
    )
    sums = run(demand, min_max(10, 18), two_or_three, 1, 18)
    assert matches(sums, told, SERVICE[:5]) is None


def test_min_max_measures_of_a_density():
    """On a lattice of a 32nd of the deviation; what that adds is far below the standard error."""
    demand = ed.Gamma(10.0, 4.0)
    told = min_max_for(demand, order_gap=20.0, lead_time=2, fill_rate=0.95)
    low, high = told.reorder_point, told.order_up_to_level
    sums = run(demand, min_max(low, high), always(2), 1, high)
    assert matches(sums, told, SERVICE) is None
    assert told.fill_rate >= 0.95
    lower = min_max_measures(
        demand, reorder_point=low - 0.125, order_up_to_level=high - 0.125, lead_time=2
    )
    assert lower.fill_rate < 0.95


POLICY = ("orders_per_period", "on_hand", "backorders")


@pytest.mark.parametrize("review", [0, 1, 3])
@pytest.mark.parametrize("demand", [ed.Poisson(4.0), ed.Gamma(4.0, 3.0)], ids=["whole", "density"])
def test_reorder_policy(demand, review):
    """Under continuous review every quantity counts as an order, also two at once."""
    told = reorder_policy(
        demand,
        fixed_cost=40,
        holding_cost=1,
        shortage_cost=9,
        lead_time=2,
        review_period=review,
        reorder_point=9,
        order_quantity=7,
    )
    sums = run(demand, lots(9, 7), always(2), review, 16)
    names = POLICY if review else POLICY[1:]
    assert matches(sums, told, names) is None
    if review == 0:
        assert told.orders_per_period == pytest.approx(demand.mean / 7)


def test_the_cost_of_the_best_min_max_policy():
    demand = ed.Poisson(6.0)
    best = min_max_policy(demand, fixed_cost=64, holding_cost=1, shortage_cost=9, lead_time=2)
    low, high = best.reorder_point, best.order_up_to_level
    sums = run(demand, min_max(low, high), always(2), 1, high)
    seen = (64 * sums["orders"] + sums["on_hand"] + 9 * sums["backorders"]) / N_PERIODS
    error = seen.std(ddof=1) / N_REPS**0.5
    assert abs(seen.mean() - best.cost) < 4 * error


def test_an_error_of_one_per_cent_is_seen():
    demand = ed.Poisson(6.0)
    told = min_max_measures(
        demand, reorder_point=17, order_up_to_level=30, lead_time=2, review_period=1
    )
    planted = ed.Poisson(6.06)
    sums = run(planted, min_max(17, 30), always(2), 1, 30)
    assert matches(sums, told, SERVICE) is not None
