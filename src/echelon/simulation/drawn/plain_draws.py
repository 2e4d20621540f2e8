"""The plain twin of the draw kernel: the same numbers by NumPy, a definition at a time.

It says what :func:`echelon.kernels.draws.fill` writes, and a test holds the two together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.kernels.draws import (
    ATOMS,
    BROKEN,
    CONSTANT,
    FEW,
    GIVEN,
    LATTICE,
    LINES,
    UP_DOWN,
    Sources,
)
from echelon.kernels.philox import ANTITHETIC, STRATIFIED, Words

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def plain_draws(sources: Sources, row: int, periods: range, runs: range) -> Floats:
    """Draw a stretch of periods of some runs of one row.

    Parameters
    ----------
    sources : Sources
    row : int
    periods, runs : range
        Of step 1.

    Returns
    -------
    ndarray of float64, shape (n_periods, n_runs)

    Examples
    --------
    >>> from echelon.distributions import make
    >>> from echelon.simulation.drawn.sources import DrawRow, sources_of
    >>> sources = sources_of([DrawRow("demand", ("bolt", "shop"), make("normal", 10.0, 2.0))], 7)
    >>> once = plain_draws(sources, 0, range(8), range(3))
    >>> bool((once[5:, 1:] == plain_draws(sources, 0, range(5, 8), range(1, 3))).all())
    True
    """
    out = np.zeros((len(periods), len(runs)))
    if sources.kind[row] == GIVEN:
        values = sources.given[sources.given_ptr[row] : sources.given_ptr[row + 1]]
        for step, period in enumerate(periods):
            out[step] = values[period] if period < len(values) else 0.0
        return out
    if sources.kind[row] == UP_DOWN:
        return _states(sources, row, periods, runs)
    score = _score(sources, row, periods, runs) if sources.joint[row] else None
    first, last = int(sources.law_ptr[row]), int(sources.law_ptr[row + 1])
    for step, period in enumerate(periods):
        law = first + period % (last - first)
        table = int(sources.table[law])
        if score is None:
            value = values_at(sources, table, plain_words(sources, sources.keys[row], period, runs))
        elif table == 0:
            value = score[step]
        else:
            value = values_at(sources, table, _words_of(sources, score[step]))
        out[step] = sources.location[law] + sources.scale[law] * value
    return out


def plain_philox(counter: tuple[NDArray[np.uint64], ...], key: NDArray[np.uint64]) -> list[Words]:
    """Philox4x32-10: four words for each counter.

    Parameters
    ----------
    counter : four (n,) uint64
        Words of 32 bits.
    key : (2,) uint64

    Returns
    -------
    list of four (n,) uint64
    """
    a, b, c, d = counter
    one, other = key
    for _ in range(10):
        p, q = np.uint64(0xD2511F53) * a, np.uint64(0xCD9E8D57) * c
        a, b, c, d = (q >> _HALF) ^ b ^ one, q & _LOW, (p >> _HALF) ^ d ^ other, p & _LOW
        one, other = (one + np.uint64(0x9E3779B9)) & _LOW, (other + np.uint64(0xBB67AE85)) & _LOW
    return [a, b, c, d]


def plain_words(sources: Sources, key: NDArray[np.uint64], period: int, runs: range) -> Words:
    """Words of 32 bits of one period.

    Parameters
    ----------
    sources : Sources
    key : (2,) uint64
    period : int
    runs : range

    Returns
    -------
    (n_runs,) uint64
    """
    together = int(sources.together[0])
    run = np.arange(runs.start, runs.stop, dtype=np.uint64)

    def drawn(numbers: Words, third: int) -> Words:
        of_all = np.full(len(numbers), period // 4, dtype=np.uint64)
        zero = np.zeros_like(of_all)
        return plain_philox((numbers, of_all, zero + np.uint64(third), zero), key)[period % 4]

    if together == ANTITHETIC:
        word = drawn(run // np.uint64(2), 0)
        return np.asarray(np.where(run % np.uint64(2) == 1, _LOW - word, word), dtype=np.uint64)
    word = drawn(run, 0)
    if together == STRATIFIED:
        chance = drawn(run // np.uint64(16), 1)
        factor = 1 + (chance % np.uint64(1 << 28)) * np.uint64(15) // np.uint64(1 << 28)
        number = (run % np.uint64(16)).astype(np.int64)
        place = sources.multiples[factor.astype(np.int64), number] ^ (chance >> np.uint64(28))
        word = place * np.uint64(1 << 28) + word % np.uint64(1 << 28)
    return word


def values_at(sources: Sources, table: int, word: Words) -> Floats:
    """Values of a table at words, before location and scale.

    Parameters
    ----------
    sources : Sources
    table : int
    word : (n,) uint64

    Returns
    -------
    (n,) float64
    """
    tables = sources.tables
    kind, bits = int(tables.kind[table]), int(tables.bits[table])
    lines = tables.lines[tables.first_line[table] :]
    cells = tables.cells[tables.first_cell[table] :]
    if kind == CONSTANT:
        return np.zeros(len(word))
    if kind == FEW:
        return np.asarray(lines[np.searchsorted(cells[:bits], word, side="right")])
    upper = word >= np.uint64(1 << 31)
    distance = 2.0 * np.where(upper, _LOW - word, word).astype(np.float64) + 1.0
    fraction, exponent = np.frexp(distance)  # between 1/2 and 1; one more than the octave
    part = np.floor((2.0 * fraction - 1.0) * (1 << bits)).astype(np.int64)
    cell = np.where(upper, 32 << bits, 0) + ((exponent.astype(np.int64) - 1) << bits) + part
    if kind == LINES:
        return np.asarray(lines[2 * cell] + lines[2 * cell + 1] * distance)
    packed = cells[cell]
    number = (packed >> _HALF).astype(np.int64)
    if kind in (LATTICE, ATOMS):
        cut = np.uint64(1 << 32) - (packed & _LOW)
        number = number + (word >= cut)
        if kind == LATTICE:
            return np.asarray(number, dtype=np.float64)
        return np.asarray(lines[number])
    most = int((packed & _LOW).max())
    cuts = cells[64 << bits : (64 << bits) + max(most, int(number.max()))]
    number = np.searchsorted(cuts, word, side="right")
    if kind == BROKEN:
        return np.asarray(lines[2 * number] + lines[2 * number + 1] * distance)
    return np.asarray(lines[number])


def _score(sources: Sources, row: int, periods: range, runs: range) -> Floats:
    """Weighted sum of independent normal scores, in the order of their addresses."""
    total = np.zeros((len(periods), len(runs)))
    for score, key in enumerate(sources.score_keys):
        uses = range(int(sources.score_ptr[score]), int(sources.score_ptr[score + 1]))
        for use in uses:
            if sources.score_row[use] != row:
                continue
            for step, period in enumerate(periods):
                normal = values_at(sources, 0, plain_words(sources, key, period, runs))
                total[step] += sources.score_weight[use] * normal
    return total


def _words_of(sources: Sources, score: Floats) -> Words:
    """Word whose probability is that of a normal score."""
    z = np.minimum(np.abs(score), 8.0)
    cell = (z * 64.0).astype(np.int64)
    d = z - (cell + 0.5) / 64.0
    c = sources.normal[cell].T
    tail = (c[0] + d * (c[1] + d * (c[2] + d * c[3]))) * 2.0**32
    near = np.clip(tail, 0.0, 2.0**31 - 1.0).astype(np.uint64)
    return np.asarray(np.where(score > 0.0, _LOW - near, near), dtype=np.uint64)


def _states(sources: Sources, row: int, periods: range, runs: range) -> Floats:
    """Up and down, from period 0 on."""
    state = np.zeros((periods.stop, len(runs)))
    for period in range(1, periods.stop):
        word = plain_words(sources, sources.keys[row], period, runs)
        share = (word.astype(np.float64) + 0.5) * 2.0**-32
        fails, recovers = share < sources.failure_rate[row], share < sources.recovery_rate[row]
        state[period] = np.where(state[period - 1] > 0.5, ~recovers, fails)
    return state[periods.start :]
