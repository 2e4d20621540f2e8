"""What a guaranteed-service plan claims, against simulation: 4 standard errors, fixed seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import make
from echelon.policies.plan import Plan
from echelon.results import Provenance, no_failures

MEAN, STD, SAFETY_FACTOR = 100.0, 20.0, 5.0


def plan_of(network, service_time, base_stock, promised=None):
    """A plan by hand: only what a simulation reads of it is filled in."""
    stages = network.stages[["item", "location"]].assign(
        service_time=service_time,
        base_stock=base_stock,
        service_level=np.nan if promised is None else promised,
    )
    provenance = Provenance(arguments={}, tables={}, seconds={})
    return Plan(
        no_failures(),
        provenance,
        stages,
        pd.DataFrame(),
        0.0,
        0.0,
        0.0,
        "optimal",
        "",
        "week",
        52.0,
    )


def test_serial_chain_holds_its_safety_stock():
    """Mean net inventory = base stock - mu tau = safety stock, tau_j = SI_j + T_j + R_j - S_j.

    The safety factor makes a shortage, which would delay the next stage, too rare to be seen.
    Stages wait for lanes, review every period or not, and one (tau = 0) holds nothing.
    """
    lead_time, lane_lead_time = [3, 1, 4, 1], [1, 0, 2]
    review, service_time = [0, 1, 0, 1], [1, 4, 3, 0]
    inbound = [0, 1 + 1, 4 + 0, 3 + 2]
    tau = np.array(inbound) + lead_time + np.array(review) - service_time
    assert tau.tolist() == [2, 0, 5, 7]
    safety_stock = SAFETY_FACTOR * STD * tau**0.5
    network = ec.serial(
        ["mine", "mill", "plant", "shop"],
        lead_time=lead_time,
        lane_lead_time=lane_lead_time,
        review_period=review,
        holding_cost=1.0,
        demand_mean=MEAN,
        demand_std=STD,
    )
    plan = plan_of(network, service_time, MEAN * tau + safety_stock)
    run = ec.simulate(network, plan, periods=200, replications=512, seed=31)
    off = run.stages["net_inventory"] - safety_stock
    assert (off.abs() <= 4 * run.stages["net_inventory_se"] + 1e-7).all()
    assert (run.stages["net_inventory_se"] < 2.0).all()
    assert (run.stages["on_time_rate"] > 0.9999).all()
    assert run.stages["net_inventory"].iloc[1] == pytest.approx(0.0, abs=1e-7)


def test_an_optimised_chain_holds_what_its_plan_says():
    """The same through ``optimize``, with assembly, units required and a customer who waits."""
    network = ec.general(
        ["ore", "resin", "frame", "bike", "shop"],
        [("ore", "frame"), ("resin", "bike"), ("frame", "bike"), ("bike", "shop")],
        units_required=[3.0, 0.5, 1.0, 1.0],
        lead_time=[6, 9, 4, 2, 3],
        added_cost=[1.0, 30.0, 20.0, 40.0, 5.0],
        holding_rate=0.25,
        max_service_time=[None, None, None, None, 1],
        safety_factor=SAFETY_FACTOR,
        demand_mean={"shop": MEAN},
        demand_std={"shop": STD},
    )
    plan = ec.optimize(network)
    run = ec.simulate(network, plan, periods=200, replications=512, seed=32)
    claimed = plan.stages.set_index("item").loc[run.stages["item"]]
    off = run.stages["net_inventory"].to_numpy() - claimed["safety_stock"].to_numpy()
    assert (np.abs(off) <= 4 * run.stages["net_inventory_se"].to_numpy() + 1e-6).all()
    pipeline = claimed["pipeline_stock"].to_numpy()
    apart = run.stages["pipeline"].to_numpy() - pipeline
    assert (np.abs(apart) <= 4 * run.stages["pipeline_se"].to_numpy() + 1e-6).all()
    assert (claimed["safety_stock"] > 0).sum() >= 2


def test_promised_service_is_kept_when_suppliers_keep_theirs():
    """Customers' service at a moderate factor, behind suppliers that practically never fail."""
    tau = np.array([3, 4])
    promised = 0.95
    family = make("normal", MEAN, STD)
    shop_level = float(family.sum_over(4).ppf(promised))
    network = ec.serial(
        ["plant", "shop"],
        lead_time=[3, 4],
        holding_cost=1.0,
        demand_mean=MEAN,
        demand_std=STD,
    )
    plant_level = MEAN * tau[0] + 6.0 * STD * tau[0] ** 0.5
    plan = plan_of(network, [0, 0], [plant_level, shop_level], promised=[np.nan, promised])
    run = ec.simulate(network, plan, periods=200, replications=512, seed=33)
    row = run.service.iloc[0]
    assert row["item"] == "shop"
    assert row["promised"] == promised
    assert abs(row["simulated"] - promised) < 4 * row["simulated_se"]
    assert row["difference_in_se"] == (row["simulated"] - promised) / row["simulated_se"]


def test_standard_errors_are_those_of_the_estimates():
    """Forty runs with other seeds: the estimates spread as their standard errors say.

    The variance of 40 estimates has 39 degrees of freedom, so the ratio of the two deviations is
    within 0.6 and 1.5 with probability above 0.9999. The fill rate checks the delta method.
    """
    network = ec.serial(
        ["shop"], lead_time=3, holding_cost=1.0, base_stock=[350.0], demand_mean=MEAN,
        demand_std=STD * 2, backorder_cost=9.0,
    )  # fmt: skip
    runs = [ec.simulate(network, periods=26, replications=32, seed=seed) for seed in range(40)]
    frame = pd.concat([run.stages for run in runs])
    for name in ("on_hand", "backorders", "cycle_service_level", "fill_rate", "cost"):
        claimed = (frame[f"{name}_se"] ** 2).mean() ** 0.5
        assert 0.6 < frame[name].std(ddof=1) / claimed < 1.5, name
    totals = pd.concat([run.total for run in runs])
    for name in ("on_hand", "cost", "fill_rate", "cycle_service_level"):
        np.testing.assert_allclose(totals[name], frame[name], rtol=1e-9)
        np.testing.assert_allclose(totals[f"{name}_se"], frame[f"{name}_se"], rtol=1e-6)
