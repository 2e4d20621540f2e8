"""Orders outstanding at retailers, against plain twins; runs as Python too, with ECHELON_JIT=0."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from echelon.kernels.two_echelon import (
    count_measures,
    fill_masses,
    last_count,
    outstanding_measures,
    running,
)
from echelon.kernels.two_echelon_levels import (
    EACH_FILL_RATE,
    TOTAL_BACKORDERS,
    cheapest_levels,
    least_value_levels,
    owed_at,
    search,
    spread,
)

COUNTS = np.arange(200)


def outstanding(warehouse_mean, stock, share, transit_mean):
    """Plain twin: a binomial share of the warehouse's backorders and a Poisson, term by term."""
    orders = stats.poisson.pmf(COUNTS, warehouse_mean)
    short = np.maximum(COUNTS - stock, 0)
    waiting = sum(orders[n] * stats.binom.pmf(COUNTS, short[n], share) for n in COUNTS)
    return np.convolve(waiting, stats.poisson.pmf(COUNTS, transit_mean))[: COUNTS.size]


def measured(masses, level):
    excess = np.maximum(np.arange(masses.size) - level, 0)
    left = np.maximum(level - np.arange(masses.size), 0)
    late, short = masses[level:].sum(), masses[level + 1 :].sum()
    return [late, short, excess @ masses, excess * (excess - 1) @ masses, left @ masses]


@pytest.mark.parametrize("mean", [0.0, 1e-6, 0.3, 1.0, 7.5, 60.0])
def test_poisson_masses(mean):
    masses = np.empty(last_count(0.0, mean) + 1)
    fill_masses(0.0, mean, masses)
    counts = np.arange(masses.size)
    known = stats.poisson.logpmf(counts, mean) if mean else np.where(counts, -np.inf, 0.0)
    kept = masses > 0.0
    assert np.log(masses[kept]) == pytest.approx(known[kept], rel=1e-11, abs=1e-12)
    assert masses[-1] <= 1e-40 * masses.max() * 1.01


@pytest.mark.parametrize(("size", "chance"), [(0.2, 0.5), (1.0, 0.3), (3.7, 0.9), (50.0, 0.6)])
def test_negative_binomial_masses(size, chance):
    slope = 1.0 - chance
    start = (size - 1.0) * slope
    masses = np.empty(last_count(slope, start) + 1)
    fill_masses(slope, start, masses)
    assert masses == pytest.approx(
        stats.nbinom.pmf(np.arange(masses.size), size, chance), rel=1e-10, abs=1e-300
    )


def test_measures_keep_their_accuracy_where_shortages_are_tiny():
    out = np.empty((1, 5))
    count_measures(np.zeros(1), np.array([4.0]), np.array([30]), out)
    tail = stats.poisson.sf(np.arange(30, 80), 4.0)
    assert out[0, 1] == pytest.approx(tail[0], rel=1e-11)
    assert out[0, 2] == pytest.approx(tail.sum(), rel=1e-11)
    assert out[0, 2] < 1e-15


def test_running_sums():
    at_most, on_hand = running(np.array([0.5, 0.25, 0.25]))
    assert at_most.tolist() == [0.0, 0.5, 0.75, 1.0]
    assert on_hand.tolist() == [0.0, 0.5, 1.25, 2.25]


@pytest.mark.parametrize("stock", [0, 1, 4, 9, 60])
@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("transit_mean", [0.0, 1.5])
def test_outstanding_orders_against_the_convolution(stock, share, transit_mean):
    out = np.empty((4, 5))
    level = np.array([0, 1, 3, 12])
    whole = np.ones(4)
    outstanding_measures(
        4.0 * whole, stock * np.ones(4, dtype=np.int64), share * whole, transit_mean * whole,
        level, out,
    )  # fmt: skip
    masses = outstanding(4.0, stock, share, transit_mean)
    want = np.array([measured(masses, one) for one in level])
    assert out == pytest.approx(want, rel=1e-10, abs=1e-18)


SHARE = np.array([0.25, 0.75])
TRANSIT = np.array([0.3, 1.1])


