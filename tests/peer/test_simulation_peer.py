"""The same systems simulated by stockpyl give the same averages.

Both start from the same stock and run for as long, so that one run of the peer is one more draw
from what a thousand of ours spread over: within four of our standard deviations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("stockpyl", reason="the extra `peer` is not installed")

from scipy.stats import norm
from stockpyl.demand_source import DemandSource
from stockpyl.disruption_process import DisruptionProcess
from stockpyl.sim import simulation
from stockpyl.supply_chain_network import single_stage_system

import echelon as ec
from benchmarks.cases.simulation_systems import network_of, systems, with_demand
from benchmarks.peers import stockpyl_simulation
from echelon import distributions as ed
from tests.simulated import stages_apart

pytestmark = pytest.mark.peer

RUNS = 1_000


def averages(network: Any, periods: int, seed: int) -> pd.DataFrame:
    """On hand, backorders and fill rate of each stage, by the peer."""
    simulation(network, periods, rand_seed=seed, progress_bar=False, consistency_checks="E")
    told = []
    for node in sorted(network.nodes, key=lambda one: one.index):  # its own order is another
        level = np.array(
            [next(iter(node.state_vars[t].inventory_level.values())) for t in range(periods)]
        )
        last = node.state_vars[periods - 1]
        met = next(iter(last.demand_met_from_stock_cumul.values()))
        asked = next(iter(last.demand_cumul.values()))
        told.append(
            {
                "on_hand": np.maximum(level, 0.0).mean(),
                "backorders": np.maximum(-level, 0.0).mean(),
                "fill_rate": met / asked,
            }
        )
    return pd.DataFrame(told)


def ours(network: ec.Network, periods: int) -> pd.DataFrame:
    return ec.simulate(
        network, periods=periods, warmup=0, replications=RUNS, seed=3, progress=False
    ).stages


def apart(theirs: pd.DataFrame, run: pd.DataFrame) -> np.ndarray:
    """Differences in standard deviations of one run, shape (stages, measures)."""
    names = list(theirs.columns)
    spread = run[[f"{name}_se" for name in names]].to_numpy() * (RUNS + 1.0) ** 0.5
    off = np.abs(theirs[names].to_numpy() - run[names].to_numpy())
    return off / np.maximum(spread, 1e-9)


def in_order(network: ec.Network) -> ec.Network:
    """The peer serves receivers one after another; so does the rule priority."""
    return ec.Network.from_tables(
        network.stages.assign(allocation="priority"), network.lanes, network.demand
    )


@pytest.mark.parametrize("family", ["normal", "poisson"])
@pytest.mark.parametrize(
    ("name", "periods"), [("3-stage series", 500), ("10-stage tree", 200), ("50-stage network", 60)]
)
def test_networks_under_base_stocks(name, family, periods):
    system = with_demand(systems()[name], family)
    told = ours(in_order(network_of(system)), periods)
    theirs = averages(stockpyl_simulation.build(system), periods, seed=5)
    assert apart(theirs, told).max() < 4.0
    # a fifth less on hand would be seen at most stages
    less = theirs.assign(on_hand=0.8 * theirs["on_hand"])
    assert np.mean(apart(less, told)[:, 0] > 4.0) > 0.5


POISSON, LEAD_TIME = ed.Poisson(10.0), 2

SINGLE = {
    "(s, S)": (
        {"policy_type": "sS", "reorder_point": 20.0, "order_up_to_level": 40.0},
        {"policy": "min_max", "reorder_point": 20.0, "base_stock": 40.0},
    ),
    # the peer orders one quantity at most
    "(r, Q)": (
        {"policy_type": "rQ", "reorder_point": 22.0, "order_quantity": 15.0},
        {"policy": "reorder_point_once", "reorder_point": 22.0, "order_quantity": 15.0},
    ),
}


@pytest.mark.parametrize("name", SINGLE)
def test_single_stages(name):
    theirs, columns = SINGLE[name]
    common = {"demand": POISSON, "lead_time": float(LEAD_TIME), "initial_stock": 40.0}
    periods = 2_000
    told = ours(stages_apart([{**common, **columns}]), periods)
    peer = single_stage_system(
        shipment_lead_time=LEAD_TIME,
        demand_type="P",
        mean=10.0,
        initial_inventory_level=40.0,
        local_holding_cost=1.0,
        **theirs,
    )
    found = averages(peer, periods, seed=6)
    assert apart(found, told).max() < 4.0
    assert apart(1.1 * found, told)[0, 0] > 4.0


def test_disruptions():
    """The peer's order-pausing kind: while it is down nothing is ordered, and stock is sold."""
    periods = 2_000
    rates = {"failure_rate": 0.05, "recovery_rate": 0.3}
    network = stages_apart(
        [{"demand": POISSON, "lead_time": float(LEAD_TIME), "base_stock": 45.0}],
        disruptions=pd.DataFrame(
            {"name": ["outage"], "item": "sku 000", "location": "here", "ships": True, **rates}
        ),
    )
    told = ours(network, periods)
    peer = single_stage_system(
        shipment_lead_time=LEAD_TIME,
        demand_type="P",
        mean=10.0,
        local_holding_cost=1.0,
        policy_type="BS",
        base_stock_level=45.0,
        disruption_process=DisruptionProcess(
            random_process_type="M",
            disruption_type="OP",
            disruption_probability=rates["failure_rate"],
            recovery_probability=rates["recovery_rate"],
        ),
    )
    found = averages(peer, periods, seed=7)
    assert apart(found, told).max() < 4.0
    never = ours(stages_apart([{"demand": POISSON, "lead_time": float(LEAD_TIME),
                                "base_stock": 45.0}]), periods)  # fmt: skip
    assert apart(found, never).max() > 4.0


