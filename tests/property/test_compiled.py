"""What the compiled form promises, and that writing loses nothing, on random networks."""

from __future__ import annotations

import dataclasses
import pickle
import tempfile
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.errors import TableError
from echelon.io import read_network
from echelon.network import CompiledNetwork, Network

pytestmark = pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")),
    min_size=1,
    max_size=6,
)
few = settings(max_examples=30)  # each makes a network, some 20 ms

AMOUNTS = st.floats(0.0, 1e9, allow_subnormal=False)
TIMES = st.floats(0.0, 1e6, allow_subnormal=False)  # the longest the catalog takes
UNITS = st.floats(1e-3, 1e3)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of from_tables: a random acyclic network, its rows in any order."""
    keys = draw(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=9, unique=True))
    size = len(keys)
    rank = draw(st.permutations(range(size)))
    pairs = [(a, b) for a in range(size) for b in range(size) if rank[a] < rank[b]]
    lanes = draw(st.lists(st.sampled_from(pairs), max_size=12, unique=True)) if pairs else []
    buyers = draw(st.lists(st.sampled_from(range(size)), max_size=size, unique=True))

    def amounts(count: int, values: st.SearchStrategy[Any] = AMOUNTS) -> list[Any]:
        return draw(st.lists(values, min_size=count, max_size=count))

    stages = pd.DataFrame(keys, columns=["item", "location"]).assign(
        added_cost=amounts(size),
        lead_time=amounts(size, TIMES),
        review_period=amounts(size, st.integers(0, 9)),
        can_stock=amounts(size, st.booleans()),
        max_service_time=amounts(size, st.one_of(AMOUNTS, st.sampled_from([np.nan, np.inf]))),
        service_level=amounts(size, st.one_of(st.just(np.nan), st.floats(0.01, 0.99))),
    )
    given: dict[str, Any] = {
        "stages": stages,
        "holding_rate": draw(st.floats(0.0, 1.0)),
        "period": draw(st.sampled_from(["day", "week", "month"])),
        "currency": draw(st.sampled_from(["", "EUR"])),
        "name": draw(NAMES),
    }
    if lanes:
        ends = [(*keys[a], *keys[b]) for a, b in lanes]
        given["lanes"] = pd.DataFrame(
            ends, columns=["from_item", "from_location", "to_item", "to_location"]
        ).assign(units_required=amounts(len(lanes), UNITS), lead_time=amounts(len(lanes), TIMES))
    if buyers:
        rows = [(*keys[stage], segment) for stage in buyers for segment in ("", "web")]
        family = amounts(len(rows), st.sampled_from(["normal", "gamma", "poisson"]))
        mean = amounts(len(rows), st.floats(0.5, 1e4))
        std = [np.nan if name == "poisson" else m / 3 for name, m in zip(family, mean, strict=True)]
        given["demand"] = pd.DataFrame(rows, columns=["item", "location", "segment"]).assign(
            family=family, mean=mean, std=std
        )
    return given


def lanes_of(compiled: CompiledNetwork) -> list[tuple[int, int, int]]:
    """(lane row, supplier's row, customer's row) of each lane, read from the arrays."""
    found = []
    for c in range(compiled.n_components):
        base = compiled.component_ptr[0]
        start, stop = compiled.component_ptr[[c, c + 1]] - base
        for stage in range(start, stop):
            lanes = range(*(compiled.pred_ptr[[stage, stage + 1]] - compiled.pred_ptr[0]))
            found += [
                (
                    int(compiled.lane_row[lane]),
                    int(compiled.stage_row[start + compiled.pred_stage[lane]]),
                    int(compiled.stage_row[stage]),
                )
                for lane in lanes
            ]
    return found


@few
@given(tables())
def test_every_lane_is_there_once_and_upstream_comes_first(given: dict[str, Any]) -> None:
    network = Network.from_tables(**given)
    compiled = network.compiled
    row_of = {key: row for row, key in enumerate(zip(*_keys(network.stages), strict=True))}
    want = [
        (row, row_of[tuple(ends[:2])], row_of[tuple(ends[2:])])
        for row, ends in enumerate(network.lanes.iloc[:, :4].itertuples(index=False, name=None))
    ]
    assert sorted(lanes_of(compiled)) == want
    place = np.empty(network.n_stages, dtype=int)
    place[compiled.stage_row] = np.arange(network.n_stages)
    assert all(place[supplier] < place[customer] for _, supplier, customer in want)
    assert sorted(compiled.stage_row.tolist()) == list(range(network.n_stages))
    units = network.lanes["units_required"].to_numpy()
    assert compiled.pred_units.tolist() == units[compiled.lane_row].tolist()


def _keys(stages: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    return stages["item"], stages["location"]


@few
@given(tables())
def test_components_are_contiguous_connected_and_in_the_order_of_their_first_rows(
    given: dict[str, Any],
) -> None:
    compiled = Network.from_tables(**given).compiled
    label = list(range(compiled.n_stages))  # plain union-find over the lanes, the second method

    def root(stage: int) -> int:
        while label[stage] != stage:
            stage = label[stage]
        return stage

    for _, supplier, customer in lanes_of(compiled):
        low, high = sorted((root(supplier), root(customer)))
        label[high] = low
    firsts = sorted({root(stage) for stage in range(compiled.n_stages)})
    assert compiled.n_components == len(firsts)
    for c, first in enumerate(firsts):
        members = compiled.stage_row[compiled.component_ptr[c] : compiled.component_ptr[c + 1]]
        assert sorted(members.tolist()) == [
            stage for stage in range(compiled.n_stages) if root(stage) == first
        ]


@few
@given(tables())
def test_successors_are_the_predecessors_turned_round(given: dict[str, Any]) -> None:
    compiled = Network.from_tables(**given).compiled
    for c in range(compiled.n_components):
        start, stop = compiled.component_ptr[[c, c + 1]]
        first_lane = compiled.pred_ptr[start]
        inward = {
            (lane - first_lane, int(compiled.pred_stage[lane]), stage - start)
            for stage in range(start, stop)
            for lane in range(compiled.pred_ptr[stage], compiled.pred_ptr[stage + 1])
        }
        outward = {
            (int(compiled.succ_lane[k]), stage - start, int(compiled.succ_stage[k]))
            for stage in range(start, stop)
            for k in range(compiled.succ_ptr[stage], compiled.succ_ptr[stage + 1])
        }
        assert inward == outward


@few
@given(tables())
def test_demand_rows_belong_to_their_stages(given: dict[str, Any]) -> None:
    network = Network.from_tables(**given)
    compiled, demand, labels = network.compiled, network.demand, network.labels
    assert sorted(compiled.demand_row.tolist()) == list(range(len(demand)))
    for stage in range(compiled.n_stages):
        rows = compiled.demand_row[compiled.demand_ptr[stage] : compiled.demand_ptr[stage + 1]]
        assert rows.tolist() == sorted(rows.tolist())
        for row in rows:
            key = demand.loc[row, ["item", "location"]]
            assert labels[compiled.stage_row[stage]] == f"{key['item']} @ {key['location']}"
    assert compiled.demand_mean.tolist() == demand["mean"].to_numpy()[compiled.demand_row].tolist()
    limit = network.stages["max_service_time"].to_numpy()[compiled.stage_row]
    assert compiled.max_service_time.tolist() == limit.tolist()


@few
@given(tables())
def test_arrays_are_contiguous_read_only_and_of_the_type_written(given: dict[str, Any]) -> None:
    compiled = Network.from_tables(**given).compiled
    kinds = {"Integers": np.int64, "Floats": np.float64, "Booleans": np.bool_}
    for network in (compiled, pickle.loads(pickle.dumps(compiled)), compiled.shard(0, 1)):
        for spec in dataclasses.fields(network):
            array = getattr(network, spec.name)
            assert array.dtype == kinds[str(spec.type)], spec.name
            assert array.flags.c_contiguous, spec.name
            assert not array.flags.writeable, spec.name
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


@few
@given(tables(), st.data())
def test_a_shard_is_the_compiled_subset(given: dict[str, Any], data: st.DataObject) -> None:
    network = Network.from_tables(**given)
    first = data.draw(st.integers(0, network.n_components - 1))
    last = data.draw(st.integers(first + 1, network.n_components))
    shard = network.compiled.shard(first, last)
    subset = network.subset(range(first, last))
    want = subset.compiled
    labels, names = np.array(network.labels), np.array(subset.labels)
    assert labels[shard.stage_row].tolist() == names[want.stage_row].tolist()
    assert shard.component_id.tolist() == list(range(first, last))
    for name in ("component_ptr", "pred_ptr", "succ_ptr", "demand_ptr"):
        own = getattr(shard, name)
        assert (own - own[0]).tolist() == getattr(want, name).tolist(), name
    skip = {"component_id", "stage_row", "lane_row", "demand_row"}
    for spec in dataclasses.fields(shard):
        if not spec.name.endswith("_ptr") and spec.name not in skip:
            mine, theirs = getattr(shard, spec.name), getattr(want, spec.name)
            assert mine.tolist() == theirs.tolist(), spec.name
            if mine.size:
                assert np.shares_memory(mine, getattr(network.compiled, spec.name)), spec.name


@few
@given(tables())
def test_added_costs_accumulate_as_the_recursion_says(given: dict[str, Any]) -> None:
    network = Network.from_tables(**given)
    stages, lanes = network.stages, network.lanes
    row_of = {key: row for row, key in enumerate(zip(*_keys(stages), strict=True))}

    def value(key: tuple[str, str]) -> float:
        total = stages["added_cost"].iloc[row_of[key]]
        into = lanes[(lanes["to_item"] == key[0]) & (lanes["to_location"] == key[1])]
        for lane in into.itertuples(index=False):
            total += lane.units_required * value((lane.from_item, lane.from_location))
        return float(total)

    want = [value(key) for key in row_of]
    assert stages["unit_cost"].tolist() == pytest.approx(want, rel=1e-12)
    rate = given["holding_rate"] / network.periods_per_year
    assert stages["holding_cost"].tolist() == pytest.approx([rate * v for v in want], rel=1e-12)


@few
@given(tables(), st.sampled_from(["csv", "parquet"]))
def test_what_is_written_is_read_back_bit_for_bit(given: dict[str, Any], file_format: Any) -> None:
    network = Network.from_tables(**given)
    with tempfile.TemporaryDirectory() as folder:
        again = read_network(network.write(folder, file_format=file_format))
    for mine, theirs in (
        (network.stages, again.stages),
        (network.lanes, again.lanes),
        (network.demand, again.demand),
    ):
        pd.testing.assert_frame_equal(mine, theirs, check_exact=True)
    assert again.equals(network)
    for spec in dataclasses.fields(network.compiled):
        mine, theirs = getattr(network.compiled, spec.name), getattr(again.compiled, spec.name)
        assert np.array_equal(mine, theirs), spec.name


@few
@given(tables())
def test_other_ways_round_lose_nothing_either(given: dict[str, Any]) -> None:
    network = Network.from_tables(**given)
    assert network.replace().equals(network)
    assert network.replace(
        stages=network.stages,
        lanes=network.lanes if network.n_lanes else None,
        demand=network.demand if len(network.demand) else None,
    ).equals(network)
    assert pickle.loads(pickle.dumps(network)).equals(network)
    assert network.subset(range(network.n_components)).equals(network)


@few
@given(tables())
def test_a_graph_keeps_all_but_the_order_of_rows(given: dict[str, Any]) -> None:
    network = Network.from_tables(**given)
    again = Network.from_networkx(network.to_networkx())
    assert again.stages.drop(columns=["unit_cost", "holding_cost"]).equals(
        network.stages.drop(columns=["unit_cost", "holding_cost"])
    )
    for name, key in (("stages", 2), ("lanes", 4), ("demand", 3)):
        frames = [getattr(side, name) for side in (network, again)]
        mine, theirs = (
            frame.sort_values(list(frame.columns[:key]), ignore_index=True) for frame in frames
        )
        pd.testing.assert_frame_equal(mine, theirs, rtol=1e-12)


@few
@given(tables(), st.data())
def test_an_arc_back_makes_a_cycle_that_is_named(
    given: dict[str, Any], data: st.DataObject
) -> None:
    if "lanes" not in given:
        return
    lanes = given["lanes"]
    row = data.draw(st.integers(0, len(lanes) - 1))
    back = lanes.iloc[[row]].rename(
        columns={
            "from_item": "to_item",
            "from_location": "to_location",
            "to_item": "from_item",
            "to_location": "from_location",
        }
    )
    with pytest.raises(TableError) as caught:
        Network.from_tables(**{**given, "lanes": pd.concat([lanes, back], ignore_index=True)})
    (fault,) = caught.value.faults
    start, *others = str(fault.value).split(" -> ")
    assert others[-1] == start
    assert "form a cycle" in fault.message