def enumerated(evaluate, most):
    """Best of all base stocks up to ``most`` for which ``evaluate`` gives a number."""
    best = (np.inf, None)
    for stock in range(most):
        masses = [outstanding(2.0, stock, *one) for one in zip(SHARE, TRANSIT, strict=True)]
        for levels in itertools.product(range(most), repeat=2):
            found = evaluate(stock, masses, levels)
            if found is not None and found < best[0] - 1e-12:
                best = found, (stock, *levels)
    return best


def test_cheapest_levels_against_enumeration():
    orders = stats.poisson.pmf(COUNTS, 2.0)

    def cost(stock, masses, levels):
        total = 0.7 * measured(orders, stock)[4]
        for one, level, hold, short in zip(masses, levels, (1.0, 1.5), (9.0, 30.0), strict=True):
            told = measured(one, level)
            total += hold * told[4] + short * told[2]
        return total

    best, where = enumerated(cost, 9)
    warehouse_level, level, least = np.zeros(1, np.int64), np.zeros(2, np.int64), np.zeros(1)
    cheapest_levels(
        np.array([2.0]), np.array([0, 2]), SHARE, TRANSIT, np.array([1.0, 1.5]),
        np.array([9.0, 30.0]), np.array([0.7]), warehouse_level, level, least,
    )  # fmt: skip
    assert least[0] == pytest.approx(best, rel=1e-10)
    assert (warehouse_level[0], *level) == where


@pytest.mark.parametrize("values", [(1.0, 1.0), (1.0, 1.7)])
@pytest.mark.parametrize("kind", [EACH_FILL_RATE, TOTAL_BACKORDERS])
def test_least_value_against_enumeration(kind, values):
    target = np.array([0.9, 0.97]) if kind == EACH_FILL_RATE else np.array([0.11, 0.11])

    def value(stock, masses, levels):
        told = [measured(one, level) for one, level in zip(masses, levels, strict=True)]
        if kind == EACH_FILL_RATE:
            reached = all(1.0 - told[i][0] >= target[i] for i in range(2))
        else:
            reached = told[0][2] + told[1][2] <= target[0]
        return 0.9 * stock + values[0] * levels[0] + values[1] * levels[1] if reached else None

    best, _ = enumerated(value, 10)
    warehouse_level, level = np.zeros(1, np.int64), np.zeros(2, np.int64)
    least, bound = np.zeros(1), np.zeros(1)
    least_value_levels(
        kind, np.array([2.0]), np.array([0, 2]), SHARE, TRANSIT, target, np.array(values),
        np.array([0.9]), warehouse_level, level, least, bound,
    )  # fmt: skip
    masses = [
        outstanding(2.0, warehouse_level[0], *one) for one in zip(SHARE, TRANSIT, strict=True)
    ]
    assert value(warehouse_level[0], masses, level) == pytest.approx(least[0], rel=1e-12)
    assert least[0] == pytest.approx(best, rel=1e-12)
    assert bound[0] == pytest.approx(best, rel=1e-12)


def test_a_search_given_up_keeps_a_bound():
    """Thirty alike retailers whose units differ: many levels, nearly equal, and no time to look."""
    n_here = 30
    rng = np.random.default_rng(2)
    place = np.arange(n_here + 1) * 12
    masses = np.concatenate([stats.poisson.pmf(np.arange(12), mean) for mean in
                             rng.uniform(0.1, 2.0, n_here)])  # fmt: skip
    owed = np.empty(place[-1])
    owed_at(masses, place, owed)
    values, level = rng.uniform(1.0, 3.0, n_here), np.zeros(n_here, np.int64)
    greedy, price = spread(owed, place, 2.0, values, level)
    assert owed[place[:-1] + level].sum() <= 2.0
    found = {}
    for nodes in (0, 50, 20_000):
        levels = level.copy()
        value, bound, _ = search(owed, place, 2.0, values, price, greedy, greedy, nodes, levels)
        assert bound <= value <= greedy
        assert values @ levels == pytest.approx(value)
        assert owed[place[:-1] + levels].sum() <= 2.0
        found[nodes] = value, bound
    assert found[0][1] < found[0][0]
    assert found[0][1] <= found[20_000][0] <= found[0][0]
