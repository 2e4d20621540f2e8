"""By how much rounded orders leave the inventory position above the level that asked for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil

import numpy as np
from scipy.linalg.lapack import dgetrf, dgetrs

from echelon.distributions import Distribution
from echelon.lead_time.totals import ExposureDemand
from echelon.network.compiled import Floats, Integers
from echelon.optimization.cost.totals_over_time import Totals

_MOST_POINTS = 128
_MOST_LATTICE = 512
_CELLS = 256
_MOST_NEEDS = 16_384
_LEAST_WEIGHT = 1e-12
_SETTLED = 1e-13
_ROUNDING = 1e-9
_SINGULAR = 1e-12
_LEAST_TOEPLITZ = 3
"""Cells up to which any system is solved at once."""
_USUAL = 1e-6
"""Share of the demands above which two lengths that follow each other reach every position."""


@dataclass(frozen=True, slots=True)
class PositionExcess:
    r"""Distribution of the position right after a review, less the level that is ordered up to.

    Of orders in multiples of :math:`Q` it is uniform between 0 and :math:`Q`, whatever the demand
    [1]_; of a minimum order it is the stationary state of the position from review to review.

    Attributes
    ----------
    start, width, weight : (n,) float64
        Cells in which it is uniform, units; a width of 0 is a point. Weights are together 1.
    most : float
        Largest excess, units.

    References
    ----------
    .. [1] Hadley & Whitin (1963), *Analysis of Inventory Systems*, section 4-2.

    Examples
    --------
    >>> PositionExcess.uniform(40.0).mean, PositionExcess.uniform(40.0, step=10.0).mean
    (20.0, 15.0)
    """

    start: Floats
    width: Floats
    weight: Floats
    most: float

    @staticmethod
    @cache
    def none() -> PositionExcess:
        """Orders of any quantity."""
        return PositionExcess(np.zeros(1), np.zeros(1), np.ones(1), 0.0)

    @staticmethod
    @lru_cache(maxsize=1024)
    def uniform(quantity: float, *, step: float | None = None) -> PositionExcess:
        """Orders in multiples of a quantity, of which there are few different ones.

        ``step`` is that of a lattice on which both the demand and the quantity lie, if any.
        """
        points = round(quantity / step) if step is not None else 0
        if step is not None and 1 <= points <= _MOST_POINTS:
            start = np.arange(points, dtype=np.float64) * step
            chance = np.full(points, 1.0 / points)
            return PositionExcess(start, np.zeros(points), chance, float(start[-1]))
        return PositionExcess(np.zeros(1), np.array([quantity]), np.ones(1), quantity)

    @classmethod
    def stationary(
        cls, rule: OrderRule, demand: Distribution | ExposureDemand, *, step: float | None = None
    ) -> PositionExcess:
        """Orders by any rule that depends on the need alone.

        Parameters
        ----------
        rule : OrderRule
        demand : Distribution or ExposureDemand
            From one review to the next, of a single stage.
        step : float, optional
            Of a lattice on which the demand lies.

        Notes
        -----
        The position is followed on a grid between 0 and the largest order: of the lattice where
        that has no more than 512 points, else of 256 cells.
        """
        most = rule.most
        grain = _grain(most, step)
        n_states = round(most / grain) + 1
        if rule.least_alone:
            # longer needs all leave the position at the level, wherever it was
            chance = _chances(demand, 2 * n_states, grain, last=2)
            after = _after_least(len(chance) - 1, n_states)
            weight = stationary_weights(chance, after, n_states)
        else:
            lot = max(round(rule.lot / grain), 1)
            chance, after = _needs(rule, demand, grain, n_states, lot)
            weight = stationary_weights(*_folded(chance, after, n_states, lot), n_states)
        kept = weight > _LEAST_WEIGHT
        start = np.flatnonzero(kept).astype(np.float64) * grain
        weight = weight[kept] / weight[kept].sum()
        return cls(start, np.zeros(len(start)), weight, most)

    @property
    def mean(self) -> float:
        """Mean excess, units."""
        return float(self.weight @ (self.start + 0.5 * self.width))

    def cdf(self, totals: Totals, level: Floats) -> Floats:
        """Probability that a level and the excess over it cover the demand, (n,)."""
        low, wide = level + self.start[:, None], self.width > 0.0
        covered = np.empty(low.shape)
        covered[~wide] = totals.cdf(low[~wide])
        width = self.width[wide, None]
        short = totals.shortage(low[wide]) - totals.shortage(low[wide] + width)
        covered[wide] = 1.0 - short / width
        return np.asarray(self.weight @ covered)

    def shortage(self, totals: Totals, level: Floats) -> Floats:
        """Expected demand above a level and the excess over it, units, (n,)."""
        low, wide = level + self.start[:, None], self.width > 0.0
        short = np.empty(low.shape)
        short[~wide] = totals.shortage(low[~wide])
        width = self.width[wide, None]
        part = totals.second_shortage(low[wide]) - totals.second_shortage(low[wide] + width)
        short[wide] = part / width
        return np.asarray(self.weight @ short)


@dataclass(frozen=True, slots=True)
class OrderRule:
    """How much a stage orders that needs so many units to be back at its level.

    Attributes
    ----------
    quantity : float
        Units of a lot, of which as many are ordered as lift the position above the reorder point; 0
        where the stage orders up to a level.
    multiple, minimum : float
        Units; 0 where there is none.
    """

    quantity: float = 0.0
    multiple: float = 0.0
    minimum: float = 0.0

    @property
    def lot(self) -> float:
        """Quantity in whose multiples everything is ordered, units; 0 where in none."""
        return self.quantity or self.multiple

    @property
    def plain(self) -> bool:
        """Whether orders are of any quantity."""
        return not (self.quantity or self.multiple or self.minimum)

    @property
    def least_alone(self) -> bool:
        """Whether orders are of any quantity from the least one on."""
        return not (self.quantity or self.multiple)

    @property
    def in_lots_alone(self) -> bool:
        """Whether the excess is uniform over one lot."""
        if self.quantity:
            whole = not self.multiple or abs(self.quantity / self.multiple % 1.0) < _ROUNDING
            return whole and self.minimum <= self.quantity
        return self.minimum <= self.multiple

    @property
    def most(self) -> float:
        """Largest order that a need just above 0 leads to, units."""
        if self.least_alone:
            return self.minimum
        return float(self.ordered(np.array(2.0 * _ROUNDING * max(self.lot, self.minimum))))

    def ordered(self, need: Floats) -> Floats:
        """Units ordered where the position is so many units below the level, > 0."""
        wanted, least = need, self.minimum
        if self.quantity:
            wanted = np.ceil(need / self.quantity - _ROUNDING) * self.quantity
        if self.multiple:
            wanted = np.ceil(wanted / self.multiple - _ROUNDING) * self.multiple
            least = ceil(least / self.multiple - _ROUNDING) * self.multiple
        return np.asarray(np.maximum(wanted, least))


def _needs(
    rule: OrderRule,
    demand: Distribution | ExposureDemand,
    grain: float,
    n_states: int,
    lot: int,
) -> tuple[Floats, Integers]:
    """Probabilities of a demand of 0, 1, ... cells, and where orders for 1, 2, ... leave it."""
    longest = max(ceil(float(demand.ppf(1.0 - 1e-12)) / grain), 1)
    # what is asked for beyond very many orders leaves each point of a lot alike
    last = lot if longest > _MOST_NEEDS else 1
    longest = min(longest, _MOST_NEEDS)
    need = np.arange(1.0, longest + 1.0) * grain  # below the level, from one cell on
    after = np.rint((rule.ordered(need) - need) / grain).astype(np.int64)
    return _chances(demand, longest, grain, last), np.clip(after, 0, n_states - 1)


def _chances(
    demand: Distribution | ExposureDemand, longest: int, grain: float, last: int = 1
) -> Floats:
    """Probabilities of a demand of 0, 1, ... cells; of more, spread over the ``last``."""
    reached = demand.cdf((np.arange(longest + 1) + 0.5) * grain)
    chance = np.empty(longest + 1)
    chance[0] = reached[0]
    np.subtract(reached[1:], reached[:-1], out=chance[1:])
    chance[-last:] += (1.0 - reached[-1]) / last
    return chance


def _after_least(n_needs: int, n_states: int) -> Integers:
    """Where orders of the least quantity leave the position, for needs of 1, 2, ... cells."""
    return np.maximum(n_states - 2 - np.arange(n_needs), 0)


def _grain(most: float, step: float | None) -> float:
    """Length of a cell: that of the lattice where its points are few and the order is on it."""
    if step is not None:
        points = round(most / step)
        if 1 <= points <= _MOST_LATTICE and abs(most / step - points) <= _ROUNDING * points:
            return step
    return most / _CELLS


def _folded(chance: Floats, after: Integers, n_states: int, lot: int) -> tuple[Floats, Integers]:
    """Put demands together that leave every state alike: the same but for whole lots."""
    unlike = np.flatnonzero(after[lot:] != after[:-lot])
    alike = n_states + (int(unlike[-1]) + 1 if len(unlike) else 0)  # from this demand on
    if len(chance) <= alike + lot:
        return chance, after
    beyond = chance[alike:]
    beyond = np.pad(beyond, (0, -len(beyond) % lot)).reshape(-1, lot).sum(axis=0)
    return np.concatenate((chance[:alike], beyond)), after[: alike + lot - 1]


def stationary_weights(chance: Floats, after: Integers, n_states: int) -> Floats:
    """Share of reviews after which the position is each number of cells above the level.

    Parameters
    ----------
    chance : (k + 1,) ndarray of float64
        Probability of a demand of 0, 1, ... cells between reviews.
    after : (k,) ndarray of int64
        Where an order leaves the position that was 1, 2, ... cells below the level.
    n_states : int

    Returns
    -------
    (n_states,) ndarray of float64
        Together 1.

    Notes
    -----
    One linear system, of the chain without the reviews that leave the position as it is: what
    leaves a state is the sum of what goes elsewhere, so that nothing cancels where demand is rare
    [1]_. Where states fall into groups between which nothing moves, any of them may be the first:
    each is then taken to be as likely.

    References
    ----------
    .. [1] Grassmann, Taksar & Heyman (1985), *Operations Research* 33(5).
    """
    known = weights_of_minimum(chance, after, n_states)
    if known is not None:
        return known
    from echelon.kernels.position_moves import position_moves

    moves = np.empty((n_states, n_states))
    position_moves(chance, after, moves)
    leaving = moves.sum(axis=1)
    if leaving.min() > 0.0:
        balance = (moves / -leaving[:, None]).T  # in Fortran's order
        np.einsum("ii->i", balance)[:] = 1.0
        balance[0] = 1.0
        factors, pivots, _ = dgetrf(balance, overwrite_a=True)
        steps = np.abs(np.diagonal(factors))
        if steps.min() > _SINGULAR * steps.max():
            right = np.zeros(n_states)
            right[0] = 1.0
            weight = np.maximum(dgetrs(factors, pivots, right)[0], 0.0) / leaving
            return np.asarray(weight / weight.sum())
    np.fill_diagonal(moves, np.maximum(1.0 - leaving, 0.0))
    return settled_weights(moves)


def weights_of_minimum(chance: Floats, after: Integers, n_states: int) -> Floats | None:
    r"""Find :func:`stationary_weights` where all that is ordered is the least that may be.

    An order of :math:`m` cells takes a position that is :math:`k` cells below the level to
    :math:`m - k` above it, or to 0 where as much or more was needed. So between 1 and :math:`m - 1`
    the probability of a move depends on its length alone, and the system is a Toeplitz matrix,
    solved by Levinson's recursion [1]_; all its leading minors belong to chains that lose more.

    Returns
    -------
    (n_states,) ndarray of float64 or None
        None where the rule is another, or demand may leave out positions.

    References
    ----------
    .. [1] Golub & Van Loan (2013), *Matrix Computations*, section 4.7.
    """
    if n_states <= _LEAST_TOEPLITZ or not np.array_equal(after, _after_least(len(after), n_states)):
        return None
    from echelon.kernels.minimum_orders import weights_after_minimum  # numba: not before

    weight = np.empty(n_states)
    return weight if weights_after_minimum(chance, _USUAL, weight) else None


def settled_weights(moves: Floats) -> Floats:
    """Distribution after many steps of a chain, (n, n) probabilities of a move, from anywhere.

    Plain twin of :func:`stationary_weights` and :func:`weights_of_minimum`, and slow; also for
    chains that fall apart.
    """
    for _ in range(64):
        squared = moves @ moves
        squared /= squared.sum(axis=1, keepdims=True)
        settled = np.abs(squared - moves).max() < _SETTLED
        moves = squared
        if settled:
            break
    return np.asarray(moves.mean(axis=0))
