"""Tables of many compound Poisson laws at once, against those made of one law by a transform."""

from __future__ import annotations

from fractions import Fraction
from math import exp, factorial

import numpy as np
import pytest

from echelon.distributions import (
    Binomial,
    CompoundPoisson,
    Deterministic,
    Empirical,
    Gamma,
    Geometric,
    NegativeBinomial,
    Poisson,
)
from echelon.kernels.draws import ATOMS, FEW, SEARCHED
from echelon.kernels.inverse_tables import WHOLE
from echelon.simulation.drawn.compounds import Compounds
from echelon.simulation.drawn.point_tables import points_of, table_of_points

LAWS = [
    CompoundPoisson(0.03, NegativeBinomial(10.4, 10.4)),
    CompoundPoisson(2.0, NegativeBinomial(1.5, 4.0)),
    CompoundPoisson(2.0, Geometric(3.0, 1)),
    CompoundPoisson(0.7, Poisson(2.0)),
    CompoundPoisson(40.0, Binomial(10, 0.3)),
    CompoundPoisson(1.5, Empirical([12, 24], [0.75, 0.25])),
    CompoundPoisson(0.2, Empirical([0.0, 10.0, 11.0], [0.5, 0.25, 0.25])),
    CompoundPoisson(0.9, Empirical([0.1, 0.7, 30.3], [0.2, 0.5, 0.3])),
    CompoundPoisson(90.0, Deterministic(2.5)),
    CompoundPoisson(0.003, Deterministic(2.0)),
    CompoundPoisson(1e-6, Poisson(2.0)),
    CompoundPoisson(1e-12, Poisson(2.0)),
    CompoundPoisson(490.0, Empirical([0, 1], [0.5, 0.5])),
]
"""All in the one pass; tables of one point, of few and of many, and where cells hold several."""


def compounds_of(laws):
    compounds = Compounds()
    numbers = [compounds.add(law) for law in laws]
    return compounds, numbers


def written(laws):
    """Kind, bits, values and cells of the table of each law."""
    compounds, numbers = compounds_of(laws)
    tables = compounds.tables()
    line, cell = (np.concatenate(([0], np.cumsum(n))) for n in (tables.n_lines, tables.n_cells))
    lines, cells = np.full(line[-1], np.nan), np.zeros(cell[-1], dtype=np.uint64)
    tables.write(line[:-1].copy(), cell[:-1].copy(), lines, cells)
    return [
        (
            tables.kind[j],
            tables.bits[j],
            lines[line[j] : line[j + 1]],
            cells[cell[j] : cell[j + 1]],
        )
        for j in numbers
    ]


def same(ours, other):
    return all(np.array_equal(one, two) for one, two in zip(ours, other, strict=True))


def parts(table):
    return table.kind, table.bits, table.lines, table.cells


def by_transform(law):
    """The table made of the law by itself, of the points that some word gives."""
    values, cuts = points_of(law)
    some = np.diff(cuts, prepend=0, append=WHOLE) > 0
    return parts(table_of_points(values[some], np.append(cuts, WHOLE)[some][:-1]))


@pytest.mark.parametrize("place", range(len(LAWS)))
def test_the_table_is_that_of_the_law_by_itself(place):
    # the error of a transform, 1e-16, moves no cut here: a word is 2e-10 wide
    assert same(written(LAWS)[place], by_transform(LAWS[place]))


def test_all_kinds_are_met():
    assert {int(kind) for kind, *_ in written(LAWS)} == {ATOMS, FEW, SEARCHED}


def test_cuts_are_the_exact_probabilities():
    # packs of two: Poisson probabilities from exact fractions
    *_, cells = written([CompoundPoisson(0.003, Deterministic(2.0))])[0]
    reached, cuts = Fraction(0), []
    for k in range(3):
        reached += Fraction(3, 1000) ** k / factorial(k)
        cuts.append(round(float(reached) * exp(-0.003) * 2.0**32))
    assert cells[:3].tolist() == cuts


@pytest.mark.parametrize("place", range(len(LAWS)))
def test_the_bound_leaves_out_next_to_nothing(place):
    law = LAWS[place]
    compounds, _ = compounds_of([law])
    tables = compounds.tables()
    last = (tables.start[1] - 1) * tables.step[0, 0] / tables.step[1, 0]
    assert law.cdf(last) > 1.0 - 2e-13
    assert last < law.mean + 60.0 * law.std + 60.0 * law.size.mean + 60.0 * law.size.std


def test_a_law_does_not_depend_on_those_beside_it():
    together, turned = written(LAWS), written(LAWS[::-1])[::-1]
    for law, one, other in zip(LAWS, together, turned, strict=True):
        assert same(one, other)
        assert same(one, written([law])[0])


def test_a_law_is_held_once():
    compounds, numbers = compounds_of([LAWS[0], LAWS[1], CompoundPoisson(0.03, LAWS[0].size)])
    assert numbers == [0, 1, 0]
    assert len(compounds.tables().kind) == 2


@pytest.mark.parametrize(
    "law",
    [
        CompoundPoisson(1.5, Gamma(5.0, 3.0)),
        CompoundPoisson(800.0, Poisson(2.0)),
        CompoundPoisson(1.5, Poisson(5000.0)),
        CompoundPoisson(300.0, Poisson(20.0)),
    ],
    ids=["no lattice", "high rate", "large sizes", "many points"],
)
def test_others_are_left_to_the_transform(law):
    compounds, numbers = compounds_of([law])
    assert numbers == [None]
    assert len(compounds.tables().kind) == 0
