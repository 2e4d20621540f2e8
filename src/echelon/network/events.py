"""What happens at given times: levels that change, windows for making, disruptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from echelon.network.check import link, positions
from echelon.network.check_ordering import missing_points, policies
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.features import EVENTS
from echelon.network.optional_tables import absent, every_column, without_defaults
from echelon.network.seasons import check_cycles
from echelon.tables import CATALOG, STAGES, Checked, check_table

_STAGE = ("item", "location")
_ENDS = (("from_item", "from_location"), ("to_item", "to_location"))
_LANE = ("from_item", "from_location", "to_item", "to_location")
_OF_STAGES = ("capacity_left", "stock_destroyed", "ships")
_OF_LANES = ("in_transit_held",)


@dataclass(frozen=True, slots=True)
class Events:
    """The tables ``levels``, ``calendar`` and ``disruptions``.

    Attributes
    ----------
    given : dict of str to DataFrame
        By table, the columns that were given, typed; those of a table without rows are its keys.
    frames : dict of str to DataFrame
        By table, every column of the catalog, defaults filled.
    level_stages, calendar_stages, disruption_stages : int64
        Row of ``stages`` of each row; -1 where a lane is disrupted.
    disruption_lanes : int64
        Row of ``lanes`` of each disruption, -1 where a stage is disrupted.
    """

    given: dict[str, pd.DataFrame]
    frames: dict[str, pd.DataFrame]
    level_stages: Integers
    calendar_stages: Integers
    disruption_stages: Integers
    disruption_lanes: Integers


def check_events(
    tables: Mapping[str, object | None], stages: Checked, lanes: Checked
) -> tuple[list[Checked], Events]:
    """Read the tables, and find the stages and lanes that they name.

    Parameters
    ----------
    tables : mapping of str to DataFrame or None
        ``levels``, ``calendar`` and ``disruptions``, as a person gives them.
    stages, lanes : Checked
        A fault is added to ``stages`` where the levels leave a policy without its reorder point.

    Returns
    -------
    checked : list of Checked
        One per table, with every fault.
    events : Events
        Of no use where there is a fault.
    """
    read = {
        name: Checked(CATALOG[name], _ABSENT[name])
        if tables[name] is None
        else check_table(tables[name], CATALOG[name])
        for name in EVENTS
    }
    levels, calendar, disruptions = read.values()
    if all(one.frame.empty for one in read.values()):
        none = np.zeros(0, dtype=np.int64)
        _check_points(levels, stages, none)
        return list(read.values()), Events(
            {name: _ABSENT[name] for name in EVENTS}, dict(_EMPTY), none, none, none, none
        )
    of_level, of_window = link(stages, [(levels, _STAGE), (calendar, _STAGE)])
    _check_levels(levels, stages, of_level)
    _check_windows(calendar)
    of_stage, of_lane = _check_disruptions(disruptions, stages, lanes)
    given = {name: without_defaults(one.frame, one.table) for name, one in read.items()}
    frames = {name: every_column(given[name], one.table) for name, one in read.items()}
    return list(read.values()), Events(given, frames, of_level, of_window, of_stage, of_lane)


_ABSENT = {name: absent(CATALOG[name]) for name in EVENTS}
_EMPTY = {name: every_column(pd.DataFrame(), CATALOG[name]) for name in EVENTS}


def _check_levels(levels: Checked, stages: Checked, stage: Integers) -> None:
    if levels.frame.empty or not levels.named(("item", "location", "period")):
        _check_points(levels, stages, stage)
        return
    sound = levels.sound(levels.table.key)
    group = levels.frame.groupby(["item", "location"], sort=False).ngroup().to_numpy(np.int64)
    check_cycles(
        levels,
        levels.frame["period"].to_numpy(dtype=np.float64),
        group,
        ("stage", "give every period of the cycle a row"),
    )
    n_groups = int(group.max(initial=-1)) + 1
    rows = np.bincount(group, minlength=n_groups)
    spoken = np.zeros(n_groups, dtype=np.bool_)
    for name in ("base_stock", "reorder_point"):
        if not levels.has(name):
            continue
        filled = levels.frame[name].notna().to_numpy()
        filled_rows = np.bincount(group, filled, n_groups)
        spoken |= filled_rows > 0
        mixed = (filled_rows > 0) & (filled_rows < rows)
        levels.add(
            name,
            mixed[group] & ~filled & sound & levels.sound((name,)),
            "is blank here and filled in other periods of the same stage",
            "give it in every period of the cycle, or in none",
        )
    levels.add(
        "base_stock",
        ~spoken[group] & sound & levels.sound(("base_stock", "reorder_point")),
        "the row gives neither base_stock nor reorder_point",
        "give a level, or remove the row",
    )
    _check_points(levels, stages, stage)


def _check_points(levels: Checked, stages: Checked, stage: Integers) -> None:
    """Check levels against policies, and policies against what levels leave out."""
    n_stages = len(stages.frame)
    if not (stages.has("policy") or levels.has("reorder_point")):
        return
    in_levels: dict[str, Booleans] = {}
    value: dict[str, Floats] = {}
    known = stage >= 0
    for name in ("base_stock", "reorder_point"):
        in_levels[name] = np.zeros(n_stages, dtype=np.bool_)
        here = (
            levels.frame[name].to_numpy(dtype=np.float64)
            if levels.has(name)
            else np.full(len(stage), np.nan)
        )
        in_levels[name][stage[known & ~np.isnan(here)]] = True
        of_stages = (
            stages.frame[name].to_numpy(dtype=np.float64)
            if stages.has(name)
            else np.full(n_stages, np.nan)
        )
        value[name] = np.where(np.isnan(here), np.append(of_stages, np.nan)[stage], here)
    if not levels.faults:  # else a point may be there once they are mended
        missing_points(stages, in_levels)
    if not len(stage):
        return
    named = np.append(policies(stages), "")[stage]
    whole = known & levels.sound(("base_stock", "reorder_point"))
    whole &= np.append(stages.sound(("policy", "base_stock", "reorder_point")), False)[stage]
    if levels.has("reorder_point"):
        uses = np.isin(named, ("min_max", "reorder_point", "reorder_point_once"))
        levels.add(
            "reorder_point",
            whole & ~uses & levels.frame["reorder_point"].notna().to_numpy(),
            "must be blank where the policy of the stage is not min_max or reorder_point",
            "give the stage the policy, or leave reorder_point blank",
        )
    levels.add(
        "reorder_point" if levels.has("reorder_point") else "base_stock",
        whole & (named == "min_max") & (value["reorder_point"] >= value["base_stock"]),
        "must leave reorder_point below base_stock, up to which a min_max policy orders",
        "give the smaller of the two as reorder_point",
    )


def _check_windows(calendar: Checked) -> None:
    if not calendar.named(("length", "every")):
        return
    length = calendar.frame["length"].to_numpy(dtype=np.float64)
    calendar.add(
        "length",
        (length > calendar.frame["every"].to_numpy(dtype=np.float64))
        & calendar.sound(("length", "every")),
        "must be at most every: the window would open again before it closes",
        "give a shorter length; a stage that is always open needs no row",
    )


def _check_disruptions(
    disruptions: Checked, stages: Checked, lanes: Checked
) -> tuple[Integers, Integers]:
    n_rows = len(disruptions.frame)
    nowhere = np.full(n_rows, -1, dtype=np.int64)
    if not n_rows or not disruptions.has("name"):
        return nowhere, nowhere
    texts = {name: _texts(disruptions, name) for name in (*_STAGE, *_LANE)}
    filled = {name: (cells != "").to_numpy() for name, cells in texts.items()}
    sound = disruptions.sound(("name", *_STAGE, *_LANE))
    stage_said = filled["item"] | filled["location"]
    lane_said = np.logical_or.reduce([filled[name] for name in _LANE])
    disruptions.add(
        "item, location",
        stage_said & lane_said & sound,
        "a row must name a stage or a lane, not both",
        "write two rows with two names",
        value=_first(texts, _STAGE, stage_said & lane_said & sound),
    )
    disruptions.add(
        "item, location",
        ~stage_said & ~lane_said & sound,
        "the row names neither a stage nor a lane",
        "give item and location of a stage, or the four names of a lane",
        value=("", ""),
    )
    for names, said in ((_STAGE, stage_said), (_LANE, lane_said)):
        for name in names:
            disruptions.add(
                name,
                said & ~filled[name] & sound,
                f"is blank, and the row names a {'stage' if names is _STAGE else 'lane'} by "
                f"{' and '.join(names) if names is _STAGE else 'four names'}",
                "give the name",
            )
    alone = sound & ~(stage_said & lane_said)
    of_stage = _stages_named(
        disruptions, stages, texts, alone & filled["item"] & filled["location"]
    )
    every = np.logical_and.reduce([filled[name] for name in _LANE])
    of_lane = _lanes_named(disruptions, stages, lanes, texts, alone & every)
    _check_times(disruptions)
    for columns, said, other in (
        (_OF_STAGES, lane_said & ~stage_said, "lane"),
        (_OF_LANES, stage_said & ~lane_said, "stage"),
    ):
        for name in columns:
            if disruptions.has(name):
                cells = disruptions.frame[name].to_numpy(dtype=np.float64)
                disruptions.add(
                    name,
                    said & (cells > 0.0) & disruptions.sound((name,)),
                    f"says nothing of a {other}",
                    "leave it blank",
                )
    return of_stage, of_lane


def _texts(checked: Checked, name: str) -> pd.Series:
    if checked.has(name):
        return checked.frame[name]
    return pd.Series([""], dtype="str").repeat(len(checked.frame)).reset_index(drop=True)


def _first(texts: Mapping[str, pd.Series], names: tuple[str, ...], rows: Booleans) -> Any:
    return tuple(texts[name].iloc[int(rows.argmax())] for name in names)


def _stages_named(
    disruptions: Checked, stages: Checked, texts: Mapping[str, pd.Series], asked: Booleans
) -> Integers:
    """Row of stages of each disruption that names one, -1 elsewhere."""
    return _linked(disruptions, stages, texts, [_STAGE], asked)[0]


def _linked(
    disruptions: Checked,
    stages: Checked,
    texts: Mapping[str, pd.Series],
    references: list[tuple[str, str]],
    asked: Booleans,
) -> list[Integers]:
    """Rows of stages by key, with a fault for those that do not exist, of the rows asked about."""
    rows = np.flatnonzero(asked)
    found = [np.full(len(asked), -1, dtype=np.int64) for _ in references]
    if not len(rows):
        return found
    part = Checked(
        disruptions.table,
        pd.DataFrame(dict(texts)).iloc[rows].reset_index(drop=True),
    )
    for place, linked in enumerate(link(stages, [(part, names) for names in references])):
        found[place][rows] = linked
    for fault in part.faults:  # rows were counted among those asked about
        columns = fault.column.split(", ")
        key = tuple(texts[name].iloc[rows[fault.row - 1]] for name in columns)
        mask = np.zeros(len(asked), dtype=np.bool_)
        place = references.index((columns[0], columns[1]))
        mask[rows[found[place][rows] < 0]] = True
        disruptions.add(fault.column, mask, fault.message, fault.remedy, value=key)
    return found


def _lanes_named(
    disruptions: Checked,
    stages: Checked,
    lanes: Checked,
    texts: Mapping[str, pd.Series],
    asked: Booleans,
) -> Integers:
    """Row of lanes of each disruption that names one, -1 elsewhere."""
    ends = _linked(disruptions, stages, texts, list(_ENDS), asked)
    found = np.full(len(asked), -1, dtype=np.int64)
    if not asked.any() or not lanes.named(_LANE) or not stages.named(STAGES.key):
        return found
    there = [(lanes.frame[item], lanes.frame[place]) for item, place in _ENDS]
    source, target = positions(stages.frame, there)
    n_stages = len(stages.frame)
    known = pd.Index(source * n_stages + target)
    wanted = ends[0] * n_stages + ends[1]
    both = asked & (ends[0] >= 0) & (ends[1] >= 0)
    first = pd.Series(np.arange(len(known)), index=known)
    first = first[~first.index.duplicated()]
    found[both] = first.reindex(wanted[both]).fillna(-1.0).to_numpy(dtype=np.int64)
    orphan = both & (found < 0)
    disruptions.add(
        ", ".join(_LANE),
        orphan & bool(lanes.sound(_LANE).all()),
        "names a lane that is not in lanes",
        "add the lane to lanes, or correct its ends; goods go from the supplier to the receiver",
        value=_first(texts, _LANE, orphan),
    )
    return found


def _check_times(disruptions: Checked) -> None:
    """Exactly one of rates and dates, whole, and dates in order."""
    names = ("failure_rate", "recovery_rate", "first_period", "last_period")
    n_rows = len(disruptions.frame)
    filled = {
        name: disruptions.frame[name].notna().to_numpy()
        if disruptions.has(name)
        else np.zeros(n_rows, dtype=np.bool_)
        for name in names
    }
    sound = disruptions.sound(names)
    rates = filled["failure_rate"] | filled["recovery_rate"]
    dates = filled["first_period"] | filled["last_period"]
    disruptions.add(
        "failure_rate",
        rates & dates & sound,
        "a row must have rates or dates, not both",
        "leave failure_rate and recovery_rate blank, or first_period and last_period",
    )
    disruptions.add(
        "failure_rate",
        ~rates & ~dates & sound,
        "the row does not say when: it has neither rates nor dates",
        "give failure_rate and recovery_rate, or first_period and last_period",
    )
    for pair, said, other in ((names[:2], rates, dates), (names[2:], dates, rates)):
        for name, partner in (pair, pair[::-1]):
            disruptions.add(
                name,
                said & ~other & ~filled[name] & sound,
                f"is blank beside a {partner}",
                f"give both {pair[0]} and {pair[1]}",
            )
    if disruptions.named(names[2:]):
        disruptions.add(
            "last_period",
            (disruptions.frame["last_period"] < disruptions.frame["first_period"]).to_numpy()
            & sound,
            "must not be before first_period",
            "swap them, or correct one: both are down",
        )
