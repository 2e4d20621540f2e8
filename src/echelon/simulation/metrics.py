"""From the sums of a run to measures, and from replications to standard errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from echelon.kernels.base_stock_flow import Chain, Sums
from echelon.network.compiled import CompiledNetwork, Floats, Integers

MEASURES: Final = (
    "on_hand",
    "backorders",
    "net_inventory",
    "in_process",
    "in_transit",
    "pipeline",
    "component_stock",
    "cycle_service_level",
    "ready_rate",
    "holding_cost",
    "backorder_cost",
    "cost",
    "due",
    "on_time",
)
"""Per stage and replication: means per counted period; ``due`` and ``on_time`` are units."""

TOTALS: Final = (
    "on_hand",
    "backorders",
    "in_process",
    "in_transit",
    "pipeline",
    "component_stock",
    "holding_cost",
    "backorder_cost",
    "cost",
    "whole_cycles",
    "cycles",
    "ready_periods",
    "periods",
    "on_time",
    "filled",
    "due",
)
"""Per replication, over all stages; ``backorders`` and all after ``cost`` are customers' alone."""

_DUE, _ON_TIME = MEASURES.index("due"), MEASURES.index("on_time")


@dataclass(frozen=True, slots=True)
class Window:
    """The periods that are counted: ``first`` up to, not including, ``last``."""

    first: int
    last: int

    @property
    def periods(self) -> int:
        """How many."""
        return self.last - self.first

    def cycles(self, chain: Chain) -> Integers:
        """Whole replenishment cycles inside the window, per stage.

        A cycle starts where the order of a review is nominally received, in periods ``t`` with
        ``(t - nominal_delay) % review == 0``, and ends before the next one. Under continuous and
        one-period review every period is one.
        """
        length = np.maximum(chain.review, 1)
        first_start = self.first + (chain.nominal_delay - self.first) % length
        return np.asarray(np.maximum((self.last - first_start) // length, 0), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Moments:
    """Means and spreads over replications; two of them merge into one.

    Attributes
    ----------
    n : int
        Replications.
    mean, spread : (n_measures, n_stages) float64
        Mean, and sum of squared deviations from it.
    cross : (n_stages,) float64
        Sum of products of the deviations of units due and units on time.
    """

    n: int
    mean: Floats
    spread: Floats
    cross: Floats

    @classmethod
    def of(cls, measures: Floats) -> Moments:
        """Take them over the last axis of ``measures``, (n_measures, n_stages, n_replications)."""
        mean = measures.mean(axis=2)
        apart = measures - mean[:, :, None]
        return cls(
            n=measures.shape[2],
            mean=mean,
            spread=np.einsum("msr,msr->ms", apart, apart),
            cross=np.einsum("sr,sr->s", apart[_DUE], apart[_ON_TIME]),
        )

    def merge(self, other: Moments) -> Moments:
        """Add the replications of ``other`` [1]_.

        References
        ----------
        .. [1] Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance, *The
           American Statistician* 37(3), 242-247.
        """
        n = self.n + other.n
        step = other.mean - self.mean
        weight = self.n * other.n / n
        return Moments(
            n=n,
            mean=self.mean + step * (other.n / n),
            spread=self.spread + other.spread + weight * step**2,
            cross=self.cross + other.cross + weight * step[_DUE] * step[_ON_TIME],
        )

    def standard_error(self) -> Floats:
        """Of the means, (n_measures, n_stages); NaN for a single replication."""
        if self.n < 2:
            return np.full_like(self.mean, np.nan)
        return np.sqrt(self.spread / (self.n - 1) / self.n)

    def on_time_rate(self) -> tuple[Floats, Floats]:
        """Units on time over units due, and its standard error, both (n_stages,).

        NaN where nothing fell due; the error is NaN for a single replication.
        """
        return ratio(
            self.mean[_ON_TIME],
            self.mean[_DUE],
            (self.spread[_ON_TIME], self.spread[_DUE], self.cross),
            self.n,
        )


def ratio(
    top: Floats, bottom: Floats, spreads: tuple[Floats, Floats, Floats], n: int
) -> tuple[Floats, Floats]:
    r"""Ratio of two means over replications and its standard error by the delta method.

    Parameters
    ----------
    top, bottom : ndarray of float64
        Means over replications.
    spreads : (top, bottom, cross)
        Sums over replications of squared deviations from the mean, and of their products.
    n : int
        Replications.

    Returns
    -------
    ratio, standard_error : ndarray of float64
        :math:`\hat r = \bar y / \bar x` and
        :math:`\sqrt{(s_{yy} - 2 \hat r s_{xy} + \hat r^2 s_{xx}) / n} \, / \, \bar x` [1]_.

    References
    ----------
    .. [1] Asmussen & Glynn (2007), *Stochastic Simulation*, section III.3 (smooth functions of
       expectations).

    Examples
    --------
    >>> y, x = np.array([9.0, 8.0]), np.array([10.0, 10.0])
    >>> value, error = ratio(y.mean(), x.mean(), (((y - 8.5) ** 2).sum(), 0.0, 0.0), 2)
    >>> round(float(value), 3), round(float(error), 3)
    (0.85, 0.05)
    """
    top, bottom = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(bottom > 0.0, top / bottom, np.nan)
        if n < 2:
            return value, np.full_like(value, np.nan)
        over, under, cross = spreads
        variance = np.maximum(over - 2.0 * value * cross + value**2 * under, 0.0) / (n - 1)
        return value, np.sqrt(variance / n) / bottom


def measure(
    component: CompiledNetwork,
    chain: Chain,
    sums: Sums,
    window: Window,
    *,
    charge_pipeline: bool,
) -> tuple[Floats, Floats]:
    """Turn the sums of some replications into measures.

    Parameters
    ----------
    component, chain
        One component.
    sums : Sums
        Of the counted periods, lanes last.
    window : Window
        Those periods.
    charge_pipeline : bool
        Whether holding is charged on the pipeline too: in process at the stage's own holding cost,
        in transit at that of the stage that sent it.

    Returns
    -------
    measures : ndarray of float64, shape (n_measures, n_stages, lanes)
        In the order of :data:`MEASURES`.
    totals : ndarray of float64, shape (n_totals, lanes)
        In the order of :data:`TOTALS`.
    """
    periods = window.periods
    receiver = np.repeat(np.arange(component.n_stages), np.diff(chain.pred_ptr))
    supplier = component.pred_stage

    def by_stage(of_lane: Floats, stage: Integers) -> Floats:
        total = np.zeros_like(sums.on_hand)
        np.add.at(total, stage, of_lane)
        return total

    on_hand = sums.on_hand / periods
    late = (sums.customer_late + by_stage(sums.lane_late, supplier)) / periods
    in_process = sums.in_process / periods
    in_transit = by_stage(sums.in_transit, receiver) / periods
    components = by_stage(sums.component, receiver) / periods
    value = component.holding_cost
    sent_value = value[supplier][:, None]
    held = value[:, None] * on_hand + by_stage(sent_value * sums.component, receiver) / periods
    if charge_pipeline:
        held += value[:, None] * in_process
        held += by_stage(sent_value * sums.in_transit, receiver) / periods
    owed = component.backorder_cost[:, None] * late
    cycles = window.cycles(chain)
    long = chain.review >= 2
    whole = np.where(long[:, None], sums.whole_cycles, sums.ready)
    with np.errstate(invalid="ignore"):
        cycle_service_level = whole / cycles[:, None]  # NaN: the window holds no whole cycle
    named = {
        "on_hand": on_hand,
        "backorders": late,
        "net_inventory": on_hand - late,
        "in_process": in_process,
        "in_transit": in_transit,
        "pipeline": in_process + in_transit,
        "component_stock": components,
        "cycle_service_level": cycle_service_level,
        "ready_rate": sums.ready / periods,
        "holding_cost": held,
        "backorder_cost": owed,
        "cost": held + owed,
        "due": sums.customer_due + by_stage(sums.lane_due, supplier),
        "on_time": sums.customer_on_time + by_stage(sums.lane_on_time, supplier),
    }
    buys = chain.customer >= 0
    at_once = (chain.serve_delay == 0)[:, None]
    count = np.ones(on_hand.shape[1])
    totals = {
        **{name: named[name].sum(axis=0) for name in TOTALS if name in named},
        "backorders": sums.customer_late.sum(axis=0) / periods,
        "whole_cycles": whole[buys].sum(axis=0),
        "cycles": cycles[buys].sum() * count,
        "ready_periods": sums.ready[buys].sum(axis=0),
        "periods": buys.sum() * periods * count,
        "on_time": sums.customer_on_time.sum(axis=0),
        "filled": (sums.customer_on_time * at_once).sum(axis=0),
        "due": sums.customer_due.sum(axis=0),
    }
    return np.stack([named[name] for name in MEASURES]), np.stack([totals[n] for n in TOTALS])


def total_measures(totals: Floats) -> Mapping[str, float]:
    """Means and standard errors of the whole run, by column name.

    ``totals`` (n_totals, n_replications), in the order of :data:`TOTALS`.
    """
    n = totals.shape[1]
    by_name = dict(zip(TOTALS, totals, strict=True))
    columns: dict[str, float] = {}
    for name in TOTALS[: TOTALS.index("cost") + 1]:
        columns[name] = float(by_name[name].mean())
        error = by_name[name].std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        columns[f"{name}_se"] = float(error)
    for name, top, bottom in (
        ("cycle_service_level", "whole_cycles", "cycles"),
        ("ready_rate", "ready_periods", "periods"),
        ("fill_rate", "filled", "due"),
        ("on_time_rate", "on_time", "due"),
    ):
        y, x = by_name[top], by_name[bottom]
        apart_y, apart_x = y - y.mean(), x - x.mean()
        spreads = (apart_y @ apart_y, apart_x @ apart_x, apart_y @ apart_x)
        value, error = ratio(y.mean(), x.mean(), spreads, n)
        columns[name], columns[f"{name}_se"] = float(value), float(error)
    return columns
