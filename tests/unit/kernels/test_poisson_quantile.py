"""Quantiles of Poisson demand with what is left and short: against one formula after another."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from echelon.distributions.at_quantile import _asked, at_quantile
from echelon.kernels._jit import COMPILED
from echelon.kernels.poisson_quantile import EXPANSION, poisson_series

N = 400 if COMPILED else 12
MEANS = [1e-6, 1e-3, 0.3, 2.0, 6.0, 23.0, 24.0, 50.0, 127.0, 140.0, 1e3, 1e5, 1e6]


def shares(rng, side):
    """Rarer sides from 1e-12 to a half, above or below the quantile."""
    rare = 10.0 ** rng.uniform(-11.9, -0.31, N)
    return (1.0 - rare, rare) if side == "above" else (rare, 1.0 - rare)


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("side", ["above", "below"])
def test_agrees_with_one_formula_after_another(mean, side):
    """Levels the same but where rounding of the share decides; the rest to 1e-10."""
    rng = np.random.default_rng(7)
    means = np.maximum(mean * rng.uniform(0.9, 1.0, N), 1e-6)
    reach, miss = shares(rng, side)
    found = at_quantile("poisson", reach, miss, means, np.sqrt(means))
    wanted = _asked("poisson", reach, means, np.sqrt(means))
    other = found.level != wanted.level
    for gap in (found.cdf - reach, wanted.cdf - reach):
        assert (np.abs(gap[other]) < 1e-15).all()
    for name in ("cdf", "leftover", "shortage"):
        here, there = getattr(found, name)[~other], getattr(wanted, name)[~other]
        np.testing.assert_allclose(here, there, rtol=1e-10, atol=1e-300, err_msg=name)


def test_against_forty_digits():
    mp = pytest.importorskip("mpmath")
    rng = np.random.default_rng(3)
    means = 10.0 ** rng.uniform(-3.0, 4.0, 40)
    rare = 10.0 ** rng.uniform(-11.0, -0.4, 40)
    flip = np.arange(40) % 2 == 0
    reach, miss = np.where(flip, rare, 1.0 - rare), np.where(flip, 1.0 - rare, rare)
    found = at_quantile("poisson", reach, miss, means, np.sqrt(means))
    with mp.workdps(40):
        for i, mean in enumerate(map(mp.mpf, means.tolist())):
            k = int(found.level[i])
            here = mp.exp(k * mp.log(mean) - mean - mp.loggamma(k + 1))
            most = mp.gammainc(k + 1, mean, mp.inf, regularized=True)
            more = mp.gammainc(k + 1, 0, mean, regularized=True)
            assert most >= reach[i] * (1 - mp.mpf(10) ** -15)
            assert k == 0 or most - here < reach[i] * (1 + mp.mpf(10) ** -15)
            short = (mean - k) * more + mean * here
            left = (k - mean) * most + mean * here if k else mp.mpf(0)
            for value, wanted in (
                (found.cdf[i], most),
                (found.shortage[i], short),
                (found.leftover[i], left),
            ):
                assert abs(value - wanted) <= 1e-11 * wanted, (means[i], reach[i])


def test_beyond_the_kernel_the_formulas_are_asked():
    means = np.array([1e-9, 6.0, 6.0, 1e8, 0.0])
    miss = np.array([0.1, 1e-15, 0.1, 0.1, 0.1])
    found = at_quantile("poisson", 1.0 - miss, miss, means, np.sqrt(means))
    wanted = _asked("poisson", 1.0 - miss, means, np.sqrt(means))
    for name in ("level", "cdf", "leftover", "shortage"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-12)


@pytest.mark.parametrize("rare", [0.4, 1e-3, 1e-9, 1e-14])
def test_normal(rare):
    mp = pytest.importorskip("mpmath")
    given = np.array([rare]), np.array([1.0 - rare])
    mean, std = np.array([50.0]), np.array([8.0])
    low, high = (
        at_quantile("normal", *given, mean, std),
        at_quantile("normal", *given[::-1], mean, std),
    )
    with mp.workdps(40):
        z = mp.mpf(float(-stats.norm.ppf(rare)))
        for _ in range(4):  # Newton
            z += (mp.erfc(z / mp.sqrt(2)) / 2 - mp.mpf(rare)) / mp.npdf(z)
        short = 8 * (mp.npdf(z) - z * mp.mpf(rare))
        assert high.level[0] == pytest.approx(float(50 + 8 * z), rel=1e-14)
        assert low.level[0] == pytest.approx(float(50 - 8 * z), rel=1e-12)
        assert high.shortage[0] == pytest.approx(float(short), rel=1e-11)
        assert high.leftover[0] == pytest.approx(float(short + 8 * z), rel=1e-12)
    assert (low.leftover[0], low.shortage[0]) == (high.shortage[0], high.leftover[0])


def expansion_coefficients():
    """By the recursion of DLMF 8.12.12 in fractions: c_i and the inverse of lambda - 1 in eta."""
    n = 36
    rise = [Fraction(0), Fraction(1)]  # lambda - 1, since (lambda - 1) lambda' = eta lambda
    for k in range(2, n + 3):
        known = sum(rise[i] * (k + 1 - i) * rise[k + 1 - i] for i in range(2, k))
        rise.append((rise[k - 1] - known) / (k + 1))
    inverse = [Fraction(1)]
    for k in range(1, n + 1):
        inverse.append(-sum(rise[i + 1] * inverse[k - i] for i in range(1, k + 1)))
    logs = [Fraction(1, 12), 0, Fraction(-1, 360), 0, Fraction(1, 1260), 0]
    stirling = [Fraction(1)]
    for k in range(1, 7):
        stirling.append(sum(i * logs[i - 1] * stirling[k - i] for i in range(1, k + 1)) / k)
    rows = [inverse[1:]]
    for i in range(1, 7):
        before = rows[-1]
        slopes = [j * before[j] for j in range(1, len(before))]
        sign = (-1) ** i * stirling[i]
        rows.append([slopes[j + 1] + sign * inverse[j + 1] for j in range(len(slopes) - 1)])
    return rows


def test_coefficients_of_the_expansion():
    rows = expansion_coefficients()
    for i, length in enumerate((16, 13, 11, 9, 7, 5, 3)):
        wanted = [float(one) for one in rows[i][:length]]
        np.testing.assert_array_equal(EXPANSION[:length, i], wanted)
        assert (EXPANSION[length:, i] == 0.0).all()


def test_series_over_blocks():
    rng = np.random.default_rng(1)
    per, eta = rng.uniform(0.0, 1 / 24, 1100), rng.uniform(-0.6, 0.6, 1100)
    found = np.empty_like(per)
    poisson_series(per, eta, found)
    powers = per[:, None] ** np.arange(7), eta[:, None] ** np.arange(16)
    wanted = np.einsum("ni,nj,ji->n", *powers, EXPANSION)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
