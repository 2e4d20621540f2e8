"""Sums on a lattice: exact where there is one, inside their bounds where there is not."""

from __future__ import annotations

import itertools
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from echelon import distributions as ed
from echelon.distributions.inverse import smallest_reaching
from echelon.distributions.lattice import (
    MOST_POINTS,
    common_step,
    increments_of,
    lattice_step,
)
from echelon.distributions.lattice_total import lattice_total
from echelon.errors import DomainError


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([0.0, 12.0, 36.0], (12, 1)),
        ([0.6, 1.5], (3, 10)),
        ([-0.25, 0.5], (1, 4)),
        ([0.1, 0.2, 0.3], (1, 10)),
        ([0.0], (1, 1)),
        ([7.0], (7, 1)),
        ([1.000001], (1000001, 1000000)),
        ([2**0.5, 1.0], None),
        ([1.0, 1e13], None),
    ],
)
def test_the_step_of_decimals(values, step):
    assert common_step(values) == step


@pytest.mark.parametrize(
    ("distribution", "step"),
    [
        (ed.Poisson(3.0), (1, 1)),
        (ed.Deterministic(2.5), (5, 2)),
        (ed.Scipy("randint", (2, 9)), (1, 1)),
        (ed.Scipy("poisson", (3.0,), (("loc", 0.5),)), (1, 2)),
        (ed.ZeroInflated(0.2, ed.Empirical([6, 9], [0.5, 0.5])), (3, 1)),
        (ed.Mixture([ed.Deterministic(0.5), ed.Poisson(2.0)], [0.5, 0.5]), (1, 2)),
        (ed.Mixture([ed.Gamma(0.5, 1.0), ed.Poisson(2.0)], [0.5, 0.5]), None),
        (ed.CompoundPoisson(2.0, ed.Deterministic(24.0)), (24, 1)),
        (ed.Gamma(3.0, 1.0), None),
    ],
)
def test_the_step_of_a_distribution(distribution, step):
    assert lattice_step(distribution) == step


@given(
    data=st.lists(st.tuples(st.integers(-6, 9), st.integers(1, 5)), min_size=1, max_size=4),
    periods=st.integers(1, 4),
)
def test_a_sum_is_what_enumeration_gives(data, periods):
    """Every way to draw so few values, one by one."""
    total_weight = sum(weight for _, weight in data)
    demand = ed.Empirical([v / 10 for v, _ in data], [w / total_weight for _, w in data])
    chances: dict[int, float] = {}
    pairs = list(zip(demand.values, demand.probabilities, strict=True))
    for way in itertools.product(pairs, repeat=periods):
        value = round(sum(v for v, _ in way) * 10)
        chances[value] = chances.get(value, 0.0) + float(np.prod([p for _, p in way]))
    made = lattice_total(demand, [float(periods)], [1.0])
    values = np.array(sorted(chances)) / 10
    reached = np.cumsum([chances[v] for v in sorted(chances)])
    assert made.exact
    assert made.cdf(values) == pytest.approx(reached, abs=1e-13)
    assert made.cdf(np.nextafter(values, -np.inf)) == pytest.approx(
        np.concatenate(([0.0], reached[:-1])), abs=1e-13
    )
    assert (made.low, made.high) == pytest.approx((values[0], values[-1]))
    level = values.mean() + 0.013
    short = sum(max(v / 10 - level, 0.0) * p for v, p in chances.items())
    assert made.shortage(level) == pytest.approx(short, abs=1e-13)
    if short > 1e-9:
        assert made.level_for_shortage(short) == pytest.approx(level, abs=1e-9)


def test_a_mixture_over_periods_with_none_among_them():
    """Binomial sums are binomial: 0, 2 and 5 periods of 4 trials."""
    made = lattice_total(ed.Binomial(4, 0.3), [5.0, 0.0, 2.0], [0.25, 0.25, 0.5])
    grid = np.arange(-1.0, 22.0)
    exact = (
        0.25 * stats.binom(20, 0.3).cdf(grid)
        + 0.25 * (grid >= 0.0)
        + 0.5 * stats.binom(8, 0.3).cdf(grid)
    )
    assert made.cdf(grid) == pytest.approx(exact, abs=1e-13)
    assert made.ppf(0.25) == 0.0
    assert made.mean == pytest.approx(0.25 * 6.0 + 0.5 * 2.4)


