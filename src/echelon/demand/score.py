"""How well candidates would have served: pinball scores on a rolling origin, and the choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from echelon.demand.candidates import CANDIDATES, Candidate
from echelon.demand.history import Panel
from echelon.demand.moments import Sums, decay, moments
from echelon.demand.pool import Pooled, borrow, drifted

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

CLASS_WINDOWS = 24.0
"""Windows that the score of the class counts for, beside the series' own."""
FEWEST_DEGREES = 3.0
"""Degrees of freedom below which the correction of a lone short history grows no further."""


def pinball(actual: ArrayLike, quantile: ArrayLike, level: ArrayLike) -> Floats:
    r"""Pinball loss of a quantile: :math:`q(y-x)^+ + (1-q)(x-y)^+`.

    Proper for quantiles [1]_: no forecast has a smaller expected loss than the true quantile. At
    level :math:`q` it is the newsvendor's cost for a shortage that costs :math:`q` a unit and a
    surplus that costs :math:`1-q`.

    Parameters
    ----------
    actual, quantile, level : array_like of float, broadcast together
        What came, what was forecast, units; and the probability.

    Returns
    -------
    ndarray of float64
        Units.

    References
    ----------
    .. [1] Gneiting & Raftery (2007), *Strictly proper scoring rules, prediction, and estimation*,
       Journal of the American Statistical Association 102(477), 359-378.

    Examples
    --------
    >>> pinball([3.0, 12.0], 10.0, 0.9).round(6).tolist()
    [0.7, 1.8]
    """
    error = np.asarray(actual, dtype=np.float64) - np.asarray(quantile, dtype=np.float64)
    share = np.asarray(level, dtype=np.float64)
    return np.asarray(np.maximum(share * error, (share - 1.0) * error))


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be forecast, and from what.

    Attributes
    ----------
    candidates : tuple of Candidate
    half_lives : tuple of float or None
        Memories: periods in which a weight halves; None is no decay.
    levels : tuple of float
        Probabilities of the quantiles that are scored.
    exposure : int
        Periods over which demand is summed.
    origins : int
        Points of the history from which it is forecast.
    min_periods : int
        Periods that a series must have been observed before one.
    lend, widen : bool
        Whether pools lend, and whether uncertain moments widen the quantile.
    """

    candidates: tuple[Candidate, ...]
    half_lives: tuple[float | None, ...]
    levels: tuple[float, ...]
    exposure: int
    origins: int
    min_periods: int
    lend: bool
    widen: bool


@dataclass(frozen=True, slots=True)
class Pools:
    """Which pool each series belongs to, from 0, and how many pools there are."""

    group: Integers
    count: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Mean losses over the windows of each series.

    Attributes
    ----------
    loss : (n_series, n_candidates, n_half_lives) float64
        Mean pinball loss over windows and levels, units; NaN where not scored.
    covered : the same shape, float64
        Share of the windows within the quantile at the highest level.
    reference : (n_series,) float64
        Loss of the plainest model: negative binomial or gamma by all of the history.
    windows : (n_series,) int64
        Windows scored.
    effective : (n_series,) float64
        As many windows that do not overlap would say as much.
    """

    loss: Floats
    covered: Floats
    reference: Floats
    windows: Integers
    effective: Floats


def predictive_variance(
    candidate: Candidate,
    pooled: Pooled,
    *,
    exposure: int,
    level: float,
    widen: bool,
) -> Floats:
    r"""Variance per period whose sum over the exposure is as uncertain as the forecast is.

    The mean is known to :math:`\sigma^2/n`, which all :math:`h` periods share, so that the sum's
    variance is :math:`h\sigma^2(1 + h/n)`. Where no pool lends, the variance itself is uncertain;
    with relative variance :math:`s` of its estimate it has :math:`\nu = 2/s` degrees of freedom
    (Satterthwaite), and the deviation is stretched by :math:`t_\nu(q)/z(q)`, but not as if
    :math:`\nu` were below 3.

    Parameters
    ----------
    candidate : Candidate
    pooled : Pooled
    exposure : int
        Periods.
    level : float
        Probability of the quantile that matters.
    widen : bool
        False gives the variance of the candidate alone.

    Returns
    -------
    (n_series,) float64
        Units squared.
    """
    base = pooled.mean if candidate.name == "poisson" else pooled.variance
    if candidate.name == "negative_binomial":
        base = np.maximum(base, pooled.mean)  # a count varies at least like Poisson
    if not widen:
        return base
    with np.errstate(divide="ignore", invalid="ignore"):
        widened = base * (1.0 + exposure / pooled.weight)
    alone = np.flatnonzero(pooled.spread > 0.0)
    if alone.size and candidate.name != "poisson":  # whose variance is no estimate of its own
        degrees = np.maximum(2.0 / pooled.spread[alone], FEWEST_DEGREES)
        widened[alone] *= (scipy.special.stdtrit(degrees, level) / scipy.special.ndtri(level)) ** 2
    return np.asarray(widened)


