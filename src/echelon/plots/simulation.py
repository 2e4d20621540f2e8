"""A simulation drawn: promised and simulated service, and one replication period by period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from echelon.errors import DomainError
from echelon.plots.canvas import ACCENT, INK, QUIET, WARNING, axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.simulation.result import Simulation


def service(run: Simulation, ax: Axes | None = None, *, most: int = 30) -> Axes:
    """Promised against simulated cycle service level, with bars of two standard errors.

    Parameters
    ----------
    run : Simulation
        Of a plan: without one nothing was promised.
    ax : matplotlib Axes, optional
    most : int, default 30
        Stages shown, those farthest below their promise first.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If the simulation had no plan.
    """
    table = run.service.dropna(subset=["promised", "simulated"])
    if table.empty:
        raise DomainError("this simulation promised nothing. Fix: simulate a plan, then plot.")
    table = table.assign(short=table["simulated"] - table["promised"]).sort_values("short")[:most]
    ax = axes(ax, height=1.4 + 0.3 * max(len(table), 3))
    y = np.arange(len(table))[::-1]
    alone = table["simulated_se"].isna().all()
    ax.errorbar(
        table["simulated"], y, xerr=2 * table["simulated_se"].fillna(0.0), fmt="o", color=ACCENT,
        ms=5, capsize=0 if alone else 3,
        label="simulated, one replication" if alone else "simulated, ± 2 standard errors",
    )  # fmt: skip
    ax.plot(table["promised"], y, "|", color=WARNING, ms=14, mew=2.5, label="promised")
    ax.set_yticks(y, (table["item"] + " @ " + table["location"]).tolist())
    ax.set_xlabel("cycle service level")
    ax.margins(y=0.2)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    plain(ax)
    return ax


def trace(run: Simulation, item: str, location: str, ax: Axes | None = None) -> Axes:
    """Net inventory of one stage, period by period, in replication 0.

    Parameters
    ----------
    run : Simulation
        Made with ``trace=True``.
    item, location : str
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If nothing was traced, or no such stage.
    """
    table = run.trace
    rows = table[(table["item"] == item) & (table["location"] == location)]
    if rows.empty:
        raise DomainError(
            f"no trace of {item} @ {location}. Fix: simulate with trace=True and name a stage."
        )
    ax = axes(ax)
    period = rows["period"].to_numpy()
    net = rows["on_hand"].to_numpy() - rows["backorders"].to_numpy()
    ax.step(period, net, where="post", color=INK, lw=1.2)
    ax.fill_between(period, net, 0, where=net >= 0, step="post", color=ACCENT, alpha=0.5, lw=0)
    ax.fill_between(period, net, 0, where=net < 0, step="post", color=WARNING, alpha=0.6, lw=0)
    ax.axhline(0, color=QUIET, lw=0.8)
    ax.axvline(period[rows["counted"].to_numpy(dtype=bool)].min(), color=QUIET, lw=0.8, ls=":")
    ax.set_xlabel(f"{run.period}s; counted from the dotted line on")
    ax.set_ylabel("units on hand, below zero backordered")
    ax.set_title(f"{item} @ {location}")
    plain(ax)
    return ax
