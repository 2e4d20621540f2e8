"""Which families a history supports, and whether it carries a model of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.demand.candidates import (
    COUNTED,
    WIDE,
    Candidate,
    Facts,
    facts_of,
    information,
)
from echelon.demand.history import Panel
from echelon.demand.likelihood import likely_shape, variance_of
from echelon.demand.moments import Sums, moments
from echelon.demand.pool import FEWEST, borrow
from echelon.demand.score import Pools, Task

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

SUPPORTED = 10.0
"""Difference of the criterion from the best from which a family has essentially no support."""
_ROUNDS = 200
_CLOSE = 1e-4
_CHUNK = 4096  # series whose likelihoods are worked out together, so that they fit a cache


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the history of each series says of the candidates.

    Attributes
    ----------
    own : (n_series,) bool
        Whether periods and demands are enough for a model of its own.
    whole : (n_series,) bool
        Whether demand is in whole units; of a series without demand, as most of its pool.
    criterion : (n_series, n_candidates) float64
        Information criterion; infinite where it cannot be told.
    support : (n_series, n_candidates) float64
        The same, with what the pool says of the family (:func:`shared_support`).
    allowed : (n_series, n_candidates) bool
        Candidates to choose from.
    shape : (n_series, n_candidates) float64
        Of largest likelihood, NaN where not asked for or there is none.
    """

    own: Mask
    whole: Mask
    criterion: Floats
    support: Floats
    allowed: Mask
    shape: Floats


