"""Rows at once against one after the other; runs as plain Python too."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.distributions import CompoundPoisson, Gamma, Geometric, NegativeBinomial, Poisson
from echelon.distributions.inversion import invertible
from echelon.distributions.inversion_rows import cdf_of_sums, invertible_rows, quantiles_of_sums
from echelon.kernels.mixture_quantiles import (
    NORMAL,
    density_mixture_quantiles,
    normal_mixture_rows,
)

SUMS = [
    [NegativeBinomial(1.2, 1.4), Poisson(0.5)],
    [Gamma(4.0, 2.5), NegativeBinomial(1.2, 1.4)],
    [CompoundPoisson(0.4, Geometric(3.0, start=1))],
]
SHARES = np.array([0.95, 0.9, 0.99])


def test_what_is_prepared_for_many_is_what_is_prepared_for_each():
    for many, components in zip(invertible_rows(SUMS), SUMS, strict=True):
        one = invertible(components)
        assert many == one
        assert many.bends.third == one.bends.third
        for name in ("tilts", "up", "down", "omega", "level"):
            np.testing.assert_array_equal(getattr(many.bends, name), getattr(one.bends, name))


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1]], ids=["all", "turned", "one"])
def test_rows_find_what_each_finds_alone(order):
    sums = [invertible(SUMS[r]) for r in order]
    parts = [np.array([0.3, 1.0, 2.5][: 3 - r]) for r in order]
    ptr = np.cumsum([0, *map(len, parts)])
    found = quantiles_of_sums(sums, ptr, np.concatenate(parts), SHARES[order])
    for k, (one, times) in enumerate(zip(sums, parts, strict=True)):
        want = one.quantiles(times, float(SHARES[order[k]]))
        np.testing.assert_array_equal(found[ptr[k] : ptr[k + 1]], want)
    times, levels = np.full(len(order), 1.5), np.array([3.0, 9.25, -1.0])[order]
    reached = cdf_of_sums(sums, times, levels, SHARES[order])
    for k, one in enumerate(sums):
        want = one.cdf(times[:1], levels[k : k + 1], float(SHARES[order[k]]))
        np.testing.assert_array_equal(reached[k : k + 1], want)


def test_mixtures_of_many_normal_demands():
    mean, std, level = np.array([10.0, 3.0]), np.array([4.0, 0.2]), np.array([0.95, 0.4])
    time_ptr, times = np.array([0, 2, 5]), np.array([1.0, 6.0, 0.0, 2.0, 3.0])
    wait_ptr, waits = np.array([0, 2, 5]), np.array([-0.7, 6.3, -2.0, 0.0, 2.0])
    weights = np.array([0.9, 0.1, 0.25, 0.5, 0.25])
    deviates, usual = np.array([-1.6, 0.1, -0.5, 0.2, -0.5]), np.array([1.6, 0.25])
    found = np.empty(5)
    normal_mixture_rows(
        time_ptr, times, wait_ptr, waits, weights, deviates, mean, std, level, usual, found
    )
    for r in range(2):
        here, there = slice(*time_ptr[r : r + 2]), slice(*wait_ptr[r : r + 2])
        want = np.empty(here.stop - here.start)
        density_mixture_quantiles(
            NORMAL, times[here], waits[there], weights[there], float(mean[r]), float(std[r]),
            float(level[r]), deviates[there], float(usual[r]), want,
        )  # fmt: skip
        np.testing.assert_array_equal(found[here], want)
