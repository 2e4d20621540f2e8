"""Which promises count on supplies that a limit makes late, and how often those are in time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from echelon.errors import warn_of_data
from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network
from echelon.optimization.cost.limited_stock import scarce
from echelon.optimization.plan_rows import Places, compiled_places, table_rows
from echelon.policies.plan import Plan

_MORE_OFTEN_LATE = 0.01
"""Chance of being late, above that which the promises below allow, that is told of."""
_CORRECTION = 0.5826
"""Siegmund's: by how many standard deviations a walk in steps stays below a Brownian motion."""
_KEY = ["item", "location"]


def warn_of_late_supplies(network: Network, plan: Plan) -> None:
    """Warn once where stages that are promised a level are supplied by one that falls behind.

    The guaranteed-service model takes supplies for being in time (clause 2.6); a stage with a
    scarce capacity or largest order is late more often than the level that its stock is made for.
    """
    if not {"capacity", "maximum_order"} & set(network.features["stages"]):
        return
    place, rate, review = _limits(network, plan.stages)
    if not np.isfinite(rate).any():
        return
    in_time = chance_in_time(plan.stages, rate, review)
    unlimited = chance_in_time(plan.stages, np.full(len(rate), np.inf), review)
    at_hand = _beside(network, place, np.isfinite(rate))
    smooth, covered = _cut_below(network, place, plan.stages, rate, review, at_hand)
    seasons = bool((network.cells("demand", "family") == "per_period").any())
    in_time[smooth | seasons] = np.nan  # the demand that is put off is another
    promised = plan.stages["service_level"].to_numpy(dtype=np.float64)
    asked, first = _promised_below(
        network, place, np.where(promised < 1.0, promised, np.nan), at_hand
    )
    enough = (in_time >= asked - _MORE_OFTEN_LATE) | (in_time >= unlimited - _MORE_OFTEN_LATE)
    late = np.isfinite(rate) & (asked > 0.0) & ~covered & ~enough
    if not late.any():
        return
    worst = int(np.argmin(np.where(late, np.nan_to_num(in_time, nan=2.0), np.inf)))
    often = f"in time in about {in_time[worst]:.1%} of periods"
    if np.isnan(in_time[worst]):
        often = "how often is not known"
    limited, below = (
        " @ ".join(map(str, plan.stages[_KEY].iloc[at])) for at in (worst, first[worst])
    )
    warn_of_data(
        f"{int(late.sum())} of {len(plan.stages)} stages fall behind with their capacity or "
        f"maximum_order, {limited} most: {often}. Promises below, as {asked[worst]:.1%} "
        f"at {below}, count on supplies in time and may be missed more often. "
        "Fix: raise the limit or the target, or let calibrate(...) find the levels."
    )


def chance_in_time(stages: pd.DataFrame, rate: Floats, review: Floats) -> Floats:
    r"""Share of periods in which limited stages serve all that falls due, were demand normal.

    What is put off is close to a reflected Brownian motion, whose stationary law is exponential at
    the rate :math:`\theta = 2 (c - \mu) / \sigma^2` [1]_, moved by 0.58 standard deviations as it
    goes in steps [2]_; the chance is :math:`P(V + D(\tau) \le B)`.

    Parameters
    ----------
    stages : DataFrame
        Of a plan; its demand is the same in all periods.
    rate : (n_stages,) float64
        Most that each can make or order, units per period; inf without a limit.
    review : (n_stages,) float64
        Periods from one order to the next, 1 at least.

    Returns
    -------
    (n_stages,) float64
        Without a limit, of what the stock covers.

    References
    ----------
    .. [1] Harrison (1985), *Brownian Motion and Stochastic Flow Systems*.
    .. [2] Siegmund (1985), *Sequential Analysis*.
    """
    from scipy.special import ndtr

    columns = ["demand_mean", "demand_std", "net_replenishment_time", "base_stock"]
    mean, std, covered, level = stages[columns].to_numpy(dtype=np.float64).T
    spread = std * np.sqrt(covered)
    above = level - mean * covered
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        fall = 2.0 * (rate - mean) / std**2
        z = np.where(spread > 0.0, above / spread, np.where(above >= -1e-9, np.inf, -np.inf))
        put_off = (fall * spread) ** 2 / 2.0 - fall * (above + _CORRECTION * std * np.sqrt(review))
        behind = np.exp(np.minimum(put_off, 700.0)) * ndtr(z - fall * spread)
    behind = np.where(np.isfinite(rate) & (std > 0.0), behind, 0.0)
    return np.asarray(np.clip(ndtr(z) - behind, 0.0, 1.0))


