r"""Dynamic lot sizing as a shortest path, declared in Pyomo: its data are all in the objective.

The points are the starts of the periods and the end of the horizon, :math:`0 \dots T`. An arc
:math:`(s, e)` is one order in period :math:`s` for the demand of :math:`s \dots e - 1`, and the
plan is a path from 0 to :math:`T`:

.. math:: \min \sum_{s < e} C_{se}\,x_{se} \quad\text{s.t.}\quad
          \sum_{e > t} x_{te} - \sum_{s < t} x_{st} = [t = 0], \qquad t = 0 \dots T - 1,
          \qquad x \ge 0,

.. math:: C_{se} = K_s\,[d_s + \dots + d_{e-1} > 0]
          + \sum_{t=s}^{e-1} d_t\,(c_s + h_s + \dots + h_{t-1}).

The rows are those of a network, so that the linear program is integral without any binary
variable, where the textbook's big-M model is weak. What distinguishes one SKU from another is
:math:`C` alone: one model, declared once for a horizon, serves all of them.

References
----------
.. [1] Eppen & Martin (1987), "Solving multi-item capacitated lot-sizing problems using variable
   redefinition", *Operations Research* 35(6), 832-848.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo

from echelon.network.compiled import Floats, Integers


def build_lot_sizing(n_periods: int) -> Any:
    """Declare the model for a horizon; the costs are still zero.

    Returns
    -------
    pyomo.environ.ConcreteModel
        With ``taken``, ``plan_cost`` and ``cost``.
    """
    begin, end = (column.tolist() for column in arcs(n_periods))
    leaving: list[list[tuple[int, int]]] = [[] for _ in range(n_periods + 1)]
    arriving: list[list[tuple[int, int]]] = [[] for _ in range(n_periods + 1)]
    for arc in zip(begin, end, strict=True):
        leaving[arc[0]].append(arc)
        arriving[arc[1]].append(arc)
    m = pyo.ConcreteModel(name="lot_sizing")
    m.PERIOD = pyo.RangeSet(0, n_periods - 1, doc="period")
    m.ARC = pyo.Set(
        initialize=list(zip(begin, end, strict=True)),
        doc="period of an order, first period that it does not serve",
    )
    m.plan_cost = pyo.Param(m.ARC, mutable=True, default=0.0, doc="money")
    m.taken = pyo.Var(m.ARC, domain=pyo.NonNegativeReals, doc="1 where the order is placed")

    def go_on(m: Any, t: int) -> Any:
        left = sum(m.taken[arc] for arc in leaving[t])
        return left - sum(m.taken[arc] for arc in arriving[t]) == (1 if t == 0 else 0)

    m.go_on = pyo.Constraint(
        m.PERIOD, rule=go_on, doc="the first order is in period 0, the next where the last one ends"
    )
    m.cost = pyo.Objective(expr=pyo.sum_product(m.plan_cost, m.taken), doc="money")
    return m


def arcs(n_periods: int) -> tuple[Integers, Integers]:
    """Beginnings and ends of the arcs, each (n_periods * (n_periods + 1) / 2,) int64."""
    begin, end = np.triu_indices(n_periods + 1, 1)
    return begin.astype(np.int64), end.astype(np.int64)


def arc_costs(
    needed: Floats, fixed_cost: Floats, holding_cost: Floats, unit_cost: Floats
) -> Floats:
    """Costs of the arcs of many SKUs.

    Parameters
    ----------
    needed : (n_skus, n_periods) float64
        Demand less what initial stock serves, units.
    fixed_cost, holding_cost, unit_cost : (n_skus, n_periods) float64
        Money per order, per unit carried into the next period, per unit.

    Returns
    -------
    (n_skus, n_arcs) float64
        Money.
    """
    n_skus, n_periods = needed.shape
    wanted, fixed, holding, each = (
        np.ascontiguousarray(table.T) for table in (needed, fixed_cost, holding_cost, unit_cost)
    )
    costs = np.empty((n_periods * (n_periods + 1) // 2, n_skus))
    arc = 0
    for s in range(n_periods):
        unit = each[s].copy()
        variable, anything = np.zeros(n_skus), np.zeros(n_skus, dtype=bool)
        for t in range(s, n_periods):
            variable += unit * wanted[t]
            anything |= wanted[t] > 0.0
            costs[arc] = variable + np.where(anything, fixed[s], 0.0)
            unit += holding[t]
            arc += 1
    return np.ascontiguousarray(costs.T)
