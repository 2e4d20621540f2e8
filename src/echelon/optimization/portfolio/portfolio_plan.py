"""A portfolio: the levels chosen for each SKU, what limits cost, and the efficient frontier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

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
    with_units,
)
from echelon.errors import DomainError
from echelon.network.compiled import Floats
from echelon.network.network import Network
from echelon.optimization.portfolio.columns import UNITS
from echelon.optimization.portfolio.equal_service import equal_service
from echelon.optimization.portfolio.frontier import Solved, frontier
from echelon.optimization.portfolio.option_choice import known
from echelon.optimization.portfolio.priced_limits import binding_lines
from echelon.optimization.portfolio.sku_options import SkuOptions
from echelon.policies.plan import Plan, gap_in_words
from echelon.policies.publication.as_plan import as_plan, reviewed_as
from echelon.progress import Progress
from echelon.results import Result

_SHOWN = ("item", "location", "stock_value", "fill_rate", "shortage", "regret")


@dataclass(frozen=True, eq=False, repr=False)
class Portfolio(Result):
    """Levels of all SKUs of a network, chosen together within the limits they share.

    Attributes
    ----------
    skus : DataFrame
        One row per SKU, a connected component: stock_value, fill_rate, shortage, cost, ...
    stages : DataFrame
        One row per stage: review_period, service_time, base_stock, on_hand, stock_value.
    limits : DataFrame
        One row per limit and group: asked, reached, room, price, sentence.
    minimise : str
        What was minimised.
    cost, bound, gap : float
        Of what was minimised, over all SKUs; the bound is over the levels that were tabulated.
    n_fractional : int
        SKUs that the linear program would split between levels.
    termination : str
    period, currency, name : str
    solved : Solved or None
        What :meth:`frontier` begins with; None in a portfolio that was read from files.
    options : SkuOptions or None
        All levels that there were to choose from, likewise.
    unit_value : (n_stages,) float64 or None
        Of each row of the network's stages, likewise.
    """

    skus: pd.DataFrame
    stages: pd.DataFrame
    limits: pd.DataFrame
    minimise: str
    cost: float
    bound: float
    gap: float
    n_fractional: int
    termination: str
    period: str
    currency: str = ""
    name: str = ""
    solved: Solved | None = field(default=None)
    options: SkuOptions | None = field(default=None)
    unit_value: Floats | None = field(default=None)

    @property
    def stock_value(self) -> float:
        """Mean stock on hand of all SKUs at unit cost, money."""
        return float(self.skus["stock_value"].sum())

    @property
    def fill_rate(self) -> float:
        """Share of all units that is served from stock at once."""
        asked = self.skus["demand"].sum()
        return 1.0 - float(self.skus["shortage"].sum() / asked) if asked > 0.0 else 1.0

    def to_frame(self, level: str = "sku") -> pd.DataFrame:
        """Copy the frame of the SKUs (``level="sku"``), ``"stage"`` or ``"limit"``."""
        frames = {"sku": self.skus, "stage": self.stages, "limit": self.limits}
        return self._frame(level, frames)

    def apply(self, network: Network) -> Network:
        """Give a network that orders by these levels, for :func:`echelon.simulate` without a plan.

        Parameters
        ----------
        network : Network
            The one that the portfolio was made for.

        Returns
        -------
        Network
            ``base_stock`` and ``review_period`` are the portfolio's; SKUs that failed are left out.
        """
        keys = ["item", "location"]
        taking = sorted({int(c) for c in self.skus["component"]})
        part = network if len(taking) == network.n_components else network.subset(taking)
        stages = part.stages
        chosen = self.stages.set_index(keys).loc[pd.MultiIndex.from_frame(stages[keys])]
        return part.replace(
            stages=stages.assign(
                base_stock=chosen["base_stock"].to_numpy(),
                review_period=chosen["review_period"].to_numpy(),
            )
        )

    def target_frame(self) -> pd.DataFrame:
        """Give what :func:`echelon.publish` publishes: the level of each stage and its review."""
        names = ["item", "location", "component", "review_period", "service_time", "base_stock"]
        return self.stages[[*names, "on_hand"]].copy()

    def as_simulated(self, network: Network) -> tuple[Network, Plan]:
        """Give what :func:`echelon.simulate` runs: the reviews chosen, levels and service times."""
        targets = self.target_frame()
        labels = {
            "period": self.period,
            "periods_per_year": network.periods_per_year,
            "currency": self.currency,
            "name": self.name,
        }
        levels = targets.assign(period=pd.array([pd.NA] * len(targets), dtype="Int64"))
        return reviewed_as(network, targets), as_plan(levels, self.provenance, labels)

    def frontier(
        self,
        limit: str | None = None,
        *,
        amounts: Sequence[float] | None = None,
        n_points: int = 20,
        progress: Progress = None,
    ) -> pd.DataFrame:
        """Choose anew at several amounts of one limit: stock value against service, for example.

        Parameters
        ----------
        limit : str, optional
            Its label, ``"service (EU)"`` for the group EU of the limit service; may be left out
            where there is one.
        amounts : sequence of float, optional
            In the limit's own unit, 0.95 of a service. Default: ``n_points`` from the tightest that
            can be kept to one that costs nothing.
        n_points : int, default 20
        progress : bool, callable or None

        Returns
        -------
        DataFrame
            asked, reached, cost, bound, gap, price, chosen; the loosest amount first. Every point
            has its own proof, over the levels that were tabulated.

        Raises
        ------
        UnknownNameError, DomainError
            If there is no such limit, or an amount is no number.
        """
        return frontier(known(self.solved), limit, amounts, n_points, progress)

    def equal_service(self, targets: Sequence[float] | None = None) -> pd.DataFrame:
        """What the common rule would hold: every SKU at the same fill rate or just above it.

        Parameters
        ----------
        targets : sequence of float, optional
            Fill rates. Default: 40 of them from 0.5 to 0.9995.

        Returns
        -------
        DataFrame
            target, fill_rate (of all units together), stock_value. A SKU has the least level
            tabulated that reaches the target, or its highest.

        Raises
        ------
        DomainError
            If the portfolio was read from files, or a target is no fraction.
        """
        solved = known(self.solved)
        assert self.options is not None
        assert self.unit_value is not None
        rates = 1.0 - np.geomspace(0.5, 5e-4, 40) if targets is None else np.asarray(targets)
        if not ((rates > 0.0) & (rates < 1.0)).all():
            raise DomainError(
                f"equal_service: targets are {list(rates)!r}, must be fractions above 0 and below "
                "1. Fix: 97.5 % is 0.975."
            )
        return equal_service(solved.problem, self.options, self.skus, self.unit_value, rates)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes."""
        return {"portfolio": self.skus, "portfolio_stages": self.stages, "limits": self.limits}

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        names = ("minimise", "cost", "bound", "gap", "n_fractional", "termination")
        told = {name: getattr(self, name) for name in (*names, "period", "currency", "name")}
        return {**super().manifest(), **told}

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what is held, what it gives, how sure that is, and what limits cost.

        Parameters
        ----------
        failures : int, default 5
            How many prices, and how many reasons of failures, are told.

        Returns
        -------
        str
        """
        of = f" of {self.name}" if self.name else ""
        value = f"{quantity(self.stock_value)} {money(self.currency)}"
        lines = [
            f"Portfolio{of}: {counted(len(self.skus), 'SKU')}, stock worth {value}, "
            f"fill rate {self.fill_rate:.4f}",
            f"  {self.minimise} {quantity(self.cost)}, proven lower bound {quantity(self.bound)}, "
            f"{gap_in_words(self.gap)}, over the levels tabulated",
            *binding_lines(self.limits, failures),
        ]
        return "\n".join([*lines, *self.failure_lines("portfolio", failures)])

    def _costliest(self) -> tuple[pd.DataFrame, str]:
        order = self.skus["stock_value"].sort_values(ascending=False, kind="stable").index
        rows = self.skus.loc[order].head(ROWS)[list(_SHOWN)]
        table = with_units(rows, UNITS, period=self.period, currency=self.currency)
        return table, more(len(self.skus), ROWS, "portfolio.skus")

    def __repr__(self) -> str:
        """Summary and the SKUs with the most stock value."""
        return in_text(self.summary(), *self._costliest())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._costliest())
