"""Deviations of a wait: sums and largest ones against enumeration, densities against draws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from echelon.distributions import Distribution, Empirical, Gamma, LogNormal, Poisson, Uniform
from echelon.lead_time.deviation import Deviation, Wait, deviation
from echelon.lead_time.exposed_periods import exposed_periods
from echelon.rng import stream

OWN = Empirical([1, 2, 6], [0.5, 0.3, 0.2])
TRANSITS = (Empirical([2, 9], [0.9, 0.1]), Empirical([0, 1, 4], [0.2, 0.5, 0.3]))


@pytest.mark.parametrize("fixed", [False, True])
def test_values_against_enumeration(fixed: bool) -> None:
    """Every combination of three lead times, with its probability."""
    want: dict[float, float] = {}
    for (t, p), (a, q), (b, r) in itertools.product(
        *(zip(law.values, law.probabilities, strict=True) for law in (OWN, *TRANSITS))
    ):
        transits = [a - TRANSITS[0].mean, b - TRANSITS[1].mean, *([0.0] if fixed else [])]
        late = round(t - OWN.mean + max(transits), 9)
        want[late] = want.get(late, 0.0) + p * q * r
    found = deviation(OWN, TRANSITS, fixed=fixed)
    assert found.separate
    assert found.periods.tolist() == sorted(want)
    np.testing.assert_allclose(found.weights, [want[late] for late in sorted(want)], rtol=1e-12)


def test_a_single_time_is_its_own_deviation() -> None:
    for found in (deviation(OWN, []), deviation(None, [OWN])):
        assert found.periods.tolist() == pytest.approx([-1.3, -0.3, 3.7], abs=1e-9)
        assert found.weights @ found.periods == pytest.approx(0.0, abs=1e-9)
    nothing = deviation(None, [])
    assert (nothing.periods.tolist(), nothing.weights.tolist()) == ([0.0], [1.0])


def test_densities_against_a_million_draws() -> None:
    """Distribution function of gamma + max(lognormal, uniform), within 4 standard errors.

    Cells blur it by less than 0.002, so the tolerance is the sum of both.
    """
    own, transits = Gamma(5.0, 2.0), (LogNormal(4.0, 3.0), Uniform(1.0, 8.0))
    rng = stream(5, "deviation")
    n = 1_000_000
    late = np.maximum(*(law.sample(rng, n) - law.mean for law in transits))
    late += own.sample(rng, n) - own.mean
    for found in (deviation(own, transits), deviation(own, transits).coarse()):
        assert not found.separate
        error = late.std() / n**0.5
        assert abs(late.mean() - found.weights @ found.periods) < 4 * error + 0.01
        for point in np.quantile(late, [0.05, 0.3, 0.7, 0.95, 0.99]):
            # the step of a mixture is as wide as a cell: compare the mean excess, which is smooth
            excess = np.maximum(late - point, 0.0)
            mine = found.weights @ np.maximum(found.periods - point, 0.0)
            assert abs(mine - excess.mean()) < 4 * excess.std() / n**0.5 + 0.01


@pytest.mark.parametrize("law", [LogNormal(4.0, 3.0), LogNormal(2.0, 20.0), Uniform(0.0, 9.0)])
def test_few_numbers_stay_and_many_keep_their_moments(law: Distribution) -> None:
    few = deviation(OWN, TRANSITS)
    assert few.coarse() is few
    many = deviation(Gamma(5.0, 2.0), (law, Gamma(3.0, 1.0)))
    coarse = many.coarse()
    assert len(many.periods) > 2_000
    assert len(coarse.periods) < 200
    for power in (1, 2):
        assert coarse.weights @ coarse.periods**power == pytest.approx(
            many.weights @ many.periods**power, rel=1e-6
        )
    assert coarse.periods[0] >= many.periods[0] - 1e-9
    assert coarse.periods[-1] <= many.periods[-1] + 1e-9


def test_the_exposure_of_a_mean_time_is_the_lead_time_itself() -> None:
    """With the mean put back, the lead time's own numbers come back: whole ones exactly whole."""
    for law in (OWN, TRANSITS[0], Gamma(4.0, 2.0), Poisson(3.0)):
        mine = deviation(law, []).exposure(law.mean)
        theirs = exposed_periods(law, demand_cv=np.inf)
        np.testing.assert_allclose(mine.periods, theirs.periods, atol=2e-9)
        np.testing.assert_allclose(mine.weights, theirs.weights, rtol=1e-12)
    assert deviation(OWN, []).exposure(OWN.mean, whole=True).periods.tolist() == [1.0, 2.0, 6.0]


@pytest.mark.parametrize("own", [Gamma(5.0, 2.0), LogNormal(10.0, 10.0), None])
def test_a_wait_is_as_fine_as_demand_needs_it(own: Distribution | None) -> None:
    """Few numbers where demand varies; where it is steady, none with over 0.25 % of a density."""
    wait = Wait(own, (Uniform(1.0, 8.0),))
    few, many = wait.at(9.0, 0.95, 0.4), wait.at(9.0, 0.95, 0.0)
    assert wait.at(9.0, 0.95, 0.4) is few
    assert len(few.periods) < 300
    assert len(few.periods) < len(many.periods) < 1_500
    assert many.weights.max() <= 0.00251
    assert wait.at(0.0, 0.0, 0.4) is many  # nothing to be exposed to: nothing that blurs
    for made in (few, many):
        assert made.weights @ made.periods == pytest.approx(0.0, abs=1e-5)
        variance = 49.0 / 12.0 + (own.variance if own else 0.0)
        assert made.weights @ made.periods**2 == pytest.approx(variance, rel=1e-3)


def test_many_recorded_values_keep_their_distribution_function() -> None:
    """Ten thousand of them in a thousand numbers: nowhere off by more than 0.1 %."""
    values = np.sort(stream(5, "recorded").lognormal(2.0, 0.5, 10_000))
    law = Empirical(values, np.full(10_000, 1e-4))
    found = Wait(law, ()).at(law.mean, 0.9, 0.0)
    assert len(found.periods) < 1_100
    reached = np.cumsum(found.weights)
    points = np.linspace(values[0], values[-1], 5_000)
    mine = np.append(0.0, reached)[np.searchsorted(found.periods + law.mean, points, side="right")]
    assert np.abs(mine - law.cdf(points)).max() < 0.001


def test_early_supplies_leave_nothing_to_cover_and_parts_count_as_periods() -> None:
    found = Deviation(np.array([-2.0, 0.5]), np.array([0.25, 0.75]), separate=True)
    assert found.exposure(1.0).periods.tolist() == [0.0, 1.5]
    assert found.exposure(1.0, whole=True).periods.tolist() == [0.0, 2.0]
    assert found.exposure(0.0, whole=True).weights.tolist() == [0.25, 0.75]