def judge(
    panel: Panel,
    sums: Sums,
    task: Task,
    pools: Pools,
    *,
    likelihood: bool,
    min_demands: int,
    settled: Mask,
) -> Verdict:
    """Work out the information criterion of every candidate, and what it leaves to choose from.

    The criterion is taken at the moments that the series has after borrowing, each counting as a
    parameter for its own share. Candidates within 10 of the best are left (Burnham and Anderson,
    2002, 2.6); of a series in whole units that are wide beside its deviation those of whole units
    alone, if there is one. A series that tells nothing takes after its pool
    (:func:`shared_support`), and where pools do not lend it may take any that suits its units.

    Parameters
    ----------
    panel : Panel
    sums : Sums
    task : Task
    pools : Pools
    likelihood : bool
        Whether shapes of largest likelihood are asked for.
    min_demands : int
    settled : (n_series,) bool
        Whether what stock-outs hide could be estimated.

    Returns
    -------
    Verdict
    """
    free = panel.quantity
    if panel.censored is not None:
        free = np.where(panel.censored, np.nan, panel.quantity)
    periods = (~np.isnan(free)).sum(axis=1)
    demands = (free > 0.0).sum(axis=1)
    own = (periods >= task.min_periods) & (demands >= min_demands) & settled
    (plain,) = moments(sums, np.ones((panel.n_periods, 1)))
    shape = (panel.n_series, len(task.candidates))
    criterion, shapes = np.full(shape, np.inf), np.full(shape, np.nan)
    fits = np.zeros(shape, dtype=np.bool_)
    coarse = np.zeros(panel.n_series, dtype=np.bool_)
    whole = _like_their_pool(
        _is_whole(panel.quantity), np.nansum(panel.quantity, axis=1) > 0.0, pools
    )
    lent = borrow(plain, whole, own, pools.group, pools.count, lend=task.lend)
    for begin in range(0, panel.n_series, _CHUNK):
        rows = slice(begin, begin + _CHUNK)
        hidden = None if panel.censored is None else panel.censored[rows]
        facts = facts_of(free[rows])
        with np.errstate(invalid="ignore"):
            wide = np.sqrt(lent.variance[rows]) < WIDE * facts.resolution
        coarse[rows] = facts.whole & wide
        for place, candidate in enumerate(task.candidates):
            mean, variance = lent.mean[rows], lent.variance[rows]
            if likelihood:
                shapes[rows, place] = likely_shape(candidate.name, free[rows], facts)
                if hidden is not None:  # what they hide is in the moments, not in these shapes
                    shapes[rows, place][hidden.any(axis=1)] = np.nan
                known = shapes[rows, place]
                at_best = variance_of(candidate.name, known, mean)
                variance = np.where(np.isnan(known), variance, at_best)
            # a moment that is partly borrowed is that part less of a parameter of the series
            parameters = lent.mean_credibility[rows].copy()
            if candidate.n_parameters > 1:
                parameters += lent.variance_credibility[rows]
            fits[rows, place], likelihoods = _one(
                candidate, free[rows], panel.quantity[rows], hidden, facts, mean, variance
            )
            count = (~np.isnan(panel.quantity[rows])).sum(axis=1).astype(np.float64)
            found = information(parameters, likelihoods, count)
            criterion[rows, place] = np.where(fits[rows, place], found, np.inf)
    criterion = np.where(own[:, None], criterion, np.inf)
    constant = own & (plain.variance == 0.0)
    support = criterion
    if task.lend:
        told = np.where(constant[:, None], np.inf, criterion)
        support = shared_support(told, 1.0 - lent.variance_credibility, whole, pools)
    best = support.min(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        supported = support <= best + SUPPORTED
    # between units as far apart as the demand varies no quantile of a density can be held
    counted = np.isin([candidate.name for candidate in task.candidates], COUNTED)
    by_count = coarse & (supported & counted).any(axis=1)
    supported &= counted | ~by_count[:, None]
    told = np.isfinite(best[:, 0]) & ~constant
    allowed = np.where(told[:, None], supported, _suiting(task, whole & ~constant))
    return Verdict(own, whole, criterion, support, allowed, shapes)


def shared_support(criterion: Floats, borrowed: Floats, whole: Mask, pools: Pools) -> Floats:
    r"""What a history says of the families, with what its pool says of them.

    A dozen periods cannot tell a family, but those of a hundred series can. With
    :math:`L_{if} = \exp(-\text{AICc}_{if}/2)` the weight of evidence of series :math:`i` for family
    :math:`f`, the shares :math:`\pi_f` of the pool maximise :math:`\prod_i \sum_f \pi_f L_{if}`, by
    expectation-maximisation, an empirical Bayes rule [1]_. They count as far as the variance of the
    series is the pool's: families differ in the shape that a variance has.

    Parameters
    ----------
    criterion : (n_series, n_candidates) float64
        Infinite where it cannot be told.
    borrowed : (n_series,) float64
        Share of the variance that the pool lends, from 0 to 1.
    whole : (n_series,) bool
        Whole and other units are judged apart.
    pools : Pools
        One of fewer than ten series that tell gives way to all series in the same kind of units;
        where those are too few as well, the criterion stands alone.

    Returns
    -------
    (n_series, n_candidates) float64
        :math:`\text{AICc}_{if} - 2 b_i \log\pi_f` with :math:`b` the share borrowed; of a series
        that tells nothing :math:`-2\log\pi_f`, so that it takes after its pool.

    References
    ----------
    .. [1] Efron (2010), *Large-Scale Inference*, chapter 1.

    Examples
    --------
    >>> told = np.array([[10.0, 12.0]] * 12 + [[13.0, 12.0]])  # the last leans to the second family
    >>> pools, whole = Pools(np.zeros(13, dtype=int), 1), np.ones(13, dtype=bool)
    >>> [int(shared_support(told, np.full(13, b), whole, pools)[-1].argmin()) for b in (0.0, 1.0)]
    [1, 0]
    """
    kind = np.where(whole, 0, 1)
    best = criterion.min(axis=1, keepdims=True)
    tells = np.isfinite(best[:, 0])
    with np.errstate(invalid="ignore"):
        evidence = np.where(np.isfinite(criterion), np.exp(-0.5 * (criterion - best)), 0.0)
    support = criterion.copy()
    waiting = np.ones(len(criterion), dtype=np.bool_)
    for group, n_groups in ((2 * pools.group + kind, 2 * pools.count), (kind, 2)):
        enough = np.bincount(group[tells], minlength=n_groups) >= FEWEST
        rows = np.flatnonzero(waiting & enough[group])
        if rows.size:
            shares = _shares(evidence[tells], group[tells], n_groups)
            said = -2.0 * np.log(np.maximum(shares[group[rows]], 1e-300))
            own = criterion[rows] + np.nan_to_num(borrowed[rows])[:, None] * said
            support[rows] = np.where(tells[rows, None], own, said)
            waiting[rows] = False
    return support


def _shares(evidence: Floats, group: Integers, n_groups: int) -> Floats:
    """Share of each group's series that each family describes, (n_groups, n_candidates)."""
    n_candidates = evidence.shape[1]
    count = np.maximum(np.bincount(group, minlength=n_groups), 1)
    shares: Floats = np.full((n_groups, n_candidates), 1.0 / n_candidates)
    for _ in range(_ROUNDS):
        belongs = evidence * shares[group]
        belongs /= np.maximum(belongs.sum(axis=1, keepdims=True), 1e-300)
        columns = [np.bincount(group, belongs[:, k], n_groups) / count for k in range(n_candidates)]
        now: Floats = np.stack(columns, axis=1)
        moved = np.abs(now - shares).max(initial=0.0)
        shares = now
        if moved < _CLOSE:
            break
    return shares


def _one(
    candidate: Candidate,
    free: Floats,
    quantity: Floats,
    hidden: Mask | None,
    facts: Facts,
    mean: Floats,
    variance: Floats,
) -> tuple[Mask, Floats]:
    """Whether a candidate fits each series, and its log-likelihood."""
    with np.errstate(invalid="ignore"):
        fits = candidate.fits(facts, mean, variance)
    safe_mean, safe_variance = np.where(fits, mean, 1.0), np.where(fits, variance, 2.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = candidate.log_likelihood(free, facts, safe_mean, safe_variance)
        if hidden is not None and hidden.any():
            series, column = np.nonzero(hidden)
            least = quantity[series, column]
            # at least so much: what is below half a step less does not count
            below = candidate.distribution(
                safe_mean[series], safe_variance[series], least - 0.5 * facts.resolution[series]
            )
            more = np.log(np.maximum(1.0 - np.where(least > 0.0, below, 0.0), 1e-300))
            likelihood = likelihood + np.bincount(series, more, len(likelihood))
    return fits, likelihood


def _is_whole(quantity: Floats) -> Mask:
    whole = np.ones(len(quantity), dtype=np.bool_)
    for begin in range(0, len(quantity), _CHUNK):
        seen = np.nan_to_num(quantity[begin : begin + _CHUNK])
        whole[begin : begin + _CHUNK] = (seen == np.floor(seen)).all(axis=1)
    return whole


def _like_their_pool(whole: Mask, demanded: Mask, pools: Pools) -> Mask:
    """Give series without demand the units of most series in their pool."""
    votes = np.bincount(pools.group[demanded], minlength=pools.count)
    yes = np.bincount(pools.group[demanded & whole], minlength=pools.count)
    most = 2 * yes >= votes
    return np.where(demanded, whole, most[pools.group])


def _suiting(task: Task, whole: Mask) -> Mask:
    """Candidates that suit the units: counts for whole ones, densities for others, else any."""
    counts = np.isin([candidate.name for candidate in task.candidates], COUNTED)
    suiting = np.where(whole[:, None], counts, ~counts)
    return np.where(suiting.any(axis=1, keepdims=True), suiting, True)
