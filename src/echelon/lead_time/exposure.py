"""Demand over a fixed or random exposure: which form its sums take, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, inf, log2
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.distributions.base import Distribution, as_distribution
from echelon.distributions.closed import CLOSED
from echelon.distributions.compound import CompoundPoisson
from echelon.distributions.counts import Geometric
from echelon.distributions.discrete import NegativeBinomial
from echelon.distributions.lattice_sum import total_of_sums
from echelon.distributions.lattice_total import LatticeTotal, lattice_total
from echelon.distributions.mixed import ZeroInflated
from echelon.distributions.per_period import PerPeriod
from echelon.distributions.sums import Sum
from echelon.errors import DomainError, UnknownNameError
from echelon.lead_time.exposed_periods import (
    ExposedPeriods,
    binomial_counts,
    exposed_periods,
    not_negative,
    poisson_counts,
)
from echelon.lead_time.totals import ExposureDemand, Terms

METHODS = ("exact", "normal", "gamma")
"""The distribution itself, or a normal or a gamma one of its mean and variance."""

Demands: TypeAlias = Distribution | Sequence[Distribution]
LeadTimes: TypeAlias = float | Distribution | Sequence[float | Distribution] | Floats


def exposure_demand(
    demand: Demands,
    lead_time: LeadTimes = 0.0,
    review_period: ArrayLike = 0.0,
    *,
    method: str = "exact",
    step: float | None = None,
) -> ExposureDemand:
    r"""Distribution of the demand over a lead time and a review period (clause 2).

    A random lead time is a mixture over its values, never two moments, unless asked for:
    :math:`P(D \le x) = \sum_l P(L = l)\,P(D_1 + \dots + D_{l + R} \le x)`. The sums are taken

    - in closed form where the demand has one (``sum_over``), also over fractions of a period; so
      are the sums of Poisson and zero-inflated numbers of orders whose sizes have one;
    - exactly on the lattice of the demand, by fast Fourier transform, where it has one;
    - on a fine lattice otherwise, with a stated bound on the error.

    Parameters
    ----------
    demand : Distribution or sequence of n_stages
        Of one period, periods being independent; units. Frozen ``scipy.stats`` ones are accepted.
    lead_time : float, Distribution, or sequence of n_stages of either
        Periods, not negative.
    review_period : float or (n_stages,) array_like of float, default 0
        Periods, not negative.
    method : {"exact", "normal", "gamma"}
        The last two keep the mean and the variance only: a normal or a gamma distribution with
        :math:`\mu E[A]` and :math:`\sigma^2 E[A] + \mu^2\,\mathrm{Var}[A]`, :math:`A` the exposure.
    step : float, optional
        Of the fine lattice, units; default a 64th of the deviation of one period, or less, and more
        only where a heavy tail would take over two million points.

    Returns
    -------
    ExposureDemand
        Of shape ``()`` if no argument is a sequence.

    Raises
    ------
    UnknownNameError
        If the method is none.
    DomainError
        If lengths differ, a time is negative, a demand that has no sum over a fraction of a period
        is exposed to one, or one changes from period to period (:class:`PerPeriod`).

    Examples
    --------
    Two weeks by air or nine by sea, ordered weekly: the normal formula is 26 units short.

    >>> from echelon.distributions import Empirical, Gamma
    >>> demand, lead_time = Gamma(10.0, 4.0), Empirical([2, 9], [0.9, 0.1])
    >>> exact = exposure_demand(demand, lead_time, 1)
    >>> normal = exposure_demand(demand, lead_time, 1, method="normal")
    >>> round(float(exact.ppf(0.95)), 1), round(float(normal.ppf(0.95)), 1)
    (99.5, 73.8)
    >>> round(float(exact.cdf(normal.ppf(0.95))), 4)
    0.9012
    """
    if method not in METHODS:
        raise UnknownNameError("method of exposure demand", method, METHODS)
    known, periods, reviews, scalar = stage_arguments(demand, lead_time, review_period)
    exposed = [one.later(more) for one, more in zip(periods, reviews.tolist(), strict=True)]
    return _assemble(known, exposed, () if scalar else (len(known),), method, step)


def stage_arguments(
    demand: Demands, lead_time: LeadTimes, review_period: ArrayLike
) -> tuple[list[Distribution], list[ExposedPeriods], Floats, bool]:
    """Give each stage its demand, lead time and review period.

    Parameters
    ----------
    demand, lead_time, review_period
        See :func:`exposure_demand`.

    Returns
    -------
    demands : list of n_stages Distribution
    periods : list of n_stages ExposedPeriods
        The lead times.
    reviews : (n_stages,) ndarray of float64
        Periods.
    scalar : bool
        Whether none was a sequence.

    Raises
    ------
    DomainError
        If lengths differ or a time is negative or no number.
    """
    demands, single_demand = _listed(demand)
    times, single_time = _listed(lead_time)
    given, single_review = _listed(review_period)
    counts = {"demand": len(demands), "lead_time": len(times), "review_period": len(given)}
    n_stages = max(counts.values())
    for name, count in counts.items():
        if count not in (1, n_stages):
            raise DomainError(
                f"{name} has {count} entries where others have {n_stages}. "
                "Fix: give one for all stages or one for each."
            )
    known = [as_distribution(one) for one in demands]
    known *= n_stages // len(known)
    times *= n_stages // len(times)
    shared: dict[Any, ExposedPeriods] = {}  # a lead time is taken apart once for all its stages
    periods = []
    for time, one in zip(times, known, strict=True):
        number = isinstance(time, (int, float, np.integer, np.floating))
        law = time if number else as_distribution(time)
        key = law, 0.0 if number else _steadiness(one)
        if key not in shared:
            shared[key] = exposed_periods(law, demand_cv=key[1])
        periods.append(shared[key])
    reviews = np.array([not_negative("review_period", one) for one in given])
    return (
        known,
        periods,
        np.broadcast_to(reviews, n_stages),
        single_demand and single_time and single_review,
    )


def exposure_of_periods(
    demands: Sequence[Distribution],
    periods: Sequence[ExposedPeriods],
    *,
    shape: tuple[int, ...] | None = None,
    step: float | None = None,
) -> ExposureDemand:
    """Demand over exposures that are known number by number; see :func:`exposure_demand`.

    Parameters
    ----------
    demands : sequence of n_stages Distribution
        Of one period, units.
    periods : sequence of n_stages ExposedPeriods
    shape : tuple of int, optional
        ``()`` for a single stage without an axis; default ``(n_stages,)``.
    step : float, optional
        Of the fine lattice, units.

    Returns
    -------
    ExposureDemand

    Raises
    ------
    DomainError
        If a demand that has no sum over a fraction of a period is exposed to one.
    """
    return _assemble(demands, periods, (len(demands),) if shape is None else shape, "exact", step)


def _assemble(
    demands: Sequence[Distribution],
    periods: Sequence[ExposedPeriods],
    shape: tuple[int, ...],
    method: str,
    step: float | None,
) -> ExposureDemand:
    n = len(demands)
    means = np.array([one.mean for one in demands])
    variances = np.array([one.variance for one in demands])
    length = np.array([one.mean for one in periods])
    spread = np.array([one.variance for one in periods])
    mean, variance = means * length, variances * length + spread * means**2
    bounds = np.zeros((2, n))
    ends = [_support(one, exposed) for one, exposed in zip(demands, periods, strict=True)]
    flat = _Flat()
    totals: list[tuple[int, Distribution | LatticeTotal]] = []
    for stage, (demand, exposed) in enumerate(zip(demands, periods, strict=True)):
        if isinstance(demand, PerPeriod):
            raise DomainError(
                f"stage {stage}: the demand {demand!r} changes from period to period, so that of "
                "an exposure depends on when it begins. Fix: give the distribution of one period."
            )
        if method != "exact":
            flat.add_moments(stage, method, mean[stage], variance[stage])
            continue
        size, counts = _orders(demand, exposed)
        member = _closed_member(size)
        if member is not None:
            flat.add_sums(stage, member, counts)
            continue
        total = _total(size, counts, stage, step)
        if isinstance(total, LatticeTotal):
            bounds[:, stage] = total.error_bound, total.shortage_bound
            ends[stage] = total.low, total.high
        totals.append((stage, total))
    low, high = np.array(ends).T
    if method != "exact":
        low = np.where(variance > 0.0, 0.0 if method == "gamma" else -np.inf, mean)
        high = np.where(variance > 0.0, np.inf, mean)
    return ExposureDemand(
        shape=shape,
        mean=mean.reshape(shape),
        variance=variance.reshape(shape),
        low=low.reshape(shape),
        high=high.reshape(shape),
        error_bound=bounds[0].reshape(shape),
        shortage_bound=bounds[1].reshape(shape),
        method=method,
        terms=flat.groups(),
        totals=tuple(totals),
    )


class _Flat:
    """Collects totals of closed families, stage by stage."""

    def __init__(self) -> None:
        self.columns: dict[str, list[tuple[Any, Any, Any, Any]]] = {}

    def add_sums(self, stage: int, demand: Distribution, exposed: ExposedPeriods) -> None:
        """Add the sums of a closed family over each number of periods."""
        times, weights = exposed.periods, exposed.weights
        if times[0] == 0.0:  # nothing is asked for in no time
            self._add("deterministic", stage, weights[:1], np.zeros(1), np.zeros(1))
            times, weights = times[1:], weights[1:]
        self._add(demand.family, stage, weights, demand.mean * times, demand.std * np.sqrt(times))

    def add_moments(self, stage: int, family: str, mean: float, variance: float) -> None:
        """Add one total of two moments."""
        known = "deterministic" if variance == 0.0 else family
        self._add(known, stage, np.ones(1), np.array([mean]), np.array([np.sqrt(variance)]))

    def _add(self, family: str, stage: int, weight: Floats, mean: Floats, std: Floats) -> None:
        if family in ("poisson", "deterministic") or (std > 0.0).all():
            self.columns.setdefault(family, []).append((stage, weight, mean, std))
        else:  # a demand of 0, under whatever name
            self._add("deterministic", stage, weight, mean, np.zeros(len(mean)))

    def groups(self) -> tuple[Terms, ...]:
        """Give one group per family."""
        found = []
        for family, rows in sorted(self.columns.items()):
            stages, weights, means, stds = zip(*rows, strict=True)
            sizes = [len(weight) for weight in weights]
            joined = (np.concatenate(column) for column in (weights, means, stds))
            found.append(Terms(family, np.repeat(np.array(stages, np.int64), sizes), *joined))
        return tuple(found)


def _closed_member(demand: Distribution) -> Distribution | None:
    """Give a demand as a member of a family closed under addition, or None if it is none."""
    if isinstance(demand, Geometric) and demand.start == 0 and demand.mean > 0.0:
        return NegativeBinomial(demand.mean, demand.std)
    return demand if demand.family in CLOSED else None


def _orders(demand: Distribution, exposed: ExposedPeriods) -> tuple[Distribution, ExposedPeriods]:
    """Turn periods into orders: the total of a random number of sizes is a mixture over it.

    A Poisson number of orders, where sizes of several add up in closed form; one order at most in
    a period of a zero-inflated demand, where periods are whole.
    """
    if isinstance(demand, CompoundPoisson) and _closed_member(demand.size) is not None:
        return _orders(demand.size, poisson_counts(exposed, demand.rate))
    if isinstance(demand, ZeroInflated) and exposed.whole:
        return _orders(demand.size, binomial_counts(exposed, demand.occurrence))
    return demand, exposed


def _total(
    demand: Distribution, exposed: ExposedPeriods, stage: int, step: float | None
) -> Distribution | LatticeTotal:
    """Distribution of one stage's exposure demand where the family is not closed."""
    periods, weights = exposed.periods.tolist(), exposed.weights.tolist()
    if isinstance(demand, CompoundPoisson):
        return lattice_total(demand.size, periods, weights, events=demand.rate, step=step)
    if isinstance(demand, Sum) and (len(periods) == 1 or not exposed.whole):
        totals = [demand.sum_over(time) for time in periods]
        known = [total for total in totals if total is not None]
        if len(known) == len(periods):
            return total_of_sums(known, weights, step)
    if len(periods) == 1 and (total := demand.sum_over(periods[0])) is not None:
        return total
    _require_whole(demand, exposed, stage)
    return lattice_total(demand, periods, weights, step=step)


