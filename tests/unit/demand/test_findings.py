"""Level shifts, trends and outliers: found where they are, and rarely where they are not."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.demand.findings import find_changes, find_outliers

QUIET = {
    "Poisson": lambda rng, size: rng.poisson(3.0, size),
    "negative binomial": lambda rng, size: rng.negative_binomial(1.0, 0.1, size),
    "rare": lambda rng, size: rng.negative_binomial(0.25, 0.33, size),
    "normal": lambda rng, size: rng.normal(100.0, 20.0, size).clip(0.0),
    "gamma": lambda rng, size: rng.gamma(1.0, 10.0, size),
}


@pytest.mark.parametrize("name", QUIET)
def test_false_alarms_are_rare(name: str):
    """Nominal 1 % each for shifts and trends; half a per cent is left for skewed demand."""
    quantity = QUIET[name](np.random.default_rng(1), (4_000, 100)).astype(float)
    changes, outliers = find_changes(quantity), find_outliers(quantity)
    assert changes.shift.mean() < 0.02
    assert changes.trend.mean() < 0.015
    assert len(np.unique(outliers.series)) < 0.01 * 4_000


def test_a_shift_is_found_where_it_is():
    rng = np.random.default_rng(2)
    quantity = rng.poisson(5.0, (300, 100)).astype(float)
    quantity[:, 60:] = rng.poisson(12.0, (300, 40))
    changes = find_changes(quantity)
    assert changes.shift.all()
    assert np.median(changes.shift_column) == 60.0
    assert changes.shift_size.mean() == pytest.approx(7.0, abs=0.3)
    assert not changes.trend.any()


def test_the_size_of_a_shift_by_hand():
    """Eleven periods of 2 +- 1, then eleven of 6 +- 1."""
    wave = np.resize([1.0, -1.0, 0.0], 11)
    quantity = np.concatenate((2.0 + wave, 6.0 + wave))[None]
    changes = find_changes(quantity)
    assert changes.shift_column.tolist() == [11]
    assert changes.shift_size[0] == pytest.approx(4.0)


def test_a_trend_is_no_shift():
    quantity = np.arange(80.0) * 0.5 + np.random.default_rng(3).normal(40.0, 2.0, (200, 80))
    changes = find_changes(quantity)
    assert changes.trend.all()
    assert not changes.shift.any()
    assert changes.slope.mean() == pytest.approx(0.5, abs=0.01)


def test_outliers_are_found_up_to_three():
    quantity = np.random.default_rng(4).poisson(4.0, (1, 80)).astype(float)
    quantity[0, [10, 30, 50]] = 60.0, 45.0, 90.0
    found = find_outliers(quantity)
    assert found.series.tolist() == [0, 0, 0]
    assert found.column.tolist() == [10, 30, 50]
    assert (found.chance < 1e-6).all()


def test_periods_that_were_not_observed_are_passed_over():
    quantity = np.full((1, 90), np.nan)
    quantity[0, 20:80] = np.random.default_rng(5).poisson(4.0, 60)
    quantity[0, 70] = 99.0
    found = find_outliers(quantity)
    assert found.column.tolist() == [70]
    shifted = quantity.copy()
    shifted[0, 50:80] += 20.0
    assert abs(find_changes(shifted).shift_column[0] - 50) <= 1


def test_short_histories_say_nothing():
    quantity = np.array([[0.0] * 10 + [9.0] * 9])
    assert not find_changes(quantity).shift.any()
    assert not len(find_outliers(quantity).series)
