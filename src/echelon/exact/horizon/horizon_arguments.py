"""The arguments of a finite horizon, checked: periods along the first axis, SKUs along the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.per_period import PerPeriod
from echelon.exact.manner import Demand, Given


@dataclass(frozen=True, slots=True)
class HorizonArguments:
    """The arguments that every model of a finite horizon takes, checked.

    Attributes
    ----------
    numbers : mapping of str to (n_periods, n) float64
        By the name of the argument.
    laws : list of n Distribution
    n_periods : int
    shape : tuple of int
        Of the SKUs.
    """

    numbers: Mapping[str, Floats]
    laws: list[Distribution]
    n_periods: int
    shape: tuple[int, ...]

    def periods(self, sku: int) -> tuple[Distribution, ...]:
        """Give the demand of each period."""
        law = self.laws[sku]
        if isinstance(law, PerPeriod):
            return tuple(law.at(t) for t in range(self.n_periods))
        return (law,) * self.n_periods


def horizon_arguments(
    model: str,
    demand: Demand,
    *,
    per_period: Mapping[str, ArrayLike],
    per_sku: Mapping[str, ArrayLike],
    n_periods: int | None,
    lead_time: int = 0,
) -> HorizonArguments:
    """Check what every model of a finite horizon takes.

    Parameters
    ----------
    model : str
        Name of the function, for the message.
    demand : Demand
    per_period : mapping of str to array_like
        Costs that may change by period, all >= 0, and ``discount_factor``.
    per_sku : mapping of str to array_like
        Terminal costs and the like, which do not.
    n_periods, lead_time : int
        See :func:`~.finite_horizon.finite_horizon`.

    Returns
    -------
    HorizonArguments

    Raises
    ------
    DomainError
        Lists every fault.
    """
    given = Given(model)
    given.demand("demand", demand, changing=True)
    for name, value in per_period.items():
        if name == "discount_factor":
            given.number(name, value, above=0.0, most=1.0)
        else:
            given.number(name, value, least=0.0, unit="money")
    for name, value in per_sku.items():
        given.number(name, value, least=0.0 if name == "terminal_shortage_cost" else None)
        if np.ndim(value) > 1:
            given.faults.append(
                f"{name} has shape {np.shape(value)}. Fix: give one number per SKU; it does not "
                "change by period."
            )
    lengths = _lengths(given, demand, per_period, n_periods, lead_time)
    case = given.settle()
    total = lengths[-1]
    shape = case.shape[-1:]
    n = shape[0] if shape else 1
    rows = case.shape[0] if len(case.shape) == 2 else 1
    numbers = {
        name: np.broadcast_to(values.reshape(rows, n), (total, n))
        for name, values in case.numbers.items()
    }
    laws = list(case.demands["demand"].take(np.arange(n)))
    return HorizonArguments(numbers, laws, total, shape)


def _lengths(
    given: Given,
    demand: Demand,
    per_period: Mapping[str, ArrayLike],
    n_periods: int | None,
    lead_time: int,
) -> list[int]:
    """Numbers of periods that the arguments have, and what is wrong with them."""
    tall = {name: np.shape(value) for name, value in per_period.items() if np.ndim(value) > 1}
    for name, shape in tall.items():
        if len(shape) > 2:
            given.faults.append(f"{name} has shape {shape}. Fix: give periods by SKUs.")
    known = {shape[0] for shape in tall.values()} - {1}
    counts: list[int] = sorted(known)
    if n_periods is not None:
        if not _whole(n_periods) or n_periods < 1:
            given.faults.append(f"n_periods is {n_periods!r}. Fix: give a whole number from 1 on.")
        elif any(count != n_periods for count in known):
            given.faults.append(
                f"n_periods is {n_periods}, but costs are given for {counts} periods. "
                "Fix: give as many costs as periods."
            )
        counts = [n_periods]
    elif not counts:
        several = demand if isinstance(demand, (list, tuple)) else [demand]
        cycles = {len(one.periods) for one in several if isinstance(one, PerPeriod)}
        counts = sorted(cycles)
        if len(counts) != 1:
            given.faults.append(
                "n_periods is missing, and no argument says how many there are. Fix: give it."
            )
    if not _whole(lead_time) or lead_time < 0:
        given.faults.append(f"lead_time is {lead_time!r}. Fix: give a whole number from 0 on.")
    elif counts and _whole(counts[-1]) and lead_time >= counts[-1] >= 1:
        given.faults.append(
            f"lead_time is {lead_time}, but no order would arrive within {counts[-1]} periods. "
            "Fix: give more periods."
        )
    return counts


def _whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
