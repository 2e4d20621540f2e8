"""Laws that a simulation draws besides demand: whole periods of a lead time, the good share."""

from __future__ import annotations

from math import ceil, isfinite
from typing import Final

import numpy as np

from echelon.distributions import (
    Deterministic,
    Distribution,
    Empirical,
    PerPeriod,
    Scipy,
    ZeroInflated,
    expected_shortage,
)
from echelon.errors import DomainError
from echelon.simulation.drawn.point_tables import rounded_points

_MOST_PERIODS: Final = 1_000_000


def whole_periods(lead_time: Distribution) -> Empirical:
    r"""Put a lead time on whole periods, keeping its mean.

    A time :math:`L` between two whole numbers becomes the one below or the one above, the nearer
    one more often: :math:`p(k) = E[(1 - |L - k|)^+]`. The mean stays; the variance grows by at
    most a quarter of a period squared [1]_. A time in whole periods stays as it is.

    Parameters
    ----------
    lead_time : Distribution
        Periods, not negative.

    Returns
    -------
    Empirical
        What a draw can give: probabilities are whole multiples of ``2**-32``, and its last value
        is the longest time that can be drawn.

    Raises
    ------
    DomainError
        If the lead time may be negative, changes from period to period, or may take more than a
        million periods.

    References
    ----------
    .. [1] Gerber (1982), On the numerical evaluation of the distribution of aggregate claims and
       its stop-loss premiums, *Insurance: Mathematics and Economics* 1(1).

    Examples
    --------
    >>> from echelon.distributions import Gamma, Uniform
    >>> times = whole_periods(Uniform(2.0, 4.0))
    >>> times.values, times.probabilities
    ((2.0, 3.0, 4.0), (0.25, 0.5, 0.25))
    >>> times = whole_periods(Gamma(3.0, 1.0))
    >>> round(times.mean, 6), times.values[-1]
    (3.0, 14.0)
    """
    if isinstance(lead_time, PerPeriod):
        raise DomainError(
            f"{lead_time!r} changes from period to period. Fix: give one distribution."
        )
    low, high = lead_time.support
    if low < 0.0:
        raise DomainError(
            f"lead time {lead_time!r} may be negative. "
            "Fix: give a family of times, 'gamma' or 'truncated_normal' for example."
        )
    longest = high if isfinite(high) else float(lead_time.ppf(1.0 - 2.0**-36))
    if longest > _MOST_PERIODS:
        raise DomainError(
            f"lead time {lead_time!r} may take {longest:,.0f} periods, more than "
            f"{_MOST_PERIODS:,}. Fix: give it in longer periods, or a family with a shorter tail."
        )
    number = np.arange(-1.0, ceil(longest) + 2.0)
    # the weight of a whole period is the second difference of the expected excess
    excess = np.asarray(expected_shortage(lead_time, number))
    mass = np.maximum(excess[:-2] - 2.0 * excess[1:-1] + excess[2:], 0.0)
    values, probabilities = rounded_points(number[1:-1], mass)
    return Empirical(tuple(values.tolist()), tuple(probabilities.tolist()))


def good_share(mean: float, std: float = 0.0, lot_failure: float = 0.0) -> Distribution:
    """Give the law of the good share of a lot: a beta variable, or 0 where the lot is lost.

    Parameters
    ----------
    mean : float
        Above 0 and at most 1; of lots that are not lost.
    std : float, default 0.0
        Standard deviation of the same, less than ``(mean * (1 - mean))**0.5``; 0 is the mean
        itself.
    lot_failure : float, default 0.0
        Probability that a lot is lost as a whole, at least 0 and below 1.

    Returns
    -------
    Distribution

    Raises
    ------
    DomainError
        If a number is missing or out of range; tells of each.

    Examples
    --------
    >>> share = good_share(0.9, 0.05, lot_failure=0.02)
    >>> round(share.mean, 6), float(share.ppf(0.02))
    (0.882, 0.0)
    """
    faults = []
    if not 0.0 < mean <= 1.0:
        faults.append(f"mean is {mean!r}. Fix: give a share above 0 and at most 1.")
    elif not (std >= 0.0 and (std == 0.0 or std * std < mean * (1.0 - mean))):
        most = (mean * (1.0 - mean)) ** 0.5
        faults.append(
            f"std is {std!r}. Fix: give one from 0 to below {most:.6g}, which shares between 0 and "
            f"1 with mean {mean!r} cannot exceed."
        )
    if not 0.0 <= lot_failure < 1.0:
        faults.append(f"lot_failure is {lot_failure!r}. Fix: give a probability below 1.")
    if faults:
        raise DomainError("good share: " + "; ".join(faults))
    share: Distribution = Deterministic(mean)
    if std > 0.0:
        total = mean * (1.0 - mean) / std**2 - 1.0
        share = Scipy("beta", (mean * total, (1.0 - mean) * total))
    return share if lot_failure == 0.0 else ZeroInflated(1.0 - lot_failure, share)
