"""Tables and what is drawn from them: moments, quantiles, atoms, independence, variance reduction.

Statistical tests have fixed seeds and allow four standard errors; a planted error is seen to fail.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from echelon.distributions import (
    Binomial,
    CompoundPoisson,
    Deterministic,
    Distribution,
    Empirical,
    Gamma,
    Geometric,
    LogNormal,
    Mixture,
    NegativeBinomial,
    Normal,
    PerPeriod,
    Poisson,
    SmoothedEmpirical,
    Sum,
    Triangular,
    TruncatedNormal,
    Uniform,
    Weibull,
    ZeroInflated,
    as_distribution,
)
from echelon.errors import DomainError
from echelon.kernels.draws import CONSTANT, LINES, WIDTH, fill
from echelon.simulation.drawn.cells import cells
from echelon.simulation.drawn.inverse import table_of
from echelon.simulation.drawn.laws import good_share, whole_periods
from echelon.simulation.drawn.plain_draws import values_at
from echelon.simulation.drawn.sources import TOGETHER, DrawRow, Joint, UpDown, sources_of

LINED = [
    Normal(50.0, 9.0),
    Gamma(10.0, 4.0),
    Gamma(1.0, 1.0),
    Gamma(1.0, 4.0),
    Gamma(1e6, 1.0),
    LogNormal(10.0, 4.0),
    Uniform(1.0, 3.0),
    Weibull(10.0, 4.0),
    Triangular(1.0, 3.0, 9.0),
    TruncatedNormal(10.0, 6.0),
    as_distribution(stats.weibull_min(2.0, scale=10.0)),
    good_share(0.9, 0.2),
]
POINTS = [
    Poisson(0.1),
    Poisson(5.0),
    Poisson(50.0),
    Poisson(3000.0),
    NegativeBinomial(5.0, 4.0),
    NegativeBinomial(2.0, 12.0),
    Binomial(10, 0.3),
    Geometric(3.0),
    Geometric(3.0, 1),
    Empirical([1.0, 2.5, 7.0], [0.2, 0.5, 0.3]),
    ZeroInflated(0.3, Poisson(5.0)),
    Mixture([Poisson(2.0), Deterministic(9.5)], [0.7, 0.3]),
    CompoundPoisson(2.0, Geometric(3.0, 1)),
    as_distribution(stats.randint(2, 9)),
]
KINKED = [
    ZeroInflated(0.3, Gamma(5.0, 3.0)),
    ZeroInflated(0.3, Normal(5.0, 3.0)),
    Mixture([Normal(2.0, 1.0), Deterministic(9.0)], [0.7, 0.3]),
    Mixture([Gamma(2.0, 0.5), Gamma(90.0, 1.0)], [0.7, 0.3]),
    SmoothedEmpirical([0.0, 4.0, 9.0], [0.5, 0.25, 0.25], 0.5),
    good_share(0.9, 0.05, 0.02),
    Sum((Gamma(3.0, 1.0), Uniform(1.0, 5.0))),
]


def made(law, draws="independent", seed=5):
    return sources_of([DrawRow("demand", ("bolt", "shop"), law)], seed, draws)


def drawn(sources, row=0, n_periods=64, blocks=20):
    out = np.empty((1, n_periods, WIDTH))
    memory = np.zeros((len(sources.kind), WIDTH))
    parts = []
    for block in range(blocks):
        fill(sources, row, row + 1, 0, n_periods, WIDTH * block, WIDTH, memory, out)
        parts.append(out[0].copy())
    return np.concatenate(parts, axis=1)


def at(law, words):
    sources = made(law)
    values = values_at(sources, int(sources.table[0]), np.asarray(words, dtype=np.uint64))
    return sources.location[0] + sources.scale[0] * values


@pytest.mark.parametrize("law", LINED, ids=repr)
def test_lines_have_the_declared_moments(law):
    """Sums over the cells, not a sample: mean and standard deviation to 1e-9."""
    sources = made(law)
    tables, table = sources.tables, int(sources.table[0])
    assert tables.kind[table] == LINES
    grid = cells(int(tables.bits[table]))
    begin = int(tables.first_line[table])
    offset, slope = tables.lines[begin : begin + 2 * len(grid.weight)].reshape(-1, 2).T
    middle = offset + slope * (grid.begin + grid.middle * grid.width)
    mean = grid.weight @ middle
    variance = grid.weight @ ((middle - mean) ** 2 + (slope * grid.width) ** 2 * grid.spread)
    scale = sources.scale[0]
    assert grid.weight.sum() == 1.0
    assert sources.location[0] + scale * mean == pytest.approx(law.mean, abs=1e-9 * law.std)
    assert scale * variance**0.5 == pytest.approx(law.std, rel=1e-9)


@pytest.mark.parametrize("law", [*LINED, *KINKED], ids=repr)
def test_quantiles(law):
    """Near the declared quantile, less so in a long tail, and never falling but by rounding."""
    words = np.sort(np.random.default_rng(1).integers(1 << 20, (1 << 32) - (1 << 20), 2000))
    got = at(law, words)
    assert (np.diff(got) >= -1e-14 * np.abs(got[1:])).all()
    off = np.abs(got - law.ppf((words + 0.5) * 2.0**-32)) / law.std
    assert off.max() < 5e-3
    assert np.quantile(off, 0.99) < 1e-3
    low, high = law.support
    ends = at(law, np.concatenate((np.arange(300), (1 << 32) - 1 - np.arange(300))))
    assert (ends >= low).all()
    assert (ends <= high).all()
    # the outermost word stands for the mean beyond: between quantiles of 2**-32 and 2**-36
    lowest, low, high, highest = law.ppf([2.0**-36, 2.0**-32, 1.0 - 2.0**-32, 1.0 - 2.0**-36])
    slack = 1e-3 * law.std
    assert lowest - slack <= ends[0] <= low + slack
    assert high - slack <= ends[300] <= highest + slack


@pytest.mark.parametrize("law", POINTS, ids=repr)
def test_points_are_exact(law):
    """At every word within 2**-32 of the right probability, so also far out in the tails."""
    rng = np.random.default_rng(2)
    far = np.unique((2.0 ** rng.uniform(0.0, 31.0, 400)).astype(np.int64))
    words = np.unique(np.concatenate((far, (1 << 32) - 1 - far, rng.integers(0, 1 << 32, 400))))
    share = (words + 0.5) * 2.0**-32
    got = at(law, words)
    below, above = (
        law.ppf(np.maximum(share - 1.01 * 2.0**-32, 2.0**-36)),
        law.ppf(np.minimum(share + 1.01 * 2.0**-32, 1.0 - 2.0**-36)),
    )
    assert (got >= below).all()
    assert (got <= above).all()


@pytest.mark.parametrize("law", [*LINED, *POINTS, *KINKED], ids=repr)
def test_samples(law):
    sample = drawn(made(law)).ravel()
    assert abs(sample.mean() - law.mean) < 4 * law.std / sample.size**0.5
    error = ((sample - law.mean) ** 2).std() / sample.size**0.5
    assert abs(((sample - law.mean) ** 2).mean() - law.variance) < 4 * error


def test_a_planted_error_is_seen():
    """The same test fails for a law whose mean is off by one part in a hundred."""
    sample = drawn(made(Normal(50.0, 9.0))).ravel()
    assert abs(sample.mean() - 50.5) > 4 * 9.0 / sample.size**0.5


def test_atoms_by_chi_square():
    law = Poisson(3.0)
    sample = drawn(made(law)).ravel()
    counts = np.bincount(np.minimum(sample.astype(int), 10), minlength=11)
    masses = np.append(stats.poisson(3.0).pmf(np.arange(10)), stats.poisson(3.0).sf(9))
    assert stats.chisquare(counts, masses * sample.size).pvalue > 1e-4
    planted = np.append(stats.poisson(3.05).pmf(np.arange(10)), stats.poisson(3.05).sf(9))
    assert stats.chisquare(counts, planted * sample.size).pvalue < 1e-4


def test_rows_periods_and_runs_are_independent():
    sources = sources_of([DrawRow("demand", (name,), Normal(0.0, 1.0)) for name in "ab"], 5)
    one, other = drawn(sources, 0), drawn(sources, 1)
    pairs = [(one, other), (one[1:], one[:-1]), (one[4:], one[:-4]), (one[:, 1:], one[:, :-1]),
             (one[:, 128:], one[:, :-128])]  # fmt: skip
    for x, y in pairs:
        assert abs(np.corrcoef(x.ravel(), y.ravel())[0, 1]) < 4 / x.size**0.5


def test_cycles_and_known_demand():
    law = PerPeriod((Poisson(2.0), Normal(50.0, 1.0), Deterministic(7.0)))
    sample = drawn(made(law), n_periods=9, blocks=8)
    assert np.abs(sample[1::3].mean() - 50.0) < 4 * 1.0 / sample[1::3].size ** 0.5
    assert np.abs(sample[::3].mean() - 2.0) < 4 * 2.0**0.5 / sample[::3].size ** 0.5
    assert (sample[2::3] == 7.0).all()
    assert table_kind(Empirical([3.0])) == CONSTANT


def table_kind(law):
    sources = made(law)
    return int(sources.tables.kind[sources.table[0]])


@pytest.mark.parametrize("law", [Normal(10.0, 2.0), Gamma(10.0, 2.0), Poisson(9.0)], ids=repr)
def test_joint_rows(law):
    """Correlated scores, and each row its own law."""
    names = (("a",), ("b",))
    rows = [
        DrawRow("demand", names[0], law, Joint(names[:1], np.array([1.0]))),
        DrawRow("demand", names[1], law, Joint(names, np.array([0.8, 0.6]))),
    ]
    sources = sources_of(rows, 5)
    one, other = drawn(sources, 0).ravel(), drawn(sources, 1).ravel()
    for sample in (one, other):
        assert abs(sample.mean() - law.mean) < 4 * law.std / sample.size**0.5
        assert sample.std() == pytest.approx(law.std, rel=0.01)
    want = 0.8 if law.family == "normal" else pytest.approx(0.79, abs=0.02)
    assert np.corrcoef(one, other)[0, 1] == (pytest.approx(want, abs=4 * 0.36 / one.size**0.5)
                                             if law.family == "normal" else want)  # fmt: skip


def test_joint_words_reach_the_tails():
    """A gamma row that is its own score has the gamma quantile of the score's probability."""
    law, name = Gamma(10.0, 4.0), ("a",)
    joint = Joint((name,), np.array([1.0]))
    gammas = sources_of([DrawRow("demand", name, law, joint)], 5)
    normals = sources_of([DrawRow("demand", name, Normal(0.0, 1.0), joint)], 5)
    z, x = drawn(normals).ravel(), drawn(gammas).ravel()
    assert np.abs(x - law.ppf(stats.norm.cdf(z))).max() < 5e-3 * law.std
    assert z.max() > 4.0


