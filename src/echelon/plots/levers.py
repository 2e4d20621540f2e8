"""Calibrations and sensitivities drawn: service against targets, and what less is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from echelon.errors import DomainError
from echelon.plots.canvas import ACCENT, INK, QUIET, WARNING, axes, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.optimization.calibration.result import Calibration
    from echelon.optimization.sensitivity.result import Sensitivity


def worth(sensitivity: Sensitivity, ax: Axes | None = None, *, most: int = 15) -> Axes:
    """Bars of what one less of each number saves a year, the most valuable on top.

    Parameters
    ----------
    sensitivity : Sensitivity
    ax : matplotlib Axes, optional
    most : int, default 15
        Bars shown; numbers that would save nothing have none.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If there is no lever to show.
    """
    rows = sensitivity.levers.dropna(subset="value")
    rows = rows[rows["value"] != 0.0].head(most)
    if rows.empty:
        raise DomainError(
            "this sensitivity has no lever that would save anything. Fix: look at "
            "sensitivity.levers."
        )
    ax = axes(ax, width=9.0, height=1.2 + 0.3 * max(len(rows), 3))
    place = np.arange(len(rows))[::-1]
    values = rows["value_per_year"].to_numpy(np.float64)
    ax.barh(place, values, color=ACCENT, height=0.7)
    for y, value in zip(place, values, strict=True):
        ax.annotate(
            f"{value:,.0f}", (value, y), (4, 0), textcoords="offset points", va="center", color=INK
        )
    ax.set_yticks(place, [sensitivity.label(row) for row in rows.to_dict("records")])
    ax.margins(x=0.12)
    ax.xaxis.set_major_formatter("{x:,.0f}" if values.max() >= 10.0 else "{x:,.4g}")
    ax.set_xlabel(f"saved a year by one less, {sensitivity.currency or 'money'}")
    plain(ax)
    return ax


def service(calibration: Calibration, ax: Axes | None = None, *, most: int = 20) -> Axes:
    """Measured service before and after, beside the target; those furthest below it on top.

    Parameters
    ----------
    calibration : Calibration
    ax : matplotlib Axes, optional
    most : int, default 20
        Stages shown.

    Returns
    -------
    matplotlib Axes
    """
    rows = calibration.customers
    rows = rows.loc[(rows["before"] - rows["target"]).sort_values().index].head(most)
    ax = axes(ax, width=9.0, height=1.4 + 0.3 * max(len(rows), 3))
    place = np.arange(len(rows))[::-1]
    ax.hlines(place, rows["before"], rows["after"], color=QUIET, linewidth=2.0)
    ax.plot(rows["before"], place, "o", color=WARNING, label="plan as it was")
    ax.errorbar(
        rows["after"],
        place,
        xerr=rows["half_width"],
        fmt="o",
        color=ACCENT,
        label="calibrated",
    )
    ax.plot(rows["target"], place, "|", color=INK, markersize=14.0, label="target")
    names = rows["item"] + " @ " + rows["location"]
    ax.set_yticks(place, names.tolist())
    ax.set_xlabel(f"measured {calibration.measure.replace('_', ' ')}")
    plain(ax)
    legend(ax)
    return ax
