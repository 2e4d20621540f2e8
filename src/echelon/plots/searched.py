"""Base stocks searched by simulation, drawn: how the search went, and what moved where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from echelon.errors import DomainError
from echelon.plots.canvas import ACCENT, QUIET, WARNING, axes, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.optimization.simulated_base_stock.result import SimulatedBaseStocks


def search(
    found: SimulatedBaseStocks, ax: Axes | None = None, *, component: int | None = None
) -> Axes:
    """Cost of the levels that each sample was given, and of those it found, as runs grow.

    Parameters
    ----------
    found : SimulatedBaseStocks
    ax : matplotlib Axes, optional
    component : int, optional
        Default: the costliest.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If that component was not searched.
    """
    rows = found.trace
    if component is None and len(rows):
        costliest = int(np.nan_to_num(found.components["cost"].to_numpy(np.float64)).argmax())
        component = int(found.components["component"].iloc[costliest])
    rows = rows[rows["component"] == component]
    if rows.empty:
        raise DomainError(
            f"component {component} was not searched. Fix: look at result.components and "
            "result.failures."
        )
    ax = axes(ax, width=7.0, height=3.6)
    runs = rows["runs"].cumsum()
    if len(rows) > 1:  # the first sample had no levels but those of its own
        before, later = rows["cost_before"].iloc[1:], runs.iloc[1:]
        ax.vlines(later, rows["cost"].iloc[1:], before, color=QUIET, linewidth=2.0)
        ax.plot(later, before, "o", color=WARNING, label="levels of the sample before")
    ax.plot(runs, rows["cost"], "o", color=ACCENT, label="levels of this sample")
    ax.set_xscale("log")
    ax.set_xticks(runs.tolist(), [f"{number:,}" for number in runs])
    ax.minorticks_off()
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.set_xlabel("replications drawn so far")
    plan = found.plan
    ax.set_ylabel(f"cost on the sample, {plan.currency or 'money'} a {plan.period}")
    plain(ax)
    legend(ax)
    return ax


def levels(found: SimulatedBaseStocks, ax: Axes | None = None, *, most: int = 20) -> Axes:
    """Base stock that the search began with and that it found; the largest moves on top.

    Parameters
    ----------
    found : SimulatedBaseStocks
    ax : matplotlib Axes, optional
    most : int, default 20
        Stages shown.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If no component was searched.
    """
    if found.stages.empty:
        raise DomainError("no component was searched. Fix: look at result.failures.")
    moved = (found.stages["base_stock"] - found.stages["base_stock_start"]).abs()
    rows = found.stages.loc[moved.sort_values(ascending=False, kind="stable").index].head(most)
    ax = axes(ax, width=9.0, height=1.4 + 0.3 * max(len(rows), 3))
    place = np.arange(len(rows))[::-1]
    ax.hlines(place, rows["base_stock_start"], rows["base_stock"], color=QUIET, linewidth=2.0)
    ax.plot(rows["base_stock_start"], place, "o", color=WARNING, label="to begin with")
    ax.plot(rows["base_stock"], place, "o", color=ACCENT, label="found")
    ax.set_yticks(place, (rows["item"] + " @ " + rows["location"]).tolist())
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlabel("base stock, units")
    plain(ax)
    legend(ax)
    return ax
