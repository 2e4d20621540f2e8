r"""One stage under base stock, exactly: service, stock and backorders, and their inverses.

Order-up-to level :math:`S`, lead time :math:`L`, review period :math:`R`, backorders; the
convention settles what each counts. With :math:`n(t, S) = E[(D_t - S)^+]` the loss function of
the demand of :math:`t` periods, and :math:`K` uniform on :math:`1, \dots, R`:

- cycle service level :math:`P(D_{L+R} \le S)`, clause 6.1;
- ready rate :math:`P(D_{L+K} \le S)`, clause 6.2;
- fill rate :math:`1 - [n(L + R, S) - n(L, S)]/(R\mu)`, clause 6.3;
- backorders :math:`n(L + K, S)`, and on-hand stock :math:`S - \mu E[L + K]` more, clause 4.

Under continuous review, :math:`R = 0`, an order follows the demand of its period: put
:math:`L - 1` for :math:`L` and 1 for :math:`R` (clause 2.1). Random lead times are mixed over. This
is exact where orders do not overtake one another (clause 8.3): then each moment's exposure has the
distribution of :math:`L + K`, whatever the dependence between lead times.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats, values_of
from echelon.distributions.array import DistributionArray
from echelon.distributions.inverse import smallest_reaching
from echelon.errors import DomainError, UnknownNameError
from echelon.lead_time.exposed_array import ExposedArray
from echelon.lead_time.exposure import (
    Demands,
    LeadTimes,
    exposure_of_periods,
    stage_arguments,
)
from echelon.lead_time.totals import ExposureDemand, narrowed

MEASURES = ("cycle_service_level", "ready_rate", "fill_rate", "backorders")
"""What a base stock can be asked for by :meth:`SingleStage.base_stock_for`."""


@dataclass(frozen=True, slots=True)
class StageMeasures:
    """What a base stock gives in the long run; arrays of one shape.

    Attributes
    ----------
    base_stock : ndarray of float64
        Units.
    cycle_service_level, ready_rate, fill_rate : ndarray of float64
        Fractions. The fill rate of a stage without demand is 1: no unit waits.
    on_hand, backorders : ndarray of float64
        At the end of a period on average, units.
    """

    base_stock: Floats
    cycle_service_level: Floats
    ready_rate: Floats
    fill_rate: Floats
    on_hand: Floats
    backorders: Floats

    def to_frame(self) -> pd.DataFrame:
        """Give the measures as columns, one row per stage or level."""
        return pd.DataFrame({one.name: np.ravel(getattr(self, one.name)) for one in fields(self)})


@dataclass(frozen=True, slots=True)
class SingleStage:
    """Stages that stand alone, as :func:`single_stage` makes them.

    Attributes
    ----------
    before, cycle_end, period_end : ExposureDemand
        Demand that is exposed when a cycle begins, when it ends, and at the end of a period picked
        at random.
    cycle_demand : ndarray of float64
        Mean demand of a cycle, units.
    """

    before: ExposureDemand
    cycle_end: ExposureDemand
    period_end: ExposureDemand
    cycle_demand: Floats

    def measures(self, base_stock: ArrayLike) -> StageMeasures:
        """Give all measures of a base stock.

        Parameters
        ----------
        base_stock : array_like of float
            Units; broadcasts against the stages, see :class:`ExposureDemand`.

        Returns
        -------
        StageMeasures

        Raises
        ------
        DomainError
            If some base stock is NaN.
        """
        level = values_of(base_stock)
        backorders = self.period_end.shortage(level)
        return StageMeasures(
            np.broadcast_to(level, backorders.shape).copy(),
            self.cycle_end.cdf(level),
            self.period_end.cdf(level),
            self._fill_rate(level),
            self.period_end.leftover(level),
            backorders,
        )

    def base_stock_for(self, measure: str, target: ArrayLike) -> Floats:
        """Smallest base stock that reaches a target.

        Parameters
        ----------
        measure : {"cycle_service_level", "ready_rate", "fill_rate", "backorders"}
            Backorders are kept to the target or below, the others reach it or more.
        target : array_like of float
            A fraction above 0 and below 1, or units of backorders above 0; broadcasts.

        Returns
        -------
        ndarray of float64
            Units, not rounded (clause 11); 0 where every base stock reaches the target. Of demand
            in whole units a fill rate or a mean of backorders may be met by a base stock between
            two whole ones.

        Raises
        ------
        UnknownNameError
            If the measure is none of these.
        DomainError
            If a target is NaN or out of range.
        """
        if measure not in MEASURES:
            raise UnknownNameError("measure", measure, MEASURES)
        asked = _targets(measure, target)
        if measure == "cycle_service_level":
            return self.cycle_end.ppf(asked)
        if measure == "ready_rate":
            return self.period_end.ppf(asked)
        if measure == "backorders":
            return self.period_end.level_for_shortage(asked)
        return self._base_stock_for_fill_rate(asked)

    def _fill_rate(self, level: Floats) -> Floats:
        late = self.cycle_end.shortage(level) - self.before.shortage(level)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.cycle_demand == 0.0, 1.0, 1.0 - late / self.cycle_demand)

    def _base_stock_for_fill_rate(self, asked: Floats) -> Floats:
        """Between what is short of a whole cycle's demand and what suffices without the start."""
        high = self.cycle_end.level_for_shortage((1.0 - asked) * self.cycle_demand)
        shape = high.shape
        wanted = np.broadcast_to(asked, shape)
        low = np.broadcast_to(np.where(self.cycle_end.low >= 0.0, 0.0, self.cycle_end.mean), shape)
        reach = self.cycle_end.std + self.cycle_demand
        met = np.ones(shape, dtype=bool)
        for _ in range(40):  # a demand with returns: down until the target is missed
            met = (self._fill_rate(low) >= wanted) & (self.cycle_end.low < 0.0)
            if not met.any():
                break
            low = np.where(met, low - reach, low)
            reach = 2.0 * reach
        low, high = narrowed(self._fill_rate, wanted, np.minimum(low, high), high)
        # still met: some orders are there at once, and that is enough without any stock
        return np.where(met, 0.0, smallest_reaching(self._fill_rate, wanted, low, high))


