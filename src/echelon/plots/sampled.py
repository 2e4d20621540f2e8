"""Base stocks on sampled paths drawn: cost and service over the level, with the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from echelon.errors import DomainError
from echelon.plots.canvas import ACCENT, INK, QUIET, WARNING, axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.optimization.sampled_base_stock.result import SampledBaseStocks

_HARDLY = 0.02
_TOLD = ("measure", "target", "simulated")
_NAMES = {"cycle": "cycle service level", "ready": "ready rate", "fill": "fill rate"}


def curve(
    plan: SampledBaseStocks,
    item: str | None = None,
    location: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Cost on the sampled paths over the level of one stage, and the service it gives.

    The line upright is the level that was chosen; the circle is what customers got out of sample.
    Levels with which hardly anybody is served are cut off.

    Parameters
    ----------
    plan : SampledBaseStocks
    item, location : str, optional
        Of a stage that supplies nobody; the first of them if left out.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        Of the cost; service has an axis of its own on the right.

    Raises
    ------
    DomainError
        If no curve of such a stage was kept.
    """
    rows = plan.curves
    if item is not None:
        rows = rows[rows["item"] == item]
    if location is not None:
        rows = rows[rows["location"] == location]
    if rows.empty:
        raise DomainError(
            f"plan.curves has no rows of {item or 'any item'} @ {location or 'any location'}. Fix: "
            "name a stage that supplies nobody; of many components the first hundred are kept, and "
            "network.subset gives another by itself."
        )
    first = rows.iloc[0]
    rows = rows[(rows["item"] == first["item"]) & (rows["location"] == first["location"])]
    told = _told(plan, first["item"], first["location"])
    ax = axes(ax, width=9.0, height=4.5)
    chosen, measure = float(told["base_stock"]), str(told["measure"])
    rows = rows[(rows[measure] >= _HARDLY) | (rows["level"] >= 0.5 * chosen)]
    level = rows["level"].to_numpy(np.float64)
    # broad, so that it is seen where it is all of the cost
    ax.plot(level, rows["holding_cost"], color=QUIET, linewidth=4.0, label="of which holding")
    ax.plot(level, rows["cost"], color=ACCENT, label="cost")
    ax.set_xlabel(f"base stock of {first['item']} @ {first['location']}, units")
    ax.set_ylabel(f"{plan.currency or 'money'} a {plan.period}")
    ax.axvline(chosen, color=INK, linewidth=1.0, label="chosen")
    right = ax.twinx()
    right.plot(level, rows[measure], color=WARNING, linestyle="--", label=_NAMES[measure])
    if told["target"] == told["target"]:
        right.axhline(
            float(told["target"]), color=WARNING, linewidth=0.8, linestyle=":", label="target"
        )
    if told["simulated"] == told["simulated"]:
        right.plot(
            [chosen], [float(told["simulated"])], "o", color=WARNING, fillstyle="none",
            label="simulated",
        )  # fmt: skip
    right.set_ylim(0.0, 1.02)
    right.set_ylabel(_NAMES[measure])
    plain(ax)
    # one legend for both axes, on the one in front
    handles, labels = ax.get_legend_handles_labels()
    more, names = right.get_legend_handles_labels()
    right.legend(
        [*handles, *more], [*labels, *names], frameon=False, ncols=3,
        loc="lower center", bbox_to_anchor=(0.5, 1.0),
    )  # fmt: skip
    return ax


def _told(plan: SampledBaseStocks, item: str, location: str) -> dict[str, Any]:
    """What the plan says of a stage: level, measure, target and what is simulated."""
    here = plan.checked[(plan.checked["item"] == item) & (plan.checked["location"] == location)]
    stage = plan.stages[(plan.stages["item"] == item) & (plan.stages["location"] == location)]
    told = here.iloc[0][list(_TOLD)]
    return {"base_stock": stage["base_stock"].iloc[0], **dict(zip(_TOLD, told, strict=True))}
