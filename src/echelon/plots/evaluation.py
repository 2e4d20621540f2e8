"""Pictures of networks judged by a classical model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.plots.canvas import ACCENT, INK, QUIET, WARNING, axes, in_short, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.exact.evaluate import Evaluation

_PARTS = (
    ("holding_cost", "stock on hand", ACCENT),
    ("pipeline_cost", "on its way", QUIET),
    ("shortage_cost", "shortage", WARNING),
)


def stock(evaluation: Evaluation, ax: Axes | None = None, *, most: int = 20) -> Axes:
    """Bars of the base stock of each stage, and in them what is on hand on average.

    Parameters
    ----------
    evaluation : Evaluation
    ax : matplotlib Axes, optional
    most : int, default 20
        Stages shown, in the order of the frame.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If no component fits the model.
    """
    frame = _known(evaluation.stages).head(most)
    own = frame["base_stock"].notna().all()
    levels = frame["base_stock" if own else "echelon_base_stock"]
    ax = axes(ax, height=1.4 + 0.32 * max(len(frame), 3))
    place = np.arange(len(frame))[::-1]
    ax.barh(place, levels, color=QUIET, height=0.7, label="base stock" if own else "echelon level")
    if frame["on_hand"].notna().all():
        ax.barh(place, frame["on_hand"], color=ACCENT, height=0.4, label="on hand, mean")
    ax.set_yticks(place, (frame["item"] + " @ " + frame["location"]).tolist())
    ax.set_xlabel("units")
    left = len(evaluation.stages) - len(frame)
    ax.set_title(f"{evaluation.title}{f', {left:,} stages more' if left else ''}")
    plain(ax)
    legend(ax)
    return ax


def cost(evaluation: Evaluation, ax: Axes | None = None, *, most: int = 20) -> Axes:
    """Bars of what each component costs in a period, the costliest on top, split in three.

    Parameters
    ----------
    evaluation : Evaluation
    ax : matplotlib Axes, optional
    most : int, default 20
        Components shown; the rest is one bar.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If no component fits the model.
    """
    frame = _known(evaluation.components)
    frame = frame.sort_values("cost", ascending=False, kind="stable")
    rest = frame.iloc[most:]
    first = evaluation.stages.drop_duplicates("component").set_index("component")["item"]
    names = [f"{number}: {first[number]}" for number in frame["component"].head(most)]
    shown = frame.head(most)[[name for name, *_ in _PARTS]]
    if len(rest):
        names.append(f"{len(rest):,} others")
        shown = pd.concat([shown, rest[list(shown.columns)].sum().to_frame().T])
    ax = axes(ax, height=1.4 + 0.32 * max(len(shown), 3))
    place = np.arange(len(shown))[::-1]
    begun = np.zeros(len(shown))
    for name, label, color in _PARTS:
        values = shown[name].to_numpy(np.float64)
        ax.barh(place, values, left=begun, color=color, height=0.7, label=label)
        begun += values
    for y, value in zip(place, begun, strict=True):
        ax.annotate(
            in_short(value), (value, y), (4, 0), textcoords="offset points", va="center", color=INK
        )
    ax.set_yticks(place, names)
    ax.margins(x=0.12)
    ax.set_xlabel(f"{evaluation.currency or 'money'} a {evaluation.period}")
    ax.set_title(evaluation.title)
    plain(ax)
    legend(ax)
    return ax


def _known(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        raise DomainError(
            "this evaluation has no stages, as no component fits the model. "
            "Fix: see evaluation.failures for why."
        )
    return frame
