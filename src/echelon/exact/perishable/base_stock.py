r"""What a base stock does for an item that expires, and which one to take.

A unit that arrives in a period can be used in that and the next :math:`A - 1`, with :math:`A` the
shelf life, and expires at the end of the last; stock is issued first expired first out, to who
accepts what life it has left (clauses 9.6 and 9.8). Every review orders up to the base stock;
what expired lowers the position, so the next review replaces it. Unmet demand is backordered, or
lost. Times are those of clause 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.errors import UnknownNameError
from echelon.exact.manner import Answer, Case, Demand, Given, Value, unit
from echelon.exact.perishable.base_stock_levels import Chosen, Question, choose
from echelon.exact.perishable.measures import Costs
from echelon.exact.perishable.perishable_arguments import (
    METHODS,
    checked,
    costs_of,
    settled,
    skus_of,
    with_costs,
)
from echelon.execution.workers import run_shards
from echelon.progress import Progress


@dataclass(frozen=True, eq=False, repr=False)
class PerishableBaseStock(Answer):
    """What :func:`perishable_base_stock` answers."""

    base_stock: Value = unit("units")
    cost: Value = unit("money/period")
    cost_se: Value = unit("money/period")
    fill_rate: Value = unit("-")
    waste_rate: Value = unit("-")
    expired: Value = unit("units/period")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")
    lost: Value = unit("units/period")
    exact: Value = unit("-")


@dataclass(frozen=True, eq=False, repr=False)
class PerishableFillRate(Answer):
    """What :func:`perishable_fill_rate` answers."""

    base_stock: Value = unit("units")
    fill_rate: Value = unit("-")
    waste_rate: Value = unit("-")
    expired: Value = unit("units/period")
    on_hand: Value = unit("units")
    exact: Value = unit("-")


def perishable_base_stock(
    demand: Demand,
    *,
    shelf_life: ArrayLike,
    lead_time: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    waste_cost: ArrayLike,
    review_period: ArrayLike = 1,
    minimum_remaining_life: ArrayLike = 0,
    order_multiple: ArrayLike | None = None,
    unmet: str = "backordered",
    base_stock: ArrayLike | None = None,
    method: str = "auto",
    seed: int = 0,
    n_jobs: int = 1,
    progress: Progress = False,
) -> PerishableBaseStock:
    """Cost, service and waste of a base stock for an item that expires; by default the best one.

    Exactly, by the chain of stock by remaining life, orders on the way and units owed [1]_ [2]_;
    where that is too large, or demand a density, along 200 paths of 400 periods that all levels
    meet alike. The level is then chosen by some paths and judged by others.

    Parameters
    ----------
    demand : Demand
        Of one period, independent, not negative; units.
    shelf_life : array_like of int
        Periods in which a unit can be used, that of its arrival included, at least 1: the column
        ``shelf_life`` less the ``release_time``.
    lead_time : array_like of int
        Periods, at least 0.
    holding_cost : array_like of float
        Money per unit left at the end of a period, at least 0.
    shortage_cost : array_like of float
        Money per unit owed at the end of a period, or per unit lost; above 0.
    waste_cost : array_like of float
        Money per unit that expires: disposal and, where the unit was paid for, its value.
    review_period : array_like of int, default 1
        0 reviews continuously (clause 2).
    minimum_remaining_life : array_like of int, default 0
        Periods of life that customers ask for; older stock waits to expire.
    order_multiple : array_like of float, optional
        Orders are rounded up to it, units.
    unmet : {"backordered", "lost"}, default "backordered"
    base_stock : array_like of float, optional
        Units on hand and on order, less those owed, after a review; default the best.
    method : {"auto", "exact", "simulated"}, default "auto"
        "auto" is exact up to 300,000 transitions of the chain, "exact" up to 12 million.
    seed : int, default 0
        Of the paths.
    n_jobs : int, default 1
        Threads; -1 for every core.
    progress : bool, callable or None, default False
        See :data:`echelon.progress.Progress`.

    Returns
    -------
    PerishableBaseStock
        ``waste_rate`` is the share of what arrives that expires. ``on_hand`` and ``backorders``
        are at the end of a period. ``cost_se`` is the standard error of the cost, 0 where it is
        exact.

    Raises
    ------
    UnknownNameError
        If ``method`` or ``unmet`` is none.
    DomainError
        If an argument is out of range, demand can be negative, no unit has the life that is asked
        for, or ``exact`` is too large or demand a density; names the SKU.

    References
    ----------
    .. [1] Nahmias (1975), Optimal ordering policies for perishable inventory II, *Oper. Res.* 23.
    .. [2] Chazan & Gal (1977), A Markovian model for a perishable product inventory, *Management
       Science* 23.

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> perishable_base_stock(
    ...     Poisson(3.0), shelf_life=3, lead_time=1,
    ...     holding_cost=1.0, shortage_cost=9.0, waste_cost=10.0,
    ... ).to_frame()[["base_stock", "cost", "fill_rate", "waste_rate"]].round(4)
       base_stock    cost  fill_rate  waste_rate
    0         9.0  5.9008     0.9445      0.0485
    """
    model = "perishable_base_stock"
    given = checked(
        model, demand, shelf_life, lead_time, review_period, minimum_remaining_life,
        order_multiple, unmet,
    )  # fmt: skip
    with_costs(given, holding_cost, shortage_cost, waste_cost)
    if base_stock is not None:
        given.number("base_stock", base_stock, least=0.0, unit="units")
    case = _settled(given, model, method)
    prices = costs_of(case)
    levels = case["base_stock"].tolist() if base_stock is not None else [None] * case.size
    questions = [
        Question(sku, price, level)
        for sku, price, level in zip(skus_of(case, unmet), prices, levels, strict=True)
    ]
    found = _answers(model, questions, method, seed, n_jobs, progress)
    return case.answer(
        PerishableBaseStock,
        base_stock=np.array([one.level for one in found]),
        cost=np.array(
            [
                one.run.cost(q.costs, lost=q.sku.lost)
                for one, q in zip(found, questions, strict=True)
            ]
        ),
        cost_se=np.array([one.run.error for one in found]),
        fill_rate=np.array([one.run.fill_rate for one in found]),
        waste_rate=np.array([one.run.waste_rate for one in found]),
        expired=np.array([one.run.expired for one in found]),
        on_hand=np.array([one.run.on_hand for one in found]),
        backorders=np.array([one.run.owed for one in found]),
        lost=np.array([one.run.lost for one in found]),
        exact=np.array([one.exact for one in found]),
    )


def perishable_fill_rate(
    demand: Demand,
    *,
    fill_rate: ArrayLike,
    shelf_life: ArrayLike,
    lead_time: ArrayLike,
    review_period: ArrayLike = 1,
    minimum_remaining_life: ArrayLike = 0,
    order_multiple: ArrayLike | None = None,
    unmet: str = "backordered",
    method: str = "auto",
    seed: int = 0,
    n_jobs: int = 1,
    progress: Progress = False,
) -> PerishableFillRate:
    """Smallest base stock that serves a fraction of demand at once from an item that expires.

    The lead time covers ``lead_time + review_period`` periods of demand (clause 2).

    Parameters
    ----------
    demand : Demand
        Of one period, independent, not negative; units.
    fill_rate : array_like of float
        Above 0 and below 1.
    shelf_life, lead_time, review_period, minimum_remaining_life, order_multiple, unmet
        See :func:`perishable_base_stock`.
    method, seed, n_jobs, progress
        See :func:`perishable_base_stock`.

    Returns
    -------
    PerishableFillRate
        ``fill_rate`` is what the base stock gives. Where it was simulated the paths it was chosen
        by reach the target and those that it is told by may miss it by their error.

    Raises
    ------
    UnknownNameError
        If ``method`` or ``unmet`` is none.
    DomainError
        As :func:`perishable_base_stock`, and if no base stock reaches the target, as where stock
        expires between one review and the next.

    Examples
    --------
    A week more or less on the label:

    >>> from echelon.distributions import Poisson
    >>> perishable_fill_rate(
    ...     Poisson(3.0), fill_rate=0.95, shelf_life=[2, 3, 4], lead_time=1
    ... ).to_frame()[["base_stock", "fill_rate", "waste_rate"]].round(4)
       base_stock  fill_rate  waste_rate
    0        10.0     0.9662      0.1975
    1        10.0     0.9726      0.0744
    2        10.0     0.9740      0.0215
    """
    model = "perishable_fill_rate"
    given = checked(
        model, demand, shelf_life, lead_time, review_period, minimum_remaining_life,
        order_multiple, unmet,
    )  # fmt: skip
    given.fraction("fill_rate", fill_rate)
    case = _settled(given, model, method)
    nothing = Costs(0.0, 0.0, 0.0)
    questions = [
        Question(sku, nothing, fill_rate=target)
        for sku, target in zip(skus_of(case, unmet), case["fill_rate"].tolist(), strict=True)
    ]
    found = _answers(model, questions, method, seed, n_jobs, progress)
    return case.answer(
        PerishableFillRate,
        base_stock=np.array([one.level for one in found]),
        fill_rate=np.array([one.run.fill_rate for one in found]),
        waste_rate=np.array([one.run.waste_rate for one in found]),
        expired=np.array([one.run.expired for one in found]),
        on_hand=np.array([one.run.on_hand for one in found]),
        exact=np.array([one.exact for one in found]),
    )


def _settled(given: Given, model: str, method: str) -> Case:
    if method not in METHODS:
        raise UnknownNameError("method of perishables", method, METHODS)
    return settled(given, model)


def _answers(
    model: str,
    questions: list[Question],
    method: str,
    seed: int,
    n_jobs: int,
    progress: Progress,
) -> list[Chosen]:
    def work(question: Question) -> Chosen:
        return choose(model, question, method, seed)

    outcomes = run_shards(
        work, questions, n_jobs=n_jobs, backend="threads", progress=progress, label="perishables"
    )
    return [
        work(question) if outcome.failed else outcome.unwrap()  # fails again, as it did
        for question, outcome in zip(questions, outcomes, strict=True)
    ]
