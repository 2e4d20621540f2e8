"""What service times come to, stage by stage: the columns of a plan, for one component or many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from echelon.errors import InfeasibleError
from echelon.network.compiled import Booleans, CompiledNetwork, Floats
from echelon.optimization.cost.guaranteed_service_cost import (
    GuaranteedServiceCost,
    plain_squares,
    plain_stages,
)
from echelon.optimization.cost.levels_at_once import LevelTable
from echelon.optimization.cost.stage_stock import StageStock, StageTimes

_ROUNDING = 1e-9


def evaluated(
    costs: Sequence[GuaranteedServiceCost],
    targets: Sequence[Floats],
    times: StageTimes,
    tables: Sequence[LevelTable],
    shard: CompiledNetwork | None = None,
) -> list[dict[str, Floats] | None]:
    """Stage columns of the chosen service times, from the times themselves, not from cost tables.

    Parameters
    ----------
    costs : sequence of GuaranteedServiceCost
        Of each component; the stages of all stand end to end in what follows.
    targets : sequence of (n_stages,) float64
        Service level asked for, NaN where no customer buys.
    times : StageTimes
        Periods, (n_stages,) each; NaN in components for which none have been chosen.
    tables : sequence of LevelTable
        Levels that have been searched for, if any.
    shard : CompiledNetwork, optional
        All components, where they have been joined before.

    Returns
    -------
    list of (dict of str to (n_stages,) float64) or None
        None for a component without times.
    """
    if shard is None:
        shard = CompiledNetwork.joined([cost.component for cost in costs])
    ptr = (shard.component_ptr - shard.component_ptr[0]).tolist()
    chosen = ~np.isnan(times.covered)
    special = {
        begin + j: stock
        for begin, cost in zip(ptr, costs, strict=False)
        if chosen[begin]
        for j, stock in cost.special.items()
    }
    safety, base, extra = _special_stocks(special, times, tables)
    target = end_to_end(targets)
    mean = end_to_end([cost.seen.mean for cost in costs])
    plain = np.flatnonzero(plain_stages(costs) & chosen)
    bound, noise = plain_squares(costs, shard, plain)
    safety[plain] = np.sqrt(bound * times.covered[plain] + noise)
    base[plain] = mean[plain] * times.covered[plain] + safety[plain]
    columns = {
        "service_time": times.outbound,
        "inbound_service_time": times.inbound,
        "net_replenishment_time": times.covered,
        "safety_stock": safety,
        "base_stock": base,
        "pipeline_stock": mean * (shard.lead_time + in_lanes(shard)),
        "holding_cost": shard.holding_cost * (safety + extra),
        "demand_mean": mean,
        "demand_std": end_to_end([cost.seen.std for cost in costs]),
        "target_service_level": target,
        "service_level": _promises(costs, ptr, ~np.isnan(target) & chosen, times, base, tables),
    }
    return [
        _of_component(cost, slice(begin, end), columns, extra) if chosen[begin] else None
        for cost, begin, end in zip(costs, ptr[:-1], ptr[1:], strict=True)
    ]


def needs_stock(component: CompiledNetwork, base: Floats) -> Booleans:
    """Which stages may not hold stock and need some even where they cover no time, (n_stages,)."""
    stockless = ~component.can_stock
    if not stockless.any():
        return stockless
    return np.asarray(stockless & (base > _ROUNDING * (1.0 + np.abs(base).max())))


def check_stockless(component: CompiledNetwork, base: Floats) -> None:
    """Refuse a stage without stock that needs some even where it covers no time.

    Raises
    ------
    InfeasibleError
        Naming the stage.
    """
    needs = np.flatnonzero(needs_stock(component, base))
    if len(needs):
        raise InfeasibleError(
            "may not hold stock, so it cannot keep a service time while its capacity or "
            f"maximum_order can put orders off (it would need {base[needs[0]]:g} units). Fix: set "
            "can_stock, or raise the limit.",
            stage=int(needs[0]),
        )


def end_to_end(parts: Sequence[Floats]) -> Floats:
    """Lay arrays end to end; one alone is given as it is."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _special_stocks(
    special: Mapping[int, StageStock], times: StageTimes, tables: Sequence[LevelTable]
) -> tuple[Floats, Floats, Floats]:
    """Safety, base and extra stock of stages that are not plain, units; NaN and 0 elsewhere."""
    n = len(times.covered)
    safety, base, extra = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n)
    searched: set[int] = set()
    for table in tables:
        stages, *levels = table.at(times.covered)
        safety[stages], base[stages] = levels
        searched.update(stages.tolist())
    for j, stock in special.items():
        if j not in searched:
            own = _at(times, j)
            safety[j], base[j] = stock.safety_stock(own), stock.base_stock(own)
            extra[j] = stock.extra_stock(own)
    return safety, base, extra


def _promises(
    costs: Sequence[GuaranteedServiceCost],
    ptr: list[int],
    wanted: Booleans,
    times: StageTimes,
    base: Floats,
    tables: Sequence[LevelTable],
) -> Floats:
    """Service that base stocks give the stages' customers, NaN where none buys or none is known."""
    promised = np.full(len(base), np.nan)
    for table in tables:
        stages, service = table.promises(np.where(wanted, times.covered, np.nan), base)
        promised[stages] = service
    left = np.flatnonzero(wanted & np.isnan(promised))
    owners = np.searchsorted(ptr, left, side="right") - 1
    for j, own in zip(left.tolist(), owners.tolist(), strict=True):
        stock = costs[own].stock(j - ptr[own])
        promised[j] = stock.promised_service(_at(times, j), float(base[j]))
    return promised


def _at(times: StageTimes, stage: int) -> StageTimes:
    return StageTimes(times.inbound[stage], times.outbound[stage], times.covered[stage])


def in_lanes(shard: CompiledNetwork) -> Floats:
    """Periods in transit into each stage, by the units that one unit made takes."""
    customer = np.repeat(np.arange(shard.n_stages), np.diff(shard.pred_ptr))
    on_the_way = np.bincount(customer, shard.pred_usage * shard.pred_lead_time, shard.n_stages)
    return np.asarray(on_the_way, dtype=np.float64)


def _of_component(
    cost: GuaranteedServiceCost, own: slice, columns: Mapping[str, Floats], extra: Floats
) -> dict[str, Floats]:
    """Columns of one component, with those on lots and limits of orders that it makes use of."""
    found = {name: values[own] for name, values in columns.items()}
    for name, values in cost.orders.items():
        if not np.isnan(values).all():
            found[name] = values
    if "below_base_stock" in found:
        found["reorder_point"] = found["base_stock"] - found.pop("below_base_stock")
    if extra[own].any():
        found["cycle_stock"] = extra[own]
    return found
