"""What is off changes nothing; what is on comes back from wherever it was put."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from echelon.distributions import Gamma
from echelon.io import read_network
from echelon.network import Network
from echelon.network.features import OPTIONAL, PLANNING
from echelon.tables import CATALOG
from tests.pharma import LANE, demand, lanes, network, stages

FORMATS: list[Literal["csv", "parquet"]] = ["csv", "parquet"]


def everything(**more: Any) -> Network:
    """Make a network in which every feature is on somewhere."""
    given = {
        "stages": stages(
            customer_service_time=[None, None, None, 1.0],
            service_measure=[None, None, None, "fill"],
            policy=[None, "reorder_point", None, "min_max"],
            reorder_point=[None, 40.0, None, 20.0],
            order_quantity=[None, 50.0, None, None],
            base_stock=[None, None, None, 90.0],
            review_period=[0, 0, 4, 0],
            review_phase=[None, None, 3, None],
            order_multiple=[None, None, 12.0, None],
            minimum_order=[None, None, 24.0, None],
            maximum_order=[None, None, 240.0, None],
            order_cost=[None, 99.0, None, None],
            release_time_distribution=[None, None, Gamma(2.0, 1.0), None],
            overtaking=[None, None, True, None],
            capacity=[60.0, None, None, None],
            yield_mean=[0.9, None, None, None],
            yield_std=[0.05, None, None, None],
            lot_failure=[0.01, None, None, None],
            shelf_life=[None, None, 30, 30],
            lost_sales_share=[None, None, None, 0.5],
            lost_sale_cost=[None, None, None, 12.0],
            waste_cost=[None, None, 3.0, 3.0],
        ),
        "lanes": lanes(
            share=[1.0, None, None],
            backup=[False, True, False],
            backup_after=[None, 2, None],
            priority=[0, 1, 0],
            overtaking=[False, False, True],
            lead_time=[1.0, 1.0, 2.0],
            expedite_rule=[None, None, "backorder_age"],
            expedite_after=[None, None, 1.0],
            expedite_lead_time=[None, None, 1],
            expedite_cost=[None, None, 5.0],
        ),
        "demand": demand(
            service_level=[0.99, None], priority=[0, 1], minimum_remaining_life=[6, 0]
        ),
        "levels": pd.DataFrame(
            {
                "item": "drug",
                "location": "depot",
                "period": [0, 1],
                "base_stock": [90.0, 120.0],
            }
        ),
        "calendar": pd.DataFrame(
            {"item": ["api"], "location": ["Basel"], "start": [0], "length": [2], "every": [4]}
        ),
        "disruptions": pd.DataFrame(
            [
                {
                    "name": "flood",
                    "item": "api",
                    "location": "Pune",
                    "first_period": 5,
                    "last_period": 9,
                    "stock_destroyed": 0.5,
                },
                {
                    "name": "strike",
                    **dict(zip(LANE, ("drug", "plant", "drug", "depot"), strict=True)),
                    "failure_rate": 0.01,
                    "recovery_rate": 0.25,
                    "in_transit_held": True,
                },
            ]
        ),
        "stock": pd.DataFrame(
            {
                "item": ["api", "drug", "drug"],
                "location": ["Basel", "depot", "depot"],
                "remaining_life": [None, 4, 20],
                "quantity": [50.0, 10.0, 80.0],
            }
        ),
        "open_orders": pd.DataFrame(
            {
                "item": "drug",
                "location": "depot",
                "period": [1, 1],
                "order": ["PO 7", "PO 8"],
                "quantity": [12.0, 24.0],
                "remaining_life": [25, None],
            }
        ),
        "resources": pd.DataFrame({"resource": "line", "period": [0, 1], "capacity": [40.0, 60.0]}),
        "resource_use": pd.DataFrame(
            {
                "item": ["api", "drug"],
                "location": ["Basel", "plant"],
                "resource": "line",
                "per_unit": [0.1, 0.2],
                "per_set_up": [2.0, None],
            }
        ),
    }
    return network(**(given | more))


def test_every_feature_of_the_catalog_is_on_in_these_tests() -> None:
    made = everything()
    for name, columns in made.features.items():
        expected = [column.name for column in CATALOG[name].columns if column.feature]
        if name == "stages":  # an object is written as a family
            expected.remove("release_time_distribution")
            expected.remove("release_time_parameters")
        assert list(columns) == (expected or ["rows"]), name


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_is_on_comes_back_from_a_folder(
    tmp_path: Path, file_format: Literal["csv", "parquet"]
) -> None:
    made = everything()
    again = read_network(made.write(tmp_path / "net", file_format=file_format))
    assert again.equals(made)
    assert again.digests == made.digests
    assert again.disruption_lanes.tolist() == [-1, 2]


def test_a_folder_without_features_has_three_tables(tmp_path: Path) -> None:
    folder = network().write(tmp_path / "net")
    assert sorted(path.name for path in folder.iterdir()) == [
        "demand.csv",
        "lanes.csv",
        "manifest.json",
        "stages.csv",
    ]
    everything().write(folder)
    assert (folder / "disruptions.csv").exists()
    assert read_network(network().write(folder)).equals(network())  # none of it is left


def test_what_is_on_comes_back_from_frames_a_graph_and_a_replacement() -> None:
    made = everything()
    frames = {name: getattr(made, name) for name in CATALOG}
    settings = {"holding_rate": 0.26}
    frames["stages"] = frames["stages"].drop(columns=["holding_cost", "unit_cost"])
    assert Network.from_tables(**frames, **settings).equals(made)
    assert made.replace().equals(made)
    assert made.replace(stages=made.stages, lanes=made.lanes, demand=made.demand).equals(made)
    graph = made.to_networkx()
    assert isinstance(graph, nx.DiGraph)
    assert Network.from_networkx(graph).equals(made)


def test_a_replacement_may_take_everything_away() -> None:
    plain = network(lanes=lanes(lead_time=[1.0, 1.0, 2.0]))
    bare = everything().replace(
        stages=stages(),
        lanes=lanes(lead_time=[1.0, 1.0, 2.0]),
        demand=demand(),
        **dict.fromkeys(OPTIONAL),
    )
    assert bare.equals(plain)
    assert bare.digests == plain.digests
    assert not any(bare.features.values())


def test_columns_in_which_nothing_is_on_are_as_good_as_none() -> None:
    """So a plan made before they were written fits, and nothing is carried along."""
    plain = network()
    off = {
        table: {
            column.name: column.default
            for column in CATALOG[table].columns
            if column.feature and column.dtype != "object"
        }
        for table in ("stages", "lanes", "demand")
    }
    made = network(
        stages=stages(**off["stages"]), lanes=lanes(**off["lanes"]), demand=demand(**off["demand"])
    )
    assert made.equals(plain)
    assert made.digests == plain.digests
    assert not any(made.features.values())


def test_a_subset_keeps_what_happens_to_its_stages_and_lanes() -> None:
    """A second chain beside the first: either part alone is what it was."""
    one = everything()
    renamed = {
        name: getattr(one, name).replace({"api": "api2", "drug": "drug2"}) for name in CATALOG
    }
    renamed["disruptions"] = renamed["disruptions"].assign(name=["flood2", "strike2"])
    for name in ("resources", "resource_use"):
        renamed[name] = renamed[name].assign(resource="line2")
    both = Network.from_tables(
        **{
            name: pd.concat([getattr(one, name), renamed[name]], ignore_index=True).drop(
                columns=["unit_cost", "holding_cost"], errors="ignore"
            )
            for name in CATALOG
        },
        holding_rate=0.26,
    )
    assert both.n_components == 2
    assert both.disruption_stages.tolist() == [1, -1, 5, -1]
    assert both.disruption_lanes.tolist() == [-1, 2, -1, 5]
    assert both.lane_groups.tolist() == [0, 0, 2, 3, 3, 5]
    assert both.subset(0).equals(one)
    second = both.subset(1)
    assert second.disruptions["name"].tolist() == ["flood2", "strike2"]
    assert second.disruption_lanes.tolist() == [-1, 2]
    assert second.level_stages.tolist() == [3, 3]
    assert second.calendar_stages.tolist() == [0]
    assert second.open_order_stages.tolist() == [3, 3]
    assert second.resources["resource"].tolist() == ["line2", "line2"]
    assert second.resource_use_stages.tolist() == [0, 2]


def test_a_network_says_what_is_on() -> None:
    assert "features" not in repr(network())
    told = repr(network(stages=stages(capacity=[60.0, None, None, None])))
    assert "features           stages.capacity" in told
    tables = ("levels", "calendar", "disruptions", *PLANNING)
    assert everything().summary().features[-len(tables) :] == tables


def test_frames_are_copies() -> None:
    made = everything()
    frame = made.stages
    frame.loc[0, "capacity"] = 1.0
    frame = made.disruptions
    frame.loc[0, "name"] = "other"
    made.level_stages[:] = 7
    assert made.stages["capacity"].iloc[0] == 60.0
    assert made.disruptions["name"].iloc[0] == "flood"
    assert made.level_stages.tolist() == [3, 3]


def test_the_release_counts_in_what_a_stage_takes() -> None:
    """Three periods to make and a gamma release of mean 2: five on average, one in deviation."""
    made = everything()
    compiled = made.compiled
    at = int(np.flatnonzero(compiled.stage_row == 2)[0])
    assert compiled.lead_time[at] == 5.0
    assert compiled.lead_time_std[at] == 1.0
    assert made.stages["lead_time"].tolist()[2] == 3.0
    assert made.process_time(2) == (3.0, (Gamma(2.0, 1.0),))
    assert made.process_time(3) == (1.0, ())
    assert made.summary().cumulative_lead_time == 10.0 + 1.0 + 5.0 + 2.0 + 1.0


def test_a_release_of_which_only_moments_are_known() -> None:
    made = network(stages=stages(release_time=[0, 0, 2.0, 0], release_time_std=[0, 0, 4.0, 0],
                                 lead_time_std=[0.0, 0, 3.0, 0]))  # fmt: skip
    assert made.process_time(2) == (0.0, None)
    at = int(np.flatnonzero(made.compiled.stage_row == 2)[0])
    assert made.compiled.lead_time_std[at] == 5.0
