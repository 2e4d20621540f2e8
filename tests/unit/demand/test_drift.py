"""What a pool's demand has done since: by hand, planted, absent, and not to be mistaken for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from echelon.demand.drift import drift_factor, drift_of
from echelon.demand.fit import fit_demand
from echelon.demand.moments import prepare
from echelon.demand.score import Pools, Task
from tests.unit.demand.test_moments import panel_of
from tests.unit.demand.test_score import task_of

MEMORIES = (None, 24.0, 12.0, 6.0)


def task(**changes: object) -> Task:
    plain = {"half_lives": MEMORIES, "exposure": 4, "origins": 12, "lend": True}
    return task_of(**{**plain, **changes})


def clustered(rate: np.ndarray, *, seed: int, n: int = 300) -> np.ndarray:
    """Negative binomial demand of unlike means, all of which follow one rate by period."""
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.normal(0.5, 1.0, n))[:, None] * rate
    return rng.poisson(rng.gamma(1.0, 1.0, mean.shape) * mean).astype(float)


def factors(quantity: np.ndarray, pools: Pools | None = None, **changes: object) -> np.ndarray:
    one = Pools(np.zeros(len(quantity), dtype=np.int64), 1)
    return drift_of(prepare(panel_of(quantity)), task(**changes), one if pools is None else pools)


def forecast_error(rate: np.ndarray, *, seeds: range) -> tuple[np.ndarray, np.ndarray]:
    """Root mean square of the log of what comes over its mean, by memory: plain, and with drift."""
    plain, moved = [], []
    for seed in seeds:
        known, ahead = rate[seed][:-4], rate[seed][-4:].mean()
        age = np.arange(len(known))[::-1]
        weights = [np.ones(len(known)) if h is None else 0.5 ** (age / h) for h in MEMORIES]
        off = np.log([ahead / np.average(known, weights=w) for w in weights])
        plain.append(off**2)
        moved.append((off - np.log(factors(clustered(known, seed=seed))[0])) ** 2)
    return np.sqrt(np.mean(plain, axis=0)), np.sqrt(np.mean(moved, axis=0))


def test_factor_by_hand():
    """Four windows apart: b = 36/48, s^2 = (2 / 3) / 4 / 12^2, so 1 - 0.25 (1 - s^2 / 0.25^2)."""
    came, said = np.array([[9.0, 8.0, 10.0, 9.0]]), np.full((1, 4, 1), 12.0)
    found = drift_factor(came, said, np.array([8, 10, 12, 14]), 2)
    assert found[0, 0] == pytest.approx(1.0 - 0.25 * (1.0 - (2.0 / 3.0 / 4.0 / 144.0) / 0.0625))


def test_what_overlaps_counts_for_less():
    """The same windows, neighbours half in common; four are then 16 / 7, too few."""
    came, said = np.array([[9.0, 8.0, 10.0, 9.0] * 2]), np.full((1, 8, 1), 12.0)
    apart = drift_factor(came, said, np.arange(8, 24, 2), 2)[0, 0]
    over = drift_factor(came, said, np.arange(8, 16), 2)[0, 0]
    assert apart < over < 1.0
    assert drift_factor(came[:, :4], said[:, :4], np.arange(8, 12), 2)[0, 0] == 1.0


@pytest.mark.parametrize(
    ("came", "why"),
    [
        ([12.0, 12.0, 12.0, 12.0, 12.0, 12.0], "nothing moved"),
        ([9.0, 15.0, 9.0, 15.0, 14.0, 12.0], "within its standard error"),
        ([4.0, 4.0, 4.0, 4.0, 12.5, 12.5], "the latest say otherwise"),
        ([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "nothing came"),
    ],
)
def test_the_factor_stays_one_where(came: list[float], why: str):
    said = np.full((1, 6, 1), 12.0)
    assert drift_factor(np.array([came]), said, np.arange(6) * 2, 2)[0, 0] == 1.0, why


def test_windows_without_a_forecast_do_not_count():
    said = np.full((2, 6, 1), 12.0)
    said[0, :2] = 0.0
    came = np.array([[5.0, 5.0, 9.0, 8.0, 10.0, 9.0], [0.0] * 6])
    said[1] = 0.0
    found = drift_factor(came, said, np.arange(6) * 2, 2)[:, 0]
    assert found[0] == drift_factor(came[:1, 2:], said[:1, 2:], np.arange(4) * 2, 2)[0, 0]
    assert found[1] == 1.0


def frame_of(quantity: np.ndarray, **columns: np.ndarray) -> pd.DataFrame:
    n, periods = quantity.shape
    return pd.DataFrame(
        {
            "item": np.repeat(np.arange(n), periods),
            "location": "shop",
            "period": np.tile(np.arange(periods), n),
            "quantity": quantity.ravel(),
            **columns,
        }
    )


def test_a_planted_decline_is_found():
    """1 % a period for 78 periods: within 8 % of what the next four bring.

    The windows lie before the end of a history that grows, so that they show a little less.
    """
    rate = 0.99 ** np.arange(82)
    factor = factors(clustered(rate[:78], seed=1))[0]
    age = np.arange(78)[::-1]
    for place, life in enumerate(MEMORIES[1:], start=1):
        true = rate[78:].mean() / np.average(rate[:78], weights=0.5 ** (age / life))
        assert factor[place] == pytest.approx(true, rel=0.08)


def test_the_quantile_holds_under_a_planted_decline():
    """1 % a period, 300 series, 200 sums of four ahead each: the 90 % quantile by 24 periods.

    Against the truth's own quantile, which covers more than its level since units are whole; the
    mean of four draws. The same models without their factor cover three points too much.
    """
    with_factor, without = np.mean([over_truth_in_decline(seed) for seed in (1, 2, 3, 4)], axis=0)
    assert with_factor == pytest.approx(0.0, abs=0.02)
    assert without > 0.03


def over_truth_in_decline(seed: int) -> tuple[float, float]:
    """Coverage beyond the truth's, of the models and of the models without their factor."""
    rate = 0.99 ** np.arange(82)
    models = fit_demand(
        frame_of(clustered(rate[:78], seed=seed)), exposure=4, service_level=0.9, half_lives=[24.0]
    )
    table = models.models
    assert (table["drift"] < 1.0).all()
    assert "for the drift of their pool" in models.summary()
    still = table.assign(
        mean=table["mean"] / table["drift"], std=table["std"] / np.sqrt(table["drift"])
    )
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.normal(0.5, 1.0, 300))[:, None, None] * rate[78:]  # the means of that seed
    ahead = rng.poisson(rng.gamma(1.0, 1.0, (300, 200, 4)) * mean).sum(axis=2)
    truth = np.quantile(ahead, 0.9, axis=1, method="inverted_cdf")

    def covered(quantile: np.ndarray) -> float:
        return float((ahead <= quantile[:, None]).mean())

    moved = models.quantiles()[0.9].to_numpy()
    unmoved = replace(models, models=still).quantiles()[0.9].to_numpy()
    return covered(moved) - covered(truth), covered(unmoved) - covered(truth)


