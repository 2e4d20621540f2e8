"""Tables of gamma laws made side by side, against scipy and against themselves alone."""

from __future__ import annotations

import numpy as np
import scipy

from echelon.kernels._jit import jit
from echelon.kernels.gamma_tables import fast_exp, fast_expm1, gamma_ends, write_gammas
from echelon.simulation.drawn.cells import OWN_BITS, cells

SHAPES = np.array([1e-3, 0.05, 0.7, 1.0, 1.2, 9.0, 80.0, 1e4])


@jit
def _exponentials(x):
    return fast_exp(x), fast_expm1(x)


def _ends(shape):
    start, tail = np.empty((len(shape), 2)), np.empty((len(shape), 2))
    gamma_ends(shape, start, tail)
    return start, tail


def _tables(shape):
    grid = cells(OWN_BITS)
    out = np.empty((len(shape), 128 << OWN_BITS))
    write_gammas(
        shape, *_ends(shape), OWN_BITS, grid.weight, grid.middle, grid.spread, 0, out.ravel()
    )
    return out.reshape(len(shape), -1, 2)


def test_exponentials():
    x = np.array([-650.0, -20.0, -0.4, -1e-9, 0.0, 1e-9, 0.3, 3.0, 600.0])
    whole, less = np.transpose([_exponentials(one) for one in x])
    assert np.allclose(whole, np.exp(x), rtol=1e-15, atol=0.0)
    assert np.allclose(less, np.expm1(x), rtol=1e-15, atol=0.0)


def test_ends_have_their_probability():
    start, tail = _ends(SHAPES)
    shape, share = SHAPES[2:], 2.0**-32
    low, high = (shape * np.exp(start[2:, side]) for side in range(2))
    assert np.allclose(scipy.special.gammainc(shape, low), share, rtol=1e-10, atol=0.0)
    assert np.allclose(scipy.special.gammaincc(shape, high), share, rtol=1e-10, atol=0.0)
    mean = shape * scipy.special.gammaincc(shape + 1.0, high) / share
    assert np.allclose(tail[2:, 1], mean, rtol=1e-9)
    mean = shape * scipy.special.gammainc(shape + 1.0, low) / share
    assert np.allclose(tail[2:, 0], mean, rtol=1e-9)


def test_values_at_cells_are_quantiles():
    grid, shape = cells(OWN_BITS), SHAPES[2:]
    lines, half = _tables(shape), 32 << OWN_BITS
    inner = slice(4 << OWN_BITS, half - 1)
    for j, k in enumerate(shape):
        lower = (lines[j, :half, 0] + lines[j, :half, 1] * grid.begin[:half])[inner]
        exact = scipy.special.gammaincinv(k, grid.begin[:half][inner] / 2.0**33)
        assert np.abs(lower - exact).max() < 1e-3 * k**0.5  # moved a little for the moments
        upper = (lines[j, half:, 0] + lines[j, half:, 1] * grid.begin[half:])[inner]
        exact = scipy.special.gammainccinv(k, grid.begin[half:][inner] / 2.0**33)
        assert np.abs(upper - exact).max() < 1e-3 * k**0.5


def test_a_law_does_not_depend_on_those_beside_it():
    alone = np.concatenate([_tables(SHAPES[j : j + 1]) for j in range(len(SHAPES))])
    assert (_tables(SHAPES) == alone).all()
