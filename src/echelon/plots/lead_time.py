"""Lead times as they were, and the model that was made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from echelon.lead_time.models import LeadTimeModels
from echelon.plots.canvas import axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_BINS = 60


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
    from its pool, counts open orders, or allows for drift.

    Parameters
    ----------
    models : LeadTimeModels
    ax : Axes, optional
        New axes where none are given.
    leg : str
    probability : float
        Of the quantile that is marked.
    **key : str
        Columns of ``models.by`` and their values; those left out draw the pool.

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
    edges = _edges(took, float(made.ppf(0.995)), 1.0 / models.days_per_period)
    ax = axes(ax)
    counts = np.histogram(took, edges)[0] / max(len(took), 1)
    share = np.diff(made.cdf(edges))
    ax.bar(
        edges[:-1],
        counts,
        np.diff(edges),
        align="edge",
        color="0.8",
        edgecolor="white",
        label=f"{len(took)} shipments",
    )
    ax.stairs(share, edges, color="tab:blue", linewidth=1.5, label=f"model: {made.family}")
    ax.axvline(
        quantile,
        color="tab:red",
        linestyle="--",
        label=f"{probability:.0%} within {quantile:,.4g} {models.period}s",
    )
    ax.set_xlabel(f"{'lead time' if leg == 'total' else leg}, {models.period}s")
    ax.set_ylabel("share")
    ax.set_title(_title(place))
    ax.legend(frameon=False)
    plain(ax)
    return ax


def _edges(took: Any, high: float, day: float) -> Any:
    """Bins of a whole number of days, with edges between the days."""
    longest = max(float(took.max(initial=0.0)), high) / day
    width = max(1, int(np.ceil((longest + 1.0) / _MOST_BINS)))
    return (np.arange(0.0, longest + width + 1.0, width) - 0.5) * day


def _title(place: tuple[str, tuple[str, ...], tuple[str, ...]]) -> str:
    leg, _, key = place
    name = ", ".join(key) or "all shipments"
    return name if leg == "total" else f"{name}: {leg}"
