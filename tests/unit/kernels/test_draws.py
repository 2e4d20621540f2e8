"""Draw kernel: published vectors of the generator, and its plain twin number by number."""

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
from echelon.kernels._jit import jit
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
)
from echelon.kernels.inverse_tables import cell_at, coarsest, ends_of_cell
from echelon.kernels.philox import multiples_of_sixteen, philox
from echelon.simulation.drawn.plain_draws import plain_draws
from echelon.simulation.drawn.sources import DrawRow, Given, Joint, UpDown, sources_of

LOW = 0xFFFFFFFF
CROWDED = Empirical([0.0, *np.linspace(5.0, 5.1, 40), 9.0], [0.4, *([1e-6] * 40), 0.6 - 4e-5])
"""Points so near one another in probability that a cell holds several."""


def rows():
    laws = [
        Normal(50.0, 9.0),
        Poisson(5.0),
        Gamma(10.0, 4.0),
        Empirical([1.0, 2.5, 7.0], [0.2, 0.5, 0.3]),
        CROWDED,
        ZeroInflated(0.3, Uniform(1.0, 3.0)),
        NegativeBinomial(2.0, 60.0),
        Deterministic(3.0),
        PerPeriod((Poisson(2.0), Normal(5.0, 1.0), Deterministic(1.0))),
        UpDown(0.2, 0.4),
        Given(np.array([4.0, 0.0, 6.0])),
    ]
    made = [DrawRow("demand", ("item", str(k)), law) for k, law in enumerate(laws)]
    names = tuple(("item", str(k)) for k in (20, 21, 22))
    for k, law in enumerate([Normal(5.0, 2.0), Gamma(4.0, 2.0), Poisson(3.0)]):
        weights = np.array([0.8, 0.6, 0.0][: k + 1]) if k else np.array([1.0])
        made.append(DrawRow("demand", names[k], law, Joint(names[: k + 1], weights)))
    made.append(DrawRow("demand", ("item", "many points"), Empirical(np.arange(12.0))))
    return made


def filled(sources, first, last, periods, runs, memory=None):
    memory = np.full((len(sources.kind), WIDTH), np.nan) if memory is None else memory
    out = np.full((last - first, len(periods), WIDTH), np.nan)
    fill(sources, first, last, periods.start, len(periods), runs.start, len(runs), memory, out)
    return out[:, :, : len(runs)]


@jit
def four_words(keys, first, second, third, fourth, out):
    """Of one counter; kernels put ``philox`` in place, and Python cannot call it."""
    philox(keys, 0, first, 0, second, third, fourth, 1, 1, out)


@pytest.mark.parametrize(
    ("counter", "key", "want"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((LOW,) * 4, (LOW,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_words_are_those_of_random123(counter, key, want):
    """The known answers that the authors of Philox publish with Random123, 10 rounds."""
    out = np.zeros((4, 1), dtype=np.uint64)
    first, *rest = counter
    four_words(np.array([key], dtype=np.uint64), first, *rest, out)
    assert tuple(out[:, 0].tolist()) == want


def test_the_field_of_sixteen():
    """Every factor but 0 permutes, and multiplication distributes over addition."""
    table = multiples_of_sixteen()
    for a in range(1, 16):
        assert sorted(table[a].tolist()) == list(range(16))
        for b in range(16):
            assert (table[a ^ b] == table[a] ^ table[b]).all()


@pytest.mark.parametrize("bits", [0, 1, 3, 6])
def test_cells_cover_the_words_once(bits):
    ends = np.array([ends_of_cell(cell, bits) for cell in range(64 << bits)])
    some = ends[ends[:, 1] >= ends[:, 0]]
    ordered = some[np.argsort(some[:, 0])]
    assert ordered[0, 0] == 0
    assert ordered[-1, 1] == LOW
    assert (ordered[1:, 0] == ordered[:-1, 1] + 1).all()
    for cell in range(0, 64 << bits, 7):
        if ends[cell, 1] >= ends[cell, 0]:
            assert cell_at(int(ends[cell, 0]), bits) == cell == cell_at(int(ends[cell, 1]), bits)


def test_coarsest_separates_the_cuts():
    cuts = np.array([(1 << 29) + 5, (1 << 29) + (1 << 24), 3 << 30])
    bits = coarsest(cuts, 0, 3)
    inside = [c for c in cuts.tolist() if cell_at(c - 1, bits) == cell_at(c, bits)]
    assert len({cell_at(c, bits) for c in inside}) == len(inside)
    assert bits > 0
    assert coarsest(np.array([5, 5]) + (1 << 29), 0, 2) > 8


def test_every_kind_of_table_is_tried():
    sources = sources_of(rows(), 3)
    kinds = set(sources.tables.kind[sources.table].tolist())
    assert kinds == {CONSTANT, LINES, LATTICE, ATOMS, SEARCHED, BROKEN, FEW}


@pytest.mark.parametrize("draws", ["independent", "antithetic", "stratified"])
def test_plain_twin(draws):
    sources = sources_of(rows(), 3, draws)
    got = filled(sources, 0, len(rows()), range(9), range(5, 25))
    for row in range(len(rows())):
        want = plain_draws(sources, row, range(9), range(5, 25))
        assert np.array_equal(got[row], want), rows()[row]


@pytest.mark.parametrize("draws", ["independent", "antithetic", "stratified"])
def test_any_cut_gives_the_same_bits(draws):
    made = rows()
    whole = filled(sources_of(made, 3, draws), 0, len(made), range(23), range(12))
    turned = sources_of(made[::-1], 3, draws)
    memory = np.full((len(made), WIDTH), np.nan)
    parts = []
    for periods in (range(2), range(2, 3), range(3, 18), range(18, 23)):
        blocks = [
            filled(turned, first, last, periods, range(12), memory)
            for first, last in ((0, 4), (4, 5), (5, len(made)))
        ]
        parts.append(np.concatenate(blocks))
    assert np.array_equal(np.concatenate(parts, axis=1)[::-1], whole)
    assert np.array_equal(
        filled(turned, 0, len(made), range(23), range(7, 12))[::-1], whole[..., 7:]
    )


def test_given_values_end():
    assert filled(sources_of(rows(), 3), 10, 11, range(1, 5), range(2))[0, :, 1].tolist() == [
        0.0, 6.0, 0.0, 0.0
    ]  # fmt: skip
