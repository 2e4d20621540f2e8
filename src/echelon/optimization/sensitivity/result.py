"""A sensitivity: what one less of each number is worth, the most first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from echelon.display import (
    ROWS,
    counted,
    in_html,
    in_text,
    money,
    more,
    quantity,
    with_units,
    wrapped,
)
from echelon.results import Result
from echelon.tables.column import Column, Table

LEVERS: Final = Table(
    "sensitivity.levers",
    "One row per number that could be lower, the most valuable first.",
    (
        Column("kind", "", "What is changed", dtype="text", key=True),
        Column("item", "", "Item of the stage, or of the stage a lane comes from", dtype="text"),
        Column("location", "", "Where", dtype="text"),
        Column("to_item", "", "Item of the stage a lane goes to; empty elsewhere", dtype="text"),
        Column("to_location", "", "Where", dtype="text"),
        Column("segment", "", "Of a row of demand; empty elsewhere", dtype="text"),
        Column("now", "", "The number as it is: periods, units, or a fraction of service"),
        Column("less", "", "By how much it is lowered, in the same unit"),
        Column("value", "money/period", "Holding cost of safety stock that this saves"),
        Column("value_per_year", "money/year", "The same a year"),
        Column(
            "value_at_fixed_times",
            "money/period",
            "What it saves while every stage promises what the plan has it promise",
        ),
        Column(
            "pipeline_value",
            "money/period",
            "Holding of the pipeline that a shorter time saves besides; 0 of other kinds",
        ),
        Column("problem", "", "Why there is no value; empty where there is one", dtype="text"),
    ),
)

UNITS: Final = {column.name: column.unit for column in LEVERS.columns}

_SHOWN: Final = ("what", "now", "less", "value", "value_per_year", "pipeline_value")


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(Result):
    """What one period, one unit or one point less is worth at each place, ranked.

    Attributes
    ----------
    levers : DataFrame
        One row per number that could be lower, the most valuable first: ``kind``, key, ``now``,
        ``less`` (by how much it is lowered), ``value`` (money per period that this saves in the
        holding of safety stock), ``value_per_year``, ``value_at_fixed_times``,
        ``pipeline_value`` and ``problem``.
    by : {"marginal", "re-solving"}
    objective : float
        Of the plan, money per period.
    period, currency, name : str
    periods_per_year : float
    """

    levers: pd.DataFrame
    by: str
    objective: float
    period: str
    periods_per_year: float
    currency: str = ""
    name: str = ""

    def to_frame(self, kind: str | None = None) -> pd.DataFrame:
        """Copy the rows, of one kind of lever if named.

        Parameters
        ----------
        kind : str, optional
            One of those in the column ``kind``.
        """
        if kind is None:
            return self.levers.copy()
        kinds = dict.fromkeys(self.levers["kind"])
        frames = {one: self.levers[self.levers["kind"] == one] for one in kinds}
        return self._frame(kind, frames).reset_index(drop=True)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frame that :meth:`write` writes."""
        return {"levers": self.levers}

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frame."""
        return {
            **super().manifest(),
            "by": self.by,
            "objective": self.objective,
            "period": self.period,
            "periods_per_year": self.periods_per_year,
            "currency": self.currency,
            "name": self.name,
        }

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what was asked and what is worth most.

        Parameters
        ----------
        failures : int, default 5
            How many reasons of failures are told, equal ones once; 0 leaves them out.

        Returns
        -------
        str
        """
        how = (
            "at the margin, service times as planned"
            if self.by == "marginal"
            else "each placed anew"
        )
        named = f" of {self.name}" if self.name else ""
        year = quantity(self.objective * self.periods_per_year)
        lines = [
            wrapped(
                f"Sensitivity{named}: {counted(len(self.levers), 'number')} that could be lower, "
                f"{how}; safety stock costs {year} {money(self.currency)} a year"
            )
        ]
        best = self.levers.drop_duplicates("kind")
        for row in best[best["value"] > 0.0].to_dict("records"):
            worth = quantity(row["value_per_year"])
            lines.append(
                wrapped(f"most for {self._words(row)}: {worth} {money(self.currency)} a year", "  ")
            )
        return "\n".join([*lines, *self.failure_lines("sensitivity", failures)])

    def label(self, row: dict[Any, Any]) -> str:
        """Name a row of :attr:`levers` for a picture or a table."""
        where = f"{row['item']} @ {row['location']}"
        if row["to_item"]:
            where = f"{where} -> {row['to_item']} @ {row['to_location']}"
        if row["segment"]:
            where = f"{where} ({row['segment']})"
        return f"{row['kind'].replace('_', ' ')}, {where}"

    def _words(self, row: dict[Any, Any]) -> str:
        unit, what = {
            "demand_std": ("unit", "deviation of demand"),
            "lead_time_std": (self.period, "deviation of lead time"),
        }.get(row["kind"], (self.period, "lead time"))
        less = f"{counted(row['less'], unit)} of {what}"
        if row["kind"] == "service_level":
            less = f"{row['less']:.1%} of service"
        return f"{less} less, {self.label(row).split(', ', 1)[1]}"

    def _table(self) -> tuple[pd.DataFrame, str]:
        rows = self.levers.head(ROWS)
        rows = rows.assign(
            what=[self.label(row) for row in rows.to_dict("records")],
            now=[f"{number:.4g}" for number in rows["now"]],
        )
        shown = with_units(rows[list(_SHOWN)], UNITS, period=self.period, currency=self.currency)
        return shown, more(len(self.levers), ROWS, "sensitivity.levers")

    def __repr__(self) -> str:
        """Summary and the ten most valuable rows."""
        return in_text(self.summary(), *self._table())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._table())
