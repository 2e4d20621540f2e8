r"""The largest base stock that an item which expires can use.

Stock is issued first expired first out, so the last unit of a position :math:`S` is used if the
demand of the periods until it expires reaches :math:`S`; what expires before it only makes room.
Where unmet demand waits, each unit ordered up to :math:`S` is therefore used with a chance of at
least :math:`P(D_{L + U} \ge S)`, with :math:`U` the periods in which it is accepted, one less
under continuous review; and no more than :math:`E[(S - D_{L + U})^+]` units of an order expire.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.exact.manner import Answer, Demand, Value, unit
from echelon.exact.perishable.perishable_arguments import checked, settled
from echelon.lead_time.exposure import exposure_demand


@dataclass(frozen=True, eq=False, repr=False)
class PerishableLargestLevel(Answer):
    """What :func:`perishable_largest_level` answers."""

    base_stock: Value = unit("units")
    usable_life: Value = unit("periods")
    covered: Value = unit("periods")
    most_expired: Value = unit("units/review")


def perishable_largest_level(
    demand: Demand,
    *,
    shelf_life: ArrayLike,
    lead_time: ArrayLike,
    review_period: ArrayLike = 1,
    minimum_remaining_life: ArrayLike = 0,
    waste_chance: ArrayLike = 0.01,
) -> PerishableLargestLevel:
    """Largest base stock of which every unit is used with a given chance, in closed form.

    A screen, not a choice: a level above it holds units that expire more often than
    ``waste_chance`` says, a level below it may still cost too much. The lead time is read as
    clause 2 says.

    Parameters
    ----------
    demand : Demand
        Of one period, independent, not negative; units.
    shelf_life, lead_time, review_period, minimum_remaining_life
        See :func:`~echelon.exact.perishable.base_stock.perishable_base_stock`.
    waste_chance : array_like of float, default 0.01
        Chance at most that a unit is not used before customers no longer accept it.

    Returns
    -------
    PerishableLargestLevel
        ``covered`` counts the periods of demand from an order to the end of the life in which its
        units are accepted. ``most_expired`` bounds what one review's order wastes on average at
        this level. Both hold where unmet demand waits; where it is lost less of it takes stock.

    Raises
    ------
    DomainError
        If an argument is out of range, demand can be negative, or no unit has the life that is
        asked for.

    Examples
    --------
    Four weeks of life, of which customers ask for two, and a week to deliver:

    >>> from echelon.distributions import Poisson
    >>> perishable_largest_level(
    ...     Poisson(3.0), shelf_life=4, lead_time=1, minimum_remaining_life=2
    ... ).to_frame().round(3)
       base_stock  usable_life  covered  most_expired
    0         5.0          3.0      4.0         0.011
    """
    model = "perishable_largest_level"
    given = checked(
        model, demand, shelf_life, lead_time, review_period, minimum_remaining_life, None,
        "backordered",
    )  # fmt: skip
    given.fraction("waste_chance", waste_chance)
    case = settled(given, model)
    usable = case["shelf_life"] - np.maximum(case["minimum_remaining_life"], 1.0) + 1.0
    covered = case["lead_time"] + usable - (case["review_period"] == 0.0)
    total = exposure_demand(list(case.demands["demand"]), covered)
    level: Floats = np.maximum(total.ppf(case["waste_chance"]), 0.0)
    return case.answer(
        PerishableLargestLevel,
        base_stock=level,
        usable_life=usable,
        covered=covered,
        most_expired=total.leftover(level),
    )