def test_up_and_down():
    state = drawn(made(UpDown(0.1, 0.3)), n_periods=256, blocks=8)
    assert (state[0] == 0.0).all()
    assert set(np.unique(state)) == {0.0, 1.0}
    was, now = state[:-1] > 0.5, state[1:] > 0.5
    for before, rate, changed in ((~was, 0.1, now), (was, 0.3, ~now)):
        seen = changed[before].mean()
        assert abs(seen - rate) < 4 * (rate * (1 - rate) / before.sum()) ** 0.5


def test_antithetic_runs_mirror():
    sample = drawn(made(Normal(10.0, 2.0), "antithetic"), blocks=4)
    np.testing.assert_allclose(sample[:, ::2] + sample[:, 1::2], 20.0, rtol=1e-12)


def test_strata_hold_one_run_each():
    sample = drawn(made(Uniform(0.0, 16.0), "stratified"), blocks=4)
    strata = np.sort(np.floor(sample.reshape(64, -1, 16)), axis=2)
    assert (strata == np.arange(16.0)).all()


@pytest.mark.parametrize("draws", ["antithetic", "stratified"])
def test_variance_is_reduced_and_no_bias(draws):
    """Mean over a group of a rising function of 64 periods, against independent groups."""
    group = TOGETHER[draws]

    def means(how):
        sample = drawn(made(Gamma(10.0, 4.0), how), blocks=40)
        return np.maximum(sample.sum(axis=0) - 640.0, 0.0).reshape(-1, group).mean(axis=1)

    usual, better = means("independent"), means(draws)
    assert better.var() < 0.6 * usual.var()
    error = (usual.var() / usual.size + better.var() / better.size) ** 0.5
    assert abs(usual.mean() - better.mean()) < 4 * error


