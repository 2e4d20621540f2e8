"""Placement beside a second, plain derivation: enumeration from tables, extensions in pairs."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import echelon as ec
from echelon.distributions import Gamma, Normal
from echelon.errors import DataWarning
from echelon.lead_time.exposure import exposure_demand
from echelon.optimization.cost.position_excess import OrderRule, PositionExcess

SEGMENT = ("item", "location", "segment")


def random_tables(rng):
    """Draw the tables of a network of 2 to 4 stages, in the order of the lanes; and the tick."""
    n = int(rng.integers(2, 5))
    tick = float(rng.choice([1.0, 0.5, 0.25]))
    lanes = [
        (int(i), j)
        for j in range(1, n)
        for i in rng.choice(j, size=int(rng.integers(1, j + 1)), replace=False)
    ]
    sells = [j for j in range(n) if j not in {i for i, _ in lanes} or rng.random() < 0.3]
    stages = pd.DataFrame(
        {
            "item": [f"s{j}" for j in range(n)],
            "location": "x",
            "lead_time": rng.integers(0, 4, n) * tick,
            "holding_cost": np.where(rng.random(n) < 0.1, 0.0, rng.uniform(0.1, 10.0, n)),
            "inbound_service_time": rng.integers(0, 3, n) * tick * (rng.random() < 0.4),
            "max_service_time": np.where(
                rng.random(n) < 0.3,
                rng.integers(0, 4, n) * tick,
                np.where(np.isin(range(n), sells), 0.0, np.inf),
            ),
            "can_stock": rng.random(n) > 0.1,
            "service_level": np.where(
                np.isin(range(n), sells), rng.choice([0.5, 0.8, 0.95], n), np.nan
            ),
        }
    )
    table = pd.DataFrame(
        {
            "from_item": [f"s{i}" for i, _ in lanes],
            "from_location": "x",
            "to_item": [f"s{j}" for _, j in lanes],
            "to_location": "x",
            "units_required": rng.choice([1.0, 2.0, 0.5], len(lanes)),
            "lead_time": rng.integers(0, 3, len(lanes)) * tick * (rng.random() < 0.5),
        }
    )
    rows = [(f"s{j}", "x", f"g{k}") for j in sells for k in range(1 + (rng.random() < 0.4))]
    demand = pd.DataFrame(rows, columns=SEGMENT).assign(
        mean=rng.uniform(20.0, 100.0, len(rows)), std=rng.uniform(1.0, 20.0, len(rows))
    )
    common = rng.normal(size=(len(rows), 2))
    joint = common @ common.T + np.diag(rng.uniform(0.3, 2.0, len(rows)))
    scale = np.sqrt(np.diag(joint))
    correlation = np.eye(len(rows)) if rng.random() < 0.5 else joint / np.outer(scale, scale)
    return stages, table, demand, correlation, lanes, tick


def made_of(stages, table, demand, correlation):
    """Give the network, rows of its tables in another order."""
    pairs = [
        (*rows[0], *rows[1], correlation[i, k])
        for (i, k) in combinations(range(len(demand)), 2)
        if correlation[i, k] != 0.0
        for rows in [demand[list(SEGMENT)].iloc[[i, k]].to_numpy().tolist()]
    ]
    columns = [*SEGMENT, *(f"other_{name}" for name in SEGMENT), "coefficient"]
    extra = {"correlation": pd.DataFrame(pairs, columns=columns)} if pairs else {}
    return ec.Network.from_tables(
        stages.iloc[::-1].reset_index(drop=True),
        table.iloc[::-1].reset_index(drop=True),
        demand,
        **extra,
    )


def bound_of(stages, table, demand, correlation, lanes):
    """Variance of the bound on a period's demand at each stage, by paths and rows."""
    n = len(stages)
    units = np.zeros((n, n))
    for (i, j), each in zip(lanes, table["units_required"], strict=True):
        units[i, j] += each
    paths = np.linalg.inv(np.eye(n) - units)
    at = [int(item[1:]) for item in demand["item"]]
    scaled = norm.ppf(stages["service_level"].to_numpy())[at] * demand["std"].to_numpy()
    each = paths[:, at] * scaled
    return np.maximum(np.einsum("jr,rs,js->j", each, correlation, each), 0.0)


