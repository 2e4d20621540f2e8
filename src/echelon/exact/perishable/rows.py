"""Rows of whole numbers told apart by one number each, so that they sort fast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]

_SEED = 20_261_122
_MOST_COLUMNS = 4_096


def codes(rows: Whole) -> Whole:
    """Give equal rows equal numbers, and different ones different numbers almost surely.

    Parameters
    ----------
    rows : (n, n_columns) ndarray of int64

    Returns
    -------
    (n,) ndarray of int64
        A sum of multiples modulo 2**64; two given rows share one with a chance of about 2**-64.
        :func:`distinct` checks that none do.
    """
    return np.asarray(rows @ _MULTIPLIERS[: rows.shape[1]])  # overflow wraps, as it should


def distinct(rows: Whole) -> tuple[Whole, Whole, Whole]:
    """Find the rows that differ.

    Parameters
    ----------
    rows : (n, n_columns) ndarray of int64

    Returns
    -------
    code : (m,) ndarray of int64
        Of each row that differs, ascending.
    first : (m,) ndarray of int64
        Where it is.
    place : (n,) ndarray of int64
        Which of them each row equals.

    Raises
    ------
    ArithmeticError
        If two different rows share a code.
    """
    found, first, place = np.unique(codes(rows), return_index=True, return_inverse=True)
    require_equal(rows[first[place]], rows)
    return found, first, place


def require_equal(some: Whole, others: Whole) -> None:
    """Raise unless rows of one code are equal."""
    if not np.array_equal(some, others):
        raise ArithmeticError("two states share a code; choose other multipliers")


_MULTIPLIERS: Whole = np.random.default_rng(_SEED).integers(
    np.iinfo(np.int64).min, np.iinfo(np.int64).max, _MOST_COLUMNS, dtype=np.int64
) | np.int64(1)
