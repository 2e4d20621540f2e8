"""Exposure demand: the forms its sums take agree, and what is asked wrongly is told."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from echelon import distributions as ed
from echelon.distributions.lattice_total import LatticeTotal, lattice_total
from echelon.errors import DomainError, UnknownNameError
from echelon.lead_time import totals
from echelon.lead_time.exposed_periods import (
    binomial_counts,
    exposed_periods,
    mixed,
    poisson_counts,
    whole_periods,
)
from echelon.lead_time.exposure import exposure_demand

BIMODAL = ed.Empirical([2, 9], [0.7, 0.3])
SHARES = np.array([0.05, 0.5, 0.9, 0.99, 0.9999])

DEMANDS = [
    ed.Normal(10.0, 4.0),
    ed.Gamma(10.0, 4.0),
    ed.LogNormal(10.0, 4.0),
    ed.Poisson(3.0),
    ed.NegativeBinomial(3.0, 3.0),
    ed.Geometric(3.0),
    ed.Geometric(3.0, start=1),
    ed.Binomial(12, 0.3),
    ed.Deterministic(7.0),
    ed.Empirical([0, 1.5, 6], [0.5, 0.3, 0.2]),
    ed.CompoundPoisson(0.6, ed.Gamma(8.0, 5.0)),
    ed.CompoundPoisson(0.6, ed.Weibull(8.0, 5.0)),
    ed.CompoundPoisson(0.6, ed.Empirical([12, 24], [0.7, 0.3])),
    ed.CompoundPoisson(0.6, ed.ZeroInflated(0.5, ed.Gamma(8.0, 5.0))),
    ed.ZeroInflated(0.3, ed.Gamma(8.0, 5.0)),
    ed.ZeroInflated(0.3, ed.Weibull(8.0, 5.0)),
    ed.ZeroInflated(0.3, ed.Geometric(4.0, start=1)),
    ed.Mixture([ed.Gamma(4.0, 2.0), ed.Normal(30.0, 5.0)], [0.8, 0.2]),
    ed.SmoothedEmpirical([0, 3, 10], [0.5, 0.3, 0.2], 0.8),
]

each_demand = pytest.mark.parametrize("demand", DEMANDS, ids=repr)


@pytest.mark.parametrize("demand", [d for d in DEMANDS if d.sum_over(2.0) is not None], ids=repr)
def test_a_fixed_exposure_is_the_closed_sum(demand):
    for periods in (0.0, 1.0, 3.0):
        total = demand.sum_over(periods)
        made = exposure_demand(demand, periods - 1.0, 1.0) if periods else exposure_demand(demand)
        levels = total.ppf(SHARES)
        assert made.cdf(levels) == pytest.approx(total.cdf(levels), rel=1e-9, abs=1e-9)
        assert made.ppf(SHARES) == pytest.approx(levels, rel=1e-9, abs=1e-9 + made.error_bound)
        assert made.mean == pytest.approx(total.mean)
        assert made.variance == pytest.approx(total.variance)


@each_demand
def test_a_random_exposure_is_the_mixture_of_fixed_ones(demand):
    parts = [exposure_demand(demand, periods, 1.0) for periods in (2.0, 9.0)]
    made = exposure_demand(demand, BIMODAL, 1.0)
    levels = np.concatenate([part.ppf(SHARES) for part in parts])
    for name in ("cdf", "shortage"):
        blend = sum(
            weight * getattr(part, name)(levels)
            for part, weight in zip(parts, (0.7, 0.3), strict=True)
        )
        assert getattr(made, name)(levels) == pytest.approx(blend, rel=1e-6, abs=1e-6)
    assert (made.low, made.high) == (
        min(part.low for part in parts),
        max(part.high for part in parts),
    )


@pytest.mark.parametrize("size", [ed.LogNormal(5.0, 3.0), ed.Geometric(3.0, start=1)])
def test_orders_of_a_long_tail_over_no_time_are_none(size):
    """No orders times an overflow is no number: it was warned of."""
    made = exposure_demand(ed.CompoundPoisson(0.5, size), 0)
    assert (made.high, float(made.ppf(0.9)), float(made.shortage(0.0))) == (0.0, 0.0, 0.0)


def test_losses_are_convex_also_where_a_lattice_ends_after_the_largest_demand():
    """Values on no lattice: the last point of the one they are put on lies beyond 2 pi."""
    made = exposure_demand(ed.Empirical([0.0, 2.0**0.5, np.pi], [0.3, 0.3, 0.4]), 2)
    points = np.linspace(made.high - 0.5, made.high + 0.5, 401)
    for values in (made.shortage(points), made.leftover(points), made.second_shortage(points)):
        assert (np.diff(values, 2) >= -1e-12).all()
    assert (made.shortage(points)[points >= made.high] <= made.shortage_bound).all()
    assert made.shortage([made.high + 1.0, np.inf]).tolist() == [0.0, 0.0]
    assert made.level_for_shortage(0.0) == made.high


@each_demand
def test_quantiles_shortages_and_their_inverses_agree(demand):
    made = exposure_demand(demand, BIMODAL)
    quantile = made.ppf(SHARES)
    assert (made.cdf(quantile) >= SHARES - 1e-9).all()
    if made.error_bound == 0.0:
        below = made.cdf(np.nextafter(quantile, -np.inf))
        assert (below <= SHARES + 1e-9).all()
    assert made.ppf([0.0, 1.0]).tolist() == [made.low, made.high]
    owed = made.shortage(quantile)
    assert (np.diff(owed) <= 0.0).all()
    positive = owed > 1e-6
    found = made.level_for_shortage(owed[positive])
    assert made.shortage(found) == pytest.approx(owed[positive], rel=1e-7)
    assert made.leftover(quantile) - owed == pytest.approx(quantile - made.mean, abs=1e-6)
    assert made.level_for_shortage(0.0) == made.high
    assert made.cdf([-np.inf, np.inf]).tolist() == [0.0, 1.0]
    assert made.shortage(np.inf) == 0.0
    assert made.shortage(-1000.0) == pytest.approx(made.mean + 1000.0, rel=1e-6)


@each_demand
def test_the_closed_form_agrees_with_the_lattice(demand):
    """The fast path and its twin: mixtures of closed sums, and one transform."""
    made = exposure_demand(demand, BIMODAL)
    events, size = None, demand
    if isinstance(demand, ed.CompoundPoisson):
        events, size = demand.rate, demand.size
    twin = lattice_total(size, [2.0, 9.0], [0.7, 0.3], events=events)
    levels = made.ppf(SHARES)
    room = 1e-12 if twin.exact else 2e-4
    assert twin.cdf(levels) == pytest.approx(made.cdf(levels), abs=room)
    assert twin.shortage(levels) == pytest.approx(made.shortage(levels), abs=1e-3 * made.std)


@each_demand
def test_many_stages_answer_as_each_alone(demand):
    lead_times = [0.0, BIMODAL, 4.0, ed.Poisson(1.5)]
    reviews = [1, 0, 2, 1]
    together = exposure_demand([demand] * 4, lead_times, reviews)
    alone = [exposure_demand(demand, *one) for one in zip(lead_times, reviews, strict=True)]
    assert together.shape == (4,)
    assert alone[0].shape == ()
    shares = np.array([[0.5], [0.95]])
    assert together.ppf(shares).shape == (2, 4)
    level = together.ppf(0.9)
    for stage, one in enumerate(alone):
        assert together.ppf(shares)[:, stage] == pytest.approx(one.ppf(shares[:, 0]), rel=1e-12)
        assert together.cdf(level)[stage] == pytest.approx(one.cdf(level[stage]), rel=1e-12)
        owed = one.shortage(level[stage])
        assert together.shortage(level)[stage] == pytest.approx(owed, rel=1e-12, abs=1e-12)
        if owed > 0.0:
            found = together.level_for_shortage(owed)[stage]
            assert found == pytest.approx(one.level_for_shortage(owed), rel=1e-9)
        for name in ("mean", "variance", "low", "high", "error_bound", "shortage_bound"):
            assert getattr(together, name)[stage] == getattr(one, name)


def test_families_mix_in_one_portfolio():
    together = exposure_demand(DEMANDS, BIMODAL, 1)
    single = [float(exposure_demand(one, BIMODAL, 1).ppf(0.95)) for one in DEMANDS]
    assert together.ppf(0.95) == pytest.approx(single, rel=1e-12)


def test_a_random_sum_of_gammas_by_direct_summation():
    """Compound Poisson over a two-humped lead time, against scipy, number by number."""
    demand = ed.CompoundPoisson(0.6, ed.Gamma(8.0, 5.0))
    made = exposure_demand(demand, BIMODAL)
    counts = np.arange(1, 120)
    chances = 0.7 * stats.poisson(1.2).pmf(counts) + 0.3 * stats.poisson(5.4).pmf(counts)
    none = 0.7 * np.exp(-1.2) + 0.3 * np.exp(-5.4)
    for x in (0.0, 5.0, 40.0, 120.0):
        sums = stats.gamma(2.56 * counts, scale=3.125).cdf(x)
        assert made.cdf(x) == pytest.approx(none + chances @ sums, abs=1e-13)
    assert made.ppf(none - 1e-9) == 0.0


def test_lead_times_with_a_density_by_quadrature():
    """Poisson demand over a gamma lead time is negative binomial, exactly."""
    lead_time = ed.Gamma(4.0, 2.0)  # shape 4, scale 1
    made = exposure_demand(ed.Poisson(5.0), lead_time)
    exact = stats.nbinom(4, 1.0 / 6.0)
    grid = np.arange(0, 120, 3)
    assert made.cdf(grid) == pytest.approx(exact.cdf(grid), abs=2e-5)
    assert made.mean == pytest.approx(exact.mean(), rel=1e-7)
    assert made.variance == pytest.approx(exact.var(), rel=1e-7)
    smooth = exposure_demand(ed.Gamma(10.0, 4.0), lead_time)

    def weighed(x):
        return integrate.quad(
            lambda t: stats.gamma(6.25 * t, scale=1.6).cdf(x) * stats.gamma(4.0).pdf(t),
            0.0,
            40.0,
            limit=200,
        )[0]

    for x in (5.0, 30.0, 60.0, 90.0, 130.0):
        assert smooth.cdf(x) == pytest.approx(weighed(x), abs=2e-5)


DENSE = [
    ed.Gamma(3.0, 2.0),
    ed.Gamma(60.0, 20.0),
    ed.Uniform(30.0, 90.0),
    ed.LogNormal(20.0, 15.0),
    ed.Mixture([ed.Gamma(20.0, 5.0), ed.Gamma(100.0, 10.0)], [0.8, 0.2]),
    ed.LogNormal(10.0, 50.0),
    ed.LogNormal(10.0, 100.0),
    ed.LogNormal(1e3, 1e6),
    ed.ZeroInflated(0.3, ed.Gamma(5.0, 2.0)),
]


@pytest.mark.parametrize("lead_time", DENSE, ids=repr)
def test_demand_steady_beside_the_lead_time_keeps_the_service(lead_time):
    """Against the mean over 400,001 quantiles of the lead time: within 0.001, whatever the demand.

    With cells of a quarter deviation, Normal(100, 0.5) over Uniform(30, 90) was off by 0.007, and a
    lognormal lead time that varies by 1,000 % by 0.03.
    """
    n = 400_001
    times = lead_time.ppf((np.arange(n) + 0.5) / n)
    for std in (0.0, 0.5, 5.0, 20.0, 40.0):
        demand = ed.Normal(100.0, std) if std else ed.Deterministic(100.0)
        made = exposure_demand(demand, lead_time)
        for share in (0.5, 0.8, 0.9, 0.95, 0.99):
            level = float(made.ppf(share))
            above = (level - 100.0 * times) / np.maximum(std * np.sqrt(times), 1e-9)
            kept = np.where(above == 0.0, 1.0, special.ndtr(above)).mean()
            assert float(made.cdf(level)) == pytest.approx(kept, abs=1e-3), (demand, share)
            if std > 5.0:
                assert float(made.cdf(level)) == pytest.approx(kept, abs=5e-4), (demand, share)


def test_cells_are_many_only_where_demand_is_steady():
    """What varies by itself hides the cells."""
    for law, most in ((ed.Gamma(4.0, 2.0), 140), (ed.Uniform(30.0, 90.0), 70)):
        assert len(exposed_periods(law, demand_cv=0.5).periods) < most
        assert 800 < len(exposed_periods(law, demand_cv=0.0).periods) < 1_000


def test_no_time_is_no_time_to_the_last_bit():
    """Seven in ten times of nothing: they were put at the end of a cell, 0.0075 periods."""
    exposed = exposed_periods(ed.ZeroInflated(0.3, ed.Gamma(5.0, 2.0)))
    assert exposed.periods[0] == 0.0
    assert exposed.weights[0] == pytest.approx(0.7, abs=1e-9)


@pytest.mark.parametrize("demand", [ed.Gamma(10.0, 4.0), ed.Normal(10.0, 0.1), ed.Gamma(1.0, 8.0)])
@pytest.mark.parametrize("lead_time", [BIMODAL, ed.Gamma(4.0, 2.0), ed.LogNormal(3.0, 9.0)])
def test_secants_find_what_halving_finds(monkeypatch, demand, lead_time):
    made = exposure_demand(demand, lead_time)
    shares = np.array([1e-12, 0.05, 0.7, 0.95, 0.999999])
    fast = made.ppf(shares)
    monkeypatch.setattr(totals, "narrowed", lambda *given: given[2:])
    assert fast == pytest.approx(made.ppf(shares), rel=1e-13, abs=1e-300)


@given(
    law=st.sampled_from(
        [
            ed.Gamma(4.0, 2.0),
            ed.Gamma(1.0, 3.0),
            ed.LogNormal(5.0, 5.0),
            ed.Weibull(3.0, 1.0),
            ed.Uniform(0.0, 5.0),
            ed.Triangular(1.0, 2.0, 9.0),
            ed.TruncatedNormal(3.0, 2.0),
            ed.SmoothedEmpirical([0, 2, 9], [0.2, 0.5, 0.3], 0.1),
            ed.Mixture([ed.Gamma(1.5, 0.5), ed.Gamma(6.0, 1.0)], [0.7, 0.3]),
            ed.Poisson(4.0),
            ed.Empirical([0.5, 2.0], [0.5, 0.5]),
            ed.Deterministic(3.0),
        ]
    ),
    review=st.sampled_from([0.0, 1.0, 2.5]),
)
def test_a_lead_time_taken_apart_keeps_its_moments(law, review):
    made = exposed_periods(law, review)
    assert made.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (made.weights > 0.0).all()
    assert made.mean == pytest.approx(law.mean + review, rel=1e-6)
    assert made.variance == pytest.approx(law.variance, rel=1e-4, abs=1e-12)
    assert (np.diff(made.periods) > 0.0).all()
    assert made.periods[0] >= review


def test_lead_times_rounded_up_to_whole_periods():
    made = whole_periods(ed.Gamma(4.0, 2.0))
    grid = np.arange(1.0, 15.0)
    assert made.cdf(grid) == pytest.approx(stats.gamma(4.0).cdf(grid), abs=1e-11)
    assert whole_periods(ed.Empirical([0, 1.5], [0.5, 0.5])) == ed.Empirical([0, 2], [0.5, 0.5])
    assert 4.0 < made.mean < 5.0
    with pytest.raises(DomainError, match="may be negative"):
        whole_periods(ed.Normal(4.0, 1.0))


def test_exposures_shift_and_mix():
    base = exposed_periods(BIMODAL)
    assert base.later(-3.0).periods.tolist() == [0.0, 6.0]
    both = mixed([base.later(1.0), base.later(8.0)])
    assert both.periods.tolist() == [3.0, 10.0, 17.0]
    assert both.weights.tolist() == pytest.approx([0.35, 0.5, 0.15])


def test_numbers_of_orders():
    base = exposed_periods(BIMODAL)
    counts = binomial_counts(base, 0.3)
    blend = 0.7 * stats.binom(2, 0.3).pmf(np.arange(10)) + 0.3 * stats.binom(9, 0.3).pmf(
        np.arange(10)
    )
    assert counts.weights == pytest.approx(blend, abs=1e-14)
    poisson = poisson_counts(base, 0.6)
    blend = 0.7 * stats.poisson(1.2).pmf(poisson.periods) + 0.3 * stats.poisson(5.4).pmf(
        poisson.periods
    )
    assert poisson.weights == pytest.approx(blend, abs=1e-14)


def test_two_moments_only_when_asked():
    demand = ed.Gamma(10.0, 4.0)
    normal = exposure_demand(demand, BIMODAL, 1, method="normal")
    mean, variance = 10.0 * 5.1, 16.0 * 5.1 + 100.0 * 10.29
    assert (normal.mean, normal.variance) == pytest.approx((mean, variance))
    assert normal.ppf(0.95) == pytest.approx(stats.norm(mean, variance**0.5).ppf(0.95), rel=1e-12)
    gamma = exposure_demand(demand, BIMODAL, 1, method="gamma")
    frozen = stats.gamma(mean**2 / variance, scale=variance / mean)
    assert gamma.ppf(0.95) == pytest.approx(frozen.ppf(0.95), rel=1e-9)
    known = exposure_demand(ed.Deterministic(5.0), 3.0, method="normal")
    assert known.ppf([0.1, 0.9]).tolist() == [15.0, 15.0]
    assert (known.low, known.high) == (15.0, 15.0)


def test_what_is_exact_says_so():
    assert exposure_demand(ed.Gamma(10.0, 4.0), BIMODAL).error_bound == 0.0
    assert exposure_demand(ed.Empirical([0, 1.5], [0.5, 0.5]), BIMODAL).error_bound == 0.0
    put = exposure_demand(ed.LogNormal(10.0, 4.0), BIMODAL)
    assert 0.0 < put.error_bound < 0.1 * put.std
    assert 0.0 < put.shortage_bound < 0.01 * put.std
    assert isinstance(put.totals[0][1], LatticeTotal)
    finer = exposure_demand(ed.LogNormal(10.0, 4.0), BIMODAL, step=0.01)
    assert finer.error_bound < 0.25 * put.error_bound


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            (ed.LogNormal(10.0, 4.0), 2.5),
            r"stage 0: .* a part of a period .* 2.5 periods. Fix: use whole",
        ),
        ((ed.ZeroInflated(0.3, ed.Gamma(8.0, 5.0)), 2.5), "part of a period"),
        ((ed.LogNormal(10.0, 4.0), ed.Gamma(3.0, 1.0)), "whole_periods rounds a random lead time"),
        ((ed.Gamma(10.0, 4.0), ed.Normal(3.0, 1.0)), "may be negative"),
        ((ed.Gamma(10.0, 4.0), -1.0), "lead_time is -1.0, must be >= 0"),
        ((ed.Gamma(10.0, 4.0), np.nan), "lead_time is nan"),
        ((ed.Gamma(10.0, 4.0), 1.0, -1), "review_period is -1"),
        (
            (ed.Gamma(10.0, 4.0), [1.0, 2.0], [1, 1, 1]),
            "lead_time has 2 entries where others have 3",
        ),
        (([], 1.0), "nothing was given"),
        ((ed.Gamma(10.0, 4.0), np.ones((2, 2))), "one axis, stages"),
        ((7.0, 1.0), "which is not one"),
        ((ed.Gamma(10.0, 4.0), "3"), "which is not one"),
        ((ed.PerPeriod((ed.Poisson(1.0), ed.Poisson(3.0))), 2.0), "changes from period to period"),
    ],
)
def test_what_has_no_answer_is_told(arguments, told):
    with pytest.raises(DomainError, match=told):
        exposure_demand(*arguments)


@pytest.mark.parametrize("method", ["normal", "gamma"])
def test_two_moments_do_not_hide_that_demand_changes(method):
    demand = ed.PerPeriod((ed.Poisson(1.0), ed.Poisson(3.0)))
    with pytest.raises(DomainError, match="changes from period to period"):
        exposure_demand(demand, 2.0, method=method)


def test_unknown_methods_and_impossible_questions():
    with pytest.raises(UnknownNameError, match="Did you mean 'normal'"):
        exposure_demand(ed.Gamma(10.0, 4.0), 1.0, method="normale")
    made = exposure_demand(ed.Gamma(10.0, 4.0), 1.0)
    with pytest.raises(DomainError, match="between 0 and 1"):
        made.ppf(95)
    with pytest.raises(DomainError, match=r"shortage is -1\.0"):
        made.level_for_shortage(-1.0)
    for ask in (made.cdf, made.shortage, made.leftover, made.level_for_shortage):
        with pytest.raises(DomainError, match="NaN"):
            ask(np.nan)


def test_ten_thousand_stages_take_seconds():
    """CPU seconds for quantiles of 10,000 stages under a two-humped lead time."""
    rng = np.random.default_rng(4)
    mean, variation = rng.uniform(5.0, 50.0, 10_000), rng.uniform(0.2, 1.2, 10_000)
    demands = [ed.Gamma(m, m * v) for m, v in zip(mean, variation, strict=True)]
    began = time.process_time()
    level = exposure_demand(demands, ed.Empirical([2, 4, 5, 9], [0.4, 0.3, 0.2, 0.1]), 1).ppf(0.95)
    assert time.process_time() - began < 5.0
    assert (level > 3.0 * mean).all()
