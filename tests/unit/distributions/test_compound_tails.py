r"""Loss functions of compound Poisson demand to 1e-10 of themselves, far out in both tails.

Against Panjer's recursion, all of whose terms are positive, in fifty digits: with
:math:`f_j` the chance of a size of j steps, :math:`p_0 = e^{-r(1 - f_0)}` and
:math:`p_k = (r/k) \sum_j j f_j p_{k-j}` [1]_.

.. [1] Panjer (1981), Recursive evaluation of a family of compound distributions, *ASTIN Bulletin*
   12(1).
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from echelon import distributions as ed
from echelon.distributions.partial import PARTS, partial_moment

mp = pytest.importorskip("mpmath").mp
mp.dps = 50

SMALLEST = 1e-30
CLOSE = 1e-10


def panjer(rate, chances, n):
    """Probabilities of 0 to n - 1 steps."""
    chances = {j: mp.mpf(chance) for j, chance in chances.items() if chance > 0.0}
    total = mp.fsum(chances.values())
    chances = {j: chance / total for j, chance in chances.items()}
    found = [mp.exp(-mp.mpf(rate) * (1 - chances.get(0, 0)))]
    some = [(j, chance * j) for j, chance in sorted(chances.items()) if j > 0]
    for k in range(1, n):
        summed = mp.fsum(c * found[k - j] for j, c in some if j <= k)
        found.append(mp.mpf(rate) * summed / k)
    return found


def compare(law, masses, levels, step=1.0):
    """All four partial moments at levels of which the masses leave nothing above out."""
    for (order, above), _ in PARTS.items():
        found = partial_moment(law, np.array(levels, dtype=float), order, above)
        for level, value in zip(levels, found.tolist(), strict=True):
            x, h = mp.mpf(level), mp.mpf(step)
            gaps = ((k * h - x) if above else (x - k * h) for k in range(len(masses)))
            wanted = mp.fsum(
                gap**order * mass / order for gap, mass in zip(gaps, masses, strict=True) if gap > 0
            )
            if wanted > SMALLEST:
                error = float(abs(mp.mpf(value) / wanted - 1))
                assert error < CLOSE, (law, level, order, above, error, float(wanted))


SIZES = {
    "packs": ed.Empirical([1, 2, 5], [0.5, 0.3, 0.2]),
    "also none": ed.Empirical([0, 1, 7], [0.4, 0.5, 0.1]),
    "gaps": ed.Empirical([3, 40], [0.999, 0.001]),
    "zero inflated": ed.ZeroInflated(0.3, ed.Empirical([1, 4], [0.5, 0.5])),
    "mixture": ed.Mixture([ed.Deterministic(2.0), ed.Empirical([1, 9], [0.5, 0.5])], [0.7, 0.3]),
    "known": ed.Deterministic(3.0),
    "binomial": ed.Binomial(4, 0.3),
}


def chances_of(size, most=60):
    points = np.arange(most)
    found = np.diff(size.cdf(points.astype(float)), prepend=0.0)
    return dict(zip(points.tolist(), found.tolist(), strict=True))


EXACT = {
    "packs": {1: 0.5, 2: 0.3, 5: 0.2},
    "also none": {0: 0.4, 1: 0.5, 7: 0.1},
    "gaps": {3: 0.999, 40: 0.001},
    "zero inflated": {0: 0.7, 1: 0.15, 4: 0.15},
    "mixture": {2: 0.7, 1: 0.15, 9: 0.15},
    "known": {3: 1.0},
    "binomial": {k: stats.binom(4, 0.3).pmf(k) for k in range(5)},
}


@pytest.mark.parametrize("rate", [0.05, 1.5, 30.0])
@pytest.mark.parametrize("name", list(SIZES))
def test_sizes_of_a_table(name, rate):
    law = ed.CompoundPoisson(rate, SIZES[name])
    far = law.mean + np.array([-6.0, -3.0, 0.0, 3.0, 8.0, 14.0]) * law.std
    levels = [0.25, 1.0, *(max(0.5, round(level * 2) / 2) for level in far)]
    masses = panjer(rate, EXACT[name], int(1.6 * levels[-1]) + 300)
    compare(law, masses, levels)


@pytest.mark.parametrize("mean", [1.2, 4.0])
def test_geometric_sizes_from_one(mean):
    """The stuttering Poisson."""
    law = ed.CompoundPoisson(0.8, ed.Geometric(mean, start=1))
    chances = {j: (1 / mp.mpf(mean)) * (1 - 1 / mp.mpf(mean)) ** (j - 1) for j in range(1, 700)}
    compare(law, panjer(0.8, chances, 700), [0.5, 1.0, 3.0, 20.0, 60.5, 120.0, 200.0])


def test_a_frozen_law_whose_quantile_is_searched_for():
    """``logser(0.7).isf(1e-300)`` of scipy never ends; its loss by a sum of its own."""
    law = ed.as_distribution(stats.logser(0.7))
    points = np.arange(1.0, 400.0)
    wanted = np.maximum(points - 30.0, 0.0) @ stats.logser(0.7).pmf(points)
    assert float(partial_moment(law, np.array(30.0), 1, True)) == pytest.approx(wanted, rel=1e-12)


def test_orders_of_orders():
    """A size that is compound Poisson itself: of a family that adds up, though by no formula."""
    inner = ed.CompoundPoisson(0.5, ed.Empirical([1.0], [1.0]))
    law = ed.CompoundPoisson(1.2, inner)
    chances = dict(enumerate(stats.poisson(0.5).pmf(np.arange(40))))
    masses = panjer(1.2, chances, 120)
    found = partial_moment(law, np.array([6.0, 0.5]), 1, True)
    for level, value in zip([6.0, 0.5], found.tolist(), strict=True):
        wanted = mp.fsum((k - level) * mass for k, mass in enumerate(masses) if k > level)
        assert value == pytest.approx(float(wanted), rel=1e-10)


def test_steps_other_than_one():
    law = ed.CompoundPoisson(2.0, ed.Empirical([0.6, 1.5], [0.8, 0.2]))
    compare(
        law, panjer(2.0, {2: 0.8, 5: 0.2}, 300), [0.2, 0.6, 2.4, 9.0, 20.1, 30.0], mp.mpf("0.3")
    )


def test_logarithmic_sizes_make_a_negative_binomial():
    """Quenouille (1949): no recursion, the closed family itself."""
    share, failures = 0.7, 2.5
    rate = -failures * np.log1p(-share)
    law = ed.CompoundPoisson(rate, ed.as_distribution(stats.logser(share)))
    mean = failures * share / (1.0 - share)
    twin = ed.NegativeBinomial(mean, np.sqrt(mean / (1.0 - share)))
    levels = np.array([0.5, 1.0, 3.0, 6.0, 20.0, 40.5, 70.0, 100.0, 160.0])
    for order, above in PARTS:
        found = partial_moment(law, levels, order, above)
        wanted = partial_moment(twin, levels, order, above)
        assert found == pytest.approx(wanted, rel=1e-10)


def test_many_orders():
    """Of one size each: the Poisson demand itself, by its own formulas."""
    rate = 1e5
    law = ed.CompoundPoisson(rate, ed.Empirical([2.0], [1.0]))
    levels = 2.0 * (rate + np.array([-7.0, -3.0, -0.1, 0.0, 0.1, 3.0, 7.0]) * np.sqrt(rate))
    for order, above in PARTS:
        found = partial_moment(law, levels, order, above)
        wanted = 2.0**order * partial_moment(ed.Poisson(rate), levels / 2.0, order, above)
        assert found == pytest.approx(wanted, rel=1e-9)


def test_below_nothing_and_beyond_all():
    law = ed.CompoundPoisson(1.5, ed.Empirical([1, 2, 5], [0.5, 0.3, 0.2]))
    levels = np.array([-3.0, 0.0, 1e9])
    mean, variance = law.mean, law.variance
    assert partial_moment(law, levels, 1, True) == pytest.approx([mean + 3.0, mean, 0.0])
    want = [((mean + 3.0) ** 2 + variance) / 2.0, (mean**2 + variance) / 2.0, 0.0]
    assert partial_moment(law, levels, 2, True) == pytest.approx(want)
    assert partial_moment(law, levels, 1, False) == pytest.approx([0.0, 0.0, 1e9 - mean])
    assert partial_moment(law, np.zeros((2, 0)), 1, True).shape == (2, 0)


@settings(max_examples=40, deadline=None)
@given(
    rate=st.floats(0.001, 300.0),
    sizes=st.lists(st.integers(0, 40), min_size=1, max_size=5, unique=True),
    weights=st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5),
    deviations=st.floats(-8.0, 30.0),
)
def test_second_order_is_the_integral_of_the_first(rate, sizes, weights, deviations):
    """Far out too, by the straight lines between points; and what is short and left differ."""
    chances = np.array(weights[: len(sizes)]) / np.sum(weights[: len(sizes)])
    law = ed.CompoundPoisson(rate, ed.Empirical(sizes, chances))
    level = np.floor(max(law.mean + deviations * law.std, 0.0))
    points = level + np.arange(2.0)
    short, left = (partial_moment(law, points, 1, above) for above in (True, False))
    squares = [partial_moment(law, points, 2, above) for above in (True, False)]
    assert squares[0][0] - squares[0][1] == pytest.approx(
        short.mean(), rel=1e-9, abs=1e-10 * squares[0][0]
    )
    assert squares[1][1] - squares[1][0] == pytest.approx(
        left.mean(), rel=1e-9, abs=1e-10 * squares[1][1]
    )
    assert left - short == pytest.approx(points - law.mean, rel=1e-9, abs=1e-10 * law.mean)
