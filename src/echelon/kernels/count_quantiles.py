r"""Quantiles of Poisson and negative binomial demand over many times, by counting.

From a guess by three moments on: the probability of the guess itself by its formula, that of the
side with fewer terms by adding up, :math:`p_{k+1} / p_k = q (r + k)/(k + 1)` or
:math:`\mu/(k + 1)`, and then steps of one. What is found is the same whole number as that of the
distribution function; where rounding might decide, or counts are large, nothing is.
"""

from __future__ import annotations

import math
from typing import Final

from echelon.kernels._jit import Floats, jit, jit_step

_LARGEST: Final = 2e4
"""Counts up to which logarithms of factorials are exact enough, and sums short enough."""
_TIE: Final = 1e-9
"""So near to a share, over the probability added up, that rounding may decide: some 1e-11 here."""
_ROUNDING: Final = 1e-14
"""The same of a distribution function near 1."""


@jit
def count_quantiles(
    times: Floats, mean: Floats, excess: Floats, share: Floats, normal: Floats, found: Floats
) -> None:
    """Smallest counts that demands stay within with probability ``share``.

    Each (n,): times, periods, above 0; mean and excess, mean of one period and what its variance is
    above it, 0 of a Poisson demand; normal, the standard normal quantile of the share. found (n,)
    is overwritten, NaN where it is left to a slower way.
    """
    for i in range(times.shape[0]):
        found[i] = _quantile(times[i] * mean[i], times[i] * excess[i], share[i], normal[i])


@jit_step
def _quantile(mean: float, excess: float, share: float, normal: float) -> float:
    variance = mean + excess
    std = math.sqrt(variance)
    successes = mean * (mean / excess) if excess > 0.0 else 0.0
    other = excess / variance
    if not mean + 10.0 * max(std, variance / mean) + successes < _LARGEST:
        return math.nan
    skewed = min((2.0 * variance - mean) / (mean * std), 8.0)
    cube = max(1.0 + skewed * normal / 6.0 - skewed * skewed / 36.0, 0.0) ** 3
    k = float(max(math.floor(mean + std * (2.0 / skewed) * (cube - 1.0)), 0))
    if k > _LARGEST:
        return math.nan
    log_chance = -mean
    if excess > 0.0:
        log_chance = math.lgamma(k + successes) - math.lgamma(successes)
        log_chance += successes * math.log1p(-other) + k * math.log(other)
    elif k > 0.0:
        log_chance += k * math.log(mean)
    chance = math.exp(log_chance - math.lgamma(k + 1.0))
    if not chance > 0.0:
        return math.nan
    scale = other if excess > 0.0 else mean
    above = k > mean
    gap = _gap(k, chance, scale, successes, above, share)
    tie = _TIE * (1.0 - share if above else share) + _ROUNDING
    while gap < 0.0:
        chance *= _ratio(k, scale, successes)
        k += 1.0
        gap += chance
        if k > _LARGEST:
            return math.nan
    while k > 0.0 and gap - chance >= 0.0:
        gap -= chance
        k -= 1.0
        chance /= _ratio(k, scale, successes)
    if gap < tie or (k > 0.0 and chance - gap < tie):
        return math.nan
    return k


@jit_step
def _ratio(k: float, scale: float, successes: float) -> float:
    """Probability of one more than k over that of k; without successes it is Poisson demand."""
    return scale * (k + successes if successes > 0.0 else 1.0) / (k + 1.0)


@jit_step
def _gap(
    k: float, chance: float, scale: float, successes: float, above: bool, share: float
) -> float:
    """Probability of at most k less a share, from the terms above k or from those up to it."""
    if above:
        beyond, term, at = 0.0, chance, k
        while term > 1e-17 * beyond:
            term *= _ratio(at, scale, successes)
            beyond += term
            at += 1.0
        return (1.0 - share) - beyond
    within, term, at = chance, chance, k
    while at > 0.0 and term > 1e-17 * within:
        at -= 1.0
        term /= _ratio(at, scale, successes)
        within += term
    return within - share
