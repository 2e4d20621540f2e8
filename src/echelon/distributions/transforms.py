"""Cumulant generating functions: of real arguments for bounds, of imaginary ones for inversion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from math import sqrt
from typing import Any, TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.closed import negative_binomial_columns
from echelon.distributions.compound import CompoundPoisson
from echelon.distributions.continuous import Gamma, Normal
from echelon.distributions.counts import Binomial, Geometric
from echelon.distributions.discrete import Deterministic, NegativeBinomial, Poisson
from echelon.distributions.empirical import Empirical
from echelon.distributions.mixed import ZeroInflated
from echelon.distributions.sums import Sum
from echelon.kernels.law_kinds import COUNTS, GAMMA, NORMAL, NOTHING, POISSON

Arguments: TypeAlias = NDArray[Any]
"""float64 or complex128, per unit."""
_Row: TypeAlias = tuple[float, float, float, float, float]


@singledispatch
def log_transform(distribution: Distribution, s: Arguments) -> Arguments | None:
    r"""Cumulant generating function :math:`\log E[e^{sX}]`.

    At :math:`s = i\omega` the logarithm of the characteristic function, on the branch that is
    continuous from 0 on, so that :math:`t` times it is that of :math:`t` periods. A family of one's
    own registers its answer with ``log_transform.register``.

    Parameters
    ----------
    distribution : Distribution
    s : ndarray of float64, or of complex128 with no real part
        Per unit.

    Returns
    -------
    ndarray of the same shape, or None
        Infinite where the expectation is; None where no formula is known.

    References
    ----------
    .. [1] Johnson, Kemp & Kotz (2005), *Univariate Discrete Distributions*, and Johnson, Kotz &
       Balakrishnan (1994), *Continuous Univariate Distributions* 1.

    Examples
    --------
    >>> import numpy as np
    >>> log_transform(Poisson(4.0), np.array([0.0, np.log(2.0)]))
    array([0., 4.])
    """
    del distribution, s
    return None


@log_transform.register
def _normal(distribution: Normal, s: Arguments) -> Arguments:
    return np.asarray(distribution.mean * s + 0.5 * distribution.variance * s * s)


@log_transform.register
def _gamma(distribution: Gamma, s: Arguments) -> Arguments:
    return -distribution.shape * _log1p_less(distribution.scale * s)


@log_transform.register
def _poisson(distribution: Poisson, s: Arguments) -> Arguments:
    return np.asarray(distribution.mean * scipy.special.expm1(s))


@log_transform.register
def _negative_binomial(
    distribution: NegativeBinomial | Geometric, s: Arguments
) -> Arguments | None:
    if isinstance(distribution, Geometric) and (distribution.start or not distribution.mean):
        return None
    mean, std = np.asarray(distribution.mean), np.asarray(distribution.std)
    successes, chance, other = negative_binomial_columns(mean, std)
    return np.asarray(-successes * _log1p_less(other / chance * scipy.special.expm1(s)))


@log_transform.register
def _deterministic(distribution: Deterministic, s: Arguments) -> Arguments:
    return np.asarray(distribution.value * s)


@log_transform.register
def _compound(distribution: CompoundPoisson, s: Arguments) -> Arguments | None:
    grown = _growth(distribution.size, s)
    return None if grown is None else np.asarray(distribution.rate * grown)


@log_transform.register
def _sum(distribution: Sum, s: Arguments) -> Arguments | None:
    found = [log_transform(component, s) for component in distribution.components]
    known = [one for one in found if one is not None]
    return np.asarray(sum(known)) if len(known) == len(found) else None


@singledispatch
def _growth(distribution: Distribution, s: Arguments) -> Arguments | None:
    """``E[exp(s X)] - 1``, whose logarithm need not be known."""
    found = log_transform(distribution, s)
    return None if found is None else np.asarray(scipy.special.expm1(found))


@_growth.register
def _empirical_growth(distribution: Empirical, s: Arguments) -> Arguments:
    total = np.zeros_like(s)
    for value, weight in zip(distribution.values, distribution.probabilities, strict=True):
        total = total + weight * scipy.special.expm1(value * s)
    return total


@_growth.register
def _binomial_growth(distribution: Binomial, s: Arguments) -> Arguments:
    one = scipy.special.expm1(s)
    return np.asarray((1.0 + distribution.probability * one) ** distribution.trials - 1.0)


@_growth.register
def _geometric_growth(distribution: Geometric, s: Arguments) -> Arguments | None:
    """Also of those that start at 1, whose logarithm would leave its branch."""
    if not distribution.mean - distribution.start:
        return None
    failures = -_log1p_less((distribution.mean - distribution.start) * scipy.special.expm1(s))
    return np.asarray(scipy.special.expm1(failures + distribution.start * s))


@_growth.register
def _zero_inflated_growth(distribution: ZeroInflated, s: Arguments) -> Arguments | None:
    grown = _growth(distribution.size, s)
    return None if grown is None else np.asarray(distribution.occurrence * grown)


def _log1p_less(u: Arguments) -> Arguments:
    """``log(1 - u)``, minus infinity from ``u = 1`` on, where an expectation is infinite."""
    inside = u.real < 1.0
    return np.where(inside, scipy.special.log1p(np.where(inside, -u, 0.0)), -np.inf)


def transform_rows(components: Sequence[Distribution]) -> Floats | None:
    """Describe laws to :mod:`echelon.kernels.log_transforms`.

    Parameters
    ----------
    components : sequence of Distribution

    Returns
    -------
    (len(components), 5) ndarray of float64, or None
        None where one of them is of no kind that is known there, or has no :func:`log_transform`.
    """
    rows = []
    for one in components:
        row = _row(one)
        if row is None or (row[3] and not row[4]):  # what is known is known of sizes only
            return None
        rows.append(row)
    return np.array(rows)


@singledispatch
def _row(distribution: Distribution) -> _Row | None:
    del distribution
    return None


@_row.register
def _normal_row(distribution: Normal) -> _Row:
    return (NORMAL, distribution.mean, distribution.variance, 0.0, 0.0)


@_row.register
def _gamma_row(distribution: Gamma) -> _Row:
    return (GAMMA, distribution.shape, distribution.scale, 0.0, 0.0)


@_row.register
def _poisson_row(distribution: Poisson) -> _Row:
    return (POISSON, distribution.mean, 0.0, 0.0, 0.0)


@_row.register
def _negative_binomial_row(distribution: NegativeBinomial) -> _Row:
    mean, std = distribution.mean, distribution.std
    excess = (std - sqrt(mean)) * (std + sqrt(mean))
    return (COUNTS, mean * (mean / excess), excess / mean, 0.0, 0.0)


@_row.register
def _geometric_row(distribution: Geometric) -> _Row | None:
    """Failures before the first success; those that start at 1 are known in part."""
    failures = distribution.mean - distribution.start
    return (COUNTS, 1.0, failures, float(distribution.start), 0.0) if failures else None


@_row.register
def _deterministic_row(distribution: Deterministic) -> _Row:
    return (NOTHING, 0.0, 0.0, distribution.value, 0.0)


@_row.register
def _compound_row(distribution: CompoundPoisson) -> _Row | None:
    size = _row(distribution.size)
    return None if size is None or size[-1] else (*size[:-1], distribution.rate)
