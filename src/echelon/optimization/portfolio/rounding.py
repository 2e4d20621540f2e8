"""From shares of options to one option each: keep the limits, then use what room they leave."""

from __future__ import annotations

import numpy as np

from echelon.kernels.option_choice import choose_within, mend_row
from echelon.network.compiled import Floats, Integers
from echelon.optimization.portfolio.problem import OptionProblem

_LADDER = 20
_MOST_SWEEPS = 12
_MOST_ROUNDS = 60


def rounded(problem: OptionProblem, choice: Integers, price: Floats) -> Integers:
    """Change options until no limit is missed, and then while some change saves cost.

    An option's regret is what it costs at the prices beyond the SKU's best one, so that the gap of
    a choice is the regret of all its options and the price of the room it leaves. Options of small
    regret are tried first: room goes where it is worth most.

    Parameters
    ----------
    problem : OptionProblem
    choice : (n_skus,) int64
        To begin with; may miss limits.
    price : (n_rows,) float64

    Returns
    -------
    (n_skus,) int64
        Keeps the limits where the search found a way to; ask :meth:`OptionProblem.keeps`.
    """
    priced = problem.priced(price)
    found = choice.copy()
    _mend(problem, priced, price, found)
    if problem.keeps(found):
        _improve(problem, priced, price, found)
    return found


def _mend(problem: OptionProblem, priced: Floats, price: Floats, choice: Integers) -> None:
    """Mend the rows that are missed, those of few SKUs first, and break none that is mended.

    A row that all SKUs share comes last: what the others took of it is given back where they have
    room.
    """
    by_row = problem.uses.T.tocsr()
    rank = np.argsort(np.argsort(np.diff(by_row.indptr), kind="stable"), kind="stable")
    room = problem.most - problem.used(choice)
    for row in np.argsort(rank).tolist():
        if room[row] >= -problem.tolerance[row]:
            continue
        inside = by_row.indptr[row], by_row.indptr[row + 1]
        use = np.zeros(problem.n_options)
        use[by_row.indices[slice(*inside)]] = by_row.data[slice(*inside)]
        touched = np.zeros(problem.n_skus, dtype=bool)
        touched[problem.sku[by_row.indices[slice(*inside)]]] = True
        options = np.flatnonzero(touched[problem.sku])
        for _ in range(_MOST_ROUNDS):
            need = -float(room[row])
            if need <= problem.tolerance[row]:
                break
            now = choice[problem.sku[options]]
            less = use[now] - use[options]
            at = np.flatnonzero(less > 0.0)
            dearer = (priced[options] - priced[now])[at]
            dearer += price[row] * np.maximum(less[at] - need, 0.0)  # room that would be left over
            candidates = options[at][np.argsort(dearer / np.minimum(less[at], need))]
            enough = 0.5 * need if need > 1e-3 * problem.scale[row] else problem.tolerance[row]
            mend_row(
                candidates,
                problem.sku,
                problem.use_first,
                problem.use_row,
                problem.use,
                rank,
                row,
                enough,
                problem.tolerance,
                room,
                np.zeros(problem.n_skus, np.int64),
                choice,
            )
            if -float(room[row]) >= need:
                break
        room = problem.most - problem.used(choice)  # anew: no rounding adds up


def _improve(problem: OptionProblem, priced: Floats, price: Floats, choice: Integers) -> None:
    """Give SKUs cheaper options where the room allows it.

    The gap of the choice bounds the regret of any option that a better choice has.
    """
    least = problem.least(priced)
    gap = float(problem.cost[choice].sum() - (least.sum() - price @ problem.most))
    regret = priced - least[problem.sku]
    near = regret <= gap
    near[choice] = False
    skus = np.unique(problem.sku[near])
    if gap <= 0.0 or not skus.size:
        return
    weight = 1.0 / problem.scale
    for rung in range(_LADDER, -1, -1):
        room = problem.most - problem.used(choice)  # anew: no rounding adds up
        for _ in range(_MOST_SWEEPS):
            if not choose_within(
                skus,
                problem.first,
                problem.use_first,
                problem.use_row,
                problem.use,
                problem.cost,
                regret,
                gap * 2.0**-rung,
                weight,
                problem.tolerance,
                room,
                choice,
            ):
                break
