"""Two simulations beside each other: what the second changes, with its error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from echelon.display import unit_in_words
from echelon.errors import DomainError, UnknownNameError
from echelon.plots.canvas import ACCENT, QUIET, axes, plain
from echelon.plots.rows import MOST, frame_at, height_of, labels_of, name_rows, rows_more, striped
from echelon.simulation.columns import UNITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.simulation.compare import Comparison

_LEVELS: Final = ("total", "stage", "segment", "segment_total", "item", "location")
_NUMBERS: Final = (
    "measure",
    "first",
    "second",
    "difference",
    "difference_se",
    "unpaired_se",
    "correlation",
    "times_smaller",
)


def differences(
    comparison: Comparison,
    ax: Axes | None = None,
    *,
    measure: str = "cost",
    level: str = "total",
    most: int = MOST,
) -> Axes:
    """Second less first with bars of ± 2 paired standard errors; faint ones for unpaired runs.

    Parameters
    ----------
    comparison : Comparison
    ax : matplotlib Axes, optional
    measure : str, default "cost"
        At the level of the network, all that differ and have its unit are shown.
    level : str, default "total"
        ``total``, ``stage``, ``segment``, ``segment_total``, ``item`` or ``location``.
    most : int, default 30
        Rows shown, the largest differences.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If nothing was compared at this level, as the replications were not kept, or no row has
        the measure.
    UnknownNameError
        If there is no such level, or no such measure at it.
    """
    frame = frame_at(comparison, level, _LEVELS, fix="simulate both with keep=True, then compare")
    if measure not in set(frame["measure"]):
        known = frame["measure"].drop_duplicates().tolist()
        raise UnknownNameError(f"measure at the level {level!r}", measure, known)
    unit = UNITS[measure]
    if level == "total":
        table = frame[[UNITS[name] == unit for name in frame["measure"]]]
        table = table[(table["difference"] != 0.0) | (table["measure"] == measure)]
        keys = ["measure"]
    else:
        table = frame[frame["measure"] == measure]
        keys = [name for name in frame.columns if name not in _NUMBERS]
    table = table.dropna(subset=["difference"])
    if table.empty:
        raise DomainError(
            f"no row at the level {level!r} has a {measure} in both. Fix: plot another measure."
        )
    order = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    left_out, table = max(len(table) - most, 0), table.loc[order].head(most)
    ax = axes(ax, height=height_of(len(table)))
    y = np.arange(len(table))[::-1]
    striped(ax, y)
    ax.axvline(0.0, color=QUIET, lw=1.0)
    _bars(ax, table, y)
    labels = labels_of(table, keys)
    if level == "total":
        labels = [label.replace("_", " ") for label in labels]
    words = unit_in_words(unit, period=comparison.period, currency=comparison.currency)
    what = "" if level == "total" else f" in {measure.replace('_', ' ')}"
    axis = f"difference{what}, second less first{f', {words}' if words else ''}"
    name_rows(ax, labels, axis, rows_more(left_out))
    ax.margins(x=0.08)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    plain(ax)
    return ax


def _bars(ax: Axes, table: pd.DataFrame, y: np.ndarray) -> None:
    if table["difference_se"].isna().all():
        ax.plot(table["difference"], y, "o", color=ACCENT, ms=5, label="one replication")
        return
    paired, unpaired = (2 * table[name].fillna(0.0) for name in ("difference_se", "unpaired_se"))
    ax.errorbar(
        table["difference"], y, xerr=unpaired, fmt="none", ecolor=QUIET, elinewidth=4,
        label="± 2 errors of unpaired runs",
    )  # fmt: skip
    ax.errorbar(
        table["difference"], y, xerr=paired, fmt="o", color=ACCENT, ms=5, capsize=3,
        label="± 2 standard errors, paired",
    )  # fmt: skip
