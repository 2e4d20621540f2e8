"""What a simulation gives: measures per stage and in total, each with its standard error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from echelon.display import (
    ROWS,
    counted,
    in_html,
    in_text,
    money,
    more,
    quantity,
    share,
    with_units,
    wrapped,
)
from echelon.errors import DomainError
from echelon.results import Result
from echelon.simulation.columns import FRAMES, UNITS, with_errors
from echelon.simulation.measured.quantiles import Runs

_SHOWN: Final = (
    "item",
    "location",
    "on_hand",
    "backorders",
    "cycle_service_level",
    "on_time_rate",
    "cost",
)


OPTIONAL: Final = (
    "segments",
    "segment_totals",
    "items",
    "locations",
    "trace",
    "paths",
    "warmups",
    "disruptions",
)
"""Frames that a simulation may have no rows of."""

_COSTS: Final = {
    "holding_cost": "holding cost",
    "pipeline_cost": "pipeline cost",
    "ordering_cost": "ordering cost",
    "shortage_cost": "shortage cost",
    "expedite_cost": "expediting cost",
    "waste_cost": "waste cost",
}
"""Kinds of cost as the summary names them; those that are 0 are left out, all but holding."""


def no_rows(name: str) -> pd.DataFrame:
    """Give the frame ``name`` of a simulation without a row: its columns alone."""
    table = FRAMES[name]
    alone = name in ("trace", "service", "paths", "warmups")
    return pd.DataFrame(columns=list(table.names if alone else with_errors(table)))


@dataclass(frozen=True, eq=False, repr=False)
class Simulation(Result):
    """Measures of a simulated network. Every column ``x`` comes with ``x_se``, its standard error.

    Attributes
    ----------
    stages : DataFrame
        One row per stage: item, location and

        - ``on_hand``, ``backorders``, ``net_inventory``: units at the end of a period, on average
        - ``in_process`` at the stage, ``in_release`` there, ``in_transit`` to it, ``pipeline`` (all
          three): units
        - ``component_stock``: units delivered that wait for the other parts of a kit
        - ``periods_of_supply``: stock on hand over mean demand
        - ``orders`` and ``ordered`` units per period, ``order_size``
        - ``order_variance``, ``demand_variance`` and their ratio, ``bullwhip``
        - ``cycle_service_level``: share of replenishment cycles without a late unit; a cycle runs
          from the nominal receipt of one review's order up to the next one's, and under continuous
          review it is a period. NaN where no whole cycle was counted
        - ``ready_rate``: share of periods that end without a late unit
        - ``fill_rate``: share of units served from stock in the period they were asked for; 0 by
          design where the stage lets its customers wait a service time
        - ``on_time_rate``: share of units served within that service time. Both rates are NaN where
          nothing fell due
        - ``stockouts`` that begin per period and their mean ``stockout_duration``, periods
        - ``lost``, ``expired``, ``destroyed``, ``scrapped``, ``wasted`` (the last three),
          ``expedited``: units per period
        - ``holding_cost``, ``pipeline_cost``, ``ordering_cost``, ``backorder_cost``,
          ``shortage_cost`` (backorders and lost sales), ``expedite_cost``, ``waste_cost``,
          ``cost``: money per period

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
    segments : DataFrame
        One row per row of ``demand``: units ``due``, on-time and fill rate, backorders, lost sales
        and their cost.
    segment_totals : DataFrame
        The same of all customers with one value of a segment column.
    items, locations : DataFrame
        What ``total`` is to the network, for each item and each location: service is towards
        customers and those other items or locations.
    paths : DataFrame
        Mean and quantiles over the replications, period by period. Empty unless asked for.
    warmups : DataFrame
        The warm-up of each component and how it was found.
    disruptions : DataFrame
        Events of each disruption, time to survive and time to recover.
    segment_columns : tuple of str
        Of the network.
    runs : Runs or None
        What every replication came to, for :meth:`quantiles` and :func:`compare_runs`. It is not
        written.
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
    segments: pd.DataFrame = field(default_factory=partial(no_rows, "segments"))
    segment_totals: pd.DataFrame = field(default_factory=partial(no_rows, "segment_totals"))
    items: pd.DataFrame = field(default_factory=partial(no_rows, "items"))
    locations: pd.DataFrame = field(default_factory=partial(no_rows, "locations"))
    paths: pd.DataFrame = field(default_factory=partial(no_rows, "paths"))
    warmups: pd.DataFrame = field(default_factory=partial(no_rows, "warmups"))
    disruptions: pd.DataFrame = field(default_factory=partial(no_rows, "disruptions"))
    segment_columns: tuple[str, ...] = ("segment",)
    runs: Runs | None = None

    def to_frame(self, level: str = "stage") -> pd.DataFrame:
        """Copy a frame.

        Parameters
        ----------
        level : str, default "stage"
            ``stage``, ``segment``, ``segment_total``, ``item``, ``location``, ``total``,
            ``service``, ``trace``, ``path``, ``warmup`` or ``disruption``.

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
                "segment": self.segments,
                "segment_total": self.segment_totals,
                "item": self.items,
                "location": self.locations,
                "total": self.total,
                "service": self.service,
                "trace": self.trace,
                "path": self.paths,
                "warmup": self.warmups,
                "disruption": self.disruptions,
            },
        )

    def quantiles(
        self,
        measure: str,
        probabilities: Sequence[float] = (0.05, 0.5, 0.95),
        *,
        level: str = "stage",
    ) -> pd.DataFrame:
        """Quantiles over the replications of what each of them came to by itself.

        They say how far one run of so many periods may be from the mean; the standard error says
        how far the mean may be from the truth.

        Parameters
        ----------
        measure : str
            A measure of the level, such as ``"on_hand"`` or ``"fill_rate"``.
        probabilities : sequence of float, default (0.05, 0.5, 0.95)
        level : str, default "stage"
            ``stage``, ``segment``, ``segment_total``, ``item``, ``location`` or ``total``.

        Returns
        -------
        DataFrame
            Keys of the level and a column per probability, ``q5`` for 0.05; in the unit of the
            measure. NaN where no run has the measure.

        Raises
        ------
        DomainError
            If the replications were not kept at that level, as in a large network unless
            ``keep=True``, or in a simulation that was read from files; or if a probability is not
            from 0 to 1.
        UnknownNameError
            If the level has no such measure.
        """
        if self.runs is None:
            raise DomainError(
                "this simulation has no replications one by one: it was read from files. "
                "Fix: simulate again."
            )
        return self.runs.quantiles(measure, probabilities, level)

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what was run, what it costs and holds, and whom it serves how.

        Parameters
        ----------
        failures : int, default 5
            How many reasons of failures are told, equal ones once; 0 leaves them out.

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
        lines = []
        for name, label in _COSTS.items():
            if name == "holding_cost" or self._occurs(name):
                lines.append(self._line(label, name, a_period))
                lines.append(self._line("", name, a_year, times=yearly))
            if name == "holding_cost" and not np.isnan(self.planned_cost):
                lines += [
                    f"  {'safety stock of the plan':<26}"
                    f"{quantity(self.planned_cost * yearly):>16} {a_year}",
                    wrapped(
                        "that is safety stock alone; a run pays for all stock on hand, so also for "
                        "any that cycles between reviews or waits for other parts",
                        indent="    ",
                    ),
                ]
        return lines

    def _occurs(self, name: str) -> bool:
        """Whether a column of the total says anything."""
        return name in self.total and bool(self.total[name].iloc[0] != 0.0)

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
        if self._occurs("component_stock"):
            shown.append(("parts that wait for others", "component_stock"))
        shown += [("pipeline", "pipeline"), ("customers' backorders", "backorders")]
        lines = [self._line(label, column, "units") for label, column in shown]
        for column, label in (("lost", "lost sales"), ("wasted", "waste"), ("expedited",) * 2):
            if self._occurs(column):
                lines.append(self._line(label, column, f"units a {self.period}"))
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
        """Give the frames that :meth:`write` writes; those that may be empty only if they are not.

        Files are named as the attributes, but for ``stages``, which are in ``simulation``.
        """
        frames = {"simulation": self.stages, "total": self.total, "service": self.service}
        for name in OPTIONAL:
            frame = getattr(self, name)
            if len(frame):
                frames[name] = frame
        return frames

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
            "segments": list(self.segment_columns),
        }

    def _costliest(self) -> tuple[pd.DataFrame, str]:
        """The table that is shown, as text, and a line on what it leaves out."""
        order = self.stages["cost"].sort_values(ascending=False, kind="stable").index
        shown = self.stages.loc[order, list(_SHOWN)].head(ROWS)
        table = with_units(shown, UNITS, period=self.period, currency=self.currency)
        return table, more(len(self.stages), ROWS, "run.stages")

    def __repr__(self) -> str:
        """Summary and the ten costliest stages."""
        return in_text(self.summary(), *self._costliest())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._costliest())


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
