"""Shelf lives in a simulation: ages only where they matter, and the same numbers as with all."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

import echelon as ec
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.simulation import shelf_lives

RUNS = 16
MEASURES = ("on_hand", "backorders", "expired", "fill_rate", "cost")


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
    """Let no family be watched."""
    made = shelf_lives.Lives.__init__

    def knowing_nothing(lives, structure, features):
        made(lives, structure, features)
        lives.unknown[:] = True

    monkeypatch.setattr(shelf_lives.Lives, "__init__", knowing_nothing)


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
    ("life", "slow", "least"), [(34.0, 0.0, 0), (36.0, 0.0, 4), (36.0, 8.0, 0)]
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
    watch = shelf_lives.Lives.watch
    monkeypatch.setattr(
        shelf_lives.Lives, "watch",
        lambda lives, aged, block, **more: watch(lives, aged | True, block, **more),
    )  # fmt: skip
    asleep = simulated(network)
    assert not (asleep["expired"] > 0.0).any()


@pytest.mark.parametrize(("life", "slow"), [(50.0, 0.0), (36.0, 8.0), (9.0, 20.0)])
def test_single_precision_runs_what_passes_and_leaves_the_rest_to_double(passes, life, slow):
    network = warehouse(life, slow=slow)
    single = simulated(network, precision="single")
    again = list(passes)
    double = simulated(network)
    assert [n for n, by_age in again if by_age] == [n for n, by_age in passes[1:] if by_age]
    assert all(by_age for _, by_age in again)  # none is run in double without ages
    one, other = (run[list(MEASURES)] for run in (single, double))
    pd.testing.assert_frame_equal(one, other, rtol=2e-5, atol=1e-4)
    assert single.equals(double) == (sum(n for n, _ in again) == RUNS)


def test_the_runs_that_fail_have_the_bits_of_double_precision():
    network = warehouse(36.0, slow=8.0)
    single, double = (
        ec.simulate(
            network, periods=60, warmup=20, replications=RUNS, precision=p, keep=True,
            progress=False,
        ).runs.at("stage").values
        for p in ("single", "double")
    )  # fmt: skip
    same = (single == double).all(axis=(0, 1))
    assert same.any()
    assert not same.all()


@pytest.mark.parametrize("first", [0, 5])
def test_no_bit_depends_on_what_is_known_to_fail(monkeypatch, first):
    """Ages where none matters are the same as none."""
    network = warehouse(36.0, slow=8.0)
    found = simulated(network, precision="single")
    run = shelf_lives.run_with_lives

    def warned(structure, features, lives, draws, block, sums, feature_sums, failed=None):
        if failed is not None:
            failed = failed.copy()
            failed[:, first] = True  # a run that passed is run in double then
            passed_before.append(failed)
        run(structure, features, lives, draws, block, sums, feature_sums, failed)

    passed_before = []
    monkeypatch.setattr("echelon.simulation.work.run_with_lives", warned)
    again = simulated(network, precision="single")
    assert passed_before
    one, other = (run[list(MEASURES)] for run in (found, again))
    pd.testing.assert_frame_equal(one, other, rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_workers_and_blocks_change_no_bit_in_single_precision(monkeypatch, n_jobs):
    network = warehouse(36.0, slow=8.0)
    whole = simulated(network, precision="single")
    monkeypatch.setattr("echelon.simulation.work._BLOCKS", (8,))
    cut = simulated(network, precision="single", n_jobs=n_jobs)
    pd.testing.assert_frame_equal(whole, cut, check_exact=True)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere what is reserved has to be there")
def test_what_lists_may_need_at_worst_is_more_than_a_machine_has():
    shops = [f"shop {i}" for i in range(12)]
    stages = pd.DataFrame({"item": "serum", "location": ["plant", *shops], "holding_cost": 1.0})
    stages = stages.assign(base_stock=[1200.0] + [90.0] * 12, shelf_life=104, capacity=1000.0)
    lanes = pd.DataFrame({"to_location": shops}).assign(
        from_item="serum", from_location="plant", to_item="serum",
        lead_time=90.0, lead_time_std=90.0,
    )  # fmt: skip
    demand = pd.DataFrame({"item": "serum", "location": shops, "mean": 5.0, "std": 2.0})
    network = ec.Network.from_tables(stages, lanes, demand)
    run = ec.simulate(network, periods=10, warmup=0, replications=128, seed=1)
    assert run.failures.empty


def test_fewer_runs_are_advanced_together_where_memory_is_refused(monkeypatch: pytest.MonkeyPatch):
    stages = pd.DataFrame({"item": "serum", "location": ["plant", "shop"], "holding_cost": 1.0})
    stages = stages.assign(base_stock=[40.0, 60.0], shelf_life=6)
    lanes = pd.DataFrame(
        {"from_item": ["serum"], "from_location": "plant", "to_item": "serum",
         "to_location": "shop", "lead_time": 2}
    )  # fmt: skip
    demand = pd.DataFrame({"item": ["serum"], "location": "shop", "mean": 5.0, "std": 4.0})
    network = ec.Network.from_tables(stages, lanes, demand)
    asked = {"periods": 60, "warmup": 0, "replications": 50, "seed": 1}
    before = ec.simulate(network, **asked).stages
    assert before["expired"].sum() > 0.0
    widths = []

    def refuse(structure, features, component, shelves=None, width=128):
        widths.append(width)
        if width > 7:
            raise MemoryError
        return start_feature_state(structure, features, component, shelves, width)

    monkeypatch.setattr("echelon.simulation.shelf_lives.start_feature_state", refuse)
    pd.testing.assert_frame_equal(ec.simulate(network, **asked).stages, before)
    assert min(widths) <= 7 < max(widths)
