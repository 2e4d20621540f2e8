"""Searched base stocks: arguments, targets, failures, and what the result says."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.optimization.simulated_base_stock.asked import Asked
from echelon.optimization.simulated_base_stock.columns import COMPONENTS, CUSTOMERS, STAGES, TRACE
from echelon.optimization.simulated_base_stock.describe import Described
from echelon.optimization.simulated_base_stock.sample import Sample
from echelon.optimization.simulated_base_stock.start import Start
from tests.rich_networks import chain

QUICK = {"model": "simulated_base_stock", "periods": 60, "replications": 48, "seed": 3}


def described(network: ec.Network, service_level=None, measure=None, **given) -> Described:
    asked = Asked.of(network, service_level, measure)
    options = {"periods": 60, "warmup": 20, "seed": 5, "charge_pipeline": True} | given
    start = Start.of(network, asked, None)
    return Described.of(network, asked, start, by_factor=False, **options)


RICH = {
    "plain": {},
    "capacity": {"capacity": [11.0, np.nan]},
    "drawn times": {"lead_time_std": [1.0, 0.5]},
    "overtaking": {"lead_time_std": [1.0, 0.5], "overtaking": True},
    "lost sales": {"lost_sales_share": [0.0, 0.7], "lost_sale_cost": 8.0},
    "release and yield": {"release_time": [1.0, 0.0], "yield_mean": 0.95, "yield_std": 0.02},
    "reviews": {"review_period": [2, 1], "order_cost": 3.0, "maximum_order": [40.0, 25.0]},
}


@pytest.mark.parametrize("columns", RICH.values(), ids=RICH)
def test_a_sample_costs_what_the_simulation_charges_on_the_same_draws(columns):
    network = chain(**columns)
    made = described(network)
    problem = made.problem(0)
    levels = np.array([55.0, 36.0])
    own = Sample(problem, 0, 24).read(levels).cost
    plan = made.start.with_levels(network, levels)
    run = ec.simulate(
        network, plan, periods=60, warmup=20, replications=24, seed=5, charge_pipeline=True
    )
    assert own.mean() == pytest.approx(float(run.total["cost"].iloc[0]), rel=1e-12)
    error = own.std(ddof=1) / len(own) ** 0.5
    assert error == pytest.approx(float(run.total["cost_se"].iloc[0]), rel=1e-9)


@pytest.mark.parametrize("measure", ["cycle", "ready", "fill"])
def test_softened_service_has_the_slope_that_differences_have(measure):
    network = chain(capacity=[11.0, np.nan])
    sample = Sample(described(network, 0.95, measure).problem(0), 0, 16)
    levels, multiplier, penalty = np.array([52.0, 31.0]), np.array([900.0]), np.array([2e4])
    _, slope, _ = sample.lagrangian(levels, multiplier, penalty)
    for j in range(2):
        step = 1e-5 * np.eye(2)[j]
        up, down = (
            sample.lagrangian(levels + sign * step, multiplier, penalty)[0] for sign in (1, -1)
        )
        assert slope[j] == pytest.approx((up - down) / 2e-5, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("measure", ["cycle", "fill"])
def test_targets_are_met_and_no_more(measure):
    network = chain(capacity=[12.0, np.nan])
    found = ec.optimize(network, service_level=0.95, service_measure=measure, **QUICK)
    row = found.customers.iloc[0]
    assert found.met
    assert row["measure"] == measure
    assert row["verdict"] == "met" if row["after"] - row["half_width"] >= 0.95 else "unclear"
    assert abs(row["after"] - 0.95) < 4.0 * row["after_se"] + 0.005
    assert found.cost < found.start_cost
    assert found.plan.stages["target_service_level"].notna().sum() == 1


def test_a_target_out_of_reach_is_told():
    """Nine can be made and ten are asked for: at most 90 % are served."""
    lost = {"lost_sales_share": [0.0, 1.0], "lost_sale_cost": 5.0, "backorder_cost": 0.0}
    network = chain(capacity=[9.0, np.nan], **lost)
    with pytest.warns(ec.DataWarning, match="missed"):
        found = ec.optimize(network, service_level=0.95, service_measure="fill", warmup=50, **QUICK)
    row = found.customers.iloc[0]
    assert not found.met
    assert not row["met"]
    assert row["verdict"] == "missed"
    assert "capacity" in row["reason"]
    assert "missed" in repr(found)


def _loaded(capacity: float, lost_sales_share: float = 0.0, std: float = 2.0) -> ec.Network:
    network = ec.serial(
        ["shop"], lead_time=1, holding_cost=1.0, backorder_cost=9.0, demand_mean=5.0, demand_std=std
    )
    columns = {"capacity": capacity, "lost_sales_share": lost_sales_share, "lost_sale_cost": 9.0}
    return network.replace(stages=network.stages.assign(**columns))


@pytest.mark.parametrize("capacity", [4.0, 5.0])
def test_more_demand_than_capacity_is_a_failure_before_the_search(capacity):
    """What is owed then grows without end: no base stock is best, and none is searched."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ec.optimize(_loaded(capacity), service_level=0.9, **QUICK)
    assert found.stages.empty
    assert not found.met
    (why,) = found.failures["message"]
    assert f"shop @ main can start {capacity:g} units a period" in why
    assert "needs 5" in why
    assert "raise stages.capacity" in why
    assert "shop @ main" in repr(found)


