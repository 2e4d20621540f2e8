"""What calibrate accepts, refuses, keeps and tells."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError, UnknownNameError

QUICK = {"periods": 60, "replications": 32, "warmup": 10, "seed": 3}


def pair(**columns: object) -> ec.Network:
    """A plant and a shop, 8 periods from end to end."""
    network = ec.serial(
        ["plant", "shop"],
        lead_time=[3, 2],
        holding_cost=[1.0, 2.0],
        demand_mean=50.0,
        demand_std=8.0,
        safety_factor=1.645,
    )
    return network.replace(stages=network.stages.assign(**columns)) if columns else network


@pytest.fixture(scope="module")
def done() -> tuple[ec.Network, ec.Plan, ec.Calibration]:
    network = pair(max_service_time=0.0)
    plan = ec.optimize(network)
    return network, plan, ec.calibrate(network, plan, target=0.97, **QUICK)


def test_the_calibrated_plan_is_a_plan_like_any_other(done):
    network, plan, calibration = done
    found = calibration.plan
    assert found.stages["base_stock"].tolist() == calibration.stages["base_stock_after"].tolist()
    mean = plan.stages["base_stock"] - plan.stages["safety_stock"]
    assert (found.stages["base_stock"] - found.stages["safety_stock"]).tolist() == pytest.approx(
        mean.tolist()
    )
    assert found.objective == pytest.approx(
        (network.stages["holding_cost"] * found.stages["safety_stock"]).sum()
    )
    assert found.objective == pytest.approx(found.components["objective"].sum())
    assert np.isnan(found.bound)
    assert np.isnan(found.gap)
    assert "no proven lower bound: calibrated" in found.summary()
    assert found.stages["service_time"].equals(plan.stages["service_time"])
    run = ec.simulate(network, found, **{**QUICK, "seed": 4})
    (row,) = calibration.customers.to_dict("records")
    assert run.stages["fill_rate"].iloc[-1] == pytest.approx(row["after"], abs=row["after_se"])


def test_neither_network_nor_plan_is_touched(done):
    network, plan, _ = done
    again = ec.optimize(network)
    pd.testing.assert_frame_equal(plan.stages, again.stages)


def test_the_same_call_gives_the_same_bits(done):
    network, plan, calibration = done
    again = ec.calibrate(network, plan, target=0.97, **QUICK)
    pd.testing.assert_frame_equal(again.stages, calibration.stages)
    pd.testing.assert_frame_equal(again.customers, calibration.customers)


def test_steps_tell_what_each_saved(done):
    _, _, calibration = done
    steps = calibration.to_frame("step")
    assert steps["step"].tolist() == [
        "plan as it was",
        "stages with customers",
        "exchange with stages upstream",
        "stages with customers, other random numbers",
    ]
    assert (steps["met"].iloc[1:] == 1).all()
    assert steps["holding_cost"].iloc[2] < steps["holding_cost"].iloc[1]
    assert calibration.rounds == steps["rounds"].iloc[-1] + 2
    text = repr(calibration)
    assert "1 of 1 stage with customers" in text
    assert "fill rate" in text
    assert "<table" in calibration._repr_html_()


def test_the_change_of_holding_cost_is_that_between_two_simulations(done):
    network, plan, calibration = done
    how = {**QUICK, "seed": QUICK["seed"] + 1}  # of the last step
    before, after = (
        ec.simulate(network, one, **how).stages["holding_cost"].sum()
        for one in (plan, calibration.plan)
    )
    assert calibration.holding_cost_change < 0.0
    assert calibration.holding_cost_change == pytest.approx(after - before, rel=1e-9)


def test_it_can_be_written_and_its_plan_read_back(done, tmp_path):
    _, _, calibration = done
    calibration.write(tmp_path / "calibration")
    kept = pd.read_csv(tmp_path / "calibration" / "customers.csv")
    assert kept["after"].tolist() == calibration.customers["after"].tolist()
    again = ec.read_plan(calibration.plan.write(tmp_path / "plan"))
    assert again.stages["base_stock"].tolist() == calibration.plan.stages["base_stock"].tolist()
    assert np.isnan(again.bound)


def test_everything_wrong_is_told_at_once():
    network = pair()
    plan = ec.optimize(network)
    with pytest.raises(DomainError, match="5 things to mend") as caught:
        ec.calibrate(
            network, plan, measure="service", adjust="all", confidence=95, periods=0, replications=1
        )
    for word in ("measure is 'service'", "adjust is 'all'", "confidence is 95", "periods is 0"):
        assert word in str(caught.value)
    with pytest.raises(DomainError, match="network is of type Plan"):
        ec.calibrate(plan, network)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (98, "target is 98. Fix: give a fraction"),
        ("98%", "target is of type str"),
        ({("plant", "main"): 0.9}, "from which no customer of this plan buys"),
        ({"shop": 0.9}, "use a pair"),
        ({("shop", "main"): 1.5}, r"target of \('shop', 'main'\) is 1.5"),
        (pd.DataFrame({"item": ["shop"]}), "lacks 'location', 'target'"),
        (
            pd.DataFrame({"item": ["shop"] * 2, "location": ["main"] * 2, "target": [0.9, 0.8]}),
            "a second time",
        ),
    ],
)
def test_targets_that_make_no_sense_are_refused(target, told):
    network = pair()
    with pytest.raises(DomainError, match=told):
        ec.calibrate(network, ec.optimize(network), target=target, **QUICK)


def test_a_plan_of_another_network_is_refused():
    one = ec.serial(
        ["a", "b"], holding_cost=[1.0, 2.0], demand_mean=5.0, demand_std=1.0, service_level=0.95
    )
    other = ec.serial(
        ["a", "c"], holding_cost=[1.0, 2.0], demand_mean=5.0, demand_std=1.0, service_level=0.95
    )
    with pytest.raises(DomainError, match="the plan is for another network: it has b"):
        ec.calibrate(other, ec.optimize(one))


def test_a_target_may_be_a_mapping_or_a_frame():
    network = pair()
    plan = ec.optimize(network)
    quick = {**QUICK, "adjust": "customers"}
    named = ec.calibrate(network, plan, target={("shop", "main"): 0.9}, **quick)
    rows = pd.DataFrame({"item": ["shop"], "location": ["main"], "target": [0.9]})
    framed = ec.calibrate(network, plan, target=rows, **quick)
    plain = ec.calibrate(network, plan, target=0.9, **quick)
    assert named.stages.equals(framed.stages)
    assert named.stages.equals(plain.stages)
    kept = ec.calibrate(network, plan, measure="ready_rate", **QUICK)
    assert (
        kept.customers["target"].tolist() == plan.stages["target_service_level"].iloc[1:].tolist()
    )


def test_a_fill_rate_makes_no_sense_where_customers_wait():
    network = pair(max_service_time=[np.nan, 2.0])
    plan = ec.optimize(network)
    assert plan.stages["service_time"].iloc[-1] == 2.0
    with pytest.raises(DomainError, match="use 'on_time_rate'"):
        ec.calibrate(network, plan, **QUICK)
    met = ec.calibrate(network, plan, target=0.97, measure="on_time_rate", **QUICK)
    assert met.met


def test_a_target_beyond_capacity_ends_and_says_so():
    """Capacity below demand: the queue grows whatever the stock is."""
    plan = ec.optimize(pair())
    with pytest.warns(ec.DataWarning, match="capacity"):
        calibration = ec.calibrate(
            pair(capacity=[np.nan, 45.0]), plan, target=0.99, **{**QUICK, "warmup": 200}
        )
    (row,) = calibration.customers.to_dict("records")
    assert not calibration.met
    assert row["reason"]
    assert "not met: shop @ main" in calibration.summary()
    assert calibration.rounds <= 200


def test_a_shop_that_may_not_hold_stock_is_helped_from_upstream():
    network = pair(can_stock=[True, False], max_service_time=[0.0, 2.0])
    plan = ec.optimize(network)
    assert plan.stages["safety_stock"].iloc[-1] == 0.0
    calibration = ec.calibrate(network, plan, target=0.99, measure="on_time_rate", **QUICK)
    assert calibration.met
    assert calibration.stages["change"].tolist() == [
        pytest.approx(calibration.stages["change"][0]),
        0.0,
    ]
    assert calibration.stages["change"].iloc[0] != 0.0


def test_whole_units_keep_whole_levels():
    network = ec.Network.from_tables(
        pd.DataFrame(
            {
                "item": ["pill"],
                "location": ["shop"],
                "holding_cost": [1.0],
                "lead_time": [3],
                "service_level": [0.95],
            }
        ),
        demand=pd.DataFrame(
            {"item": ["pill"], "location": ["shop"], "family": ["poisson"], "mean": [4.0]}
        ),
    )
    calibration = ec.calibrate(network, ec.optimize(network), target=0.9, **QUICK)
    level = calibration.stages["base_stock_after"].iloc[0]
    assert level == round(level)


def test_reorder_points_move_with_their_base_stocks():
    network = pair(
        policy=["base_stock", "reorder_point"],
        reorder_point=[np.nan, 250.0],
        order_quantity=[np.nan, 100.0],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ec.DataWarning)  # on what lots mean for the plan
        plan = ec.optimize(network)
    calibration = ec.calibrate(network, plan, target=0.95, adjust="customers", **QUICK)
    assert calibration.met
    moved = calibration.plan.stages["reorder_point"].iloc[-1]
    before = 250.0 if "reorder_point" not in plan.stages else plan.stages["reorder_point"].iloc[-1]
    assert moved - before == pytest.approx(calibration.stages["change"].iloc[-1])


def test_levels_of_frames_are_known():
    network = pair()
    calibration = ec.calibrate(network, ec.optimize(network), target=0.9, adjust="factor", **QUICK)
    assert len(calibration.to_frame()) == 1
    assert len(calibration.to_frame("stage")) == 2
    with pytest.raises(UnknownNameError):
        calibration.to_frame("lane")
