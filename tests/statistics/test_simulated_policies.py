"""Simulated ordering policies against the exact models and small Markov chains."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from echelon import distributions as ed
from echelon.exact.single_stage.base_stock_levels import base_stock_measures
from echelon.exact.single_stage.lot_policy import reorder_point_measures
from echelon.exact.single_stage.min_max import min_max_policy
from echelon.exact.single_stage.min_max_measures import min_max_measures
from echelon.exact.single_stage.reorder_point_cost import reorder_policy
from tests.chains import long_run, masses
from tests.simulated import assert_agrees, run, stages_apart

LAWS = {
    "poisson": ed.Poisson(4.0),
    "normal": ed.Normal(20.0, 4.0),
    "gamma": ed.Gamma(10.0, 6.0),
    "negative binomial": ed.NegativeBinomial(4.0, 3.0),
}
TIMES = [(time, review) for review in (0, 1) for time in (0, 1, 2, 3, 4)]
COSTS = {"holding_cost": 1.0, "backorder_cost": 9.0}
LOWEST = -200.0
"""Where chains are cut: net stock is there less than once in 10^15 periods."""

FEW = ed.Empirical([0.0, 1.0, 2.0, 3.0], [0.3, 0.3, 0.2, 0.2])


def level(law, time, review, factor):
    """Mean over the exposure and some deviations, in whole units."""
    exposed = time + review
    return float(np.rint(law.mean * exposed + factor * law.std * max(exposed, 0.5) ** 0.5))


def compare(told, exact, *, planted=0.02):
    for name in ("on_hand", "backorders", "fill_rate", "ready_rate"):
        values = [getattr(one, name) for one in exact]
        small = name == "backorders"
        assert_agrees(told, name, values, planted=0.2 if small else planted)


@pytest.mark.parametrize("name", LAWS)
def test_base_stocks(name):
    law = LAWS[name]
    rows, exact = [], []
    for time, review in TIMES:
        stock = level(law, time, review, 0.7)
        rows.append({"demand": law, "lead_time": float(time), "review_period": review,
                     "base_stock": stock, **COSTS})  # fmt: skip
        exact.append(
            base_stock_measures(law, base_stock=stock, lead_time=time, review_period=review)
        )
    compare(run(stages_apart(rows)).stages, exact)


@pytest.mark.parametrize("name", LAWS)
def test_reorder_points(name):
    """(r, nQ); the position starts at the top, as after an order."""
    law = LAWS[name]
    rows, exact = [], []
    for k, (time, review) in enumerate([*TIMES, (1, 2), (2, 3)]):
        point = level(law, time, review, 0.3)
        quantity = float(np.rint(law.mean * (0.5, 1.5, 3.0)[k % 3]))
        rows.append({"demand": law, "lead_time": float(time), "review_period": review,
                     "policy": "reorder_point", "reorder_point": point,
                     "order_quantity": quantity, "initial_stock": point + quantity,
                     **COSTS})  # fmt: skip
        exact.append(
            reorder_point_measures(
                law,
                reorder_point=point,
                order_quantity=quantity,
                lead_time=time,
                review_period=review,
            )
        )
    compare(run(stages_apart(rows)).stages, exact)


@pytest.mark.parametrize("name", LAWS)
def test_min_max(name):
    law = LAWS[name]
    rows, exact = [], []
    for k, (time, review) in enumerate([*TIMES, (1, 2), (2, 3)]):
        low = level(law, time, review, 0.2)
        high = low + float(np.rint(law.mean * (0.8, 1.5, 3.0)[k % 3]))
        rows.append({"demand": law, "lead_time": float(time), "review_period": review,
                     "policy": "min_max", "reorder_point": low, "base_stock": high,
                     **COSTS})  # fmt: skip
        exact.append(
            min_max_measures(
                law,
                reorder_point=low,
                order_up_to_level=high,
                lead_time=time,
                review_period=review,
            )
        )
    compare(run(stages_apart(rows)).stages, exact)


def test_least_costs():
    """Of (r, Q) and (s, S), what an order costs included, at the levels the models choose."""
    costs = {"holding_cost": 1.0, "shortage_cost": 9.0}
    rows, exact = [], []
    for law in (ed.Poisson(4.0), ed.NegativeBinomial(4.0, 3.0), ed.Gamma(10.0, 6.0)):
        for review, time in ((0, 2), (1, 0), (1, 3)):
            common = {"demand": law, "lead_time": float(time), "review_period": review,
                      "order_cost": 40.0, **COSTS}  # fmt: skip
            lots = reorder_policy(
                law, fixed_cost=40.0, lead_time=time, review_period=review, **costs
            )
            rows.append({**common, "policy": "reorder_point", "reorder_point": lots.reorder_point,
                         "order_quantity": lots.order_quantity,
                         "initial_stock": lots.reorder_point + lots.order_quantity})  # fmt: skip
            exact.append(lots)
            best = min_max_policy(
                law, fixed_cost=40.0, lead_time=time, review_period=review, **costs
            )
            rows.append({**common, "policy": "min_max", "reorder_point": best.reorder_point,
                         "base_stock": best.order_up_to_level})  # fmt: skip
            exact.append(best)
    told = run(stages_apart(rows)).stages
    assert_agrees(told, "cost", [one.cost for one in exact], planted=0.01)


def test_one_lot_at_most_a_review():
    """(r, Q) with a quantity that one large demand exceeds: the position may stay below r."""
    point, quantity = 2.0, 2.0

    def step(net, demand):
        net += quantity if net <= point else 0.0
        net = max(net - demand, LOWEST)
        return net, (max(net, 0.0), max(-net, 0.0), demand - min(demand, max(-net, 0.0)))

    on_hand, late, at_once = long_run(4.0, step, masses(FEW))
    network = stages_apart(
        [{"demand": FEW, "policy": "reorder_point_once", "reorder_point": point,
          "order_quantity": quantity, "initial_stock": 4.0, "review_period": 1,
          "lead_time": 0.0}]
    )  # fmt: skip
    told = run(network).stages
    assert_agrees(told, "on_hand", on_hand)
    assert_agrees(told, "backorders", late, planted=0.1)
    assert_agrees(told, "fill_rate", at_once / FEW.mean)


def test_multiples_least_and_most():
    """A base stock in packs of 2, three packs at least and four at most."""
    stock = 9.0

    def step(net, demand):
        order = max(stock - net, 0.0)
        if order > 0.0:
            order = min(max(np.ceil(order / 2.0) * 2.0, 6.0), 8.0)
        net = max(net + order - demand, LOWEST)
        return net, (max(net, 0.0), max(-net, 0.0), order > 0.0)

    law = ed.Empirical([0.0, 2.0, 5.0, 11.0], [0.3, 0.3, 0.2, 0.2])
    on_hand, late, orders = long_run(stock, step, masses(law))
    network = stages_apart(
        [{"demand": law, "base_stock": stock, "review_period": 1, "lead_time": 0.0,
          "order_multiple": 2.0, "minimum_order": 5.0, "maximum_order": 9.0,
          "order_cost": 3.0}]
    )  # fmt: skip
    told = run(network).stages
    assert_agrees(told, "on_hand", on_hand)
    assert_agrees(told, "backorders", late, planted=0.1)
    assert_agrees(told, "orders", orders, planted=0.01)
    assert_agrees(told, "ordering_cost", 3.0 * orders, planted=0.01)


def test_levels_that_change():
    """4 and 9 in turn, delivered at once: only every second period's order is a large one."""
    levels = (4.0, 9.0)

    def step(state, demand):
        place, net = state
        net = max(net, levels[place]) - demand
        return (1 - place, net), (max(net, 0.0), max(-net, 0.0))

    law = ed.Empirical([0.0, 3.0, 6.0], [0.4, 0.3, 0.3])
    on_hand, late = long_run((0, 9.0), step, masses(law))
    table = pd.DataFrame({"item": "sku 000", "location": "here", "period": [0, 1],
                          "base_stock": levels})  # fmt: skip
    network = stages_apart(
        [{"demand": law, "base_stock": 9.0, "review_period": 1, "lead_time": 0.0}], levels=table
    )
    told = run(network).stages
    assert_agrees(told, "on_hand", on_hand)
    assert_agrees(told, "backorders", late, planted=0.05)


