"""The arguments that the models of lost sales share, and how they are checked."""

from __future__ import annotations

from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.errors import UnknownNameError
from echelon.exact.lost_sales.lost_sales_lattices import own_step, require_not_negative
from echelon.exact.manner import Case, Demand, Given

LONGEST = 10_000
"""Periods; nothing here is computed for a longer lead time."""
METHODS = ("auto", "exact", "approximate")


def checked(model: str, demand: Demand, lead_time: ArrayLike, method: str = "auto") -> Given:
    """Take demand and lead time; raise for an unknown method."""
    if method not in METHODS:
        raise UnknownNameError("method of lost sales", method, METHODS)
    given = Given(model)
    given.demand("demand", demand)
    given.number("lead_time", lead_time, least=0.0, most=LONGEST, whole=True, unit="periods")
    return given


def with_costs(
    model: str,
    demand: Demand,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    lead_time: ArrayLike,
    method: str = "auto",
) -> Given:
    """Take demand, lead time and the two costs."""
    given = checked(model, demand, lead_time, method)
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit")
    return given


def laws_of(model: str, case: Case) -> list[Distribution]:
    """Give the demand of each SKU, or raise where a sale could be negative."""
    laws = list(case.demands["demand"])
    check = Given(model)
    require_not_negative(check, laws)
    check.settle()
    return laws


def require_multiples(model: str, laws: list[Distribution], levels: Floats) -> None:
    """Raise where a base stock is not on the lattice of its demand."""
    check = Given(model)
    for at, (law, level) in enumerate(zip(laws, levels.tolist(), strict=True)):
        step = own_step(law)
        if step is not None and abs(level / step - round(level / step)) > 1e-9 * (1 + level / step):
            check.faults.append(
                f"base_stock[{at}] is {level:g}, no multiple of the demand's step of {step:g} "
                "units. Fix: round it."
            )
    check.settle()
