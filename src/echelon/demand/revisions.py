"""How forecasts are revised from snapshot to snapshot: what stock has to cover, by horizon."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from echelon.demand.arguments import check_whole
from echelon.demand.failures import failures_frame
from echelon.demand.forecast import Floats, Snapshots, read_snapshots
from echelon.demand.history import Absent, Panel
from echelon.display import in_html, in_text
from echelon.results import Provenance, Result, frame_digest


@dataclass(frozen=True, repr=False, eq=False)
class ForecastRevisions(Result):
    """Covariances of the revisions that one period brings.

    Attributes
    ----------
    forecast_errors : DataFrame
        The table of that name for ``Network.from_tables``: item, location, segments, ahead,
        other_ahead, covariance [unit^2]; each pair of horizons once.
    series : DataFrame
        One row per series: item, location, segments, ``periods`` used, ``bias`` (mean of all
        revisions of one period's demand together, units: 0 where forecasts are right on average).
    horizon : int
        Furthest ahead that a revision is looked at, periods.
    """

    forecast_errors: pd.DataFrame
    series: pd.DataFrame
    horizon: int

    def to_frame(self, level: str = "forecast_errors") -> pd.DataFrame:
        """Copy the table (``level="forecast_errors"``) or the frame of series (``"series"``).

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        return self._frame(level, {"forecast_errors": self.forecast_errors, "series": self.series})

    def summary(self) -> str:
        """Say in a few lines what the revisions come to."""
        lines = [f"Revisions of {len(self.series)} series up to {self.horizon} periods ahead"]
        if len(self.series):
            lines.append(f"  periods used  {self.series['periods'].median():.0f} at the median")
        if len(self.failures):
            lines.append(f"  {len(self.failures)} series without an estimate: see .failures")
        return "\n".join(lines)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes."""
        return {"forecast_errors": self.forecast_errors, "series": self.series}

    def __repr__(self) -> str:
        """Summary and the first ten rows."""
        return in_text(self.summary(), self.forecast_errors.head(10), float_format="{:,.2f}".format)

    def _repr_html_(self) -> str:
        return in_html(self.summary(), self.forecast_errors.head(10), float_format="{:,.2f}".format)


def fit_forecast_revisions(
    forecasts: pd.DataFrame,
    history: pd.DataFrame,
    *,
    horizon: int,
    period: str | None = None,
    absent: Absent = "raise",
    segments: Sequence[str] = (),
    min_periods: int = 12,
) -> ForecastRevisions:
    r"""Estimate how forecasts are revised, for stock along a whole chain.

    The end of period :math:`t` brings a snapshot that knows its demand. What it revises of the
    snapshot before,

    .. math:: \varepsilon_{t,0} = d_t - f_{t,t}, \qquad
        \varepsilon_{t,i} = f_{t+1,\,t+i} - f_{t,\,t+i},

    is one draw of the martingale model of forecast evolution [1]_ [2]_; its covariance, over the
    periods that have all of them, is what :func:`echelon.optimize` covers at every stage, each at
    its own lag. For one exposure and lag :func:`echelon.fit_forecasts` measures the same directly.

    Parameters
    ----------
    forecasts : DataFrame
        Table ``forecasts``: item, location, segments, made_at, period, forecast. A snapshot made
        at :math:`m` knows the demand of the periods before :math:`m`.
    history : DataFrame
        Table ``demand_history``, the actuals. Periods with a stock-out are not used.
    horizon : int
        Periods ahead up to which revisions count; snapshots must reach as far.
    period, absent, segments
        As in :func:`echelon.fit_demand`.
    min_periods : int, default 12
        Periods that a series needs, at least 2.

    Returns
    -------
    ForecastRevisions
        Of series with enough periods; the others are rows of ``failures``.

    Raises
    ------
    TableError
        With every fault of both tables.
    DomainError
        If an argument is outside what it may be.

    References
    ----------
    .. [1] Heath & Jackson (1994), *IIE Transactions* 26(3).
    .. [2] Schoenmeyr & Graves (2009), *Manufacturing & Service Operations Management* 11(4).

    Examples
    --------
    >>> import numpy as np, pandas as pd, echelon as ec
    >>> rng = np.random.default_rng(7)
    >>> key = {"item": "bolt", "location": "shop"}
    >>> history = pd.DataFrame(key | {"period": np.arange(60), "quantity": rng.poisson(50, 60)})
    >>> snapshots = [(made, made + ahead, 50.0) for made in range(60) for ahead in range(3)]
    >>> forecasts = pd.DataFrame(snapshots, columns=["made_at", "period", "forecast"])
    >>> fitted = ec.fit_forecast_revisions(forecasts.assign(**key), history, horizon=1)
    >>> fitted.forecast_errors[["ahead", "other_ahead", "covariance"]].round(1).values.tolist()
    [[0.0, 0.0, 43.8], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]]
    """
    began = time.perf_counter()
    check_whole("horizon", horizon, 0)
    check_whole("min_periods", min_periods, 2)
    panel, snapshots = read_snapshots(forecasts, history, period, absent, segments)
    failures: list[tuple[int, int, str, str]] = []
    tables, told = [], []
    one, other = np.triu_indices(horizon + 1)
    for row in np.unique(snapshots.series).tolist():
        revised = _revisions(panel, snapshots, row, horizon)
        if len(revised) < min_periods:
            message = (
                f"{len(revised)} periods have their demand and two snapshots that reach {horizon} "
                f"periods ahead, {min_periods} are needed. Fix: give more snapshots, or a shorter "
                "horizon."
            )
            failures.append((row, row, "no estimate", message))
            continue
        covariance = np.atleast_2d(np.cov(revised, rowvar=False))
        key = panel.keys.iloc[[row] * len(one)].reset_index(drop=True)
        tables.append(key.assign(ahead=one, other_ahead=other, covariance=covariance[one, other]))
        told.append((row, len(revised), float(revised.sum(axis=1).mean())))
    empty = panel.keys.iloc[:0].assign(ahead=one[:0], other_ahead=one[:0], covariance=np.zeros(0))
    series = panel.keys.iloc[[row for row, *_ in told]].reset_index(drop=True)
    arguments: dict[str, Any] = {
        "horizon": horizon,
        "period": period,
        "absent": absent,
        "segments": list(segments),
        "min_periods": min_periods,
    }
    return ForecastRevisions(
        failures=failures_frame(panel.keys, failures),
        provenance=Provenance(
            arguments,
            {"forecasts": frame_digest(forecasts), "demand_history": frame_digest(history)},
            {"fit": time.perf_counter() - began},
        ),
        forecast_errors=pd.concat(tables, ignore_index=True) if tables else empty,
        series=series.assign(
            periods=[periods for _, periods, _ in told], bias=[bias for *_, bias in told]
        ),
        horizon=horizon,
    )


def _revisions(panel: Panel, snapshots: Snapshots, row: int, horizon: int) -> Floats:
    """Revisions of one series in the periods that have all of them: (n, horizon + 1) units."""
    here = snapshots.series == row
    made, ahead = snapshots.made[here], snapshots.period[here] - snapshots.made[here]
    begin, end = int(made.min()), int(made.max()) + 1
    table = np.full((end - begin + 1, horizon + 1), np.nan)
    near = ahead <= horizon
    table[made[near] - begin, ahead[near]] = snapshots.forecast[here][near]
    before, after = table[:-1], table[1:]
    revised = np.full(before.shape, np.nan)
    periods = np.arange(begin, end)
    known = (periods >= 0) & (periods < panel.n_periods)
    if panel.censored is not None:
        known[known] &= ~panel.censored[row, periods[known]]
    revised[known, 0] = panel.quantity[row, periods[known]] - before[known, 0]
    revised[:, 1:] = after[:, :-1] - before[:, 1:]
    return np.asarray(revised[~np.isnan(revised).any(axis=1)])
