"""Kernels of order patterns against their plain twins in NumPy, over random components."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csc_array

from echelon.exact.guaranteed_service.component_times import ComponentTimes
from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.kernels.pattern_answers import (
    bound_by_prices,
    is_only_plan,
    judge,
    plan_at_quantile,
    running_sums,
)
from echelon.kernels.pattern_programs import (
    earliest_pairs,
    written_out_entries,
    written_out_matrix,
)
from echelon.optimization.candidate_lists import listed_whole
from echelon.optimization.templates.pattern import OrderPattern, pair_costs
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
    """Against the matrix without running sums; a price that a row cannot have counts as none."""
    rng = np.random.default_rng(3)
    for problem in problems:
        pattern, costs = OrderPattern.of(problem), pair_costs(problem)
        rows = written_out(pattern)[pattern.n_stages :]
        prices = rng.normal(0.0, 5.0, len(rows))
        reduced = costs - np.minimum(prices, 0.0) @ rows
        stage = stages_of(pattern)
        plain = sum(reduced[stage == j].min() for j in range(pattern.n_stages))
        assert bound_by_prices(prices, costs, *pattern.arrays) == pytest.approx(plain, rel=1e-12)


def test_written_out_each_lane_row_has_the_pairs_that_are_early_enough(problems):
    for problem in problems:
        pattern = OrderPattern.of(problem)
        matrix = written_out(pattern)
        n_entries = written_out_entries(*pattern.arrays)
        start = np.empty(pattern.n_pairs + 1, np.int32)
        index, value = np.empty(n_entries, np.int32), np.empty(n_entries)
        written_out_matrix(*pattern.arrays, start, index, value)
        assert start[-1] == n_entries
        made = csc_array((value, index, start), shape=matrix.shape)
        assert made.has_sorted_indices
        np.testing.assert_array_equal(made.toarray(), matrix)


def test_running_sums_add_up_within_a_stage(problems):
    rng = np.random.default_rng(5)
    for problem in problems:
        pattern = OrderPattern.of(problem)
        values = rng.uniform(size=pattern.n_pairs)
        heard, told = running_sums(values, *pattern.arrays[:4])
        for sums, ptr, candidate in (
            (heard, pattern.inbound_ptr, pattern.pair_inbound),
            (told, pattern.outbound_ptr, pattern.pair_outbound),
        ):
            each = np.bincount(candidate, values, int(ptr[-1]))
            plain = np.concatenate([each[i:j].cumsum() for i, j in pairwise(ptr)])
            np.testing.assert_allclose(sums, plain, rtol=1e-12)


def test_a_plan_at_a_quantile_costs_what_its_pairs_cost(problems):
    rng = np.random.default_rng(4)
    forbidden = 0
    for problem in problems:
        pattern, costs = OrderPattern.of(problem), pair_costs(problem)
        n = pattern.n_stages
        sums = [
            np.sort(rng.uniform(size=len(one))) for one in (*problem.inbound, *problem.outbound)
        ]
        heard, told = np.concatenate(sums[:n]), np.concatenate(sums[n:])
        for quantile in (0.2, 0.5, 0.8):
            inbound, outbound = np.empty(n, np.int64), np.empty(n, np.int64)
            cost = plan_at_quantile(
                quantile, heard, told, costs, *pattern.arrays[:4], inbound, outbound
            )
            place = [int((one < quantile).sum()) for one in sums]
            assert [*inbound, *outbound] == place
            plain = sum(
                table[a, b] if a < table.shape[0] and b < table.shape[1] else np.inf
                for table, a, b in zip(problem.cost, place[:n], place[n:], strict=True)
            )
            assert cost == pytest.approx(plain, rel=1e-12)
            forbidden += np.isinf(plain)
    assert 0 < forbidden < 3 * len(problems)


def test_solutions_are_judged_one_by_one(problems):
    """Of whole solutions the plan that they are; another is told from them, and may be none."""
    rng = np.random.default_rng(6)
    no_plan = 0
    for problem in problems:
        pattern, costs = OrderPattern.of(problem), pair_costs(problem)
        n, stage = pattern.n_stages, stages_of(pattern)
        picked = np.array([rng.choice(np.flatnonzero(stage == j)) for j in range(n)])
        values = np.zeros((2, pattern.n_pairs))
        values[0, picked] = 1.0
        values[1] = rng.dirichlet(np.ones(pattern.n_pairs))
        prices = rng.normal(0.0, 2.0, (2, len(pattern.lane_inbound)))
        inbound, outbound = np.empty((2, n), np.int64), np.empty((2, n), np.int64)
        cost, bound, is_whole = np.empty(2), np.empty(2), np.empty(2, np.bool_)
        twice = np.stack([costs, 2.0 * costs])
        judge(
            values, prices, twice, *pattern.arrays, 1e-6, 1e-12, inbound, outbound, cost, bound,
            is_whole,
        )  # fmt: skip
        no_plan += np.isinf(cost[1])
        assert is_whole.tolist() == [True, pattern.n_pairs == 1]
        np.testing.assert_array_equal(
            inbound[0], pattern.pair_inbound[picked] - pattern.inbound_ptr[:-1]
        )
        np.testing.assert_array_equal(
            outbound[0], pattern.pair_outbound[picked] - pattern.outbound_ptr[:-1]
        )
        assert cost[0] == pytest.approx(costs[picked].sum(), rel=1e-12)
        for k in range(2):
            assert bound[k] == bound_by_prices(prices[k], twice[k], *pattern.arrays) < np.inf
    assert no_plan > 0


def test_a_gap_of_rounding_is_none(problems):
    pattern, costs = OrderPattern.of(problems[0]), pair_costs(problems[0])
    n = pattern.n_stages
    chosen = np.empty(n, np.int64)
    assert earliest_pairs(*pattern.arrays, chosen)
    values = np.zeros((1, pattern.n_pairs))
    values[0, chosen] = 1.0
    prices = np.zeros((1, len(pattern.lane_inbound)))
    bounds = []
    for rounding in (0.0, 1.0):
        places = np.empty((2, 1, n), np.int64)
        cost, bound, is_whole = np.empty(1), np.empty(1), np.empty(1, np.bool_)
        judge(
            values, prices, costs[None], *pattern.arrays, 1e-6, rounding, *places, cost, bound,
            is_whole,
        )  # fmt: skip
        bounds.append(bound[0])
    assert bounds[0] < bounds[1] == cost[0]


def test_plans_are_counted_as_by_enumeration(problems):
    """All plans of small components; prices at random, costs in steps so that there are ties."""
    rng = np.random.default_rng(7)
    answers = []
    for problem in problems:
        pattern = OrderPattern.of(problem)
        stage, n = stages_of(pattern), pattern.n_stages
        pairs = [np.flatnonzero(stage == j) for j in range(n)]
        if np.prod([float(len(one)) for one in pairs]) > 3_000:
            continue
        plans = np.stack(np.meshgrid(*pairs, indexing="ij"), axis=-1).reshape(-1, n)
        rows = written_out(pattern)[n:]
        activity = rows[:, plans].sum(axis=2)
        feasible = plans[(activity <= 0.0).all(axis=0)]
        for _ in range(6):
            costs = rng.integers(0, 4, pattern.n_pairs).astype(float)
            prices = -rng.integers(0, 3, len(rows)).astype(float)
            bound = bound_by_prices(prices, costs, *pattern.arrays)
            above = costs[feasible].sum(axis=1) - bound
            assert (above >= 0.0).all()
            for tolerance in (0.5, 2.5):
                only = (above <= tolerance).sum() <= 1
                told = is_only_plan(prices, costs, *pattern.arrays, tolerance, 100_000)
                assert told == only
                answers.append(only)
                assert not is_only_plan(prices, costs, *pattern.arrays, 1e9, 1)
    assert 10 < sum(answers) < len(answers) - 10


def stages_of(pattern: OrderPattern) -> np.ndarray:
    """Stage of each pair."""
    return np.searchsorted(pattern.inbound_ptr, pattern.pair_inbound, side="right") - 1


def written_out(pattern: OrderPattern) -> np.ndarray:
    """Rows of the model without running sums, by comparing each pair with each row."""
    stage, n = stages_of(pattern), pattern.n_stages
    customer = np.searchsorted(pattern.inbound_ptr, pattern.lane_inbound, side="right") - 1
    supplier = np.searchsorted(pattern.outbound_ptr, pattern.lane_outbound, side="right") - 1
    hears = (stage == customer[:, None]) & (pattern.pair_inbound <= pattern.lane_inbound[:, None])
    tells = (stage == supplier[:, None]) & (pattern.pair_outbound <= pattern.lane_outbound[:, None])
    choice = stage == np.arange(n)[:, None]
    return np.concatenate([choice, hears.astype(float) - tells.astype(float)]).astype(float)
