"""Target plans drawn: what targets are made of over time, and the orders behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.network.compiled import Floats
from echelon.plots.canvas import ACCENT, INK, QUIET, WARNING, axes, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.optimization.target_inventory.result import TargetPlan

_COLOURS = {
    "safety": "#1f6f8b",
    "cycle": "#7fb3c4",
    "prebuild": "#e0a458",
    "minimum_order_excess": "#c8553d",
    "policy_override": "#8a6fa8",
    "quality_hold": "#6b8e5a",
    "pipeline": "#b8b8b8",
}
"""Parts of a target from the bottom up; the shelf-life cut, which is negative, is drawn below."""


def components(
    targets: TargetPlan,
    ax: Axes | None = None,
    *,
    item: str | None = None,
    location: str | None = None,
) -> Axes:
    """Stack the components of targets over time, with the target as a line.

    Parameters
    ----------
    targets : TargetPlan
    ax : matplotlib Axes, optional
    item, location : str, optional
        Only these stages. Default: all together.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If there is no such stage in the plan.
    """
    rows = _chosen(targets.targets, item, location)
    n_stages = len(rows[["item", "location"]].drop_duplicates())
    by_period = rows.groupby("period")[["target", "shelf_life_cut", *_COLOURS]].sum()
    ax = axes(ax, width=9.0)
    period = by_period.index.to_numpy(np.float64)
    above, below = np.zeros(len(period)), np.zeros(len(period))
    for name, colour in _COLOURS.items():
        units = by_period[name].to_numpy(np.float64)
        if not (np.abs(units) > 1e-9).any():
            continue
        bottom = np.where(units >= 0.0, above, below)
        label = name.replace("_", " ")
        ax.bar(period, units, bottom=bottom, color=colour, width=0.9, label=label)
        above += np.maximum(units, 0.0)
        below += np.minimum(units, 0.0)
    cut = by_period["shelf_life_cut"].to_numpy(np.float64)
    if (cut < -1e-9).any():
        ax.bar(
            period,
            cut,
            bottom=below,
            facecolor="none",
            edgecolor=WARNING,
            hatch="//",
            width=0.9,
            label="shelf-life cut",
        )
    ax.stairs(
        by_period["target"].to_numpy(np.float64),
        _edges(period),
        baseline=None,
        color=INK,
        linewidth=1.5,
        label="target",
    )
    ax.axhline(0.0, color=INK, linewidth=0.6)
    one = rows[["item", "location"]].iloc[0]
    title = f"{one['item']} @ {one['location']}" if n_stages == 1 else f"{n_stages:,} stages"
    ax.set_title(title, loc="left")
    ax.set_xlabel(targets.period or "period")
    ax.set_ylabel("units")
    plain(ax)
    legend(ax, reverse=True)
    return ax


def _edges(period: Floats) -> Floats:
    """Left edges of the bars, and the right edge of the last."""
    return np.append(period - 0.5, period[-1] + 0.5)


def orders(targets: TargetPlan, item: str, location: str, ax: Axes | None = None) -> Axes:
    """Draw the orders of one stage, its stock on hand and the floor under it.

    Parameters
    ----------
    targets : TargetPlan
    item, location : str
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If there is no such stage in the plan.
    """
    rows = _chosen(targets.targets, item, location)
    placed = targets.orders
    placed = placed[(placed["item"] == item) & (placed["location"] == location)]
    ax = axes(ax, width=9.0)
    for chosen, colour, label in (
        (~placed["fast"].astype(bool) & ~placed["frozen"].astype(bool), ACCENT, "order"),
        (placed["frozen"].astype(bool), QUIET, "frozen order"),
        (placed["fast"].astype(bool) & ~placed["frozen"].astype(bool), WARNING, "fast order"),
    ):
        if chosen.any():
            here = placed[chosen]
            ax.bar(here["period"], here["quantity"], color=colour, width=0.6, label=label)
    ax.plot(rows["period"], rows["on_hand"], color=INK, label="on hand at the end")
    if rows["floor"].any():
        ax.plot(rows["period"], rows["floor"], color=WARNING, linestyle=":", label="floor")
    ax.set_xlabel(targets.period or "period")
    ax.set_ylabel("units")
    plain(ax)
    legend(ax)
    return ax


def _chosen(rows: pd.DataFrame, item: str | None, location: str | None) -> pd.DataFrame:
    """Rows of the stages that are asked for."""
    for name, value in (("item", item), ("location", location)):
        if value is not None:
            rows = rows[rows[name] == value]
    if rows.empty:
        raise DomainError(
            f"no stage of the plan has item {item!r} and location {location!r}. Fix: "
            "targets.stages lists them."
        )
    return rows
