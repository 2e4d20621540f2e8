"""Estimators against published values, a second method, or simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from echelon.lead_time.estimate import (
    credibility_coefficient,
    estimate_levels,
    kish,
    product_limit,
    widen,
)
from echelon.rng import stream

# 6-MP arm of Freireich et al. (1963), weeks in remission; + is still in remission
REMISSION = [
    "6",
    "6",
    "6",
    "6+",
    "7",
    "9+",
    "10",
    "10+",
    "11+",
    "13",
    "16",
    "17+",
    "19+",
    "20+",
    "22",
    "23",
    "25+",
    "32+",
    "32+",
    "34+",
    "35+",
]


def test_product_limit_of_the_remission_data() -> None:
    """Survival as printed in Kleinbaum & Klein, *Survival Analysis*, table of chapter 2."""
    weeks = np.array([float(text.rstrip("+")) for text in REMISSION])
    ended = np.array(["+" not in text for text in REMISSION])
    survival = 1.0 - np.cumsum(product_limit(weeks, ended, np.ones(21)))
    printed = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}
    for week, value in printed.items():
        assert survival[week] == pytest.approx(value, abs=5e-5)
    assert survival[34] == pytest.approx(0.4482, abs=5e-5)
    assert survival[35] == pytest.approx(0.0, abs=1e-12)  # Efron: the rest at the longest


def test_without_open_orders_it_is_the_weighted_share() -> None:
    days, weights = np.array([3.0, 1.0, 3.0, 2.0]), np.array([1.0, 2.0, 3.0, 2.0])
    got = product_limit(days, np.ones(4, dtype=bool), weights)
    assert got == pytest.approx([0.0, 0.25, 0.25, 0.5])


def test_product_limit_recovers_what_open_orders_hide() -> None:
    """Exponential of mean 50, looked at while half is open: the naive median is far too short."""
    rng = stream(3, "test", "open orders")
    n = 40_000
    took, age = rng.exponential(50.0, n), rng.uniform(0.0, 120.0, n)
    finished = took <= age
    days = np.floor(np.minimum(took, age))
    survival = 1.0 - np.cumsum(product_limit(days, finished, np.ones(n)))
    for at in (20, 40, 80):
        truth = np.exp(-(at + 1) / 50.0)
        naive = float((days[finished] > at).mean())
        assert survival[at] == pytest.approx(truth, abs=0.015)
        assert naive < truth - 0.05


def test_kish() -> None:
    assert kish(np.ones(7)) == 7.0
    assert kish(np.array([1.0, 3.0])) == 1.6
    assert kish(np.array([])) == 0.0


def test_coefficient_of_a_balanced_log_is_that_of_the_analysis_of_variance() -> None:
    rng = stream(5, "test", "balanced")
    logs = rng.normal(4.0, 0.6, (8, 12)) + rng.normal(0.0, 0.4, (8, 1))
    within = logs.var(axis=1, ddof=1).mean()
    between = logs.mean(axis=1).var(ddof=1) - within / 12
    got = credibility_coefficient(
        np.expm1(logs.ravel()), np.repeat(np.arange(8), 12), np.zeros(96, dtype=int)
    )
    assert got == pytest.approx(within / between, rel=1e-9)


def test_coefficient_estimates_variances_without_bias_in_several_pools() -> None:
    """Unequal keys in two pools of different level; the inverse is linear in the variances."""
    rng = stream(6, "test", "pools")
    sizes = np.array([3, 5, 8, 12, 4, 6, 9, 20])
    pool_of = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    group = np.repeat(np.arange(8), sizes)
    got = []
    for _ in range(2_000):
        level = np.array([3.0, 4.5])[pool_of] + rng.normal(0.0, 0.5, 8)
        logs = level[group] + rng.normal(0.0, 0.5, len(group))
        coefficient = credibility_coefficient(np.expm1(logs), group, pool_of[group])
        got.append(1.0 / coefficient if np.isfinite(coefficient) else 0.0)
    # true ratio between / within is 1; a ratio of estimates is skewed upwards, a little
    assert np.mean(got) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("days", "group", "parent", "expected"),
    [
        ([5, 5, 9], [0, 0, 0], [0, 0, 0], 0.0),  # one key is its pool
        ([5, 7, 9], [0, 1, 2], [0, 0, 0], np.inf),  # nothing is known of the spread within
        ([1, 9, 1, 9], [0, 0, 1, 1], [0, 0, 0, 0], np.inf),  # equal means
        ([4, 4, 9, 9], [0, 0, 1, 1], [0, 0, 0, 0], 0.0),  # no spread within
    ],
)
def test_coefficient_at_its_ends(days, group, parent, expected) -> None:
    got = credibility_coefficient(np.array(days, float), np.array(group), np.array(parent))
    assert got == expected


@pytest.mark.parametrize("drift", [0.1, 0.4, 0.8])
def test_drift_keeps_the_mean_and_gives_the_quantiles_of_the_product(drift: float) -> None:
    rng = stream(9, "test", "drift")
    start = np.zeros(141)
    start[[60, 90, 140]] = [0.5, 0.3, 0.2]
    wide = widen(start, drift)
    days = np.arange(len(wide))
    assert wide.sum() == pytest.approx(1.0, abs=1e-12)
    assert days @ wide == pytest.approx(np.arange(141) @ start, rel=1e-12)
    factor = rng.lognormal(-0.5 * drift**2, drift, 400_000)
    drawn = rng.choice([60.0, 90.0, 140.0], 400_000, p=[0.5, 0.3, 0.2]) * factor
    for q in (0.1, 0.5, 0.9, 0.95):
        at = int(np.searchsorted(np.cumsum(wide), q))
        assert at == pytest.approx(np.quantile(drawn, q), rel=0.03, abs=1.0)


def test_a_sparse_key_is_the_mixture_that_the_formula_says() -> None:
    keys = pd.DataFrame({"vendor": ["A"] * 6 + ["B"] * 2})
    days = np.array([10.0, 12, 14, 10, 12, 14, 30, 34])
    every = np.ones(8, dtype=bool)
    estimates, coefficients = estimate_levels(keys, days, every, np.ones(8), [("vendor",), ()], 0.0)
    m = coefficients[("vendor",)]
    assert m == pytest.approx(
        credibility_coefficient(days, np.array([0] * 6 + [1] * 2), np.zeros(8, dtype=int))
    )
    sparse = estimates[("vendor",)][("B",)]
    share = 2 / (2 + m)
    assert sparse.credibility == pytest.approx(share)
    assert (sparse.finished, sparse.open) == (2, 0)
    pooled = share * 32.0 + (1.0 - share) * days.mean()
    assert sparse.days @ sparse.probabilities == pytest.approx(pooled)
    assert sparse.effective == pytest.approx(1.0 / (share**2 / 2 + (1 - share) ** 2 / 8))
    assert sparse.probabilities.sum() == pytest.approx(1.0)


def test_a_key_with_open_orders_only_is_its_pool() -> None:
    keys = pd.DataFrame({"vendor": ["A", "A", "A", "B"]})
    finished = np.array([True, True, True, False])
    estimates, _ = estimate_levels(
        keys, np.array([5.0, 7, 9, 2]), finished, np.ones(4), [("vendor",), ()], 0.0
    )
    alone, whole = estimates[("vendor",)][("B",)], estimates[()][()]
    assert (alone.finished, alone.open, alone.credibility) == (0, 1, 0.0)
    assert alone.probabilities == pytest.approx(whole.probabilities)


def test_old_orders_count_less() -> None:
    keys = pd.DataFrame({"mode": ["air"] * 4})
    days, every = np.array([10.0, 10, 20, 20]), np.ones(4, dtype=bool)
    recent = np.array([0.25, 0.25, 1.0, 1.0])
    estimates, _ = estimate_levels(keys, days, every, recent, [("mode",), ()], 0.0)
    got = estimates[("mode",)][("air",)]
    assert got.probabilities == pytest.approx([0.2, 0.8])
    assert got.effective == pytest.approx(2.5**2 / (2 / 16 + 2))
