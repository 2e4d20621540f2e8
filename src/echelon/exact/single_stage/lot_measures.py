r"""What a reorder point and an order quantity serve, from loss functions of the exposures.

With the position after a review uniform on :math:`(s, s + Q]`, in steps of the grain :math:`g`
where demand sits on a lattice, the mean of a loss function over it is one of second order:
:math:`\frac1Q\sum_{y} g\,n(y) = \frac1Q\big([n_2 - \frac g2 n](s) - [n_2 - \frac g2 n](s + Q)\big)`
and :math:`\frac1Q\sum_y g\,P(D > y) = [n(s + g) - n(s + Q + g)]/Q`; :math:`g = 0` for a density.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.distributions.lattice_rows import LatticeRows, RowTables
from echelon.exact.masses import exposure_masses
from echelon.exact.single_stage.stage_times import StageTimes
from echelon.lead_time.exposed_array import ExposedArray
from echelon.lead_time.exposure import exposure_of_periods

Integers = NDArray[np.int64]

_PANEL, _PANEL_WEIGHTS = np.polynomial.legendre.leggauss(10)
_NEGLIGIBLE = 1e-10
"""Share of the demand between reviews beyond an order quantity that is taken for none."""


class Losses(Protocol):
    """Loss functions of one exposure of each SKU, at points of shape (n,)."""

    def shortage(self, level: Floats) -> Floats:
        """Expected units above a level."""

    def second_shortage(self, level: Floats) -> Floats:
        """Half the expected square of the units above a level."""


@dataclass(frozen=True, slots=True)
class LotStages:
    """SKUs of one kind, on lattices or not, and the exposures that their measures rest on.

    Attributes
    ----------
    times : StageTimes of n
    grain : (n,) float64
        Of the inventory position, units; 0 for a density.
    tabulated : bool
        Whether demand is tabulated point by point.
    before, end, period_end, between : Losses
        Demand that is exposed when an order comes in, when the order of the next review is about
        to, at the end of a period picked at random; and demand between reviews.
    """

    times: StageTimes
    grain: Floats
    tabulated: bool
    before: Losses
    end: Losses
    period_end: Losses
    between: Losses

    @classmethod
    def of(cls, times: StageTimes, grain: Floats, tabulated: bool) -> LotStages:
        """Make the exposures."""
        exposures = (times.cycle_begin, times.cycle_end, times.period_end, _between(times))
        losses = [_losses(times.laws, one, tabulated) for one in exposures]
        return cls(times, grain, tabulated, *losses)

    def fill_rate(self, reorder_point: Floats, order_quantity: Floats) -> Floats:
        r"""Give :math:`1 - E_y[n(L + R, y) - n(L, y)]/(R\mu)`."""
        late = self._owed(self.end, reorder_point, order_quantity)
        late -= self._owed(self.before, reorder_point, order_quantity)
        late -= self._served_at_once(reorder_point, order_quantity)
        demand = self.times.laws.mean * self.times.step_periods
        some = demand > 0.0
        share = 1.0 - late / np.where(some, demand, 1.0)
        return np.where(some, np.clip(share, 0.0, 1.0), 1.0)

    def ready_rate(self, reorder_point: Floats, order_quantity: Floats) -> Floats:
        """Give the share of periods that end without backorders."""
        begin = reorder_point + self.grain
        over = self.period_end.shortage(begin) - self.period_end.shortage(begin + order_quantity)
        return np.clip(1.0 - over / order_quantity, 0.0, 1.0)

    def cycle_service_level(self, reorder_point: Floats, order_quantity: Floats) -> Floats:
        r"""Give :math:`P(U + D_L \le s)`, U the undershoot of an order."""
        if self.tabulated:
            kept = self._cycles_on_lattice(reorder_point, order_quantity)
        else:
            kept = self._cycles_of_densities(reorder_point, order_quantity)
        return self._at_once_in_cycles(kept, reorder_point, order_quantity)

    def single_quantity_cycles(self, reorder_point: Floats, order_quantity: Floats) -> Floats:
        """Give the cycle service level as if no review ordered several quantities: never less."""
        kept = self._cycles_of_densities(reorder_point, order_quantity, single=True)
        return self._at_once_in_cycles(kept, reorder_point, order_quantity)

    def backorders(self, reorder_point: Floats, order_quantity: Floats) -> Floats:
        """Give the mean at the end of a period, units."""
        return np.maximum(self._owed(self.period_end, reorder_point, order_quantity), 0.0)

    def net_inventory(self, reorder_point: Floats, order_quantity: Floats) -> Floats:
        """Give the mean at the end of a period, units."""
        position = reorder_point + 0.5 * (order_quantity + self.grain)
        return position - self.times.laws.mean * self.times.period_end.mean

    def orders_per_period(self, order_quantity: Floats) -> Floats:
        """Give the chance of an order at a review, over the periods between reviews."""
        zero = np.zeros_like(order_quantity)
        ordered = self.between.shortage(zero) - self.between.shortage(order_quantity)
        return np.clip(ordered / order_quantity, 0.0, 1.0) / self.times.step_periods

    def _owed(self, losses: Losses, reorder_point: Floats, order_quantity: Floats) -> Floats:
        """Mean of a loss function over the position."""
        end = reorder_point + order_quantity
        total = losses.second_shortage(reorder_point) - losses.second_shortage(end)
        if (self.grain > 0.0).any():
            over = losses.shortage(reorder_point) - losses.shortage(end)
            total -= 0.5 * self.grain * over
        return np.asarray(total / order_quantity)

    def _served_at_once(self, reorder_point: Floats, order_quantity: Floats) -> Floats:
        r"""Demand of a period served though the position is below 0: of no lead time at all.

        Continuous review with a lead time below one period counts :math:`E(-y - D_{1-L})^+` where
        the loss function of no exposure has :math:`(-y)^+`.
        """
        lead_time, review = self.times.lead_time, self.times.review_period
        if (reorder_point >= 0.0).all() or not (short := lead_time.periods < 1.0).any():
            return np.zeros_like(reorder_point)
        rows = np.flatnonzero(
            (review == 0.0)
            & (reorder_point < 0.0)
            & (np.bincount(lead_time.stage, short, len(lead_time)) > 0.0)
        )
        found = np.zeros_like(reorder_point)
        if not rows.size:
            return found
        some = self.times.take(rows)
        early = _reversed(some.lead_time)
        losses = _losses(some.laws, early, self.tabulated)
        mean = some.laws.mean * early.mean
        square = some.laws.std**2 * early.mean + some.laws.mean**2 * (
            early.variance + early.mean**2
        )

        def left(x: Floats) -> tuple[Floats, Floats]:
            """What is left of x, less x, and its integral from 0."""
            above = np.maximum(x, 0.0)
            first = losses.shortage(above) - mean
            return first, 0.5 * square - mean * above - losses.second_shortage(above)

        low = -reorder_point[rows] - order_quantity[rows]
        (first_low, second_low), (first_high, second_high) = left(low), left(-reorder_point[rows])
        total = second_high - second_low + 0.5 * self.grain[rows] * (first_low - first_high)
        found[rows] = total / order_quantity[rows]
        return found

    def _at_once_in_cycles(
        self, kept: Floats, reorder_point: Floats, order_quantity: Floats
    ) -> Floats:
        """Put right the cycles whose last order has no lead time: it comes before the count."""
        lead_time = self.times.lead_time
        none = (lead_time.periods == 0.0) & (self.times.review_period[lead_time.stage] == 0.0)
        if not none.any():
            return kept
        chance = np.bincount(lead_time.stage, none * lead_time.weights, len(lead_time))
        zero = np.zeros_like(reorder_point)
        n, losses = self.grain, self.between
        all_, beyond = losses.shortage(zero), losses.shortage(order_quantity)
        ordered = np.where(all_ > beyond, all_ - beyond, 1.0)
        end = np.maximum(reorder_point + n, 0.0)
        counted = all_ - losses.shortage(end) - beyond + losses.shortage(order_quantity + end)
        short = all_ - losses.shortage(np.clip(-reorder_point - n, 0.0, order_quantity))
        better = 1.0 - (short + counted) / ordered
        return np.where(all_ > beyond, np.clip(kept + chance * better, 0.0, 1.0), 1.0)

    def _cycles_on_lattice(self, reorder_point: Floats, order_quantity: Floats) -> Floats:
        from echelon.kernels.lot_cycles import cycles_without_shortage

        before, between = self.before, self.between
        assert isinstance(before, RowTables)
        assert isinstance(between, RowTables)
        kept = np.empty_like(reorder_point)
        cycles_without_shortage(
            before.rows.ptr,
            before.rows.mass,
            before.rows.first,
            between.rows.ptr,
            between.losses[0],
            between.rows.first,
            before.rows.step,
            self.grain,
            reorder_point,
            order_quantity,
            kept,
        )
        return kept

    def _cycles_of_densities(
        self, reorder_point: Floats, order_quantity: Floats, *, single: bool = False
    ) -> Floats:
        r"""By :math:`n(0) - n(L + R, s) + n(L, s) - \int_0^s P(D_R > u + Q) P(D_L \le s - u) du`.

        The integral is what orders beyond a single quantity take back; it is left out where they
        do not occur.
        """
        zero = np.zeros_like(reorder_point)
        level = reorder_point + self.grain
        all_, beyond = self.between.shortage(zero), self.between.shortage(order_quantity)
        some = all_ > beyond
        kept = all_ - self.end.shortage(level) + self.before.shortage(level)
        rows = np.flatnonzero((beyond > _NEGLIGIBLE * all_) & (level > 0.0))
        if rows.size and not single:
            kept[rows] -= self._beyond_one_quantity(rows, level[rows], order_quantity[rows])
        share = np.where(some, kept / np.where(some, all_ - beyond, 1.0), 1.0)
        return np.where(level < 0.0, np.where(some, 0.0, 1.0), np.clip(share, 0.0, 1.0))

    def _beyond_one_quantity(self, rows: Integers, level: Floats, quantity: Floats) -> Floats:
        """Integrate, panels meeting where either function falls."""
        times = self.times.take(rows)
        between = exposure_of_periods(times.laws, _between(times))
        before = exposure_of_periods(times.laws, times.cycle_begin)
        drop, width = between.mean - quantity, between.std
        turn, spread = level - before.mean, before.std
        known = width == 0.0  # a step, over which the other function is integrated in closed form
        until = np.clip(drop, 0.0, level)
        closed = before.leftover(level) - before.leftover(level - until)
        near = np.minimum(spread, before.mean)
        corners = [np.zeros_like(level), level]
        corners += [k * quantity for k in (0.4, 2.0, 8.0, 40.0)]
        corners += [drop + k * width for k in (-6.0, -2.0, 0.0, 2.0, 6.0, 20.0)]
        corners += [turn + k * spread for k in (-8.0, -3.0, 0.0, 3.0)]
        corners += [level - k * near for k in (0.001, 0.03, 0.3)]
        sorted_ = np.sort(np.clip(corners, 0.0, level), axis=0)
        total = np.zeros_like(level)
        for begin, end in pairwise(sorted_):
            points = begin + (end - begin) * 0.5 * (_PANEL[:, None] + 1.0)
            each = (1.0 - between.cdf(points + quantity)) * (1.0 - before.cdf(level - points))
            total += 0.5 * (end - begin) * (_PANEL_WEIGHTS @ each)
        # what is integrated vanishes as the level rises, and with it the error
        return np.where(
            known, closed, between.shortage(quantity) - between.shortage(quantity + level) - total
        )


def _between(times: StageTimes) -> ExposedArray:
    return ExposedArray.of_numbers(times.step_periods)


def _reversed(lead_time: ExposedArray) -> ExposedArray:
    """Periods by which each lead time is below one."""
    return ExposedArray(lead_time.ptr, 1.0 - lead_time.periods, lead_time.weights).later(0.0)


def _losses(laws: DistributionArray, exposed: ExposedArray, tabulated: bool) -> Losses:
    if not tabulated:
        return exposure_of_periods(laws, exposed)
    made = exposure_masses(laws, exposed)
    n = len(made.step)
    rows = LatticeRows(made.step, np.ones(n), made.first, made.ptr, made.mass)
    return RowTables(rows, *rows.ends)
