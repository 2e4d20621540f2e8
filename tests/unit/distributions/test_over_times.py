"""Quantiles over many times at once, against those of one total at a time."""

import numpy as np
import pytest

import echelon.distributions as ed
from echelon.distributions.arguments import Floats
from echelon.distributions.lattice_sum import total_of_sums
from echelon.distributions.over_times import cdf_over, quantiles_over
from echelon.distributions.transforms import log_transform

TIMES = np.array([0.0, 0.5, 1.0, 1.7, 6.0, 23.4, 200.0])
SHARES = (0.5, 0.95, 0.9999)
PACKS = ed.Empirical([12, 24, 60], [0.6, 0.3, 0.1])

CLOSED = {
    "normal": ed.Normal(10.0, 4.0),
    "gamma": ed.Gamma(10.0, 14.0),
    "Poisson": ed.Poisson(0.7),
    "negative binomial": ed.NegativeBinomial(3.0, 4.0),
    "known": ed.Deterministic(2.5),
}
ON_LATTICES = {
    "counts and counts": (ed.NegativeBinomial(5.2, 4.4), ed.NegativeBinomial(1.8, 1.9)),
    "rare counts": (ed.NegativeBinomial(0.02, 0.9), ed.Poisson(0.05)),
    "large counts": (ed.NegativeBinomial(900.0, 200.0), ed.Poisson(400.0)),
    "packs": (ed.CompoundPoisson(0.4, PACKS),),
    "packs and counts": (ed.CompoundPoisson(0.1, PACKS), ed.Poisson(3.0)),
    "orders of some": (ed.CompoundPoisson(0.1, ed.NegativeBinomial(9.1, 9.1)), ed.Poisson(0.3)),
    "orders of one or more": (ed.CompoundPoisson(2.0, ed.Geometric(4.0, start=1)),),
    "orders of none or more": (ed.CompoundPoisson(2.0, ed.Geometric(4.0)),),
    "orders of six at most": (ed.CompoundPoisson(2.0, ed.Binomial(6, 0.4)), ed.Poisson(1.0)),
    "orders that are empty": (ed.CompoundPoisson(2.0, ed.ZeroInflated(0.3, ed.Poisson(5.0))),),
}
WITH_DENSITY = {
    "gamma and counts": (ed.Gamma(41.0, 35.0), ed.NegativeBinomial(5.2, 4.4)),
    "gamma and rare counts": (ed.Gamma(2.0, 1.0), ed.NegativeBinomial(0.1, 1.4)),
    "normal and counts": (ed.Normal(20.0, 9.0), ed.NegativeBinomial(60.0, 25.0)),
    "normal and Poisson": (ed.Normal(-3.0, 2.0), ed.Poisson(4.0)),
}


def one_by_one(demand: ed.Distribution, times: Floats, share: float) -> Floats:
    """Plain twin: the total of each time, by its family or on its lattice."""
    totals = [demand.sum_over(time) for time in times.tolist()]
    return np.array([float(total.ppf(share)) for total in totals])


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_family_bit_for_bit(name, share):
    demand = CLOSED[name]
    want = one_by_one(demand, TIMES, share)
    assert quantiles_over(demand, TIMES, share).tolist() == want.tolist()


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", ON_LATTICES)
def test_on_a_lattice_the_same_points(name, share):
    demand = ed.sum_of(ON_LATTICES[name])
    found = quantiles_over(demand, TIMES, share)
    assert found.tolist() == one_by_one(demand, TIMES, share).tolist()


@pytest.mark.parametrize("name", ON_LATTICES)
def test_on_a_lattice_the_same_probabilities(name):
    demand = ed.sum_of(ON_LATTICES[name])
    for time in (0.5, 23.4):
        total = demand.sum_over(time)
        for level in total.ppf([0.3, 0.999]).tolist():
            want = float(total.cdf(level))
            assert cdf_over(demand, time, level, 0.95) == pytest.approx(want, abs=1e-12)


def test_at_random():
    """A hundred pairs of families, over a range of means and spreads."""
    rng = np.random.default_rng(5)
    for _ in range(100):
        mean, other = np.exp(rng.uniform(-3.0, 4.0, 2))
        first = ed.NegativeBinomial(mean, (mean * rng.uniform(1.001, 30.0)) ** 0.5)
        second = ed.CompoundPoisson(other / 8.0, ed.NegativeBinomial(8.0, 6.0))
        demand = ed.sum_of([first, second if rng.random() < 0.5 else ed.Poisson(other)])
        share = float(rng.choice([0.6, 0.9, 0.975, 0.999, 0.9999]))
        times = np.sort(np.exp(rng.uniform(np.log(0.5), np.log(200.0), 3)))
        found = quantiles_over(demand, times, share)
        assert found.tolist() == one_by_one(demand, times, share).tolist(), (demand, share)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", WITH_DENSITY)
