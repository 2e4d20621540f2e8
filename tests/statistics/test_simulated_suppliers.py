"""Simulated choices between suppliers and ways against small Markov chains, all exact."""

from __future__ import annotations

import numpy as np
import pandas as pd

import echelon as ec
from echelon import distributions as ed
from echelon.exact.single_stage.base_stock_levels import base_stock_measures
from tests.chains import long_run, masses
from tests.simulated import assert_agrees, assert_all, net_measures, run

FEW = ed.Empirical([0.0, 1.0, 2.0, 4.0], [0.3, 0.3, 0.2, 0.2])


def two_suppliers(law, stock, lanes, **tables):
    """Two depots that are never short, and a shop that both supply."""
    stages = pd.DataFrame(
        {
            "item": "pill",
            "location": ["north", "south", "shop"],
            "lead_time": 0.0,
            "holding_cost": 1.0,
            "base_stock": [10_000.0, 10_000.0, stock],
        }
    )
    ways = pd.DataFrame(lanes)
    ways.insert(0, "from_item", "pill")
    ways.insert(1, "from_location", ["north", "south"])
    ways.insert(2, "to_item", "pill")
    ways.insert(3, "to_location", "shop")
    demand = pd.DataFrame({"item": ["pill"], "location": "shop", "distribution": [law]})
    return ec.Network.from_tables(stages, ways, demand, **tables)


def test_two_suppliers_share_the_orders():
    """Half of an order takes one period, the other half three."""
    stock = 3.0
    network = two_suppliers(FEW, stock, {"lead_time": [1.0, 3.0], "share": [0.5, 0.5]})

    def step(state, demand):
        before, earlier = state
        return (demand, before), net_measures(stock - demand - 0.5 * (before + earlier))

    exact = long_run((0.0, 0.0), step, masses(FEW))
    assert_all(at_shop(run(network)), [exact])


def test_a_backup_while_the_lane_is_down():
    """Orders placed while the lane is down take three periods instead of one."""
    stock, failure, recovery = 3.0, 0.1, 0.4

    def step(state, outcome):
        down, before, earlier = state
        demand, chance = outcome
        down = chance >= recovery if down else chance < failure
        slow = demand if down else 0.0
        return (down, slow, before), net_measures(stock - demand - before - earlier)

    chances = ((0.0, failure), (failure, recovery - failure), (recovery, 1.0 - recovery))
    outcomes = [((demand, at), p * q) for demand, p in masses(FEW) for at, q in chances]
    exact = long_run((False, 0.0, 0.0), step, outcomes)
    network = two_suppliers(
        FEW,
        stock,
        {"lead_time": [1.0, 3.0], "share": [1.0, np.nan], "backup": [False, True]},
        disruptions=pd.DataFrame(
            {"name": ["strike"], "from_item": "pill", "from_location": "north", "to_item": "pill",
             "to_location": "shop", "failure_rate": failure, "recovery_rate": recovery}
        ),
    )  # fmt: skip
    assert_all(at_shop(run(network)), [exact])


def two_stages(law, stock, **lane):
    """A depot that is never short and a shop two periods away."""
    stages = pd.DataFrame(
        {
            "item": "pill",
            "location": ["depot", "shop"],
            "lead_time": 0.0,
            "holding_cost": [0.0, 1.0],
            "base_stock": [10_000.0, stock],
        }
    )
    lanes = pd.DataFrame(
        [{"from_item": "pill", "from_location": "depot", "to_item": "pill", "to_location": "shop",
          "lead_time": 2.0, **lane}]
    )  # fmt: skip
    demand = pd.DataFrame({"item": ["pill"], "location": "shop", "distribution": [law]})
    return ec.Network.from_tables(stages, lanes, demand)


def at_shop(told):
    frame = told.stages
    return frame[frame["location"] == "shop"]


def test_everything_expedited():
    """Who always projects a shortage has the fast lane's lead time, and pays for every unit."""
    law, stock = ed.Poisson(4.0), 9.0
    network = two_stages(
        law,
        stock,
        expedite_rule="projected_shortage",
        expedite_after=10_000.0,
        expedite_lead_time=1.0,
        expedite_cost=2.5,
    )
    told = run(network)
    exact = base_stock_measures(law, base_stock=stock, lead_time=1)
    assert_agrees(at_shop(told), "on_hand", exact.on_hand)
    assert_agrees(at_shop(told), "fill_rate", exact.fill_rate)
    assert_agrees(told.total, "expedited", law.mean, planted=0.01)
    assert_agrees(told.total, "expedite_cost", 2.5 * law.mean, planted=0.01)


def test_a_projected_shortage():
    """Stock and transit of a base stock add up to it: always the same number goes the fast way."""
    stock, after = 3.0, 3.0
    most = after * FEW.mean - stock

    def step(before, demand):
        slow = max(demand - most, 0.0)
        return slow, (*net_measures(stock - before - slow), demand - slow)

    exact = long_run(0.0, step, masses(FEW))
    network = two_stages(
        FEW,
        stock,
        expedite_rule="projected_shortage",
        expedite_after=after,
        expedite_lead_time=0.0,
        expedite_cost=1.0,
    )
    told = run(network)
    assert_all(at_shop(told), [exact[:3]], late=0.1)
    assert_agrees(told.total, "expedited", exact[3])


def test_backorders_that_are_expedited():
    """As much of today's order as was late yesterday comes at once."""
    stock = 3.0

    def step(state, demand):
        due, later = state
        net = stock - due - later
        fast = min(demand, max(-net, 0.0))
        net += due + fast - demand
        return (later, demand - fast), (*net_measures(net), fast)

    exact = long_run((0.0, 0.0), step, masses(FEW))
    network = two_stages(
        FEW,
        stock,
        expedite_rule="backorder_age",
        expedite_after=0.0,
        expedite_lead_time=0.0,
        expedite_cost=3.0,
    )
    told = run(network)
    assert_all(at_shop(told), [exact[:3]])
    assert_agrees(told.total, "expedited", exact[3])
