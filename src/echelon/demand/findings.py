"""What a history shows beside its mean: cycles, level shifts, trends, outliers.

Reported, never removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from echelon.demand.candidates import CANDIDATES
from echelon.demand.history import Panel
from echelon.demand.season import HARMONICS, cycles_of, find_cycle

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

SHIFT_CRITICAL = 12.16
"""1 % point of the largest F over splits in the middle 70 % (Andrews, 2003)."""
TREND_CHANCE = 0.01
OUTLIER_CHANCE = 1e-5
"""Divided by the number of periods: chance below which a quantity is an outlier.

So small because the largest values were taken out before the rest was asked: in simulated demand
without outliers fewer than one series in a hundred has one reported.
"""
FEWEST_PERIODS = 20
DEMANDS_PER_OUTLIER = 20
"""Periods with demand for each quantity that may be taken out and judged by the rest."""
_TRIMMED = 0.15
_MOST_OUTLIERS = 3


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of level; every array is (n_series,).

    Attributes
    ----------
    shift : bool
        Whether the level moved once; not told where a trend explains the history better.
    shift_column : int64
        First period of the new level.
    shift_size : float64
        New level less old, units per period.
    trend : bool
        Whether the level moves steadily; not told where one shift explains it better.
    slope : float64
        Units per period, per period.
    unexplained : float64
        Sum of squares that the best shift leaves, units squared.
    """

    shift: Mask
    shift_column: Integers
    shift_size: Floats
    trend: Mask
    slope: Floats
    unexplained: Floats


