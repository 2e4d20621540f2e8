"""Demand of a lead time for many SKUs at once: what it leaves of a level, and its quantiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray, Members
from echelon.distributions.base import Distribution
from echelon.distributions.closed import CLOSED
from echelon.distributions.lattice import (
    MOST_POINTS,
    default_step,
    lattice_ends,
    lattice_step,
)
from echelon.lead_time.exposed_periods import ExposedPeriods, exposed_periods
from echelon.lead_time.exposure import exposure_of_periods
from echelon.lead_time.totals import ExposureDemand

Times: TypeAlias = Floats | Sequence[ExposedPeriods]
"""Periods that one stage is exposed to: a number for each SKU, or several with probabilities."""

Part: TypeAlias = tuple[NDArray[np.int64], ExposureDemand]

_FINER = 4


@dataclass(frozen=True, slots=True)
class LeadTimeDemand:
    """Demand over the exposure of one stage, one entry per SKU.

    Attributes
    ----------
    closed : DistributionArray of n
        Totals in closed form; entries elsewhere stand for nothing.
    others : tuple of ((m,) int64, ExposureDemand of m)
        Those without a closed form, with their positions.
    mean, std : (n,) float64
        Units.
    """

    closed: DistributionArray
    others: tuple[Part, ...]
    mean: Floats
    std: Floats

    @property
    def moves(self) -> NDArray[np.bool_]:
        """Whether there is any demand, known or not, (n,)."""
        return np.asarray((self.std > 0.0) | (self.mean != 0.0))

    def leftover(self, level: Floats) -> Floats:
        """Expected units of (k, n) levels that the demand leaves."""
        left = level - self.closed.mean + self.closed.shortage(level)
        for at, part in self.others:
            left[..., at] = part.leftover(level[..., at])
        return np.maximum(left, 0.0)

    def shortage(self, level: Floats) -> Floats:
        """Expected units above (n,) levels."""
        short = self.closed.shortage(level)
        for at, part in self.others:
            short[..., at] = part.shortage(level[..., at])
        return short

    def quantile(self, share: Floats) -> Floats:
        """Smallest level that the demand stays at or below with probability ``share``, (n,)."""
        found = np.array(self.mean)
        for group in self.closed.members:
            at = group.at
            found[at] = _quantile(group.family, share[at], group.mean, group.std)
        for at, part in self.others:
            found[at] = part.ppf(share[at])
        return found


def lead_time_demand(demand: DistributionArray, times: Times) -> LeadTimeDemand:
    """Total demand over so many periods.

    Parameters
    ----------
    demand : DistributionArray of n
        Of one period, units.
    times : (n,) ndarray of float, or sequence of n ExposedPeriods
        Periods.

    Returns
    -------
    LeadTimeDemand

    Raises
    ------
    DomainError
        If a demand that has no sum over a fraction of a period is exposed to one.
    """
    n = len(demand)
    members: list[Members] = []
    covered = np.zeros(n, dtype=bool)
    if isinstance(times, np.ndarray):
        for group in demand.members:
            time = times[group.at]
            some = (time > 0.0) & ((group.std > 0.0) | (group.family == "deterministic"))
            for family, rows in ((group.family, some), ("deterministic", ~some)):
                at, t = group.at[rows], time[rows]
                if at.size:
                    mean, std = group.mean[rows] * t, group.std[rows] * np.sqrt(t)
                    members.append(Members(family, at, mean, std))
            covered[group.at] = True
    rest = np.flatnonzero(~covered)
    others: tuple[Part, ...] = ()
    if rest.size:
        zeros = np.zeros(rest.size)
        members.append(Members("deterministic", rest, zeros, zeros))
        laws: list[Distribution] = list(demand.take(rest))
        exposed = (
            [exposed_periods(time) for time in times[rest].tolist()]
            if isinstance(times, np.ndarray)
            else list(times)
        )
        others = tuple(_others(laws, exposed, rest))
    closed = DistributionArray(n, members, [])
    mean, std = np.array(closed.mean), np.array(closed.std)
    for at, part in others:
        mean[at], std[at] = part.mean, part.std
    return LeadTimeDemand(closed, others, mean, std)


def _others(
    laws: list[Distribution], exposed: list[ExposedPeriods], at: NDArray[np.int64]
) -> Iterator[Part]:
    """Totals without a closed form: those of densities each on a lattice of its own."""
    steps = [_step(law, time) for law, time in zip(laws, exposed, strict=True)]
    plain = [k for k, step in enumerate(steps) if step is None]
    if plain:
        found = exposure_of_periods([laws[k] for k in plain], [exposed[k] for k in plain])
        yield at[plain], found
    for k, step in enumerate(steps):
        if step is not None:
            yield at[k : k + 1], exposure_of_periods([laws[k]], [exposed[k]], step=step)


def _step(law: Distribution, exposed: ExposedPeriods) -> float | None:
    """A finer lattice for what has a density and no closed sums, if it stays short enough.

    Four times as fine as usual: it adds a 400,000th to the variance of a period.
    """
    if lattice_step(law) is not None or law.std == 0.0 or law.sum_over(2.0) is not None:
        return None
    begin, end = lattice_ends(law)
    step = default_step(law) / _FINER
    longest = max(float(exposed.periods[-1]), 1.0) * (end - begin)
    return step if longest / step < MOST_POINTS / _FINER else None


def _quantile(family: str, share: Floats, mean: Floats, std: Floats) -> Floats:
    if family == "deterministic":
        return mean
    if family == "normal":
        return np.asarray(mean + std * scipy.special.ndtri(share))
    if family == "gamma":
        scale = std * (std / mean)
        return np.asarray(scale * scipy.special.gammaincinv((mean / std) ** 2, share))
    cdf = CLOSED[family].cdf
    low, high = np.full(len(mean), -1.0), np.ceil(mean + 4.0 * std + 4.0)
    while (short := cdf(high, mean, std) < share).any():
        low, high = np.where(short, high, low), np.where(short, 2.0 * high, high)
    while (high - low > 1.0).any():
        middle = np.floor(0.5 * (low + high))
        enough = (cdf(middle, mean, std) >= share) | (middle <= low)
        low, high = np.where(enough, low, middle), np.where(enough & (middle > low), middle, high)
    return np.maximum(high, 0.0)
