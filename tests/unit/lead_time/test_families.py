"""A family is kept where it fits, and values where none does."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.distributions import Deterministic, Empirical, make
from echelon.lead_time.families import choose
from echelon.rng import stream

TRIED = ("gamma", "lognormal", "weibull")


def chosen(days: np.ndarray, *, families=TRIED, days_per_period: float = 1.0, name: str = "rng"):
    values, counts = np.unique(days, return_counts=True)
    return choose(
        values, counts / len(days), len(days), families, stream(1, "test", name), days_per_period
    )


@pytest.mark.parametrize("family", ["gamma", "lognormal"])
def test_a_sample_of_a_family_is_rejected_no_more_often_than_said(family: str) -> None:
    """The level of the test is 5 %: of 200 samples 10 rejected, give or take 4 x 3.1."""
    rng, kept = stream(2, "test", family), 0
    for sample in range(200):
        days = np.rint(make(family, 80.0, 30.0).sample(rng, 60))
        kept += chosen(days, families=[family], name=f"{family} {sample}").family == family
    assert 200 - kept <= 10 + 4 * 3.1


def test_two_humps_are_kept() -> None:
    rng = stream(4, "test", "humps")
    days = np.rint(np.concatenate([rng.normal(20, 3, 60), rng.normal(80, 5, 30)]))
    model = chosen(days)
    assert isinstance(model, Empirical)
    assert model.mean == pytest.approx(days.mean())
    assert float(model.ppf(0.9)) == np.quantile(days, 0.9, method="inverted_cdf")


def test_the_likelier_family_wins_and_has_the_moments_of_the_sample() -> None:
    rng = stream(8, "test", "likelier")
    days = np.rint(rng.lognormal(4.0, 0.7, 3_000))
    model = chosen(days)
    assert model.family == "lognormal"
    assert (model.mean, model.std) == pytest.approx((days.mean(), days.std()))


def test_in_weeks() -> None:
    rng = stream(8, "test", "weeks")
    days = np.rint(rng.gamma(9.0, 7.0, 200))
    weekly, daily = chosen(days, days_per_period=7.0), chosen(days)
    assert weekly.family == daily.family != "empirical"
    assert (weekly.mean, weekly.std) == pytest.approx((daily.mean / 7, daily.std / 7))


def test_few_shipments_and_no_family_keep_their_values() -> None:
    assert chosen(np.array([3.0, 5.0, 9.0, 11.0])).family == "empirical"
    rng = stream(8, "test", "none")
    assert chosen(np.rint(rng.gamma(9.0, 7.0, 200)), families=()).family == "empirical"


def test_one_value_is_known() -> None:
    assert chosen(np.full(9, 14.0), days_per_period=7.0) == Deterministic(2.0)