def _require_whole(demand: Distribution, exposed: ExposedPeriods, stage: int) -> None:
    """Raise where a demand without sums over fractions of a period is exposed to some."""
    if exposed.whole:
        return
    broken = exposed.periods[exposed.periods != np.rint(exposed.periods)]
    raise DomainError(
        f"stage {stage}: the demand {demand!r} of a part of a period is not known, and the "
        f"exposure can be {broken[0]:g} periods. Fix: use whole periods (whole_periods rounds a "
        "random lead time up), a finer period, or a family with sums over fractions of it: normal, "
        "gamma, poisson, negative_binomial, compound_poisson."
    )


def _support(demand: Distribution, exposed: ExposedPeriods) -> tuple[float, float]:
    low, high = demand.support
    counts = exposed.periods[[0, -1]].tolist()
    lows = [count * low if count > 0.0 else 0.0 for count in counts]
    highs = [count * high if count > 0.0 else 0.0 for count in counts]
    return min(lows), max(highs)


def _steadiness(demand: Distribution) -> float:
    """Coefficient of variation, down to a power of 2, so that demands much alike share cells."""
    if demand.std == 0.0:
        return 0.0
    return 2.0 ** floor(log2(demand.std / abs(demand.mean))) if demand.mean else inf


def _listed(given: Any) -> tuple[list[Any], bool]:
    """Give one or several as a list, and whether it was one."""
    if isinstance(given, np.ndarray) and given.ndim > 1:
        raise DomainError(f"exposure: an array of shape {given.shape}. Fix: give one axis, stages.")
    if not isinstance(given, (list, tuple, DistributionArray)) and np.ndim(given) == 0:
        return [given], True
    if len(given) == 0:
        raise DomainError("exposure: nothing was given. Fix: give at least one stage.")
    return list(given), False
