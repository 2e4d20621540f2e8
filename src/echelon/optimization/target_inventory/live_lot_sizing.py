"""Lot sizing of many SKUs through one live model: declared once, only its costs change.

The recursion of :func:`echelon.exact.known_demand.lot_sizing.lot_sizing` finds the same plans
sooner. What is here shows that the declared model agrees with it, and how far a live model goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from echelon.errors import SolverError
from echelon.exact.known_demand.lot_sizing import LotSizes, check_lots, kept
from echelon.exact.manner import Value, unit
from echelon.execution import cut, run_shards
from echelon.network.compiled import Floats
from echelon.optimization.linear_program import (
    load,
    new_highs,
    program_of,
    run_in_this_thread,
)
from echelon.optimization.target_inventory.lot_sizing_model import (
    arc_costs,
    arcs,
    build_lot_sizing,
)
from echelon.progress import Progress

_ARRAYS = ("demand", "initial_stock", "fixed_cost", "holding_cost", "unit_cost")
_SHARD = 4096
"""SKUs to a process at a time: enough that declaring the model anew does not count."""
_BLOCK_NUMBERS = 2**18
"""Costs of arcs held at a time: what a cache has room for."""
_LARGE = 2.0**20
"""Size that costs are brought to, as a solver's tolerances are absolute."""
_CHANGED: dict[str, Any] = {
    "presolve": "off",  # it would take longer than what it saves
    "solver": "simplex",
    "simplex_strategy": 4,  # primal: new costs leave the last basis feasible
    "simplex_primal_edge_weight_strategy": 1,  # Devex
    "primal_simplex_bound_perturbation_multiplier": 0.0,
}
"""Options of HiGHS, of those measured the ones that take least."""


@dataclass(frozen=True, eq=False, repr=False)
class ProvenLotSizes(LotSizes):
    """Lot sizes with the least that any plan can cost, from the prices of the linear program."""

    bound: Value = unit("money")


class LiveLotSizing:
    """The shortest-path model of one horizon, compiled once and kept in HiGHS.

    Each solve replaces the costs and goes on from the basis that the last one ended with.

    Parameters
    ----------
    n_periods : int

    Examples
    --------
    >>> import numpy as np
    >>> live = LiveLotSizing(2)
    >>> taken, prices = live.solve(np.array([[500.0, 740.0, 500.0]]))
    >>> taken.tolist()  # one order for both periods, rather than two
    [[0.0, 1.0, 0.0]]
    """

    def __init__(self, n_periods: int) -> None:
        import highspy
        from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

        model = build_lot_sizing(n_periods)
        form = LinearStandardFormCompiler().write(model, mixed_form=True)
        column = {id(variable): k for k, variable in enumerate(form.columns)}
        row = {row.constraint.index(): k for k, row in enumerate(form.rows)}
        self._column = np.array([column[id(model.taken[arc])] for arc in model.ARC])
        self._row = np.array([row[t] for t in range(n_periods)])
        self._columns = np.arange(len(self._column), dtype=np.int32)
        self._optimal = highspy.HighsModelStatus.kOptimal
        self._highs = new_highs()
        for option, value in _CHANGED.items():
            self._highs.setOptionValue(option, value)
        load(self._highs, program_of(form))

    def solve(self, costs: Floats) -> tuple[Floats, Floats]:
        """Find the cheapest path of each SKU.

        Parameters
        ----------
        costs : (n_skus, n_arcs) float64
            In the order of :func:`arcs`.

        Returns
        -------
        taken : (n_skus, n_arcs) float64
            1 on the path.
        prices : (n_skus, n_periods) float64
            Duals of the rows: what it costs to get from the start of each period to the end.

        Raises
        ------
        SolverError
            If HiGHS stops without an optimum.
        """
        highs, n_skus = self._highs, len(costs)
        values = np.empty_like(costs)
        duals = np.empty((n_skus, len(self._row)))
        asked = np.empty_like(costs)
        asked[:, self._column] = costs
        for k in range(n_skus):
            highs.changeColsCost(len(self._columns), self._columns, asked[k])
            run_in_this_thread(highs)
            if highs.getModelStatus() != self._optimal:
                highs.clearSolver()  # once more, from nothing
                run_in_this_thread(highs)
                if highs.getModelStatus() != self._optimal:
                    stopped = highs.modelStatusToString(highs.getModelStatus())
                    raise SolverError(f"HiGHS stopped with {stopped!r} on a plan of lot sizes.")
            solution = highs.getSolution()
            values[k], duals[k] = solution.col_value, solution.row_dual
        return values[:, self._column] + 0.0, duals[:, self._row]


