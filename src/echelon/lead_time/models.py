"""Fitted lead times: a distribution per key and leg, with all that was read, kept and set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.distributions import Distribution
from echelon.distributions.arguments import probabilities_of
from echelon.errors import DomainError, UnknownNameError
from echelon.lead_time.estimate import Key, Level
from echelon.results import Result

NETWORK_COLUMNS = ("lead_time", "lead_time_std", "lead_time_family", "lead_time_parameters")
"""Of the columns of models, those of the tables ``stages`` and ``lanes``."""


@dataclass(frozen=True, repr=False, eq=False)
class LeadTimeModels(Result):
    """One distribution of lead time per key, in periods.

    Attributes
    ----------
    models : DataFrame
        One row per leg and key of ``by``:

        - ``leg``: ``total``, and its parts where the log has the dates between
        - the columns of ``by``
        - ``lead_time``, ``lead_time_std``: mean and standard deviation, periods
        - ``lead_time_family``, ``lead_time_parameters``: a family of
          :data:`echelon.distributions.FAMILIES`, and as JSON what its moments leave open
        - ``p50``, ``p90``: quantiles, periods
        - ``finished``, ``open``: shipments of this key
        - ``effective``: shipments of equal weight that would say as much, borrowed ones included
        - ``credibility``: weight of the key's own shipments; the rest is its pool's

        Its ``attrs["period"]`` is :attr:`period`.
    pools : DataFrame
        The same for every pool; ``level`` names its columns, and columns it lacks are blank.
    rows : DataFrame
        One row per leg and account: rows of the log in it, their share, the first of them. Every
        row of the log is in one account of each leg.
    set_aside : DataFrame
        One row per row of the log that no model of the leg is made from: ``leg``, ``row`` (counted
        from 1), ``account``.
    promises : DataFrame
        One row per key, and one for all, of finished shipments with a promised day: ``shipments``,
        ``on_time`` (delivered on the promised day or before), ``early``, ``late`` as shares;
        ``days_early``, ``days_late`` their means among those that are, ``days_late_p90``; and
        ``overdue``, open orders whose promised day is past, which the shares leave out. NaN where
        nothing is promised.
    trend : DataFrame
        One row per year of delivery, all keys: shipments, median, mean and 90 % quantile, periods.
    long_open : DataFrame
        One row per leg and open order that has waited for longer than any delivered one of its key
        (of its pool, where the key has fewer than 20): the columns of ``by``, ``row`` of the log,
        ``days_open``, ``longest_delivered`` (days); ``lead_time``, the mean of the key, and
        ``lead_time_without``, what it were without these orders, periods.
    by : tuple of str
    levels : tuple of tuple of str
        Columns of ``by``, then of each pool; the last is empty.
    period : str
    days_per_period : float
    distributions : dict
        By leg, level and key.
    observed_days : dict
        Days of the finished shipments behind them, by leg, level and key; what a plot draws.
    """

    models: pd.DataFrame
    pools: pd.DataFrame
    rows: pd.DataFrame
    set_aside: pd.DataFrame
    promises: pd.DataFrame
    trend: pd.DataFrame
    long_open: pd.DataFrame
    by: tuple[str, ...]
    levels: tuple[Level, ...]
    period: str
    days_per_period: float
    distributions: Mapping[tuple[str, Level, Key], Distribution] = field(default_factory=dict)
    observed_days: Mapping[tuple[str, Level, Key], NDArray[np.float64]] = field(
        default_factory=dict
    )

    @property
    def legs(self) -> tuple[str, ...]:
        """Legs that models were made of."""
        return tuple(dict.fromkeys(self.pools["leg"]))

    def lead_times(self, leg: str = "total") -> pd.DataFrame:
        """Give what the tables ``stages`` and ``lanes`` take, for a merge on the columns of ``by``.

        Parameters
        ----------
        leg : str
            ``"transport"`` belongs on a lane, the legs before it to a stage.

        Returns
        -------
        DataFrame
            One row per key: the columns of ``by``, ``lead_time``, ``lead_time_std`` (periods),
            ``lead_time_family`` and ``lead_time_parameters``. Its ``attrs["period"]`` names the
            period, days unless :func:`echelon.fit_lead_time` was told otherwise; a network in
            another refuses it. A merge loses that word: give the network ``period=models.period``.

        Raises
        ------
        UnknownNameError
            If there is no such leg.

        Examples
        --------
        >>> import pandas as pd, echelon as ec
        >>> log = pd.DataFrame({"vendor": ["Acme"] * 2 + ["Bolt"] * 2, "ordered": "2024-01-01",
        ...                     "delivered": ["2024-01-15"] * 2 + ["2024-01-08"] * 2,
        ...                     "line": range(4)})
        >>> times = ec.fit_lead_time(log, by=["vendor"], period="week")
        >>> stages = pd.DataFrame({"item": ["pump", "seal"], "vendor": ["Acme", "Bolt"]})
        >>> stages.merge(times.lead_times())[["item", "lead_time", "lead_time_family"]]
           item  lead_time lead_time_family
        0  pump        2.0    deterministic
        1  seal        1.0    deterministic
        """
        if leg not in self.legs:
            raise UnknownNameError("leg", leg, self.legs)
        table = self.models[self.models["leg"] == leg].reset_index(drop=True)
        return table[[*self.by, *NETWORK_COLUMNS]]

    def find(self, leg: str = "total", **key: str) -> tuple[str, Level, Key]:
        """Say which model answers for a key: its own, or that of the nearest pool.

        Parameters
        ----------
        leg : str
        **key : str
            Columns of ``by`` and their values; those left out leave it to a pool.

        Returns
        -------
        tuple
            A key of ``distributions``.

        Raises
        ------
        UnknownNameError
            If there is no such leg or column.
        """
        if leg not in self.legs:
            raise UnknownNameError("leg", leg, self.legs)
        for name in key:
            if name not in self.by:
                raise UnknownNameError("column of the models", name, self.by)
        for level in self.levels:
            if all(name in key for name in level):
                place = (leg, level, tuple(str(key[name]) for name in level))
                if place in self.distributions:
                    return place
        return leg, (), ()

    def distribution(self, leg: str = "total", **key: str) -> Distribution:
        """Give the distribution of a key, or of its nearest pool if the key was never seen.

        Parameters
        ----------
        leg : str
        **key : str
            Columns of ``by`` and their values.

        Returns
        -------
        Distribution
            In periods.

        Raises
        ------
        UnknownNameError
            If there is no such leg or column.
        """
        return self.distributions[self.find(leg, **key)]

    def quantiles(
        self, keys: pd.DataFrame, probability: float, leg: str = "total"
    ) -> NDArray[np.float64]:
        """Give a quantile for each row of a frame of keys.

        Parameters
        ----------
        keys : (n,) DataFrame
            With the columns of ``by``; further ones are not looked at.
        probability : float
            Between 0 and 1.
        leg : str

        Returns
        -------
        (n,) ndarray of float64
            Periods.

        Raises
        ------
        DomainError
            If a column is missing, or the probability is outside [0, 1].
        UnknownNameError
            If there is no such leg.
        """
        absent = [name for name in self.by if name not in keys.columns]
        if absent:
            raise DomainError(f"keys lacks the column {absent[0]!r}. Fix: add it.")
        probabilities_of(probability)
        found: dict[tuple[Any, ...], float] = {}
        rows = list(zip(*(keys[name] for name in self.by), strict=True)) if self.by else []
        rows = rows or [()] * len(keys)
        for row in dict.fromkeys(rows):
            named = dict(zip(self.by, map(str, row), strict=True))
            found[row] = float(self.distribution(leg, **named).ppf(probability))
        return np.array([found[row] for row in rows], dtype=np.float64)

    def to_frame(self, level: str = "model") -> pd.DataFrame:
        """Copy a frame.

        Parameters
        ----------
        level : {"model", "pool", "row", "set_aside", "promise", "trend", "long_open"}

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        return self._frame(
            level,
            {
                "model": self.models,
                "pool": self.pools,
                "row": self.rows,
                "set_aside": self.set_aside,
                "promise": self.promises,
                "trend": self.trend,
                "long_open": self.long_open,
            },
        )

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes."""
        return {
            "models": self.models,
            "pools": self.pools,
            "rows": self.rows,
            "set_aside": self.set_aside,
            "promises": self.promises,
            "trend": self.trend,
            "long_open": self.long_open,
        }

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {
            **super().manifest(),
            "by": list(self.by),
            "levels": [list(level) for level in self.levels],
            "period": self.period,
            "days_per_period": self.days_per_period,
        }

    def summary(self) -> str:
        """Say in a few lines what was read, what became of it, and how long it takes."""
        total = self.rows[self.rows["leg"] == "total"]
        overall = self.pools[(self.pools["leg"] == "total") & (self.pools["level"] == "all")]
        whole = overall.iloc[0]
        keys = int((self.models["leg"] == "total").sum())
        lines = [
            f"Lead times by {', '.join(self.by) or 'nothing'}: {keys} models of "
            f"{int(total['rows'].sum()):,} rows, in {self.period}s",
            *(
                f"  {name:42} {rows:>8,} {share:>7.1%}"
                for name, rows, share in zip(
                    total["account"], total["rows"], total["share"], strict=True
                )
            ),
            f"  all keys: mean {whole['lead_time']:,.1f}, deviation {whole['lead_time_std']:,.1f}, "
            f"median {whole['p50']:,.1f}, 90 % within {whole['p90']:,.1f}",
        ]
        if len(self.long_open):
            n = self.long_open["row"].nunique()
            lines.append(
                f"  open for longer than any delivered one: {n} order{'s' if n > 1 else ''}, up to "
                f"{self.long_open['days_open'].max():,.0f} days, see .long_open"
            )
        if len(self.promises):
            everyone = self.promises.iloc[-1]
            lines.append(
                f"  promises: {everyone['on_time']:.1%} on time, {everyone['early']:.1%} early, "
                f"{everyone['late']:.1%} late by {everyone['days_late']:,.1f} days on average"
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Summary and the ten keys with the most shipments."""
        return f"{self.summary()}\n{self._shown().to_string(**_LOOK)}"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.summary())}</pre>{self._shown().to_html(border=0, **_LOOK)}"

    def _shown(self) -> pd.DataFrame:
        total = self.models[self.models["leg"] == "total"]
        order = total["finished"].sort_values(ascending=False, kind="stable").index
        columns = [*self.by, "lead_time", "lead_time_std", "lead_time_family", "p50", "p90"]
        return total.loc[order[:10], [*columns, "finished", "open", "credibility"]]


_LOOK: dict[str, Any] = {"index": False, "float_format": "{:,.2f}".format}
