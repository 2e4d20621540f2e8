"""What single families promise besides the contract."""

from __future__ import annotations

import math
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from echelon import distributions as ed
from echelon.distributions import (
    Deterministic,
    Empirical,
    Gamma,
    NegativeBinomial,
    Normal,
    Poisson,
    Scipy,
    TruncatedNormal,
    as_distribution,
    make,
)
from echelon.errors import DomainError, UnknownNameError
from echelon.rng import stream


@given(start=st.floats(-20.0, 5.0), scale=st.floats(0.01, 1e4))
def test_truncated_normal_finds_the_normal_it_was_cut_from(start, scale):
    """Forward by scipy's truncated normal, back by our root: the parent's parameters again.

    Up to a truncation point 5 deviations above the mean; beyond, scipy's own moments lose digits.
    """
    location = -start * scale
    frozen = stats.truncnorm(-location / scale, np.inf, loc=location, scale=scale)
    made = TruncatedNormal(float(frozen.mean()), float(frozen.std()))
    # far in the tail many parents have nearly the same child, so the root is loose by 1/(1 - cv)
    loose = 1e-9 / (1.0 - made.std / made.mean)
    assert made.scale == pytest.approx(scale, rel=loose)
    assert made.location == pytest.approx(location, rel=loose, abs=loose * scale)


@pytest.mark.parametrize("variation", [1e-6, 0.01, 0.0249, 0.0251, 0.5, 0.75, 0.9, 0.99, 0.999999])
def test_truncated_normal_has_its_moments_over_the_whole_range(variation):
    """Mean and second moment as integrals of the survival function, near either limit too."""
    made = TruncatedNormal(10.0, 10.0 * variation)
    low = max(0.0, 10.0 - 12.0 * made.std)
    high = 10.0 + 40.0 * made.std

    def survival(x: float) -> float:
        return 1.0 - float(made.cdf(x))

    places = {"points": [10.0], "limit": 400, "epsabs": 1e-12, "epsrel": 1e-12}
    mean = low + integrate.quad(survival, low, high, **places)[0]
    about = integrate.quad(lambda x: 2.0 * (x - low) * survival(x), low, high, **places)[0]
    assert mean == pytest.approx(10.0, rel=1e-9)
    assert about - (mean - low) ** 2 == pytest.approx(made.variance, rel=1e-6)


def test_truncated_normal_tends_to_the_normal_and_to_the_exponential():
    near_normal = TruncatedNormal(10.0, 0.1)
    assert (near_normal.location, near_normal.scale) == (10.0, 0.1)
    grid = np.linspace(0.1, 60.0, 50)
    at_the_limit = TruncatedNormal(10.0, 9.99999)
    assert at_the_limit.cdf(grid) == pytest.approx(stats.expon(scale=10.0).cdf(grid), abs=1e-5)


def test_truncated_normal_keeps_its_moments_where_a_clipped_one_does_not():
    """The mistake it is there to prevent: max(normal, 0) of mean 10, deviation 9 draws 10.6."""
    drawn = TruncatedNormal(10.0, 9.0).sample(stream(5), 400_000)
    assert drawn.min() >= 0.0
    assert abs(drawn.mean() - 10.0) < 4.0 * 9.0 / 400_000**0.5
    clipped = np.maximum(Normal(10.0, 9.0).sample(stream(5), 400_000), 0.0)
    assert clipped.mean() - 10.0 > 20.0 * 9.0 / 400_000**0.5


@pytest.mark.parametrize("mean", [0.0, 1e-3, 3.0, 700.0, 1e7])
def test_poisson_quantiles_where_a_normal_guess_is_far_off(mean):
    made, shares = Poisson(mean), np.array([0.0, 1e-12, 0.1, 0.9, 1.0 - 1e-15])
    quantiles = made.ppf(shares)
    assert (made.cdf(quantiles) >= shares).all()
    below = np.where(quantiles > 0.0, made.cdf(quantiles - 1.0), 0.0)
    assert ((below < shares) | (quantiles == 0.0)).all()


