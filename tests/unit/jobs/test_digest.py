"""One number for rows in any order and any parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from echelon.jobs.digest import add_digests, rows_digest

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
