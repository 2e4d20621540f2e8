"""Kernels over many components against what is made of one component at a time."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.candidate_times import candidates
from echelon.exact.guaranteed_service.component_times import ComponentTimes
from echelon.exact.guaranteed_service.plain_tree import PlainTree
from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.kernels.forest_placement import place_forest
from echelon.kernels.order_patterns import pair_up, tree_times
from tests.networks import random_portfolio
from tests.unit.kernels.test_tree_placement import SquareRoots

SEEDS = range(3)


def portfolio(seed: int, **kinds):
    """Components of both kinds, some of which no plan can keep."""
    return random_portfolio(seed, 9, no_stock=0.25, **kinds).compiled


def each(compiled):
    """Number, shard and times of each component, None where a stage cannot keep its limit."""
    for c in range(compiled.n_components):
        shard = compiled.shard(c, c + 1)
        try:
            yield c, shard, ServiceTimes.of(shard)
        except InfeasibleError:
            yield c, shard, None


@pytest.mark.parametrize("seed", SEEDS)
def test_times_are_those_of_each_component(seed):
    compiled = portfolio(seed, fractional=seed % 2 == 0)
    many = ComponentTimes.of(compiled)
    rng = np.random.default_rng(seed)
    service = rng.integers(0, 40, compiled.n_stages)
    inbound, outbound = many.settled(service)
    for c, _, one in each(compiled):
        assert many.exact[c]
        assert many.feasible[c] == (one is not None)
        if one is None:
            continue
        made = many.times(c)
        for name in ServiceTimes.__slots__:
            np.testing.assert_array_equal(getattr(made, name), getattr(one, name), name)
        here = slice(many.component_ptr[c], many.component_ptr[c + 1])
        want = one.settled(service[here])
        np.testing.assert_array_equal(inbound[here], want[0])
        np.testing.assert_array_equal(outbound[here], want[1])


def test_a_time_that_is_no_common_fraction_is_told_of():
    compiled = random_portfolio(3, 4).compiled
    lead_time = compiled.lead_time.copy()
    lead_time[0] = 2.0**0.5
    object.__setattr__(compiled, "lead_time", lead_time)
    assert ComponentTimes.of(compiled).exact.tolist() == [False, True, True, True]


def test_shards_are_slices():
    many = ComponentTimes.of(portfolio(1))
    part = many.shard(3, 7)
    assert part.n_components == 4
    for name in ServiceTimes.__slots__:
        np.testing.assert_array_equal(
            getattr(part.times(2), name), getattr(many.times(5), name), name
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_forests_are_placed_as_each_tree(seed):
    compiled = portfolio(seed, fractional=seed % 3 == 0)
    many = ComponentTimes.of(compiled)
    rng = np.random.default_rng(seed)
    slope = rng.uniform(0.1, 9.0, compiled.n_stages)
    still = rng.uniform(0.0, 3.0, compiled.n_stages) * (rng.random(compiled.n_stages) < 0.3)
    trees = [
        (c, tree)
        for c, _, one in each(compiled)
        if one is not None and (tree := PlainTree.of(one)) is not None
    ]
    service, cost = np.zeros(compiled.n_stages, np.int64), np.zeros(many.n_components)
    place_forest(
        np.array([c for c, _ in trees]), many.component_ptr, many.pred_ptr, many.pred_stage,
        many.lane_delay, many.process, many.can_stock, *many.windows, *many.roots, slope, still,
        service, cost,
    )  # fmt: skip
    assert trees
    for c, tree in trees:
        here = slice(many.component_ptr[c], many.component_ptr[c + 1])
        want, least = tree.place(slope[here], still[here])
        assert cost[c] == least
        if np.isfinite(least):
            np.testing.assert_array_equal(service[here], want)


@pytest.mark.parametrize("seed", SEEDS)
def test_patterns_are_those_of_the_tables(seed):
    pytest.importorskip("pyomo")
    from echelon.optimization.templates.pattern import OrderPattern, pair_costs

    compiled = portfolio(seed, fractional=seed % 2 == 1)
    rng = np.random.default_rng(seed)
    many = ComponentTimes.of(compiled)
    low, high = many.windows
    root_ptr, root = many.roots
    for c, shard, one in each(compiled):
        if one is None:
            continue
        slope = rng.uniform(0.1, 9.0, shard.n_stages)
        inbound, outbound, _ = candidates(one)
        both = [*inbound, *outbound]
        time = np.concatenate(both)
        ptr = np.concatenate([[0], np.cumsum([len(times) for times in both])])
        lanes = (one.pred_ptr, one.pred_stage, one.lane_delay)
        if len(one.pred_stage) == one.n_stages - 1:
            here = slice(2 * many.component_ptr[c], 2 * many.component_ptr[c + 1])
            roots = root_ptr[here.start : here.stop + 1]
            own = np.empty_like(ptr)
            found = tree_times(
                *lanes, one.process, low[here], high[here], roots - roots[0],
                root[roots[0] : roots[-1]], own,
            )  # fmt: skip
            np.testing.assert_array_equal(found, time)
            np.testing.assert_array_equal(own, ptr)
        stock = one.can_stock.astype(np.int64)
        places, costs = pair_up(*lanes, one.process, stock, slope, time, ptr)
        periods = slope * np.sqrt(one.ticks_per_period)  # the same by period as by tick
        problem = ServiceTimeProblem.of(one, SquareRoots(periods, 0.0 * slope), inbound, outbound)
        want = OrderPattern.of(problem)
        np.testing.assert_array_equal(
            places,
            np.concatenate(
                [
                    [want.n_pairs, len(want.lane_inbound)],
                    want.pair_inbound,
                    want.pair_outbound,
                    want.lane_inbound,
                    want.lane_outbound,
                ]
            ),
        )
        np.testing.assert_allclose(costs, pair_costs(problem), rtol=1e-14)
