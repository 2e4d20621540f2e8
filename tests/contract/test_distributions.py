"""One suite over every family in the registry: what is declared is what is drawn.

A well-known package declares a mean of 15 and draws 10. Here every case states its distribution
twice, once in our class and once by a second route (``scipy.stats`` or plain arithmetic), and the
samples, the distribution function and the moments must all tell the same story.
"""

from __future__ import annotations

import contextlib
import json
import math
import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import echelon.distributions as ed
from echelon.distributions import FAMILIES, check_moments, make
from echelon.errors import DomainError, EchelonError
from echelon.rng import stream

N_DRAWS = 200_000
DKW = math.sqrt(math.log(2.0 / 1e-6) / (2.0 * N_DRAWS))
"""Largest deviation of an empirical from the true distribution function, but once in a million
(Dvoretzky, Kiefer & Wolfowitz 1956, with the constant of Massart 1990)."""

QUANTILES = np.array([1e-9, 1e-4, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 0.9999, 1.0 - 1e-9])


@dataclass(frozen=True)
class Case:
    """A distribution, and its distribution function, mean and variance by a second route."""

    ours: ed.Distribution
    cdf: Callable[[np.ndarray], np.ndarray]
    mean: float
    variance: float

    def __str__(self) -> str:
        return repr(self.ours)


def against(ours: ed.Distribution, frozen: Any) -> Case:
    mean, variance = frozen.stats(moments="mv")
    return Case(ours, frozen.cdf, float(mean), float(variance))


def truncated(location: float, scale: float) -> Case:
    """Truncated at 0 with these parameters of the parent, moments from scipy."""
    frozen = stats.truncnorm(-location / scale, np.inf, loc=location, scale=scale)
    mean, variance = (float(moment) for moment in frozen.stats(moments="mv"))
    return Case(ed.TruncatedNormal(mean, math.sqrt(variance)), frozen.cdf, mean, variance)


def lognormal(log_mean: float, log_std: float) -> Case:
    frozen = stats.lognorm(log_std, scale=math.exp(log_mean))
    return against(ed.LogNormal(float(frozen.mean()), float(frozen.std())), frozen)


def gamma(shape: float, scale: float) -> Case:
    return against(
        ed.Gamma(shape * scale, math.sqrt(shape) * scale), stats.gamma(shape, scale=scale)
    )


def negative_binomial(r: float, p: float) -> Case:
    frozen = stats.nbinom(r, p)
    return against(ed.NegativeBinomial(float(frozen.mean()), float(frozen.std())), frozen)


def points(*pairs: tuple[float, float]) -> Case:
    values, weights = zip(*pairs, strict=True)
    mean = sum(v * w for v, w in pairs)
    return Case(
        ed.Empirical(values, weights),
        lambda x: np.array([sum(w for v, w in pairs if v <= at) for at in np.ravel(x)]),
        mean,
        sum(w * (v - mean) ** 2 for v, w in pairs),
    )


def known(value: float) -> Case:
    ours = ed.Deterministic(value)
    return Case(ours, lambda x: np.where(np.asarray(x) >= value, 1.0, 0.0), value, 0.0)


def weibull(shape: float, scale: float) -> Case:
    """By the closed form of its distribution function and moments."""
    first, second = math.gamma(1.0 + 1.0 / shape), math.gamma(1.0 + 2.0 / shape)
    return Case(
        ed.Scipy("weibull_min", (shape,), (("scale", scale),)),
        lambda x: -np.expm1(-((np.maximum(x, 0.0) / scale) ** shape)),
        scale * first,
        scale**2 * (second - first**2),
    )


def binomial(n: int, p: float) -> Case:
    """By summing its probabilities one by one."""
    mass = [math.comb(n, k) * p**k * (1.0 - p) ** (n - k) for k in range(n + 1)]
    return Case(
        ed.Scipy("binom", (n, p)),
        lambda x: np.array([math.fsum(mass[: max(0, math.floor(at) + 1)]) for at in np.ravel(x)]),
        n * p,
        n * p * (1.0 - p),
    )


def weibull_by_moments(shape: float, scale: float) -> Case:
    frozen = stats.weibull_min(shape, scale=scale)
    return against(ed.Weibull(float(frozen.mean()), float(frozen.std())), frozen)


def triangular(low: float, mode: float, high: float) -> Case:
    frozen = stats.triang((mode - low) / (high - low), loc=low, scale=high - low)
    return against(ed.Triangular(low, mode, high), frozen)


