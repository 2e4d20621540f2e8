"""The measures of a result: what each is made of, its value and its standard error.

A measure is a mean of runs, or a smooth function of such means. Its standard error is that of the
mean of its *influences*, the first-order effect of each run on it: the delta method [1]_.

References
----------
.. [1] Asmussen & Glynn (2007), *Stochastic Simulation*, section III.3 (smooth functions of
   expectations).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from echelon.kernels.quantities import (
    CROSSES,
    N_POOLED_CROSSES,
    QUANTITIES,
    SEGMENT_CROSSES,
    SEGMENT_QUANTITIES,
)
from echelon.network.compiled import Floats
from echelon.simulation.measured.moments import Moments

RATIOS: Final = {
    "order_size": ("ordered", "orders"),
    "cycle_service_level": ("whole_cycles", "cycles"),
    "ready_rate": ("short", "watched"),
    "fill_rate": ("filled", "due"),
    "on_time_rate": ("on_time", "due"),
    "stockout_duration": ("short", "stockouts"),
}
"""Measures that are one quantity over another; ``ready_rate`` is 1 less that."""

VARIANCES: Final = {
    "order_variance": ("ordered", "ordered_squared"),
    "demand_variance": ("asked", "asked_squared"),
}
"""Measures that are the mean of squares less the square of the mean."""

_ROUNDING: Final = 1e-12
"""A variance below this share of the mean of squares is rounding, so that it is 0."""

STAGE_MEASURES: Final = (
    "on_hand",
    "backorders",
    "net_inventory",
    "in_process",
    "in_release",
    "in_transit",
    "pipeline",
    "component_stock",
    "periods_of_supply",
    "orders",
    "ordered",
    "order_size",
    "order_variance",
    "demand_variance",
    "bullwhip",
    "cycle_service_level",
    "ready_rate",
    "fill_rate",
    "on_time_rate",
    "stockouts",
    "stockout_duration",
    "lost",
    "expired",
    "destroyed",
    "scrapped",
    "wasted",
    "expedited",
    "holding_cost",
    "pipeline_cost",
    "ordering_cost",
    "backorder_cost",
    "shortage_cost",
    "expedite_cost",
    "waste_cost",
    "cost",
)
"""Of a stage, in the order of the columns."""

_STAGES_ALONE: Final = ("net_inventory", "order_variance", "demand_variance", "bullwhip")

GROUP_MEASURES: Final = tuple(name for name in STAGE_MEASURES if name not in _STAGES_ALONE)
"""Of an item, of a location and of the whole network."""

SEGMENT_MEASURES: Final = (
    "due",
    "on_time_rate",
    "fill_rate",
    "backorders",
    "lost",
    "shortage_cost",
)
"""Of a segment of customers at a stage, and of all with the same value of a segment column."""


@dataclass(frozen=True, slots=True)
class Level:
    """What is known of one kind of row: its quantities, the pairs of them, and its measures."""

    name: str
    quantities: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    measures: tuple[str, ...]

    @property
    def pair_numbers(self) -> tuple[tuple[int, int], ...]:
        """The pairs, by number of quantity."""
        return tuple(
            (self.quantities.index(one), self.quantities.index(other)) for one, other in self.pairs
        )


STAGE: Final = Level("stage", QUANTITIES, CROSSES, STAGE_MEASURES)
GROUP: Final = Level(
    "group",
    QUANTITIES[: QUANTITIES.index("net_inventory")],
    CROSSES[:N_POOLED_CROSSES],
    GROUP_MEASURES,
)
SEGMENT: Final = Level("segment", SEGMENT_QUANTITIES, SEGMENT_CROSSES, SEGMENT_MEASURES)


@dataclass(frozen=True, slots=True)
class Estimates:
    """Values and standard errors of the measures of a level.

    Attributes
    ----------
    both : (2 * n_measures, n_rows) float64
        Value and error of each measure, one after the other, as the columns of a frame are.
    """

    both: Floats

    @classmethod
    def blank(cls, n_measures: int, n_rows: int) -> Estimates:
        """All missing."""
        return cls(np.full((2 * n_measures, n_rows), np.nan))

    @property
    def value(self) -> Floats:
        """Values, (n_measures, n_rows)."""
        return self.both[0::2]

    @property
    def error(self) -> Floats:
        """Standard errors, (n_measures, n_rows)."""
        return self.both[1::2]


def estimate(moments: Moments, level: Level, demand: Floats) -> Estimates:
    r"""Values and standard errors from moments.

    Parameters
    ----------
    moments : Moments
        Of the quantities and pairs of the level.
    level : Level
    demand : ndarray of float64, shape (n_rows,)
        Mean demand, units per period, of which the stock on hand is so many periods of supply.

    Returns
    -------
    Estimates
        A measure over nothing (a rate where nothing fell due, an order size without orders) is NaN.
        Errors are NaN where there is one run only. For a ratio :math:`\hat r = \bar y / \bar x`
        the error is :math:`\sqrt{(s_{yy} - 2 \hat r s_{xy} + \hat r^2 s_{xx}) / n} \, / \, \bar x`.
    """
    n_rows = len(moments.mean)
    found = Estimates(np.empty((2 * len(level.measures), n_rows)))
    value, variance = found.value, np.empty((len(level.measures), n_rows))  # of one run
    of = _Columns(moments, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        for i, name in enumerate(level.measures):
            if name in RATIOS:
                value[i], variance[i] = of.ratio(*RATIOS[name])
                if name == "ready_rate":
                    value[i] = 1.0 - value[i]
            elif name in VARIANCES:
                value[i], variance[i] = of.variance(*VARIANCES[name])
            elif name == "bullwhip":
                value[i], variance[i] = of.bullwhip()
            elif name == "periods_of_supply":
                over = np.where(demand > 0.0, demand, np.nan)
                value[i] = of.mean("on_hand") / over
                variance[i] = of.product("on_hand", "on_hand") / over**2
            else:
                value[i], variance[i] = of.mean(name), of.product(name, name)
        if moments.n > 1:
            found.error[:] = np.sqrt(np.maximum(variance, 0.0) / (moments.n - 1) / moments.n)
        else:
            found.error[:] = np.nan
    found.error[np.isnan(value)] = np.nan
    return found


class _Columns:
    """Moments by the names of quantities."""

    def __init__(self, moments: Moments, level: Level) -> None:
        self._moments = moments
        self._place = {name: i for i, name in enumerate(level.quantities)}
        self._pair = {frozenset(pair): i for i, pair in enumerate(level.pairs)}

    def mean(self, name: str) -> Floats:
        return self._moments.mean[:, self._place[name]]

    def product(self, one: str, other: str) -> Floats:
        """Sum of products of deviations; of what never varies it is 0 and not kept."""
        if one == other:
            return self._moments.spread[:, self._place[one]]
        pair = self._pair.get(frozenset((one, other)))
        return self._moments.cross[:, pair] if pair is not None else np.zeros(1)

    def ratio(self, top: str, bottom: str) -> tuple[Floats, Floats]:
        below = self.mean(bottom)
        ratio = np.where(below > 0.0, self.mean(top) / below, np.nan)
        apart = self.product(top, top) - 2.0 * ratio * self.product(top, bottom)
        return ratio, (apart + ratio**2 * self.product(bottom, bottom)) / below**2

    def variance(self, first: str, second: str) -> tuple[Floats, Floats]:
        value, slope = self._variance_of(first, second)
        apart = self.product(second, second) - 2.0 * slope * self.product(first, second)
        return value, apart + slope**2 * self.product(first, first)

    def _variance_of(self, first: str, second: str) -> tuple[Floats, Floats]:
        mean, squares = self.mean(first), self.mean(second)
        value = squares - mean**2
        return np.where(value > _ROUNDING * squares, value, 0.0), 2.0 * mean

    def bullwhip(self) -> tuple[Floats, Floats]:
        (one, two), (three, four) = VARIANCES["order_variance"], VARIANCES["demand_variance"]
        top, slope = self._variance_of(one, two)
        below, other_slope = self._variance_of(three, four)
        ratio = np.where(below > 0.0, top / below, np.nan)
        names = (two, one, four, three)
        weights = (np.ones_like(ratio), -slope, -ratio, ratio * other_slope)
        total = np.zeros(len(ratio))
        for one, weight in zip(names, weights, strict=True):
            for two, other in zip(names, weights, strict=True):
                total += weight * other * self.product(one, two)
        return ratio, total / below**2


def influences(values: Floats, level: Level, name: str, demand: Floats) -> tuple[Floats, Floats]:
    """Value of a measure, and the first-order effect of each run on it.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_quantities, n)
        Quantities of independent runs, or means of groups of dependent ones.
    level : Level
    name : str
        A measure of the level.
    demand : ndarray of float64, shape (n_rows,)
        As for :func:`estimate`.

    Returns
    -------
    value : ndarray of float64, shape (n_rows,)
    influence : ndarray of float64, shape (n_rows, n)
        Of mean 0; the standard error is that of their mean. What several measures have in common,
        random numbers above all, is in the correlation of their influences.
    """
    place = {quantity: i for i, quantity in enumerate(level.quantities)}

    def of(quantity: str) -> tuple[Floats, Floats]:
        runs = values[:, place[quantity]]
        mean = runs.mean(axis=1)
        return mean, runs - mean[:, None]

    def variance(first: str, second: str) -> tuple[Floats, Floats]:
        (mean, apart), (squares, other) = of(first), of(second)
        found = squares - mean**2
        found = np.where(found > _ROUNDING * squares, found, 0.0)
        return found, other - 2.0 * mean[:, None] * apart

    def over(top: tuple[Floats, Floats], bottom: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        ratio = np.where(bottom[0] > 0.0, top[0] / bottom[0], np.nan)
        return ratio, (top[1] - ratio[:, None] * bottom[1]) / bottom[0][:, None]

    with np.errstate(divide="ignore", invalid="ignore"):
        if name in RATIOS:
            top, bottom = RATIOS[name]
            value, influence = over(of(top), of(bottom))
            return (1.0 - value, -influence) if name == "ready_rate" else (value, influence)
        if name in VARIANCES:
            return variance(*VARIANCES[name])
        if name == "bullwhip":
            return over(
                variance(*VARIANCES["order_variance"]), variance(*VARIANCES["demand_variance"])
            )
        if name == "periods_of_supply":
            value, influence = of("on_hand")
            known = np.where(demand > 0.0, demand, np.nan)
            return value / known, influence / known[:, None]
        return of(name)


def per_run(values: Floats, level: Level, name: str, demand: Floats) -> Floats:
    """The measure of each run by itself, (n_rows, n); parameters as for :func:`influences`.

    NaN in a run that has nothing to measure, such as one in which nothing fell due.
    """
    each = np.swapaxes(values, 1, 2).reshape(-1, values.shape[1], 1)
    wide = np.repeat(demand, values.shape[2])
    return influences(each, level, name, wide)[0].reshape(len(values), values.shape[2])
