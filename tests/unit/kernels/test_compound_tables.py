"""Points of compound Poisson laws: the kernel against the recursion as it is written."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels.compound_tables import compound_length, compound_points
from echelon.kernels.inverse_tables import WHOLE, coarsest


def plain_points(rate, sizes, n):
    """Panjer's recursion as it is written, by one sum a point; then cuts from either end."""
    masses = np.zeros(n)
    masses[0] = np.exp(-rate * (1.0 - sizes[0]))
    for k in range(1, n):
        j = np.arange(1, min(k, len(sizes) - 1) + 1)
        masses[k] = rate / k * (j * sizes[j]) @ masses[k - j]
    masses /= masses.sum()
    below, above = np.cumsum(masses), np.cumsum(masses[::-1])[::-1]
    low, high = np.rint(below * WHOLE), WHOLE - np.rint(np.append(above[1:], 0.0) * WHOLE)
    cuts = np.where(below <= 0.5, low, high).astype(np.int64)
    some = np.diff(cuts, prepend=0) > 0
    return np.flatnonzero(some), cuts[some]


@pytest.mark.parametrize(
    ("rate", "sizes"),
    [(0.8, [0.1, 0.0, 0.6, 0.3]), (7.0, [0.0, 0.5, 0.5]), (30.0, [0.2] * 5), (1e-12, [0.0, 1.0])],
)
def test_kernel_and_plain_recursion(rate, sizes):
    sizes = np.array(sizes)
    n = compound_length(rate, sizes, 1e-14, 4096)
    number, cuts = np.empty((2, n), dtype=np.int64)
    n_points, bits = np.empty((2, 1), dtype=np.int64)
    compound_points(
        np.array([rate]), np.zeros(1, dtype=np.int64), np.array([0, len(sizes)]), sizes,
        np.array([0, n]), number, cuts, n_points, bits,
    )  # fmt: skip
    steps, plain = plain_points(rate, sizes, n)
    assert np.array_equal(number[: n_points[0]], steps)
    assert np.array_equal(cuts[: n_points[0]], plain)
    assert bits[0] == coarsest(plain, 0, len(plain) - 1)


def test_the_bound_holds_and_is_no_waste():
    sizes = np.array([0.0, 0.5, 0.5])
    for rate in (1e-6, 0.5, 20.0):
        n = compound_length(rate, sizes, 1e-14, 4096)
        masses = np.zeros(4 * n)
        masses[0] = np.exp(-rate)
        for k in range(1, len(masses)):
            masses[k] = (
                rate / k * sum(j * sizes[j] * masses[k - j] for j in range(1, min(k, 2) + 1))
            )
        assert masses[n:].sum() < 1e-14
        assert masses[n // 2 :].sum() > 1e-14  # half of the points are too few
    assert compound_length(20.0, sizes, 1e-14, 30) > 30
