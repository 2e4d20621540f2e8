"""What a plan over periods begins with and keeps to: stock by age, open orders, resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.network.check import link
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.features import PLANNING
from echelon.network.optional_tables import absent, every_column, without_defaults
from echelon.network.seasons import check_cycles
from echelon.tables import CATALOG, Checked, check_table

_STAGE = ("item", "location")
_USES = ("per_unit", "per_set_up", "per_unit_held")
_ABSENT = {name: absent(CATALOG[name]) for name in PLANNING}
_EMPTY = {name: every_column(pd.DataFrame(), CATALOG[name]) for name in PLANNING}


@dataclass(frozen=True, slots=True)
class Planning:
    """The tables ``stock``, ``open_orders``, ``resources`` and ``resource_use``.

    Attributes
    ----------
    given : dict of str to DataFrame
        By table, the columns that were given, typed; those of a table without rows are its keys.
    frames : dict of str to DataFrame
        By table, every column of the catalog, defaults filled.
    stock_stages, open_order_stages, use_stages : int64
        Row of ``stages`` of each row of ``stock``, ``open_orders`` and ``resource_use``.
    """

    given: dict[str, pd.DataFrame]
    frames: dict[str, pd.DataFrame]
    stock_stages: Integers
    open_order_stages: Integers
    use_stages: Integers


def check_planning(
    tables: Mapping[str, object | None], stages: Checked
) -> tuple[list[Checked], Planning]:
    """Read the tables, and find the stages that they name.

    Parameters
    ----------
    tables : mapping of str to DataFrame or None
        By the names of :data:`~echelon.network.features.PLANNING`, as a person gives them.
    stages : Checked

    Returns
    -------
    checked : list of Checked
        One per table, with every fault.
    planning : Planning
        Of no use where there is a fault.
    """
    read = {
        name: Checked(CATALOG[name], _ABSENT[name])
        if tables.get(name) is None
        else check_table(tables[name], CATALOG[name])
        for name in PLANNING
    }
    if all(one.frame.empty for one in read.values()):
        none = np.zeros(0, dtype=np.int64)
        given = {name: _ABSENT[name] for name in PLANNING}
        return list(read.values()), Planning(given, dict(_EMPTY), none, none, none)
    stock, orders, resources, uses = read.values()
    rows = link(stages, [(one, _STAGE) for one in (stock, orders, uses)])
    life = _shelf_lives(stages)
    _check_lives(stock, stages, rows[0], life, fresh=False)
    _check_lives(orders, stages, rows[1], life, fresh=True)
    _check_told_once(stock, stages, rows[0])
    _check_resources(resources)
    _check_uses(uses, resources)
    given = {name: without_defaults(one.frame, one.table) for name, one in read.items()}
    frames = {name: every_column(given[name], one.table) for name, one in read.items()}
    return list(read.values()), Planning(given, frames, *rows)


def _shelf_lives(stages: Checked) -> Floats:
    """Shelf life of each stage, NaN where nothing expires."""
    if not stages.has("shelf_life"):
        return np.full(len(stages.frame), np.nan)
    return stages.frame["shelf_life"].to_numpy(dtype=np.float64)


def _check_lives(
    table: Checked, stages: Checked, stage: Integers, life: Floats, *, fresh: bool
) -> None:
    """Add faults of remaining lives; ``fresh`` says that a blank one has a meaning."""
    if table.frame.empty or not table.named(_STAGE):
        return
    remaining = (
        table.frame["remaining_life"].to_numpy(dtype=np.float64)
        if table.has("remaining_life")
        else np.full(len(table.frame), np.nan)
    )
    known: Booleans = (stage >= 0) & table.sound((*_STAGE, "remaining_life"))
    known &= np.append(stages.sound(("shelf_life",)), False)[stage]
    longest = np.append(life, np.nan)[stage]
    if not fresh:
        table.add(
            "remaining_life",
            known & ~np.isnan(longest) & np.isnan(remaining),
            "is blank, and the item has a shelf_life",
            "give the periods that the units can still serve in",
        )
    table.add(
        "remaining_life",
        known & np.isnan(longest) & ~np.isnan(remaining),
        "is given where nothing expires",
        "give the stage a shelf_life, or leave the cell blank",
    )
    table.add(
        "remaining_life",
        known & (remaining > longest),
        "must be at most the shelf_life of the item",
        "give fewer periods, or a longer shelf_life",
    )


def _check_told_once(stock: Checked, stages: Checked, stage: Integers) -> None:
    if not stages.has("initial_stock") or not len(stage):
        return
    said = stages.frame["initial_stock"].notna().to_numpy()
    stock.add(
        "quantity",
        (stage >= 0) & np.append(said, False)[stage],
        "is given for a stage that has an initial_stock in stages too",
        "leave one of them blank",
    )


def _check_resources(resources: Checked) -> None:
    if resources.frame.empty or not resources.named(("resource", "capacity")):
        return
    period = (
        resources.frame["period"].to_numpy(dtype=np.float64)
        if resources.has("period")
        else np.full(len(resources.frame), np.nan)
    )
    check_cycles(
        resources,
        period,
        pd.factorize(resources.frame["resource"])[0].astype(np.int64),
        ("resource", "give every period of the cycle a row, capacity 0 where it is closed"),
    )


def _check_uses(uses: Checked, resources: Checked) -> None:
    if uses.frame.empty or not uses.has("resource"):
        return
    known = resources.frame["resource"] if resources.has("resource") else pd.Series(dtype="str")
    uses.add(
        "resource",
        ~uses.frame["resource"].isin(known).to_numpy() & uses.sound(("resource",)),
        "is not in resources.resource",
        "add the resource to resources, or correct the name",
    )
    said = np.zeros(len(uses.frame), dtype=np.bool_)
    for name in _USES:
        if uses.has(name):
            said |= uses.frame[name].to_numpy(dtype=np.float64) > 0.0
    uses.add(
        "per_unit",
        ~said & uses.sound(("resource", *_USES)),
        "the row uses nothing: per_unit, per_set_up and per_unit_held are all 0",
        "give what is used, or remove the row",
    )
