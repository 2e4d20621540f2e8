"""One option for each SKU within shared limits, as arrays: what every route here solves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from echelon.network.compiled import Floats, Integers

_ROUNDING = 10.0
"""How many times the rounding of a sum may differ between two ways of adding up."""


@dataclass(frozen=True)
class OptionProblem:
    r"""Choose one option for each SKU at least total cost, so that no row is used beyond its limit.

    Minimise :math:`\sum_o c_o x_o` subject to :math:`\sum_o a_{ro} x_o \le b_r` for each row
    :math:`r`, and one option of each SKU: :math:`x` binary. A row that asks for at least so much is
    kept with its signs turned.

    Attributes
    ----------
    first : (n_skus + 1,) int64
        SKU ``k`` has the options ``first[k]`` up to, not including, ``first[k + 1]``.
    cost : (n_options,) float64
        Money, or whatever is minimised.
    use_first : (n_options + 1,) int64
        Option ``o`` has the uses ``use_first[o]`` up to the next in the two arrays that follow.
    use_row, use : (n_uses,) int64 and float64
        Which row is used, and how much of it; an option names no row twice.
    most : (n_rows,) float64
        The limits.
    """

    first: Integers
    cost: Floats
    use_first: Integers
    use_row: Integers
    use: Floats
    most: Floats

    @property
    def n_skus(self) -> int:
        """How many SKUs."""
        return len(self.first) - 1

    @property
    def n_options(self) -> int:
        """How many options, of all SKUs together."""
        return len(self.cost)

    @property
    def n_rows(self) -> int:
        """How many limits."""
        return len(self.most)

    @cached_property
    def sku(self) -> Integers:
        """SKU of each option, (n_options,)."""
        return np.repeat(np.arange(self.n_skus), np.diff(self.first))

    @cached_property
    def uses(self) -> Any:
        """Uses as a sparse matrix, (n_options, n_rows)."""
        from scipy.sparse import csr_matrix

        shape = (self.n_options, self.n_rows)
        return csr_matrix((self.use, self.use_row, self.use_first), shape=shape)

    @cached_property
    def scale(self) -> Floats:
        """What counts as a unit of each row: the mean absolute use, or the limit; (n_rows,) > 0."""
        count = np.bincount(self.use_row, minlength=self.n_rows)
        total = np.bincount(self.use_row, np.abs(self.use), self.n_rows)
        mean = total / np.maximum(count, 1)
        return np.where(mean > 0.0, mean, np.where(self.most != 0.0, np.abs(self.most), 1.0))

    @cached_property
    def tolerance(self) -> Floats:
        """What is rounding of a row's sum, in units of the row, (n_rows,)."""
        return 1e-12 * np.maximum(np.abs(self.most), self.scale)

    def used(self, choice: Integers) -> Floats:
        """How much of each row a choice (n_skus,) of options uses, (n_rows,)."""
        return np.asarray(self.uses[choice].sum(axis=0)).ravel()

    def keeps(self, choice: Integers) -> bool:
        """Whether a choice keeps every limit, but for rounding."""
        return bool((self.used(choice) <= self.most + _ROUNDING * self.tolerance).all())

    def priced(self, price: Floats) -> Floats:
        """Cost of each option with its uses charged at prices (n_rows,), (n_options,)."""
        return np.asarray(self.cost + self.uses @ price)

    def least(self, values: Floats) -> Floats:
        """Least of a value (n_options,) among the options of each SKU, (n_skus,)."""
        return np.asarray(np.minimum.reduceat(values, self.first[:-1]))

    def bound(self, price: Floats) -> float:
        """Lagrangian bound: no choice that keeps the rows costs less; prices are not negative."""
        return float(self.least(self.priced(price)).sum() - price @ self.most)
