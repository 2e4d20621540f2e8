"""One number for rows in any order and any parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from echelon.jobs.digest import add_digests, rows_digest
from echelon.kernels.cell_digests import add_cells

KEY = ["item", "location"]


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"item": [f"i{n}" for n in range(50)], "location": ["x", "y"] * 25})
    return frame.assign(
        stock=rng.normal(size=50), orders=rng.integers(0, 9, 50), policy="base stock"
    )


def test_order_and_parts_do_not_matter(frame: pd.DataFrame):
    whole = rows_digest("plan", frame, KEY)
    assert rows_digest("plan", frame.sample(frac=1.0, random_state=1), KEY) == whole
    parts = [rows_digest("plan", frame[n::3], KEY) for n in range(3)]
    assert add_digests(parts) == whole
    assert rows_digest("plan", frame[["policy", *KEY, "orders", "stock"]], KEY) == whole


def test_type_and_blank_columns_of_a_part_do_not_matter(frame: pd.DataFrame):
    whole = rows_digest("plan", frame, KEY)
    other = frame.assign(orders=frame["orders"].astype(float), lot=np.nan, note=None)
    assert rows_digest("plan", other, KEY) == whole


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.assign(stock=np.where(f.index == 7, np.nextafter(f["stock"], 9), f["stock"])),
        lambda f: f.assign(stock=f["stock"].iloc[::-1].to_numpy()),
        lambda f: f.rename(columns={"stock": "orders", "orders": "stock"}),
        lambda f: f.assign(policy=np.where(f.index == 7, "min max", f["policy"])),
        lambda f: f.drop(index=3),
        lambda f: pd.concat([f, f.tail(1)]),
        lambda f: f.rename(columns={"item": "location", "location": "item"}),
        lambda f: f.assign(stock=f["stock"].where(f.index != 7)),
    ],
    ids=["bit", "swap", "columns", "text", "row lost", "row twice", "keys", "blank"],
)
def test_any_change_shows(frame: pd.DataFrame, change):
    assert rows_digest("plan", change(frame), KEY) != rows_digest("plan", frame, KEY)


def test_the_name_of_the_frame_counts(frame: pd.DataFrame):
    assert rows_digest("plan", frame, KEY) != rows_digest("simulation", frame, KEY)
    assert rows_digest("plan", frame.head(0), KEY) == 0


def mixed(word):
    """SplitMix64's finaliser in whole numbers (Steele, Lea & Flood, 2014, figure 16)."""
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
    return word ^ word >> 31


def test_cells_are_added_as_whole_numbers_would_be():
    rng = np.random.default_rng(8)
    rows, cells = rng.integers(0, 2**64, 6, np.uint64), rng.integers(0, 2**64, (3, 6), np.uint64)
    columns, seeds = rng.integers(0, 2**64, 3, np.uint64), rng.integers(0, 2**64, 2, np.uint64)
    filled = rng.random((3, 6)) < 0.7
    found = np.array([5, 7], dtype=np.uint64)
    add_cells(rows, cells, filled, columns, seeds, found)
    wanted = [5, 7]
    for c, i in np.argwhere(filled).tolist():
        cell = mixed((int(rows[i]) + int(columns[c])) % 2**64) ^ mixed(int(cells[c, i]))
        for k in range(2):
            wanted[k] += mixed((cell + int(seeds[k])) % 2**64)
    assert found.tolist() == [total % 2**64 for total in wanted]
