"""Cycles: found where they are, and rarely where they are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.demand.history import Calendar
from echelon.demand.season import cycles_of, find_cycle

YEAR = 365.25 / 7.0
QUIET = {
    "Poisson": lambda rng, size: rng.poisson(3.0, size),
    "rare": lambda rng, size: rng.poisson(0.1, size),
    "negative binomial": lambda rng, size: rng.negative_binomial(0.25, 0.05, size),
    "normal": lambda rng, size: rng.normal(100.0, 20.0, size),
}


@pytest.mark.parametrize("name", QUIET)
@pytest.mark.parametrize(("length", "periods"), [(12.0, 36), (YEAR, 156), (7.0, 60)])
def test_false_alarms_are_rare(name: str, length: float, periods: int):
    """Nominal 1 % of 2,000; four standard errors are 0.9 points."""
    quantity = QUIET[name](np.random.default_rng(1), (2_000, periods)).astype(float)
    assert find_cycle(quantity, length).found.mean() < 0.019


def test_a_level_that_wanders_is_no_season():
    rng = np.random.default_rng(2)
    walk = 100.0 + np.cumsum(rng.normal(size=(2_000, 156)), axis=1)
    assert find_cycle(walk, YEAR).found.mean() < 0.03


def test_a_season_is_found_with_its_peak():
    """Poisson of 10 times 1 + 0.4 cos: peak 1.4 times the mean in week 10 of each year."""
    wave = 1.0 + 0.4 * np.cos(2.0 * np.pi * (np.arange(156) - 10) / YEAR)
    quantity = np.random.default_rng(3).poisson(10.0 * wave, (500, 156)).astype(float)
    quantity[:, 40:44] = np.nan
    cycle = find_cycle(quantity, YEAR)
    assert cycle.found.mean() > 0.99
    assert cycle.peak_ratio.mean() == pytest.approx(1.4, abs=0.08)
    assert np.median(cycle.peak_column) == pytest.approx(10 + 2 * YEAR, abs=1.5)
    aside = cycle.component[cycle.found].mean(axis=0)
    assert np.abs(aside - 10.0 * (wave - 1.0)).max() < 0.3


def test_less_than_two_cycles_say_nothing():
    wave = 10.0 + 5.0 * np.cos(2.0 * np.pi * np.arange(100) / YEAR)
    assert not find_cycle(wave[None], YEAR).found.any()
    assert not find_cycle(np.full((1, 60), np.nan), 12.0).found.any()
    assert not find_cycle(np.zeros((1, 60)), 12.0).found.any()


def test_cycles_are_those_of_the_calendar_or_the_one_asked_for():
    assert [name for name, _ in cycles_of(Calendar("day"), None)] == [
        "weekly_cycle",
        "yearly_cycle",
    ]
    assert cycles_of(Calendar("number"), 13) == (("cycle", 13.0),)


def months(quantity: np.ndarray) -> pd.DataFrame:
    n, periods = quantity.shape
    return pd.DataFrame(
        {
            "item": np.repeat([f"i{k}" for k in range(n)], periods),
            "location": "shop",
            "period": np.tile(pd.date_range("2023-01-01", periods=periods, freq="MS"), n),
            "quantity": quantity.ravel(),
        }
    )


def test_a_season_is_reported_not_removed_and_is_no_level_shift():
    wave = 60.0 * (1.0 + 0.5 * np.cos(2.0 * np.pi * (np.arange(36) - 5) / 12.0))
    quantity = np.random.default_rng(4).poisson(wave, (200, 36)).astype(float)
    models = ec.fit_demand(months(quantity), period="month", half_lives=[None], pooling=False)
    told = models.findings[models.findings["finding"] == "yearly_cycle"]
    assert told["item"].tolist() == [f"i{k}" for k in range(200)]
    assert {period.month for period in told["period"]} <= {5, 6, 7}
    assert told["message"].str.contains("the model is the average of the year").all()
    # 2 % of shifts and a half of trends are what the true season taken out would leave
    assert models.findings["finding"].isin(["level_shift", "trend"]).sum() < 0.08 * 200
    assert models.models["mean"].tolist() == pytest.approx(quantity.mean(axis=1).tolist())


def test_a_shift_between_two_years_is_no_season():
    """A step in the middle, its trend taken out, repeats itself twice: as a shift it says more."""
    rng = np.random.default_rng(5)
    quantity = rng.poisson(np.repeat([10.0, 16.0], [52, 53]), (200, 105)).astype(float)
    assert find_cycle(quantity, YEAR).found.mean() > 0.2
    frame = months(quantity).assign(period=np.tile(np.arange(105), 200))
    found = ec.fit_demand(frame, season=YEAR, origins=0).findings["finding"].value_counts()
    assert found["level_shift"] > 180
    assert found.get("cycle", 0) < 0.2 * find_cycle(quantity, YEAR).found.sum()


@pytest.mark.parametrize("season", ["12", 0, 1.0, True, float("inf")])
def test_a_season_is_a_number_of_periods(season: object):
    with pytest.raises(ec.EchelonError, match=r"season is .* Fix"):
        ec.fit_demand(months(np.ones((1, 24))), period="month", season=season)  # type: ignore[arg-type]
