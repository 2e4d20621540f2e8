"""Networks in folders: what comes back, what a person may type by hand, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

from echelon.errors import DomainError, FolderError, TableError, UnknownNameError
from echelon.io import read_network
from echelon.network import Network, general, serial

FORMATS: list[Literal["csv", "parquet"]] = ["csv", "parquet"]


@pytest.fixture
def network() -> Network:
    return serial(
        [("007", "NA"), ("1e5", "true")],
        lead_time=[0.1, 1 / 3],
        added_cost=[1, 2],
        max_service_time=[float("inf"), None],
        demand_mean=10,
        family="poisson",
        holding_rate=0.35,
        period="day",
        periods_per_year=260,
        currency="EUR",
        name="tricky names",
    )


@pytest.mark.parametrize("file_format", FORMATS)
def test_names_that_look_like_numbers_come_back_as_they_were(
    network: Network, tmp_path: Path, file_format: Literal["csv", "parquet"]
) -> None:
    again = read_network(network.write(tmp_path / "net", file_format=file_format))
    assert again.equals(network)
    assert again.labels == ("007 @ NA", "1e5 @ true")
    assert (again.periods_per_year, again.currency, again.name) == (260.0, "EUR", "tricky names")


@pytest.mark.parametrize("file_format", FORMATS)
def test_without_lanes_and_customers(
    tmp_path: Path, file_format: Literal["csv", "parquet"]
) -> None:
    network = general(["a", "b"], [], demand_mean={}, holding_cost=1)
    assert read_network(network.write(tmp_path, file_format=file_format)).equals(network)


def test_a_network_written_over_another_leaves_nothing_of_it(
    network: Network, tmp_path: Path
) -> None:
    network.write(tmp_path)
    alone = general(["a"], [], demand_mean={}, holding_cost=1)
    assert read_network(alone.write(tmp_path)).equals(alone)


def test_what_is_written_is_what_was_given(network: Network, tmp_path: Path) -> None:
    network.write(tmp_path)
    header = (tmp_path / "stages.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "item,location,added_cost,lead_time,max_service_time"
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["kind"] == "Network"
    assert manifest["holding_rate"] == 0.35
    assert manifest["files"]["stages"]["rows"] == 2


def test_a_folder_filled_by_hand_needs_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "stages.csv").write_text(
        "item,location,holding_cost,can_stock\n007,plant,1.5,True\n8,shop,2,False\n",
        encoding="utf-8-sig",
    )
    (tmp_path / "demand.csv").write_text(
        "item,location,mean,std,segment\n8,shop,4,1,\n", encoding="utf-8"
    )
    network = read_network(tmp_path)
    assert network.labels == ("007 @ plant", "8 @ shop")
    assert network.stages["can_stock"].tolist() == [True, False]
    assert (network.period, network.n_lanes) == ("week", 0)


def test_the_other_format_is_not_left_beside(network: Network, tmp_path: Path) -> None:
    network.write(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(FolderError, match=r"holds stages\.csv already\. Fix: remove it"):
        network.write(tmp_path, file_format="parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_unknown_format(network: Network, tmp_path: Path) -> None:
    with pytest.raises(DomainError, match="file_format is 'xlsx'"):
        network.write(tmp_path, file_format="xlsx")  # type: ignore[arg-type]


def test_no_folder_and_no_stages(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="is not a folder"):
        read_network(tmp_path / "nowhere")
    with pytest.raises(FolderError, match=r"holds no stages\.csv or stages\.parquet"):
        read_network(tmp_path)


def test_a_folder_of_something_else(network: Network, tmp_path: Path) -> None:
    network.write(tmp_path)
    (tmp_path / "manifest.json").write_text('{"kind": "Plan"}', encoding="utf-8")
    with pytest.raises(FolderError, match="holds a Plan, not a network"):
        read_network(tmp_path)


def test_a_misspelt_setting(network: Network, tmp_path: Path) -> None:
    network.write(tmp_path)
    (tmp_path / "manifest.json").write_text('{"holdingrate": 0.3}', encoding="utf-8")
    with pytest.raises(UnknownNameError, match="Did you mean 'holding_rate'"):
        read_network(tmp_path)


def test_a_broken_manifest(network: Network, tmp_path: Path) -> None:
    network.write(tmp_path)
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(FolderError, match=r"cannot read .*manifest\.json"):
        read_network(tmp_path)


def test_faults_of_files_come_at_once_with_the_line_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "stages.csv").write_text(
        "item,location,holding_cost,lead_time\na,x,1,-2\nb,x,,1\n", encoding="utf-8"
    )
    (tmp_path / "lanes.csv").write_text(
        "from_item,from_location,to_item,to_location\na,x,c,x\n", encoding="utf-8"
    )
    with pytest.raises(TableError) as caught:
        read_network(tmp_path)
    assert [(fault.table, fault.column, fault.row) for fault in caught.value.faults] == [
        ("stages", "holding_cost", 2),
        ("stages", "lead_time", 1),
        ("lanes", "to_item, to_location", 1),
    ]


def test_a_header_without_rows_is_a_fault_when_a_person_left_it(tmp_path: Path) -> None:
    (tmp_path / "stages.csv").write_text("item,location,holding_cost\na,x,1\n", encoding="utf-8")
    (tmp_path / "demand.csv").write_text("item,location,mean,std\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"demand: the table has no rows"):
        read_network(tmp_path)
