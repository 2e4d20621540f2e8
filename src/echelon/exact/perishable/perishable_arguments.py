"""The arguments that the models of items that expire share, and how they are checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.lost_sales.lost_sales_lattices import (
    masses_from_zero,
    own_step,
    require_not_negative,
)
from echelon.exact.manner import Case, Demand, Given
from echelon.exact.perishable.ageing import Item
from echelon.exact.perishable.measures import Costs

LONGEST = 10_000
"""Periods of life or lead time."""
UNMET = ("backordered", "lost")
METHODS = ("auto", "exact", "simulated")
_REST = 1e-8
"""Probability of the largest demands, all taken as the smallest of them."""


def checked(
    model: str,
    demand: Demand,
    shelf_life: ArrayLike,
    lead_time: ArrayLike,
    review_period: ArrayLike,
    minimum_remaining_life: ArrayLike,
    order_multiple: ArrayLike | None,
    unmet: str,
    *,
    least_review: float = 0.0,
) -> Given:
    """Take what every model of an item that expires is given."""
    if unmet not in UNMET:
        raise UnknownNameError("unmet demand", unmet, UNMET)
    given = Given(model)
    given.demand("demand", demand)
    given.number("shelf_life", shelf_life, least=1, most=LONGEST, whole=True, unit="periods")
    given.number("lead_time", lead_time, least=0, most=LONGEST, whole=True, unit="periods")
    given.number(
        "review_period", review_period, least=least_review, most=LONGEST, whole=True, unit="periods"
    )
    given.number(
        "minimum_remaining_life",
        minimum_remaining_life,
        least=0,
        most=LONGEST,
        whole=True,
        unit="periods",
    )
    if order_multiple is not None:
        given.number("order_multiple", order_multiple, above=0.0, unit="units")
    return given


def with_costs(
    given: Given, holding_cost: ArrayLike, shortage_cost: ArrayLike, waste_cost: ArrayLike
) -> None:
    """Take the three costs."""
    given.number("holding_cost", holding_cost, least=0.0, unit="money/unit/period")
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit")
    given.number("waste_cost", waste_cost, least=0.0, unit="money/unit")


def settled(given: Given, model: str) -> Case:
    """Raise for what is wrong of one argument, and of two of them together."""
    case = given.settle()
    again = Given(model)
    laws = case.demands["demand"]
    require_not_negative(again, list(laws))
    life, least = case["shelf_life"], case["minimum_remaining_life"]
    too_long = least > life
    if too_long.any():
        again.fault(
            "minimum_remaining_life",
            least,
            too_long,
            f"must be at most the shelf_life, {life[too_long][0]:g}",
            "periods",
            "no unit is ever accepted; give fewer periods",
        )
    if "holding_cost" in case.numbers:
        free = (case["holding_cost"] == 0.0) & (case["waste_cost"] == 0.0)
        if free.any():
            again.fault(
                "waste_cost",
                case["waste_cost"],
                free,
                "and so is holding_cost: any stock is free",
                "",
                "give one of them",
            )
    again.settle()
    return case


@dataclass(frozen=True, slots=True)
class Sku:
    """One SKU of a call.

    Attributes
    ----------
    number : int
        Its place in the flat arrays.
    law : Distribution
    life, least_life, lead_time, review_period : int
        Periods; ``least_life`` at least 1.
    lost : bool
    multiple : float
        Of orders, units; 0 for any quantity.
    """

    number: int
    law: Distribution
    life: int
    least_life: int
    lead_time: int
    review_period: int
    lost: bool
    multiple: float

    @property
    def usable_life(self) -> int:
        """Periods in which customers accept a unit."""
        return self.life - self.least_life + 1

    def lattice(self, model: str) -> tuple[float, Item, Floats]:
        """Give the demand's step, the item in those steps, and the chances of 0, 1, … of them.

        Raises
        ------
        DomainError
            If the demand is a density, or the multiple is none of its step.
        """
        step = own_step(self.law)
        if step is None:
            raise DomainError(
                f"{model}: demand of SKU {self.number} is {self.law!r}, a density. Fix: round it "
                "to an empirical demand, or use method='simulated'."
            )
        multiple = self.multiple / step
        if abs(multiple - round(multiple)) > 1e-9 * (1.0 + multiple):
            raise DomainError(
                f"{model}: order_multiple of SKU {self.number} is {self.multiple:g}, no multiple "
                f"of the demand's step of {step:g} units. Fix: round it."
            )
        item = Item(
            self.life,
            self.least_life,
            self.lead_time,
            self.lost,
            self.review_period,
            max(round(multiple), 1),
        )
        return step, item, lattice_masses(self.law)


def costs_of(case: Case) -> list[Costs]:
    """Give the costs of each SKU."""
    names = ("holding_cost", "shortage_cost", "waste_cost")
    return [Costs(*row) for row in zip(*(case[name].tolist() for name in names), strict=True)]


def skus_of(case: Case, unmet: str) -> list[Sku]:
    """Take the flat arrays apart."""
    n = case.size
    multiple = case.numbers.get("order_multiple", np.zeros(n))
    return [
        Sku(
            k,
            case.demands["demand"][k],
            int(case["shelf_life"][k]),
            max(int(case["minimum_remaining_life"][k]), 1),
            int(case["lead_time"][k]),
            int(case["review_period"][k]),
            unmet == "lost",
            float(multiple[k]),
        )
        for k in range(n)
    ]


def lattice_masses(law: Distribution) -> Floats:
    """Chances of 0, 1, … steps of a demand; those of the largest are put on the smallest of them.

    Parameters
    ----------
    law : Distribution
        On a lattice, not negative.

    Returns
    -------
    (n_demands,) ndarray of float64
    """
    mass = masses_from_zero(law)
    beyond = np.cumsum(mass[::-1])[::-1]
    last = max(int(np.searchsorted(-beyond, -_REST)) - 1, 0)
    kept = mass[: last + 1].copy()
    kept[-1] += mass[last + 1 :].sum()
    return np.asarray(kept)
