r"""Reorder point and order quantity by the textbooks' approximations, for comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.manner import Answer, Case, Demand, Given, Value, unit
from echelon.exact.single_stage.reorder_point_density import PositionCost, best_point
from echelon.exact.single_stage.stage_times import StageTimes, take_times
from echelon.lead_time.exposure import LeadTimes, exposure_of_periods
from echelon.lead_time.totals import ExposureDemand

METHODS = ("expected_inventory_level", "loss_function", "planned_backorders", "safety_stock")
"""Of :func:`reorder_point_approximation`."""
_ROUNDS = 2000
_CLOSE = 1e-13


@dataclass(frozen=True, eq=False, repr=False)
class ReorderApproximation(Answer):
    """Reorder point and quantity by an approximation; see :func:`reorder_point_approximation`."""

    reorder_point: Value = unit("units")
    order_quantity: Value = unit("units")
    cost: Value = unit("money/period")


def reorder_point_approximation(
    demand: Demand,
    *,
    method: str,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike | None = None,
    cost_per_unit_short: ArrayLike | None = None,
    lead_time: LeadTimes,
) -> ReorderApproximation:
    r"""Reorder point and order quantity by an approximation, under continuous review.

    Stock has to cover ``lead_time`` periods (clause 2.1). With :math:`n` and :math:`n_2` the loss
    functions of that demand, :math:`F` its distribution function and :math:`\lambda` the mean of a
    period:

    - ``"safety_stock"``: :math:`Q = \sqrt{2K\lambda/h}`, :math:`F(r) = p/(h + p)`;
    - ``"planned_backorders"``: :math:`Q = \sqrt{2K\lambda(h + p)/(hp)}` and the reorder point that
      is best for it [1]_;
    - ``"loss_function"``: :math:`n(r) = hQ/(h + p)` and
      :math:`Q = \sqrt{2(K\lambda + (h + p)\,n_2(r))/h}` [2]_;
    - ``"expected_inventory_level"``: :math:`\bar F(r) = hQ/(b\lambda)` and
      :math:`Q = \sqrt{2\lambda(K + b\,n(r))/h}` [2]_, where a unit short costs :math:`b` once,
      however long it waits.

    Parameters
    ----------
    demand : Distribution, sequence of n of them, DistributionArray or DataFrame
        Of one period, units.
    method : {"safety_stock", "planned_backorders", "loss_function", "expected_inventory_level"}
    fixed_cost : array_like of float
        Of an order, above 0, money.
    holding_cost : array_like of float
        Above 0, money/unit/period.
    shortage_cost : array_like of float, optional
        Of a unit owed, above 0, money/unit/period; for the first three methods.
    cost_per_unit_short : array_like of float, optional
        Above 0, money/unit; for the last method.
    lead_time : float, Distribution, or sequence of n of either
        Periods.

    Returns
    -------
    ReorderApproximation
        Not rounded (clause 11). ``cost`` is the exact one where the inventory position is uniform
        between both levels, as of a density; with ``"expected_inventory_level"`` the approximation
        :math:`h(r - \lambda L + Q/2) + (K + b\,n(r))\lambda/Q` that it minimises.

    Raises
    ------
    UnknownNameError
        If the method is none of these.
    DomainError
        If an argument is out of range or missing; lists every fault. If a unit short costs so
        little that the last method has no answer.

    References
    ----------
    .. [1] Zheng (1992), *Management Science* 38(1), 87-103.
    .. [2] Hadley & Whitin (1963), *Analysis of Inventory Systems*; all four in Snyder & Shen
       (2019), chapter 5.

    Examples
    --------
    Example 5.1 of Snyder & Shen (2019), with years for periods:

    >>> from echelon.distributions import Normal
    >>> candy = Normal(1300, 150)
    >>> reorder_point_approximation(candy, method="expected_inventory_level", fixed_cost=8,
    ...                             holding_cost=0.225, cost_per_unit_short=7.5, lead_time=1 / 12)
    ReorderApproximation
      reorder_point 213.97 [units]
      order_quantity 318.59 [units]
      cost 95.4511 [money/period]
    """
    if method not in METHODS:
        raise UnknownNameError("method of a reorder point", method, METHODS)
    given = Given("reorder_point_approximation")
    given.demand("demand", demand)
    given.number("fixed_cost", fixed_cost, above=0.0, unit="money")
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    once = method == "expected_inventory_level"
    costs = {"shortage_cost": shortage_cost, "cost_per_unit_short": cost_per_unit_short}
    name, other = ("cost_per_unit_short", "shortage_cost")[:: 1 if once else -1]
    if costs[other] is not None:
        given.faults.append(f"{other} is not a cost of method {method!r}. Fix: give {name}.")
    value = costs[name]
    if value is None:
        given.faults.append(f"{name} is missing. Fix: give it for method {method!r}.")
    else:
        given.number(name, value, above=0.0, unit="money/unit" if once else "money/unit/period")
    take_times(given, lead_time, 0)
    case = given.settle()
    times = StageTimes.of(case)
    mean = times.laws.mean.reshape(case.shape)
    if (none := mean <= 0.0).any():
        fix = "leave out what is not sold"
        given.fault("mean of demand", mean, none, "must be above 0", "units", fix)
        given.settle()
    rule = _Rule(case, exposure_of_periods(times.laws, times.period_end), times.laws.mean)
    point, quantity, cost = getattr(rule, method)()
    return case.answer(
        ReorderApproximation, reorder_point=point, order_quantity=quantity, cost=cost
    )


@dataclass(frozen=True, slots=True)
class _Rule:
    """The four methods, each of all SKUs: reorder point, order quantity, cost per period."""

    case: Case
    exposure: ExposureDemand
    rate: Floats

    def safety_stock(self) -> tuple[Floats, Floats, Floats]:
        hold, short = self.case["holding_cost"], self.case["shortage_cost"]
        point = self.exposure.ppf(short / (hold + short))
        return self._costed(point, self._economic_quantity())

    def planned_backorders(self) -> tuple[Floats, Floats, Floats]:
        hold, short = self.case["holding_cost"], self.case["shortage_cost"]
        quantity = self._economic_quantity() * np.sqrt((hold + short) / short)
        return self._costed(best_point(self._position_cost(), quantity), quantity)

    def loss_function(self) -> tuple[Floats, Floats, Floats]:
        hold, fixed = self.case["holding_cost"], self.case["fixed_cost"]
        both = hold + self.case["shortage_cost"]

        def point_of(quantity: Floats) -> Floats:
            return self.exposure.level_for_shortage(hold * quantity / both)

        def quantity_of(point: Floats) -> Floats:
            lost = both * self.exposure.second_shortage(point)
            return np.sqrt(2.0 * (fixed * self.rate + lost) / hold)

        return self._costed(*self._settled(point_of, quantity_of))

    def expected_inventory_level(self) -> tuple[Floats, Floats, Floats]:
        hold, fixed = self.case["holding_cost"], self.case["fixed_cost"]
        once = self.case["cost_per_unit_short"]

        def point_of(quantity: Floats) -> Floats:
            above = hold * quantity / (once * self.rate)
            if (wrong := above >= 1.0).any():
                at = int(np.flatnonzero(wrong)[0])
                raise DomainError(
                    f"reorder_point_approximation: cost_per_unit_short[{at}] is {once[at]:g}, too "
                    f"little for the method: it would have a shortage in every cycle "
                    f"({int(wrong.sum()):,} such entries). Fix: use reorder_policy."
                )
            return self.exposure.ppf(1.0 - above)

        def quantity_of(point: Floats) -> Floats:
            lost = once * self.exposure.shortage(point)
            return np.sqrt(2.0 * self.rate * (fixed + lost) / hold)

        point, quantity = self._settled(point_of, quantity_of)
        orders = (fixed + once * self.exposure.shortage(point)) * self.rate / quantity
        stock = point - self.exposure.mean + 0.5 * quantity
        return point, quantity, hold * stock + orders

    def _economic_quantity(self) -> Floats:
        quantity = np.sqrt(2.0 * self.case["fixed_cost"] * self.rate / self.case["holding_cost"])
        return np.asarray(quantity)

    def _position_cost(self) -> PositionCost:
        return PositionCost(self.exposure, self.case["holding_cost"], self.case["shortage_cost"])

    def _costed(self, point: Floats, quantity: Floats) -> tuple[Floats, Floats, Floats]:
        orders = self.case["fixed_cost"] * self.rate / quantity
        return point, quantity, orders + self._position_cost().average(point, quantity)

    def _settled(
        self, point_of: Callable[[Floats], Floats], quantity_of: Callable[[Floats], Floats]
    ) -> tuple[Floats, Floats]:
        """Turn by turn from the deterministic quantity, until neither moves."""
        quantity = self._economic_quantity()
        for _ in range(_ROUNDS):
            before, quantity = quantity, quantity_of(point_of(quantity))
            if (abs(quantity - before) <= _CLOSE * quantity).all():
                return point_of(quantity), quantity
        at = int(np.argmax(abs(quantity - before) / quantity))
        raise DomainError(
            f"reorder_point_approximation: SKU {at} does not settle in {_ROUNDS:,} turns. "
            "Fix: use reorder_policy, which is exact."
        )
