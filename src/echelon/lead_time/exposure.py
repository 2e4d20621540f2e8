"""Demand over a fixed or random exposure: which form its sums take, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray, array
from echelon.distributions.base import Distribution, as_distribution
from echelon.distributions.closed import CLOSED
from echelon.distributions.compound import CompoundPoisson
from echelon.distributions.counts import Binomial, Geometric
from echelon.distributions.discrete import NegativeBinomial
from echelon.distributions.empirical import Empirical
from echelon.distributions.lattice_rows import RowTables
from echelon.distributions.lattice_sum import total_of_sums
from echelon.distributions.lattice_total import LatticeTotal, lattice_total
from echelon.distributions.mixed import ZeroInflated
from echelon.distributions.per_period import PerPeriod
from echelon.distributions.sums import Sum
from echelon.errors import DomainError, UnknownNameError
from echelon.lead_time.exposed_array import ExposedArray
from echelon.lead_time.exposed_periods import (
    ExposedPeriods,
    binomial_counts,
    exposed_periods,
    not_negative,
    poisson_counts,
)
from echelon.lead_time.exposure_rows import (
    COUNTS,
    StageRows,
    count_rows,
    empirical_rows_over,
    excess_of,
    law_rows,
)
from echelon.lead_time.exposure_terms import FlatTerms
from echelon.lead_time.totals import ExposureDemand

_FEW = 8
_BATCHED = (Binomial, CompoundPoisson, Empirical, Geometric)

METHODS = ("exact", "normal", "gamma")
"""The distribution itself, or a normal or a gamma one of its mean and variance."""

Demands: TypeAlias = Distribution | Sequence[Distribution]
"""One for all stages or one for each: a list, or a ``DistributionArray``."""
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
    laws, periods, reviews, scalar = stage_arguments(demand, lead_time, review_period)
    exposed = periods.later(reviews)
    return _assemble(laws, exposed, () if scalar else (len(laws),), method, step)


def stage_arguments(
    demand: Demands, lead_time: LeadTimes, review_period: ArrayLike
) -> tuple[DistributionArray, ExposedArray, Floats, bool]:
    """Give each stage its demand, lead time and review period.

    Parameters
    ----------
    demand, lead_time, review_period
        See :func:`exposure_demand`.

    Returns
    -------
    demands : DistributionArray of n_stages
    periods : ExposedArray of n_stages
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
    laws = array(demands)
    if len(laws) < n_stages:
        laws = laws.take(np.zeros(n_stages, dtype=np.int64))
    return (
        laws,
        _lead_times(times, laws),
        np.broadcast_to(_numbers("review_period", given), n_stages),
        single_demand and single_time and single_review,
    )


def _numbers(name: str, given: Any) -> Floats:
    """Give times as an array, in one step where they are numbers already."""
    known = np.asarray(given)
    if known.dtype.kind in "iuf" and (np.isfinite(known) & (known >= 0)).all():
        return known.astype(np.float64)
    return np.array([not_negative(name, one) for one in given])


def _lead_times(times: Any, laws: DistributionArray) -> ExposedArray:
    """Take lead times apart, each distribution once for all demands that are much alike."""
    n = len(laws)
    if all(isinstance(one, (int, float, np.integer, np.floating)) for one in times):
        return ExposedArray.of_numbers(np.broadcast_to(_numbers("lead_time", times), n))
    with np.errstate(divide="ignore", invalid="ignore"):
        # coefficients of variation, down to a power of 2
        steps = np.floor(np.log2(laws.std / np.abs(laws.mean)))
    steady = np.where(laws.std == 0.0, 0.0, np.where(laws.mean == 0.0, np.inf, 2.0**steps))
    shared: dict[tuple[Any, float], ExposedPeriods] = {}
    if len(times) == 1:
        times = list(times) * n
    periods = []
    for time, variation in zip(times, steady.tolist(), strict=True):
        number = isinstance(time, (int, float, np.integer, np.floating))
        key = (time, 0.0) if number else (as_distribution(time), variation)
        if key not in shared:
            shared[key] = exposed_periods(key[0], demand_cv=key[1])
        periods.append(shared[key])
    return ExposedArray.of_stages(periods)


def exposure_of_periods(
    demands: Sequence[Distribution],
    periods: Sequence[ExposedPeriods] | ExposedArray,
    *,
    shape: tuple[int, ...] | None = None,
    step: float | None = None,
    most_points: int = 0,
) -> ExposureDemand:
    """Demand over exposures that are known number by number; see :func:`exposure_demand`.

    Parameters
    ----------
    demands : sequence of n_stages Distribution
        Of one period, units.
    periods : sequence of n_stages ExposedPeriods, or ExposedArray of n_stages
    shape : tuple of int, optional
        ``()`` for a single stage without an axis; default ``(n_stages,)``.
    step : float, optional
        Of the fine lattice, units.
    most_points : int, default 0
        Poisson and negative binomial totals of no more points are put in tables, which answer
        faster than the closed forms where much is asked of them.

    Returns
    -------
    ExposureDemand

    Raises
    ------
    DomainError
        If a demand that has no sum over a fraction of a period is exposed to one.
    """
    laws, exposed = array(demands), ExposedArray.of_stages(periods)
    return _assemble(
        laws, exposed, (len(laws),) if shape is None else shape, "exact", step, most_points
    )


