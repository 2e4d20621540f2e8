"""Frames of demand models have just the columns that the page of the output tables describes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.demand.columns import ERRORS, FINDINGS, GROUPS, MODELS, PAIRS
from echelon.demand.findings import _MESSAGES
from echelon.results import FAILURE_COLUMNS

SEGMENTS = ["market", "channel"]
KEY = ["item", "location", *SEGMENTS]


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    """Four series of 60 weeks; that of market DE, channel web has no demand at all."""
    rng = np.random.default_rng(3)
    sold = rng.poisson(9.0, (60, 4)) * [1, 0, 1, 1]
    keys = pd.DataFrame(
        {
            "item": "tea",
            "location": "shop",
            "market": ["DE", "DE", "FR", "FR"],
            "channel": ["shop", "web"] * 2,
        }
    )
    return pd.concat(
        [keys.assign(period=week, quantity=row) for week, row in enumerate(sold)],
        ignore_index=True,
    )


def without_segments(frame: pd.DataFrame) -> tuple[str, ...]:
    names = [name for name in frame.columns if name.removeprefix("other_") not in SEGMENTS]
    return tuple(names)


def test_models_findings_and_failures(history: pd.DataFrame) -> None:
    history.loc[history.index[8], "quantity"] = 400
    models = ec.fit_demand(history, segments=SEGMENTS, pooling=False)
    assert models.models.columns.tolist()[:4] == models.findings.columns.tolist()[:4] == KEY
    assert without_segments(models.models) == MODELS.names
    assert without_segments(models.findings) == FINDINGS.names
    assert len(models.findings) > 0
    told = FINDINGS["finding"].text
    assert all(f"`{name}`" in told for name in _MESSAGES)
    assert models.failures.columns.tolist() == [*FAILURE_COLUMNS, *SEGMENTS]
    assert models.failures[KEY].to_numpy().tolist() == [["tea", "shop", "DE", "web"]]
    assert ec.fit_demand(history, segments=SEGMENTS).failures.columns.tolist() == [
        *FAILURE_COLUMNS,
        *SEGMENTS,
    ]


def test_a_segment_called_as_a_column_of_failures_does_not_take_its_place(
    history: pd.DataFrame,
) -> None:
    named = history.rename(columns={"market": "component"})
    models = ec.fit_demand(named, segments=["component", "channel"], pooling=False)
    assert models.failures.columns.tolist() == [*FAILURE_COLUMNS, "channel"]
    assert models.failures["component"].tolist() == [1]


def test_correlations(history: pd.DataFrame) -> None:
    models = ec.fit_correlation(history, segments=SEGMENTS)
    assert without_segments(models.pairs) == PAIRS.names
    assert tuple(models.groups.columns) == GROUPS.names
    assert models.failures.columns.tolist() == [*FAILURE_COLUMNS, *SEGMENTS]
    assert models.failures[KEY].to_numpy().tolist() == [["tea", "shop", "DE", "web"]]


def test_forecasts(history: pd.DataFrame) -> None:
    made = [(made, made + ahead, 9.0) for made in range(10, 60) for ahead in range(3)]
    snapshots = pd.DataFrame(made, columns=["made_at", "period", "forecast"])
    keys = history[KEY].drop_duplicates()
    given = keys.iloc[:3].merge(snapshots, how="cross")
    models = ec.fit_forecasts(given, history, exposure=2, segments=SEGMENTS)
    assert models.errors.columns.tolist()[:4] == KEY
    assert without_segments(models.errors) == ERRORS.names
    assert models.failures.columns.tolist() == [*FAILURE_COLUMNS, *SEGMENTS]
    assert models.failures[KEY].to_numpy().tolist() == [["tea", "shop", "FR", "web"]]