def own_binomial(n: int, p: float) -> Case:
    return replace(binomial(n, p), ours=ed.Binomial(n, p))


def geometric(p: float, start: int) -> Case:
    frozen = stats.geom(p, loc=start - 1)
    return against(ed.Geometric(float(frozen.mean()), start), frozen)


def sometimes(occurrence: float, case: Case) -> Case:
    """Zero-inflated: the law of total probability, and the second moment."""
    second = case.variance + case.mean**2
    return Case(
        ed.ZeroInflated(occurrence, case.ours),
        lambda x: (1.0 - occurrence) * (np.asarray(x) >= 0.0) + occurrence * case.cdf(x),
        occurrence * case.mean,
        occurrence * second - (occurrence * case.mean) ** 2,
    )


def mixture(*parts: tuple[float, Case]) -> Case:
    mean = sum(weight * case.mean for weight, case in parts)
    second = sum(weight * (case.variance + case.mean**2) for weight, case in parts)
    return Case(
        ed.Mixture([case.ours for _, case in parts], [weight for weight, _ in parts]),
        lambda x: sum(weight * case.cdf(x) for weight, case in parts),
        mean,
        second - mean**2,
    )


def compound_gamma(rate: float, shape: float, scale: float) -> Case:
    """By summing over the number of orders, each sum a gamma of scipy."""
    counts = np.arange(1, 200)
    chances = stats.poisson(rate).pmf(counts)

    def cdf(x: np.ndarray) -> np.ndarray:
        sums = [stats.gamma(shape * n, scale=scale).cdf(x) for n in counts]
        return math.exp(-rate) * (np.asarray(x) >= 0.0) + chances @ np.array(sums)

    size = gamma(shape, scale).ours
    second = shape * (shape + 1.0) * scale**2
    return Case(ed.CompoundPoisson(rate, size), cdf, rate * shape * scale, rate * second)


def compound_points(rate: float, size: ed.Distribution, pack: int, *chances: float) -> Case:
    """By Panjer's recursion over packs: n p(n) = rate * sum over j of j f(j) p(n - j)."""
    mass = [math.exp(-rate)]
    for n in range(1, 400):
        past = [j * f * mass[n - j] for j, f in enumerate(chances, 1) if j <= n]
        mass.append(rate / n * math.fsum(past))
    cumulated = np.minimum(np.cumsum(mass), 1.0)
    first = math.fsum(j * f for j, f in enumerate(chances, 1)) * pack
    second = math.fsum(j * j * f for j, f in enumerate(chances, 1)) * pack**2

    def cdf(x: np.ndarray) -> np.ndarray:
        place = np.floor(np.clip(np.asarray(x) / pack, -1.0, 399.0)).astype(int)
        return np.where(place < 0, 0.0, cumulated[place])

    return Case(ed.CompoundPoisson(rate, size), cdf, rate * first, rate * second)


def smoothed(smoothing: float, *pairs: tuple[float, float]) -> Case:
    """By adding up scipy's gamma kernels, and the moments of a mixture of them."""
    values, weights = zip(*pairs, strict=True)
    mean = sum(v * w for v, w in pairs)
    second = sum(w * (v * v + smoothing * v) for v, w in pairs)

    def cdf(x: np.ndarray) -> np.ndarray:
        kernels = [
            stats.gamma(v / smoothing, scale=smoothing).cdf(x) if v > 0.0 else np.asarray(x) >= 0.0
            for v in values
        ]
        return np.asarray(weights) @ np.array(kernels, dtype=float)

    ours = ed.SmoothedEmpirical(values, weights, smoothing)
    return Case(ours, cdf, mean, second - mean**2)


def in_turn(*parts: Case) -> Case:
    """A cycle of periods, one picked at random: the law of total variance."""
    means = np.array([case.mean for case in parts])
    return Case(
        ed.PerPeriod(tuple(case.ours for case in parts)),
        lambda x: np.mean([case.cdf(x) for case in parts], axis=0),
        float(means.mean()),
        float(np.mean([case.variance for case in parts]) + means.var()),
    )


def beside(case: Case, *pairs: tuple[float, float]) -> Case:
    """With a few points added independently: the law of total probability over them."""
    values, weights = zip(*pairs, strict=True)
    mean = sum(v * w for v, w in pairs)
    return Case(
        ed.Sum([case.ours, ed.Empirical(values, weights)]),
        lambda x: sum(w * case.cdf(np.asarray(x) - v) for v, w in pairs),
        case.mean + mean,
        case.variance + sum(w * (v - mean) ** 2 for v, w in pairs),
    )


