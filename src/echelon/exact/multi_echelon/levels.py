r"""What given base stocks of stages in series come to, and levels converted both ways.

With :math:`s_j` the base stock of stage :math:`j` itself and :math:`B_{N+1} = 0`, from upstream,

.. math:: Q_j = B_{j+1} + D_j, \qquad B_j = (Q_j - s_j)^+,

:math:`B_1` is owed to customers, :math:`(s_j - Q_j)^+` is on hand (Snyder and Shen, section 6.2;
Zipkin 2000, section 8.3). Only what is below the levels is ever looked at: the mean of the rest
follows from the means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.manner import Demand, Given, Value, unit
from echelon.exact.multi_echelon.lead_time_demand import Times
from echelon.exact.multi_echelon.series import Series, later
from echelon.exact.multi_echelon.staged import (
    ORDERS,
    StagedAnswer,
    series_of,
    shaped,
    staged,
    take_series,
    take_stages,
    take_tolerance,
)
from echelon.exact.multi_echelon.stock import Stock, installation_stock, settled_stock


@dataclass(frozen=True, eq=False, repr=False)
class SerialMeasures(StagedAnswer):
    """What base stocks of stages in series come to; see :func:`serial_measures`.

    Attributes
    ----------
    echelon_base_stock, base_stock : (..., n_stages) ndarray of float64
        Units; the echelon's nested (no more than that of any stage upstream), and the stage's.
    on_hand, backorders : (..., n_stages) ndarray of float64
        At the end of a period on average, units; backorders are owed to the next stage down.
    ready_rate, fill_rate : float or ndarray of float64
        To customers, clauses 6.2 and 6.3.
    cost : float or ndarray of float64
        Money per period, the sum of the next three.
    on_hand_cost, pipeline_cost, shortage_cost : float or ndarray of float64
        Money per period.
    cost_error : float or ndarray of float64
        By how much the cost changed when the lattice was last made finer; 0 where the demand is on
        its own lattice.
    stage_order : str
        As given.
    """

    echelon_base_stock: Value = unit("units")
    base_stock: Value = unit("units")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")
    ready_rate: Value = unit("-")
    fill_rate: Value = unit("-")
    cost: Value = unit("money/period")
    on_hand_cost: Value = unit("money/period")
    pipeline_cost: Value = unit("money/period")
    shortage_cost: Value = unit("money/period")
    cost_error: Value = unit("money/period")
    stage_order: str = unit("")


def serial_measures(
    demand: Demand,
    *,
    shortage_cost: ArrayLike,
    lead_time: Any,
    base_stock: ArrayLike | None = None,
    echelon_base_stock: ArrayLike | None = None,
    holding_cost: ArrayLike | None = None,
    echelon_holding_cost: ArrayLike | None = None,
    review_period: ArrayLike = 0,
    stage_order: str = "downstream_first",
    tolerance: float = 1e-6,
) -> SerialMeasures:
    r"""Give stock, backorders, service and cost of given base stocks of stages in series.

    **The stages run along the last axis, the customers' stage first**; see
    :func:`~echelon.exact.multi_echelon.serial.clark_scarf` for the arguments not told here, and for
    what the lead time covers: exactly ``lead_time`` periods at ``review_period=0`` (clause 2.1),
    one more at the customers' stage at 1 (clause 2.2).

    Parameters
    ----------
    demand, shortage_cost, lead_time, holding_cost, echelon_holding_cost
        See there.
    base_stock, echelon_base_stock : (n_stages,) or (n_skus, n_stages) array_like of float
        One of the two, units: of the stages themselves (not negative but at the customers' stage),
        or of their echelons. An echelon level above that of a stage upstream has no effect, and is
        taken down to it.
    review_period, stage_order, tolerance
        See there.

    Returns
    -------
    SerialMeasures
        Exact for demand on a lattice whose parts the levels are (halves, thirds, … hundredths).

    Raises
    ------
    DomainError
        Lists every fault. Also where a random lead time of the customers' stage may be below one
        period at ``review_period=0`` and there are others upstream: the fill rate has no formula.

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, section 6.2.
    .. [2] Zipkin (2000), *Foundations of Inventory Management*, section 8.3.

    Examples
    --------
    Row 1 of table 1 of Shang and Song (2003), who print a cost of 12.688:

    >>> from echelon.distributions import Poisson
    >>> told = serial_measures(
    ...     Poisson(16.0),
    ...     echelon_base_stock=[8, 13, 18, 22],
    ...     echelon_holding_cost=[0.25, 0.25, 0.25, 0.25],
    ...     shortage_cost=9.0,
    ...     lead_time=0.25,
    ... )
    >>> round(told.cost, 3), told.base_stock.tolist()
    (12.688, [8.0, 5.0, 5.0, 4.0])
    """
    given = Given("serial_measures")
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
    name = _take_levels(given, base_stock, echelon_base_stock, n_stages)
    case = given.settle()
    series = series_of(case, n_stages, lead_time, stage_order)
    levels = staged(case, name, n_stages, stage_order)
    if name == "base_stock":
        _require_not_negative(levels)
        levels = np.cumsum(levels, axis=1)
    stock, error = settled_stock(series, levels, tolerance)
    own = installation_stock(levels)
    pipeline = series.pipeline_cost()
    short = series.shortage_cost * stock.backorders[:, 0]
    on_hand = series.stock_cost(stock.on_hand, stock.backorders) - short
    return SerialMeasures(
        shaped(case, np.cumsum(own, axis=1), stage_order),
        shaped(case, own, stage_order),
        shaped(case, stock.on_hand, stage_order),
        shaped(case, stock.backorders, stage_order),
        case.shaped(stock.ready_rate),
        case.shaped(_fill_rate(series, levels, stock, tolerance)),
        case.shaped(on_hand + pipeline + short),
        case.shaped(on_hand),
        case.shaped(pipeline),
        case.shaped(short),
        case.shaped(error),
        stage_order,
    )


def installation_levels(
    echelon_base_stock: ArrayLike, *, stage_order: str = "downstream_first"
) -> Floats:
    """Base stocks of the stages themselves that do what echelon base stocks do.

    No lead time is involved. An echelon level above that of a stage upstream has no effect, and is
    taken down to it first (Axsater and Rosling 1993).

    Parameters
    ----------
    echelon_base_stock : (..., n_stages) array_like of float
        Units, **the customers' stage first** unless ``stage_order`` says otherwise.
    stage_order : {"downstream_first", "upstream_first"}

    Returns
    -------
    ndarray of float64, the same shape

    Raises
    ------
    DomainError
        If a level is no finite number, there is no axis or the order has another name.

    References
    ----------
    .. [1] Axsater & Rosling (1993), Installation vs. echelon stock policies for multilevel
       inventory control, *Management Science* 39(10).

    Examples
    --------
    >>> installation_levels([6.5, 12.0, 22.7]).round(1).tolist()
    [6.5, 5.5, 10.7]
    >>> installation_levels([6.5, 25.0, 22.7]).round(1).tolist()
    [6.5, 16.2, 0.0]
    """
    return _converted("installation_levels", echelon_base_stock, stage_order, installation_stock)


def echelon_levels(base_stock: ArrayLike, *, stage_order: str = "downstream_first") -> Floats:
    """Echelon base stocks that do what base stocks of the stages themselves do: their sums.

    No lead time is involved.

    Parameters
    ----------
    base_stock : (..., n_stages) array_like of float
        Units, **the customers' stage first** unless ``stage_order`` says otherwise.
    stage_order : {"downstream_first", "upstream_first"}

    Returns
    -------
    ndarray of float64, the same shape

    Raises
    ------
    DomainError
        If a level is no finite number, there is no axis or the order has another name.

    Examples
    --------
    >>> echelon_levels([6.5, 5.5, 10.75]).tolist()
    [6.5, 12.0, 22.75]
    """
    return _converted(
        "echelon_levels", base_stock, stage_order, lambda own: np.cumsum(own, axis=-1)
    )


def _fill_rate(series: Series, levels: Floats, stock: Stock, tolerance: float) -> Floats:
    """Share of a period's demand that is not owed at its end.

    Less than all backorders are of this period: what would be owed without its demand, which is
    the last of the exposure, is of periods before.
    """
    times: list[Times] = list(series.times)
    short = np.ones(len(series))
    for stage, one in enumerate(times):
        if isinstance(one, np.ndarray):
            times[stage] = later(one, -short)
            short = np.maximum(short - one, 0.0)
            continue
        least = np.array([exposed.periods[0] for exposed in one])
        if (bad := (least < short) & (series.n_stages > stage + 1)).any():
            sku = int(np.flatnonzero(bad)[0])
            raise DomainError(
                f"lead_time of SKU {sku} at stage {stage + 1} from the customers may be "
                f"{least[sku]:g} periods, so that some orders arrive with the demand they follow. "
                "Fix: use review_period=1, or lead times of one period and more."
            )
        times[stage], short = later(one, -short), np.zeros(len(series))
    early = Series(
        series.demand,
        tuple(times),
        series.transit,
        series.echelon_cost,
        series.shortage_cost,
        series.review_period,
        series.natural,
        series.smooth,
    )
    before = settled_stock(early, levels, tolerance)[0].backorders[:, 0]
    mean = series.demand.mean
    late = np.divide(stock.backorders[:, 0] - before, mean, out=np.zeros_like(mean), where=mean > 0)
    return np.asarray(1.0 - np.clip(late, 0.0, 1.0))


def _take_levels(given: Given, base_stock: Any, echelon_base_stock: Any, n_stages: int) -> str:
    if (base_stock is None) == (echelon_base_stock is None):
        given.faults.append(
            f"levels are given {'twice' if base_stock is not None else 'not at all'}. "
            "Fix: give either base_stock, of the stages themselves, or echelon_base_stock."
        )
        return "base_stock"
    name = "base_stock" if echelon_base_stock is None else "echelon_base_stock"
    value = base_stock if echelon_base_stock is None else echelon_base_stock
    take_stages(given, name, value, n_stages, unit="units")
    return name


def _require_not_negative(own: Floats) -> None:
    if (bad := own[:, 1:] < 0.0).any():
        sku, stage = np.argwhere(bad)[0].tolist()
        raise DomainError(
            f"base_stock of SKU {sku} is {own[sku, stage + 1]:g} at stage {stage + 2} from the "
            "customers. Fix: only the customers' stage may have a negative one; give "
            "echelon_base_stock where echelons are not nested."
        )


def _converted(model: str, levels: ArrayLike, stage_order: str, rule: Any) -> Floats:
    given = Given(model)
    given.number("base_stock", levels, unit="units")
    values = np.asarray(levels)
    if values.ndim == 0:
        given.faults.append("base_stock has no axis. Fix: give a list, one level for each stage.")
    if stage_order not in ORDERS:
        given.faults.append(f"stage_order is {stage_order!r}. Fix: give one of {ORDERS}.")
    given.settle()
    turned = values.astype(np.float64)
    if stage_order == "upstream_first":
        return np.asarray(rule(turned[..., ::-1])[..., ::-1])
    return np.asarray(rule(turned))
