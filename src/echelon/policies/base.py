"""What a replenishment policy is, and what it may look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from echelon.errors import DomainError

Floats: TypeAlias = NDArray[np.float64]


def _no_stock() -> Floats:
    return np.zeros((0, 0))


def _no_orders() -> Floats:
    return np.zeros((0, 0, 0))


class Policy(Protocol):
    """Anything that turns inventory positions into orders.

    A position is on hand + on order - outstanding requests (clause 5), where what is outstanding
    includes requests accepted and not yet due, so that goods promised are not counted as free.
    """

    def order(self, position: Floats) -> Floats:
        """Order quantities, units, >= 0, in the shape of ``position``."""
        ...  # a protocol has no body


@dataclass(frozen=True, slots=True)
class StageView:
    """What a stage knows when it decides on an order: arrays of shape (runs,), units.

    A policy with an attribute ``sees_life`` that is True is shown the two last arrays as well. It
    can decide at stages with a shelf life, fixed times and one component; a simulation refuses
    the others.

    Attributes
    ----------
    period : int
        The period, from 0.
    position : ndarray of float64, shape (runs,)
        Inventory position (clause 5). With a review before the demand of the period it is what the
        last period left.
    echelon_position : ndarray of float64, shape (runs,)
        The position and all that lies further down, in units of this stage.
    on_hand, on_order, late : ndarray of float64, shape (runs,)
        Finished stock; ordered and not yet received; requests past their due period.
    demand : ndarray of float64, shape (runs,)
        What customers and stages asked for in the latest period that the stage has seen.
    demand_known : bool
        Whether that is this period, as under continuous review: it counts in the position and is
        not yet served.
    stock_by_life : ndarray of float64, shape (shelf life, runs)
        Finished stock; row ``i`` has ``i + 1`` periods of life left, this one included.
    orders_by_arrival : ndarray of float64, shape (times + 1, shelf life, runs)
        Units on order by the period in which they may join the stock at the earliest, from this
        one on, and by the life they will then have. The last index is the period in which an order
        placed now may arrive, and later ones. What a supplier still owes counts as if it
        went out now, with as much life as it can have; what will have none is left out.

    Examples
    --------
    >>> ones = np.ones(2)
    >>> view = StageView(0, 4.0 * ones, 9.0 * ones, 5.0 * ones, 0.0 * ones, ones, 2.0 * ones)
    >>> (view.on_hand + view.on_order - view.late == view.position).all()
    np.True_
    """

    period: int
    position: Floats
    echelon_position: Floats
    on_hand: Floats
    on_order: Floats
    late: Floats
    demand: Floats
    demand_known: bool = False
    stock_by_life: Floats = field(default_factory=_no_stock)
    orders_by_arrival: Floats = field(default_factory=_no_orders)


@runtime_checkable
class ViewPolicy(Protocol):
    """A policy that wants to see more than the inventory position.

    With a class attribute ``sees_life = True`` it sees stock and orders by remaining life too.
    """

    def order_at(self, view: StageView) -> Floats:
        """Order quantities, units, >= 0, in the shape of the arrays of ``view``."""
        ...  # a protocol has no body


def order_of(policy: Policy | ViewPolicy, view: StageView, stage: object) -> Floats:
    """Ask a policy for its order and check the answer.

    Parameters
    ----------
    policy : Policy or ViewPolicy
        ``order_at`` is asked where there is one, else ``order``. It gets copies of the arrays.
    view : StageView
        What the stage sees; arrays of shape (runs,), units.
    stage : object
        Named in a message.

    Returns
    -------
    ndarray of float64, shape (runs,)
        Units, >= 0.

    Raises
    ------
    DomainError
        If the answer has another shape, is not a finite number, or is negative; lists every such
        fault with the stage, the period, the first run at fault and its value.

    Examples
    --------
    >>> from echelon.policies.base_stock import BaseStock
    >>> nothing = np.zeros(1)
    >>> view = StageView(0, nothing + 4.0, nothing, nothing, nothing, nothing, nothing)
    >>> order_of(BaseStock(10.0), view, "gauze @ depot")
    array([6.])
    """
    shape = view.position.shape
    if isinstance(policy, ViewPolicy):
        asked, answer = "order_at", policy.order_at(_copy(view))
    else:
        asked, answer = "order", policy.order(view.position.copy())
    where = f"{type(policy).__name__}.{asked} at stage {stage}, period {view.period}"
    try:
        order = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        raise DomainError(
            f"{where}: gave {answer!r}, not numbers. Fix: return an array of units."
        ) from None
    if order.shape != shape:
        raise DomainError(
            f"{where}: gave an array of shape {order.shape}, and there are {shape[0]} runs. "
            "Fix: return one quantity per run, in the shape of the position."
        )
    faults = []
    for fault, wrong in (
        ("not a finite number", ~np.isfinite(order)),
        ("below 0", order < 0.0),
    ):
        if wrong.any():
            run = int(np.flatnonzero(wrong)[0])
            faults.append(f"{int(wrong.sum())} order(s) {fault}, first in run {run}: {order[run]}")
    if faults:
        raise DomainError(f"{where}: {'; '.join(faults)}. Fix: return units, 0 for no order.")
    return order


def _copy(view: StageView) -> StageView:
    return StageView(
        view.period,
        view.position.copy(),
        view.echelon_position.copy(),
        view.on_hand.copy(),
        view.on_order.copy(),
        view.late.copy(),
        view.demand.copy(),
        view.demand_known,
        view.stock_by_life.copy(),
        view.orders_by_arrival.copy(),
    )
