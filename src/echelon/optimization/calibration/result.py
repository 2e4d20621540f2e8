"""A calibration: the plan that came of it, what was measured before and after, what it cost."""

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
from echelon.optimization.calibration.columns import UNITS
from echelon.policies.plan import Plan
from echelon.results import Result

_SHOWN: Final = ("item", "location", "target", "before", "after", "half_width", "met", "fresh")


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Result):
    """Base stocks with which simulated customers get what was asked for, beside the plan's own.

    Attributes
    ----------
    plan : Plan
        The calibrated plan. Its ``objective`` is the holding cost of its safety stock, as always;
        ``bound`` and ``gap`` are NaN, as no model proves them, and ``service_level`` is the
        measured cycle service level.
    customers : DataFrame
        One row per stage from which customers buy: item, location, ``target``, measured ``before``
        and ``after`` with standard errors, the ``half_width`` of the interval of ``after``,
        ``met``, what the plan gives under ``fresh`` random numbers, its levels, and the ``reason``
        where the target is not met.
    stages : DataFrame
        One row per stage: item, location, ``base_stock_before``, ``base_stock_after`` and
        ``change``, units; ``holding_cost_before`` and ``holding_cost_after``, measured, money per
        period.
    steps : DataFrame
        One row per step: rounds so far, stages that meet their targets, measured holding cost and
        cost of safety stock.
    measure : str
    confidence : float
    rounds : int
        Simulations in all.
    periods, replications : int
        Of each of them.
    """

    plan: Plan
    customers: pd.DataFrame
    stages: pd.DataFrame
    steps: pd.DataFrame
    measure: str
    confidence: float
    rounds: int
    periods: int
    replications: int

    @property
    def met(self) -> bool:
        """Whether every target is met."""
        return bool(self.customers["met"].all())

    @property
    def holding_cost_change(self) -> float:
        """Measured holding cost added (above 0) or saved (below), money per period."""
        cost = self.stages[["holding_cost_before", "holding_cost_after"]].sum()
        return float(cost["holding_cost_after"] - cost["holding_cost_before"])

    def to_frame(self, level: str = "customer") -> pd.DataFrame:
        """Copy the frame of stages with customers, of all stages, or of the steps.

        Parameters
        ----------
        level : {"customer", "stage", "step"}

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        return self._frame(
            level, {"customer": self.customers, "stage": self.stages, "step": self.steps}
        )

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes; the plan has a ``write`` of its own."""
        return {"customers": self.customers, "stages": self.stages, "steps": self.steps}

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {
            **super().manifest(),
            "measure": self.measure,
            "confidence": self.confidence,
            "rounds": self.rounds,
            "periods": self.periods,
            "replications": self.replications,
            "name": self.plan.name,
            "currency": self.plan.currency,
            "period": self.plan.period,
        }

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what customers got and get, and what the difference costs.

        Parameters
        ----------
        failures : int, default 5
            How many reasons of failures of the plan are told, equal ones once; 0 leaves them out.

        Returns
        -------
        str
        """
        rows = self.customers
        what = self.measure.replace("_", " ")
        ok, was = int(rows["met"].sum()), int((~(rows["before"] < rows["target"])).sum())
        named = f" for {self.plan.name}" if self.plan.name else ""
        lines = [
            wrapped(
                f"Calibration{named}: {ok:,} of {counted(len(rows), 'stage')} with customers meet "
                f"the target {what} ({was:,} before), in {counted(self.rounds, 'simulation')} of "
                f"{counted(self.replications, 'replication')} and {self.periods:,} "
                f"{self.plan.period}s"
            )
        ]
        before, after = (
            float(self.stages[f"holding_cost_{when}"].sum()) for when in ("before", "after")
        )
        year, unit = self.plan.periods_per_year, f"{money(self.plan.currency)} a year"
        word = "added" if after >= before else "saved"
        lines.append(f"  measured holding cost before {quantity(before * year):>16} {unit}")
        lines.append(f"  measured holding cost after  {quantity(after * year):>16} {unit}")
        lines.append(
            f"  {word:<5}                        {quantity(abs(after - before) * year):>16} {unit}"
        )
        for row in rows[~rows["met"]].head(3).to_dict("records"):
            lines.append(
                wrapped(f"not met: {row['item']} @ {row['location']}: {row['reason']}", "  ")
            )
        return "\n".join([*lines, *self.failure_lines("calibration", failures)])

    def _table(self) -> tuple[pd.DataFrame, str]:
        shortfall = (self.customers["before"] - self.customers["target"]).sort_values()
        rows = self.customers.loc[shortfall.index].head(ROWS)[list(_SHOWN)]
        table = with_units(
            rows.assign(met=rows["met"].map({True: "yes", False: "no"})),
            {**UNITS, "met": ""},
            period=self.plan.period,
            currency=self.plan.currency,
        )
        return table, more(len(self.customers), ROWS, "calibration.customers")

    def __repr__(self) -> str:
        """Summary, and the stages that were furthest below their targets."""
        return in_text(self.summary(), *self._table())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._table())