def with_poisson(case: Case, mean: float) -> Case:
    """With a Poisson demand added independently: scipy's probabilities, one by one."""
    counts = np.arange(200)
    chances = stats.poisson(mean).pmf(counts)
    return Case(
        ed.Sum([ed.Poisson(mean), case.ours]),
        lambda x: chances @ np.array([case.cdf(np.asarray(x) - k) for k in counts]),
        case.mean + mean,
        case.variance + mean,
    )


CASES = (
    against(ed.Normal(100.0, 30.0), stats.norm(100.0, 30.0)),
    against(ed.Normal(0.0, 2.0), stats.norm(0.0, 2.0)),
    truncated(100.0, 30.0),
    truncated(5.0, 10.0),
    truncated(-30.0, 12.0),
    gamma(16.0, 2.5),
    gamma(0.4, 25.0),
    lognormal(2.0, 0.3),
    lognormal(0.0, 0.6),
    against(ed.Uniform(2.0, 9.0), stats.uniform(2.0, 7.0)),
    against(ed.Uniform(-1.0, 0.5), stats.uniform(-1.0, 1.5)),
    against(ed.Poisson(0.3), stats.poisson(0.3)),
    against(ed.Poisson(7.5), stats.poisson(7.5)),
    against(ed.Poisson(4000.0), stats.poisson(4000.0)),
    negative_binomial(0.5, 0.1),
    negative_binomial(12.0, 0.6),
    known(0.0),
    known(12.5),
    points((0.0, 0.5), (5.0, 0.3), (20.0, 0.2)),
    points((-3.5, 0.1), (0.0, 0.2), (1.25, 0.3), (2.0, 0.4)),
    weibull_by_moments(0.7, 3.0),
    weibull_by_moments(3.5, 20.0),
    triangular(2.0, 3.0, 10.0),
    triangular(-4.0, 1.0, 1.0),
    triangular(5.0, 5.0, 6.0),
    own_binomial(20, 0.3),
    own_binomial(1, 0.85),
    geometric(0.25, 0),
    geometric(0.4, 1),
    sometimes(0.3, gamma(2.0, 4.0)),
    sometimes(0.15, against(ed.Poisson(7.5), stats.poisson(7.5))),
    sometimes(0.6, against(ed.Normal(10.0, 8.0), stats.norm(10.0, 8.0))),
    mixture((0.7, gamma(16.0, 0.25)), (0.3, lognormal(2.2, 0.2))),
    mixture(
        (0.25, against(ed.Poisson(2.0), stats.poisson(2.0))), (0.75, points((5.0, 0.5), (9.5, 0.5)))
    ),
    compound_gamma(1.5, 2.0, 3.0),
    compound_gamma(12.0, 0.5, 10.0),
    compound_points(1.5, ed.Empirical([12, 36], [0.75, 0.25]), 12, 0.75, 0.0, 0.25),
    compound_points(4.0, ed.Geometric(2.5, start=1), 1, *(0.4 * 0.6 ** np.arange(399)).tolist()),
    in_turn(
        gamma(4.0, 5.0), lognormal(2.0, 0.3), against(ed.Normal(9.0, 2.0), stats.norm(9.0, 2.0))
    ),
    in_turn(
        against(ed.Poisson(2.0), stats.poisson(2.0)), points((0.0, 0.5), (9.5, 0.5)), known(3.0)
    ),
    in_turn(gamma(2.0, 4.0), known(0.0)),
    smoothed(0.5, (0.0, 0.5), (4.0, 0.25), (9.0, 0.25)),
    smoothed(2.0, (1.0, 0.2), (3.0, 0.5), (30.0, 0.3)),
    beside(against(ed.Poisson(7.5), stats.poisson(7.5)), (0.0, 0.6), (12.0, 0.3), (36.0, 0.1)),
    beside(negative_binomial(0.5, 0.1), (-3.5, 0.1), (0.0, 0.2), (1.25, 0.3), (2.0, 0.4)),
    beside(own_binomial(20, 0.3), (5.0, 1.0)),
    with_poisson(negative_binomial(12.0, 0.6), 3.0),
    weibull(1.5, 10.0),
    binomial(20, 0.3),
)