@pytest.mark.parametrize("draws", list(TOGETHER))
def test_each_run_is_uniform(draws):
    """Over periods, whichever place in its group a run has; and over pairs of periods."""
    sample = drawn(made(Uniform(0.0, 1.0), draws), n_periods=1024, blocks=1)
    for run in range(16):
        u = sample[:, run]
        assert stats.kstest(u, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 4 / u.size**0.5


def test_many_rows_at_once():
    means = np.linspace(0.5, 40.0, 300)
    rows = [DrawRow("demand", (str(k),), Poisson(m)) for k, m in enumerate(means)]
    rows += [DrawRow("gamma", (str(k),), Gamma(1.0, 0.2 + m / 50.0)) for k, m in enumerate(means)]
    sources = sources_of(rows, 5)
    for row in (0, 150, 299, 300, 599):
        law = rows[row].law
        assert isinstance(law, Distribution)
        sample = drawn(sources, row, blocks=4).ravel()
        assert abs(sample.mean() - law.mean) < 4 * law.std / sample.size**0.5


def test_whole_periods():
    for law in (
        Gamma(3.0, 1.0),
        Poisson(3.0),
        Uniform(0.2, 0.9),
        Deterministic(2.25),
        Weibull(9, 3),
    ):
        times = whole_periods(law)
        assert all(value == int(value) for value in times.values)
        assert times.mean == pytest.approx(law.mean, rel=1e-8)
        assert law.variance - 1e-7 <= times.variance <= law.variance + 0.25
    times = whole_periods(Gamma(3.0, 1.0))
    assert at(times, [0, (1 << 32) - 1]).tolist() == [times.values[0], times.values[-1]]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: whole_periods(Normal(3.0, 1.0)), "may be negative"),
        (lambda: whole_periods(PerPeriod((Poisson(2.0),))), "changes from period"),
        (lambda: whole_periods(Uniform(0.0, 3e6)), "more than 1,000,000"),
        (lambda: good_share(1.2, 0.1, 1.0), "mean is 1.2.*lot_failure is 1.0"),
        (lambda: good_share(0.9, 0.4), "std is 0.4.*0.3, which"),
        (lambda: made(Normal(1.0, 1.0), "sobol"), "draws is 'sobol'"),
    ],
)
def test_refusals(call, match):
    with pytest.raises(DomainError, match=match):
        call()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_a_law_without_quantiles_is_refused_by_name(wrong):
    class Bad:
        family, discrete, mean, std, variance = "bad", False, 1.0, 1.0, 1.0
        support = (-np.inf, np.inf)
        __hash__ = None

        def ppf(self, q):
            return wrong * q

    same = Bad()
    for one, other in ((Bad(), Bad()), (same, same)):
        rows = [DrawRow("demand", ("A", "shop", "x"), one)]
        rows.append(DrawRow("demand", ("A", "shop", "y"), other))
        with pytest.raises(DomainError, match=r"A @ shop, segment x: .*\n.*A @ shop, segment y: "):
            sources_of(rows, 1)


