"""Gamma demand over short times: known formulas, another quadrature, and what inversion finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import gammaln

import echelon.distributions as ed
from echelon.distributions.gamma_mixtures import gamma_mixture
from echelon.distributions.inversion import invertible
from echelon.distributions.over_times import cdf_over, quantiles_over

COUNTS = {
    "Poisson": (ed.Poisson(4.0),),
    "packs": (ed.CompoundPoisson(0.4, ed.Empirical([12, 24, 60], [0.6, 0.3, 0.1])),),
    "two": (ed.NegativeBinomial(5.2, 4.4), ed.Poisson(2.0)),
    "rare": (ed.NegativeBinomial(0.02, 0.9),),
}


@pytest.mark.parametrize("other", [7.0, 10.001, 300.0])
def test_two_exponential_demands(other):
    """1 - (b e^(-x/b) - a e^(-x/a)) / (b - a) of means a and b (Ross 2014, section 5.2.4)."""
    mixture = gamma_mixture([ed.Gamma(10.0, 10.0), ed.Gamma(other, other)])
    for x in (0.01, 3.0, 40.0, 500.0):
        want = 1.0 - (other * np.exp(-x / other) - 10.0 * np.exp(-x / 10.0)) / (other - 10.0)
        assert mixture.cdf(1.0, x) == pytest.approx(want, abs=1e-12)
    for share in (0.05, 0.975):
        level = mixture.quantile(1.0, share, 20.0)
        assert mixture.cdf(1.0, level) == pytest.approx(share, abs=1e-14)


def test_two_gamma_demands_by_quadrature():
    """The convolution integral, in the variable in which the density has no pole."""
    first, second, time = ed.Gamma(20.0, 12.0), ed.Gamma(30.0, 45.0), 0.3
    mixture = gamma_mixture([first, second])
    shape, scale = second.shape * time, second.scale
    rest = stats.gamma(first.shape * time, scale=first.scale)
    for x in (2.0, 15.0, 90.0):
        # y = x u**(1/shape): the density of y times dy is smooth in u
        def inside(u, x=x):
            y = x * u ** (1.0 / shape)
            return rest.cdf(x - y) * np.exp(-y / scale)

        area, _ = integrate.quad(inside, 0.0, 1.0, epsabs=1e-13, epsrel=1e-12, limit=400)
        factor = np.exp(shape * np.log(x / scale) - gammaln(shape + 1.0))
        assert mixture.cdf(time, x) == pytest.approx(factor * area, abs=1e-10)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.975, 0.9999])
@pytest.mark.parametrize("name", COUNTS)
def test_with_counts_as_by_inversion(name, share):
    components = [ed.Gamma(41.0, 20.0), *COUNTS[name]]
    mixture, whole = gamma_mixture(components), invertible(components)
    times = np.array([3.0, 7.7, 20.0])
    by_inversion = whole.quantiles(times, share)
    assert np.isfinite(by_inversion).all()
    for time, level in zip(times.tolist(), by_inversion.tolist(), strict=True):
        assert mixture.quantile(time, share, level + 5.0) == pytest.approx(level, rel=1e-9)
        assert mixture.cdf(time, level) == pytest.approx(share, abs=1e-11)


@pytest.mark.parametrize("name", COUNTS)
def test_short_times_against_draws(name):
    """Within 4 standard errors; a time 15 % longer would be seen."""
    demand = ed.sum_of([ed.Gamma(20.0, 40.0), *COUNTS[name]])
    rng = np.random.default_rng(17)
    n, time, share = 100_000, 0.3, 0.95
    level = quantiles_over(demand, np.array([time]), share)[0]
    assert cdf_over(demand, time, level, share) == pytest.approx(share, abs=1e-11)
    drawn = sum(one.sum_over(time).sample(rng, n) for one in demand.components)
    error = (share * (1.0 - share) / n) ** 0.5
    assert abs((drawn <= level).mean() - share) <= 4.0 * error
    longer = cdf_over(demand, 1.15 * time, level, share)
    assert share - longer > 4.0 * error


def test_what_is_known_moves_it():
    demand = ed.sum_of([ed.Gamma(20.0, 40.0), ed.Poisson(4.0)])
    moved = ed.sum_of([demand, ed.Deterministic(1.0 / 3.0)])
    times = np.array([0.2, 0.4])
    want = quantiles_over(demand, times, 0.9) + times / 3.0
    assert quantiles_over(moved, times, 0.9) == pytest.approx(want, rel=1e-13)
    assert cdf_over(moved, 0.2, want[0], 0.9) == pytest.approx(0.9, abs=1e-11)


@pytest.mark.parametrize(
    "components",
    [
        (ed.Gamma(4.0, 2.0),),
        (ed.Gamma(4.0, 2.0), ed.Normal(4.0, 2.0)),
        (ed.Gamma(4.0, 2.0), ed.Gamma(4.0, 3.0), ed.Poisson(1.0)),
        (ed.Gamma(4.0, 2.0), ed.LogNormal(4.0, 2.0)),
    ],
    ids=["one", "a normal one", "two and counts", "no transform"],
)
def test_what_is_no_such_mixture(components):
    assert gamma_mixture(components) is None


def test_too_many_terms_are_left_out():
    mixture = gamma_mixture([ed.Gamma(4.0, 2.0), ed.Poisson(6000.0)])
    assert np.isnan(mixture.quantile(1.0, 0.9, 6000.0))
    assert np.isnan(mixture.cdf(1.0, 6000.0))
