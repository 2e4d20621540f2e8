"""Stock of a stage period by period: one replication, and the fan of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from echelon.errors import DomainError, UnknownNameError
from echelon.plots.canvas import ACCENT, INK, QUIET, WARNING, axes, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.simulation.result import Simulation

_QUANTITIES: Final = {
    "net_inventory": "units on hand, below zero backordered",
    "on_hand": "units on hand",
    "backorders": "units backordered",
}

_MARKS: Final = (
    ("lost", "x", WARNING, "lost"),
    ("expired", "v", "#6b4c7a", "expired"),
    ("destroyed", "s", INK, "destroyed"),
    ("scrapped", "d", "#e3a857", "scrapped"),
)
"""What is marked on the line of a trace: column, marker, colour, label."""


def paths(
    run: Simulation,
    item: str,
    location: str,
    ax: Axes | None = None,
    *,
    quantity: str = "net_inventory",
) -> Axes:
    """Fan of the replications at one stage: the median, and bands of 50 % and 90 % of them.

    Parameters
    ----------
    run : Simulation
        Made with ``paths=True``, or with ``paths`` of this stage.
    item, location : str
    ax : matplotlib Axes, optional
    quantity : str, default "net_inventory"
        Or ``on_hand``, or ``backorders``.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If no paths were kept, or none of this stage.
    UnknownNameError
        If there is no such quantity.
    """
    if quantity not in _QUANTITIES:
        raise UnknownNameError("quantity of paths", quantity, _QUANTITIES)
    rows = _rows(run.paths, item, location, what="paths", option="paths=True")
    ax = axes(ax)
    period = rows["period"].to_numpy()
    fan = {ending: rows[f"{quantity}_{ending}"].to_numpy(np.float64) for ending in
           ("q5", "q25", "q50", "q75", "q95")}  # fmt: skip
    for low, high, alpha, label in (
        ("q5", "q95", 0.22, "90 % of replications"),
        ("q25", "q75", 0.45, "50 %"),
    ):
        ax.fill_between(
            period, fan[low], fan[high], step="post", color=ACCENT, alpha=alpha, lw=0, label=label
        )
    ax.step(period, fan["q50"], where="post", color=INK, lw=1.2, label="median")
    ax.axhline(0, color=QUIET, lw=0.8)
    _mark_warm_up(ax, rows, run.period)
    ax.set_ylabel(_QUANTITIES[quantity])
    ax.set_title(f"{item} @ {location}")
    plain(ax)
    legend(ax)
    return ax


def trace(run: Simulation, item: str, location: str, ax: Axes | None = None) -> Axes:
    """Net inventory of one stage, period by period, in replication 0.

    Periods in which units were lost to customers, expired, were destroyed or came out bad have a
    mark on the line.

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
    rows = _rows(run.trace, item, location, what="trace", option="trace=True")
    ax = axes(ax)
    period = rows["period"].to_numpy()
    net = rows["on_hand"].to_numpy() - rows["backorders"].to_numpy()
    ax.step(period, net, where="post", color=INK, lw=1.2)
    held, owed = np.maximum(net, 0.0), np.minimum(net, 0.0)
    ax.fill_between(period, held, 0, step="post", color=ACCENT, alpha=0.5, lw=0)
    ax.fill_between(period, owed, 0, step="post", color=WARNING, alpha=0.6, lw=0)
    ax.axhline(0, color=QUIET, lw=0.8)
    marked = False
    for column, marker, colour, label in _MARKS:
        some = rows[column].to_numpy() > 0.0
        if some.any():
            units = rows.loc[some, column].sum()
            ax.plot(
                period[some], net[some], marker, color=colour,
                ms=6 if some.sum() <= 40 else 3, zorder=3,
                label=f"{label}: {units:,.4g} units",
            )  # fmt: skip
            marked = True
    _mark_warm_up(ax, rows, run.period)
    ax.set_ylabel("units on hand, below zero backordered")
    ax.set_title(f"{item} @ {location}")
    plain(ax)
    if marked:
        legend(ax)
    return ax


def _rows(frame: pd.DataFrame, item: str, location: str, *, what: str, option: str) -> pd.DataFrame:
    """Rows of one stage.

    Raises
    ------
    DomainError
        If there are none.
    """
    rows = frame[(frame["item"] == item) & (frame["location"] == location)]
    if len(rows):
        return rows
    if frame.empty:
        raise DomainError(
            f"this simulation kept no {what}, of {item} @ {location} or any other. "
            f"Fix: simulate with {option} and name a stage."
        )
    kept = frame[["item", "location"]].drop_duplicates()
    names = (kept["item"] + " @ " + kept["location"]).tolist()
    told = ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
    raise DomainError(
        f"no {what} of {item} @ {location}; there is {told}. "
        f"Fix: simulate with {option} and name a stage."
    )


def _mark_warm_up(ax: Axes, rows: pd.DataFrame, period: str) -> None:
    """Draw a dotted line where counting begins."""
    counted = rows["counted"].to_numpy(dtype=bool)
    told = "; not counted"
    if counted.any():
        begin = rows["period"].to_numpy()[counted].min()
        ax.axvline(begin, color=INK, lw=1.0, ls=":")
        told = "; counted from the dotted line on"
    ax.set_xlabel(f"{period}s{told}")