def age_law(law):
    """Of what has arrived by now, how long ago the last was ordered, if nothing overtakes.

    All that was ordered ``a`` periods ago or longer is there with probability
    ``F(a) F(a + 1) ...``.
    """
    values, chances = np.array(law[0]), np.array(law[1])
    ages = np.arange(values.max() + 1)
    below = np.array([chances[values <= age].sum() for age in ages])
    reached = np.cumprod(below[::-1])[::-1]
    return ed.Empirical(ages.astype(float), np.diff(reached, prepend=0.0))


HUMPS = ([1, 4, 6], [0.6, 0.3, 0.1])


@pytest.mark.parametrize("where", ["stage", "release"])
def test_random_lead_times_without_overtaking(where):
    """The exposure is a mixture over the age of what came last; demand in every period."""
    law = ed.Gamma(10.0, 6.0)
    times = ed.Empirical(np.array(HUMPS[0], dtype=float), HUMPS[1])
    rows, exact = [], []
    for review in (0, 1):
        stock = 45.0 + 10.0 * review
        row = {"demand": law, "review_period": review, "base_stock": stock}
        if where == "stage":
            row |= {"lead_time_distribution": times}
        else:
            row |= {"lead_time": 0.0, "release_time_distribution": times}
        rows.append(row)
        exact.append(
            base_stock_measures(
                law, base_stock=stock, lead_time=age_law(HUMPS), review_period=review
            )
        )
    told = run(stages_apart(rows)).stages
    for name in ("on_hand", "backorders", "fill_rate", "ready_rate"):
        planted = 0.1 if name == "backorders" else 0.02
        assert_agrees(told, name, [getattr(one, name) for one in exact], planted=planted)
    # the times as they are, as if each order's were the exposure, would not do
    plain = base_stock_measures(law, base_stock=45.0, lead_time=times, review_period=0)
    first = told.iloc[0]
    assert abs(first["backorders"] - plain.backorders) > 4.0 * first["backorders_se"]


def test_random_lead_times_with_overtaking():
    """Each order on its own: that of ``k`` periods ago is still out with P(L > k), as a whole."""
    stock, law = 12.0, ed.Poisson(4.0)
    values, chances = np.array(HUMPS[0]), np.array(HUMPS[1])
    demand = np.array([chance for _, chance in masses(law)])
    out = np.ones(1)
    for ago in range(max(HUMPS[0])):
        waits = chances[values > ago].sum()
        one = waits * demand
        one[0] += 1.0 - waits
        out = np.convolve(out, one)
    net = stock - np.arange(out.size)
    network = stages_apart(
        [{"demand": law, "base_stock": stock, "overtaking": True,
          "lead_time_distribution": ed.Empirical(values.astype(float), HUMPS[1])}]
    )  # fmt: skip
    told = run(network).stages
    assert_agrees(told, "on_hand", out @ np.maximum(net, 0.0))
    assert_agrees(told, "backorders", out @ np.maximum(-net, 0.0), planted=0.05)
    assert_agrees(told, "ready_rate", out[net >= 0.0].sum())
