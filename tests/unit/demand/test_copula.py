"""Normal scores: against closed forms, against bivariate probabilities, and against draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from echelon.demand.copula import factor, score_correlation
from echelon.distributions import (
    Empirical,
    Gamma,
    LogNormal,
    NegativeBinomial,
    Normal,
    PerPeriod,
    Poisson,
    Uniform,
    ZeroInflated,
)
from echelon.rng import stream


def score(one, other, coefficient):
    found = score_correlation([one, other], *map(np.array, ([0], [1], [coefficient])))
    return float(found.score[0]), float(found.lowest[0]), float(found.highest[0])


@pytest.mark.parametrize("coefficient", [-1.0, -0.4, 0.0, 0.3, 1.0])
def test_normal_demand_has_the_correlation_of_its_scores(coefficient):
    assert score(Normal(5.0, 2.0), Normal(80.0, 9.0), coefficient) == (coefficient, -1.0, 1.0)


@pytest.mark.parametrize(("cv", "other_cv"), [(0.3, 0.3), (1.0, 1.0), (0.5, 1.2)])
@pytest.mark.parametrize("r", [-0.6, -0.1, 0.2, 0.8, 0.97])
def test_lognormal_demand_by_its_closed_form(cv, other_cv, r):
    """With s^2 = log(1 + cv^2), rho = (exp(r s t) - 1) / sqrt((exp(s^2) - 1)(exp(t^2) - 1))."""
    s, t = (math.sqrt(math.log1p(v * v)) for v in (cv, other_cv))
    rho = math.expm1(r * s * t) / (cv * other_cv)
    one, other = LogNormal(10.0, 10.0 * cv), LogNormal(3.0, 3.0 * other_cv)
    assert score(one, other, rho)[0] == pytest.approx(r, abs=2e-5)


def test_normal_beside_lognormal_by_its_closed_form():
    """Stein's lemma: Cov(Z, exp(sX)) = r s E exp(sX), so rho = r s / cv."""
    s = math.sqrt(math.log1p(0.8**2))
    assert score(Normal(1.0, 1.0), LogNormal(5.0, 4.0), 0.5)[0] == pytest.approx(
        0.5 * 0.8 / s, abs=1e-5
    )


def test_uniform_demand_by_its_closed_form():
    """It is rho = 6 / pi asin(r / 2) (Pearson 1907): the rank correlation of a normal pair."""
    for r in (-0.9, 0.3, 0.75):
        rho = 6.0 / math.pi * math.asin(r / 2.0)
        assert score(Uniform(0.0, 1.0), Uniform(5.0, 9.0), rho)[0] == pytest.approx(r, abs=1e-5)


@pytest.mark.parametrize(("low_p", "other_p"), [(0.5, 0.5), (0.9, 0.9), (0.8, 0.3)])
def test_demand_of_two_values_by_the_bivariate_normal(low_p, other_p):
    one = Empirical([0.0, 1.0], [low_p, 1.0 - low_p])
    other = Empirical([0.0, 7.0], [other_p, 1.0 - other_p])
    c, d = stats.norm.ppf([low_p, other_p])
    for r in (-0.3, 0.4, 0.9):
        joint = stats.multivariate_normal.cdf([c, d], cov=[[1.0, r], [r, 1.0]])
        rho = (joint - low_p * other_p) / math.sqrt(low_p * (1 - low_p) * other_p * (1 - other_p))
        assert score(one, other, rho)[0] == pytest.approx(r, abs=2e-3)


MARGINS = [
    (Poisson(0.3), Poisson(0.3), 0.95),
    (Poisson(4.0), NegativeBinomial(3.0, 4.0), 0.6),
    (Gamma(10.0, 14.0), Empirical([0.0, 5.0, 20.0], [0.5, 0.3, 0.2]), 0.5),
    (Gamma(10.0, 9.0), Gamma(4.0, 1.0), -0.5),
    (ZeroInflated(0.3, Gamma(5.0, 3.0)), Poisson(2.0), 0.4),
    (Normal(5.0, 1.0), Poisson(0.7), -0.6),
]


