"""Searched base stocks against Clark and Scarf, capacities, lost sales and enumeration."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import poisson

import echelon as ec
from echelon.optimization.simulated_base_stock.asked import Asked
from echelon.optimization.simulated_base_stock.describe import Described
from echelon.optimization.simulated_base_stock.problem import Problem
from echelon.optimization.simulated_base_stock.sample import Sample
from echelon.optimization.simulated_base_stock.search import Found, search
from echelon.optimization.simulated_base_stock.start import Start


def described(network: ec.Network, **given) -> Problem:
    """The network's only component, ready for the search."""
    asked = Asked.of(network, None, None)
    options = {"periods": 250, "warmup": None, "seed": 1} | given
    return Described.of(
        network,
        asked,
        Start.of(network, asked, None),
        charge_pipeline=False,
        by_factor=False,
        **options,
    ).problem(0)


def searched(network: ec.Network, *, most_runs: int = 128, **given) -> Found:
    return search(described(network, **given), tolerance=1e-3, most_runs=most_runs)


def series(lead_time, holding_cost, shortage_cost, demand: dict) -> ec.Network:
    """Stages in series, the customers' stage first in the arguments."""
    n = len(lead_time)
    network = ec.serial(
        [f"stage {k}" for k in range(n, 0, -1)],
        lead_time=list(lead_time[::-1]),
        holding_cost=list(holding_cost[::-1]),
        backorder_cost=[0.0] * (n - 1) + [shortage_cost],
        demand_mean=demand["mean"],
        demand_std=demand["std"],
    )
    return network.replace(demand=network.demand.assign(family=demand["family"]))


def excess(network, lead_time, holding_cost, shortage_cost, demand) -> float:
    """Exact cost of the levels found over the least, pipelines left out, as a share of it."""
    law = ec.distributions.make(demand["family"], demand["mean"], demand["std"])
    levels = searched(network, most_runs=128).levels[::-1]
    if demand["family"] == "poisson":
        np.testing.assert_array_equal(levels, np.rint(levels))
    given = {"lead_time": lead_time, "holding_cost": holding_cost, "shortage_cost": shortage_cost}
    best = ec.exact.clark_scarf(law, **given)
    cost = ec.exact.serial_measures(law, base_stock=levels, **given).cost
    return float((cost - best.cost) / (best.cost - best.pipeline_cost))


def _textbook(shared_oracles: Path, case: str):
    rows = json.loads((shared_oracles / "textbook/ssm_serial.json").read_text())["cases"]
    given = next(row for row in rows if row["id"] == case)["inputs"]
    lead_time = np.array(given["lead_time"], dtype=float)
    echelon = np.array(given["echelon_holding_cost"], dtype=float)
    holding = np.cumsum(echelon[::-1])[::-1]
    mean, std = float(given["demand"]["mean"]), float(given["demand"]["sd"])
    # where times have fractions of a period, count in finer periods
    finer = next(k for k in range(1, 9) if not (lead_time * k % 1.0).any())
    demand = {"family": "normal", "mean": mean / finer, "std": std / finer**0.5}
    return lead_time * finer, holding / finer, float(given["stockout_cost"]) / finer, demand


@pytest.mark.parametrize("case", ["ssm_example_6_1", "ssm_unit_N2"])
def test_stages_in_series_cost_next_to_the_least(shared_oracles, case):
    """Within 0.1 % of Clark and Scarf's optimum, judged by the exact evaluation."""
    given = _textbook(shared_oracles, case)
    assert 0.0 <= excess(series(*given), *given) + 1e-9 < 1e-3


def test_poisson_demand_in_series(shared_oracles):
    """Shang & Song (2003), Table 1, row 1: lead times of a quarter, so counted in quarters."""
    case = json.loads((shared_oracles / "shang_song_2003.json").read_text())["cases"][0]
    echelon = np.array([float(h) for h in case["echelon_h_stage1_to_4"].split("|")]) / 4.0
    holding = np.cumsum(echelon[::-1])[::-1]
    demand = {"family": "poisson", "mean": 4.0, "std": 2.0}
    given = ([1] * 4, holding, float(case["backorder_cost"]) / 4.0, demand)
    assert excess(series(*given), *given) < 5e-3


