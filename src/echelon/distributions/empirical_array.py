"""Distributions from columns of observations: every row a history, or a table of values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.array import DistributionArray
from echelon.distributions.empirical_rows import EmpiricalRows
from echelon.errors import DomainError

_UNITY = 1e-9


def empirical_array(values: ArrayLike, probabilities: ArrayLike | None = None) -> DistributionArray:
    """Make many empirical distributions at once.

    Parameters
    ----------
    values : (n, k) array_like of float
        Units, in any order; equal values of a row are one value.
    probabilities : (n, k) or (k,) array_like of float, optional
        At least 0, together 1 for each row (to 1e-9); by default all values of a row are equally
        likely, as the periods of a history are. Values of probability 0 are kept out, so that rows
        of fewer values are filled up with these.

    Returns
    -------
    DistributionArray

    Raises
    ------
    DomainError
        If the shapes do not fit, a number is missing or infinite, or the probabilities of a row
        are negative or do not add up to 1; names the first position.

    Examples
    --------
    >>> demand = empirical_array([[3, 1, 3, 3], [0, 0, 5, 7]])
    >>> demand
    DistributionArray(2 empirical)
    >>> demand[0]
    Empirical(values=(1.0, 3.0), probabilities=(0.25, 0.75))
    """
    known = np.asarray(values, dtype=np.float64)
    if known.ndim != 2 or known.size == 0:
        raise DomainError(
            f"values of shape {known.shape}. Fix: give two axes, SKUs and their values, none empty."
        )
    _require(known, ~np.isfinite(known), "values", "must be finite", "drop or fill what is missing")
    if probabilities is None:
        shares = np.full(known.shape, 1.0 / known.shape[1])
    else:
        shares = np.asarray(probabilities, dtype=np.float64)
        if shares.shape not in (known.shape, known.shape[1:]):
            raise DomainError(
                f"probabilities of shape {shares.shape} beside values of shape {known.shape}. "
                "Fix: give one for each value."
            )
        shares = np.broadcast_to(shares, known.shape)
        wrong = ~(shares >= 0.0) | ~np.isfinite(shares)
        _require(shares, wrong, "probabilities", "must be >= 0", "give probabilities")
        total = shares.sum(axis=1)
        off = np.abs(total - 1.0) > _UNITY
        _require(total, off, "sum of probabilities", "must be 1", "give all values of the row")
        shares = shares / total[:, None]
    return DistributionArray(len(known), (), (), (_rows(known, shares),))


def _rows(values: np.ndarray, shares: np.ndarray) -> EmpiricalRows:
    """Sort each row, add up equal values and keep out what has no probability."""
    n, k = values.shape
    order = np.argsort(values, axis=1)
    flat = np.take_along_axis(values, order, axis=1).ravel()
    chances = np.take_along_axis(shares, order, axis=1).ravel()
    row = np.repeat(np.arange(n), k)
    kept = chances > 0.0
    flat, chances, row = flat[kept], chances[kept], row[kept]
    new = np.ones(len(flat), dtype=bool)
    new[1:] = (np.diff(row) != 0) | (np.diff(flat) != 0.0)
    begins = np.flatnonzero(new)
    ptr = np.concatenate(([0], np.cumsum(np.bincount(row[begins], minlength=n)))).astype(np.int64)
    return EmpiricalRows(np.arange(n), ptr, flat[begins], np.add.reduceat(chances, begins))


def _require(values: np.ndarray, wrong: np.ndarray, name: str, message: str, fix: str) -> None:
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0].tolist())
        place = ", ".join(map(str, at))
        raise DomainError(f"{name}[{place}] is {float(values[at])!r}, {message}. Fix: {fix}.")
