"""Demand by period: cycles, seasons, what a table says of them, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from echelon.distributions import (
    Binomial,
    Deterministic,
    Empirical,
    Gamma,
    NegativeBinomial,
    Normal,
    PerPeriod,
    Poisson,
    expected_shortage,
    make,
)
from echelon.errors import DomainError
from echelon.rng import stream

CYCLE = PerPeriod((Normal(80.0, 10.0), Poisson(3.0), Deterministic(7.0)))


def test_the_cycle_repeats():
    assert [CYCLE.at(t) for t in range(6)] == [*CYCLE.periods, *CYCLE.periods]


def test_successive_periods_are_drawn_from_their_own_distributions():
    drawn = CYCLE.sample_from(stream(1, "cycle"), 2, (4, 50_000))
    for row, law in zip(drawn, [CYCLE.at(t) for t in range(2, 6)], strict=True):
        assert abs(row.mean() - law.mean) <= 4 * law.std / 50_000**0.5
    assert (drawn[0] == 7.0).all()
    assert CYCLE.sample_from(stream(1, "cycle"), 2, (0, 5)).shape == (0, 5)


def test_a_season_scales_the_moments_of_the_level():
    profile = [0.5, 1.0, 0.0, 2.0]
    season = PerPeriod.seasonal(Gamma(10.0, 4.0), profile)
    assert season.means.tolist() == [5.0, 10.0, 0.0, 20.0]
    assert season.stds.tolist() == [2.0, 4.0, 0.0, 8.0]
    assert season.periods[2] == Deterministic(0.0)
    counts = PerPeriod.seasonal(Poisson(8.0), profile)
    assert counts.periods == (Poisson(4.0), Poisson(8.0), Deterministic(0.0), Poisson(16.0))
    assert PerPeriod.seasonal(Deterministic(8.0), [0.5, 2.0]).means.tolist() == [4.0, 16.0]


def test_a_season_that_its_family_cannot_have_is_refused():
    """A negative binomial of mean 1 has a variance above 1, and 0.1 x 2 is below."""
    with pytest.raises(DomainError, match="negative_binomial"):
        PerPeriod.seasonal(NegativeBinomial(10.0, 4.0), [1.0, 0.1])
    with pytest.raises(DomainError, match="not described by two moments alone"):
        PerPeriod.seasonal(Empirical([1.0, 2.0], [0.5, 0.5]), [1.0, 2.0])
    with pytest.raises(DomainError, match=r"profile\[1\] is -1\.0, must be >= 0"):
        PerPeriod.seasonal(Gamma(10.0, 4.0), [1.0, -1.0])
    with pytest.raises(DomainError, match="there is no period"):
        PerPeriod.seasonal(Gamma(10.0, 4.0), [])


@pytest.mark.parametrize(
    "law",
    [
        PerPeriod((Normal(80.0, 10.0), Normal(120.0, 10.0))),
        CYCLE,
        PerPeriod((Binomial(5, 0.5), Empirical([1.0, 9.0], [0.5, 0.5]))),
    ],
    ids=str,
)
def test_parameters_are_json_and_give_it_back(law):
    text = json.dumps(law.parameters())
    assert make("per_period", parameters=text) == law
    assert make("per_period", law.mean, law.std, text) == law


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"family": "normal", "mean": [1, 2], "std": [1]}, r"lengths differ .*'mean': 2, 'std': 1"),
        ({"family": "normal"}, r"lengths differ or are missing: \{\}"),
        ({"family": "normal", "mean": 5, "std": 1}, "mean is 5. Fix: give a list with a cell"),
        ({"mean": [1], "std": [1]}, "parameter 'family' is missing"),
        ({"family": "gama", "mean": [1], "std": [1]}, "period 0: unknown .* Did you mean 'gamma'"),
        ({"family": "gamma", "mean": [1, -1], "std": [1, 1]}, "period 1: .*must be above 0"),
        ({"family": "gamma", "mean": 1, "std": 1, "profile": 3}, "profile is 3"),
        ({"family": "gamma", "mean": -1, "std": 1, "profile": [1]}, "the level: .*above 0"),
        ({"family": "gamma", "mean": 1, "sd": 1, "profile": [1]}, "no parameter 'sd'"),
    ],
)
def test_parameters_that_say_nothing_clear_are_refused(parameters, message):
    with pytest.raises(DomainError, match=message):
        make("per_period", parameters=parameters)


def test_what_is_no_cycle_is_refused():
    for periods, message in (
        ((), "there is no period"),
        (5, "Fix: give a list of distributions"),
        (("normal",), "distribution is 'normal'"),
        ((CYCLE,), r"periods\[0\] changes by period itself"),
    ):
        with pytest.raises(DomainError, match=message):
            PerPeriod(periods)
    with pytest.raises(DomainError, match="moments do not say which"):
        make("per_period", 5.0, 2.0)


def test_expected_shortage_is_the_mean_of_the_periods():
    levels = np.array([0.0, 5.0, 90.0])
    each = [expected_shortage(law, levels) for law in CYCLE.periods]
    np.testing.assert_allclose(expected_shortage(CYCLE, levels), np.mean(each, axis=0), rtol=1e-12)
