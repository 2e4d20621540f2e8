"""What a simulation gives: measures per stage and in total, each with its standard error."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np
import pandas as pd

from echelon.display import ROWS, counted, money, more, quantity, share, with_units, wrapped
from echelon.results import Result
from echelon.simulation.columns import UNITS

_SHOWN: Final = (
    "item",
    "location",
    "on_hand",
    "backorders",
    "cycle_service_level",
    "on_time_rate",
    "cost",
)


@dataclass(frozen=True, eq=False, repr=False)
class Simulation(Result):
    """Measures of a simulated network. Every column ``x`` comes with ``x_se``, its standard error.

    Attributes
    ----------
    stages : DataFrame
        One row per stage: item, location and

        - ``on_hand``, ``backorders``, ``net_inventory``: units at the end of a period, on average
        - ``in_process`` at the stage, ``in_transit`` to it, ``pipeline`` (both): units
        - ``component_stock``: units delivered that wait for the other parts of a kit
        - ``cycle_service_level``: share of replenishment cycles without a late unit; a cycle runs
          from the nominal receipt of one review's order up to the next one's, and under continuous
          review it is a period. NaN where no whole cycle was counted
        - ``ready_rate``: share of periods that end without a late unit
        - ``fill_rate``: share of units served from stock in the period they were asked for; 0 by
          design where the stage lets its customers wait a service time
        - ``on_time_rate``: share of units served within that service time. Both rates are NaN where
          nothing fell due
        - ``holding_cost``, ``backorder_cost``, ``cost``: money per period

        Service is towards all who order from the stage, customers and stages alike.
    total : DataFrame
        One row: stock and cost summed over stages, service and backorders towards customers alone
        (pooled over their units, periods and cycles).
    service : DataFrame
        One row per stage with customers: service_time, ``promised`` by the plan (NaN without one),
        ``simulated`` cycle service level and ``simulated_se``, and ``difference_in_se``: simulated
        less promised, in standard errors.
    trace : DataFrame
        Every period of replication 0, warm-up included; ``counted`` says which ones are measured.
        Empty unless asked for.
    periods, warmup, replications : int
        Periods counted, periods before them, replications. Unless ``warmup`` was given each
        component has its own, and this is the longest.
    period, currency, name : str
    periods_per_year : float
        Of the network.
    planned_cost : float
        Holding cost of the plan's safety stock at the stages simulated, money per period; NaN
        without a plan. ``total["holding_cost"]`` is that of all stock the run held.
    """

    stages: pd.DataFrame
    total: pd.DataFrame
    service: pd.DataFrame
    trace: pd.DataFrame
    periods: int
    warmup: int
    replications: int
    period: str
    periods_per_year: float
    planned_cost: float = float("nan")
    currency: str = ""
    name: str = ""

    def to_frame(self, level: str = "stage") -> pd.DataFrame:
        """Copy a frame.

        Parameters
        ----------
        level : {"stage", "total", "service", "trace"}

        Returns
        -------
        DataFrame

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        return self._frame(
            level,
            {
                "stage": self.stages,
                "total": self.total,
                "service": self.service,
                "trace": self.trace,
            },
        )

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what was run, what it costs and holds, and whom it serves how.

        Parameters
        ----------
        failures : int, default 5
            How many failures are told, with their reasons; 0 leaves them out.

        Returns
        -------
        str
        """
        runs = counted(self.replications, "replication")
        spread = "no standard error" if self.replications == 1 else "± is one standard error"
        own = self.provenance.arguments.get("warmup", self.warmup) is None  # of each component
        warmup = f"{'up to ' if own else ''}{self.warmup:,}"
        lines = [
            wrapped(
                f"Simulation{f' of {self.name}' if self.name else ''}: {runs} of "
                f"{counted(self.periods, self.period)} after {warmup} of warm-up; {spread}"
            )
        ]
        if len(self.stages):
            lines += [*self._money_lines(), *self._service_lines(), *self._stock_lines()]
            lines += self._promise_lines()
        return "\n".join([*lines, *self.failure_lines("run", failures)])

    def _money_lines(self) -> list[str]:
        a_period, a_year = (f"{money(self.currency)} a {span}" for span in (self.period, "year"))
        yearly = self.periods_per_year
        lines = [
            self._line("holding cost", "holding_cost", a_period),
            self._line("", "holding_cost", a_year, times=yearly),
        ]
        if not np.isnan(self.planned_cost):
            also = "any that cycles between reviews or waits for other parts"
            if self.provenance.arguments.get("charge_pipeline"):
                also += ", and for the pipeline"
            lines += [
                f"  {'safety stock of the plan':<26}"
                f"{quantity(self.planned_cost * yearly):>16} {a_year}",
                wrapped(
                    "that is safety stock alone; a run pays for all stock on hand, "
                    f"so also for {also}",
                    indent="    ",
                ),
            ]
        if self.total["backorder_cost"].iloc[0] != 0.0:
            lines.append(self._line("backorder cost", "backorder_cost", a_period))
            lines.append(self._line("", "backorder_cost", a_year, times=yearly))
        return lines

    def _service_lines(self) -> list[str]:
        # where all are served at once the two rates are one; where some wait, by design, the fill
        # rate counts those as never filled
        at_once = (self.service["service_time"] == 0).all()
        rate = "fill_rate" if at_once else "on_time_rate"
        return [
            self._line("customers' cycle service", "cycle_service_level"),
            self._line(f"customers' {'fill' if at_once else 'on-time'} rate", rate),
        ]

    def _stock_lines(self) -> list[str]:
        shown = [("stock on hand", "on_hand")]
        if self.total["component_stock"].iloc[0] != 0.0:
            shown.append(("parts that wait for others", "component_stock"))
        shown += [("pipeline", "pipeline"), ("customers' backorders", "backorders")]
        lines = [self._line(label, column, "units") for label, column in shown]
        if self.stages["item"].nunique() > 1:
            lines.append("    in units of all items together, whatever each is counted in")
        return lines

    def _line(self, label: str, column: str, unit: str = "", *, times: float = 1.0) -> str:
        value, error = (
            float(self.total[name].iloc[0]) * times for name in (column, f"{column}_se")
        )
        write = quantity if unit else share
        spread = "" if np.isnan(error) else f" ± {write(error)}"
        return f"  {label:<26}{write(value):>16}{spread} {unit}".rstrip()

    def _promise_lines(self) -> list[str]:
        rows = self.service
        if np.isnan(self.planned_cost) and rows["promised"].isna().all():
            return []
        table = _farthest_off(rows).head(ROWS)
        units = {**UNITS, "difference": "points", "difference_in_se": "se"}
        text = with_units(table, units, period=self.period, currency=self.currency)
        return [
            "  promised and simulated cycle service level, farthest off first",
            *(f"    {line}" for line in text.to_string(index=False).splitlines()),
            *(f"    {rest}" for rest in (more(len(rows), ROWS, "run.service"),) if rest),
        ]

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes; the trace only if there is one."""
        frames = {"simulation": self.stages, "total": self.total, "service": self.service}
        return {**frames, "trace": self.trace} if len(self.trace) else frames

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {
            **super().manifest(),
            "name": self.name,
            "periods": self.periods,
            "warmup": self.warmup,
            "replications": self.replications,
            "period": self.period,
            "periods_per_year": self.periods_per_year,
            "planned_cost": self.planned_cost,
            "currency": self.currency,
        }

    def _costliest(self) -> tuple[pd.DataFrame, str]:
        """The table that is shown, as text, and a line on what it leaves out."""
        order = self.stages["cost"].sort_values(ascending=False, kind="stable").index
        shown = self.stages.loc[order, list(_SHOWN)].head(ROWS)
        table = with_units(shown, UNITS, period=self.period, currency=self.currency)
        return table, more(len(self.stages), ROWS, "run.stages")

    def __repr__(self) -> str:
        """Summary and the ten costliest stages."""
        if self.stages.empty:
            return self.summary()
        table, rest = self._costliest()
        return "\n".join(filter(None, (self.summary(), table.to_string(index=False), rest)))

    def _repr_html_(self) -> str:
        summary = f"<pre>{escape(self.summary())}</pre>"
        if self.stages.empty:
            return summary
        table, rest = self._costliest()
        return (
            summary + table.to_html(index=False, border=0) + f"<p>{escape(rest)}</p>" * bool(rest)
        )


def _farthest_off(service: pd.DataFrame) -> pd.DataFrame:
    """Service rows, those below their promise by most standard errors first."""
    table = service[["item", "location", "promised", "simulated", "simulated_se"]].copy()
    table["difference"] = 100.0 * (service["simulated"] - service["promised"])
    table["difference_in_se"] = service["difference_in_se"]
    if table["simulated_se"].isna().all():  # one replication
        return table.drop(columns=["simulated_se", "difference_in_se"]).sort_values(
            "difference", kind="stable", na_position="last"
        )
    return table.sort_values("difference_in_se", kind="stable", na_position="last")
