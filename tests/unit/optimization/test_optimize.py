"""What `optimize` promises about its arguments, its plan and what it does when something fails."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import echelon as ec
from echelon.errors import DomainError, TableError, UnknownNameError
from echelon.exact.guaranteed_service import plain_cycles
from echelon.policies.plan import COMPONENT_COLUMNS, STAGE_COLUMNS
from tests.networks import random_network


def shop(family: str = "normal", **stage: object) -> ec.Network:
    row = {"item": "pill", "location": "shop", "holding_cost": 2.0, "lead_time": 3, **stage}
    demand = {"item": "pill", "location": "shop", "family": family, "mean": 10.0, "std": 4.0}
    if family == "poisson":
        demand["std"] = np.sqrt(10.0)
    return ec.Network.from_tables(pd.DataFrame([row]), None, pd.DataFrame([demand]))


def test_single_stage_by_hand():
    """Tau = 3 + 1 periods, z = 1.645: base stock 40 + 1.645 * 4 * 2."""
    plan = ec.optimize(shop(safety_factor=1.645, review_period=1))
    row = plan.stages.iloc[0]
    assert row["net_replenishment_time"] == 4.0
    assert row["safety_stock"] == pytest.approx(1.645 * 4.0 * 2.0)
    assert row["base_stock"] == pytest.approx(40.0 + 13.16)
    assert row["holding_cost"] == pytest.approx(26.32)
    assert row["pipeline_stock"] == pytest.approx(30.0)
    assert row["service_level"] == pytest.approx(stats.norm.cdf(1.645))
    assert plan.objective == pytest.approx(26.32)
    assert plan.annual_cost == pytest.approx(26.32 * 52)


@pytest.mark.parametrize("review_period", [0, 1, 4])
@pytest.mark.parametrize("lead_time", [3, 10])
def test_gamma_base_stock_is_the_exact_quantile(lead_time, review_period):
    network = shop("gamma", lead_time=lead_time, review_period=review_period, service_level=0.97)
    row = ec.optimize(network).stages.iloc[0]
    shape, scale = (10.0 / 4.0) ** 2, 4.0**2 / 10.0
    exposure = lead_time + review_period
    want = stats.gamma(shape * exposure, scale=scale).ppf(0.97)
    assert row["base_stock"] == pytest.approx(want, rel=1e-9)
    assert row["service_level"] == pytest.approx(0.97, rel=1e-9)


def test_poisson_base_stock_is_whole_and_its_promise_is_what_it_gives():
    row = ec.optimize(shop("poisson", service_level=0.9)).stages.iloc[0]
    exposure = stats.poisson(30.0)
    assert row["base_stock"] == exposure.ppf(0.9)
    assert row["service_level"] == pytest.approx(exposure.cdf(row["base_stock"]))
    assert row["target_service_level"] == 0.9


@pytest.mark.parametrize("family", ["gamma", "poisson", "negative_binomial"])
def test_other_families_upstream_of_the_customer(family):
    """The customer's stage holds the exact quantile, the others stay under the normal bound."""
    network = ec.serial(
        ["plant", "hub", "shop"],
        lead_time=[4, 2, 1],
        added_cost=[10.0, 1.0, 1.0],
        holding_rate=0.25,
        demand_mean=9.0,
        demand_std=3.0 if family == "poisson" else 5.0,
        family=family,
        service_level=0.95,
    )
    exact, milp = (ec.optimize(network, method=method) for method in ("exact", "milp"))
    assert exact.objective == pytest.approx(milp.objective, rel=1e-9)
    shop_row = exact.stages.iloc[-1]
    if shop_row["net_replenishment_time"] > 0:
        (demand,) = network.distributions
        total = demand.sum_over(float(shop_row["net_replenishment_time"]))
        assert shop_row["base_stock"] == pytest.approx(float(total.ppf(0.95)))
    assert exact.gap < 1e-6 or exact.status == "feasible"


