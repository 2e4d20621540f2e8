"""What binds in a plan, and what one unit more of it would save."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from echelon.network.compiled import Floats
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.sets import Indices, sets_of
from echelon.optimization.target_inventory.shape import Shape
from echelon.optimization.target_inventory.solution import BINDING_COLUMNS, TargetSolution

_PRICE = 1e-9
"""Of the dearest cost of the component: a smaller price is rounding."""


def binding_rows(
    problem: TargetProblem,
    shape: Shape,
    solution: TargetSolution,
    prices: Mapping[str, Floats],
    unit: float,
) -> pd.DataFrame:
    """List the limits that bind, with their prices.

    The prices are duals of the linear program in which whole numbers (lots, orders placed, set-ups)
    are fixed as the plan has them: they say what a little more would save while those stay, and
    nothing of what another number of lots would.

    Parameters
    ----------
    problem, shape, solution
        Of one component.
    prices : mapping of str to (n,) float64
        Duals of the constraints, in the order of their index sets.
    unit : float
        Units that the model counted quantities in.

    Returns
    -------
    DataFrame
        Columns of ``BINDING_COLUMNS``. ``price`` is money saved by one unit more of the limit (one
        unit less of a least order, of a floor or of a frozen order, where that saves; a negative
        one says that more of it would).
    """
    p, sets = problem, sets_of(shape)
    starts, held = solution.started, solution.on_hand
    orders = solution.orders
    used = np.zeros((len(p.resources), p.n_periods))
    begun = starts > 1e-9 * (1.0 + starts.max(initial=0.0))
    for u, (j, r) in enumerate(zip(p.use_stage.tolist(), p.use_resource.tolist(), strict=True)):
        used[r] += p.use_per_unit[u] * starts[j] + p.use_per_set_up[u] * begun[j]
        used[r] += p.use_per_unit_held[u] * held[j]
    stages = p.labels
    resources = [("", "", name) for name in p.resources]
    of_stages = [(item, location, "") for item, location in stages]
    minimum = np.repeat(p.minimum_order[:, None], p.n_periods, axis=1)
    maximum = np.repeat(p.maximum_order[:, None], p.n_periods, axis=1)
    none = np.zeros_like(held)
    kinds: tuple[
        tuple[str, str, Indices, Floats, Floats, list[tuple[str, str, str]], float], ...
    ] = (
        ("capacity", "within_capacity", sets.limited, p.capacity, starts, of_stages, 1.0 / unit),
        ("resource", "within_resource", sets.scarce, p.resource_capacity, used, resources, 1.0),
        ("frozen_order", "as_frozen", sets.frozen, p.fixed_order, orders, of_stages, -1.0 / unit),
        ("minimum_order", "at_least", sets.minimum, minimum, orders, of_stages, -1.0 / unit),
        ("maximum_order", "at_most", sets.maximum, maximum, orders, of_stages, 1.0 / unit),
        ("floor", "above_floor", sets.floored, p.floor, held, of_stages, -1.0 / unit),
        ("no_stock", "no_stock", sets.unstocked, none, held, of_stages, 1.0 / unit),
    )
    rows = []
    for kind, name, indices, limits, amounts, labels, by in kinds:
        saved = -by * prices.get(name, np.zeros(0))
        for (who, t), price in zip(indices, saved.tolist(), strict=True):
            if abs(price) > _PRICE * _dearest(p):
                limit, amount = float(limits[who, t]), float(amounts[who, t])
                rows.append((kind, *labels[who], t, limit, amount, price))
    return pd.DataFrame(rows, columns=list(BINDING_COLUMNS))


def _dearest(p: TargetProblem) -> float:
    costs = (p.holding_cost, p.backorder_cost, p.lost_sale_cost, p.waste_cost, p.price)
    return max(float(cost.max(initial=0.0)) for cost in costs)
