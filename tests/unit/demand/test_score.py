"""Pinball scores, origins, what widening is worth, and series joined with their class."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from echelon.demand.arguments import check_levels
from echelon.demand.candidates import CANDIDATES
from echelon.demand.moments import decay, moments, prepare
from echelon.demand.pool import borrow
from echelon.demand.score import (
    CLASS_WINDOWS,
    Pools,
    Scores,
    Task,
    effective_windows,
    join,
    origins_of,
    pinball,
    predictive_variance,
    score,
    sum_quantiles,
)
from echelon.errors import DomainError
from tests.unit.demand.test_moments import panel_of


def task_of(names: tuple[str, ...] = ("normal",), **changes: object) -> Task:
    plain = {
        "candidates": tuple(CANDIDATES[name] for name in names),
        "half_lives": (None,),
        "levels": (0.9,),
        "exposure": 3,
        "origins": 4,
        "min_periods": 8,
        "lend": False,
        "widen": False,
    }
    return Task(**{**plain, **changes})  # type: ignore[arg-type]


def test_the_true_quantile_has_the_least_expected_loss():
    demand = np.random.default_rng(1).gamma(2.0, 5.0, 200_000)
    levels = np.linspace(5.0, 40.0, 71)
    losses = [pinball(demand, level, 0.9).mean() for level in levels]
    assert levels[int(np.argmin(losses))] == pytest.approx(np.quantile(demand, 0.9), abs=0.5)


def test_origins_are_spread_over_the_second_half():
    assert origins_of(40, task_of()).tolist() == [20, 26, 31, 37]
    assert origins_of(10, task_of()).tolist() == []
    assert origins_of(11, task_of()).tolist() == [8]
    assert origins_of(400, task_of(origins=0)).tolist() == []


def test_scores_are_those_of_a_loop():
    """The plain twin: one series, one origin after the other, by the textbook's formulas."""
    rng = np.random.default_rng(2)
    quantity = rng.normal(50.0, 8.0, (6, 40))
    quantity[1, 30:] = np.nan
    quantity[2, :15] = np.nan
    panel, task = panel_of(quantity), task_of(levels=(0.8, 0.95))
    yes = np.ones((6, 1), dtype=bool)
    scores = score(
        panel,
        prepare(panel),
        task,
        yes,
        ~yes[:, 0],
        Pools(np.zeros(6, dtype=np.int64), 1),
        np.ones((6, len(task.half_lives))),
    )
    for row in range(6):
        losses, covered = [], []
        for origin in (20, 26, 31, 37):
            known = quantity[row, :origin]
            known, ahead = known[~np.isnan(known)], quantity[row, origin : origin + 3]
            if len(known) < 8 or np.isnan(ahead).any():
                continue
            spread = known.std(ddof=1) * 3.0**0.5
            found = [3.0 * known.mean() + special.ndtri(q) * spread for q in (0.8, 0.95)]
            pairs = zip(found, (0.8, 0.95), strict=True)
            losses.append(np.mean([pinball(ahead.sum(), x, q) for x, q in pairs]))
            covered.append(ahead.sum() <= found[1])
        assert scores.windows[row] == len(losses)
        assert scores.loss[row, 0, 0] == pytest.approx(np.mean(losses), rel=1e-12)
        assert scores.covered[row, 0, 0] == np.mean(covered)


def test_windows_with_a_stock_out_are_not_scored():
    quantity = np.full((1, 40), 5.0) + np.resize([0.0, 1.0], 40)
    hidden = np.zeros((1, 40), dtype=bool)
    hidden[0, 27] = True
    panel = panel_of(quantity, hidden)
    yes = np.ones((1, 1), dtype=bool)
    pools = Pools(np.zeros(1, dtype=np.int64), 1)
    still = np.ones((1, len(task_of().half_lives)))
    scores = score(panel, prepare(panel), task_of(), yes, yes[:, 0], pools, still)
    assert scores.windows.tolist() == [3]


