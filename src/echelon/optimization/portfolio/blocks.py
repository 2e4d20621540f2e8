r"""Limits of disjoint groups of SKUs beside a few that all share: whole blocks instead of SKUs.

Most portfolios have one limit for each segment or place, and one or two limits for all: a budget,
or room. Without the latter each group with its own limit is a problem by itself, a *block*, small
enough to be solved in whole options. So only the shared limits are priced, and a block at these
prices gives both a choice and a bound [1]_:

.. math:: \sum_b \min_{x \in X_b} (c + \lambda A)\,x - \lambda b \le z^*

What prices on the blocks' own limits would leave open is closed, and that is most of the gap where
each of many limits splits a SKU. The choices found at several prices are the options of the blocks
in a problem that has the shared limits alone; its solution is a choice that keeps them, and its
prices are the next to try.

References
----------
.. [1] Geoffrion (1974), Lagrangean relaxation for integer programming, *Mathematical Programming
   Study* 2, 82-114; Dantzig & Wolfe (1960) for the choice among solutions.
.. [2] Pisinger (1995), A minimal algorithm for the multiple-choice knapsack problem, *European
   Journal of Operational Research* 83, 394-410: a block's SKUs, those near the price first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.kernels.block_choice import search_blocks
from echelon.kernels.option_choice import lower_hulls
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.optimization.outcome import relative_gap
from echelon.optimization.portfolio.one_limit import choose_by_hulls
from echelon.optimization.portfolio.prices import choose_by_prices
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.rounding import rounded

_MOST_SHARED = 8
_MOST_ROUNDS = 8
_MOST_STATES = 10_000
_MOST_MOVES = 400_000
_ENOUGH = 0.1
"""Share of the gap asked for that the search of the blocks may leave, all together."""
_DEARER = 1.02
_ROUNDING = 5.0


@dataclass(frozen=True, slots=True)
class Blocks:
    """Which limits are shared, and which SKUs each of the others has.

    Attributes
    ----------
    shared : (n_shared,) int64
        Rows that all may use.
    row : (n_blocks,) int64
        Row of each block.
    block : (n_skus,) int64
        Block of each SKU; ``n_blocks`` for SKUs that use shared rows only.
    """

    shared: Integers
    row: Integers
    block: Integers


@dataclass(frozen=True, slots=True)
class _Solved:
    """Choices of all blocks at prices of the shared rows."""

    choice: Integers
    bound: float


def find_blocks(problem: OptionProblem) -> Blocks | None:
    """Tell shared rows from those of disjoint groups; None where too many overlap.

    Of the rows that overlap, those of most SKUs are shared.
    """
    owner = np.repeat(problem.sku, np.diff(problem.use_first))
    pairs = np.unique(owner * problem.n_rows + problem.use_row)
    sku, row = pairs // problem.n_rows, pairs % problem.n_rows
    shared: list[int] = []
    while True:
        inside = ~np.isin(row, shared)
        count = np.bincount(sku[inside], minlength=problem.n_skus)
        overlap = inside & (count[sku] > 1)
        if not overlap.any():
            break
        if len(shared) == _MOST_SHARED:
            return None
        shared.append(int(np.bincount(row[overlap]).argmax()))
    own = np.setdiff1d(np.arange(problem.n_rows), shared)
    if not own.size:
        return None
    block = np.full(problem.n_skus, len(own), np.int64)
    block[sku[inside]] = np.searchsorted(own, row[inside])
    return Blocks(np.array(sorted(shared), np.int64), own, block)


def choose_by_blocks(
    problem: OptionProblem,
    blocks: Blocks,
    price: Floats,
    choice: Integers,
    *,
    gap: float,
) -> tuple[Integers, float]:
    """Solve a problem of blocks; see the module.

    Parameters
    ----------
    problem : OptionProblem
    blocks : Blocks
    price : (n_rows,) float64
        Of the linear program: where the search begins.
    choice : (n_skus,) int64
        To begin with; may miss rows.
    gap : float
        Relative gap at which the search ends.

    Returns
    -------
    choice : (n_skus,) int64
        The best found, or the one given where no better one was.
    bound : float
    """
    search = _Search(problem, blocks, gap)
    wage = price[blocks.shared]
    found, cost = choice, search.cost_of(choice)
    pool = [choice] if np.isfinite(cost) else []
    bound = -np.inf
    for _ in range(_MOST_ROUNDS):
        solved = search.at(wage, found)
        bound = max(bound, solved.bound)
        pool.append(solved.choice)
        trial, asked = search.combined(pool)
        if search.cost_of(trial) < cost:
            found, cost = trial, search.cost_of(trial)
        if relative_gap(cost, bound) <= gap or not blocks.shared.size:
            break
        if not np.isfinite(cost):  # dearer, until the rows are kept
            missed = search.missed(trial)
            asked = np.where(missed, np.maximum(_DEARER * wage, asked), wage)
        if np.allclose(asked, wage, rtol=1e-9, atol=0.0):
            break
        wage = asked
    return found, bound


@dataclass(frozen=True, slots=True)
class _Relaxed:
    """Linear programs of all blocks: steps down the hulls of SKUs, largest saving per use first.

    Attributes
    ----------
    choice : (n_skus,) int64
        After the last step that fits; keeps the blocks' rows.
    price : (n_blocks + 1,) float64
        Of the first step that does not fit.
    first : (n_blocks + 1,) int64
    split : (n_blocks,) int64
        First step of a block, and the first that is not taken.
    rate, use : (n_steps,) float64
    far : (n_steps,) int64
        Option at the end of the step that the choice does not have.
    """

    choice: Integers
    price: Floats
    first: Integers
    split: Integers
    rate: Floats
    use: Floats
    far: Integers


class _Search:
    """The blocks of a problem, at any prices of the shared rows."""

    def __init__(self, problem: OptionProblem, blocks: Blocks, gap: float) -> None:
        self._p, self._blocks, self._gap = problem, blocks, gap
        self._n = len(blocks.row)
        self._shared = problem.uses[:, blocks.shared].tocsr()
        self._option_block = blocks.block[problem.sku]
        owner = np.repeat(np.arange(problem.n_options), np.diff(problem.use_first))
        own = ~np.isin(problem.use_row, blocks.shared)
        self._use = np.zeros(problem.n_options)
        self._use[owner[own]] = problem.use[own]
        most = problem.most + _ROUNDING * problem.tolerance  # as a choice is checked, and less
        self._most = np.append(most[blocks.row], np.inf)

    def cost_of(self, choice: Integers) -> float:
        """Cost of a choice; infinite where it misses a row."""
        return float(self._p.cost[choice].sum()) if self._p.keeps(choice) else float("inf")

    def missed(self, choice: Integers) -> Booleans:
        """Which shared rows a choice misses, (n_shared,)."""
        p, shared = self._p, self._blocks.shared
        return np.asarray(p.used(choice)[shared] > p.most[shared] + p.tolerance[shared])

    def at(self, wage: Floats, known: Integers) -> _Solved:
        """Solve each block at prices of the shared rows, (n_shared,) not negative.

        Of the choice known, (n_skus,), the blocks that keep their rows are not made worse.
        """
        p = self._p
        value = p.cost + self._shared @ wage
        relaxed = self._relaxed(value)
        base, own_price = relaxed.choice, relaxed.price
        priced = value + own_price[self._option_block] * self._use
        regret = np.maximum(priced - priced[base][p.sku], 0.0)
        over, worst = self._beyond(base, regret, own_price)
        known_over, known_worst = self._beyond(known, regret, own_price)
        better = np.append((known_over <= 0.0) & (known_worst < worst), False)
        choice = np.where(better[self._blocks.block], known, base)
        worst = np.where(better[:-1], known_worst, worst)
        total = float(priced[base].sum() - own_price[:-1] @ self._most[:-1])
        total -= float(wage @ p.most[self._blocks.shared])
        block_first, skus, place = self._order(regret, base, worst)
        bound = np.zeros(self._n)
        search_blocks(
            block_first,
            skus,
            p.first,
            self._use,
            regret,
            base,
            over,
            own_price[:-1],
            relaxed.first,
            relaxed.split,
            np.column_stack([relaxed.rate, relaxed.use, regret[relaxed.far]]),
            place[p.sku[relaxed.far]],
            _ENOUGH * self._gap * abs(total) / self._n,
            _MOST_STATES,
            _MOST_MOVES,
            worst,
            bound,
            choice,
        )
        return _Solved(choice, total + float(bound.sum()))

    def _beyond(self, choice: Integers, regret: Floats, own_price: Floats) -> tuple[Floats, Floats]:
        """Use beyond the limit of each block, and cost beyond the bound, (n_blocks,) each."""
        block = self._blocks.block
        over = (np.bincount(block, self._use[choice], self._n + 1) - self._most)[:-1]
        spent = np.bincount(block, regret[choice], self._n + 1)[:-1]
        return over, spent - own_price[:-1] * over

    def _relaxed(self, value: Floats) -> _Relaxed:
        """Linear program of each block, by the steps of its SKUs' hulls."""
        p, block = self._p, self._blocks.block
        hull, n_hull = np.empty(p.n_options, np.int64), np.empty(p.n_skus, np.int64)
        lower_hulls(p.first, self._use, value, hull, n_hull)
        place = np.arange(p.n_options) - p.first[p.sku]
        at = np.flatnonzero((place > 0) & (place < n_hull[p.sku]))
        use = self._use[hull[at]] - self._use[hull[at - 1]]
        rate = (value[hull[at - 1]] - value[hull[at]]) / use
        order = np.lexsort((-rate, block[p.sku[at]]))
        at, use, rate = at[order], use[order], rate[order]
        of = block[p.sku[at]]
        room = self._most - np.bincount(block, self._use[hull[p.first[:-1]]], self._n + 1)
        begin = np.searchsorted(of, np.arange(self._n + 2))
        total = np.concatenate([[0.0], np.cumsum(use)])
        fits = total[1:] - total[begin][of] <= room[of]
        split = begin[1:].copy()  # steps are taken up to the first that does not fit
        np.minimum.at(split, of[~fits], np.flatnonzero(~fits))
        taken = np.arange(len(at)) < split[of]
        price = np.zeros(self._n + 1)
        open_ = split < begin[1:]
        price[open_] = rate[split[open_]]
        step = np.bincount(p.sku[at[taken]], minlength=p.n_skus)
        return _Relaxed(
            choice=hull[p.first[:-1] + step],
            price=price,
            first=begin[:-1].astype(np.int64),
            split=split[:-1].astype(np.int64),
            rate=rate,
            use=use,
            far=np.where(taken, hull[at - 1], hull[at]),
        )

    def _order(
        self, regret: Floats, base: Integers, worst: Floats
    ) -> tuple[Integers, Integers, Integers]:
        """SKUs by block, those of the least regret per use first; and places, -1 if settled."""
        p = self._p
        away = np.abs(self._use - self._use[base][p.sku])
        limit = np.append(worst, 0.0)[self._option_block]
        some = (away > 0.0) & (regret < limit)
        rate = np.full(p.n_options, np.inf)
        rate[some] = regret[some] / away[some]
        least = p.least(rate)
        skus = np.flatnonzero(np.isfinite(least))
        skus = skus[np.lexsort((least[skus], self._blocks.block[skus]))]
        begin = np.searchsorted(self._blocks.block[skus], np.arange(self._n + 1))
        place = np.full(p.n_skus, -1)
        place[skus] = np.arange(len(skus)) - begin[self._blocks.block[skus]]
        return begin.astype(np.int64), skus, place

    def combined(self, pool: list[Integers]) -> tuple[Integers, Floats]:
        """Choose among the choices of each block so that shared rows are kept.

        SKUs of no block choose among their own options.

        Returns
        -------
        choice : (n_skus,) int64
            May miss shared rows.
        price : (n_shared,) float64
        """
        blocks, p = self._blocks, self._p
        if not blocks.shared.size:
            return pool[-1], np.zeros(0)
        member = blocks.block < self._n
        n_pool, of = len(pool), blocks.block[member]
        cost = np.empty((self._n, n_pool))
        use = np.empty((self._n, n_pool, len(blocks.shared)))
        for c, choice in enumerate(pool):
            cost[:, c] = np.bincount(of, p.cost[choice[member]], self._n)
            shares = self._shared[choice[member]].toarray()
            for r in range(len(blocks.shared)):
                use[:, c, r] = np.bincount(of, shares[:, r], self._n)
        single = np.flatnonzero(~member[p.sku])
        problem = _joined(
            cost, use, p.cost[single], self._shared[single].toarray(),
            np.diff(p.first)[~member], p.most[blocks.shared],
        )  # fmt: skip
        if problem.n_rows == 1:
            short = problem.least(problem.use).sum() > problem.most[0]
            priced = None if short else choose_by_hulls(problem)
        else:
            priced = choose_by_prices(problem, np.full(problem.n_rows, 1e4))
        if priced is None:
            picked, price = problem.first[:-1] + n_pool - 1, np.zeros(1)
        else:
            picked, price = rounded(problem, priced.choice, priced.price), priced.price
        trial = pool[-1].copy()
        column = picked[: self._n] - problem.first[: self._n]
        trial[member] = np.array(pool)[column[of], np.flatnonzero(member)]
        trial[~member] = single[picked[self._n :] - self._n * n_pool]
        return trial, price


def _joined(
    cost: Floats, use: Floats, own_cost: Floats, own_use: Floats, size: Integers, most: Floats
) -> OptionProblem:
    """Problem of the shared rows: choices of blocks (n_blocks, n_pool), then options of SKUs."""
    n_blocks, n_pool = cost.shape
    n_rows = len(most)
    whole = np.vstack([use.reshape(-1, n_rows), own_use])
    n = len(whole)
    sizes = np.concatenate([np.full(n_blocks, n_pool), size])
    return OptionProblem(
        first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        cost=np.concatenate([cost.ravel(), own_cost]),
        use_first=np.arange(n + 1, dtype=np.int64) * n_rows,
        use_row=np.tile(np.arange(n_rows, dtype=np.int64), n),
        use=whole.ravel(),
        most=most,
    )
