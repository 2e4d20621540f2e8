"""How much further ahead than its own window the orders that a stage sees rest on forecasts."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

import numpy as np

from echelon.network.compiled import CompiledNetwork, Floats

Lags: TypeAlias = dict[tuple[int, float], float]
"""Units of the stage in one unit of a demand row, by the row and the lag of a path to it."""

_DIGITS = 9
"""Of a period: lags that agree so far are one."""


def forecast_lags(shard: CompiledNetwork, rows: Collection[int], promised: Floats) -> list[Lags]:
    r"""Find the lags of forecast rows at every stage of a component.

    A stage that orders by forecast asks its suppliers for what customers will want once all stages
    below have covered their times. Along a path on which each stage is the one waited for, the
    times covered below stage ``j`` add up to :math:`S_j + M`, with

    .. math:: M = \sum (T_k + R_k + L) - s

    over the stages ``k`` and lanes below, and ``s`` what customers at its end are promised. A
    supply that would be complete before the others of its stage is ordered that much later, as
    material requirements planning does.

    Parameters
    ----------
    shard : CompiledNetwork
        Of one component.
    rows : collection of int
        Demand rows that are forecast.
    promised : (n_stages,) float64
        Service time of the stage's own customers, periods.

    Returns
    -------
    list of dict
        By stage; ``M`` in periods, ``-promised`` of a stage's own customers.
    """
    found: list[Lags] = [{} for _ in range(shard.n_stages)]
    usage = shard.pred_usage
    demand_ptr, succ_ptr = (ptr - ptr[0] for ptr in (shard.demand_ptr, shard.succ_ptr))
    for j in reversed(range(shard.n_stages)):
        here = found[j]
        for row in shard.demand_row[demand_ptr[j] : demand_ptr[j + 1]].tolist():
            if row in rows:
                here[row, -float(promised[j])] = 1.0
        for k in range(int(succ_ptr[j]), int(succ_ptr[j + 1])):
            customer, lane = int(shard.succ_stage[k]), int(shard.succ_lane[k])
            if usage[lane] == 0.0:
                continue  # a backup is asked for nothing
            time = shard.pred_lead_time[lane] + shard.lead_time[customer]
            time += shard.review_period[customer]
            for (row, lag), units in found[customer].items():
                key = (row, round(float(lag + time), _DIGITS))
                here[key] = here.get(key, 0.0) + units * float(usage[lane])
    return found


def latest_service(shard: CompiledNetwork) -> Floats:
    """Longest service time that each stage can be said to quote: (n_stages,) periods."""
    latest = np.zeros(shard.n_stages)
    pred_ptr = shard.pred_ptr - shard.pred_ptr[0]
    for j in range(shard.n_stages):
        lanes = slice(int(pred_ptr[j]), int(pred_ptr[j + 1]))
        awaited = shard.pred_share[lanes] > 0.0
        ready = latest[shard.pred_stage[lanes]] + shard.pred_lead_time[lanes]
        inbound = ready[awaited].max(initial=shard.inbound_service_time[j])
        through = inbound + shard.lead_time[j] + shard.review_period[j]
        latest[j] = min(through, shard.max_service_time[j])
    return latest
