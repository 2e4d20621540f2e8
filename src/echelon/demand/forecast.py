"""Where there are forecasts: safety stock covers their error, not the variance of demand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from echelon.demand.arguments import check_levels, check_whole
from echelon.demand.failures import failures_frame
from echelon.demand.history import (
    Absent,
    Calendar,
    Panel,
    ordinals,
    read_history,
    segmented,
    series_codes,
)
from echelon.demand.score import FEWEST_DEGREES
from echelon.display import in_html, in_text
from echelon.errors import DomainError, Fault, TableError
from echelon.results import Provenance, Result, frame_digest
from echelon.tables.check import check_table
from echelon.tables.checked import Checked
from echelon.tables.history import FORECASTS

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, repr=False, eq=False)
class ForecastModels(Result):
    """Forecasts with the error that stock has to cover.

    Attributes
    ----------
    errors : DataFrame
        One row per series and exposure; an error is demand less forecast, both summed:

        - ``item``, ``location``, segments, ``exposure`` (periods), ``lag`` (periods)
        - ``windows``: snapshots with every forecast and every actual of their exposure;
          ``incomplete``, ``hidden``: snapshots left out for want of one, or for a stock-out
        - ``effective_windows``: as many windows that do not overlap would say as much
        - ``bias``: mean error, units; ``bias_t``: the same over its standard error
        - ``std``: of the error about its mean, units, free of the bias that overlap brings
        - ``rmse``: root mean squared error, units
        - ``widening``: factor for what few windows leave open
        - ``root_rule``: what the square root of time makes of the one-period error, units; shown
          because it is wrong wherever errors of successive periods go together
        - ``made_at``: of the latest snapshot; ``forecast``: its sum over the exposure, units
    exposure, lag : int
        Periods for which :attr:`demand` is made.
    segments : tuple of str
    correct_bias : bool
    """

    errors: pd.DataFrame
    exposure: int
    lag: int
    segments: tuple[str, ...]
    correct_bias: bool

    @property
    def demand(self) -> pd.DataFrame:
        """Table ``demand`` for ``Network.from_tables``: normal, by the latest forecast.

        The mean is the forecast over the exposure per period, with the bias added where that was
        asked for; ``std`` is the widened deviation of the summed error over the square root of the
        exposure, so that a stage of this exposure gets exactly the error that was measured, and
        stages of other exposures an approximation.
        """
        rows = self.errors[self.errors["exposure"] == self.exposure]
        table = rows[["item", "location", *self.segments]].reset_index(drop=True)
        total = rows["forecast"].to_numpy()
        if self.correct_bias:
            total = total + rows["bias"].to_numpy()
        table["family"] = pd.Series(["normal"] * len(table), dtype="str")
        table["mean"] = total / self.exposure
        spread = rows["std"].to_numpy() * rows["widening"].to_numpy()
        table["std"] = spread / np.sqrt(self.exposure)
        table["parameters"] = ""
        return table

    def to_frame(self, level: str = "error") -> pd.DataFrame:
        """Copy the errors frame (``level="error"``).

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        return self._frame(level, {"error": self.errors})

    def summary(self) -> str:
        """Say in a few lines how good the forecasts are."""
        rows = self.errors[self.errors["exposure"] == self.exposure]
        biased = rows["bias_t"].abs() > 3.0
        volume = rows["forecast"].sum()
        lines = [
            f"Forecasts of {len(rows)} series over {self.exposure} periods, {self.lag} ahead",
            f"  bias  {rows['bias'].sum() / volume if volume else 0.0:+.1%} of forecast volume; "
            f"{int(biased.sum())} series beyond three standard errors",
            f"  error of the sum against the square-root rule: "
            f"{(rows['std'] / rows['root_rule']).median():.2f} at the median",
        ]
        old = int((rows["made_at"] < rows["made_at"].max()).sum())
        if old:
            lines.append(f"  {old} series were last forecast before the others: see made_at")
        if len(self.failures):
            lines.append(f"  {len(self.failures)} series without a model: see .failures")
        return "\n".join(lines)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes."""
        return {"errors": self.errors, "demand": self.demand}

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {
            **super().manifest(),
            "exposure": self.exposure,
            "lag": self.lag,
            "correct_bias": self.correct_bias,
        }

    def __repr__(self) -> str:
        """Summary and the first ten rows."""
        return in_text(self.summary(), self.errors.head(10), float_format="{:,.2f}".format)

    def _repr_html_(self) -> str:
        return in_html(self.summary(), self.errors.head(10), float_format="{:,.2f}".format)


def fit_forecasts(
    forecasts: pd.DataFrame,
    history: pd.DataFrame,
    *,
    exposure: int | Sequence[int] = 1,
    lag: int = 0,
    service_level: float = 0.95,
    period: str | None = None,
    absent: Absent = "raise",
    segments: Sequence[str] = (),
    min_windows: int = 4,
    correct_bias: bool = False,
) -> ForecastModels:
    r"""Measure the error that stock has to cover where demand is forecast.

    An order placed at the start of period :math:`m` with the forecast of that time has to cover the
    demand of :math:`\tau` periods from :math:`m + \text{lag}` on. What it may be wrong by is

    .. math:: e_m = \sum_{u=0}^{\tau-1}\bigl(d_{m+\text{lag}+u} - f_{m,\,m+\text{lag}+u}\bigr),

    the error of the *sum*, at the lag at which the order was placed [1]_. Its deviation is measured
    as it is, never as :math:`\sqrt\tau` times the error of one period: errors of one snapshot go
    together.

    Parameters
    ----------
    forecasts : DataFrame
        Table ``forecasts``: item, location, segments, made_at, period, forecast. A snapshot made
        at :math:`m` knows the demand of the periods before :math:`m`.
    history : DataFrame
        Table ``demand_history``, the actuals. Windows with a stock-out in them are not used.
    exposure : int or sequence of int, default 1
        Periods :math:`\tau` that are summed, lead time plus review period; of several the largest
        makes the demand table.
    lag : int, default 0
        Periods between the snapshot and the first period covered: 0 for a stage that orders for
        the period at hand, its suppliers' lead times for a stage upstream.
    service_level : float, default 0.95
        Probability for which few windows widen the deviation.
    period, absent, segments
        As in :func:`echelon.fit_demand`.
    min_windows : int, default 4
        Windows that a series needs, at least 2.
    correct_bias : bool, default False
        Whether the demand table's mean is the forecast plus its bias. It is reported either way.

    Returns
    -------
    ForecastModels

    Raises
    ------
    TableError
        With every fault of both tables.
    DomainError
        If an argument is outside what it may be.

    Notes
    -----
    Windows overlap, so that their errors go together even where those of periods do not: at a
    distance of :math:`k` periods by :math:`\rho_k = 1 - k/\tau`. With
    :math:`n_e = n^2 / \sum_{ij} \rho_{|m_i - m_j|}` effective windows,
    :math:`\sum (e - \bar e)^2 / (n - n/n_e)` is free of bias where errors of periods are
    independent. The widening is :math:`t_{n_e - 1}(q)/z(q)\,\sqrt{1 + 1/n_e}`.

    References
    ----------
    .. [1] Schoenmeyr & Graves (2009), *Strategic safety stocks in supply chains with evolving
       forecasts*, M&SOM 11(4), 657-673.

    Examples
    --------
    >>> import numpy as np, pandas as pd, echelon as ec
    >>> rng = np.random.default_rng(7)
    >>> key = {"item": "bolt", "location": "shop"}
    >>> history = pd.DataFrame(key | {"period": np.arange(60), "quantity": rng.poisson(50, 60)})
    >>> snapshots = [(made, made + ahead, 48.0) for made in range(10, 60) for ahead in range(4)]
    >>> forecasts = pd.DataFrame(snapshots, columns=["made_at", "period", "forecast"])
    >>> models = ec.fit_forecasts(forecasts.assign(**key), history, exposure=4)
    >>> models.errors[["windows", "forecast"]].values.tolist()
    [[47.0, 192.0]]
    """
    began = time.perf_counter()
    lengths = _lengths(exposure)
    check_whole("lag", lag, 0)
    check_whole("min_windows", min_windows, 2)
    (level,) = check_levels([service_level])
    panel, snapshots = read_snapshots(forecasts, history, period, absent, segments)
    read = time.perf_counter()
    parts = []
    failures: list[tuple[int, int, str, str]] = []
    for length in lengths:
        frame, failed = _errors(panel, snapshots, length, lag, level, min_windows)
        parts.append(frame)
        if length == lengths[-1]:
            failures = failed
    names = tuple(panel.keys.columns[2:])
    errors = pd.concat(parts, ignore_index=True)
    errors = errors.sort_values(["series", "exposure"], kind="stable", ignore_index=True)
    arguments: dict[str, Any] = {
        "exposure": list(lengths),
        "lag": lag,
        "service_level": level,
        "period": period,
        "absent": absent,
        "segments": list(segments),
        "min_windows": min_windows,
        "correct_bias": correct_bias,
    }
    digests = {"forecasts": frame_digest(forecasts), "demand_history": frame_digest(history)}
    seconds = {"read": read - began, "fit": time.perf_counter() - read}
    return ForecastModels(
        failures_frame(panel.keys, failures),
        Provenance(arguments, digests, seconds),
        errors.drop(columns="series"),
        lengths[-1],
        lag,
        names,
        correct_bias,
    )


def _lengths(exposure: int | Sequence[int]) -> tuple[int, ...]:
    given = list(exposure) if isinstance(exposure, (list, tuple, range)) else [exposure]
    if not given:
        raise DomainError("exposure is empty. Fix: give a whole number of periods, or several.")
    return tuple(sorted({check_whole("exposure", length, 1) for length in given}))


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Forecasts row by row: series and columns of the panel's count, units."""

    series: Integers
    made: Integers
    period: Integers
    forecast: Floats


