"""Base stocks that were searched by simulation: the plan, what it costs, and how it was found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
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
    share_beside,
    with_units,
    wrapped,
)
from echelon.folder import FileFormat
from echelon.network.network import Network
from echelon.optimization.simulated_base_stock.columns import UNITS
from echelon.policies.plan import Plan
from echelon.results import Result
from echelon.simulation.result import Simulation

_SHOWN: Final = (
    "item",
    "location",
    "base_stock_start",
    "base_stock",
    "on_hand",
    "ready_rate",
    "cost",
)


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedBaseStocks(Result):
    """Levels of least simulated cost; see :func:`simulated_base_stocks`.

    Attributes
    ----------
    plan : Plan
        For :func:`echelon.simulate` and all that takes a plan. Its ``objective`` is the holding
        cost of its safety stock, as always; ``bound`` and ``gap`` are NaN, as no model proves
        them, and ``service_level`` is the measured cycle service level.
    run : Simulation
        Of the plan, under random numbers that had no part in the search.
    stages, customers, components, trace : DataFrame
        One row per stage, per target, per component, and per sample of a component's search.
    cost, cost_se, half_width : float
        Of that simulation: mean cost, its standard error and the half-width of its confidence
        interval, money per period.
    start_cost : float
        Of the plan that the search began with, under the same random numbers, money per period.
    confidence : float
        Of the intervals.
    """

    plan: Plan
    run: Simulation
    stages: pd.DataFrame
    customers: pd.DataFrame
    components: pd.DataFrame
    trace: pd.DataFrame
    cost: float
    cost_se: float
    half_width: float
    start_cost: float
    confidence: float

    @property
    def met(self) -> bool:
        """Whether no service target is missed, and no component failed."""
        return bool(self.customers["met"].all()) and self.failures.empty

    def to_frame(self, level: str = "stage") -> pd.DataFrame:
        """Copy the frame of the stages, the targets, the components or the trace.

        Parameters
        ----------
        level : {"stage", "customer", "component", "trace"}

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        frames = {
            "stage": self.stages,
            "customer": self.customers,
            "component": self.components,
            "trace": self.trace,
        }
        return self._frame(level, frames)

    def write(self, folder: str | Path, *, file_format: FileFormat = "csv") -> Path:
        """Write the frames and a manifest into ``folder``, and the plan into ``folder/plan``.

        :func:`echelon.read_plan` reads the plan from either; the run has a ``write`` of its own.

        Parameters
        ----------
        folder : str or Path
            Made where absent. A result of the same kind in it is replaced.
        file_format : {"csv", "parquet"}, default "csv"

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        DomainError
            If the format is unknown.
        FolderError
            If the folder cannot be written, or holds a network or a result of another kind.
        """
        written = super().write(folder, file_format=file_format)
        self.plan.write(written / "plan", file_format=file_format)
        return written

    def target_frame(self) -> pd.DataFrame:
        """Give what :func:`echelon.publish` publishes: the targets of the plan."""
        return self.plan.target_frame()

    def as_simulated(self, network: Network) -> tuple[Network, Plan]:
        """Give what :func:`echelon.simulate` runs: the network as it is, and the plan."""
        return network, self.plan

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes into the folder itself."""
        return {
            "stages": self.stages,
            "customers": self.customers,
            "components": self.components,
            "trace": self.trace,
        }

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {
            **super().manifest(),
            "cost": self.cost,
            "cost_se": self.cost_se,
            "half_width": self.half_width,
            "start_cost": self.start_cost,
            "confidence": self.confidence,
            "name": self.plan.name,
            "currency": self.plan.currency,
            "period": self.plan.period,
        }

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what the levels cost, how sure that is, and what went wrong.

        Parameters
        ----------
        failures : int, default 5
            How many reasons of failures are told, equal ones once; 0 leaves them out.

        Returns
        -------
        str
        """
        plan = self.plan
        named = f" for {plan.name}" if plan.name else ""
        unit = f"{money(plan.currency)} a {plan.period}"
        lines = [f"Base stocks by simulation{named}: {counted(len(self.stages), 'stage')}"]
        if len(self.stages):
            sure = f"{self.confidence:.0%} interval"
            lines += [
                f"  simulated cost              {quantity(self.cost):>16} {unit}, "
                f"{sure} +-{quantity(self.half_width)}",
                f"  of the plan to begin with   {quantity(self.start_cost):>16} {unit}",
            ]
            worst = self.components.iloc[int(self.components["gap"].to_numpy().argmax())]
            known = f"{worst['gap']:.2%}" if worst["gap"] == worst["gap"] else "not known"
            lines.append(
                wrapped(
                    f"largest gap to the least cost in reach {known}, {worst['termination']}", "  "
                )
            )
        if len(self.customers):
            count = self.customers["verdict"].replace("", "without demand").value_counts()
            words = ("met", "unclear", "missed", "without demand")
            parts = [f"{count[word]:,} {word}" for word in words if word in count]
            lines.append(f"  service targets: {', '.join(parts)}")
        for row in self.customers[~self.customers["met"]].head(3).to_dict("records"):
            after = share_beside(row["after"], row["target"])
            what = f"{row['measure']} {after} of {row['target']:.9g}"
            lines.append(
                wrapped(f"missed: {row['item']} @ {row['location']}: {what}; {row['reason']}", "  ")
            )
        return "\n".join([*lines, *self.failure_lines("searched", failures)])

    def _table(self) -> tuple[pd.DataFrame, str]:
        order = self.stages["cost"].sort_values(ascending=False, kind="stable").index
        rows = self.stages.loc[order].head(ROWS)[list(_SHOWN)]
        table = with_units(rows, UNITS, period=self.plan.period, currency=self.plan.currency)
        return table, more(len(self.stages), ROWS, "searched.stages")

    def __repr__(self) -> str:
        """Summary and the costliest stages."""
        return in_text(self.summary(), *self._table())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._table())
