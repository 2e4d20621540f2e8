"""Covariances of forecast revisions: a process whose own are known, and what is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError
from echelon.rng import stream

COVARIANCE = np.array([[90.0, 30.0, 0.0], [30.0, 60.0, 20.0], [0.0, 20.0, 40.0]])
HORIZON = 2
KEY = {"item": "tea", "location": "shop"}


def evolving(n_periods, *, seed=1, **key):
    """Demand and snapshots of a martingale process around 100 units."""
    normal = stream(seed, "revisions", "tea").normal(size=(n_periods + HORIZON + 1, HORIZON + 1))
    revised = normal @ np.linalg.cholesky(COVARIANCE).T
    offset = HORIZON  # revision of period t is row t + offset

    def known(at, period):
        """Expected at the end of ``at``, the demand itself where that is over."""
        ahead = [k for k in range(HORIZON + 1) if -offset <= period - k <= at]
        return 100.0 + sum(revised[period - k + offset, k] for k in ahead)

    history = [(t, known(t, t)) for t in range(n_periods)]
    snapshots = [
        (made, made + k, known(made - 1, made + k))
        for made in range(n_periods)
        for k in range(HORIZON + 2)
    ]
    frames = (
        pd.DataFrame(snapshots, columns=["made_at", "period", "forecast"]),
        pd.DataFrame(history, columns=["period", "quantity"]),
    )
    return [frame.assign(**(KEY | key)) for frame in frames]


def test_the_covariance_of_a_known_process_is_found():
    """Within four standard errors, element by element; and the table goes into a network."""
    forecasts, history = evolving(4_000)
    fitted = ec.fit_forecast_revisions(forecasts, history, horizon=HORIZON)
    periods = int(fitted.series["periods"].iloc[0])
    assert periods == 3_999  # the last has no snapshot after it
    for one, other, value in fitted.forecast_errors[
        ["ahead", "other_ahead", "covariance"]
    ].to_numpy():
        i, k = int(one), int(other)
        variance = COVARIANCE[i, i] * COVARIANCE[k, k] + COVARIANCE[i, k] ** 2
        assert abs(value - COVARIANCE[i, k]) < 4 * np.sqrt(variance / periods), (i, k)
    assert abs(fitted.series["bias"].iloc[0]) < 4 * np.sqrt(COVARIANCE.sum() / periods)
    stages = pd.DataFrame(KEY | {"lead_time": [3], "holding_cost": 1.0, "service_level": 0.95})
    demand = pd.DataFrame(KEY | {"mean": [100.0], "std": [14.0]})
    network = ec.Network.from_tables(stages, demand=demand, forecast_errors=fitted.forecast_errors)
    sums = COVARIANCE.cumsum(axis=0).cumsum(axis=1).diagonal()
    stock = ec.optimize(network).stages["safety_stock"].iloc[0]
    assert stock == pytest.approx(1.644853627 * sums.sum() ** 0.5, rel=0.05)


def test_the_sum_over_an_exposure_is_what_fit_forecasts_measures():
    forecasts, history = evolving(4_000)
    direct = ec.fit_forecasts(forecasts, history, exposure=3)
    sums = COVARIANCE.cumsum(axis=0).cumsum(axis=1).diagonal()
    assert direct.errors["std"].iloc[0] == pytest.approx(sums.sum() ** 0.5, rel=0.05)


def test_series_by_themselves_stock_outs_left_out_and_short_ones_told():
    first, second = evolving(40), evolving(8, seed=2, location="kiosk")
    forecasts, history = (
        pd.concat(pair, ignore_index=True) for pair in zip(first, second, strict=True)
    )
    history["stock_out"] = history["period"].isin([3, 4])
    fitted = ec.fit_forecast_revisions(forecasts, history, horizon=1)
    assert fitted.series[["location", "periods"]].to_numpy().tolist() == [["shop", 37]]
    assert fitted.failures["location"].tolist() == ["kiosk"]
    assert "5 periods have their demand" in fitted.failures["message"].iloc[0]
    assert "1 series without an estimate" in fitted.summary()


def test_a_horizon_that_no_snapshot_reaches_has_no_estimate():
    fitted = ec.fit_forecast_revisions(*evolving(40), horizon=9)
    assert fitted.forecast_errors.empty
    assert len(fitted.failures) == 1


@pytest.mark.parametrize("wrong", [{"horizon": -1}, {"horizon": 1.5}, {"min_periods": 1}])
def test_arguments_are_checked(wrong):
    with pytest.raises(DomainError):
        ec.fit_forecast_revisions(*evolving(5), **({"horizon": 1} | wrong))


def test_it_is_written(tmp_path):
    fitted = ec.fit_forecast_revisions(*evolving(40), horizon=1)
    fitted.write(tmp_path)
    again = pd.read_csv(tmp_path / "forecast_errors.csv")
    np.testing.assert_allclose(again["covariance"], fitted.forecast_errors["covariance"])
