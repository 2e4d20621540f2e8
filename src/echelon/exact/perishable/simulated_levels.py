"""Base stock for an item that expires, along drawn demand: every level meets the same paths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.exact.perishable.measures import Costs, LongRun
from echelon.exact.perishable.perishable_arguments import Sku
from echelon.kernels.perishable import follow_base_stock
from echelon.rng import stream

_RUNS, _PERIODS = 200, 400
_POINTS = 13
"""Levels looked at between two, before looking closer around the best."""


class Paths:
    """Demand of one SKU along some paths, and what base stocks do to them.

    Parameters
    ----------
    sku : Sku
    seed : int
    name : str
        Of the stream: paths of another name are independent.
    """

    def __init__(self, sku: Sku, seed: int, name: str) -> None:
        self._sku = sku
        self._warm = 4 * (sku.life + sku.lead_time + max(sku.review_period, 1))
        rng = stream(seed, "perishable", name, sku.number)
        self._demand = np.maximum(sku.law.sample(rng, (_RUNS, self._warm + _PERIODS)), 0.0)
        # rates are shares of what was drawn, which vary less than shares of its mean
        self._mean = float(self._demand[:, self._warm :].mean())
        self._known: dict[float, Floats] = {}

    def at(self, level: float, costs: Costs | None = None) -> LongRun:
        """Measure a level, units; with a standard error of its cost where costs are given."""
        if level not in self._known:
            sku, out = self._sku, np.empty((_RUNS, 5))
            follow_base_stock(
                self._demand,
                float(level),
                sku.life,
                sku.least_life,
                sku.lead_time,
                sku.review_period,
                sku.multiple,
                sku.lost,
                self._warm,
                out,
            )
            self._known[level] = out
        each = self._known[level]
        found = LongRun.of(self._mean, each.mean(axis=0))
        if costs is None:
            return found
        weights = np.array([costs.holding, 0.0, 0.0, 0.0, costs.waste])
        weights[3 if self._sku.lost else 1] = costs.shortage
        error = float((each @ weights).std(ddof=1) / np.sqrt(_RUNS))
        return LongRun.of(self._mean, each.mean(axis=0), error=error)


def lowest(value: Callable[[float], float], low: float, high: float, step: float) -> float:
    """Level of the least value between two, looking ever closer around the best seen so far.

    Parameters
    ----------
    value : callable
        Of a level, units.
    low, high : float
        Multiples of the step.
    step : float
        Units, to which the search comes down.

    Returns
    -------
    float
    """
    first, last = round(low / step), round(high / step)
    while True:
        stride = max(-(-(last - first) // (_POINTS - 1)), 1)
        tried = range(first, last + 1, stride)
        best = min(tried, key=lambda k: value(k * step))
        if stride == 1:
            return best * step
        first, last = max(first, best - stride), min(last, best + stride)


def smallest(reaches: Callable[[float], bool], low: float, high: float, step: float) -> float:
    """Smallest level that reaches a target, by halving; ``high`` does."""
    bottom, top = round(low / step) - 1, round(high / step)
    while top - bottom > 1:
        middle = (bottom + top) // 2
        if reaches(middle * step):
            top = middle
        else:
            bottom = middle
    return top * step
