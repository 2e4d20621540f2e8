"""What pooling is said to save against what simulation draws: within four standard errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Gamma, LogNormal, NegativeBinomial, Normal, PerPeriod, Poisson
from echelon.kernels.draws import fill
from echelon.kernels.flow_arrays import WIDTH
from echelon.simulation.described.layout import lay_out
from echelon.simulation.described.levels import levels_of
from echelon.simulation.drawn.rows import DrawnRows
from echelon.simulation.drawn.sources import sources_of

MATRIX = np.array(
    [
        [1.0, 0.5, 0.3, -0.2],
        [0.5, 1.0, 0.4, 0.1],
        [0.3, 0.4, 1.0, 0.2],
        [-0.2, 0.1, 0.2, 1.0],
    ]
)
UNITS = [1.0, 2.0, 1.0, 0.5]

CASES = {
    "normal": [Normal(50.0, 8.0), Normal(30.0, 6.0), Normal(20.0, 9.0), Normal(80.0, 20.0)],
    "skewed": [Gamma(5.0, 6.0), LogNormal(9.0, 9.0), Gamma(20.0, 5.0), LogNormal(30.0, 12.0)],
    "counts": [Poisson(0.6), NegativeBinomial(3.0, 4.0), Poisson(8.0), NegativeBinomial(1.0, 1.5)],
    "seasonal": [
        PerPeriod((Gamma(5.0, 4.0), Gamma(20.0, 9.0), Gamma(9.0, 3.0))),
        PerPeriod.seasonal(Normal(40.0, 8.0), [0.5, 1.5]),
        Poisson(6.0),
        PerPeriod.seasonal(LogNormal(20.0, 10.0), [0.8, 1.0, 1.2]),
    ],
}


def network_of(laws) -> ec.Network:
    shops = [f"shop {k}" for k in range(len(laws))]
    stages = pd.DataFrame({"item": "a", "location": ["plant", *shops], "holding_cost": 1.0})
    stages = stages.assign(lead_time=[3] + [1] * len(laws), service_level=0.95)
    lanes = pd.DataFrame(
        {"from_item": "a", "from_location": "plant", "to_item": "a", "to_location": shops}
    ).assign(units_required=UNITS)
    demand = pd.DataFrame({"item": "a", "location": shops, "distribution": laws})
    table = ec.correlation_table(demand[["item", "location"]], MATRIX)
    return ec.Network.from_tables(stages, lanes, demand, correlation=table)


def demand_rows(network):
    """What a simulation of the network draws."""
    levelled = network.replace(stages=network.stages.assign(base_stock=0.0))
    levels, _ = levels_of(levelled, None, [])
    none, some = np.zeros(1, dtype=np.int64), np.full(1, 60)
    layout = lay_out(levelled, levels, warmups=none, periods=some)
    return DrawnRows.of(levelled, layout.feature_set, replay=None).part(0, 1)


@pytest.mark.parametrize("name", CASES)
def test_the_pooled_variance_is_that_of_simulated_demand(name):
    """Whole cycles of 60 periods, 40 blocks of 128 replications: variance over both."""
    network = network_of(CASES[name])
    sources = sources_of(demand_rows(network), 9)
    compiled = network.compiled
    units = np.array(UNITS)[compiled.demand_row]  # rows are drawn in compiled order
    demand, memory = np.empty((4, 60, WIDTH)), np.zeros((4, WIDTH))
    # (replications, periods): what the plant sees, in every period of all cycles equally often
    blocks = []
    for block in range(40):
        fill(sources, 0, 4, 0, 60, WIDTH * block, WIDTH, memory, demand)
        blocks.append(np.tensordot(units, demand, axes=1))
    seen = np.concatenate(blocks, axis=1).T
    expected = network.demand_seen()
    n = len(seen)
    assert n == 40 * WIDTH
    by_replication = seen.mean(axis=1)
    error = by_replication.std(ddof=1) / n**0.5
    assert abs(seen.mean() - expected.mean[0]) < 4 * error
    squares = ((seen - expected.mean[0]) ** 2).mean(axis=1)
    assert abs(squares.mean() - expected.std[0] ** 2) < 4 * squares.std(ddof=1) / n**0.5
    alone = expected.to_frame().loc[0]
    assert alone["std_if_independent"] < alone["std"] < alone["std_if_in_step"]


def test_the_stock_of_a_correlated_plan_keeps_its_promise_and_that_of_independence_does_not():
    """One stage, four segments in step to 0.7: the plan that knows it covers 95 % of periods."""
    demand = pd.DataFrame(
        {"item": "a", "location": "x", "segment": list("pqrs"), "mean": 100.0, "std": 20.0}
    )
    stages = pd.DataFrame({"item": ["a"], "location": "x", "holding_cost": 1.0})
    stages = stages.assign(lead_time=4, service_level=0.95)
    matrix = np.full((4, 4), 0.7)
    np.fill_diagonal(matrix, 1.0)
    table = ec.correlation_table(demand[["item", "location", "segment"]], matrix)
    together = ec.Network.from_tables(stages, demand=demand, correlation=table)
    free = together.replace(correlation=None)
    plans = {"knows": ec.optimize(together), "denies": ec.optimize(free)}
    # 4 x 20^2 x (1 + 3 x 0.7) against 4 x 20^2, over 4 periods
    z = 1.6448536269514722
    assert plans["knows"].stages.loc[0, "safety_stock"] == pytest.approx(z * 2 * 40 * 3.1**0.5)
    assert plans["denies"].stages.loc[0, "safety_stock"] == pytest.approx(z * 2 * 40)
    reached = {}
    for name, plan in plans.items():
        row = ec.simulate(together, plan, periods=400, replications=256, seed=3).stages.loc[0]
        reached[name] = row["cycle_service_level"], row["cycle_service_level_se"]
    level, error = reached["knows"]
    assert abs(level - 0.95) < 4 * error
    level, error = reached["denies"]
    # the normal bound at z / sqrt(3.1)
    from scipy.special import ndtr

    assert abs(level - ndtr(z / 3.1**0.5)) < 4 * error


def test_a_plan_for_the_average_period_says_so_and_misses_the_high_season():
    law = PerPeriod.seasonal(Normal(100.0, 10.0), [0.6] * 6 + [1.4] * 6)
    stages = pd.DataFrame({"item": ["a"], "location": "x", "holding_cost": 1.0})
    network = ec.Network.from_tables(
        stages.assign(lead_time=2, service_level=0.95),
        demand=pd.DataFrame({"item": ["a"], "location": "x", "distribution": [law]}),
    )
    with pytest.warns(ec.DataWarning, match="demand of 1 rows changes by period"):
        plan = ec.optimize(network)
    # the season counts as variation: within 0.5 (6^2 + 14^2), between 40^2
    assert plan.stages.loc[0, "demand_std"] == pytest.approx((116.0 + 1600.0) ** 0.5)
    run = ec.simulate(network, plan, periods=120, warmup=12, replications=128, seed=1, trace=True)
    row = run.stages.loc[0]
    assert row["cycle_service_level"] < 0.95 - 4 * row["cycle_service_level_se"]
    trace = run.trace
    means = trace.groupby(trace["period"] % 12)["demand"].mean()
    assert means[:6].max() < 100.0 < means[6:].min()
