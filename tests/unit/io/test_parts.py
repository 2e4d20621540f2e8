"""Frames in parts: what is read is what was written, whole, in pieces and by condition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from echelon.errors import DomainError, FolderError, UnknownNameError
from echelon.io.parts import PartedFrame, write_part
from echelon.policies.columns import STAGES

FIRST = pd.DataFrame(
    {"item": ["a", "b", "c"], "component": [0, 0, 1], "base_stock": [1.5, np.nan, 4.0]}
)
SECOND = pd.DataFrame(
    {"item": ["d", "e"], "component": [0, 1], "maximum_order": [7, 8], "base_stock": [5.0, 6.0]}
)


@pytest.fixture
def parted(tmp_path: Path) -> PartedFrame:
    write_part(tmp_path / "0.parquet", FIRST, STAGES)
    write_part(tmp_path / "1.parquet", SECOND, STAGES)
    return PartedFrame.open(tmp_path)


def test_rows_follow_one_another_and_absent_columns_are_blank(parted: PartedFrame) -> None:
    whole = parted.to_frame()
    assert len(parted) == 5 == len(whole)
    assert parted.columns == ("item", "component", "maximum_order", "base_stock")
    assert whole["item"].tolist() == list("abcde")
    assert whole["maximum_order"].isna().tolist() == [True] * 3 + [False] * 2
    pd.testing.assert_frame_equal(whole[FIRST.columns].head(3), FIRST)
    pd.testing.assert_frame_equal(pd.concat(list(parted.batches())), whole)
    pd.testing.assert_frame_equal(parted.head(4), whole.head(4))
    assert parted.n_parts == 2


def test_types_hold_where_a_part_is_blank(tmp_path: Path) -> None:
    """Every column of the contract has one type, whichever part is looked at."""
    blank = pd.DataFrame({"item": ["a"], "location": [None], "reorder_point": [None]})
    filled = pd.DataFrame({"item": ["b"], "location": ["x"], "reorder_point": [3.0]})
    write_part(tmp_path / "0.parquet", blank, STAGES)
    write_part(tmp_path / "1.parquet", filled, STAGES)
    types = {str(one.dtypes.to_dict()) for one in PartedFrame.open(tmp_path).batches()}
    assert len(types) == 1
    assert "float64" in types.pop()
    alone = PartedFrame((tmp_path / "0.parquet",)).to_frame()
    assert alone.dtypes.astype(str).to_dict() == filled.dtypes.astype(str).to_dict()


@pytest.mark.parametrize(
    ("where", "items"),
    [
        ([("item", "==", "d")], "d"),
        ([("item", "in", ["a", "e"])], "ae"),
        ([("item", "not in", ["a", "e"])], "bcd"),
        ([("base_stock", ">", 1.5)], "cde"),
        ([("base_stock", "not in", [4.0])], "ade"),  # a blank cell meets no condition
        ([("base_stock", ">=", 1.5), ("component", "!=", 0)], "ce"),
        ([("maximum_order", "<", 8)], "d"),
        ([("base_stock", "<=", 0)], ""),
    ],
    ids=str,
)
def test_conditions(parted: PartedFrame, where: list[tuple[str, str, object]], items: str) -> None:
    assert "".join(parted.to_frame(["item"], where)["item"]) == items
    assert "".join(one for part in parted.batches(where=where) for one in part["item"]) == items


def test_numbers_of_parts_become_those_of_the_whole(tmp_path: Path, parted: PartedFrame) -> None:
    numbers = {"component": [np.array([10, 11]), np.array([5, 12])]}
    whole = PartedFrame.open(tmp_path, numbers=numbers)
    assert whole.to_frame()["component"].tolist() == [10, 10, 11, 5, 12]
    assert whole.to_frame(["item"], [("component", "==", 5)])["item"].tolist() == ["d"]
    assert parted.to_frame()["component"].tolist() == [0, 0, 1, 0, 1]


def test_what_it_shows_and_its_digest(tmp_path: Path, parted: PartedFrame) -> None:
    assert repr(parted).startswith("PartedFrame: 5 rows in 2 parts")
    assert "<table" in parted._repr_html_()
    before = parted.digest()
    assert PartedFrame(parted.files[::-1]).digest() != before
    write_part(tmp_path / "1.parquet", SECOND.assign(component=1), STAGES)
    assert PartedFrame.open(tmp_path).digest() != before
    write_part(tmp_path / "1.parquet", SECOND, STAGES)
    assert PartedFrame.open(tmp_path).digest() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_is_refused(tmp_path: Path, parted: PartedFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'base_stock'"):
        parted.to_frame(["base_stok"])
    with pytest.raises(UnknownNameError, match="locaton"):
        list(parted.batches(where=[("locaton", "==", 1)]))
    with pytest.raises(DomainError, match="compares by 'like'"):
        parted.to_frame(where=[("item", "like", "a")])
    with pytest.raises(FolderError, match="holds no parts"):
        PartedFrame.open(tmp_path / "nowhere")
    (tmp_path / "1.parquet").write_bytes(b"half")
    with pytest.raises(FolderError, match=r"1\.parquet"):
        PartedFrame.open(tmp_path).to_frame()
