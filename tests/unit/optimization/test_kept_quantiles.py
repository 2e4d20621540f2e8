"""Levels are searched for once a time, and do not depend on what else was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from echelon import distributions as ed
from echelon.optimization.cost import kept_quantiles
from echelon.optimization.cost.covered_demand import CoveredDemand, _kept, any_time
from echelon.optimization.cost.kept_quantiles import KeptLevels


class Searched:
    """Ten times each time; remembers what it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, periods):
        self.asked.append(periods.tolist())
        return 10.0 * periods


@pytest.mark.parametrize(
    "first",
    [[3.0, 2.0, 0.0], [0.0, 3.0, 2.0, 3.0], [[2.0, 3.0], [3.0, 0.0]], 2.0],
    ids=["a table", "any order", "two rows", "one"],
)
def test_each_time_is_searched_for_once(first):
    kept, search = KeptLevels(), Searched()
    times = np.array(first)
    assert kept.at(times, search).tolist() == (10.0 * times).tolist()
    assert search.asked == [np.unique(times).tolist()]
    assert kept.at(times, search).tolist() == (10.0 * times).tolist()
    assert float(kept.at(np.float64(2.0), search)) == 20.0
    assert len(search.asked) == 1
    more = np.array([5.0, 2.0])
    assert kept.at(more, search).tolist() == [50.0, 20.0]
    assert search.asked[1:] == [[5.0]]


@pytest.mark.parametrize("times", [[4.0, 3.0, 2.0], [2.0, 3.0, 4.0]], ids=["falling", "rising"])
def test_no_more_is_kept_than_there_is_room_for(monkeypatch, times):
    monkeypatch.setattr(kept_quantiles, "_MOST_KEPT", 2)
    kept, search = KeptLevels(), Searched()
    for _ in range(2):
        assert kept.at(np.array(times), search).tolist() == (10.0 * np.array(times)).tolist()
        assert len(kept.levels) + sum(len(times) for times, _ in kept.first) <= 2


@pytest.mark.parametrize(
    "law",
    [
        ed.sum_of([ed.Gamma(40.0, 38.0), ed.Gamma(63.0, 60.0)]),
        ed.sum_of([ed.Gamma(20.0, 30.0), ed.NegativeBinomial(5.2, 4.4)]),
        ed.sum_of([ed.Normal(20.0, 9.0), ed.Poisson(4.0)]),
    ],
    ids=["two gammas", "gamma and counts", "normal and Poisson"],
)
def test_the_same_bits_whoever_asked_first(law):
    times = np.array([0.4, 1.0, 2.0, 9.5, 40.0])
    _kept.cache_clear()
    together = CoveredDemand(law).quantile(times, 0.975)
    _kept.cache_clear()
    apart = [float(CoveredDemand(law).quantile(times[at : at + 1], 0.975)[0]) for at in (3, 0, 4)]
    assert apart == together[[3, 0, 4]].tolist()


def test_which_demand_is_known_of_any_time():
    assert any_time(ed.sum_of([ed.Gamma(4.0, 2.0), ed.Poisson(1.0)]))
    assert any_time(ed.CompoundPoisson(1.0, ed.LogNormal(5.0, 3.0)))
    assert not any_time(ed.Sum([ed.Gamma(4.0, 2.0), ed.LogNormal(4.0, 2.0)]))
    assert not any_time(ed.Empirical([1, 5], [0.5, 0.5]))
