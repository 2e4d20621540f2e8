"""Placing shard by shard: what a ledger saves, what fails, and what a change touches."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError
from echelon.execution import Ledger, cut_by_key
from echelon.optimization import place_all
from echelon.optimization.place_all import Way
from echelon.optimization.placement import Failure
from echelon.optimization.proof import Limits
from echelon.optimization.tasks import component_tasks
from echelon.results import frame_digest
from tests.planted_failures import PlantedMethod, same_source, tries


def chains(n, first=0):
    """As many chains of a plant and a shop, each of its own lead times."""
    items = [f"item {number}" for number in range(first, first + n)]
    rng = np.random.default_rng(first)
    stages = pd.DataFrame(
        {
            "item": np.repeat(items, 2),
            "location": ["plant", "shop"] * n,
            "lead_time": rng.integers(1, 9, 2 * n),
            "holding_cost": np.tile([1.0, 2.0], n),
            "service_level": np.tile([np.nan, 0.95], n),
        }
    )
    lanes = pd.DataFrame(
        {"from_item": items, "from_location": "plant", "to_item": items, "to_location": "shop"}
    )
    demand = pd.DataFrame({"item": items, "location": "shop", "mean": 10.0, "std": 3.0})
    return stages, lanes, demand


def network_of(*parts):
    tables = (pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))
    return ec.Network.from_tables(*tables)


NETWORK = network_of(chains(60))
ASKED = {"service_times": "whole", "progress": False}
"""Of which each component is searched for by itself."""


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    monkeypatch.setattr(place_all, "_STAGES_PER_SHARD", 8.0)


@pytest.fixture
def searched(monkeypatch):
    """Items of the components that were searched, as they are."""
    items, place = [], place_all.place

    def noted(task):
        items.append(int(task.cost.component.stage_row[0]) // 2)
        return place(task)

    monkeypatch.setattr(place_all, "place", noted)
    return items


def digest(plan):
    return frame_digest(plan.stages), frame_digest(plan.components.drop(columns="seconds"))


def test_a_ledger_saves_the_search_and_gives_the_same_bits(tmp_path, searched):
    plain = ec.optimize(NETWORK, **ASKED)
    searched.clear()
    first = ec.optimize(NETWORK, **ASKED, ledger=tmp_path)
    assert len(searched) == 60
    again = ec.optimize(NETWORK, **ASKED, ledger=Ledger(tmp_path))
    assert len(searched) == 60
    assert digest(first) == digest(again) == digest(plain)


def test_what_is_asked_is_part_of_the_key(tmp_path, searched):
    for asked in ({}, {"service_level": 0.9}, {"gap": 1e-3}, {"method": "dual"}):
        searched.clear()
        ec.optimize(NETWORK, **ASKED, ledger=tmp_path, **asked)
        assert len(searched) == 60


def shard_of(network, component):
    names = [f"{item}\0plant" for item in network.stages["item"].unique()]
    ranges = cut_by_key([2.0] * network.n_components, names, share=8.0)
    return next(range(*one) for one in ranges if component in range(*one))


@pytest.mark.parametrize("component", [0, 17, 59])
def test_a_change_is_searched_again_with_its_shard_and_nothing_else_is(
    tmp_path, searched, component
):
    ec.optimize(NETWORK, **ASKED, ledger=tmp_path)
    searched.clear()
    demand = NETWORK.demand
    demand.loc[component, "std"] = 4.0
    changed = NETWORK.replace(demand=demand)
    plan = ec.optimize(changed, **ASKED, ledger=tmp_path)
    assert searched == list(shard_of(changed, component))
    assert digest(plan) == digest(ec.optimize(changed, **ASKED))


@pytest.mark.parametrize("at", [0, 23, 60])
def test_a_new_item_leaves_the_other_shards_as_they_are(tmp_path, searched, at):
    ec.optimize(NETWORK, **ASKED, ledger=tmp_path)
    searched.clear()
    stages, lanes, demand = chains(60)
    before = (stages[: 2 * at], lanes[:at], demand[:at])
    after = (stages[2 * at :], lanes[at:], demand[at:])
    more = network_of(before, chains(1, first=900), after)
    plan = ec.optimize(more, **ASKED, ledger=tmp_path)
    assert at in searched
    assert len(searched) <= 20
    assert digest(plan) == digest(ec.optimize(more, **ASKED))


def planted(ways, folder, time_limit=None):
    """Tasks of the network, some of which go wrong."""
    tasks = component_tasks(NETWORK, None, "auto", Limits(1e-6, time_limit, "highs"))
    for component, how in ways.items():
        tasks[component] = replace(tasks[component], method=PlantedMethod(how, folder))
    return tasks


def failures(placed):
    return {c: one.error for c, one in enumerate(placed) if isinstance(one, Failure)}


def test_planted_failures_are_the_only_ones_and_the_others_have_their_plan(tmp_path):
    """An exception and a worker that is killed, in processes."""
    notes, kept = tmp_path / "notes", Ledger(tmp_path / "ledger")
    notes.mkdir()
    ways = {3: "exception", 31: "crash"}
    way = Way.of(NETWORK, 2, "processes", False, kept)
    placed = place_all.place_all(planted(ways, notes), way)
    assert failures(placed) == {3: "RuntimeError", 31: "TerminatedWorkerError"}
    assert tries(notes, "exception") == 2
    assert tries(notes, "crash") == 3  # in company, and twice alone
    well = place_all.place_all(planted({}, notes), Way(progress=False))
    for c, (one, other) in enumerate(zip(placed, well, strict=True)):
        if c not in ways:
            assert one.outcome.objective == other.outcome.objective
            for name, column in one.columns.items():
                np.testing.assert_array_equal(column, other.columns[name])
    mended = place_all.place_all(planted({}, notes), way)
    assert failures(mended) == {}


def test_what_fails_or_does_not_stop_here_becomes_a_row(tmp_path, monkeypatch):
    monkeypatch.setattr(place_all, "_LEAST_PATIENCE", 0.5)
    tasks = planted({7: "exception", 50: "hang"}, tmp_path, time_limit=0.2)
    placed = place_all.place_all(tasks, Way(progress=False))
    assert failures(placed) == {7: "RuntimeError", 50: "TimeoutError"}
    assert tries(tmp_path, "exception") == tries(tmp_path, "hang") == 2


POISONED = 120


@pytest.mark.parametrize(
    ("n", "ledger"), [(220, True), (220, False), (1001, False)], ids=["kept", "small", "large"]
)
def test_a_poisoned_plain_tree_is_one_row_where_all_are_placed_at_once(
    tmp_path, monkeypatch, n, ledger
):
    """The program that takes all trees together breaks down at one of them."""
    from echelon.kernels import forest_placement
    from echelon.optimization.ready_trees import ReadyTrees

    network, broken = network_of(chains(n)), []
    asked = {"progress": False, "ledger": tmp_path if ledger else None}
    well = ec.optimize(network, **asked)
    place = place_all.place

    def break_down(*_args):
        broken.append(True)
        raise RuntimeError("planted")

    def poisoned(task):
        return break_down() if task.cost.component.stage_row[0] == 2 * POISONED else place(task)

    monkeypatch.setattr(forest_placement, "place_forest", break_down)
    monkeypatch.setattr(ReadyTrees, "plan", lambda *_args, **_known: break_down())
    monkeypatch.setattr(place_all, "place", poisoned)
    plan = ec.optimize(network, **asked)
    assert len(broken) >= 3  # together, alone, and once more
    assert plan.failures.values.tolist() == [
        [POISONED, f"item {POISONED}", "shop", "RuntimeError", "planted"]
    ]
    others = well.stages[well.stages["item"] != f"item {POISONED}"]
    assert frame_digest(plan.stages) == frame_digest(others.reset_index(drop=True))


def test_a_plain_tree_without_a_plan_is_one_row_and_the_others_have_their_bits(tmp_path):
    stages, lanes, demand = chains(220)
    well = ec.optimize(network_of((stages, lanes, demand)), progress=False).stages
    stages["can_stock"] = np.arange(440) != 2 * POISONED + 1
    plan = ec.optimize(network_of((stages, lanes, demand)), progress=False, ledger=tmp_path)
    assert plan.failures[["item", "error"]].values.tolist() == [
        [f"item {POISONED}", "InfeasibleError"]
    ]
    others = well[well["item"] != f"item {POISONED}"]
    assert frame_digest(plan.stages) == frame_digest(others.reset_index(drop=True))


def test_what_has_no_plan_is_kept_and_not_tried_again(tmp_path, searched):
    stages, lanes, demand = chains(4)
    stages["lead_time_std"] = [0.0, 0.0, 1.0, 0.0] + [0.0] * 4
    stages["can_stock"] = [True, True, False, True] + [True] * 4
    network = ec.Network.from_tables(stages, lanes, demand)
    first = ec.optimize(network, **ASKED, ledger=tmp_path)
    assert first.failures["error"].tolist() == ["InfeasibleError"]
    assert len(searched) == 4
    assert ec.optimize(network, **ASKED, ledger=tmp_path).failures.equals(first.failures)
    assert len(searched) == 4


_SCRIPT = """
    import time
    import echelon as ec
    from echelon.optimization import place_all
    from tests.planted_failures import same_source
    from tests.unit.optimization.test_place_in_shards import ASKED, NETWORK

    same_source()
    place = place_all.place

    def slow(task):
        time.sleep(0.02)
        return place(task)

    place_all.place = slow
    place_all._STAGES_PER_SHARD = 8.0
    print("begun", flush=True)
    ec.optimize(NETWORK, **ASKED, ledger="{ledger}")