@pytest.mark.parametrize("lead_time", [4])
def test_lost_sales_as_zipkin_has_them(shared_oracles, lead_time):
    """Zipkin (2008), Table 3: the best base stock; a cost of two decimals, and a sample's error."""
    cases = json.loads((shared_oracles / "zipkin_2008_lost_sales.json").read_text())["cases"]
    wanted = {
        c["p"]: float(c["avg_cost"])
        for c in cases
        if c["policy"] == "Best base-stock" and int(c["lead_time"]) == lead_time
    }
    for price, cost in wanted.items():
        network = ec.serial(
            ["shop"], lead_time=lead_time, holding_cost=1.0, demand_mean=5.0, demand_std=5.0**0.5
        )
        network = network.replace(
            stages=network.stages.assign(
                review_period=1, lost_sales_share=1.0, lost_sale_cost=float(price)
            ),
            demand=network.demand.assign(family="poisson"),
        )
        problem = described(network)
        found = search(problem, tolerance=1e-3, most_runs=128)
        fresh = Sample(problem, 10_000, 256).read(found.levels).cost
        error = fresh.std(ddof=1) / len(fresh) ** 0.5
        assert abs(fresh.mean() - cost) < 4.0 * error + 0.005


@pytest.mark.parametrize(("capacity", "lead_time", "price"), [(5, 3, 9.0)])
def test_a_capacity_in_front_of_a_stage(capacity, lead_time, price):
    """Best level by the stationary shortfall, a Markov chain: V' = max(V + D - C, 0)."""
    n, mean = 300, 4.0
    mass = poisson.pmf(np.arange(n), mean)
    shortfall = np.eye(1, n)[0]
    for _ in range(1500):
        total = np.convolve(shortfall, mass)
        shortfall = np.concatenate([[total[: capacity + 1].sum()], total[capacity + 1 :]])[:n]
    outstanding = np.convolve(shortfall, poisson.pmf(np.arange(n), mean * lead_time))
    units = np.arange(len(outstanding))
    cost = [
        float((np.maximum(s - units, 0) + price * np.maximum(units - s, 0)) @ outstanding)
        for s in range(60)
    ]
    network = ec.serial(
        ["shop"], lead_time=lead_time, holding_cost=1.0, backorder_cost=price,
        demand_mean=mean, demand_std=mean**0.5,
    )  # fmt: skip
    network = network.replace(
        stages=network.stages.assign(capacity=float(capacity)),
        demand=network.demand.assign(family="poisson"),
    )
    level = int(searched(network).levels[0])
    assert cost[level] <= 1.005 * min(cost)


def _shops() -> ec.Network:
    network = ec.distribution(
        "depot", ["north", "south"], lead_time=[2, 1, 2], holding_cost=[1.0, 2.0, 2.0],
        demand_mean=[3.0, 2.0], demand_std=[3.0**0.5, 2.0**0.5],
    )  # fmt: skip
    stages = network.stages.assign(
        backorder_cost=[0.0, 15.0, 15.0],
        lead_time_std=[1.0, 0.5, 0.5],
        capacity=[7.0, np.nan, np.nan],
        lost_sales_share=[0.0, 1.0, 0.5],
        lost_sale_cost=[0.0, 20.0, 20.0],
    )
    return network.replace(stages=stages, demand=network.demand.assign(family="poisson"))


def _kit() -> ec.Network:
    network = ec.assembly(
        ["part a", "part b"], "kit", lead_time=[1, 3, 1], holding_cost=[1.0, 1.5, 4.0],
        demand_mean=4.0, demand_std=2.0,
    )  # fmt: skip
    stages = network.stages.assign(backorder_cost=[0.0, 0.0, 20.0], lead_time_std=[1.0, 1.0, 0.0])
    return network.replace(stages=stages, demand=network.demand.assign(family="poisson"))


@pytest.mark.parametrize("make", [_shops, _kit], ids=["shops", "kit"])
def test_nothing_around_is_better_on_other_runs(make):
    """All levels within two units, on runs that the search did not see."""
    problem = described(make(), periods=100)
    found = search(problem, tolerance=1e-3, most_runs=128).levels
    fresh = Sample(problem, 10_000, 64)
    own = fresh.read(found).cost
    for move in itertools.product(range(-2, 3), repeat=3):
        other = fresh.read(np.maximum(found + np.array(move), 0.0)).cost
        saved = own - other
        error = saved.std(ddof=1) / len(saved) ** 0.5
        assert saved.mean() < 0.005 * own.mean() + 2.0 * error
