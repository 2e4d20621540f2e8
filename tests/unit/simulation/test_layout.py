"""A network as the arrays of the flow kernels: against its tables, read component by component."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import echelon as ec
from echelon.simulation.described.layout import Layout, lay_out
from echelon.simulation.described.levels import Levels, levels_of


def levels_without_fault(network, plan=None, **options) -> Levels:
    problems: list[str] = []
    levels, _ = levels_of(network, plan, problems, **options)
    assert problems == []
    return levels


def laid_out(network, levels=None, *, warmup=3, periods=20) -> Layout:
    whole = np.full(network.n_components, 1, dtype=np.int64)
    return lay_out(
        network,
        levels or levels_without_fault(network),
        warmups=warmup * whole,
        periods=periods * whole,
    )


def portfolio(rng: np.random.Generator, sizes: list[int]) -> ec.Network:
    """Components of so many stages, their rows and lanes in no order at all."""
    stages, lanes, demand = [], [], []
    for number, size in enumerate(sizes):
        items = [f"{number}.{stage}" for stage in range(size)]
        sold = set(items)
        for stage in range(1, size):
            into = rng.choice(stage, min(stage, int(rng.integers(1, 4))), replace=False)
            for supplier in into:
                lanes.append((items[supplier], items[stage]))
                sold.discard(items[supplier])
        for item in items:
            if item in sold or rng.random() < 0.3:
                segments = range(int(rng.integers(1, 4)))
                demand += [(item, f"segment {segment}") for segment in segments]
        stages += items
    n, k = len(stages), len(lanes)
    stages_table = pd.DataFrame(
        {
            "item": stages,
            "location": "x",
            "lead_time": rng.integers(0, 5, n),
            "inbound_service_time": rng.integers(0, 2, n) * rng.integers(0, 3, n),
            "review_period": rng.choice([0, 0, 1, 3], n),
            "holding_cost": 1.0,
            "base_stock": rng.uniform(-5.0, 90.0, n).round(1),
            "allocation": rng.choice(["proportional", "priority"], n),
        }
    ).iloc[rng.permutation(n)]
    lanes_table = pd.DataFrame(lanes, columns=["from_item", "to_item"]).assign(
        from_location="x",
        to_location="x",
        lead_time=rng.integers(0, 3, k),
        units_required=rng.choice([1.0, 2.0, 0.3], k),
    )
    demand_table = pd.DataFrame(demand, columns=["item", "segment"]).assign(
        location="x", mean=rng.uniform(1.0, 20.0, len(demand)).round(1), std=1.0
    )
    return ec.Network.from_tables(
        stages_table,
        lanes_table.iloc[rng.permutation(k)] if k else None,
        demand_table.iloc[rng.permutation(len(demand))],
    )


@st.composite
def networks(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return portfolio(rng, draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)))


@settings(max_examples=20)
@given(networks(), st.integers(0, 2**32 - 1))
def test_a_structure_says_what_one_component_after_another_says(network, seed):
    """Every array worked out by a loop over the stages, lanes and demand rows of the tables."""
    rng = np.random.default_rng(seed)
    levels = levels_without_fault(network)
    levels.service_time[:] = rng.integers(0, 4, len(levels.service_time))
    structure = laid_out(network, levels).structure
    compiled = network.compiled
    stages, lanes_table, demand = network.stages, network.lanes, network.demand
    for c in range(network.n_components):
        own = compiled.shard(c, c + 1)
        start, stop = structure.stage_ptr[c : c + 2]
        assert stop - start == own.n_stages
        drawn = structure.row_ptr[c]
        for at, j in enumerate(range(start, stop)):
            row = own.stage_row[at]
            table = stages.iloc[row]
            lanes = range(structure.lane_ptr[j], structure.lane_ptr[j + 1])
            into = lanes_table[lanes_table["to_item"] == table["item"]]
            assert list(structure.units[list(lanes)]) == list(into["units_required"])
            suppliers = stages["item"].iloc[compiled.stage_row[structure.supplier[lanes]]]
            assert list(suppliers) == list(into["from_item"])
            assert (structure.receiver[lanes] == j).all()
            waits = [table["inbound_service_time"]] + [
                levels.service_time[i] + transit
                for i, transit in zip(structure.supplier[lanes], into["lead_time"], strict=True)
            ]
            assert structure.nominal_delay[j] == max(waits) + table["lead_time"]
            fed = len(into) == 0 or table["inbound_service_time"] > 0
            assert structure.outside_delay[j] == (table["inbound_service_time"] if fed else -1)
            assert structure.level[j] == table["base_stock"]
            assert structure.initial_stock[j] == max(table["base_stock"], 0.0)
            assert structure.review[j] == table["review_period"]
            assert structure.make_delay[j] == table["lead_time"]
            assert structure.serve_delay[j] == levels.service_time[j]
            at_once = levels.demand_seen[j] * max(table["review_period"], 1)
            assert structure.tolerance[j] == 1e-9 * (max(table["base_stock"], 0.0) + at_once)
            # customers by their row, then lanes by theirs
            askers = range(structure.asker_ptr[j], structure.asker_ptr[j + 1])
            buys = demand.index[demand["item"] == table["item"]]
            out_of = lanes_table.index[lanes_table["from_item"] == table["item"]]
            assert len(askers) == len(buys) + len(out_of)
            for asker in askers[: len(buys)]:
                assert structure.asker_lane[asker] == -1
                assert structure.asker_row[asker] == drawn
                drawn += 1
            for asker, lane_row in zip(askers[len(buys) :], out_of, strict=True):
                lane = structure.asker_lane[asker]
                assert compiled.lane_row[lane] == lane_row
                assert structure.asker_row[asker] == -1
                assert structure.asker_of_lane[lane] == asker
        assert drawn == structure.row_ptr[c + 1]


@settings(max_examples=12)
@given(networks(), st.data())
def test_a_shard_is_what_its_components_alone_are(network, data):
    layout = laid_out(network)
    first = data.draw(st.integers(0, network.n_components - 1))
    last = data.draw(st.integers(first + 1, network.n_components))
    compiled = network.compiled
    rows = compiled.stage_row[compiled.component_ptr[first] : compiled.component_ptr[last]]
    items = network.stages["item"].iloc[np.sort(rows)]
    alone = ec.Network.from_tables(
        network.stages[network.stages["item"].isin(items)],
        network.lanes[network.lanes["to_item"].isin(items)],
        network.demand[network.demand["item"].isin(items)],
    )
    expected = laid_out(alone)
    structure, features = layout.shard(first, last)
    for got, wanted in (
        (structure, expected.structure),
        (features, expected.feature_set.features),
    ):
        for name, one, other in zip(got._fields, got, wanted, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)
            assert one.dtype == other.dtype, name
            assert one.flags.c_contiguous, name
            assert one.flags.writeable, name
    np.testing.assert_array_equal(layout.feature_set.plain[first:last], expected.feature_set.plain)


def test_kernels_get_arrays_of_two_types_all_writeable():
    """Else each mixture would be compiled anew."""
    layout = laid_out(portfolio(np.random.default_rng(3), [5, 1]))
    for arrays in (layout.structure, layout.feature_set.features):
        for name, array in zip(arrays._fields, arrays, strict=True):
            assert array.dtype in (np.float64, np.int64), name
            assert array.ndim == 1, name
            assert array.flags.writeable, name


def test_shards_hold_sums_of_about_eight_mebibytes_whatever_is_done_with_them():
    sizes = [int(size) for size in np.random.default_rng(2).integers(1, 8, 300)]
    layout = laid_out(portfolio(np.random.default_rng(4), sizes))
    shards = layout.cut()
    assert shards[0][0] == 0
    assert [last for _, last in shards[:-1]] == [first for first, _ in shards[1:]]
    assert shards[-1][1] == len(sizes)
    bytes_of = []
    for first, last in shards:
        structure, _ = layout.shard(first, last)
        rows = 10 * len(structure.level) + 3 * len(structure.asker_lane) + 2 * len(structure.units)
        bytes_of.append(8 * 128 * rows)
    assert max(bytes_of) <= 16 * 2**20
    assert 6 * 2**20 < np.mean(bytes_of) < 10 * 2**20


def test_a_component_larger_than_a_shard_is_one_by_itself():
    layout = laid_out(portfolio(np.random.default_rng(4), [3, 900, 3]))
    by_size = np.diff(layout.structure.stage_ptr)
    large = int(np.argmax(by_size))
    assert (large, large + 1) in layout.cut()
