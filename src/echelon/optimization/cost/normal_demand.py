"""Demand as normal as it is seen, for stages whose own is not known."""

from __future__ import annotations

import numpy as np

from echelon.distributions import Deterministic, Distribution, Normal
from echelon.optimization.cost.demand_over_time import SteadyDemand


def as_normal(demand: SteadyDemand) -> tuple[Distribution, float]:
    """Give normal demand of one period, and the cycle service level of its safety factor."""
    from scipy.special import ndtr

    law: Distribution = Deterministic(demand.rate)
    if demand.std > 0.0:
        law = Normal(demand.rate, demand.std)
    return law, float(ndtr(np.float64(demand.safety_factor)))