each_case = pytest.mark.parametrize("case", CASES, ids=str)


def draws(case: Case, label: str = "contract") -> np.ndarray:
    return case.ours.sample(stream(2026, label, repr(case.ours)), N_DRAWS)


def test_every_family_is_exercised_with_two_cases_or_more():
    """A family that is registered without cases here has no contract."""
    cases = Counter(type(case.ours).family for case in CASES)
    assert {name: cases[name] for name in FAMILIES if cases[name] < 2} == {}


def test_every_family_satisfies_the_protocol():
    for case in CASES:
        assert isinstance(case.ours, ed.Distribution)
        assert FAMILIES[case.ours.family] is type(case.ours)


@each_case
def test_declared_moments_agree_with_the_second_route(case):
    assert case.ours.mean == pytest.approx(case.mean, rel=1e-12, abs=1e-12)
    assert case.ours.variance == pytest.approx(case.variance, rel=1e-12, abs=1e-12)
    assert case.ours.std == pytest.approx(math.sqrt(case.ours.variance), rel=1e-15)


@each_case
def test_samples_have_the_declared_mean_and_variance(case):
    drawn = draws(case)
    assert drawn.dtype == np.float64
    assert drawn.shape == (N_DRAWS,)
    mean_error = case.ours.std / math.sqrt(N_DRAWS)
    assert abs(drawn.mean() - case.ours.mean) <= 4.0 * mean_error
    fourth = ((drawn - case.ours.mean) ** 4).mean()
    variance_error = math.sqrt(max(fourth - case.ours.variance**2, 0.0) / N_DRAWS)
    spread = ((drawn - case.ours.mean) ** 2).mean()
    assert abs(spread - case.ours.variance) <= 4.0 * variance_error


@each_case
def test_samples_fill_the_declared_support_and_stay_inside(case):
    drawn = draws(case)
    low, high = case.ours.support
    assert low <= drawn.min()
    assert drawn.max() <= high
    # beyond these quantiles ten draws are expected; to see none has probability exp(-10)
    assert drawn.min() <= case.ours.ppf(10.0 / N_DRAWS)
    assert drawn.max() >= case.ours.ppf(1.0 - 10.0 / N_DRAWS)
    assert case.ours.cdf(np.nextafter(low, -np.inf)) == 0.0
    assert case.ours.cdf(high) == 1.0
    assert case.ours.ppf([0.0, 0.3, 1.0])[[0, 2]].tolist() == [low, high]
    assert (case.ours.ppf(0.0), case.ours.ppf(1.0)) == (low, high)


@each_case
def test_samples_follow_the_distribution_function(case):
    seen, counts = np.unique(draws(case), return_counts=True)
    reached = np.cumsum(counts) / N_DRAWS
    at = np.abs(reached - case.ours.cdf(seen))
    before = np.abs((reached - counts / N_DRAWS) - case.ours.cdf(np.nextafter(seen, -np.inf)))
    assert max(at.max(), before.max()) <= DKW


@each_case
def test_distribution_function_agrees_with_the_second_route(case):
    where = np.concatenate((case.ours.ppf(QUANTILES), [case.ours.mean, -1.0, 0.0, 3.7]))
    assert case.ours.cdf(where) == pytest.approx(case.cdf(where), rel=1e-10, abs=1e-14)


@each_case
def test_quantile_is_the_smallest_value_that_reaches_the_probability(case):
    quantile = case.ours.ppf(QUANTILES)
    assert (np.diff(quantile) >= 0.0).all()
    if case.ours.discrete:
        assert (case.ours.cdf(quantile) >= QUANTILES).all()
        assert (case.ours.cdf(np.nextafter(quantile, -np.inf)) < QUANTILES).all()
    else:
        reached, below = case.ours.cdf(quantile), case.ours.cdf(np.nextafter(quantile, -np.inf))
        atom = reached - below > 1e-9  # demand that is often 0 jumps there, and only there
        assert (quantile[atom] == 0.0).all()
        assert ((below <= QUANTILES) & (reached >= QUANTILES))[atom].all()
        assert reached[~atom] == pytest.approx(QUANTILES[~atom], rel=1e-9, abs=1e-15)


@each_case
def test_distribution_function_keeps_shapes_and_takes_infinity(case):
    assert case.ours.cdf(1.0).shape == ()
    assert case.ours.cdf(np.ones((2, 3))).shape == (2, 3)
    assert case.ours.ppf([[0.5, 0.25]]).shape == (1, 2)
    assert case.ours.cdf([-np.inf, np.inf]).tolist() == [0.0, 1.0]
    assert case.ours.sample(stream(1), (3, 4)).shape == (3, 4)


