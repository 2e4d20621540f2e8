"""Checks that need several tables, and the values that follow from them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from echelon.errors import Fault
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.graph import Graph, accumulate, components, cycles, depths
from echelon.tables import STAGES, Checked, label_of

_MOST_CYCLES = 20
"""Cycles named one by one; more of them are counted."""

_MOST_COMPARED = 5_000
"""Stages among which a nearest spelling is looked for."""

_AGREE = 1e-9
"""Relative difference below which a computed column that comes back is the one computed."""


def positions(stages: pd.DataFrame, asked: Sequence[tuple[pd.Series, pd.Series]]) -> list[Integers]:
    """Find rows of stages by key.

    Parameters
    ----------
    stages : DataFrame
        With item and location.
    asked : sequence of (items, locations)
        Series of text, as many keys as one likes; all are looked up in one go.

    Returns
    -------
    list of (n,) int64
        The first row with that key, -1 where there is none; one array for each that is asked.
    """
    items = pd.concat([stages["item"], *(item for item, _ in asked)], ignore_index=True)
    locations = pd.concat([stages["location"], *(place for _, place in asked)], ignore_index=True)
    item_code, _ = pd.factorize(items)
    location_code, places = pd.factorize(locations)
    code, distinct = pd.factorize(item_code.astype(np.int64) * len(places) + location_code)
    n_stages = len(stages)
    row_of = np.full(len(distinct), -1, dtype=np.int64)
    row_of[code[:n_stages][::-1]] = np.arange(n_stages)[::-1]  # the first of equal keys stays
    ends = np.cumsum([n_stages, *(len(item) for item, _ in asked)])
    return [row_of[code[start:end]] for start, end in pairwise(ends.tolist())]


def link(stages: Checked, references: Sequence[tuple[Checked, tuple[str, str]]]) -> list[Integers]:
    """Find the stages that rows of tables refer to, and add a fault for those that do not exist.

    Rows whose own key is faulty are passed over, and so is everything if stages have no key.

    Parameters
    ----------
    stages : Checked
    references : sequence of (table, (item column, location column))

    Returns
    -------
    list of (n_rows,) int64
        Row in stages, -1 where there is none; one array per reference.
    """
    found = [np.full(len(checked.frame), -1, dtype=np.int64) for checked, _ in references]
    if not (stages.named(STAGES.key) and len(stages.frame)):
        return found
    there = [place for place, (checked, names) in enumerate(references) if checked.named(names)]
    keys = [
        (checked.frame[names[0]], checked.frame[names[1]])
        for checked, names in (references[place] for place in there)
    ]
    for place, key, rows in zip(there, keys, positions(stages.frame, keys), strict=True):
        found[place] = rows
        _add_orphans(stages, *references[place], *key, rows)
    return found


def _add_orphans(
    stages: Checked,
    checked: Checked,
    reference: tuple[str, str],
    items: pd.Series,
    locations: pd.Series,
    found: Integers,
) -> None:
    orphan = (found < 0) & checked.sound(reference)
    if not orphan.any():
        return
    orphan &= ~_may_be_faulty(stages, items, locations)
    row = int(orphan.argmax())
    value = (items.iloc[row], locations.iloc[row])
    checked.add(
        ", ".join(reference),
        orphan,
        "names a stage that is not in stages",
        _orphan_remedy(stages.frame, value, checked.table.name),
        value=value,
    )


def _may_be_faulty(stages: Checked, items: pd.Series, locations: pd.Series) -> Booleans:
    """Mark keys that some stage may have once its own faulty key is mended: told once is enough."""
    wrong_item, wrong_location = (~stages.sound((name,)) & ~stages.empty for name in STAGES.key)
    return (
        items.isin(stages.frame["item"][wrong_location].unique())
        | locations.isin(stages.frame["location"][wrong_item].unique())
        | bool((wrong_item & wrong_location).any())
    ).to_numpy()


def _orphan_remedy(stages: pd.DataFrame, value: tuple[str, str], table: str) -> str:
    """Offer the stage whose item or location is spelled nearly so, if there is one."""
    remedy = f"add the stage to stages, or remove the row from {table}"
    item, location = (part.casefold() for part in value)
    alike = stages["item"].str.casefold() == item
    alike &= stages["location"].str.casefold() == location
    if alike.any():
        row = int(alike.to_numpy().argmax())
        there = label_of(stages["item"].iloc[row], stages["location"].iloc[row])
        return f"write {there!r}: capital and small letters are told apart"
    bare = stages["item"].map(_without_zeros) == _without_zeros(value[0])
    bare &= stages["location"].map(_without_zeros) == _without_zeros(value[1])
    if bare.any():
        row = int(bare.to_numpy().argmax())
        there = label_of(stages["item"].iloc[row], stages["location"].iloc[row])
        return f"write {there!r}: the leading zeros are lost; read codes with dtype=str"
    if len(stages) <= _MOST_COMPARED:
        near = tuple(
            next(iter(difflib.get_close_matches(part, stages[name].unique(), n=1)), part)
            for name, part in zip(STAGES.key, value, strict=True)
        )
        if ((stages["item"] == near[0]) & (stages["location"] == near[1])).any():
            return f"write {label_of(*near)!r} if that is meant; otherwise {remedy}"
    return remedy


def _without_zeros(code: str) -> str:
    """Give a code of digits as a table program leaves it; any other text as it is."""
    return code.lstrip("0") if code.isdigit() else code


def check_lanes(
    stages: Checked, lanes: Checked, source: Integers, target: Integers
) -> Graph | None:
    """Add faults for self loops and cycles; give the graph if there are none."""
    n_stages = len(stages.frame)
    joined = (source >= 0) & (target >= 0)
    own = joined & (source == target)
    lanes.add(
        "to_item, to_location",
        own,
        "must not be the stage the lane starts from",
        "remove the lane, or correct one of its ends",
        value=_stage_label(stages, int(target[own][0])) if own.any() else None,
    )
    between = joined & ~own
    rows = np.flatnonzero(between)
    source, target = source[rows], target[rows]
    depth = depths(n_stages, source, target)
    if (depth < 0).any():
        _add_cycles(stages, lanes, rows, source, target, cycles(source, target, depth))
        return None
    if not between.all():
        return None
    return Graph(source, target, components(n_stages, source, target), depth)


def _stage_label(stages: Checked, row: int) -> str:
    return label_of(stages.frame["item"].iloc[row], stages.frame["location"].iloc[row])


def _add_cycles(
    stages: Checked,
    lanes: Checked,
    rows: Integers,
    source: Integers,
    target: Integers,
    found: Sequence[Sequence[int]],
) -> None:
    for place, cycle in enumerate(found[:_MOST_CYCLES]):
        names = [_stage_label(stages, stage) for stage in cycle]
        lane = int(rows[np.flatnonzero((source == cycle[-1]) & (target == cycle[0]))[0]])
        more = len(found) - _MOST_CYCLES if place == _MOST_CYCLES - 1 else 0
        also = f" (and {more} more cycles elsewhere)" if more > 0 else ""
        lanes.faults.append(
            Fault(
                "lanes",
                "from_item, from_location, to_item, to_location",
                lane + 1,
                " -> ".join([*names, names[0]]),
                f"lanes form a cycle of {len(cycle)} stages{also}",
                "remove one of its lanes; give a stage that returns goods to itself a new name",
                key=lanes.label(lane),
            )
        )


def check_targets(stages: Checked) -> None:
    """Add a fault where a stage has both forms of a service target."""
    if stages.named(("service_level", "safety_factor")):
        both = stages.frame["service_level"].notna() & stages.frame["safety_factor"].notna()
        stages.add(
            "safety_factor",
            both.to_numpy(),
            "must not stand beside a service_level at the same stage",
            "keep one of the two and leave the other blank",
        )
    if stages.named(("service_measure", "safety_factor")):
        factor = stages.frame["safety_factor"].notna() & (stages.frame["service_measure"] == "fill")
        stages.add(
            "service_measure",
            factor.to_numpy(),
            "must not be 'fill' beside a safety_factor, which is of cycle service",
            "give the fill rate as service_level and leave safety_factor blank",
        )


def check_promises(stages: Checked, customer: Integers) -> None:
    """Add faults of promises to customers where there are none, or that no stock could keep.

    ``customer`` (n_demands,) is the row of ``stages`` of each row of demand, -1 where there is
    none; where some cannot be read nothing is said of customers.
    """
    if not stages.has("customer_service_time"):
        return
    sound = stages.sound(("customer_service_time",))
    promised = stages.frame["customer_service_time"].notna().to_numpy() & sound
    sells = np.zeros(len(stages.frame), dtype=np.bool_)
    sells[customer[customer >= 0]] = True
    stages.add(
        "customer_service_time",
        promised & ~sells & bool((customer >= 0).all()),
        "must be blank where no customer buys",
        "give the stage a row of demand, or leave it blank; max_service_time limits what stages "
        "are quoted",
    )
    if stages.has("can_stock"):
        stages.add(
            "customer_service_time",
            promised & ~stages.frame["can_stock"].to_numpy(dtype=np.bool_),
            "must be blank where can_stock is False: a stage without stock quotes all the same",
            "give max_service_time in its place, or write True for can_stock",
        )


def resolve_value(
    stages: Checked, lanes: Checked, graph: Graph | None, share: Floats
) -> Floats | None:
    """Value of a unit at each stage, money per unit; None where it is not given or faulty.

    ``share`` (n_lanes,) is the part of a component that a lane supplies.
    """
    for name in ("unit_cost", "added_cost"):
        if not stages.sound((name,)).all():
            return None
    value = stages.frame["unit_cost"].to_numpy() if stages.has("unit_cost") else None
    if not stages.has("added_cost"):
        return None if value is None else value.copy()
    if graph is None or not lanes.sound(("units_required",)).all():
        total = None
    else:
        units = (
            lanes.frame["units_required"].to_numpy()
            if lanes.has("units_required")
            else np.ones(len(lanes.frame))
        )
        total = accumulate(graph, stages.frame["added_cost"].to_numpy(), units * share)
    if value is not None:
        # a frame that came from Network.stages has both, and they agree
        apart = np.ones(len(value), dtype=np.bool_)
        if total is not None:
            apart = ~np.isclose(value, total, rtol=_AGREE, atol=0.0)
        stages.add(
            "unit_cost",
            apart,
            "must not be given together with added_cost, from which it follows",
            "keep one of the two columns",
        )
    return total


def resolve_holding_cost(
    stages: Checked, value: Floats | None, rate: float | None, periods_per_year: float
) -> tuple[Floats | None, Fault | None]:
    """Holding cost of each stage, money per unit and period, and what is wrong with the rate."""
    if stages.frame.empty:
        return None, None  # told already; costs would be told in vain
    valued = stages.has("unit_cost") or stages.has("added_cost")
    if not stages.has("holding_cost"):
        if not valued:
            stages.faults.append(
                Fault(
                    "stages",
                    "holding_cost",
                    0,
                    None,
                    "the holding cost is unknown: neither holding_cost nor a value is given",
                    "add a column holding_cost, or unit_cost or added_cost with holding_rate",
                )
            )
            return None, None
        if rate is None:
            return None, Fault(
                "network",
                "holding_rate",
                0,
                None,
                "is missing: stages give a value and no holding_cost",
                "give holding_rate, 0.25 for 25 % of the value per year, "
                "or add a column holding_cost to stages (0 is allowed)",
            )
        return (None if value is None else rate * value / periods_per_year), None
    given = stages.frame["holding_cost"].to_numpy()
    if rate is None:
        return given.copy(), None
    if not valued:
        return None, Fault(
            "network",
            "holding_rate",
            0,
            rate,
            "has nothing to act on: stages give holding_cost and no value",
            "leave holding_rate out, or give unit_cost or added_cost in place of holding_cost",
        )
    if value is not None and stages.sound(("holding_cost",)).all():
        apart = ~np.isclose(given, rate * value / periods_per_year, rtol=_AGREE, atol=0.0)
        stages.add(
            "holding_cost",
            apart,
            f"differs from holding_rate {rate:g} x value / {periods_per_year:g} periods",
            "leave out the column holding_cost, or holding_rate",
        )
    return given.copy(), None
