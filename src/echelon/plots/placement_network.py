"""A plan drawn on its network: where stock sits, what it costs there, what each stage promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from echelon.display import amount, counted, money
from echelon.errors import DomainError, UnknownNameError
from echelon.network.compiled import Floats, Integers
from echelon.plots.canvas import INK, QUIET, axes
from echelon.plots.layered_layout import Layout, in_columns
from echelon.plots.rows import steps_from_customers
from echelon.policies.plan import gap_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

    from echelon.network.network import Network
    from echelon.policies.plan import Plan

MOST_STAGES: Final = 200
"""Stages of which each still has a readable name in one picture."""

_COLOURS = "cividis"  # made to look alike to readers with and without colour vision
_LONGEST_NAME = 26
_MOST_ABREAST: Final = 10
"""Columns that fit side by side on a page; of more, each is a line, customers at the foot."""
_BAR = 0.62
"""Inches of the longest bar."""


def network(
    plan: Plan,
    network: Network,
    ax: Axes | None = None,
    *,
    detail: str = "auto",
    most: int = MOST_STAGES,
) -> Axes:
    """The supply chain from suppliers on the left to customers on the right, with its stock.

    Each stage is a dot in the colour of the service time it quotes, and its bar is as long as the
    yearly cost of its safety stock; a stage without stock has no bar. Stages stand in columns by
    the number of lanes to the customers. Of a large network the columns are drawn as one disc each,
    its area the cost of their safety stock; more than ten of them one above the other, customers at
    the foot.

    Parameters
    ----------
    plan : Plan
    network : Network
        The one the plan is for.
    ax : matplotlib Axes, optional
        Without it, the figure is made as large as the names need.
    detail : {"auto", "stage", "echelon"}
        Every stage, or every column as one; ``"auto"`` draws stages up to ``most``.
    most : int, default 200
        Stages up to which ``"auto"`` draws each.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If the plan has a stage that the network does not, or none at all.
    UnknownNameError
        If ``detail`` is another.
    """
    if detail not in ("auto", "stage", "echelon"):
        raise UnknownNameError("detail", detail, ("auto", "stage", "echelon"))
    stages = on_network(plan, network)
    steps = steps_from_customers(network, stages)
    supplier, customer = lane_ends(network)
    if detail == "stage" or (detail == "auto" and len(stages) <= most):
        return _each_stage(
            plan, stages, in_columns(steps, supplier, customer), supplier, customer, ax
        )
    return _each_step(plan, stages, steps, supplier, customer, ax)


def on_network(plan: Plan, network: Network) -> pd.DataFrame:
    """Rows of the plan for the stages of the network, in its order, with the cost a year.

    A stage of a component that failed has no number.

    Raises
    ------
    DomainError
        If the plan has a stage that the network does not, or none at all.
    """
    keys = ["item", "location"]
    if plan.stages.empty:
        raise DomainError("this plan has no stages, as all failed. Fix: see plan.failures for why.")
    table = network.stages[keys].merge(plan.stages, on=keys, how="outer", indicator=True)
    strangers = table[table["_merge"] == "right_only"]
    if len(strangers):
        first = strangers.iloc[0]
        raise DomainError(
            f"the plan has the stage {first['item']} @ {first['location']}, which is not in the "
            "network. Fix: give the network that was optimised."
        )
    stages = network.stages[keys].merge(plan.stages, on=keys, how="left")
    return stages.assign(annual_cost=stages["holding_cost"] * plan.periods_per_year)


def lane_ends(network: Network) -> tuple[Integers, Integers]:
    """Rows of ``network.stages`` at the supplier's and the customer's end of each lane."""
    net = network.compiled
    first = np.repeat(net.component_ptr[:-1], np.diff(net.component_ptr))
    customer = np.repeat(np.arange(net.n_stages), np.diff(net.pred_ptr))
    supplier = net.pred_stage + first[customer]
    return net.stage_row[supplier], net.stage_row[customer]


def _each_stage(
    plan: Plan,
    stages: pd.DataFrame,
    layout: Layout,
    supplier: Integers,
    customer: Integers,
    ax: Axes | None,
) -> Axes:
    size = 8.0 if len(stages) <= 60 else 6.0  # points
    line = 1.7 * size / 72.0  # inches
    names = _names(stages)
    letter = 0.56 * size / 72.0
    n_columns = len(layout.column_step)
    long = np.zeros(n_columns)
    np.maximum.at(long, layout.column, [max(map(len, name.split("\n"))) for name in names])
    wide = 0.95 + letter * long  # of each column: a bar, a name, room for lanes
    wide += np.minimum(0.012 * len(supplier) / max(n_columns, 1), 0.6)
    left = np.concatenate([[0.0], np.cumsum(wide)[:-1]])
    x, y = left[layout.column], line * layout.height
    top = y.max() + 1.4 * line + 0.42
    ax = axes(ax, width=max(float(wide.sum()) + 1.6, 8.0), height=max(top + 1.0, 3.4))
    cost = np.maximum(stages["annual_cost"].fillna(0.0).to_numpy(np.float64), 0.0)
    bar = _BAR * cost / (cost.max(initial=0.0) or 1.0)
    holds = stages["safety_stock"].fillna(0.0).to_numpy(np.float64) != 0.0
    bar = np.where(holds, np.maximum(bar, 0.02), 0.0)
    ends = x + bar + 0.1 + letter * np.array([len(name) for name in names])
    _draw_lanes(ax, (ends[supplier], y[supplier]), (x[customer], y[customer]))
    quoted = stages["service_time"].to_numpy(np.float64)
    scale = _colour_scale(ax, quoted, plan.period)
    colours = _coloured(quoted, scale)
    ax.barh(y, bar, left=x + 0.02, height=0.62 * line, color=colours, zorder=4, lw=0)
    ax.scatter(x, y, s=2.2 * size, c=colours, edgecolors=INK, linewidths=0.4, zorder=5)
    for name, across, up, stocked in zip(names, x + bar, y, holds, strict=True):
        ax.annotate(
            name,
            (across, up),
            (0.65 * size, 0),
            textcoords="offset points",
            va="center_baseline",
            size=size,
            weight="bold" if stocked else "normal",
            color=INK,
            zorder=6,
            bbox={"boxstyle": "square,pad=0.05", "fc": "white", "ec": "none", "alpha": 0.7},
        )
    _head_columns(ax, layout, left, cost, y.max() + 1.4 * line)
    ax.set_xlim(-0.15, float(wide.sum()))
    ax.set_ylim(-1.2 * line, top)
    longest = int(cost.argmax()) if len(cost) else 0
    ax.set_xlabel(
        "suppliers on the left, customers on the right; bold: holds stock\n"
        f"bar: {money(plan.currency)} a year for the stage's safety stock, longest "
        f"{amount(cost[longest])} ({names[longest]})",
        size=8,
    )
    _finish(ax, plan, stages)
    return ax


def _each_step(
    plan: Plan,
    stages: pd.DataFrame,
    steps: Integers,
    supplier: Integers,
    customer: Integers,
    ax: Axes | None,
) -> Axes:
    """One disc per column: a network too large for names."""
    from matplotlib.patches import FancyArrowPatch

    n = int(steps.max(initial=0)) + 1
    cost = np.bincount(steps, stages["annual_cost"].fillna(0.0), n)
    count = np.bincount(steps, minlength=n)
    held = np.bincount(steps, stages["safety_stock"].fillna(0.0) != 0.0, n).astype(np.int64)
    weight = np.maximum(stages["annual_cost"].fillna(0.0).to_numpy(np.float64), 0.0)
    quoted = stages["service_time"].fillna(0.0).to_numpy(np.float64)
    weighed = np.bincount(steps, weight * quoted, n)
    mean = np.divide(weighed, np.bincount(steps, weight, n), np.zeros(n), where=cost > 0.0)
    abreast = n <= _MOST_ABREAST
    bend = -0.28 if abreast else 0.28  # away from the words
    along = np.arange(n, dtype=np.float64)
    if abreast:
        ax = axes(ax, width=max(1.45 * n + 1.8, 8.0), height=3.4)
        x, y = n - 1 - along, np.zeros(n)
    else:
        ax = axes(ax, width=8.0, height=0.45 * n + 1.4)
        x, y = np.zeros(n), along
    lanes = np.zeros((n, n), dtype=np.int64)
    np.add.at(lanes, (steps[supplier], steps[customer]), 1)
    thickest = lanes.max(initial=1)
    for up, down in np.argwhere(lanes).tolist():
        ax.add_patch(
            FancyArrowPatch(
                (x[up], y[up]),
                (x[down], y[down]),
                connectionstyle=f"arc3,rad={bend * (up > down + 1)}",
                arrowstyle="-",
                lw=0.5 + 6.0 * np.sqrt(lanes[up, down] / thickest),
                color=QUIET,
                alpha=0.75 if up == down + 1 else 0.4,
                zorder=1,
            )
        )
    scale = _colour_scale(ax, mean, plan.period, "service time quoted,\nmean weighed by cost")
    largest = 2400.0 if abreast else 900.0  # square points
    area = np.where(held > 0, np.maximum(largest * cost / (cost.max() or 1.0), 50.0), 0.0)
    ax.scatter(x, y, s=30, color=INK, zorder=2)
    ax.scatter(x, y, s=area, c=_coloured(mean, scale), edgecolors=INK, lw=0.5, zorder=3)
    total = float(cost.sum()) or 1.0
    for step in range(n):
        share = f"{cost[step] / total:.0%}"
        worth = (amount(cost[step]), share) if held[step] else ("no stock",)
        with_stock = (f"{held[step]:,} with stock",) if held[step] else ()
        how_many = (counted(int(count[step]), "stage"), *with_stock)
        if abreast:
            above, below = "\n".join(how_many), "\n".join(worth)
            ax.annotate(above, (x[step], 0.55), ha="center", va="bottom", size=8, color=INK)
            ax.annotate(below, (x[step], -0.55), ha="center", va="top", size=8, color=INK)
        else:
            beside = f"{', '.join(how_many)}: {', '.join(worth)}"
            ax.annotate(beside, (0.6, y[step]), va="center", size=8, color=INK)
    names = [in_words(step, n) for step in range(n)]
    if abreast:
        ax.set_xticks(x, names, size=8)
        ax.set_xlim(-0.7, n - 0.3)
        ax.set_ylim(-1.05, 1.05)
    else:
        ax.set_yticks(y, [name.replace("\n", " ") for name in names], size=8)
        ax.set_xlim(-2.0, 4.0)
        ax.set_ylim(-0.7, n - 0.3)
    ax.tick_params(length=0)
    ax.set_xlabel(
        f"lanes to the customer, {len(supplier):,} in all (thicker line: more of them)\n"
        f"disc: {money(plan.currency)} a year for the safety stock of the stages",
        size=8,
    )
    _finish(ax, plan, stages, ticks="x" if abreast else "y")
    return ax


def in_words(step: int, n_steps: int) -> str:
    """Name a column by its lanes to the customers."""
    if step == 0:
        return "nearest\ncustomers" if n_steps > 1 else "all stages"
    return f"{counted(step, 'step')} up"


def _head_columns(ax: Axes, layout: Layout, left: Floats, cost: Floats, height: float) -> None:
    n_steps = int(layout.column_step.max(initial=0)) + 1
    total = float(cost.sum()) or 1.0
    step = layout.column_step[layout.column]
    for one in range(n_steps):
        first = left[layout.column_step == one].min()
        share = float(cost[step == one].sum()) / total
        ax.annotate(
            f"{in_words(one, n_steps)}\n{share:.0%} of cost".replace("nearest\n", "nearest "),
            (first - 0.05, height),
            size=8,
            color="#666666",
            va="bottom",
        )


def _draw_lanes(ax: Axes, begin: tuple[Floats, Floats], end: tuple[Floats, Floats]) -> None:
    """Draw each lane as a slope that leaves and arrives level."""
    from matplotlib.collections import LineCollection

    along = np.linspace(0.0, 1.0, 24)
    rise = along * along * (3.0 - 2.0 * along)
    x = begin[0][:, None] + (end[0] - begin[0])[:, None] * along
    y = begin[1][:, None] + (end[1] - begin[1])[:, None] * rise
    many = len(x) > 150
    ax.add_collection(
        LineCollection(
            list(np.stack([x, y], axis=2)),
            colors=QUIET,
            linewidths=0.35 if many else 0.8,
            alpha=0.7,
            zorder=1,
        )
    )


def _colour_scale(ax: Axes, quoted: Floats, period: str, what: str = "") -> Normalize:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    scale = Normalize(0.0, float(np.nanmax(quoted, initial=0.0)) or 1.0)
    bar = ax.figure.colorbar(
        ScalarMappable(scale, _COLOURS), ax=ax, shrink=0.7, aspect=24, pad=0.01
    )
    bar.set_label(what or "service time quoted", size=8)
    bar.ax.set_xlabel(f"{period}s", size=8)
    bar.ax.tick_params(labelsize=8)
    return scale


def _coloured(quoted: Floats, scale: Normalize) -> Floats:
    """Colours of service times; white where there is none, of what failed."""
    from matplotlib import colormaps

    colours = np.array(colormaps[_COLOURS](scale(np.nan_to_num(quoted))))
    colours[np.isnan(quoted)] = 1.0
    return colours


def _names(stages: pd.DataFrame) -> list[str]:
    """Name stages by item, and by location too where the item is at several."""
    both = stages["item"] + " @ " + stages["location"]
    names = both.where(stages["item"].duplicated(keep=False), stages["item"])
    half = (_LONGEST_NAME - 1) // 2
    return [
        name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[-half:]}" for name in names
    ]


def _finish(ax: Axes, plan: Plan, stages: pd.DataFrame, *, ticks: str = "") -> None:
    held = int((stages["safety_stock"].fillna(0.0) != 0.0).sum())
    ax.set_title(
        f"{amount(plan.annual_cost)} {money(plan.currency)} a year of safety stock at {held:,} "
        f"of {counted(len(stages), 'stage')}, {gap_in_words(plan.gap)}",
        loc="left",
    )
    if ticks != "y":
        ax.set_yticks([])
    if ticks != "x":
        ax.set_xticks([])
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
