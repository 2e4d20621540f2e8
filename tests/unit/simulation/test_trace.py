"""A trace is what one replication did: its means are those that are measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError
from echelon.kernels.quantities import QUANTITIES
from echelon.simulation.columns import TRACE
from echelon.simulation.described.layout import lay_out
from echelon.simulation.described.levels import levels_of
from echelon.simulation.measured.labels import labels_of
from echelon.simulation.measured.measured import measure_shard
from echelon.simulation.measured.scheme import Prices, scheme_of
from echelon.simulation.plain.flow import flow
from echelon.simulation.trace import prices_of, trace_component
from tests import pharma

WARMUP, PERIODS = 4, 40
FLOWS = (
    "on_hand", "in_process", "in_release", "in_transit", "component_stock", "backorders",
    "net_inventory", "lost", "expired", "destroyed", "scrapped", "expedited", "holding_cost",
    "pipeline_cost", "ordering_cost", "backorder_cost", "shortage_cost", "expedite_cost",
    "waste_cost", "cost",
)  # fmt: skip
"""Columns whose mean over the counted periods is a measure of the stage."""


def eventful_network():
    """Fixed times, so that every drawn row is a demand, a yield or a state of a disruption."""
    stages = pharma.stages(
        item=["api", "api", "drug", "drug"],
        shelf_life=[float("nan"), float("nan"), 9.0, 9.0],
        release_time=[0.0, 0.0, 2.0, 0.0],
        yield_mean=[0.9, 1.0, 1.0, 1.0],
        base_stock=[240.0, 200.0, 420.0, 150.0],
        lost_sales_share=[0.0, 0.0, 0.0, 0.5],
        lost_sale_cost=70.0,
        waste_cost=11.0,
        order_cost=5.0,
        backorder_cost=9.0,
        holding_cost=[1.0, 1.0, 2.0, 3.0],
    ).drop(columns="added_cost")
    lanes = pharma.lanes(
        lead_time=[1.0, 1.0, 2.0],
        share=[0.5, 0.5, float("nan")],
        expedite_rule=["", "", "projected_shortage"],
        expedite_after=[float("nan"), float("nan"), 2.0],
        expedite_lead_time=[float("nan"), float("nan"), 1.0],
        expedite_cost=[float("nan"), float("nan"), 6.0],
    )
    fire = pd.DataFrame(
        {
            "name": ["fire"], "item": ["drug"], "location": ["plant"],
            "first_period": [14.0], "last_period": [22.0], "stock_destroyed": [0.5],
        }
    )  # fmt: skip
    return pharma.network(stages=stages, lanes=lanes, disruptions=fire, holding_rate=None)


def prepared(network, *, charge_pipeline):
    """Shard, prices and draws of the one component, and how it is measured."""
    problems: list[str] = []
    levels, _ = levels_of(network, None, problems)
    assert not problems
    compiled, one = network.compiled, np.ones(1, dtype=np.int64)
    layout = lay_out(network, levels, warmups=WARMUP * one, periods=(WARMUP + PERIODS) * one)
    structure, features = layout.shard(0, 1)
    stages = network.stages.iloc[compiled.stage_row]
    prices = Prices(
        compiled.holding_cost,
        compiled.backorder_cost,
        *(stages[name].to_numpy(float) for name in ("lost_sale_cost", "order_cost", "waste_cost")),
        np.nan_to_num(network.lanes["expedite_cost"].iloc[compiled.lane_row].to_numpy(float)),
        charge_pipeline=charge_pipeline,
    )
    draws = np.full((int(structure.row_ptr[-1]), WARMUP + PERIODS, 3), 0.9)
    rng = np.random.default_rng(5)
    for row in structure.asker_row[structure.asker_row >= 0]:
        draws[row] = np.maximum(rng.normal(25.0, 9.0, draws.shape[1:]), 0.0)
    for row in features.disruption_row:
        draws[row] = 0.0
        draws[row, 14:23] = 1.0
    return structure, features, prices, draws, levels


@pytest.mark.parametrize("charge_pipeline", [False, True])
def test_means_of_the_trace_are_the_measures_of_the_replication(charge_pipeline):
    network = eventful_network()
    structure, features, prices, draws, levels = prepared(network, charge_pipeline=charge_pipeline)
    labels = labels_of(network)
    scheme = scheme_of(
        network.compiled, structure, prices, labels.groups, segment_values=labels.segment_values,
        demand_seen=levels.demand_seen, runs=3,
    )  # fmt: skip
    sums, feature_sums = flow(structure, features, draws)
    measured = measure_shard(scheme.part(0, 1), sums, feature_sums, n_runs=3, keep=True)
    trace = trace_component(network, range(4), structure, features, draws[:, :, 1:2], prices)
    assert tuple(trace.columns) == TRACE.names
    assert len(trace) == 4 * (WARMUP + PERIODS)
    assert trace["counted"].sum() == 4 * PERIODS
    means = trace[trace["counted"]].groupby(["item", "location"])[list(FLOWS)].mean()
    keys = network.stages[["item", "location"]].iloc[network.compiled.stage_row]
    seen = 0
    for j, (item, location) in enumerate(keys.itertuples(index=False)):
        for name in FLOWS:
            want = measured.kept.stages[j, QUANTITIES.index(name), 1]
            seen += want != 0.0
            got = means.loc[(item, location), name]
            assert got == pytest.approx(want, rel=1e-9, abs=1e-9), name
    assert seen > 40
    for name in ("lost", "expired", "destroyed", "scrapped", "expedited", "in_release"):
        assert means[name].sum() > 0.0, name


def test_the_position_is_what_is_on_hand_and_on_order_less_what_is_owed():
    network = eventful_network()
    structure, features, prices, draws, _ = prepared(network, charge_pipeline=False)
    trace = trace_component(network, range(4), structure, features, draws[:, :, :1], prices)
    apart = trace["on_hand"] + trace["on_order"] - trace["owed"] - trace["position"]
    assert abs(apart).max() < 1e-6
    assert (trace["position"] < trace["on_hand"] + trace["on_order"]).any()


def test_prices_are_cut_with_their_lanes():
    many = Prices(*(np.arange(4.0) + 10.0 * i for i in range(5)), np.arange(3.0), True)
    part = prices_of(many, slice(1, 3), slice(2, 3))
    assert part.waste_cost.tolist() == [41.0, 42.0]
    assert part.expedite_cost.tolist() == [2.0]
    assert part.charge_pipeline


def test_several_replications_are_refused():
    network = eventful_network()
    structure, features, prices, draws, _ = prepared(network, charge_pipeline=False)
    with pytest.raises(DomainError, match="one replication"):
        trace_component(network, range(4), structure, features, draws, prices)


def test_a_trace_is_the_replication_that_the_fast_engine_measured():
    """With one replication the measures are those of the trace: two engines, the same draws."""
    run = ec.simulate(
        eventful_network(), periods=60, warmup=5, replications=1, seed=4, trace=True,
        charge_pipeline=True,
    )  # fmt: skip
    counted = run.trace[run.trace["counted"]]
    means = counted.groupby(["item", "location"])[list(FLOWS)].mean()
    wanted = run.stages.set_index(["item", "location"])[list(FLOWS)]
    pd.testing.assert_frame_equal(means, wanted.sort_index(), rtol=1e-9, atol=1e-9)
    assert (wanted[["lost", "expired", "scrapped", "expedited"]].sum() > 0.0).all()
