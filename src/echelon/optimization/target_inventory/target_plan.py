"""Put what came out for the components together into one target plan, labels back in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from echelon.network.compiled import Floats
from echelon.network.network import Network
from echelon.optimization.outcome import relative_gap
from echelon.optimization.target_inventory.columns import (
    COMPONENTS,
    COSTS,
    LIMITS,
    OPENING,
    ORDERS,
    TARGETS,
)
from echelon.optimization.target_inventory.components import arrival, components, targets
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.result import TargetPlan
from echelon.optimization.target_inventory.solution import SolvedTargets, TargetSolution
from echelon.policies.publication.targets import source_digest
from echelon.results import LaterDigests, Provenance, Result, frame_digest

_DUST = 1e-9
"""Share of an order below which a part of it that goes another way is rounding."""

Solved = tuple[TargetProblem, TargetSolution]


def target_plan(network: Network, solved: SolvedTargets) -> TargetPlan:
    """Make a plan of the components' solutions, targets split into their components."""
    rows = _component_rows(solved)
    there = [
        (problem, solution)
        for problem, solution in zip(solved.problems, solved.solutions, strict=True)
        if isinstance(solution, TargetSolution)
    ]
    found = rows["status"] != "failed"
    objective = bound = gap = float("nan")
    if found.any():
        objective = float(rows.loc[found, "objective"].sum())
        bound = min(float(rows.loc[found, "bound"].sum()), objective)
        gap = relative_gap(objective, bound)
    return TargetPlan(
        failures=solved.failures,
        provenance=Provenance(
            arguments={"model": "target_inventory", **recorded(solved.arguments)},
            tables=LaterDigests(lambda: network.digests),
            seconds=dict(solved.seconds),
            solver=str(solved.arguments.get("solver", "highs")),
        ),
        targets=_target_rows(network, there),
        orders=_order_rows(there),
        limits=_limit_rows(there),
        costs=_cost_rows(there),
        components=rows,
        rounded_times=solved.rounded_times,
        opening=_opening_rows(there),
        objective=objective,
        bound=bound,
        gap=gap,
        status=_status(rows),
        termination=", ".join(sorted(set(rows["termination"]))),
        horizon=max((problem.horizon for problem in solved.problems), default=0),
        period=network.period,
        periods_per_year=network.periods_per_year,
        currency=network.currency,
        name=network.name,
    )


def recorded(arguments: Mapping[str, object]) -> dict[str, object]:
    """Arguments as a provenance keeps them: frames and plans by their digests."""
    kept: dict[str, object] = {}
    for name, value in arguments.items():
        if isinstance(value, pd.DataFrame):
            kept[name] = f"frame {frame_digest(value)}"
        elif isinstance(value, Result):
            kept[name] = source_digest(type(value).__name__, value.provenance)
        else:
            kept[name] = value
    return kept


def _status(rows: pd.DataFrame) -> str:
    failed = rows["status"] == "failed"
    if failed.any():
        return "failed" if failed.all() else "partial"
    return "optimal" if (rows["status"] == "optimal").all() else "feasible"


def _target_rows(network: Network, there: list[Solved]) -> pd.DataFrame:
    """Lay stages and periods end to end, in the order of the stages table."""
    names = TARGETS.names[3:]
    columns: dict[str, list[Floats]] = {name: [np.zeros(0)] for name in names}
    rows, periods = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for problem, solution in there:
        values = quantities(problem, solution)
        for name in names:
            columns[name].append(values[name][:, : problem.horizon].ravel())
        rows.append(np.repeat(problem.stage_row, problem.horizon))
        periods.append(np.tile(np.arange(problem.horizon), problem.n_stages))
    row = np.concatenate(rows)
    order = np.argsort(row, kind="stable")
    keys = network.columns("stages", ["item", "location"]).iloc[row[order]]
    return pd.DataFrame(
        {
            "item": keys["item"].array,
            "location": keys["location"].array,
            "period": np.concatenate(periods)[order],
            **{name: np.concatenate(parts)[order] for name, parts in columns.items()},
        }
    )