def test_with_a_density_against_the_mixture_over_the_counts(name, share):
    """By total probability over the counts; times that are left out go to the lattice."""
    smooth, counts = WITH_DENSITY[name]
    demand = ed.sum_of([smooth, counts])
    times = TIMES[1:]
    found = quantiles_over(demand, times, share)
    assert np.isfinite(found[-3:]).all()
    for time, level in zip(times[np.isfinite(found)], found[np.isfinite(found)], strict=True):
        assert _mixed(smooth, counts, time, level) == pytest.approx(share, abs=1e-11)
        assert cdf_over(demand, time, level, share) == pytest.approx(share, abs=1e-11)
        # what the mixture would not forgive
        assert abs(_mixed(smooth, counts, time, level + 1e-5 * demand.std) - share) > 1e-11


@pytest.mark.parametrize("name", [*CLOSED, *ON_LATTICES, *WITH_DENSITY])
def test_nothing_depends_on_the_other_times(name):
    """Bit for bit, also in another order."""
    demand = CLOSED[name] if name in CLOSED else ed.sum_of((ON_LATTICES | WITH_DENSITY)[name])
    together = quantiles_over(demand, TIMES, 0.975)
    assert quantiles_over(demand, TIMES[::-1], 0.975)[::-1].tolist() == together.tolist()
    alone = [quantiles_over(demand, TIMES[at : at + 1], 0.975)[0] for at in range(len(TIMES))]
    assert np.array(alone).tolist() == together.tolist()


def _mixed(smooth: ed.Distribution, counts: ed.Distribution, time: float, level: float) -> float:
    part, rest = counts.sum_over(time), smooth.sum_over(time)
    numbers = np.arange(float(part.ppf(1.0 - 1e-15)) + 2.0)
    weights = np.diff(part.cdf(numbers), prepend=0.0)
    return float(weights @ rest.cdf(level - numbers))


def test_two_densities_against_ever_finer_lattices():
    demand = ed.sum_of([ed.Gamma(10.0, 4.0), ed.Gamma(7.0, 7.0)])
    total = demand.sum_over(9.5)
    exact = quantiles_over(demand, np.array([9.5]), 0.99)[0]
    for step in (1.0, 0.1, 0.01):  # of the second order in the step
        lattice = total_of_sums([total], [1.0], step=step)
        assert abs(float(lattice.ppf(0.99)) - exact) < 0.05 * step**2


def test_what_is_known_moves_the_rest():
    """Also off the lattice, where one total at a time is moved by part of a step."""
    counts = ed.sum_of([ed.NegativeBinomial(5.2, 4.4), ed.Poisson(2.0)])
    moved = ed.sum_of([counts, ed.Deterministic(1.0 / 3.0)])
    plain = quantiles_over(counts, TIMES, 0.95)
    assert quantiles_over(moved, TIMES, 0.95) == pytest.approx(plain + TIMES / 3.0, rel=1e-14)
    level = plain[4] + TIMES[4] / 3.0
    want = float(counts.sum_over(TIMES[4]).cdf(plain[4]))
    assert cdf_over(moved, TIMES[4], level, 0.95) == pytest.approx(want, abs=1e-12)


def test_a_share_that_rounding_cannot_tell_is_left_out():
    demand = ed.sum_of([ed.NegativeBinomial(5.2, 4.4), ed.Poisson(2.0)])
    share = float(demand.sum_over(3.0).cdf(25.0))
    found = quantiles_over(demand, np.array([2.0, 3.0]), share)
    assert np.isnan(found).tolist() == [False, True]


@pytest.mark.parametrize(
    "demand",
    [
        ed.LogNormal(10.0, 5.0),
        ed.CompoundPoisson(2.0, ed.Gamma(5.0, 3.0)),
        ed.Sum([ed.Poisson(3.0), ed.Weibull(2.0, 4.0)]),
        ed.CompoundPoisson(2.0, ed.LogNormal(5.0, 3.0)),
    ],
    ids=["lognormal", "orders of a density", "no transform", "orders of no transform"],
)
def test_what_is_no_fit_is_left_out(demand):
    assert np.isnan(quantiles_over(demand, np.array([1.5, 4.0]), 0.9)).all()
    assert np.isnan(cdf_over(demand, 4.0, 10.0, 0.9))


@pytest.mark.parametrize("name", [*ON_LATTICES, *WITH_DENSITY])
def test_transforms_have_the_moments(name):
    """Mean and variance from second differences at 0."""
    demand = ed.sum_of((ON_LATTICES | WITH_DENSITY)[name])
    step = 1e-3 / demand.std
    up, down = log_transform(demand, np.array([step, -step]))
    assert (up - down) / (2.0 * step) == pytest.approx(demand.mean, rel=1e-3)
    assert (up + down) / step**2 == pytest.approx(demand.variance, rel=1e-2)
    turned = log_transform(demand, 1j * np.array([step]))[0]
    assert turned.real == pytest.approx(-0.5 * demand.variance * step**2, rel=1e-2)


def test_many_frequencies_are_taken_a_half_period_at_a_time(monkeypatch):
    demand = ed.sum_of(ON_LATTICES["large counts"])
    together = quantiles_over(demand, TIMES, 0.95), cdf_over(demand, 6.0, 8000.0, 0.95)
    monkeypatch.setattr("echelon.distributions.inversion.MOST_NUMBERS", 16)
    apart = quantiles_over(demand, TIMES, 0.95), cdf_over(demand, 6.0, 8000.0, 0.95)
    assert apart[0].tolist() == together[0].tolist()
    assert apart[1] == together[1]
