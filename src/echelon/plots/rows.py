"""Pictures of one row per stage, segment or group: which frame, and what rows are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from echelon.errors import DomainError, UnknownNameError
from echelon.network.compiled import Integers
from echelon.plots.canvas import QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.network.network import Network
    from echelon.simulation.compare import Comparison
    from echelon.simulation.result import Simulation

MOST: Final = 30
"""Rows that a picture shows unless told otherwise, and that still read well."""

_LONGEST: Final = 44
"""Characters of a label."""


def frame_at(
    result: Simulation | Comparison, level: str, levels: Sequence[str], *, fix: str
) -> pd.DataFrame:
    """Give the frame of a level that pictures know.

    Raises
    ------
    UnknownNameError
        If they do not know it.
    DomainError
        If it has no rows; ``fix`` is the remedy.
    """
    if level not in levels:
        raise UnknownNameError("level to plot", level, levels)
    frame = result.to_frame(level)
    if frame.empty:
        raise DomainError(f"this result has no rows at the level {level!r}. Fix: {fix}.")
    return frame


def labels_of(frame: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """Name rows by their keys: ``item @ location / segment``, or what else there is.

    A label that would take too much room keeps its beginning and its end.
    """
    if not len(keys):
        return ["network"] * len(frame)
    named = frame[list(keys)].astype(str)
    if list(keys[:2]) == ["item", "location"]:
        text = named["item"] + " @ " + named["location"]
        rest = keys[2:]
    else:
        text, rest = named[keys[0]], keys[1:]
    for key in rest:
        text = text + " / " + named[key]
    return [_short(label) for label in text]


def _short(label: str) -> str:
    if len(label) <= _LONGEST:
        return label
    half = (_LONGEST - 1) // 2
    return f"{label[:half]}…{label[-half:]}"


def height_of(n_rows: int) -> float:
    """Height in inches of a figure with so many rows."""
    return 1.4 + 0.3 * max(n_rows, 3)


def rows_more(count: int, noun: str = "rows") -> str:
    """Say how many rows a picture leaves out; empty text if none."""
    return f"{count:,} {noun} more are not shown" if count else ""


def name_rows(ax: Axes, labels: Sequence[str], quantity: str, left_out: str) -> None:
    """Write labels beside rows that go down from the top; below them what the axis tells."""
    ax.set_yticks(np.arange(len(labels))[::-1], labels)
    ax.set_ylim(-0.7, len(labels) - 0.3)
    ax.set_xlabel("\n".join(filter(None, (quantity, left_out))))


def striped(ax: Axes, places: Integers) -> None:
    """Draw faint lines across, so that the eye finds the label of a row."""
    for place in places:
        ax.axhline(place, color=QUIET, lw=0.4, alpha=0.5, zorder=0)


def steps_from_customers(network: Network, stages: pd.DataFrame) -> Integers:
    """Lanes on the longest way from each row of ``stages`` down to a stage with none out of it.

    Raises
    ------
    DomainError
        If a stage is not in the network.
    """
    net = network.compiled
    first = np.repeat(net.component_ptr[:-1], np.diff(net.component_ptr))
    steps = np.zeros(net.n_stages, dtype=np.int64)
    for j in reversed(range(net.n_stages)):  # stages downstream come last
        below = net.succ_stage[net.succ_ptr[j] : net.succ_ptr[j + 1]] + first[j]
        if len(below):
            steps[j] = 1 + steps[below].max()
    table = network.stages[["item", "location"]].iloc[net.stage_row].assign(steps=steps)
    found = stages[["item", "location"]].merge(table, how="left", on=["item", "location"])
    strange = found["steps"].isna()
    if strange.any():
        row = found[strange].iloc[0]
        raise DomainError(
            f"the simulation has the stage {row['item']} @ {row['location']}, which is not in the "
            "network. Fix: give the network that was simulated."
        )
    return found["steps"].to_numpy(dtype=np.int64)
