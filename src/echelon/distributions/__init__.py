"""Random quantities: one class per family, all under one protocol and in one registry."""

from echelon.distributions.base import (
    FAMILIES,
    Distribution,
    as_distribution,
    family_class,
    make,
    register,
)
from echelon.distributions.check import MomentFault, check_moments
from echelon.distributions.continuous import Gamma, LogNormal, Normal, Uniform
from echelon.distributions.discrete import Deterministic, NegativeBinomial, Poisson
from echelon.distributions.empirical import Empirical
from echelon.distributions.moments import MomentRule, TwoMoments
from echelon.distributions.scipy_adapter import Scipy
from echelon.distributions.truncated_normal import TruncatedNormal

__all__ = [
    "FAMILIES",
    "Deterministic",
    "Distribution",
    "Empirical",
    "Gamma",
    "LogNormal",
    "MomentFault",
    "MomentRule",
    "NegativeBinomial",
    "Normal",
    "Poisson",
    "Scipy",
    "TruncatedNormal",
    "TwoMoments",
    "Uniform",
    "as_distribution",
    "check_moments",
    "family_class",
    "make",
    "register",
]
