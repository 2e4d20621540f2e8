"""A small chain that the tests of features start from: an active ingredient, a plant, a depot."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from echelon.errors import Fault, TableError
from echelon.network import Network

LANE = ["from_item", "from_location", "to_item", "to_location"]


def stages(**columns: Any) -> pd.DataFrame:
    """Two makers of the ingredient, a plant, a depot; further columns as given."""
    frame = {
        "item": ["api", "api", "drug", "drug"],
        "location": ["Basel", "Pune", "plant", "depot"],
        "lead_time": [8.0, 10.0, 3.0, 1.0],
        "added_cost": [4.0, 2.0, 5.0, 1.0],
        "service_level": [None, None, None, 0.95],
    }
    return pd.DataFrame(frame | columns)


def lanes(**columns: Any) -> pd.DataFrame:
    """Both makers supply the plant, the plant the depot; further columns as given."""
    rows = [
        ("api", "Basel", "drug", "plant"),
        ("api", "Pune", "drug", "plant"),
        ("drug", "plant", "drug", "depot"),
    ]
    return pd.DataFrame(rows, columns=LANE).assign(**columns)


def demand(**columns: Any) -> pd.DataFrame:
    """Hospitals and wholesalers at the depot; further columns as given."""
    frame = {
        "item": ["drug", "drug"],
        "location": ["depot", "depot"],
        "segment": ["hospital", "wholesale"],
        "mean": [20.0, 30.0],
        "std": [3.0, 4.0],
    }
    return pd.DataFrame(frame | columns)


def network(**tables: Any) -> Network:
    """Make a network of these tables where no others are given."""
    given = {"stages": stages(), "lanes": lanes(), "demand": demand(), "holding_rate": 0.26}
    return Network.from_tables(**(given | tables))


def faults(**tables: Any) -> list[Fault]:
    """Give all faults of the tables."""
    with pytest.raises(TableError) as caught:
        network(**tables)
    return list(caught.value.faults)


def told(**tables: Any) -> list[tuple[str, str, int, int]]:
    """Table, column, row and count of every fault."""
    return [(one.table, one.column, one.row, one.count) for one in faults(**tables)]
