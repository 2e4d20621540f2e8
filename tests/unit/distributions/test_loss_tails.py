"""Loss functions of first and second order to 1e-10 of themselves, far out in both tails.

Against sums and integrals in fifty digits or more.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from echelon import distributions as ed
from echelon.distributions.closed import CLOSED
from echelon.distributions.counting import failures_more, failures_most
from echelon.distributions.partial import PARTS, partial_moment
from echelon.distributions.tails import gamma_lower, gamma_upper, log1p_gap, stirling_error

mp = pytest.importorskip("mpmath").mp
mp.dps = 80

SMALLEST = 1e-22  # what is looked at; 1e-12 is asked for
CLOSE = 1e-10


def compare(law, references, level):
    for (order, above), wanted in zip(PARTS, references, strict=True):
        if wanted > SMALLEST:
            found = mp.mpf(float(partial_moment(law, np.array(level), order, above)))
            error = abs(found / wanted - 1)
            assert error < CLOSE, (law, level, order, above, float(error), float(wanted))


def normal_parts(level, mean, std):
    z = (mp.mpf(level) - mean) / std

    def first(u):
        return mp.npdf(u) - u * mp.erfc(u / mp.sqrt(2)) / 2

    def second(u):
        return ((1 + u * u) * mp.erfc(u / mp.sqrt(2)) / 2 - u * mp.npdf(u)) / 2

    return std * first(z), std * first(-z), std**2 * second(z), std**2 * second(-z)


def gamma_parts(level, mean, std):
    shape, scale = (mp.mpf(mean) / std) ** 2, mp.mpf(std) ** 2 / mean
    x = level / scale
    weight = mp.exp(shape * mp.log(x) - x - mp.loggamma(shape))
    term, reached, j = weight / shape, weight / shape, 1
    while term > reached * mp.mpf(10) ** -78:
        term *= x / (shape + j)
        reached += term
        j += 1
    above = 1 - reached
    n = (shape - x) * above + weight
    left = (x - shape) * reached + weight
    n2 = ((shape + 1 - x) * n + x * above) / 2
    left2 = ((x - shape - 1) * left + x * reached) / 2
    return scale * n, scale * left, scale**2 * n2, scale**2 * left2


def summed_parts(first, ratio, level):
    """Of a count with the probability ``first`` of 0, by the ratios of its probabilities."""
    chance, j, parts = first, 0, [mp.mpf(0)] * 4
    while True:
        gap = j - mp.mpf(level)
        if gap > 0:
            parts[0] += gap * chance
            parts[2] += gap * gap * chance / 2
            if gap * gap * chance < parts[2] * mp.mpf(10) ** -24 and ratio(j) < 1:
                return parts
        else:
            parts[1] -= gap * chance
            parts[3] += gap * gap * chance / 2
        step = ratio(j)
        if step <= 0:
            return parts
        chance, j = chance * step, j + 1


@pytest.mark.parametrize("z", [-9.0, -6.7, -3.2, -1.0, 0.0, 0.7, 2.9, 3.1, 6.7, 9.3])
def test_normal(z):
    compare(ed.Normal(20.0, 3.0), normal_parts(20.0 + 3.0 * z, 20.0, 3.0), 20.0 + 3.0 * z)


@pytest.mark.parametrize("variation", [0.004, 0.02, 0.2, 0.6, 1.0, 3.0, 10.0])
def test_gamma(variation):
    mean, std = 37.0, 37.0 * variation
    for z in (-6.5, -5.0, -3.0, -1.0, 0.0, 1.5, 4.0, 7.0, 12.0, 20.0):
        level = mean + z * std
        for point in (level, mean * float(np.exp(z * variation))):
            if 0.0 < point < 1e6:
                compare(ed.Gamma(mean, std), gamma_parts(point, mean, std), point)


@pytest.mark.parametrize("mean", [1e-5, 0.3, 4.0, 20.5, 400.0])
def test_poisson(mean):
    spread = mean**0.5
    levels = {0.0, 0.3, 0.999, 1.0, 3.0, *(np.floor(mean + spread * np.arange(-8.0, 11.0, 3.0)))}
    for level in sorted(levels | {one + 0.75 for one in levels}):
        if level >= 0.0:
            parts = summed_parts(mp.exp(-mp.mpf(mean)), lambda j: mp.mpf(mean) / (j + 1), level)
            compare(ed.Poisson(mean), parts, level)


@pytest.mark.parametrize("mean", [0.01, 4.0, 60.0])
@pytest.mark.parametrize("ratio", [1.0001, 1.5, 8.0, 60.0])
def test_negative_binomial(mean, ratio):
    std = (mean * ratio) ** 0.5
    excess = mp.mpf(std) ** 2 - mean
    successes, chance = mp.mpf(mean) ** 2 / excess, mean / mp.mpf(std) ** 2
    none = chance**successes
    for level in {0.0, 0.4, 1.0, 2.5, *np.floor(mean + std * np.arange(-6.0, 13.0, 3.0))}:
        if level >= 0.0:
            parts = summed_parts(
                none, lambda j: (1 - chance) * (successes + j) / (j + 1), float(level)
            )
            compare(ed.NegativeBinomial(mean, std), parts, float(level))


@pytest.mark.parametrize(("trials", "chance"), [(1, 0.3), (12, 0.02), (12, 0.97), (900, 0.4)])
def test_binomial(trials, chance):
    odds = mp.mpf(chance) / (1 - mp.mpf(chance))
    none = (1 - mp.mpf(chance)) ** trials
    for level in np.unique(np.floor(trials * np.array([0.0, 0.1, 0.3, 0.4, 0.5, 0.7, 0.95, 1.0]))):
        for point in (float(level), float(level) + 0.6):
            if point <= trials:
                parts = summed_parts(none, lambda j: odds * (trials - j) / (j + 1), point)
                compare(ed.Binomial(trials, chance), parts, point)


@pytest.mark.parametrize("start", [0, 1])
def test_geometric(start):
    for mean in (1.0 + 1e-6, 5.0, 60.0):
        excess = mp.mpf(mean) - start
        ratio = excess / (1 + excess)
        for level in (start, start + 0.4, 7.0, 30.5, 400.0):
            parts = summed_parts(1 / (1 + excess), lambda _j, r=ratio: r, level - start)
            compare(ed.Geometric(mean, start), parts, float(level))


def by_quadrature(density, low, high, level):
    """Integrals in panels that halve towards the level."""
    found, x = [], mp.mpf(level)
    shrinking = [mp.mpf(2) ** -j for j in range(24)]
    for order, above in PARTS:
        begin, end = (max(x, low), high) if above else (low, min(x, high))
        if end <= begin:
            found.append(mp.mpf(0))
            continue
        width = end - begin
        inner = [begin + width * s if above else end - width * s for s in shrinking]
        found.append(
            mp.quad(
                lambda t, k=order: abs(t - x) ** k / k * density(t), sorted([*inner, begin, end])
            )
        )
    return [found[i] for i in (0, 1, 2, 3)]


@pytest.mark.parametrize("variation", [0.05, 0.7])
def test_lognormal(variation, monkeypatch):
    monkeypatch.setattr(mp, "dps", 30)
    law = ed.LogNormal(10.0, 10.0 * variation)
    centre, spread = mp.mpf(law.log_mean), mp.mpf(law.log_std)

    def density(t):
        return mp.npdf((mp.log(t) - centre) / spread) / (spread * t)

    ends = mp.exp(centre - 14 * spread), mp.exp(centre + 16 * spread)
    for z in (-6.5, 1.0, 6.5):
        level = float(mp.exp(centre + z * spread))
        compare(law, by_quadrature(density, *ends, level), level)


@pytest.mark.parametrize("variation", [0.03, 0.4, 1.5])
def test_weibull(variation, monkeypatch):
    monkeypatch.setattr(mp, "dps", 30)
    law = ed.Weibull(10.0, 10.0 * variation)
    shape, scale = mp.mpf(law.shape), mp.mpf(law.scale)

    def density(t):
        return shape / scale * (t / scale) ** (shape - 1) * mp.exp(-((t / scale) ** shape))

    end = scale * mp.mpf(110) ** (1 / shape)
    for hazard in (0.1, 2.9, 3.1, 25.0):
        level = float(scale * mp.mpf(hazard) ** (1 / shape))
        above = by_quadrature(density, mp.mpf(0), end, level)
        # below a level the density may be infinite where it begins: by the distribution function
        with mp.workdps(30):
            below = [
                mp.quad(
                    lambda t, k=k, at=level: (at - t) ** k * -mp.expm1(-((t / scale) ** shape)),
                    [0, mp.mpf(level) / 1000, mp.mpf(level) / 2, level],
                )
                for k in (0, 1)
            ]
        compare(law, [above[0], below[0], above[2], below[1]], level)


def test_frozen_scipy_distributions_in_the_tail():
    """Against the closed forms of the same distributions."""
    pairs = [
        (stats.norm(20.0, 3.0), ed.Normal(20.0, 3.0), (0.5, 20.0, 40.0)),
        (stats.gamma(4.0, scale=2.5), ed.Gamma(10.0, 5.0), (0.02, 9.0, 90.0)),
        (stats.expon(scale=5.0), ed.Gamma(5.0, 5.0), (1e-6, 5.0, 120.0)),
        (stats.poisson(6.0), ed.Poisson(6.0), (0.4, 6.0, 33.5)),
        (stats.binom(30, 0.2), ed.Binomial(30, 0.2), (0.4, 6.0, 27.0)),
    ]
    for frozen, law, levels in pairs:
        wrapped = ed.as_distribution(frozen)
        for order, above in PARTS:
            at = np.array(levels)
            found, wanted = (partial_moment(one, at, order, above) for one in (wrapped, law))
            assert found == pytest.approx(wanted, rel=1e-9), (frozen.dist.name, order, above)


def test_mixed_and_smoothed_demand_in_the_tail():
    """A sum of positive parts is as exact as they are."""
    gamma = ed.Gamma(8.0, 5.0)
    for level in (0.5, 12.0, 80.0):
        at = np.array(level)
        for order, above in PARTS:
            part = partial_moment(gamma, at, order, above)
            zero = 0.0 if above else level**order / order
            mixed = partial_moment(ed.ZeroInflated(0.3, gamma), at, order, above)
            assert mixed == pytest.approx(0.3 * part + 0.7 * zero, rel=1e-12)
    smooth = ed.SmoothedEmpirical([4.0, 9.0], [0.5, 0.5], 0.5)
    parts = [gamma_parts(40.0, mean, (0.5 * mean) ** 0.5) for mean in (4.0, 9.0)]
    compare(smooth, [(a + b) / 2 for a, b in zip(*parts, strict=True)], 40.0)


def test_incomplete_gamma_where_scipy_gives_up():
    """Five deviations below the mean of a shape of 1e6 ``scipy.special`` is wrong by 4e-6."""
    for shape in (3e4, 1e6):
        for z in (-8.0, -5.0, -4.2):
            x = shape + z * shape**0.5
            a = mp.mpf(shape)
            term = mp.exp(a * mp.log(x) - x - mp.loggamma(a + 1))
            reached, j = term, 1
            while term > reached * mp.mpf(10) ** -30:
                term *= x / (a + j)
                reached += term
                j += 1
            found = gamma_lower(np.array([shape]), np.array([x]))[0]
            assert found == pytest.approx(float(reached), rel=1e-10)
            assert gamma_upper(np.array([shape]), np.array([x]))[0] == pytest.approx(
                float(1 - reached), rel=1e-15
            )


def test_negative_binomial_next_to_poisson():
    """A chance of failure of 1e-6: by the failures, since 1 less it has lost them."""
    successes, other = np.array([5e7]), np.array([1e-6])
    n = np.array([30.0])
    wanted = mp.betainc(31, mp.mpf(5e7), 0, mp.mpf(1e-6), regularized=True)
    assert failures_more(n, successes, 1.0 - other, other)[0] == pytest.approx(
        float(wanted), rel=1e-11
    )
    assert failures_most(n, successes, 1.0 - other, other)[0] == pytest.approx(float(1 - wanted))


def test_the_parts_that_cancel():
    for u in (-0.9, -0.25, -1e-3, 1e-8, 0.1, 0.24, 0.26, 5.0):
        wanted = mp.mpf(u) - mp.log1p(mp.mpf(u))
        assert log1p_gap(np.array(u)) == pytest.approx(float(wanted), rel=1e-14)
    for n in (0.01, 3.0, 9.99, 10.0, 1e5):
        wanted = (
            mp.loggamma(mp.mpf(n) + 1) - (mp.mpf(n) + 0.5) * mp.log(n) + n - mp.log(2 * mp.pi) / 2
        )
        assert stirling_error(np.array([n]))[0] == pytest.approx(
            float(wanted), rel=1e-12, abs=1e-15
        )


@pytest.mark.parametrize("family", sorted(CLOSED))
def test_shapes_and_levels_below_zero(family):
    """Below 0 a demand that cannot be negative is all above, and nothing is left."""
    mean, std = np.array([3.0, 50.0]), np.array([3.0**0.5, 50.0**0.5])
    std = std * (1.5 if family in ("gamma", "negative_binomial", "normal") else 1.0)
    std = np.zeros(2) if family == "deterministic" else std
    known, level = CLOSED[family], np.array([[-2.0], [10.0], [60.0]])
    n, left = known.shortage(level, mean, std), known.leftover(level, mean, std)
    n2, left2 = known.second_shortage(level, mean, std), known.second_leftover(level, mean, std)
    assert n.shape == (3, 2)
    assert n - left == pytest.approx(mean - level)
    assert n2 + left2 == pytest.approx(0.5 * (std**2 + (mean - level) ** 2))
    if family != "normal":
        assert left[0] == pytest.approx(0.0)
        assert left2[0] == pytest.approx(0.0)


@pytest.mark.parametrize("shape", [1e5, 1e6, 1e8])
def test_distribution_functions_far_below_a_large_mean(shape):
    """Five deviations down, where scipy's series stops too early; against a positive series."""
    x = shape - 5.0 * shape**0.5
    with mp.workdps(30):
        level = mp.mpf(x)
        term = total = mp.mpf(1)
        j = 0
        while term > total * mp.mpf(10) ** -18:
            j += 1
            term *= level / (mp.mpf(shape) + j)
            total += term
        weight = mp.exp(shape * mp.log(level) - level - mp.loggamma(mp.mpf(shape) + 1))
        reached = float(weight * total)
    assert float(ed.Gamma(shape, shape**0.5).cdf(x)) == pytest.approx(reached, rel=1e-10)
    # P(D > n) of mean x is that gamma probability at the shape n + 1
    assert 1.0 - float(ed.Poisson(x).cdf(shape - 1.0)) == pytest.approx(reached, rel=1e-8)


def test_a_negative_binomial_next_to_poisson():
    law = ed.NegativeBinomial(60.0, (60.0 * 1.0001) ** 0.5)
    spread = mp.mpf(law.std) ** 2
    chance, successes = 60 / spread, 60 * 60 / (spread - 60)
    term = reached = chance**successes
    for j in range(30):
        term *= (1 - chance) * (successes + j) / (j + 1)
        reached += term
    assert float(law.cdf(30.0)) == pytest.approx(float(reached), rel=1e-10)
    assert law.cdf([-1.0, float("inf")]).tolist() == [0.0, 1.0]
