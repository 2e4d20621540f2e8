"""Random small networks of every kind against enumeration; benchmarks/quality runs a thousand."""

from __future__ import annotations

import numpy as np
import pytest

import echelon as ec
from benchmarks.quality.random_networks import (
    best_cost,
    candidates,
    draw,
    enumerated,
    grid,
    table,
    whole_grid,
)


@pytest.mark.parametrize("block", range(5))
def test_cost_equals_that_of_enumeration_and_the_bound_is_valid(block):
    """Fractional times, any costs, limits, stages without stock, quotes from outside, transits."""
    for seed in range(1_000 + 20 * block, 1_020 + 20 * block):
        case = draw(seed)
        best, _ = best_cost(case)
        network = case.network()
        methods = ["auto", "dual"] + ["exact"] * case.is_tree + ["milp"] * (seed % 20 == 0)
        for method in methods:
            plan = ec.optimize(network, method=method, gap=1e-9)
            if not np.isfinite(best):
                assert plan.status == "failed", (seed, method)
                assert plan.failures["error"].tolist() == ["InfeasibleError"]
                continue
            assert plan.objective == pytest.approx(best, rel=1e-8, abs=1e-12), (seed, method)
            assert plan.bound <= best * (1.0 + 1e-8) + 1e-12, (seed, method)
            assert plan.bound <= plan.objective


def test_candidate_times_hold_an_optimum():
    """Neither every multiple of the tick nor a grid of sevenths of it has a cheaper plan."""
    both = 0
    for seed in range(2_000, 2_120):
        case = draw(seed)
        best = enumerated(case, candidates(case))
        assert enumerated(case, grid(case, 7), 7) >= best * (1.0 - 1e-9)
        if np.prod([len(quotes) + 1.0 for quotes in whole_grid(case)]) <= 20_000:
            both += 1
            assert enumerated(case, whole_grid(case)) == pytest.approx(best, rel=1e-12)
    assert both > 40


def test_a_forgotten_candidate_would_show():
    """With a service time of zero or the whole wait alone, many optima are missed."""
    missed = 0
    for seed in range(60):
        case = draw(seed)
        short = [times[:1] for times in candidates(case)]
        best, _ = best_cost(case)
        missed += bool(np.isfinite(best)) and enumerated(case, short) > best * (1.0 + 1e-8)
    assert missed > 20


def test_the_table_counts_what_agrees():
    text = table(12)
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("|")}
    assert rows["auto"].split("|")[2:5] == [" 12 "] * 3
    assert rows["milp"].split("|")[2:5] == [" 2 "] * 3
    assert "no cheaper plan in 12" in " ".join(text.split())
