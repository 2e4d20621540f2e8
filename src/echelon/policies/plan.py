"""A plan: what each stage promises, holds and orders up to, and how good that is proven to be."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from echelon.display import ROWS, counted, money, more, quantity, with_units
from echelon.policies.columns import COMPONENTS, STAGES, UNITS
from echelon.results import Result

STAGE_COLUMNS = STAGES.names
COMPONENT_COLUMNS = COMPONENTS.names

_SHOWN = (
    "item",
    "location",
    "service_time",
    "net_replenishment_time",
    "safety_stock",
    "base_stock",
    "holding_cost",
)


@dataclass(frozen=True, eq=False, repr=False)
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
        - ``service_level``: promised to customers by this base stock, NaN where none buys or the
          promise is not known
    components : DataFrame
        One row per component: status, objective, bound, gap, termination, method, seconds.
    objective : float
        Holding cost of the safety stock, money per period.
    bound : float
        Proven: no plan of the model costs less. Where the base stock of some stage is an exact
        quantile or a mixture over lead times, over the plans whose service times are candidates,
        every whole period among them.
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
        held = self.stages[self.stages["safety_stock"] != 0.0]
        order = held["holding_cost"].sort_values(ascending=False, kind="stable").index
        return held.loc[order].reset_index(drop=True)

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what the plan costs, how sure that is, and what went wrong.

        Parameters
        ----------
        failures : int, default 5
            How many failures are told, with their reasons; 0 leaves them out.

        Returns
        -------
        str
        """
        lines = [f"Plan{f' for {self.name}' if self.name else ''}: {self.status}"]
        if len(self.stages):
            held = self.stocking_stages()
            held_by = f"{len(held):,} of {counted(len(self.stages), 'stage')}"
            hold = "holds" if len(self.stages) == 1 else "hold"
            lines = [f"{lines[0]}, {held_by} {hold} safety stock", *self._costs()]
        else:
            lines[0] += f", no plan for any of {counted(len(self.components), 'component')}"
        return "\n".join([*lines, *self.failure_lines("plan", failures)])

    def _costs(self) -> list[str]:
        a_year = f"{money(self.currency)} a year"
        one_item = self.stages["item"].nunique() == 1
        cost, bound, pipeline = (
            quantity(value)
            for value in (
                self.annual_cost,
                self.annual_bound,
                float(self.stages["pipeline_stock"].sum()),
            )
        )
        planned = ", the planned components alone" if self.status == "partial" else ""
        return [
            f"  annual cost of safety stock {cost:>16} {a_year}{planned}",
            f"  proven lower bound          {bound:>16} {a_year}, {gap_in_words(self.gap)}",
            f"  pipeline stock              {pipeline:>16} units{'' if one_item else _MIXED}",
        ]

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

    def _costliest(self) -> tuple[pd.DataFrame, str]:
        """The table that is shown, as text, and a line on what it leaves out."""
        held = self.stocking_stages()
        table = with_units(
            held.head(ROWS)[list(_SHOWN)], UNITS, period=self.period, currency=self.currency
        )
        return table, more(len(held), ROWS, "plan.stocking_stages()")

    def costliest_table(self) -> str:
        """Write the ten costliest stages that hold safety stock, units in the header."""
        table, rest = self._costliest()
        if table.empty:
            return "no stage holds safety stock" if len(self.stages) else ""
        return "\n".join(filter(None, (table.to_string(index=False), rest)))

    def __repr__(self) -> str:
        """Summary and the ten costliest stages."""
        return "\n".join(filter(None, (self.summary(), self.costliest_table())))

    def _repr_html_(self) -> str:
        table, rest = self._costliest()
        summary = f"<pre>{escape(self.summary())}</pre>"
        if table.empty:
            return summary + f"<p>{escape(self.costliest_table())}</p>" * (len(self.stages) > 0)
        return (
            summary + table.to_html(index=False, border=0) + f"<p>{escape(rest)}</p>" * bool(rest)
        )


def gap_in_words(gap: float) -> str:
    """Say how far a cost may be above the least.

    Examples
    --------
    >>> gap_in_words(0.0), gap_in_words(0.0123), gap_in_words(4e-7)
    ('no gap', 'gap 1.23%', 'gap 4e-07')
    """
    if gap <= _ROUNDING:
        return "no gap"
    return f"gap {gap:.2%}" if gap >= 1e-4 else f"gap {gap:.0e}"


_ROUNDING = 1e-12
"""A relative gap up to here is rounding, and counts as proven optimal."""

_MIXED = " of all items together"