def least_cost(stages, table, demand, correlation, lanes, tick):
    """Least cost over every service time on the grid of ticks; inf if there is no plan."""
    bound = bound_of(stages, table, demand, correlation, lanes)
    quoted, cost = np.zeros((1, 0)), np.zeros(1)
    for j, stage in enumerate(stages.itertuples()):
        inbound = np.full(len(quoted), stage.inbound_service_time)
        for (i, to), transit in zip(lanes, table["lead_time"], strict=True):
            if to == j:
                inbound = np.maximum(inbound, quoted[:, i] + transit)
        through = inbound + stage.lead_time
        grid = np.arange(0.0, through.max(initial=0.0) + tick / 2, tick)
        covered = through[:, None] - grid
        allowed = (covered > -1e-9) & (grid <= stage.max_service_time + 1e-9)
        if not stage.can_stock:
            allowed &= covered < 1e-9
        plan, time = np.nonzero(allowed)
        held = np.sqrt(bound[j] * np.maximum(covered[plan, time], 0.0))
        quoted = np.column_stack([quoted[plan], grid[time]])
        cost = cost[plan] + stage.holding_cost * held
    return float(cost.min(initial=np.inf))


@pytest.mark.parametrize("block", range(4))
def test_random_tables_against_enumeration(block):
    """Segments, correlations, usage, lane times, limits and stages without stock, at once."""
    solved = 0
    for seed in range(20 * block, 20 * block + 20):
        *tables, lanes, tick = random_tables(np.random.default_rng([seed, 6]))
        network = made_of(*tables)
        best = least_cost(*tables, lanes, tick)
        for method in ("auto", "dual", "exact"):
            plan = ec.optimize(network, method=method, time_limit=1e-3 if seed % 3 == 0 else None)
            if not np.isfinite(best):
                assert plan.status in ("failed", "partial"), seed
                continue
            solved += 1
            assert plan.bound <= best * (1 + 1e-9) + 1e-9, (seed, method)
            assert plan.objective >= best * (1 - 1e-9) - 1e-9, (seed, method)
            if method != "dual" and seed % 3:
                assert plan.objective == pytest.approx(best, rel=1e-6, abs=1e-9), (seed, method)
                assert plan.bound == pytest.approx(best, rel=2e-6, abs=1e-9), (seed, method)
    assert solved > 25


def chain(stages=None, demand=None):
    """Plant, a depot that sells too, and a shop."""
    frame = pd.DataFrame(
        {
            "item": "p",
            "location": ["plant", "depot", "shop"],
            "lead_time": [3.0, 2.0, 1.0],
            "holding_cost": [1.0, 1.5, 3.0],
            "service_level": [None, 0.95, 0.55],
            "max_service_time": [None, None, 0.0],
        }
    ).assign(**(stages or {}))
    lanes = pd.DataFrame(
        {"from_item": "p", "from_location": ["plant", "depot"]}
        | {"to_item": "p", "to_location": ["depot", "shop"]}
    )
    rows = pd.DataFrame(
        {"item": "p", "location": ["depot", "shop"], "mean": [50.0, 100.0], "std": [12.0, 18.0]}
    )
    return ec.Network.from_tables(frame, lanes, rows if demand is None else demand)


