"""Base stock, (R, S): what a level serves, and the least level that meets a target, over SKUs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.manner import Answer, Case, Demand, Given, Value, unit
from echelon.exact.single_stage.base_stock import SingleStage, stages_of
from echelon.exact.single_stage.position_grain import take_targets
from echelon.exact.single_stage.stage_times import StageTimes, own_steps, take_times
from echelon.execution.workers import run_shards
from echelon.lead_time.exposure import LeadTimes

Integers = NDArray[np.int64]

_BATCH_SKUS = 2048
_MOST_POINTS = 2**13
"""Points of a table of whole demand; with more of them the closed form answers sooner."""


@dataclass(frozen=True, eq=False, repr=False)
class BaseStockMeasures(Answer):
    """What a base stock serves; see :func:`base_stock_measures`."""

    base_stock: Value = unit("units")
    cycle_service_level: Value = unit("-")
    ready_rate: Value = unit("-")
    fill_rate: Value = unit("-")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")


def base_stock_measures(
    demand: Demand,
    *,
    base_stock: ArrayLike,
    lead_time: LeadTimes,
    review_period: ArrayLike = 0,
    n_jobs: int = 1,
) -> BaseStockMeasures:
    r"""What an order-up-to level gives in the long run, with backorders.

    Which periods the lead time covers: with ``review_period`` of 1 or more, stock has to cover
    ``lead_time + review_period`` periods of demand (clause 2.2); with 0, continuous review, where
    an order follows the demand of its period, ``lead_time`` of them (clause 2.1). The measures are
    those of :mod:`echelon.exact.single_stage.base_stock`; a cycle lasts from one review to the
    next, whether or not something is ordered.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray of n, or DataFrame
        Of one period, independent; units.
    base_stock : float or (n,) array_like of float
        Order-up-to level, units.
    lead_time : float, Distribution, or sequence of n of either
        Periods, at least 0. Random ones are mixed over, orders not overtaking one another.
    review_period : int or (n,) array_like of int, default 0
        Periods, whole.
    n_jobs : int, default 1
        Threads; -1 for every core.

    Returns
    -------
    BaseStockMeasures

    Raises
    ------
    DomainError
        Lists every argument that is out of range, with position, value and remedy.

    References
    ----------
    .. [1] Hadley & Whitin (1963), *Analysis of Inventory Systems*, chapter 5.

    Examples
    --------
    >>> from echelon.distributions import Gamma
    >>> made = base_stock_measures(
    ...     Gamma(10.0, 4.0), base_stock=38.2713, lead_time=2, review_period=1)
    >>> round(made.fill_rate, 4), round(made.cycle_service_level, 4)
    (0.95, 0.8799)
    """
    given = Given("base_stock_measures")
    given.number("base_stock", base_stock, unit="units")
    case = _settled(given, demand, lead_time, review_period)
    return _answered(case, lambda _, skus: case["base_stock"][skus], n_jobs)


def base_stock_for(
    demand: Demand,
    *,
    cycle_service_level: ArrayLike | None = None,
    ready_rate: ArrayLike | None = None,
    fill_rate: ArrayLike | None = None,
    lead_time: LeadTimes,
    review_period: ArrayLike = 0,
    n_jobs: int = 1,
) -> BaseStockMeasures:
    """Smallest order-up-to level that meets a service target, and all that it gives.

    Stock covers ``lead_time + review_period`` periods of demand (clause 2); see
    :func:`base_stock_measures`.

    Parameters
    ----------
    demand, lead_time, review_period, n_jobs
        See :func:`base_stock_measures`.
    cycle_service_level, ready_rate, fill_rate : float or (n,) array_like of float
        Exactly one of them: the target, above 0 and below 1.

    Returns
    -------
    BaseStockMeasures
        A multiple of the step of a demand that sits on a lattice: whole units of a whole demand.

    Raises
    ------
    DomainError
        Lists every argument that is out of range, with position, value and remedy; if not exactly
        one target is given.

    Examples
    --------
    >>> from echelon.distributions import array
    >>> made = base_stock_for(
    ...     array(["gamma", "poisson"], mean=[10.0, 4.0], std=[4.0, 2.0]),
    ...     fill_rate=0.95, lead_time=2, review_period=1)
    >>> made.base_stock.round(4).tolist()
    [38.2713, 17.0]
    """
    given = Given("base_stock_for")
    measure = take_targets(
        given,
        {
            "cycle_service_level": cycle_service_level,
            "ready_rate": ready_rate,
            "fill_rate": fill_rate,
        },
    )
    case = _settled(given, demand, lead_time, review_period)
    step = own_steps(case.demands["demand"])

    def level(stages: SingleStage, skus: Integers) -> Floats:
        found = stages.base_stock_for(measure, case[measure][skus])
        steps = np.where(step[skus] > 0.0, step[skus], 1.0)
        up = np.ceil(found / steps * (1.0 - 1e-12) - 1e-9) * steps
        return np.where(step[skus] > 0.0, up, found)

    return _answered(case, level, n_jobs)


def _settled(given: Given, demand: Demand, lead_time: LeadTimes, review_period: ArrayLike) -> Case:
    given.demand("demand", demand)
    take_times(given, lead_time, review_period)
    return given.settle()


def _answered(
    case: Case, level: Callable[[SingleStage, Integers], Floats], n_jobs: int
) -> BaseStockMeasures:
    times = StageTimes.of(case)
    batches = np.array_split(np.arange(case.size), -(-case.size // _BATCH_SKUS))

    def one(skus: Integers) -> list[Floats]:
        some = times.take(skus)
        stages = stages_of(
            some.laws,
            some.lead_time,
            some.review_period,
            shape=(len(skus),),
            most_points=_MOST_POINTS if len(skus) > 1 else 0,
        )
        told = stages.measures(level(stages, skus))
        return [
            told.base_stock,
            told.cycle_service_level,
            told.ready_rate,
            told.fill_rate,
            told.on_hand,
            told.backorders,
        ]

    found = np.empty((6, case.size))
    outcomes = run_shards(one, batches, n_jobs=n_jobs, backend="threads")
    for skus, outcome in zip(batches, outcomes, strict=True):
        if outcome.failed:
            one(skus)  # raises where it failed, with its own class
        found[:, skus] = outcome.unwrap()
    base_stock, cycle, ready, fill, on_hand, owed = found
    return case.answer(
        BaseStockMeasures,
        base_stock=base_stock,
        cycle_service_level=cycle,
        ready_rate=ready,
        fill_rate=fill,
        on_hand=on_hand,
        backorders=owed,
    )
