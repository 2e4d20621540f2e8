"""Simulated series at their best levels cost what the literature says, under both policies."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon import distributions as ed
from echelon.exact.multi_echelon.levels import installation_levels, serial_measures
from echelon.exact.multi_echelon.serial import clark_scarf
from tests.simulated import assert_agrees, run


def series(demand, *, policy, added, shortage_cost, lead_time, echelon_base_stock):
    """Stages customers first, as the models have them; transport takes the lead times.

    The first stage buys outside, where goods on order are nobody's yet: neither the models nor the
    simulation charge them.
    """
    n = len(lead_time)
    own = installation_levels(echelon_base_stock)
    names = [f"stage {k + 1}" for k in range(n)]
    stages = pd.DataFrame(
        {
            "item": names,
            "location": "here",
            "policy": policy,
            "lead_time": 0.0,
            "inbound_service_time": [0.0] * (n - 1) + [float(lead_time[-1])],
            "holding_cost": np.cumsum(added[::-1])[::-1],
            "backorder_cost": [float(shortage_cost)] + [0.0] * (n - 1),
            "base_stock": own if policy == "base_stock" else echelon_base_stock,
            "initial_stock": own,
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": names[1:],
            "from_location": "here",
            "to_item": names[:-1],
            "to_location": "here",
            "lead_time": [float(time) for time in lead_time[:-1]],
        }
    )
    wanted = pd.DataFrame({"item": names[:1], "location": "here", "distribution": [demand]})
    return ec.Network.from_tables(stages, lanes, wanted)


POLICIES = ["base_stock", "echelon_base_stock"]


@pytest.mark.parametrize("policy", POLICIES)
def test_example_6_1_of_snyder_and_shen(shared_oracles, policy):
    """47.660 a period, 37.12 per unit and period late; the textbook prints 47.65."""
    known = json.loads((shared_oracles / "textbook" / "ssm_serial.json").read_text("utf-8"))
    case = {case["id"]: case for case in known["cases"]}["ssm_example_6_1"]
    given = case["inputs"]
    demand = ed.Normal(given["demand"]["mean"], given["demand"]["sd"])
    arguments = {
        "shortage_cost": given["stockout_cost"],
        "lead_time": given["lead_time"],
    }
    best = clark_scarf(demand, echelon_holding_cost=given["echelon_holding_cost"], **arguments)
    network = series(
        demand,
        policy=policy,
        added=given["echelon_holding_cost"],
        echelon_base_stock=best.echelon_base_stock,
        **arguments,
    )
    told = run(network, charge_pipeline=True)
    assert_agrees(told.total, "cost", 47.660, planted=0.01)
    exact = serial_measures(
        demand,
        echelon_base_stock=best.echelon_base_stock,
        echelon_holding_cost=given["echelon_holding_cost"],
        **arguments,
    )
    assert_agrees(told.stages, "on_hand", exact.on_hand)
    assert_agrees(told.stages, "backorders", exact.backorders, planted=0.05)
    assert_agrees(told.stages.iloc[:1], "fill_rate", exact.fill_rate, planted=0.01)


@pytest.mark.parametrize("policy", POLICIES)
def test_four_stages_of_shang_and_song(shared_oracles, policy):
    """A period is their lead time of a quarter: 4 Poisson customers instead of 16 per unit time."""
    cases = json.loads((shared_oracles / "shang_song_2003.json").read_text("utf-8"))["cases"]
    assert cases
    for case in cases:
        time = float(case["lead_time_each"])
        network = series(
            ed.Poisson(float(case["poisson_rate"]) * time),
            policy=policy,
            added=[float(one) for one in case["echelon_h_stage1_to_4"].split("|")],
            shortage_cost=float(case["backorder_cost"]),
            lead_time=[1, 1, 1, 1],
            echelon_base_stock=np.array(
                [float(one) for one in case["opt_echelon_base_stock_1_to_4"].split("|")]
            ),
        )
        told = run(network, charge_pipeline=True)
        assert_agrees(told.total, "cost", float(case["published_opt_cost"]))
