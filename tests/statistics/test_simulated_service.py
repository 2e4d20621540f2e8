"""Simulated shortage, allocation and shelf life against small Markov chains, all exact."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon import distributions as ed
from echelon.exact.single_stage.base_stock_levels import base_stock_measures
from tests.chains import long_run, masses
from tests.simulated import assert_agrees, run, stages_apart


def test_a_share_of_what_is_short_is_lost():
    """Delivered at once every period: what is short is the loss function, and a share is lost."""
    law, stock, share = ed.Poisson(6.0), 7.0, 0.3
    short = base_stock_measures(law, base_stock=stock, lead_time=0, review_period=1).backorders
    network = stages_apart(
        [{"demand": law, "base_stock": stock, "lead_time": 0.0, "review_period": 1,
          "lost_sales_share": share, "lost_sale_cost": 5.0}]
    )  # fmt: skip
    told = run(network).stages
    assert_agrees(told, "backorders", (1.0 - share) * short)
    assert_agrees(told, "lost", share * short)
    assert_agrees(told, "shortage_cost", 5.0 * share * short)
    assert_agrees(told, "fill_rate", 1.0 - short / law.mean, planted=0.01)


def shelf(stock, life, time, lost, least):
    """A stage that orders up to ``stock`` before each period's demand; oldest issued first.

    The state is what is late, the stock by remaining life from 1 up, and what is being made.
    """

    def step(state, demand):
        late, ages, making = state
        order = max(stock - (sum(ages) + sum(making) - late), 0.0)
        making = (*making, order)
        ages = [*ages, making[0]]  # fresh: the whole life is left
        wanted = late + demand
        shipped = 0.0
        for left in range(life):
            if left + 1 >= least:
                taken = min(ages[left], wanted - shipped)
                ages[left] -= taken
                shipped += taken
        at_once = max(shipped - late, 0.0)
        gone = (demand - at_once) if lost else 0.0
        late = wanted - shipped - gone
        expired, ages = ages[0], ages[1:]
        measured = (sum(ages), late, gone, expired, at_once)
        return (late, tuple(ages), making[1:]), measured

    start = (0.0, (0.0,) * (life - 2) + (stock,), (0.0,) * time) if life > 1 else None
    return start, step


@pytest.mark.parametrize(
    ("life", "time", "lost", "least"),
    [(2, 0, True, 0), (3, 0, True, 0), (2, 0, False, 0), (3, 0, False, 0), (2, 1, True, 0),
     (3, 1, False, 0), (3, 0, True, 2), (3, 1, False, 2)],
)  # fmt: skip
def test_a_fixed_shelf_life(life, time, lost, least):
    """Base stocks of perishable goods, issued oldest first (Nahmias, 1982)."""
    law = ed.Poisson(2.0) if time == 0 else ed.Empirical([0, 1, 2, 5], [0.2, 0.3, 0.3, 0.2])
    stock = 4.0 + 3.0 * time
    outcomes = masses(law, tail=1e-11)
    on_hand, late, gone, expired, at_once = long_run(
        *shelf(stock, life, time, lost, least), outcomes
    )
    stages = pd.DataFrame(
        {
            "item": ["pill"],
            "location": "here",
            "lead_time": float(time),
            "review_period": 1,
            "base_stock": stock,
            "holding_cost": 1.0,
            "shelf_life": float(life),
            "lost_sales_share": float(lost),
            "waste_cost": 2.0,
        }
    )
    demand = pd.DataFrame(
        {
            "item": ["pill"],
            "location": "here",
            "distribution": [law],
            "minimum_remaining_life": least,
        }
    )
    told = run(ec.Network.from_tables(stages, None, demand)).stages
    assert_agrees(told, "on_hand", on_hand)
    assert_agrees(told, "backorders", late, planted=0.1 if late else None)
    assert_agrees(told, "expired", expired, planted=0.05)
    assert_agrees(told, "waste_cost", 2.0 * expired, planted=0.05)
    assert_agrees(told, "lost", gone, planted=0.1 if lost else None)
    assert_agrees(told, "fill_rate", at_once / law.mean)


FIRST = ed.Empirical([0.0, 1.0, 2.0], [0.3, 0.4, 0.3])
SECOND = ed.Empirical([0.0, 1.0, 4.0], [0.5, 0.25, 0.25])


def two_classes(allocation, stock, time, priorities):
    stages = pd.DataFrame(
        {
            "item": ["pill"],
            "location": "here",
            "lead_time": float(time),
            "base_stock": stock,
            "holding_cost": 1.0,
            "allocation": allocation,
        }
    )
    demand = pd.DataFrame(
        {
            "item": "pill",
            "location": "here",
            "segment": ["hospital", "wholesaler"],
            "distribution": [FIRST, SECOND],
            "priority": priorities,
        }
    )
    return ec.Network.from_tables(stages, None, demand)


def segment(told, name):
    frame = told.segments
    return frame[frame["segment"] == name]


BOTH = [((one, other), p * q) for one, p in masses(FIRST) for other, q in masses(SECOND)]


@pytest.mark.parametrize("first", [0, 1])
def test_one_class_before_the_other(first):
    """The class served first takes what there is; the other one waits for what it leaves."""
    stock = 4.0

    def step(state, demand):
        late, on_hand, making = state
        ordered, arrives = sum(demand), making[0]
        on_hand += arrives
        late = list(late)
        measured = [0.0, 0.0, 0.0, 0.0]
        for k in (first, 1 - first):
            wanted = late[k] + demand[k]
            shipped = min(on_hand, wanted)
            on_hand -= shipped
            measured[2 + k] = max(shipped - late[k], 0.0)
            late[k] = measured[k] = wanted - shipped
        return (tuple(late), on_hand, (*making[1:], ordered)), measured

    exact = long_run(((0.0, 0.0), stock, (0.0, 0.0)), step, BOTH)
    told = run(two_classes("priority", stock, 2, [first, 1 - first]))
    for k, (name, law) in enumerate((("hospital", FIRST), ("wholesaler", SECOND))):
        assert_agrees(segment(told, name), "backorders", exact[k], planted=0.05)
        assert_agrees(segment(told, name), "fill_rate", exact[2 + k] / law.mean)


def waiting(stock, past):
    """Late units of each class if those who asked first are served first.

    ``past`` has the demand of the last periods, the latest first, which ``stock`` has to cover;
    within a period everybody gets the same share.
    """
    short = max(sum(sum(one) for one in past) - stock, 0.0)
    late = np.zeros(len(past[0]))
    for one in past:
        total = sum(one)
        unserved = min(short, total)
        if total > 0.0:
            late += unserved / total * np.array(one)
        short -= unserved
    return late


def test_first_come_first_served():
    """Two classes, two periods to deliver: what is late is the latest of what was asked for."""
    stock = 4.0
    expected = np.zeros(2)
    at_once = np.zeros(2)
    for (now, p), (before, q) in product(BOTH, BOTH):
        late = waiting(stock, [now, before])
        expected += p * q * late
        # today's units are served last, so what is late beyond the day before is today's
        short = max(sum(now) + sum(before) - stock, 0.0)
        share = min(short, sum(now)) / sum(now) if sum(now) else 0.0
        at_once += p * q * (1.0 - share) * np.array(now)
    told = run(two_classes("first_come", stock, 2, [0, 0]))
    for k, (name, law) in enumerate((("hospital", FIRST), ("wholesaler", SECOND))):
        assert_agrees(segment(told, name), "backorders", expected[k])
        assert_agrees(segment(told, name), "fill_rate", at_once[k] / law.mean)


def test_two_shops_and_a_depot_first_come_first_served():
    """A shop lacks what is late for it at the depot, and the demand of its own lead time."""
    depot, shops, time = 4.0, (2.0, 3.0), 1
    exact = np.zeros((2, 3))
    spread = [{}, {}]
    for (now, p), (before, q) in product(BOTH, BOTH):
        late = waiting(depot, [now, before])
        for k in (0, 1):
            spread[k][late[k]] = spread[k].get(late[k], 0.0) + p * q
    for k, law in enumerate((FIRST, SECOND)):
        for (late, p), (demand, q) in product(spread[k].items(), masses(law)):
            net = shops[k] - late - demand
            exact[k] += p * q * np.array([max(net, 0.0), max(-net, 0.0), net > -1e-9])
    stages = pd.DataFrame(
        {
            "item": "pill",
            "location": ["depot", "first", "second"],
            "lead_time": [2.0, 0.0, 0.0],
            "base_stock": [depot, *shops],
            "holding_cost": 1.0,
            "allocation": "first_come",
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": "pill",
            "from_location": "depot",
            "to_item": "pill",
            "to_location": ["first", "second"],
            "lead_time": float(time),
        }
    )
    demand = pd.DataFrame(
        {"item": "pill", "location": ["first", "second"], "distribution": [FIRST, SECOND]}
    )
    told = run(ec.Network.from_tables(stages, lanes, demand)).stages
    told = told.set_index("location").loc[["first", "second"]].reset_index()
    for name, values in zip(("on_hand", "backorders", "ready_rate"), exact.T, strict=True):
        assert_agrees(told, name, values, planted=0.05 if name == "backorders" else 0.02)
