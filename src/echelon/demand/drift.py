"""What a pool's demand has done after each point of its past: more or less than the past said.

Demand of a whole range of items can fall or rise for years, too slowly for one series to show. A
weighted mean of the past is then wrong by much the same factor at every point, and that factor is
measured where the choice is made anyway: on the rolling origin.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.demand.moments import Sums, decay, moments
from echelon.demand.pool import FEWEST
from echelon.demand.score import Pools, Task, effective_windows, origins_of

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

_FEWEST_WINDOWS = 3.0
"""Windows that do not overlap, below which nothing can be said of a drift."""
_LATEST = 3
"""One in so many windows is among the latest, which have to show the drift too."""


def drift_of(sums: Sums, task: Task, pools: Pools) -> Floats:
    """Give the factor on the mean of each series, by memory: what came over what was said.

    Demand of each pool in the windows of the rolling origin over what the means before them
    forecast, see :func:`drift_factor`. What stock-outs hid counts as what is expected of it: to
    leave those windows out would leave the smaller demands.

    Parameters
    ----------
    sums : Sums
    task : Task
    pools : Pools
        One of fewer than ten series, each counted by its share of the demand, takes the factor of
        all series, so that a single large seller does not move the others; where all are too few
        as well, or pools do not lend, every factor is 1.

    Returns
    -------
    (n_series, n_half_lives) float64
        No unit.
    """
    n_series, n_periods = sums.observed.shape
    n_memories = len(task.half_lives)
    origins = origins_of(n_periods, task)
    if not task.lend or not len(origins):
        return np.ones((n_series, n_memories))
    came = np.zeros((pools.count, len(origins)))
    said = np.zeros((pools.count, len(origins), n_memories))
    came_each, said_each = np.zeros(n_series), np.zeros((n_series, n_memories))
    for at, origin in enumerate(origins.tolist()):
        end = origin + task.exposure
        usable = sums.observed[:, origin:end].all(axis=1)
        usable &= sums.observed[:, :origin].sum(axis=1) >= task.min_periods
        group = pools.group[usable]
        ahead = sums.first[usable, origin:end].sum(axis=1) + task.exposure * sums.centre[usable]
        came[:, at] = np.bincount(group, ahead, pools.count)
        came_each[usable] += ahead
        weights = np.stack([decay(n_periods, origin, h) for h in task.half_lives], axis=1)
        for memory, own in enumerate(moments(sums, weights)):
            mean = task.exposure * np.nan_to_num(own.mean[usable])
            said[:, at, memory] = np.bincount(group, mean, pools.count)
            said_each[usable, memory] += mean
    everyone = np.zeros(n_series, dtype=np.int64)
    factor = np.ones((n_series, n_memories))
    for group, a, b in (
        (everyone, came.sum(axis=0)[None], said.sum(axis=0)[None]),
        (pools.group, came, said),
    ):
        enough = _series_by_demand(came_each, group, len(a)) >= FEWEST
        many = np.flatnonzero(enough[group])
        unlike = _unlike(came_each, said_each, group, len(a))
        factor[many] = drift_factor(a, b, origins, task.exposure, unlike)[group[many]]
    return factor


def drift_factor(
    came: Floats, said: Floats, origins: Integers, exposure: int, unlike: Floats | float = 0.0
) -> Floats:
    r"""Factors of some pools from their windows, shrunk towards 1.

    With :math:`A_o` the demand in window :math:`o` and :math:`F_o` its forecast, the ratio is
    :math:`b = \sum A_o / \sum F_o`. Its variance :math:`s^2` is that of a ratio of sums [1]_, over
    windows, overlapping ones counted as fewer, or over series, whichever is more: what happens to
    all series at once shows in the one, what happens to a few in the other. A single observation
    of a drift around 1 has the prior variance :math:`\max(0, (b-1)^2 - s^2)` by moments, so that
    of the move :math:`b - 1` the share :math:`\max(0, 1 - s^2/(b-1)^2)` is believed [2]_: nothing
    of one within its standard error.
    The move itself is that of all windows or of their latest third, the smaller of the two, and
    none where they differ in sign: a shift that is over moves nothing any more.

    Parameters
    ----------
    came : (n_pools, n_origins) float64
        Demand of the pool in each window, units.
    said : (n_pools, n_origins, n_half_lives) float64
        What each memory forecast, units; windows without any do not count.
    origins : (n_origins,) int64
        Period at which each window begins.
    exposure : int
        Periods of a window.
    unlike : (n_pools, n_half_lives) float64, default 0
        Variance of the ratio by the scatter of the series.

    Returns
    -------
    (n_pools, n_half_lives) float64
        1 where fewer than three windows that do not overlap count, or nothing came.

    References
    ----------
    .. [1] Cochran (1977), *Sampling Techniques*, 3rd edition, 6.3.
    .. [2] Efron (2010), *Large-Scale Inference*, chapter 1.

    Examples
    --------
    >>> came = np.array([[9.0, 8.0, 10.0, 9.0]])
    >>> drift_factor(came, np.full((1, 4, 1), 12.0), np.array([8, 10, 12, 14]), 2).round(4).tolist()
    [[0.7546]]
    """
    known: Mask = np.all(said > 0.0, axis=2, keepdims=True)[:, :, 0]
    windows = known.sum(axis=1)
    latest = known & (np.cumsum(known, axis=1) > (windows - windows // _LATEST)[:, None])
    effective = effective_windows(known.astype(np.float64), origins, exposure)

    def ratio(which: Mask) -> Floats:
        forecast = np.where(which[:, :, None], said, 0.0).sum(axis=1)
        return np.asarray(np.where(which, came, 0.0).sum(axis=1)[:, None] / forecast)

    with np.errstate(divide="ignore", invalid="ignore"):
        whole = ratio(known)
        off = np.where(known[:, :, None], came[:, :, None] - whole[:, None, :] * said, 0.0)
        # windows that overlap scatter less about their mean than apart
        scatter = (off**2).sum(axis=1) / (windows * (1.0 - 1.0 / effective))[:, None]
        usual = np.where(known[:, :, None], said, 0.0).sum(axis=1) / windows[:, None]
        error = np.maximum(scatter / effective[:, None] / usual**2, unlike)
        believed = np.maximum(1.0 - error / (whole - 1.0) ** 2, 0.0)
        moved, lately = whole - 1.0, ratio(latest) - 1.0
        steady = np.where(moved * lately > 0.0, np.minimum(np.abs(moved), np.abs(lately)), 0.0)
        factor = 1.0 + believed * np.sign(moved) * steady
    told = (effective >= _FEWEST_WINDOWS)[:, None] & np.isfinite(factor) & (factor > 0.0)
    return np.where(told, factor, 1.0)


def _unlike(came: Floats, said: Floats, group: Integers, n_groups: int) -> Floats:
    """Variance of each pool's ratio by the scatter of its series, (n_groups, n_half_lives)."""
    total = np.bincount(group, came, n_groups)
    found = np.zeros((n_groups, said.shape[1]))
    for memory, each in enumerate(said.T):
        forecast = np.bincount(group, each, n_groups)
        with np.errstate(divide="ignore", invalid="ignore"):
            off = came - (total / forecast)[group] * each
            found[:, memory] = np.bincount(group, off**2, n_groups) / forecast**2
    return found


def _series_by_demand(demand: Floats, group: Integers, n_groups: int) -> Floats:
    """Number of series of equal demand that would share it as evenly, (n_groups,)."""
    total = np.bincount(group, demand, n_groups)
    squares = np.bincount(group, demand**2, n_groups)
    return np.asarray(total**2 / np.where(squares > 0.0, squares, 1.0))
