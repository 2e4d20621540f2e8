"""Interpolated messages and nearest times: the kernels, their plain twins, their promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.exact.guaranteed_service.candidate_times import candidates, nearest
from echelon.exact.guaranteed_service.interpolated import InterpolatedMessages
from echelon.exact.guaranteed_service.knots import among, first_knots
from echelon.exact.guaranteed_service.plain_interpolated import (
    fit_below_plain,
    nearest_plain,
    sweep_plain,
)
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.kernels.interpolated_messages import fit_below, interpolate
from tests.networks import random_network
from tests.property.test_guaranteed_service import cost_of


def times_and_cost(seed: int):
    rng = np.random.default_rng(seed)
    network = random_network(rng, 6, extra_lanes=4, lane_times=True, no_stock=0.2)
    odd = network.stages.assign(lead_time=rng.uniform(0.3, 9.0, 6), max_service_time=np.nan)
    network = network.replace(stages=odd)
    return ServiceTimes.of(network.compiled), cost_of(network)


@pytest.mark.parametrize("seed", range(8))
def test_sweeps_agree_with_the_plain_twin(seed):
    times, cost = times_and_cost(seed)
    fast, plain = (
        InterpolatedMessages.of(times, cost, first_knots(times, most=1 + seed)) for _ in range(2)
    )
    for _ in range(4):
        assert fast.sweep() == pytest.approx(sweep_plain(plain), rel=1e-9, abs=1e-9)
        np.testing.assert_allclose(fast.phi, plain.phi, rtol=1e-9, atol=1e-7)
        np.testing.assert_allclose(fast.psi, plain.psi, rtol=1e-9, atol=1e-7)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_what_is_fitted_stays_below_the_ceiling(seed):
    rng = np.random.default_rng(seed)
    knots = np.unique(rng.integers(0, 50, rng.integers(1, 8)))
    points = np.sort(rng.integers(-5, 60, 30))
    at_knots = rng.uniform(0, 5, len(knots)) * (rng.random(len(knots)) < 0.8)
    ceiling = np.where(rng.random(30) < 0.2, np.inf, rng.uniform(0, 5, 30))
    fitted = np.empty(len(knots))
    fit_below(len(knots), at_knots, len(points), *among(knots, points), ceiling, fitted)
    np.testing.assert_allclose(fitted, fit_below_plain(knots, at_knots, points, ceiling))
    assert (fitted >= 0.0).all()
    assert (fitted <= at_knots).all()
    asked = points >= knots[0]
    assert (np.interp(points, knots, fitted)[asked] <= ceiling[asked] + 1e-12).all()
    fit_below(len(knots), at_knots, 0, *among(knots, points), ceiling, fitted)
    assert (fitted == at_knots).all()  # nothing asked, nothing taken away


def test_interpolation_against_numpy():
    knots, at_knots = np.array([0, 4, 10]), np.array([1.0, 3.0, -2.0])
    points = np.arange(-1, 13)
    values = np.zeros(20)
    interpolate(at_knots, len(points), *among(knots, points), 3, values)
    assert values[3] == np.inf
    np.testing.assert_allclose(values[4:17], np.interp(points[1:], knots, at_knots))
    assert (values[[0, 1, 2, 17, 18, 19]] == 0.0).all()


@pytest.mark.parametrize("most", [1, 3, 400])
@pytest.mark.parametrize("seed", range(4))
def test_nearest_times_agree_with_the_plain_twin(seed, most):
    times, _ = times_and_cost(seed)
    for fast, plain in zip(nearest(times, most), nearest_plain(times, most), strict=True):
        for mine, twin in zip(fast, plain, strict=True):
            np.testing.assert_array_equal(mine, twin)


def test_nearest_times_hold_every_candidate_where_none_is_left_out():
    rng = np.random.default_rng(3)
    network = random_network(rng, 6, extra_lanes=2)
    times = ServiceTimes.of(network.compiled)
    for near, listed in zip(nearest(times, 5_000), candidates(times)[:2], strict=True):
        for mine, wanted in zip(near, listed, strict=True):
            assert set(wanted.tolist()) <= set(mine.tolist())
