"""How demand rows vary together, and what that comes to at the stages that see them (clause 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd, sqrt
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.distributions import Distribution
from echelon.distributions.per_period import PerPeriod

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Sparse: TypeAlias = "csr_array[Any]"


@dataclass(frozen=True, slots=True)
class DemandCovariance:
    """Covariance of the demand rows in one period, in parts that stay small in large networks.

    The whole is ``diag(variance) + pairs + season @ season.T``. A row whose mean changes by period
    varies along with every other such row, because all know the calendar; ``season`` says so in
    a few columns, where pairs would be as many as rows squared.

    Attributes
    ----------
    variance : (n_rows,) float64
        Within a period, mean over the cycle; units squared.
    first, second : (n_pairs,) int64
        Rows of each correlated pair, each pair once.
    pairs : (n_pairs,) float64
        Their covariance within a period, mean over the cycle; units squared.
    season : (n_rows, n_harmonics) csr_array of float64, or None
        Harmonics of the means by period; None where no mean changes.
    """

    variance: Floats
    first: Integers
    second: Integers
    pairs: Floats
    season: Sparse | None

    @classmethod
    def of(
        cls,
        distributions: Sequence[Distribution],
        first: Integers,
        second: Integers,
        coefficient: Floats,
    ) -> DemandCovariance:
        r"""Turn correlations within a period into covariances.

        A pair that changes by period has :math:`\rho\,\overline{\sigma_i(t)\,\sigma_k(t)}`, the
        bar being the mean over all periods of the two cycles.

        Parameters
        ----------
        distributions : sequence of Distribution
            One per row.
        first, second : (n_pairs,) int64
        coefficient : (n_pairs,) float64
            Correlations.
        """
        stds = [law.stds if isinstance(law, PerPeriod) else law.std for law in distributions]
        variance = np.array([float(np.mean(np.square(std))) for std in stds], dtype=np.float64)
        ends = zip(first.tolist(), second.tolist(), strict=True)
        products = np.array([mean_product(stds[i], stds[k]) for i, k in ends], dtype=np.float64)
        return cls(variance, first, second, coefficient * products, _season(distributions))

    @property
    def n_rows(self) -> int:
        """How many demand rows."""
        return len(self.variance)

    @property
    def independent(self) -> bool:
        """Whether rows vary independently, so that variances simply add up."""
        return self.season is None and not self.pairs.any()

    def partners(self) -> dict[int, set[int]]:
        """For each row that is correlated with others within a period, which rows those are."""
        found: dict[int, set[int]] = {}
        joined = self.pairs != 0.0
        for i, k in zip(self.first[joined].tolist(), self.second[joined].tolist(), strict=True):
            found.setdefault(i, set()).add(k)
            found.setdefault(k, set()).add(i)
        return found

    def pooled_alone(self) -> Floats:
        """Variance of each row by itself, within periods and between them, units squared."""
        if self.season is None:
            return self.variance.copy()
        return self.variance + np.asarray(self.season.power(2).sum(axis=1)).ravel()

    def within(self) -> Sparse:
        """Covariance apart from the season, (n_rows, n_rows)."""
        from scipy.sparse import coo_array

        every = np.arange(self.n_rows)
        row = np.concatenate([every, self.first, self.second])
        column = np.concatenate([every, self.second, self.first])
        values = np.concatenate([self.variance, self.pairs, self.pairs])
        return coo_array((values, (row, column)), shape=(self.n_rows,) * 2).tocsr()

    def pooled(self, usage: Sparse) -> Floats:
        r"""Variance of weighted sums of the rows.

        Parameters
        ----------
        usage : (n, n_rows) csr_array
            Weights :math:`a_{ji}`; one sum per row.

        Returns
        -------
        (n,) float64
            :math:`\sum_{i,k} a_{ji} a_{jk} \Sigma_{ik}`, units squared. What rounding leaves below
            0 where demands cancel one another is 0.
        """
        variance = np.asarray((usage @ self.within()).multiply(usage).sum(axis=1)).ravel()
        if self.season is not None:
            variance = variance + np.asarray((usage @ self.season).power(2).sum(axis=1)).ravel()
        return np.maximum(variance, 0.0)

    def between(self, usage: Sparse) -> Floats:
        """Covariance of weighted sums with one another, dense, (n, n), units squared."""
        covariance = np.asarray((usage @ self.within() @ usage.T).toarray())
        if self.season is not None:
            swing = (usage @ self.season).toarray()
            covariance = covariance + swing @ swing.T
        return covariance


def independent_rows(rows: Sequence[int], partners: Mapping[int, set[int]]) -> bool:
    """Whether no two of some demand rows are correlated within a period.

    Parameters
    ----------
    rows : sequence of int
    partners : mapping of int to set of int
        As :meth:`DemandCovariance.partners` gives it.

    Returns
    -------
    bool

    Examples
    --------
    >>> independent_rows([0, 1], {0: {2}, 2: {0}}), independent_rows([0, 2], {0: {2}, 2: {0}})
    (True, False)
    """
    return all(row not in partners or partners[row].isdisjoint(rows) for row in rows)


def usage_of_rows(
    component_ptr: Integers,
    pred_ptr: Integers,
    pred_stage: Integers,
    pred_units: Floats,
    demand_ptr: Integers,
    demand_row: Integers,
) -> Sparse:
    """Units of each stage in one unit asked for by each demand row, by every path.

    Parameters
    ----------
    component_ptr, pred_ptr, pred_stage, pred_units, demand_ptr, demand_row
        The arrays of a whole ``CompiledNetwork``.

    Returns
    -------
    (n_stages, n_rows) csr_array of float64
        Stages in compiled order, rows in the order of the demand table.

    Examples
    --------
    A part that goes twice into one end item, whose customers are two rows of demand:

    >>> import numpy as np
    >>> usage_of_rows(
    ...     np.array([0, 2]), np.array([0, 0, 1]), np.array([0]), np.array([2.0]),
    ...     np.array([0, 0, 2]), np.array([0, 1])).toarray().tolist()
    [[2.0, 2.0], [1.0, 1.0]]
    """
    from scipy.sparse import coo_array

    n_stages, n_rows = len(pred_ptr) - 1, len(demand_row)
    component = np.repeat(np.arange(len(component_ptr) - 1), np.diff(component_ptr))
    customer = np.repeat(np.arange(n_stages), np.diff(pred_ptr))
    supplier = pred_stage + component_ptr[component[customer]]
    units = coo_array((pred_units, (supplier, customer)), shape=(n_stages,) * 2).tocsr()
    seller = np.repeat(np.arange(n_stages), np.diff(demand_ptr))
    asked = coo_array((np.ones(n_rows), (seller, demand_row)), shape=(n_stages, n_rows)).tocsr()
    usage = asked
    while asked.nnz:  # one lane further up each time; there is no cycle, so it ends
        asked = units @ asked
        usage = usage + asked
    return usage.tocsr()


def mean_product(first: float | Floats, second: float | Floats) -> float:
    """Mean over time of the product of two cycles of any lengths, without walking through both.

    Two cycles meet in every pair of periods that is equal modulo the greatest common divisor of
    their lengths, and in each as often as in any other.

    Examples
    --------
    >>> mean_product(np.array([1.0, 3.0]), np.array([1.0, 3.0])), mean_product(2.0, 5.0)
    (5.0, 10.0)
    >>> mean_product(np.array([1.0, 3.0]), np.array([1.0, 3.0, 8.0]))  # all six pairs
    8.0
    """
    one, other = np.atleast_1d(first), np.atleast_1d(second)
    common = gcd(len(one), len(other))
    folded = [cycle.reshape(-1, common).mean(axis=0) for cycle in (one, other)]
    return float((folded[0] * folded[1]).mean())


def _season(distributions: Sequence[Distribution]) -> Sparse | None:
    """Harmonics of the rows whose mean changes: equal frequencies vary together, others do not.

    The product of two rows of it is the covariance of their means over all periods of both cycles,
    whatever the cycles' lengths, because harmonics of different frequency average out.
    """
    from scipy.sparse import coo_array

    column_of: dict[tuple[int, int, str], int] = {}
    row: list[int] = []
    column: list[int] = []
    values: list[float] = []
    for i, law in enumerate(distributions):
        if not isinstance(law, PerPeriod):
            continue
        means = law.means
        n = len(means)
        wave = np.fft.rfft(means - means.mean()) / n
        for k in range(1, len(wave)):
            frequency = (k // gcd(k, n), n // gcd(k, n))
            # a frequency and its mirror image count twice, the fastest one is its own image
            scale = 1.0 if 2 * k == n else sqrt(2.0)
            for part, value in (("cos", wave[k].real), ("sin", wave[k].imag)):
                if value != 0.0:
                    row.append(i)
                    column.append(column_of.setdefault((*frequency, part), len(column_of)))
                    values.append(scale * float(value))
    if not values:
        return None
    shape = (len(distributions), len(column_of))
    return coo_array((values, (row, column)), shape=shape).tocsr()
