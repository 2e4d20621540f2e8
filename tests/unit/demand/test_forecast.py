"""Forecast errors: by hand, free of the bias of overlap, and what is wrong with snapshots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError, TableError


def actuals(demand: np.ndarray, first: int = 0, **columns: object) -> pd.DataFrame:
    n, periods = demand.shape
    return pd.DataFrame(
        {
            "item": np.repeat([f"i{k}" for k in range(n)], periods),
            "location": "shop",
            "period": np.tile(first + np.arange(periods), n),
            "quantity": demand.ravel(),
            **columns,
        }
    )


def snapshots(n: int, made: range, horizon: int, value: Callable[[int, int, int], float]) -> Any:
    rows = [
        (f"i{k}", "shop", m, m + ahead, value(k, m, m + ahead))
        for k in range(n)
        for m in made
        for ahead in range(horizon)
    ]
    return pd.DataFrame(rows, columns=["item", "location", "made_at", "period", "forecast"])


def test_the_error_of_the_sum_by_hand():
    """Demand 10, 12, 11, 13, 9, 14; forecast 11; two periods, one ahead.

    Snapshots 0, 1, 2, 3 cover periods (1, 2), (2, 3), (3, 4), (4, 5): errors of the sum 1, 2, 0, 1.
    Neighbours share one period of two: the sum of shares over pairs is 4 + 2 * 3/2 = 7, so that
    16/7 windows are effective; the squares about the mean of 1 are 0, 1, 1, 0.
    """
    demand = np.array([[10.0, 12.0, 11.0, 13.0, 9.0, 14.0]])
    forecasts = snapshots(1, range(7), 3, lambda *_: 11.0)
    row = ec.fit_forecasts(forecasts, actuals(demand), exposure=2, lag=1).errors.iloc[0]
    assert (row["windows"], row["incomplete"], row["hidden"]) == (4, 0, 0)
    assert row["effective_windows"] == pytest.approx(16.0 / 7.0)
    assert row["bias"] == pytest.approx(1.0)
    assert row["std"] == pytest.approx((2.0 / (4.0 - 7.0 / 4.0)) ** 0.5)
    assert row["rmse"] == pytest.approx(1.5**0.5)
    assert row["forecast"] == 22.0
    one = np.array([12.0, 11.0, 13.0, 9.0, 14.0]) - 11.0
    assert row["root_rule"] == pytest.approx(2.0**0.5 * (one**2).mean() ** 0.5)


def test_the_deviation_has_no_bias_though_windows_overlap():
    """White errors of variance 9: the sum of five has 45. 4,000 series of 30 snapshots.

    Dividing by the number of windows less one would give a tenth less.
    """
    noise = np.random.default_rng(1).normal(0.0, 3.0, (4_000, 34))
    forecasts = snapshots(1, range(30), 5, lambda *_: 50.0)
    many = pd.concat([forecasts.assign(item=f"i{k}") for k in range(4_000)], ignore_index=True)
    errors = ec.fit_forecasts(many, actuals(50.0 + noise), exposure=5).errors
    variance = errors["std"].to_numpy() ** 2
    assert abs(variance.mean() - 45.0) < 4.0 * variance.std(ddof=1) / 4_000**0.5
    windows = np.lib.stride_tricks.sliding_window_view(noise, 5, axis=1).sum(axis=2)
    naive = windows.var(axis=1, ddof=1).mean()
    assert naive < 0.92 * 45.0


def test_errors_that_go_together_are_not_covered_by_the_root_of_time():
    """A level that wanders: the error of the sum grows faster than the root of its length."""
    rng = np.random.default_rng(2)
    demand = 200.0 + np.cumsum(rng.normal(0.0, 2.0, (30, 120)), axis=1)
    last = {(k, m): float(demand[k, m - 1]) for k in range(30) for m in range(20, 121)}
    forecasts = snapshots(30, range(20, 121), 6, lambda k, m, _: last[k, m])
    models = ec.fit_forecasts(forecasts, actuals(demand), exposure=[1, 6])
    six = models.errors[models.errors["exposure"] == 6]
    # variance of sum_{u=1..6} of a walk of u steps: 4 * sum_{i,j} min(i, j) = 4 * 91
    assert six["rmse"].mean() == pytest.approx((4.0 * 91.0) ** 0.5, rel=0.08)
    assert (six["std"] / six["root_rule"]).median() > 2.5
    assert models.demand["std"].tolist() == pytest.approx(
        (six["std"] * six["widening"] / 6.0**0.5).tolist()
    )


def test_bias_is_reported_and_corrected_only_if_asked_for():
    demand = np.random.default_rng(3).poisson(20.0, (3, 80)).astype(float)
    forecasts = snapshots(3, range(10, 81), 2, lambda *_: 17.0)
    models = ec.fit_forecasts(forecasts, actuals(demand), exposure=2)
    assert models.errors["bias"].mean() == pytest.approx(6.0, abs=1.0)
    assert (models.errors["bias_t"] > 3.0).all()
    assert models.demand["mean"].tolist() == [17.0] * 3
    corrected = ec.fit_forecasts(forecasts, actuals(demand), exposure=2, correct_bias=True)
    np.testing.assert_allclose(corrected.demand["mean"], 17.0 + models.errors["bias"] / 2.0)
    assert "3 series beyond three standard errors" in models.summary()


def test_incomplete_and_hidden_windows_are_counted():
    demand = np.random.default_rng(4).poisson(20.0, (1, 40)).astype(float)
    forecasts = snapshots(1, range(10, 41), 3, lambda *_: 20.0)
    hole = forecasts[~((forecasts["made_at"] == 15) & (forecasts["period"] == 16))]
    out = np.arange(40) == 30
    row = ec.fit_forecasts(hole, actuals(demand, stock_out=out), exposure=3).errors.iloc[0]
    # made at 10..37 have their actuals: 28, less the hole, less those of 28, 29, 30
    assert (row["windows"], row["incomplete"], row["hidden"]) == (24, 1, 3)


def test_series_that_cannot_be_measured_are_failures():
    demand = np.random.default_rng(5).poisson(20.0, (4, 40)).astype(float)
    forecasts = snapshots(4, range(10, 41), 3, lambda *_: 20.0)
    few = (forecasts["item"] == "i1") & (forecasts["made_at"] < 37)
    none = forecasts["item"] == "i2"
    open_end = (forecasts["item"] == "i3") & (forecasts["period"] == 42)
    given = forecasts[~(few | none | open_end)]
    models = ec.fit_forecasts(given, actuals(demand), exposure=3)
    assert models.errors["item"].tolist() == ["i0"]
    assert models.failures["item"].tolist() == ["i1", "i2", "i3"]
    assert "1 snapshots" in models.failures["message"][0]
    assert "0 snapshots" in models.failures["message"][1]
    assert "latest snapshot" in models.failures["message"][2]
    assert models.failures["message"].str.contains("Fix:").all()


def test_dates_and_segments_and_the_demand_table(tmp_path):
    months = pd.date_range("2024-01-01", periods=30, freq="MS")
    demand = np.random.default_rng(6).poisson(20.0, (1, 24)).astype(float)
    parts = []
    for market in ("north", "south"):
        history = actuals(demand).assign(market=market)
        history["period"] = months[history["period"]]
        forecasts = snapshots(1, range(10, 25), 3, lambda *_: 20.0).assign(market=market)
        for name in ("made_at", "period"):
            forecasts[name] = months[forecasts[name]]
        parts.append((history, forecasts))
    history, forecasts = (pd.concat(frames) for frames in zip(*parts, strict=True))
    models = ec.fit_forecasts(forecasts, history, exposure=3, period="month", segments=["market"])
    assert models.demand["market"].tolist() == ["north", "south"]
    assert models.demand.columns.tolist() == [
        "item", "location", "market", "family", "mean", "std", "parameters",
    ]  # fmt: skip
    assert {path.stem for path in models.write(tmp_path).iterdir()} >= {"errors", "demand"}
    assert "Forecasts of 2 series" in repr(models)
    assert "<table" in models._repr_html_()


def test_the_latest_snapshot_is_named_and_old_ones_are_counted():
    demand = np.random.default_rng(7).poisson(20.0, (2, 40)).astype(float)
    forecasts = snapshots(2, range(10, 41), 3, lambda *_: 20.0)
    old = (forecasts["item"] == "i1") & (forecasts["made_at"] > 30)
    models = ec.fit_forecasts(forecasts[~old], actuals(demand), exposure=3)
    assert models.errors["made_at"].tolist() == [40, 30]
    assert "1 series were last forecast before the others" in models.summary()


def test_two_forecasts_of_one_month_are_refused():
    """Told apart by their days they would be summed, and pass for a window of two months."""
    months = pd.date_range("2024-01-01", periods=30, freq="MS")
    history = actuals(np.full((1, 24), 20.0))
    history["period"] = months[history["period"]]
    forecasts = snapshots(1, range(10, 24), 1, lambda *_: 20.0)
    for name in ("made_at", "period"):
        forecasts[name] = months[forecasts[name]]
    twice = pd.concat(
        [forecasts, forecasts.assign(period=forecasts["period"] + pd.Timedelta("9D"))]
    )
    with pytest.raises(TableError) as caught:
        ec.fit_forecasts(twice, history, exposure=2, period="month")
    (fault,) = caught.value.faults
    assert (fault.column, fault.row, fault.count) == ("period", 15, 14)
    assert "same month, of the same series and snapshot, as row 1" in fault.message


@dataclass(frozen=True)
class Mistake:
    name: str
    change: Callable[[pd.DataFrame], Any]
    column: str
    row: int
    message: str
    remedy: str


MISTAKES = [
    Mistake(
        "a forecast of the past",
        lambda f: f.assign(period=f["period"].where(f.index != 4, 0)),
        "period",
        5,
        "not be before made_at",
        "correct made_at",
    ),
    Mistake(
        "a series without history",
        lambda f: f.assign(item=f["item"].where(f.index != 2, "new")),
        "item, location",
        3,
        "no row in demand_history",
        "add its history",
    ),
    Mistake(
        "the same forecast twice",
        lambda f: pd.concat([f, f.iloc[[0]]]),
        "item, location, made_at, period",
        13,
        "row 1 has the same key",
        "merge",
    ),
    Mistake(
        "made_at misspelt",
        lambda f: f.rename(columns={"made_at": "made"}),
        "made",
        0,
        "not a column",
        "rename it to 'made_at'",
    ),
    Mistake(
        "a negative forecast",
        lambda f: f.assign(forecast=f["forecast"].where(f.index != 1, -3.0)),
        "forecast",
        2,
        ">= 0",
        "units expected",
    ),
    Mistake(
        "dates beside numbers",
        lambda f: f.assign(
            made_at=pd.date_range("2026-01-01", periods=12), period=pd.Timestamp("2026-03-01")
        ),
        "made_at",
        0,
        "counts days",
        "in the same way",
    ),
    Mistake(
        "a segment that history lacks",
        lambda f: f.assign(segment="web"),
        "segment",
        0,
        "has the key item, location, segment",
        "the same segment columns",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_is_told(mistake: Mistake):
    forecasts = snapshots(1, range(1, 7), 2, lambda *_: 5.0)
    history = actuals(np.full((1, 8), 5.0))
    dated = mistake.name == "dates beside numbers"
    with pytest.raises(TableError) as caught:
        ec.fit_forecasts(
            mistake.change(forecasts), history, exposure=2, period="day" if dated else None
        )
    fault = caught.value.faults[0]
    assert (fault.table, fault.column, fault.row) == ("forecasts", mistake.column, mistake.row)
    assert mistake.message in fault.message
    assert mistake.remedy in fault.remedy


def test_faults_of_both_tables_come_at_once():
    forecasts = snapshots(1, range(1, 7), 2, lambda *_: 5.0).assign(forecast=np.nan)
    history = actuals(np.full((1, 8), -1.0))
    with pytest.raises(TableError) as caught:
        ec.fit_forecasts(forecasts, history)
    assert {fault.table for fault in caught.value.faults} == {"demand_history", "forecasts"}


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("exposure", 0),
        ("exposure", []),
        ("lag", -1),
        ("min_windows", 1),
        ("service_level", 0.4),
        ("service_level", "x"),
        ("exposure", None),
    ],
)
def test_arguments_are_checked(argument: str, value: object):
    forecasts = snapshots(1, range(1, 7), 2, lambda *_: 5.0)
    with pytest.raises(DomainError, match=rf"{argument} is .* ?Fix: "):
        ec.fit_forecasts(forecasts, actuals(np.full((1, 8), 5.0)), **{argument: value})  # type: ignore[arg-type]
