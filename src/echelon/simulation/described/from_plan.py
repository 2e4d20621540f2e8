"""What a plan says of each stage, and whether it is a plan for this network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.simulation.described.cells import Cells, name_stages, same_stages

if TYPE_CHECKING:
    from echelon.policies.plan import Plan


@dataclass(frozen=True, slots=True)
class Planned:
    """Numbers of a plan in compiled order, NaN where it says nothing.

    Attributes
    ----------
    base_stock, reorder_point, order_quantity, maximum_order : (n_stages,) float64
        Units.
    service_time : (n_stages,) float64
        Periods, >= 0.
    absent : (n_stages,) bool
        Stages that the plan leaves out because their component failed.
    replenishment_time : (n_stages,) float64
        Periods from an order to what it can serve, a review included; inf where it is not said.
    """

    base_stock: Floats
    reorder_point: Floats
    order_quantity: Floats
    maximum_order: Floats
    service_time: Floats
    absent: Booleans
    replenishment_time: Floats

    @classmethod
    def nothing(cls, n_stages: int) -> Planned:
        """There is no plan: everybody is served at once."""
        blank = np.full(n_stages, np.nan)
        nowhere = np.zeros(n_stages, dtype=np.bool_)
        return cls(blank, blank, blank, blank, np.zeros(n_stages), nowhere, blank)


def read_plan(cells: Cells, plan: Plan, problems: list[str]) -> Planned:
    """Align a plan with the compiled network; columns it may lack are policies' numbers.

    Parameters
    ----------
    cells : Cells
    plan : Plan
        With ``base_stock`` and ``service_time``; where its maker knew of them also with
        ``reorder_point``, ``order_quantity`` and ``maximum_order``, and then ``base_stock`` may be
        blank beside them.
    problems : list of str
        Gets a line for everything that is wrong.
    """
    place = _rows_of_plan(cells, plan, problems)
    absent = place < 0

    def numbers(name: str) -> Floats:
        if name not in plan.stages.columns or not len(plan.stages):
            return np.full(len(place), np.nan)
        values = plan.stages[name].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(absent, np.nan, values[place])

    base_stock, reorder_point = numbers("base_stock"), numbers("reorder_point")
    order_quantity, service_time = numbers("order_quantity"), numbers("service_time")
    maximum_order = numbers("maximum_order")
    may_be_blank = np.isfinite(reorder_point)
    for name, wrong, least in (
        ("base_stock", ~np.isfinite(base_stock) & ~(np.isnan(base_stock) & may_be_blank), ""),
        ("service_time", ~(np.isfinite(service_time) & (service_time >= 0.0)), " >= 0"),
        ("reorder_point", np.isinf(reorder_point), ""),
        ("order_quantity", np.isinf(order_quantity) | (order_quantity <= 0.0), " > 0"),
        ("maximum_order", np.isinf(maximum_order) | (maximum_order <= 0.0), " > 0"),
    ):
        if (wrong & ~absent).any():
            problems.append(
                f"plan.stages.{name} is not a finite number{least} at "
                f"{cells.named_stages(wrong & ~absent)}. Fix: optimise again, or correct the plan."
            )
    replenishment = np.nan_to_num(numbers("net_replenishment_time") + service_time, nan=np.inf)
    sound = np.isfinite(base_stock) | may_be_blank | absent
    base_stock = np.where(sound, base_stock, 0.0)  # told already, and something to go on with
    return Planned(
        base_stock,
        reorder_point,
        order_quantity,
        maximum_order,
        service_time,
        absent,
        replenishment,
    )


def _rows_of_plan(cells: Cells, plan: Plan, problems: list[str]) -> Integers:
    """Row in ``plan.stages`` of each stage in compiled order, -1 where the plan leaves it out."""
    compiled = cells.compiled
    if same_stages(plan.stages, cells.network.columns("stages", ("item", "location"))):
        return compiled.stage_row
    planned = pd.MultiIndex.from_frame(plan.stages[["item", "location"]])
    here = pd.MultiIndex.from_frame(cells.keys("stages", "item", "location"))
    doubled = planned.duplicated()

    def named(rows: Booleans) -> str:
        return name_stages(plan.stages, np.flatnonzero(rows))

    if doubled.any():
        problems.append(f"the plan has two rows for {named(doubled)}. Fix: keep one.")
    other = "Fix: give the network that was optimised, or optimise this one."
    unknown = ~planned.isin(here) & ~doubled
    if unknown.any():
        problems.append(
            f"the plan is for another network: it has {named(unknown)}, which this one has not. "
            f"{other}"
        )
    first = np.flatnonzero(~doubled)
    found = planned[first].get_indexer(here)
    place = np.full(len(here), -1, dtype=np.int64)
    place[found >= 0] = first[found[found >= 0]]
    component = np.repeat(np.arange(compiled.n_components), np.diff(compiled.component_ptr))
    failed = np.isin(component, plan.failures["component"].dropna().astype(np.int64))
    unexplained = (place < 0) & ~failed
    if unexplained.any():
        missing = cells.named_stages(unexplained)
        problems.append(f"the plan is for another network: it lacks {missing}. {other}")
    return place
