r"""Prices on many limits at once: the central path of the linear program, in the prices alone.

With a logarithmic barrier of weight :math:`\mu` on the shares of the options, a SKU's best shares
at given prices are known but for one number, so that the dual is a smooth concave function of the
prices, one per limit [1]_. Newton's method climbs it; its matrix, limits by limits, is the sum over
SKUs of the covariance of what their options use. :math:`\mu` falls tenfold at a time, and any
prices on the way bound the problem from below. A SKU with large costs gets a large barrier:
portfolios have long tails, and SKUs of every size are then told apart at the same time.

Limits may be missed at a penalty, which bounds the prices; what is missed in the end is told.

References
----------
.. [1] Nesterov & Nemirovskii (1994), *Interior-Point Polynomial Algorithms in Convex Programming*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from echelon.kernels.option_choice import central_shares, normal_matrix
from echelon.network.compiled import Floats
from echelon.optimization.portfolio.one_limit import PricedChoice
from echelon.optimization.portfolio.problem import OptionProblem

_CLOSED = 1e-8
"""Relative gap of the linear program at which the path ends."""
_FASTER = 0.1
_MOST_STEPS = 400
_MOST_TRIALS = 30
_DENSE = 0.2
_SMALLEST_WEIGHT = 1e-3
_MISSED = 1e-6
"""Mean uses by which a limit is missed, and not only by the barrier: then the shares tell."""
_SPLIT = 1e-4
"""A share below it is none."""


@dataclass(frozen=True, slots=True)
class _Point:
    """Where the search is: prices, the shares they lead to, and the slope of the dual."""

    price: Floats
    priced: Floats
    share: Floats
    slope: Floats


class _Path:
    """Central path of a problem whose costs and rows are brought to a scale of one."""

    def __init__(self, problem: OptionProblem, penalty: Floats, weight: Floats) -> None:
        self._p, self._penalty, self._weight = problem, penalty, weight
        self._mean = float(weight.mean())
        self._weight_of_option = weight[problem.sku]
        self._total = float(self._weight_of_option.sum()) + 2.0 * problem.n_rows * self._mean
        self._by_row = problem.uses.T.tocsr()
        self._steps = 0
        self.best_price, self.bound = np.zeros(problem.n_rows), -np.inf
        self.missed = np.zeros(problem.n_rows)
        self.at = self._point(np.minimum(1.0, 0.5 * penalty), 1.0)

    def follow(self) -> None:
        """Let the barrier fall until it is next to nothing: its weight in all bounds the gap."""
        barrier, p = 1e-3, self._p
        while self._steps < _MOST_STEPS:
            self._climb(barrier)
            price = self.at.price
            bound = float(p.least(self.at.priced).sum() - price @ p.most)
            if bound > self.bound:
                self.bound, self.best_price = bound, price
            by_barrier = barrier * self._mean / (self._penalty - price)
            beyond = np.maximum(self._by_row @ self.at.share - p.most, 0.0)
            stuck = self._steps >= _MOST_STEPS
            self.missed = np.where((by_barrier > _MISSED) | stuck, beyond, by_barrier)
            if barrier * self._total <= _CLOSED * max(abs(self.bound), 1e-6 * p.n_skus):
                return
            if (self._penalty - price < 1e-9 * self._penalty).any():
                return  # missed for good, and no digits are left to say it more exactly
            barrier *= _FASTER

    def _point(self, price: Floats, barrier: float) -> _Point:
        p = self._p
        priced = p.priced(price)
        share, wage = np.empty(p.n_options), np.empty(p.n_skus)
        central_shares(p.first, priced, barrier * self._weight, share, wage)
        centre = barrier * self._mean
        slope = self._by_row @ share - p.most + centre / price - centre / (self._penalty - price)
        return _Point(price, priced, share, slope)

    def _climb(self, barrier: float) -> None:
        """Newton's method to the top of the dual at one weight of the barrier."""
        self.at = self._point(self.at.price, barrier)
        centre = barrier * self._mean
        while self._steps < _MOST_STEPS:
            self._steps += 1
            price, spared = self.at.price, self._penalty - self.at.price
            curvature = centre / price**2 + centre / spared**2
            solve = self._solver(self.at.share**2 / (barrier * self._weight_of_option), curvature)
            if solve is None:
                self._steps = _MOST_STEPS  # as far as the digits reach
                return
            move = solve(self.at.slope)
            rise = float(self.at.slope @ move)
            if not rise > 0.01 * centre:
                return
            with np.errstate(divide="ignore"):
                ends = np.where(move < 0.0, price / -move, spared / move)
            reach = min(1.0, 0.95 * float(ends.min()))
            for _ in range(_MOST_TRIALS):
                self.at = self._point(price + reach * move, barrier)
                ahead = float(self.at.slope @ move)
                if ahead >= -0.5 * rise:  # concave: not far beyond the top
                    break
                reach *= max(rise / (rise - ahead), 0.1)
            if reach == 1.0 and rise < 0.2 * centre:
                return

    def _solver(self, weight: Floats, curvature: Floats) -> Callable[[Floats], Floats] | None:
        """Factor the dual's second derivative: sparse where limits share few SKUs.

        None where rounding has left it without a factor.
        """
        from scipy.linalg import LinAlgError, cho_factor, cho_solve
        from scipy.sparse import csc_matrix
        from scipy.sparse.linalg import splu

        p = self._p
        matrix = np.zeros((p.n_rows, p.n_rows))
        work = np.zeros(p.n_rows), np.zeros(p.n_rows, np.int64)
        normal_matrix(p.first, p.use_first, p.use_row, p.use, weight, matrix, *work)
        matrix[np.diag_indices(p.n_rows)] += curvature
        if np.count_nonzero(matrix) > _DENSE * matrix.size:
            try:
                factor = cho_factor(matrix, lower=True, overwrite_a=True)
            except LinAlgError:
                return None
            return lambda right: np.asarray(cho_solve(factor, right))
        sparse = splu(
            csc_matrix(matrix),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        return lambda right: np.asarray(sparse.solve(right))


def choose_by_prices(
    problem: OptionProblem, penalty: Floats, *, free: bool = False
) -> PricedChoice:
    """Solve the linear program of a problem with several limits, and round it SKU by SKU.

    Parameters
    ----------
    problem : OptionProblem
    penalty : (n_rows,) float64
        What missing a row by its ``scale`` costs, in mean spreads of a SKU's cost.
    free : bool, default False
        Leave out the costs: what is left is how little the rows can be missed by.

    Returns
    -------
    PricedChoice
        ``missed`` in units of the rows. The choice takes each SKU's largest share, and may miss
        rows.
    """
    scale = problem.scale
    use = problem.use / scale[problem.use_row]
    counts = np.abs(problem.uses) @ (1.0 / scale) if free else problem.cost
    spread = np.maximum.reduceat(counts, problem.first[:-1]) - problem.least(counts)
    if not spread.any():  # all options cost the same: what they use tells SKUs apart
        counts = np.abs(problem.uses) @ (1.0 / scale)
        spread = np.maximum.reduceat(counts, problem.first[:-1]) - problem.least(counts)
    unit = float(spread.mean()) or 1.0
    scaled = OptionProblem(
        first=problem.first,
        cost=np.zeros(problem.n_options) if free else problem.cost / unit,
        use_first=problem.use_first,
        use_row=problem.use_row,
        use=use,
        most=problem.most / scale,
    )
    path = _Path(scaled, penalty, np.maximum(spread / unit, _SMALLEST_WEIGHT))
    path.follow()
    share = path.at.share
    largest = np.maximum.reduceat(share, problem.first[:-1])
    at = np.flatnonzero(share >= largest[problem.sku])
    choice = at[np.unique(problem.sku[at], return_index=True)[1]]
    return PricedChoice(
        price=_without_dust(scaled, path.best_price, share) * unit / scale,
        choice=choice,
        n_fractional=int((largest < 1.0 - _SPLIT).sum()),
        missed=path.missed * scale,
    )


def _without_dust(scaled: OptionProblem, price: Floats, share: Floats) -> Floats:
    """Prices with 0 where the path only came near it: where a row has more room than price."""
    proven = scaled.bound(price)
    room = scaled.most - scaled.uses.T @ share
    cleared = np.where(price < room, 0.0, price)
    return cleared if scaled.bound(cleared) >= proven - 1e-7 * abs(proven) else price
