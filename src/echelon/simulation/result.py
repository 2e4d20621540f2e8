"""What a simulation gives: measures per stage and in total, each with its standard error."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, Final

import pandas as pd

from echelon.results import Result

_SHOWN: Final = 10
"""Stages shown by a repr."""


@dataclass(frozen=True, repr=False)
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
        Every period of replication 0, warm-up included; empty unless asked for.
    periods, warmup, replications : int
        Periods counted, periods before them, replications.
    period, currency, name : str
        Of the network.
    """

    stages: pd.DataFrame
    total: pd.DataFrame
    service: pd.DataFrame
    trace: pd.DataFrame
    periods: int
    warmup: int
    replications: int
    period: str
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

    def summary(self) -> str:
        """Say in a few lines what was run, what it holds and costs, and whom it serves how."""
        what = f"Simulation{f' of {self.name}' if self.name else ''}"
        times = f"{self.replications} replication{'s' if self.replications > 1 else ''}"
        lines = [
            f"{what}: {times} of {self.periods} {self.period}s "
            f"after {self.warmup} of warm-up; ± is one standard error"
        ]
        if len(self.stages):
            money = f"{self.currency or 'money'}/{self.period}"
            lines += [
                self._line("stock on hand", "on_hand", "units"),
                self._line("pipeline", "pipeline", "units"),
                self._line("customers' backorders", "backorders", "units"),
                self._line("holding cost", "holding_cost", money),
                self._line("backorder cost", "backorder_cost", money),
                self._line("customers' cycle service", "cycle_service_level", "", share=True),
                self._line("customers' fill rate", "fill_rate", "", share=True),
                self._line("customers' on-time rate", "on_time_rate", "", share=True),
            ]
        if self.service["promised"].notna().any():
            shown = self._farthest_off().head(_SHOWN)
            lines += ["  promised and simulated cycle service level, farthest off first"]
            lines += [f"    {line}" for line in shown.to_string(index=False).splitlines()]
        if len(self.failures):
            noun = "component" if len(self.failures) == 1 else "components"
            lines.append(f"  {len(self.failures)} {noun} failed: see .failures")
        return "\n".join(lines)

    def _line(self, label: str, column: str, unit: str, *, share: bool = False) -> str:
        value, error = self.total[column].iloc[0], self.total[f"{column}_se"].iloc[0]
        digits = ".4f" if share else ",.2f"
        number = "-" if pd.isna(value) else format(value, digits)
        spread = "" if pd.isna(error) else f" ± {format(error, digits)}"
        return f"  {label:<26}{number:>16}{spread} {unit}".rstrip()

    def _farthest_off(self) -> pd.DataFrame:
        """Service rows as text, those below their promise by most standard errors first."""
        rows = self.service[self.service["promised"].notna()]
        order = rows["difference_in_se"].sort_values(kind="stable", na_position="last").index
        rows = rows.loc[order]
        table = rows[["item", "location"]].copy()
        for name in ("promised", "simulated", "simulated_se"):
            table[name] = rows[name].map("{:.4f}".format)
        table["difference_in_se"] = rows["difference_in_se"].map("{:+.1f}".format)
        return table

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
            "currency": self.currency,
        }

    def _costliest(self) -> pd.DataFrame:
        shown = ["item", "location", "on_hand", "backorders", "pipeline"]
        shown += ["cycle_service_level", "fill_rate", "cost", "cost_se"]
        order = self.stages["cost"].sort_values(ascending=False, kind="stable").index
        return self.stages.loc[order, shown].head(_SHOWN)

    def __repr__(self) -> str:
        """Summary and the ten costliest stages."""
        table = self._costliest().to_string(index=False, float_format="{:,.3f}".format)
        return f"{self.summary()}\n{table}"

    def _repr_html_(self) -> str:
        table = self._costliest().to_html(index=False, float_format="{:,.3f}".format, border=0)
        return f"<pre>{escape(self.summary())}</pre>{table}"
