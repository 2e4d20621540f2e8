"""Baselines through statsforecast, where it is installed; what is said where it is not."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.demand.baseline import METHODS
from echelon.errors import DomainError, EchelonError, UnknownNameError


def history() -> pd.DataFrame:
    demand = np.random.default_rng(1).poisson([[0.3], [4.0], [40.0]], (3, 48)).astype(float)
    return pd.DataFrame(
        {
            "item": np.repeat(["rare", "plain", "steady"], 48),
            "location": "shop",
            "period": np.tile(np.arange(100, 148), 3),
            "quantity": demand.ravel(),
        }
    )


def test_its_absence_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(EchelonError, match=r"pip install 'echelon\[forecast\]'"):
        ec.baseline_forecasts(history(), horizon=3)


def test_arguments_are_checked_first():
    with pytest.raises(DomainError, match="horizon is 0"):
        ec.baseline_forecasts(history(), horizon=0)
    with pytest.raises(DomainError, match="origins is 0"):
        ec.baseline_forecasts(history(), horizon=1, origins=0)
    with pytest.raises(UnknownNameError, match="Did you mean 'croston'"):
        ec.baseline_forecasts(history(), horizon=1, method="crosston")


@pytest.mark.parametrize("method", METHODS)
def test_snapshots_know_what_came_before_and_nothing_else(method: str):
    """A jump in the last period is in the last snapshot and in no other."""
    pytest.importorskip("statsforecast")
    given = history()
    plain = ec.baseline_forecasts(given, horizon=3, method=method, origins=5)
    jump = given.assign(quantity=given["quantity"].where(given["period"] != 147, 5_000.0))
    other = ec.baseline_forecasts(jump, horizon=3, method=method, origins=5)
    last = plain["made_at"] == 148
    assert sorted(plain["made_at"].unique()) == [141, 142, 143, 144, 145, 148]
    assert (plain["period"] - plain["made_at"]).isin([0, 1, 2]).all()
    pd.testing.assert_frame_equal(plain[~last], other[~last])
    assert (other.loc[last, "forecast"] > plain.loc[last, "forecast"]).all()


def test_simple_smoothing_is_the_textbooks():
    """TSB with both weights 0.1 on a demand without zeros is smoothing of the sizes by 0.1."""
    pytest.importorskip("statsforecast")
    demand = np.random.default_rng(2).poisson(30.0, 40) + 1.0
    given = pd.DataFrame(
        {"item": "a", "location": "b", "period": np.arange(40), "quantity": demand}
    )
    table = ec.baseline_forecasts(given, horizon=1, method="tsb", origins=1)
    level = demand[0]
    for size in demand[1:]:
        level += 0.1 * (size - level)
    assert table["forecast"].iloc[-1] == pytest.approx(level, rel=1e-6)


def test_baselines_feed_the_measurement_of_their_errors():
    pytest.importorskip("statsforecast")
    table = ec.baseline_forecasts(history(), horizon=4, method="sba", origins=10)
    models = ec.fit_forecasts(table, history(), exposure=3, lag=1)
    assert models.errors["item"].tolist() == ["rare", "plain", "steady"]
    assert (models.errors["windows"] == 10).all()


def test_series_too_short_have_no_rows():
    pytest.importorskip("statsforecast")
    short = history()
    short = short[(short["item"] == "plain") | (short["period"] > 140)]
    table = ec.baseline_forecasts(short, horizon=3, origins=5)
    assert table["item"].unique().tolist() == ["plain"]