def read_snapshots(
    forecasts: object,
    history: object,
    period: str | None,
    absent: Absent,
    segments: Sequence[str],
) -> tuple[Panel, Snapshots]:
    """Read both tables; every fault of both before it raises."""
    faults: list[Fault] = []
    panel: Panel | None = None
    try:
        panel = read_history(history, segments=segments, period=period, absent=absent)
    except TableError as error:
        faults += error.faults
    checked = check_table(forecasts, segmented(FORECASTS, segments))
    names = [name for name in checked.table.key if name not in ("made_at", "period")]
    keys = [name for name in names if checked.has(name)]
    if not checked.named(("item", "location", "made_at", "period", "forecast")):
        raise TableError(faults + checked.faults)
    found = {name: ordinals(checked, name, period) for name in ("made_at", "period")}
    if not checked.faults:
        made, ahead = (found[name][0] for name in ("made_at", "period"))
        calendars = {name: found[name][1] for name in found}
        _refuse_other_weeks(checked, calendars, panel)
        if not checked.faults:
            checked.add(
                "period",
                ahead < made,
                "must not be before made_at: that demand was known",
                "drop the rows, or correct made_at",
            )
    if panel is None or checked.faults:
        raise TableError(faults + checked.faults)
    if keys != list(panel.keys.columns):
        checked.faults.append(
            Fault(
                "forecasts",
                "segment",
                0,
                ", ".join(keys),
                f"has the key {', '.join(keys)}, and demand_history "
                f"{', '.join(panel.keys.columns)}",
                "give both tables the same segment columns",
            )
        )
        raise TableError(checked.faults)
    both = pd.concat([panel.keys, checked.frame[keys]], ignore_index=True)
    codes, _ = series_codes(both, keys)
    series = codes[panel.n_series :]
    cell = pd.DataFrame({"series": series, "made": made, "period": ahead})
    again = cell.duplicated().to_numpy() if panel.calendar.period != "number" else None
    if again is not None and again.any():  # two days of one month are two rows for one period
        first = int((cell == cell.iloc[int(again.argmax())]).all(axis=1).to_numpy().argmax())
        checked.add(
            "period",
            again,
            f"falls into the same {panel.calendar.period}, of the same series and snapshot, as row "
            f"{first + 1}",
            f"keep one snapshot of a {panel.calendar.period}, and one forecast of each",
        )
    unknown = series >= panel.n_series
    checked.add(
        ", ".join(keys),
        unknown,
        "has no row in demand_history, so that its error cannot be measured",
        "add its history, or leave the rows out",
        value=tuple(checked.frame.loc[unknown, keys].iloc[0]) if unknown.any() else None,
    )
    if checked.faults:
        raise TableError(checked.faults)
    forecast = checked.frame["forecast"].to_numpy()
    return panel, Snapshots(series, made - panel.first, ahead - panel.first, forecast)