def _assemble(
    laws: DistributionArray,
    exposed: ExposedArray,
    shape: tuple[int, ...],
    method: str,
    step: float | None,
    most_points: int = 0,
) -> ExposureDemand:
    n = len(laws)
    variances = laws.std**2
    mean = laws.mean * exposed.mean
    variance = variances * exposed.mean + exposed.variance * laws.mean**2
    bounds = np.zeros((2, n))
    low, high = _supports(laws, exposed)
    flat = FlatTerms()
    totals: list[tuple[int, Distribution | LatticeTotal]] = []
    parts: list[StageRows] = []
    for stage, demand in laws.others:
        if isinstance(demand, PerPeriod):
            raise DomainError(
                f"stage {stage}: the demand {demand!r} changes from period to period, so that of "
                "an exposure depends on when it begins. Fix: give the distribution of one period."
            )
    if method != "exact":
        flat.add(method, np.arange(n), np.ones(n), mean, np.sqrt(variance))
        low = np.where(variance > 0.0, 0.0 if method == "gamma" else -np.inf, mean)
        high = np.where(variance > 0.0, np.inf, mean)
    else:
        parts = _lattices(laws, exposed, most_points)
        in_rows = np.zeros(n, dtype=bool)
        for part in parts:
            in_rows[part.stage] = True
            step_of = part.rows.step
            low[part.stage] = np.rint(low[part.stage] / step_of) * step_of  # the decimals typed
            high[part.stage] = np.rint(high[part.stage] / step_of) * step_of
        for group in laws.members:
            flat.add_sums(group, exposed, ~in_rows[group.at])
        alone = [one for one in laws.others if not in_rows[one[0]]]
        for table in laws.tables:  # values on no lattice
            rows = np.flatnonzero(~in_rows[table.at]).tolist()
            alone += [(int(table.at[row]), table.law(row)) for row in rows]
        for stage, demand in alone:
            size, counts = _orders(demand, exposed[stage])
            member = _closed_member(size)
            if member is not None:
                flat.add_sum(stage, member, counts)
                continue
            total = _total(size, counts, stage, step)
            if isinstance(total, LatticeTotal):
                bounds[:, stage] = total.error_bound, total.shortage_bound
                low[stage], high[stage] = total.low, total.high
            totals.append((stage, total))
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
        rows=tuple(
            (part.stage, RowTables(part.rows, low[part.stage], high[part.stage])) for part in parts
        ),
    )


def _lattices(laws: DistributionArray, exposed: ExposedArray, most_points: int) -> list[StageRows]:
    """Stages that are summed together on lattices of their own.

    A few by themselves need no batch, and no compiler.
    """
    parts = []
    for group in laws.members:
        if most_points and group.family in COUNTS:
            excess = np.zeros(len(group.at))
            if group.family == "negative_binomial":
                excess = excess_of(group.mean, group.std)
            parts.append(count_rows(group.at, group.mean, excess, exposed, most_points)[0])
    parts += [empirical_rows_over(table, exposed) for table in laws.tables]
    others = [one for one in laws.others if isinstance(one[1], _BATCHED)]
    if len(others) >= _FEW:
        parts += law_rows(others, exposed)
    return [part for part in parts if len(part.stage)]


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
    require_whole(demand, exposed, stage)
    return lattice_total(demand, periods, weights, step=step)


def require_whole(demand: Distribution, exposed: ExposedPeriods, stage: int) -> None:
    """Raise where a demand without sums over fractions of a period is exposed to some.

    Parameters
    ----------
    demand : Distribution
    exposed : ExposedPeriods
    stage : int
        For the message.

    Raises
    ------
    DomainError
        If one of the numbers of periods is not whole.
    """
    if exposed.whole:
        return
    broken = exposed.periods[exposed.periods != np.rint(exposed.periods)]
    raise DomainError(
        f"stage {stage}: the demand {demand!r} of a part of a period is not known, and the "
        f"exposure can be {broken[0]:g} periods. Fix: use whole periods (whole_periods rounds a "
        "random lead time up), a finer period, or a family with sums over fractions of it: normal, "
        "gamma, poisson, negative_binomial, compound_poisson."
    )


def _supports(laws: DistributionArray, exposed: ExposedArray) -> tuple[Floats, Floats]:
    """Smallest and largest demand of each exposure, units."""
    low, high = np.zeros(len(laws)), np.full(len(laws), np.inf)
    for group in laws.members:
        if group.family == "normal":
            low[group.at] = np.where(group.std > 0.0, -np.inf, group.mean)
        known = (group.std == 0.0) | (group.family == "deterministic")
        low[group.at[known]] = high[group.at[known]] = group.mean[known]
    for stage, law in laws.others:
        low[stage], high[stage] = law.support
    for table in laws.tables:
        low[table.at], high[table.at] = table.support
    with np.errstate(invalid="ignore"):  # nothing in no time, also of what has no limit
        lows = [np.where(count > 0.0, count * low, 0.0) for count in exposed.ends]
        highs = [np.where(count > 0.0, count * high, 0.0) for count in exposed.ends]
    return np.minimum(*lows), np.maximum(*highs)


def _listed(given: Any) -> tuple[Any, bool]:
    """Give one or several as a sequence, and whether it was one."""
    if isinstance(given, np.ndarray) and given.ndim > 1:
        raise DomainError(f"exposure: an array of shape {given.shape}. Fix: give one axis, stages.")
    if not isinstance(given, (list, tuple, DistributionArray)) and np.ndim(given) == 0:
        return [given], True
    if len(given) == 0:
        raise DomainError("exposure: nothing was given. Fix: give at least one stage.")
    return given if isinstance(given, (DistributionArray, np.ndarray)) else list(given), False
