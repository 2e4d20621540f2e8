"""Stock under the normal bound: the default wherever no distribution is known."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.cost.demand_over_time import DemandOverTime
from echelon.optimization.cost.stage_stock import StageTimes


@dataclass(frozen=True, slots=True)
class NormalBound:
    r"""Safety stock of so many standard deviations of the demand over the time covered.

    :math:`\sqrt{\beta^2(\tau) + (z\mu\sigma_T)^2}` over ``tau`` periods, with :math:`\beta^2` the
    variance of the bound, :math:`\beta^2\tau` of steady demand, and :math:`\sigma_T` the standard
    deviation of the wait for supplies [1]_ [2]_.

    Attributes
    ----------
    demand : DemandOverTime
    wait_std : float
        :math:`\sigma_T`, periods.

    References
    ----------
    .. [1] Graves & Willems (2000), *Manufacturing & Service Operations Management* 2(1).
    .. [2] Humair, Ruark, Tomlin & Willems (2013), *Interfaces* 43(5).
    """

    demand: DemandOverTime
    wait_std: float = 0.0
    covered_only = True

    @property
    def concave(self) -> bool:
        """As the demand's bound is."""
        return self.demand.concave

    def safety_stock(self, times: StageTimes) -> Floats:
        """Safety stock, units."""
        noise = float(self.demand.safety_factor * self.demand.rate * self.wait_std)
        return np.asarray(np.sqrt(self.demand.bound_variance(times.covered) + noise**2))

    def base_stock(self, times: StageTimes) -> Floats:
        """Mean demand and safety stock, units."""
        return np.asarray(self.demand.mean(times.covered) + self.safety_stock(times))

    def extra_stock(self, times: StageTimes) -> Floats:
        """None."""
        return np.zeros(np.shape(times.covered))

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Cycle service level; NaN where the demand is not normal.

        The normal bound is then an approximation of unknown error. At least that where several
        lanes into the stage vary.
        """
        from scipy.special import ndtr

        variance = float(self.demand.variance(times.covered))
        noise = self.demand.rate * self.wait_std
        spread = sqrt(variance + noise**2)
        if spread == 0.0:
            return 1.0  # exposed to nothing that varies: each order is filled by what it triggers
        if not (self.demand.normal or variance == 0.0):
            return float("nan")
        mean = float(self.demand.mean(times.covered))
        return float(ndtr((base_stock - mean) / spread))