def _refuse_other_weeks(
    checked: Checked, calendars: dict[str, Calendar], panel: Panel | None
) -> None:
    """Columns that count otherwise than the history cannot be laid beside it."""
    for name, calendar in calendars.items():
        if panel is not None and calendar != panel.calendar:
            here, there = (
                "numbers" if one.period == "number" else f"{one.period}s from day {one.anchor}"
                for one in (calendar, panel.calendar)
            )
            checked.faults.append(
                Fault(
                    "forecasts",
                    name,
                    0,
                    here,
                    f"counts {here}, and demand_history counts {there}",
                    "write the periods of both tables in the same way, weeks by the same weekday",
                )
            )


def _errors(
    panel: Panel, snapshots: Snapshots, length: int, lag: int, level: float, min_windows: int
) -> tuple[pd.DataFrame, list[tuple[int, int, str, str]]]:
    """Errors of sums over one exposure, and the series that have too few."""
    n_series = panel.n_series
    begin = int(snapshots.made.min())
    span = int(snapshots.made.max()) - begin + 1
    ahead = snapshots.period - snapshots.made
    within = (ahead >= lag) & (ahead < lag + length)
    cell = snapshots.series * span + snapshots.made - begin
    size = n_series * span
    there = np.bincount(cell, minlength=size).reshape(n_series, span) > 0
    count = np.bincount(cell[within], minlength=size).reshape(n_series, span)
    total = np.bincount(cell[within], snapshots.forecast[within], minlength=size)
    total = total.reshape(n_series, span)
    whole = there & (count == length)
    actual, hidden = _actuals(panel, begin + lag, span, length)
    latest = np.where(whole, np.arange(span), -1).max(axis=1)
    newest = np.where(there, np.arange(span), -1).max(axis=1)
    error = actual - total
    use = whole & ~np.isnan(actual) & ~hidden
    windows = use.sum(axis=1).astype(np.float64)
    error = np.where(use, error, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = error.sum(axis=1) / windows
        effective = windows**2 / _overlap(use, length)
        off = np.where(use, error - bias[:, None], 0.0)
        variance = (off**2).sum(axis=1) / (windows - windows / effective)
        std = np.sqrt(variance)
        bias_t = np.where(std > 0.0, bias / (std / np.sqrt(effective)), np.nan)
        degrees = np.maximum(effective - 1.0, FEWEST_DEGREES)
        stretch = scipy.special.stdtrit(degrees, level) / scipy.special.ndtri(level)
    one = _one_period(panel, snapshots, lag)
    current = (latest >= 0) & (latest == newest)
    enough = (windows >= min_windows) & (effective > 1.0) & current
    rows = np.flatnonzero(enough)
    frame = panel.keys.iloc[rows].reset_index(drop=True)
    frame["series"] = rows
    frame["exposure"], frame["lag"] = length, lag
    frame["windows"] = windows[rows].astype(np.int64)
    future = there & whole & (np.arange(span) + begin + lag + length > panel.n_periods)
    frame["incomplete"] = (there & ~use & ~hidden & ~future).sum(axis=1)[rows]
    frame["hidden"] = (whole & hidden).sum(axis=1)[rows]
    frame["effective_windows"] = effective[rows]
    frame["bias"], frame["bias_t"], frame["std"] = bias[rows], bias_t[rows], std[rows]
    frame["rmse"] = np.sqrt((error**2).sum(axis=1)[rows] / windows[rows])
    frame["widening"] = (stretch * np.sqrt(1.0 + 1.0 / effective))[rows]
    frame["root_rule"] = np.sqrt(length) * one[rows]
    frame["made_at"] = panel.calendar.labels(latest[rows] + begin + panel.first)
    frame["forecast"] = total[rows, latest[rows]]
    failures = []
    for row in np.flatnonzero(~enough).tolist():
        if there[row].any() and not current[row]:
            reason = f"its latest snapshot does not forecast all {length} periods from lag {lag} on"
        else:
            reason = (
                f"{int(windows[row])} snapshots have all forecasts and actuals of {length} "
                f"periods, {min_windows} that do not all overlap are needed"
            )
        message = f"{reason}. Fix: give more snapshots, or fit its history by fit_demand."
        failures.append((row, row, "no model", message))
    return frame, failures


def _actuals(panel: Panel, begin: int, span: int, length: int) -> tuple[Floats, Mask]:
    """Demand of so many periods from each of a row of columns on; NaN where one is not known."""
    columns = begin + np.arange(span)[:, None] + np.arange(length)
    inside = (columns >= 0) & (columns < panel.n_periods)
    place = np.clip(columns, 0, panel.n_periods - 1)
    actual = np.full((panel.n_series, span), 0.0)
    hidden = np.zeros((panel.n_series, span), dtype=np.bool_)
    for step in range(length):
        value = panel.quantity[:, place[:, step]]
        actual += np.where(inside[:, step], value, np.nan)
        if panel.censored is not None:
            hidden |= panel.censored[:, place[:, step]] & inside[:, step]
    return actual, hidden


def _overlap(use: Mask, length: int) -> Floats:
    """Sum over all pairs of windows of the share of periods that they have in common."""
    window = use.astype(np.float64)
    shared = window.sum(axis=1)
    for apart in range(1, min(length, use.shape[1])):
        pairs = np.einsum("ij,ij->i", window[:, apart:], window[:, :-apart])
        shared += 2.0 * (1.0 - apart / length) * pairs
    return np.asarray(shared)


def _one_period(panel: Panel, snapshots: Snapshots, lag: int) -> Floats:
    """Root mean squared error of single periods at the lag, units; NaN where there are none."""
    rows = (snapshots.period - snapshots.made == lag) & (snapshots.period >= 0)
    rows &= snapshots.period < panel.n_periods
    series, column = snapshots.series[rows], snapshots.period[rows]
    error = panel.quantity[series, column] - snapshots.forecast[rows]
    known = ~np.isnan(error)
    if panel.censored is not None:
        known &= ~panel.censored[series, column]
    count = np.bincount(series[known], minlength=panel.n_series)
    squares = np.bincount(series[known], error[known] ** 2, minlength=panel.n_series)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(squares / count))
