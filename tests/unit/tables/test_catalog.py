"""The contract itself: it is complete, its page is current, its templates are accepted."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import echelon.tables
from echelon.distributions import FAMILIES
from echelon.errors import UnknownNameError
from echelon.network import Network
from echelon.tables import CATALOG, RECORDS, SETTINGS, Column, period_named
from echelon.tables.describe import legend

COLUMNS = [
    (table, column)
    for table in (*CATALOG.values(), *RECORDS.values(), SETTINGS)
    for column in table.columns
]


def test_the_committed_page_is_current(project_root: Path) -> None:
    page = (project_root / "docs" / "reference" / "tables.md").read_text(encoding="utf-8")
    assert page == echelon.tables.markdown()


def test_the_page_has_a_line_for_every_column_with_its_unit() -> None:
    lines = echelon.tables.markdown().splitlines()
    for _, column in COLUMNS:
        rows = [line for line in lines if line.startswith(f"| `{column.name}`")]
        assert any(f"| {column.unit} |" in row and column.text in row for row in rows), column.name


@pytest.mark.parametrize(
    "column",
    [column for _, column in COLUMNS],
    ids=[f"{table.name}.{column.name}" for table, column in COLUMNS],
)
def test_a_column_says_all_that_messages_need(column: Column) -> None:
    assert column.text
    assert not column.text.endswith(".")
    assert column.fix
    assert not column.fix.endswith(".")
    assert column.unit or column.dtype in ("text", "flag", "json", "period")
    if column.key:
        assert column.required or column.default == "" or column.blank
    if column.default is not None and column.minimum is not None:
        assert isinstance(column.default, int | float)
        assert column.default >= column.minimum


def test_the_text_of_family_names_every_family() -> None:
    """The tables lie below the distributions and cannot ask them."""
    text = CATALOG["demand"]["family"].text
    names = re.split(r", | or ", text.partition(": ")[2])
    assert sorted(names) == sorted(FAMILIES)


def test_a_legend_says_what_must_be_what_may_be_and_what_holds_otherwise() -> None:
    stages = CATALOG["stages"]
    assert legend(stages["item"]) == "What is held or made. Required; text."
    assert legend(stages["lead_time"]).endswith("A number >= 0 and <= 1,000,000; default 0.0.")
    assert legend(stages["allocation"]).endswith(
        "One of proportional, priority, first_come; default proportional."
    )
    assert "Blank: no target at this stage" in legend(stages["service_level"])


def test_references_point_at_the_key_of_stages() -> None:
    for table in CATALOG.values():
        for item, location in table.references:
            assert table[item].refers_to == "stages.item"
            assert table[location].refers_to == "stages.location"


def test_defaults_are_what_absent_columns_become() -> None:
    network = Network.from_tables(
        pd.DataFrame({"item": ["a", "b"], "location": "x", "holding_cost": [1.0, 2.0]}),
        pd.DataFrame(
            {"from_item": ["a"], "from_location": "x", "to_item": ["b"], "to_location": "x"}
        ),
    )
    for table, frame in (("stages", network.stages), ("lanes", network.lanes)):
        assert tuple(frame.columns) == CATALOG[table].names
        for column in CATALOG[table].columns:
            if column.default is not None:
                assert (frame[column.name] == column.default).all()
    assert network.stages["max_service_time"].tolist() == [math.inf, math.inf]
    assert network.stages["base_stock"].isna().all()


def test_a_template_has_every_column_typed_and_no_row() -> None:
    for name, table in CATALOG.items():
        frame = echelon.tables.template(name)
        assert tuple(frame.columns) == table.names
        assert len(frame) == 0
    dtypes = echelon.tables.template("stages").dtypes
    assert dtypes["lead_time"] == np.float64
    assert dtypes["review_period"] == np.int64
    assert dtypes["can_stock"] == np.bool_


def test_a_template_filled_where_it_must_be_is_accepted() -> None:
    defaulted = [column.name for column in CATALOG["stages"].columns if column.default is not None]
    stages = echelon.tables.template("stages").drop(columns=defaulted)
    stages.loc[0, ["item", "location", "unit_cost"]] = ["a", "x", 3.0]
    network = Network.from_tables(
        stages, echelon.tables.template("lanes"), holding_rate=0.52, period="week"
    )
    assert network.stages["holding_cost"].tolist() == pytest.approx([0.03], rel=1e-12)


def test_a_template_filled_where_it_must_be_and_blank_elsewhere_is_accepted() -> None:
    stages = pd.DataFrame([dict.fromkeys(CATALOG["stages"].names)])
    stages = stages.assign(item="a", location="x", holding_cost=3.0)
    demand = pd.DataFrame([dict.fromkeys(CATALOG["demand"].names)])
    demand = demand.assign(item="a", location="x", mean=1.0, std=1.0)
    network = Network.from_tables(stages, demand=demand)
    assert network.stages["lead_time"].tolist() == [0.0]
    assert network.stages["can_stock"].tolist() == [True]
    assert network.demand["family"].tolist() == ["normal"]


def test_an_unknown_template_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'stages'\? Known: .*demand.*lanes"):
        echelon.tables.template("stage")


@pytest.mark.parametrize(("name", "count"), [("day", 365), ("week", 52), ("month", 12)])
def test_periods(name: str, count: int) -> None:
    assert period_named(name).periods_per_year == count


def test_an_unknown_period() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'week'"):
        period_named("weekly")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (Column("x", "unit", "t", minimum=0.0), "must be a number >= 0 [unit]"),
        (
            Column("x", "-", "t", minimum=0.0, maximum=1.0, exclusive=True),
            "must be a number > 0 and < 1",
        ),
        (
            Column("x", "-", "t", minimum=0.0, maximum=1.0, exclusive="minimum"),
            "must be a number > 0 and <= 1",
        ),
        (
            Column("x", "-", "t", minimum=0.0, maximum=1.0, exclusive="maximum"),
            "must be a number >= 0 and < 1",
        ),
        (Column("x", "", "t", dtype="text", choices=("a", "b")), "must be one of 'a', 'b'"),
        (Column("x", "", "t", dtype="flag"), "must be True or False, or 1 or 0"),
        (Column("x", "period", "t", dtype="whole"), "must be a whole number [period]"),
    ],
)
def test_requirements_in_words(column: Column, words: str) -> None:
    assert column.requirement == words
