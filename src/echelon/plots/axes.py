"""The axes a picture is drawn on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from echelon.errors import EchelonError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_or_new(ax: Axes | None) -> Axes:
    """Give the axes, or new ones in a figure of their own that no window shows.

    Raises
    ------
    EchelonError
        If matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise EchelonError(
            "matplotlib is not installed. Fix: pip install 'echelon[plot]'."
        ) from error
    return Figure(figsize=(7.0, 4.0), layout="constrained").subplots()
