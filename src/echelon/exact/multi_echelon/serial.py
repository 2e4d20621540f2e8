r"""Stages in series, exactly: the echelon base stocks of least cost (Clark and Scarf).

Stage 1 serves the customers, stage :math:`j + 1` supplies stage :math:`j`, outside supply is never
short. With :math:`h_j` the echelon holding cost, :math:`b` the shortage cost, :math:`D_j` the
demand over the exposure of stage :math:`j` and :math:`c_j = b + h_j + \dots + h_N`, Chen and
Zheng's recursion takes convex functions of the echelon position, stage by stage. Their slopes
between :math:`-c_{j+1}` and 0 are tails of a probability law, and in its terms the recursion reads

.. math::

   Z_0 = 0, \qquad Y_j = Z_{j-1} + D_j, \qquad P(Y_j \le S_j^*) = c_{j+1} / c_j,

and :math:`Z_j` is :math:`Y_j` given that it is in its lower part of probability
:math:`c_{j+1}/c_j`. The least cost is :math:`b\,E[D_1 + \dots + D_N - Z_N]` and what is on its way.
Nothing is subtracted that is nearly equal, and no demand above the largest level is ever looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.manner import Demand, Given, Value, unit
from echelon.exact.multi_echelon.lattice import coarser, convolve, leftovers, quantile
from echelon.exact.multi_echelon.lead_time_demand import LeadTimeDemand
from echelon.exact.multi_echelon.series import Series, blocks
from echelon.exact.multi_echelon.staged import (
    StagedAnswer,
    series_of,
    shaped,
    take_series,
    take_tolerance,
)
from echelon.exact.multi_echelon.stock import (
    installation_stock,
    never_varies,
    stock_and_backorders,
)
from echelon.exact.multi_echelon.window import MOST_FINER, MOST_IN_BLOCK, Window, window_of
from echelon.progress import Progress, track

_SURE = 1.0 - 1e-12
"""A larger probability is not told from 1."""


@dataclass(frozen=True, eq=False, repr=False)
class ClarkScarf(StagedAnswer):
    """Best levels of stages in series; see :func:`clark_scarf`.

    Attributes
    ----------
    echelon_base_stock : (..., n_stages) ndarray of float64
        Units; what a stage and all below it have, and is on its way between them, less backorders.
    base_stock : (..., n_stages) ndarray of float64
        Of the stages themselves, units.
    cost : float or ndarray of float64
        Money per period, the sum of the next three.
    on_hand_cost, pipeline_cost, shortage_cost : float or ndarray of float64
        Money per period.
    cost_error : float or ndarray of float64
        By how much the cost changed when the lattice step was halved to what was used; 0 where the
        demand is on its own lattice.
    stage_order : str
        As given.
    """

    echelon_base_stock: Value = unit("units")
    base_stock: Value = unit("units")
    cost: Value = unit("money/period")
    on_hand_cost: Value = unit("money/period")
    pipeline_cost: Value = unit("money/period")
    shortage_cost: Value = unit("money/period")
    cost_error: Value = unit("money/period")
    stage_order: str = unit("")


def clark_scarf(
    demand: Demand,
    *,
    shortage_cost: ArrayLike,
    lead_time: Any,
    holding_cost: ArrayLike | None = None,
    echelon_holding_cost: ArrayLike | None = None,
    review_period: ArrayLike = 0,
    stage_order: str = "downstream_first",
    tolerance: float = 1e-6,
    progress: Progress = None,
) -> ClarkScarf:
    r"""Find the base stocks of least cost of stages in series, with backorders.

    **The stages run along the last axis, the customers' stage first**, as the literature numbers
    them; ``stage_order="upstream_first"`` turns arguments and answer around. The other axis is the
    SKU.

    The lead time of a stage covers exactly ``lead_time`` periods of demand under
    ``review_period=0`` (clause 2.1: Snyder and Shen's model), and at the customers' stage one more
    under ``review_period=1``, where all stages order at the start of each period and stock is
    counted at its end (clause 2.2).

    Parameters
    ----------
    demand : Distribution, sequence of them, DistributionArray or DataFrame
        Of customers in one period, units; one for each SKU.
    shortage_cost : float or (n_skus,) array_like of float
        For one unit owed to a customer for one period, above 0.
    lead_time : float, (n_stages,) or (n_skus, n_stages) array_like of float, or list
        Periods, also fractions where the demand has sums over them. A list may hold a distribution
        for some stages: then lead times must not depend on demand, on the other stages or let
        orders overtake one another.
    holding_cost, echelon_holding_cost : (n_stages,) or (n_skus, n_stages) array_like of float
        One of the two, money per unit and period: for stock at the stage itself, or what the stage
        adds to the cost of the one that supplies it.
    review_period : 0 or 1, or (n_skus,) array_like, default 0
        Periods, the same for all stages of a SKU.
    stage_order : {"downstream_first", "upstream_first"}
    tolerance : float, default 1e-6
        The lattice of demand without one of its own is made finer until the cost changes by no more
        than this share of itself, or has 64 times the usual points, or 16,384.
    progress : bool or callable, optional
        See :data:`echelon.progress.Progress`.

    Returns
    -------
    ClarkScarf
        Of demand on a lattice (whole units, packs) the smallest best levels, exactly; otherwise to
        ``cost_error``. A stage that adds no cost holds nothing back: its echelon has the level of
        the one that supplies it. Stock on its way to a stage is charged at the rate of the stage
        that sent it. Nothing is rounded (clause 11).

    Raises
    ------
    DomainError
        Lists every fault; if a demand has no sum over a fraction of a period that is asked for.

    References
    ----------
    .. [1] Clark & Scarf (1960), Optimal policies for a multi-echelon inventory problem,
       *Management Science* 6(4).
    .. [2] Chen & Zheng (1994), Lower bounds for multi-echelon stochastic inventory systems,
       *Management Science* 40(11).
    .. [3] van Houtum & Zijm (1991), Computational procedures for stochastic multi-echelon
       production systems, *International Journal of Production Economics* 23.
    .. [4] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, section 6.2.

    Examples
    --------
    Example 6.1 of Snyder and Shen, who print levels of 6.49, 12.02 and 22.71:

    >>> from echelon.distributions import Normal
    >>> best = clark_scarf(
    ...     Normal(5.0, 1.0),
    ...     echelon_holding_cost=[3, 2, 2],
    ...     shortage_cost=37.12,
    ...     lead_time=[1, 1, 2],
    ... )
    >>> best.echelon_base_stock.round(2).tolist(), round(best.cost, 2)
    ([6.49, 12.02, 22.71], 47.66)
    """
    given = Given("clark_scarf")
    n_stages = take_series(
        given,
        demand,
        holding_cost=holding_cost,
        echelon_holding_cost=echelon_holding_cost,
        shortage_cost=shortage_cost,
        lead_time=lead_time,
        review_period=review_period,
        stage_order=stage_order,
    )
    take_tolerance(given, tolerance)
    case = given.settle()
    series = series_of(case, n_stages, lead_time, stage_order)
    levels, safety, error, finer = best_levels(series, tolerance, progress)
    pipeline = series.pipeline_cost()
    short = series.shortage_cost * stock_and_backorders(series, levels, finer).backorders[:, 0]
    short = np.minimum(short, safety)
    return ClarkScarf(
        shaped(case, levels, stage_order),
        shaped(case, installation_stock(levels), stage_order),
        case.shaped(safety + pipeline),
        case.shaped(safety - short),
        case.shaped(pipeline),
        case.shaped(short),
        case.shaped(error),
        stage_order,
    )


def best_levels(
    series: Series, tolerance: float = 1e-6, progress: Progress = None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Levels of least cost.

    Parameters
    ----------
    series : Series
    tolerance : float
        See :func:`clark_scarf`.
    progress : bool or callable, optional

    Returns
    -------
    levels : (n, n_stages) ndarray
        Echelon base stocks, units.
    cost : (n,) ndarray
        Without the pipeline, money per period.
    error : (n,) ndarray
        See :class:`ClarkScarf`.
    finer : (n,) ndarray
        How many times more points than usual the lattice took.
    """
    n = len(series)
    if (sure := shares(series)[:, -1] > _SURE).any():
        sku = int(np.flatnonzero(sure)[0])
        raise DomainError(
            f"shortage_cost of SKU {sku} is {series.shortage_cost[sku]:g}, over 1e12 times what "
            "the stage furthest upstream adds in holding cost, so that levels have no limit. "
            "Fix: give a lower shortage_cost."
        )
    levels, cost, error = np.empty((n, series.n_stages)), np.empty(n), np.zeros(n)
    finer, pipeline = np.ones(n), series.pipeline_cost()
    todo: NDArray[np.int64] = np.arange(n)
    with track(progress, n, "serial systems") as advance:
        while todo.size:
            part = series.take(todo)
            laws = part.laws()
            window = window_of(part, laws, _highest(part, laws), finer[todo])
            for at in blocks(window.points, MOST_IN_BLOCK):
                row = todo[at]
                levels[row], cost[row], error[row] = _block(part.take(at), window.take(at))
            loose = error[todo] > tolerance * (cost[todo] + pipeline[todo])
            again = loose & ~window.finest & (finer[todo] < MOST_FINER)
            advance(int(np.count_nonzero(~again)))
            todo = todo[again]
            finer[todo] *= 4.0
    laws = series.laws()
    # a long lattice of the demand's own was made coarser: back to its nearest point
    natural = (series.natural[:, 0] / series.natural[:, 1])[:, None]
    levels = np.where(np.isnan(natural), levels, np.rint(levels / natural) * natural)
    known = never_varies(laws)  # what never varies costs nothing to guard against
    levels[known] = np.cumsum([law.mean for law in laws], axis=0).T[known]
    cost[known] = error[known] = 0.0
    if (lost := error > cost + pipeline).any():
        sku = int(np.flatnonzero(lost)[0])
        raise DomainError(
            f"the least cost of SKU {sku} is lost in rounding: its shortage_cost of "
            f"{series.shortage_cost[sku]:g} is too many times its holding costs. "
            "Fix: give a lower shortage_cost."
        )
    return levels, cost, error, finer


def shares(series: Series) -> Floats:
    """Probabilities at which the laws are cut, (n, n_stages); 1 where they are not."""
    upstream = series.shortage_cost[:, None] + series.holding_cost()
    above = np.append(upstream[:, 1:], series.shortage_cost[:, None], axis=1)
    share = above / upstream
    share[:, :-1][share[:, :-1] > _SURE] = 1.0  # a stage that adds next to no cost
    return np.asarray(share)


def _highest(series: Series, laws: list[LeadTimeDemand]) -> Floats:
    """Levels that the best echelon base stocks do not exceed, (n, n_stages); 0 where free.

    Quantiles of the stages' demands, added up: the probability cut off above is shared out over
    the stages, so that it holds for any demand.
    """
    cut = 1.0 - shares(series)
    found = np.zeros_like(cut)
    for stage in range(series.n_stages):
        share = 1.0 - cut[:, stage] / (stage + 1)
        ends = np.sum(
            [law.quantile(np.minimum(share, 1.0 - 1e-15)) for law in laws[: stage + 1]], 0
        )
        found[:, stage] = np.where(cut[:, stage] > 0.0, ends, 0.0)
    return found


def _block(series: Series, window: Window) -> tuple[Floats, Floats, Floats]:
    laws = series.laws()
    masses: dict[int, Floats] = {}
    for stage, law in enumerate(laws):
        if id(law) not in masses:
            masses[id(law)] = window.masses(law, stage)
    fine = _recursion(series, window, laws, [masses[id(law)] for law in laws])
    if window.exact.all():
        return (*fine, np.zeros(len(series)))
    halved = {key: coarser(one) for key, one in masses.items()}
    rough = _recursion(series, window.coarser(), laws, [halved[id(law)] for law in laws])
    return (*fine, np.where(window.exact, 0.0, np.abs(fine[1] - rough[1])))


def _recursion(
    series: Series, window: Window, laws: list[LeadTimeDemand], masses: list[Floats]
) -> tuple[Floats, Floats]:
    """Levels, and cost without the pipeline, of SKUs on windows of one length."""
    n, n_points = masses[0].shape
    points, step, share = np.arange(n_points), window.step, shares(series)
    levels = np.empty((n, series.n_stages))
    single = np.ones(n)  # probability of 0, which is all there is before any demand
    rest = np.zeros((n, n_points))
    first: NDArray[np.int64] = np.zeros(n, dtype=np.int64)
    below = np.zeros(n)
    for stage, law in enumerate(laws):
        spread = window.smooth & (single == 0.0) & (law.std > 0.0)
        rest = convolve(single, rest, masses[stage], spread)
        first = first + window.low[:, stage]
        single = np.where(law.moves, 0.0, single)
        slope, left = leftovers(rest, step)
        cut = share[:, stage]
        smooth = window.smooth & (single == 0.0)
        own = window.exact | (single > 0.0)
        place, value = quantile(slope, left, step, cut, own=own, smooth=smooth)
        free = cut >= 1.0
        if (lost := np.isnan(place) & ~free).any():
            raise DomainError(
                f"the demand up to stage {stage + 1} has no level that is passed with a "
                f"probability of {1.0 - cut[lost][0]:.3g} only, by rounding. "
                "Fix: give a lower shortage_cost or higher holding costs."
            )
        level = window.units(first, place)
        if stage == 0:  # a newsvendor's, known without the lattice
            known = np.where(window.exact | free, 0.0, law.quantile(np.minimum(cut, _SURE)))
            level = np.where(window.exact, level, known)
            place = np.where(window.exact, place, level / step - first)
            value = np.where(window.exact, value, law.leftover(known[None])[0])
        place = np.where(free, n_points, place)
        levels[:, stage] = np.where(free, np.inf, level)
        below = value / cut
        # in proportion below the level, and all of the law below it: a straight line from there
        whole = np.floor(place)[:, None]
        last = np.minimum(whole[:, 0], n_points - 1).astype(np.int64)
        reached = np.take_along_axis(left, last[:, None], axis=1)[:, 0] / cut
        crossing = (below - reached) / step + (whole[:, 0] + 1.0 - place)
        given = np.where(points < whole, slope / cut[:, None], 1.0)
        given = np.where(points == whole, crossing[:, None], given)
        rest = np.diff(given, prepend=0.0, axis=1)
        rest[:, 0] -= single
    for stage in range(series.n_stages - 2, -1, -1):
        free = np.isinf(levels[:, stage])
        levels[free, stage] = levels[free, stage + 1]
    mean = np.sum([law.mean for law in laws], axis=0)
    return levels, series.shortage_cost * (mean - levels[:, -1] + below)
