"""Independent demands of different families together: against draws, enumeration, closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

import echelon as ec
from echelon import distributions as ed
from echelon.distributions import Sum, expected_shortage, sum_of
from echelon.distributions.lattice import increments_of, lattice_step
from echelon.distributions.lattice_total import lattice_total
from echelon.distributions.sums import closed_sum, sum_on_lattice
from echelon.errors import DomainError
from echelon.rng import stream

N = 1_000_000
PACKS = ed.Empirical([0, 12, 36], [0.6, 0.3, 0.1])
MIXED = {
    "gamma + negative binomial": Sum([ed.Gamma(10.0, 4.0), ed.NegativeBinomial(5.0, 3.0)]),
    "lognormal + poisson": Sum([ed.LogNormal(10.0, 6.0), ed.Poisson(3.0)]),
    "normal + poisson": Sum([ed.Normal(10.0, 4.0), ed.Poisson(2.0)]),
    "packs + gamma": Sum([PACKS, ed.Gamma(10.0, 12.0)]),
    "zero-inflated twice": Sum(
        [ed.ZeroInflated(0.3, ed.Gamma(10.0, 4.0)), ed.ZeroInflated(0.2, ed.LogNormal(20.0, 10.0))]
    ),
    "three densities": Sum([ed.Gamma(8.0, 8.0), ed.Weibull(5.0, 1.0), ed.Uniform(0.0, 30.0)]),
    "small beside large": Sum([ed.Gamma(1.0, 0.5), ed.LogNormal(300.0, 200.0)]),
    "poisson + packs": Sum([ed.Poisson(2.0), PACKS]),
    "orders + gamma": Sum([ed.CompoundPoisson(0.5, ed.LogNormal(9.0, 9.0)), ed.Gamma(3.0, 2.0)]),
}
each_sum = pytest.mark.parametrize("name", MIXED)


def check_against_draws(drawn, made, shares):
    """Distribution function and expected shortage at quantiles, within 4 standard errors."""
    for level in np.quantile(drawn, shares):
        reached = (drawn <= level).mean()
        error = max(reached * (1.0 - reached), 1.0 / len(drawn)) ** 0.5 / len(drawn) ** 0.5
        assert abs(float(made.cdf(level)) - reached) <= 4.0 * error
        above = np.maximum(drawn - level, 0.0)
        error = above.std() / len(drawn) ** 0.5
        owed = made.shortage(level) if hasattr(made, "shortage") else expected_shortage(made, level)
        assert abs(float(owed) - above.mean()) <= 4.0 * error + 1e-9


@each_sum
def test_a_period_against_a_million_draws(name):
    demand = MIXED[name]
    drawn = demand.sample(stream(31, "sum", name), N)
    assert abs(drawn.mean() - demand.mean) <= 4.0 * demand.std / N**0.5
    check_against_draws(drawn, demand, [0.05, 0.3, 0.6, 0.9, 0.99])


@each_sum
def test_three_periods_against_draws(name):
    demand = MIXED[name]
    rng = stream(32, "sum", name)
    drawn = sum(demand.sample(rng, N) for _ in range(3))
    check_against_draws(drawn, lattice_total(demand, [3.0], [1.0]), [0.1, 0.5, 0.9, 0.99])
    check_against_draws(drawn, ec.exposure_demand(demand, 3), [0.1, 0.5, 0.9, 0.99])


@each_sum
def test_quantile_and_distribution_function_undo_each_other(name):
    demand = MIXED[name]
    shares = np.array([0.001, 0.2, 0.5, 0.8, 0.95, 0.999])
    levels = demand.ppf(shares)
    assert (np.diff(levels) >= 0.0).all()
    assert (demand.cdf(levels) >= shares - 1e-12).all()
    if demand.discrete:
        assert (demand.cdf(levels - 1e-9) < shares).all()
    else:
        inside = levels > 0.0
        assert demand.cdf(levels)[inside] == pytest.approx(shares[inside], abs=1e-10)


def test_lattices_are_added_up_without_error():
    """Every pair of values, one by one."""
    one = ed.Empirical([0.0, 0.6, 1.5], [0.2, 0.5, 0.3])
    other = ed.Empirical([-0.25, 2.0], [0.4, 0.6])
    demand = Sum([one, other])
    chances: dict[float, float] = {}
    pairs = [list(zip(law.values, law.probabilities, strict=True)) for law in (one, other)]
    for (v, p), (w, q) in itertools.product(*pairs):
        chances[round(v + w, 9)] = chances.get(round(v + w, 9), 0.0) + p * q
    values = np.array(sorted(chances))
    reached = np.cumsum([chances[v] for v in values])
    assert lattice_step(demand) == (1, 20)
    assert sum_on_lattice(demand).exact
    assert sum_on_lattice(demand).error_bound == 0.0
    assert demand.cdf(values) == pytest.approx(reached, abs=1e-14)
    assert demand.cdf(values - 1e-9) == pytest.approx(np.append(0.0, reached[:-1]), abs=1e-14)
    assert demand.support == (-0.25, 3.5)
    assert demand.ppf([0.0, 0.05, 1.0]).tolist() == [-0.25, -0.25, 3.5]


@pytest.mark.parametrize("n", [1, 4, 30])
def test_densities_stay_within_their_bounds(n):
    """Gamma demands of one scale, added up on the lattice on purpose; and their closed form."""
    parts = [ed.Gamma(4.0, 2.0), ed.Gamma(9.0, 3.0), ed.Gamma(1.0, 1.0)]
    made, truth = lattice_total(Sum(parts), [float(n)], [1.0]), stats.gamma(14.0 * n)
    shares = np.array([0.01, 0.3, 0.5, 0.9, 0.99])
    levels = truth.ppf(shares)
    one = increments_of(Sum(parts))
    assert one.splits == 3
    assert made.error_bound >= made.step * min(3 * n, 2.0)
    assert np.abs(made.ppf(shares) - levels).max() <= min(made.error_bound, 3e-4 * truth.std())
    short = np.array([truth.expect(lambda d, x=x: d - x, lb=x) for x in levels])
    excess = made.shortage(levels) - short
    assert (excess >= -1e-7 * truth.std()).all()
    assert (excess <= made.shortage_bound).all()


@each_sum
def test_the_lattice_keeps_the_mean_and_adds_little(name):
    one = increments_of(MIXED[name])
    points = (one.first + np.arange(len(one.mass))) * one.step
    mean = points @ one.mass
    std = MIXED[name].std
    assert mean == pytest.approx(MIXED[name].mean, abs=1e-2 * one.step + 2e-6 * std)
    added = (points - mean) ** 2 @ one.mass - std**2
    assert -2e-5 * std**2 <= added <= 0.25 * one.splits * one.step**2 + 1e-5 * std**2


def test_whole_units_stay_on_the_lattice_beside_a_density():
    """A 13th of a unit serves a density that asks for a step of 0.078."""
    one = increments_of(Sum([ed.Gamma(10.0, 4.0), ed.Poisson(9.0)]))
    assert (one.numerator, one.denominator) == (1, 13)
    assert one.splits == 1
    cents = ed.Empirical([0.0, 0.01, 999.99], [0.2, 0.4, 0.4])
    coarse = increments_of(Sum([ed.Gamma(1000.0, 400.0), cents]))
    assert coarse.splits == 2
    assert len(coarse.mass) < 5_000
    shifted = Sum([ed.Gamma(10.0, 4.0), ed.Deterministic(6.3)])
    assert shifted.ppf(0.95) == pytest.approx(6.3 + float(ed.Gamma(10.0, 4.0).ppf(0.95)), abs=1e-3)


def test_known_demands_on_no_lattice():
    total = Sum([ed.Deterministic(2**0.5), ed.Deterministic(np.pi)])
    assert total.ppf([0.1, 0.9]) == pytest.approx(np.pi + 2**0.5, abs=1e-7)
    assert total.cdf([4.55, 4.56]).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("step", [1e-2, 0.3, 5.0])
def test_a_step_of_ones_own_is_the_largest(step):
    demand = MIXED["gamma + negative binomial"]
    one = increments_of(demand, step)
    assert one.step <= step
    total = ec.exposure_demand(demand, 2, step=step)
    fine = ec.exposure_demand(demand, 2)
    assert abs(float(total.ppf(0.9)) - float(fine.ppf(0.9))) <= float(total.error_bound)
    with pytest.raises(DomainError, match=r"lattice points of .* Fix: give a larger step"):
        increments_of(demand, 1e-9)


COLLAPSED = [
    ([ed.Normal(5.0, 3.0), ed.Normal(6.0, 4.0)], ed.Normal(11.0, 5.0)),
    ([ed.Normal(5.0, 3.0), ed.Deterministic(2.0)], ed.Normal(7.0, 3.0)),
    ([ed.Poisson(2.0), ed.Poisson(3.0)], ed.Poisson(5.0)),
    ([ed.Gamma(4.0, 2.0), ed.Gamma(9.0, 3.0)], ed.Gamma(13.0, 13.0**0.5)),
    (
        [ed.NegativeBinomial(4.0, 8.0**0.5), ed.NegativeBinomial(6.0, 12.0**0.5)],
        ed.NegativeBinomial(10.0, 20.0**0.5),
    ),
    ([ed.Deterministic(2.0), ed.Deterministic(3.5)], ed.Deterministic(5.5)),
    ([ed.Gamma(4.0, 2.0), ed.Deterministic(0.0)], ed.Gamma(4.0, 2.0)),
    ([PACKS], PACKS),
    ([], ed.Deterministic(0.0)),
]


@pytest.mark.parametrize(("laws", "expected"), COLLAPSED, ids=str)
def test_what_has_a_closed_form_takes_it(laws, expected):
    for way in itertools.permutations(laws):
        total = sum_of(way)
        assert type(total) is type(expected)
        assert total.mean == pytest.approx(expected.mean, rel=1e-14)
        assert total.std == pytest.approx(expected.std, rel=1e-14)
        assert closed_sum(way) == total


def test_the_rest_is_added_up_family_by_family_in_one_order():
    laws = [ed.Poisson(2.0), ed.Gamma(4.0, 2.0), ed.Poisson(3.0), ed.Gamma(9.0, 3.0), PACKS]
    expected = Sum([PACKS, ed.Gamma(13.0, 13.0**0.5), ed.Poisson(5.0)])
    for way in itertools.permutations(laws):
        assert sum_of(way) == expected
        assert closed_sum(way) is None
    assert sum_of([Sum(laws[:2]), Sum(laws[2:])]) == expected
    many = [ed.Gamma(5.0, 1.0 + 0.001 * k) for k in range(3000)]
    assert len(sum_of(many).components) == 3000  # of as many scales
    assert sum_of([ed.Gamma(5.0, 3.0), ed.Deterministic(2.0)]) == Sum(
        [ed.Deterministic(2.0), ed.Gamma(5.0, 3.0)]
    )


def test_any_time_is_summed_where_all_components_can_be():
    demand = MIXED["gamma + negative binomial"]
    half = demand.sum_over(2.5)
    rng = stream(33, "half")
    drawn = ed.Gamma(25.0, 4.0 * 2.5**0.5).sample(rng, N) + ed.NegativeBinomial(
        12.5, 3.0 * 2.5**0.5
    ).sample(rng, N)
    check_against_draws(drawn, half, [0.1, 0.5, 0.95])
    assert float(ec.exposure_demand(demand, 2.5).ppf(0.95)) == float(half.ppf(0.95))
    assert MIXED["lognormal + poisson"].sum_over(2.0) is None
    with pytest.raises(DomainError, match="a part of a period is not known"):
        ec.exposure_demand(MIXED["lognormal + poisson"], 2.5)


@pytest.mark.parametrize(
    "lead_time",
    [ed.Empirical([2, 9], [0.9, 0.1]), ed.Empirical([0.0, 2.25, 9.5], [0.2, 0.7, 0.1])],
    ids=["whole", "parts of a period"],
)
@pytest.mark.parametrize(
    "laws",
    [
        (ed.Gamma(10.0, 4.0), ed.NegativeBinomial(5.0, 3.0)),
        (ed.Gamma(0.010, 0.004), ed.Gamma(0.02, 0.012)),
        (ed.Poisson(3.0), ed.NegativeBinomial(5.0, 3.0)),
        (ed.Poisson(3.0), ed.CompoundPoisson(0.4, ed.Deterministic(12.0))),
    ],
    ids=str,
)
def test_random_lead_times_are_mixed_over(lead_time, laws):
    exposed = ec.exposure_demand(Sum(laws), lead_time)
    rng = stream(34, "mixed", repr(laws))
    times = lead_time.sample(rng, N)
    drawn = np.zeros(N)
    for time in np.unique(times[times > 0.0]):
        here = times == time
        for law in laws:
            drawn[here] += law.sum_over(time).sample(rng, int(here.sum()))
    check_against_draws(drawn, exposed, [0.1, 0.5, 0.9, 0.95, 0.99])
    assert float(exposed.mean) == pytest.approx(lead_time.mean * sum(law.mean for law in laws))
    level = float(exposed.level_for_shortage(0.01 * float(exposed.mean)))
    assert float(exposed.shortage(level)) == pytest.approx(0.01 * float(exposed.mean), rel=1e-6)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Sum([]), "there is no component"),
        (lambda: Sum(3.0), r"components is 3\.0\. Fix: give a list"),
        (lambda: Sum(["gamma"]), r"components\[0\]: distribution is 'gamma'"),
        (
            lambda: Sum([ed.Gamma(1.0, 1.0), ed.PerPeriod((ed.Poisson(1.0), ed.Poisson(2.0)))]),
            r"components\[1\] changes from period to period",
        ),
        (lambda: ed.make("sum", parameters={"components": "gamma"}), "Fix: give a list"),
        (lambda: Sum.from_parameters(np.nan, np.nan, {}), "components"),
        (lambda: ed.make("sum", 4.0, 1.0), "Fix: give parameters"),
        (lambda: ed.make("sum", parameters={"components": [{"mean": 3}]}), "names no family"),
    ],
)
def test_mistakes_are_told(wrong, told):
    with pytest.raises(DomainError, match=told) as caught:
        wrong()
    assert "Fix: " in str(caught.value)