def test_without_drift_the_factor_stays_near_one():
    """Of 60 pools a third move at all, as a standard error says, and none by more than 4 %."""
    rate = np.ones(104)
    found = np.array([factors(clustered(rate, seed=seed))[0] for seed in range(60)])
    assert (found[:, 0] != 1.0).mean() < 0.5
    assert np.abs(found - 1.0).max() < 0.04
    assert np.abs(found.mean(axis=0) - 1.0).max() < 4.0 * (found.std(axis=0) / 60**0.5).max()


@pytest.mark.parametrize("periods", [156, 104])
def test_a_common_season_is_hardly_taken_for_drift(periods: int):
    """A swing of 30 % over 52 weeks, 40 phases: forecasts get no worse than by 6 %."""
    t, phases = np.arange(periods + 4), np.linspace(0.0, 2.0 * np.pi, 41)[:40]
    rate = 1.0 + 0.3 * np.cos(2.0 * np.pi * t / 52.0 + phases[:, None])
    plain, moved = forecast_error(rate, seeds=range(40))
    assert (moved < 1.06 * plain).all()


def test_a_common_random_walk_is_forecast_no_worse():
    """Steps of 3 %, 60 walks of 104 periods: what is taken for drift helps, or does no harm."""
    steps = np.random.default_rng(4).normal(0.0, 0.03, (60, 108))
    plain, moved = forecast_error(np.exp(np.cumsum(steps, axis=1)), seeds=range(60))
    assert (moved < 1.03 * plain).all()
    assert moved[0] < 0.8 * plain[0]