@pytest.mark.parametrize("n", [8, 12, 30])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_a_short_lone_history_is_widened_to_its_level(n: int, level: float):
    """Normal demand, n periods known, quantile of the sum of three: covered as promised.

    200,000 histories. The exact factor is t with n - 1 degrees; ours has Satterthwaite's, which
    knows of the skewness of gamma demand too, so it is held to a point and not to the last digit.
    Without widening, 8 periods cover up to 7 points less.
    """
    rng = np.random.default_rng(3)
    quantity = rng.normal(100.0, 15.0, (200_000, n))
    ahead = rng.normal(300.0, 15.0 * 3.0**0.5, 200_000)
    (own,) = moments(prepare(panel_of(quantity)), decay(n, n, None)[:, None])
    whole = np.zeros(200_000, dtype=bool)
    alone = borrow(own, whole, ~whole, np.zeros(200_000, dtype=np.int64), 1, lend=False)
    shares = []
    for widen in (True, False):
        variance = predictive_variance(
            CANDIDATES["normal"], alone, exposure=3, level=level, widen=widen
        )
        quantile = sum_quantiles(CANDIDATES["normal"], alone.mean, variance, 3, level)
        shares.append((ahead <= quantile).mean())
    assert shares[0] == pytest.approx(level, abs=0.01)
    assert shares[1] < shares[0]


def test_an_uncertain_poisson_is_the_bayesian_predictive():
    """Rate known to n periods: negative binomial of mean 3m and variance 3m (1 + 3/n)."""
    quantity = np.random.default_rng(4).poisson(2.0, (1, 10)).astype(float)
    (own,) = moments(prepare(panel_of(quantity)), decay(10, 10, None)[:, None])
    yes = np.ones(1, dtype=bool)
    alone = borrow(own, yes, yes, np.zeros(1, dtype=np.int64), 1, lend=False)
    found = predictive_variance(CANDIDATES["poisson"], alone, exposure=3, level=0.9, widen=True)
    assert found[0] == pytest.approx(own.mean[0] * (1.0 + 3.0 / 10.0))


def test_windows_count_by_what_they_do_not_share():
    """A mean of overlapping sums of noise varies as one of so many apart; 40,000 runs."""
    origins, length = np.array([0, 1, 2, 5, 9]), 4
    used = np.array([[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0, 1.0], [0.0] * 5])
    found = effective_windows(used, origins, length)
    assert found[1:].tolist() == [2.0, 0.0]
    noise = np.random.default_rng(7).normal(0.0, 1.0, (40_000, 13))
    sums = np.stack([noise[:, o : o + length].sum(axis=1) for o in origins], axis=1)
    squares = sums.mean(axis=1) ** 2
    error = squares.std(ddof=1) / 200.0
    assert abs(squares.mean() - length / found[0]) < 4.0 * error


def test_series_and_class_are_joined_by_their_windows():
    """Two series of one class, losses 2 and 4 against references of 1: class ratio 3."""
    scores = Scores(
        np.array([[[2.0]], [[4.0]]]),
        np.zeros((2, 1, 1)),
        np.array([1.0, 1.0]),
        np.array([12, 12]),
        np.array([8.0, 8.0]),
    )
    yes = np.ones((2, 1), dtype=bool)
    joined = join(scores, yes, np.zeros(2, dtype=np.int64), yes[:, 0])
    want = [(8 * own + CLASS_WINDOWS * 3.0) / (8 + CLASS_WINDOWS) for own in (2.0, 4.0)]
    np.testing.assert_allclose(joined[:, 0, 0], want)


def test_a_series_without_windows_goes_by_its_class_and_that_by_all():
    loss = np.array([[[2.0], [1.0]], [[2.0], [1.0]], [[np.nan]] * 2, [[np.nan]] * 2])
    windows = np.array([5, 5, 0, 0])
    scores = Scores(
        loss, loss, np.array([1.0, 1.0, np.nan, np.nan]), windows, windows.astype(float)
    )
    yes = np.ones((4, 2), dtype=bool)
    classes = np.array([0, 0, 0, 3])
    joined = join(scores, yes, classes, yes[:, 0])
    assert joined[:, :, 0].argmin(axis=1).tolist() == [1, 1, 1, 1]
    assert np.isfinite(joined).all()


@pytest.mark.parametrize(
    "wrong", [0.5, 1.0, 95, [], [0.9, float("nan")], "0.95", None, [0.9, None]]
)
def test_levels_are_fractions_above_one_half(wrong):
    with pytest.raises(DomainError, match=r"service_level .* Fix"):
        check_levels(wrong)


def test_levels_are_sorted_and_each_once():
    assert check_levels([0.99, 0.9, 0.99]) == (0.9, 0.99)
