"""What fitting demand gives: a model per series, what it rests on, and the table for a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from echelon.demand.arguments import check_levels, check_whole
from echelon.demand.candidates import CANDIDATES
from echelon.demand.classify import CLASSES
from echelon.demand.history import Panel
from echelon.demand.lookup import series_named
from echelon.display import in_html, in_text
from echelon.distributions import Distribution, make
from echelon.results import Result


@dataclass(frozen=True, repr=False, eq=False)
class DemandModels(Result):
    """Demand models of many series.

    Attributes
    ----------
    models : DataFrame
        One row per series that has a model:

        - ``item``, ``location``, segments
        - ``class``: smooth, erratic, intermittent, lumpy or no demand
        - ``family``, ``mean``, ``std``: the model, units per period; ``std`` is widened
        - ``fitted_family``: as chosen; Poisson with an uncertain mean is negative binomial
        - ``source``: ``own``, or whose series it falls back to (``segment``, ``all series``)
        - ``lender``: who its moments were weighed against (``none``, ``segment``, ``all series``)
        - ``mean_credibility``, ``std_credibility``: weight of the series' own mean and
          variance-to-mean ratio beside the lender's, from 0 to 1
        - ``widening``: ``std`` over what it would be if the moments were known
        - ``effective_periods``: periods that the weights of its memory amount to
        - ``history_mean``, ``history_std``: plain moments of the quantities, units per period
        - ``half_life``: memory, periods; NaN where the past is not forgotten
        - ``drift``: factor on mean and variance for what came after such a past in its pool; 1
          where nothing was seen
        - ``periods``, ``demands``, ``stock_outs``: observed, with demand, with stock-outs
        - ``demand_interval`` (periods), ``size_variation`` (no unit): what it is classified by
        - ``criterion``: information criterion, NaN or infinite where it was not told
        - ``windows``: on the rolling origin; ``score``: mean pinball loss over them, units;
          ``covered``: share of them within the quantile at the highest level
    findings : DataFrame
        One row per thing that the history shows besides: key, ``finding``, ``period``, ``value``,
        ``message``. Nothing was changed because of it, save where the message says so.
    exposure : int
        Periods for whose sum the models were chosen and widened.
    service_levels : tuple of float
        Probabilities of the quantiles they were chosen by.
    panel : Panel
        The history as it was read.
    """

    models: pd.DataFrame
    findings: pd.DataFrame
    exposure: int
    service_levels: tuple[float, ...]
    panel: Panel

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns: item, location, segments."""
        return tuple(self.panel.keys.columns)

    @property
    def demand(self) -> pd.DataFrame:
        """Table ``demand`` for ``Network.from_tables``: key, family, mean, std, parameters.

        Series without a model (``failures``) have no row. Where the history has dates,
        ``attrs["period"]`` says what period they count, and a network in another refuses it.
        """
        table = self.models[[*self.keys, "family", "mean", "std"]].copy()
        table["family"] = table["family"].astype("str")
        table["parameters"] = ""
        if self.panel.calendar.period != "number":
            table.attrs["period"] = self.panel.calendar.period
        return table

    def to_frame(self, level: str = "model") -> pd.DataFrame:
        """Copy the frame of the models (``level="model"``) or the findings (``"finding"``).

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        return self._frame(level, {"model": self.models, "finding": self.findings})

    def distribution(self, **key: str) -> Distribution:
        """Give the distribution of one period's demand in a series.

        Parameters
        ----------
        **key : str
            ``item="bolt", location="shop"`` and segments; enough to name one series.

        Returns
        -------
        Distribution
            Units per period, widened as the model is.

        Raises
        ------
        DomainError
            If the key names no series with a model, or several.

        Examples
        --------
        >>> import echelon as ec
        >>> sold = np.random.default_rng(7).poisson(4.0, 52)
        >>> history = pd.DataFrame({"item": "bolt", "location": "shop", "quantity": sold})
        >>> models = ec.fit_demand(history.assign(period=np.arange(52)))
        >>> models.distribution(item="bolt").family
        'negative_binomial'
        """
        row = self.models.iloc[series_named(self.models[list(self.keys)], key)]
        return make(row["family"], row["mean"], row["std"])

    def quantiles(
        self, service_level: float | list[float] | None = None, *, periods: int | None = None
    ) -> pd.DataFrame:
        """Quantiles of the demand of so many periods, under the models.

        Parameters
        ----------
        service_level : float or list of float, optional
            Each above 0.5 and below 1; those that were fitted for by default.
        periods : int, optional
            At least 1; the exposure by default. The models are widened for the exposure, so that
            over more periods the uncertainty of the mean is understated.

        Returns
        -------
        DataFrame
            The keys, and a column per probability, units.

        Raises
        ------
        DomainError
            If an argument is outside what it may be.
        """
        levels = self.service_levels if service_level is None else check_levels(service_level)
        length = check_whole("periods", self.exposure if periods is None else periods, 1)
        table = self.models[list(self.keys)].copy()
        family = self.models["family"].to_numpy()
        mean = self.models["mean"].to_numpy()
        variance = self.models["std"].to_numpy() ** 2
        for level in levels:
            found = length * mean
            for name, candidate in CANDIDATES.items():
                rows = np.flatnonzero(family == name)
                if rows.size:
                    found[rows] = candidate.quantile(mean[rows], variance[rows], length, level)
            table[level] = found
        return table

    def classes(self) -> pd.DataFrame:
        """Count series by class: how many, their share of demand, and how many fell back."""
        grouped = self.models.groupby("class", observed=True)
        table = pd.DataFrame(
            {
                "series": grouped.size(),
                "demand_share": grouped["mean"].sum() / self.models["mean"].sum(),
                "fell_back": grouped["source"].apply(lambda source: int((source != "own").sum())),
            }
        )
        return table.reindex([name for name in CLASSES if name in table.index])

    def summary(self) -> str:
        """Say in a few lines what was fitted, from what, and what needs a look."""
        panel = self.panel
        classes = self.classes()
        shares = ", ".join(f"{n} {name}" for name, n in classes["series"].items())
        families = self.models["fitted_family"].value_counts()
        chosen = ", ".join(f"{n} {name}" for name, n in families.items())
        first, last = (_day(panel.periods[at]) for at in (0, -1))
        lines = [
            f"Demand models of {len(self.models)} series, {first} to {last} "
            f"({panel.n_periods} periods)",
            f"  classes   {shares}",
            f"  families  {chosen}",
            f"  {int((self.models['source'] != 'own').sum())} fall back to other series, "
            f"{int(panel.filled.sum())} absent periods counted as zero",
        ]
        if len(self.models):
            widening = self.models["widening"]
            lines.append(
                f"  std widened by {_percent(widening.median())} at the median, "
                f"{_percent(widening.max())} at most, for sums of {self.exposure}"
            )
        moved = self.models["drift"][self.models["drift"] != 1.0]
        if len(moved):
            lines.append(
                f"  means of {len(moved)} series moved by {_signed(moved.median())} at the median "
                "for the drift of their pool"
            )
        if len(self.findings):
            found = self.findings["finding"].value_counts()
            counted = ", ".join(f"{n} {name}" for name, n in found.items())
            lines.append(f"  findings  {counted}")
        if len(self.failures):
            lines.append(f"  {len(self.failures)} series without a model: see .failures")
        return "\n".join(lines)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes."""
        return {"models": self.models, "demand": self.demand, "findings": self.findings}

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {
            **super().manifest(),
            "exposure": self.exposure,
            "service_levels": list(self.service_levels),
            "keys": list(self.keys),
        }

    def __repr__(self) -> str:
        """Summary and the ten largest series."""
        return in_text(self.summary(), self._largest(), float_format="{:,.2f}".format)

    def _repr_html_(self) -> str:
        return in_html(self.summary(), self._largest(), float_format="{:,.2f}".format)

    def _largest(self) -> pd.DataFrame:
        return self.models.nlargest(10, "mean")[[*self.keys, *_SHOWN]]


_SHOWN = ("class", "family", "mean", "std", "source", "widening")


def _day(label: object) -> str:
    return str(label.date() if isinstance(label, pd.Timestamp) else label)


def _signed(factor: float) -> str:
    return f"{100.0 * (factor - 1.0):+.1f} %"


def _percent(widening: float) -> str:
    return f"{100.0 * (widening - 1.0):.0f} %"