def find_changes(quantity: Floats, spent: Integers | int = 0) -> Changes:
    """Look for one shift of level, or a trend, in each series.

    A shift where the largest F statistic over all splits, 15 % of the periods kept on either side,
    exceeds its 1 % point [1]_ [2]_; a trend where the slope's t statistic does. Where both do, the
    one that leaves the smaller sum of squares is told. Fewer than 20 periods say nothing.

    Parameters
    ----------
    quantity : (n_series, n_periods) float64
        Units; NaN where not observed.
    spent : (n_series,) int64 or int, default 0
        Coefficients that were taken out before, those of a cycle.

    Returns
    -------
    Changes

    References
    ----------
    .. [1] Andrews (1993), *Tests for parameter instability and structural change with unknown
       change point*, Econometrica 61(4), 821-856.
    .. [2] Andrews (2003), corrigendum to [1], Econometrica 71(1), 395-397: the critical value.
    """
    seen = ~np.isnan(quantity)
    count = seen.sum(axis=1).astype(np.float64)
    value = np.where(seen, quantity, 0.0)
    mean = value.sum(axis=1) / np.maximum(count, 1.0)
    off = np.where(seen, value - mean[:, None], 0.0)
    whole = np.einsum("ij,ij->i", off, off)
    before = np.cumsum(seen, axis=1).astype(np.float64)
    n = count[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        gained = np.cumsum(off, axis=1) ** 2 * n / (before * (n - before))
    inside = seen & (before >= _TRIMMED * n) & (before <= (1.0 - _TRIMMED) * n)
    gained = np.where(inside, gained, -1.0)
    split = gained.argmax(axis=1)
    most = gained[np.arange(len(gained)), split]
    enough = (count >= FEWEST_PERIODS) & (whole > 0.0)
    place = np.where(seen, before - 0.5 * (n + 1.0), 0.0)
    spread = np.einsum("ij,ij->i", place, place)
    with np.errstate(divide="ignore", invalid="ignore"):
        degrees = np.maximum(count - 2.0 - spent, 1.0)
        shift_statistic = degrees * most / (whole - most)
        slope = np.einsum("ij,ij->i", place, off) / spread
        explained = slope**2 * spread
        trend_statistic = degrees * explained / (whole - explained)
        critical = scipy.special.stdtrit(degrees, 1.0 - 0.5 * TREND_CHANCE) ** 2
        shift = enough & (shift_statistic > SHIFT_CRITICAL)
        trend = enough & (trend_statistic > critical)
        left = before[np.arange(len(before)), split]
        sum_left = np.cumsum(off, axis=1)[np.arange(len(off)), split]
        size = -sum_left / (count - left) - sum_left / left
    better_shift = most >= explained
    return Changes(
        shift & (better_shift | ~trend),
        (split + 1).astype(np.int64),
        size,
        trend & (~better_shift | ~shift),
        slope,
        whole - np.maximum(most, 0.0),
    )


@dataclass(frozen=True, slots=True)
class Outliers:
    """Quantities that the rest of their history does not explain.

    Attributes
    ----------
    series, column : (n,) int64
    chance : (n,) float64
        Probability of a quantity as large under the model of the other periods.
    """

    series: Integers
    column: Integers
    chance: Floats


def find_outliers(quantity: Floats) -> Outliers:
    """Look for up to three outliers in each series.

    The largest quantities, one for every twenty periods with demand and three at most, are judged
    by a model of the periods without them (negative binomial for whole units, else gamma, by
    moments, their uncertainty included), so that they cannot hide one another. The largest is an
    outlier where its chance is below 1e-5 over the number of periods; then the next is judged, and
    so on. Fewer than twenty demands say nothing of a tail.

    Parameters
    ----------
    quantity : (n_series, n_periods) float64
        Units; NaN where not observed.

    Returns
    -------
    Outliers
        In the order of the series, then of the periods.
    """
    seen = ~np.isnan(quantity)
    count = seen.sum(axis=1).astype(np.float64)
    value = np.where(seen, quantity, 0.0)
    whole = (value == np.floor(value)).all(axis=1)
    order = np.argsort(np.where(seen, -quantity, np.inf), axis=1, kind="stable")
    top = order[:, :_MOST_OUTLIERS]
    judged = np.minimum((value > 0.0).sum(axis=1) // DEMANDS_PER_OUTLIER, _MOST_OUTLIERS)
    asked = np.arange(top.shape[1]) < judged[:, None]
    largest = np.where(asked, np.take_along_axis(value, top, axis=1), 0.0)
    rest = count - judged
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (value.sum(axis=1) - largest.sum(axis=1)) / rest
        square = ((value**2).sum(axis=1) - (largest**2).sum(axis=1)) / rest
        variance = np.maximum(square - mean**2, 0.0) * rest / (rest - 1.0) * (1.0 + 1.0 / rest)
    unlikely = (count >= FEWEST_PERIODS) & (variance > 0.0)
    found: list[tuple[Integers, Integers, Floats]] = []
    for place in range(top.shape[1]):
        alive = unlikely & asked[:, place]
        chance = np.ones(len(quantity))
        for kind, name, step in ((whole, "negative_binomial", 1.0), (~whole, "gamma", 0.0)):
            rows = np.flatnonzero(alive & kind)
            below = CANDIDATES[name].distribution(
                mean[rows], variance[rows], largest[rows, place] - step
            )
            chance[rows] = 1.0 - below
        unlikely = alive & (chance * count < OUTLIER_CHANCE)
        rows = np.flatnonzero(unlikely)
        found.append((rows, top[rows, place], chance[rows]))
    series, columns, chances = (np.concatenate(part) for part in zip(*found, strict=True))
    by = np.lexsort((columns, series))
    return Outliers(series[by], columns[by], chances[by])


def describe(
    panel: Panel, models: pd.DataFrame, settled: Mask, season: float | None = None
) -> pd.DataFrame:
    """Write down what a person should know of each series' history.

    Parameters
    ----------
    panel : Panel
    models : DataFrame
        One row per series of the panel, as :class:`echelon.demand.models.DemandModels` has them.
    settled : (n_series,) bool
        Whether what stock-outs hide could be estimated.
    season : float, optional
        Periods of a cycle to look for; by default a year, and of days a week too.

    Returns
    -------
    DataFrame
        Key, finding, period (None where it is the whole history), value, message; ordered by
        series.
    """
    quantity = panel.quantity
    if panel.censored is not None:
        quantity = np.where(panel.censored, np.nan, quantity)
    parts: list[_Part] = []
    cycles = cycles_of(panel.calendar, season)
    for begin in range(0, panel.n_series, _CHUNK):
        parts += _of_history(quantity[begin : begin + _CHUNK], begin, cycles)
    seen = ~np.isnan(panel.quantity)
    ended = panel.n_periods - 1 - np.argmax(seen[:, ::-1], axis=1)
    parts += _of_series("ended", np.flatnonzero(ended < panel.n_periods - 1), ended, ended)
    everything = [
        ("stock_outs", models["stock_outs"].to_numpy(), models["stock_outs"].to_numpy() > 0),
        ("not_settled", models["stock_outs"].to_numpy(), ~settled),
        ("absent", panel.filled, panel.filled > 0),
        (
            "fell_back",
            models["periods"].to_numpy(),
            (models["source"] != "own").to_numpy() & models["family"].notna().to_numpy(),
        ),
        ("widened", models["widening"].to_numpy(), _widened(models)),
    ]
    for name, value, rows in everything:
        parts += _of_series(name, np.flatnonzero(rows), None, value)
    return _frame(panel, parts)


_CHUNK = 4096
_WIDENED = 1.10
_MESSAGES = {
    "yearly_cycle": "demand follows the year: {value:.2f} times the mean at its peak, around here; "
    "the model is the average of the year",
    "weekly_cycle": "demand follows the week: {value:.2f} times the mean at its peak, on this day; "
    "the model is the average of the week",
    "cycle": "demand follows the cycle asked for: {value:.2f} times the mean at its peak, around "
    "here; the model is the average of the cycle",
    "level_shift": "the level moved by {value:+.4g} a period from here on; the memory decides how "
    "much of the past still counts",
    "trend": "demand moves by {value:+.4g} a period each period; the model has no trend",
    "outlier": "{value:.6g} is more than the other periods explain; it is kept",
    "ended": "the last row; nothing is known of the periods after it",
    "stock_outs": "stock ran out in {value:.0f} periods; demand was taken to be at least what was "
    "sold",
    "not_settled": "{value:.0f} stock-outs hide so much that demand cannot be estimated from the "
    "rest",
    "absent": "{value:.0f} periods without a row count as zero, as absent='zero' says",
    "fell_back": "too few periods or demands among {value:.0f} for a model of its own; it follows "
    "its lender",
    "widened": "the standard deviation is {value:.2f} times what a long history would give",
}
_Part: TypeAlias = tuple[str, Integers, Integers | None, Floats]


def _of_history(quantity: Floats, begin: int, cycles: tuple[tuple[str, float], ...]) -> list[_Part]:
    changes, outliers = find_changes(quantity), find_outliers(quantity)
    left, parts = quantity, []
    count = (~np.isnan(quantity)).sum(axis=1)
    spent = np.zeros(len(quantity), dtype=np.int64)
    for name, length in cycles:
        cycle = find_cycle(left, length)
        # two years with a shift between them look like a cycle too: what explains more is told,
        # by Akaike's criterion: six coefficients with the level's and the trend's, against three
        with np.errstate(invalid="ignore"):
            allowance = np.exp(-6.0 / np.maximum(count, 1))
            rows = np.flatnonzero(
                cycle.found & (cycle.unexplained < allowance * changes.unexplained)
            )
        parts.append((name, rows + begin, cycle.peak_column[rows], cycle.peak_ratio[rows]))
        if rows.size:  # a cycle is no change of level: look for those in what it leaves
            left = left.copy()
            left[rows] -= cycle.component[rows]
            spent[rows] += 2 * HARMONICS
            changes = find_changes(left, spent)
    shifted, moving = np.flatnonzero(changes.shift), np.flatnonzero(changes.trend)
    value = quantity[outliers.series, outliers.column]
    return [
        *parts,
        (
            "level_shift",
            shifted + begin,
            changes.shift_column[shifted],
            changes.shift_size[shifted],
        ),
        ("trend", moving + begin, None, changes.slope[moving]),
        ("outlier", outliers.series + begin, outliers.column, value),
    ]


def _widened(models: pd.DataFrame) -> Mask:
    return ((models["widening"] > _WIDENED) & models["family"].notna()).to_numpy()


def _of_series(
    name: str, rows: Integers, column: Integers | None, value: NDArray[Any]
) -> list[_Part]:
    return [(name, rows, None if column is None else column[rows], value[rows].astype(np.float64))]


def _frame(panel: Panel, parts: list[_Part]) -> pd.DataFrame:
    series = np.concatenate([rows for _, rows, _, _ in parts])
    labels = panel.periods.astype(object)
    periods: list[object] = []
    names: list[str] = []
    messages: list[str] = []
    for name, rows, column, value in parts:
        names += [name] * len(rows)
        periods += [None] * len(rows) if column is None else labels[column].tolist()
        messages += [_MESSAGES[name].format(value=number) for number in value.tolist()]
    table = panel.keys.iloc[series].reset_index(drop=True)
    table["finding"] = pd.Series(names, dtype="str")
    table["period"] = pd.Series(periods, dtype=object)
    table["value"] = np.concatenate([value for *_, value in parts])
    table["message"] = pd.Series(messages, dtype="str")
    order = np.argsort(series, kind="stable")
    return table.iloc[order].reset_index(drop=True)
