"""Demand as it was and the model of it; and what kinds of demand there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from echelon.demand.classify import CLASSES, INTERVAL_CUT, VARIATION_CUT
from echelon.demand.lookup import rows_with, series_named
from echelon.demand.models import DemandModels
from echelon.plots.canvas import axes, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = dict(
    zip(CLASSES, ("tab:blue", "tab:orange", "tab:green", "tab:red", "0.6"), strict=True)
)

_CORNERS = {"smooth": (0, 0), "intermittent": (1, 0), "erratic": (0, 1), "lumpy": (1, 1)}
"""Where each class lies on the map: across, up."""

"""Series that an error lists."""


def history(
    models: DemandModels,
    ax: Axes | None = None,
    *,
    service_level: float | Sequence[float] | None = None,
    **key: str,
) -> Axes:
    """Draw the history of a series with the mean and the quantiles of its model.

    Quantiles are those of one period, widened as the model is. Hollow points are periods with
    stock-outs; a vertical line is a level shift, a ring an outlier, as the findings have them.

    Parameters
    ----------
    models : DemandModels
    ax : Axes, optional
        New axes where none are given.
    service_level : float or sequence of float, optional
        Probabilities of the quantiles; those that were fitted for by default.
    **key : str
        ``item="bolt", location="shop"`` and segments; enough to name one series.

    Returns
    -------
    Axes

    Raises
    ------
    DomainError
        If the key names no series, or several.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, pandas as pd, echelon as ec
    >>> sold = np.random.default_rng(7).poisson(4.0, 52)
    >>> history = pd.DataFrame({"item": "bolt", "location": "shop", "quantity": sold})
    >>> models = ec.fit_demand(history.assign(period=np.arange(52)))
    >>> models.plot.history(item="bolt").get_ylabel()
    'units a period'
    """
    panel = models.panel
    series = series_named(panel.keys, key)
    seen = np.flatnonzero(~np.isnan(panel.quantity[series]))
    periods, quantity = panel.periods[seen], panel.quantity[series, seen]
    hidden = np.zeros(len(seen), dtype=np.bool_)
    if panel.censored is not None:
        hidden = panel.censored[series, seen]
    ax = axes(ax, width=10.0)
    ax.vlines(periods, 0.0, quantity, color="0.8", linewidth=1.0)
    ax.plot(periods[~hidden], quantity[~hidden], "o", color="0.3", markersize=3.0)
    if hidden.any():
        ax.plot(
            periods[hidden],
            quantity[hidden],
            "o",
            markerfacecolor="white",
            color="0.3",
            markersize=4.0,
            label="stock-out: at least this",
        )
    unit = "period" if panel.calendar.period == "number" else panel.calendar.period
    title = " @ ".join(panel.keys.iloc[series, :2])
    title = " / ".join([title, *(name for name in panel.keys.iloc[series, 2:] if name)])
    named = {str(name): value for name, value in panel.keys.iloc[series].items()}
    own = rows_with(models.models, named)
    if own.any():
        model = models.models[own].iloc[0]
        title = f"{title}: {model['class']}, {model['fitted_family']}"
        if model["source"] != "own":
            title = f"{title} (model from {model['source']})"
        ax.axhline(model["mean"], color="tab:blue", label=f"mean: {model['mean']:,.4g}")
        levels = None if service_level is None else _levels(service_level)
        table = models.quantiles(levels, periods=1)[own].iloc[0]
        styles = ("--", "-.", ":")
        for place, level in enumerate(table.index[len(models.keys) :]):
            ax.axhline(
                table[level],
                color="tab:red",
                linestyle=styles[place % 3],
                label=f"{100.0 * level:.4g} % quantile of one {unit}: {table[level]:,.4g}",
            )
    found = models.findings[rows_with(models.findings, named)]
    for place, when in enumerate(found.loc[found["finding"] == "level_shift", "period"]):
        ax.axvline(when, color="tab:purple", linewidth=1.0, label="" if place else "level shift")
    outliers = found[found["finding"] == "outlier"]
    marks = zip(outliers["period"], outliers["value"], strict=True)
    for place, (when, value) in enumerate(marks):
        ax.plot(
            [when],
            [value],
            "o",
            color="tab:red",
            fillstyle="none",
            markersize=9,
            label="" if place else "outlier",
        )
    if ax.get_ylim()[1] < 1.0:  # a series without demand: not a picture of rounding
        ax.set_ylim(top=1.0)
    if panel.calendar.period != "number":
        _plain_dates(ax)
    ax.set_xlabel(unit)
    ax.set_ylabel(f"units a {unit}")
    ax.set_title(title)
    legend(ax)
    plain(ax)
    return ax


def classes(models: DemandModels, ax: Axes | None = None) -> Axes:
    """Draw every series by its demand interval and the variation of its sizes.

    The lines are the cut-offs of Syntetos, Boylan and Croston, and each class has its name in
    its corner. Series without demand have no place on the map; the title counts them.

    Parameters
    ----------
    models : DemandModels
    ax : Axes, optional
        New axes where none are given.

    Returns
    -------
    Axes

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, pandas as pd, echelon as ec
    >>> sold = np.random.default_rng(7).poisson(4.0, 52)
    >>> history = pd.DataFrame({"item": "bolt", "location": "shop", "quantity": sold})
    >>> models = ec.fit_demand(history.assign(period=np.arange(52)))
    >>> models.plot.classes().get_ylabel()
    'squared variation of sizes'
    """
    ax = axes(ax, width=10.0)
    table = models.models
    interval, variation = (
        table[name].to_numpy(dtype=np.float64) for name in ("demand_interval", "size_variation")
    )
    placed = np.isfinite(interval) & np.isfinite(variation)
    for name in CLASSES:
        rows = placed & (table["class"] == name).to_numpy()
        if rows.any():
            ax.scatter(
                interval[rows],
                variation[rows],
                s=12.0,
                alpha=0.6,
                color=_COLOURS[name],
                label=f"{name} ({int(rows.sum()):,})",
            )
    ax.axvline(INTERVAL_CUT, color="0.4", linewidth=0.8)
    ax.axhline(VARIATION_CUT, color="0.4", linewidth=0.8)
    longest = max(interval[placed].max(initial=0.0), 2.0 * INTERVAL_CUT)
    ax.set_xscale("log")
    ax.set_xlim(0.9, 1.1 * longest)
    ax.set_ylim(0.0, 1.1 * max(variation[placed].max(initial=0.0), 2.0 * VARIATION_CUT))
    ticks = np.outer(10.0 ** np.arange(8), (1.0, 2.0, 5.0)).ravel()
    ticks = ticks[ticks <= longest]
    ax.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    ax.minorticks_off()
    for name, (across, up) in _CORNERS.items():
        ax.annotate(
            name,
            (across, 1.0 if up else VARIATION_CUT),
            (6 - 12 * across, -4),
            xycoords=("axes fraction", "axes fraction" if up else "data"),
            textcoords="offset points",
            ha="right" if across else "left",
            va="top",
            color="0.4",
            style="italic",
        )
    ax.set_xlabel("periods per period with demand")
    ax.set_ylabel("squared variation of sizes")
    unseen = int((~placed).sum())
    left_out = f", {unseen:,} of them without demand and not shown" if unseen else ""
    ax.set_title(f"{len(table):,} series{left_out}")
    if placed.any():
        legend(ax)
    plain(ax)
    return ax


def _plain_dates(ax: Axes) -> None:
    """Write as many dates below the axis as have room."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(formatter)


def _levels(service_level: float | Sequence[float]) -> list[float]:
    return [service_level] if isinstance(service_level, float) else list(service_level)
