r"""Bounds on the levels of a finite horizon that need one period at a time only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.array import array
from echelon.errors import DomainError
from echelon.exact.horizon.horizon_arguments import horizon_arguments
from echelon.exact.manner import Answer, Demand, Value, unit
from echelon.lead_time.exposure import exposure_demand

_HALVINGS = 100


@dataclass(frozen=True, eq=False, repr=False)
class MyopicBounds(Answer):
    """What :func:`myopic_bounds` answers; periods along the first axis."""

    reorder_point_low: Value = unit("units")
    reorder_point_high: Value = unit("units")
    order_up_to_level_low: Value = unit("units")
    order_up_to_level_high: Value = unit("units")

    def to_frame(self) -> pd.DataFrame:
        """Give one row per SKU and period."""
        n_periods = len(self.reorder_point_low)
        columns = {name: np.reshape(getattr(self, name), (n_periods, -1)) for name in self.units()}
        n = columns["reorder_point_low"].shape[1]
        places = {
            "sku": np.repeat(np.arange(n), n_periods),
            "period": np.tile(np.arange(n_periods), n),
        }
        return pd.DataFrame(places | {name: one.T.ravel() for name, one in columns.items()})


def myopic_bounds(
    demand: Demand,
    *,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    fixed_cost: ArrayLike = 0.0,
    unit_cost: ArrayLike = 0.0,
    discount_factor: ArrayLike = 1.0,
    terminal_holding_cost: ArrayLike = 0.0,
    terminal_shortage_cost: ArrayLike = 0.0,
    n_periods: int | None = None,
) -> MyopicBounds:
    r"""Bounds on the optimal reorder points and order-up-to levels of a finite horizon [1]_ [2]_.

    With :math:`C_t(y) = (c_t - \gamma_t c_{t+1}) y + h_t E(y - D)^+ + p_t E(D - y)^+`, in the last
    period with the terminal costs and no later unit cost, and :math:`y^*` where it is least: the
    order-up-to level is between :math:`y^*` and where :math:`C_t` is dearer by
    :math:`\gamma_t K_{t+1}` above it; the reorder point is between where :math:`C_t` is dearer by
    :math:`K_t` and by :math:`K_t - \gamma_t K_{t+1}` below it.

    Lead time 0 (clause 2.2): an order of period ``t`` serves the demand of period ``t``.

    Parameters
    ----------
    demand, holding_cost, shortage_cost, fixed_cost, unit_cost, discount_factor
        See :func:`~echelon.exact.finite_horizon`.
    terminal_holding_cost, terminal_shortage_cost, n_periods
        See there.

    Returns
    -------
    MyopicBounds
        (n_periods,) + shape of the SKUs, units. Real numbers also for whole demand.

    Raises
    ------
    DomainError
        If an argument is out of range, a fixed cost is below the discounted next one, or a unit is
        so dear, or so much dearer in the next period, that :math:`C_t` has no least value.

    References
    ----------
    .. [1] Veinott (1966), On the optimality of (s, S) inventory policies, *SIAM J. Appl. Math.* 14.
    .. [2] Zipkin (2000), *Foundations of Inventory Management*, section 9.4.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> bounds = myopic_bounds(
    ...     Normal(100.0, 20.0), holding_cost=1.0, shortage_cost=20.0, fixed_cost=50.0, n_periods=2
    ... )
    >>> bounds.order_up_to_level_low.round(2), bounds.order_up_to_level_high.round(2)
    (array([133.37, 133.37]), array([191.66, 133.37]))
    """
    arguments = horizon_arguments(
        "myopic_bounds",
        demand,
        per_period={
            "holding_cost": holding_cost,
            "shortage_cost": shortage_cost,
            "fixed_cost": fixed_cost,
            "unit_cost": unit_cost,
            "discount_factor": discount_factor,
        },
        per_sku={
            "terminal_holding_cost": terminal_holding_cost,
            "terminal_shortage_cost": terminal_shortage_cost,
        },
        n_periods=n_periods,
    )
    numbers = arguments.numbers
    discount = numbers["discount_factor"]
    hold, short = numbers["holding_cost"].copy(), numbers["shortage_cost"].copy()
    hold[-1] += discount[-1] * numbers["terminal_holding_cost"][-1]
    short[-1] += discount[-1] * numbers["terminal_shortage_cost"][-1]
    fixed, later = numbers["fixed_cost"], np.zeros_like(hold)
    slope = numbers["unit_cost"].copy()
    later[:-1] = discount[:-1] * fixed[1:]
    slope[:-1] -= discount[:-1] * numbers["unit_cost"][1:]
    _require_bounded(hold, short, slope, fixed - later)
    n = len(arguments.laws)
    by_sku = [arguments.periods(k) for k in range(n)]
    laws = array([by_sku[k][t] for t in range(arguments.n_periods) for k in range(n)])
    shape = hold.shape
    hold, short, slope, fixed, later = (one.ravel() for one in (hold, short, slope, fixed, later))
    mean = laws.mean

    def cost(level: Floats) -> Floats:
        return np.asarray(
            slope * level + hold * (level - mean) + (hold + short) * laws.shortage(level)
        )

    best = np.asarray(exposure_demand(laws, 1.0).ppf((short - slope) / (short + hold)))
    with np.errstate(over="ignore", invalid="ignore"):
        least = cost(best)
        above = (least + later + hold * mean) / (slope + hold)
        down = (least + fixed) / (short - slope)
        _require_finite(cost(above) + above**2 + down**2, shape)  # the loss function takes squares

    def below(more: Floats) -> Floats:
        return _level(cost, least + more, (short * mean - least - more) / (short - slope), best)

    highest = _level(cost, least + later, above, best)
    told = (below(fixed), below(fixed - later), best, highest)
    wide = (arguments.n_periods, *arguments.shape)
    kept = [np.reshape(one, shape).reshape(wide) for one in told]
    for one in kept:
        one.setflags(write=False)
    return MyopicBounds(*kept)


def _level(cost: Callable[[Floats], Floats], value: Floats, far: Floats, near: Floats) -> Floats:
    """Where a convex cost, least at ``near``, takes a value between there and ``far``."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (far + near)
        beyond = cost(middle) > value
        far, near = np.where(beyond, middle, far), np.where(beyond, near, middle)
    return np.asarray(near)


def _require_finite(values: Floats, shape: tuple[int, ...]) -> None:
    wrong = ~np.isfinite(values.reshape(shape))
    if wrong.any():
        period, sku = np.argwhere(wrong)[0].tolist()
        raise DomainError(
            f"myopic_bounds: in period {period} of SKU {sku} costs are so far apart that a bound "
            "is not finite. Fix: give costs of the same magnitude."
        )


def _require_bounded(hold: Floats, short: Floats, slope: Floats, saved: Floats) -> None:
    for wrong, told in (
        (saved < 0.0, "fixed_cost is below the discounted one of the period after"),
        (slope >= short, "a unit costs more than shortage_cost and buying it a period later"),
        (slope + hold <= 0.0, "unit_cost rises so much that buying ahead pays without end"),
    ):
        if wrong.any():
            period, sku = np.argwhere(wrong)[0].tolist()
            raise DomainError(
                f"myopic_bounds: in period {period} of SKU {sku} {told}, where the bounds do not "
                "hold. Fix: use finite_horizon."
            )
