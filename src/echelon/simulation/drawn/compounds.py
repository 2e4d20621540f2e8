"""Compound Poisson demands on a lattice, gathered so that their tables are made at once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from echelon.distributions import CompoundPoisson, Distribution
from echelon.distributions.arguments import Floats
from echelon.distributions.lattice import increments_of, lattice_step
from echelon.kernels._jit import Integers
from echelon.kernels.compound_tables import compound_length, compound_points, write_compounds
from echelon.kernels.draws import ATOMS, FEW, MOST_FEW, SEARCHED
from echelon.kernels.inverse_tables import FINEST
from echelon.kernels.philox import Words
from echelon.simulation.drawn.cells import SHARED_BITS

_MOST_POINTS: Final = 4096
"""Longer laws are faster by a transform; so long ones of sizes are not kept either."""

_HIGHEST_RATE: Final = 500.0
"""Beyond, the probability of no order is next to nothing that a float holds."""

_LEFT_OUT: Final = 1e-14
"""Probability beyond the points; a word stands for 2e-10."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sizes:
    """Sizes of an order on a lattice: its step, and the probabilities of 0, 1, ... steps."""

    numerator: float
    denominator: int
    mass: Floats


@lru_cache(maxsize=1024)
def _sizes_of(key: Hashable) -> _Sizes | None:
    """Give the sizes of orders, None where they are on no lattice or very many; at most 32 MB."""
    size = cast(Distribution, key)
    if lattice_step(size) is None:
        return None
    one = increments_of(size)
    length = one.first + len(one.mass)
    if not one.exact or one.first < 0 or length > _MOST_POINTS:
        return None
    return _Sizes(one.numerator, one.denominator, np.append(np.zeros(one.first), one.mass))


class Compounds:
    """Laws in the order in which they were added, each once."""

    def __init__(self) -> None:
        self._numbers: dict[CompoundPoisson, int] = {}
        self._sizes: dict[Hashable, tuple[int, _Sizes]] = {}
        self._rates: list[float] = []
        self._size_of: list[int] = []
        self._lengths: list[int] = []

    def add(self, law: CompoundPoisson) -> int | None:
        """Give the number of a law; None where its table is better made by itself.

        Which it is depends on the law alone.
        """
        known = self._numbers.get(law)
        if known is not None or law.rate > _HIGHEST_RATE:
            return known
        key = cast(Hashable, law.size)
        sizes = _sizes_of(key)
        if sizes is None:
            return None
        length = compound_length(law.rate, sizes.mass, _LEFT_OUT, _MOST_POINTS)
        if length > _MOST_POINTS:
            return None
        number = self._numbers[law] = len(self._numbers)
        self._rates.append(law.rate)
        self._size_of.append(self._sizes.setdefault(key, (len(self._sizes), sizes))[0])
        self._lengths.append(length)
        return number

    def tables(self) -> CompoundTables:
        """Find the points of all laws that were added, and how large their tables are."""
        sizes = [one for _, one in self._sizes.values()]
        size_of = np.array(self._size_of, dtype=np.int64)
        start = _starts(self._lengths)
        number, cuts = np.empty((2, int(start[-1])), dtype=np.int64)
        n_points, fine = np.empty((2, len(size_of)), dtype=np.int64)
        if len(size_of):
            compound_points(
                np.array(self._rates), size_of, _starts([len(one.mass) for one in sizes]),
                np.concatenate([one.mass for one in sizes]), start, number, cuts, n_points, fine,
            )  # fmt: skip
        step = np.array([[one.numerator, one.denominator] for one in sizes], dtype=np.float64)
        step = step.reshape(len(sizes), 2)[size_of].T.copy()
        return CompoundTables(step, start, number, cuts, n_points, fine)


@dataclass(frozen=True, slots=True, eq=False)
class CompoundTables:
    """Tables of laws on points before they are written.

    Attributes
    ----------
    step : (2, n) float64
        Numerator and denominator, units.
    start : (n + 1,) int64
    number, cuts : (start[n],) int64
    n_points, fine : (n,) int64
        As :func:`~echelon.kernels.compound_tables.compound_points` has them.
    """

    step: Floats
    start: Integers
    number: Integers
    cuts: Integers
    n_points: Integers
    fine: Integers

    @property
    def kind(self) -> Integers:
        """Kind of each table, that of :func:`~.point_tables.table_of_points`."""
        kinds = np.where(self._few, FEW, np.where(self._several, SEARCHED, ATOMS))
        return np.where(self.n_points == 1, ATOMS, kinds)

    @property
    def bits(self) -> Integers:
        """Bits of each table."""
        own = np.where(self._several, SHARED_BITS, self.fine)
        return np.where(self._few, self.n_points - 1, own)

    @property
    def n_lines(self) -> Integers:
        """Values of each table."""
        return self.n_points

    @property
    def n_cells(self) -> Integers:
        """Cells of each table, with the cuts that follow them."""
        searched = np.where(self._several, self.n_points - 1, 0)
        own = (np.int64(64) << np.where(self._few, 0, self.bits)) + searched
        return np.where(self._few & (self.n_points > 1), self.n_points - 1, own)

    def write(
        self, first_line: Integers, first_cell: Integers, lines: Floats, cells: Words
    ) -> None:
        """Write the tables where they belong."""
        write_compounds(
            self.step, self.start, self.number, self.cuts, self.n_points, self.fine, SHARED_BITS,
            first_line, first_cell, lines, cells,
        )  # fmt: skip

    @property
    def _few(self) -> NDArray[np.bool_]:
        return self.n_points - 1 <= MOST_FEW

    @property
    def _several(self) -> NDArray[np.bool_]:
        return ~self._few & (self.fine > FINEST)


def _starts(lengths: list[int]) -> Integers:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
