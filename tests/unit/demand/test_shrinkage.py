"""Ledoit-Wolf: against published output, against the papers' sums written out, and its purpose."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.demand.shrinkage import ledoit_wolf
from echelon.errors import DomainError, UnknownNameError
from echelon.rng import stream


def plain(x: np.ndarray, target: str) -> tuple[np.ndarray, float]:
    """The estimators as the papers write them: sums over periods and pairs, one by one."""
    n, p = x.shape
    y = x - x.mean(axis=0)
    s = sum(np.outer(row, row) for row in y) / n
    pi = np.zeros((p, p))
    for i in range(p):
        for j in range(p):
            pi[i, j] = sum((y[t, i] * y[t, j] - s[i, j]) ** 2 for t in range(n)) / n
    if target == "none":
        f, rho = np.eye(p) * np.trace(s) / p, 0.0
    else:
        r = [s[i, j] / (s[i, i] * s[j, j]) ** 0.5 for i in range(p) for j in range(i)]
        mean = sum(r) / len(r)
        f = np.array(
            [
                [s[i, i] if i == j else mean * (s[i, i] * s[j, j]) ** 0.5 for j in range(p)]
                for i in range(p)
            ]
        )

        def theta(k: int, i: int, j: int) -> float:
            return (
                sum((y[t, k] ** 2 - s[k, k]) * (y[t, i] * y[t, j] - s[i, j]) for t in range(n)) / n
            )

        rho = sum(pi[i, i] for i in range(p)) + sum(
            mean
            / 2
            * (
                (s[j, j] / s[i, i]) ** 0.5 * theta(i, i, j)
                + (s[i, i] / s[j, j]) ** 0.5 * theta(j, i, j)
            )
            for i in range(p)
            for j in range(p)
            if i != j
        )
    kappa = (pi.sum() - rho) / ((f - s) ** 2).sum()
    delta = max(0.0, min(kappa / n, 1.0))
    return delta * f + (1 - delta) * s, delta


def test_published_output_of_another_package():
    """scikit-learn's documentation of ``ledoit_wolf``: [[0.44, 0.16], [0.16, 0.80]] and 0.23."""
    x = np.random.RandomState(0).multivariate_normal([0, 0], [[0.4, 0.2], [0.2, 0.8]], size=50)
    covariance, shrinkage = ledoit_wolf(x, "none")
    assert covariance.round(2).tolist() == [[0.44, 0.16], [0.16, 0.80]]
    assert round(shrinkage, 2) == 0.23


@pytest.mark.parametrize("target", ["common", "none"])
@pytest.mark.parametrize(("n", "p"), [(8, 3), (30, 5), (6, 9)])
def test_it_is_the_sum_of_the_paper(target, n, p):
    rng = stream(3, "shrinkage", n, p)
    x = rng.gamma(2.0, 3.0, (n, p)) + rng.normal(0.0, 2.0, (n, 1))
    covariance, shrinkage = ledoit_wolf(x, target)
    expected, delta = plain(x, target)
    np.testing.assert_allclose(covariance, expected, rtol=1e-10, atol=1e-10)
    assert shrinkage == pytest.approx(delta, rel=1e-9)


@pytest.mark.parametrize("target", ["common", "none"])
def test_more_series_than_periods_still_give_a_positive_definite_matrix(target):
    x = stream(4, "wide").normal(size=(10, 40))
    covariance, shrinkage = ledoit_wolf(x, target)
    assert 0.0 < shrinkage <= 1.0
    assert np.linalg.eigvalsh(covariance)[0] > 1e-3


@pytest.mark.parametrize("target", ["common", "none"])
def test_it_comes_nearer_to_the_truth_than_the_sample(target):
    """What it is for: mean squared error over 200 histories of 26 weeks, twelve series."""
    rng = stream(5, "truth", target)
    p, n = 12, 26
    truth = 0.3 + 0.7 * np.eye(p)
    truth[0, 1:3] = truth[1:3, 0] = 0.6
    factor = np.linalg.cholesky(truth)
    errors = np.empty((200, 2))
    for k in range(len(errors)):
        x = rng.normal(size=(n, p)) @ factor.T
        sample = np.cov(x.T, bias=True)
        shrunk, _ = ledoit_wolf(x, target)
        errors[k] = ((sample - truth) ** 2).sum(), ((shrunk - truth) ** 2).sum()
    gain = errors[:, 0] - errors[:, 1]
    assert gain.mean() > 4 * gain.std(ddof=1) / len(gain) ** 0.5
    assert errors[:, 1].mean() < 0.8 * errors[:, 0].mean()


def test_a_long_history_speaks_for_itself():
    truth = np.array([[1.0, 0.7, 0.1], [0.7, 1.0, 0.3], [0.1, 0.3, 1.0]])
    x = stream(6, "long").normal(size=(50_000, 3)) @ np.linalg.cholesky(truth).T
    covariance, shrinkage = ledoit_wolf(x)
    assert shrinkage < 0.001
    assert np.abs(covariance - truth).max() < 4 * 2**0.5 / 50_000**0.5


def test_two_series_are_their_own_common_correlation():
    x = stream(7, "two").normal(size=(20, 2))
    covariance, shrinkage = ledoit_wolf(x)
    np.testing.assert_allclose(covariance, np.cov(x.T, bias=True), rtol=1e-12)
    assert shrinkage == 0.0


def test_what_is_wrong_is_said():
    with pytest.raises(UnknownNameError, match="unknown shrinkage target 'identity'"):
        ledoit_wolf([[1.0], [2.0]], "identity")
    with pytest.raises(DomainError, match=r"shape \(2, 2\) and 1 gaps"):
        ledoit_wolf([[1.0, float("nan")], [2.0, 3.0]])
    with pytest.raises(DomainError, match="column 1 of the observations never changes"):
        ledoit_wolf([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]])
