r"""Bounds and a heuristic for stages in series that need one quantile each (Shang and Song).

With :math:`F_j` the distribution function of the demand over the exposures of stages
:math:`1, \dots, j` together and :math:`c_j = b + h_j + \dots + h_N`, the best echelon base stock
of stage :math:`j` lies between two newsvendors' levels,

.. math:: F_j^{-1}(c_{j+1} / c_1) \le S_j^* \le F_j^{-1}(c_{j+1} / c_j),

and their average is close to it. The least cost lies between those of two newsvendors that face the
demand over all exposures at the shortage cost :math:`b`, with holding costs :math:`h_N` and
:math:`h_1 + \dots + h_N`, what is on its way added to both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.manner import Demand, Given, Value, unit
from echelon.exact.multi_echelon.lead_time_demand import LeadTimeDemand, Times, lead_time_demand
from echelon.exact.multi_echelon.series import Series
from echelon.exact.multi_echelon.staged import StagedAnswer, series_of, shaped, take_series
from echelon.exact.multi_echelon.stock import installation_stock

ROUNDINGS: dict[str, Callable[[Floats], Floats]] = {
    "down": np.floor,
    "nearest": lambda x: np.floor(x + 0.5),
    "up": np.ceil,
}
"""What ``rounding`` accepts beside None."""


@dataclass(frozen=True, eq=False, repr=False)
class ShangSong(StagedAnswer):
    """Bounds of levels and cost, and the heuristic's levels; see :func:`shang_song`.

    Attributes
    ----------
    echelon_base_stock : (..., n_stages) ndarray of float64
        Of the heuristic, units.
    base_stock : (..., n_stages) ndarray of float64
        The same as levels of the stages themselves, units.
    lower_level, upper_level : (..., n_stages) ndarray of float64
        Between which the best echelon base stock is, units.
    cost : float or ndarray of float64
        Average of the two bounds, money per period: a guess. ``serial_measures`` has the cost of
        the heuristic's levels.
    lower_cost, upper_cost : float or ndarray of float64
        Between which the least cost is, money per period.
    stage_order : str
        As given.
    """

    echelon_base_stock: Value = unit("units")
    base_stock: Value = unit("units")
    lower_level: Value = unit("units")
    upper_level: Value = unit("units")
    cost: Value = unit("money/period")
    lower_cost: Value = unit("money/period")
    upper_cost: Value = unit("money/period")
    stage_order: str = unit("")


def shang_song(
    demand: Demand,
    *,
    shortage_cost: ArrayLike,
    lead_time: Any,
    holding_cost: ArrayLike | None = None,
    echelon_holding_cost: ArrayLike | None = None,
    review_period: ArrayLike = 0,
    rounding: str | None = None,
    stage_order: str = "downstream_first",
) -> ShangSong:
    r"""Bound the best echelon base stocks of stages in series, and guess them.

    **The stages run along the last axis, the customers' stage first**; see
    :func:`~echelon.exact.multi_echelon.serial.clark_scarf` for the arguments, and for what the lead
    time covers: exactly ``lead_time`` periods at ``review_period=0`` (clause 2.1), one more at the
    customers' stage at 1 (clause 2.2). Lead times are numbers here.

    Parameters
    ----------
    demand, shortage_cost, lead_time, holding_cost, echelon_holding_cost, review_period, stage_order
        See there.
    rounding : {"down", "nearest", "up"}, optional
        Of the heuristic's levels to whole units; by default the plain average, halves included.

    Returns
    -------
    ShangSong

    Raises
    ------
    DomainError
        Lists every fault.

    References
    ----------
    .. [1] Shang & Song (2003), Newsvendor bounds and heuristic for optimal policies in serial
       supply chains, *Management Science* 49(5).
    .. [2] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, eq. 6.32.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> told = shang_song(
    ...     Normal(5.0, 1.0),
    ...     echelon_holding_cost=[3, 2, 2],
    ...     shortage_cost=37.12,
    ...     lead_time=[1, 1, 2],
    ... )
    >>> told.echelon_base_stock.round(3).tolist()
    [6.491, 12.027, 22.634]
    >>> round(told.lower_cost, 2), round(told.upper_cost, 2)
    (38.21, 51.35)
    """
    given = Given("shang_song")
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
    if rounding is not None and rounding not in ROUNDINGS:
        given.faults.append(
            f"rounding is {rounding!r}. Fix: give one of {', '.join(ROUNDINGS)}, or None."
        )
    case = given.settle()
    series = series_of(case, n_stages, lead_time, stage_order)
    low, high, costs = newsvendor_bounds(series)
    middle = 0.5 * (low + high)
    if rounding is not None:
        middle = ROUNDINGS[rounding](middle)
    pipeline = series.pipeline_cost()
    return ShangSong(
        shaped(case, middle, stage_order),
        shaped(case, installation_stock(middle), stage_order),
        shaped(case, low, stage_order),
        shaped(case, high, stage_order),
        case.shaped(pipeline + costs.mean(axis=0)),
        case.shaped(pipeline + costs[0]),
        case.shaped(pipeline + costs[1]),
        stage_order,
    )


def newsvendor_bounds(series: Series) -> tuple[Floats, Floats, Floats]:
    """Lower and upper levels, (n, n_stages), and the two newsvendors' costs, (2, n).

    A stage that adds no cost has the bounds of the next one that does.
    """
    n, n_stages = series.echelon_cost.shape
    upstream = series.shortage_cost[:, None] + series.holding_cost()
    above = np.append(upstream[:, 1:], series.shortage_cost[:, None], axis=1)
    low, high = np.empty((n, n_stages)), np.empty((n, n_stages))
    exposed: Floats = np.zeros(n)
    costs = np.empty((2, n))
    for stage in range(n_stages):
        exposed = exposed + _fixed(series.times[stage], stage)
        law = lead_time_demand(series.demand, exposed)
        low[:, stage] = law.quantile(above[:, stage] / upstream[:, 0])
        share = above[:, stage] / upstream[:, stage]
        found = law.quantile(np.minimum(share, 1.0 - 1e-15))
        high[:, stage] = np.where(share < 1.0, found, np.inf)
    for stage in range(n_stages - 2, -1, -1):
        free = np.isinf(high[:, stage])
        low[free, stage], high[free, stage] = low[free, stage + 1], high[free, stage + 1]
    rates = (series.echelon_cost[:, -1], series.echelon_cost.sum(axis=1))
    for row, (rate, level) in enumerate(zip(rates, (high[:, -1], low[:, -1]), strict=True)):
        costs[row] = _newsvendor(law, level, rate, series.shortage_cost)
    return low, high, costs


def _newsvendor(law: LeadTimeDemand, level: Floats, rate: Floats, shortage_cost: Floats) -> Floats:
    short = law.shortage(level)
    return np.asarray(rate * (level - law.mean + short) + shortage_cost * short)


def _fixed(times: Times, stage: int) -> Floats:
    if isinstance(times, np.ndarray):
        return times
    raise DomainError(
        f"lead_time of stage {stage + 1} from the customers is random, and the bounds need the sum "
        "of several. Fix: use clark_scarf, or numbers of periods."
    )
