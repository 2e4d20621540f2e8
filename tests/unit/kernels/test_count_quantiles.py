"""Quantiles by counting against those of the distribution functions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from echelon.distributions.closed import CLOSED
from echelon.kernels.count_quantiles import count_quantiles

TIMES = np.array([0.01, 0.5, 1.0, 1.7, 6.0, 23.4, 200.0])


def by_counting(mean, std, share, times=TIMES):
    found = np.empty(len(times))
    each = (mean, std**2 - mean, share, ndtri(share))
    count_quantiles(times, *(np.full(len(times), one) for one in each), found)
    return found


def by_formulas(mean, std, share, times=TIMES):
    family = CLOSED["negative_binomial" if std**2 > mean else "poisson"]
    return family.ppf(np.full(len(times), share), mean * times, std * np.sqrt(times))


@settings(max_examples=150, deadline=None)
@given(
    st.floats(-6.0, 5.0).map(np.exp),
    st.one_of(st.just(0.0), st.floats(-4.0, 5.0).map(np.exp)),
    st.sampled_from([0.01, 0.5, 0.8, 0.95, 0.975, 0.99, 0.9999]),
)
def test_the_same_counts(mean, over, share):
    """``over``: variance above the mean, over the mean; 0 of a Poisson demand."""
    std = float(np.sqrt(mean * (1.0 + over))) if over else float(np.sqrt(mean))
    found = np.empty(len(TIMES))
    each = (mean, mean * over, share, ndtri(share))
    count_quantiles(TIMES, *(np.full(len(TIMES), one) for one in each), found)
    family = CLOSED["negative_binomial" if over else "poisson"]
    want = family.ppf(np.full(len(TIMES), share), mean * TIMES, std * np.sqrt(TIMES))
    sure = np.isfinite(found)
    assert found[sure].tolist() == want[sure].tolist()


def test_most_are_found():
    rng = np.random.default_rng(3)
    found = []
    for mean in np.exp(rng.uniform(-4.0, 3.0, 60)).tolist():
        std = float(np.sqrt(mean * rng.uniform(1.01, 20.0)))
        found.append(by_counting(mean, std, 0.975))
        assert found[-1].tolist() == by_formulas(mean, std, 0.975).tolist()
    assert len(found) == 60


def test_large_counts_and_ties_are_left_out():
    assert np.isnan(by_counting(1e5, 400.0, 0.95)).tolist()[1:] == [True] * 6
    share = float(CLOSED["poisson"].cdf(np.array(9.0), np.array(6.0), np.array(6.0**0.5)))
    found = np.empty(2)
    each = (np.full(2, one) for one in (6.0, 0.0, share, ndtri(share)))
    count_quantiles(np.array([1.0, 1.1]), *each, found)
    assert np.isnan(found).tolist() == [True, False]


@pytest.mark.parametrize("share", [0.5, 0.999])
def test_the_guess_does_not_matter(share):
    """A normal quantile that is far off costs time, and no more."""
    want = by_formulas(7.0, 5.0, share)
    for normal in (-3.0, 0.0, 9.0):
        found = np.empty(len(TIMES))
        each = (np.full(len(TIMES), one) for one in (7.0, 18.0, share, normal))
        count_quantiles(TIMES, *each, found)
        assert found.tolist() == want.tolist()
