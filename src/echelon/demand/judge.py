"""Which families a history supports, and whether it carries a model of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.demand.candidates import Candidate, Facts, facts_of, information
from echelon.demand.history import Panel
from echelon.demand.likelihood import likely_shape, variance_of
from echelon.demand.moments import Moments, Sums, moments
from echelon.demand.score import Pools, Task

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

SUPPORTED = 10.0
"""Difference of the criterion from the best from which a family has essentially no support."""
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
    allowed : (n_series, n_candidates) bool
        Candidates to choose from.
    shape : (n_series, n_candidates) float64
        Of largest likelihood, NaN where not asked for or there is none.
    """

    own: Mask
    whole: Mask
    criterion: Floats
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

    Candidates within 10 of the best criterion are left (Burnham and Anderson, 2002, 2.6). A series
    without a model of its own may take any that suits its units.

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
    whole = np.ones(panel.n_series, dtype=np.bool_)
    for begin in range(0, panel.n_series, _CHUNK):
        rows = slice(begin, begin + _CHUNK)
        hidden = None if panel.censored is None else panel.censored[rows]
        facts = facts_of(free[rows])
        seen = np.nan_to_num(panel.quantity[rows])
        whole[rows] = (seen == np.floor(seen)).all(axis=1)
        part = Moments(plain.mean[rows], plain.variance[rows], plain.weight[rows])
        for place, candidate in enumerate(task.candidates):
            mean, variance = part.mean, part.variance
            if likelihood:
                shapes[rows, place] = likely_shape(candidate.name, free[rows], facts)
                if hidden is not None:  # what they hide is in the moments, not in these shapes
                    shapes[rows, place][hidden.any(axis=1)] = np.nan
                known = shapes[rows, place]
                at_best = variance_of(candidate.name, known, mean)
                variance = np.where(np.isnan(known), variance, at_best)
            fits[rows, place], criterion[rows, place] = _one(
                candidate, free[rows], panel.quantity[rows], hidden, facts, mean, variance
            )
    whole = _like_their_pool(whole, np.nansum(panel.quantity, axis=1) > 0.0, pools)
    criterion = np.where(own[:, None], criterion, np.inf)
    best = criterion.min(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        supported = criterion <= best + SUPPORTED
    constant = own & (plain.variance == 0.0)
    told = np.isfinite(best[:, 0]) & ~constant
    allowed = np.where(told[:, None], supported, _suiting(task, whole & ~constant))
    return Verdict(own, whole, criterion, allowed, shapes)


def _one(
    candidate: Candidate,
    free: Floats,
    quantity: Floats,
    hidden: Mask | None,
    facts: Facts,
    mean: Floats,
    variance: Floats,
) -> tuple[Mask, Floats]:
    """Whether a candidate fits each series, and its criterion."""
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
    count = (~np.isnan(quantity)).sum(axis=1).astype(np.float64)
    found = information(candidate, likelihood, count)
    return fits, np.where(fits, found, np.inf)


def _like_their_pool(whole: Mask, demanded: Mask, pools: Pools) -> Mask:
    """Give series without demand the units of most series in their pool."""
    votes = np.bincount(pools.group[demanded], minlength=pools.count)
    yes = np.bincount(pools.group[demanded & whole], minlength=pools.count)
    most = 2 * yes >= votes
    return np.where(demanded, whole, most[pools.group])


def _suiting(task: Task, whole: Mask) -> Mask:
    """Candidates that suit the units: counts for whole ones, densities for others, else any."""
    counts = np.array([c.name in ("poisson", "negative_binomial") for c in task.candidates])
    suiting = np.where(whole[:, None], counts, ~counts)
    return np.where(suiting.any(axis=1, keepdims=True), suiting, True)