def _limits(network: Network, stages: pd.DataFrame) -> tuple[Places, Floats, Floats]:
    """Place of each stage in compiled order, the most it makes in a period, and its reviews."""
    rows = table_rows(network, stages)
    names = ("capacity", "maximum_order", "review_period")
    cells = [network.cells("stages", name)[rows].astype(np.float64) for name in names]
    making, most, review = *cells[:2], np.maximum(cells[2], 1.0)
    rate = np.minimum(np.nan_to_num(making, nan=np.inf), np.nan_to_num(most, nan=np.inf) / review)
    moments = stages[["demand_mean", "demand_std"]].to_numpy(dtype=np.float64)
    binds = scarce(rate, *moments.T)
    return compiled_places(network, rows), np.where(binds, rate, np.inf), review


def _beside(network: Network, place: Places, rows: Booleans) -> list[int]:
    """Stages in the components of some rows of a plan, customers first, in compiled order."""
    compiled = network.compiled
    chosen = np.zeros(compiled.n_stages, dtype=np.bool_)
    chosen[place] = rows
    sizes = np.diff(compiled.component_ptr)
    beside = np.repeat(np.logical_or.reduceat(chosen, compiled.component_ptr[:-1]), sizes)
    found: list[int] = np.flatnonzero(beside)[::-1].tolist()
    return found


def _cut_below(
    network: Network,
    place: Places,
    stages: pd.DataFrame,
    rate: Floats,
    review: Floats,
    at_hand: Iterable[int],
) -> tuple[Booleans, Booleans]:
    """Whether stages below cut what a stage is asked for, and to no more than it makes itself.

    Of ``at_hand``, customers first; of others neither has a meaning.
    """
    compiled = network.compiled
    none = pd.Series(np.nan, index=stages.index)
    at_once = stages.get("maximum_order", none).to_numpy(dtype=np.float64)
    orders = np.full(compiled.n_stages, np.inf)
    orders[place] = np.nan_to_num(at_once, nan=np.inf) / review
    ordered, usage = orders.tolist(), compiled.pred_usage.tolist()
    asked = np.where(np.diff(compiled.demand_ptr) > 0, np.inf, 0.0).tolist()
    cut = [False] * compiled.n_stages
    ptr, suppliers = _suppliers(network)
    for stage in at_hand:
        most = min(ordered[stage], asked[stage])
        cuts = cut[stage] or ordered[stage] < np.inf
        for lane in range(ptr[stage], ptr[stage + 1]):
            asked[suppliers[lane]] += usage[lane] * most
            cut[suppliers[lane]] |= cuts
    covered = np.array(asked)[place] <= rate * (1.0 + 1e-9)
    return np.array(cut, dtype=np.bool_)[place], covered


def _suppliers(network: Network) -> tuple[list[int], list[int]]:
    """Where the lanes into each stage begin, and who supplies by each, all in compiled order.

    Lists: of a few lanes of each stage, arrays take longer.
    """
    compiled = network.compiled
    ptr = compiled.pred_ptr - compiled.pred_ptr[0]
    first = np.repeat(compiled.component_ptr[:-1], np.diff(compiled.component_ptr))
    return ptr.tolist(), (np.repeat(first, np.diff(ptr)) + compiled.pred_stage).tolist()


def _promised_below(
    network: Network, place: Places, promised: Floats, at_hand: Iterable[int]
) -> tuple[Floats, Places]:
    """Highest level promised at a stage that each one supplies, directly or not, and its row.

    Of ``at_hand``, customers first; of others neither has a meaning.
    """
    n = network.compiled.n_stages
    row, level = np.zeros(n, dtype=np.int64), np.zeros(n)
    row[place] = np.arange(len(place))
    level[place] = np.nan_to_num(promised)
    own, own_row = level.tolist(), row.tolist()
    best, best_row = [0.0] * n, [0] * n
    ptr, suppliers = _suppliers(network)
    for stage in at_hand:
        highest, here = max((own[stage], own_row[stage]), (best[stage], best_row[stage]))
        for supplier in suppliers[ptr[stage] : ptr[stage + 1]]:
            if highest > best[supplier]:
                best[supplier], best_row[supplier] = highest, here
    return np.array(best)[place], np.array(best_row)[place]