@each_case
def test_missing_and_impossible_arguments_are_errors(case):
    with pytest.raises(DomainError, match=r"x\[1\] is NaN"):
        case.ours.cdf([1.0, math.nan])
    for q in (math.nan, -0.1, 97.5):
        with pytest.raises(DomainError, match="between 0 and 1"):
            case.ours.ppf([0.5, q])
    for periods in (-1.0, math.nan, math.inf, "2"):
        with pytest.raises(DomainError, match="periods"):
            case.ours.sum_over(periods)


@each_case
def test_the_same_stream_gives_the_same_draws(case):
    one, two = (case.ours.sample(stream(7, "demand", "A"), (5, 3)) for _ in range(2))
    assert one.tobytes() == two.tobytes()


@each_case
def test_survives_pickle_repr_and_hash(case):
    copy = pickle.loads(pickle.dumps(case.ours))
    assert copy == case.ours
    assert hash(copy) == hash(case.ours)
    assert eval(repr(case.ours), vars(ed)) == case.ours
    assert copy.sample(stream(3), 4).tolist() == case.ours.sample(stream(3), 4).tolist()


@each_case
def test_a_table_row_gives_it_back(case):
    """Moments and JSON parameters, as the demand table keeps them, lose nothing."""
    ours = case.ours
    text = json.dumps(ours.parameters())
    assert make(ours.family, ours.mean, ours.std, text) == ours
    if ours.parameters():
        assert make(ours.family, parameters=json.loads(text)) == ours
        assert type(ours).from_parameters(math.nan, math.nan, ours.parameters()) == ours


@each_case
def test_is_frozen(case):
    with pytest.raises((AttributeError, TypeError)):
        case.ours.mean = 3.0


@each_case
def test_sum_over_nothing_and_over_one_period(case):
    assert case.ours.sum_over(0) == ed.Deterministic(0.0)
    assert case.ours.sum_over(1) is case.ours


@each_case
@pytest.mark.parametrize("n", [2, 5])
def test_sum_over_periods_is_the_sum_of_independent_periods(case, n):
    total = case.ours.sum_over(n)
    if total is None:
        # what is not closed says so, and says it for every length
        assert case.ours.sum_over(n + 0.5) is None
        return
    assert total.mean == pytest.approx(n * case.ours.mean, rel=1e-12, abs=1e-12)
    assert total.variance == pytest.approx(n * case.ours.variance, rel=1e-12, abs=1e-12)
    sums = case.ours.sample(stream(11, "sum", repr(case.ours), n), (n, N_DRAWS)).sum(axis=0)
    seen, counts = np.unique(sums, return_counts=True)
    assert np.abs(np.cumsum(counts) / N_DRAWS - total.cdf(seen)).max() <= DKW


def test_the_families_closed_under_addition_are_these():
    closed = {case.ours.family for case in CASES if case.ours.sum_over(2) is not None}
    assert closed == {
        "binomial",  # over whole periods
        "compound_poisson",
        "deterministic",
        "gamma",
        "geometric",  # counted from 0: negative binomial
        "negative_binomial",
        "normal",
        "poisson",
        "sum",  # where all components are
    }


@each_case
def test_two_fractional_sums_make_the_whole_one(case):
    """Over 1.75 and 0.75 periods together it is distributed as over 2.5: infinite divisibility."""
    parts = [case.ours.sum_over(1.75), case.ours.sum_over(0.75)]
    whole = case.ours.sum_over(2.5)
    if whole is None:
        assert parts == [None, None]
        return
    rng = stream(13, "fraction", repr(case.ours))
    sums = sum(part.sample(rng, N_DRAWS) for part in parts)
    seen, counts = np.unique(sums, return_counts=True)
    assert np.abs(np.cumsum(counts) / N_DRAWS - whole.cdf(seen)).max() <= DKW
    assert whole.mean == pytest.approx(2.5 * case.ours.mean, rel=1e-12, abs=1e-12)
    assert whole.variance == pytest.approx(2.5 * case.ours.variance, rel=1e-12, abs=1e-12)


