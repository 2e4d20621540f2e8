"""A forecast to start from, through the package `statsforecast` (extra `forecast`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from echelon.demand.arguments import check_whole
from echelon.demand.censored import expected_demand
from echelon.demand.history import Absent, read_history
from echelon.errors import EchelonError, UnknownNameError

METHODS: dict[str, Callable[[Any], Any]] = {
    "exponential_smoothing": lambda models: models.SimpleExponentialSmoothingOptimized(),
    "croston": lambda models: models.CrostonClassic(),
    "sba": lambda models: models.CrostonSBA(),
    "tsb": lambda models: models.TSB(alpha_d=0.1, alpha_p=0.1),
}
"""Models of statsforecast by the names used here."""


def baseline_forecasts(
    history: pd.DataFrame,
    *,
    horizon: int,
    method: str = "exponential_smoothing",
    origins: int = 12,
    period: str | None = None,
    absent: Absent = "raise",
    segments: Sequence[str] = (),
) -> pd.DataFrame:
    """Forecast a history from a rolling origin, as snapshots for :func:`echelon.fit_forecasts`.

    Parameters
    ----------
    history : DataFrame
        Table ``demand_history``. Where stock ran out, the forecast learns from the demand that is
        then expected.
    horizon : int
        Periods that each snapshot forecasts: lag plus exposure.
    method : {"exponential_smoothing", "croston", "sba", "tsb"}
        Simple exponential smoothing with its weight optimised; Croston's method; Syntetos and
        Boylan's correction of it; Teunter, Syntetos and Babai's, which forgets items that die, with
        both weights 0.1.
    origins : int, default 12
        Snapshots of the past, one period apart; one more is made of all of the history.
    period, absent, segments
        As in :func:`echelon.fit_demand`.

    Returns
    -------
    DataFrame
        Table ``forecasts``. Series of fewer than ``horizon + origins + 2`` periods, or without
        demand before the first origin, have no rows; ``fit_forecasts`` lists them.

    Raises
    ------
    TableError
        With every fault of the history.
    DomainError
        If an argument is outside what it may be.
    UnknownNameError
        If there is no such method or period.
    EchelonError
        If `statsforecast` is not installed.

    Examples
    --------
    >>> import pandas as pd, echelon as ec
    >>> ec.baseline_forecasts(pd.DataFrame(), horizon=3, method="holt")
    Traceback (most recent call last):
    ...
    echelon.errors.UnknownNameError: unknown forecast method 'holt'. Known: croston, \
exponential_smoothing, sba, tsb.
    """
    if method not in METHODS:
        raise UnknownNameError("forecast method", method, METHODS)
    for name, number in (("horizon", horizon), ("origins", origins)):
        check_whole(name, number, 1)
    panel = read_history(history, segments=segments, period=period, absent=absent)
    try:
        from statsforecast import StatsForecast, models
    except ImportError as error:
        raise EchelonError(
            "statsforecast is not installed. Fix: pip install 'echelon[forecast]', or bring "
            "forecasts of your own to fit_forecasts."
        ) from error
    expected = expected_demand(panel)
    value = panel.quantity if expected is None else expected[0]
    seen = ~np.isnan(value)
    test = horizon + origins - 1
    begins = seen.argmax(axis=1)
    ends = seen.shape[1] - seen[:, ::-1].argmax(axis=1)
    column = np.arange(seen.shape[1])
    known = seen & (column < (ends - test)[:, None])
    usable = (ends - begins >= test + 3) & (np.where(known, value, 0.0) > 0.0).any(axis=1)
    keys = list(panel.keys.columns)
    if not usable.any():
        empty = panel.calendar.labels([])
        return panel.keys.iloc[:0].assign(made_at=empty, period=empty, forecast=np.zeros(0))
    series, place = np.nonzero(seen & usable[:, None])
    tidy = pd.DataFrame({"unique_id": series, "ds": place, "y": value[series, place]})
    engine = StatsForecast(models=[METHODS[method](models)], freq=1)
    past = engine.cross_validation(
        df=tidy, h=horizon, n_windows=origins, step_size=1, refit=True
    ).reset_index(drop=True)
    now = engine.forecast(df=tidy, h=horizon).reset_index(drop=True)
    now["cutoff"] = ends[now["unique_id"].to_numpy()] - 1
    column_name = next(name for name in now.columns if name not in ("unique_id", "ds", "cutoff"))
    both = pd.concat([past, now], ignore_index=True)
    both = both.sort_values(["unique_id", "cutoff", "ds"], kind="stable", ignore_index=True)
    table = panel.keys.iloc[both["unique_id"].to_numpy()].reset_index(drop=True)
    table["made_at"] = panel.calendar.labels(both["cutoff"].to_numpy() + 1 + panel.first)
    table["period"] = panel.calendar.labels(both["ds"].to_numpy() + panel.first)
    table["forecast"] = both[column_name].to_numpy(dtype=np.float64)
    return pd.DataFrame(table[[*keys, "made_at", "period", "forecast"]])
