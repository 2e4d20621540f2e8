"""Limits that SKUs of a network share: stock value, service, storage, made capacity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias

from echelon.errors import DomainError
from echelon.optimization.arguments import is_number

STOCKS = ("on_hand", "base_stock")
MEASURES = ("fill_rate", "cycle_service_level")
WEIGHTS = ("units", "money")


@dataclass(frozen=True, slots=True)
class StockBudget:
    """At most so much money in stock, at ``unit_cost``, over all stages.

    Parameters
    ----------
    amount : float
        Money.
    stock : {"on_hand", "base_stock"}, default "on_hand"
        Mean stock at the end of a period, or the most that can lie there.
    name : str, default "stock budget"

    Raises
    ------
    DomainError
        If the amount is negative or no number, or the stock is none of these.

    Examples
    --------
    >>> StockBudget(2_000_000.0).stock
    'on_hand'
    """

    amount: float
    stock: str = "on_hand"
    name: str = "stock budget"

    def __post_init__(self) -> None:
        faults = _amount_faults("amount", self.amount) + _choice_faults("stock", self.stock, STOCKS)
        _refuse(self, faults)


@dataclass(frozen=True, slots=True)
class AggregateService:
    """Service over many SKUs together: at least so much of all demand, or of each segment's.

    Parameters
    ----------
    target : float or mapping of str to float
        A fraction; with ``by``, one for each group that has a target, or one for all groups.
    by : str, optional
        ``"item"``, ``"location"`` or a segment column of the network's demand. Left out, all demand
        is one group.
    measure : {"fill_rate", "cycle_service_level"}, default "fill_rate"
        Clause 6 of the convention. Segments that buy at one stage share its stock in proportion, so
        each of them gets the stage's service.
    weight : {"units", "money"}, default "units"
        What a SKU counts for: its mean demand, in units or at ``unit_cost``.
    name : str, default "service"

    Raises
    ------
    DomainError
        If a target is no fraction between 0 and 1, or another argument is none of these.

    Examples
    --------
    >>> AggregateService({"EU": 0.95, "US": 0.98}, by="market").measure
    'fill_rate'
    """

    target: float | Mapping[str, float]
    by: str | None = None
    measure: str = "fill_rate"
    weight: str = "units"
    name: str = "service"

    def __post_init__(self) -> None:
        if isinstance(self.target, Mapping):
            faults = [] if self.target else ["target has no group"]
            for group, value in self.target.items():
                faults += _share_faults(f"target[{group!r}]", value)
            if self.by is None:
                faults.append("target has groups, and by does not say which column has them")
        else:
            faults = _share_faults("target", self.target)
        faults += _choice_faults("measure", self.measure, MEASURES)
        faults += _choice_faults("weight", self.weight, WEIGHTS)
        _refuse(self, faults)


@dataclass(frozen=True, slots=True)
class SharedStorage:
    """At most so much room at locations, for all items that lie there together.

    Parameters
    ----------
    room : mapping of location to float
        Units, or volume where ``volume`` is given.
    volume : mapping of item to float, optional
        Of one unit; every item at these locations needs one.
    stock : {"base_stock", "on_hand"}, default "base_stock"
        The most that can lie at a stage, or what does on average: many SKUs are rarely full at the
        same time.
    name : str, default "storage"

    Raises
    ------
    DomainError
        If a number is negative or none, or the stock is none of these.

    Examples
    --------
    >>> SharedStorage({"hub": 5_000.0}, volume={"A": 0.5, "B": 2.0}).stock
    'base_stock'
    """

    room: Mapping[str, float]
    volume: Mapping[str, float] | None = None
    stock: str = "base_stock"
    name: str = "storage"

    def __post_init__(self) -> None:
        faults = _mapping_faults("room", self.room)
        if self.volume is not None:
            faults += _mapping_faults("volume", self.volume)
        _refuse(self, faults + _choice_faults("stock", self.stock, STOCKS))


@dataclass(frozen=True, slots=True)
class SharedCapacity:
    """At most so much time per period at locations that many SKUs are made at, by campaigns.

    An order is a campaign: it takes a set-up, and each unit its time. With
    ``optimize(..., review_periods=[1, 2, 4])`` the portfolio chooses how often each SKU is made:
    rarer campaigns take fewer set-ups and more stock.

    Parameters
    ----------
    amount : mapping of location to float
        Hours, or whatever the times are in, per period.
    setup : float or mapping of item to float, default 0
        Time of one campaign.
    per_unit : float or mapping of item to float, default 0
        Time of one unit.
    name : str, default "capacity"

    Raises
    ------
    DomainError
        If a number is negative or none, or there are neither set-ups nor times of units.

    Examples
    --------
    >>> SharedCapacity({"contract manufacturer": 120.0}, setup=6.0, per_unit={"A": 0.02}).setup
    6.0
    """

    amount: Mapping[str, float]
    setup: float | Mapping[str, float] = 0.0
    per_unit: float | Mapping[str, float] = 0.0
    name: str = "capacity"

    def __post_init__(self) -> None:
        faults = _mapping_faults("amount", self.amount)
        for name, value in (("setup", self.setup), ("per_unit", self.per_unit)):
            many = isinstance(value, Mapping)
            faults += _mapping_faults(name, value) if many else _amount_faults(name, value)
        if not faults and not _some(self.setup) and not _some(self.per_unit):
            faults.append("neither setup nor per_unit takes time, so nothing is limited")
        _refuse(self, faults)


PortfolioLimit: TypeAlias = StockBudget | AggregateService | SharedStorage | SharedCapacity


def _some(value: object) -> bool:
    return any(value.values()) if isinstance(value, Mapping) else bool(value)


def _amount_faults(name: str, value: object) -> list[str]:
    if is_number(value) and isfinite(float(value)) and float(value) >= 0.0:
        return []
    return [f"{name} is {value!r}, must be a number >= 0"]


def _mapping_faults(name: str, values: object) -> list[str]:
    if not isinstance(values, Mapping) or not values:
        return [f"{name} is {values!r}, must be a mapping of labels to numbers"]
    return [
        fault
        for key, value in values.items()
        for fault in _amount_faults(f"{name}[{key!r}]", value)
    ]


def _share_faults(name: str, value: object) -> list[str]:
    if is_number(value) and 0.0 < float(value) < 1.0:
        return []
    hint = ""
    if is_number(value) and 1.0 < float(value) < 100.0:
        hint = f" (97.5 % is 0.975: use {float(value) / 100.0:g})"
    return [f"{name} is {value!r}, must be a fraction above 0 and below 1{hint}"]


def _choice_faults(name: str, value: object, choices: tuple[str, ...]) -> list[str]:
    if value in choices:
        return []
    return [f"{name} is {value!r}, must be one of {', '.join(map(repr, choices))}"]


def _refuse(limit: PortfolioLimit, faults: list[str]) -> None:
    if faults:
        them = "it" if len(faults) == 1 else "them"
        raise DomainError(f"{type(limit).__name__}: {'; '.join(faults)}. Fix: correct {them}.")
