"""Base stocks that change with the season, against simulation in every period of the cycle."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning
from tests.simulated import run

CYCLE = 6
MEAN = 100.0 * (1.0 + 0.6 * np.sin(2.0 * np.pi * np.arange(CYCLE) / CYCLE))


def chain(*, family="normal", spread=0.2, lead_times=(3, 2, 1), review=(0, 0, 0), **columns):
    places = ["plant", "depot", "shop"]
    stages = pd.DataFrame(
        {
            "item": "tea",
            "location": places,
            "lead_time": lead_times,
            "review_period": review,
            "holding_cost": [1.0, 1.5, 3.0],
            "service_level": [None, None, 0.95],
            **columns,
        }
    )
    lanes = pd.DataFrame(
        {"from_item": "tea", "from_location": places[:-1], "to_item": "tea"}
        | {"to_location": places[1:]}
    )
    demand = pd.DataFrame(
        {"item": "tea", "location": "shop", "period": range(CYCLE), "family": family, "mean": MEAN}
    )
    demand["std"] = np.sqrt(MEAN) if family == "poisson" else spread * MEAN
    return ec.Network.from_tables(stages, lanes, demand)


def alone(**settings):
    """The shop by itself: what it promises is then exact."""
    network = chain(**settings)
    shop = network.stages[network.stages["location"] == "shop"]
    return network.replace(stages=shop.drop(columns=["unit_cost"]), lanes=None)


def plans(network):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        constant = ec.optimize(network)
    return constant, ec.optimize(network, base_stocks="by_period")


def ready_by_phase(network, plan, *, runs=4_000):
    """Share of runs in which nobody waits at the end of a period, period by period of the cycle."""
    done = [
        run(network, plan=plan, periods=1, warmup=6 * CYCLE + t, replications=runs).stages
        for t in range(CYCLE)
    ]
    return pd.concat(done, keys=range(CYCLE), names=["phase", None]).reset_index("phase")


@pytest.mark.parametrize("family", ["normal", "poisson", "gamma"])
def test_service_is_the_promised_one_over_the_year(family):
    network = alone(family=family, lead_times=(3, 2, 4))
    plan = ec.optimize(network, base_stocks="by_period")
    shop = plan.stages.iloc[0]
    done = run(network, plan=plan, periods=20 * CYCLE, replications=250)
    simulated = done.stages.iloc[0]
    apart = simulated["cycle_service_level"] - shop["service_level"]
    assert abs(apart) < 4 * simulated["cycle_service_level_se"]
    assert simulated["cycle_service_level_se"] < 0.003
    assert shop["service_level"] >= 0.95 - 1e-12
    assert plan.levels["base_stock"].mean() == pytest.approx(shop["base_stock"])


@pytest.mark.parametrize("review", [0, 1])
def test_every_season_is_served_as_promised(review):
    """The depot in each period of the year; the shop waits when the depot is short (2.6)."""
    network = chain(review=(0, review, 0), lead_times=(3 - review, 2, 1))
    _, plan = plans(network)
    assert plan.stages["net_replenishment_time"].tolist() == [0.0, 5.0, 1.0]
    ready = ready_by_phase(network, plan)
    error = np.sqrt(0.95 * 0.05 / 4_000)
    depot = ready[ready["location"] == "depot"]["ready_rate"]
    assert (abs(depot - 0.95) < 4 * error).all(), depot
    shop = ready[ready["location"] == "shop"]["ready_rate"]
    assert ((shop > 0.92) & (shop < 0.95 + 4 * error)).all(), shop
    # levels that are one period late serve no season as promised
    late = plan.levels.assign(period=(plan.levels["period"] + 1) % CYCLE)
    moved = ready_by_phase(network, replace(plan, levels=late), runs=1_000)
    depot = moved[moved["location"] == "depot"]["ready_rate"]
    assert (abs(depot - 0.95) > 8 * error).sum() >= CYCLE - 2


def test_against_one_level_for_all_periods_it_holds_less_and_serves_the_worst_season():
    network = chain()
    constant, seasonal = plans(network)
    assert seasonal.objective < 0.6 * constant.objective
    stock, worst = {}, {}
    for name, plan in (("constant", constant), ("seasonal", seasonal)):
        done = run(network, plan=plan, periods=10 * CYCLE, replications=400)
        stock[name] = done.total["holding_cost"].iloc[0]
        ready = ready_by_phase(network, plan, runs=1_000)
        worst[name] = ready[ready["location"] == "shop"]["ready_rate"].min()
    assert stock["seasonal"] < 0.75 * stock["constant"]
    assert worst["constant"] < 0.85 < 0.9 < worst["seasonal"]


def test_demand_that_does_not_change_leaves_every_bit():
    network = chain()
    steady = network.replace(
        demand=pd.DataFrame({"item": ["tea"], "location": "shop", "mean": 100.0, "std": 20.0})
    )
    one, other = ec.optimize(steady), ec.optimize(steady, base_stocks="by_period")
    assert one.stages.equals(other.stages)
    assert other.levels.empty


def test_a_cycle_of_equal_periods_is_steady_demand():
    network = chain()
    flat = pd.DataFrame(
        {"item": "tea", "location": "shop", "period": range(3), "mean": 100.0, "std": 20.0}
    )
    steady = flat.iloc[:1].drop(columns="period")
    seasonal = ec.optimize(network.replace(demand=flat), base_stocks="by_period")
    plain = ec.optimize(network.replace(demand=steady))
    for name in ("service_time", "safety_stock", "base_stock"):
        np.testing.assert_allclose(seasonal.stages[name], plain.stages[name], rtol=1e-12)
    spread = seasonal.levels.groupby("location")["base_stock"].agg(np.ptp)
    assert (spread < 1e-9).all()


def test_levels_are_the_means_of_the_times_in_which_customers_will_buy():
    """Known demand: each level is the demand of the window, later by the times below."""
    network = chain(spread=0.0, lead_times=(3, 2, 1), max_service_time=[0.0, 0.0, 0.0])
    plan = ec.optimize(network, base_stocks="by_period")
    levels = plan.levels.pivot(index="period", columns="location", values="base_stock")
    ahead = {"shop": (1, 1), "depot": (2, 3), "plant": (4, 6)}  # first and last period ahead
    for location, (first, last) in ahead.items():
        windows = [MEAN[np.arange(t + first, t + last + 1) % CYCLE].sum() for t in range(CYCLE)]
        np.testing.assert_allclose(levels[location], windows, rtol=1e-12)
    done = run(network, plan=plan, periods=2 * CYCLE, warmup=4 * CYCLE, replications=2)
    assert (done.stages["ready_rate"] == 1.0).all()
    np.testing.assert_allclose(done.stages["on_hand"], 0.0, atol=1e-9)  # nothing too much either


@pytest.mark.parametrize(("lead_time", "review"), [(0, 0), (2, 0), (3, 1), (1, 3)])
def test_known_demand_above_the_capacity_in_the_peak_is_made_before_it(lead_time, review):
    """By listing all pauses, period by period: nobody waits, and somebody does with less."""
    limit = 115.0
    network = alone(spread=0.0, lead_times=(0, 0, lead_time), review=(0, 0, review))
    network = network.replace(stages=network.stages.assign(capacity=limit))
    plan = ec.optimize(network, base_stocks="by_period")
    levels = plan.levels["base_stock"].to_numpy()
    start = 0 if review else 1
    for period, level in enumerate(levels):
        demand = np.resize(np.roll(MEAN, -period - start), 400)
        before = np.concatenate([[0.0], demand.cumsum()])
        pauses = np.arange(0, 300)
        needed = before[lead_time + review + pauses] - limit * pauses
        # it falls no faster than demand draws stock down
        drawn_down = levels[period - 1] - MEAN[period] if review == 0 else -np.inf
        assert level == pytest.approx(max(needed.max(), drawn_down), rel=1e-12)
    done = run(network, plan=plan, periods=2 * CYCLE, warmup=10 * CYCLE, replications=2)
    assert done.stages["ready_rate"].tolist() == [1.0]
    less = replace(plan, levels=plan.levels.assign(base_stock=levels - 0.01))
    done = run(network, plan=less, periods=2 * CYCLE, warmup=10 * CYCLE, replications=2)
    assert (done.stages["ready_rate"] < 1.0).all()


@pytest.mark.parametrize("family", ["normal", "gamma"])
def test_a_season_above_the_capacity_is_served_nearly_as_promised(family):
    """Raised alike in all periods, as the mean over the cycle asks, levels serve 72 % and 73 %."""
    network = alone(family=family, lead_times=(0, 0, 2))
    network = network.replace(stages=network.stages.assign(capacity=125.0))
    plan = ec.optimize(network, base_stocks="by_period")
    done = run(network, plan=plan, periods=20 * CYCLE, replications=250)
    served = done.stages["cycle_service_level"][0]
    assert 0.94 < served < 0.98
    assert plan.levels["base_stock"].mean() == pytest.approx(plan.stages["base_stock"][0], rel=1e-3)


def test_levels_are_written_and_read(tmp_path):
    network = chain()
    _, plan = plans(network)
    again = ec.read_plan(plan.write(tmp_path))
    pd.testing.assert_frame_equal(again.levels, plan.levels)
    assert run(network, plan=again, periods=6, replications=2).stages.equals(
        run(network, plan=plan, periods=6, replications=2).stages
    )


def test_a_choice_that_is_none_is_refused():
    with pytest.raises(ec.EchelonError, match="by_period"):
        ec.optimize(chain(), base_stocks="weekly")
