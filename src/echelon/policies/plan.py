"""A plan: what each stage promises, holds and orders up to, and how good that is proven to be."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from echelon.results import Result

STAGE_COLUMNS = (
    "item",
    "location",
    "component",
    "service_time",
    "inbound_service_time",
    "net_replenishment_time",
    "safety_stock",
    "base_stock",
    "pipeline_stock",
    "holding_cost",
    "demand_mean",
    "demand_std",
    "target_service_level",
    "service_level",
)
COMPONENT_COLUMNS = (
    "component",
    "stages",
    "status",
    "objective",
    "bound",
    "gap",
    "termination",
    "method",
    "seconds",
)


@dataclass(frozen=True, repr=False)
class Plan(Result):
    """Base stocks and service times for every stage, with their certificate.

    Attributes
    ----------
    stages : DataFrame
        One row per stage of a component that was solved:

        - ``item``, ``location``, ``component``
        - ``service_time``: what the stage promises its customers, periods
        - ``inbound_service_time``: when its supplies are complete, periods after its order
        - ``net_replenishment_time``: periods of demand its own stock must cover
        - ``safety_stock``, ``base_stock``: units
        - ``pipeline_stock``: mean units in process and in transit to the stage
        - ``holding_cost``: of the safety stock, money per period
        - ``demand_mean``, ``demand_std``: seen by the stage, units per period
        - ``target_service_level``: asked for, NaN where no customer buys
        - ``service_level``: promised to customers by this base stock, NaN where none buys
    components : DataFrame
        One row per component: status, objective, bound, gap, termination, method, seconds.
    objective : float
        Holding cost of the safety stock, money per period.
    bound : float
        Proven: no plan of the model costs less.
    gap : float
        ``(objective - bound) / |objective|``.
    status : {"optimal", "feasible", "partial", "failed"}
        ``partial``: some components failed, and ``failures`` says why; ``failed``: all did.
    termination : str
        Why the search stopped, over all components.
    period, currency : str
    periods_per_year : float
    """

    stages: pd.DataFrame
    components: pd.DataFrame
    objective: float
    bound: float
    gap: float
    status: str
    termination: str
    period: str
    periods_per_year: float
    currency: str = ""
    name: str = ""

    @property
    def annual_cost(self) -> float:
        """Objective per year, money."""
        return self.objective * self.periods_per_year

    @property
    def annual_bound(self) -> float:
        """Proven lower bound per year, money."""
        return self.bound * self.periods_per_year

    def to_frame(self, level: str = "stage") -> pd.DataFrame:
        """Copy the stages frame (``level="stage"``) or the components' (``"component"``).

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        return self._frame(level, {"stage": self.stages, "component": self.components})

    def stocking_stages(self) -> pd.DataFrame:
        """Copy the rows that hold safety stock, the costliest first."""
        held = self.stages[self.stages["net_replenishment_time"] > 0.0]
        order = held["holding_cost"].sort_values(ascending=False, kind="stable").index
        return held.loc[order].reset_index(drop=True)

    def summary(self) -> str:
        """Say in a few lines what the plan costs, how sure that is, and where the stock sits."""
        held = self.stocking_stages()
        money = f" {self.currency}" if self.currency else ""
        lines = [
            f"Plan{f' for {self.name}' if self.name else ''}: {self.status}, "
            f"{len(held)} of {len(self.stages)} stages hold safety stock",
            f"  annual cost of safety stock  {self.annual_cost:>16,.2f}{money}",
            f"  proven lower bound           {self.annual_bound:>16,.2f}{money}"
            f"  (gap {self.gap:.1e})",
            f"  pipeline stock               {self.stages['pipeline_stock'].sum():>16,.0f} units",
        ]
        if len(self.failures):
            lines.append(f"  {len(self.failures)} failures: see .failures")
        return "\n".join(lines)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes."""
        return {"plan": self.stages, "components": self.components}

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {
            **super().manifest(),
            "name": self.name,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "status": self.status,
            "termination": self.termination,
            "period": self.period,
            "periods_per_year": self.periods_per_year,
            "currency": self.currency,
        }

    def __repr__(self) -> str:
        """Summary and the ten costliest stages."""
        shown = self.stocking_stages().head(10)[list(_SHOWN)]
        table = shown.to_string(index=False, float_format="{:,.2f}".format)
        return f"{self.summary()}\n{table}"

    def _repr_html_(self) -> str:
        shown = self.stocking_stages().head(10)[list(_SHOWN)]
        table = shown.to_html(index=False, float_format="{:,.2f}".format, border=0)
        return f"<pre>{escape(self.summary())}</pre>{table}"


_SHOWN = (
    "item",
    "location",
    "service_time",
    "net_replenishment_time",
    "safety_stock",
    "base_stock",
    "holding_cost",
)