def test_service_level_argument_overrides_the_table():
    network = shop(service_level=0.9)
    assert ec.optimize(network).stages["target_service_level"].iloc[0] == 0.9
    plan = ec.optimize(network, service_level=0.99)
    assert plan.stages["target_service_level"].iloc[0] == 0.99
    assert plan.stages["safety_stock"].iloc[0] == pytest.approx(
        stats.norm.ppf(0.99) * 4.0 * 3.0**0.5
    )


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"service_level": 97.5}, DomainError, "use 0.975"),
        ({"service_level": 0.3}, DomainError, "fraction in \\[0.5, 1\\)"),
        ({"service_level": 1.0}, DomainError, "fraction"),
        ({"gap": -1.0}, DomainError, "gap is -1.0"),
        ({"time_limit": 0.0}, DomainError, "time_limit is 0.0"),
        ({"n_jobs": 0}, DomainError, "n_jobs is 0"),
        ({"method": "exakt"}, UnknownNameError, "Did you mean 'exact'"),
        ({"model": "stochastic"}, UnknownNameError, "guaranteed_service"),
        ({"service_level": "95%"}, DomainError, "service_level is '95%', must be a number"),
        ({"time_limit": "60"}, DomainError, "time_limit is '60'.* of seconds"),
        ({"gap": "a"}, DomainError, r"gap is 'a', must be a number\. Fix: 1e-6"),
        ({"step": -1}, DomainError, "step is -1, must be > 0 periods"),
        ({"progress": 3}, DomainError, "progress is 3. Fix: give True"),
        ({"base_stocks": "by_week"}, UnknownNameError, "by_period"),
        ({"gap": "small", "service_level": 97.5}, DomainError, "(?s)gap is 'small'.*use 0.975"),
    ],
)
def test_bad_arguments_name_the_value_and_the_remedy(arguments, error, says):
    with pytest.raises(error, match=says):
        ec.optimize(shop(service_level=0.9), **arguments)


def test_an_unknown_solver_is_refused_at_once(serial_general):
    with pytest.raises(UnknownNameError, match="Did you mean 'highs'"):
        ec.optimize(serial_general, solver="hihgs")


def test_a_network_without_customers_has_nothing_to_hold_stock_for():
    stages = pd.DataFrame({"item": ["a"], "location": ["x"], "holding_cost": [1.0]})
    with pytest.raises(DomainError, match="no stage of this network has customers"):
        ec.optimize(ec.Network.from_tables(stages))


@pytest.mark.parametrize("given", ["folder", pd.DataFrame()])
def test_what_is_not_a_network_is_said(given):
    with pytest.raises(DomainError, match="read_network"):
        ec.optimize(given)


def test_an_approximate_promise_is_left_open_and_said():
    network = shop("lognormal", service_level=0.98, lead_time=2.5)  # half a period has no law
    with pytest.warns(ec.DataWarning, match="1 of 1 stages, first pill @ shop: demand that is not"):
        plan = ec.optimize(network)
    assert np.isnan(plan.stages["service_level"].iloc[0])
    assert plan.stages["target_service_level"].iloc[0] == 0.98


def test_negative_safety_stock_is_said():
    network = shop("gamma", service_level=0.5)
    with pytest.warns(ec.DataWarning, match="less than the mean demand"):
        plan = ec.optimize(network)
    assert plan.stages["safety_stock"].iloc[0] < 0.0


