"""Which base stock to take for one item that expires, exactly or along drawn demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.errors import DomainError
from echelon.exact.lost_sales.lost_sales_lattices import own_step
from echelon.exact.perishable.base_stock_chain import base_stock_measures
from echelon.exact.perishable.measures import Costs, LongRun
from echelon.exact.perishable.perishable_arguments import Sku
from echelon.exact.perishable.reachable import MOST_TRANSITIONS, TooLargeError
from echelon.exact.perishable.simulated_levels import Paths, lowest, smallest
from echelon.lead_time.exposure import exposure_demand

AUTO_TRANSITIONS = 300_000
"""Up to so many ``auto`` is exact: a fraction of a second for each level."""
_PATIENCE = 3
"""Levels in a row that must be worse before a walk turns back."""
_CUT = 64.0
"""Steps in the deviation of the demand that a level covers, where that is a density."""
_DOUBLINGS = 6
_NOTHING = 1e-6
"""A fill rate that half as much stock again does not raise by so much will not rise further."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A base stock, units, what it does, and whether that is exact."""

    level: float
    run: LongRun
    exact: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one SKU: to measure a level, to reach a fill rate, or the least cost."""

    sku: Sku
    costs: Costs
    level: float | None = None
    fill_rate: float | None = None


def choose(model: str, question: Question, method: str, seed: int) -> Chosen:
    """Answer a question, exactly where the method asks for it and the chain is small enough.

    Parameters
    ----------
    model : str
        For messages.
    question : Question
    method : {"auto", "exact", "simulated"}
    seed : int

    Returns
    -------
    Chosen

    Raises
    ------
    DomainError
        If ``exact`` is too large or demand a density, or no level reaches the fill rate.
    """
    sku = question.sku
    whole = own_step(sku.law) is not None
    if method == "exact" or (method == "auto" and whole):
        most = MOST_TRANSITIONS if method == "exact" else AUTO_TRANSITIONS
        try:
            return _Chain(model, question, most).answer()
        except TooLargeError as error:
            if method == "exact":
                raise DomainError(
                    f"{model}: SKU {sku.number}, {sku.law!r} with a shelf_life of {sku.life} and "
                    f"a lead_time of {sku.lead_time}, has {error}. Fix: use larger units or "
                    "longer periods, or method='simulated'."
                ) from None
    return _along_paths(model, question, seed)


class _Chain:
    """One question answered by the chain of all states."""

    def __init__(self, model: str, question: Question, most: int) -> None:
        self._model, self._question, self._most = model, question, most
        self._step, self._item, self._mass = question.sku.lattice(model)
        self._known: dict[int, LongRun] = {}

    def answer(self) -> Chosen:
        question = self._question
        if question.level is not None:
            steps = round(question.level / self._step)
            if abs(question.level / self._step - steps) > 1e-9 * (1 + steps):
                raise DomainError(
                    f"{self._model}: base_stock of SKU {question.sku.number} is "
                    f"{question.level:g}, no multiple of the demand's step of {self._step:g} "
                    "units. Fix: round it."
                )
        elif question.fill_rate is not None:
            steps = self._enough(question.fill_rate)
        else:
            steps = self._cheapest()
        return Chosen(steps * self._step, self._at(steps), True)

    def _at(self, steps: int) -> LongRun:
        if steps not in self._known:
            found = base_stock_measures(self._item, self._mass, steps, most=self._most)
            self._known[steps] = found.scaled(self._step)
        return self._known[steps]

    def _cheapest(self) -> int:
        """Walk up, then down, from what an item that keeps would have."""
        costs, lost = self._question.costs, self._item.lost

        def cost(steps: int) -> float:
            return self._at(steps).cost(costs, lost=lost)

        best = start = self._start(costs.shortage / (costs.shortage + costs.holding))
        for way in (-1, 1):
            at, worse = start + way, 0
            while worse < _PATIENCE and at >= 0:
                better = cost(at) < cost(best) - 1e-12 * abs(cost(best))
                best, worse = (at, 0) if better else (best, worse + 1)
                at += way
        return best

    def _enough(self, fill_rate: float) -> int:
        def reaches(steps: int) -> bool:
            return self._at(steps).fill_rate >= fill_rate

        high = self._start(fill_rate)
        while not reaches(high):
            served = self._at(high).fill_rate
            high += max(high // 2, 1)
            if served > 0.0 and self._at(high).fill_rate - served < _NOTHING:
                raise _unreachable(self._model, self._question, served)
        return round(smallest(lambda level: reaches(round(level)), 0, high, 1))

    def _start(self, ratio: float) -> int:
        return max(round(_covered(self._question.sku, min(ratio, 0.99)) / self._step), 0)


def _along_paths(model: str, question: Question, seed: int) -> Chosen:
    """Answer by paths of demand, and tell what other paths say of the answer."""
    sku, costs = question.sku, question.costs
    if question.level is not None:
        level = question.level
    else:
        paths = Paths(sku, seed, "chosen by")
        step = own_step(sku.law) or max(_spread(sku) / _CUT, 1e-6 * sku.law.mean, 1e-12)
        high = np.ceil(_covered(sku, 0.9999) / step + 1) * step
        for _ in range(_DOUBLINGS):
            if question.fill_rate is None:
                level = lowest(lambda at: paths.at(at).cost(costs, lost=sku.lost), 0.0, high, step)
                enough = level < high - 0.5 * step
            else:
                enough = paths.at(high).fill_rate >= question.fill_rate
            if enough:
                break
            high *= 2.0
        else:
            if question.fill_rate is not None:
                raise _unreachable(model, question, paths.at(high).fill_rate)
        if question.fill_rate is not None:
            asked = question.fill_rate
            level = smallest(lambda at: paths.at(at).fill_rate >= asked, 0.0, high, step)
    return Chosen(level, Paths(sku, seed, "told by").at(level, costs), False)


def _unreachable(model: str, question: Question, reached: float) -> DomainError:
    sku = question.sku
    return DomainError(
        f"{model}: fill_rate of SKU {sku.number} is {question.fill_rate:g}, and no base stock "
        f"reaches it; the largest looked at gives {reached:.4f}. With a shelf_life of {sku.life} "
        f"and a review every {sku.review_period} periods stock expires between orders. "
        "Fix: review more often, or ask for less."
    )


def _covered(sku: Sku, share: float) -> float:
    """Demand of the periods that a base stock covers, by its quantile; units."""
    periods = max(sku.lead_time + sku.review_period, 1)
    return float(exposure_demand(sku.law, periods).ppf(share))


def _spread(sku: Sku) -> float:
    return float(sku.law.std * np.sqrt(max(sku.lead_time + sku.review_period, 1)))
