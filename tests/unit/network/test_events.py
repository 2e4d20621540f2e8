"""Levels that change with time, the calendar, and disruptions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.pharma import faults, network, stages, told

ENDS = {
    "from_item": "api",
    "from_location": "Basel",
    "to_item": "drug",
    "to_location": "plant",
}


def levels(**columns: Any) -> pd.DataFrame:
    frame = {"item": "drug", "location": ["depot"] * 2 + ["plant"], "period": [0, 1, 0]}
    return pd.DataFrame(frame | {"base_stock": [90.0, 120.0, 200.0]} | columns)


def windows(**columns: Any) -> pd.DataFrame:
    frame = {"item": "api", "location": ["Basel", "Pune"], "start": [0, 4], "length": [2, 3]}
    return pd.DataFrame(frame | columns)


def disruptions(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


FLOOD = {"name": "flood", "item": "api", "location": "Pune", "first_period": 5, "last_period": 9}
STRIKE = {"name": "strike", **ENDS, "failure_rate": 0.01, "recovery_rate": 0.25}


def test_tables_that_are_not_given_have_no_rows_and_every_column() -> None:
    made = network()
    for name in ("levels", "calendar", "disruptions"):
        frame = getattr(made, name)
        assert len(frame) == 0
    assert list(made.levels) == ["item", "location", "period", "base_stock", "reorder_point"]
    assert made.levels.dtypes["period"] == made.calendar.dtypes["start"] == np.int64
    assert made.calendar.dtypes["every"] == np.float64
    assert made.disruptions.dtypes["ships"] == np.bool_
    assert made.level_stages.tolist() == made.disruption_lanes.tolist() == []
    empty = network(levels=made.levels, calendar=made.calendar, disruptions=made.disruptions)
    assert empty.equals(made)
    assert empty.digests == made.digests


def test_levels_point_at_their_stages() -> None:
    made = network(levels=levels())
    assert made.level_stages.tolist() == [3, 3, 2]
    assert made.levels["base_stock"].tolist() == [90.0, 120.0, 200.0]
    assert made.levels["reorder_point"].isna().all()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"period": [0, 2, 0]}, [("period", 1, 1)]),
        ({"period": [0, 0, 0]}, [("item, location, period", 2, 1)]),
        ({"period": [0, 0.5, 0]}, [("period", 2, 1)]),
        ({"period": [0, -1, 0]}, [("period", 2, 1)]),
        ({"location": ["depot", "depot", "plnat"]}, [("item, location", 3, 1)]),
        ({"base_stock": [90.0, None, 200.0]}, [("base_stock", 2, 1)]),
        ({"base_stock": [90.0, 120.0, None]}, [("base_stock", 3, 1)]),
        ({"reorder_point": [None, None, 9.0]}, [("reorder_point", 3, 1)]),
    ],
)
def test_a_cycle_of_levels_is_whole(
    columns: dict[str, Any], expected: list[tuple[str, int, int]]
) -> None:
    assert told(levels=levels(**columns)) == [("levels", *place) for place in expected]


def test_a_min_max_stage_takes_its_levels_from_either_table() -> None:
    policy = [None, None, None, "min_max"]
    given = stages(policy=policy, base_stock=[None, None, None, 100.0])
    assert told(stages=given) == [("stages", "reorder_point", 4, 1)]
    points = levels(base_stock=[None, None, 200.0], reorder_point=[40.0, 60.0, None])
    assert network(stages=given, levels=points).n_stages == 4
    points = levels(base_stock=[None, None, 200.0], reorder_point=[40.0, 100.0, None])
    assert told(stages=given, levels=points) == [("levels", "reorder_point", 2, 1)]


def test_windows_point_at_their_stages_and_may_overlap() -> None:
    twice = pd.concat([windows(every=[None, 8]), windows(start=[1, 5])], ignore_index=True)
    made = network(calendar=twice)
    assert made.calendar_stages.tolist() == [0, 1, 0, 1]
    assert made.calendar["every"].tolist()[1] == 8.0
    assert made.calendar["every"].isna().tolist() == [True, False, True, True]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"every": [None, 2]}, [("length", 2, 1)]),
        ({"every": [2, 3]}, []),
        ({"length": [0, 3]}, [("length", 1, 1)]),
        ({"start": [-1, 3]}, [("start", 1, 1)]),
        ({"every": [0, None]}, [("every", 1, 1)]),
        ({"location": ["Basel", "Poona"]}, [("item, location", 2, 1)]),
    ],
)
def test_a_window_closes_before_it_opens_again(
    columns: dict[str, Any], expected: list[tuple[str, int, int]]
) -> None:
    given = windows(**columns)
    if expected:
        assert told(calendar=given) == [("calendar", *place) for place in expected]
    else:
        assert len(network(calendar=given).calendar) == 2


def test_a_row_of_the_calendar_is_named_by_stage_and_start() -> None:
    (fault,) = faults(calendar=windows(every=[None, 2]))
    assert fault.key == "api @ Pune / start 4"


def test_disruptions_point_at_stages_and_lanes() -> None:
    made = network(disruptions=disruptions(FLOOD, STRIKE))
    assert made.disruption_stages.tolist() == [1, -1]
    assert made.disruption_lanes.tolist() == [-1, 0]
    frame = made.disruptions
    assert frame["from_item"].tolist() == ["", "api"]
    assert frame["first_period"].tolist()[0] == 5.0
    assert frame["failure_rate"].isna().tolist() == [True, False]
    assert frame["capacity_left"].tolist() == [0.0, 0.0]
    assert frame["in_transit_held"].tolist() == [False, False]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (FLOOD | ENDS, [("item, location", 2)]),
        ({"name": "x", "failure_rate": 0.1, "recovery_rate": 0.5}, [("item, location", 2)]),
        (FLOOD | {"location": None}, [("location", 2)]),
        (STRIKE | {"to_item": None}, [("to_item", 2)]),
        (FLOOD | {"location": "Poona"}, [("item, location", 2)]),
        (STRIKE | {"to_location": "plnat"}, [("to_item, to_location", 2)]),
        (
            STRIKE | {"to_location": "depot"},
            [("from_item, from_location, to_item, to_location", 2)],
        ),
        (FLOOD | {"failure_rate": 0.1, "recovery_rate": 0.5}, [("failure_rate", 2)]),
        (FLOOD | {"first_period": None, "last_period": None}, [("failure_rate", 2)]),
        (FLOOD | {"last_period": None}, [("last_period", 2)]),
        (STRIKE | {"recovery_rate": None}, [("recovery_rate", 2)]),
        (STRIKE | {"recovery_rate": 0.0}, [("recovery_rate", 2)]),
        (STRIKE | {"failure_rate": 5.0}, [("failure_rate", 2)]),
        (FLOOD | {"last_period": 4}, [("last_period", 2)]),
        (FLOOD | {"in_transit_held": True}, [("in_transit_held", 2)]),
        (STRIKE | {"ships": True}, [("ships", 2)]),
        (STRIKE | {"capacity_left": 0.5}, [("capacity_left", 2)]),
        (STRIKE | {"stock_destroyed": 0.5}, [("stock_destroyed", 2)]),
        (FLOOD | {"stock_destroyed": 50.0}, [("stock_destroyed", 2)]),
    ],
)
def test_a_disruption_is_of_one_place_and_one_time(
    row: dict[str, Any], expected: list[tuple[str, int]]
) -> None:
    given = disruptions({**STRIKE, "name": "first", "failure_rate": 0.5}, row)
    assert [(column, at) for _, column, at, _ in told(disruptions=given)] == expected


def test_names_of_disruptions_are_unique() -> None:
    (fault,) = faults(disruptions=disruptions(FLOOD, STRIKE | {"name": "flood"}))
    assert (fault.column, fault.row, fault.key) == ("name", 2, "flood")


def test_a_nearly_right_name_is_offered() -> None:
    (fault,) = faults(disruptions=disruptions(STRIKE, FLOOD | {"location": "pune"}))
    assert fault.value == ("api", "pune")
    assert fault.remedy.startswith("write 'api @ Pune'")


def test_faults_of_all_tables_are_told_at_once() -> None:
    found = told(
        stages=stages(policy=[None, None, None, "reorder_point"]),
        levels=levels(period=[0, 2, 0]),
        calendar=windows(every=[1, None]),
        disruptions=disruptions(FLOOD | {"last_period": 4}),
    )
    assert [place[:2] for place in found] == [
        ("stages", "order_quantity"),
        ("levels", "period"),
        ("calendar", "length"),
        ("disruptions", "last_period"),
    ]


def test_the_table_in_the_wrong_place_is_recognised() -> None:
    (fault,) = faults(levels=windows())
    assert fault.message == "looks like the calendar table"
