"""Shipments that draw a time each and do not overtake, against such shipments one by one."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.lead_time.held_up import held_up, in_whole_periods
from echelon.rng import stream


def aged(chances, every, rate, n=400_000):
    """Whether what was ordered so long ago has come with all before it: by arrivals, in order."""
    rng = stream(11, "held up", str(every), str(rate))
    n_before = -(-len(chances) // every)
    times = rng.choice(len(chances), p=chances, size=(n, n_before + 1))
    shipped = rng.random((n, n_before + 1)) < rate
    shipped[:, 0] = True  # the order itself; the others went k * every periods earlier
    since = times - every * np.arange(n_before + 1)
    latest = np.where(shipped, since, -1).max(axis=1)
    return np.bincount(latest, minlength=len(chances)) / n


@pytest.mark.parametrize(("every", "rate"), [(1, 1.0), (1, 0.3), (2, 1.0), (3, 0.6), (20, 1.0)])
def test_what_is_held_up_comes_with_the_last_before_it(every, rate):
    """Within 4 standard errors of 400,000 orders; the times themselves are far from it."""
    chances = np.array([0.2, 0.3, 0.25, 0.05, 0.0, 0.1, 0.06, 0.04])
    found = held_up(chances, every=every, rate=rate)
    drawn = aged(chances, every, rate)
    error = np.sqrt(np.maximum(found * (1.0 - found), 1e-9) / 400_000)
    assert (np.abs(found - drawn) <= 4.0 * error + 1e-12).all()
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    if every < len(chances):
        assert np.abs(chances - drawn).max() > 0.01
    else:
        np.testing.assert_allclose(found, chances, atol=1e-15)


def test_a_time_that_does_not_vary_holds_nobody_up():
    assert held_up(np.array([1.0])).tolist() == [1.0]


def test_times_in_whole_periods_keep_their_mean():
    periods, weights = np.array([0.4, 2.0, 5.75]), np.array([0.5, 0.25, 0.25])
    first, chances = in_whole_periods(periods, weights)
    assert first == 0
    assert chances @ (first + np.arange(len(chances))) == pytest.approx(periods @ weights)
    assert chances.tolist() == pytest.approx([0.3, 0.2, 0.25, 0.0, 0.0, 0.0625, 0.1875])
