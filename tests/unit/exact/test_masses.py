"""Demand on lattices for many SKUs at once, against one at a time and against scipy."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from echelon import distributions as ed
from echelon.distributions.empirical_array import empirical_array
from echelon.distributions.lattice_total import lattice_total
from echelon.errors import DomainError
from echelon.exact.masses import exposure_masses, masses_of
from echelon.lead_time.exposed_periods import exposed_periods

BIMODAL = ed.Empirical([2, 9], [0.7, 0.3])
LAWS = [
    ed.Poisson(3.0),
    ed.Poisson(0.0),
    ed.Poisson(2000.0),
    ed.NegativeBinomial(3.0, 3.0),
    ed.NegativeBinomial(0.1, 3.0),
    ed.Geometric(3.0),
    ed.Geometric(3.0, start=1),
    ed.Binomial(12, 0.3),
    ed.Deterministic(7.0),
    ed.Empirical([0, 1.5, 6], [0.5, 0.3, 0.2]),
    ed.Empirical([-2, 0, 5], [0.2, 0.4, 0.4]),
    ed.Empirical([3, 4], [0.5, 0.5]),
    ed.CompoundPoisson(0.6, ed.Empirical([12, 24], [0.7, 0.3])),
    ed.ZeroInflated(0.3, ed.Geometric(4.0, start=1)),
    ed.Gamma(10.0, 4.0),
]


def points_of(step, first, mass):
    return dict(zip(np.round((first + np.arange(len(mass))) * step, 6), mass, strict=True))


@pytest.mark.parametrize("lead_time", [0.0, 1.0, 5.0, BIMODAL], ids=str)
def test_all_at_once_are_each_by_itself(lead_time):
    """The batches and their plain twin, probability by probability."""
    made = exposure_masses(LAWS, lead_time)
    exposed = exposed_periods(lead_time)
    for at, law in enumerate(LAWS):
        events, size = None, law
        if isinstance(law, ed.CompoundPoisson):
            events, size = law.rate, law.size
        twin = lattice_total(
            size, exposed.periods.tolist(), exposed.weights.tolist(), events=events
        )
        got = points_of(made.step[at], made.first[at], made.of(at))
        want = points_of(twin.step, twin.first, twin.mass)
        for point in got.keys() | want.keys():
            assert got.get(point, 0.0) == pytest.approx(want.get(point, 0.0), abs=1e-13), law
        assert made.of(at).sum() == pytest.approx(1.0, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(
    mean=st.floats(1e-3, 1e3),
    ratio=st.floats(1.0, 30.0),
    periods=st.just(0.0) | st.floats(1e-9, 20.0),  # scipy has no answer for 1e-313
)
def test_counts_are_those_of_scipy(mean, ratio, periods):
    """Also over fractions of a period; and what is left out is no more than 1e-14."""
    if ratio < 1.001:
        law, exact = ed.Poisson(mean), stats.poisson(mean * periods)
    else:
        law = ed.NegativeBinomial(mean, (mean * ratio) ** 0.5)
        successes = periods * mean / (ratio - 1.0)
        exact = stats.nbinom(successes, 1.0 / ratio) if successes > 0.0 else stats.poisson(0.0)
    made = exposure_masses(law, periods)
    points = np.arange(len(made.mass))
    assert made.first[0] == 0
    assert made.mass == pytest.approx(exact.pmf(points), rel=1e-7, abs=1e-13)
    assert exact.sf(points[-1]) <= 2e-14


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.integers(-3, 40), min_size=1, max_size=12),
    periods=st.integers(0, 9),
    scale=st.sampled_from([1.0, 12.0, 0.1, 0.25]),
)
def test_histories_are_convolved(values, periods, scale):
    """One transform against convolution by convolution, on whichever lattice."""
    law = ed.Empirical.from_observations(np.array(values) * scale)
    made = exposure_masses([law] * 9, float(periods))  # so many are a batch
    low = min(values)
    one = np.bincount(np.array(values) - low) / len(values)
    total = np.ones(1)
    for _ in range(periods):
        total = np.convolve(total, one)
    want = points_of(scale, low * periods, total)
    got = points_of(made.step[4], made.first[4], made.of(4))
    for point in got.keys() | want.keys():
        assert got.get(point, 0.0) == pytest.approx(want.get(point, 0.0), abs=1e-13)


def test_columns_of_histories_are_as_good_as_objects():
    rng = np.random.default_rng(3)
    history = rng.poisson(5.0, (30, 10)) * rng.integers(1, 4, (30, 1))
    lead_times = rng.integers(0, 8, 30)
    columns = exposure_masses(empirical_array(history), lead_times, 1)
    objects = exposure_masses(
        [ed.Empirical.from_observations(row) for row in history], lead_times, 1
    )
    for name in ("step", "first", "ptr"):
        assert np.array_equal(getattr(columns, name), getattr(objects, name))
    assert columns.mass == pytest.approx(objects.mass, abs=1e-15)


def test_one_period_is_as_it_is():
    made = masses_of(ed.array("poisson", mean=[2.0, 5.0]))
    assert made.of(1)[:4] == pytest.approx(stats.poisson(5.0).pmf(np.arange(4)), rel=1e-14)
    law = ed.Empirical([1, 4], [0.25, 0.75])
    assert masses_of([law]).mass.tolist() == [0.25, 0.0, 0.0, 0.75]


def test_densities_over_parts_of_a_period():
    made = exposure_masses(ed.Gamma(10.0, 4.0), 2.5)
    points = (made.first[0] + np.arange(len(made.mass))) * made.step[0]
    assert points @ made.mass == pytest.approx(25.0, rel=1e-6)
    with pytest.raises(DomainError, match="a part of a period"):
        exposure_masses(ed.LogNormal(10.0, 4.0), 2.5)
    with pytest.raises(DomainError, match="a part of a period"):
        exposure_masses(ed.Empirical([1, 4], [0.25, 0.75]), 2.5)


@pytest.mark.parametrize("mean", [6.0, 50.0, 200.0])
def test_ten_thousand_take_milliseconds(mean):
    laws = ed.array("negative_binomial", mean=np.full(10_000, mean), std=1.5 * mean**0.5)
    exposure_masses(laws)
    took = []
    for _ in range(3):
        began = time.process_time()
        exposure_masses(laws)
        took.append(time.process_time() - began)
    assert min(took) < 0.2
