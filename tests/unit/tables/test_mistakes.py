"""Every mistake answers with table, column, row, value and what to do, and with nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from echelon.errors import EchelonError, TableError
from echelon.network import Network
from echelon.tables import CATALOG
from echelon.tables.header import check_header


def sound() -> dict[str, Any]:
    """A bike from ten bolts, sold in a shop: arguments of from_tables without a fault."""
    return {
        "stages": pd.DataFrame(
            {
                "item": ["bolt", "frame", "bike"],
                "location": ["plant", "plant", "shop"],
                "lead_time": [4.0, 3.0, 1.0],
                "added_cost": [1.0, 40.0, 15.0],
                "service_level": [np.nan, np.nan, 0.95],
            }
        ),
        "lanes": pd.DataFrame(
            {
                "from_item": ["bolt", "frame"],
                "from_location": ["plant", "plant"],
                "to_item": ["bike", "bike"],
                "to_location": ["shop", "shop"],
                "units_required": [10.0, 1.0],
                "lead_time": [2.0, 2.0],
            }
        ),
        "demand": pd.DataFrame(
            {
                "item": ["bike", "frame"],
                "location": ["shop", "plant"],
                "family": ["normal", "normal"],
                "mean": [20.0, 2.0],
                "std": [5.0, 1.0],
            }
        ),
        "holding_rate": 0.26,
    }


def put(table: str, column: str, row: int, value: object) -> Callable[[dict[str, Any]], None]:
    """Write one cell; ``row`` counts from 1. A column that is not there is added blank."""

    def change(given: dict[str, Any]) -> None:
        frame = given[table]
        cells = list(frame[column]) if column in frame else [np.nan] * len(frame)
        cells[row - 1] = value
        dtype = object if isinstance(value, int) else None
        given[table] = frame.assign(**{column: pd.Series(cells, dtype=dtype)})

    return change


def column(table: str, name: str, values: object) -> Callable[[dict[str, Any]], None]:
    def change(given: dict[str, Any]) -> None:
        given[table] = given[table].assign(**{name: values})

    return change


def append(table: str, **cells: object) -> Callable[[dict[str, Any]], None]:
    def change(given: dict[str, Any]) -> None:
        given[table] = pd.concat([given[table], pd.DataFrame([cells])], ignore_index=True)

    return change


def repeat(table: str, row: int) -> Callable[[dict[str, Any]], None]:
    def change(given: dict[str, Any]) -> None:
        frame = given[table]
        given[table] = pd.concat([frame, frame.iloc[[row - 1]]], ignore_index=True)

    return change


def frame(table: str, change: Callable[[pd.DataFrame], object]) -> Callable[[dict[str, Any]], None]:
    def replace(given: dict[str, Any]) -> None:
        given[table] = change(given[table])

    return replace


def setting(**values: object) -> Callable[[dict[str, Any]], None]:
    return lambda given: given.update(values)


def both(*changes: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def change(given: dict[str, Any]) -> None:
        for one in changes:
            one(given)

    return change


@dataclass(frozen=True)
class Mistake:
    """What is done wrong, and the one fault it must give."""

    name: str
    change: Callable[[dict[str, Any]], None]
    table: str
    column: str
    row: int
    value: object
    remedy: str
    count: int = 1


NAN = float("nan")
MISTAKES = [
    # the shape of tables
    Mistake(
        "unknown column",
        column("stages", "lead_tme", 1.0),
        "stages",
        "lead_tme",
        0,
        "lead_tme",
        "drop it",
    ),
    Mistake(
        "misspelt column",
        frame("stages", lambda f: f.rename(columns={"lead_time": "Leadtime"})),
        "stages",
        "Leadtime",
        0,
        "Leadtime",
        "rename it to 'lead_time'",
    ),
    Mistake(
        "missing key column",
        frame("lanes", lambda f: f.drop(columns="to_item")),
        "lanes",
        "to_item",
        0,
        None,
        "add it",
    ),
    Mistake(
        "key in the index",
        frame("stages", lambda f: f.set_index("item")),
        "stages",
        "item",
        0,
        None,
        "reset_index",
    ),
    Mistake(
        "column twice",
        frame("stages", lambda f: pd.concat([f, f[["lead_time"]]], axis=1)),
        "stages",
        "lead_time",
        0,
        "lead_time",
        "keep one",
    ),
    Mistake(
        "header of two levels",
        frame(
            "demand", lambda f: f.set_axis(pd.MultiIndex.from_product([["x"], f.columns]), axis=1)
        ),
        "demand",
        "",
        0,
        ("x", "item"),
        "plain names",
    ),
    Mistake(
        "not a frame",
        frame("demand", lambda f: f.to_dict("records")),
        "demand",
        "",
        0,
        "list",
        "pd.DataFrame",
    ),
    Mistake(
        "no demand rows", frame("demand", lambda f: f.iloc[:0]), "demand", "", 0, None, "leave the"
    ),
    # keys and references
    Mistake(
        "stage twice",
        repeat("stages", 1),
        "stages",
        "item, location",
        4,
        ("bolt", "plant"),
        "merge",
    ),
    Mistake(
        "lane twice",
        repeat("lanes", 2),
        "lanes",
        "from_item, from_location, to_item, to_location",
        3,
        ("frame", "plant", "bike", "shop"),
        "merge",
    ),
    Mistake(
        "demand twice",
        repeat("demand", 1),
        "demand",
        "item, location",
        3,
        ("bike", "shop"),
        "merge",
    ),
    Mistake(
        "segment twice",
        both(column("demand", "segment", "web"), repeat("demand", 1)),
        "demand",
        "item, location, segment",
        3,
        ("bike", "shop", "web"),
        "merge",
    ),
    Mistake(
        "key missing", put("stages", "location", 2, None), "stages", "location", 2, NAN, "name"
    ),
    Mistake("key empty", put("stages", "item", 2, " "), "stages", "item", 2, " ", "name"),
    Mistake(
        "key padded", put("stages", "item", 1, " bolt"), "stages", "item", 1, " bolt", "'bolt'"
    ),
    Mistake(
        "key with a line break",
        put("stages", "item", 1, "bo\nlt"),
        "stages",
        "item",
        1,
        "bo\nlt",
        "remove",
    ),
    Mistake("key a fraction", put("stages", "item", 1, 1.5), "stages", "item", 1, 1.5, "name"),
    Mistake("key a truth value", put("stages", "item", 1, True), "stages", "item", 1, True, "name"),
    Mistake(
        "lane from nowhere",
        put("lanes", "from_item", 1, "blot"),
        "lanes",
        "from_item, from_location",
        1,
        ("blot", "plant"),
        "'bolt @ plant'",
    ),
    Mistake(
        "lane from a stage in capital letters",
        put("lanes", "from_item", 1, "BOLT"),
        "lanes",
        "from_item, from_location",
        1,
        ("BOLT", "plant"),
        "write 'bolt @ plant': capital and small letters are told apart",
    ),
    Mistake(
        "lane to nowhere",
        put("lanes", "to_location", 2, "moon"),
        "lanes",
        "to_item, to_location",
        2,
        ("bike", "moon"),
        "add the stage",
    ),
    Mistake(
        "demand nowhere",
        put("demand", "item", 1, "scooter"),
        "demand",
        "item, location",
        1,
        ("scooter", "shop"),
        "add the stage",
    ),
    Mistake(
        "lane from a code that lost its zeros",
        both(put("stages", "item", 1, "007"), put("lanes", "from_item", 1, "7")),
        "lanes",
        "from_item, from_location",
        1,
        ("7", "plant"),
        "write '007 @ plant': the leading zeros are lost; read codes with dtype=str",
    ),
    Mistake(
        "self loop",
        append(
            "lanes",
            from_item="bike",
            from_location="shop",
            to_item="bike",
            to_location="shop",
            units_required=1.0,
            lead_time=0.0,
        ),
        "lanes",
        "to_item, to_location",
        3,
        "bike @ shop",
        "remove the lane",
    ),
    Mistake(
        "cycle",
        append(
            "lanes",
            from_item="bike",
            from_location="shop",
            to_item="bolt",
            to_location="plant",
            units_required=1.0,
            lead_time=0.0,
        ),
        "lanes",
        "from_item, from_location, to_item, to_location",
        3,
        "bolt @ plant -> bike @ shop -> bolt @ plant",
        "remove one",
    ),
    # numbers
    Mistake(
        "NaN lead time",
        put("stages", "lead_time", 2, NAN),
        "stages",
        "lead_time",
        2,
        NAN,
        "whole column out",
    ),
    Mistake(
        "NaN cost",
        put("stages", "added_cost", 3, NAN),
        "stages",
        "added_cost",
        3,
        NAN,
        "whole column out",
    ),
    Mistake(
        "NaN units",
        put("lanes", "units_required", 1, NAN),
        "lanes",
        "units_required",
        1,
        NAN,
        "write 1 where that is meant, or leave the whole column out for 1 in every row",
    ),
    Mistake("NaN mean", put("demand", "mean", 2, NAN), "demand", "mean", 2, NAN, "mean per period"),
    Mistake("NaN std", put("demand", "std", 1, NAN), "demand", "std", 1, NAN, "standard deviation"),
    Mistake(
        "no std",
        frame("demand", lambda f: f.drop(columns="std")),
        "demand",
        "std",
        1,
        NAN,
        "standard deviation",
        2,
    ),
    Mistake(
        "negative lead time",
        put("stages", "lead_time", 1, -1.0),
        "stages",
        "lead_time",
        1,
        -1.0,
        "periods",
    ),
    Mistake(
        "negative lane time",
        put("lanes", "lead_time", 2, -2.0),
        "lanes",
        "lead_time",
        2,
        -2.0,
        "periods",
    ),
    Mistake(
        "negative std",
        put("demand", "std", 2, -1.0),
        "demand",
        "std",
        2,
        -1.0,
        "standard deviation",
    ),
    Mistake(
        "negative mean",
        put("demand", "mean", 1, -20.0),
        "demand",
        "mean",
        1,
        -20.0,
        "leave the row out",
    ),
    Mistake(
        "units 0",
        put("lanes", "units_required", 1, 0.0),
        "lanes",
        "units_required",
        1,
        0.0,
        "remove the lane",
    ),
    Mistake(
        "infinite lead time",
        put("stages", "lead_time", 1, np.inf),
        "stages",
        "lead_time",
        1,
        np.inf,
        "periods",
    ),
    Mistake(
        "minus infinite limit",
        put("stages", "max_service_time", 1, -np.inf),
        "stages",
        "max_service_time",
        1,
        -np.inf,
        "blank",
    ),
    Mistake(
        "a huge integer",
        put("stages", "lead_time", 1, 10**400),
        "stages",
        "lead_time",
        1,
        10**400,
        "periods",
    ),
    Mistake(
        "text as number",
        put("stages", "lead_time", 2, "three"),
        "stages",
        "lead_time",
        2,
        "three",
        "periods",
    ),
    Mistake(
        "numerals",
        column("stages", "lead_time", ["4", "3", "1"]),
        "stages",
        "lead_time",
        1,
        "4",
        "pd.to_numeric(stages['lead_time'])",
        3,
    ),
    Mistake(
        "decimal comma",
        put("stages", "lead_time", 2, "3,5"),
        "stages",
        "lead_time",
        2,
        "3,5",
        "decimal point: 3.5",
    ),
    Mistake(
        "truth value as number",
        column("stages", "lead_time", [True, False, True]),
        "stages",
        "lead_time",
        1,
        True,
        "periods",
        3,
    ),
    Mistake(
        "date as number",
        column("stages", "lead_time", pd.Timestamp("2026-01-01")),
        "stages",
        "lead_time",
        1,
        pd.Timestamp("2026-01-01"),
        "periods",
        3,
    ),
    Mistake(
        "half a review",
        column("stages", "review_period", [0, 1.5, 2]),
        "stages",
        "review_period",
        2,
        1.5,
        "whole number",
    ),
    Mistake(
        "NaN review",
        column("stages", "review_period", [0, NAN, 2]),
        "stages",
        "review_period",
        2,
        NAN,
        "continuous review",
    ),
    Mistake(
        "number as flag",
        column("stages", "can_stock", [1, 0, 2]),
        "stages",
        "can_stock",
        3,
        2,
        "True or False, or 1 or 0",
    ),
    Mistake(
        "text as flag",
        column("stages", "can_stock", ["yes", "no", "yes"]),
        "stages",
        "can_stock",
        1,
        "yes",
        "stages['can_stock'].map({'yes': True, 'no': False})",
        3,
    ),
    Mistake(
        "NaN flag",
        column("stages", "can_stock", [True, None, True]),
        "stages",
        "can_stock",
        2,
        None,
        "True or False",
    ),
    # service
    Mistake(
        "service level 97.5",
        put("stages", "service_level", 3, 97.5),
        "stages",
        "service_level",
        3,
        97.5,
        "write 0.975",
    ),
    Mistake(
        "service level 0",
        put("stages", "service_level", 3, 0.0),
        "stages",
        "service_level",
        3,
        0.0,
        "fraction",
    ),
    Mistake(
        "service level 1",
        put("stages", "service_level", 3, 1.0),
        "stages",
        "service_level",
        3,
        1.0,
        "fraction",
    ),
    Mistake(
        "service level in per cent",
        put("stages", "service_level", 3, "97.5%"),
        "stages",
        "service_level",
        3,
        "97.5%",
        "write 0.975",
    ),
    Mistake(
        "two targets",
        put("stages", "safety_factor", 3, 1.6),
        "stages",
        "safety_factor",
        3,
        1.6,
        "keep one",
    ),
    Mistake(
        "unknown allocation",
        column("stages", "allocation", ["priority", "fair", "Priority"]),
        "stages",
        "allocation",
        2,
        "fair",
        "proportional",
        2,
    ),
    # money
    Mistake(
        "two values",
        column("stages", "unit_cost", 7.0),
        "stages",
        "unit_cost",
        1,
        7.0,
        "keep one",
        3,
    ),
    Mistake(
        "two holding costs",
        column("stages", "holding_cost", 1.0),
        "stages",
        "holding_cost",
        1,
        1.0,
        "leave out",
        3,
    ),
    Mistake(
        "no cost at all",
        frame("stages", lambda f: f.drop(columns="added_cost")),
        "stages",
        "holding_cost",
        0,
        None,
        "unit_cost or added_cost",
    ),
    Mistake(
        "no holding rate",
        setting(holding_rate=None),
        "network",
        "holding_rate",
        0,
        None,
        "give holding_rate",
    ),
    Mistake(
        "holding rate 35", setting(holding_rate=35), "network", "holding_rate", 0, 35, "write 0.35"
    ),
    Mistake(
        "holding rate NaN",
        setting(holding_rate=NAN),
        "network",
        "holding_rate",
        0,
        NAN,
        "leave it out",
    ),
    Mistake(
        "rate without a value",
        frame("stages", lambda f: f.drop(columns="added_cost").assign(holding_cost=1.0)),
        "network",
        "holding_rate",
        0,
        0.26,
        "leave holding_rate out",
    ),
    # settings
    Mistake(
        "unknown period", setting(period="weeks"), "network", "period", 0, "weeks", "write 'week'"
    ),
    Mistake(
        "no periods in a year",
        setting(periods_per_year=0),
        "network",
        "periods_per_year",
        0,
        0,
        "260",
    ),
    Mistake("number as currency", setting(currency=978), "network", "currency", 0, 978, "EUR"),
    # demand
    Mistake(
        "unknown family",
        put("demand", "family", 1, "norml"),
        "demand",
        "family",
        1,
        "norml",
        "write 'normal'",
    ),
    Mistake(
        "empty family",
        put("demand", "family", 2, None),
        "demand",
        "family",
        2,
        "",
        "name the family",
    ),
    Mistake(
        "poisson of another std", put("demand", "family", 1, "poisson"), "demand", "std", 1, 5.0, ""
    ),
    Mistake(
        "empirical without its values",
        both(
            put("demand", "family", 1, "empirical"),
            put("demand", "mean", 1, None),
            put("demand", "std", 1, None),
        ),
        "demand",
        "parameters",
        1,
        NAN,
        '{"values": [0, 5, 20]}',
    ),
    Mistake(
        "parameters no JSON",
        column("demand", "parameters", ["{low: 0}", ""]),
        "demand",
        "parameters",
        1,
        "{low: 0}",
        "JSON object",
    ),
    Mistake(
        "parameters a list",
        column("demand", "parameters", ["", "[1, 2]"]),
        "demand",
        "parameters",
        2,
        "[1, 2]",
        "JSON object",
    ),
    Mistake(
        "parameters unknown",
        column("demand", "parameters", ['{"skew": 2}', ""]),
        "demand",
        "parameters",
        1,
        '{"skew": 2}',
        "",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_gives_one_fault_that_says_it_all(mistake: Mistake) -> None:
    given = sound()
    mistake.change(given)
    with pytest.raises(TableError) as caught:
        Network.from_tables(**given)
    (fault,) = caught.value.faults
    assert (fault.table, fault.column, fault.row) == (mistake.table, mistake.column, mistake.row)
    if isinstance(mistake.value, float) and math.isnan(mistake.value):
        assert pd.isna(fault.value)  # None where pandas before 3 keeps it
    else:
        assert fault.value == mistake.value
        assert type(fault.value) is type(mistake.value)
    assert fault.count == mistake.count
    assert mistake.remedy in fault.remedy
    assert fault.remedy
    assert str(fault) in str(caught.value)


def test_the_sound_tables_have_no_fault() -> None:
    assert Network.from_tables(**sound()).stages["unit_cost"].tolist() == [1.0, 40.0, 65.0]


def test_there_are_enough_mistakes_and_no_two_alike() -> None:
    names = [mistake.name for mistake in MISTAKES]
    assert len(set(names)) == len(names) >= 35


@pytest.mark.parametrize("stages", [pd.DataFrame(), pd.DataFrame({"item": [], "location": []})])
def test_no_stages(stages: pd.DataFrame) -> None:
    with pytest.raises(TableError, match=r"stages: the table has no rows\. Fix: give at least one"):
        Network.from_tables(stages, holding_rate=0.2)


def test_stages_that_are_no_frame_do_not_hide_other_faults() -> None:
    given = sound()
    given["stages"] = None
    put("lanes", "units_required", 1, -1.0)(given)
    with pytest.raises(TableError) as caught:
        Network.from_tables(**given)
    assert [(fault.table, fault.column) for fault in caught.value.faults] == [
        ("stages", ""),
        ("lanes", "units_required"),
    ]


def test_faults_of_all_tables_come_at_once() -> None:
    given = sound()
    for change in (
        put("stages", "lead_time", 1, -4.0),
        put("stages", "service_level", 3, 97.5),
        put("lanes", "from_item", 2, "fork"),
        put("lanes", "units_required", 1, NAN),
        put("demand", "family", 1, "gama"),
        put("demand", "std", 2, -1.0),
        append("demand", item="bell", location="shop", family="normal", mean=1.0, std=1.0),
        setting(holding_rate=26.0, period="Week"),
    ):
        change(given)
    with pytest.raises(TableError) as caught:
        Network.from_tables(**given)
    found = [(fault.table, fault.column, fault.row) for fault in caught.value.faults]
    assert found == [
        ("stages", "lead_time", 1),
        ("stages", "service_level", 3),
        ("lanes", "units_required", 1),
        ("lanes", "from_item, from_location", 2),
        ("demand", "std", 2),
        ("demand", "item, location", 3),
        ("demand", "family", 1),
        ("network", "period", 0),
        ("network", "holding_rate", 0),
    ]
    assert str(caught.value).startswith("9 faults in the tables:\n  1. stages.lead_time: ")
    assert len(str(caught.value).splitlines()) == 10


def test_rows_with_the_same_fault_are_counted_and_the_first_one_named() -> None:
    given = sound()
    column("stages", "lead_time", [1.0, -2.0, -3.0])(given)
    with pytest.raises(TableError) as caught:
        Network.from_tables(**given)
    assert str(caught.value.faults[0]) == (
        "stages.lead_time: must be a number >= 0 and <= 1,000,000 [period]; "
        "2 rows, first at row 2 (frame @ plant): "
        "-2.0. Fix: give the time in periods of the network, 0 where the stage takes no time."
    )


def test_each_kind_of_wrong_cell_in_a_column_is_a_fault_of_its_own() -> None:
    given = sound()
    column("stages", "lead_time", pd.Series([None, "x", True], dtype=object))(given)
    with pytest.raises(TableError) as caught:
        Network.from_tables(**given)
    assert [(fault.row, fault.value) for fault in caught.value.faults] == [
        (1, None),
        (3, True),
        (2, "x"),
    ]


def test_one_cycle_is_named_in_each_part_that_has_some() -> None:
    names = list("abcdefg")
    ends = ["ab", "bc", "ca", "cb", "cd", "de", "ef", "fe", "fg"]
    stages = pd.DataFrame({"item": names, "location": "x", "holding_cost": 1.0})
    lanes = pd.DataFrame(
        {
            "from_item": [pair[0] for pair in ends],
            "from_location": "x",
            "to_item": [pair[1] for pair in ends],
            "to_location": "x",
        }
    )
    with pytest.raises(TableError) as caught:
        Network.from_tables(stages, lanes)
    assert [fault.value for fault in caught.value.faults] == [
        "a @ x -> b @ x -> c @ x -> a @ x",
        "e @ x -> f @ x -> e @ x",
    ]


def test_many_cycles_are_counted_after_the_first_twenty() -> None:
    names = [f"s{number}" for number in range(60)]
    stages = pd.DataFrame({"item": names, "location": "x", "holding_cost": 1.0})
    partner = [names[number ^ 1] for number in range(60)]
    lanes = pd.DataFrame(
        {"from_item": names, "from_location": "x", "to_item": partner, "to_location": "x"}
    )
    with pytest.raises(TableError, match=r"and 10 more cycles elsewhere") as caught:
        Network.from_tables(stages, lanes)
    assert len(caught.value.faults) == 20


def test_rows_are_counted_by_place_whatever_the_index_says() -> None:
    given = sound()
    given["stages"] = given["stages"].set_index(pd.Index([7, 7, -1]))
    put_row = given["stages"]["lead_time"].to_numpy(copy=True)
    put_row[1] = -1.0
    given["stages"] = given["stages"].assign(lead_time=put_row)
    given["demand"].index = pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])
    with pytest.raises(TableError) as caught:
        Network.from_tables(**given)
    assert [(fault.row, fault.key) for fault in caught.value.faults] == [(2, "frame @ plant")]


def test_a_bad_table_is_an_error_of_the_library_and_a_value_error() -> None:
    given = sound()
    setting(period="year")(given)
    with pytest.raises(EchelonError):
        Network.from_tables(**given)
    with pytest.raises(ValueError, match=r"network\.period"):
        Network.from_tables(**given)


def test_no_two_columns_are_to_be_called_the_same():
    pair = pd.DataFrame({"location_1": ["x"], "location_2": ["y"]})
    faults = {fault.column: fault.remedy for fault in check_header(pair, CATALOG["correlation"])}
    assert faults["location_1"] == "rename it to 'location'"
    assert faults["location_2"] == "rename it to 'other_location'"
