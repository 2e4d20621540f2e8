"""A simulation spread over workers, and kept: the same bits wherever it runs."""

from __future__ import annotations

import pickle
from functools import cache

import numpy as np
import pytest

import echelon as ec
from echelon.errors import DomainError
from echelon.execution import Ledger
from echelon.results import frame_digest
from echelon.simulation import spread
from echelon.simulation.described import structure
from echelon.simulation.described.levels import levels_of
from echelon.simulation.prepare import prepare
from echelon.simulation.run_task import run_task

SETTINGS = {"periods": 20, "warmup": 6, "replications": 16, "progress": False}


@cache
def network():
    """Every kind of feature, and what is drawn besides demand."""
    return ec.datasets.make_portfolio(40, seed=1).network


def levels():
    stages = network().stages
    return network().replace(stages=stages.assign(base_stock=30.0 + stages["lead_time"].to_numpy()))


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    """Several shards where a run of this size would have one."""
    monkeypatch.setattr(structure, "_SHARD_BYTES", 2**17)


def digest(run):
    frames = (run.stages, run.total, run.items, run.locations, run.segments, run.service)
    return [frame_digest(frame) for frame in frames]


def setup(tables):
    problems = []
    found, absent = levels_of(tables, None, problems, policies=None)
    assert not problems
    return prepare(
        tables, found, absent, periods=20, warmup=6, replay=None, runs=16, batches=0, seed=0,
        draws="independent", keep=True, charge_pipeline=False, policies={}, precision="double",
    )  # fmt: skip


def described(row):
    return row.quantity, row.address, repr(row.law)


def test_rows_alone_are_the_same_rows():
    """Keys, laws and names of what is drawn, also after a way through a pickle."""
    tables = levels()
    prepared = setup(tables)
    n = tables.n_components
    rows = prepared.rows.part(n // 2, n)
    for other in (rows.alone(), pickle.loads(pickle.dumps(rows))):
        one, two = rows.columns(7), other.columns(7)
        np.testing.assert_array_equal(one.keys, two.keys)
        np.testing.assert_array_equal(one.mean, two.mean)
        np.testing.assert_array_equal(one.family, two.family)
        assert one.laws.keys() == two.laws.keys()
        assert list(map(described, rows)) == list(map(described, other))
        assert len(other.source.family) < len(rows.source.family)


def test_tasks_are_small_where_they_travel():
    tables = levels()
    prepared = setup(tables)
    whole = len(pickle.dumps(prepared.task(0, tables.n_components, ((0, 16),), whole=True)))
    one = len(pickle.dumps(prepared.task(0, 1, ((0, 16),), whole=True)))
    assert one < 0.6 * whole


def test_all_ways_give_the_same_bits(tmp_path):
    tables = levels()
    here = digest(ec.simulate(tables, **SETTINGS))
    assert digest(ec.simulate(tables, **SETTINGS, n_jobs=2)) == here
    assert digest(ec.simulate(tables, **SETTINGS, n_jobs=2, backend="processes")) == here
    assert digest(ec.simulate(tables, **SETTINGS, ledger=tmp_path)) == here
    assert Ledger(tmp_path).finished > 0
    assert digest(ec.simulate(tables, **SETTINGS, ledger=Ledger(tmp_path))) == here


def test_a_running_dask_client_gives_the_same_bits():
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
    tables = levels()
    asked = {"service_times": "whole", "progress": False}
    plan = ec.optimize(network(), **asked)
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0"
    ):
        run = ec.simulate(tables, **SETTINGS, backend="dask")
        other = ec.optimize(network(), **asked, backend="dask")
    assert digest(run) == digest(ec.simulate(tables, **SETTINGS))
    assert frame_digest(other.stages) == frame_digest(plan.stages)


def test_what_has_changed_is_simulated_again(tmp_path, monkeypatch):
    done = []

    def noted(task):
        done.append(task.n_components)
        return run_task(task)

    monkeypatch.setattr(spread, "run_task", noted)
    tables = levels()
    ec.simulate(tables, **SETTINGS, ledger=tmp_path)
    first = len(done)
    assert first > 2
    ec.simulate(tables, **SETTINGS, ledger=tmp_path)
    assert len(done) == first
    ec.simulate(tables, **SETTINGS, ledger=tmp_path, seed=1)
    assert len(done) == 2 * first
    stages = tables.stages
    stages.loc[stages.index[-1], "base_stock"] += 1.0
    changed = tables.replace(stages=stages)
    run = ec.simulate(changed, **SETTINGS, ledger=tmp_path)
    assert len(done) == 2 * first + 1
    assert digest(run) == digest(ec.simulate(changed, **SETTINGS))


@pytest.mark.parametrize("added", [0, 5, -1])
def test_a_component_that_is_added_leaves_the_shards_without_it_as_they_are(
    tmp_path, monkeypatch, added
):
    """Wherever it stands: it moves the numbers of all others, and of items and locations.

    One shard is its own; in two more a location is no longer theirs alone, so that their part of it
    is added up run by run.
    """
    whole = levels()
    added %= whole.n_components
    before = whole.subset([c for c in range(whole.n_components) if c != added])
    done = []

    def noted(task):
        done.append(task.n_components)
        return run_task(task)

    monkeypatch.setattr(spread, "run_task", noted)
    ec.simulate(before, **SETTINGS, ledger=tmp_path)
    first = len(done)
    run = ec.simulate(whole, **SETTINGS, ledger=tmp_path)
    assert 1 <= len(done) - first <= 3 < first / 5
    assert digest(run) == digest(ec.simulate(whole, **SETTINGS))


def test_arguments_are_refused_together():
    told = r"n_jobs is 0(.|\n)*backend is 'cluster'(.|\n)*ledger is a int"
    with pytest.raises(DomainError, match=told):
        ec.simulate(levels(), **SETTINGS, n_jobs=0, backend="cluster", ledger=3)


def test_the_number_of_runs_is_part_of_the_key(tmp_path):
    tables = levels()
    asked = {**SETTINGS, "replications": 32}
    ec.simulate(tables, **SETTINGS, ledger=tmp_path)
    more = ec.simulate(tables, **asked, ledger=tmp_path)
    assert digest(more) == digest(ec.simulate(tables, **asked))
