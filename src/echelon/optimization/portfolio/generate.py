"""Make options of chains as prices ask for them, until the best ones not made cannot help."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.portfolio.assemble import Assembler
from echelon.optimization.portfolio.chains import Chains
from echelon.optimization.portfolio.choose import Chosen, choose, price_only
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.sku_options import SkuOptions
from echelon.progress import Progress, track

_MOST_ROUNDS = 40
_FACTORS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
_MOST_MOVED = 4


@dataclass(frozen=True)
class Generated:
    """Options that the best prices ask for, and what they prove.

    Attributes
    ----------
    options : SkuOptions
    problem : OptionProblem
    bound : float
        On every choice, of options not made as well.
    rounds : int
    """

    options: SkuOptions
    problem: OptionProblem
    bound: float
    rounds: int


def generate(
    assembler: Assembler,
    alone: SkuOptions | None,
    chains: Chains,
    *,
    gap: float,
    progress: Progress,
) -> Generated:
    """Alternate between prices on the options made so far and options for these prices.

    Parameters
    ----------
    assembler : Assembler
    alone : SkuOptions or None
        Of SKUs that stand alone: all there are.
    chains : Chains
    gap : float
        Relative gap between the linear program over the options made and the bound over all.
    progress : Progress

    Returns
    -------
    Generated

    Raises
    ------
    InfeasibleError
        If no mixture of options keeps the limits.
    """
    none = np.zeros(len(assembler.rows))
    parts = [] if alone is None else [alone]
    if not chains.components:
        options = SkuOptions.together(parts)
        return Generated(options, assembler.problem(options), -np.inf, 0)
    # with nothing but their cost, and with every limit dear: the ends of what prices can ask for
    parts += chains.first(assembler.weights(none))
    parts += chains.first(assembler.weights(_dear(assembler)))
    bound, rounds = -np.inf, 0
    options = SkuOptions.together(parts)
    problem = assembler.problem(options)
    with track(progress, _MOST_ROUNDS, "options of chains") as advance:
        for _ in range(_MOST_ROUNDS):
            rounds += 1
            price, value = price_only(problem, assembler.rows)
            least, found = chains.best(assembler.weights(price))
            known = problem.least(problem.priced(price))
            place = np.searchsorted(np.unique(options.sku), chains.components)
            better = least < known[place] - 1e-9 * np.maximum(np.abs(known[place]), 1.0)
            bound = max(bound, value + float(np.minimum(least - known[place], 0.0).sum()))
            if not better.any() or value - bound <= 0.1 * gap * max(abs(value), 1e-12):
                break
            parts += [one for one, new in zip(found, better.tolist(), strict=True) if new]
            options = SkuOptions.together(parts)
            problem = assembler.problem(options)
            advance(1)
    # a mixture needs far fewer options than a choice of whole ones, which has to fit the limits
    for around in _around(price):
        parts += chains.first(assembler.weights(around))
    options = SkuOptions.together(parts)
    return Generated(options, assembler.problem(options), bound, rounds)


def choose_generated(
    made: Generated, assembler: Assembler, *, gap: float, time_limit: float | None
) -> Chosen:
    """Choose among the options made; the bound is over all options."""
    chosen = choose(made.problem, assembler.rows, gap=gap, time_limit=time_limit)
    if not np.isfinite(made.bound):
        return chosen
    bound = min(made.bound, chosen.bound)
    return replace(
        chosen, bound=bound, gap=max(chosen.cost - bound, 0.0) / max(abs(chosen.cost), 1e-12)
    )


def _around(price: Floats) -> list[Floats]:
    """Prices near the best ones: all of them dearer or cheaper, and a few each by itself."""
    binding = np.flatnonzero(price > 0.0)[:_MOST_MOVED]
    near = [price * factor for factor in _FACTORS]
    if len(binding) > 1:
        for row in binding.tolist():
            for factor in _FACTORS:
                moved = price.copy()
                moved[row] *= factor
                near.append(moved)
    return near


def _dear(assembler: Assembler) -> Floats:
    """Prices at which a limit's whole amount is worth far more than all that is minimised."""
    amounts = np.abs(np.array(assembler.most))
    return np.asarray(1e6 / np.maximum(amounts, 1.0))