@pytest.mark.parametrize(("one", "other", "coefficient"), MARGINS, ids=repr)
def test_draws_have_the_correlation_asked_for(one, other, coefficient):
    n = 1_000_000
    r, _, _ = score(one, other, coefficient)
    z = stream(11, "copula", repr(one), repr(other)).normal(size=(2, n))
    x = one.ppf(ndtr(z[0]))
    y = other.ppf(ndtr(r * z[0] + math.sqrt(1.0 - r * r) * z[1]))
    product = (x - one.mean) * (y - other.mean) / (one.std * other.std)
    assert abs(product.mean() - coefficient) < 4 * product.std() / math.sqrt(n)


def test_what_two_distributions_cannot_have_is_told_with_what_they_can():
    r, lowest, highest = score(Poisson(0.3), Poisson(0.3), -0.9)
    assert math.isnan(r)
    # both rare: at best never together, E[XY] = 0, so -mean^2 / mean
    assert lowest == pytest.approx(-0.3, abs=1e-6)
    assert highest == pytest.approx(1.0, abs=1e-6)
    assert score(Poisson(0.3), Poisson(0.3), 1.0)[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("one", "other"), [(Gamma(10.0, 14.0), Gamma(4.0, 1.0)),
                                            (Gamma(3.0, 2.0), Poisson(2.5))])  # fmt: skip
def test_limits_are_those_of_demands_fully_in_step_and_opposed(one, other):
    """Frechet and Hoeffding: the mean of F^-1(U) G^-1(U), and of F^-1(U) G^-1(1 - U)."""
    _, lowest, highest = score(one, other, 0.1)
    u = (np.arange(1_000_000) + 0.5) / 1_000_000
    x, y = one.ppf(u) - one.mean, other.ppf(u) - other.mean
    scale = one.std * other.std
    assert highest == pytest.approx((x * y).mean() / scale, abs=1e-4)
    assert lowest == pytest.approx((x * y[::-1]).mean() / scale, abs=1e-4)


def test_quantiles_are_looked_up_by_row_and_not_by_pair(monkeypatch):
    """Forty rows have 780 pairs; each distribution is expanded once."""
    calls = []
    plain = Gamma.ppf
    monkeypatch.setattr(Gamma, "ppf", lambda law, q: calls.append(law) or plain(law, q))
    laws = [Gamma(5.0 + k, 4.0) for k in range(40)]
    first, second = np.triu_indices(40, 1)
    found = score_correlation(laws, first, second, np.full(len(first), 0.3))
    assert not np.isnan(found.score).any()
    assert len(calls) == 2 * len(laws)


def test_a_season_is_met_on_the_average_of_its_cycle():
    """Two lognormal rows, in one the season doubles: the closed form of each period, averaged."""
    one = PerPeriod((LogNormal(5.0, 5.0), LogNormal(10.0, 10.0)))
    other = PerPeriod((LogNormal(8.0, 4.0), LogNormal(6.0, 9.0)))
    r = 0.55
    pairs = list(zip(one.periods, other.periods, strict=True))
    covariance = [a.mean * b.mean * math.expm1(r * a.log_std * b.log_std) for a, b in pairs]
    rho = sum(covariance) / sum(a.std * b.std for a, b in pairs)
    assert score(one, other, rho)[0] == pytest.approx(r, abs=2e-5)


def test_factor_of_regular_and_of_singular_matrices():
    rng = stream(12, "factor")
    loads = rng.normal(size=(6, 3))
    for matrix in (np.corrcoef(rng.normal(size=(7, 50))), loads @ loads.T, np.ones((4, 4))):
        scale = np.sqrt(np.diag(matrix))
        correlation = matrix / np.outer(scale, scale)
        lower = factor(correlation)
        np.testing.assert_allclose(lower @ lower.T, correlation, atol=1e-7)
        assert (np.triu(lower, 1) == 0.0).all()
