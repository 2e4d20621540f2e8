"""Stocks of all components are made together, and each comes out as though it were alone."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.datasets import make_portfolio
from echelon.network.compiled import CompiledNetwork
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.proof import Limits
from echelon.optimization.tasks import CostSource, component_tasks

NETWORK = make_portfolio(120, seed=9).network
LIMITS = Limits(1e-6, None, "highs")
TIMES = np.array([0.0, 1.0, 2.5, 7.0, 12.0])


def kinds_of(stock):
    """What a stock is, and what it is wrapped around."""
    return (type(stock).__name__, *(kinds_of(stock.stock) if hasattr(stock, "stock") else ()))


def test_a_component_among_others_is_costed_as_alone_to_the_last_bit():
    every = component_tasks(NETWORK, None, "auto", LIMITS)
    kinds = set()
    for c, task in list(enumerate(every))[::2]:
        (alone,) = component_tasks(NETWORK.subset(c), None, "auto", LIMITS)
        assert sorted(task.cost.special) == sorted(alone.cost.special)
        np.testing.assert_array_equal(task.target, alone.target)
        assert sorted(task.cost.orders) == sorted(alone.cost.orders)
        for name, values in task.cost.orders.items():
            assert not np.isnan(values).all()
            np.testing.assert_array_equal(values, alone.cost.orders[name])
        for stage in range(task.cost.component.n_stages):
            one, other = task.cost.stock(stage), alone.cost.stock(stage)
            assert kinds_of(one) == kinds_of(other)
            kinds.update(kinds_of(one))
            for ask in ("base_stock", "safety_stock", "extra_stock"):
                found, want = (
                    getattr(each, ask)(StageTimes.covering(TIMES)) for each in (one, other)
                )
                np.testing.assert_array_equal(found, want)
    assert {"BatchedStock", "LumpyRequests", "RandomWait", "ExactQuantile", "NormalBound"} <= kinds


@pytest.mark.parametrize("numbers", [[], [4], [7, 2, 30]], ids=["none", "one", "some"])
def test_some_components_have_the_tasks_that_they_have_among_all(numbers):
    source = CostSource.of(NETWORK, None)
    every = source.tasks(range(source.compiled.n_components), "auto", LIMITS)
    for c, task in zip(numbers, source.tasks(numbers, "auto", LIMITS), strict=True):
        assert task.cost.component.component_id.tolist() == [c]
        assert task.cost.special == every[c].cost.special
        np.testing.assert_array_equal(task.cost.seen.mean, every[c].cost.seen.mean)


def test_shards_of_one_component_each_are_what_is_cut_one_by_one():
    compiled = NETWORK.compiled.shard(3, 40)  # whose pointers do not begin at 0
    cut = compiled.each([0, 9, 36])
    for c, shard in zip([0, 9, 36], cut, strict=True):
        for name in CompiledNetwork.__dataclass_fields__:
            array = getattr(shard, name)
            np.testing.assert_array_equal(array, getattr(compiled.shard(c, c + 1), name))
            assert not array.flags.writeable
            assert array.base is not None


def test_components_numbered_through_have_the_lanes_that_each_has():
    compiled = NETWORK.compiled.shard(3, 40)
    whole = compiled.as_one()
    assert (whole.n_components, whole.n_stages) == (1, compiled.n_stages)
    first = lane = 0
    for shard in compiled.each(range(37)):
        lanes = slice(lane, lane + shard.n_lanes)
        np.testing.assert_array_equal(whole.pred_stage[lanes] - first, shard.pred_stage)
        np.testing.assert_array_equal(whole.succ_stage[lanes] - first, shard.succ_stage)
        np.testing.assert_array_equal(whole.succ_lane[lanes] - lane, shard.succ_lane)
        np.testing.assert_array_equal(whole.pred_units[lanes], shard.pred_units)
        first, lane = first + shard.n_stages, lane + shard.n_lanes
    alone = compiled.shard(5, 6)
    assert alone.as_one() is alone
