"""Covariance from few observations: the sample's, drawn towards a simpler one (Ledoit & Wolf)."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.errors import DomainError, UnknownNameError

Floats: TypeAlias = NDArray[np.float64]
Target: TypeAlias = Literal["common", "none"]

TARGETS = ("common", "none")


def ledoit_wolf(observations: ArrayLike, target: Target = "common") -> tuple[Floats, float]:
    r"""Shrink a sample covariance by the share that minimises the expected squared error.

    The estimate is :math:`\delta F + (1 - \delta) S`, with :math:`S` the sample covariance
    (divided by :math:`n`) and :math:`F` a target of fewer parameters. The best :math:`\delta`
    weighs the noise of :math:`S` against its distance from :math:`F`, both estimated from the same
    observations. It tends to 0 as the history grows: then the sample speaks for itself.

    Parameters
    ----------
    observations : (n, p) array_like of float
        One row per period, one column per series, no gaps, ``n >= 2``.
    target : {"common", "none"}
        ``"common"``: all pairs have the mean correlation, each series its own variance [1]_.
        ``"none"``: no pair is correlated, all series have the mean variance [2]_.

    Returns
    -------
    covariance : (p, p) float64
        Positive definite wherever the target is and ``shrinkage`` is above 0.
    shrinkage : float
        :math:`\delta`, from 0 to 1.

    Raises
    ------
    UnknownNameError
        If there is no such target.
    DomainError
        If the array has not two dimensions, has fewer than two rows, or holds a gap.

    References
    ----------
    .. [1] Ledoit & Wolf (2004), Honey, I shrunk the sample covariance matrix, *Journal of
       Portfolio Management* 30(4), appendix B.
    .. [2] Ledoit & Wolf (2004), A well-conditioned estimator for large-dimensional covariance
       matrices, *Journal of Multivariate Analysis* 88(2), section 3.

    Examples
    --------
    Six observations leave some doubt about the covariance, 22 / 6 in the sample:

    >>> covariance, shrinkage = ledoit_wolf(
    ...     [[3, 1], [-3, -2], [1, 1], [-1, 0], [3, 2], [-3, -2]], target="none")
    >>> covariance.round(3).tolist(), round(shrinkage, 3)
    ([[6.051, 3.149], [3.149, 2.616]], 0.141)
    """
    if target not in TARGETS:
        raise UnknownNameError("shrinkage target", target, TARGETS)
    seen = np.asarray(observations, dtype=np.float64)
    if seen.ndim != 2 or len(seen) < 2 or not np.isfinite(seen).all():
        raise DomainError(
            f"observations have shape {seen.shape} and {int((~np.isfinite(seen)).sum())} gaps. "
            "Fix: give one row per period, two at least, and a finite number in every cell."
        )
    apart = seen - seen.mean(axis=0)
    sample = apart.T @ apart / len(apart)
    # asymptotic variance of each sample covariance, times n
    noise = (apart**2).T @ apart**2 / len(apart) - sample**2
    if target == "none":
        towards = np.eye(len(sample)) * np.trace(sample) / len(sample)
        co_movement = 0.0
    else:
        towards, co_movement = _common_correlation(apart, sample, noise)
    distance = float(((sample - towards) ** 2).sum())
    if distance <= 1e-24 * float((sample**2).sum()):
        return sample, 0.0  # the sample is its own target: nothing to weigh
    weight = (float(noise.sum()) - co_movement) / distance / len(apart)
    shrinkage = float(min(max(weight, 0.0), 1.0))
    return shrinkage * towards + (1.0 - shrinkage) * sample, shrinkage


def _common_correlation(apart: Floats, sample: Floats, noise: Floats) -> tuple[Floats, float]:
    r"""Target of equal correlations, and how far its noise goes along with the sample's.

    The second is the paper's :math:`\hat\rho`: the diagonal of the noise, which the target shares,
    and for the others the covariance of :math:`s_{ij}` with :math:`\bar r\sqrt{s_{ii} s_{jj}}`.
    """
    p = len(sample)
    deviation = np.sqrt(np.diag(sample))
    if p == 1:
        return sample.copy(), float(noise.sum())
    if not (deviation > 0.0).all():
        at = int(np.argmin(deviation > 0.0))
        raise DomainError(
            f"column {at} of the observations never changes, so it has no correlation. "
            "Fix: leave it out."
        )
    correlation = sample / np.outer(deviation, deviation)
    mean = (correlation.sum() - p) / (p * (p - 1))
    towards = mean * np.outer(deviation, deviation)
    np.fill_diagonal(towards, np.diag(sample))
    # theta[i, j]: covariance of s_ii with s_ij, times n
    theta = (apart**3).T @ apart / len(apart) - np.diag(sample)[:, None] * sample
    np.fill_diagonal(theta, 0.0)
    co_movement = float(np.trace(noise) + mean * (theta * deviation / deviation[:, None]).sum())
    return towards, co_movement
