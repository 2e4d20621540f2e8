"""A plan: what each stage promises, holds and orders up to, and how good that is proven to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any

import pandas as pd

from echelon.display import ROWS, counted, money, more, quantity, with_units
from echelon.errors import DomainError
from echelon.policies.columns import (
    COMPONENTS,
    LEVELS,
    LISTED_TIMES,
    SEGMENTS,
    STAGES,
    TRACE,
    UNITS,
)
from echelon.results import Result
from echelon.tables.column import Table

STAGE_COLUMNS = tuple(column.name for column in STAGES.columns if not column.feature)
FEATURE_COLUMNS = tuple(column.name for column in STAGES.columns if column.feature)
"""Columns that are there only where some stage makes use of them."""
COMPONENT_COLUMNS = COMPONENTS.names
TRACE_COLUMNS = TRACE.names

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
        - ``cycle_stock``, ``reorder_point``, ``order_quantity``, ``maximum_order``: only where some
          stage orders in lots, or within a capacity; units
        - ``pipeline_stock``: mean units in process and in transit to the stage
        - ``holding_cost``: of the safety stock and the cycle stock, money per period
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
        quantile or a mixture over lead times, over the plans whose service times are candidates:
        every multiple of the lead times' common unit, or as many as there was time for where these
        have fine fractions (``method`` in the components then says ``listed times``, and their
        status is never ``optimal``); with side constraints that limit stock, over the candidates
        that ``step`` adds to.
    gap : float
        ``(objective - bound) / |objective|``.
    status : {"optimal", "feasible", "partial", "failed"}
        ``partial``: some components failed, and ``failures`` says why; ``failed``: all did.
    termination : str
        Why the search stopped, over all components.
    period, currency : str
    periods_per_year : float
    levels : DataFrame
        One row per stage and period where base stocks change with the season: item, location,
        period, base_stock; ``simulate`` orders by them. ``base_stock`` of :attr:`stages` is then
        their mean. No rows elsewhere.
    segments : DataFrame
        One row per row of demand at stages whose segments are promised levels of their own: item,
        location, segment columns, target_service_level, service_level (at least that). No rows
        elsewhere.
    trace : DataFrame
        One row per gain of a component's search: component, seconds since it began, bound and
        objective of the best plan then, money per period. Trees that are solved all together have
        no rows.
    declare : callable or None
        Gives :attr:`model`; None in a plan that was read from files.
    kept : sequence
        What another call of :func:`echelon.optimize` can begin with, one entry per component;
        empty in a plan that was read from files or came from another process.
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
    levels: pd.DataFrame = field(default_factory=lambda: _no_rows(LEVELS))
    segments: pd.DataFrame = field(default_factory=lambda: _no_rows(SEGMENTS))
    trace: pd.DataFrame = field(default_factory=lambda: _no_rows(TRACE))
    declare: Callable[[], Any] | None = None
    kept: Sequence[Any] = ()

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: all but the way to the model."""
        return {**super().__getstate__(), "declare": None, "kept": ()}

    @property
    def model(self) -> Any:
        """The Pyomo model that the plan was chosen by, declared anew at each look.

        The specification of what was solved, whatever route was taken: see
        :func:`echelon.build_model`.

        Raises
        ------
        DomainError
            If the plan was read from files or came from another process, which keep no model.
        """
        if self.declare is None:
            raise DomainError(
                "this plan has no model with it: it was read from files, or came from another "
                "process. Fix: echelon.build_model(network) declares it anew."
            )
        return self.declare()

    @property
    def annual_cost(self) -> float:
        """Objective per year, money."""
        return self.objective * self.periods_per_year

    @property
    def annual_bound(self) -> float:
        """Proven lower bound per year, money."""
        return self.bound * self.periods_per_year

    def to_frame(self, level: str = "stage") -> pd.DataFrame:
        """Copy the frame of the stages (``level="stage"``), ``"component"`` or ``"trace"``.

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        frames = {"stage": self.stages, "component": self.components, "trace": self.trace}
        return self._frame(level, frames)

    def target_frame(self) -> pd.DataFrame:
        """Give what :func:`echelon.publish` publishes: the stages, by period where levels are.

        Returns
        -------
        DataFrame
            Copy of :attr:`stages`; a stage of :attr:`levels` has a row per ``period``, with the
            base stock of that period.
        """
        if self.levels.empty:
            return self.stages.copy()
        key = ["item", "location"]
        levels = self.levels[[*key, "period", "base_stock"]]
        rows = self.stages.merge(levels, on=key, how="left", suffixes=("", "_then"))
        rows["base_stock"] = rows.pop("base_stock_then").fillna(rows["base_stock"])
        return rows.assign(period=rows["period"].astype("Int64"))

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
            How many reasons of failures are told, equal ones once; 0 leaves them out.

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
        stock = float(self.stages["holding_cost"].sum())
        added = self.objective > stock + 1e-6 * abs(stock)  # by side constraints
        of = "stock and more " if added else "safety stock "
        planned = ", the planned components alone" if self.status == "partial" else ""
        proof = f"  proven lower bound          {bound:>16} {a_year}, {gap_in_words(self.gap)}"
        if self.bound != self.bound:  # levels that were measured, and no model's
            proof = f"  no proven lower bound: {self.termination}"
        listed = int(self.components["method"].astype(str).str.contains(LISTED_TIMES).sum())
        if listed:
            proof += (
                f"\n  (that of {listed:,} of {counted(len(self.components), 'component')} over the "
                "service times listed, which are not all)"
            )
        return [
            f"  annual cost of {of:<13}{cost:>16} {a_year}{planned}",
            proof,
            f"  pipeline stock              {pipeline:>16} units{'' if one_item else _MIXED}",
        ]

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes."""
        some = {"levels": self.levels, "segments": self.segments, "trace": self.trace}
        filled = {name: frame for name, frame in some.items() if len(frame)}
        return {"plan": self.stages, "components": self.components, **filled}

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
            **(
                {"segment_columns": list(self.segments.columns[2:-2])} if len(self.segments) else {}
            ),
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


def _no_rows(table: Table) -> pd.DataFrame:
    """Give a frame of the plan without rows."""
    return _rowless(table).copy()


@cache
def _rowless(table: Table) -> pd.DataFrame:
    kinds = {"text": "str", "whole": "int64"}
    return pd.DataFrame(
        {
            column.name: pd.Series(dtype=kinds.get(column.dtype, "float64"))
            for column in table.columns
        }
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
