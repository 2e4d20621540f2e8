"""From decisions to what follows from them, period by period: stock, pipelines and costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from echelon.errors import SolverError
from echelon.network.compiled import Booleans, Floats
from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.solution import BINDING_COLUMNS, TargetSolution

_NOTHING_BINDS = pd.DataFrame({name: pd.Series(dtype=object) for name in BINDING_COLUMNS})
"""One for all solutions: of a portfolio, making it anew for each takes longer than solving."""

_UNBALANCED = 1e-6
"""Part of what goes through a stage by which its stock may come out below nothing: rounding."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a plan decides; axes as in ``TargetProblem``, A the longest shelf life.

    Attributes
    ----------
    orders_by_way : (W, T) float64
    lost, backorders : (D, T) float64
        Units lost in the period, and owed at its end.
    arrivals_by_life, served_by_life, given_by_life : float64
        Units that join the stock of a stage on orders planned, (J, A + 1, T); that are served,
        (D, A + 1, T); and that are given to receivers, (J, A + 1, T), by remaining life. All 0
        where nothing expires.
    """

    orders_by_way: Floats
    lost: Floats
    backorders: Floats
    arrivals_by_life: Floats
    served_by_life: Floats
    given_by_life: Floats


def account(problem: TargetProblem, decided: Decisions, outcome: Outcome) -> TargetSolution:
    """Work out what decisions lead to; ``outcome`` is given the cost that comes out.

    Raises
    ------
    SolverError
        If the decisions give away more than there is.
    """
    p = problem
    orders = np.zeros((p.n_stages, p.n_periods))
    np.add.at(orders, p.way_stage, decided.orders_by_way)
    started, transit = _started(p, decided.orders_by_way)
    made, in_make = _moved(started, p.make_time)
    good = made * p.good_share[:, None]
    arrivals, in_release = _moved(good, p.release_time)
    if p.carries_life.any():  # goes by lanes: what has too little life left is never sent
        by_life = decided.arrivals_by_life.sum(axis=1)
        arrivals = np.where(p.carries_life[:, None], by_life, arrivals)
    owed_before = np.column_stack([np.zeros(p.n_demands), decided.backorders[:, :-1]])
    served = p.demand - decided.lost + owed_before - decided.backorders
    given = np.zeros_like(orders)
    np.add.at(given, p.lane_from, p.usage[:, None] * orders[p.lane_to])
    open_arrivals = p.open_arrivals()
    on_hand, kept, expired = _stock(p, decided, arrivals, served, given)
    violation = np.maximum(p.floor - on_hand, 0.0)
    still_open = p.on_order()[:, None]
    placed = _placed(p, orders)
    multiple = np.where(p.order_multiple > 0.0, p.order_multiple, np.inf)
    solution = TargetSolution(
        outcome=outcome,
        cost_parts={},
        orders=orders,
        orders_by_way=decided.orders_by_way,
        set_up=placed,
        lots=np.rint(orders / multiple[:, None]).astype(np.int64),
        started=started,
        made=made,
        arrivals=arrivals,
        open_arrivals=open_arrivals,
        on_hand=on_hand,
        stock_by_life=kept,
        in_transit=transit,
        in_make=in_make,
        in_release=in_release,
        open_orders=still_open - np.cumsum(open_arrivals, axis=1),
        component_use=given,
        served=served,
        served_by_life=decided.served_by_life.transpose(0, 2, 1),
        backorders=decided.backorders,
        lost=decided.lost,
        expired=expired,
        scrapped=made - good,
        floor_violation=violation,
        binding=_NOTHING_BINDS,
    )
    costs = costs_of(p, solution)
    total = float(sum(costs.values()))
    gap = relative_gap(total, outcome.bound)
    priced = replace(outcome, objective=total, bound=min(outcome.bound, total), gap=gap)
    return replace(solution, outcome=priced, cost_parts=costs)


def costs_of(problem: TargetProblem, solution: TargetSolution) -> Mapping[str, float]:
    """Take the objective apart: money over all periods, by the names of ``COSTS``."""
    p, s = problem, solution

    def total(amounts: Floats) -> float:
        return float(amounts.sum())

    by_way = s.orders_by_way
    return {
        "holding": total(p.holding_cost[:, None] * s.on_hand),
        "pipeline": total(p.pipeline_cost * by_way),
        "ordering": total(p.order_cost[:, None] * s.set_up),
        "purchase": total(p.price[p.way_stage] * by_way),
        "expediting": total(p.way_cost[:, None] * by_way),
        "backorders": total(p.backorder_cost[:, None] * s.backorders),
        "lost_sales": total(p.lost_sale_cost[:, None] * s.lost),
        "waste": total(p.waste_cost[:, None] * (s.expired + s.scrapped)),
        "floors": total(p.floor_price * s.floor_violation),
    }


def _placed(p: TargetProblem, orders: Floats) -> Booleans:
    """Orders that are more than rounding (clause 4.7)."""
    scale = 1.0 + p.demand.sum() + np.nan_to_num(p.fixed_order).sum()
    return np.asarray(orders > 1e-9 * scale)


def _started(p: TargetProblem, by_way: Floats) -> tuple[Floats, Floats]:
    """Units started by period, and those ordered and not started at its end: (J, T) each."""
    started = np.zeros((p.n_stages, p.n_periods))
    waiting = np.zeros_like(started)
    for part, w in enumerate(p.start_way.tolist()):
        j, offset = int(p.way_stage[w]), int(p.start_offset[part])
        ordered = by_way[w] * p.start_share[part]
        begun = np.zeros(p.n_periods)
        begun[offset:] = ordered[: max(p.n_periods - offset, 0)]
        started[j] += begun
        waiting[j] += _between(ordered, begun)
    return started, waiting


def _moved(units: Floats, time: np.ndarray) -> tuple[Floats, Floats]:
    """What comes out some periods later, and what is still in at the end of a period."""
    out, inside = np.zeros_like(units), np.zeros_like(units)
    for j, periods in enumerate(time.tolist()):
        out[j, periods:] = units[j, : max(units.shape[1] - periods, 0)]
        inside[j] = _between(units[j], out[j])
    return out, inside


def _between(entered: Floats, left: Floats) -> Floats:
    """What has entered and not left, with no rounding where both are the same."""
    if np.array_equal(entered, left):
        return np.zeros_like(entered)
    return np.maximum(np.cumsum(entered) - np.cumsum(left), 0.0)


def _stock(
    p: TargetProblem, decided: Decisions, arrivals: Floats, served: Floats, given: Floats
) -> tuple[Floats, Floats, Floats]:
    """On hand, the same by remaining life in the next period, and what expires."""
    joins = arrivals + p.open_arrivals()
    joins[:, 0] += p.opening_stock()
    leaves = given.copy()
    np.add.at(leaves, p.demand_stage, served)
    on_hand = np.cumsum(joins - leaves, axis=1)
    kept = np.zeros((p.n_stages, p.n_periods, p.largest_life + 1))
    expired = np.zeros_like(on_hand)
    for j in np.flatnonzero(p.shelf_life > 0).tolist():
        kept[j], expired[j] = _aged(p, j, decided)
        on_hand[j] = kept[j].sum(axis=1)
    through = 1.0 + joins.sum(axis=1, keepdims=True)
    if (on_hand < -_UNBALANCED * through).any() or (
        kept < -_UNBALANCED * through[:, :, None]
    ).any():
        raise SolverError(
            "the solver's plan gives away more than there is. Fix: report the case, please; "
            "another solver may do."
        )
    return np.maximum(on_hand, 0.0), np.maximum(kept, 0.0), expired


def _aged(p: TargetProblem, j: int, decided: Decisions) -> tuple[Floats, Floats]:
    """Stock of one stage by remaining life: (T, A + 1), and what expires: (T,)."""
    life = p.largest_life
    joins = decided.arrivals_by_life[j] + p.supply_by_life()[j]
    leaves = decided.given_by_life[j] + decided.served_by_life[p.demand_stage == j].sum(axis=0)
    kept, expired = np.zeros((p.n_periods, life + 1)), np.zeros(p.n_periods)
    there = np.zeros(life + 1)
    for t in range(p.n_periods):
        there = there + joins[:, t] - leaves[:, t]
        there[np.abs(there) < 1e-9 * (1.0 + joins.sum())] = 0.0
        expired[t] = max(there[1], 0.0)
        kept[t, :life] = there[1:]  # one period older in the next
        kept[t, 0] = 0.0
        there = kept[t].copy()
    return kept, expired
