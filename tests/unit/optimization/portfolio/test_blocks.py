"""Blocks of SKUs with a limit each: equal to enumeration and to the declared model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from echelon.network.compiled import Floats
from echelon.optimization.portfolio.blocks import _Search, choose_by_blocks, find_blocks
from echelon.optimization.portfolio.choose import choose
from echelon.optimization.portfolio.model import choose_by_model
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.rows import LimitRow


def in_blocks(seed: int, n_shared: int, whole: bool = False) -> OptionProblem:
    """Three blocks of up to four SKUs, a SKU of none, and rows that all share."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 5, 3)
    block = np.append(np.repeat(np.arange(3), size), 3)
    counts = rng.integers(1, 6, len(block))
    n = int(counts.sum())
    dense = np.zeros((n, 3 + n_shared))
    of = np.repeat(block, counts)
    use = rng.lognormal(1.0, 1.0, (n, 1 + n_shared)) * np.where(seed % 4 == 0, -1.0, 1.0)
    use = np.round(use) if whole else use
    inside = of < 3
    dense[np.flatnonzero(inside), of[inside]] = use[inside, 0]
    dense[:, 3:] = use[:, 1:]
    cost = rng.integers(0, 30, n).astype(float) if whole else rng.lognormal(1.0, 1.0, n)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    reached = dense[first[:-1] + rng.integers(0, counts)].sum(axis=0)
    uses = csr_matrix(dense)
    return OptionProblem(
        first=first,
        cost=cost,
        use_first=uses.indptr.astype(np.int64),
        use_row=uses.indices.astype(np.int64),
        use=uses.data,
        most=reached + np.abs(reached) * rng.uniform(0.0, 0.3, 3 + n_shared),
    )


def enumerated(problem: OptionProblem, wage: Floats, shared: list[int]) -> float:
    """Least cost with shared rows priced and each block row kept, by looking at every choice."""
    blocks = find_blocks(problem)
    assert blocks is not None
    uses = problem.uses.toarray()
    value = problem.cost + uses[:, shared] @ wage
    total = -float(wage @ problem.most[shared])
    for b in range(len(blocks.row) + 1):
        members = np.flatnonzero(blocks.block == b)
        ranges = [range(problem.first[k], problem.first[k + 1]) for k in members]
        best = np.inf
        for picked in itertools.product(*ranges):
            at = list(picked)
            row = blocks.row[b] if b < len(blocks.row) else None
            if row is None or uses[at, row].sum() <= problem.most[row] + 1e-9:
                best = min(best, float(value[at].sum()))
        total += best
    return total


@pytest.mark.parametrize("seed", range(16))
def test_blocks_at_a_price_equal_enumeration(seed: int):
    problem = in_blocks(seed, 1, whole=seed % 2 == 1)
    blocks = find_blocks(problem)
    assert blocks is not None
    assert blocks.shared.tolist() == [3]
    wage = np.random.default_rng(seed).uniform(0.0, 1.0, 1)
    known = problem.first[:-1]
    solved = _Search(problem, blocks, 0.0).at(wage, known)
    want = enumerated(problem, wage, [3])
    assert solved.bound == pytest.approx(want, rel=1e-9, abs=1e-9)
    value = problem.cost[solved.choice].sum()
    value += wage @ (problem.used(solved.choice)[[3]] - problem.most[[3]])
    assert value == pytest.approx(want, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n_shared", [0, 1, 2])
def test_bounds_hold_and_the_whole_answer_is_the_model_s(seed: int, n_shared: int):
    problem = in_blocks(seed, n_shared, whole=seed % 2 == 1)
    outcome, _ = choose_by_model(problem, None, gap=0.0, time_limit=None)
    assert outcome.objective is not None
    blocks = find_blocks(problem)
    if blocks is not None:
        start = np.zeros(problem.n_rows)
        found, bound = choose_by_blocks(problem, blocks, start, problem.first[:-1], gap=0.0)
        assert bound <= outcome.objective * (1.0 + 1e-9) + 1e-9
        if problem.keeps(found):
            assert problem.cost[found].sum() >= outcome.objective * (1.0 - 1e-9) - 1e-9
    rows = [LimitRow(f"row {r}", "", "use", "") for r in range(problem.n_rows)]
    chosen = choose(problem, rows, gap=0.0, time_limit=30.0)
    assert chosen.cost == pytest.approx(outcome.objective, rel=1e-6, abs=1e-6)


def test_rows_that_overlap_too_much_have_no_blocks():
    n = 12
    dense = np.triu(np.ones((n, n)))
    uses = csr_matrix(np.repeat(dense, 2, axis=0))
    problem = OptionProblem(
        first=np.arange(0, 2 * n + 1, 2),
        cost=np.ones(2 * n),
        use_first=uses.indptr.astype(np.int64),
        use_row=uses.indices.astype(np.int64),
        use=uses.data,
        most=np.full(n, 100.0),
    )
    assert find_blocks(problem) is None


@pytest.mark.parametrize("seed", [1, 2, 3, 5, 6])
def test_the_bound_holds_where_states_are_left_out(seed: int, monkeypatch: pytest.MonkeyPatch):
    module = "echelon.optimization.portfolio.blocks"
    monkeypatch.setattr(f"{module}._MOST_STATES", 2)
    monkeypatch.setattr(f"{module}._MOST_MOVES", 5)
    problem = in_blocks(seed, 1)
    blocks = find_blocks(problem)
    assert blocks is not None
    wage = np.array([0.3])
    solved = _Search(problem, blocks, 0.0).at(wage, problem.first[:-1])
    assert solved.bound <= enumerated(problem, wage, blocks.shared.tolist()) + 1e-9
