"""Demand as probabilities on lattice points, ragged over SKUs: what the recursions read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.lattice_total import lattice_total
from echelon.lead_time.exposure import Demands, LeadTimes, stage_arguments


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
    lead_time: LeadTimes = 1.0,
    review_period: ArrayLike = 0.0,
    *,
    step: float | None = None,
) -> Masses:
    """Demand over an exposure, put on a lattice for each SKU.

    Parameters
    ----------
    demand, lead_time, review_period
        See :func:`~echelon.lead_time.exposure.exposure_demand`; by default the demand of one
        period.
    step : float, optional
        Of a density, units; see :func:`~echelon.distributions.lattice.increments_of`. Demand that
        sits on a lattice of its own stays there.

    Returns
    -------
    Masses

    Raises
    ------
    DomainError
        If lengths differ, a time is negative, or a time is not whole.
    """
    laws, periods, reviews, _ = stage_arguments(demand, lead_time, review_period)
    totals = []
    for law, time, review in zip(laws, periods, reviews.tolist(), strict=True):
        exposed = time.later(review)
        totals.append(
            lattice_total(law, exposed.periods.tolist(), exposed.weights.tolist(), step=step)
        )
    sizes = [len(total.mass) for total in totals]
    return Masses(
        np.array([total.step for total in totals]),
        np.array([total.first for total in totals], dtype=np.int64),
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        np.concatenate([total.mass for total in totals]),
    )


def masses_of(laws: Sequence[Distribution], *, step: float | None = None) -> Masses:
    """Distributions as they are, put on a lattice each; see :func:`exposure_masses`."""
    return exposure_masses(list(laws), 1.0, step=step)
