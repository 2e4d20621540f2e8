"""The distribution of exposure demand at many stages: what can be asked of it, and how it answers.

:func:`echelon.lead_time.exposure.exposure_demand` makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats, probabilities_of, values_of
from echelon.distributions.base import Distribution
from echelon.distributions.blocks import MOST_NUMBERS
from echelon.distributions.closed import CLOSED
from echelon.distributions.inverse import smallest_reaching
from echelon.distributions.lattice_rows import RowTables
from echelon.distributions.lattice_total import LatticeTotal
from echelon.distributions.loss import expected_shortage
from echelon.distributions.second_loss import expected_second_shortage
from echelon.errors import DomainError

_SMOOTH = ("deterministic", "gamma", "normal")
_DIRECT = ("deterministic", "negative_binomial", "normal", "poisson")
"""Families whose own quantiles are as exact as searching: of gamma ones the far ends are not."""

_SECANTS = 20


@dataclass(frozen=True, slots=True)
class Terms:
    """Totals of one closed family, flat over all stages: what is summed over each stage.

    Attributes
    ----------
    family : str
        A key of ``CLOSED``.
    stage : (m,) int64
        Not falling.
    weight, mean, std : (m,) float64
        Probability of the total among those of its stage; its moments, units.
    """

    family: str
    stage: NDArray[np.int64]
    weight: Floats
    mean: Floats
    std: Floats

    def add(self, function: str, points: Floats, out: Floats) -> None:
        """Add the weighted values of a function of ``CLOSED`` at (..., n_stages) points."""
        values = getattr(CLOSED[self.family], function)
        begins = np.flatnonzero(np.diff(self.stage, prepend=-1))
        n_stages = points.shape[-1]
        asked, given = points.reshape(-1, n_stages), out.reshape(-1, n_stages)
        rows = max(1, MOST_NUMBERS // max(len(self.stage), 1))  # which are held at once
        for at in range(0, len(asked), rows):
            here = slice(at, at + rows)
            each = values(asked[here][:, self.stage], self.mean, self.std)
            summed = np.add.reduceat(self.weight * each, begins, axis=-1)
            given[here, self.stage[begins]] += summed


@dataclass(frozen=True, slots=True)
class ExposureDemand:
    """Demand of the periods that each stage's stock has to cover, all stages at once.

    Every method works on all stages at once. Arguments broadcast against ``shape``, whose last
    axis is the stage: one number serves all stages, ``(n_stages,)`` numbers one each, and
    ``(k, 1)`` numbers give ``(k, n_stages)``. For a single stage, made from a single demand and
    lead time, ``shape`` is empty and a result has the shape of the argument.

    Attributes
    ----------
    shape : tuple of int
        ``()`` or ``(n_stages,)``.
    mean, variance : ndarray of that shape
        Units and units squared, by the law of total variance from demand and exposure.
    low, high : ndarray of that shape
        Smallest and largest possible demand, units.
    error_bound : ndarray of that shape
        Quantiles: farthest they can be from the true ones, units; 0 where nothing was put on a
        lattice. See :func:`echelon.distributions.lattice_total.lattice_total`.
    shortage_bound : ndarray of that shape
        Expected shortages: too large by at most this, units.
    method : str
        "exact", "normal" or "gamma".
    terms : tuple of Terms
        Stages whose totals are of closed families.
    totals : tuple of (int, distribution)
        The other stages, one by one.
    rows : tuple of (stages, RowTables)
        Stages on lattices that were summed together.
    """

    shape: tuple[int, ...]
    mean: Floats
    variance: Floats
    low: Floats
    high: Floats
    error_bound: Floats
    shortage_bound: Floats
    method: str
    terms: tuple[Terms, ...]
    totals: tuple[tuple[int, Distribution | LatticeTotal], ...]
    rows: tuple[tuple[NDArray[np.int64], RowTables], ...] = ()

    @property
    def std(self) -> Floats:
        """Standard deviation, units."""
        return np.asarray(np.sqrt(self.variance))

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of a demand of at most ``x`` units.

        Parameters
        ----------
        x : array_like of float
            Units; broadcasts against ``shape``.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        DomainError
            If some value is NaN.
        """
        return self._out(self._cdf(self._in(values_of(x))))

    def ppf(self, q: ArrayLike) -> Floats:
        """Smallest demand, units, whose :meth:`cdf` reaches ``q``: the base stock for that service.

        Parameters
        ----------
        q : array_like of float
            Between 0 and 1; broadcasts against ``shape``.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        DomainError
            If some value is NaN or outside [0, 1].
        """
        shares = self._in(probabilities_of(q))
        found = np.empty(shares.shape)
        if self.terms:
            self._put_quantiles(shares, found)
        for stage, total in self.totals:
            found[..., stage] = total.ppf(shares[..., stage])
        for stages, tables in self.rows:
            found[..., stages] = tables.ppf(shares[..., stages])
        return self._out(found)

    def shortage(self, level: ArrayLike) -> Floats:
        """Expected demand above a level, units: the loss function.

        Parameters
        ----------
        level : array_like of float
            Units; broadcasts against ``shape``.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        DomainError
            If some level is NaN.
        """
        return self._out(self._shortage(self._in(values_of(level))))

    def second_shortage(self, level: ArrayLike) -> Floats:
        r"""Half the expected square of the demand above a level: the loss function of second order.

        :math:`\int_x^\infty E(D - y)^+ dy = E[((D - x)^+)^2]/2`.

        Parameters
        ----------
        level : array_like of float
            Units; broadcasts against ``shape``.

        Returns
        -------
        ndarray of float64
            Units squared; infinite at a level of minus infinity.

        Raises
        ------
        DomainError
            If some level is NaN.
        """
        return self._out(self._second_shortage(self._in(values_of(level))))

    def leftover(self, level: ArrayLike) -> Floats:
        """Expected stock left of a level, units: level less mean plus shortage.

        Parameters
        ----------
        level : array_like of float
            Units; broadcasts against ``shape``.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        DomainError
            If some level is NaN.
        """
        points = self._in(values_of(level))
        left = points - np.atleast_1d(self.mean) + self._shortage(points)
        return self._out(np.maximum(left, 0.0))

    def level_for_shortage(self, shortage: ArrayLike) -> Floats:
        r"""Smallest level whose expected shortage is at most so many units: the loss inverted.

        Newton's method from ``mean - shortage``, where the shortage is no smaller than asked; the
        loss is convex, so that no step goes too far.

        Parameters
        ----------
        shortage : array_like of float
            Units, at least 0; broadcasts against ``shape``.

        Returns
        -------
        ndarray of float64
            Units; the largest possible demand where ``shortage`` is 0.

        Raises
        ------
        DomainError
            If some shortage is NaN or negative.
        """
        wanted = self._in(values_of(shortage))
        if (wanted < 0.0).any():
            raise DomainError(
                f"shortage is {float(wanted.min())!r}, must be >= 0 units. Fix: give an allowance."
            )
        found = np.empty(wanted.shape)
        if self.terms:
            at = np.unique(np.concatenate([term.stage for term in self.terms]))
            mean = np.atleast_1d(self.mean)
            positive = np.maximum(wanted, 1e-300)
            searched = inverted_loss(self._terms_shortage, self._terms_cdf, positive, mean)
            found[..., at] = searched[..., at]
        for stage, total in self.totals:
            asked = wanted[..., stage]
            found[..., stage] = _level_of_total(total, asked)
        for stages, tables in self.rows:
            found[..., stages] = tables.level_for_shortage(wanted[..., stages])
        high = np.atleast_1d(self.high)
        return self._out(np.where(wanted == 0.0, high, np.minimum(found, high)))

    def _in(self, argument: Floats) -> Floats:
        """Give an argument the axis of stages."""
        if self.shape:
            shape = np.broadcast_shapes(argument.shape, self.shape)
            return np.array(np.broadcast_to(argument, shape))
        return np.array(argument[..., None])

    def _out(self, values: Floats) -> Floats:
        return values if self.shape else values[..., 0]

    def _cdf(self, points: Floats) -> Floats:
        finite = np.where(np.isfinite(points), points, 0.0)
        reached = np.zeros(points.shape)
        for term in self.terms:
            term.add("cdf", finite, reached)
        for stage, total in self.totals:
            reached[..., stage] = total.cdf(points[..., stage])
        for stages, tables in self.rows:
            reached[..., stages] = tables.cdf(finite[..., stages])
        reached = np.where(points >= np.atleast_1d(self.high), 1.0, np.minimum(reached, 1.0))
        return np.where(np.isneginf(points), 0.0, reached)

    def _shortage(self, points: Floats) -> Floats:
        finite = np.where(np.isposinf(points), 0.0, points)
        owed = self._terms_shortage(finite)
        for stage, total in self.totals:
            owed[..., stage] = expected_shortage(total, finite[..., stage])
        for stages, tables in self.rows:
            owed[..., stages] = tables.shortage(finite[..., stages])
        return np.where(self._beyond_all(points), 0.0, owed)

    def _second_shortage(self, points: Floats) -> Floats:
        finite = np.where(np.isfinite(points), points, 0.0)
        square = np.zeros(points.shape)
        for term in self.terms:
            term.add("second_shortage", finite, square)
        for stage, total in self.totals:
            square[..., stage] = expected_second_shortage(total, finite[..., stage])
        for stages, tables in self.rows:
            square[..., stages] = tables.second_shortage(finite[..., stages])
        square = np.where(self._beyond_all(points), 0.0, square)
        return np.where(np.isneginf(points), np.inf, square)

    def _beyond_all(self, points: Floats) -> NDArray[np.bool_]:
        """Where no demand is left above; what was put on a lattice may end a little later.

        Cut off there its loss would not be convex, and what is left of a level not either.
        """
        own_end = (np.atleast_1d(self.error_bound) > 0.0) & np.isfinite(points)
        return np.asarray((points >= np.atleast_1d(self.high)) & ~own_end)

    def _put_quantiles(self, shares: Floats, found: Floats) -> None:
        """Quantiles of stages with terms: by the family where there is one term, or searched."""
        low, high = np.atleast_1d(self.low), np.atleast_1d(self.high)
        given = (shares == 0.0) | (shares == 1.0)
        inside = np.where(given, 0.5, shares)
        n_terms = np.bincount(np.concatenate([term.stage for term in self.terms]))
        several = np.zeros(shares.shape[-1], dtype=np.bool_)
        for term in self.terms:
            alone = (n_terms[term.stage] == 1) & (term.family in _DIRECT)
            at = term.stage[alone]
            if len(at):
                quantiles = CLOSED[term.family].ppf(
                    inside[..., at], term.mean[alone], term.std[alone]
                )
                ends = np.where(shares[..., at] == 0.0, low[at], high[at])
                found[..., at] = np.where(given[..., at], ends, quantiles)
            several[term.stage[~alone]] = True
        if several.any():
            found[..., several] = self._searched(shares)[..., several]

    def _searched(self, shares: Floats) -> Floats:
        """Quantiles by bisection between Cantelli's bounds on them."""
        inside = np.clip(shares, 1e-16, 1.0 - 1e-16)
        mean, std = np.atleast_1d(self.mean), np.atleast_1d(self.std)
        low, high = np.atleast_1d(self.low), np.atleast_1d(self.high)
        slack = 1e-9 * (std + np.abs(mean))
        begin = mean - std * np.sqrt((1.0 - inside) / inside) - slack
        end = mean + std * np.sqrt(inside / (1.0 - inside)) + slack
        begin, end = np.maximum(begin, low), np.minimum(end, high)
        if all(term.family in _SMOOTH for term in self.terms):
            begin, end = narrowed(self._terms_cdf, inside, begin, end)
        found = smallest_reaching(self._terms_cdf, inside, begin, end)
        return np.select([shares == 0.0, shares == 1.0], np.broadcast_arrays(low, high), found)

    def _terms_shortage(self, points: Floats) -> Floats:
        owed = np.zeros(points.shape)
        for term in self.terms:
            term.add("shortage", points, owed)
        return owed

    def _terms_cdf(self, points: Floats) -> Floats:
        reached = np.zeros(points.shape)
        for term in self.terms:
            term.add("cdf", points, reached)
        return np.where(points >= np.atleast_1d(self.high), 1.0, reached)