def quantities(problem: TargetProblem, solution: TargetSolution) -> dict[str, Floats]:
    """Every number of the targets by the name of its column: (J, T) float64 each."""
    asked, owed, lost = (np.zeros((problem.n_stages, problem.n_periods)) for _ in range(3))
    for total, by_row in (
        (asked, problem.demand),
        (owed, solution.backorders),
        (lost, solution.lost),
    ):
        np.add.at(total, problem.demand_stage, by_row)
    return {
        "target": targets(problem, solution),
        **components(problem, solution),
        "on_hand": solution.on_hand,
        "floor": problem.floor,
        "below_floor": solution.floor_violation,
        "demand": asked,
        "component_use": solution.component_use,
        "order": np.where(solution.set_up, solution.orders, 0.0),
        "arrivals": solution.arrivals + solution.open_arrivals,
        "backorders": owed,
        "lost": lost,
        "expired": solution.expired,
    }


def _order_rows(there: list[Solved]) -> pd.DataFrame:
    rows = [row for problem, solution in there for row in _orders_of(problem, solution)]
    frame = pd.DataFrame(rows, columns=list(ORDERS.names))
    if frame.empty:
        return frame
    return frame.sort_values(["item", "location", "period", "fast"], ignore_index=True)


def _orders_of(
    problem: TargetProblem, solution: TargetSolution
) -> Iterator[tuple[str, str, int, bool, float, int, bool, int, float]]:
    by_way = solution.orders_by_way[:, : problem.horizon]
    placed = solution.set_up[problem.way_stage, : problem.horizon]
    dust = _DUST * solution.orders[problem.way_stage, : problem.horizon]
    for way, period in np.argwhere(placed & (by_way > dust)).tolist():
        stage = int(problem.way_stage[way])
        item, location = problem.labels[stage]
        quantity = float(solution.orders_by_way[way, period])
        yield (
            item,
            location,
            period,
            bool(problem.way_fast[way]),
            quantity,
            int(solution.lots[stage, period]),
            bool(np.isfinite(problem.fixed_order[stage, period])),
            period + arrival(problem, stage, way),
            quantity * float(problem.way_cost[way]),
        )


def _limit_rows(there: list[Solved]) -> pd.DataFrame:
    frames = [solution.binding for _, solution in there if len(solution.binding)]
    if not frames:
        return pd.DataFrame(columns=list(LIMITS.names))
    return pd.concat(frames, ignore_index=True)[list(LIMITS.names)]


def _cost_rows(there: list[Solved]) -> pd.DataFrame:
    rows = [
        (problem.components[0], kind, float(cost))
        for problem, solution in there
        for kind, cost in solution.cost_parts.items()
    ]
    return pd.DataFrame(rows, columns=list(COSTS.names))


def _component_rows(solved: SolvedTargets) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    nan = float("nan")
    for problem, solution in zip(solved.problems, solved.solutions, strict=True):
        first, stages = int(problem.components[0]), problem.n_stages
        if not isinstance(solution, TargetSolution):
            rows.append((first, stages, "failed", *[nan] * 7, solution.error, 0.0))
            continue
        outcome = solution.outcome
        rows.append(
            (
                first,
                stages,
                outcome.status,
                outcome.objective,
                outcome.bound,
                outcome.gap,
                float(solution.floor_violation.sum()),
                float(solution.backorders.sum()),
                float(solution.lost.sum()),
                float(solution.expired.sum()),
                outcome.termination,
                outcome.seconds,
            )
        )
    return pd.DataFrame(rows, columns=list(COMPONENTS.names))


def _opening_rows(there: list[Solved]) -> pd.DataFrame:
    """Stock on hand before the first period, and units on open order: one row per stage."""
    rows = []
    for problem, _ in there:
        stock = problem.opening_stock()
        on_order = np.bincount(problem.open_stage, problem.open_quantity, problem.n_stages)
        for place, (item, location) in enumerate(problem.labels):
            rows.append((item, location, float(stock[place]), float(on_order[place])))
    return pd.DataFrame(rows, columns=list(OPENING.names))
