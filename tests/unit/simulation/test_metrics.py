"""Moments and ratios: merged as if taken at once; the delta method against its definition."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from echelon.kernels.base_stock_flow import Chain
from echelon.simulation.metrics import MEASURES, Moments, Window, ratio


def test_merged_moments_are_those_of_all_replications():
    rng = np.random.default_rng(2)
    measures = rng.gamma(2.0, 1e3, (len(MEASURES), 3, 300))
    parts = [Moments.of(part) for part in np.split(measures, [128, 256], axis=2)]
    merged = reduce(Moments.merge, parts)
    assert merged.n == 300
    np.testing.assert_allclose(merged.mean, measures.mean(axis=2), rtol=1e-12)
    error = measures.std(axis=2, ddof=1) / 300**0.5
    np.testing.assert_allclose(merged.standard_error(), error, rtol=1e-12)
    whole = Moments.of(measures)
    for one, other in zip(merged.on_time_rate(), whole.on_time_rate(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)


def test_error_of_a_ratio_is_that_of_its_residuals():
    """The delta method is the standard error of (y - r x) / mean x."""
    rng = np.random.default_rng(4)
    x = rng.gamma(9.0, 2.0, 50)
    y = 0.9 * x + rng.normal(0.0, 0.5, 50)
    apart = x - x.mean(), y - y.mean()
    spreads = (apart[1] @ apart[1], apart[0] @ apart[0], apart[0] @ apart[1])
    value, error = ratio(y.mean(), x.mean(), spreads, 50)
    residual = (y - value * x) / x.mean()
    assert value == pytest.approx(y.mean() / x.mean())
    assert error == pytest.approx(residual.std(ddof=1) / 50**0.5)


def test_a_ratio_over_nothing_is_missing():
    value, error = ratio(0.0, 0.0, (0.0, 0.0, 0.0), 10)
    assert np.isnan(value)
    assert np.isnan(error)


@pytest.mark.parametrize(
    ("first", "last", "review", "delay", "cycles"),
    [
        (0, 10, 0, 3, 10),  # every period is a cycle
        (0, 10, 1, 3, 10),
        (0, 10, 4, 0, 2),  # 0-3, 4-7
        (0, 10, 4, 3, 1),  # 3-6; 7-10 does not end
        (3, 11, 4, 3, 2),  # 3-6, 7-10
        (4, 11, 4, 3, 1),  # 7-10
        (0, 3, 4, 0, 0),
        (5, 21, 4, 9, 4),  # 5-8, 9-12, 13-16, 17-20
    ],
)
def test_whole_cycles_in_a_window(first, last, review, delay, cycles):
    empty = {name: np.zeros(1, dtype=np.int64) for name in Chain._fields}
    chain = Chain(**{**empty, "review": np.array([review]), "nominal_delay": np.array([delay])})
    assert Window(first, last).cycles(chain).tolist() == [cycles]