def test_customers_of_two_targets_share_what_the_pool_gives():
    """A hub that sells at 0.99 and supplies a shop at 0.9: its stock promises what lies between."""
    network = ec.serial(
        ["hub", "shop"],
        lead_time=[9, 1],
        holding_cost=[1.0, 50.0],
        demand_mean=20.0,
        demand_std=5.0,
    )
    stages, demand = network.stages, network.demand
    stages["service_level"] = [0.99, 0.9]
    stages["max_service_time"] = 0.0
    hub = demand.assign(item=stages["item"].iloc[0], location=stages["location"].iloc[0])
    plan = ec.optimize(network.replace(stages=stages, demand=pd.concat([hub, demand])))
    promised = plan.stages["service_level"].iloc[0]
    z = (stats.norm.ppf(0.99) ** 2 + stats.norm.ppf(0.9) ** 2) ** 0.5 / 2**0.5
    assert promised == pytest.approx(stats.norm.cdf(z))
    assert plan.stages["service_level"].iloc[1] == pytest.approx(0.9)


@pytest.fixture
def serial_general() -> ec.Network:
    return random_network(np.random.default_rng(3), 5, extra_lanes=2)


def test_missing_targets_are_listed_all_at_once():
    stages = pd.DataFrame(
        {"item": list("abc"), "location": "x", "holding_cost": 1.0, "lead_time": 1.0}
    )
    stages["service_level"] = [np.nan, 0.3, 0.9]
    demand = pd.DataFrame({"item": list("abc"), "location": "x", "mean": 5.0, "std": 1.0})
    network = ec.Network.from_tables(stages, None, demand)
    with pytest.raises(TableError) as caught:
        ec.optimize(network)
    faults = caught.value.faults
    assert [(fault.table, fault.column, fault.row) for fault in faults] == [
        ("stages", "service_level", 1),
        ("stages", "service_level", 2),
    ]
    assert "no target" in str(faults[0])
    assert "0.3" in str(faults[1])


def test_one_infeasible_component_is_a_failure_row_and_the_rest_is_planned():
    stages = pd.DataFrame(
        {
            "item": ["good", "bad"],
            "location": "x",
            "holding_cost": 1.0,
            "lead_time": [2.0, 5.0],
            "max_service_time": [0.0, 3.0],
            "can_stock": [True, False],
            "service_level": 0.95,
        }
    )
    demand = pd.DataFrame({"item": ["good", "bad"], "location": "x", "mean": 5.0, "std": 1.0})
    plan = ec.optimize(ec.Network.from_tables(stages, None, demand))
    assert plan.status == "partial"
    assert plan.stages["item"].tolist() == ["good"]
    (failure,) = plan.failures.to_dict("records")
    assert (failure["item"], failure["error"]) == ("bad", "InfeasibleError")
    assert "sooner than 5 periods" in failure["message"]
    assert np.isfinite(plan.objective)


def test_exact_goes_on_to_rounding_on_any_network(serial_general):
    """Whatever gap is asked for: the model, solved to the last digit, is the oracle."""
    plan = ec.optimize(serial_general, method="exact", gap=0.5)
    assert plan.status == "optimal"
    assert plan.gap <= 1e-12
    model = ec.optimize(serial_general, method="milp", gap=1e-9)
    assert plan.objective == pytest.approx(model.objective, rel=1e-8)


