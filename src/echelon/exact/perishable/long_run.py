"""Share of periods that a chain of states spends in each of them, in the long run."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array, csr_array, eye_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from echelon.distributions.arguments import Floats
from echelon.exact.perishable.reachable import TooLargeError

_QUICK_STEPS = 2_000
"""A chain that mixes settles within them, at less than factors of its equations cost."""
_MOST_STEPS = 100_000
_MOST_SOLVED = 5_000
"""States whose equations are solved: full factors of more would not fit into memory."""
_SETTLED = 1e-13
"""Sum of absolute changes in a step."""
_RESIDUAL = 1e-10
"""Sum of absolute changes that solved shares may show in a step."""


def long_run(to: csr_array, *, quick_steps: int = _QUICK_STEPS) -> Floats:
    """Share of periods in each state in the long run, from an empty shelf.

    By powers of the chain, and by its equations where that settles slowly: where stock is left
    rarely for a state to which nothing returns.

    Parameters
    ----------
    to : sparse (n, n)
        Probability of each next state; the first state is the empty shelf.
    quick_steps : int
        Powers before the equations of a small chain are solved.

    Returns
    -------
    (n,) ndarray of float64

    Raises
    ------
    TooLargeError
        If a chain too large for its equations has not settled in 100,000 steps.
    """
    small = to.shape[0] <= _MOST_SOLVED
    share = _by_powers(to, quick_steps if small else _MOST_STEPS)
    if share is None and small:
        share = _by_equations(to)
    if share is None:
        raise TooLargeError(f"shares of states that do not settle in {_MOST_STEPS:,} steps")
    return share


def _by_powers(to: csr_array, most_steps: int) -> Floats | None:
    """Let the chain run until a step changes next to nothing, None where it goes on changing."""
    back = to.T.tocsr()
    share = np.zeros(to.shape[0])
    share[0] = 1.0
    for _ in range(most_steps):
        after = back @ share
        after = 0.9 * after + 0.1 * share  # a chain that goes round settles too
        change = float(np.abs(after - share).sum())
        share = after / after.sum()
        if change <= _SETTLED:
            return np.asarray(share)
    return None


def _by_equations(to: csr_array) -> Floats | None:
    """Solve for the shares within each closed class, by the chance of ending there; None if unsure.

    States from which a class is left for ever have no share.
    """
    to = to.copy()
    to.sum_duplicates()  # several demands may lead to one state, which factors do not expect
    _, number = connected_components(to, directed=True, connection="strong")
    edges = to.tocoo()
    leaves = np.zeros(number.max() + 1, dtype=np.bool_)
    out = (number[edges.row] != number[edges.col]) & (edges.data > 0.0)
    leaves[number[edges.row[out]]] = True
    passing = np.flatnonzero(leaves[number])
    ends = np.zeros(to.shape[0])  # chance of entering a closed class in each of its states
    ends[0] = 1.0
    try:
        if leaves[number[0]]:
            stays = (eye_array(len(passing)) - to[passing][:, passing]).T
            visits = splu(csc_array(stays)).solve(ends[passing])
            ends = np.asarray(to[passing].T @ visits)
        share = np.zeros(to.shape[0])
        for one in np.flatnonzero(~leaves):
            states = np.flatnonzero(number == one)
            chance = float(ends[states].sum())
            if chance > 0.0:
                share[states] = chance * _of_class(to[states][:, states])
    except RuntimeError:  # a factor that is exactly singular
        return None
    share /= share.sum()
    sure = share.min() >= -_RESIDUAL and np.abs(to.T @ share - share).sum() <= _RESIDUAL
    return np.maximum(share, 0.0) if sure else None


def _of_class(to: csr_array) -> Floats:
    """Shares within a class that is never left: the first takes what the others leave of 1."""
    n_states = to.shape[0]
    if n_states == 1:
        return np.ones(1)
    flows = (eye_array(n_states) - to).T.tocsr()
    others = splu(csc_array(flows[1:, 1:])).solve(-flows[1:, [0]].toarray().ravel())
    share = np.concatenate(([1.0], others))  # relative to the first
    return np.asarray(share / share.sum())
