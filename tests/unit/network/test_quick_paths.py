"""What saves time in making and changing a network finds what the long way finds."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import TableError
from echelon.network.features import without_unused
from echelon.results import LaterDigests
from echelon.tables import STAGES, check_table
from echelon.tables.check import _differ_at_a_glance
from echelon.tables.text_cells import _are_plain, _text_faults

TEXTS = ["bolt", "", " bolt", "bolt ", "bo lt", "bo\tlt", "b\x1f", "\x7f", "b\u00a0", "\u2003b"]
TEXTS += ["\u200b", "\u00e9", "b\u2028", "\x1f", " ", "a\u3000"]


def serial() -> ec.Network:
    return ec.serial(
        ["plant", "shop"],
        lead_time=[3, 2],
        holding_cost=[1.0, 2.0],
        demand_mean=50.0,
        demand_std=8.0,
        service_level=0.95,
    )


@pytest.mark.parametrize("name", ["item", "location", "policy", "lead_time_family"])
@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_text_that_looks_plain_has_no_fault(name: str, text: str) -> None:
    """The reverse need not hold: what does not look plain is judged."""
    column, texts = STAGES[name], pd.Series([text], dtype="str")
    found = any(wrong.any() for wrong, _, _ in _text_faults(texts, column))
    assert not (_are_plain(pd.Index(texts), column) and found)


def test_usual_texts_look_plain() -> None:
    assert _are_plain(pd.Index(["bolt", "M6 x 20", "Köln"]), STAGES["item"])


@pytest.mark.parametrize("places", [["x", "y"], ["x", "x"], ["x", ""]])
def test_keys_at_a_glance_are_those_of_pandas(places: list[str]) -> None:
    frame = pd.DataFrame({"item": ["a", "a"], "location": places}, dtype="str")
    assert _differ_at_a_glance(frame, list(frame)) == (not frame.duplicated().any())
    frame["period"] = np.nan  # two blanks are one period, though neither equals the other
    assert not _differ_at_a_glance(frame, list(frame))


@pytest.mark.parametrize("table", ["stages", "lanes", "demand"])
def test_cells_are_those_of_the_table(table: str) -> None:
    network = serial()
    for name, column in getattr(network, table).items():
        cells = network.cells(table, str(name))
        pd.testing.assert_series_equal(
            pd.Series(cells, dtype=column.dtype), column, check_names=False
        )
        with pytest.raises(ValueError, match="read-only"):
            cells[0] = cells[1 % len(cells)]


def test_features_left_as_they_were_are_not_read_again() -> None:
    network = serial()
    stages = network.stages
    fewer = without_unused(stages, STAGES, network._tables.stages.columns)
    assert list(fewer) == list(network._tables.stages.columns)
    long_way = check_table(stages, STAGES)
    assert not long_way.faults
    for name in fewer:
        assert check_table(fewer, STAGES).has(name) == long_way.has(name), name
    assert network.replace(stages=stages).equals(network)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("policy", ["base_stock", "kanban"]),
        ("shelf_life", [-1.0, np.nan]),
        ("item", ["main", None]),
        ("overtaking", ["perhaps", False]),
    ],
)
def test_a_frame_with_something_else_in_it_is_read_as_it_stands(
    name: str, cells: list[object]
) -> None:
    network = serial()
    changed = network.stages.assign(**{name: cells})
    used = network._tables.stages.columns
    assert without_unused(changed, STAGES, used) is changed
    with pytest.raises(TableError, match=f"stages.{name}"):
        network.replace(stages=changed)


def test_digests_are_made_when_looked_at_and_travel_as_a_dictionary() -> None:
    asked = []

    def make() -> dict[str, str]:
        asked.append(1)
        return {"stages": "f00d"}

    later = LaterDigests(make)
    assert not asked
    assert later == {"stages": "f00d"}
    assert (dict(later), len(later), repr(later)) == ({"stages": "f00d"}, 1, "{'stages': 'f00d'}")
    assert asked == [1]
    kept = pickle.loads(pickle.dumps(later))
    assert type(kept) is dict
    assert kept == later
    network = serial()
    assert ec.optimize(network).provenance.tables == network.digests
