"""Demand as it was and the model of it; and what kinds of demand there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from echelon.demand.classify import CLASSES, INTERVAL_CUT, VARIATION_CUT
from echelon.demand.models import DemandModels
from echelon.errors import DomainError
from echelon.plots.canvas import axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = dict(
    zip(CLASSES, ("tab:blue", "tab:orange", "tab:green", "tab:red", "0.6"), strict=True)
)


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
    'units per period'
    """
    panel = models.panel
    series = _series(models, key)
    seen = np.flatnonzero(~np.isnan(panel.quantity[series]))
    periods, quantity = panel.periods[seen], panel.quantity[series, seen]
    hidden = np.zeros(len(seen), dtype=np.bool_)
    if panel.censored is not None:
        hidden = panel.censored[series, seen]
    ax = axes(ax)
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
    title = " @ ".join(panel.keys.iloc[series, :2])
    title = " / ".join([title, *(name for name in panel.keys.iloc[series, 2:] if name)])
    own = _rows(models.models, panel.keys.iloc[series])
    if own.any():
        model = models.models[own].iloc[0]
        title = f"{title}: {model['class']}, {model['fitted_family']}"
        ax.axhline(model["mean"], color="tab:blue", label=f"mean {model['mean']:,.4g}")
        levels = None if service_level is None else _levels(service_level)
        table = models.quantiles(levels, periods=1)[own].iloc[0]
        styles = ("--", "-.", ":")
        for place, level in enumerate(table.index[len(models.keys) :]):
            ax.axhline(
                table[level],
                color="tab:red",
                linestyle=styles[place % 3],
                label=f"{level:.4g} quantile {table[level]:,.4g}",
            )
    found = models.findings[_rows(models.findings, panel.keys.iloc[series])]
    for row in found.itertuples():
        if row.finding == "level_shift":
            ax.axvline(row.period, color="tab:purple", linewidth=1.0, label="level shift")
        elif row.finding == "outlier":
            ax.plot([row.period], [row.value], "o", color="tab:red", fillstyle="none", markersize=9)
    ax.set_xlabel("period" if panel.calendar.period == "number" else panel.calendar.period)
    ax.set_ylabel("units per period")
    ax.set_title(title)
    ax.legend(frameon=False)
    plain(ax)
    return ax


def classes(models: DemandModels, ax: Axes | None = None) -> Axes:
    """Draw every series by its demand interval and the variation of its sizes.

    The lines are the cut-offs of Syntetos, Boylan and Croston. Series without demand have no place
    on the map; the legend counts them.

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
    ax = axes(ax)
    table = models.models
    for name in CLASSES:
        rows = table["class"] == name
        if not rows.any():
            continue
        place = np.isfinite(table.loc[rows, "demand_interval"].to_numpy())
        ax.scatter(
            table.loc[rows, "demand_interval"].to_numpy()[place],
            table.loc[rows, "size_variation"].to_numpy()[place],
            s=12.0,
            alpha=0.6,
            color=_COLOURS[name],
            label=f"{name} ({int(rows.sum()):,})",
        )
    ax.axvline(INTERVAL_CUT, color="0.4", linewidth=0.8)
    ax.axhline(VARIATION_CUT, color="0.4", linewidth=0.8)
    ax.set_xscale("log")
    ax.set_xlabel("periods per period with demand")
    ax.set_ylabel("squared variation of sizes")
    ax.legend(frameon=False)
    plain(ax)
    return ax


def _levels(service_level: float | Sequence[float]) -> list[float]:
    return [service_level] if isinstance(service_level, float) else list(service_level)


def _rows(table: Any, key: Any) -> Any:
    """Mark the rows of a table that have this key."""
    marked = np.ones(len(table), dtype=np.bool_)
    for name, value in key.items():
        marked &= (table[name] == value).to_numpy()
    return marked


def _series(models: DemandModels, key: dict[str, str]) -> int:
    keys = models.panel.keys
    unknown = [name for name in key if name not in keys.columns]
    if unknown:
        known = ", ".join(keys.columns)
        raise DomainError(f"{unknown[0]!r} is no key column. Fix: name one of {known}.")
    found = np.flatnonzero(_rows(keys, key))
    if len(found) != 1:
        raise DomainError(
            f"{key} names {len(found)} series. Fix: give {', '.join(keys.columns)} of one of them."
        )
    return int(found[0])
