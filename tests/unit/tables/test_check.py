"""Reading one table: what is accepted in many guises, and that nothing of the input is touched."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from echelon.errors import TableError
from echelon.network import Network
from echelon.tables import DEMAND, STAGES, check_table

KEYS = {"item": ["a", "b"], "location": ["x", "x"]}


@pytest.mark.parametrize(
    "items",
    [
        pd.Series([1001, 1002]),
        pd.Series([1001, 1002], dtype="Int64"),
        pd.Series([1001, 1002], dtype="uint16"),
        pd.Series([1001.0, 1002.0]),
        pd.Series([1001, "1002"], dtype=object),
        pd.Series(["1001", "1002"], dtype="category"),
        pd.Series([1001, 1002], dtype="category"),
        pd.Series(["1001", "1002"], dtype="string"),
        pd.Series([Decimal(1001), np.int16(1002)], dtype=object),
    ],
    ids=lambda series: str(series.dtype),
)
def test_keys_are_kept_as_text(items: pd.Series) -> None:
    checked = check_table(pd.DataFrame({"item": items, "location": ["x", "x"]}), STAGES)
    assert checked.faults == []
    assert checked.frame["item"].tolist() == ["1001", "1002"]


def test_a_key_beyond_64_bits_is_kept() -> None:
    frame = pd.DataFrame({"item": pd.Series([2**70, 2**70 + 1], dtype=object), "location": "x"})
    assert check_table(frame, STAGES).frame["item"].tolist() == [str(2**70), str(2**70 + 1)]


def test_a_number_and_the_same_as_text_are_one_key() -> None:
    frame = pd.DataFrame({"item": pd.Series([7, "7"], dtype=object), "location": "x"})
    (fault,) = check_table(frame, STAGES).faults
    assert (fault.row, fault.value) == (2, ("7", "x"))


@pytest.mark.parametrize(
    "times",
    [
        pd.Series([1, 2]),
        pd.Series([1.0, 2.0], dtype="float32"),
        pd.Series([1, 2], dtype="Int8"),
        pd.Series([1.0, 2.0], dtype="Float64"),
        pd.Series([1, Decimal(2)], dtype=object),
        pd.Series([1.0, 2.0], dtype=object),
        pd.Series([1, 2], dtype="category"),
    ],
    ids=lambda series: str(series.dtype),
)
def test_numbers_of_any_kind_become_float64(times: pd.Series) -> None:
    checked = check_table(pd.DataFrame({**KEYS, "lead_time": times}), STAGES)
    assert checked.faults == []
    assert checked.frame["lead_time"].dtype == np.float64
    assert checked.frame["lead_time"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "levels",
    [
        pd.Series([0.9, None], dtype=object),
        pd.Series([0.9, pd.NA], dtype=object),
        pd.Series([0.9, pd.NA], dtype="Float64"),
        pd.Series([0.9, np.nan]),
    ],
    ids=["None", "NA", "Float64", "nan"],
)
def test_every_blank_is_blank(levels: pd.Series) -> None:
    checked = check_table(pd.DataFrame({**KEYS, "service_level": levels}), STAGES)
    assert checked.faults == []
    assert checked.frame["service_level"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "flags",
    [
        [True, False],
        [1, 0],
        [1.0, 0.0],
        pd.Series([True, False], dtype="boolean"),
        pd.Series([1, False], dtype=object),
    ],
)
def test_flags(flags: object) -> None:
    checked = check_table(pd.DataFrame({**KEYS, "can_stock": flags}), STAGES)
    assert checked.frame["can_stock"].dtype == np.bool_
    assert checked.frame["can_stock"].tolist() == [True, False]


def test_a_flag_column_with_a_blank_is_read_as_objects() -> None:
    frame = pd.DataFrame({**KEYS, "can_stock": pd.Series([np.False_, None], dtype=object)})
    (fault,) = check_table(frame, STAGES).faults
    assert (fault.row, fault.message) == (2, "the cell is empty")


def test_one_text_in_a_column_of_numbers_is_the_one_at_fault() -> None:
    """As pandas reads a CSV file: every cell is text because one is."""
    times = pd.Series(["12", "4 wk", "-1", " 3", "inf", None], dtype="str")
    keys = {"item": list("abcdef"), "location": "x"}
    checked = check_table(pd.DataFrame({**keys, "lead_time": times}), STAGES)
    assert [(fault.row, fault.value, fault.count) for fault in checked.faults] == [
        (6, checked.faults[0].value, 1),
        (2, "4 wk", 1),
        (5, math.inf, 1),
        (3, -1.0, 1),
    ]
    assert "not text" in checked.faults[1].message
    assert checked.frame["lead_time"].iloc[[0, 2, 3]].tolist() == [12.0, -1.0, 3.0]


def test_whole_numbers_beside_one_text() -> None:
    periods = pd.Series(["1", "x", "2.5"], dtype="str")
    frame = pd.DataFrame({"item": list("abc"), "location": "x", "review_period": periods})
    faults = check_table(frame, STAGES).faults
    assert [(fault.row, fault.value) for fault in faults] == [(2, "x"), (3, 2.5)]


def test_one_text_in_a_column_of_flags_is_the_one_at_fault() -> None:
    keys = {"item": list("abcd"), "location": "x"}
    flags = pd.Series(["True", "yes", "FALSE", "1"], dtype="str")
    checked = check_table(pd.DataFrame({**keys, "can_stock": flags}), STAGES)
    (fault,) = checked.faults
    assert (fault.row, fault.value, fault.count) == (2, "yes", 1)
    assert checked.frame["can_stock"].tolist() == [True, False, False, True]
    (fault,) = check_table(pd.DataFrame({**keys, "can_stock": "True"}), STAGES).faults
    assert (fault.row, fault.count) == (1, 4)
    assert "not as text" in fault.remedy


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("1,900", "write 1900 without a comma, or 1.900 if the comma is a decimal one"),
        ("1,900,000", "write 1900000 without a comma"),
        ("1,900.5", "write 1900.5 without a comma"),
        ("3,5", "write a decimal point: 3.5"),
    ],
)
def test_commas_in_numbers(text: str, remedy: str) -> None:
    means = pd.Series([text, "20"], dtype="str")
    (fault,) = check_table(pd.DataFrame({**KEYS, "mean": means, "std": 1.0}), DEMAND).faults
    assert (fault.row, fault.value, fault.remedy) == (1, text, remedy)


@pytest.mark.parametrize("extra", [{}, {"lead_time": [1.0, np.nan, np.nan, 2.0]}])
def test_an_empty_row_is_one_fault(extra: dict[str, object]) -> None:
    frame = pd.DataFrame(
        {
            "item": pd.Series(["a", None, None, None], dtype=object),
            "location": ["x", None, None, "y"],
            "holding_cost": [1.0, np.nan, np.nan, 1.0],
            "review_period": [0, np.nan, np.nan, 1],
            **extra,
        }
    )
    faults = check_table(frame, STAGES).faults
    assert str(faults[0]) == (
        "stages: nothing is written in the row; 2 rows, first at row 2. Fix: remove the rows."
    )
    assert [(fault.column, fault.row) for fault in faults[1:]] == [("item", 4)]


def test_an_empty_row_of_stages_hides_no_orphan() -> None:
    stages = pd.DataFrame(
        {"item": ["a", None], "location": ["x", None], "holding_cost": [1.0, None]}
    )
    demand = pd.DataFrame({"item": ["b"], "location": "x", "mean": 1.0, "std": 1.0})
    with pytest.raises(TableError) as caught:
        Network.from_tables(stages, demand=demand)
    assert [fault.message for fault in caught.value.faults] == [
        "nothing is written in the row",
        "names a stage that is not in stages",
    ]


def test_an_empty_row_of_demand_is_no_stage_and_no_distribution() -> None:
    stages = pd.DataFrame({**KEYS, "holding_cost": 1.0})
    demand = pd.DataFrame(
        {"item": ["a", None], "location": ["x", None], "mean": [1.0, None], "std": [1.0, None]}
    )
    with pytest.raises(TableError) as caught:
        Network.from_tables(stages, demand=demand)
    (fault,) = caught.value.faults
    assert (fault.table, fault.column, fault.row) == ("demand", "", 2)


@pytest.mark.parametrize(
    ("header", "cells", "place", "remedy"),
    [
        (["item", "location", "Unnamed: 2"], ["a", "x", None], 3, "down to the comma"),
        (["item", "location", ""], ["a", "x", 3], 3, "name it, one of item, location"),
        (["item", "location", None], ["a", "x", 3], 3, "name it, one of item, location"),
        (["Unnamed: 0", "item", "location"], [0, "a", "x"], 1, "index=False"),
    ],
)
def test_a_column_without_a_name(
    header: list[object], cells: list[object], place: int, remedy: str
) -> None:
    (fault,) = check_table(pd.DataFrame([cells], columns=pd.Index(header)), STAGES).faults
    assert fault.message == f"column {place} has no name"
    assert remedy in fault.remedy


def test_each_column_without_a_name_is_told_once() -> None:
    frame = pd.DataFrame([["a", "x", 1, 2]], columns=["item", "location", "", ""])
    told = [fault.message for fault in check_table(frame, STAGES).faults]
    assert told == ["column 3 has no name", "column 4 has no name"]


def test_swapped_tables_are_recognised() -> None:
    stages = pd.DataFrame({**KEYS, "holding_cost": 1.0})
    lanes = pd.DataFrame(
        {"from_item": ["a"], "from_location": "x", "to_item": "b", "to_location": "x"}
    )
    demand = pd.DataFrame({"item": ["b"], "location": "x", "mean": 1.0, "std": 1.0})
    with pytest.raises(TableError) as caught:
        Network.from_tables(stages, demand, lanes)
    assert [str(fault) for fault in caught.value.faults] == [
        "lanes: looks like the demand table. Fix: give it as demand, not here.",
        "demand: looks like the lanes table. Fix: give it as lanes, not here.",
    ]
    with pytest.raises(TableError) as caught:
        Network.from_tables(demand, lanes, stages)
    assert [fault.message for fault in caught.value.faults] == [
        "looks like the demand table",
        "looks like the stages table",
    ]


def test_half_a_surrogate_pair_is_no_text() -> None:
    frame = pd.DataFrame({"item": pd.Series(["a\ud800", "b"], dtype=object), "location": "x"})
    (fault,) = check_table(frame, STAGES).faults
    assert (fault.column, fault.row, fault.value) == ("item", 1, "a\ud800")


def test_a_column_without_any_value_counts_as_absent() -> None:
    checked = check_table(pd.DataFrame({**KEYS, "unit_cost": np.nan, "base_stock": None}), STAGES)
    assert checked.faults == []
    assert list(checked.frame.columns) == ["item", "location"]


def test_nor_does_one_with_a_default_but_it_may_not_have_holes() -> None:
    checked = check_table(pd.DataFrame({**KEYS, "lead_time": np.nan, "can_stock": None}), STAGES)
    assert checked.faults == []
    assert list(checked.frame.columns) == ["item", "location"]
    (fault,) = check_table(pd.DataFrame({**KEYS, "lead_time": [1.0, np.nan]}), STAGES).faults
    assert (fault.column, fault.row, fault.message) == ("lead_time", 2, "the cell is empty")


def test_a_required_column_may_not_be_blank_throughout() -> None:
    (fault,) = check_table(pd.DataFrame({"item": ["a", "b"], "location": None}), STAGES).faults
    assert (fault.column, fault.count) == ("location", 2)


def test_a_blank_segment_is_the_only_segment() -> None:
    frame = pd.DataFrame(
        {"item": ["a", "b"], "location": "x", "segment": [None, "web"], "mean": 1.0, "std": 1.0}
    )
    checked = check_table(frame, DEMAND)
    assert checked.faults == []
    assert checked.frame["segment"].tolist() == ["", "web"]


def test_the_input_is_neither_changed_nor_shared() -> None:
    frame = pd.DataFrame(
        {
            "item": [1, 2],
            "location": [" x", "y"],
            "lead_time": [1.0, -2.0],
            "review_period": [1, 2],
            "can_stock": [True, False],
            "service_level": [0.5, np.nan],
        },
        index=[5, 5],
    )
    before = frame.copy(deep=True)
    checked = check_table(frame, STAGES)
    pd.testing.assert_frame_equal(frame, before)
    for name in ("lead_time", "review_period", "can_stock", "service_level"):
        assert not np.shares_memory(frame[name].to_numpy(), checked.frame[name].to_numpy()), name
