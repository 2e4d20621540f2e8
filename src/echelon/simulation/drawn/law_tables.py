"""Laws made into the tables that they are drawn from, whole columns at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, cast

import numpy as np
import scipy

from echelon.distributions import (
    CompoundPoisson,
    Distribution,
    Geometric,
    LogNormal,
    NegativeBinomial,
    Poisson,
    Uniform,
    Weibull,
)
from echelon.kernels._jit import Floats, Integers
from echelon.kernels.draws import LATTICE, LINES, SEARCHED, Tables
from echelon.kernels.gamma_tables import LEAST_SHAPE, MOST_SHAPE, gamma_ends, write_gammas
from echelon.kernels.inverse_tables import FINEST, size_counts, write_counts
from echelon.simulation.drawn.cells import MOST_POINTS, OWN_BITS, SHARED_BITS, Table, cells
from echelon.simulation.drawn.compounds import Compounds, CompoundTables
from echelon.simulation.drawn.draw_rows import (
    CODES,
    DETERMINISTIC,
    GAMMA,
    NEGATIVE_BINOMIAL,
    NORMAL,
    OTHER,
    POISSON,
)
from echelon.simulation.drawn.inverse import table_of
from echelon.simulation.drawn.line_tables import constant, standard_normal, table_of_quantiles

_GEOMETRIC: Final = len(CODES)
"""Code of a count whose excess is its mean, which is that above the first point."""


class LawTables:
    """Laws in the order of their slots, and the tables that they need, each once.

    Parameters
    ----------
    family : (n,) int64
        ``FAMILY_CODES`` of each slot; ``OTHER`` where :meth:`add` gives the law.
    mean, std : (n,) float64
        Units. All three arrays are taken over.
    """

    def __init__(self, family: Integers, mean: Floats, std: Floats) -> None:
        n = len(family)
        self._family, self._mean, self._std = family, mean, std
        self._table = np.zeros(n, dtype=np.int64)
        self._location, self._scale = np.zeros(n), np.ones(n)
        self._ready = [standard_normal(), constant()]
        self._numbers: dict[Hashable, int] = {}
        self._placed: dict[int, tuple[Distribution, int]] = {}  # by identity: the same one is often
        self._compounds = Compounds()
        self._compound_slots: list[tuple[int, int]] = []

    def add(self, slot: int, law: Distribution) -> None:
        """Put a law in its slot, by its moments where they say all.

        Raises
        ------
        DomainError
            If its quantiles are no finite numbers that rise.
        """
        same = self._placed.get(id(law))
        if same is not None:
            for values in (self._family, self._mean, self._std, self._table, self._location,
                           self._scale):  # fmt: skip
                values[slot] = values[same[1]]
            return
        code = CODES.get(type(law), OTHER)
        if law.std == 0.0:
            self._moments(slot, DETERMINISTIC, law.mean, 0.0)
        elif code != OTHER:
            self._moments(slot, code, law.mean, law.std)
        elif isinstance(law, Geometric):
            self._moments(slot, _GEOMETRIC, law.mean - law.start, law.std)
            self._location[slot] = law.start
        elif type(law) is CompoundPoisson and (number := self._compound(law)) is not None:
            self._compound_slots.append((slot, number))
            return
        else:
            table, self._location[slot], self._scale[slot] = self._standardised(law)
            self._table[slot] = table
        self._placed[id(law)] = law, slot

    def _moments(self, slot: int, code: int, mean: float, std: float) -> None:
        self._family[slot], self._mean[slot], self._std[slot] = code, mean, std

    def _compound(self, law: CompoundPoisson) -> int | None:
        try:
            return self._compounds.add(law)
        except TypeError:  # sizes of a class of one's own that cannot be remembered
            return None

    def _standardised(self, law: Distribution) -> tuple[int, float, float]:
        """Number of the table, location and scale of a law that moments do not describe."""
        if isinstance(law, Uniform):
            low, high = law.support
            return self._made("uniform", _uniform), low, high - low
        if isinstance(law, LogNormal):
            width = law.log_std
            return self._made(("lognormal", width), lambda: _lognormal(width)), 0.0, law.mean
        if isinstance(law, Weibull):
            shape = law.shape
            spread = law.std / law.scale
            mean = law.mean / law.scale
            key = ("weibull", shape)
            return self._made(key, lambda: _weibull(shape, mean, spread)), 0.0, law.scale
        try:
            hash(law)
        except TypeError:
            return self._made(("law", id(law)), lambda: table_of(law)), 0.0, 1.0
        return self._made(cast(Hashable, law), lambda: table_of(law)), 0.0, 1.0

    def _made(self, key: Hashable, make: Callable[[], Table]) -> int:
        """Give the number of a table, made if it is new."""
        if key not in self._numbers:
            table = make()
            self._numbers[key] = len(self._ready)
            self._ready.append(table)
        return self._numbers[key]

    def finish(self) -> tuple[Tables, Integers, Floats, Floats]:
        """Write all tables one after the other.

        Returns
        -------
        Tables
            Table 0 is the standard normal distribution.
        table, location, scale : (n,) int64, float64, float64
            The value of a law is ``location + scale *`` that of its table.
        """
        family, mean, std = self._family, self._mean, self._std
        table, location, scale = self._table, self._location, self._scale
        known = family != OTHER
        fixed = known & ((family == DETERMINISTIC) | (std == 0.0))
        location[fixed], scale[fixed], table[fixed] = mean[fixed], 0.0, 1
        normal = (family == NORMAL) & ~fixed
        location[normal], scale[normal] = mean[normal], std[normal]
        counts = np.flatnonzero(np.isin(family, (POISSON, NEGATIVE_BINOMIAL, _GEOMETRIC)) & ~fixed)
        gammas = np.flatnonzero((family == GAMMA) & ~fixed)
        scale[gammas] = std[gammas] * (std[gammas] / mean[gammas])
        shape, of_shape = np.unique((mean[gammas] / std[gammas]) ** 2, return_inverse=True)
        count_mean, excess, of_count = _counts(family[counts], mean[counts], std[counts])
        n_ready = len(self._ready)
        compounds = self._compounds.tables()
        table[counts] = n_ready + of_count
        n_before = n_ready + len(count_mean)
        slots, numbers = np.array(self._compound_slots, dtype=np.int64).reshape(-1, 2).T
        table[slots] = n_before + numbers
        table[gammas] = n_before + len(compounds.kind) + of_shape
        tables, first = _written(self._ready, count_mean, excess, compounds, shape)
        location[counts] += first[of_count]
        return tables, table, location, scale


def _counts(family: Integers, mean: Floats, std: Floats) -> tuple[Floats, Floats, Integers]:
    """Mean and excess of the variance over it of each different count, and which is whose."""
    excess = np.where(family == _GEOMETRIC, mean, 0.0)  # of Poisson counts none
    wide = family == NEGATIVE_BINOMIAL
    excess[wide] = (std[wide] * std[wide] - mean[wide]) / mean[wide]
    order = np.lexsort((excess, mean))
    in_order = np.stack([mean[order], excess[order]])
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (in_order[:, 1:] != in_order[:, :-1]).any(axis=0)
    of_count = np.empty(len(order), dtype=np.int64)
    of_count[order] = np.cumsum(new) - 1
    return *in_order[:, new].copy(), of_count


def _written(
    ready: list[Table], mean: Floats, excess: Floats, compounds: CompoundTables, shape: Floats
) -> tuple[Tables, Floats]:
    """Tables that are ready, of counts, compounds and gammas; also the first point of each count.

    Lines and cells of tables follow one another in this order, so those of gammas are together.
    """
    n_counts = len(mean)
    start, n_cuts, fine = (np.zeros(n_counts, dtype=np.int64) for _ in range(3))
    size_counts(mean, excess, MOST_POINTS, start, n_cuts, fine)
    wide = {  # so wide that lines are as good
        j: _wide_count(float(mean[j]), float(excess[j]))
        for j in np.flatnonzero(n_cuts < 0).tolist()
    }
    several = fine > FINEST
    count_bits = np.where(several, SHARED_BITS, fine)
    size = 128 << OWN_BITS
    kind = np.concatenate(
        [
            [one.kind for one in ready],
            np.where(several, SEARCHED, LATTICE),
            compounds.kind,
            np.full(len(shape), LINES),
        ]
    ).astype(np.int64)
    bits = np.concatenate(
        [[one.bits for one in ready], count_bits, compounds.bits, np.full(len(shape), OWN_BITS)]
    ).astype(np.int64)
    n_lines = np.concatenate(
        [
            [len(one.lines) for one in ready],
            np.where(several, n_cuts + 1, 0),
            compounds.n_lines,
            np.full(len(shape), size),
        ]
    ).astype(np.int64)
    n_cells = np.concatenate(
        [
            [len(one.cells) for one in ready],
            (64 << count_bits) + np.where(several, n_cuts, 0),
            compounds.n_cells,
            np.zeros(len(shape)),
        ]
    ).astype(np.int64)
    placed = list(enumerate(ready)) + [(len(ready) + j, table) for j, table in wide.items()]
    for number, one in placed[len(ready) :]:
        kind[number], bits[number] = one.kind, one.bits
        n_lines[number], n_cells[number] = len(one.lines), len(one.cells)
    n_lines += n_lines % 2  # every table begins at an even place
    first_line, first_cell = (np.concatenate([[0], np.cumsum(one)]) for one in (n_lines, n_cells))
    lines, words = np.zeros(int(first_line[-1])), np.empty(int(first_cell[-1]), dtype=np.uint64)
    for number, one in placed:
        lines[first_line[number] : first_line[number] + len(one.lines)] = one.lines
        words[first_cell[number] : first_cell[number + 1]] = one.cells
    of_counts = slice(len(ready), len(ready) + n_counts)
    write_counts(
        mean, excess, MOST_POINTS, SHARED_BITS, fine, first_cell[of_counts],
        first_line[of_counts], lines, words,
    )  # fmt: skip
    of_compounds = slice(of_counts.stop, of_counts.stop + len(compounds.kind))
    compounds.write(first_line[of_compounds], first_cell[of_compounds], lines, words)
    if len(shape):
        grid = cells(OWN_BITS)
        write_gammas(
            shape, *_gamma_ends(shape), OWN_BITS, grid.weight, grid.middle, grid.spread,
            int(first_line[of_compounds.stop]), lines,
        )  # fmt: skip
    tables = Tables(kind, bits, first_line[:-1].copy(), first_cell[:-1].copy(), lines, words)
    return tables, np.where(n_cuts < 0, 0.0, start)


def _gamma_ends(shape: Floats) -> tuple[Floats, Floats]:
    """Logarithm of the quantiles of 2**-32 from either end over the shape; means beyond them."""
    start, tail = np.empty((len(shape), 2)), np.empty((len(shape), 2))
    usual = (shape >= LEAST_SHAPE) & (shape <= MOST_SHAPE)
    own_start, own_tail = np.empty((int(usual.sum()), 2)), np.empty((int(usual.sum()), 2))
    gamma_ends(shape[usual], own_start, own_tail)
    start[usual], tail[usual] = own_start, own_tail
    start[~usual], tail[~usual] = _unusual_ends(shape[~usual])
    return start, tail


def _unusual_ends(shape: Floats) -> tuple[Floats, Floats]:
    """The same where a series would be long or a continued fraction would not hold."""
    share = 2.0**-32
    with np.errstate(divide="ignore", under="ignore"):
        low, high = (
            scipy.special.gammaincinv(shape, share),
            scipy.special.gammainccinv(shape, share),
        )
        tail = shape * np.array(
            [scipy.special.gammainc(shape + 1.0, low), scipy.special.gammaincc(shape + 1.0, high)]
        ) / share  # fmt: skip
        start = np.log(np.array([low, high]) / shape)
        tiny = low < 1e-8 * shape  # where the distribution function is a power
        power = (np.log(share) + scipy.special.gammaln(shape + 1.0)) / shape - np.log(shape)
        start[0] = np.where(tiny, power, start[0])
    # Wilson and Hilferty's cube, where it is right to the last digits that matter
    z = scipy.special.ndtri(share)
    wide = shape > 1e6
    for side, sign in enumerate((1.0, -1.0)):
        cube = 3.0 * np.log1p(sign * z / (3.0 * np.sqrt(shape)) - 1.0 / (9.0 * shape), where=wide,
                              out=np.zeros_like(shape))  # fmt: skip
        start[side] = np.where(wide, cube, start[side])
        tail[side] = np.where(wide, shape * np.exp(start[side]), tail[side])
    return start.T.copy(), tail.T.copy()


def _uniform() -> Table:
    return table_of_quantiles(lambda q: q, 0.5, 12.0**-0.5, 0.0, 1.0, bits=0)


def _lognormal(width: float) -> Table:
    """Table of a lognormal variable of mean 1."""
    shift, std = -0.5 * width * width, float(np.sqrt(np.expm1(width * width)))
    return table_of_quantiles(
        lambda q: np.exp(shift + width * scipy.special.ndtri(q)), 1.0, std, 0.0, np.inf
    )


def _weibull(shape: float, mean: float, std: float) -> Table:
    """Table of a Weibull variable of scale 1."""
    return table_of_quantiles(lambda q: (-np.log1p(-q)) ** (1.0 / shape), mean, std, 0.0, np.inf)


def _wide_count(mean: float, excess: float) -> Table:
    law: Any = (
        NegativeBinomial(mean, float(np.sqrt(mean * (1.0 + excess)))) if excess else Poisson(mean)
    )
    return table_of_quantiles(law.ppf, law.mean, law.std, 0.0, np.inf)
