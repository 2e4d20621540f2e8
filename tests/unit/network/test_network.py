"""What a network holds, and that nothing done to a copy or an input reaches it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from echelon.distributions import Gamma, Normal
from echelon.errors import DomainError, TableError
from echelon.network import Network, serial


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return {
        "stages": pd.DataFrame(
            {
                "item": ["bolt", "bike", "tyre"],
                "location": ["plant", "shop", "store"],
                "lead_time": [4.0, 2.0, 1.0],
                "added_cost": [1.0, 50.0, 8.0],
            },
            index=[3, 3, 9],
        ),
        "lanes": pd.DataFrame(
            {
                "from_item": ["bolt"],
                "from_location": ["plant"],
                "to_item": ["bike"],
                "to_location": ["shop"],
                "units_required": [10.0],
            }
        ),
        "demand": pd.DataFrame(
            {
                "item": ["tyre", "bike"],
                "location": ["store", "shop"],
                "mean": [3.0, 20.0],
                "std": [1.0, 5.0],
            }
        ),
    }


@pytest.fixture
def network(tables: dict[str, pd.DataFrame]) -> Network:
    return Network.from_tables(**tables, holding_rate=0.26, currency="EUR", name="bikes")


def faults(**given: Any) -> list[tuple[str, str, int]]:
    with pytest.raises(TableError) as caught:
        Network.from_tables(**given)
    return [(fault.table, fault.column, fault.row) for fault in caught.value.faults]


def test_value_and_holding_cost_follow_from_added_cost(network: Network) -> None:
    assert network.stages["unit_cost"].tolist() == [1.0, 60.0, 8.0]
    assert network.stages["holding_cost"].tolist() == pytest.approx([0.005, 0.3, 0.04], rel=1e-15)


def test_settings(network: Network) -> None:
    assert (network.period, network.periods_per_year, network.holding_rate) == ("week", 52.0, 0.26)
    assert (network.currency, network.name) == ("EUR", "bikes")
    assert (network.n_stages, network.n_lanes, network.n_components) == (3, 1, 2)
    assert network.labels == ("bolt @ plant", "bike @ shop", "tyre @ store")
    assert network.component_of("bike", "shop") == 0
    assert network.component_of("tyre", "store") == 1
    with pytest.raises(DomainError, match="no stage 'tyre @ shop'"):
        network.component_of("tyre", "shop")


def test_working_days(tables: dict[str, pd.DataFrame]) -> None:
    network = Network.from_tables(**tables, holding_rate=0.26, period="day", periods_per_year=260)
    assert network.periods_per_year == 260.0
    assert network.stages["holding_cost"].iloc[0] == pytest.approx(0.001, rel=1e-15)


def test_customers_are_served_at_once_unless_the_table_says_otherwise(
    tables: dict[str, pd.DataFrame],
) -> None:
    network = Network.from_tables(**tables, holding_rate=0.26)
    assert network.stages["max_service_time"].tolist() == [math.inf, 0.0, 0.0]
    tables["stages"]["max_service_time"] = [7.0, math.inf, math.nan]
    network = Network.from_tables(**tables, holding_rate=0.26)
    assert network.stages["max_service_time"].tolist() == [7.0, math.inf, 0.0]


def test_a_holding_cost_may_stand_beside_a_value_for_reports() -> None:
    stages = pd.DataFrame({"item": ["a"], "location": "x", "holding_cost": 2.0, "unit_cost": 9.0})
    network = Network.from_tables(stages)
    assert network.stages["holding_cost"].tolist() == [2.0]
    assert network.stages["unit_cost"].tolist() == [9.0]
    assert network.holding_rate is None


def test_a_holding_cost_of_0_is_allowed() -> None:
    stages = pd.DataFrame({"item": ["a"], "location": "x", "holding_cost": [0]})
    network = Network.from_tables(stages)
    assert network.stages["holding_cost"].tolist() == [0.0]
    assert network.stages["unit_cost"].isna().all()


def test_frames_given_out_are_copies(network: Network) -> None:
    for name in ("stages", "lanes", "demand"):
        frame = getattr(network, name)
        frame.iloc[:, :] = frame.iloc[::-1].to_numpy()
        frame["more"] = 1
        assert "more" not in getattr(network, name).columns
    assert network.stages["item"].tolist() == ["bolt", "bike", "tyre"]
    assert network.demand["mean"].tolist() == [3.0, 20.0]


def test_inputs_are_neither_modified_nor_shared(tables: dict[str, pd.DataFrame]) -> None:
    before = {name: frame.copy(deep=True) for name, frame in tables.items()}
    network = Network.from_tables(**tables, holding_rate=0.26)
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, before[name])
        own = getattr(network, name)
        for column in frame.select_dtypes("number"):
            theirs = frame[column].to_numpy()
            assert not np.shares_memory(own[column].to_numpy(), theirs), column
            for spec in dataclasses.fields(network.compiled):
                assert not np.shares_memory(getattr(network.compiled, spec.name), theirs)
    tables["stages"]["lead_time"] = -1.0
    assert network.compiled.lead_time.tolist() == [4.0, 2.0, 1.0]


def test_arrays_and_frames_of_one_network_are_apart(network: Network) -> None:
    cells = network.stages["lead_time"].to_numpy()
    assert not np.shares_memory(cells, network.compiled.lead_time)
    assert network.compiled is network.compiled


def test_a_network_cannot_be_assigned_to(network: Network) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        network._tables = None  # type: ignore[assignment,misc]
    with pytest.raises(AttributeError):
        network.period = "day"  # type: ignore[misc]


def test_replace_leaves_the_old_one_alone_and_computes_anew(network: Network) -> None:
    dearer = network.replace(stages=network.stages.assign(added_cost=[2.0, 50.0, 8.0]))
    assert dearer.stages["unit_cost"].tolist() == [2.0, 70.0, 8.0]
    assert dearer.stages["holding_cost"].tolist() == pytest.approx([0.01, 0.35, 0.04], rel=1e-15)
    assert network.stages["unit_cost"].tolist() == [1.0, 60.0, 8.0]
    cheaper = network.replace(holding_rate=0.13)
    assert cheaper.stages["holding_cost"].tolist() == pytest.approx([0.0025, 0.15, 0.02])
    assert (cheaper.currency, cheaper.name) == ("EUR", "bikes")
    halved = network.replace(lanes=network.lanes.assign(units_required=5.0), name="half")
    assert halved.stages["unit_cost"].tolist() == [1.0, 55.0, 8.0]
    assert halved.name == "half"


def test_replace_can_take_lanes_and_demand_away(network: Network) -> None:
    alone = network.replace(lanes=None, demand=None)
    assert (alone.n_lanes, alone.n_components, len(alone.demand)) == (0, 3, 0)
    assert alone.stages["max_service_time"].tolist() == [math.inf] * 3
    assert alone.stages["unit_cost"].tolist() == [1.0, 50.0, 8.0]


def test_a_computed_cell_that_is_changed_is_an_input_and_must_agree(network: Network) -> None:
    with pytest.raises(TableError, match=r"stages\.unit_cost: must not be given together with"):
        network.replace(stages=network.stages.assign(unit_cost=[1.0, 61.0, 8.0]))
    with pytest.raises(TableError, match=r"stages\.holding_cost: differs from holding_rate 0\.26"):
        network.replace(stages=network.stages.assign(holding_cost=1.0))
    own = network.replace(stages=network.stages.assign(holding_cost=1.0), holding_rate=None)
    assert own.stages["holding_cost"].tolist() == [1.0] * 3


def test_an_implied_deviation_follows_the_mean(tables: dict[str, pd.DataFrame]) -> None:
    tables["demand"] = tables["demand"].drop(columns="std").assign(family="poisson")
    network = Network.from_tables(**tables, holding_rate=0.26)
    assert network.demand["std"].tolist() == pytest.approx([3.0**0.5, 20.0**0.5])
    doubled = network.replace(demand=network.demand.assign(mean=network.demand["mean"] * 2))
    assert doubled.demand["std"].tolist() == pytest.approx([6.0**0.5, 40.0**0.5])


def test_the_tables_it_gives_are_tables_it_takes(network: Network) -> None:
    again = Network.from_tables(
        network.stages,
        network.lanes,
        network.demand,
        holding_rate=0.26,
        currency="EUR",
        name="bikes",
    )
    assert again.equals(network)
    assert not network.replace(name="other").equals(network)
    assert not network.equals("bikes")


def test_a_subset_of_components(network: Network) -> None:
    tyre = network.subset(1)
    assert network.subset(np.int64(1)).equals(tyre)
    assert network.subset(np.array([1], dtype=np.uint8)).equals(tyre)
    assert tyre.labels == ("tyre @ store",)
    assert tyre.demand["mean"].tolist() == [3.0]
    assert tyre.n_lanes == 0
    assert network.subset([0]).stages["unit_cost"].tolist() == [1.0, 60.0]
    with pytest.raises(DomainError, match="component 2 is not one of the 2"):
        network.subset([0, 2])
    with pytest.raises(DomainError, match="give numbers from 0"):
        network.subset([])
    with pytest.raises(DomainError, match="give numbers from 0"):
        network.subset([0.5])  # type: ignore[list-item]


def test_distributions_are_made_from_rows(tables: dict[str, pd.DataFrame]) -> None:
    tables["demand"]["family"] = ["gamma", "normal"]
    network = Network.from_tables(**tables, holding_rate=0.26)
    assert network.distributions == (Gamma(3.0, 1.0), Normal(20.0, 5.0))
    assert network.distributions is network.distributions


def test_the_distribution_of_a_row_is_made_alone_and_once(tables: dict[str, pd.DataFrame]) -> None:
    network = Network.from_tables(**tables, holding_rate=0.26)
    laws = network.demand_laws
    assert (len(laws), laws[1]) == (2, network.distributions[1])
    assert laws[:] == network.distributions
    assert laws[0] is laws[0] is network.distributions[0]


def test_distributions_may_be_given_as_objects(tables: dict[str, pd.DataFrame]) -> None:
    weibull = scipy_stats.weibull_min(2.0, scale=10.0)
    tables["demand"] = pd.DataFrame(
        {
            "item": ["tyre", "bike"],
            "location": ["store", "shop"],
            "distribution": [Gamma(3.0, 1.0), weibull],
        }
    )
    network = Network.from_tables(**tables, holding_rate=0.26)
    assert network.demand["family"].tolist() == ["gamma", "scipy"]
    assert network.demand["mean"].tolist() == pytest.approx([3.0, weibull.mean()], rel=1e-12)
    assert network.demand["std"].tolist() == pytest.approx([1.0, weibull.std()], rel=1e-12)
    assert network.distributions[1].ppf(0.9) == pytest.approx(weibull.ppf(0.9), rel=1e-12)
    assert list(network.demand.columns) == [
        "item",
        "location",
        "segment",
        "family",
        "mean",
        "std",
        "parameters",
        "service_level",
        "priority",
        "minimum_remaining_life",
    ]
    assert network.replace().equals(network)


def test_objects_and_rows_may_be_mixed_but_not_in_one_row(tables: dict[str, pd.DataFrame]) -> None:
    mixed = tables["demand"].assign(
        family=[None, "gamma"],
        mean=[np.nan, 20.0],
        std=[np.nan, 5.0],
        distribution=[Normal(3.0, 1.0), None],
    )
    network = Network.from_tables(**{**tables, "demand": mixed}, holding_rate=0.26)
    assert network.distributions == (Normal(3.0, 1.0), Gamma(20.0, 5.0))
    twice = mixed.assign(mean=[3.0, 20.0])
    assert faults(**{**tables, "demand": twice}, holding_rate=0.26) == [
        ("demand", "distribution", 1)
    ]


@pytest.mark.parametrize(
    "law",
    ["normal", 5, scipy_stats.norm, Normal(-3.0, 1.0)],
    ids=["a text", "a number", "a family of scipy", "a negative mean"],
)
def test_an_object_that_is_no_demand(tables: dict[str, pd.DataFrame], law: object) -> None:
    demand = pd.DataFrame({"item": ["bike"], "location": ["shop"]})
    demand["distribution"] = pd.Series([law], dtype=object)
    assert faults(**{**tables, "demand": demand}, holding_rate=0.26) == [
        ("demand", "distribution", 1)
    ]


def test_segments_are_rows_of_one_stage(tables: dict[str, pd.DataFrame]) -> None:
    tables["demand"] = pd.DataFrame(
        {"item": "bike", "location": "shop", "segment": ["web", "shop"], "mean": 5.0, "std": 1.0}
    )
    network = Network.from_tables(**tables, holding_rate=0.26)
    compiled = network.compiled
    stage = compiled.stage_row.tolist().index(1)
    assert compiled.demand_ptr[stage + 1] - compiled.demand_ptr[stage] == 2


def test_a_stage_whose_stock_nobody_asks_for_is_allowed(tables: dict[str, pd.DataFrame]) -> None:
    network = Network.from_tables(tables["stages"], tables["lanes"], holding_rate=0.26)
    assert network.compiled.demand_mean.size == 0
    assert network.distributions == ()


def test_a_graph_out_has_the_labels_and_columns(network: Network) -> None:
    graph = network.to_networkx()
    assert list(graph) == [("bolt", "plant"), ("bike", "shop"), ("tyre", "store")]
    assert graph.nodes["bolt", "plant"] == {"lead_time": 4.0, "added_cost": 1.0}
    assert graph.nodes["bike", "shop"]["demand"] == [{"family": "normal", "mean": 20.0, "std": 5.0}]
    assert graph.edges[("bolt", "plant"), ("bike", "shop")] == {"units_required": 10.0}
    assert graph.graph["period"] == "week"


def test_a_graph_in_and_arguments_that_win() -> None:
    graph = nx.DiGraph()
    graph.add_node(("a", "x"), unit_cost=2.0)
    graph.add_node(("b", "x"), unit_cost=3.0, demand=[{"mean": 5.0, "std": 1.0}])
    graph.add_edge(("a", "x"), ("b", "x"))
    network = Network.from_networkx(graph, period="month", holding_rate=0.12)
    assert network.stages["holding_cost"].tolist() == pytest.approx([0.02, 0.03])
    assert network.lanes[["units_required", "lead_time"]].to_numpy().tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (nx.path_graph(3, create_using=nx.DiGraph), r"node 0 is not a pair \(item, location\)"),
        (nx.Graph(), "not a DiGraph"),
        (nx.MultiDiGraph(), "not a DiGraph"),
    ],
)
def test_a_graph_that_is_no_network(graph: Any, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Network.from_networkx(graph)


def test_two_stages_with_the_same_item_are_two() -> None:
    network = serial(
        [("tea", "depot"), ("tea", "shop")], holding_cost=1, demand_mean=1, demand_std=1
    )
    assert network.labels == ("tea @ depot", "tea @ shop")
    assert network.compiled.pred_stage.tolist() == [0]


def test_digests_are_given_as_a_copy(network: Network) -> None:
    network.digests["stages"] = "changed"
    assert network.digests["stages"] != "changed"
