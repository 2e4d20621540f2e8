"""What a plan's safety stock costs, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.display import amount, money
from echelon.errors import DomainError, UnknownNameError
from echelon.network.compiled import Floats
from echelon.plots.canvas import ACCENT, INK, QUIET, WARNING, axes, count_along, legend, plain
from echelon.plots.placement_network import in_words, on_network
from echelon.plots.rows import height_of, name_rows, steps_from_customers
from echelon.policies.plan import gap_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.network.network import Network
    from echelon.policies.plan import Plan


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
    count_along(ax, max(values, default=0.0))
    ax.set_xlabel(f"safety stock, {plan.currency or 'money'} a year")
    ax.set_title(f"{plan.annual_cost:,.0f} {plan.currency or 'money'} a year in all")
    plain(ax)
    return ax


def echelons(
    plan: Plan, network: Network, ax: Axes | None = None, *, by: str = "echelon", most: int = 30
) -> Axes:
    """Bars of the yearly cost of safety stock by steps from the customers, or by location.

    Parameters
    ----------
    plan : Plan
    network : Network
        The one the plan is for.
    ax : matplotlib Axes, optional
    by : {"echelon", "location"}
    most : int, default 30
        Bars shown of locations; the rest is one bar.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If the plan has a stage that the network does not, or none at all.
    UnknownNameError
        If ``by`` is another.
    """
    if by not in ("echelon", "location"):
        raise UnknownNameError("by", by, ("echelon", "location"))
    stages = on_network(plan, network)
    cost = stages["annual_cost"].fillna(0.0)
    held = stages["safety_stock"].fillna(0.0) != 0.0
    if by == "echelon":
        steps = steps_from_customers(network, stages)
        n = int(steps.max(initial=0)) + 1
        names = [in_words(step, n).replace("\n", " ") for step in range(n)]
        values = np.bincount(steps, cost, n).tolist()
        stocked = np.bincount(steps, held, n).astype(int).tolist()
        count = np.bincount(steps, minlength=n).tolist()
    else:
        table = pd.DataFrame({"cost": cost, "held": held, "count": 1})
        table = table.groupby(stages["location"], sort=True).sum()
        table = table.sort_values("cost", ascending=False, kind="stable")
        if len(table) > most:
            rest = table.iloc[most:].sum()
            name = f"{len(table) - most:,} others"
            table = pd.concat([table.head(most), rest.to_frame(name).T])
        names = table.index.tolist()
        values, stocked, count = (table[name].tolist() for name in ("cost", "held", "count"))
    ax = axes(ax, height=height_of(len(values)))
    place = np.arange(len(values))[::-1]
    ax.barh(place, values, color=ACCENT, height=0.7)
    total = sum(values) or 1.0
    for y, value, some, of in zip(place, values, stocked, count, strict=True):
        note = f"{amount(value)} ({value / total:.0%}), stock at {int(some):,} of {int(of):,}"
        ax.annotate(note, (value, y), (4, 0), textcoords="offset points", va="center", color=INK)
    name_rows(ax, names, f"cost of safety stock, {money(plan.currency)} a year", "")
    ax.set_xlim(min(0.0, *values), 1.45 * max(*values, 0.0) or 1.0)
    ax.locator_params(axis="x", nbins=5)
    count_along(ax, max(values))
    where = "steps up from the customers" if by == "echelon" else "location"
    ax.set_title(f"{amount(plan.annual_cost)} {money(plan.currency)} a year, by {where}")
    plain(ax)
    return ax


def trace(plan: Plan, ax: Axes | None = None, *, component: int | None = None) -> Axes:
    """Cost of the best plan found and its proven lower bound, over the seconds of the search.

    Parameters
    ----------
    plan : Plan
    ax : matplotlib Axes, optional
    component : int, optional
        The one whose search is drawn; without it the one that took longest.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If nothing is known of the search for that component.
    """
    rows = plan.trace
    if component is None and len(rows):
        component = int(rows["component"].to_numpy()[rows["seconds"].to_numpy().argmax()])
    rows = rows[rows["component"] == component]
    if rows.empty:
        which = "any component" if component is None else f"component {component}"
        raise DomainError(
            f"this plan keeps no trace of the search for {which}. Fix: ask for a component of "
            "plan.trace; where lanes form a tree there is none, as its optimum is found in one go."
        )
    year = plan.periods_per_year
    seconds = rows["seconds"].to_numpy(np.float64)
    objective = rows["objective"].to_numpy(np.float64) * year
    bound = rows["bound"].to_numpy(np.float64) * year
    ax = axes(ax)
    ax.step(seconds, objective, where="post", color=WARNING, lw=1.8, label="best plan")
    ax.step(seconds, bound, where="post", color=ACCENT, lw=1.8, label="proven lower bound")
    ax.fill_between(seconds, bound, objective, step="post", color=QUIET, alpha=0.35, lw=0)
    ax.plot(seconds[-1:], objective[-1:], "o", color=WARNING, ms=4)
    ax.plot(seconds[-1:], bound[-1:], "o", color=ACCENT, ms=4)
    _fit_to_the_end(ax, plan, objective, bound)
    ax.set_xlabel("seconds since the search began")
    ax.set_ylabel(f"safety stock, {money(plan.currency)} a year")
    ax.yaxis.set_major_formatter("{x:,.0f}" if np.nanmax(objective) >= 1e3 else "{x:,.4g}")
    left = objective[-1] - bound[-1]
    gap = left / abs(objective[-1]) if objective[-1] else left
    whole = plan.components["component"].nunique() == 1
    named = "" if whole else f"component {component}: "
    ax.set_title(f"{named}{gap_in_words(max(gap, 0.0))} after {seconds[-1]:.3g} seconds")
    ax.margins(x=0.02)
    plain(ax)
    legend(ax)
    return ax


def _fit_to_the_end(ax: Axes, plan: Plan, objective: Floats, bound: Floats) -> None:
    """Show costs near the last ones; a first plan far above them is told in words."""
    best, low = float(objective[-1]), float(np.nanmin(bound, initial=objective[-1]))
    top = best + 3.0 * max(best - low, 0.02 * abs(best))
    if objective[0] > top:
        ax.set_ylim(low - 0.08 * (top - low), top)
        words = f"first plan: {amount(float(objective[0]))} {money(plan.currency)} a year"
        at = (0.99, 0.98)
        ax.annotate(words, at, xycoords="axes fraction", va="top", ha="right", color=WARNING)
