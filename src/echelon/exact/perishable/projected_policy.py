"""The projected level as a policy that a simulation runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.lost_sales.lost_sales_lattices import own_step, require_not_negative
from echelon.exact.manner import Given
from echelon.exact.perishable.ageing import Whole
from echelon.exact.perishable.perishable_arguments import LONGEST, UNMET, lattice_masses
from echelon.exact.perishable.projection import nearest_steps, project_stock
from echelon.exact.perishable.rows import distinct
from echelon.policies.base import StageView

_State: TypeAlias = tuple[int, int, bool, bytes]
"""Periods and classes of what arrives, whether demand is known, and the numbers."""
_MOST_KNOWN = 500_000
"""States whose projection is kept: a run meets most of them again and again."""
_OFF = 1e-6
"""Steps by which stock may be off a whole number by rounding."""


@dataclass(frozen=True, slots=True)
class ProjectedLevel:
    """Order up to a level of the stock that will be there, and not expire, when the order arrives.

    Each review looks at the age of the stock and of what is on order, takes off what will be
    asked for until the order arrives and what will expire unsold in that period, and orders the
    rest of the level, to the nearest step of demand: the rule of
    :func:`echelon.exact.perishable_projected_level`, which finds the level and gives this policy.

    Parameters
    ----------
    level : float
        Units, >= 0.
    demand : Distribution
        Of one period, independent, not negative; whole numbers, or values on another lattice.
        What the policy expects: demand may be drawn from another one.
    minimum_remaining_life : int, default 0
        Periods; older units are not counted.
    unmet : str, default "backordered"
        ``"backordered"`` or ``"lost"``: what becomes of demand that is not met.

    Raises
    ------
    UnknownNameError
        If ``unmet`` is none.
    DomainError
        If an argument is out of range; lists them all.

    References
    ----------
    .. [1] van Jaarsveld & Arts (2024), Projected inventory-level policies for lost sales inventory
       systems, *Oper. Res.* 72.

    Examples
    --------
    Two doses, one of which expires in this period; orders arrive at once. Of the old one
    0.05 are left on average, so that 1.95 count:

    >>> from echelon.distributions import Poisson
    >>> policy = ProjectedLevel(5.0, Poisson(3.0))
    >>> one = np.ones(1)
    >>> stock = np.array([[1.0], [1.0], [0.0]])
    >>> view = StageView(
    ...     0, 2 * one, 2 * one, 2 * one, 0 * one, 0 * one, 3 * one,
    ...     stock_by_life=stock, orders_by_arrival=np.zeros((1, 3, 1)),
    ... )
    >>> policy.order_at(view)
    array([3.])
    """

    level: float
    demand: Distribution
    minimum_remaining_life: int = 0
    unmet: str = "backordered"
    _step: float = field(init=False, repr=False, compare=False)
    _mass: Floats = field(init=False, repr=False, compare=False)
    _known: dict[_State, float] = field(init=False, repr=False, compare=False)

    sees_life: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.unmet not in UNMET:
            raise UnknownNameError("unmet demand", self.unmet, UNMET)
        given = Given("ProjectedLevel")
        given.demand("demand", self.demand)
        given.number("level", self.level, least=0.0, unit="units")
        given.number(
            "minimum_remaining_life",
            self.minimum_remaining_life,
            least=0,
            most=LONGEST,
            whole=True,
            unit="periods",
        )
        given.settle()
        require_not_negative(given, [self.demand])
        step = own_step(self.demand)
        if step is None:
            given.faults.append(
                f"demand is {self.demand!r}, a density. Fix: round it to an empirical demand, or "
                "take a base stock."
            )
        given.settle()
        object.__setattr__(self, "_step", step)
        object.__setattr__(self, "_mass", lattice_masses(self.demand))
        object.__setattr__(self, "_known", {})

    def order_at(self, view: StageView) -> Floats:
        """Order what the projected stock is short of the level.

        Parameters
        ----------
        view : StageView
            With stock and orders by life.

        Returns
        -------
        ndarray of float64, shape (runs,)
            Units, >= 0.

        Raises
        ------
        DomainError
            If no unit is ever accepted, or stock is not in whole steps of demand.
        """
        arriving, owed, known = self._seen(view)
        n, n_periods, n_classes = arriving.shape
        rows = np.concatenate((arriving.reshape(n, -1), owed[:, None], known[:, None]), axis=1)
        _, first, place = distinct(rows)
        keys = [(n_periods, n_classes, view.demand_known, row.tobytes()) for row in rows[first]]
        new = np.array([k for k, key in enumerate(keys) if key not in self._known], dtype=np.int64)
        if len(new):
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
                new = np.arange(len(keys))
            at = first[new]
            net = project_stock(
                arriving[at],
                owed[at],
                self._mass,
                lost=self.unmet == "lost",
                known=known[at] if view.demand_known else None,
            )
            self._known.update(zip([keys[k] for k in new], net.tolist(), strict=True))
        projected = np.array([self._known[key] for key in keys])
        gap = nearest_steps(self.level / self._step - projected)
        return np.asarray(np.maximum(gap, 0)[place] * self._step)

    def _seen(self, view: StageView) -> tuple[Whole, Whole, Whole]:
        """What arrives by period and life, in each run, what is owed, and demand if it is known."""
        oldest = max(int(self.minimum_remaining_life), 1) - 1
        if oldest >= len(view.stock_by_life):
            raise DomainError(
                f"ProjectedLevel: minimum_remaining_life is {self.minimum_remaining_life} periods, "
                f"and stock has at most {len(view.stock_by_life)}, in period {view.period}. "
                "Fix: give at most the shelf_life of the stage."
            )
        arriving = view.orders_by_arrival[:, oldest:].copy()
        arriving[0] += view.stock_by_life[oldest:]
        known = view.demand if view.demand_known else np.zeros_like(view.demand)
        owed = view.on_hand + view.on_order - view.position - known
        return (
            self._whole(np.moveaxis(arriving, 2, 0), "stock", view.period),
            self._whole(owed, "what is owed", view.period),
            self._whole(known, "demand", view.period),
        )

    def _whole(self, units: Floats, what: str, period: int) -> Whole:
        """Count in steps of demand."""
        steps = units / self._step
        whole = np.rint(steps)
        wrong = (np.abs(steps - whole) > _OFF) | (whole < 0.0)
        if wrong.any():
            raise DomainError(
                f"ProjectedLevel: {what} is {units[wrong][0]:g} units in period {period}, no whole "
                f"number of the demand's steps of {self._step:g} >= 0. Fix: give the policy the "
                "stage's own demand, initial stock and order multiples in whole steps, no yield "
                "and lost_sales_share 0 or 1."
            )
        return whole.astype(np.int64)
