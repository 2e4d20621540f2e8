"""What stages below promise, and how far they cut what a stage is asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from echelon.optimization.late_supplies import _cut_below, _promised_below
from tests.networks import random_network


def reached_from(compiled) -> list[set[int]]:
    """All stages that each one supplies, directly or not: plain twin of the sweep."""
    below: list[set[int]] = [set() for _ in range(compiled.n_stages)]
    for stage in reversed(range(compiled.n_stages)):
        for supplier in suppliers_of(compiled, stage):
            below[supplier] |= {stage} | below[stage]
    return below


def suppliers_of(compiled, stage) -> list[int]:
    owner = np.searchsorted(compiled.component_ptr, stage, side="right") - 1
    lanes = slice(*compiled.pred_ptr[stage : stage + 2])
    return (compiled.component_ptr[owner] + compiled.pred_stage[lanes]).tolist()


@pytest.mark.parametrize("seed", range(4))
def test_highest_promise_below_is_that_of_all_stages_that_are_supplied(seed):
    network = random_network(np.random.default_rng(seed), 12)
    n, draw = network.n_stages, np.random.default_rng(100 + seed)
    place = draw.permutation(n)
    promised = np.where(draw.random(n) < 0.4, np.nan, draw.random(n))
    best, row = _promised_below(network, place, promised, reversed(range(n)))
    below = reached_from(network.compiled)
    row_of = np.argsort(place)
    for each in range(n):
        levels = {row_of[stage]: promised[row_of[stage]] for stage in below[place[each]]}
        levels = {key: level for key, level in levels.items() if not np.isnan(level)}
        highest = max(levels.values(), default=0.0)
        assert best[each] == highest
        assert not levels or promised[row[each]] == highest


@pytest.mark.parametrize("seed", range(4))
def test_requests_are_cut_to_what_customers_order_at_most(seed):
    network = random_network(np.random.default_rng(seed), 12)
    compiled, draw = network.compiled, np.random.default_rng(200 + seed)
    n = network.n_stages
    place = draw.permutation(n)
    most = np.where(draw.random(n) < 0.5, np.nan, np.ceil(9.0 * draw.random(n)))
    rate = np.ceil(20.0 * draw.random(n))
    stages = pd.DataFrame({"maximum_order": most})
    cut, covered = _cut_below(network, place, stages, rate, np.ones(n), reversed(range(n)))
    ordered = np.full(n, np.inf)
    ordered[place] = np.where(np.isnan(most), np.inf, most)
    asked = np.where(np.diff(compiled.demand_ptr) > 0, np.inf, 0.0)
    for stage in reversed(range(n)):
        lanes = range(compiled.pred_ptr[stage], compiled.pred_ptr[stage + 1])
        for lane, supplier in zip(lanes, suppliers_of(compiled, stage), strict=True):
            asked[supplier] += compiled.pred_usage[lane] * min(ordered[stage], asked[stage])
    below = reached_from(compiled)
    limited = np.isfinite(ordered)
    assert cut.tolist() == [any(limited[list(below[stage])]) for stage in place]
    assert covered.tolist() == (asked[place] <= rate).tolist()
