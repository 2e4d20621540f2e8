"""Which levels and service times a simulation runs with: the plan's, or the tables'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from echelon.demand.propagate import seen_upstream
from echelon.kernels.flow_arrays import (
    BASE_STOCK,
    ECHELON_BASE_STOCK,
    FIRST_COME,
    MIN_MAX,
    PRIORITY,
    PROPORTIONAL,
    REORDER_POINT,
    REORDER_POINT_ONCE,
)
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network
from echelon.simulation.described.cells import Cells
from echelon.simulation.described.cycles import Cycle
from echelon.simulation.described.from_plan import Planned, read_plan
from echelon.simulation.described.met_points import order_at_every_review
from echelon.simulation.described.times import check_whole

if TYPE_CHECKING:
    from echelon.policies.plan import Plan

_WHOLE: Final = 1e-9
"""Periods by which a whole time may be off: rounding."""

ALLOCATION_CODES: Final = {
    "proportional": PROPORTIONAL,
    "priority": PRIORITY,
    "first_come": FIRST_COME,
}
POLICY_CODES: Final = {
    "base_stock": BASE_STOCK,
    "echelon_base_stock": ECHELON_BASE_STOCK,
    "min_max": MIN_MAX,
    "reorder_point": REORDER_POINT,
    "reorder_point_once": REORDER_POINT_ONCE,
}


@dataclass(frozen=True, slots=True)
class Levels:
    """What each stage orders by, in the order of the compiled network.

    Attributes
    ----------
    base_stock, initial_stock : (n_stages,) float64
        Units, of the first period where levels change. The base stock of a stage with a reorder
        point and a quantity is their sum, the most that an order lifts its position to. NaN where
        a policy of the user's own decides.
    demand_seen : (n_stages,) float64
        Mean demand of the stage's customers and of every end item it goes into, units per period.
    service_time : (n_stages,) int64
        Whole periods that customers of the stage wait.
    customer_time : (n_stages,) int64
        Whole periods that its customers wait where stages wait another time; -1 elsewhere.
    allocation, policy : (n_stages,) int64
        ``ALLOCATION_CODES`` and ``POLICY_CODES``.
    order_quantity : (n_stages,) float64
        Units; 0 where the policy has none.
    maximum_order : (n_stages,) float64
        Most that the plan has the stage order at once, units; inf where it says nothing.
    level_ptr : (n_stages + 1,) int64
        Levels of a stage, one per period of its cycle: ``level_ptr[j]`` up to the next.
    level_at, reorder_at : (n_levels,) float64
        Base stock and reorder point, units; the latter NaN where the policy has none.
    own_policy : (n_stages,) bool
        Stages that a policy of the user's own orders for.
    """

    base_stock: Floats
    initial_stock: Floats
    demand_seen: Floats
    service_time: Integers
    customer_time: Integers
    allocation: Integers
    policy: Integers
    order_quantity: Floats
    maximum_order: Floats
    level_ptr: Integers
    level_at: Floats
    reorder_at: Floats
    own_policy: Booleans

    @property
    def varying(self) -> Booleans:
        """Stages whose levels change by period, (n_stages,)."""
        return np.diff(self.level_ptr) > 1

    def highest(self) -> Floats:
        """Largest base stock of the cycle, 0 where there is none, (n_stages,) units."""
        return np.maximum.reduceat(np.nan_to_num(self.level_at), self.level_ptr[:-1])

    def part(self, first: int, last: int) -> Levels:
        """Stages ``first`` up to, not including, ``last``."""
        rows = slice(first, last)
        cycle = slice(int(self.level_ptr[first]), int(self.level_ptr[last]))
        return Levels(
            base_stock=self.base_stock[rows],
            initial_stock=self.initial_stock[rows],
            demand_seen=self.demand_seen[rows],
            service_time=self.service_time[rows],
            customer_time=self.customer_time[rows],
            allocation=self.allocation[rows],
            policy=self.policy[rows],
            order_quantity=self.order_quantity[rows],
            maximum_order=self.maximum_order[rows],
            level_ptr=self.level_ptr[first : last + 1] - cycle.start,
            level_at=self.level_at[cycle],
            reorder_at=self.reorder_at[cycle],
            own_policy=self.own_policy[rows],
        )


def levels_of(
    network: Network,
    plan: Plan | None,
    problems: list[str],
    *,
    policies: Mapping[tuple[str, str], object] | None = None,
) -> tuple[Levels, Booleans]:
    """Read levels and service times, aligned with the compiled network.

    A number is the plan's where it has one, else that of the table ``levels`` where the stage has
    rows in it, else that of the column of ``stages``.

    Parameters
    ----------
    network : Network
    plan : Plan, optional
        Without one everybody is served at once.
    problems : list of str
        Gets a line for everything that is wrong.
    policies : dict of (item, location) to a policy, optional
        Stages that need no level.

    Returns
    -------
    levels : Levels
    absent : ndarray of bool, shape (n_stages,)
        Stages that the plan leaves out because their component failed.
    """
    cells = Cells.of(network)
    n_stages = cells.compiled.n_stages
    planned = Planned.nothing(n_stages) if plan is None else read_plan(cells, plan, problems)
    own = _own_policies(cells, policies or {}, problems)
    check_whole(cells, planned.service_time, problems)
    apart = _customer_times(cells, planned, problems)
    policy = cells.codes("stages", "policy", POLICY_CODES)
    quantity = np.where(
        np.isnan(planned.order_quantity),
        cells.numbers("stages", "order_quantity"),
        planned.order_quantity,
    )
    in_lots = (policy == REORDER_POINT) | (policy == REORDER_POINT_ONCE)
    with_point = in_lots | (policy == MIN_MAX)
    changing = None if plan is None else plan.levels
    if changing is not None and len(changing) and network.levels["reorder_point"].notna().any():
        problems.append(
            "the plan has base stocks by period, and levels.reorder_point has reorder points. "
            "Fix: leave the reorder points out, or plan with base_stocks='constant'."
        )
    cycle = Cycle.of(network, cells, planned, with_point & ~own, changing)
    steady = np.where(cycle.planned, np.nan, planned.base_stock)
    base_stock = cycle.spread(cells.numbers("stages", "base_stock"), steady, 0)
    reorder_point = cycle.spread(cells.numbers("stages", "reorder_point"), planned.reorder_point, 1)
    asked = ~(planned.absent | own)
    mixed = (policy == MIN_MAX) & asked & np.isnan(planned.reorder_point)
    mixed &= cycle.planned | ~np.isnan(planned.base_stock)
    _check_levels(cells, cycle, base_stock, reorder_point, quantity, policy, asked, mixed, problems)
    reorder_point = order_at_every_review(cells, cycle.stage, base_stock, reorder_point, mixed)
    level_at = np.where(in_lots[cycle.stage], reorder_point + quantity[cycle.stage], base_stock)
    first = level_at[cycle.ptr[:-1]]
    mean_seen = demand_seen(cells, cells.compiled.pred_usage)
    levels = Levels(
        base_stock=first,
        initial_stock=_initial_stock(cells, first, policy, own, problems),
        demand_seen=mean_seen,
        service_time=np.rint(np.nan_to_num(planned.service_time)).astype(np.int64),
        customer_time=np.where(np.isnan(apart), -1, np.rint(np.nan_to_num(apart))).astype(np.int64),
        allocation=cells.codes("stages", "allocation", ALLOCATION_CODES),
        policy=policy,
        order_quantity=np.where(in_lots, quantity, 0.0),
        maximum_order=np.where(np.isnan(planned.maximum_order), np.inf, planned.maximum_order),
        level_ptr=cycle.ptr,
        level_at=level_at,
        reorder_at=np.where(with_point[cycle.stage], reorder_point, np.nan),
        own_policy=own,
    )
    return levels, planned.absent


def _customer_times(cells: Cells, planned: Planned, problems: list[str]) -> Floats:
    """What customers are promised apart from stages, where a plan says what those are; else NaN.

    Never longer than it takes to replenish: what arrives sooner serves sooner.
    """
    promised = cells.numbers("stages", "customer_service_time")
    supplies = np.diff(cells.compiled.succ_ptr) > 0
    asked = supplies & ~np.isnan(planned.replenishment_time)
    longest = planned.replenishment_time
    times = np.where(asked, np.minimum(promised, longest), np.nan)
    broken = np.abs(times - np.rint(times)) > _WHOLE
    itself = broken & (promised <= longest)
    if itself.any():
        problems.append(
            "stages.customer_service_time is not a whole number of periods at "
            f"{cells.named_stages(itself)}. Fix: round it, or use a finer period (period='day')."
        )
    late = np.flatnonzero(broken & ~itself)
    if len(late):
        given, mean = promised[late[0]], longest[late[0]]
        problems.append(
            "stages.customer_service_time is longer than replenishment takes on average, and that "
            f"is no whole number of periods, at {cells.named_stages(broken & ~itself)} (first: "
            f"{given:g} against {mean:g}). Customers are served as soon as goods are there, which "
            f"a simulation does in whole periods. Fix: promise {np.floor(mean):g} periods at most, "
            "or leave the column blank."
        )
    return times


def _check_levels(
    cells: Cells,
    cycle: Cycle,
    base_stock: Floats,
    reorder_point: Floats,
    quantity: Floats,
    policy: Integers,
    asked: Booleans,
    mixed: Booleans,
    problems: list[str],
) -> None:
    """Find numbers that a policy needs and nobody gives, and two that contradict each other."""
    n_stages = len(policy)
    in_lots = (policy == REORDER_POINT) | (policy == REORDER_POINT_ONCE)
    blank = cycle.stages(np.isnan(base_stock), n_stages) & ~in_lots & asked
    if blank.any():
        problems.append(
            f"stages.base_stock is blank at {cells.named_stages(blank)}. "
            "Fix: fill the column, or give a plan."
        )
    no_point = cycle.stages(np.isnan(reorder_point), n_stages) & asked
    no_point &= in_lots | (policy == MIN_MAX)
    if no_point.any():
        problems.append(
            f"stages.reorder_point is blank at {cells.named_stages(no_point)}, whose policy needs "
            "it. Fix: fill the column, or choose the policy 'base_stock'."
        )
    no_quantity = np.isnan(quantity) & in_lots & asked
    if no_quantity.any():
        problems.append(
            f"stages.order_quantity is blank at {cells.named_stages(no_quantity)}, whose policy "
            "needs it. Fix: fill the column, or choose the policy 'base_stock'."
        )
    crossed = cycle.stages(reorder_point >= base_stock, n_stages) & (policy == MIN_MAX) & asked
    crossed &= ~mixed  # a plan that does not reckon with the policy may be run all the same
    if crossed.any():
        at = int(np.argmax((reorder_point >= base_stock) & crossed[cycle.stage]))
        problems.append(
            f"the reorder point is not below the base stock at {cells.named_stages(crossed)}: "
            f"{reorder_point[at]:g} and {base_stock[at]:g} at the first. "
            "Fix: lower stages.reorder_point, or raise the base stock."
        )


def _own_policies(
    cells: Cells, policies: Mapping[tuple[str, str], object], problems: list[str]
) -> Booleans:
    own = np.zeros(cells.compiled.n_stages, dtype=np.bool_)
    if not _is_filled(policies):  # what is no mapping is told elsewhere
        return own
    stages = cells.keys("stages", "item", "location")
    keys = zip(stages["item"], stages["location"], strict=True)
    known = {key: place for place, key in enumerate(keys)}
    unknown = [key for key in policies if key not in known]
    own[[known[key] for key in policies if key in known]] = True
    if unknown:
        problems.append(
            f"policies has {unknown[0]!r}{f' and {len(unknown) - 1} more' if unknown[1:] else ''}, "
            "which the network has not. Fix: use (item, location) of a stage as the key."
        )
    return own


def demand_seen(cells: Cells, usage: Floats) -> Floats:
    """Mean demand of a stage's customers, returns counted as demand, and of all it goes into.

    Parameters
    ----------
    cells : Cells
    usage : (n_lanes,) float64
        Units that a lane supplies, on average, for one of its receiver.

    Returns
    -------
    (n_stages,) float64
        Units per period.
    """
    compiled = cells.compiled
    seller = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
    bought = np.bincount(seller, np.abs(compiled.demand_mean), compiled.n_stages)
    mean_seen, _ = seen_upstream(
        compiled.component_ptr,
        compiled.pred_ptr,
        compiled.pred_stage,
        usage,
        bought.astype(np.float64),
        np.zeros((0, compiled.n_stages)),
    )
    return mean_seen


def _initial_stock(
    cells: Cells, level: Floats, policy: Integers, own: Booleans, problems: list[str]
) -> Floats:
    """Take what is given; where it is blank the base stock, if that is positive.

    An echelon level covers the stock below as well, and is what the echelon position starts at.
    """
    given = cells.numbers("stages", "initial_stock")
    unknown = np.isnan(given) & np.isnan(level) & own
    if unknown.any():
        problems.append(
            f"stages.initial_stock is blank at {cells.named_stages(unknown)}, whose policy is your "
            "own, and there is no base stock to start from either. Fix: fill the column."
        )
    stock = np.where(np.isnan(given), np.maximum(level, 0.0), given)
    lifted = np.isnan(given) & (policy == ECHELON_BASE_STOCK) & ~own
    if lifted.any():
        from echelon.kernels.fill import stock_below  # numba: not before it is needed

        compiled = cells.compiled
        first = np.repeat(compiled.component_ptr[:-1], np.diff(compiled.component_ptr))
        supplier = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.succ_ptr))
        stock_below(
            compiled.succ_ptr.copy(),
            compiled.succ_lane + compiled.pred_ptr[first[supplier]],
            np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr)),
            compiled.pred_usage.copy(),
            lifted.astype(np.int64),
            level,
            stock,
            np.zeros(compiled.n_stages),
        )
    return stock


def _is_filled(policies: object) -> bool:
    return isinstance(policies, Mapping) and len(policies) > 0