@pytest.mark.parametrize(("mean", "std"), [(0.05, 3.0), (5.0, 300.0), (1e5, 1e3), (4.0, 2.000002)])
def test_negative_binomial_from_lumpy_to_nearly_poisson(mean, std):
    made = NegativeBinomial(mean, std)
    where = np.unique(made.ppf([0.01, 0.3, 0.6, 0.9, 0.99, 0.9999]))
    frozen = stats.nbinom(made.successes, made.probability)
    assert made.cdf(where) == pytest.approx(frozen.cdf(where), rel=1e-9)
    drawn = made.sample(stream(3, "lumpy", int(mean)), 200_000)
    assert abs(drawn.mean() - mean) <= 4.0 * std / drawn.size**0.5


def test_gamma_of_the_same_scale_adds_up():
    """Erlang: three exponentials."""
    three = Gamma(5.0, 5.0).sum_over(3)
    assert (three.shape, three.scale) == pytest.approx((3.0, 5.0))
    grid = np.linspace(0.0, 60.0, 30)
    by_poisson = 1.0 - stats.poisson(grid / 5.0).cdf(2)
    assert three.cdf(grid) == pytest.approx(by_poisson, abs=1e-13)


def test_safety_stock_of_four_periods():
    """The textbook line: z sigma sqrt(tau) above the mean."""
    level = float(Normal(50.0, 8.0).sum_over(4).ppf(0.975))
    assert level == pytest.approx(200.0 + 1.959963984540054 * 8.0 * 2.0, rel=1e-14)


def test_deterministic_negative_is_a_return():
    assert Deterministic(-2.0).sum_over(3) == Deterministic(-6.0)
    assert Deterministic(2).value == 2.0


def test_empirical_merges_sorts_and_drops():
    made = Empirical([5, 1, 5, 9], [0.25, 0.5, 0.25, 0.0])
    assert made == Empirical((1.0, 5.0), (0.5, 0.5))
    assert made.parameters() == {"values": [1.0, 5.0], "probabilities": [0.5, 0.5]}


def test_empirical_divides_rounding_out():
    made = Empirical([0, 1, 2], [1 / 3, 1 / 3, 0.3333333333])
    assert math.fsum(made.probabilities) == pytest.approx(1.0, abs=1e-15)
    assert made.ppf(1.0) == 2.0


def test_empirical_reaches_its_last_value_whatever_the_rounding():
    """Ten times 0.1 adds up to less than 1; the largest draw must still find a value."""
    made = Empirical(range(10), [0.1] * 10)
    assert made.ppf(np.nextafter(1.0, 0.0)) == 9.0
    assert made.cdf(9.0) == 1.0


@given(data=st.lists(st.integers(-20, 20), min_size=1, max_size=40))
def test_empirical_of_observations_is_what_was_observed(data):
    made = Empirical.from_observations(data)
    assert made.mean == pytest.approx(np.mean(data), abs=1e-12)
    assert made.variance == pytest.approx(np.var(data), abs=1e-9)
    assert made.support == (min(data), max(data))
    for x in set(data):
        assert made.cdf(x) == pytest.approx(np.mean(np.array(data) <= x), abs=1e-12)


@pytest.mark.parametrize("observations", [[], [1.0, math.nan], [math.inf]])
def test_empirical_of_nothing_or_of_holes(observations):
    with pytest.raises(DomainError, match=r"at least one|nan|inf"):
        Empirical.from_observations(observations)


