"""Costs of many stages and components at once against those of one stage, bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import echelon as ec
from echelon.distributions import Empirical, Gamma, Normal, Poisson, sum_of
from echelon.lead_time.deviation import Wait
from echelon.network.compiled import CompiledNetwork
from echelon.optimization import place_all
from echelon.optimization.cost import levels_at_once
from echelon.optimization.cost.covered_demand import CoveredDemand
from echelon.optimization.cost.exact_quantile import ExactQuantile
from echelon.optimization.cost.guaranteed_service_cost import costs_of_all
from echelon.optimization.cost.levels_at_once import LevelTable
from echelon.optimization.cost.random_wait import RandomWait
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.made_ready import made_ready
from echelon.optimization.placement import Placement
from echelon.optimization.proof import Limits
from echelon.optimization.tasks import component_tasks

pytestmark = pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")

NETWORK = ec.datasets.make_portfolio(30, seed=4).network
LATE = Wait(Empirical([2.0, 9.0], [0.9, 0.1]), ())
BLURRED = Wait(Gamma(5.0, 2.0), ())  # in cells, of which not every demand takes few


def tasks(*, whole=True):
    return component_tasks(NETWORK, None, "auto", Limits(1e-6, None, "highs"), whole=whole)


def stocks():
    """Of every kind that is searched for, and two that share a demand."""
    shared = sum_of([Gamma(20.0, 30.0), Poisson(5.0)])

    def exact(law, level):
        return ExactQuantile(CoveredDemand(law), level)

    def late(law, wait, level):
        return RandomWait(CoveredDemand(law, wait), wait, level, law.mean, law.std, known=True)

    return {
        0: exact(shared, 0.95),
        2: exact(Poisson(3.0), 0.99),
        3: late(Normal(10.0, 4.0), LATE, 0.95),
        4: exact(shared, 0.95),
        6: late(Poisson(3.0), LATE, 0.9),
        7: late(Normal(10.0, 0.1), BLURRED, 0.95),
        8: exact(Empirical([1.0, 5.0, 12.5], [0.5, 0.3, 0.2]), 0.9),
        9: late(Normal(10.0, 4.0), LATE, 1.0),
    }


def test_levels_are_those_of_each_stock():
    ptr = np.arange(11) * 5
    covered = np.tile([7.0, 3.0, 0.0, 8.0, 4.0], 10)  # two curves, each from the longest time down
    table, at, place = LevelTable.of_curves(stocks(), ptr, covered)
    assert table.stages.tolist() == [0, 2, 3, 4, 6, 7, 8]  # certainty is not searched for
    found = np.full(50, np.nan)
    found[at] = table.levels[place]
    for j in table.stages.tolist():
        here = slice(5 * j, 5 * j + 5)
        want = stocks()[j].base_stock(StageTimes.covering(covered[here]))
        assert found[here].tolist() == want.tolist(), j


def test_levels_are_left_with_the_stocks():
    made = stocks()
    LevelTable.of_curves(made, np.arange(11) * 3, np.tile([6.0, 4.0, 1.0], 10))

    def never(_new):
        raise AssertionError

    for j in (0, 2, 3, 4):
        assert made[j].kept.at(np.array([6.0, 4.0, 1.0]), never).shape == (3,)
    again, *_ = LevelTable.of_curves(made, np.arange(11) * 2, np.tile([6.0, 5.0], 10))
    fresh, *_ = LevelTable.of_curves(stocks(), np.arange(11) * 2, np.tile([6.0, 5.0], 10))
    assert again.levels.tolist() == fresh.levels.tolist()


def test_stock_and_service_of_a_choice():
    made = stocks()
    table, *_ = LevelTable.of_curves(made, np.arange(11) * 3, np.tile([6.0, 4.0, 0.0], 10))
    chosen = np.array([6.0, 0.0, 4.0, 4.0, 0.0, 0.0, 6.0, 5.0, 4.0, 0.0])  # 5 was not asked for
    stages, safety, base = table.at(chosen)
    assert stages.tolist() == [0, 2, 3, 4, 6, 8]
    every = np.zeros(10)
    every[stages] = base
    promised = dict(zip(*(one.tolist() for one in table.promises(chosen, every)), strict=True))
    assert sorted(promised) == [0, 2, 8]
    assert np.isnan(promised.pop(8))  # which is asked by itself
    for j, held, level in zip(stages.tolist(), safety.tolist(), base.tolist(), strict=True):
        times = StageTimes.covering(chosen[j])
        one = stocks()[j]
        assert held == float(one.safety_stock(times))
        assert level == float(one.base_stock(times))
        if j in promised:
            assert promised[j] == one.promised_service(times, level)


def end_to_end(asked):
    return CompiledNetwork.joined([cost.component for cost, *_ in asked])


@pytest.mark.parametrize("company", ["alone", "together", "backwards"])
def test_costs_do_not_depend_on_the_company(company):
    def asked(every):
        rng = np.random.default_rng(1)
        found = []
        for task in every:
            n = task.cost.component.n_stages
            sizes = rng.integers(1, 9, n)
            times = np.concatenate([np.sort(rng.permutation(24)[:size])[::-1] for size in sizes])
            found.append((task.cost, np.cumsum([0, *sizes]), 0.5 * times))
        return found

    every = asked(tasks())
    if company == "alone":
        found = [costs_of_all([one], one[0].component)[0][0] for one in every]
    elif company == "together":
        found, _ = costs_of_all(every, end_to_end(every))
    else:
        found = costs_of_all(every[::-1], end_to_end(every[::-1]))[0][::-1]
    for (_, ptr, covered), (cost, *_), money in zip(every, asked(tasks()), found, strict=True):
        for j in range(cost.component.n_stages):
            here = slice(ptr[j], ptr[j + 1])
            assert money[here].tolist() == cost.over_covered(j, covered[here]).tolist()


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "any"])
def test_plans_are_those_without_preparation(monkeypatch, whole):
    asked = {"service_times": "whole" if whole else "any", "progress": False}
    assert any(isinstance(one, Placement) for one in made_ready(tasks(whole=whole)))
    prepared = ec.optimize(NETWORK, **asked)
    monkeypatch.setattr(place_all, "made_ready", list)
    plain = ec.optimize(NETWORK, **asked)
    assert prepared.stages.equals(plain.stages)
    assert prepared.components.drop(columns="seconds").equals(
        plain.components.drop(columns="seconds")
    )


def test_a_component_that_cannot_be_prepared_costs_the_others_nothing(monkeypatch):
    plain = ec.optimize(NETWORK, service_times="whole", progress=False)

    def broken(_tasks):
        raise RuntimeError

    monkeypatch.setattr(place_all, "made_ready", broken)
    again = ec.optimize(NETWORK, service_times="whole", progress=False)
    assert again.stages.equals(plain.stages)
    assert again.failures.empty


def test_a_time_limit_counts_all_that_a_component_takes():
    limited = [replace(task, limits=Limits(1e-6, 5.0, "highs")) for task in tasks()]
    assert made_ready(limited) == limited


@pytest.mark.parametrize("seed", range(5))
def test_distinct_times_of_falling_runs_and_of_any_order(seed):
    rng = np.random.default_rng(seed)
    lists = [rng.integers(0, 12, rng.integers(0, 20)) / 4.0 for _ in range(30)]
    lists[::2] = [
        np.concatenate([np.sort(part)[::-1] for part in np.split(one, [len(one) // 2])])
        for one in lists[::2]
    ]
    ptr = np.cumsum([0, *map(len, lists)])
    wanted = np.concatenate(lists)
    of, times, place = levels_at_once._distinct(ptr, wanted)
    every = [(k, time) for k, one in enumerate(lists) for time in sorted(set(one.tolist()))]
    assert list(zip(of.tolist(), times.tolist(), strict=True)) == every
    assert times[place].tolist() == wanted.tolist()
    assert of[place].tolist() == np.repeat(np.arange(30), np.diff(ptr)).tolist()
