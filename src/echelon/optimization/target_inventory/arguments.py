"""What a caller gives besides the network: floors, frozen orders, prices, a forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from echelon.errors import DomainError, Fault, TableError, UnknownNameError
from echelon.network.check import link
from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.optimization.arguments import is_number
from echelon.optimization.target_inventory.argument_tables import (
    FLOORS,
    FROZEN_ORDERS,
    KEY,
    PRICES,
    period_column,
    units_column,
)
from echelon.optimization.target_inventory.result import TargetPlan
from echelon.policies.plan import Plan
from echelon.tables import DEMAND, STAGES, Checked, Table, check_table, with_segments
from echelon.tables.checked import label_of

OPENINGS = ("given", "empty")
MOST_PERIODS = 520
"""Longest horizon: ten years of weeks."""


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """How a network is planned; see :func:`~.optimize_targets.optimize_targets`."""

    horizon: int
    lookahead: int | None = None
    opening: str = "given"
    forecast: pd.DataFrame | None = None
    floors: Plan | pd.DataFrame | None = None
    floor_price: float | None = None
    frozen: int = 0
    frozen_orders: TargetPlan | pd.DataFrame | None = None
    prices: pd.DataFrame | None = None
    charge_pipeline: bool = True


@dataclass(frozen=True, slots=True)
class GivenRows:
    """Rows of a frame by stage and period.

    Attributes
    ----------
    stage : (n,) int64
        Row of ``Network.stages``, or of ``Network.demand`` in a forecast.
    period : (n,) float64
        NaN where the row is about every period.
    value : (n,) float64
    price : (n,) float64
        Of floors; NaN where ``floor_price`` says it.
    """

    stage: Integers
    period: Floats
    value: Floats
    price: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True)
class Given:
    """The frames as rows; no rows where nothing is given."""

    floors: GivenRows
    frozen_orders: GivenRows
    prices: GivenRows
    forecast: GivenRows


def check_options(options: TargetOptions) -> None:
    """Refuse what is no horizon, no opening, no price.

    Raises
    ------
    UnknownNameError
        If ``opening`` is none of those known.
    DomainError
        With every other fault.
    """
    if options.opening not in OPENINGS:
        raise UnknownNameError("opening", options.opening, OPENINGS)
    o, faults = options, []
    if not _is_whole(o.horizon) or not 1 <= o.horizon <= MOST_PERIODS:
        faults.append(
            f"horizon is {o.horizon!r}, must be a whole number of periods from 1 to "
            f"{MOST_PERIODS}. Fix: 26 plans half a year of weeks."
        )
    if o.lookahead is not None and (
        not _is_whole(o.lookahead) or not 0 <= o.lookahead <= MOST_PERIODS
    ):
        faults.append(
            f"lookahead is {o.lookahead!r}, must be a whole number of periods from 0 to "
            f"{MOST_PERIODS}. Fix: leave it out for the longest time to customers."
        )
    if not _is_whole(o.frozen) or o.frozen < 0 or (_is_whole(o.horizon) and o.frozen > o.horizon):
        faults.append(
            f"frozen is {o.frozen!r}, must be a whole number of periods from 0 to the horizon. "
            "Fix: 0 freezes nothing."
        )
    if o.frozen == 0 and o.frozen_orders is not None:
        faults.append(
            "frozen_orders is given, and frozen is 0: no period is frozen. Fix: say how many "
            "periods are, frozen=4 for example."
        )
    if o.frozen and o.frozen_orders is None:
        faults.append(
            f"frozen is {o.frozen} and frozen_orders is missing. Fix: give the orders of those "
            "periods, an empty frame where there are none."
        )
    price = o.floor_price
    if price is not None and (not is_number(price) or not 0.0 <= price < np.inf):
        faults.append(
            f"floor_price is {price!r}, must be a number >= 0, money per unit and period below the "
            "floor. Fix: the backorder_cost is one to begin with."
        )
    if isinstance(o.floors, Plan) and price is None:
        faults.append(
            "floors is a plan, and floor_price is missing. Fix: say what a unit below its safety "
            "stock costs per period; the backorder_cost is one to begin with."
        )
    if o.charge_pipeline not in (True, False):
        faults.append(f"charge_pipeline is {o.charge_pipeline!r}. Fix: use True or False.")
    if faults:
        raise DomainError("\n".join(faults))


def read_given(network: Network, options: TargetOptions) -> Given:
    """Read the frames.

    Raises
    ------
    TableError
        With every fault of all of them.
    """
    faults: list[Fault] = []
    floors = _floors(network, options, faults)
    frozen = _rows(network, _orders(options), FROZEN_ORDERS, "order", _planned(options), faults)
    prices = _rows(network, options.prices, PRICES, "price", _planned(options), faults)
    forecast = _forecast(network, options.forecast, faults)
    if faults:
        raise TableError(faults)
    return Given(floors, frozen, prices, forecast)


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_frame(value: object) -> bool:
    return isinstance(value, pd.DataFrame)  # of what a caller gives anything may be wrong


def _none() -> GivenRows:
    return GivenRows(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0))


def _planned(options: TargetOptions) -> int:
    """Periods of the horizon, and those after it that are asked for."""
    return options.horizon + (options.lookahead or 0)


def _floors(network: Network, options: TargetOptions, faults: list[Fault]) -> GivenRows:
    given = options.floors
    if isinstance(given, Plan):
        given = given.stages[["item", "location", "safety_stock"]]
        given = given.rename(columns={"safety_stock": "floor"})
        given = given[given["floor"] > 0.0].reset_index(drop=True)
    rows = _rows(network, given, FLOORS, "floor", _planned(options), faults)
    if options.floor_price is None and np.isnan(rows.price).any() and not faults:
        row = int(np.isnan(rows.price).argmax())
        faults.append(
            Fault(
                "floors=",
                "price",
                row + 1,
                float("nan"),
                "says not what a unit below the floor costs, and floor_price is not given",
                "give floor_price, money per unit and period; the backorder_cost is one to begin "
                "with",
                key=network.labels[int(rows.stage[row])],
                count=int(np.isnan(rows.price).sum()),
            )
        )
    return rows


def _orders(options: TargetOptions) -> pd.DataFrame | None:
    """Orders that are given, those of an earlier plan by stage and period."""
    given = options.frozen_orders
    if not isinstance(given, TargetPlan):
        return given
    key = ["item", "location", "period"]
    placed: pd.DataFrame = given.orders[given.orders["period"] < options.frozen]
    return placed.groupby(key)["quantity"].sum().rename("order").reset_index()


def _rows(
    network: Network,
    frame: pd.DataFrame | None,
    table: Table,
    name: str,
    last: int,
    faults: list[Fault],
) -> GivenRows:
    """Read a frame of stages and periods, some of which have to be before ``last``."""
    if frame is None or (_is_frame(frame) and not len(frame)):
        return _none()
    stages = network.columns("stages", STAGES.key)
    checked = check_table(frame, table)
    there = Checked(STAGES, stages, empty=np.zeros(len(stages), dtype=np.bool_))
    (stage,) = link(there, [(checked, ("item", "location"))])
    faults += checked.faults
    period = _cells(checked, "period")
    if not checked.faults and table is not FROZEN_ORDERS and (period >= last).all():
        faults.append(
            Fault(
                table.name,
                "period",
                1,
                float(period[0]),
                f"is after the last period, {last - 1}, and so are all rows: none holds",
                "number the periods from 0, the first one that is planned",
                key=label_of(*checked.frame[["item", "location"]].iloc[0]),
                count=len(period),
            )
        )
    if faults:
        return _none()
    return GivenRows(
        stage,
        period,
        _cells(checked, name),
        _cells(checked, "price") if table is FLOORS else np.zeros(0),
    )


def _cells(checked: Checked, name: str) -> Floats:
    if not checked.has(name):
        return np.full(len(checked.frame), np.nan)
    return checked.frame[name].to_numpy(dtype=np.float64)


def _forecast(network: Network, frame: pd.DataFrame | None, faults: list[Fault]) -> GivenRows:
    """Read a forecast: rows of demand by period."""
    if frame is None:
        return _none()
    demand = with_segments(DEMAND, network.segments)
    segments = [column for column in demand.columns if column.name in network.segments]
    table = Table(
        "forecast=",
        "Demand expected in a period.",
        (
            *KEY,
            *segments,
            period_column(),
            units_column("mean", "unit", "Units expected", required=True),
        ),
    )
    checked = check_table(frame, table)
    faults += checked.faults
    if checked.faults:
        return _none()
    known = {key: row for row, key in enumerate(network.demand_keys)}
    keys = _keys(checked, network.segments)
    row = np.array([known.get(key, -1) for key in keys], dtype=np.int64)
    if (row < 0).any():
        at = int((row < 0).argmax())
        faults.append(
            Fault(
                "forecast=",
                ", ".join(("item", "location", *network.segments)),
                at + 1,
                keys[at],
                "names no row of demand",
                "correct the name, or add the row to demand",
                count=int((row < 0).sum()),
            )
        )
        return _none()
    return GivenRows(row, _cells(checked, "period"), _cells(checked, "mean"))


def _keys(checked: Checked, segments: Sequence[str]) -> list[tuple[str, ...]]:
    n_rows = len(checked.frame)
    cells = [
        checked.frame[name].tolist() if checked.has(name) else [""] * n_rows
        for name in ("item", "location", *segments)
    ]
    return list(zip(*cells, strict=True))
