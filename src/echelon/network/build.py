"""Networks of the usual shapes, without writing tables.

A stage is named by a pair ``(item, location)``, or by a plain name: then that is the item, and the
location is ``"main"``. Every builder ends in ``Network.from_tables``, so the same checks hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias, TypedDict, Unpack

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.network.network import Network

Name: TypeAlias = str | tuple[str, str]
PerStage: TypeAlias = float | Sequence[float | None]
PerLane: TypeAlias = float | Sequence[float]
PerCustomer: TypeAlias = float | Sequence[float]

LOCATION = "main"
"""Location of a stage that is named by its item alone."""

_FOR_CUSTOMERS = ("max_service_time", "service_level", "safety_factor", "backorder_cost")
_FOR_SOURCES = ("inbound_service_time",)


class StageOptions(TypedDict, total=False):
    """What every builder takes besides its shape.

    A sequence has one value per stage, in the order the builder names them; ``None`` is blank. One
    number holds for every stage, save that ``max_service_time``, ``service_level``,
    ``safety_factor`` and ``backorder_cost`` then hold where customers buy, and
    ``inbound_service_time`` where no stage of the network supplies. Units and meaning of each are
    those of the table ``stages``; ``period``, ``periods_per_year``, ``holding_rate``, ``currency``
    and ``name`` are those of ``Network.from_tables``.
    """

    lead_time: PerStage
    unit_cost: PerStage
    added_cost: PerStage
    holding_cost: PerStage
    review_period: PerStage
    inbound_service_time: PerStage
    max_service_time: PerStage | None
    can_stock: bool | Sequence[bool]
    service_level: PerStage | None
    safety_factor: PerStage | None
    base_stock: PerStage | None
    initial_stock: PerStage | None
    backorder_cost: PerStage
    allocation: str | Sequence[str]
    period: str
    periods_per_year: float | None
    holding_rate: float | None
    currency: str
    name: str


def serial(
    names: Sequence[Name],
    *,
    demand_mean: float,
    demand_std: float | None = None,
    family: str = "normal",
    units_required: PerLane = 1.0,
    lane_lead_time: PerLane = 0.0,
    **options: Unpack[StageOptions],
) -> Network:
    """Make a chain: each stage supplies the next, the last one has the customers.

    Parameters
    ----------
    names : sequence of str or (str, str)
        Upstream first.
    demand_mean, demand_std : float
        Of the last stage, units per period; the deviation may be left out where the family
        implies it.
    family : str
        Of the demand's distribution.
    units_required, lane_lead_time : float or sequence
        One value for every lane, or one per lane in the order of the chain.
    **options
        See :class:`StageOptions`.

    Returns
    -------
    Network

    Raises
    ------
    DomainError
        If a sequence has not one value per stage or lane.
    TableError
        With every fault of the tables.

    Examples
    --------
    >>> network = serial(["plant", "depot", "shop"], lead_time=[4, 2, 1], holding_cost=[1, 2, 4],
    ...                  demand_mean=100, demand_std=20, service_level=0.95)
    >>> network.stages[["item", "lead_time", "holding_cost", "max_service_time"]]
        item  lead_time  holding_cost  max_service_time
    0  plant        4.0           1.0               inf
    1  depot        2.0           2.0               inf
    2   shop        1.0           4.0               0.0
    """
    return _build(
        names,
        list(pairwise(names)),
        names[-1:],
        demand_mean=demand_mean,
        demand_std=demand_std,
        family=family,
        units_required=units_required,
        lane_lead_time=lane_lead_time,
        options=options,
    )


def assembly(
    components: Sequence[Name],
    product: Name,
    *,
    demand_mean: float,
    demand_std: float | None = None,
    family: str = "normal",
    units_required: PerLane = 1.0,
    lane_lead_time: PerLane = 0.0,
    **options: Unpack[StageOptions],
) -> Network:
    """Make a product that is assembled from components.

    Parameters
    ----------
    components : sequence of str or (str, str)
    product : str or (str, str)
        Has the customers; comes last in sequences of values per stage.
    demand_mean, demand_std, family
        Demand for the product, units per period, as in :func:`serial`.
    units_required, lane_lead_time : float or sequence
        One value for every component, or one per component.
    **options
        See :class:`StageOptions`.

    Returns
    -------
    Network

    Raises
    ------
    DomainError
        If a sequence has not one value per stage or lane.
    TableError
        With every fault of the tables.

    Examples
    --------
    >>> bike = assembly(["frame", "wheel"], "bike", units_required=[1, 2], lead_time=[3, 2, 1],
    ...                 added_cost=[40, 10, 15], holding_rate=0.25, demand_mean=8, demand_std=2)
    >>> bike.stages["unit_cost"].tolist()
    [40.0, 10.0, 75.0]
    """
    return _build(
        [*components, product],
        [(component, product) for component in components],
        [product],
        demand_mean=demand_mean,
        demand_std=demand_std,
        family=family,
        units_required=units_required,
        lane_lead_time=lane_lead_time,
        options=options,
    )


def distribution(
    source: Name,
    outlets: Sequence[Name],
    *,
    demand_mean: PerCustomer,
    demand_std: PerCustomer | None = None,
    family: str | Sequence[str] = "normal",
    units_required: PerLane = 1.0,
    lane_lead_time: PerLane = 0.0,
    **options: Unpack[StageOptions],
) -> Network:
    """Make a warehouse that supplies several outlets.

    Parameters
    ----------
    source : str or (str, str)
        Comes first in sequences of values per stage.
    outlets : sequence of str or (str, str)
        Have the customers.
    demand_mean, demand_std, family : one value, or a sequence with one per outlet
        Demand of each outlet, units per period, as in :func:`serial`.
    units_required, lane_lead_time : float or sequence
        One value for every lane, or one per outlet.
    **options
        See :class:`StageOptions`.

    Returns
    -------
    Network

    Raises
    ------
    DomainError
        If a sequence has not one value per stage, outlet or lane.
    TableError
        With every fault of the tables.

    Examples
    --------
    >>> outlets = [("tea", "Bern"), ("tea", "Basel"), ("tea", "Chur")]
    >>> network = distribution(("tea", "depot"), outlets, lead_time=[3, 1, 1, 1], holding_cost=1,
    ...                        demand_mean=[30, 20, 10], demand_std=[6, 5, 4])
    >>> network.summary().to_frame()[["stages", "topology", "demand"]]
       stages      topology  demand
    0       4  distribution    60.0
    """
    return _build(
        [source, *outlets],
        [(source, outlet) for outlet in outlets],
        outlets,
        demand_mean=demand_mean,
        demand_std=demand_std,
        family=family,
        units_required=units_required,
        lane_lead_time=lane_lead_time,
        options=options,
    )


def general(
    names: Sequence[Name],
    lanes: Sequence[tuple[Name, Name]],
    *,
    demand_mean: Mapping[Name, float],
    demand_std: Mapping[Name, float] | None = None,
    family: str | Mapping[Name, str] = "normal",
    units_required: PerLane = 1.0,
    lane_lead_time: PerLane = 0.0,
    **options: Unpack[StageOptions],
) -> Network:
    """Make a network of any shape without a cycle.

    Parameters
    ----------
    names : sequence of str or (str, str)
    lanes : sequence of (name, name)
        From, to.
    demand_mean, demand_std : mapping of name to float
        Stages with customers, units per period, as in :func:`serial`.
    family : str, or mapping of name to str
    units_required, lane_lead_time : float or sequence
        One value for every lane, or one per lane.
    **options
        See :class:`StageOptions`.

    Returns
    -------
    Network

    Raises
    ------
    DomainError
        If a sequence has not one value per stage or lane, or ``demand_std`` and ``demand_mean``
        name different stages.
    TableError
        With every fault of the tables.

    Examples
    --------
    >>> diamond = general(["raw", "left", "right", "end"],
    ...                   [("raw", "left"), ("raw", "right"), ("left", "end"), ("right", "end")],
    ...                   lead_time=1, holding_cost=[1, 2, 2, 5],
    ...                   demand_mean={"end": 10.0}, demand_std={"end": 3.0})
    >>> diamond.summary().to_frame()["topology"].tolist()
    ['general']
    """
    customers = list(demand_mean)
    for argument, values in (("demand_std", demand_std), ("family", family)):
        if isinstance(values, Mapping) and set(values) != set(customers):
            odd = sorted(map(str, set(values) ^ set(customers)))
            raise DomainError(
                f"{argument} and demand_mean name different stages: {', '.join(odd)}. "
                "Fix: name the same stages in both."
            )
    return _build(
        names,
        lanes,
        customers,
        demand_mean=[demand_mean[customer] for customer in customers],
        demand_std=None if demand_std is None else [demand_std[customer] for customer in customers],
        family=family if isinstance(family, str) else [family[customer] for customer in customers],
        units_required=units_required,
        lane_lead_time=lane_lead_time,
        options=options,
    )


def _build(
    names: Sequence[Name],
    links: Sequence[tuple[Name, Name]],
    customers: Sequence[Name],
    *,
    demand_mean: PerCustomer,
    demand_std: PerCustomer | None,
    family: str | Sequence[str],
    units_required: PerLane,
    lane_lead_time: PerLane,
    options: StageOptions,
) -> Network:
    keys = [_key(name) for name in names]
    ends = [(*_key(start), *_key(end)) for start, end in links]
    buyers = [_key(customer) for customer in customers]
    supplied = {end[2:] for end in ends}
    columns: dict[str, Any] = {
        "item": [key[0] for key in keys],
        "location": [key[1] for key in keys],
    }
    settings: dict[str, Any] = {}
    for name, value in options.items():
        if name in ("period", "periods_per_year", "holding_rate", "currency", "name"):
            settings[name] = value
        elif value is None:
            continue
        elif name in _FOR_CUSTOMERS and _is_single(value):
            blank = 0.0 if name == "backorder_cost" else np.nan
            columns[name] = [value if key in set(buyers) else blank for key in keys]
        elif name in _FOR_SOURCES and _is_single(value):
            columns[name] = [0.0 if key in supplied else value for key in keys]
        else:
            columns[name] = _spread(name, value, len(keys), "stage")
    lanes = pd.DataFrame(ends, columns=["from_item", "from_location", "to_item", "to_location"])
    lanes["units_required"] = _spread("units_required", units_required, len(ends), "lane")
    lanes["lead_time"] = _spread("lane_lead_time", lane_lead_time, len(ends), "lane")
    demand = pd.DataFrame(buyers, columns=["item", "location"])
    demand["family"] = _spread("family", family, len(buyers), "stage with customers")
    demand["mean"] = _spread("demand_mean", demand_mean, len(buyers), "stage with customers")
    if demand_std is not None:
        demand["std"] = _spread("demand_std", demand_std, len(buyers), "stage with customers")
    return Network.from_tables(
        pd.DataFrame(columns), lanes if ends else None, demand if buyers else None, **settings
    )


def _key(name: Name) -> tuple[str, str]:
    return name if isinstance(name, tuple) else (name, LOCATION)


def _is_single(value: object) -> bool:
    return isinstance(value, str) or np.ndim(value) == 0  # type: ignore[arg-type]


def _spread(argument: str, value: Any, size: int, what: str) -> list[Any]:
    if _is_single(value):
        return [value] * size
    values = list(value)
    if len(values) != size:
        raise DomainError(
            f"{argument} has {len(values)} values for {size} {what}s. "
            f"Fix: give one number, or one per {what}."
        )
    return values
