"""Kernels of order patterns against their plain twins in NumPy, over random components."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from echelon.exact.guaranteed_service.component_times import ComponentTimes
from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.kernels.pattern_programs import bound_by_prices, earliest_pairs, plan_at_quantile
from echelon.optimization.candidate_lists import listed_whole
from echelon.optimization.templates.pattern import OrderPattern, pair_costs
from echelon.optimization.templates.program import assembled_program
from echelon.optimization.templates.shard import PlainShard, _lay_out
from tests.networks import random_portfolio


def shard_of(seed: int, n_components: int = 12) -> PlainShard:
    """Components of all shapes, all of which are listed whole, trees or not."""
    times = ComponentTimes.of(random_portfolio(seed, n_components).compiled)
    chosen = np.flatnonzero(times.feasible & times.exact)
    slope = np.random.default_rng(seed).uniform(0.5, 9.0, int(times.component_ptr[-1]))
    return PlainShard(times, slope, chosen, np.zeros(len(chosen), np.bool_), 1e-9, None)


def problem_of(shard: PlainShard, component: int) -> ServiceTimeProblem:
    """Pairs of every candidate with every other, by broadcasting."""
    times = shard.times.times(component)
    lists = listed_whole(times, whole_periods=False)
    first = shard.times.component_ptr[component]
    tables = []
    for j in range(times.n_stages):
        tau = lists.inbound[j][:, None] + times.process[j] - lists.outbound[j][None, :]
        allowed = tau >= 0 if times.can_stock[j] else tau == 0
        cost = shard.slope[first + j] * np.sqrt(np.maximum(tau, 0).astype(float))
        tables.append(np.where(allowed, cost, np.inf))
    return ServiceTimeProblem(times, lists.inbound, lists.outbound, tables)


@pytest.fixture(scope="module")
def problems() -> list[ServiceTimeProblem]:
    shard = shard_of(1)
    return [problem_of(shard, c) for c in shard.chosen.tolist()]


def test_patterns_laid_out_are_those_of_the_problems():
    shard = shard_of(0)
    laid = _lay_out(shard)
    assert len(shard.chosen) > 6
    for k, c in enumerate(shard.chosen.tolist()):
        problem = problem_of(shard, c)
        ends, after = laid.ends[k], laid.ends[k + 1]
        key = laid.pattern[ends[0] : after[0]]
        assert key.tobytes() == OrderPattern.of(problem).key == OrderPattern.read(key).key
        np.testing.assert_array_equal(laid.cost[ends[1] : after[1]], pair_costs(problem))
        np.testing.assert_array_equal(
            laid.quoted[ends[2] : after[2]], np.concatenate(problem.outbound)
        )
    by_pattern = laid.by_pattern()
    assert sorted(k for alike in by_pattern.values() for k in alike) == list(range(k + 1))


def test_trees_get_the_same_plans_from_their_own_candidates():
    """Those found tree by tree may be fewer than those listed, and the layout is beside others."""
    whole = shard_of(2)
    lanes = np.diff(whole.times.pred_ptr[whole.times.component_ptr])
    is_tree = (lanes == np.diff(whole.times.component_ptr) - 1)[whole.chosen]
    assert 0 < is_tree.sum() < len(is_tree)
    mixed = _lay_out(replace(whole, is_tree=is_tree))
    for k in range(len(whole.chosen)):
        one = slice(k, k + 1)
        alone = _lay_out(replace(whole, chosen=whole.chosen[one], is_tree=is_tree[one]))
        for part, column in (("pattern", 0), ("cost", 1), ("quoted", 2)):
            begin, end = mixed.ends[k : k + 2, column]
            np.testing.assert_array_equal(
                getattr(mixed, part)[begin:end], getattr(alone, part)[: alone.ends[1, column]]
            )


def test_the_earliest_plan_keeps_every_lane(problems):
    for problem in problems:
        pattern = OrderPattern.of(problem)
        chosen = np.empty(pattern.n_stages, np.int64)
        assert earliest_pairs(*pattern.arrays, chosen)
        outbound = pattern.pair_outbound[chosen]
        awaited = pattern.pair_inbound[chosen]
        supplier = np.searchsorted(pattern.outbound_ptr, pattern.lane_outbound, side="right") - 1
        for a, b, i in zip(pattern.lane_inbound, pattern.lane_outbound, supplier, strict=True):
            if a in awaited:
                assert b >= 0
                assert outbound[i] <= b


def test_without_pairs_there_is_no_earliest_plan(problems):
    pattern = OrderPattern.of(problems[0])
    kept = pattern.pair_inbound < pattern.inbound_ptr[-2]  # none of the last stage
    fewer = replace(
        pattern, pair_inbound=pattern.pair_inbound[kept], pair_outbound=pattern.pair_outbound[kept]
    )
    assert not earliest_pairs(*fewer.arrays, np.empty(pattern.n_stages, np.int64))


def test_the_bound_is_that_of_the_priced_out_columns(problems):
    rng = np.random.default_rng(3)
    for problem in problems:
        pattern, costs = OrderPattern.of(problem), pair_costs(problem)
        program = assembled_program(pattern)
        prices = rng.normal(0.0, 5.0, len(program.row_lower))
        below = np.where(np.isinf(program.row_lower), np.minimum(prices, 0.0), prices)
        priced = np.add.reduceat(program.value * below[program.index], program.start[:-1])
        reduced = costs - priced[: len(costs)]
        stage = np.searchsorted(pattern.inbound_ptr, pattern.pair_inbound, side="right") - 1
        cheapest = sum(reduced[stage == j].min() for j in range(pattern.n_stages))
        plain = below @ program.row_upper + cheapest
        plain += np.minimum(-priced[len(costs) :], 0.0).sum()
        bound = bound_by_prices(
            prices, costs, pattern.pair_inbound, pattern.inbound_ptr, program.start, program.index,
            program.value, program.row_lower, program.row_upper,
        )  # fmt: skip
        assert bound == pytest.approx(plain, rel=1e-12)


def test_a_plan_at_a_quantile_costs_what_its_pairs_cost(problems):
    rng = np.random.default_rng(4)
    forbidden = 0
    for problem in problems:
        pattern, costs = OrderPattern.of(problem), pair_costs(problem)
        n = pattern.n_stages
        sums = [
            np.sort(rng.uniform(size=len(one))) for one in (*problem.inbound, *problem.outbound)
        ]
        values = np.concatenate([np.zeros(len(costs)), *sums])
        for quantile in (0.2, 0.5, 0.8):
            inbound, outbound = np.empty(n, np.int64), np.empty(n, np.int64)
            cost = plan_at_quantile(quantile, values, costs, *pattern.arrays[:4], inbound, outbound)
            place = [int((one < quantile).sum()) for one in sums]
            assert [*inbound, *outbound] == place
            plain = sum(
                table[a, b] if a < table.shape[0] and b < table.shape[1] else np.inf
                for table, a, b in zip(problem.cost, place[:n], place[n:], strict=True)
            )
            assert cost == pytest.approx(plain, rel=1e-12)
            forbidden += np.isinf(plain)
    assert 0 < forbidden < 3 * len(problems)
