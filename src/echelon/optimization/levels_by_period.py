"""Base stocks that change with the season, under service times that do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import lcm

import numpy as np
import pandas as pd

from echelon.execution.algebra import algebra_in_one_thread
from echelon.network.compiled import CompiledNetwork, Floats
from echelon.network.network import Network
from echelon.optimization.cost.inside import inside
from echelon.optimization.cost.limited_stock import LimitedStock
from echelon.optimization.cost.seasonal_stock import SeasonalStock, seasonal
from echelon.optimization.cost.stage_stock import StageStock, StageTimes
from echelon.optimization.cost.windowed_stock import WindowedStock
from echelon.optimization.placement import ComponentTask
from echelon.policies.plan import Plan


@algebra_in_one_thread()
def levels_by_period(network: Network, plan: Plan, tasks: Sequence[ComponentTask]) -> pd.DataFrame:
    r"""Give the base stock of every period of the cycle, at stages that see a season.

    An order in period ``t`` has to cover what is asked for in the window of :math:`\tau_j`
    periods that begins with it [1]_ [2]_. Customers ask for their demand. A stage ``k`` below asks
    for that of its customers and for the change of its own base stock, so that with
    :math:`Z_k(t) = B_k(t) + \sum_l a_{kl} Z_l(t)`

    .. math:: B_j(t) = E\,D_j(t, t + \tau_j] + \sum_k a_{jk}\bigl(Z_k(t + \tau_j) - Z_k(t)\bigr)
        + \text{safety stock}_j(t):

    the mean is that of the periods by all times below later, in which customers will buy what the
    order becomes. A level never falls faster than mean demand draws stock down. A stage that can
    make or order only so much covers in each period the worst pause since its last free order.

    Parameters
    ----------
    network : Network
    plan : Plan
        Of the same network, with its service times.
    tasks : sequence of ComponentTask
        One per component.

    Returns
    -------
    DataFrame
        item, location, period from 0, base_stock [unit]; no rows where no demand changes.

    References
    ----------
    .. [1] Graves & Willems (2008), *Manufacturing & Service Operations Management* 10(2).
    .. [2] Neale & Willems (2009), *Interfaces* 39(5).
    """
    compiled = network.compiled
    key = ["item", "location"]
    keys = network.columns("stages", key)
    times = plan.stages.set_index(key)[
        ["inbound_service_time", "service_time", "net_replenishment_time"]
    ]
    found: list[tuple[int, Floats]] = []
    for c, task in enumerate(tasks):
        rows = compiled.stage_row[compiled.component_ptr[c] : compiled.component_ptr[c + 1]]
        stocks = [task.cost.special.get(j) for j in range(len(rows))]
        if not any(seasonal(stock) for stock in stocks if stock is not None):
            continue
        here = times.reindex(pd.MultiIndex.from_frame(keys.iloc[rows]))
        if here["service_time"].isna().any():
            continue  # the component failed
        levels = _component(task, stocks, here.to_numpy(dtype=np.float64), network)
        found += [(int(rows[j]), cycle) for j, cycle in levels.items()]
    found.sort(key=lambda one: one[0])
    lengths = [len(cycle) for _, cycle in found]
    stage = np.repeat(np.array([row for row, _ in found], dtype=np.int64), lengths)
    frame = keys.iloc[stage].reset_index(drop=True)
    nothing = [np.zeros(0)]
    return frame.assign(
        period=np.concatenate([*nothing, *(np.arange(n) for n in lengths)]).astype(np.int64),
        base_stock=np.concatenate([*nothing, *(cycle for _, cycle in found)]),
    )


def _component(
    task: ComponentTask,
    stocks: Sequence[StageStock | None],
    times: Floats,
    network: Network,
) -> dict[int, Floats]:
    """Levels of one component by stage, customers first."""
    shard = task.cost.component
    phases = network.columns("stages", ["review_phase"])["review_phase"]
    phase = np.nan_to_num(phases.to_numpy(dtype=np.float64))[shard.stage_row].astype(int)
    cycles = _cycles(shard, stocks)
    asked: dict[int, Floats] = {}  # Z: mean cumulative orders less mean cumulative demand
    levels: dict[int, Floats] = {}
    succ_ptr = shard.succ_ptr - shard.succ_ptr[0]
    for j in reversed(range(shard.n_stages)):
        n, review = cycles[j], int(shard.review_period[j])
        below = np.zeros(n)
        for k in range(int(succ_ptr[j]), int(succ_ptr[j + 1])):
            customer = int(shard.succ_stage[k])
            if customer in asked:
                below += float(shard.pred_usage[shard.succ_lane[k]]) * np.resize(asked[customer], n)
        stock = stocks[j]
        inner = None if stock is None else seasonal(stock)
        if stock is None or inner is None:
            if below.any():  # a level that stays hands on what it is asked for
                asked[j] = below
            continue
        at = StageTimes(*(np.asarray(time) for time in times[j]))
        later = np.arange(n, dtype=np.float64) - float(review > 0)
        over = partial(_over, inner, n, partial(_grown, below, later))
        limited = inside(stock, LimitedStock)
        if limited is None:
            level = over(at) + float(stock.base_stock(at)) - float(inner.base_stock(at))
        else:
            level = limited.largest_by_period(at, over)
            level = level + float(stock.base_stock(at)) - float(limited.base_stock(at))
        demand = inner.mean_of_period(n)
        if review == 0:
            level = _drawn_down(level, demand + below - np.roll(below, 1))
        levels[j] = level
        asked[j] = _asked(level, below, demand, review, int(phase[j]))
    return levels


def _over(inner: SeasonalStock, n: int, grown: Callable[[float], Floats], at: StageTimes) -> Floats:
    """Levels of a cycle of ``n`` periods as if nothing was limited, with what is asked besides."""
    if isinstance(inner, WindowedStock):
        return inner.levels_with(at, grown)
    return np.asarray(np.resize(inner.levels(at), n) + grown(float(at.covered)))


def _cycles(shard: CompiledNetwork, stocks: Sequence[StageStock | None]) -> list[int]:
    """Length of the cycle of each stage: of its demand, its own reviews and all those below."""
    found = [1] * shard.n_stages
    succ_ptr = shard.succ_ptr - shard.succ_ptr[0]
    for j in reversed(range(shard.n_stages)):
        stock = stocks[j]
        inner = None if stock is None else seasonal(stock)
        below = shard.succ_stage[int(succ_ptr[j]) : int(succ_ptr[j + 1])].tolist()
        own = (1, 1) if inner is None else (inner.n_periods, max(int(shard.review_period[j]), 1))
        found[j] = lcm(*own, *(found[k] for k in below))
    return found


def _drawn_down(level: Floats, requests: Floats) -> Floats:
    """Keep the mean order of every period at 0 or more; the cycle is walked until it closes."""
    kept = level.copy()
    for _ in range(2):
        for t in range(len(kept)):
            kept[t] = max(kept[t], kept[t - 1] - requests[t])
    return kept


def _asked(level: Floats, below: Floats, demand: Floats, review: int, phase: int) -> Floats:
    """Orders placed until the end of each period less demand until then, means, units."""
    if review == 0:
        return level + below
    n = len(level)
    period = np.arange(n)
    since = (period - phase) % review  # periods from the latest review
    last = period - since
    sums = np.concatenate([[0.0], demand.cumsum()])
    total = sums[-1]
    until = sums[period + 1]
    before = np.where(last >= 0, sums[last % n], sums[last % n] - total)  # until the review
    return np.asarray(level[last % n] + below[(last - 1) % n] - (until - before))


def _grown(cycle: Floats, first: Floats, periods: float) -> Floats:
    """By how much a cycle is higher so many periods later."""
    return _at(cycle, first + periods) - _at(cycle, first)


def _at(cycle: Floats, period: Floats) -> Floats:
    """Value of a cycle at a period, in between in proportion."""
    n = len(cycle)
    return np.asarray(np.interp(period % n, np.arange(n + 1), np.append(cycle, cycle[0])))
