"""Warm-up: MSER-5 on series whose transient is known, and the pilots of components."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError
from echelon.kernels.draws import fill
from echelon.kernels.flow_arrays import WIDTH
from echelon.simulation.described.layout import lay_out
from echelon.simulation.described.levels import levels_of
from echelon.simulation.drawn.rows import DrawnRows
from echelon.simulation.drawn.sources import sources_of
from echelon.simulation.plain.flow import flow
from echelon.simulation.warm_up import _Pilot, detect, mser5


def plain_mser5(series):
    """White (1997) as it is written: for each cut the squares about the mean of what is left."""
    batches = np.array([series[i : i + 5].mean() for i in range(0, len(series) // 5 * 5, 5)])
    n = len(batches)
    scores = []
    for cut in range(n // 2 + 1):
        left = batches[cut:]
        scores.append(((left - left.mean()) ** 2).sum() / len(left) ** 2)
    return 5 * int(np.argmin(scores)), np.array(scores)


@pytest.mark.parametrize("seed", range(8))
def test_the_statistic_is_the_one_of_white(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(20, 403))
    series = 1e4 + rng.normal(0.0, 2.0, size) + 30.0 * rng.random() * 0.9 ** np.arange(size)
    truncation, scores = plain_mser5(series)
    cut = mser5(series)
    np.testing.assert_allclose(cut.statistic, scores, rtol=1e-6)
    assert cut.truncation == truncation
    assert cut.found == (truncation < 5 * (len(scores) - 1))


def test_a_step_is_cut_where_it_is():
    rng = np.random.default_rng(3)
    series = np.where(np.arange(600) < 85, 0.0, 10.0) + rng.normal(0.0, 1.0, 600)
    cut = mser5(series)
    assert cut.found
    assert abs(cut.truncation - 85) <= 5


def test_a_series_without_a_transient_is_kept():
    """Over 200 series of noise hardly anything is left out."""
    rng = np.random.default_rng(4)
    cuts = np.array([mser5(rng.normal(0.0, 1.0, 500)).truncation for _ in range(200)])
    assert np.median(cuts) <= 25
    assert mser5(np.full(100, 0.1)).truncation == 0


def test_a_start_that_ends_exactly_is_cut_where_it_ends():
    """Rounding after the transient does not move the cut."""
    series = np.where(np.arange(400) < 60, 3.0, 7.0 + 1e-14 * (np.arange(400) % 3))
    assert mser5(series).truncation == 60


def test_a_trend_is_never_over():
    cut = mser5(np.arange(300.0))
    assert not cut.found
    assert cut.truncation == 150


@pytest.mark.parametrize("series", [np.zeros(19), np.zeros((5, 20)), np.r_[np.zeros(30), np.nan]])
def test_a_series_that_cannot_be_cut_is_refused(series):
    with pytest.raises(DomainError, match="Fix:"):
        mser5(series)


def shops(*, cost=1.0, **columns) -> ec.Network:
    """Three shops that have nothing to do with each other."""
    stages = {
        "item": ["calm", "empty", "loaded"],
        "location": "shop",
        "lead_time": [2.0, 2.0, 2.0],
        "base_stock": [36.0, 36.0, 36.0],
        "holding_cost": cost,
        "backorder_cost": 4.0 * cost,
        "capacity": [14.0, 10.6, 9.0],
        "initial_stock": [float("nan"), 0.0, float("nan")],
    }
    demand = pd.DataFrame({"item": stages["item"], "location": "shop", "mean": 10.0, "std": 2.0})
    return ec.Network.from_tables(pd.DataFrame(stages | columns), None, demand)


def shard_of(network, first, last, *, seed=1):
    problems: list[str] = []
    levels, _ = levels_of(network, None, problems)
    assert not problems
    n = np.ones(network.n_components, dtype=np.int64)
    layout = lay_out(network, levels, warmups=7 * n, periods=50 * n)
    structure, features = layout.shard(first, last)
    rows = DrawnRows.of(network, layout.feature_set, replay=None).part(first, last)
    compiled = network.compiled
    costs = [
        array[compiled.component_ptr[first] : compiled.component_ptr[last]]
        for array in (compiled.holding_cost, compiled.backorder_cost)
    ]
    return structure, features, sources_of(rows, seed), costs


def found_by(network, *, n_periods=400, least=7, first=0, last=3, components=None):
    structure, features, sources, costs = shard_of(network, first, last)
    numbers = range(last - first) if components is None else components
    each = np.ones(len(numbers), dtype=np.int64)
    warmups, found = detect(
        structure,
        features,
        sources,
        numbers,
        *costs,
        least=least * each,
        n_periods=n_periods * each,
    )
    return warmups.tolist(), found


def test_calm_empty_and_overloaded_starts():
    warmups, found = found_by(shops())
    assert found == ("pipelines", "detected", "not settled")
    assert warmups[0] == 7
    assert 30 <= warmups[1] <= 190  # 36 units are worked off at 0.6 a period
    assert warmups[2] == 200  # half of the pilot: backorders grow by one a period


def test_the_least_is_kept_where_there_is_no_more_to_forget():
    """MSER alone would cut by chance; here it has no say, whatever the least is."""
    for least in (0, 3, 60):
        warmups, found = found_by(shops(), least=least)
        assert (warmups[0], found[0]) == (least, "pipelines")
        assert warmups[1] >= least


def test_what_others_do_changes_nothing():
    together = found_by(shops())
    for c in range(3):
        alone = found_by(shops(), first=c, last=c + 1)
        assert alone == ([together[0][c]], (together[1][c],))
    assert found_by(shops(), components=[2, 0]) == (
        [together[0][2], together[0][0]],
        (together[1][2], together[1][0]),
    )


def test_each_pilot_has_its_own_length():
    """And so no component decides how long the pilot of another is."""
    lengths = np.array([250, 400, 130])
    together = found_by(shops(), n_periods=lengths)
    assert together[0][2] == 65
    for c in range(3):
        alone = found_by(shops(), first=c, last=c + 1, n_periods=int(lengths[c]))
        assert alone == ([together[0][c]], (together[1][c],))


def test_what_is_to_happen_on_a_date_is_not_a_start_to_forget():
    """A shop that is down for a while is found as if it were not."""
    calm = found_by(shops())
    dates = {"item": "calm", "location": "shop", "stock_destroyed": 1.0}
    closed = {"name": ["fire"], "first_period": [20.0], "last_period": [60.0]}
    dated = shops().replace(disruptions=pd.DataFrame(closed | dates))
    assert found_by(dated) == calm
    *_, sources, _ = shard_of(dated, 0, 3)
    assert sources.given.sum() > 0.0  # left as they are for the run itself


def test_without_costs_units_are_watched():
    warmups, found = found_by(shops(cost=0.0))
    assert found == ("pipelines", "detected", "not settled")
    assert warmups[1] >= 30


def test_the_pilot_sees_what_the_readable_engine_does():
    """The rates of a component with features, from the same draws, by batch and by run."""
    n_batches, n_runs, c = 70, 3, 1  # more periods than are drawn in one go
    structure, features, sources, (holding, penalty) = shard_of(shops(), 0, 3)
    periods = np.full(3, 5 * n_batches)
    structure = structure._replace(warmup=np.zeros(3, dtype=np.int64), periods=periods)
    rates = _Pilot(structure, features, sources, n_runs).rates(c, holding, penalty)
    own, own_features, own_sources, _ = shard_of(shops(), c, c + 1)
    own = own._replace(warmup=np.zeros(1, dtype=np.int64), periods=periods[:1])
    memory, draws = np.zeros((1, WIDTH)), np.empty((1, 5 * n_batches, WIDTH))
    fill(own_sources, 0, 1, 0, 5 * n_batches, 0, n_runs, memory, draws)
    records = []
    flow(own, own_features, draws[:, :, :n_runs], records=records)
    plain = np.array(
        [
            (holding[c] * r.flows["on_hand"] + penalty[c] * r.flows["backorders"]).reshape(-1)
            for r in records
        ]
    )
    assert plain.shape == (5 * n_batches, n_runs)
    expected = plain.reshape(n_batches, 5, n_runs).mean(axis=1)
    assert np.ptp(expected) > 0.0
    np.testing.assert_allclose(rates, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("n_periods", "n_runs", "least"), [(19, 32, 0), (100, 1, 7), (100, 129, 7), (100, 32, 26)]
)
def test_a_pilot_that_is_none_is_refused(n_periods, n_runs, least):
    structure, features, sources, costs = shard_of(shops(), 0, 1)
    lengths = {"least": np.array([least]), "n_periods": np.array([n_periods])}
    with pytest.raises(DomainError, match="Fix: give others"):
        detect(structure, features, sources, [0], *costs, **lengths, n_runs=n_runs)
