"""What the target-inventory model decides for one component, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network
from echelon.optimization.outcome import Outcome
from echelon.optimization.target_inventory.problem import TargetProblem

COSTS = (
    "holding",
    "pipeline",
    "ordering",
    "purchase",
    "expediting",
    "backorders",
    "lost_sales",
    "waste",
    "floors",
)
"""Parts of the objective; ``expediting`` has the cost of parts that wait for others in it."""

BINDING_COLUMNS = (
    "kind",
    "item",
    "location",
    "resource",
    "period",
    "limit",
    "used",
    "price",
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TargetSolution:
    """The decisions of one component; axes as in ``TargetProblem``, A the longest shelf life.

    Attributes
    ----------
    outcome : Outcome
        Objective, bound and why the solver stopped.
    cost_parts : dict of str to float
        Money over all periods, by the names of :data:`COSTS`; they add up to the objective.
    orders : (J, T) float64
        Units ordered in the period.
    orders_by_way : (W, T) float64
    set_up : (J, T) bool
        Whether an order is placed.
    lots : (J, T) int64
        Multiples ordered; 0 where the stage has none.
    started, made : (J, T) float64
        Units started, and units whose making ends, good and bad, in the period.
    arrivals, open_arrivals : (J, T) float64
        Good units that join the on-hand stock: of orders planned, and of open orders.
    on_hand : (J, T) float64
        At the end of the period, what has expired taken off.
    stock_by_life : (J, T, A + 1) float64
        The same by remaining life in the next period; nothing where the stage's item never expires.
    in_transit, in_make : (J, T) float64
        Units ordered and not started, and started and not made, at the end of the period.
    in_release, open_orders : (J, T) float64
        Good units not released, and open orders not there, at the end of the period.
    component_use : (J, T) float64
        Units given to receiving stages in the period.
    served, backorders, lost : (D, T) float64
        Units served in the period, owed at its end, lost in it.
    served_by_life : (D, T, A + 1) float64
        Units served by their remaining life; nothing where the item never expires.
    expired, scrapped : (J, T) float64
        Units.
    floor_violation : (J, T) float64
        Units on hand below the floor.
    binding : DataFrame
        What binds and its price, one row per limit that does: kind, item, location, resource,
        period, limit, used, price.
    """

    outcome: Outcome
    cost_parts: Mapping[str, float]
    orders: Floats
    orders_by_way: Floats
    set_up: Booleans
    lots: Integers
    started: Floats
    made: Floats
    arrivals: Floats
    open_arrivals: Floats
    on_hand: Floats
    stock_by_life: Floats
    in_transit: Floats
    in_make: Floats
    in_release: Floats
    open_orders: Floats
    component_use: Floats
    served: Floats
    served_by_life: Floats
    backorders: Floats
    lost: Floats
    expired: Floats
    scrapped: Floats
    floor_violation: Floats
    binding: pd.DataFrame

    def __repr__(self) -> str:
        return f"TargetSolution({self.outcome.status}, {self.outcome.objective:,.6g})"


@dataclass(frozen=True, slots=True)
class TargetFailure:
    """Why a component has no plan; ``stage`` is the one at fault, numbered in the component."""

    error: str
    message: str
    stage: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SolvedTargets:
    """Every component's problem and what became of it.

    Attributes
    ----------
    network : Network
    problems : list of TargetProblem
    solutions : list of TargetSolution or TargetFailure
        One per problem.
    rounded_times : DataFrame
        One row per time that was rounded up to whole periods or enters at its mean: item, location,
        from_item, from_location (of a lane), column, given, periods.
    arguments : dict
        As the public function was called.
    seconds : dict of str to float
    failures : DataFrame
        One row per component without a plan, as every result has them.
    """

    network: Network
    problems: list[TargetProblem]
    solutions: list[TargetSolution | TargetFailure]
    rounded_times: pd.DataFrame
    arguments: Mapping[str, object]
    seconds: Mapping[str, float]
    failures: pd.DataFrame