"""


def test_a_killed_run_is_taken_up_where_it_was(tmp_path, searched, monkeypatch):
    same_source(monkeypatch.setattr)
    network = NETWORK.replace()  # the digests of that one are kept with it, by the true source
    kept = Ledger(tmp_path)
    script = textwrap.dedent(_SCRIPT.format(ledger=kept.folder))
    env = {**os.environ, "PYTHONPATH": os.getcwd()}
    with subprocess.Popen([sys.executable, "-c", script], env=env) as process:
        until = time.monotonic() + 60.0
        while kept.finished < 4 and time.monotonic() < until:
            time.sleep(0.005)
        process.kill()
    finished = kept.finished
    assert 4 <= finished < 15
    plan = ec.optimize(network, **ASKED, ledger=kept)
    assert 0 < len(searched) < 60
    assert digest(plan) == digest(ec.optimize(NETWORK, **ASKED))


def test_what_a_ledger_does_not_go_with(tmp_path):
    plan = ec.optimize(NETWORK)
    with pytest.raises(DomainError, match=r"start and ledger .* Fix: leave out one"):
        ec.optimize(NETWORK, ledger=tmp_path, start=plan)
    with pytest.raises(DomainError, match=r"side_constraints .* Fix: leave out one"):
        ec.optimize(NETWORK, ledger=tmp_path, side_constraints=ec.budget(1e6))
    with pytest.raises(DomainError, match="Fix: use 'processes' or 'dask'"):
        ec.optimize(NETWORK, backend="threads")
