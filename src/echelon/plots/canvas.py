"""Axes to draw on: the caller's, or new ones."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from echelon.errors import DomainError, MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, QUIET, ACCENT, WARNING = "#222222", "#b8b8b8", "#1f6f8b", "#c8553d"

_LINE = 0.07
"""Share of the height of axes that a line of a legend takes, in a figure of the usual size."""


def axes(ax: Axes | None, *, width: float = 8.0, height: float = 4.5) -> Axes:
    """Give ``ax``, or the axes of a new figure of this size in inches.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise MissingExtraError(
            "plots need matplotlib. Fix: pip install 'echelon[plot]', or pip install matplotlib."
        ) from error
    _, made = pyplot.subplots(figsize=(width, height), layout="constrained")
    return made


def plain(ax: Axes) -> None:
    """Leave only the left and the bottom line of the frame."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def in_short(value: float) -> str:
    """Write a number beside a bar: four digits, or all before the point; never a power of ten.

    Examples
    --------
    >>> [in_short(value) for value in (0.01234, 158.0, 98765.4)]
    ['0.01234', '158', '98,765']
    """
    return f"{value:,.0f}" if abs(value) >= 1e3 else f"{value:,.4g}"


def count_along(ax: Axes, largest: float) -> None:
    """Set thousands apart along the x axis, at few enough places that long numbers stay apart."""
    ax.locator_params(axis="x", nbins=4)
    ax.xaxis.set_major_formatter("{x:,.0f}" if largest >= 10.0 else "{x:,.4g}")


def legend(ax: Axes, *, reverse: bool = False) -> None:
    """Put the legend where it covers nothing; ``reverse``: what was drawn last comes first.

    That is to the right of the axes, if the figure's layout makes room there; in a figure without
    one, which other axes may share, it is inside, in space that is added on top.
    """
    if ax.figure.get_layout_engine() is not None:
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), reverse=reverse)
        return
    low, high = ax.get_ylim()
    lines = len(ax.get_legend_handles_labels()[0]) + 1
    ax.set_ylim(low, high + (high - low) * _LINE * lines / (1.0 - _LINE * lines))
    ax.legend(frameon=False, loc="upper center", reverse=reverse)


def as_svg(ax: Axes) -> bytes:
    """Give the figure of ``ax`` as an SVG file, and forget the figure.

    Letters are drawn as outlines, so that the file looks alike everywhere.
    """
    from matplotlib import pyplot, rc_context

    figure = ax.get_figure(root=True)
    if figure is None:
        raise DomainError("these axes belong to no figure. Fix: draw on axes that do.")
    file = BytesIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "echelon"}):  # the same file again
        figure.savefig(file, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return file.getvalue()
