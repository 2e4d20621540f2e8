"""Inversion of transforms against probabilities added up; runs as plain Python too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from echelon.kernels.inverted_quantiles import (
    WAVES,
    chernoff_reach,
    inverted_probabilities,
    inverted_quantiles,
)

TIMES = np.array([0.6, 1.0, 3.5, 12.0])
SHARES = (0.3, 0.9, 0.975, 0.9999)


def waves(transform, half, count, times):
    """One half period for all times."""
    omega = np.pi / half * (2.0 * np.arange(count) + 1.0)
    logs = transform(omega)
    n = len(times)
    return (
        np.zeros(n, dtype=np.int64),
        np.array([0, count]),
        np.array([half]),
        logs.real.copy(),
        logs.imag.copy(),
        np.full(n, count),
    )


def poisson(omega):
    return 4.0 * np.expm1(1j * omega)


def gamma(omega):
    return -6.0 * np.log(1.0 - 0.5j * omega)


def plain_probability(transform, half, count, shift, time, point):
    """Plain twin: the Fourier series of the square wave, term by term."""
    total = 0.5
    for j in range(count):
        omega = np.pi / half * (2 * j + 1)
        jump = omega if shift == 0.0 else 2.0 * np.sin(0.5 * omega)
        value = np.exp(time * transform(omega) - 1j * omega * (point + shift))
        total -= 2.0 / (half * jump) * value.imag
    return total


@pytest.mark.parametrize(
    ("transform", "half", "count", "shift"),
    [(poisson, 200.0, 100, 0.5), (gamma, 160.0, 700, 0.0)],
    ids=["lattice", "density"],
)
def test_probabilities_are_those_of_the_series(transform, half, count, shift):
    points = np.array([2.0, 3.0, 17.0, 45.0])
    found = np.empty(4)
    inverted_probabilities(
        TIMES, points, *waves(transform, half, count, TIMES), shift, np.empty((WAVES, 8000)), found
    )
    want = [
        plain_probability(transform, half, count, shift, time, point)
        for time, point in zip(TIMES, points, strict=True)
    ]
    assert found == pytest.approx(want, abs=1e-13)


@pytest.mark.parametrize("order", [1, -1], ids=["rising", "falling"])
def test_whole_times_are_raised_to_what_exponentials_give(order):
    times = np.array([1.0, 2.0, 3.0, 7.0, 64.0, 127.0, 128.0, 200.0])[::order].copy()
    points, found = np.floor(4.0 * times), np.empty(8)
    inverted_probabilities(
        times, points, *waves(poisson, 2000.0, 1000, times), 0.5, np.empty((WAVES, 1000)), found
    )
    want = [
        plain_probability(poisson, 2000.0, 1000, 0.5, time, point)
        for time, point in zip(times, points, strict=True)
    ]
    assert found == pytest.approx(want, abs=1e-12)
    assert found == pytest.approx(stats.poisson(4.0 * times).cdf(points), abs=1e-12)


@pytest.mark.parametrize("share", SHARES)
def test_quantiles_of_counts(share):
    want = stats.poisson(4.0 * TIMES).ppf(share)
    for guess in (np.zeros(4), want, np.full(4, 190.0)):
        found = np.empty(4)
        inverted_quantiles(
            TIMES, share, np.zeros(4), np.full(4, 199.0), guess,
            *waves(poisson, 200.0, 100, TIMES), 0.5, np.empty((WAVES, 8000)), found,
        )  # fmt: skip
        assert found.tolist() == want.tolist()


@pytest.mark.parametrize("share", SHARES)
def test_quantiles_of_a_density(share):
    times = TIMES[1:]  # the first falls too slowly for so few frequencies
    want = stats.gamma(6.0 * times, scale=0.5).ppf(share)
    found = np.empty(3)
    inverted_quantiles(
        times, share, np.zeros(3), np.full(3, 100.0), 3.0 * times,
        *waves(gamma, 160.0, 8000, times), 0.0, np.empty((WAVES, 8000)), found,
    )  # fmt: skip
    assert found == pytest.approx(want, rel=1e-10)


def test_what_rounding_decides_is_left_out():
    share = float(stats.poisson(4.0).cdf(7.0))
    times, found = np.array([1.0]), np.empty(1)
    inverted_quantiles(
        times, share, np.zeros(1), np.full(1, 99.0), np.full(1, 5.0),
        *waves(poisson, 200.0, 100, times), 0.5, np.empty((WAVES, 8000)), found,
    )  # fmt: skip
    assert np.isnan(found[0])


def test_the_reach_is_the_best_of_all_tilts():
    tilts = np.geomspace(1e-3, 10.0, 60)
    up, down = 4.0 * np.expm1(tilts), 4.0 * np.expm1(-tilts)
    reach = np.empty((4, 4))
    chernoff_reach(TIMES, tilts, up, down, 0.95, 1e-15, 0.0, reach)
    for i, time in enumerate(TIMES.tolist()):
        law = stats.poisson(4.0 * time)
        high = np.min((time * up - np.log(0.05)) / tilts)
        low = np.max((np.log(0.95) - time * down) / tilts)
        assert reach[:2, i] == pytest.approx([max(low, 0.0), high], rel=1e-12)
        assert reach[0, i] <= law.ppf(0.95) <= reach[1, i]
        assert law.sf(reach[3, i]) < 1e-15
        assert reach[2, i] == 0.0 or law.cdf(reach[2, i] - 1.0) < 1e-15
