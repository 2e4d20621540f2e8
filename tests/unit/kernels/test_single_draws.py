"""Draws in single precision: the words of double precision, and their values to rounding."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.distributions import (
    Deterministic,
    Empirical,
    Gamma,
    NegativeBinomial,
    Normal,
    PerPeriod,
    Poisson,
    Uniform,
    ZeroInflated,
)
from echelon.kernels._jit import COMPILED, jit
from echelon.kernels.draws import (
    ATOMS,
    BROKEN,
    CONSTANT,
    FEW,
    LATTICE,
    LINES,
    SEARCHED,
    WIDTH,
    fill,
    look_up,
)
from echelon.kernels.single_draws import fill_single, look_up_short, short_tables
from echelon.simulation.drawn.sources import DrawRow, Given, sources_of

PERIODS = 64 if COMPILED else 8
CROWDED = Empirical([0.0, *np.linspace(5.0, 5.1, 40), 9.0], [0.4, *([1e-6] * 40), 0.6 - 4e-5])
LAWS = {
    "lines": Normal(50.0, 9.0),
    "counts": Poisson(5.0),
    "many counts": NegativeBinomial(2.0, 60.0),
    "gamma": Gamma(10.0, 4.0),
    "few": Empirical([1.0, 2.5, 7.0], [0.2, 0.5, 0.3]),
    "crowded": CROWDED,
    "points": Empirical(np.arange(12.0)),
    "broken": ZeroInflated(0.3, Uniform(1.0, 3.0)),
    "constant": Deterministic(3.0),
    "by period": PerPeriod((Poisson(2.0), Normal(5.0, 1.0), Deterministic(1.0))),
    "given": Given(np.array([4.0, 0.0, 6.0])),
}
WHOLE = ("counts", "many counts", "few", "crowded", "points", "constant", "given")
"""Laws whose values are as exact in single precision as their points."""


def sources(draws="independent"):
    return sources_of(
        [DrawRow("demand", ("item", name), law) for name, law in LAWS.items()], 3, draws
    )


def both(source, first_period=0, n_periods=PERIODS, first_run=0, n_runs=WIDTH, block=PERIODS):
    n_rows = len(LAWS)
    double = np.zeros((n_rows, n_periods, WIDTH))
    fill(source, 0, n_rows, first_period, n_periods, first_run, n_runs,
         np.zeros((n_rows, WIDTH)), double)  # fmt: skip
    single = np.zeros((n_rows * block, WIDTH), dtype=np.float32)
    fill_single(source, short_tables(source), 0, n_rows, block, first_period, n_periods, first_run,
                n_runs, single)  # fmt: skip
    return double, single.reshape(n_rows, block, WIDTH)[:, :n_periods]


@pytest.mark.parametrize("draws", ["independent", "antithetic", "stratified"])
def test_the_same_draws_to_rounding(draws):
    double, single = both(sources(draws))
    for name, one, other in zip(LAWS, single, double, strict=True):
        if name in WHOLE:
            np.testing.assert_array_equal(one, other.astype(np.float32), err_msg=name)
        else:
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=5e-6, err_msg=name)


def test_every_kind_of_table_is_among_them():
    kinds = set(sources().tables.kind.tolist())
    assert kinds >= {LINES, LATTICE, ATOMS, SEARCHED, BROKEN, FEW} | {CONSTANT}


def test_any_stretch_and_any_runs():
    whole = both(sources())[1]
    part = both(sources(), first_period=3, n_periods=PERIODS - 5, first_run=0, n_runs=20)[1]
    np.testing.assert_array_equal(part[:, :, :20], whole[:, 3 : PERIODS - 2, :20])


@pytest.mark.parametrize("name", ["lines", "counts", "points"])
def test_words_at_the_ends_of_cells(name):
    """Where a float of 24 bits would round up into the next cell, at both ends, in the middle."""
    source = sources()
    short, at = short_tables(source), list(LAWS).index(name)
    table = source.table[source.law_ptr[at]]
    powers = 2 ** np.arange(1, 32, dtype=np.int64)
    ends = np.concatenate([[0, 2**31 - 1], powers - 1, powers, 2**31 - powers, powers // 3])
    words = np.unique(np.concatenate([ends, 2**32 - 1 - ends]))[: 2 * WIDTH]

    @jit
    def run(narrow, wide, single, double, n):
        look_up_short(
            source_kind, source_bits, first_line, first_cell, lines32, pairs, cells,
            one32, one32, narrow, 0, 1, n, np.empty(256, np.float32), np.empty(256, np.uint32),
            single, 0,
        )  # fmt: skip
        look_up(
            source_kind, source_bits, first_line, first_cell, lines64, cells, 1.0, 1.0, wide, 0, 1,
            n, np.empty(256), np.empty(256, np.uint64), double, 0, 0,
        )  # fmt: skip

    source_kind, source_bits = int(source.tables.kind[table]), int(source.tables.bits[table])
    first_line, first_cell = (
        int(source.tables.first_line[table]),
        int(source.tables.first_cell[table]),
    )
    lines32, pairs, cells, lines64 = short.lines, short.pairs, short.cells, source.tables.lines
    one32, n = np.float32(1.0), len(words)
    single, double = np.zeros((1, 256), np.float32), np.zeros((1, 1, 256))
    run(words.astype(np.uint32)[None], words.astype(np.uint64)[None], single, double, n)
    np.testing.assert_allclose(single[0, :n], double[0, 0, :n], rtol=1e-6, atol=2e-6)
    if name != "lines":
        np.testing.assert_array_equal(single[0, :n], double[0, 0, :n])
