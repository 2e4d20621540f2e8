"""Quantiles over random waits in one compiled call, against the plain route through exposures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import echelon.distributions as ed
from echelon.lead_time.deviation import Deviation, Wait
from echelon.lead_time.exposure import exposure_of_periods
from echelon.lead_time.waiting_quantiles import _quantiles, waiting_quantiles

TIMES = np.array([-4.0, 0.0, 0.7, 3.0, 11.3, 40.0])
LEVELS = (0.001, 0.2, 0.5, 0.7, 0.9, 0.95, 0.98, 0.999, 0.99999)


def made(family, mean, variation):
    if family == "poisson":
        return ed.Poisson(mean)
    if family == "negative_binomial":
        return ed.NegativeBinomial(mean, float(np.sqrt(mean * (1.0 + 10.0 * variation))))
    return {"normal": ed.Normal, "gamma": ed.Gamma}[family](mean, mean * variation)


def by_exposures(law, wait, times):
    varies = law.std / abs(law.mean) if law.mean else np.inf
    exposed = [wait.at(time, 0.95, varies).exposure(time) for time in times.tolist()]
    return exposure_of_periods([law] * len(exposed), exposed)


waits = st.lists(
    st.tuples(st.integers(1, 30), st.floats(0.05, 1.0)), min_size=1, max_size=4, unique_by=min
).map(
    lambda points: ed.Empirical(
        [float(value) for value, _ in points],
        [share / sum(each for _, each in points) for _, share in points],
    )
)


@pytest.mark.parametrize("family", ["normal", "gamma", "poisson", "negative_binomial"])
@settings(max_examples=25, deadline=None)
@given(
    own=waits,
    mean=st.floats(-3.0, 4.5).map(np.exp).map(float),
    variation=st.floats(-2.5, 1.0).map(np.exp).map(float),
    level=st.sampled_from(LEVELS),
    transit=st.booleans(),
)
def test_the_same_as_by_exposures(family, own, mean, variation, level, transit):
    """Counts are the same; levels of a density differ by rounding, or where it is next to none."""
    law = made(family, mean, variation)
    wait = Wait(own, (ed.Empirical([2, 9], [0.9, 0.1]),) if transit else ())
    found = waiting_quantiles(law, wait, TIMES, level)
    if found is None:
        assert (family, level < 0.5) == ("gamma", True)
        return
    total = by_exposures(law, wait, TIMES)
    want = total.ppf(level)
    sure = np.isfinite(found)
    if family in ("poisson", "negative_binomial"):
        assert found[sure].tolist() == want[sure].tolist()
        return
    off = np.abs(found - want) / (np.abs(want) + law.std)
    reached = total.cdf(np.where(sure, found, 0.0)), total.cdf(np.where(sure, want, 0.0))
    flat = np.abs(reached[0] - reached[1]) < 1e-14 * np.sqrt(len(own.values) * 2)
    assert (flat | (off < 1e-11))[sure].all()


@pytest.mark.parametrize("family", ["normal", "gamma", "poisson", "negative_binomial"])
def test_a_time_is_answered_by_itself(family):
    law, wait = made(family, 7.0, 0.8), Wait(ed.Empirical([2, 5, 9], [0.6, 0.3, 0.1]), ())
    together = waiting_quantiles(law, wait, TIMES, 0.97)
    alone = [waiting_quantiles(law, wait, TIMES[[at]], 0.97)[0] for at in range(len(TIMES))]
    assert together.tolist() == alone
    assert np.isfinite(together).all()


def test_a_time_that_has_passed_needs_nothing():
    """Nine times of ten nothing is exposed, and the tenth five periods are."""
    law, wait = ed.Normal(10.0, 2.0), Wait(ed.Empirical([2, 12], [0.9, 0.1]), ())
    times = np.array([-2.0])
    assert waiting_quantiles(law, wait, times, 0.85).tolist() == [0.0]
    beyond = waiting_quantiles(law, wait, times, 0.95)
    assert beyond[0] == pytest.approx(10.0 * 7.0, rel=1e-14)  # the middle of what is left


def test_cells_of_a_density_are_as_fine_as_by_exposures():
    wait = Wait(ed.Gamma(5.0, 2.0), ())
    times = np.array([1.0, 4.0, 30.0])
    for law in (ed.Normal(10.0, 0.1), ed.Normal(10.0, 2.0), ed.Gamma(10.0, 9.0)):
        found = waiting_quantiles(law, wait, times, 0.95)
        exposed = [wait.at(time, 0.95, law.std / law.mean).exposure(time) for time in times]
        want = exposure_of_periods([law] * 3, exposed).ppf(0.95)
        assert found == pytest.approx(want, rel=1e-11)


def test_what_is_left_to_the_plain_route():
    wait = Wait(ed.Empirical([2, 9], [0.9, 0.1]), ())
    assert waiting_quantiles(ed.Deterministic(3.0), wait, TIMES, 0.9) is None
    assert waiting_quantiles(ed.LogNormal(3.0, 1.0), wait, TIMES, 0.9) is None
    large = waiting_quantiles(ed.Poisson(1e6), wait, TIMES[3:], 0.9)
    assert np.isnan(large).all()
    steep = waiting_quantiles(ed.Gamma(1.0, 5.0), wait, np.array([0.9, 3.0]), 0.6)
    assert np.isnan(steep).tolist() == [True, False]  # of 0.2 periods the shape is 0.008


@pytest.mark.parametrize("family", ["normal", "gamma", "poisson", "negative_binomial"])
def test_a_number_of_periods_without_probability_changes_nothing(family):
    """Tails this far out come to exactly 0; warnings are errors here."""
    law, periods = made(family, 7.0, 0.6), np.array([2.0, 5.0, 9.0])
    some = Deviation(np.array([-1.0, 2.0]), np.array([0.7, 0.3]), separate=True)
    more = Deviation(np.array([-1.0, 0.5, 2.0]), np.array([0.7, 0.0, 0.3]), separate=True)
    found = _quantiles(law, more, periods, 0.95)
    np.testing.assert_allclose(found, _quantiles(law, some, periods, 0.95), rtol=1e-12)