def test_a_shift_that_is_over_moves_short_memories_little():
    """Demand falls to 0.3 of itself at 62 of 104 periods; six periods of memory know it by then."""
    rate = np.where(np.arange(104) < 62, 1.0, 0.3)
    found = np.array([factors(clustered(rate, seed=seed))[0] for seed in range(10)])
    assert (found[:, 3] > 0.88).all()


def test_pools_drift_apart_and_small_ones_with_all():
    quantity = np.concatenate(
        (
            clustered(0.985 ** np.arange(104), seed=1),
            clustered(1.01 ** np.arange(104), seed=2),
            clustered(np.ones(104), seed=3, n=6),
        )
    )
    group = np.repeat([0, 1, 2], (300, 300, 6))
    found = factors(quantity, Pools(group, 3))
    assert (found[:300] < 0.95).all()
    assert (found[300:600] > 1.03).all()
    alone = factors(quantity)
    np.testing.assert_allclose(found[600:], alone[600:])


def test_a_single_large_seller_moves_nobody():
    """It is nine tenths of the demand and falls; 40 others do not, and keep their means."""
    small = clustered(np.ones(104), seed=5, n=40)
    large = np.random.default_rng(5).poisson(
        9.0 * small.sum(axis=0).mean() * 0.98 ** np.arange(104)
    )
    assert (factors(np.vstack((small, large))) == 1.0).all()


def test_one_series_that_rises_does_not_move_the_others():
    """Of 60 series alike one grows sevenfold at two thirds.

    The windows see one rise of all, 8 % by the longest memory; the scatter of the series does not,
    and a quarter of it is left.
    """
    quantity = np.random.default_rng(6).poisson(5.0, (60, 104)).astype(float)
    quantity[0, 70:] += 30.0
    assert np.abs(factors(quantity) - 1.0).max() < 0.025


def test_what_stock_outs_hide_is_no_decline():
    """Demand of 10, at most 12 in stock: windows without a stock-out are those of small demand."""
    demand = np.random.default_rng(5).poisson(10.0, (60, 120)).astype(float)
    frame = frame_of(np.minimum(demand, 12.0), stock_out=(demand >= 12.0).ravel())
    found = fit_demand(frame, exposure=3).models["drift"]
    assert found.to_numpy() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("changes", "n", "periods"),
    [
        ({"lend": False}, 300, 104),
        ({"origins": 0}, 300, 104),
        ({"exposure": 104}, 300, 104),
        ({"origins": 2}, 300, 104),
        ({}, 9, 104),
        ({}, 300, 11),
    ],
)
def test_nothing_is_said_without_pools_windows_or_series(
    changes: dict[str, object], n: int, periods: int
):
    quantity = clustered(0.97 ** np.arange(periods), seed=1, n=n)
    assert (factors(quantity, **changes) == 1.0).all()


def test_a_pool_without_demand_keeps_one_and_hurts_none():
    quantity = np.vstack((clustered(0.985 ** np.arange(104), seed=1), np.zeros((20, 104))))
    found = factors(quantity, Pools(np.repeat([0, 1], (300, 20)), 2))
    np.testing.assert_allclose(found[:300], factors(quantity[:300]))
    assert np.isfinite(found).all()


def test_without_pooling_no_mean_is_moved():
    quantity = clustered(0.98 ** np.arange(104), seed=1, n=40)
    models = fit_demand(frame_of(quantity), exposure=4, pooling=False)
    assert (models.models["drift"] == 1.0).all()
    assert "drift" not in models.summary()
