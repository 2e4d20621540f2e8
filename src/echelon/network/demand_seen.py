"""The demand that stages see, as a person reads it (clause 7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from echelon.demand.covariance import DemandCovariance, independent_rows, usage_of_rows
from echelon.distributions import (
    Deterministic,
    Distribution,
    Normal,
    PerPeriod,
    make,
    sum_of,
)
from echelon.distributions.sums import closed_sum
from echelon.errors import DomainError
from echelon.network.compiled import Booleans, CompiledNetwork, Floats
from echelon.network.correlation import Correlation
from echelon.tables import label_of

_MOST_STAGES = 3_000
"""Stages whose covariance is given without being asked for by name: 72 MB."""

_SHOWN = 20
"""Stages that a repr shows."""

_SCALED = ("normal", "gamma", "lognormal", "uniform", "deterministic")
"""Families in which a multiple of a member is the member of multiplied moments."""


@dataclass(frozen=True, eq=False)
class SeenDemand:
    """Demand of one period at every stage; made by ``network.demand_seen()``.

    Attributes
    ----------
    stages : DataFrame
        item, location and component, in the order of ``Network.stages``.
    mean, std : (n_stages,) float64
        Units per period, in the same order.
    usage : (n_stages, n_rows) csr_array of float64
        Units of the stage in one unit of each row of ``Network.demand``, by every path.
    rows : tuple of Distribution
        Demand of each row.
    row_covariance : DemandCovariance
        How the rows vary together.
    ends : (n_stages,) bool
        Whether the stage has no customer stages, so that all it sees are its own customers.
    """

    stages: pd.DataFrame
    mean: Floats
    std: Floats
    usage: Any
    rows: tuple[Distribution, ...]
    row_covariance: DemandCovariance
    ends: Booleans

    @classmethod
    def of(
        cls,
        stages: pd.DataFrame,
        compiled: CompiledNetwork,
        distributions: Sequence[Distribution],
        correlation: Correlation,
        period: int | None,
    ) -> SeenDemand:
        """Pool the demand rows of a network; ``period`` fixes one of the cycle."""
        if period is not None:
            distributions = [
                law.at(period) if isinstance(law, PerPeriod) else law for law in distributions
            ]
        covariance = DemandCovariance.of(
            distributions, correlation.first, correlation.second, correlation.coefficient
        )
        by_place = usage_of_rows(
            compiled.component_ptr,
            compiled.pred_ptr,
            compiled.pred_stage,
            compiled.pred_usage,
            compiled.demand_ptr,
            compiled.demand_row,
        )
        place = np.empty(compiled.n_stages, dtype=np.int64)
        place[compiled.stage_row] = np.arange(compiled.n_stages)
        component = np.repeat(compiled.component_id, np.diff(compiled.component_ptr))
        usage = by_place[place]
        return cls(
            stages=stages[["item", "location"]].assign(component=component[place]),
            mean=usage @ np.array([law.mean for law in distributions], dtype=np.float64),
            std=np.sqrt(covariance.pooled(usage)),
            usage=usage,
            rows=tuple(distributions),
            row_covariance=covariance,
            ends=(np.diff(compiled.succ_ptr) == 0)[place],
        )

    @cached_property
    def distributions(self) -> tuple[Distribution | None, ...]:
        """Distribution at each stage where it is known, None elsewhere."""
        partners = self.row_covariance.partners()
        ptr, column, units = self.usage.indptr, self.usage.indices, self.usage.data
        return tuple(
            _distribution(
                [(self.rows[i], float(a)) for i, a in zip(column[here], units[here], strict=True)],
                float(self.mean[j]),
                float(self.std[j]),
                independent=independent_rows(column[here].tolist(), partners),
                end=bool(self.ends[j]),
            )
            for j, here in enumerate(slice(start, stop) for start, stop in pairwise(ptr.tolist()))
        )

    def distribution(self, item: str, location: str) -> Distribution | None:
        """Distribution of the demand that one stage sees, or None where it has no form.

        Closed forms: one demand row, as it is or a multiple; sums of normal rows, correlated or
        not; and of independent Poisson rows, gamma rows of one scale and negative binomial rows of
        one probability, each in units of the stage. Other rows that are independent of one another
        are a :class:`echelon.distributions.Sum` at a stage without customer stages. Further up,
        where stages share rows and take multiples of them, there is none.

        Raises
        ------
        DomainError
            If there is no such stage.
        """
        (row,) = self._rows_of([(item, location)])
        return self.distributions[row]

    def to_frame(self) -> pd.DataFrame:
        """One row per stage.

        Returns
        -------
        DataFrame
            item, location, component, mean and std [unit/period], std_if_independent and
            std_if_in_step [unit/period]: what std would be if no demand row were correlated with
            another, and if all rose and fell together; and family, that of the distribution,
            blank where it has no form.
        """
        own = np.sqrt(self.row_covariance.pooled_alone())
        return self.stages.assign(
            mean=self.mean,
            std=self.std,
            std_if_independent=np.sqrt(self.usage.power(2) @ own**2),
            std_if_in_step=self.usage @ own,
            family=[law.family if law is not None else "" for law in self.distributions],
        )

    def covariance(self, stages: Iterable[tuple[str, str]] | None = None) -> pd.DataFrame:
        """Covariance of what stages see in one period.

        Parameters
        ----------
        stages : iterable of (item, location), optional
            All of them unless given.

        Returns
        -------
        DataFrame
            Units squared; rows and columns are labelled ``"item @ location"``.

        Raises
        ------
        DomainError
            If there is no such stage, or none is named in a network of more than 3,000 stages.
        """
        if stages is None and len(self.stages) > _MOST_STAGES:
            raise DomainError(
                f"the covariance of all {len(self.stages):,} stages has too many cells. "
                "Fix: name the stages, covariance([(item, location), ...])."
            )
        rows = list(range(len(self.stages))) if stages is None else self._rows_of(list(stages))
        labels = [label_of(*self.stages[["item", "location"]].iloc[row]) for row in rows]
        matrix = self.row_covariance.between(self.usage[rows])
        return pd.DataFrame(matrix, index=labels, columns=labels)

    def correlation(self, stages: Iterable[tuple[str, str]] | None = None) -> pd.DataFrame:
        """Correlation of what stages see; NaN at a stage whose demand does not vary.

        Parameters, labels and errors are those of :meth:`covariance`.
        """
        covariance = self.covariance(stages)
        std = np.sqrt(np.diag(covariance))
        std[std == 0.0] = np.nan
        return covariance.div(np.outer(std, std))

    def _rows_of(self, stages: Sequence[tuple[str, str]]) -> list[int]:
        known = pd.MultiIndex.from_frame(self.stages[["item", "location"]])
        rows: list[int] = known.get_indexer(pd.MultiIndex.from_tuples(stages)).tolist()
        absent = [label_of(*key) for key, row in zip(stages, rows, strict=True) if row < 0]
        if absent:
            raise DomainError(
                f"no stage {', '.join(map(repr, absent))}. Fix: use an item and location of stages."
            )
        return rows

    def __repr__(self) -> str:
        return f"{self._heading()}\n{self.to_frame().head(_SHOWN).to_string()}"

    def _repr_html_(self) -> str:
        shown = self.to_frame().head(_SHOWN).to_html(border=0)
        return f"<pre>{self._heading()}</pre>{shown}"

    def _heading(self) -> str:
        more = f", the first {_SHOWN} of them" if len(self.stages) > _SHOWN else ""
        return f"Demand seen by {len(self.stages):,} stages{more}"


def check_period(period: object) -> int:
    """Give a period as an int.

    Raises
    ------
    DomainError
        If it is negative or no whole number.
    """
    if isinstance(period, (bool, np.bool_)) or not isinstance(period, (int, np.integer)):
        raise DomainError(f"period is {period!r}. Fix: give a whole number from 0.")
    if period < 0:
        raise DomainError(f"period is {period}, must be >= 0. Fix: count the periods from 0.")
    return int(period)


def _distribution(
    parts: list[tuple[Distribution, float]],
    mean: float,
    std: float,
    *,
    independent: bool,
    end: bool,
) -> Distribution | None:
    """Distribution of a weighted sum of demand rows, None where no family has it.

    ``end``: the rows are those of the stage's own customers and nobody else's.
    """
    if std == 0.0:
        return Deterministic(mean)
    varying = [(law, a) for law, a in parts if law.std > 0.0]
    if all(isinstance(law, Normal) for law, _ in varying):
        return Normal(mean, std)
    scaled = [_times(law, a) for law, a in parts]
    known = [law for law in scaled if law is not None]
    if len(known) < len(parts):
        return None
    if len(known) == 1:
        return known[0]
    if not independent or any(isinstance(law, PerPeriod) for law in known):
        return None
    return sum_of(known) if end else closed_sum(known)


def _times(law: Distribution, units: float) -> Distribution | None:
    """Distribution of a multiple of a demand, None where its family has no such member."""
    if units == 1.0:
        return law
    mean, std = law.mean * units, law.std * units
    return make(law.family, mean, std) if law.family in _SCALED or std == 0.0 else None
