"""Lead times as they were, and the model that was made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from echelon.lead_time.models import LeadTimeModels
from echelon.plots.canvas import axes, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_BINS = 60
_USUAL = 0.995


def histogram(
    models: LeadTimeModels,
    ax: Axes | None = None,
    *,
    leg: str = "total",
    probability: float = 0.9,
    **key: str,
) -> Axes:
    """Draw the finished shipments of a key as a histogram, with the model and its quantile.

    Both are shares per bin, so that a model of whole days and one with a density look alike. Bars
    are the key's own finished shipments; the model's line may differ from them where it borrows
    from its pool, counts open orders, or allows for drift. Where the longest time is more than
    twice what usually happens, the axis ends before it and the legend says what lies beyond.

    Parameters
    ----------
    models : LeadTimeModels
    ax : Axes, optional
        New axes where none are given.
    leg : str
    probability : float
        Of the quantile that is marked.
    **key : str
        Columns of ``models.by`` and their values; those left out draw the pool, and so does a key
        that is not in the log, and the title says which it was.

    Returns
    -------
    Axes

    Raises
    ------
    UnknownNameError
        If there is no such leg or column.
    DomainError
        If the probability is outside [0, 1].
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import echelon as ec, pandas as pd
    >>> days = pd.to_timedelta([5, 6, 7, 8, 30, 31, 33], unit="D")
    >>> ordered = pd.Timestamp("2024-01-01")
    >>> log = pd.DataFrame({"mode": "sea", "ordered": ordered, "delivered": ordered + days})
    >>> models = ec.fit_lead_time(log, by=["mode"])
    >>> ax = models.plot.histogram(mode="sea")
    >>> ax.get_xlabel()
    'lead time, days'
    """
    place = models.find(leg, **key)
    made = models.distributions[place]
    took = models.observed_days[place] / models.days_per_period
    quantile = float(made.ppf(probability))
    longest = max(float(took.max(initial=0.0)), float(made.ppf(_USUAL)))
    end = _end(took, longest, quantile)
    edges = _edges(end, 1.0 / models.days_per_period)
    ax = axes(ax, width=10.0)
    counts = np.histogram(took, edges)[0] / max(len(took), 1)
    share = np.diff(made.cdf(edges))
    beyond, more = int((took > edges[-1]).sum()), float(1.0 - made.cdf(edges[-1]))
    unseen = f", {beyond} of them beyond {edges[-1]:,.4g} {models.period}s" if beyond else ""
    unlikely = f", {more:.2g} of it beyond" if longest > edges[-1] else ""
    ax.bar(
        edges[:-1],
        counts,
        np.diff(edges),
        align="edge",
        color="0.8",
        edgecolor="white",
        label=f"{len(took)} shipments{unseen}",
    )
    name = f"model: {made.family}{unlikely}"
    ax.stairs(share, edges, color="tab:blue", linewidth=1.5, label=name)
    ax.axvline(
        quantile,
        color="tab:red",
        linestyle="--",
        label=f"{probability:.0%} within {quantile:,.4g} {models.period}s",
    )
    ax.set_xlabel(f"{'lead time' if leg == 'total' else leg}, {models.period}s")
    ax.set_ylabel("share")
    ax.set_title(_title(models, place, {name: str(key[name]) for name in models.by if name in key}))
    legend(ax)
    plain(ax)
    return ax


def _end(took: Any, longest: float, quantile: float) -> float:
    """End the axis after the usual times where the longest one, a stale order perhaps, is far."""
    usual = float(np.quantile(took, _USUAL, method="lower")) if len(took) else longest
    usual = max(usual, quantile if np.isfinite(quantile) else 0.0)
    return longest if longest <= 2.0 * usual or usual <= 0.0 else 1.25 * usual


def _edges(longest: float, day: float) -> Any:
    """Bins of a whole number of days, with edges between the days."""
    days = longest / day
    width = max(1, int(np.ceil((days + 1.0) / _MOST_BINS)))
    return (np.arange(0.0, days + width + 1.0, width) - 0.5) * day


def _title(
    models: LeadTimeModels, place: tuple[str, tuple[str, ...], tuple[str, ...]], asked: Any
) -> str:
    """Name what is drawn; where a pool answers, say whether the key is unknown or incomplete."""
    leg, level, key = place
    name = ", ".join(key) or "all shipments"
    if len(asked) > len(key):
        rows = models.models
        seen = np.logical_and.reduce([rows[one].astype(str) == asked[one] for one in asked]).any()
        left_out = [one for one in models.by if one not in asked]
        why = f"{' and '.join(left_out)} not given" if seen and left_out else "not in the log"
        name = f"{', '.join(asked.values())}: {why}, shown is {name}"
    elif level and level != models.by:
        name = f"{name}: all of this {' and '.join(level)}"
    return name if leg == "total" else f"{name}: {leg}"
