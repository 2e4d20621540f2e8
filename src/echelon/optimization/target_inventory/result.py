"""A target plan: what each stage holds and orders in each period, why, and what that costs."""

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
from echelon.network.network import Network
from echelon.optimization.target_inventory.columns import UNITS
from echelon.optimization.target_inventory.components import COMPONENTS
from echelon.optimization.target_inventory.simulated import as_simulated
from echelon.policies.plan import Plan, gap_in_words
from echelon.results import Result

_SHOWN: Final = ("item", "location", "target", *COMPONENTS)


@dataclass(frozen=True, eq=False, repr=False)
class TargetPlan(Result):
    """Targets of every stage and period, split into components, with the orders behind them.

    Attributes
    ----------
    targets : DataFrame
        One row per stage and period of the horizon: item, location, period, ``target`` (planned
        inventory position at the end of the period, units), its components ``cycle``, ``safety``,
        ``pipeline``, ``quality_hold``, ``prebuild``, ``minimum_order_excess``, ``shelf_life_cut``
        and ``policy_override``, which add up to it, and stock and flows of the plan.
    orders : DataFrame
        One row per order: item, location, period, ``fast``, ``quantity``, ``lots``, ``frozen``,
        ``available`` and ``cost``.
    limits : DataFrame
        What binds and its price.
    costs : DataFrame
        Cost by component and kind, money over all periods planned.
    components : DataFrame
        One row per component: status, objective, bound, gap, what is missing, termination, seconds.
    rounded_times : DataFrame
        Times that the plan takes in whole periods.
    opening : DataFrame
        item, location, units ``on_hand`` and ``on_order`` before period 0.
    objective : float
        Cost over all periods planned, those looked ahead among them, money.
    bound : float
        Proven: no plan of the model costs less.
    gap : float
    status : {"optimal", "feasible", "partial", "failed"}
        ``partial``: some components failed, and ``failures`` says why; ``failed``: all did.
    termination : str
    horizon : int
        Periods of :attr:`targets`.
    period, currency, name : str
    periods_per_year : float
    """

    targets: pd.DataFrame
    orders: pd.DataFrame
    limits: pd.DataFrame
    costs: pd.DataFrame
    components: pd.DataFrame
    rounded_times: pd.DataFrame
    opening: pd.DataFrame
    objective: float
    bound: float
    gap: float
    status: str
    termination: str
    horizon: int
    period: str
    periods_per_year: float
    currency: str = ""
    name: str = ""

    def to_frame(self, level: str = "target") -> pd.DataFrame:
        """Copy the frame of targets, or another.

        Parameters
        ----------
        level : {"target", "order", "limit", "cost", "component", "stage"}
            ``"stage"`` has means over the horizon, one row per stage.

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        frames = {
            "target": self.targets,
            "order": self.orders,
            "limit": self.limits,
            "cost": self.costs,
            "component": self.components,
            "stage": self.stages,
        }
        return self._frame(level, frames)

    @property
    def stages(self) -> pd.DataFrame:
        """Means over the horizon of all numbers of :attr:`targets`, one row per stage."""
        key = ["item", "location"]
        means = self.targets.drop(columns="period").groupby(key, sort=False).mean()
        return means.reset_index()

    def target_frame(self) -> pd.DataFrame:
        """Give the targets by period, which :func:`echelon.publish` publishes."""
        return self.targets.copy()

    def as_simulated(self, network: Network) -> tuple[Network, Plan]:
        """Give what :func:`echelon.simulate` runs: opening stock as planned, levels by period.

        A stage orders in the periods in which the plan does, up to the position that it has there
        after its order; in the others it does not. Where everything comes as planned, the plan
        comes about.
        """
        return as_simulated(
            self.targets, self.orders, self.opening, self.failures, self.provenance, network
        )

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes; those without rows are left out."""
        some = {
            "orders": self.orders,
            "limits": self.limits,
            "rounded_times": self.rounded_times,
        }
        return {
            "targets": self.targets,
            "components": self.components,
            "costs": self.costs,
            "opening": self.opening,
            **{name: frame for name, frame in some.items() if len(frame)},
        }

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
            "horizon": self.horizon,
            "period": self.period,
            "periods_per_year": self.periods_per_year,
            "currency": self.currency,
        }

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what the plan holds and costs, what it misses and what went wrong.

        Parameters
        ----------
        failures : int, default 5
            How many reasons of failures are told, equal ones once; 0 leaves them out.

        Returns
        -------
        str
        """
        named = f" for {self.name}" if self.name else ""
        over = counted(self.horizon, self.period or "period")
        if self.targets.empty:
            told = f"no plan for any of {counted(len(self.components), 'component')}"
            lines = [f"Target plan{named}: {self.status}, {told}"]
            return "\n".join([*lines, *self.failure_lines("targets", failures)])
        means = self.stages
        lines = [
            f"Target plan{named}: {self.status}, {counted(len(means), 'stage')} over {over}, "
            f"{counted(len(self.orders), 'order')}",
            f"  cost of all periods planned {quantity(self.objective):>14} {money(self.currency)}, "
            f"{gap_in_words(self.gap)}",
            *self._kinds_of_cost(),
            f"  mean target                 {quantity(float(means['target'].sum())):>14} units"
            f"{' of all items together' if means['item'].nunique() > 1 else ''}",
        ]
        for part in COMPONENTS:
            mean = float(means[part].sum())
            if abs(mean) > 1e-9:
                lines.append(f"    {part.replace('_', ' '):<25} {quantity(mean):>14}")
        return "\n".join(
            [*lines, *self._what_is_missing(), *self.failure_lines("targets", failures)]
        )

    def _kinds_of_cost(self) -> list[str]:
        total = self.costs.groupby("kind", sort=False)["cost"].sum()
        return [
            f"    {str(kind).replace('_', ' '):<25} {quantity(cost):>14}"
            for kind, cost in total.items()
            if abs(cost) > 1e-9
        ]

    def _what_is_missing(self) -> list[str]:
        """Say what the plan does not keep: floors, promises, shelf lives."""
        told = []
        for column, words in (
            ("below_floor", "below their floors"),
            ("backorders", "owed to customers"),
            ("lost", "of sales lost"),
            ("expired", "expired"),
        ):
            short = self.targets[self.targets[column] > 1e-6]
            if len(short):
                where = short.drop_duplicates(["item", "location"])
                first = short.iloc[0]
                told.append(
                    wrapped(
                        f"not kept: {quantity(float(short[column].sum()))} units {words} at "
                        f"{counted(len(where), 'stage')}, first {first['item']} @ "
                        f"{first['location']} in {self.period or 'period'} {first['period']}",
                        "  ",
                    )
                )
        return told

    def _table(self) -> tuple[pd.DataFrame, str]:
        means = self.stages
        shown = [
            name for name in _SHOWN if name not in COMPONENTS or (means[name].abs() > 1e-9).any()
        ]
        table = with_units(
            means.sort_values("target", ascending=False, kind="stable").head(ROWS)[shown],
            UNITS,
            period=self.period,
            currency=self.currency,
        )
        return table, more(len(means), ROWS, "targets.stages")

    def __repr__(self) -> str:
        """Summary and mean targets of the ten stages with the largest."""
        return in_text(self.summary(), *self._table())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._table())
