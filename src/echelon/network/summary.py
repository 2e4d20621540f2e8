"""What a network looks like from afar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from echelon.network.compiled import CompiledNetwork, Floats
from echelon.network.graph import Graph, longest_paths

TOPOLOGIES = ("single", "serial", "assembly", "distribution", "tree", "general")
"""What a component looks like, the narrowest name that fits.

``serial``: at most one supplier and one customer each; ``assembly``: at most one customer each;
``distribution``: at most one supplier each; ``tree``: no two ways between two stages.
"""

_SHOWN = 8


@dataclass(frozen=True, repr=False, eq=False)
class NetworkSummary:
    """Totals of a network and a line per component.

    Attributes
    ----------
    name, period, currency : str
    n_stages, n_lanes, n_components, n_demand_stages : int
    demand : float
        Units per period asked for by customers, all stages together.
    cumulative_lead_time : float
        Periods on the longest path, lanes included.
    components : DataFrame
        As :meth:`to_frame` gives it.
    features : tuple of str
        Columns and tables of what is off by default and on here: ``"stages.capacity"``.
    """

    name: str
    period: str
    currency: str
    n_stages: int
    n_lanes: int
    n_components: int
    n_demand_stages: int
    demand: float
    cumulative_lead_time: float
    components: pd.DataFrame
    features: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per component.

        Returns
        -------
        DataFrame
            component, stages, lanes, demand_stages, topology, cumulative_lead_time [period],
            demand [unit/period], value [money/period]: demand times the unit cost where customers
            buy, NaN where the value is not known.
        """
        return self.components.copy()

    def _facts(self) -> list[tuple[str, str]]:
        counts = self.components["topology"].value_counts()
        kinds = ", ".join(f"{counts[kind]:,} {kind}" for kind in TOPOLOGIES if kind in counts)
        value = self.components["value"].sum(min_count=len(self.components))
        money = f" {self.currency}" if self.currency else ""
        facts = [
            ("stages", f"{self.n_stages:,} ({self.n_demand_stages:,} with customers)"),
            ("lanes", f"{self.n_lanes:,}"),
            ("components", f"{self.n_components:,} ({kinds})"),
            ("longest lead time", _counted(self.cumulative_lead_time, self.period)),
        ]
        if self.features:
            facts.append(("features", ", ".join(self.features)))
        if not self.n_demand_stages:
            return [*facts, ("demand", "no customers: nothing to plan for")]
        facts.append(("demand", f"{self.demand:,.6g} units per {self.period}"))
        if not np.isnan(value):
            facts.append(("value", f"{value:,.6g}{money} per {self.period}"))
        return facts

    def _title(self) -> str:
        return f"Network {self.name!r}" if self.name else "Network"

    def __repr__(self) -> str:
        facts = self._facts()
        width = max(len(label) for label, _ in facts)
        return "\n".join([self._title(), *(f"  {label:<{width}}  {text}" for label, text in facts)])

    def _repr_html_(self) -> str:
        facts = "".join(
            f'<tr><th style="text-align:left">{escape(label)}</th>'
            f'<td style="text-align:left">{escape(text)}</td></tr>'
            for label, text in self._facts()
        )
        parts = [f"<div><strong>{escape(self._title())}</strong><table>{facts}</table>"]
        if self.n_components > 1:
            shown = self.components.head(_SHOWN)
            table = shown.to_html(index=False, border=0, escape=True, float_format="{:,.6g}".format)
            rest = self.n_components - len(shown)
            more = f"<p>and {rest:,} more components</p>" if rest else ""
            parts.append(f"<details><summary>components</summary>{table}{more}</details>")
        return "".join([*parts, "</div>"])


def _counted(count: float, noun: str) -> str:
    return f"{count:,.6g} {noun if count == 1 else f'{noun}s'}"


def summarize(
    stages: pd.DataFrame,
    compiled: CompiledNetwork,
    graph: Graph,
    settings: Mapping[str, Any],
    features: Mapping[str, tuple[str, ...]],
) -> NetworkSummary:
    """Describe a network.

    Parameters
    ----------
    stages : DataFrame
        As ``Network.stages``.
    compiled : CompiledNetwork
    graph : Graph
        Of the same network.
    settings : mapping
        period, currency and name.
    features : mapping of str to tuple of str
        As ``Network.features``.

    Returns
    -------
    NetworkSummary
    """
    n_components = compiled.n_components
    component = np.repeat(np.arange(n_components), np.diff(compiled.component_ptr))
    stage_mean = np.bincount(
        np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr)),
        weights=compiled.demand_mean,
        minlength=compiled.n_stages,
    ).astype(np.float64, copy=False)
    sells = np.diff(compiled.demand_ptr) > 0
    value = stages["unit_cost"].to_numpy()[compiled.stage_row]
    lane_time = np.empty(compiled.n_lanes)
    lane_time[compiled.lane_row] = compiled.pred_lead_time
    own_time = np.empty(compiled.n_stages)
    own_time[compiled.stage_row] = compiled.lead_time
    reach = longest_paths(graph, own_time, lane_time)[compiled.stage_row]

    def total(weights: Floats) -> Floats:
        sums = np.bincount(component, weights=weights, minlength=n_components)
        return sums.astype(np.float64, copy=False)

    n_suppliers, n_customers = np.diff(compiled.pred_ptr), np.diff(compiled.succ_ptr)
    n_stages = np.diff(compiled.component_ptr)
    n_lanes = total(n_suppliers.astype(np.float64)).astype(np.int64)
    starts = compiled.component_ptr[:-1]
    frame = pd.DataFrame(
        {
            "component": compiled.component_id,
            "stages": n_stages,
            "lanes": n_lanes,
            "demand_stages": total(sells.astype(np.float64)).astype(np.int64),
            "topology": pd.Series(
                np.select(
                    [
                        n_stages == 1,
                        n_lanes > n_stages - 1,
                        _all_at_most_one(n_suppliers, starts)
                        & _all_at_most_one(n_customers, starts),
                        _all_at_most_one(n_customers, starts),
                        _all_at_most_one(n_suppliers, starts),
                    ],
                    ["single", "general", "serial", "assembly", "distribution"],
                    "tree",
                ),
                dtype="str",
            ),
            "cumulative_lead_time": np.maximum.reduceat(reach, starts),
            "demand": total(stage_mean),
            "value": total(stage_mean * value),
        }
    )
    return NetworkSummary(
        name=settings["name"],
        period=settings["period"],
        currency=settings["currency"],
        n_stages=compiled.n_stages,
        n_lanes=compiled.n_lanes,
        n_components=n_components,
        n_demand_stages=int(sells.sum()),
        demand=float(stage_mean.sum()),
        cumulative_lead_time=float(reach.max()),
        components=frame,
        features=tuple(
            name if column == "rows" else f"{name}.{column}"
            for name, columns in features.items()
            for column in columns
        ),
    )


def _all_at_most_one(counts: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.maximum.reduceat(counts, starts) <= 1