def single_stage(
    demand: Demands, lead_time: LeadTimes = 0.0, review_period: ArrayLike = 0
) -> SingleStage:
    r"""Stages that each stand alone: outside supply, their own customers, no service time.

    Parameters
    ----------
    demand : Distribution or sequence of n_stages
        Of one period, independent; units.
    lead_time : float, Distribution, or sequence of n_stages of either
        Periods.
    review_period : int or (n_stages,) array_like of int, default 0
        Periods, whole.

    Returns
    -------
    SingleStage

    Raises
    ------
    DomainError
        If lengths differ, a number is out of range, a review period is not whole, or a mean
        demand is negative.

    References
    ----------
    .. [1] Hadley & Whitin (1963), *Analysis of Inventory Systems*.

    Examples
    --------
    >>> from echelon.distributions import Gamma
    >>> stage = single_stage(Gamma(10.0, 4.0), lead_time=2, review_period=1)
    >>> level = stage.base_stock_for("fill_rate", 0.95)
    >>> round(float(level), 4), round(float(stage.measures(level).cycle_service_level), 4)
    (38.2713, 0.8799)
    """
    known, periods, reviews, scalar = stage_arguments(demand, lead_time, review_period)
    if (reviews != np.rint(reviews)).any():
        at = int(np.flatnonzero(reviews != np.rint(reviews))[0])
        raise DomainError(
            f"review_period of stage {at} is {reviews[at]:g}, must be whole: stock is counted at "
            "the end of periods. Fix: use a finer period."
        )
    means = known.mean
    if (means < 0.0).any():
        at = int(np.flatnonzero(means < 0.0)[0])
        raise DomainError(
            f"demand of stage {at} has mean {means[at]:g}, must be >= 0. "
            "Fix: a stage that takes back more than it gives has no service to measure."
        )
    return stages_of(known, periods, reviews, shape=() if scalar else (len(known),))


def stages_of(
    demand: DistributionArray,
    lead_time: ExposedArray,
    review_period: Floats,
    *,
    shape: tuple[int, ...],
    most_points: int = 0,
) -> SingleStage:
    """Make stages of arguments that are checked and taken apart; see :func:`single_stage`.

    Parameters
    ----------
    demand : DistributionArray of n_stages
    lead_time : ExposedArray of n_stages
    review_period : (n_stages,) ndarray of float64
        Periods, whole.
    shape : tuple of int
        ``()`` or ``(n_stages,)``.
    most_points : int, default 0
        See :func:`~echelon.lead_time.exposure.exposure_of_periods`.

    Returns
    -------
    SingleStage
    """
    before, cycle_end, period_end = (
        exposure_of_periods(demand, exposed, shape=shape, most_points=most_points)
        for exposed in (
            lead_time.later(np.where(review_period == 0.0, -1.0, 0.0)),
            lead_time.later(review_period),
            lead_time.in_cycle(review_period),
        )
    )
    cycle = np.where(review_period == 0.0, 1.0, review_period)
    return SingleStage(before, cycle_end, period_end, (demand.mean * cycle).reshape(shape))


def _targets(measure: str, target: ArrayLike) -> Floats:
    asked = values_of(target)
    fraction = measure != "backorders"
    wrong = ~((asked > 0.0) & (asked < (1.0 if fraction else np.inf)))
    if wrong.any():
        value = float(asked[wrong][0])
        limits = "a fraction above 0 and below 1" if fraction else "units above 0"
        hint = f"use {value / 100:g}" if fraction and 1.0 < value < 100.0 else f"give {limits}"
        raise DomainError(f"target of {measure} is {value:g}, must be {limits}. Fix: {hint}.")
    return asked