def test_a_full_capacity_is_no_fault_where_demand_does_not_vary_or_sales_are_lost():
    for network in (_loaded(5.0, std=0.0), _loaded(4.0, lost_sales_share=1.0)):
        assert ec.optimize(network, warmup=20, **QUICK).failures.empty


def test_one_sample_does_not_judge_the_levels_it_chose():
    """A gap is only known where another sample than theirs looked at the levels."""
    one = ec.optimize(chain(), **(QUICK | {"replications": 8}))
    assert one.components["rounds"].tolist() == [1]
    assert one.components["gap"].isna().all()
    assert "in reach not known, replications ran out" in one.summary()


def test_no_stock_is_written_as_nought_and_not_as_minus_nought():
    network = ec.serial(
        ["shop"], lead_time=2, holding_cost=1.0, demand_mean=0.01, demand_std=0.1, family="poisson"
    )
    found = ec.optimize(network, service_level=0.9, service_measure="ready", **QUICK)
    level = found.stages["base_stock"].iloc[0]
    assert level == 0.0
    assert not np.signbit(level)


def test_demand_of_nothing_needs_no_stock():
    network = ec.serial(
        ["shop"], lead_time=1, holding_cost=1.0, backorder_cost=9.0, demand_mean=0.0, demand_std=0.0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ec.optimize(network, **QUICK)
    row = found.stages.iloc[0]
    assert (row["base_stock"], row["cost"]) == (0.0, 0.0)
    assert np.isnan(row["safety_factor"])


def test_each_segment_has_its_own_fill_rate():
    network = chain()
    demand = pd.DataFrame(
        {"item": "shop", "location": "main", "segment": ["a", "b"], "mean": [6.0, 4.0]}
    ).assign(std=2.0, priority=[0, 1], service_level=[0.99, 0.9])
    stages = network.stages.assign(allocation=["proportional", "priority"], service_measure="fill")
    found = ec.optimize(network.replace(stages=stages, demand=demand), **QUICK)
    assert found.customers["target"].tolist() == [0.9, 0.99]
    assert found.met


def test_one_safety_factor_moves_all_levels():
    found = ec.optimize(chain(), adjust="safety_factor", **QUICK)
    factors = found.stages["safety_factor"].to_numpy()
    assert factors[0] == pytest.approx(factors[1], abs=1e-9)
    free = ec.optimize(chain(), **QUICK)
    assert free.cost <= found.cost + 2.0 * found.half_width


def test_whole_units_where_demand_is_whole():
    network = chain()
    poisson = network.demand.assign(family="poisson", std=10.0**0.5)
    found = ec.optimize(network.replace(demand=poisson), **QUICK)
    levels = found.stages["base_stock"].to_numpy()
    np.testing.assert_array_equal(levels, np.rint(levels))


def _portfolio() -> ec.Network:
    stages = pd.DataFrame(
        {
            "item": ["good", "free", "packed", "also good"],
            "location": "shop",
            "lead_time": 3.0,
            "holding_cost": 1.0,
            "backorder_cost": [9.0, 0.0, 9.0, 5.0],
            "order_multiple": [np.nan, np.nan, 10.0, np.nan],
        }
    )
    demand = stages[["item", "location"]].assign(family="gamma", mean=10.0, std=5.0)
    return ec.Network.from_tables(stages, demand=demand)


def test_a_bad_item_is_a_row_of_failures_and_the_others_are_searched():
    found = ec.optimize(_portfolio(), **QUICK)
    assert found.stages["item"].tolist() == ["good", "also good"]
    assert found.failures["component"].tolist() == [1, 2]
    free, packed = found.failures["message"]
    assert "backorder_cost" in free
    assert "free @ shop" in free
    assert "stages.order_multiple at packed @ shop" in packed
    assert found.plan.status == "partial"
    run = ec.simulate(_portfolio(), found.plan, periods=20, replications=4, seed=1)
    assert len(run.stages) == 2


def test_workers_change_nothing():
    one, two = (ec.optimize(_portfolio(), n_jobs=n, **QUICK) for n in (1, 2))
    pd.testing.assert_frame_equal(one.stages, two.stages)
    assert one.cost == two.cost


def test_a_plan_can_be_begun_with():
    network = chain()
    first = ec.optimize(network, **QUICK)
    again = ec.optimize(network, start=first.plan, **QUICK)
    assert again.cost <= first.cost + 1e-3 * abs(first.cost)
    assert again.stages["base_stock_start"].tolist() == first.stages["base_stock"].tolist()


def test_every_fault_of_the_arguments_is_told_at_once():
    with pytest.raises(ec.errors.DomainError) as told:
        ec.optimize(
            chain(), model="simulated_base_stock", service_level=97.5, service_measure="typ2",
            adjust="all", tolerance=0.0, periods=1, replications=1, seed="x", n_jobs=0,
        )  # fmt: skip
    text = str(told.value)
    for word in ("use 0.975", "'typ2'", "'all'", "tolerance", "periods is 1", "replications is 1"):
        assert word in text
    assert "seed is 'x'" in text
    assert "n_jobs is 0" in text


def test_what_the_result_says(tmp_path):
    found = ec.optimize(chain(), **QUICK)
    assert not found.customers.size
    assert tuple(found.stages.columns) == STAGES.names
    assert tuple(found.customers.columns) == CUSTOMERS.names
    assert tuple(found.components.columns) == COMPONENTS.names
    assert tuple(found.trace.columns) == TRACE.names
    assert found.trace["gap"].isna().tolist() == [True, False]
    assert found.components["gap"].iloc[0] > 0.0
    assert "simulated cost" in repr(found)
    assert "<table" in found._repr_html_()
    assert len(found.to_frame("trace")) == len(found.trace)
    with pytest.raises(ec.errors.UnknownNameError):
        found.to_frame("stages")
    folder = found.write(tmp_path / "found")
    assert (folder / "stages.csv").exists()
    again = ec.read_plan(found.write(folder))
    pd.testing.assert_frame_equal(again.stages, found.plan.stages)
    published = ec.publish(None, found).targets["base_stock"]
    assert published.tolist() == again.stages["base_stock"].tolist()
    with pytest.raises(ec.errors.DomainError, match=r"give its \.plan"):
        ec.optimize(chain(), start=found, **QUICK)
    run = ec.simulate(chain(), found, periods=60, replications=48, seed=4)
    assert found.cost == pytest.approx(float(run.total["cost"].iloc[0]), rel=1e-12)
