"""Simulated limits and faults of supply against formulas and small Markov chains, all exact."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from echelon import distributions as ed
from echelon.exact.single_stage.base_stock_levels import base_stock_measures
from echelon.exact.supply_uncertainty.disruptions import base_stock_with_disruptions
from tests.chains import long_run, masses
from tests.simulated import assert_agrees, assert_all, net_measures, run, stages_apart

FEW = ed.Empirical([0.0, 1.0, 2.0, 4.0], [0.3, 0.3, 0.2, 0.2])


@pytest.mark.parametrize("capacity", [5.0, 6.0])
def test_capacity_is_a_queue_of_constant_service(capacity):
    """What waits to start is W = (W + D - C)^+; demand that is Poisson makes it a Markov chain."""
    law = ed.Poisson(4.2)
    stock = (3.0, 7.0)  # of stages that take no time and a period to make

    def step(waits, demand):
        after = min(max(waits + demand - capacity, 0.0), 150.0)  # beyond: once in 10^20 periods
        # a period to make: what is late now is what waited a period ago, and today's demand
        return after, (*net_measures(stock[0] - after), *net_measures(stock[1] - waits - demand))

    exact = long_run(0.0, step, masses(law))
    network = stages_apart(
        [{"demand": law, "base_stock": stock[time], "lead_time": float(time), "capacity": capacity}
         for time in (0, 1)]
    )  # fmt: skip
    assert_all(run(network, warmup=300).stages, exact.reshape(2, 3), late=0.2)


def test_capacity_with_exponential_and_geometric_demand():
    """As the waiting time of D/M/1: P(W > x) = (1 - am) exp(-a x), exp(-aC) = 1 - am.

    Geometric demand, by the same memoryless argument: P(W >= n) = b r^(n-1).
    """
    mean, capacity, stock = 8.0, 10.0, 20.0
    rate = brentq(lambda a: np.exp(-a * capacity) - 1.0 + a * mean, 1e-3 / mean, 1.0 / mean)
    beyond = 1.0 - rate * mean
    late = beyond * np.exp(-rate * stock) / rate
    waits = beyond / rate
    exact = [(stock - waits + late, late, 1.0 - beyond * np.exp(-rate * stock))]
    again = mean / (1.0 + mean)  # P(D >= k) = again^k
    root = brentq(
        lambda z: (1.0 - again) / (1.0 - again * z) - z**capacity, 1.0 + 1e-6, 1.0 / again - 1e-9
    )
    ratio = 1.0 / root
    first = (ratio - again) / (1.0 - again)
    late = first * ratio**stock / (1.0 - ratio)  # sum of P(W >= n) over n > stock
    waits = first / (1.0 - ratio)
    exact.append((stock - waits + late, late, 1.0 - first * ratio**stock))
    network = stages_apart(
        [{"demand": law, "base_stock": stock, "lead_time": 0.0, "capacity": capacity}
         for law in (ed.Gamma(mean, mean), ed.Geometric(mean))]
    )  # fmt: skip
    assert_all(run(network, warmup=500, replications=4_000).stages, exact, late=0.2)


def test_a_calendar_makes_every_third_period():
    """Open in the periods 0, 3, 6, ...: net stock lacks 0, 1 or 2 periods of demand in turn."""
    law = ed.Poisson(4.0)
    stock = 9.0
    exact = [net_measures(stock)]
    for periods in (1, 2):
        net = [(stock - value, chance) for value, chance in masses(law.sum_over(periods))]
        exact.append(sum(chance * np.array(net_measures(x)) for x, chance in net))
    calendar = pd.DataFrame(
        {"item": ["sku 000"], "location": "here", "start": 0, "length": 1, "every": 3.0}
    )
    network = stages_apart(
        [{"demand": law, "base_stock": stock, "lead_time": 0.0}], calendar=calendar
    )
    told = run(network, warmup=99, periods=600)
    assert_all(told.stages, [np.mean(exact, axis=0)])


def test_a_share_that_is_good():
    """Ordering S - x and getting a share y of it: x is an autoregression, normal with demand."""
    law, share, stock = ed.Normal(20.0, 4.0), 0.8, 26.0
    mean = stock - law.mean / share  # of what is left at the end of a period
    std = law.std / (1.0 - (1.0 - share) ** 2) ** 0.5
    left = ed.Normal(mean, std)
    on_hand = base_stock_measures(ed.Normal(stock - mean, std), base_stock=stock, lead_time=1)
    network = stages_apart(
        [{"demand": law, "base_stock": stock, "lead_time": 0.0, "review_period": 1,
          "yield_mean": share, "yield_std": 0.0, "waste_cost": 3.0}]
    )  # fmt: skip
    told = run(network).stages
    assert_all(told, [(on_hand.on_hand, on_hand.backorders, 1.0 - float(left.cdf(0.0)))])
    # of what is ordered, mean over share, the rest is scrapped
    scrapped = law.mean * (1.0 - share) / share
    assert_agrees(told, "scrapped", scrapped, planted=0.01)
    assert_agrees(told, "waste_cost", 3.0 * scrapped, planted=0.01)


def test_a_share_that_varies():
    """On average the order is what is needed over the mean share, lots that fail included."""
    law, stock = ed.Normal(20.0, 4.0), 120.0
    good = 0.9 * (1.0 - 0.05)
    network = stages_apart(
        [{"demand": law, "base_stock": stock, "lead_time": 0.0, "review_period": 1,
          "yield_mean": 0.9, "yield_std": 0.1, "lot_failure": 0.05}]
    )  # fmt: skip
    told = run(network).stages
    assert_agrees(told, "net_inventory", stock - law.mean / good, planted=0.01)
    assert_agrees(told, "scrapped", law.mean * (1.0 - good) / good)


@pytest.mark.parametrize("time", [0, 1])
def test_lots_that_fail(time):
    """A lot is good or lost as a whole; the position falls when it is seen, and is made up for."""
    stock, chance = 4.0 + 2.0 * time, 0.15

    def step(state, outcome):
        net, making = state
        demand, good = outcome
        order = stock - net - making
        done = making if time else order
        net += good * done - demand
        return (net, order if time else 0.0), (*net_measures(net), (1.0 - good) * done)

    outcomes = [
        ((demand, good), p * q)
        for demand, p in masses(FEW)
        for good, q in ((1.0, 1.0 - chance), (0.0, chance))
    ]

    def bounded(state, outcome):
        # below -60 once in 10^15 periods: the chain is cut there
        (net, making), measured = step(state, outcome)
        return (max(net, -60.0), making), measured

    exact = long_run((stock, 0.0), bounded, outcomes)
    network = stages_apart(
        [{"demand": FEW, "base_stock": stock, "lead_time": float(time), "review_period": 1,
          "lot_failure": chance}]
    )  # fmt: skip
    told = run(network).stages
    assert_all(told, [exact[:3]], late=0.1)
    assert_agrees(told, "scrapped", exact[3], planted=0.05)


@pytest.mark.parametrize("time", [0, 2])
def test_a_supplier_who_is_down_at_times(time):
    """Orders wait while it is down; stock goes on being shipped."""
    law, failure, recovery = ed.Poisson(6.0), 0.05, 0.4
    stock = 12.0 + 6.0 * time
    exact = base_stock_with_disruptions(
        law,
        holding_cost=1.0,
        shortage_cost=5.0,
        disruption_probability=failure,
        recovery_probability=recovery,
        lead_time=time,
        base_stock=stock,
    )
    network = stages_apart(
        [{"demand": law, "base_stock": stock, "lead_time": float(time), "review_period": 1,
          "backorder_cost": 5.0}],
        disruptions=pd.DataFrame(
            {"name": ["supplier"], "item": "sku 000", "location": "here",
             "failure_rate": failure, "recovery_rate": recovery, "ships": True}
        ),
    )  # fmt: skip
    told = run(network, warmup=300, replications=3_000).stages
    assert_agrees(told, "cost", exact.cost, planted=0.05)
    assert_agrees(told, "on_hand", exact.on_hand)
    assert_agrees(told, "backorders", exact.backorders, planted=0.1)


def test_stock_that_is_destroyed():
    """What is on hand is lost when the stage goes down; it goes on being supplied and shipping."""
    stock, failure, recovery = 5.0, 0.1, 0.5

    def step(state, outcome):
        down, net, making = state
        demand, chance = outcome
        fails = not down and chance < failure
        gone = max(net, 0.0) if fails else 0.0
        net -= gone
        order = stock - net - making
        net += making - demand
        down = fails or (down and chance >= recovery)
        return (down, net, order), (*net_measures(net), gone)

    chances = ((0.0, failure), (failure, recovery - failure), (recovery, 1.0 - recovery))
    outcomes = [((demand, at), p * q) for demand, p in masses(FEW) for at, q in chances]
    exact = long_run((False, stock, 0.0), step, outcomes)
    network = stages_apart(
        [{"demand": FEW, "base_stock": stock, "lead_time": 1.0, "review_period": 1}],
        disruptions=pd.DataFrame(
            {"name": ["flood"], "item": "sku 000", "location": "here", "failure_rate": failure,
             "recovery_rate": recovery, "ships": True, "capacity_left": 1.0, "stock_destroyed": 1.0}
        ),
    )  # fmt: skip
    told = run(network).stages
    assert_all(told, [exact[:3]], late=0.1)
    assert_agrees(told, "destroyed", exact[3], planted=0.05)


def test_time_to_survive_and_to_recover():
    """Stock of 45 lasts 4 periods of 10; 35 late units are worked off at 5 a period, from -30."""
    network = stages_apart(
        [{"demand": ed.Deterministic(10.0), "base_stock": 45.0, "lead_time": 0.0,
          "capacity": 15.0}],
        disruptions=pd.DataFrame(
            {"name": ["fire"], "item": "sku 000", "location": "here", "first_period": 20,
             "last_period": 27, "ships": True}
        ),
    )  # fmt: skip
    told = run(network, warmup=10, periods=60, replications=4)
    event = told.disruptions.iloc[0]
    assert (event["share_survived"], event["time_to_survive"], event["time_to_recover"]) == (
        0,
        4,
        6,
    )
    late = [5.0 + 10.0 * k for k in range(4)] + [30.0 - 5.0 * k for k in range(6)]
    assert told.stages["backorders"].iloc[0] == pytest.approx(sum(late) / 60)
    assert told.stages["stockouts"].iloc[0] == pytest.approx(1 / 60)
    assert told.stages["stockout_duration"].iloc[0] == pytest.approx(len(late))
