"""A plan drawn: where stock sits in the chain, and what it costs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.plots.canvas import ACCENT, INK, QUIET, axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.network.network import Network
    from echelon.policies.plan import Plan

_SMALLEST_DISC = 70.0  # points squared


def cost(plan: Plan, ax: Axes | None = None, *, most: int = 20) -> Axes:
    """Bars of the yearly cost of safety stock, the costliest stage on top.

    Parameters
    ----------
    plan : Plan
    ax : matplotlib Axes, optional
    most : int, default 20
        Stages shown; the rest is one bar.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If every component failed.
    """
    if plan.stages.empty:
        raise DomainError("this plan has no stages, as all failed. Fix: see plan.failures for why.")
    held = plan.stocking_stages()
    yearly = held["holding_cost"] * plan.periods_per_year
    names = (held["item"] + " @ " + held["location"]).tolist()[:most]
    values = yearly.tolist()[:most]
    if len(held) > most:
        names.append(f"{len(held) - most} others")
        values.append(float(yearly.iloc[most:].sum()))
    ax = axes(ax, height=1.2 + 0.28 * max(len(values), 3))
    place = np.arange(len(values))[::-1]
    ax.barh(place, values, color=ACCENT, height=0.7)
    for y, value in zip(place, values, strict=True):
        ax.annotate(
            f"{value:,.0f}", (value, y), (4, 0), textcoords="offset points", va="center", color=INK
        )
    ax.set_yticks(place, names)
    ax.margins(x=0.12)
    ax.set_xlabel(f"safety stock, {plan.currency or 'money'} a year")
    ax.set_title(f"{plan.annual_cost:,.0f} {plan.currency or 'money'} a year in all")
    plain(ax)
    return ax


def network(plan: Plan, network: Network, ax: Axes | None = None) -> Axes:
    """The supply chain from left to right in time, a disc where safety stock sits.

    A stage stands where its output is ready: the longest lead time from the start of the chain to
    there. The disc's area is the cost of the stage's safety stock, down to a least area that can
    still be seen; a stage without any is a dot.

    Parameters
    ----------
    plan : Plan
    network : Network
        The one the plan is for; one component of at most 80 stages reads well.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If the plan has a stage that the network does not.
    """
    keys = ["item", "location"]
    table = network.stages[keys].merge(plan.stages, on=keys, how="outer", indicator=True)
    strangers = table[table["_merge"] == "right_only"]
    if len(strangers):
        first = strangers.iloc[0]
        raise DomainError(
            f"the plan has the stage {first['item']} @ {first['location']}, which is not in the "
            "network. Fix: give the network that was optimised."
        )
    wanted = pd.MultiIndex.from_frame(network.stages[keys])
    planned = plan.stages.set_index(keys).reindex(wanted)
    size = np.maximum(planned["holding_cost"].fillna(0.0).to_numpy(), 0.0)
    holds = planned["safety_stock"].fillna(0.0).to_numpy() != 0.0
    x, y, ends = _layout(network)
    ax = axes(ax, width=10.0, height=max(3.5, 0.42 * (np.ptp(y) + 1)))
    for supplier, customer in ends:
        ax.plot(x[[supplier, customer]], y[[supplier, customer]], color=QUIET, lw=0.8, zorder=1)
    ax.scatter(x, y, s=12, color=INK, zorder=2)
    largest = size.max() or 1.0  # stock that costs nothing is still stock
    area = np.where(holds, np.maximum(1400 * size / largest, _SMALLEST_DISC), 0.0)
    if holds.any():
        ax.scatter(x, y, s=area, color=ACCENT, alpha=0.75, zorder=3, lw=0)
    for at, (label, left, up) in enumerate(zip(_labels(network.stages), x, y, strict=True)):
        weight = "bold" if holds[at] else "normal"
        ax.annotate(
            label,
            (left, up),
            (0, 5 + np.sqrt(area[at] / np.pi)),  # above the disc
            textcoords="offset points",
            ha="center",
            size=8,
            weight=weight,
        )
    ax.set_yticks([])
    ax.margins(0.08, 0.1)
    ax.set_xlabel(f"longest lead time to here, {network.period}s")
    ax.set_title("Disc: yearly cost of the stage's safety stock")
    plain(ax)
    ax.spines["left"].set_visible(False)
    return ax


def _labels(stages: pd.DataFrame) -> list[str]:
    """Name stages by item, and by location too where the item is at several."""
    both = stages["item"] + "\n@ " + stages["location"]
    return both.where(stages["item"].duplicated(keep=False), stages["item"]).tolist()


def _layout(network: Network) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]:
    """Place each row of stages: x by longest lead time, y beside the stage's suppliers."""
    net = network.compiled
    first = np.repeat(net.component_ptr[:-1], np.diff(net.component_ptr))
    ready = np.zeros(net.n_stages)
    ends = []
    for j in range(net.n_stages):
        start = float(net.inbound_service_time[j])
        for lane in range(net.pred_ptr[j], net.pred_ptr[j + 1]):
            i = int(net.pred_stage[lane] + first[j])
            start = max(start, ready[i] + net.pred_lead_time[lane])
            ends.append((int(net.stage_row[i]), int(net.stage_row[j])))
        ready[j] = start + net.lead_time[j]
    height = _heights(net.n_stages, ends, net.stage_row)
    x, y = np.empty(net.n_stages), np.empty(net.n_stages)
    x[net.stage_row] = ready
    y[:] = height
    return x, y, ends


def _heights(n_stages: int, ends: list[tuple[int, int]], order: np.ndarray) -> np.ndarray:
    """Give each stage without suppliers a line of its own, the others the middle of theirs."""
    suppliers: dict[int, list[int]] = {}
    for supplier, customer in ends:
        suppliers.setdefault(customer, []).append(supplier)
    height = np.full(n_stages, np.nan)
    seen = 0

    def place(j: int) -> float:
        nonlocal seen
        stack = [j]
        while stack:
            k = stack[-1]
            waiting = [i for i in suppliers.get(k, ()) if np.isnan(height[i])]
            if waiting:
                stack.append(waiting[0])
                continue
            stack.pop()
            above = [height[i] for i in suppliers.get(k, ())]
            if above:
                height[k] = float(np.mean(above))
            else:
                height[k] = seen
                seen += 1
        return float(height[j])

    taken: set[tuple[float, int]] = set()
    for j in reversed(order.tolist()):
        if np.isnan(height[j]):
            place(j)
    for j in order.tolist():  # stages that share all suppliers would lie on one another
        spot = (round(height[j], 3), len(suppliers.get(j, ())))
        while spot in taken and suppliers.get(j):
            height[j] += 0.9
            spot = (round(height[j], 3), len(suppliers.get(j, ())))
        taken.add(spot)
    return height
