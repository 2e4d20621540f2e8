"""Lots, minimum orders and fill-rate targets: levels against exact ones, and simulated."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon import distributions as ed
from echelon.distributions.loss import expected_shortage
from echelon.errors import DataWarning, TableError
from echelon.exact.single_stage.lot_policy import reorder_point_measures
from echelon.lead_time.exposure import exposure_demand
from echelon.optimization.cost.ordering import Lots, most_requested
from echelon.optimization.cost.position_excess import OrderRule, PositionExcess
from tests.bounded_demand import backorders, burst, chain, drawn

LAWS = {
    "gamma": ed.Gamma(20.0, 15.0),
    "poisson": ed.Poisson(3.0),
    "lognormal": ed.LogNormal(20.0, 15.0),
    "normal": ed.Normal(20.0, 4.0),
    "empirical": ed.Empirical([0, 10, 100], [0.6, 0.3, 0.1]),
}


def stage(law, **columns) -> ec.Network:
    stages = pd.DataFrame(
        {
            "item": ["kit"],
            "location": "plant",
            "lead_time": [3.0],
            "holding_cost": [1.0],
            "service_level": [0.95],
        }
    ).assign(**columns)
    demand = pd.DataFrame({"item": ["kit"], "location": ["plant"], "distribution": [law]})
    return ec.Network.from_tables(stages, None, demand)


@pytest.mark.parametrize("review", [0, 1, 3])
@pytest.mark.parametrize("family", LAWS)
def test_a_reorder_point_for_a_fill_rate_is_the_exact_one(family, review):
    """Against the exact measures of (R, r, nQ): another derivation, on the whole cycle."""
    law = LAWS[family]
    columns = {"policy": "reorder_point", "order_quantity": 60.0, "service_measure": "fill"}
    row = ec.optimize(stage(law, review_period=review, **columns)).stages.iloc[0]
    assert row["order_quantity"] == 60.0
    found = reorder_point_measures(
        law,
        reorder_point=row["reorder_point"],
        order_quantity=60.0,
        lead_time=3.0,
        review_period=review,
    )
    assert row["service_level"] == pytest.approx(0.95, abs=1e-6)
    assert found.fill_rate == pytest.approx(0.95, abs=2e-4)
    cycling = law.mean * max(review - 1, 0) / 2.0
    told = row["safety_stock"] + row["cycle_stock"] + cycling
    assert told == pytest.approx(found.on_hand - found.backorders, abs=2e-3 * found.on_hand)


@pytest.mark.parametrize(
    ("family", "columns"),
    [
        ("lognormal", {"service_measure": "fill"}),
        ("empirical", {"service_measure": "fill", "review_period": 4}),
        ("poisson", {"order_multiple": 50.0}),
        ("gamma", {"order_multiple": 50.0, "service_measure": "fill"}),
        ("empirical", {"minimum_order": 40.0}),
        ("lognormal", {"minimum_order": 40.0, "review_period": 2, "service_measure": "fill"}),
        ("normal", {"minimum_order": 70.0, "order_multiple": 50.0}),
        ("poisson", {"policy": "reorder_point", "order_quantity": 30.0}),
    ],
)
def test_simulated_service_and_stock_are_as_told(family, columns):
    """By the measure of the target within 4 standard errors; ten units less are seen."""
    network = stage(LAWS[family], **columns)
    plan = ec.optimize(network)
    row = plan.stages.iloc[0]
    measure = "on_time_rate" if "service_measure" in columns else "cycle_service_level"
    measured = ec.simulate(
        network, plan, periods=200, warmup=300, replications=120, seed=5, progress=False
    ).stages.iloc[0]
    error = measured[f"{measure}_se"]
    assert abs(measured[measure] - row["service_level"]) <= 4.0 * error
    assert row["service_level"] >= 0.95 - 1e-6
    review = columns.get("review_period", 0)
    told = row["holding_cost"] + LAWS[family].mean * max(review - 1, 0) / 2.0
    net = measured["on_hand"] - measured["backorders"]
    spread = 4.0 * (measured["on_hand_se"] + measured["backorders_se"])
    assert abs(net - told) <= spread
    assert spread < 10.0


def test_an_exposed_demand_of_nothing_needs_no_stock():
    row = ec.optimize(stage(ed.Gamma(20.0, 15.0), lead_time=0.0, service_measure="fill")).stages
    assert row["base_stock"][0] == pytest.approx(0.0, abs=1e-9)
    assert row["service_level"][0] == 1.0


def test_a_fill_rate_under_random_times_is_kept():
    """What two and nine periods leave short, by the loss functions of their sums."""
    law = ed.Gamma(20.0, 15.0)
    times = {
        "lead_time": None,
        "lead_time_distribution": [ed.Empirical([2, 9], [0.9, 0.1])],
        "service_measure": "fill",
    }
    row = ec.optimize(stage(law, **times)).stages.iloc[0]
    late = sum(
        weight * sign * float(expected_shortage(law.sum_over(periods), row["base_stock"]))
        for weight, long in ((0.9, 2.0), (0.1, 9.0))
        for sign, periods in ((1.0, long), (-1.0, long - 1.0))
    )
    assert 1.0 - late / 20.0 == pytest.approx(0.95, abs=1e-9)
    assert row["service_level"] == pytest.approx(0.95, abs=1e-9)


@pytest.mark.parametrize(
    "columns",
    [
        {"order_multiple": [70.0, 130.0, None]},
        {"minimum_order": [None, 200.0, 90.0], "review_period": [2, 1, 0]},
        {"policy": "reorder_point", "order_quantity": [70.0, 130.0, 130.0],
         "review_period": [2, 0, 4]},
        {"order_multiple": [None, 70.0, 130.0], "capacity": [44.0, 60.0, 44.0],
         "review_period": [1, 1, 4]},
    ],
)  # fmt: skip
def test_lots_of_bounded_demand_make_no_supplier_late(columns):
    """Whatever the phase at which the burst meets the lots."""
    network = chain([3, 1, 2], **columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        plan = ec.optimize(network)
    begun = np.random.default_rng(2).uniform(0.0, 40.0, size=60)
    for quiet in (30, 31, 33):
        for path in (burst(quiet, 100), np.concatenate([begun, drawn("lots", 150)])):
            late = backorders(network, plan, path)
            assert late.iloc[:2].max() < 1e-9


def test_a_supplier_covers_the_lots_of_its_customers():
    row = ec.optimize(chain([4, 2], order_multiple=[None, 100.0])).stages.iloc[0]
    plain = ec.optimize(chain([4, 2])).stages.iloc[0]
    assert row["base_stock"] == pytest.approx(plain["base_stock"] + 100.0, rel=1e-12)


def test_a_sum_of_many_lots_is_not_all_of_them():
    lots = Lots(most=10.0, width=10.0, usage=2.0)
    assert most_requested([lots], 1.645) == 20.0
    assert most_requested([lots] * 50, 1.645) < 0.25 * 50 * 20.0
    rng = np.random.default_rng(1)
    shares = rng.uniform(size=(20_000, 50))
    sums = 20.0 * ((rng.uniform(size=shares.shape) < shares) - shares).sum(axis=1)
    assert (sums > most_requested([lots] * 50, 1.645)).mean() <= 0.05


def test_position_excess_of_multiples_and_minima():
    """Uniform over a multiple; of a minimum order by a long run of the rule itself."""
    assert PositionExcess.uniform(40.0).mean == 20.0
    assert PositionExcess.uniform(40.0, step=10.0).mean == 15.0
    rule = OrderRule(minimum=40.0)
    law = ed.Gamma(20.0, 15.0)
    found = PositionExcess.stationary(rule, exposure_demand(law, 1.0))
    position, excess = np.zeros(2_000), []
    for demand in law.sample(np.random.default_rng(4), (400, 2_000)):
        position = position - demand
        short = position < 0.0
        position[short] += np.maximum(-position[short], 40.0)
        excess.append(position.mean())
    assert found.mean == pytest.approx(np.mean(excess[50:]), rel=0.01)


def test_columns_at_their_neutral_values_leave_the_answer_bit_for_bit():
    numbers = ["service_time", "safety_stock", "base_stock", "holding_cost", "service_level"]
    plain = ec.optimize(chain([3, 2, 6])).stages
    for columns in (
        {"service_measure": "cycle"},
        {"order_multiple": None, "minimum_order": None},
        {"minimum_order": 0.0},
        {"policy": "base_stock"},
    ):
        other = ec.optimize(chain([3, 2, 6], **columns)).stages
        pd.testing.assert_frame_equal(other[numbers], plain[numbers], check_exact=True)
        assert list(other.columns) == list(plain.columns)


def test_a_plan_with_lots_is_written_and_read(tmp_path):
    plan = ec.optimize(stage(ed.Poisson(3.0), policy="reorder_point", order_quantity=30.0))
    again = ec.read_plan(plan.write(tmp_path))
    pd.testing.assert_frame_equal(again.stages, plan.stages)


def test_what_is_reckoned_with_is_not_warned_of():
    network = stage(LAWS["gamma"], order_multiple=5.0, capacity=1e6, service_measure="fill")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ec.optimize(network)
    with pytest.warns(DataWarning, match=r"stages.policy \(1 stage\)"):
        ec.optimize(stage(LAWS["gamma"], policy="min_max", reorder_point=5.0))


def test_a_fill_rate_is_no_safety_factor():
    with pytest.raises(TableError, match="must not be 'fill' beside a safety_factor"):
        stage(LAWS["gamma"], service_level=None, safety_factor=2.0, service_measure="fill")


def test_a_known_demand_lies_on_its_own_lattice_whatever_its_family():
    """Counts without deviation are a known amount, which need not be a whole number."""
    plans = []
    for family in ("negative_binomial", "deterministic"):
        demand = pd.DataFrame(
            {"item": ["kit"], "location": "plant", "family": family, "mean": [2.5], "std": [0.0]}
        )
        stages = stage(ed.Normal(1.0, 0.1), policy="reorder_point", order_quantity=10.0).stages
        network = ec.Network.from_tables(stages, None, demand)
        plans.append(ec.optimize(network, progress=False).stages)
    pd.testing.assert_frame_equal(*plans)
    # of positions on a lattice of 2.5 the lowest above the reorder point is one step above it
    assert plans[0]["base_stock"].iloc[0] - plans[0]["reorder_point"].iloc[0] == 2.5