# The widest range of std over mean that each family states, less a hair.
VARIATION = {
    "normal": (1e-6, 1e6),
    "uniform": (1e-6, 1e6),
    "gamma": (1e-4, 30.0),
    "lognormal": (1e-4, 30.0),
    "truncated_normal": (1e-6, 0.999998),
    "weibull": (1.001e-6, 30.0),
}


NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)
S = 0.5 * (NODES + 1.0)
TAIL = np.maximum(0.5 * S**8, 2.0**-53)
"""Probabilities from 0 to a half: q = s**8 / 2 crowds them in the tail, where quantiles run off."""
TAIL_WEIGHT = 0.5 * WEIGHTS * 4.0 * S**7


def quantile_moments(ours: ed.Distribution) -> tuple[float, float]:
    """Mean and variance from the quantile function alone, by Gauss-Legendre on both tails."""
    near, far = ours.ppf(TAIL), ours.ppf(1.0 - TAIL)
    mean = float((TAIL_WEIGHT * (near + far)).sum())
    return mean, float((TAIL_WEIGHT * ((near - mean) ** 2 + (far - mean) ** 2)).sum())


@pytest.mark.parametrize("family", sorted(VARIATION))
@given(data=st.data())
def test_from_moments_gives_those_moments(family, data):
    mean = data.draw(st.floats(1e-3, 1e6), label="mean")
    lowest, highest = VARIATION[family]
    std = mean * data.draw(st.floats(lowest, highest), label="std over mean")
    made = FAMILIES[family].from_moments(mean, std)
    assert made.mean == pytest.approx(mean, rel=1e-12, abs=1e-12 * std)
    assert made.std == pytest.approx(std, rel=1e-9)
    if std <= 1.2 * mean:  # beyond, the integrals converge too slowly to say anything
        integrated_mean, integrated_variance = quantile_moments(made)
        assert integrated_mean == pytest.approx(mean, rel=1e-6)
        assert integrated_variance == pytest.approx(std**2, rel=2e-4)


@given(mean=st.floats(0.01, 1e4), excess=st.floats(1.01, 100.0))
def test_negative_binomial_from_moments(mean, excess):
    made = ed.NegativeBinomial.from_moments(mean, math.sqrt(excess * mean))
    failures, odds = made.successes, (1.0 - made.probability) / made.probability
    assert failures * odds == pytest.approx(mean, rel=1e-9)
    assert failures * odds * (1.0 + odds) == pytest.approx(excess * mean, rel=1e-9)


@given(mean=st.just(0.0) | st.floats(1e-9, 1e6))
def test_poisson_from_its_mean_alone(mean):
    made = make("poisson", mean)
    assert (made.mean, made.variance) == (mean, mean)


ODD_NUMBERS = st.one_of(
    st.sampled_from([math.nan, math.inf, -math.inf, -1.0, 0.0, 1e-300]),
    st.floats(1e-3, 1e3),
)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@given(rows=st.lists(st.tuples(ODD_NUMBERS, ODD_NUMBERS), min_size=1, max_size=12))
def test_a_column_is_judged_as_its_rows_one_by_one(family, rows):
    """The vectorised check of a table and the constructor are the same rules."""
    mean, std = np.array(rows).T
    completed_mean, completed_std, faults = check_moments(family, mean, std)
    bad = {row for fault in faults for row in fault.rows}
    made = {}
    for row, pair in enumerate(rows):
        with contextlib.suppress(EchelonError):
            made[row] = make(family, *pair)
    assert set(made) == set(range(len(rows))) - bad
    for row, one in made.items():
        assert one.mean == pytest.approx(completed_mean[row], rel=1e-9)
        assert one.std == pytest.approx(completed_std[row], rel=1e-9)


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"geometric", "poisson"}))
def test_standard_deviation_zero_is_a_known_demand(family):
    assert make(family, 12.0, 0.0) == ed.Deterministic(12.0)
    assert make(family, 0.0, 0.0) == ed.Deterministic(0.0)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize(
    ("mean", "std"),
    [(None, 1.0), (math.nan, 1.0), (math.inf, 1.0), (1.0, -1.0), (1.0, math.inf)],
)
def test_make_refuses_what_no_family_allows(family, mean, std):
    with pytest.raises(DomainError, match=r"(mean|std).*Fix: "):
        make(family, mean, std)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize(("mean", "std"), [("12", 1.0), (True, 1.0), (1.0, "0.5"), (1.0, False)])
def test_make_takes_numbers_only(family, mean, std):
    with pytest.raises(DomainError, match="not a number"):
        make(family, mean, std)
