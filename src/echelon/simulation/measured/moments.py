"""Means, spreads and cross products over runs, and what may be done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echelon.errors import DomainError
from echelon.kernels.rows import add_up
from echelon.network.compiled import Floats, Integers


@dataclass(frozen=True, slots=True)
class Moments:
    """Of quantities over independent runs, or over the means of groups of dependent runs.

    Attributes
    ----------
    n : int
        How many there are.
    mean, spread : (n_rows, n_quantities) float64
        Mean, and sum of squared deviations from it.
    cross : (n_rows, n_pairs) float64
        Sums of products of the deviations of pairs of quantities.
    """

    n: int
    mean: Floats
    spread: Floats
    cross: Floats

    @classmethod
    def of(cls, values: Floats, pairs: Sequence[tuple[int, int]]) -> Moments:
        """Take them over the last axis of ``values``, (n_rows, n_quantities, n).

        Parameters
        ----------
        values : ndarray of float64
        pairs : sequence of (int, int)
            Which quantities the products are of.
        """
        mean = values.mean(axis=2)
        apart = values - mean[:, :, None]
        products = [np.einsum("ir,ir->i", apart[:, p], apart[:, q]) for p, q in pairs]
        return cls(
            n=values.shape[2],
            mean=mean,
            spread=np.einsum("iqr,iqr->iq", apart, apart),
            cross=np.stack(products, axis=1) if products else np.zeros((len(values), 0)),
        )

    @classmethod
    def none(cls, n_rows: int, n_quantities: int, n_pairs: int) -> Moments:
        """Nothing in any row, to which :meth:`with_rows` adds."""
        shape = (n_rows, n_quantities)
        return cls(0, np.zeros(shape), np.zeros(shape), np.zeros((n_rows, n_pairs)))

    def with_rows(self, row_of: Integers, other: Moments) -> Moments:
        """The same with rows of others added where they are, as :meth:`added` adds.

        ``row_of`` (n_rows of the others,) is the row that each is added to, one after the other.
        """
        once = len(np.unique(row_of)) == len(row_of)
        for name in ("mean", "spread", "cross"):
            total, values = getattr(self, name), getattr(other, name)
            if once:
                total[row_of] += values
            else:
                np.add.at(total, row_of, values)
        return Moments(other.n, self.mean, self.spread, self.cross)

    def merge(self, other: Moments, pairs: Sequence[tuple[int, int]]) -> Moments:
        """Add more runs of the same rows [1]_.

        References
        ----------
        .. [1] Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance, *The
           American Statistician* 37(3), 242-247.
        """
        n = self.n + other.n
        step = other.mean - self.mean
        weight = self.n * other.n / n
        one, two = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
        return Moments(
            n=n,
            mean=self.mean + step * (other.n / n),
            spread=self.spread + other.spread + weight * step**2,
            cross=self.cross + other.cross + weight * step[:, one] * step[:, two],
        )

    def added(self, row_of: Integers, n_rows: int) -> Moments:
        """Moments of sums over rows that are independent of each other.

        ``row_of`` (n_rows of these,) is the row that each is added to, of ``n_rows``; variances of
        independent quantities add up, and so do their covariances.
        """
        mean, spread, cross = (
            summed(values, row_of, n_rows) for values in (self.mean, self.spread, self.cross)
        )
        return Moments(self.n, mean, spread, cross)

    def rows(self, chosen: Integers) -> Moments:
        """Some of the rows."""
        return Moments(self.n, self.mean[chosen], self.spread[chosen], self.cross[chosen])


def summed(values: Floats, row_of: Integers, n_rows: int) -> Floats:
    """Add rows that belong together, in the order in which they are.

    Parameters
    ----------
    values : ndarray of float64, shape (n, ...)
    row_of : ndarray of int64, shape (n,)
        The row that each is added to.
    n_rows : int

    Returns
    -------
    ndarray of float64, shape (n_rows, ...)

    Examples
    --------
    >>> summed(np.array([[1.0], [2.0], [4.0]]), np.array([2, 0, 2]), 3).tolist()
    [[2.0], [0.0], [5.0]]
    """
    if n_rows == 1:
        return np.asarray(values.sum(axis=0, keepdims=True))
    total = np.zeros((n_rows, *values.shape[1:]))
    if len(row_of):
        order = np.argsort(row_of, kind="stable")
        found, starts = np.unique(row_of[order], return_index=True)
        total[found] = np.add.reduceat(values[order], starts, axis=0)
    return total


def add_rows(values: Floats, row_of: Integers, total: Floats) -> None:
    """Add each row of ``values``, (n, ...), to its row of ``total``, in the order that they have.

    ``row_of`` (n,) is the row that each is added to.
    """
    size = values[:1].size if len(values) else 0
    if size:
        add_up(values.reshape(len(values), size), row_of, total.reshape(len(total), size))


def joined(parts: Sequence[Moments]) -> Moments:
    """Rows of several, over the same runs, one after the other."""
    return Moments(
        n=parts[0].n,
        mean=np.concatenate([part.mean for part in parts]),
        spread=np.concatenate([part.spread for part in parts]),
        cross=np.concatenate([part.cross for part in parts]),
    )


def group_means(values: Floats, group: int) -> Floats:
    """Means of groups of dependent runs, the last axis, which follow one another.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_runs)
    group : int
        Runs in a group: 2 for antithetic pairs, 16 for strata, 1 for independent runs.

    Returns
    -------
    ndarray of float64, shape (..., n_runs // group)

    Raises
    ------
    DomainError
        If the runs do not fill the last group.

    Examples
    --------
    >>> group_means(np.array([1.0, 3.0, 4.0, 6.0]), 2).tolist()
    [2.0, 5.0]
    """
    n_runs = values.shape[-1]
    if n_runs % group:
        raise DomainError(
            f"{n_runs} runs do not fill groups of {group}. Fix: give a multiple of {group}."
        )
    if group == 1:
        return values
    return np.asarray(values.reshape(*values.shape[:-1], n_runs // group, group).mean(axis=-1))
