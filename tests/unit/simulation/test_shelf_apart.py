"""A company whose goods perish, of which two products matter: they alone are run by age."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.simulation import shelf_apart

RUNS = 24
PRODUCTS = 16
MEASURES = ["on_hand", "backorders", "in_transit", "expired", "fill_rate", "cost"]


def company():
    """One plasma for all products, two of which sell too slowly for how long they keep."""
    products = [f"serum {i}" for i in range(PRODUCTS)]
    slow = np.arange(PRODUCTS) < 2
    stages = pd.DataFrame({"item": ["plasma", *products], "location": "plant", "holding_cost": 1.0})
    stages = stages.assign(
        lead_time=[3, *[1, 2] * (PRODUCTS // 2)],
        base_stock=[270.0, *np.where(slow, 30.0, 28.0)],
        backorder_cost=[0.0, *[9.0] * PRODUCTS],
        shelf_life=[np.nan, *np.where(slow, 12.0, 60.0)],
        waste_cost=3.0,
    )
    lanes = pd.DataFrame({"from_item": "plasma", "to_item": products, "lead_time": 1})
    lanes = lanes.assign(from_location="plant", to_location="plant")
    demand = pd.DataFrame({"item": products, "location": "plant", "family": "gamma"})
    demand = demand.assign(mean=np.where(slow, 2.0, 6.0), std=np.where(slow, 4.0, 3.0))
    return ec.Network.from_tables(stages, lanes, demand, currency="EUR")


def simulated(precision, **more):
    run = ec.simulate(
        company(), periods=60, warmup=20, replications=RUNS, precision=precision, progress=False,
        **more,
    )  # fmt: skip
    assert run.failures.empty
    return run.to_frame()


@pytest.fixture
def parts(monkeypatch):
    """How many stages were run ahead, of how many in all, in how many runs."""
    seen, run = [], shelf_apart.run_ahead

    def logged(*arguments):
        ahead, whole, crossing = arguments[0], arguments[5], arguments[-3]
        seen.append((len(ahead.level), len(whole.level), len(crossing.runs)))
        return run(*arguments)

    monkeypatch.setattr(shelf_apart, "run_ahead", logged)
    return seen


def test_only_what_fails_and_who_supplies_it_is_run_by_age(parts):
    single, double = simulated("single"), simulated("double")
    ((ahead, stages, runs),) = parts
    assert ahead < stages / 2
    assert stages == PRODUCTS + 1
    assert runs > RUNS // 2
    assert (double["expired"] > 0.0).any()
    pd.testing.assert_frame_equal(single[MEASURES], double[MEASURES], rtol=2e-5, atol=1e-3)
    assert not single.equals(double)


def test_a_component_that_is_not_taken_apart_has_the_same_numbers(parts, monkeypatch):
    two_parts = simulated("single")
    assert len(parts) == 1
    monkeypatch.setattr(shelf_apart, "_LEAST_SHARE", 1.0)
    whole = simulated("single")
    assert len(parts) == 1
    pd.testing.assert_frame_equal(two_parts[MEASURES], whole[MEASURES], rtol=2e-5, atol=1e-3)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_workers_and_blocks_change_no_bit(monkeypatch, n_jobs):
    whole = simulated("single")
    monkeypatch.setattr("echelon.simulation.work._BLOCKS", (8,))
    cut = simulated("single", n_jobs=n_jobs)
    pd.testing.assert_frame_equal(whole, cut, check_exact=True)
