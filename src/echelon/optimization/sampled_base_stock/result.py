"""Base stocks chosen on sampled paths: a plan, with what is known of it out of sample."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

import pandas as pd

from echelon.display import (
    ROWS,
    counted,
    money,
    more,
    quantity,
    share_beside,
    with_units,
    wrapped,
)
from echelon.optimization.sampled_base_stock.checked import simulated_in_words
from echelon.optimization.sampled_base_stock.columns import UNITS
from echelon.policies.plan import Plan, gap_in_words
from echelon.simulation.result import Simulation

_SHOWN: Final = ("item", "location", "base_stock", "safety_stock", "service_level")
_CHECKED: Final = (
    "item",
    "location",
    "measure",
    "target",
    "sampled",
    "simulated",
    "half_width",
    "verdict",
)


@dataclass(frozen=True, eq=False, repr=False)
class SampledBaseStocks(Plan):
    """A plan whose base stocks minimise cost on sampled paths; :func:`simulate` takes it as one.

    It is written as a plan; :func:`echelon.read_plan` reads it back with its frames, and without
    the simulation.

    Attributes
    ----------
    objective : float
        Holding and shortage cost on the paths, the tail of the latter in its weight, money per
        period; not the cost of safety stock alone, as of other plans.
    bound, gap : float
        Proven for the sampled problem: no levels cost less *on these paths*.
    checked : DataFrame
        One row per stage with customers: item, location, measure, target, what they get on the
        paths (``sampled``) and out of sample (``simulated``, with error and half width), and a
        ``verdict``: met, missed, unclear.
    samples : DataFrame
        One row per component: paths, costs, the proof, and a bound on the gap to the best levels of
        the true problem where ``replications`` asked for it.
    curves : DataFrame
        Cost and service on the paths over the level, of stages that supply nobody.
    simulation : Simulation or None
        The check out of sample; None without one, and in a plan that was read from files.
    sampled_cost : float
        Holding and mean shortage cost on the paths, money per period: what ``simulated_cost`` is to
        be compared with.
    simulated_cost, simulated_cost_se : float
        The same out of sample, NaN without a check.
    confidence : float
    """

    checked: pd.DataFrame = field(default_factory=pd.DataFrame)
    samples: pd.DataFrame = field(default_factory=pd.DataFrame)
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    simulation: Simulation | None = None
    sampled_cost: float = float("nan")
    simulated_cost: float = float("nan")
    simulated_cost_se: float = float("nan")
    confidence: float = 0.95

    @property
    def met(self) -> bool:
        """Whether no service target is missed out of sample, nor left unchecked."""
        asked = self.checked[self.checked["target"].notna()]
        return bool(asked["verdict"].isin(["met", "unclear"]).all())

    def to_frame(self, level: str = "stage") -> pd.DataFrame:
        """Copy a frame: ``"stage"``, ``"component"``, ``"customer"``, ``"sample"`` or ``"curve"``.

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        frames = {
            "stage": self.stages,
            "component": self.components,
            "customer": self.checked,
            "sample": self.samples,
            "curve": self.curves,
        }
        return self._frame(level, frames)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes."""
        own = {"checked": self.checked, "samples": self.samples, "curves": self.curves}
        return {**super().frames(), **{name: frame for name, frame in own.items() if len(frame)}}

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames, as those of a plan."""
        return {
            **super().manifest(),
            "kind": "Plan",
            "sampled_cost": self.sampled_cost,
            "simulated_cost": self.simulated_cost,
            "simulated_cost_se": self.simulated_cost_se,
            "confidence": self.confidence,
        }

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what the levels cost, how sure that is, and what customers get.

        Parameters
        ----------
        failures : int, default 5
            How many reasons of failures are told, equal ones once; 0 leaves them out.

        Returns
        -------
        str
        """
        named = f" for {self.name}" if self.name else ""
        lines = [f"Base stocks on sampled paths{named}: {self.status}"]
        if len(self.stages):
            paths = self.samples["paths"]
            drawn = f"{paths.min():,}" if paths.min() == paths.max() else f"up to {paths.max():,}"
            lines[0] += f", {counted(len(self.stages), 'stage')}, {drawn} paths"
            lines += [*self._costs(), *self._service()]
        return "\n".join([*lines, *self.failure_lines("plan", failures)])

    def _costs(self) -> list[str]:
        unit = f"{money(self.currency)} a {self.period}"
        lines = [
            f"  objective on the paths      {quantity(self.objective):>16} {unit}",
            f"  proven lower bound there    {quantity(self.bound):>16} {unit}, "
            f"{gap_in_words(self.gap)}",
        ]
        if self.simulated_cost == self.simulated_cost:
            error = quantity(1.96 * self.simulated_cost_se)
            lines += [
                f"  cost on the paths           {quantity(self.sampled_cost):>16} {unit}",
                f"  cost out of sample          {quantity(self.simulated_cost):>16} {unit}, "
                f"+- {error}",
            ]
        known = self.samples["true_gap_upper"].dropna()
        if len(known):
            worst = quantity(float(known.sum()))
            lines.append(
                f"  gap of the true problem     {worst:>16} {unit} at most, at {self.confidence:g} "
                "each"
            )
        return lines

    def _service(self) -> list[str]:
        asked = self.checked[self.checked["target"].notna()]
        if asked.empty:
            return []
        if asked["simulated"].isna().all():
            return ["  service targets are met on the paths, and not checked out of sample"]
        count = asked["verdict"].value_counts()
        parts = [
            f"{count[word]:,} {word}" for word in ("met", "unclear", "missed") if word in count
        ]
        lines = [f"  service targets out of sample: {', '.join(parts)}"]
        for row in asked[asked["verdict"] == "missed"].head(3).to_dict("records"):
            lines.append(
                wrapped(
                    f"missed: {row['item']} @ {row['location']}: {row['measure']} "
                    f"{row['target']:.9g} asked for, {simulated_in_words(row)}",
                    "    ",
                )
            )
        return lines

    def _costliest(self) -> tuple[pd.DataFrame, str]:
        """The stages as they are shown, and a line on what is left out."""
        order = self.stages["holding_cost"].sort_values(ascending=False, kind="stable").index
        rows = self.stages.loc[order]
        table = with_units(
            rows.head(ROWS)[list(_SHOWN)], UNITS | _PLAN_UNITS, period=self.period,
            currency=self.currency,
        )  # fmt: skip
        return table, more(len(rows), ROWS, "plan.stages")

    def _customers(self) -> pd.DataFrame:
        rows = self.checked[self.checked["target"].notna()].head(ROWS)[list(_CHECKED)]
        for name in ("sampled", "simulated", "half_width", "target"):
            rows[name] = [
                share_beside(value, target)
                for value, target in zip(rows[name], rows["target"], strict=True)
            ]
        return with_units(rows, {}, period=self.period, currency=self.currency)

    def __repr__(self) -> str:
        """Summary, the stages, and the customers with a target."""
        parts = [self.summary(), self.costliest_table()]
        if len(customers := self._customers()):
            parts.append(customers.to_string(index=False))
        return "\n".join(filter(None, parts))

    def _repr_html_(self) -> str:
        if self.stages.empty:
            return f"<pre>{escape(self.summary())}</pre>"
        table, rest = self._costliest()
        html = f"<pre>{escape(self.summary())}</pre>" + table.to_html(index=False, border=0)
        html += f"<p>{escape(rest)}</p>" * bool(rest)
        customers = self._customers()
        return html + (customers.to_html(index=False, border=0) if len(customers) else "")


_PLAN_UNITS: Final = {"base_stock": "unit", "safety_stock": "unit", "service_level": "-"}
