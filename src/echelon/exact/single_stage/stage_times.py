"""Lead times and review periods of a model: taken as arguments, and as exposures (clause 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.distributions.compound import CompoundPoisson
from echelon.distributions.discrete import Deterministic
from echelon.distributions.empirical import Empirical
from echelon.distributions.empirical_rows import EmpiricalRows
from echelon.distributions.lattice import lattice_step
from echelon.exact.manner import Case, Given
from echelon.lead_time.exposed_array import ExposedArray
from echelon.lead_time.exposure import LeadTimes, stage_arguments

_WHOLE = ("binomial", "geometric", "negative_binomial", "poisson")

MOST_REVIEW = 1_000.0
"""Periods between reviews at most: the end of each of them is looked at."""


def take_times(given: Given, lead_time: LeadTimes, review_period: ArrayLike) -> None:
    """Take both: lead times as numbers, or as distributions where one of them is random.

    Parameters
    ----------
    given : Given
    lead_time : float, Distribution, or sequence of either
        Periods, at least 0; a column of a frame too.
    review_period : array_like of int
        Periods, whole, 0 to 1,000; 0 is continuous review.
    """
    given.number(
        "review_period",
        review_period,
        least=0.0,
        most=MOST_REVIEW,
        whole=True,
        unit="periods",
        fix=f"give whole periods up to {MOST_REVIEW:,.0f}, or count in longer periods",
    )
    if isinstance(lead_time, (pd.Series, np.ndarray)):
        column = np.asarray(lead_time)  # of distributions, it holds objects
        lead_time = column.tolist() if column.dtype == object else column
    times: Any = lead_time if isinstance(lead_time, Sequence) else [lead_time]
    if isinstance(lead_time, (np.ndarray, DistributionArray)) or all(map(_number, times)):
        random = isinstance(lead_time, DistributionArray)
    else:
        random = True
    if not random:
        given.number("lead_time", lead_time, least=0.0, unit="periods")  # type: ignore[arg-type]
        return
    several = isinstance(lead_time, (Sequence, DistributionArray))
    laws: Any = [Deterministic(float(one)) if _number(one) else one for one in times]
    given.demand("lead_time", laws if several else laws[0])


def _number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating))


@dataclass(frozen=True, slots=True)
class StageTimes:
    """What the stock of each SKU is exposed to at the moments that a model looks at.

    Attributes
    ----------
    laws : DistributionArray of n
        Demand of one period.
    lead_time : ExposedArray of n
    review_period : (n,) float64
        Periods.
    """

    laws: DistributionArray
    lead_time: ExposedArray
    review_period: Floats

    @classmethod
    def of(cls, case: Case) -> StageTimes:
        """Read the arguments that :func:`take_times` took, and ``demand``."""
        laws = case.demands["demand"]
        lead_time: Any = case.demands.get("lead_time", case.numbers.get("lead_time"))
        reviews = case["review_period"]
        return cls(laws, stage_arguments(laws, lead_time, 0.0)[1], reviews)

    @property
    def period_end(self) -> ExposedArray:
        """Exposure at the end of a period picked at random, as clause 4 counts."""
        return self.lead_time.in_cycle(self.review_period)

    @property
    def cycle_begin(self) -> ExposedArray:
        """Exposure when what a review ordered has come, before the demand it serves."""
        return self.lead_time.later(np.where(self.review_period == 0.0, -1.0, 0.0))

    @property
    def cycle_end(self) -> ExposedArray:
        """Exposure when the order of the next review is about to come."""
        return self.lead_time.later(self.review_period)

    @property
    def step_periods(self) -> Floats:
        """Periods between the moments at which an order may be placed."""
        return np.maximum(self.review_period, 1.0)

    def take(self, skus: NDArray[np.int64]) -> StageTimes:
        """Give those of some SKUs, in that order."""
        return StageTimes(self.laws.take(skus), self.lead_time.take(skus), self.review_period[skus])


def own_steps(laws: DistributionArray) -> Floats:
    """Step of the lattice on which each demand sits, as whole units do: units, else NaN.

    A known demand counts as a quantity that may be split, and so has none.

    Parameters
    ----------
    laws : DistributionArray of n

    Returns
    -------
    (n,) ndarray of float64
    """
    found = np.full(len(laws), np.nan)
    for group in laws.members:
        found[group.at] = 1.0 if group.family in _WHOLE else np.nan
    given = [(at, law) for at, law in laws.others if isinstance(law, Empirical)]
    tables = list(laws.tables)
    if given:
        places, known = zip(*given, strict=True)
        tables.append(EmpiricalRows.of_laws(np.array(places), known))
    for table in tables:
        numerator, denominator, there = table.lattice()
        found[table.at] = np.where(there & (table.std > 0.0), numerator / denominator, np.nan)
    for at, law in laws.others:
        if not isinstance(law, (Empirical, Deterministic)):
            step = lattice_step(law.size if isinstance(law, CompoundPoisson) else law)
            if step is not None:
                found[at] = step[0] / step[1]
    return found
