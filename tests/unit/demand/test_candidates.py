"""Candidates against scipy.stats, the library's own distributions, and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import echelon as ec
from echelon.demand.candidates import CANDIDATES, candidates_named, facts_of, information
from echelon.demand.likelihood import likely_shape, variance_of
from echelon.distributions import make
from echelon.errors import DomainError, UnknownNameError

MEAN = np.array([0.05, 0.8, 3.0, 40.0, 2500.0])
VARIANCE = np.array([0.09, 1.1, 20.0, 90.0, 1e6])


def frozen(name: str, mean: float, variance: float):
    spread = np.log1p(variance / mean**2)
    return {
        "poisson": lambda: stats.poisson(mean),
        "negative_binomial": lambda: stats.nbinom(mean**2 / (variance - mean), mean / variance),
        "gamma": lambda: stats.gamma(mean**2 / variance, scale=variance / mean),
        "normal": lambda: stats.norm(mean, variance**0.5),
        "lognormal": lambda: stats.lognorm(spread**0.5, scale=mean * np.exp(-0.5 * spread)),
    }[name]()


@pytest.mark.parametrize("name", CANDIDATES)
@pytest.mark.parametrize("level", [0.6, 0.9, 0.99, 0.999])
def test_quantiles_are_those_of_the_distribution_in_the_registry(name: str, level: float):
    """The array form against the objects, where sums are closed; one period of the others."""
    variance = MEAN if name == "poisson" else VARIANCE
    for periods in (1, 3) if name != "lognormal" else (1,):
        got = CANDIDATES[name].quantile(MEAN, variance, periods, level)
        for place, (mean, spread) in enumerate(zip(MEAN, variance, strict=True)):
            law = make(name, mean, spread**0.5)
            total = law.sum_over(periods)
            assert got[place] == pytest.approx(float(total.ppf(level)), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", CANDIDATES)
def test_distribution_functions_are_scipys(name: str):
    variance = MEAN if name == "poisson" else VARIANCE
    for mean, spread in zip(MEAN, variance, strict=True):
        points = np.array([0.0, 0.4, 1.0, mean, mean + 2.0 * spread**0.5])
        got = CANDIDATES[name].distribution(np.full(5, mean), np.full(5, spread), points)
        np.testing.assert_allclose(got, frozen(name, mean, spread).cdf(points), atol=1e-12)


@pytest.mark.parametrize("name", ["poisson", "negative_binomial"])
def test_a_quantile_of_counts_is_the_smallest_that_reaches_the_level(name: str):
    rng = np.random.default_rng(3)
    mean = np.exp(rng.normal(0.0, 3.0, 2000))
    variance = mean if name == "poisson" else mean * (1.0 + rng.gamma(0.5, 10.0, 2000) + 1e-4)
    candidate = CANDIDATES[name]
    for level in (0.55, 0.95, 0.9999):
        found = candidate.quantile(mean, variance, 2, level)
        total = 2.0 * mean, 2.0 * variance
        assert (candidate.distribution(*total, found) >= level).all()
        assert (candidate.distribution(*total, found - 1.0) < level).all()


@pytest.mark.parametrize("variation", [0.0123, 0.05, 0.31, 0.77, 1.9, 2.9])
def test_lognormal_sums_between_the_points_of_the_table(variation: float):
    """Against 400,000 sums: the share within the quantile, to four standard errors."""
    law = make("lognormal", 5.0, 5.0 * variation)
    sums = law.sample(np.random.default_rng(4), (400_000, 4)).sum(axis=1)
    for level in (0.9, 0.99):
        moments = np.array([5.0]), np.array([(5.0 * variation) ** 2])
        quantile = CANDIDATES["lognormal"].quantile(*moments, 4, level)[0]
        share = (sums <= quantile).mean()
        assert abs(share - level) < 4.0 * (level * (1.0 - level) / 400_000) ** 0.5


@pytest.mark.parametrize("name", CANDIDATES)
def test_likelihoods_are_scipys(name: str):
    """Positive quantities by density times resolution (here 1), zeros by what rounds to 0."""
    quantity = np.array([[0, 3, 1, 0, 7, 2, np.nan], [4, 1, 9, 9, 2, 5, 6]], dtype=float)
    mean, variance = np.array([2.0, 5.0]), np.array([6.0, 9.0])
    spread = mean if name == "poisson" else variance
    got = CANDIDATES[name].log_likelihood(quantity, facts_of(quantity), mean, spread)
    for row in range(2):
        law = frozen(name, mean[row], spread[row])
        seen = quantity[row][~np.isnan(quantity[row])]
        if name in ("poisson", "negative_binomial"):
            want = law.logpmf(seen).sum()
        elif name == "normal":
            want = law.logpdf(seen).sum()
        else:
            zeros = (seen == 0.0).sum()
            want = law.logpdf(seen[seen > 0.0]).sum() + zeros * law.logcdf(0.5) * (zeros > 0)
        assert got[row] == pytest.approx(want, rel=1e-12)


def test_the_resolution_makes_likelihoods_of_one_history_comparable():
    """The same demand in dozens and in units: densities gain log(12) a period, and so on."""
    units = np.array([[12.0, 36.0, 24.0, 60.0, 12.0, 48.0]])
    for name in ("gamma", "normal", "lognormal"):
        candidate = CANDIDATES[name]
        in_units = candidate.log_likelihood(
            units, facts_of(units), np.array([32.0]), np.array([350.0])
        )
        dozens = units / 12.0
        in_dozens = candidate.log_likelihood(
            dozens, facts_of(dozens), np.array([32.0 / 12.0]), np.array([350.0 / 144.0])
        )
        np.testing.assert_allclose(in_units, in_dozens, rtol=1e-12)


def test_the_few_counts_of_a_short_history_are_units_still():
    """Steps of 3, 4 and 2 between counts: their common divisor is 1; of packs it is the pack."""
    counts = np.array([[3.0, 9.0, 7.0, 13.0], [12.0, 36.0, 24.0, 0.0]])
    assert facts_of(counts).resolution.tolist() == [1.0, 12.0]


def test_counts_that_vary_less_than_poisson_are_the_limit_of_the_negative_binomial():
    """The likelihood climbs to that of Poisson as the excess of variance goes; there it stays."""
    counts = np.array([[3.0, 4.0, 3.0, 5.0, 4.0, 4.0]])
    facts, mean = facts_of(counts), np.array([23.0 / 6.0])
    negative_binomial, poisson = CANDIDATES["negative_binomial"], CANDIDATES["poisson"]
    assert negative_binomial.fits(facts, mean, 0.2 * mean).all()
    want = poisson.log_likelihood(counts, facts, mean, mean)
    for excess in (1e-4, 0.0, -0.8):
        found = negative_binomial.log_likelihood(counts, facts, mean, mean * (1.0 + excess))
        np.testing.assert_allclose(found, want, rtol=1e-3)


def test_criterion_of_hurvich_and_tsai():
    """-2 (-10) + 2*2 + 2*2*3/(12-2-1); infinite where there is no room for the correction."""
    found = information(np.full(2, 2.0), np.array([-10.0, -10.0]), np.array([12.0, 3.0]))
    assert found.tolist() == [pytest.approx(24.0 + 12.0 / 9.0), np.inf]


@pytest.mark.parametrize("name", ["negative_binomial", "gamma", "lognormal"])
def test_shapes_of_largest_likelihood(name: str):
    """No shape a little to either side is likelier; lognormal has its variance without bias."""
    rng = np.random.default_rng(5)
    draws = {
        "negative_binomial": lambda: rng.negative_binomial(1.5, 0.2, (20, 80)).astype(float),
        "gamma": lambda: rng.gamma(1.7, 3.0, (20, 80)),
        "lognormal": lambda: rng.lognormal(1.0, 0.6, (20, 80)),
    }
    quantity = draws[name]()
    facts = facts_of(quantity)
    shape = likely_shape(name, quantity, facts)
    if name == "lognormal":
        np.testing.assert_allclose(shape, np.log(quantity).var(axis=1, ddof=1), rtol=1e-9)
        return
    mean = quantity.mean(axis=1)
    best, less, more = (
        CANDIDATES[name].log_likelihood(
            quantity, facts, mean, variance_of(name, shape * factor, mean)
        )
        for factor in (1.0, 0.999, 1.001)
    )
    assert (best > less).all()
    assert (best > more).all()


def test_shapes_agree_with_scipys_fit():
    quantity = np.random.default_rng(6).gamma(2.5, 2.0, (1, 60))
    shape = likely_shape("gamma", quantity, facts_of(quantity))[0]
    assert shape == pytest.approx(stats.gamma.fit(quantity[0], floc=0.0)[0], rel=1e-6)


def test_histories_without_a_likeliest_shape_have_none():
    """A zero for gamma and lognormal; counts that vary less than Poisson."""
    zero = np.array([[0.0, 1.5, 2.0]])
    steady = np.array([[4.0, 5.0, 4.0]])
    assert np.isnan(likely_shape("gamma", zero, facts_of(zero))).all()
    assert np.isnan(likely_shape("lognormal", zero, facts_of(zero))).all()
    assert np.isnan(likely_shape("negative_binomial", steady, facts_of(steady))).all()


def test_unknown_and_doubtful_families():
    with pytest.raises(UnknownNameError, match="Did you mean 'gamma'"):
        candidates_named(["gama"])
    for wrong in ("gamma", [], ["gamma", "gamma"]):
        with pytest.raises(DomainError, match="families is"):
            candidates_named(wrong)


def test_no_family_finds_whole_units_likelier_than_certain():
    """Rare units: a density at the zeros is above 1, what it gives to a cell never is."""
    quantity = np.random.default_rng(2).poisson([[0.05], [0.2], [1.0]], (3, 156)).astype(float)
    mean, variance = quantity.mean(axis=1), quantity.var(axis=1, ddof=1)
    facts = facts_of(quantity)
    for candidate in CANDIDATES.values():
        found = candidate.log_likelihood(quantity, facts, mean, variance)
        assert (found < 0.0).all()
    normal = CANDIDATES["normal"].log_likelihood(quantity, facts, mean, variance)
    cells = stats.norm(mean[:, None], np.sqrt(variance)[:, None])
    below = np.where(quantity > 0.0, cells.cdf(quantity - 0.5), 0.0)
    by_hand = np.log(cells.cdf(quantity + 0.5) - below).sum(axis=1)
    np.testing.assert_allclose(normal, by_hand)


def test_slow_movers_of_whole_units_get_a_family_of_whole_units():
    rate = np.repeat([0.05, 0.1, 0.2, 1.0], 20)[:, None]
    sold = np.random.default_rng(5).poisson(rate, (80, 156)).astype(float)
    history = pd.DataFrame(
        {
            "item": np.repeat(np.arange(80), 156),
            "location": "shop",
            "period": np.tile(np.arange(156), 80),
            "quantity": sold.ravel(),
        }
    )
    for options in ({}, {"origins": 0, "pooling": False}):
        models = ec.fit_demand(history, exposure=6, service_level=0.98, **options).models
        assert models["family"].isin(["poisson", "negative_binomial"]).all()
