"""Random quantities: one class per family, all under one protocol and in one registry."""

from echelon.distributions.array import DistributionArray, array
from echelon.distributions.base import (
    FAMILIES,
    Distribution,
    as_distribution,
    family_class,
    make,
    register,
)
from echelon.distributions.check import MomentFault, check_moments
from echelon.distributions.compound import CompoundPoisson
from echelon.distributions.continuous import Gamma, LogNormal, Normal, Uniform
from echelon.distributions.counts import Binomial, Geometric
from echelon.distributions.discrete import Deterministic, NegativeBinomial, Poisson
from echelon.distributions.empirical import Empirical
from echelon.distributions.empirical_array import empirical_array
from echelon.distributions.loss import expected_shortage
from echelon.distributions.mixed import Mixture, ZeroInflated
from echelon.distributions.moments import MomentRule, TwoMoments
from echelon.distributions.per_period import PerPeriod
from echelon.distributions.scipy_adapter import Scipy
from echelon.distributions.smoothed import SmoothedEmpirical
from echelon.distributions.sums import Sum, sum_of
from echelon.distributions.triangular import Triangular
from echelon.distributions.truncated_normal import TruncatedNormal
from echelon.distributions.weibull import Weibull

__all__ = [
    "FAMILIES",
    "Binomial",
    "CompoundPoisson",
    "Deterministic",
    "Distribution",
    "DistributionArray",
    "Empirical",
    "Gamma",
    "Geometric",
    "LogNormal",
    "Mixture",
    "MomentFault",
    "MomentRule",
    "NegativeBinomial",
    "Normal",
    "PerPeriod",
    "Poisson",
    "Scipy",
    "SmoothedEmpirical",
    "Sum",
    "Triangular",
    "TruncatedNormal",
    "TwoMoments",
    "Uniform",
    "Weibull",
    "ZeroInflated",
    "array",
    "as_distribution",
    "check_moments",
    "empirical_array",
    "expected_shortage",
    "family_class",
    "make",
    "register",
    "sum_of",
]
