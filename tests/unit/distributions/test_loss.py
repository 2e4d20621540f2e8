"""Expected shortage of every family, by a second route."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from echelon import distributions as ed
from echelon.distributions.base import sum_trivially
from echelon.distributions.closed import CLOSED
from echelon.distributions.loss import expected_shortage
from echelon.errors import DomainError
from echelon.exact.loss_functions import expected_leftover, level_for_shortage

CONTINUOUS = [
    ed.Normal(20.0, 6.0),
    ed.Gamma(10.0, 4.0),
    ed.Gamma(10.0, 25.0),
    ed.LogNormal(10.0, 10.0),
    ed.Uniform(-2.0, 9.0),
    ed.Weibull(10.0, 13.0),
    ed.Weibull(10.0, 2.0),
    ed.Triangular(1.0, 2.0, 12.0),
    ed.Triangular(-4.0, 1.0, 1.0),
    ed.Triangular(5.0, 5.0, 6.0),
    ed.TruncatedNormal(20.0, 12.0),
    ed.TruncatedNormal(10.0, 9.9),
    ed.TruncatedNormal(100.0, 2.0),
    ed.ZeroInflated(0.3, ed.Gamma(8.0, 5.0)),
    ed.Mixture([ed.Gamma(4.0, 2.0), ed.Normal(30.0, 5.0)], [0.8, 0.2]),
    ed.CompoundPoisson(0.6, ed.Gamma(8.0, 5.0)),
    ed.SmoothedEmpirical([0, 3, 10], [0.5, 0.3, 0.2], 0.8),
    ed.Scipy("logistic", (20.0, 3.0)),
    ed.Scipy("weibull_min", (0.8,), (("scale", 5.0),)),
]

DISCRETE = [
    ed.Poisson(0.3),
    ed.Poisson(40.0),
    ed.NegativeBinomial(4.0, 5.0),
    ed.Binomial(12, 0.3),
    ed.Binomial(1, 0.4),
    ed.Binomial(3, 1.0),
    ed.Geometric(2.0),
    ed.Geometric(2.0, start=1),
    ed.Geometric(0.0),
    ed.Deterministic(7.5),
    ed.Empirical([-1, 0, 1.5, 6, 20], [0.1, 0.4, 0.2, 0.2, 0.1]),
    ed.ZeroInflated(0.3, ed.Poisson(5.0)),
    ed.CompoundPoisson(0.6, ed.Empirical([12, 24], [0.7, 0.3])),
    ed.Scipy("binom", (20, 0.3)),
    ed.Scipy("randint", (2, 9)),
]

each = pytest.mark.parametrize("demand", [*CONTINUOUS, *DISCRETE], ids=repr)


def by_the_survival_function(demand, level):
    """Integral of 1 - F from the level on, panel by panel between its quantiles."""
    corners = np.unique(
        np.concatenate(([level], demand.ppf([0.25, 0.75, 0.99, 1 - 1e-6, 1 - 1e-10, 1 - 1e-14])))
    )
    corners = corners[(corners >= level) & np.isfinite(corners)]
    return sum(
        integrate.quad(lambda x: 1.0 - float(demand.cdf(x)), a, b, epsabs=1e-11, limit=200)[0]
        for a, b in pairwise(corners)
    )


@pytest.mark.parametrize("demand", CONTINUOUS, ids=repr)
def test_it_is_the_integral_of_the_survival_function(demand):
    for level in (*demand.ppf([0.2, 0.9, 0.999]).tolist(), demand.mean, 0.3):
        second = by_the_survival_function(demand, level)
        assert expected_shortage(demand, level) == pytest.approx(second, rel=2e-6, abs=1e-8)


@pytest.mark.parametrize("demand", DISCRETE, ids=repr)
def test_it_is_the_sum_over_the_points(demand):
    """Sum of the probabilities above the level, each found as a jump of the distribution function.

    All points lie on quarters.
    """
    points = np.arange(-8, 4 * 400) / 4
    chances = np.diff(demand.cdf(points), prepend=0.0)
    for level in (-3.0, 0.0, 0.5, 1.0, 7.0, 7.5, 12.25, 30.0):
        second = float(np.maximum(points - level, 0.0) @ chances)
        assert expected_shortage(demand, level) == pytest.approx(second, rel=1e-9, abs=1e-10)


@each
def test_limits_shape_and_slope(demand):
    low, high = demand.ppf([1e-12, 1.0 - 1e-12])
    far = float(low) - 100.0
    assert expected_shortage(demand, far) == pytest.approx(demand.mean - far, rel=1e-9)
    assert expected_shortage(demand, np.inf) == 0.0
    grid = np.linspace(low, high, 60).reshape(3, 20)
    owed = expected_shortage(demand, grid)
    assert owed.shape == (3, 20)
    assert (np.diff(owed.ravel()) <= 1e-12).all()
    slope = np.diff(owed.ravel()) / np.maximum(np.diff(grid.ravel()), 1e-300)
    steep = -(1.0 - demand.cdf(grid.ravel()))
    if high > low:
        assert (slope >= steep[:-1] - 1e-6).all()  # convex: between the slopes at its ends
        assert (slope <= steep[1:] + 1e-6).all()
    assert expected_leftover(demand, 5.0) == pytest.approx(
        5.0 - demand.mean + float(expected_shortage(demand, 5.0)), abs=1e-12
    )
    with pytest.raises(DomainError, match="NaN"):
        expected_shortage(demand, np.nan)


@each
def test_the_inverse_gives_the_level_back(demand):
    if demand.std == 0.0:
        return
    levels = np.array([demand.mean - 2.0, demand.mean, demand.mean + 1.0 * demand.std])
    owed = expected_shortage(demand, levels)
    assert owed.min() > 0.0
    found = level_for_shortage(demand, owed)
    assert expected_shortage(demand, found) == pytest.approx(owed, rel=1e-6)
    assert (found <= levels + 1e-5 * demand.std).all()
    assert level_for_shortage(demand, 0.0) == demand.support[1]
    with pytest.raises(DomainError, match="at least 0"):
        level_for_shortage(demand, -1.0)


@given(
    mean=st.floats(0.01, 1e4),
    variation=st.floats(0.05, 5.0),
    where=st.floats(-3.0, 6.0),
    family=st.sampled_from(["normal", "gamma", "negative_binomial", "poisson"]),
)
def test_arrays_answer_as_objects_do(mean, variation, where, family):
    """The twins: one formula on arrays of moments, one distribution at a time."""
    std = {"poisson": mean**0.5}.get(family, mean * variation)
    if family == "negative_binomial" and std**2 <= 1.001 * mean:
        std = (2.0 * mean) ** 0.5
    demand = ed.make(family, mean, std)
    x = np.array(mean + where * std)
    moments = np.array(demand.mean), np.array(demand.std)
    assert CLOSED[family].cdf(x, *moments) == pytest.approx(float(demand.cdf(x)), rel=1e-9)
    level = np.array([x, x + 1.0])
    owed = CLOSED[family].shortage(level, *moments)
    assert (owed >= np.maximum(mean - level, 0.0) - 1e-9 * mean).all()


def test_a_family_of_ones_own_needs_no_formula():
    """Logistic demand, from its distribution function alone; closed form s log(1 + e^-(x-m)/s)."""

    @dataclass(frozen=True, slots=True)
    class Logistic(ed.TwoMoments):
        family = "logistic of a test"

        @property
        def support(self):
            return float("-inf"), float("inf")

        def sample(self, rng, size):
            raise NotImplementedError

        def cdf(self, x):
            return stats.logistic(self.mean, self.std * 3.0**0.5 / np.pi).cdf(x)

        def ppf(self, q):
            return stats.logistic(self.mean, self.std * 3.0**0.5 / np.pi).ppf(q)

        def sum_over(self, periods):
            return sum_trivially(self, periods)

    scale = 6.0 * 3.0**0.5 / np.pi
    for level in (0.0, 20.0, 40.0, 80.0):
        exact = scale * np.logaddexp(0.0, (20.0 - level) / scale)
        made = expected_shortage(Logistic(20.0, 6.0), level)
        assert made == pytest.approx(exact, rel=1e-8, abs=1e-11)
