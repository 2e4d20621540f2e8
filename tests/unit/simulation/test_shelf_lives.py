"""Shelf lives in a simulation: ages only where they matter, and the same numbers as with all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.simulation import shelf_lives

RUNS = 16


def warehouse(life, *, slow=0.0, least=0):
    """A plant, a warehouse and its customers, every week; some weeks nobody asks for anything."""
    stages = pd.DataFrame(
        {
            "item": "serum",
            "location": ["plant", "warehouse", "shop"],
            "lead_time": [2, 1, 0],
            "base_stock": [60.0, 50.0, 40.0],
            "holding_cost": 1.0,
            "backorder_cost": [0.0, 0.0, 9.0],
            "shelf_life": life,
            "waste_cost": 3.0,
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": "serum",
            "from_location": ["plant", "warehouse"],
            "to_item": "serum",
            "to_location": ["warehouse", "shop"],
            "lead_time": [2, 1],
        }
    )
    demand = pd.DataFrame(
        {
            "item": "serum",
            "location": "shop",
            "segment": ["clinic", "trade"],
            "family": "gamma",
            "mean": [6.0, 4.0],
            "std": [6.0 + slow, 4.0 + slow],
            "minimum_remaining_life": [least, 0],
        }
    )
    return ec.Network.from_tables(stages, lanes, demand, currency="EUR")


def simulated(network, **more):
    """Means and standard errors over all runs."""
    run = ec.simulate(network, periods=60, warmup=20, replications=RUNS, progress=False, **more)
    assert not len(run.failures)
    return run.to_frame()


@pytest.fixture
def passes(monkeypatch):
    """What was run: how many runs, and of how many stages by age."""
    seen, run = [], shelf_lives._Room.run

    def logged(room, draws, runs, block):
        seen.append((len(runs), int((room._features.shelf_life > 0).sum())))
        return run(room, draws, runs, block)

    monkeypatch.setattr(shelf_lives._Room, "run", logged)
    return seen


def all_by_age(monkeypatch):
    everything = property(lambda lives: np.ones(lives.n_families, dtype=bool))
    monkeypatch.setattr(shelf_lives.Lives, "with_ages", everything)


@pytest.mark.parametrize("draws", ["independent", "antithetic"])
def test_a_shelf_life_that_never_binds_changes_no_bit_and_costs_no_ages(passes, draws):
    """Demand that is no whole number, a clinic that asks for fresh goods: not even a rounding."""
    network = warehouse(50.0, least=4)
    found = simulated(network, draws=draws)
    assert passes == [(RUNS, 0)]
    for_ever = network.replace(
        stages=network.stages.drop(columns=["shelf_life", "waste_cost"]),
        demand=network.demand.drop(columns="minimum_remaining_life"),
    )
    plain = simulated(for_ever, draws=draws)
    pd.testing.assert_frame_equal(found, plain, check_exact=True, check_like=True)


@pytest.mark.parametrize(
    ("life", "slow", "least"), [(40.0, 0.0, 0), (44.0, 0.0, 4), (44.0, 8.0, 0)]
)
def test_only_runs_in_which_goods_may_be_too_old_are_run_again(
    passes, monkeypatch, life, slow, least
):
    network = warehouse(life, slow=slow, least=least)
    found = simulated(network)
    (first, by_age), *again = passes
    assert (first, by_age) == (RUNS, 0)
    assert len(again) == 1
    assert 0 < again[0][0] < RUNS
    assert again[0][1] == 3
    all_by_age(monkeypatch)
    passes.clear()
    whole = simulated(network)
    assert passes == [(RUNS, 3)]
    pd.testing.assert_frame_equal(found, whole, check_exact=True)


@pytest.mark.parametrize("draws", ["independent", "antithetic", "stratified"])
@pytest.mark.parametrize("together", [1, 7])
def test_no_bit_depends_on_how_many_runs_are_advanced_together(
    passes, monkeypatch, draws, together
):
    """Nor on which these are: runs that fail are run again beside others."""
    network = warehouse(44.0, slow=8.0)
    found = simulated(network, draws=draws)
    passes.clear()
    monkeypatch.setattr(shelf_lives, "_STAGE_RUNS", 0)
    monkeypatch.setattr(shelf_lives, "_LEAST_RUNS", together)
    few = simulated(network, draws=draws)
    assert max(n for n, _ in passes) <= together
    assert {by_age for _, by_age in passes} == {0, 3}  # the first that fail warn the others
    pd.testing.assert_frame_equal(found, few, check_exact=True)


def test_waste_is_counted_and_a_watch_that_sleeps_is_found_out(monkeypatch):
    network = warehouse(9.0, slow=20.0)
    found = simulated(network)
    assert (found["expired"] > 0.0).any()
    monkeypatch.setattr(
        shelf_lives.Lives, "failed",
        lambda lives, stays: np.zeros((lives.n_families, stays.shape[1]), dtype=bool),
    )  # fmt: skip
    asleep = simulated(network)
    assert not (asleep["expired"] > 0.0).any()
