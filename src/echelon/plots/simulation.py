"""A simulation drawn row by row: service, cost by kind, and how orders swing more than demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from echelon.display import money, quantity
from echelon.errors import DomainError, UnknownNameError
from echelon.plots.canvas import (
    ACCENT,
    INK,
    QUIET,
    WARNING,
    axes,
    count_along,
    in_short,
    legend,
    plain,
)
from echelon.plots.rows import (
    MOST,
    frame_at,
    height_of,
    labels_of,
    name_rows,
    rows_more,
    steps_from_customers,
    striped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.network.network import Network
    from echelon.simulation.result import Simulation

_MEASURES: Final = ("cycle_service_level", "ready_rate", "fill_rate", "on_time_rate")

_KINDS: Final = {
    "holding_cost": ("holding", ACCENT),
    "pipeline_cost": ("pipeline", "#8fc1d4"),
    "ordering_cost": ("ordering", QUIET),
    "shortage_cost": ("shortage", WARNING),
    "expedite_cost": ("expediting", "#e3a857"),
    "waste_cost": ("waste", "#6b4c7a"),
}

_SERVED: Final = ("stage", "segment", "segment_total", "item", "location", "total")

_KEYS: Final = {
    "stage": ["item", "location"],
    "segment_total": ["column", "value"],
    "item": ["item"],
    "location": ["location"],
    "total": [],
}

_AGAIN: Final = "simulate again, with this version, and see run.failures"


def service(
    run: Simulation,
    ax: Axes | None = None,
    *,
    measure: str | None = None,
    level: str = "stage",
    most: int = MOST,
) -> Axes:
    """Service with bars of two standard errors, beside the promise where there was one.

    Parameters
    ----------
    run : Simulation
    ax : matplotlib Axes, optional
    measure : str, optional
        ``cycle_service_level``, ``ready_rate``, ``fill_rate`` or ``on_time_rate``. By default the
        cycle service level that the plan promised to customers, stage by stage; at other levels
        the on-time rate. Where all that is delivered falls due later, by a quoted service time,
        nothing is filled at once: such rows have no bar of the fill rate, and the axis counts them.
    level : str, default "stage"
        ``stage`` (towards all who order from it), ``segment``, ``segment_total``, ``item``,
        ``location`` or ``total``.
    most : int, default 30
        Rows shown: those farthest below their promise first, or those served worst.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If nothing was promised and no measure is named, or no row has the measure.
    UnknownNameError
        If there is no such level, or no such measure at it.
    """
    if measure is None and level == "stage":
        table = run.service.dropna(subset=["promised", "simulated"])
        if table.empty:
            raise DomainError(
                "this simulation promised nothing. Fix: simulate a plan, or name what to plot, as "
                'in run.plot.service(measure="fill_rate").'
            )
        table = table.assign(
            label=labels_of(table, _KEYS["stage"]), short=table["simulated"] - table["promised"]
        )
        measure, order, quoted = "cycle_service_level", "short", 0
    else:
        measure = measure or "on_time_rate"
        (table, quoted), order = _served(run, level, measure), "simulated"
    table = table.sort_values(order, kind="stable")
    left_out, table = max(len(table) - most, 0), table.head(most)
    ax = axes(ax, height=height_of(len(table)))
    y = np.arange(len(table))[::-1]
    striped(ax, y)
    alone = table["simulated_se"].isna().all()
    ax.errorbar(
        table["simulated"], y, xerr=2 * table["simulated_se"].fillna(0.0), fmt="o", color=ACCENT,
        ms=5, capsize=0 if alone else 3,
        label="simulated, one replication" if alone else "simulated, ± 2 standard errors",
    )  # fmt: skip
    if table["promised"].notna().any():
        ax.plot(table["promised"], y, "|", color=WARNING, ms=14, mew=2.5, label="promised")
    later = (
        f"{quoted:,} that deliver later, as quoted, have none: see on_time_rate" if quoted else ""
    )
    foot = "\n".join(filter(None, (rows_more(left_out), later)))
    name_rows(ax, table["label"].tolist(), measure.replace("_", " "), foot)
    ax.margins(x=0.06)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    plain(ax)
    return ax


def _served(run: Simulation, level: str, measure: str) -> tuple[pd.DataFrame, int]:
    """Label, measure of service, its error, and the promise of the rows of a level.

    And how many rows have no fill rate to show, as all they deliver falls due later.
    """
    frame = frame_at(run, level, _SERVED, fix=_AGAIN)
    known = [name for name in _MEASURES if name in frame]
    if measure not in known:
        raise UnknownNameError(f"measure of service at the level {level!r}", measure, known)
    keys = _KEYS.get(level, ["item", "location", *run.segment_columns])
    promised = np.full(len(frame), np.nan)
    if level == "stage" and measure == "cycle_service_level":
        told = frame[keys].merge(run.service[[*keys, "promised"]], how="left", on=keys)
        promised = told["promised"].to_numpy(np.float64)
    later = np.zeros(len(frame), dtype=np.bool_)
    if measure == "fill_rate":
        later = ((frame["fill_rate"] == 0.0) & (frame["on_time_rate"] > 0.0)).to_numpy()
    table = pd.DataFrame(
        {
            "label": labels_of(frame, keys),
            "simulated": frame[measure].to_numpy(np.float64),
            "simulated_se": frame[f"{measure}_se"].to_numpy(np.float64),
            "promised": promised,
        }
    )[~later].dropna(subset=["simulated"])
    if table.empty and later.any():
        raise DomainError(
            f"all rows at the level {level!r} deliver later, as quoted, and fill nothing at once. "
            'Fix: plot measure="on_time_rate".'
        )
    if table.empty:
        raise DomainError(
            f"no row at the level {level!r} has a {measure}: nothing fell due. "
            "Fix: simulate more periods, or plot another measure."
        )
    return table, int(later.sum())


def cost(
    run: Simulation,
    ax: Axes | None = None,
    *,
    level: str = "stage",
    network: Network | None = None,
    most: int = MOST,
) -> Axes:
    """Bars of what a period costs, the costliest on top, split by kind; lines of ± 2 errors.

    Parameters
    ----------
    run : Simulation
    ax : matplotlib Axes, optional
    level : str, default "stage"
        ``stage``, ``item``, ``location``, ``total`` or ``echelon``: stages with as many steps to
        the stages nearest customers, in that order and without errors.
    network : Network, optional
        The one that was simulated; for ``echelon`` alone.
    most : int, default 30
        Rows shown; the axis says what the others come to.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If everything failed, or the network is missing or another.
    UnknownNameError
        If there is no such level.
    """
    frame, labels = _costs(run, level, network)
    kinds = [name for name in _KINDS if (frame[name] != 0.0).any()] or ["holding_cost"]
    shown, rest = frame.head(most), frame.iloc[most:]
    parts = shown[kinds].to_numpy(np.float64)
    errors = shown["cost_se"].to_numpy(np.float64)
    ax = axes(ax, height=height_of(len(shown)))
    y = np.arange(len(shown))[::-1]
    begun = np.zeros(len(shown))
    for at, name in enumerate(kinds):
        label, colour = _KINDS[name]
        ax.barh(y, parts[:, at], left=begun, color=colour, height=0.7, label=label)
        begun += parts[:, at]
    if np.isfinite(errors).any():
        ax.errorbar(begun, y, xerr=2 * errors, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2)
    reach = begun + 2 * np.nan_to_num(errors)
    for place, end, value in zip(y, reach, begun, strict=True):
        ax.annotate(
            in_short(value), (end, place), (5, 0), textcoords="offset points", va="center",
            color=INK,
        )  # fmt: skip
    a_period = f"{money(run.currency)} a {run.period}"
    left_out = f"{len(rest):,} rows more cost {quantity(rest['cost'].sum())}" if len(rest) else ""
    name_rows(ax, labels[:most], f"cost, {a_period}", left_out)
    ax.set_xlim(0.0, 1.2 * reach.max() or 1.0)
    count_along(ax, float(reach.max()))
    ax.set_title(f"{quantity(frame['cost'].sum())} {a_period} in all")
    plain(ax)
    legend(ax)
    return ax


def _costs(run: Simulation, level: str, network: Network | None) -> tuple[pd.DataFrame, list[str]]:
    levels = ("stage", "item", "location", "total", "echelon")
    if level != "echelon":
        frame = frame_at(run, level, levels, fix=_AGAIN)
        frame = frame.sort_values("cost", ascending=False, kind="stable")
        return frame, labels_of(frame, _KEYS[level])
    if network is None:
        raise DomainError(
            "the echelons of a simulation are those of its network. Fix: give it, as in "
            'run.plot.cost(level="echelon", network=network).'
        )
    stages = frame_at(run, "stage", levels, fix=_AGAIN)
    steps = steps_from_customers(network, stages)
    frame = stages[[*_KINDS, "cost"]].groupby(steps).sum().assign(cost_se=np.nan)
    words = {0: "nearest customers", 1: "1 step up"}
    return frame, [words.get(step, f"{step} steps up") for step in frame.index.tolist()]


def bullwhip(
    run: Simulation,
    ax: Axes | None = None,
    *,
    network: Network | None = None,
    item: str | None = None,
    most: int = MOST,
) -> Axes:
    """Order variance over demand variance of each stage, ± 2 standard errors.

    Above the line at 1 a stage orders more unevenly than it is asked. The axis is logarithmic where
    ratios differ widely.

    Parameters
    ----------
    run : Simulation
    ax : matplotlib Axes, optional
    network : Network, optional
        The one that was simulated. With it stages stand from those nearest customers on the left
        to the farthest upstream on the right; without it, by their ratios.
    item : str, optional
        Only stages of this item.
    most : int, default 30
        Stages shown, those with the largest ratios.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DomainError
        If no stage has a ratio, or the network is another.
    """
    stages = frame_at(run, "stage", ("stage",), fix=_AGAIN)
    table = stages if item is None else stages[stages["item"] == item]
    table = table.dropna(subset=["bullwhip"])
    if table.empty:
        who = "no stage" if item is None else f"no stage of the item {item!r}"
        raise DomainError(
            f"{who} has a ratio: nothing that varies is asked of them. "
            "Fix: name an item of the simulation, or simulate demand that varies."
        )
    table = table.sort_values("bullwhip", kind="stable")
    left_out, table = max(len(table) - most, 0), table.tail(most)
    steps = np.zeros(len(table), dtype=np.int64)
    if network is not None:
        steps = steps_from_customers(network, table)
        order = np.argsort(steps, kind="stable")
        table, steps = table.iloc[order], steps[order]
    ratio = table["bullwhip"].to_numpy(np.float64)
    error = np.nan_to_num(table["bullwhip_se"].to_numpy(np.float64))
    labels = labels_of(table, _KEYS["stage"])
    height = 3.8 + 0.055 * max(map(len, labels))  # of the picture, and of its names aslant
    ax = axes(ax, width=2.5 + 0.36 * max(len(table), 15), height=height)
    x = np.arange(len(table))
    for first in np.flatnonzero(np.diff(steps)) + 0.5:
        ax.axvline(first, color=QUIET, lw=0.8)
    ax.axhline(1.0, color=WARNING, lw=1.0)
    low = np.minimum(2 * error, 0.999 * np.maximum(ratio, 0.0))  # what is a variance is not below 0
    alone = table["bullwhip_se"].isna().all()
    ax.errorbar(
        x, ratio, yerr=[low, 2 * error], fmt="o", color=ACCENT, ms=5, capsize=0 if alone else 3
    )
    positive = ratio[ratio > 0.0]
    if len(positive) == len(ratio) and positive.max() > 30.0 * min(positive.min(), 1.0):
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:,.4g}")
    else:
        ax.set_ylim(0.0, 1.08 * max((ratio + 2 * error).max(), 1.0))
    ax.set_xticks(x, labels, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_xlim(-0.7, len(table) - 0.3)
    ax.set_ylabel("order variance over demand variance")
    order_told = "nearest customers on the left, upstream to the right" if network else ""
    ax.set_xlabel("\n".join(filter(None, (order_told, rows_more(left_out, "stages")))))
    ax.set_title("one replication" if alone else "± 2 standard errors")
    plain(ax)
    return ax
