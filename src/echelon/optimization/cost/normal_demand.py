"""Demand as normal as it is seen, for stages whose own is not known."""

from __future__ import annotations

from itertools import chain

import numpy as np

from echelon.distributions import Deterministic, Distribution, Normal
from echelon.distributions.moments import rules_of
from echelon.network.compiled import Floats
from echelon.optimization.cost.demand_over_time import SteadyDemand


def as_normal(demand: SteadyDemand) -> tuple[Distribution, float]:
    """Give normal demand of one period, and the cycle service level of its safety factor."""
    from scipy.special import ndtr

    return _normal(demand.rate, demand.std), float(ndtr(np.float64(demand.safety_factor)))


def normal_demands(mean: Floats, std: Floats) -> list[Distribution]:
    """Give normal demand of one period for each pair of moments (units), known where std is 0."""
    odd = ~(std > 0.0)
    for rule in chain(*rules_of(Normal)):
        odd |= rule.broken(mean, std)
    make = (Normal.of_checked, _normal)  # the second looks at the moments again, and says what for
    each = zip(odd.tolist(), mean.tolist(), std.tolist(), strict=True)
    return [make[is_odd](*moments) for is_odd, *moments in each]


def _normal(mean: float, std: float) -> Distribution:
    return Normal(mean, std) if std > 0.0 else Deterministic(mean)