@pytest.mark.parametrize("where", [[1e6, None, None], [None, 1e6, None], [None, None, 1e6]])
@pytest.mark.parametrize("promised", [{}, {"customer_service_time": [None, 0.0, None]}])
def test_a_capacity_that_never_binds_leaves_the_plan(where, promised):
    """Also where stages promise different levels, and customers another time than stages."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        without = ec.optimize(chain(promised))
        plan = ec.optimize(chain(promised | {"capacity": where}))
    assert plan.objective == pytest.approx(without.objective, rel=1e-12)
    for column in ("service_time", "base_stock", "safety_stock"):
        expected = without.stages[column].to_numpy()
        assert plan.stages[column].to_numpy() == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_two_promises_keep_the_stock_of_customers_below_a_limit():
    """A depot that passes the wait on to its shop still holds what its customers are promised."""
    columns = {"customer_service_time": [None, 0.0, None], "capacity": [None, None, 120.0]}
    plan = ec.optimize(chain(columns | {"can_stock": [False, True, True]}))
    depot = plan.stages.set_index("location").loc["depot"]
    waits = depot["inbound_service_time"] + 2.0
    alone = 50.0 * waits + norm.ppf(0.95) * 12.0 * np.sqrt(waits)
    assert depot["base_stock"] >= alone - 1e-9


def test_seasons_below_a_shop_that_reviews_rarely():
    """The depot keeps its promise in a simulation whose plant is never short."""
    cycle = [
        {"item": "p", "location": place, "period": t, "mean": mean * f, "std": std * f}
        for place, mean, std in (("depot", 50.0, 12.0), ("shop", 100.0, 18.0))
        for t, f in enumerate((0.6, 1.0, 1.4, 1.0))
    ]
    columns = {"review_period": [1, 2, 4], "review_phase": [0, 1, 1], "max_service_time": 0.0}
    levels = {"service_level": [None, 0.95, 0.95]}
    network = chain(columns | levels, pd.DataFrame(cycle))
    plan = ec.optimize(network, base_stocks="by_period")
    ample = plan.levels.copy()
    ample.loc[ample["location"] == "plant", "base_stock"] += 5_000.0
    plan = replace(plan, levels=ample)
    run = ec.simulate(network, plan, periods=120, warmup=60, replications=200, seed=3)
    depot = run.service.set_index("location").loc["depot"]
    assert depot["simulated"] == pytest.approx(0.95, abs=4 * depot["simulated_se"] + 0.005)


def test_a_least_order_far_below_demand():
    """It changes nothing, and takes no more time or memory than any other."""
    for law in (Normal(5e4, 1e4), Gamma(5e4, 4e4)):
        demand = exposure_demand(law, 1.0)
        assert PositionExcess.stationary(OrderRule(minimum=1.0), demand).mean < 1e-3
        lots = PositionExcess.stationary(OrderRule(multiple=2.0, minimum=5.0), demand)
        assert lots.mean == pytest.approx(1.0, rel=0.02)


def test_segments_of_a_stage_that_falls_behind_are_promised_nothing_known():
    segments = pd.DataFrame(
        {
            "item": "p",
            "location": "shop",
            "segment": ["a", "b"],
            "mean": [60.0, 40.0],
            "std": [15.0, 10.0],
        }
        | {"service_level": [0.99, 0.85], "priority": [0, 1]}
    )
    columns = {"allocation": "priority", "service_level": None}
    assert ec.optimize(chain(columns, segments)).segments["service_level"].notna().all()
    with pytest.warns(DataWarning, match="not known"):
        behind = ec.optimize(chain(columns | {"capacity": [None, None, 110.0]}, segments))
    assert behind.segments["service_level"].isna().all()


def test_forecasts_reach_further_ahead_by_the_time_in_transit():
    """Stock of a plant whose shop is two periods away, added up revision by revision."""
    stages = pd.DataFrame(
        {"item": "p", "location": ["plant", "shop"], "lead_time": [3.0, 1.0], "holding_cost": 1.0}
        | {"max_service_time": 0.0, "service_level": [None, 0.95]}
    )
    lanes = pd.DataFrame(
        {"from_item": ["p"], "from_location": "plant", "to_item": "p", "to_location": "shop"}
    ).assign(lead_time=2.0)
    shop = {"item": "p", "location": "shop"}
    variances = [100.0, 80.0, 60.0, 40.0, 20.0, 10.0]
    demand = pd.DataFrame([shop | {"mean": 100.0, "std": np.sqrt(sum(variances))}])
    revisions = pd.DataFrame(shop | {"ahead": range(6), "covariance": variances})
    network = ec.Network.from_tables(stages, lanes, demand, forecast_errors=revisions)
    open_at = np.cumsum(variances)  # of a period so far ahead, by what it is revised until then
    expected = norm.ppf(0.95) * np.sqrt([open_at[3:6].sum(), open_at[:3].sum()])
    found = ec.optimize(network).stages["safety_stock"].to_numpy()
    assert found == pytest.approx(expected, rel=1e-9)
