"""Trees that are made ready once: the same plan as the long way, its frames made when looked at."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning
from tests.networks import random_network


def the_long_way(network: ec.Network, **arguments) -> ec.Plan:
    """With a function for progress every component goes through the search."""
    return ec.optimize(network, progress=lambda *_: None, **arguments)


def is_ready(plan: ec.Plan) -> bool:
    return "_make" in vars(plan)


@pytest.fixture
def network() -> ec.Network:
    return ec.read_example("bulldozer")


@pytest.mark.parametrize("seed", range(20))
def test_the_plan_is_that_of_the_long_way(seed):
    rng = np.random.default_rng(seed)
    tree = random_network(rng, 12, fractional=seed % 2 == 0, lane_times=True, no_stock=0.2)
    quick, long = ec.optimize(tree), the_long_way(tree)
    assert quick.status == long.status
    if long.status == "failed":
        pd.testing.assert_frame_equal(quick.failures, long.failures)
        return
    assert is_ready(quick)
    assert quick.objective == pytest.approx(long.objective, rel=1e-12)
    assert quick.objective == pytest.approx(quick.stages["holding_cost"].sum(), rel=1e-12)
    assert list(quick.stages) == list(long.stages)
    pd.testing.assert_frame_equal(
        quick.components.drop(columns="seconds"),
        long.components.drop(columns="seconds"),
        rtol=1e-9,
    )
    assert quick.summary() == long.summary()


def test_frames_are_made_when_they_are_looked_at(network):
    plan = ec.optimize(network)
    assert round(plan.annual_cost) == 632_775
    assert is_ready(plan)
    assert len(plan.stages) == network.n_stages
    assert not is_ready(plan)
    with pytest.raises(AttributeError, match="nothing"):
        _ = plan.nothing


@pytest.mark.parametrize("again", [copy.copy, lambda plan: pickle.loads(pickle.dumps(plan))])
def test_copies_hold_everything(network, again):
    plan = ec.optimize(network)
    copied = again(plan)
    pd.testing.assert_frame_equal(copied.stages, the_long_way(network).stages)
    assert copied.objective == plan.objective


def test_each_service_level_is_made_ready_by_itself(network):
    costs = [ec.optimize(network, service_level=level).objective for level in (0.9, 0.95, 0.9)]
    assert costs[0] == costs[2] < costs[1]
    assert ec.optimize(network).objective != costs[0]


def test_another_network_is_not_taken_for_the_one_before(network):
    before = ec.optimize(network).objective
    demand = network.demand
    wilder = network.replace(demand=demand.assign(std=2.0 * demand["std"]))
    assert ec.optimize(wilder).objective == pytest.approx(2.0 * before)
    assert ec.optimize(network).objective == before


def test_what_is_kept_does_not_go_to_other_processes(network):
    ec.optimize(network)
    assert network.kept
    assert not pickle.loads(pickle.dumps(network)).kept


def test_warnings_are_given_at_every_call():
    """What there is to say of a network is said again: it goes the long way."""
    shop = ec.serial(
        ["plant", "shop"], lead_time=1, holding_cost=[1.0, 2.0], demand_mean=9.0, demand_std=3.0,
        service_level=0.95,
    )  # fmt: skip
    odd = shop.replace(stages=shop.stages.assign(shelf_life=[30.0, 30.0]))
    for _ in range(2):
        with pytest.warns(DataWarning, match="shelf_life"):
            assert not is_ready(ec.optimize(odd))


def test_several_components_are_added_up():
    rng = np.random.default_rng(4)
    parts = [random_network(rng, 5) for _ in range(3)]
    tables = []
    for name in ("stages", "lanes", "demand"):
        frames = []
        for k, part in enumerate(parts):
            frame = getattr(part, name)
            items = [column for column in frame if column.endswith("item")]
            frames.append(frame.assign(**{one: f"{k}-" + frame[one] for one in items}))
        tables.append(pd.concat(frames, ignore_index=True))
    together = ec.Network.from_tables(*tables)
    plan = ec.optimize(together)
    assert is_ready(plan)
    assert plan.objective == pytest.approx(sum(ec.optimize(part).objective for part in parts))
    assert len(plan.components) == 3
