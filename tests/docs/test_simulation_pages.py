"""The pages of the simulator name every feature there is, and clauses that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from echelon.network.features import EVENTS
from echelon.tables import CATALOG

METHOD = Path(__file__).resolve().parents[2] / "docs" / "method"
FEATURES = (METHOD / "simulation_features.md").read_text("utf-8")
CONVENTION = (METHOD / "convention.md").read_text("utf-8")
DESCRIBED = ("_std", "_family", "_parameters", "_distribution")
"""Endings of columns that describe a time, which the page names once for all times."""

COLUMNS = sorted(
    {
        column.name
        for table in CATALOG.values()
        for column in table.columns
        if column.feature and not column.name.endswith(DESCRIBED)
    }
)


def named(page: str) -> set[str]:
    """Whatever stands in code, without the name of its table."""
    return {name for code in re.findall(r"`([^`\n]+)`", page) for name in re.split(r"\W+", code)}


def test_there_are_features():
    assert {"capacity", "shelf_life", "expedite_rule", "minimum_remaining_life"} <= set(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_feature_is_on_the_page(column: str):
    assert column in named(FEATURES)


@pytest.mark.parametrize("table", EVENTS)
def test_a_table_is_on_the_page(table: str):
    assert table in named(FEATURES)


@pytest.mark.parametrize("column", COLUMNS)
def test_the_convention_says_what_a_feature_does(column: str):
    assert column in named(CONVENTION)


def test_every_clause_that_the_page_cites_exists():
    there = set(re.findall(r"^## (\d+) ", CONVENTION, re.M))
    there |= set(re.findall(r"\*\*(\d+\.\d+)", CONVENTION))
    cells = [line.split("|")[3] for line in FEATURES.splitlines() if line.count("|") == 4]
    cited = {number for cell in cells[2:] for number in re.findall(r"\d+(?:\.\d+)?", cell)}
    assert len(cited) > 15
    assert cited <= there