def _level_of_total(total: Distribution | LatticeTotal, shortage: Floats) -> Floats:
    if isinstance(total, LatticeTotal):
        return total.level_for_shortage(shortage)
    return inverted_loss(
        lambda level: expected_shortage(total, level),
        total.cdf,
        np.maximum(shortage, 1e-300),
        np.asarray(total.mean),
    )


def narrowed(
    cdf: Callable[[Floats], Floats],
    shares: Floats,
    low: Floats,
    high: Floats,
    *,
    precision: float = 1e-13,
) -> tuple[Floats, Floats]:
    """Bring the ends closer between which a distribution function reaches each share.

    Secants, each point moved a little towards the middle, so that it lies beyond the answer and
    either end comes close by turns [1]_: of a smooth function a few do what dozens of halvings
    would.

    Parameters
    ----------
    cdf : callable
        Distribution function, for an array of the shape of ``shares``.
    shares : ndarray of float64
        Probabilities.
    low, high : ndarray of float64, shape of ``shares``
        Finite, units.
    precision : float, default 1e-13
        How close they need come, beside the larger of them.

    Returns
    -------
    low, high : ndarray of float64
        As given where ``low`` reaches the share or ``high`` does not.

    References
    ----------
    .. [1] Oliveira & Takahashi (2021), *ACM Transactions on Mathematical Software* 47(1).
    """
    below, above = cdf(low) - shares, cdf(high) - shares
    first = np.maximum(high - low, 1e-300)
    for _ in range(_SECANTS):
        width = high - low
        open_ = (
            (below < 0.0) & (above >= 0.0) & (width > precision * np.maximum(abs(low), abs(high)))
        )
        if not open_.any():
            break
        secant = width * (below / np.where(open_, below - above, 1.0))
        off = 0.5 * width - secant
        nudge = np.maximum(0.2 * width * (width / first), 2e-14 * np.maximum(abs(low), abs(high)))
        point = low + secant + np.sign(off) * np.minimum(nudge, abs(off))
        value = cdf(point) - shares
        left, right = open_ & (value < 0.0), open_ & (value >= 0.0)
        low, below = np.where(left, point, low), np.where(left, value, below)
        high, above = np.where(right, point, high), np.where(right, value, above)
    return low, high


def inverted_loss(
    shortage: Callable[[Floats], Floats],
    cdf: Callable[[Floats], Floats],
    wanted: Floats,
    mean: Floats,
) -> Floats:
    """Find the level of each expected shortage by Newton's method, from the left.

    Parameters
    ----------
    shortage, cdf : callable
        Loss and distribution function of levels, units.
    wanted : ndarray of float64
        Expected shortages, above 0, units.
    mean : ndarray of float64
        Of the demand, units.

    Returns
    -------
    ndarray of float64
        Levels, units.
    """
    level = mean - wanted
    best = level.copy()
    for _ in range(200):
        above = 1.0 - cdf(level)
        excess = shortage(level) - wanted
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where((excess > 0.0) & (above > 0.0), excess / above, 0.0)
        best = level + step
        if (step <= 1e-14 * np.maximum(np.abs(best), np.abs(mean))).all():
            break
        level = best
    return best
