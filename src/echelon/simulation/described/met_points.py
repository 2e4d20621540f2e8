"""Reorder points of the tables that a plan's base stock does not come above."""

from __future__ import annotations

import numpy as np

from echelon.errors import warn_of_data
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.simulation.described.cells import Cells


def order_at_every_review(
    cells: Cells,
    stage: Integers,
    base_stock: Floats,
    reorder_point: Floats,
    mixed: Booleans,
) -> Floats:
    """Take a base stock of a plan for the reorder point where it is not above that of the tables.

    No position is then above the reorder point, so a policy ``min_max`` orders up to the base stock
    at every review: a plan that does not reckon with the policy can still be run. A warning says
    where.

    Parameters
    ----------
    cells : Cells
    stage : (n_levels,) int64
        Whose levels they are.
    base_stock, reorder_point : (n_levels,) float64
        Units.
    mixed : (n_stages,) bool
        Stages with that policy, whose base stock is the plan's and whose reorder point is not.

    Returns
    -------
    (n_levels,) float64
        Reorder points, units.
    """
    met = mixed[stage] & (reorder_point >= base_stock)
    if not met.any():
        return reorder_point
    first = int(np.argmax(met))
    stages = np.bincount(stage, met, len(mixed)) > 0
    warn_of_data(
        f"the plan's base stock is not above stages.reorder_point at {cells.named_stages(stages)}: "
        f"{base_stock[first]:g} and {reorder_point[first]:g} at the first. Under min_max every "
        "position is then at the reorder point, so such a stage orders up to the plan's base stock "
        "at every review. Fix: choose the policy 'base_stock' there, which is what the plan "
        "reckons with; or lower stages.reorder_point; or simulate without a plan."
    )
    return np.where(met, base_stock, reorder_point)
