"""What series borrow: against the model in which credibility is exact, and simulated spreads."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.demand.moments import Moments, moments, prepare
from echelon.demand.pool import FEWEST, borrow, estimate_prior, sampling_spread
from tests.unit.demand.test_moments import panel_of


def fit_of(quantity: np.ndarray) -> Moments:
    (fit,) = moments(prepare(panel_of(quantity)), np.ones((quantity.shape[1], 1)))
    return fit


def one_pool(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.ones(n, dtype=bool), np.zeros(n, dtype=np.int64)


def test_credibility_of_gamma_poisson_is_bayes():
    """Poisson rates from a gamma of shape 2 and mean 0.8: a pool is worth b = 2/0.8 periods.

    The posterior mean is then (a + total) / (b + n), the linear formula with worth b [Buehlmann and
    Gisler, 2.4]. Over 30,000 series the estimate is within 3 % of it.
    """
    rng = np.random.default_rng(1)
    rates = rng.gamma(2.0, 0.4, 30_000)
    quantity = rng.poisson(rates[:, None], (30_000, 20)).astype(float)
    whole, group = one_pool(30_000)
    prior = estimate_prior(fit_of(quantity), whole, group, 1)
    assert prior.worth[0] == pytest.approx(2.5, rel=0.03)
    assert prior.mean[0] == pytest.approx(0.8, rel=0.02)
    assert (prior.per_unit[0], prior.per_square[0]) == pytest.approx((1.0, 0.0), abs=0.02)
    lent = borrow(fit_of(quantity), whole, whole, group, 1, lend=True)
    bayes = (2.0 + quantity.sum(axis=1)) / (2.5 + 20.0)
    np.testing.assert_allclose(lent.mean, bayes, rtol=0.02)


def test_the_variance_curve_of_compound_poisson_orders():
    """Orders of 1 + Poisson(2): size-biased mean size E[x^2]/E[x] = (9 + 2)/3; no square term."""
    rng = np.random.default_rng(2)
    orders = rng.poisson(rng.gamma(1.0, 0.5, 6_000)[:, None], (6_000, 60))
    quantity = orders + rng.poisson(2.0 * orders)
    whole, group = one_pool(6_000)
    prior = estimate_prior(fit_of(quantity.astype(float)), whole, group, 1)
    assert prior.per_unit[0] == pytest.approx(11.0 / 3.0, rel=0.05)
    assert prior.per_square[0] < 0.1


def test_the_variance_curve_of_one_variation_for_all():
    """Gamma demand of variation 0.4 at means over four orders of magnitude: 0.16 m^2."""
    rng = np.random.default_rng(3)
    means = np.exp(rng.uniform(0.0, 9.0, 4_000))
    quantity = rng.gamma(6.25, means[:, None] / 6.25, (4_000, 50))
    whole, group = one_pool(4_000)
    prior = estimate_prior(fit_of(quantity), ~whole, group, 1)
    assert prior.per_square[0] == pytest.approx(0.16, rel=0.02)
    assert prior.spread[0] < 0.01


@pytest.mark.parametrize(
    ("draw", "whole"),
    [
        (lambda rng, size: rng.poisson(1.5, size), True),
        (lambda rng, size: rng.negative_binomial(0.8, 0.3, size), True),
        (lambda rng, size: rng.gamma(1.2, 4.0, size), False),
    ],
)
def test_sampling_spread_is_that_of_simulated_ratios(draw, whole):
    """First-order theory at 400 periods: within 10 % of the variance of 20,000 ratios."""
    quantity = draw(np.random.default_rng(4), (20_000, 400)).astype(float)
    ratio = quantity.var(axis=1, ddof=1) / quantity.mean(axis=1)
    simulated = ratio.var() / ratio.mean() ** 2
    mean, variance = quantity.mean(), quantity.var()
    theory = sampling_spread(*(np.array([v]) for v in (mean, variance, 400.0)), np.array([whole]))
    assert theory[0] == pytest.approx(simulated, rel=0.10)


def test_series_that_do_not_differ_lend_all_they_have():
    rng = np.random.default_rng(5)
    quantity = rng.poisson(3.0, (200, 12)).astype(float)
    whole, group = one_pool(200)
    lent = borrow(fit_of(quantity), whole, whole, group, 1, lend=True)
    assert lent.mean.std() < 0.35 * quantity.mean(axis=1).std()


def test_a_small_pool_gives_way_to_all_series_and_none_to_none():
    rng = np.random.default_rng(6)
    quantity = rng.poisson(3.0, (FEWEST + 4, 30)).astype(float)
    whole, _ = one_pool(len(quantity))
    group = np.where(np.arange(len(quantity)) < 3, 1, 0)
    lent = borrow(fit_of(quantity), whole, whole, group, 2, lend=True)
    assert lent.level.tolist() == [2] * 3 + [1] * (len(quantity) - 3)
    few = fit_of(quantity[:4])
    alone = borrow(few, whole[:4], whole[:4], np.zeros(4, dtype=np.int64), 1, lend=True)
    assert alone.level.tolist() == [0] * 4
    np.testing.assert_array_equal(alone.mean, few.mean)
    np.testing.assert_array_equal(alone.variance, few.variance)
    assert (alone.spread > 0.0).all()


def test_a_series_that_is_not_trusted_takes_the_usual_variance():
    rng = np.random.default_rng(7)
    quantity = rng.poisson(rng.gamma(2.0, 1.0, 50)[:, None], (50, 30)).astype(float)
    quantity[0] = 0.0
    whole, group = one_pool(50)
    trusted = np.arange(50) > 0
    lent = borrow(fit_of(quantity), whole, trusted, group, 1, lend=True)
    assert lent.variance_credibility[0] == 0.0
    assert lent.variance[0] == pytest.approx(lent.usual[0])
    assert 0.0 < lent.mean[0] < quantity.mean()


def test_the_unit_does_not_matter():
    """In grams or in tonnes, a series borrows the same (demand with a density)."""
    quantity = np.random.default_rng(8).gamma(np.linspace(0.5, 4.0, 40)[:, None], 3.0, (40, 30))
    whole, group = one_pool(40)
    small = borrow(fit_of(quantity), ~whole, whole, group, 1, lend=True)
    large = borrow(fit_of(quantity * 1e6), ~whole, whole, group, 1, lend=True)
    np.testing.assert_allclose(large.mean, small.mean * 1e6, rtol=1e-5)
    np.testing.assert_allclose(large.variance, small.variance * 1e12, rtol=1e-4)