def test_long_sums_need_no_more_lattice_than_their_spread():
    """A year of days of up to 1,000 units: 365,001 points are possible, few are needed."""
    demand = ed.Empirical([0, 1, 1000], [0.6, 0.399, 0.001])
    made = lattice_total(demand, [365.0], [1.0])
    assert len(made.mass) < 40_000
    large = np.arange(8)
    chances = [comb(365, k) * 0.001**k * 0.999 ** (365 - k) for k in large]
    small = [stats.binom(365 - k, 0.399 / 0.999) for k in large]
    for x in (100.0, 160.0, 1146.0, 2150.0):
        exact = sum(c * b.cdf(x - 1000 * k) for c, b, k in zip(chances, small, large, strict=True))
        assert made.cdf(x) == pytest.approx(exact, abs=1e-11)


CONTINUOUS = [
    (ed.Gamma(10.0, 4.0), lambda n: stats.gamma(6.25 * n, scale=1.6)),
    (ed.Gamma(10.0, 16.0), lambda n: stats.gamma(0.390625 * n, scale=25.6)),
    (ed.Normal(5.0, 4.0), lambda n: stats.norm(5.0 * n, 4.0 * n**0.5)),
    (ed.Scipy("expon", (), (("scale", 3.0),)), lambda n: stats.gamma(n, scale=3.0)),
]


@pytest.mark.parametrize("n", [1, 3, 12, 60])
@pytest.mark.parametrize(("demand", "exact"), CONTINUOUS, ids=lambda one: str(one)[:24])
def test_a_density_on_a_lattice_against_its_closed_sum(demand, exact, n):
    """Families that could be added in closed form, put on the lattice all the same.

    The proven bounds hold, and what is seen is far below them.
    """
    made, truth = lattice_total(demand, [float(n)], [1.0]), exact(n)
    shares = np.array([0.01, 0.3, 0.5, 0.9, 0.95, 0.99, 0.999])
    levels = truth.ppf(shares)
    assert not made.exact
    assert (made.cdf(levels - made.error_bound) <= shares + made.tail).all()
    assert (made.cdf(levels + made.error_bound) >= shares - made.tail).all()
    assert np.abs(made.ppf(shares) - levels).max() <= made.error_bound
    if n > 1 or demand.std < demand.mean:  # else its density is infinite at 0
        assert np.abs(made.ppf(shares) - levels).max() <= 2e-4 * truth.std()
        assert np.abs(made.cdf(levels) - shares).max() <= 1e-4
    short = np.array([truth.expect(lambda d, x=x: d - x, lb=x) for x in levels[1:-1]])
    excess = made.shortage(levels[1:-1]) - short
    assert (excess >= -1e-7 * truth.std()).all()  # larger in convex order
    assert (excess <= made.shortage_bound).all()
    assert (excess <= 5e-5 * truth.std()).all()
    values = (made.first + np.arange(len(made.mass))) * made.step
    assert made.mass @ values == pytest.approx(truth.mean(), abs=1e-6 * truth.std())


def test_a_finer_step_is_four_times_as_exact():
    """Second order: half the step, a quarter of the error."""
    truth = stats.gamma(25.0, scale=1.6)
    errors = []
    for step in (1.0, 0.5, 0.25):
        made = lattice_total(ed.Gamma(10.0, 4.0), [4.0], [1.0], step=step)
        errors.append(abs(float(made.shortage(50.0)) - truth.expect(lambda d: d - 50.0, lb=50.0)))
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.05)


def test_the_part_of_a_demand_that_is_zero_stays_an_atom():
    """No smearing where a period may be without demand: three such periods, weighed exactly."""
    demand = ed.ZeroInflated(0.3, ed.Weibull(8.0, 5.0))
    made = lattice_total(demand, [3.0], [1.0])
    assert made.zero == pytest.approx(0.7**3, rel=1e-12)
    assert made.cdf(np.nextafter(0.0, -1.0)) == 0.0
    assert made.cdf(0.0) == pytest.approx(0.7**3, rel=1e-12)
    assert made.ppf([1e-6, 0.342999]).tolist() == [0.0, 0.0]
    assert made.ppf(0.3431) > 0.0


def test_increments_keep_the_mean_and_add_no_more_spread_than_they_may():
    for demand in (ed.Weibull(10.0, 13.0), ed.LogNormal(10.0, 3.0), ed.Triangular(1.0, 2.0, 12.0)):
        one = increments_of(demand)
        values = (one.first + np.arange(len(one.mass))) * one.step
        mean = float(one.mass @ values)
        assert one.mass.min() >= 0.0
        assert mean == pytest.approx(demand.mean, abs=1e-5 * demand.std)
        added = float(one.mass @ (values - mean) ** 2) - demand.variance
        assert -1e-5 * demand.variance <= added <= 0.25 * one.step**2 + 1e-6 * demand.variance


def test_what_would_not_fit_is_told():
    with pytest.raises(
        DomainError, match=r"lattice points of 1e-09 units. Fix: give a larger step"
    ):
        increments_of(ed.LogNormal(10.0, 10.0), 1e-9)


