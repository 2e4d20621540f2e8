"""Exposures of many stages in flat arrays, and what is asked of their demand at once."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon import distributions as ed
from echelon.distributions.empirical_array import empirical_array
from echelon.errors import DomainError
from echelon.lead_time.exposed_array import ExposedArray
from echelon.lead_time.exposed_periods import exposed_periods, mixed
from echelon.lead_time.exposure import exposure_demand, exposure_of_periods

HUMPS = ed.Empirical([0.5, 2, 9], [0.2, 0.5, 0.3])
TIMES = [0.0, 3.0, HUMPS, ed.Gamma(4.0, 2.0), ed.Poisson(1.5), 0.5]


@pytest.mark.parametrize("shift", [-1.0, 0.0, 2.0])
@pytest.mark.parametrize("review", [0, 1, 4])
def test_each_stage_is_as_by_itself(shift, review):
    """The flat arrays and their plain twin."""
    each = [exposed_periods(one) for one in TIMES]
    made = ExposedArray.of_stages(each)
    moved, cycles = made.later(shift), made.in_cycle(review)
    for at, one in enumerate(each):
        later = one.later(shift)
        assert moved[at].periods == pytest.approx(later.periods)
        assert moved[at].weights == pytest.approx(later.weights)
        ends = mixed([one.later(float(k)) for k in range(1, review + 1)]) if review else one
        assert cycles[at].periods == pytest.approx(ends.periods)
        assert cycles[at].weights == pytest.approx(ends.weights)
        assert made.mean[at] == pytest.approx(one.mean)
        assert made.variance[at] == pytest.approx(one.variance)
        assert made.whole[at] == one.whole
    assert len(made) == len(list(made)) == len(TIMES)
    backwards = made.take(np.arange(len(TIMES))[::-1])
    assert backwards[0].periods.tolist() == each[-1].periods.tolist()


def test_numbers_are_checked():
    with pytest.raises(DomainError, match=r"lead_time is -2\.0, must be >= 0"):
        ExposedArray.of_numbers([1.0, -2.0])
    with pytest.raises(DomainError, match="lead_time is nan"):
        ExposedArray.of_numbers([1.0, np.nan])


@pytest.mark.parametrize(
    "demand",
    [
        ed.Normal(10.0, 4.0),
        ed.Gamma(10.0, 9.0),
        ed.Poisson(3.0),
        ed.NegativeBinomial(3.0, 3.0),
        ed.LogNormal(10.0, 4.0),
        ed.Empirical([0, 1.5, 6], [0.5, 0.3, 0.2]),
        ed.CompoundPoisson(0.6, ed.Gamma(8.0, 5.0)),
        ed.Deterministic(7.0),
    ],
    ids=repr,
)
def test_the_second_loss_is_the_integral_of_the_first(demand):
    made = exposure_demand(demand, ed.Empirical([2, 9], [0.7, 0.3]))
    for level in made.ppf([0.02, 0.5, 0.95]):
        top = max(float(made.ppf(1.0 - 1e-9)) + made.std, level + 1.0)
        points = np.linspace(level, top, 40_001)
        integral = np.trapezoid(made.shortage(points), points)
        assert made.second_shortage(level) == pytest.approx(integral, rel=2e-4, abs=2e-5)
    assert made.second_shortage(np.inf) == 0.0
    assert made.second_shortage(-np.inf) == np.inf
    low = -50.0
    square = made.variance + (made.mean - low) ** 2
    assert made.second_shortage(low) == pytest.approx(0.5 * square, rel=2e-3)
    with pytest.raises(DomainError, match="NaN"):
        made.second_shortage(np.nan)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([1.0, 0.1, 6.0]))
def test_rows_of_histories_answer_as_each_alone(seed, scale):
    """Tables of a batch against :class:`LatticeTotal`, their plain twin."""
    rng = np.random.default_rng(seed)
    history = np.round(rng.negative_binomial(2, 0.2, (12, 8)) * scale, 1)  # the decimals typed
    lead_times = rng.integers(0, 7, 12)
    many = exposure_demand(empirical_array(history), lead_times, 1)
    shares = np.array([[0.0], [0.031], [0.523], [0.987], [1.0]])
    found = many.ppf(shares)
    for at, row in enumerate(history):
        one = exposure_demand(ed.Empirical.from_observations(row), float(lead_times[at]), 1)
        assert found[:, at] == pytest.approx(one.ppf(shares[:, 0]), abs=1e-9)
        levels = found[1:-1, at] + np.array([0.0, 0.3, -0.4]) * scale
        for name in ("cdf", "shortage", "second_shortage", "leftover"):
            told = getattr(many, name)(np.repeat(levels[:, None], 12, axis=1))[:, at]
            assert told == pytest.approx(getattr(one, name)(levels), rel=1e-8, abs=1e-9), name
        owed = one.shortage(levels)[1]
        if owed > 1e-9:
            back = many.level_for_shortage(owed)[at]
            assert back == pytest.approx(one.level_for_shortage(owed), rel=1e-7, abs=1e-7)


def test_values_on_no_lattice_are_summed_one_by_one():
    rows = [[0.1234567, 2.0, 3.0], [1.0, 2.0, 4.0]]
    made = exposure_demand(empirical_array(rows), [3.0, 3.0])
    for at, row in enumerate(rows):
        alone = exposure_demand(ed.Empirical.from_observations(row), 3.0)
        assert made.ppf(0.9)[at] == pytest.approx(alone.ppf(0.9))
        assert made.shortage(4.0)[at] == pytest.approx(alone.shortage(4.0))
    with pytest.raises(DomainError, match="a part of a period"):
        exposure_demand(empirical_array(rows), 2.5)


def test_tables_of_counts_answer_as_the_closed_forms():
    laws = ed.array(["poisson", "negative_binomial"], mean=[3.0, 8.0], std=[3.0**0.5, 4.0])
    exposed = ExposedArray.of_stages([exposed_periods(HUMPS), exposed_periods(4.0)])
    closed = exposure_of_periods(laws, exposed)
    tables = exposure_of_periods(laws, exposed, most_points=2**12)
    assert closed.rows == ()
    assert tables.terms == ()
    levels = np.array([[0.0], [4.0], [7.5], [31.0], [60.0]])
    for name in ("cdf", "shortage", "second_shortage"):
        got, want = getattr(tables, name)(levels), getattr(closed, name)(levels)
        assert got == pytest.approx(want, rel=1e-6, abs=1e-11), name
    shares = np.array([[0.1], [0.77], [0.999]])
    assert np.array_equal(tables.ppf(shares), closed.ppf(shares))


def test_fifty_thousand_stages_are_put_together_in_milliseconds():
    """CPU time per stage: arrays of moments and of lead times are not gone through one by one."""
    rng = np.random.default_rng(5)
    n = 50_000
    laws = ed.array("gamma", mean=rng.uniform(5.0, 50.0, n), std=rng.uniform(2.0, 30.0, n))
    lead_times, reviews = rng.integers(1, 13, n), rng.integers(1, 5, n)
    took = []
    for _ in range(3):
        began = time.process_time()
        made = exposure_demand(laws, lead_times, reviews)
        took.append(time.process_time() - began)
    assert made.mean == pytest.approx(laws.mean * (lead_times + reviews))
    assert min(took) / n < 3e-6
