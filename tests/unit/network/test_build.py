"""Builders lay out the tables a person would have typed."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from echelon.errors import DomainError, TableError
from echelon.network import Network, assembly, distribution, general, serial


def test_serial_is_the_table_it_stands_for() -> None:
    built = serial(
        ["plant", "depot", "shop"],
        lead_time=[4, 2, 1],
        added_cost=[5, 1, 2],
        lane_lead_time=[1, 0],
        units_required=2,
        review_period=1,
        inbound_service_time=3,
        service_level=0.95,
        backorder_cost=9,
        base_stock=[50, None, 30],
        can_stock=[True, False, True],
        demand_mean=10,
        demand_std=2,
        holding_rate=0.24,
        period="month",
        currency="EUR",
        name="chain",
    )
    nan = math.nan
    stages = pd.DataFrame(
        {
            "item": ["plant", "depot", "shop"],
            "location": "main",
            "lead_time": [4.0, 2.0, 1.0],
            "added_cost": [5.0, 1.0, 2.0],
            "review_period": 1,
            "inbound_service_time": [3.0, 0.0, 0.0],
            "service_level": [nan, nan, 0.95],
            "backorder_cost": [0.0, 0.0, 9.0],
            "base_stock": [50.0, nan, 30.0],
            "can_stock": [True, False, True],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["plant", "depot"],
            "from_location": "main",
            "to_item": ["depot", "shop"],
            "to_location": "main",
            "units_required": 2.0,
            "lead_time": [1.0, 0.0],
        }
    )
    demand = pd.DataFrame({"item": ["shop"], "location": "main", "mean": 10.0, "std": 2.0})
    typed = Network.from_tables(
        stages, lanes, demand, holding_rate=0.24, period="month", currency="EUR", name="chain"
    )
    assert built.equals(typed)
    assert built.stages["unit_cost"].tolist() == [5.0, 11.0, 24.0]


def test_assembly_values_components_by_the_units_in_the_product() -> None:
    bike = assembly(
        ["frame", "wheel"],
        "bike",
        units_required=[1, 2],
        added_cost=[40, 10, 15],
        holding_rate=0.25,
        demand_mean=8,
        family="poisson",
    )
    assert bike.stages["unit_cost"].tolist() == [40.0, 10.0, 75.0]
    assert bike.summary().to_frame()["topology"].tolist() == ["assembly"]
    assert bike.demand[["item", "family"]].to_numpy().tolist() == [["bike", "poisson"]]


def test_distribution_gives_each_outlet_its_demand() -> None:
    network = distribution(
        ("tea", "depot"),
        [("tea", "Bern"), ("tea", "Chur")],
        lead_time=[3, 1, 1],
        holding_cost=1,
        demand_mean=[30, 10],
        demand_std=[6, 4],
        family=["normal", "gamma"],
        max_service_time=2,
    )
    assert network.demand[["location", "mean", "std", "family"]].to_numpy().tolist() == [
        ["Bern", 30.0, 6.0, "normal"],
        ["Chur", 10.0, 4.0, "gamma"],
    ]
    assert network.stages["max_service_time"].tolist() == [math.inf, 2.0, 2.0]
    assert network.stages["lead_time"].tolist() == [3.0, 1.0, 1.0]


def test_general_takes_demand_anywhere() -> None:
    network = general(
        ["raw", "left", "right", "end"],
        [("raw", "left"), ("raw", "right"), ("left", "end"), ("right", "end")],
        lead_time=1,
        holding_cost=[1, 2, 2, 5],
        units_required=[1, 2, 3, 4],
        demand_mean={"end": 10.0, "left": 1.0},
        demand_std={"end": 3.0, "left": 0.5},
        family={"end": "gamma", "left": "normal"},
    )
    assert network.demand[["item", "family", "std"]].to_numpy().tolist() == [
        ["end", "gamma", 3.0],
        ["left", "normal", 0.5],
    ]
    assert network.stages["max_service_time"].tolist() == [math.inf, 0.0, math.inf, 0.0]
    assert network.lanes["units_required"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_general_without_customers_or_lanes() -> None:
    network = general(["a", "b"], [], demand_mean={}, holding_cost=1)
    assert (network.n_components, len(network.demand)) == (2, 0)


def test_one_stage_is_a_chain_too() -> None:
    network = serial(["shop"], holding_cost=1, demand_mean=1, demand_std=1)
    assert network.summary().to_frame()["topology"].tolist() == ["single"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lead_time": [1, 2, 3]}, "lead_time has 3 values for 2 stages"),
        ({"lane_lead_time": [1, 2]}, "lane_lead_time has 2 values for 1 lanes"),
        ({"units_required": []}, "units_required has 0 values for 1 lanes"),
    ],
)
def test_a_sequence_of_the_wrong_length(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        serial(["a", "b"], holding_cost=1, demand_mean=1, demand_std=1, **arguments)  # type: ignore[arg-type]


def test_demand_of_different_stages() -> None:
    with pytest.raises(DomainError, match="demand_std and demand_mean name different stages: a, b"):
        general(["a", "b"], [], demand_mean={"a": 1.0}, demand_std={"b": 1.0}, holding_cost=1)


def test_an_unknown_argument_is_named_as_the_column_it_would_be() -> None:
    with pytest.raises(TableError, match=r"stages\.lead_tim: is not a column.*lead_time"):
        serial(["a"], lead_tim=2, holding_cost=1, demand_mean=1, demand_std=1)  # type: ignore[call-arg]