@given(
    low=st.floats(-1e6, 0.0),
    high=st.floats(0.0, 1e6),
    where=st.floats(0.0, 1.0),
)
def test_bisection_finds_the_very_float(low, high, where):
    jump = min(low + where * (high - low), high)  # which rounding may pass
    found = smallest_reaching(
        lambda x: (x >= jump) * 1.0, np.array(0.5), np.array(low), np.array(high)
    )
    assert found == jump


def test_a_quantile_beyond_a_gap_lies_beyond_it():
    """Values on no common lattice, and a thousand apart: enumeration, within the bound."""
    demand = ed.Empirical([0.0, 2**0.5, 1000.0 * np.pi], [0.5, 0.3, 0.2])
    made = lattice_total(demand, [2.0], [1.0])
    values = np.add.outer(demand.values, demand.values).ravel()
    chances = np.outer(demand.probabilities, demand.probabilities).ravel()
    order = np.argsort(values)
    reached = np.cumsum(chances[order])
    shares = np.array([0.3, 0.6, 0.66, 0.7, 0.9, 0.97])
    truth = values[order][np.searchsorted(reached, shares)]
    assert np.abs(made.ppf(shares) - truth).max() <= made.error_bound
    assert made.cdf(made.ppf(shares)) == pytest.approx(shares, abs=1e-9)


@pytest.mark.parametrize(
    ("demand", "periods", "events"),
    [
        (ed.LogNormal(10.0, 50.0), 100.0, None),
        (ed.LogNormal(10.0, 100.0), 3.0, None),
        (ed.Weibull(10.0, 1000.0), 10.0, None),
        (ed.Scipy("pareto", (2.1,)), 10.0, None),
        (ed.LogNormal(5.0, 25.0), 3.0, 1.0),
        (ed.LogNormal(5.0, 3.0), 1.0, 1e5),
        (ed.Empirical([0.0, 0.001, 1000.0], [0.5, 0.3, 0.2]), 5.0, None),
    ],
    ids=repr,
)
def test_a_heavy_tail_gets_a_coarser_lattice_and_says_so(demand, periods, events):
    """Instead of a refusal: no more than two million points, and a bound that stays small."""
    made = lattice_total(demand, [periods], [1.0], events=events)
    assert len(made.mass) <= MOST_POINTS
    assert 0.0 < made.error_bound < 0.2 * made.variance**0.5
    centre = made.first * made.step + made.step * (np.arange(len(made.mass)) @ made.mass)
    # what the lattice leaves out of a tail this heavy is missing from the mean
    assert centre == pytest.approx(made.mean, rel=2e-2)


@pytest.mark.parametrize(
    "demand",
    [
        ed.Empirical([0.0, 2**0.5, np.pi, 9.1], [0.4, 0.2, 0.3, 0.1]),
        ed.Empirical([-(2**0.5), np.pi], [0.4, 0.6]),
        ed.ZeroInflated(0.4, ed.Empirical([2**0.5, np.pi], [0.3, 0.7])),
        ed.Mixture([ed.Deterministic(2**0.5), ed.Gamma(9.0, 3.0)], [0.7, 0.3]),
        ed.Mixture([ed.Poisson(2.0), ed.Gamma(10.0, 4.0)], [0.5, 0.5]),
        ed.Mixture([ed.Empirical([0, 12], [0.5, 0.5]), ed.Gamma(1.0, 0.4)], [0.5, 0.5]),
        ed.Mixture([ed.Uniform(0.1, 0.7), ed.TruncatedNormal(50.0, 9.0)], [0.7, 0.3]),
        ed.Binomial(10**7, 0.3),
        ed.Geometric(1e6, start=1),
        ed.Scipy("binom", (10**7, 0.3), (("loc", 0.5),)),
        ed.Weibull(10.0, 30.0),
        ed.SmoothedEmpirical([0, 3, 10], [0.5, 0.3, 0.2], 0.8),
    ],
    ids=repr,
)
def test_the_lattice_keeps_the_mean_and_adds_a_quarter_of_a_squared_step_at_most(demand):
    """What the bounds are proven from, also where probability sits on points off the lattice."""
    one = increments_of(demand)
    points = (one.first + np.arange(len(one.mass))) * one.step
    mean = points @ one.mass
    assert not one.exact
    assert mean == pytest.approx(demand.mean, abs=2e-3 * one.step + 1e-6 * demand.std)
    added = (points - mean) ** 2 @ one.mass - demand.variance
    assert -1e-5 * demand.variance <= added <= 0.25 * one.step**2 + 1e-5 * demand.variance
