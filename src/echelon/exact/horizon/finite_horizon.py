r"""A horizon of some periods with fixed costs: the best order in each, by dynamic programming.

With :math:`x` the inventory before ordering and :math:`y` after it, in period :math:`t`

.. math:: \theta_t(x) = \min_{y \ge x}\; K_t 1[y > x] + c_t (y - x)
   + h_t E(y - D)^+ + p_t E(D - y)^+ + \gamma_t E\,\theta_{t+1}(y - D).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from echelon.errors import DomainError
from echelon.exact.horizon.horizon_arguments import horizon_arguments
from echelon.exact.horizon.horizon_problem import HorizonProblem, horizon_problem
from echelon.exact.manner import Answer, Demand, Value, unit
from echelon.kernels import finite_horizon as kernels

RANGES = ("sku", "period", "from_inventory", "to_inventory", "order_up_to_level")
"""Columns of :attr:`FiniteHorizon.ranges`."""


@dataclass(frozen=True, eq=False, repr=False)
class FiniteHorizon(Answer):
    """What :func:`finite_horizon` answers; levels have periods along the first axis."""

    reorder_point: Value = unit("units")
    order_up_to_level: Value = unit("units")
    two_levels_suffice: Value = unit("-")
    cost: Value = unit("money")
    step: Value = unit("units")
    ranges: Value = unit("units")

    @classmethod
    def units(cls) -> dict[str, str]:
        """Give the unit of each field of numbers."""
        return {name: unit for name, unit in super().units().items() if name != "ranges"}

    def to_frame(self) -> pd.DataFrame:
        """Give one row per SKU and period: sku, period and the fields."""
        n_periods = len(self.reorder_point)
        shape = (n_periods, np.size(self.cost))
        columns: dict[str, NDArray[np.generic]] = {
            "sku": np.broadcast_to(np.arange(shape[1]), shape),
            "period": np.broadcast_to(np.arange(n_periods)[:, None], shape),
        }
        for name in self.units():
            values = np.asarray(getattr(self, name))
            per_period = name in ("reorder_point", "order_up_to_level", "two_levels_suffice")
            wide = values.reshape(shape) if per_period else values.ravel()
            columns[name] = np.broadcast_to(wide, shape)
        return pd.DataFrame({name: values.T.ravel() for name, values in columns.items()})


def finite_horizon(
    demand: Demand,
    *,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    fixed_cost: ArrayLike = 0.0,
    unit_cost: ArrayLike = 0.0,
    discount_factor: ArrayLike = 1.0,
    terminal_holding_cost: ArrayLike = 0.0,
    terminal_shortage_cost: ArrayLike = 0.0,
    initial_inventory: ArrayLike = 0.0,
    lead_time: int = 0,
    n_periods: int | None = None,
    lattice: str = "split",
    step: float | None = None,
) -> FiniteHorizon:
    r"""Reorder points and order-up-to levels of a finite horizon, and its least expected cost [1]_.

    Every period may have its own demand and its own costs. The recursion runs over all inventories
    that can be reached: above the highest level that any order needs [2]_ nothing is looked at, and
    below the window the value function is exactly linear, so that nothing is cut off.

    The lead time covers ``lead_time + 1`` periods of demand (clause 2.2 with a review in every
    period): an order placed at the start of period ``t``, before its demand, is there to meet
    demand from period ``t + lead_time`` on; with 0 that of its own period.

    Parameters
    ----------
    demand : Demand
        Of one period, units; periods are independent. One that changes is a
        :class:`~echelon.distributions.PerPeriod`, which starts again where it is shorter.
    holding_cost, shortage_cost : array_like of float
        Money per unit left or backordered at the end of a period, >= 0. As ``fixed_cost``,
        ``unit_cost`` and ``discount_factor`` they may change: with two axes they have periods along
        the first and SKUs along the last, so a column ``[[1.0], [2.0]]`` serves all SKUs.
    fixed_cost : array_like of float, default 0
        Money per order, >= 0.
    unit_cost : array_like of float, default 0
        Money per unit, >= 0.
    discount_factor : array_like of float, default 1
        What money of the next period is worth in this one, above 0 and at most 1.
    terminal_holding_cost, terminal_shortage_cost : array_like of float, default 0
        Money per unit left or backordered when the horizon ends, discounted as a period after the
        last one. Negative holding cost: what a unit can be sold for.
    initial_inventory : array_like of float, default 0
        Units before the first order, backorders negative.
    lead_time : int, default 0
        Periods, the same for all SKUs. Levels are then of the inventory position, nothing is on
        order at the start, and no order is placed that would arrive after the end.
    n_periods : int, optional
        Periods; default as many as ``demand`` or the costs have.
    lattice : {"split", "rounded", "rounded_and_cut"}, default "split"
        How a density is put on lattice points; whole demand stays as it is. "split" shares a value
        between its two neighbours so that the mean stays, and its error falls with the square of
        the step. "rounded" takes the nearest point, and counts the cost of a period with the
        density itself, as textbooks do on whole units. "rounded_and_cut" also leaves out what lies
        more than four standard deviations off, without making up for its probability, as the
        program behind [1]_ does: for comparison with published numbers only.
    step : float, optional
        Of that lattice, units; default a 64th of a standard deviation, or 1 if rounded. Demand in
        packs keeps its own step, or a finer one where packs are open in the initial inventory.

    Returns
    -------
    FiniteHorizon
        ``reorder_point`` and ``order_up_to_level``, (n_periods - lead_time,) + shape of the SKUs:
        order up to the second when inventory before ordering is at or below the first; both minus
        infinity where nothing is ordered however little there is. ``two_levels_suffice``: whether
        the two say all for every inventory that can occur, as they do where a fixed cost is at
        least the discounted next one [3]_. ``ranges``: a frame that tells all where they do not, by
        the columns sku, period, from_inventory, to_inventory, order_up_to_level; the first range of
        a period reaches down without end if there is a reorder point. ``cost``: money, discounted
        to the first period. ``step``: units between levels.

    Raises
    ------
    DomainError
        If an argument is out of range, the number of periods is open, an order without end would
        pay, or an initial inventory has fractions of a whole demand's unit; names its position.

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, section 4.5, algorithm 4.1.
    .. [2] Veinott (1966), On the optimality of (s, S) inventory policies, *SIAM J. Appl. Math.* 14.
    .. [3] Scarf (1960), The optimality of (S, s) policies in the dynamic inventory problem.

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> plan = finite_horizon(
    ...     Poisson(6.0), holding_cost=1.0, shortage_cost=9.0, fixed_cost=20.0, n_periods=4
    ... )
    >>> plan.to_frame()[["period", "reorder_point", "order_up_to_level"]]
       period  reorder_point  order_up_to_level
    0       0            4.0               20.0
    1       1            4.0               19.0
    2       2            5.0               15.0
    3       3            3.0                9.0
    """
    arguments = horizon_arguments(
        "finite_horizon",
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
            "initial_inventory": initial_inventory,
        },
        n_periods=n_periods,
        lead_time=lead_time,
    )
    problem = horizon_problem(arguments, lead_time=lead_time, lattice=lattice, step=step)
    n_decisions, n = problem.hold.shape
    levels = np.empty((2, n_decisions, n))
    simple = np.empty((n_decisions, n), dtype=np.int64)
    cost, ranges = _solve(problem, levels, simple)
    shape, units = problem.shape, problem.step
    return FiniteHorizon(
        reorder_point=_shaped(levels[0] * units, (n_decisions, *shape)),
        order_up_to_level=_shaped(levels[1] * units, (n_decisions, *shape)),
        two_levels_suffice=_shaped(simple.astype(bool), (n_decisions, *shape)),
        cost=_shaped(cost + problem.before, shape),
        step=_shaped(units, shape),
        ranges=ranges,
    )


def _solve(
    problem: HorizonProblem, levels: NDArray[np.float64], simple: NDArray[np.int64]
) -> tuple[NDArray[np.float64], pd.DataFrame]:
    """Run the recursion, again with more room where the ranges did not fit."""
    n = problem.hold.shape[1]
    cost, status = np.zeros(n), np.zeros(n, dtype=np.int64)
    ranges = np.empty((16, len(RANGES)), dtype=np.int64)
    while True:
        found = kernels.solve(
            problem.law,
            problem.exposed,
            problem.ptr,
            problem.first,
            problem.mass,
            problem.hold,
            problem.short,
            problem.fixed,
            problem.unit,
            problem.discount,
            problem.end_hold,
            problem.end_short,
            problem.initial,
            levels[0],
            levels[1],
            simple,
            cost,
            status,
            ranges,
        )
        if found <= len(ranges):
            break
        ranges = np.empty((found, len(RANGES)), dtype=np.int64)
    if status.any():
        at = int(np.flatnonzero(status)[0])
        raise DomainError(
            f"finite_horizon: SKU {at} needs a window of over {kernels.MOST_POINTS:,} lattice "
            f"points of {problem.step[at]:g} units ({int((status > 0).sum()):,} such SKUs). Fix: "
            "give a larger step (whole demand: larger units, or a normal or gamma demand), or unit "
            "and shortage costs that are not almost balanced."
        )
    frame = pd.DataFrame(ranges[:found], columns=list(RANGES))
    units = problem.step[frame["sku"].to_numpy()]
    for name in RANGES[2:]:
        frame[name] = frame[name] * units
    return cost, frame


def _shaped(values: NDArray[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return values.item()
    kept = np.array(values).reshape(shape)
    kept.setflags(write=False)
    return kept