def lot_sizing_by_model(
    demand: ArrayLike,
    *,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    unit_cost: ArrayLike = 0.0,
    initial_stock: ArrayLike = 0.0,
    n_jobs: int = 1,
    progress: Progress = None,
) -> ProvenLotSizes:
    """Orders of least cost for known demand, by the declared linear program.

    Parameters
    ----------
    demand : (n_periods,) or (n_skus, n_periods) array_like of float
        Units, at least 0; the last axis is the period.
    fixed_cost, holding_cost, unit_cost, initial_stock : array_like of float
        As :func:`~echelon.exact.known_demand.lot_sizing.lot_sizing` takes them: money per order,
        money per unit carried into the next period, money per unit, units.
    n_jobs : int, default 1
        Processes; -1 uses every core. The answer does not depend on it.
    progress : bool, callable or None

    Returns
    -------
    ProvenLotSizes
        Where several plans cost the least, not always the same as the recursion's.

    Raises
    ------
    DomainError
        Lists every argument out of range with position, value and remedy.
    SolverError
        If HiGHS stops without an optimum.

    References
    ----------
    .. [1] Eppen & Martin (1987), *Operations Research* 35(6), 832-848.

    Examples
    --------
    >>> plan = lot_sizing_by_model([90, 120, 80, 70], fixed_cost=500, holding_cost=2)
    >>> plan.order_quantity.tolist(), plan.cost, plan.bound
    ([210.0, 0.0, 150.0, 0.0], 1380.0, 1380.0)
    """
    case = check_lots(
        "lot_sizing_by_model", demand, fixed_cost, holding_cost, unit_cost, initial_stock
    )
    n_periods = case.shape[-1]
    tables = {name: case[name].reshape(-1, n_periods) for name in _ARRAYS}
    n_skus = len(tables["demand"])
    shards = [
        {name: table[first:last] for name, table in tables.items()}
        for first, last in cut(np.ones(n_skus).tolist(), share=_SHARD)
    ]
    done = run_shards(
        _solve_shard,
        shards,
        n_jobs=n_jobs,
        progress=progress,
        label="lot sizes",
        weigh=lambda shard: len(shard["demand"]),
    )
    parts = []
    for outcome in done:
        if outcome.failed:
            raise SolverError(f"{outcome.error}: {outcome.message}")
        parts.append(outcome.unwrap())
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    per_sku = case.shape[:-1]
    return ProvenLotSizes(
        demand=tables["demand"].reshape(case.shape),
        **{
            name: kept(values, case.shape if values.ndim == 2 else per_sku)
            for name, values in whole.items()
        },
    )


def _solve_shard(tables: dict[str, Floats]) -> dict[str, Any]:
    """Solve some SKUs with a live model of their own, block by block."""
    n_skus, n_periods = tables["demand"].shape
    live = LiveLotSizing(n_periods)
    begin, _ = arcs(n_periods)
    size = max(1, _BLOCK_NUMBERS // len(begin))
    parts = [
        _solve_block(live, {name: table[k : k + size] for name, table in tables.items()})
        for k in range(0, n_skus, size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _solve_block(live: LiveLotSizing, tables: dict[str, Floats]) -> dict[str, Any]:
    """Cost the arcs of some SKUs, solve, and read plan and proof from paths and prices."""
    demand, initial = tables["demand"], tables["initial_stock"][:, :1]
    fixed, holding, each = (tables[name] for name in ("fixed_cost", "holding_cost", "unit_cost"))
    n_skus, n_periods = demand.shape
    begin, end = arcs(n_periods)
    left = np.maximum(initial - np.cumsum(demand, axis=1), 0.0)  # of initial stock, used up first
    needed = demand - np.minimum(np.hstack([initial, left[:, :-1]]), demand)
    costs = arc_costs(needed, fixed, holding, each)

    alone = costs[:, end == begin + 1].sum(axis=1)
    most = np.minimum(alone, costs[:, n_periods - 1])[:, None]  # an order a period, or one for all
    scale = np.where(most > 0.0, np.exp2(np.rint(np.log2(np.where(most > 0.0, most, 1.0)))), 1.0)
    scale /= _LARGE
    # no best plan has an order that is dearer than a whole plan
    flows, prices = live.solve(np.minimum(costs, 2.0 * most + scale) / scale)
    taken = flows > 0.5

    until = np.hstack([prices * scale, np.zeros((n_skus, 1))])
    slack = costs - (until[:, begin] - until[:, end])
    for_initial = (holding * left).sum(axis=1)
    order = np.zeros((n_skus, n_periods))
    for arc in range(len(begin)):
        rows = taken[:, arc]
        order[rows, begin[arc]] += needed[rows, begin[arc] : end[arc]].sum(axis=1)
    carried = np.maximum(np.cumsum(order - needed, axis=1), 0.0)
    carried[:, -1] = 0.0
    placed = order > 0.0
    parts = {
        "ordering_cost": np.where(placed, fixed, 0.0).sum(axis=1),
        "purchase_cost": (each * order).sum(axis=1),
        "holding_cost": (holding * carried).sum(axis=1) + for_initial,
    }
    return {
        "order_quantity": order,
        "stock": carried + left,
        "orders": placed.sum(axis=1),
        **parts,
        "cost": sum(parts.values()),
        "bound": until[:, 0] + np.minimum(slack, 0.0).sum(axis=1) + for_initial,
    }
