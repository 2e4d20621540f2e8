"""A family for a distribution of whole days, if one fits; else its values are kept.

Each family gets the mean and the standard deviation of the values. The likeliest is kept if the
largest distance between its distribution function and theirs is no larger than chance explains.
Because the moments come from the same values, the tables of Kolmogorov and Smirnov do not hold;
chance is measured as Lilliefors did, on samples of the family itself, rounded to days and fitted in
the same way [1]_. Sampling stops as soon as the answer is known [2]_.

References
----------
.. [1] Lilliefors (1967), On the Kolmogorov-Smirnov test for normality with mean and
   variance unknown, *JASA* 62(318).
.. [2] Besag & Clifford (1991), Sequential Monte Carlo p-values, *Biometrika* 78(2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from echelon.distributions import Deterministic, Distribution, Empirical, family_class
from echelon.distributions.moments import COMMON_RULES
from echelon.errors import DomainError
from echelon.lead_time.estimate import Floats

SAMPLES = 99
ENOUGH = 4
"""So many samples at least as far off make the p-value ``(1 + 4) / (1 + 99)``, 5 %: it fits."""
LEAST = 5.0
"""Effective shipments below which no family is tried: any would seem to fit."""

MOST = 2_000.0
"""Effective shipments at which the test stops growing sharper: what it would reject with more is
too small a misfit to matter."""


def require_families(families: Sequence[str]) -> tuple[str, ...]:
    """Check names of families: known, and made from a mean and a standard deviation.

    Raises
    ------
    DomainError
        If it is one text, or a family needs more than its moments.
    UnknownNameError
        If a name is not known.
    """
    if isinstance(families, str):
        raise DomainError(f"families is the text {families!r}. Fix: give ({families!r},).")
    for name in families:
        if not _allows(name, 10.0, 5.0):
            raise DomainError(
                f"family {name!r} is not made from a mean and a standard deviation alone. "
                "Fix: leave it out; values are kept as 'empirical' where no family fits."
            )
    return tuple(families)


def choose(
    days: Floats,
    probabilities: Floats,
    effective: float,
    families: Sequence[str],
    rng: np.random.Generator,
    days_per_period: float,
) -> Distribution:
    """Give the family that fits, or the values themselves.

    Parameters
    ----------
    days, probabilities : (n,) ndarray of float64
        Whole days, ascending, and their probabilities.
    effective : float
        Shipments behind them.
    families : sequence of str
        Candidates.
    rng : Generator
        For the samples of the test.
    days_per_period : float

    Returns
    -------
    Distribution
        In periods.
    """
    mean = float(days @ probabilities)
    std = float(np.sqrt(((days - mean) ** 2) @ probabilities))
    if len(days) == 1:
        return Deterministic(mean / days_per_period)
    possible = [name for name in families if _allows(name, mean, std)]
    if effective < LEAST or not possible:
        return _values(days, probabilities, days_per_period)
    likelihood = {name: _likelihood(name, mean, std, days, probabilities) for name in possible}
    best = max(possible, key=lambda name: likelihood[name])
    if not _fits(best, mean, std, days, probabilities, round(min(effective, MOST)), rng):
        return _values(days, probabilities, days_per_period)
    return family_class(best).from_moments(mean / days_per_period, std / days_per_period)


def _values(days: Floats, probabilities: Floats, days_per_period: float) -> Empirical:
    return Empirical(tuple((days / days_per_period).tolist()), tuple(probabilities.tolist()))


def _allows(name: str, mean: float, std: float) -> bool:
    cls = family_class(name)
    return cls.expected_std(mean) is None and not any(
        rule.broken(mean, std) for rule in (*COMMON_RULES, *cls.moment_rules)
    )


def _likelihood(name: str, mean: float, std: float, days: Floats, probabilities: Floats) -> float:
    """Mean log-likelihood of whole days: the probability of the day, half a day to either side."""
    made = family_class(name).from_moments(mean, std)
    mass = made.cdf(days + 0.5) - np.where(days > 0.0, made.cdf(days - 0.5), 0.0)
    return float(probabilities @ np.log(np.maximum(mass, 1e-300)))


def _distance(made: Distribution, days: Floats, cumulated: Floats) -> float:
    """Largest difference of the distribution functions, between the days, where both are flat."""
    upper = np.abs(made.cdf(days + 0.5) - cumulated)
    before = np.concatenate(([0.0], cumulated[:-1]))
    lower = np.abs(made.cdf(days - 0.5) - before)[days > 0.0]
    return float(max(upper.max(), lower.max(initial=0.0)))


def _fits(
    name: str,
    mean: float,
    std: float,
    days: Floats,
    probabilities: Floats,
    size: int,
    rng: np.random.Generator,
) -> bool:
    cls = family_class(name)
    made = cls.from_moments(mean, std)
    observed = _distance(made, days, np.cumsum(probabilities))
    farther = 0
    for sample in range(SAMPLES):
        drawn = np.maximum(np.rint(made.sample(rng, size)), 0.0)
        values, counts = np.unique(drawn, return_counts=True)
        centre, spread = float(drawn.mean()), float(drawn.std())
        # a sample of one value or beyond the family's limits is no evidence that it fits
        if len(values) > 1 and _allows(name, centre, spread):
            again = cls.from_moments(centre, spread)
            farther += _distance(again, values, np.cumsum(counts) / size) >= observed
        if farther >= ENOUGH:
            return True
        if farther + SAMPLES - sample - 1 < ENOUGH:
            return False
    return False
