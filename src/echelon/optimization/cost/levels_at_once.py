"""Levels of all stages of a component at once: one search for each kind of stock.

What :class:`~echelon.optimization.cost.exact_quantile.ExactQuantile` and
:class:`~echelon.optimization.cost.random_wait.RandomWait` search for stage by stage, with the same
answers bit for bit; what is found here is left with the stocks, as though they had searched.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import NamedTuple, cast

import numpy as np

from echelon.distributions.closed import CLOSED
from echelon.distributions.rows_over_times import DemandRows
from echelon.lead_time.deviation import Deviation
from echelon.lead_time.waiting_rows import normal_waiting_rows
from echelon.network.compiled import Floats, Integers
from echelon.optimization.cost.exact_quantile import ExactQuantile
from echelon.optimization.cost.random_wait import RandomWait
from echelon.optimization.cost.stage_stock import StageStock, StageTimes

_SEARCHED = (ExactQuantile, RandomWait)


class SearchedLevels(NamedTuple):
    """Levels that have been searched for, and whose they are.

    Attributes
    ----------
    table : LevelTable
    at : (k,) int64
        Which of the times asked for are those of its stages, ascending.
    place : (k,) int64
        Where their levels are in the table.
    """

    table: LevelTable
    at: Integers
    place: Integers


@dataclass(slots=True)
class LevelTable:
    """Base stocks of those stages of a component whose levels are searched for, by time.

    Attributes
    ----------
    stages : (n,) int64
        Ascending.
    rate : (n,) float64
        Mean demand, units per period.
    of : (m,) int64
        Place in ``stages`` of each level.
    times, levels : (m,) float64
        Periods, ascending within a stage, and units.
    rows : DemandRows or None
        Demands of which exact quantiles were found.
    row_of : dict of stage to int
        Which of them is a stage's.
    """

    stages: Integers
    rate: Floats
    of: Integers
    times: Floats
    levels: Floats
    rows: DemandRows | None = field(default=None, repr=False)
    row_of: dict[int, int] = field(default_factory=dict, repr=False)

    @classmethod
    def of_curves(
        cls, special: Mapping[int, StageStock], ptr: Integers, covered: Floats
    ) -> SearchedLevels:
        """Search for the levels of all times that the stages of a component may cover.

        Parameters
        ----------
        special : mapping of stage to StageStock
        ptr : (n_stages + 1,) int64
            Where the times of each stage begin.
        covered : (m,) float64
            Net replenishment times, periods.

        Returns
        -------
        SearchedLevels
        """
        chosen = sorted(j for j, stock in special.items() if _is_searched(stock))
        stages = np.array(chosen, dtype=np.int64)
        sizes = ptr[stages + 1] - ptr[stages]
        ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        at = np.arange(ends[-1]) + np.repeat(ptr[stages] - ends[:-1], sizes)
        of, times, place = _distinct(ends, covered[at])
        stocks = cast("list[ExactQuantile | RandomWait]", [special[j] for j in chosen])
        rate = [
            stock.demand.law.mean if isinstance(stock, ExactQuantile) else stock.mean
            for stock in stocks
        ]
        table = cls(stages, np.array(rate), of, times, np.empty(len(times)))
        table._search(stocks)
        return SearchedLevels(table, at, place)

    @classmethod
    def of_components(
        cls,
        special: Sequence[Mapping[int, StageStock]],
        n_stages: Sequence[int],
        ptr: Integers,
        covered: Floats,
    ) -> SearchedLevels:
        """Search for those of many components at once.

        Parameters
        ----------
        special : sequence of mapping of stage to StageStock
            Of each component.
        n_stages : sequence of int
            Stages of each.
        ptr, covered : ndarray
            As of :meth:`of_curves`, the stages of all components numbered through.
        """
        first = np.cumsum([0, *n_stages]).tolist()
        joined = {
            begin + j: stock
            for begin, own in zip(first, special, strict=False)
            for j, stock in own.items()
        }
        return cls.of_curves(joined, ptr, covered)

    def part(self, first: int, last: int) -> LevelTable:
        """Give the table of a component, whose stages are ``first`` up to ``last``."""
        own = slice(*np.searchsorted(self.stages, [first, last]).tolist())
        levels = slice(*np.searchsorted(self.of, [own.start, own.stop]).tolist())
        stages = self.stages[own]
        return LevelTable(
            stages=stages - first,
            rate=self.rate[own],
            of=self.of[levels] - own.start,
            times=self.times[levels],
            levels=self.levels[levels],
            rows=self.rows,
            row_of={j - first: self.row_of[j] for j in stages.tolist() if j in self.row_of},
        )

    def at(self, covered: Floats) -> tuple[Integers, Floats, Floats]:
        """Give stock for one time (periods) of each stage of the component.

        Returns
        -------
        stages : (k,) int64
            Those whose time is in the table.
        safety, base : (k,) float64
            Safety stock and base stock, units.
        """
        hit = np.flatnonzero(self.times == covered[self.stages][self.of])
        stages, levels = self.stages[self.of[hit]], self.levels[hit]
        return stages, levels - self.rate[self.of[hit]] * covered[stages], levels

    def promises(self, covered: Floats, base: Floats) -> tuple[Integers, Floats]:
        """Give the cycle service that base stocks of all stages (units) promise at these times.

        Returns
        -------
        stages : (k,) int64
            Those with an exact quantile that cover some time.
        service : (k,) float64
            NaN where ``ExactQuantile.promised_service`` is to be asked.
        """
        stages = np.array([j for j in self.row_of if covered[j] > 0.0], dtype=np.int64)
        if self.rows is None or not len(stages):
            return stages, np.zeros(0)
        rows = np.array([self.row_of[j] for j in stages.tolist()])
        return stages, self.rows.cdf(rows, covered[stages], base[stages])

    def _search(self, stocks: list[ExactQuantile | RandomWait]) -> None:
        ptr = np.searchsorted(self.of, np.arange(len(stocks) + 1))
        runs = [slice(*ends) for ends in pairwise(ptr.tolist())]
        fresh = [not (stock.kept.first or stock.kept.levels) for stock in stocks]
        exact = [k for k, one in enumerate(stocks) if fresh[k] and isinstance(one, ExactQuantile)]
        waiting = {}
        for k, one in enumerate(stocks):
            if fresh[k] and isinstance(one, RandomWait):
                spread = _spread(one, self.times[runs[k]])
                if spread is not None:
                    waiting[k] = spread
        left = set(range(len(stocks)))
        left -= self._of_exact(exact, stocks, runs)
        left -= self._of_waiting(waiting, stocks, runs)
        for k, stock in enumerate(stocks):
            times = self.times[runs[k]]
            if k in left:
                self.levels[runs[k]] = stock.base_stock(StageTimes.covering(times))
            else:
                stock.kept.first.append((times, self.levels[runs[k]]))

    def _of_exact(
        self, numbers: list[int], stocks: list[ExactQuantile | RandomWait], runs: list[slice]
    ) -> set[int]:
        """Levels of exact quantiles; give those of which all were found."""
        first: dict[object, int] = {}
        same = {}
        for k in numbers:
            law = stocks[k].demand.law
            if law.family in CLOSED:
                key: object = k
            else:
                key = (cast(Hashable, law), stocks[k].level, self.times[runs[k]].tobytes())
            same[k] = first.setdefault(key, k)
        searched = [k for k in numbers if same[k] == k]
        if not searched:
            return set()
        shares = np.array([stocks[k].level for k in searched])
        rows = DemandRows([stocks[k].demand.law for k in searched], shares)
        ptr = np.cumsum([0, *(runs[k].stop - runs[k].start for k in searched)])
        times = np.concatenate([self.times[runs[k]] for k in searched])
        found = rows.quantiles(ptr, times)
        numbered = {k: row for row, k in enumerate(searched)}
        self.rows = rows
        self.row_of = {int(self.stages[k]): numbered[same[k]] for k in numbers}
        missing = np.add.reduceat(np.isnan(found), ptr[:-1]) > 0
        done = dict.fromkeys(k for k, short in zip(searched, missing, strict=True) if not short)
        for k, begin in zip(searched, ptr.tolist(), strict=False):
            self.levels[runs[k]] = found[begin : begin + runs[k].stop - runs[k].start]
        for k in numbers:
            if same[k] != k:
                self.levels[runs[k]] = self.levels[runs[same[k]]]
        return {k for k in numbers if same[k] in done}

    def _of_waiting(
        self,
        spreads: dict[int, Deviation],
        stocks: list[ExactQuantile | RandomWait],
        runs: list[slice],
    ) -> set[int]:
        """Levels of normal demands of random waits; give those that were found."""
        if not spreads:
            return set()
        moments = np.array(
            [
                (one.demand.law.mean, one.demand.law.std, one.level)
                for one in map(stocks.__getitem__, spreads)
            ]
        )
        ptr = np.cumsum([0, *(runs[k].stop - runs[k].start for k in spreads)])
        times = np.concatenate([self.times[runs[k]] for k in spreads])
        mean, std, level = moments.T.copy()
        found = normal_waiting_rows(mean, std, level, list(spreads.values()), ptr, times)
        missing = np.add.reduceat(np.isnan(found), ptr[:-1]) > 0
        for k, begin in zip(spreads, ptr.tolist(), strict=False):
            self.levels[runs[k]] = found[begin : begin + runs[k].stop - runs[k].start]
        return {k for k, short in zip(spreads, missing, strict=True) if not short}


def _distinct(ptr: Integers, wanted: Floats) -> tuple[Integers, Floats, Integers]:
    """Distinct times of each stage, ascending, and which of them each that is wanted is.

    ``ptr`` (n + 1,) says where those of a stage begin. Curves give them by few falling runs.
    """
    from echelon.kernels.falling_runs import distinct_times  # numba: not before it is needed

    of, place = np.empty((2, len(wanted)), dtype=np.int64)
    times = np.empty(len(wanted))
    begin, head = np.empty((2, np.diff(ptr).max(initial=0)), dtype=np.int64)
    n = distinct_times(ptr, wanted, begin, head, of, times, place)
    return of[:n].copy(), times[:n].copy(), place


def _is_searched(stock: StageStock) -> bool:
    """Whether levels of a stock are searched for here; certainty has no quantile."""
    return isinstance(stock, _SEARCHED) and 0.0 < stock.level < 1.0


def _spread(stock: RandomWait, times: Floats) -> Deviation | None:
    """How a wait deviates where one number of cells does for all times; else None."""
    law, wait = stock.demand.law, stock.wait
    if law.family != "normal" or law.std == 0.0:
        return None
    varies = law.std / abs(law.mean) if law.mean else inf
    return wait.few if wait.blurred_at(times, stock.level, varies).all() else None
