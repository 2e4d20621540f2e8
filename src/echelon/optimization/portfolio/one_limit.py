r"""One limit over all SKUs: the price that uses it up, by the hulls of the options.

At a price :math:`\lambda` on the limit each SKU takes an option on the lower convex hull of its
cost over its use, and a higher price moves it down the hull step by step. So the steps of all SKUs
together, the largest saving per use first, are the whole price curve: the last step that fits names
the price, and the linear program is solved [1]_. Steps behind it that still fit are taken as well.

References
----------
.. [1] Kellerer, Pferschy & Pisinger (2004), *Knapsack Problems*, ch. 11 (multiple choice).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.kernels.option_choice import fill_room, lower_hulls
from echelon.network.compiled import Floats, Integers
from echelon.optimization.portfolio.problem import OptionProblem


@dataclass(frozen=True, slots=True)
class PricedChoice:
    """Prices, and a choice at them.

    Attributes
    ----------
    price : (n_rows,) float64
        Not negative.
    choice : (n_skus,) int64
        Positions of options; of one limit it is kept, of several it may be missed.
    n_fractional : int
        SKUs that the linear program splits between options.
    missed : (n_rows,) float64
        By how much the linear program has to miss the rows.
    """

    price: Floats
    choice: Integers
    n_fractional: int
    missed: Floats


@dataclass(frozen=True, slots=True)
class _Steps:
    """Steps down the hulls, those that save most per use first."""

    order: Integers
    sku: Integers
    step: Integers
    use: Floats
    rate: Floats


def choose_by_hulls(problem: OptionProblem) -> PricedChoice:
    """Solve a problem with one limit; see the module.

    Returns
    -------
    PricedChoice
        Its price gives the bound of the linear program, the best there is.
    """
    use = np.zeros(problem.n_options)
    use[np.flatnonzero(np.diff(problem.use_first))] = problem.use
    hull, n_hull = np.empty(problem.n_options, np.int64), np.empty(problem.n_skus, np.int64)
    lower_hulls(problem.first, use, problem.cost, hull, n_hull)
    least = hull[problem.first[:-1]]
    room = float(problem.most[0] - use[least].sum())
    if room < -problem.tolerance[0]:
        return PricedChoice(np.zeros(1), least, 0, np.array([-room]))
    steps = _steps(problem, use, hull, n_hull)
    spent = np.cumsum(steps.use[steps.order])
    n_taken = int(np.searchsorted(spent, room + problem.tolerance[0], side="right"))
    taken = np.bincount(steps.sku[steps.order[:n_taken]], minlength=problem.n_skus)
    price, n_fractional = 0.0, 0
    if n_taken < len(spent):
        price = float(steps.rate[steps.order[n_taken]])
        left = room - (float(spent[n_taken - 1]) if n_taken else 0.0)
        n_fractional = int(left > problem.tolerance[0])
        fill_room(steps.order[n_taken:], steps.sku, steps.step, steps.use, taken, left)
    choice = hull[problem.first[:-1] + taken]
    return PricedChoice(np.array([price]), choice, n_fractional, np.zeros(1))


def _steps(problem: OptionProblem, use: Floats, hull: Integers, n_hull: Integers) -> _Steps:
    step = np.arange(problem.n_options) - problem.first[problem.sku]
    begin = np.flatnonzero(step < n_hull[problem.sku] - 1)
    low, high = hull[begin], hull[begin + 1]
    more = use[high] - use[low]
    rate = (problem.cost[low] - problem.cost[high]) / more
    order = np.argsort(-rate, kind="stable")
    return _Steps(order, problem.sku[begin], step[begin], more, rate)
