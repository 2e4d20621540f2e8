"""Publications drawn: what would move, how far, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.display import quantity as in_words
from echelon.errors import DomainError
from echelon.plots.canvas import ACCENT, INK, QUIET, WARNING, axes, legend, plain
from echelon.plots.rows import height_of, labels_of, name_rows, rows_more, striped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.policies.publication.publication import Publication


def moves(
    publication: Publication,
    ax: Axes | None = None,
    *,
    quantity: str | None = None,
    most: int = 20,
    of: str = "share",
) -> Axes:
    """Draw the targets that moved most: how far the new plan would move each, and what holds now.

    Parameters
    ----------
    publication : Publication
    ax : matplotlib Axes, optional
    quantity : str, optional
        Which of those compared. Default: the first.
    most : int, default 20
        Targets shown, those with the largest moves (in money, where they are valued).
    of : {"share", "units"}
        Moves as a share of the old number, with the band shaded, or old and new numbers themselves.
        Where targets are of all sizes only shares can be told from one another.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If nothing was published before, no target moved, or the quantity is not compared.
    """
    compared = list(dict.fromkeys(publication.moves["quantity"]))
    name = compared[0] if quantity is None and compared else quantity
    if of not in ("share", "units"):
        raise DomainError(f"of is {of!r}. Fix: 'share' or 'units'.")
    if compared and name not in compared:
        raise DomainError(f"quantity is {name!r}. Fix: name one of {', '.join(compared)}.")
    if publication.previous.empty:
        raise DomainError(
            "nothing was published before, so nothing moved. Fix: publication.targets has what is "
            "published for the first time."
        )
    rows = publication.moves
    rows = rows[(rows["quantity"] == name) & (rows["moved"].abs() > 0.0)]
    if rows.empty:
        raise DomainError(f"no {name} moved. Fix: look at publication.moves.")
    rows, left_out = _largest(rows, most, of)
    ax = axes(ax, width=9.0, height=height_of(len(rows)))
    _draw(ax, rows, of)
    if of == "share":
        _shade(ax, _band(publication, str(name)))
        ax.xaxis.set_major_formatter(lambda share, _: f"{share:+.0%}" if share else "0%")
    told = f"move of {name}, share of the old number" if of == "share" else f"{name}, units"
    name_rows(ax, _labels(rows, publication.period, of), told.replace("_", " "), left_out)
    plain(ax)
    legend(ax)
    return ax


def _largest(rows: pd.DataFrame, most: int, of: str) -> tuple[pd.DataFrame, str]:
    """Rows to draw, the largest move first, and words for those that are not drawn.

    Raises
    ------
    DomainError
        If all old numbers are 0, so that no move is a share of one.
    """
    from_zero = 0
    if of == "share":
        from_zero = int(rows["moved_share"].isna().sum())
        rows = rows[rows["moved_share"].notna()]
        if rows.empty:
            raise DomainError("all that moved were 0 before. Fix: of='units'.")
    size = rows["moved_value"].abs().fillna(rows["moved" if of == "units" else "moved_share"].abs())
    order = size.sort_values(ascending=False, kind="stable").index
    left_out = [rows_more(max(len(rows) - most, 0), "smaller moves")]
    left_out += [f"{from_zero:,} that were 0 before have no share"] * (from_zero > 0)
    return rows.loc[order].head(most), "; ".join(filter(None, left_out))


def _draw(ax: Axes, rows: pd.DataFrame, of: str) -> None:
    """Put a line from old to new in each row, and a bar across where what is published lies."""
    place = np.arange(len(rows))[::-1]
    old, new, holds = (rows[column].to_numpy(np.float64) for column in ("old", "new", "published"))
    if of == "share":
        size = np.abs(old)
        old, new, holds = (old - old) / size, (new - old) / size, (holds - old) / size
    striped(ax, place)
    ax.hlines(place, old, new, color=QUIET, linewidth=2.0)
    ax.plot(old, place, "o", color=INK, label="old")
    waits = rows["status"].eq("review").to_numpy(dtype=np.bool_)
    for chosen, colour, label in ((~waits, ACCENT, "new"), (waits, WARNING, "new, under review")):
        if chosen.any():
            ax.plot(new[chosen], place[chosen], "o", color=colour, label=label)
    ax.plot(holds, place, "|", color=INK, markersize=14.0, label="published")


def _band(publication: Publication, name: str) -> float | None:
    """Most that this quantity may move without a review, as a share; None for no such band."""
    band = publication.provenance.arguments["max_change"]
    most = band.get(name) if isinstance(band, dict) else band
    return None if most is None else float(most)


def _shade(ax: Axes, band: float | None) -> None:
    if band:
        ax.axvspan(-band, band, color=QUIET, alpha=0.25, linewidth=0.0, zorder=0, label="band")


def _labels(rows: pd.DataFrame, period: str, of: str) -> list[str]:
    """Name each target; beside shares also its old and new number."""
    labels = labels_of(rows, ["item", "location"])
    for place, (at, old, new) in enumerate(rows[["period", "old", "new"]].itertuples(index=False)):
        if not pd.isna(at):
            labels[place] += f", {period or 'period'} {at}"
        if of == "share":
            labels[place] += f"  {in_words(old)} to {in_words(new)}"
    return labels
