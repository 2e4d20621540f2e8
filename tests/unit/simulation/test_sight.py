"""What a policy sees of stock by remaining life and of orders by the period of their arrival."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning
from echelon.policies.base import StageView
from echelon.policies.plan import Plan
from echelon.results import Provenance, no_failures

WINDOW = {"periods": 25, "warmup": 5, "replications": 3, "seed": 4, "progress": False}


class Watching:
    """Orders up to a level, and keeps what it is shown."""

    sees_life: ClassVar[bool] = True

    def __init__(self, level: float) -> None:
        self.level, self.seen = level, []

    def order_at(self, view: StageView) -> np.ndarray:
        order = np.maximum(self.level - view.position, 0.0)
        self.seen.append((view, order))
        return order


class Blind(Watching):
    sees_life: ClassVar[bool] = False


def chain(*, plant: float) -> ec.Network:
    """A plant that makes a serum of life 20, of which the release takes 1, and a clinic."""
    table = pd.DataFrame(
        {
            "item": "serum", "location": ["plant", "clinic"], "lead_time": [2, 1],
            "release_time": [1, 1], "inbound_service_time": [1, 0], "review_period": 1,
            "base_stock": [plant, 20.0], "holding_cost": 1.0, "shelf_life": 20,
        }
    )  # fmt: skip
    lanes = pd.DataFrame(
        {
            "from_item": ["serum"], "from_location": "plant", "to_item": "serum",
            "to_location": "clinic", "lead_time": 2,
        }
    )  # fmt: skip
    demand = pd.DataFrame(
        {"item": ["serum"], "location": "clinic", "family": "poisson", "mean": 3.0}
    )
    return ec.Network.from_tables(table, lanes, demand, period="week")


def watched(network: ec.Network, place: str, level: float) -> list[tuple[StageView, np.ndarray]]:
    """What a policy is shown where the plant promises to send a period after it is asked."""
    policy = Watching(level)
    stages = network.stages[["item", "location", "base_stock"]]
    stages = stages.assign(service_time=[1.0, 0.0], service_level=0.95)
    provenance = Provenance(arguments={}, tables={}, seconds={})
    costs = 0.0, 0.0, 0.0
    plan = Plan(
        no_failures(), provenance, stages, pd.DataFrame(), *costs, "optimal", "", "week", 52.0
    )
    ec.simulate(network, plan, policies={("serum", place): policy}, **WINDOW)
    return policy.seen


@pytest.mark.parametrize(("place", "times", "life"), [("plant", 4, 19), ("clinic", 5, 15)])
def test_what_is_announced_arrives_then_and_with_that_life(place, times, life):
    """Got in 1, made in 2, released in 1; a service time of 1, a lane of 2, a put-away, a release.

    On the way to the clinic the life of what it gets runs down.
    """
    seen = watched(chain(plant=32.0), place, 30.0)
    for (now, order), (then, _) in pairwise(seen):
        assert now.orders_by_arrival.shape == (times + 1, 20, 3)
        np.testing.assert_allclose(now.orders_by_arrival.sum(axis=(0, 1)), now.on_order, atol=1e-9)
        np.testing.assert_allclose(now.stock_by_life.sum(axis=0), now.on_hand, atol=1e-9)
        coming = now.orders_by_arrival.copy()
        coming[times, life - 1] += order
        then_coming = then.orders_by_arrival[:-1]
        if place == "clinic":  # what the plant is to send in this period is not always fresh
            np.testing.assert_allclose(coming[4:].sum(axis=1), then_coming[3:].sum(axis=1))
            assert (np.cumsum(coming[4], axis=0) <= np.cumsum(then_coming[3], axis=0) + 1e-9).all()
            coming, then_coming = coming[:4], then_coming[:3]
        np.testing.assert_allclose(coming[1:], then_coming, atol=1e-9)
        there = now.stock_by_life + now.orders_by_arrival[0]
        older = np.append(there[1:], np.zeros((1, 3)), axis=0)
        assert (then.stock_by_life <= older + 1e-9).all()
        # first expired first out: what is left is the youngest
        left = then.stock_by_life.sum(axis=0)
        youngest = np.minimum(np.cumsum(older[::-1], axis=0), left)
        np.testing.assert_allclose(
            np.cumsum(then.stock_by_life[::-1], axis=0), youngest, atol=1e-9
        )  # fmt: skip
    assert sum(float(order.sum()) for _, order in seen) > 100.0
    assert max(float(now.stock_by_life.sum()) for now, _ in seen[10:]) > 0.0


def test_what_a_supplier_cannot_send_counts_as_if_it_went_out_now():
    seen = watched(chain(plant=8.0), "clinic", 40.0)
    waited = 0.0
    for now, _ in seen:
        dated = now.orders_by_arrival.sum(axis=(0, 1))
        assert (dated <= now.on_order + 1e-9).all()
        waited += float(now.orders_by_arrival[4].sum())
    assert waited > 0.0


def test_to_look_changes_nothing_and_only_who_asks_is_shown():
    network = chain(plant=30.0)
    runs, policies = [], [Watching(20.0), Blind(20.0)]
    for policy in policies:
        run = ec.simulate(network, policies={("serum", "clinic"): policy}, **WINDOW)
        runs.append(run.stages)
    pd.testing.assert_frame_equal(*runs, check_exact=True)
    view = policies[1].seen[-1][0]
    assert view.stock_by_life.size == view.orders_by_arrival.size == 0


def test_stages_whose_orders_have_no_date_are_refused_all_at_once():
    table = pd.DataFrame(
        {
            "item": ["api", "flask", "vial", "pill"], "location": "here",
            "lead_time": [1, 1, 1, np.nan], "lead_time_distribution": [None] * 3 + [
                ec.distributions.Empirical([1, 2], [0.5, 0.5])
            ],
            "base_stock": 9.0, "holding_cost": 1.0, "shelf_life": [np.nan, np.nan, 9, 9],
        }
    )  # fmt: skip
    lanes = pd.DataFrame(
        {
            "from_item": ["api", "flask", "api"], "from_location": "here",
            "to_item": ["vial", "vial", "pill"], "to_location": "here",
        }
    )  # fmt: skip
    demand = pd.DataFrame(
        {"item": ["vial", "pill"], "location": "here", "family": "poisson", "mean": 2.0}
    )
    network = ec.Network.from_tables(table, lanes, demand, period="week")
    own = {(item, "here"): Watching(9.0) for item in ("api", "vial", "pill")}
    with pytest.warns(DataWarning, match="every component failed"):
        run = ec.simulate(network, policies=own, **WINDOW)
    told = str(run.failures["message"].iloc[0])
    for fault in ("api @ here has no shelf_life", "vial @ here has several components",
                  "pill @ here has times that are drawn", "Fix:"):  # fmt: skip
        assert fault in told