@pytest.mark.parametrize(
    ("frozen", "args", "kwds"),
    [
        (stats.weibull_min(1.5, scale=10.0), (1.5,), (("scale", 10.0),)),
        (stats.norm(10, 2), (10, 2), ()),
        (stats.binom(n=20, p=0.3), (), (("n", 20), ("p", 0.3))),
        (stats.triang(0.5, 10.0, 20.0), (0.5, 10.0, 20.0), ()),
        (stats.expon(), (), ()),
        (stats.gamma(np.float64(2.0), scale=np.int64(3)), (2.0,), (("scale", 3),)),
    ],
)
def test_a_frozen_distribution_is_taken_over(frozen, args, kwds):
    ours = as_distribution(frozen)
    assert (ours.args, ours.kwds) == (args, kwds)
    assert (ours.mean, ours.variance) == pytest.approx((frozen.mean(), frozen.var()))
    assert ours.support == frozen.support()
    grid = np.linspace(-1.0, 40.0, 83)
    assert ours.cdf(grid).tolist() == frozen.cdf(grid).tolist()
    rng_ours, rng_scipy = stream(1), stream(1)
    assert ours.sample(rng_ours, 5).tolist() == frozen.rvs(5, random_state=rng_scipy).tolist()
    again = make("scipy", ours.mean, ours.std, ours.parameters())
    assert again == ours
    assert pickle.loads(pickle.dumps(ours)).cdf(3.0) == ours.cdf(3.0)


@pytest.mark.parametrize(
    ("make_it", "told"),
    [
        (lambda: Scipy("cauchy"), "mean is nan|finite"),
        (lambda: Scipy("pareto", (1.5,)), "variance inf"),
        (lambda: Scipy("gamma", (-1.0,)), "mean is nan"),
        (lambda: Scipy("gamma"), "missing .*see its signature"),
        (lambda: Scipy("norm", (), (("spread", 1.0),)), "spread.*see its signature"),
        (lambda: Scipy("norm", (math.nan,)), r"args\[0\] is nan"),
        (lambda: Scipy("norm", (), (("loc", "5"),)), "loc is '5', not a number"),
        (lambda: as_distribution(stats.norm([1.0, 2.0])), "not a number"),
        (lambda: make("scipy", parameters={"args": [1]}), "parameter 'name' is missing"),
        (lambda: make("scipy", parameters={"name": "norm", "args": 3}), "args is 3"),
        (lambda: make("scipy", parameters={"name": "norm", "kwds": [1]}), "kwds \\[1\\]"),
        (lambda: make("scipy", 9.0, 1.0, {"name": "norm"}), "mean is 9.0 but .* give 0.0"),
    ],
)
def test_what_scipy_cannot_make_is_told(make_it, told):
    with pytest.raises(DomainError, match=told):
        make_it()


@pytest.mark.parametrize("name", ["weibul_min", "norm_gen", "linregress", "multivariate_normal"])
def test_unknown_scipy_distributions_offer_the_nearest(name):
    with pytest.raises(UnknownNameError, match=r"scipy\.stats distribution '"):
        Scipy(name)


def test_a_distribution_of_ones_own_making_has_no_name_to_keep():
    """It could not be written to a table and read back."""

    class Odd(stats.rv_continuous):
        def _cdf(self, x):
            return np.clip(x, 0.0, 1.0)

    with pytest.raises(UnknownNameError, match="'odd'"):
        as_distribution(Odd(name="odd", a=0.0, b=1.0)())


def test_a_count_moved_by_half_a_unit_is_drawn_there():
    """``rvs`` of scipy.stats cuts a discrete draw to a whole number, its ``cdf`` does not."""
    demand = ed.Scipy("poisson", (3.5,), (("loc", 0.5),))
    drawn = demand.sample(np.random.default_rng(2), 100_000)
    assert abs(drawn.mean() - demand.mean) < 4.0 * demand.std / 100_000**0.5
    assert set(np.unique(drawn % 1.0)) == {0.5}


def test_many_orders_are_drawn_a_block_at_a_time():
    """A million periods of 3,600 orders are 27 GiB if all are held at once; 2,000 of them here."""
    demand = ed.CompoundPoisson(3_600.0, ed.Gamma(5.0, 3.0))
    tracemalloc.start()
    drawn = demand.sample(np.random.default_rng(3), (4, 500))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert drawn.shape == (4, 500)
    assert peak < 70 * 2**20
    assert abs(drawn.mean() - demand.mean) < 4.0 * demand.std / 2_000**0.5
