"""Networks in folders: what comes back, what a person may type by hand, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest

from echelon import optimize, read_plan
from echelon.errors import DomainError, FolderError, TableError, UnknownNameError
from echelon.io import read_network
from echelon.network import Network, general, serial
from echelon.tables import CATALOG

HEADER = "item,location,holding_cost\n"
ROW = "a,x,1\n"
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


@pytest.mark.parametrize("files", [None, [], {"demand": None}, "demand.csv"])
def test_a_manifest_whose_list_of_files_is_damaged_lists_none(
    network: Network, tmp_path: Path, files: object
) -> None:
    path = network.write(tmp_path) / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "files": files}))
    assert read_network(tmp_path).equals(network)


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
    network.write(tmp_path, file_format="parquet")
    assert not list(tmp_path.glob("*.csv"))
    assert read_network(tmp_path).equals(network)


def test_the_other_format_of_somebody_else_is_not_removed(network: Network, tmp_path: Path) -> None:
    (tmp_path / "stages.csv").write_text(HEADER + ROW, encoding="utf-8")
    with pytest.raises(FolderError, match=r"holds stages\.csv already.* Fix: remove it"):
        network.write(tmp_path, file_format="parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["stages.csv"]
    network.write(tmp_path / "net", file_format="parquet")
    (tmp_path / "net" / "stages.csv").write_text(HEADER + ROW, encoding="utf-8")
    with pytest.raises(FolderError, match="holds both"):  # neither is passed over
        read_network(tmp_path / "net")


def test_an_unknown_format(network: Network, tmp_path: Path) -> None:
    with pytest.raises(DomainError, match="file_format is 'xlsx'"):
        network.write(tmp_path, file_format="xlsx")  # type: ignore[arg-type]


def test_no_folder_and_no_stages(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="is not a folder"):
        read_network(tmp_path / "nowhere")
    with pytest.raises(FolderError, match=r"holds no stages\.csv or stages\.parquet.*add one"):
        read_network(tmp_path)


def test_a_run_points_at_its_tables(network: Network, tmp_path: Path) -> None:
    network.write(tmp_path / "tables")
    with pytest.raises(FolderError, match=r"holds no stages\.csv.* Fix: give .*/tables"):
        read_network(tmp_path)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("demands.csv", "rename demands.csv to demand.csv"),
        ("Demand.csv", "rename Demand.csv to demand.csv"),
        ("demand.CSV", "rename demand.CSV to demand.csv"),
        ("lane.parquet", "rename lane.parquet to lanes.parquet"),
        ("stages_old.csv", "move stages_old.csv elsewhere"),
        ("forecast.csv", "move forecast.csv elsewhere"),
        ("demand.xlsx", "save demand.xlsx as demand.csv"),
        ("lanes.csv.txt", "save lanes.csv.txt as lanes.csv"),
    ],
)
def test_a_table_by_another_name_is_not_passed_over(tmp_path: Path, name: str, remedy: str) -> None:
    (tmp_path / "stages.csv").write_text(HEADER + ROW, encoding="utf-8")
    (tmp_path / name).write_text("item,location,mean,std\na,x,4,1\n", encoding="utf-8")
    with pytest.raises(FolderError, match=f"holds {name}, which would be passed over") as caught:
        read_network(tmp_path)
    assert str(caught.value).endswith(f"Fix: {remedy}.")


def test_every_table_by_another_name_is_told_at_once(tmp_path: Path) -> None:
    for name in ("Stages.csv", "arcs.csv"):
        (tmp_path / name).write_text(HEADER + ROW, encoding="utf-8")
    with pytest.raises(FolderError) as caught:
        read_network(tmp_path)
    assert str(caught.value).endswith(
        "Fix: rename Stages.csv to stages.csv, move arcs.csv elsewhere."
    )


def test_files_of_other_programs_and_results_in_folders_of_their_own_are_no_tables(
    network: Network, tmp_path: Path
) -> None:
    network.write(tmp_path)
    for name in ("~$stages.csv", "._demand.csv", ".~lock.lanes.csv#", "stages.xlsx", "README.md"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    optimize(network, service_level=0.9).write(tmp_path / "plan")
    assert read_network(tmp_path).equals(network)
    assert read_plan(tmp_path).status == "optimal"


def test_a_file_that_the_manifest_lists_belongs_there(network: Network, tmp_path: Path) -> None:
    network.write(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["extra"] = {"file": "extra.csv", "rows": 1}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (tmp_path / "extra.csv").write_text("a\n1\n", encoding="utf-8")
    assert read_network(tmp_path).equals(network)


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_plan_does_not_overwrite_the_settings_of_a_network(
    network: Network, tmp_path: Path, by_hand: bool
) -> None:
    network.write(tmp_path)
    if by_hand:
        (tmp_path / "manifest.json").write_text(
            '{"holding_rate": 0.35, "period": "day"}', encoding="utf-8"
        )
    before = read_network(tmp_path)
    with pytest.raises(FolderError, match=r"holds a Network.* Fix: write into .*plan"):
        optimize(network, service_level=0.9).write(tmp_path)
    assert read_network(tmp_path).equals(before)


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
    assert [fault.place for fault in caught.value.faults] == [
        "line 3 of stages.csv",
        "line 2 of stages.csv",
        "line 2 of lanes.csv",
    ]
    assert "row 1 (a @ x), line 2 of stages.csv: -2.0" in str(caught.value)


def test_the_line_is_the_one_an_editor_shows(tmp_path: Path) -> None:
    (tmp_path / "stages.csv").write_text(
        'item,location,holding_cost\n\n"a\nb",x,1\n\nc,x,-1\n', encoding="utf-8"
    )
    with pytest.raises(TableError) as caught:
        read_network(tmp_path)
    places = {fault.message: fault.place for fault in caught.value.faults}
    assert places["has a line break, tab or other control character in it"].startswith("line 3 ")
    assert places["must be a number >= 0 [money/unit/period]"] == "line 6 of stages.csv"


def test_rows_of_parquet_have_no_line(tmp_path: Path) -> None:
    pd.DataFrame({"item": ["a"], "location": "x", "holding_cost": -1.0}).to_parquet(
        tmp_path / "stages.parquet"
    )
    with pytest.raises(TableError, match=r"row 1 \(a @ x\): -1\.0"):
        read_network(tmp_path)


def test_one_bad_cell_is_the_one_that_is_told(tmp_path: Path) -> None:
    """Pandas makes text of the whole column; the other cells keep what they say."""
    (tmp_path / "stages.csv").write_text(
        "item,location,holding_cost,lead_time\na,x,1,12\nb,x,1,4 wk\nc,x,1,-1\n", encoding="utf-8"
    )
    (tmp_path / "demand.csv").write_text(
        'item,location,mean,std\na,x,"1,900",1\nb,x,20,1\n', encoding="utf-8"
    )
    with pytest.raises(TableError) as caught:
        read_network(tmp_path)
    assert [str(fault).partition(". Fix")[0] for fault in caught.value.faults] == [
        "stages.lead_time: must be a number >= 0 and <= 1,000,000 [period], not text; "
        "row 2 (b @ x), line 3 of stages.csv: '4 wk'",
        "stages.lead_time: must be a number >= 0 and <= 1,000,000 [period]; "
        "row 3 (c @ x), line 4 of stages.csv: -1.0",
        "demand.mean: must be a number >= 0 [unit/period], not text; "
        "row 1 (a @ x), line 2 of demand.csv: '1,900'",
    ]


def test_what_a_spreadsheet_leaves_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "stages.csv").write_text(
        "item,location,holding_cost,\na,x,1,\n,,,\n,,,\n", encoding="utf-8"
    )
    with pytest.raises(TableError) as caught:
        read_network(tmp_path)
    assert [str(fault) for fault in caught.value.faults] == [
        "stages: column 4 has no name. Fix: remove it, down to the comma at the end of the header.",
        "stages: nothing is written in the row; 2 rows, first at row 2, line 3 of stages.csv. "
        "Fix: remove the rows.",
    ]


def test_a_template_with_blank_columns_is_read(tmp_path: Path) -> None:
    names = CATALOG["stages"].names
    cells = {"item": "a", "location": "x", "holding_cost": "1", "can_stock": "1"}
    (tmp_path / "stages.csv").write_text(
        f"{','.join(names)}\n{','.join(cells.get(name, '') for name in names)}\n", encoding="utf-8"
    )
    stages = read_network(tmp_path).stages
    assert (stages["lead_time"][0], stages["can_stock"][0]) == (0.0, True)


def test_a_header_without_rows_is_a_fault_when_a_person_left_it(tmp_path: Path) -> None:
    (tmp_path / "stages.csv").write_text("item,location,holding_cost\na,x,1\n", encoding="utf-8")
    (tmp_path / "demand.csv").write_text("item,location,mean,std\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"demand: the table has no rows"):
        read_network(tmp_path)
