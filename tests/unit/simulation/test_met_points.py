"""A plan whose base stock is not above the reorder point of the tables."""

import warnings

import numpy as np
import pytest

import echelon as ec
from echelon.errors import DataWarning
from tests.rich_networks import portfolio
from tests.unit.simulation.test_levels import pair, plan_of

MET = r"not above stages.reorder_point at pill @ shop: 20 and 25 at the first"


def run(network, plan):
    return ec.simulate(network, plan, periods=300, replications=2, warmup=50, seed=3)


def planned(network, base_stock):
    return plan_of(network, base_stock=base_stock, service_level=np.nan, holding_cost=1.0)


@pytest.mark.parametrize("base_stock", [20.0, 25.0])
def test_such_a_stage_orders_up_to_the_base_stock_of_the_plan_at_every_review(base_stock):
    common = {"review_period": [0, 2], "lead_time": 1.0, "order_cost": 3.0}
    network = pair(policy=["base_stock", "min_max"], reorder_point=[np.nan, 25.0], **common)
    alike = pair(policy="base_stock", **common)
    base_stock = [50.0, base_stock]
    with pytest.warns(DataWarning, match="not above stages.reorder_point at pill @ shop"):
        found = run(network, planned(network, base_stock))
    wanted = run(alike, planned(alike, base_stock))
    for column in ("on_hand", "backorders", "orders", "fill_rate"):
        assert found.stages[column].tolist() == wanted.stages[column].tolist()
    assert found.stages["orders"][1] > 0


def test_the_warning_says_whose_numbers_they_are_and_what_to_do():
    network = pair(policy=["base_stock", "min_max"], reorder_point=[np.nan, 25.0])
    with pytest.warns(DataWarning, match=MET) as told:
        run(network, planned(network, [50.0, 20.0]))
    (message,) = [str(one.message) for one in told if "reorder_point" in str(one.message)]
    assert "Fix: choose the policy 'base_stock' there" in message


def test_levels_of_a_plan_above_the_reorder_point_are_run_as_they_are_without_a_word():
    network = pair(policy=["base_stock", "min_max"], reorder_point=[np.nan, 25.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(network, planned(network, [50.0, 26.0]))


def test_plan_of_a_rich_portfolio_can_be_simulated():
    network = portfolio()
    with pytest.warns(DataWarning, match=r"does not reckon with stages\.policy"):
        plan = ec.optimize(network, service_level=0.95, service_times="whole")
    assert plan.stages.set_index(["item", "location"]).loc[("item 4", "plant"), "base_stock"] == 0.0
    with pytest.warns(DataWarning, match="not above stages.reorder_point at item 4 @ plant"):
        found = run(network, plan)
    assert found.failures.empty
    assert np.isfinite(found.stages["on_hand"]).all()
