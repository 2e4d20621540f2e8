"""Side constraints that planners ask for, each a callback that adds its rows to the Pyomo model.

Pass one, several in a list, or functions of your own to ``echelon.optimize(side_constraints=...)``,
or call one on a model made by ``echelon.build_model``. A callback gets the model, whose expressions
go by ``(item, location)``; it adds constraints to the model or returns them, and may add money per
period to ``model.cost``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from echelon.errors import DomainError

Stage = tuple[str, str]

_STOCKS = ("safety_stock", "base_stock")


@dataclass(frozen=True)
class Budget:
    """At most so much money tied up in stock; see :func:`budget`."""

    limit: float
    stock: str

    def __call__(self, model: Any) -> list[Any]:
        """Return the one row of the budget."""
        value = unit_costs(model)
        held = getattr(model, self.stock)
        return [sum(value[stage] * held[stage] for stage in model.LABEL) <= self.limit]


@dataclass(frozen=True)
class StorageLimit:
    """At most so many units or so much volume per location; see :func:`storage_limit`."""

    limits: Mapping[str, float]
    volume: Mapping[str, float] | None
    stock: str

    def __call__(self, model: Any) -> dict[str, Any]:
        """Return one row per location."""
        here = {place: [s for s in model.LABEL if s[1] == place] for place in self.limits}
        faults = [
            f"location {place!r} has no stage in this model"
            for place, stages in here.items()
            if not stages
        ]
        if self.volume is not None:
            items = sorted({item for stages in here.values() for item, _ in stages})
            faults += [
                f"volume of {item!r} is missing" for item in items if item not in self.volume
            ]
            known = set(model.source.network.stages["item"])
            faults += [
                f"volume of {item!r} is given, which is no item of the network"
                for item in self.volume
                if item not in known
            ]
        _refuse("storage_limit", faults, "give every location and volume by its label")
        held = getattr(model, self.stock)
        volume = self.volume
        return {
            place: sum(
                (volume[stage[0]] if volume is not None else 1.0) * held[stage] for stage in stages
            )
            <= self.limits[place]
            for place, stages in here.items()
        }


@dataclass(frozen=True)
class NoStockAt:
    """Stages or whole locations that may not hold stock; see :func:`no_stock_at`."""

    places: tuple[Stage | str, ...]

    def __call__(self, model: Any) -> dict[Stage, Any]:
        """Return one row per stage."""
        stages = []
        faults = []
        for place in self.places:
            found = [s for s in model.LABEL if place in (s, s[1])]
            stages += found
            if not found:
                faults.append(f"{place!r} is no stage and no location of this model")
        _refuse("no_stock_at", faults, "give (item, location), or a location for all its items")
        return {stage: model.holds_stock[stage] <= 0.0 for stage in stages}


@dataclass(frozen=True)
class OpeningCost:
    """Money per period for each stage that holds stock; see :func:`opening_cost`."""

    cost: float | Mapping[Stage, float]

    def __call__(self, model: Any) -> None:
        """Add the cost of every stage that holds stock to the objective."""
        if isinstance(self.cost, Mapping):
            known = set(model.LABEL)
            faults = [
                f"{stage!r} is no stage of this model" for stage in self.cost if stage not in known
            ]
            _refuse("opening_cost", faults, "give (item, location) as in network.stages")
            per_stage = dict(self.cost)
        else:
            per_stage = dict.fromkeys(model.LABEL, self.cost)
        model.cost.set_value(
            model.cost.expr
            + sum(money * model.holds_stock[stage] for stage, money in per_stage.items())
        )


def budget(limit: float, *, stock: str = "safety_stock") -> Budget:
    """Keep the value of all stock in the model, at ``unit_cost``, within a limit.

    Parameters
    ----------
    limit : float
        Money.
    stock : {"safety_stock", "base_stock"}, default "safety_stock"
        What is valued. Safety stock is what lies on the shelf on average, before orders in
        quantities; base stock is the most that can lie there.

    Returns
    -------
    Budget
        To pass to ``optimize(side_constraints=...)``.

    Raises
    ------
    DomainError
        If an argument is outside what it may be; when it is applied, if a stage has no
        ``unit_cost``.

    Examples
    --------
    >>> import echelon as ec
    >>> network = ec.read_example("bulldozer")
    >>> limit = ec.budget(13_000_000, stock="base_stock")
    >>> plan = ec.optimize(network, side_constraints=limit)
    >>> round(plan.annual_cost), plan.status
    (633972, 'optimal')
    """
    return Budget(_amount("budget", "limit", limit), _stock("budget", stock))


def storage_limit(
    limits: Mapping[str, float],
    *,
    volume: Mapping[str, float] | None = None,
    stock: str = "base_stock",
) -> StorageLimit:
    """Keep what can lie at a location within its room.

    Parameters
    ----------
    limits : mapping of location to float
        Units, or volume where ``volume`` is given.
    volume : mapping of item to float, optional
        Of one unit.
    stock : {"base_stock", "safety_stock"}, default "base_stock"
        The base stock is the most that can lie at a stage; the safety stock is what does on
        average, before orders in quantities.

    Returns
    -------
    StorageLimit

    Raises
    ------
    DomainError
        If an argument is outside what it may be; when it is applied, if a location or an item is
        not known, or the volume of an item at these locations is missing.

    Examples
    --------
    >>> import echelon as ec
    >>> network = ec.read_example("bulldozer")
    >>> plan = ec.optimize(network, side_constraints=ec.storage_limit({"plant": 350}))
    >>> round(plan.stages["base_stock"].sum()), round(plan.annual_cost)
    (349, 708921)
    """
    _amounts("storage_limit", {"limits": limits, "volume": {} if volume is None else volume})
    kept = dict(volume) if volume is not None else None
    return StorageLimit(dict(limits), kept, _stock("storage_limit", stock))


def no_stock_at(places: Iterable[Stage | str]) -> NoStockAt:
    """Forbid stock at stages, given as ``(item, location)``, or at whole locations.

    The same as ``can_stock`` false in the table, without a change to the table.

    Parameters
    ----------
    places : iterable of (item, location) or location

    Returns
    -------
    NoStockAt

    Raises
    ------
    DomainError
        When it is applied, if a place is not known.

    Examples
    --------
    >>> import echelon as ec
    >>> network = ec.read_example("bulldozer")
    >>> plan = ec.optimize(network, side_constraints=ec.no_stock_at([("Case", "plant")]))
    >>> round(plan.annual_cost), plan.status
    (633972, 'optimal')
    """
    if isinstance(places, str) or not isinstance(places, Iterable):
        raise DomainError(f"no_stock_at: places is {places!r}. Fix: give a list, [{places!r}].")
    return NoStockAt(tuple(places))


def opening_cost(cost: float | Mapping[Stage, float]) -> OpeningCost:
    """Charge every stage that holds stock a fixed cost.

    Parameters
    ----------
    cost : float or mapping of (item, location) to float
        Money per period: of every stage, or of those named.

    Returns
    -------
    OpeningCost

    Raises
    ------
    DomainError
        If a cost is negative or not a number; when it is applied, if a stage is not known.

    Examples
    --------
    >>> import echelon as ec
    >>> network = ec.read_example("bulldozer")
    >>> plan = ec.optimize(network, side_constraints=ec.opening_cost(100.0))
    >>> len(plan.stocking_stages()), round(plan.annual_cost)
    (3, 763738)
    """
    if isinstance(cost, Mapping):
        _amounts("opening_cost", {"cost": cost})
        return OpeningCost(dict(cost))
    return OpeningCost(_amount("opening_cost", "cost", cost))


def unit_costs(model: Any) -> dict[Stage, float]:
    """Value of one unit at each stage of a model, money.

    Raises
    ------
    DomainError
        If a stage has none; names it.
    """
    table = model.source.network.stages.set_index(["item", "location"])["unit_cost"]
    value = {stage: float(table.loc[stage]) for stage in model.LABEL}
    missing = [stage for stage, money in value.items() if np.isnan(money)]
    if missing:
        raise DomainError(
            f"stages.unit_cost is missing at {len(missing)} stages, first {missing[0][0]} @ "
            f"{missing[0][1]}, and a budget values stock at it. Fix: give unit_cost or added_cost."
        )
    return value


def _amount(helper: str, name: str, value: object) -> float:
    _refuse(helper, _not_an_amount(name, value), "correct it")
    return float(value)  # type: ignore[arg-type]


def _amounts(helper: str, mappings: Mapping[str, object]) -> None:
    faults = []
    for name, mapping in mappings.items():
        if isinstance(mapping, Mapping):
            for key, value in mapping.items():
                faults += _not_an_amount(f"{name}[{key!r}]", value)
        else:
            faults.append(f"{name} is {mapping!r}, must be a mapping of labels to numbers")
    _refuse(helper, faults, "correct it")


def _not_an_amount(name: str, value: object) -> list[str]:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if number and isfinite(float(value)) and float(value) >= 0.0:  # type: ignore[arg-type]
        return []
    return [f"{name} is {value!r}, must be a number >= 0"]


def _stock(helper: str, stock: str) -> str:
    if stock not in _STOCKS:
        raise DomainError(f"{helper}: stock is {stock!r}. Fix: use one of {', '.join(_STOCKS)}.")
    return stock


def _refuse(helper: str, faults: list[str], fix: str) -> None:
    if faults:
        raise DomainError(f"{helper}: {'; '.join(faults)}. Fix: {fix}.")
