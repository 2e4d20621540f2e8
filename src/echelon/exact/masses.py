"""Demand as probabilities on lattice points, ragged over SKUs: what the recursions read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.distributions.base import Distribution
from echelon.distributions.compound import CompoundPoisson
from echelon.distributions.lattice_rows import LatticeRows
from echelon.distributions.lattice_sum import total_of_sums
from echelon.distributions.lattice_total import lattice_total
from echelon.lead_time.exposed_array import ExposedArray
from echelon.lead_time.exposure import Demands, LeadTimes, require_whole, stage_arguments
from echelon.lead_time.exposure_rows import (
    COUNTS,
    StageRows,
    count_rows,
    empirical_rows_over,
    excess_of,
    law_rows,
)


@dataclass(frozen=True, slots=True)
class Masses:
    """Probabilities of the points ``(first + k) * step``, k = 0, 1, …, SKU after SKU.

    Attributes
    ----------
    step : (n,) float64
        Distance between points, units.
    first : (n,) int64
        Number of the first point.
    ptr : (n + 1,) int64
        Where each SKU begins in ``mass``.
    mass : (m,) float64
        Together 1 for each SKU.
    """

    step: Floats
    first: NDArray[np.int64]
    ptr: NDArray[np.int64]
    mass: Floats

    def of(self, sku: int) -> Floats:
        """Give the probabilities of one SKU, a view."""
        return self.mass[self.ptr[sku] : self.ptr[sku + 1]]


def exposure_masses(
    demand: Demands,
    lead_time: LeadTimes | ExposedArray = 1.0,
    review_period: ArrayLike = 0.0,
    *,
    step: float | None = None,
) -> Masses:
    """Demand over an exposure, put on a lattice for each SKU, all SKUs at once.

    Counts (Poisson, negative binomial, binomial, geometric) by the ratios of their probabilities,
    from 0 on; other demand on a lattice by batches of Fourier transforms. Either leaves out a
    probability of 1e-14 at most. The rest SKU by SKU, see
    :func:`~echelon.distributions.lattice_total.lattice_total`, which is the plain twin of all.

    Parameters
    ----------
    demand, lead_time, review_period
        See :func:`~echelon.lead_time.exposure.exposure_demand`; by default the demand of one
        period. Exposures known number by number may stand for lead times.
    step : float, optional
        Of a density, units; see :func:`~echelon.distributions.lattice.increments_of`. Demand that
        sits on a lattice of its own stays there.

    Returns
    -------
    Masses

    Raises
    ------
    DomainError
        If lengths differ, a time is negative, or a demand that has no sum over a fraction of a
        period is exposed to one.

    Examples
    --------
    >>> from echelon.distributions import array
    >>> made = exposure_masses(array("poisson", mean=[0.5, 3.0]), lead_time=[2, 1])
    >>> made.of(0)[:3].round(4).tolist()
    [0.3679, 0.3679, 0.1839]
    """
    if isinstance(lead_time, ExposedArray):
        laws, _, reviews, _ = stage_arguments(demand, 0.0, review_period)
        if len(laws) < len(lead_time):
            laws = laws.take(np.zeros(len(lead_time), dtype=np.int64))
        exposed = lead_time.later(reviews)
    else:
        laws, periods, reviews, _ = stage_arguments(demand, lead_time, review_period)
        exposed = periods.later(reviews)
    parts = [part for part in _batches(laws, exposed) if len(part.stage)]
    left = np.ones(len(laws), dtype=bool)
    for part in parts:
        left[part.stage] = False
    parts += [_one(laws[stage], stage, exposed, step) for stage in np.flatnonzero(left).tolist()]
    rows = StageRows.together(parts).rows
    return Masses(rows.step, rows.first, rows.ptr, rows.mass)


def masses_of(laws: Demands, *, step: float | None = None) -> Masses:
    """Distributions as they are, put on a lattice each; see :func:`exposure_masses`."""
    return exposure_masses(laws, 1.0, step=step)


def _batches(laws: DistributionArray, exposed: ExposedArray) -> list[StageRows]:
    """Lattices of the stages whose demand sits on one."""
    parts = []
    for group in laws.members:
        if group.family in COUNTS:
            excess = (
                np.zeros(len(group.at))
                if group.family == "poisson"
                else excess_of(group.mean, group.std)
            )
            parts.append(count_rows(group.at, group.mean, excess, exposed)[0])
    parts += [empirical_rows_over(table, exposed) for table in laws.tables]
    return parts + law_rows(laws.others, exposed)


def _one(law: Distribution, stage: int, exposed: ExposedArray, step: float | None) -> StageRows:
    """Lattice of one stage by itself."""
    time = exposed[stage]
    times, weights = time.periods.tolist(), time.weights.tolist()
    if isinstance(law, CompoundPoisson):
        made = lattice_total(law.size, times, weights, events=law.rate, step=step)
    elif time.whole:
        made = lattice_total(law, times, weights, step=step)
    else:
        totals = [law.sum_over(one) for one in times]
        known = [total for total in totals if total is not None]
        if len(known) < len(totals):
            require_whole(law, time, stage)
        made = total_of_sums(known, weights, step)
    rows = LatticeRows(
        np.array([made.numerator], dtype=np.float64),
        np.array([made.denominator], dtype=np.float64),
        np.array([made.first], dtype=np.int64),
        np.array([0, len(made.mass)], dtype=np.int64),
        made.mass,
    )
    return StageRows(np.array([stage]), rows)
