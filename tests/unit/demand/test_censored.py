"""Demand that a stock-out hid: sums over the tail, direct likelihood, and recovery of the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from echelon.demand.censored import expected_demand, tail_moments
from tests.unit.demand.test_moments import panel_of


@pytest.mark.parametrize("least", [0.0, 1.0, 2.0, 5.0, 20.0])
@pytest.mark.parametrize(("mean", "variance"), [(4.0, 4.0), (4.0, 11.0), (0.2, 0.9)])
def test_tails_of_counts_are_the_sums_over_them(mean: float, variance: float, least: float):
    law = stats.poisson(mean)
    if variance > mean:
        law = stats.nbinom(mean**2 / (variance - mean), mean / variance)
    k = np.arange(least, 2000.0)
    weight = law.pmf(k) / law.pmf(k).sum()
    got = tail_moments(*(np.array([v]) for v in (mean, variance, least)), np.array([True]))
    want = (weight @ k, weight @ k**2)
    np.testing.assert_allclose(np.concatenate(got), want, rtol=1e-9)


@pytest.mark.parametrize("least", [0.0, 0.3, 4.0, 30.0])
def test_tails_of_gamma_are_the_integrals(least: float):
    law = stats.gamma(16.0 / 9.0, scale=9.0 / 4.0)
    got = tail_moments(*(np.array([v]) for v in (4.0, 9.0, least)), np.array([False]))
    for power in (1, 2):
        want = law.expect(lambda x, p=power: x**p, lb=least, conditional=True)
        assert got[power - 1][0] == pytest.approx(want, rel=1e-6)


def test_a_bound_beyond_all_probability_is_taken_as_it_is():
    got = tail_moments(*(np.array([v]) for v in (1.0, 1.0, 1e4)), np.array([True]))
    assert [part[0] for part in got] == [1e4, 1e8]


def test_poisson_is_maximum_likelihood():
    """Mean of what is expected, against a direct search over the censored likelihood."""
    rng = np.random.default_rng(1)
    demand = rng.poisson(5.0, (1, 80)).astype(float)
    stock = rng.integers(3, 9, (1, 80)).astype(float)
    hidden = demand > stock
    sold = np.where(hidden, stock, demand)
    # steady enough that the iteration stays with Poisson: variance at most the mean
    first, _, settled = expected_demand(panel_of(sold, hidden)) or pytest.fail("censored")
    mean = first.mean()

    def unlikely(rate: float) -> float:
        seen = stats.poisson.logpmf(sold[~hidden], rate).sum()
        return -(seen + stats.poisson.logsf(sold[hidden] - 1.0, rate).sum())

    best = optimize.minimize_scalar(unlikely, bounds=(1.0, 20.0), method="bounded").x
    assert settled.all()
    variance = (np.var(first, ddof=1)) / mean
    assert mean == pytest.approx(best, rel=0.002 if variance <= 1.0 else 0.03)


@pytest.mark.parametrize("name", ["negative_binomial", "gamma"])
def test_means_hidden_by_stock_outs_come_back(name: str):
    """500 series of 200 periods, a third of them hidden: the mean within four standard errors.

    Taking sales for demand is off by dozens of them.
    """
    rng = np.random.default_rng(2)
    shape = (500, 200)
    demand = (
        rng.negative_binomial(2.0, 0.25, shape).astype(float)
        if name == "negative_binomial"
        else rng.gamma(2.0, 3.0, shape)
    )
    stock = np.full(shape, 8.0)
    hidden = demand >= stock
    sold = np.where(hidden, stock, demand)
    first, second, settled = expected_demand(panel_of(sold, hidden)) or pytest.fail("censored")
    means = first.mean(axis=1)[settled]
    error = means.std(ddof=1) / len(means) ** 0.5
    assert settled.mean() > 0.99
    # the moment estimate of a series has a bias of order 1/200 of its mean, allowed beside
    assert abs(means.mean() - 6.0) < 4.0 * error + 6.0 / 200.0
    assert sold.mean() < 5.1
    spread = (second.mean(axis=1) - first.mean(axis=1) ** 2)[settled]
    truth = 24.0 if name == "negative_binomial" else 18.0
    assert np.median(spread) == pytest.approx(truth, rel=0.06)


def test_nothing_is_expected_where_stock_never_ran_out():
    assert expected_demand(panel_of(np.ones((2, 5)))) is None


def test_a_stock_out_without_sales_says_nothing():
    """Nothing on hand, nothing sold: the period is worth the mean of the others."""
    sold = np.array([[4.0, 6.0, 5.0, 0.0, 5.0, 4.0]])
    hidden = np.array([[False, False, False, True, False, False]])
    first, _, _ = expected_demand(panel_of(sold, hidden)) or pytest.fail("censored")
    assert first[0, 3] == pytest.approx(4.8, rel=1e-6)