def sum_quantiles(
    candidate: Candidate, mean: Floats, variance: Floats, exposure: int, level: float
) -> Floats:
    """Quantile of the sum over the exposure; of a demand without variance, the sum itself.

    Parameters
    ----------
    candidate : Candidate
    mean, variance : (n,) float64
        Of one period.
    exposure : int
    level : float

    Returns
    -------
    (n,) float64
        Units.
    """
    found = exposure * mean
    rows = np.flatnonzero((variance > 0.0) & (mean > 0.0))
    if rows.size:
        found[rows] = candidate.quantile(mean[rows], variance[rows], exposure, level)
    return found


def origins_of(n_periods: int, task: Task) -> Integers:
    """Points from which is forecast: spread evenly over the second half of the history.

    Parameters
    ----------
    n_periods : int
    task : Task

    Returns
    -------
    (n_origins,) int64
        Number of periods known at each; empty where the history is too short for one.
    """
    last = n_periods - task.exposure
    begin = max(task.min_periods, n_periods // 2)
    if last < begin or task.origins == 0:
        return np.zeros(0, dtype=np.int64)
    return np.unique(np.linspace(begin, last, task.origins).round().astype(np.int64))


def score(
    panel: Panel,
    sums: Sums,
    task: Task,
    allowed: Mask,
    whole: Mask,
    pools: Pools,
    drift: Floats,
    *,
    advance: Callable[[int], None] = lambda _: None,
) -> Scores:
    """Score candidates and memories on a rolling origin.

    At each origin the moments are those of the periods before it, the pools too; nothing of
    what is forecast is in them, save that demand hidden by a stock-out is what the whole history
    lets expect. Windows in which stock ran out are not scored: their demand is not known.

    Parameters
    ----------
    panel : Panel
    sums : Sums
    task : Task
    allowed : (n_series, n_candidates) bool
        Candidates worth scoring.
    whole : (n_series,) bool
    pools : Pools
    drift : (n_series, n_half_lives) float64
        Factor on the mean, see :func:`echelon.demand.drift.drift_of`.
    advance : callable, optional
        Told of each origin that is done.

    Returns
    -------
    Scores
    """
    everyone = np.ones(panel.n_series, dtype=np.bool_)
    shape = (panel.n_series, len(task.candidates), len(task.half_lives))
    loss, covered = np.zeros(shape), np.zeros(shape)
    reference, windows = np.zeros(panel.n_series), np.zeros(panel.n_series, dtype=np.int64)
    highest = max(task.levels)
    origins = origins_of(panel.n_periods, task)
    used = np.zeros((panel.n_series, len(origins)))
    for at, origin in enumerate(origins.tolist()):
        advance(1)
        end = origin + task.exposure
        ahead = panel.quantity[:, origin:end].sum(axis=1)
        usable = ~np.isnan(ahead) & allowed.any(axis=1)
        if panel.censored is not None:
            usable &= ~panel.censored[:, origin:end].any(axis=1)
        usable &= sums.observed[:, :origin].sum(axis=1) >= task.min_periods
        if not usable.any():
            continue
        windows += usable
        used[:, at] = usable
        weights = np.stack([decay(panel.n_periods, origin, h) for h in task.half_lives], axis=1)
        for memory, own in enumerate(moments(sums, weights)):
            pooled = borrow(own, whole, everyone, pools.group, pools.count, lend=task.lend)
            pooled = drifted(pooled, drift[:, memory])
            fits = usable & np.isfinite(pooled.mean) & np.isfinite(pooled.variance)
            for place, candidate in enumerate(task.candidates):
                rows = np.flatnonzero(fits & allowed[:, place])
                if not rows.size:
                    continue
                variance = predictive_variance(
                    candidate,
                    pooled,
                    exposure=task.exposure,
                    level=highest,
                    widen=task.widen,
                )
                mean, spread, actual = pooled.mean[rows], variance[rows], ahead[rows]
                for level in task.levels:
                    quantile = sum_quantiles(candidate, mean, spread, task.exposure, level)
                    loss[rows, place, memory] += pinball(actual, quantile, level)
                    if level == highest:
                        covered[rows, place, memory] += actual <= quantile
            if memory == 0:
                reference += _reference(task, pooled, fits, whole, ahead)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 1.0 / windows
        loss = loss * share[:, None, None] / len(task.levels)
        covered = covered * share[:, None, None]
        reference = reference * share / len(task.levels)
    unscored = ~allowed[:, :, None] | (windows == 0)[:, None, None]
    loss = np.where(unscored, np.nan, loss)
    effective = effective_windows(used, origins, task.exposure)
    return Scores(loss, np.where(unscored, np.nan, covered), reference, windows, effective)


def effective_windows(used: Floats, origins: Integers, length: int) -> Floats:
    r"""How many windows that do not overlap would say as much as these.

    Sums over windows :math:`k` periods apart share :math:`\rho_k = \max(0, 1 - k/h)` of their
    periods; a mean over them has the variance of :math:`n^2 / \sum_{ij} \rho_{|i-j|}` sums apart.

    Parameters
    ----------
    used : (n_series, n_origins) float64
        1 where a window counts, else 0.
    origins : (n_origins,) int64
        Period at which each begins.
    length : int
        Periods of a window.

    Returns
    -------
    (n_series,) float64
        0 where no window counts.

    Examples
    --------
    >>> effective_windows(np.ones((1, 4)), np.array([0, 4, 5, 6]), 2).tolist()  # 4 + 2 * 2 / 2
    [2.6666666666666665]
    """
    apart = np.abs(origins[:, None] - origins[None, :])
    shared = np.einsum("ij,ij->i", used @ np.maximum(1.0 - apart / length, 0.0), used)
    return np.asarray(used.sum(axis=1) ** 2 / np.maximum(shared, 1.0))


def _reference(task: Task, pooled: Pooled, fits: Mask, whole: Mask, ahead: Floats) -> Floats:
    total = np.zeros(len(ahead))
    for name, of in (("negative_binomial", whole), ("gamma", ~whole)):
        rows = np.flatnonzero(fits & of)
        for level in task.levels if rows.size else ():
            quantile = sum_quantiles(
                CANDIDATES[name], pooled.mean[rows], pooled.variance[rows], task.exposure, level
            )
            total[rows] += pinball(ahead[rows], quantile, level)
    return total


def join(scores: Scores, allowed: Mask, classes: Integers, whole: Mask) -> Floats:
    """Weigh each series' own scores against those of its class.

    A dozen windows choose by luck as often as by merit, and overlapping ones are fewer than they
    look. So the mean loss of a candidate over the effective windows of a series is joined by 24
    windows in which its loss, relative to that of the reference, is that of the whole class. A
    series without windows goes by its class alone, and where its class has none, by all series in
    the same kind of units.

    Parameters
    ----------
    scores : Scores
    allowed : (n_series, n_candidates) bool
    classes : (n_series,) int64
        Class of each series, from 0.
    whole : (n_series,) bool
        Whole and other units are judged apart.

    Returns
    -------
    (n_series, n_candidates, n_half_lives) float64
        Smaller is better; infinite where not allowed or nothing is known.
    """
    kind = np.where(whole, 0, 1)
    n_classes = int(classes.max(initial=0)) + 1
    of_class = _relative(scores, allowed, classes + n_classes * kind, 2 * n_classes)
    of_kind = _relative(scores, allowed, kind, 2)
    of_class = np.where(np.isnan(of_class), np.repeat(of_kind, n_classes, axis=0), of_class)
    expected = of_class[classes + n_classes * kind]
    weight = scores.effective[:, None, None]
    with np.errstate(invalid="ignore"):
        own = np.where(weight > 0.0, weight * scores.loss, 0.0)
        scale = np.where(scores.windows > 0, scores.reference, 1.0)[:, None, None]
        joined = (own + CLASS_WINDOWS * expected * scale) / (weight + CLASS_WINDOWS)
    return np.where(allowed[:, :, None] & ~np.isnan(joined), joined, np.inf)


def _relative(scores: Scores, allowed: Mask, classes: Integers, n_classes: int) -> Floats:
    """Loss of each candidate in each class over that of the reference; NaN where unknown."""
    _, n_candidates, n_memories = scores.loss.shape
    relative = np.full((n_classes, n_candidates, n_memories), np.nan)
    weight = scores.effective
    for place in range(n_candidates):
        rows = np.flatnonzero(
            (weight > 0.0) & ~np.isnan(scores.loss[:, place, 0]) & allowed[:, place]
        )
        plain = np.bincount(classes[rows], weight[rows] * scores.reference[rows], n_classes)
        for memory in range(n_memories):
            total = weight[rows] * scores.loss[rows, place, memory]
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.bincount(classes[rows], total, n_classes) / plain
            relative[:, place, memory] = np.where(plain > 0.0, ratio, np.nan)
    return relative