@pytest.mark.parametrize("make", [
    lambda: Gamma(9.0, 3.0),
    lambda: Geometric(4.0),
    lambda: Deterministic(3.0),
    lambda: LogNormal(10.0, 4.0),
    lambda: Empirical([1.0, 2.0, 5.0]),
    lambda: CompoundPoisson(0.8, Geometric(3.0)),
    lambda: PerPeriod([Poisson(2.0), Empirical([1.0, 7.0])]),
])  # fmt: skip
def test_a_law_that_many_rows_have_draws_as_if_each_had_its_own(make):
    """One object in several rows, beside another, and equal ones that are made for each row."""
    shared, other = make(), Uniform(1.0, 2.0)

    def drawn(laws):
        rows = [DrawRow("demand", ("A", str(i)), law) for i, law in enumerate(laws)]
        out = np.empty((len(rows), 6, WIDTH))
        fill(sources_of(rows, 3), 0, len(rows), 0, 6, 0, WIDTH, np.zeros((len(rows), WIDTH)), out)
        return out

    same = drawn([shared, other, shared, other, shared])
    np.testing.assert_array_equal(same, drawn([make(), Uniform(1.0, 2.0)] * 2 + [make()]))


def test_tables_are_remembered():
    law = Triangular(1.0, 3.0, 9.0)
    assert table_of(law) is table_of(Triangular(1.0, 3.0, 9.0))
