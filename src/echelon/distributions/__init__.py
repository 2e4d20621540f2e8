"""Random quantities: one class per family, all under one protocol and in one registry."""

from echelon.distributions.base import (
    FAMILIES,
    Distribution,
    MomentFault,
    MomentRule,
    as_distribution,
    check_moments,
    family_class,
    make,
    register,
)
from echelon.distributions.continuous import Gamma, LogNormal, Normal, TruncatedNormal, Uniform
from echelon.distributions.discrete import Deterministic, NegativeBinomial, Poisson
from echelon.distributions.empirical import Empirical
from echelon.distributions.scipy_adapter import Scipy

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
    "Uniform",
    "as_distribution",
    "check_moments",
    "family_class",
    "make",
    "register",
]
