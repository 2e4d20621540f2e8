"""Reading one table: what is accepted in many guises, and that nothing of the input is touched."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

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


@pytest.mark.parametrize("flags", [[True, False], pd.Series([True, False], dtype="boolean")])
def test_flags(flags: object) -> None:
    checked = check_table(pd.DataFrame({**KEYS, "can_stock": flags}), STAGES)
    assert checked.frame["can_stock"].dtype == np.bool_
    assert checked.frame["can_stock"].tolist() == [True, False]


def test_a_flag_column_with_a_blank_is_read_as_objects() -> None:
    frame = pd.DataFrame({**KEYS, "can_stock": pd.Series([np.False_, None], dtype=object)})
    (fault,) = check_table(frame, STAGES).faults
    assert (fault.row, fault.message) == (2, "the cell is empty")


def test_half_a_surrogate_pair_is_no_text() -> None:
    frame = pd.DataFrame({"item": pd.Series(["a\ud800", "b"], dtype=object), "location": "x"})
    (fault,) = check_table(frame, STAGES).faults
    assert (fault.column, fault.row, fault.value) == ("item", 1, "a\ud800")


def test_a_column_without_any_value_counts_as_absent() -> None:
    checked = check_table(pd.DataFrame({**KEYS, "unit_cost": np.nan, "base_stock": None}), STAGES)
    assert checked.faults == []
    assert list(checked.frame.columns) == ["item", "location"]


def test_a_column_with_a_default_may_not_be_blank_throughout() -> None:
    (fault,) = check_table(pd.DataFrame({**KEYS, "lead_time": np.nan}), STAGES).faults
    assert (fault.column, fault.count) == ("lead_time", 2)


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