def draws(**source: Any) -> np.ndarray:
    np.random.seed(8)
    law = DemandSource(**source)
    return np.array([law.generate_demand() for _ in range(20_000)])


def test_where_the_peer_departs_from_its_declared_distributions():
    """Normal demand is cut at 0, and uniform demand ends at ``hi - lo`` instead of ``hi``."""
    cut = draws(type="N", mean=10.0, standard_deviation=10.0)
    assert cut.min() == 0.0
    assert cut.mean() == pytest.approx(10.0 * 1.0833, rel=0.02)  # phi(1) + Phi(1)
    declared = DemandSource(type="N", mean=10.0, standard_deviation=10.0).demand_distribution
    assert declared.mean() == 10.0
    assert draws(type="UC", lo=2.0, hi=12.0).max() < 10.0


def cut_normal(mean: float, std: float) -> ed.Distribution:
    """The larger of 0 and a normal variable."""
    below, density = norm.cdf(-mean / std), norm.pdf(mean / std)
    ratio = density / (1.0 - below)
    positive = mean + std * ratio
    variance = std**2 * (1.0 - ratio * (mean / std + ratio))
    return ed.ZeroInflated(1.0 - below, ed.TruncatedNormal(positive, variance**0.5))


def test_normal_demand_that_is_cut_is_another_demand():
    """Where that matters the averages differ, and ours follow the law that was declared."""
    periods = 2_000
    peer = single_stage_system(
        shipment_lead_time=LEAD_TIME,
        demand_type="N",
        mean=10.0,
        standard_deviation=10.0,
        policy_type="BS",
        base_stock_level=40.0,
        local_holding_cost=1.0,
    )
    found = averages(peer, periods, seed=9)
    rows = [{"demand": law, "lead_time": float(LEAD_TIME), "base_stock": 40.0}
            for law in (ed.Normal(10.0, 10.0), cut_normal(10.0, 10.0))]  # fmt: skip
    told = ours(stages_apart(rows), periods)
    assert apart(found[["on_hand"]], told.iloc[:1]).max() > 4.0
    assert apart(found[["on_hand"]], told.iloc[1:]).max() < 4.0
