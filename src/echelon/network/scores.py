"""Groups of demand rows drawn together: what correlation their normal scores need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echelon.demand.copula import TOLERANCE, factor, score_correlation, smallest_eigenvalue
from echelon.distributions import Distribution
from echelon.errors import DomainError
from echelon.network.compiled import Floats, Integers
from echelon.network.correlation import Correlation
from echelon.tables import label_of

_TOLD = 10
"""Problems told one by one; more of them are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoreGroup:
    """Demand rows whose normal scores are correlated.

    Rows are in the order of their keys and not of the table, so that a draw depends on names alone.

    Attributes
    ----------
    rows : (n,) int64
        Rows of demand.
    keys : tuple of tuple of str
        Item, location and segments of each; the addresses of their streams.
    lower : (n, n) float64
        Scores are ``lower @ e`` for independent standard normal ``e``.
    """

    rows: Integers
    keys: tuple[tuple[str, ...], ...]
    lower: Floats


def score_groups(
    correlation: Correlation,
    distributions: Sequence[Distribution],
    keys: Sequence[tuple[str, ...]],
) -> tuple[ScoreGroup, ...]:
    """Find what normal scores need so that demand has the correlation that the table asks for.

    Parameters
    ----------
    correlation : Correlation
    distributions : sequence of Distribution
        One per row of demand.
    keys : sequence of tuple of str
        Item, location and segments of each row.

    Returns
    -------
    tuple of ScoreGroup

    Raises
    ------
    DomainError
        With every pair whose distributions cannot have the coefficient, and every group whose
        scores contradict one another.
    """
    found = score_correlation(
        distributions, correlation.first, correlation.second, correlation.coefficient
    )
    labels = [label_of(*key[:2], ", ".join(filter(None, key[2:]))) for key in keys]
    problems = [
        f"{labels[correlation.first[pair]]} and {labels[correlation.second[pair]]}: the "
        f"coefficient is {correlation.coefficient[pair]:g}, and their distributions can have "
        f"{found.lowest[pair]:.4f} to {found.highest[pair]:.4f}. "
        "Fix: give a coefficient in between, or distributions that are more alike."
        for pair in np.flatnonzero(np.isnan(found.score)).tolist()
    ]
    groups = []
    for rows, pairs in correlation.groups():
        if np.isnan(found.score[pairs]).any():
            continue  # told already
        ordered = sorted(range(len(rows)), key=[keys[row] for row in rows.tolist()].__getitem__)
        scores = correlation.matrix(rows, pairs, found.score)[np.ix_(ordered, ordered)]
        smallest = smallest_eigenvalue(scores)
        if smallest < -TOLERANCE:
            problems.append(
                f"{labels[rows[0]]} and {len(rows) - 1} more: no normal scores give demands of "
                f"these distributions all of their coefficients (smallest eigenvalue "
                f"{smallest:.4g}). Fix: give coefficients nearer to 0, or normal demand."
            )
            continue
        in_order = rows[ordered]
        names = tuple(keys[row] for row in in_order.tolist())
        groups.append(ScoreGroup(in_order, names, factor(scores)))
    if problems:
        more = len(problems) - _TOLD
        told = [*problems[:_TOLD], *([f"and {more} more like these"] if more > 0 else [])]
        raise DomainError("correlated demand cannot be drawn: " + "\n  ".join(["", *told]))
    return tuple(groups)