def test_dual_does_without_a_solver(serial_general, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyomo", None)  # importing it fails
    monkeypatch.setattr(plain_cycles, "_MOST_STAGES", 0)  # else it is placed by tree programs
    plan = ec.optimize(serial_general, method="dual")
    assert plan.status == "optimal"
    assert plan.components["method"].item() == "dual ascent"


def test_plan_frames_round_trip_and_read_well(tmp_path):
    network = ec.read_example("bulldozer")
    plan = ec.optimize(network)
    assert tuple(plan.stages.columns) == STAGE_COLUMNS
    assert tuple(plan.components.columns) == COMPONENT_COLUMNS
    text = repr(plan)
    assert "632,775" in text
    assert max(map(len, text.splitlines())) <= 100
    assert "<table" in plan._repr_html_()
    frame = plan.to_frame()
    frame.loc[0, "base_stock"] = -1.0
    assert plan.stages.loc[0, "base_stock"] >= 0.0
    with pytest.raises(UnknownNameError, match="component, stage"):
        plan.to_frame("stages")
    again = ec.read_plan(plan.write(tmp_path / "run"))
    pd.testing.assert_frame_equal(again.stages, plan.stages)
    assert again.annual_cost == pytest.approx(plan.annual_cost, rel=1e-12)


def test_same_plan_for_any_number_of_jobs_and_any_subset():
    network = _portfolio(6)
    one, two = (ec.optimize(network, n_jobs=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one.stages, two.stages)
    part = ec.optimize(network.subset([1, 4]))
    keys = ["item", "location", "base_stock", "service_time"]
    mine = one.stages[one.stages["component"].isin([1, 4])]
    pd.testing.assert_frame_equal(
        mine[keys].reset_index(drop=True), part.stages[keys].reset_index(drop=True)
    )


def test_progress_counts_components(monkeypatch):
    seen: list[int] = []
    monkeypatch.setattr(plain_cycles, "_MOST_STAGES", 0)  # else all are placed at once
    ec.optimize(_portfolio(3), progress=lambda done, total, _label: seen.append(total - done))
    assert seen[-1] == 0


def _portfolio(size: int) -> ec.Network:
    parts = [random_network(np.random.default_rng(k), 4, extra_lanes=k % 2) for k in range(size)]
    frames = []
    for name in ("stages", "lanes", "demand"):
        tables = []
        for k, part in enumerate(parts):
            frame = getattr(part, name)
            for column in frame.columns:
                if column in ("location", "from_location", "to_location"):
                    frame[column] = f"site {k}"
            tables.append(frame)
        frames.append(pd.concat(tables, ignore_index=True))
    stages, lanes, demand = frames
    return ec.Network.from_tables(stages.drop(columns="unit_cost"), lanes, demand)


def test_a_time_limit_keeps_the_plan_and_its_gap(shared_data):
    """A chain the proof of which takes longer than the limit still gets a plan and a bound."""
    with pytest.warns(ec.DataWarning):
        network = ec.read_willems(shared_data / "willems", 24)
    plan = ec.optimize(network, time_limit=2.0)
    assert plan.status in ("feasible", "optimal")
    assert 0.0 < plan.bound <= plan.objective
    assert len(plan.stages) == network.n_stages


def test_a_stage_that_may_not_hold_stock_cannot_have_a_random_lead_time():
    network = ec.serial(
        ["a", "b"],
        lead_time=[2, 3],
        holding_cost=[1, 2],
        demand_mean=10,
        demand_std=3,
        service_level=0.95,
        can_stock=[False, True],
    )
    stages = network.stages
    stages["lead_time_std"] = [1.0, 0.0]
    plan = ec.optimize(network.replace(stages=stages))
    assert plan.status == "failed"
    assert "lead time varies" in plan.failures["message"].iloc[0]


@pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")
def test_a_safety_factor_beyond_certainty_falls_back_to_the_normal_bound():
    """Φ(9) rounds to 1, of which gamma demand has no finite quantile."""
    plan = ec.optimize(shop("gamma", safety_factor=9.0))
    assert plan.stages["safety_stock"].iloc[0] == pytest.approx(9.0 * 4.0 * 3.0**0.5)
    assert np.isnan(plan.stages["service_level"].iloc[0])


@pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")
def test_tiny_quantiles_do_not_cancel():
    """Mean 1, deviation 100: the 0.95 quantile is tiny against the mean, and kept all the same."""
    network = ec.serial(
        ["shop"],
        lead_time=1,
        holding_cost=1.0,
        family="gamma",
        demand_mean=1.0,
        demand_std=100.0,
        service_level=0.95,
    )
    row = ec.optimize(network).stages.iloc[0]
    assert row["base_stock"] > 0.0
    assert row["service_level"] == pytest.approx(0.95, abs=1e-6)


def test_plans_compare_by_identity_and_can_be_keys():
    plan = ec.optimize(shop(service_level=0.9))
    assert plan == plan
    assert plan in {plan}
