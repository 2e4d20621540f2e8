"""Long-run averages of small Markov chains, exact, to judge simulations by."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from echelon.distributions import Distribution

Step = Callable[[Any, Any], tuple[Hashable, Sequence[float]]]


def long_run(start: Hashable, step: Step, outcomes: Sequence[tuple[Any, float]]) -> np.ndarray:
    """Mean per period of what ``step`` measures, over the states that ``start`` leads to.

    ``step(state, outcome)`` gives the next state and the measures of the period; ``outcomes`` are
    independent between periods and have probabilities that add up to 1. The chain must have one
    recurrent class; it may be periodic.
    """
    place = {start: 0}
    states = [start]
    rows, columns, chances = [], [], []
    measures = []
    for k, state in enumerate(states):  # grows as states are found
        told = []
        for outcome, chance in outcomes:
            following, measured = step(state, outcome)
            if following not in place:
                place[following] = len(states)
                states.append(following)
                assert len(states) < 200_000
            rows.append(k)
            columns.append(place[following])
            chances.append(chance)
            told.append(chance * np.asarray(measured, dtype=float))
        measures.append(np.sum(told, axis=0))
    n = len(states)
    moved = sparse.csr_matrix((chances, (rows, columns)), shape=(n, n))
    # stationary: each state is left as often as entered; one equation of n is replaced by the sum
    balance = (moved.T - sparse.identity(n)).tolil()
    balance[n - 1] = np.ones(n)
    right = np.zeros(n)
    right[n - 1] = 1.0
    share = np.atleast_1d(spsolve(balance.tocsc(), right))
    assert share.min() > -1e-9
    return np.asarray(share @ np.array(measures))


def masses(law: Distribution, tail: float = 1e-13) -> list[tuple[float, float]]:
    """Values and probabilities of a whole demand, what lies beyond its ``tail`` left out."""
    values = np.arange(0.0, float(law.ppf(1.0 - tail)) + 1.0)
    below = np.array([float(law.cdf(value)) for value in values])
    chances = np.diff(below, prepend=0.0)
    kept = chances > 0.0
    chances = chances[kept] / chances[kept].sum()
    return list(zip(values[kept].tolist(), chances.tolist(), strict=True))
