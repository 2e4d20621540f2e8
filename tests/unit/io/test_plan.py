"""A plan that was written is read back as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import FolderError


@pytest.fixture
def network() -> ec.Network:
    """Two chains: item 007 with thirds in its lead time, and one without customers."""
    stages = pd.DataFrame(
        {
            "item": ["007", "008", "NA"],
            "location": ["plant", "shop", "attic"],
            "lead_time": [10.0 / 3.0, 1.0, 2.0],
            "holding_cost": [1.0, 1.7, 0.0],
            "service_level": [None, 0.97, None],
        }
    )
    lanes = pd.DataFrame(
        [("007", "plant", "008", "shop")],
        columns=["from_item", "from_location", "to_item", "to_location"],
    )
    demand = pd.DataFrame({"item": ["008"], "location": "shop", "mean": 10.0, "std": 1.0 / 3.0})
    return ec.Network.from_tables(stages, lanes, demand, currency="EUR", name="spy")


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_round_trip_to_the_last_bit(
    network: ec.Network, tmp_path: Path, file_format: Literal["csv", "parquet"]
):
    plan = ec.optimize(network)
    again = ec.read_plan(plan.write(tmp_path / "plan", file_format=file_format))
    for frame in ("stages", "components", "failures"):
        pd.testing.assert_frame_equal(
            getattr(again, frame), getattr(plan, frame), check_exact=True, check_dtype=False
        )
    for scalar in (
        "objective",
        "bound",
        "gap",
        "status",
        "termination",
        "period",
        "periods_per_year",
        "currency",
        "name",
        "provenance",
    ):
        assert getattr(again, scalar) == getattr(plan, scalar)
    assert again.stages["item"].tolist() == ["007", "008", "NA"]


def test_failures_survive(tmp_path: Path):
    """A stage that may hold nothing and must serve at once: the reason is read back."""
    network = ec.serial(
        ["plant", "shop"],
        lead_time=[2, 1],
        holding_cost=1.0,
        demand_mean=5.0,
        demand_std=1.0,
        service_level=0.9,
        can_stock=False,
    )
    plan = ec.optimize(network)
    assert plan.status == "failed"
    again = ec.read_plan(plan.write(tmp_path))
    assert again.failures["message"].tolist() == plan.failures["message"].tolist()
    assert np.isnan(again.objective)
    assert again.stages.empty


def test_folder_of_something_else(network: ec.Network, tmp_path: Path):
    with pytest.raises(FolderError, match="holds no plan"):
        ec.read_plan(network.write(tmp_path))
    with pytest.raises(FolderError, match="holds no plan"):
        ec.read_plan(tmp_path / "absent")


def test_the_run_that_the_command_line_wrote(network: ec.Network, tmp_path: Path):
    plan = ec.optimize(network)
    plan.write(tmp_path / "run" / "plan")
    assert ec.read_plan(tmp_path / "run").objective == plan.objective
    network.write(tmp_path / "run")  # tables above a plan are no plan
    assert ec.read_plan(tmp_path / "run").objective == plan.objective


def test_written_again_in_another_format(network: ec.Network, tmp_path: Path):
    plan = ec.optimize(network)
    plan.write(tmp_path)
    plan.write(tmp_path, file_format="parquet")
    assert not list(tmp_path.glob("*.csv"))
    assert ec.read_plan(tmp_path).stages.equals(plan.stages)


def test_of_two_formats_the_one_in_the_manifest_is_read(network: ec.Network, tmp_path: Path):
    """What a write that was cut short leaves behind."""
    plan = ec.optimize(network)
    plan.write(tmp_path, file_format="parquet")
    (tmp_path / "plan.csv").write_text("stale")
    assert ec.read_plan(tmp_path).stages.equals(plan.stages)


def test_file_and_column_and_entry_that_are_missing_are_named(network: ec.Network, tmp_path: Path):
    folder = ec.optimize(network).write(tmp_path)
    frame = pd.read_csv(folder / "plan.csv")
    frame.drop(columns="safety_stock").to_csv(folder / "plan.csv", index=False)
    with pytest.raises(FolderError, match=r"table plan lacks safety_stock"):
        ec.read_plan(folder)
    (folder / "plan.csv").unlink()
    with pytest.raises(FolderError, match=r"lacks plan\.csv"):
        ec.read_plan(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["bound"], manifest["provenance"]["version"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(FolderError, match=r"lacks bound, provenance\.version"):
        ec.read_plan(folder)


@pytest.mark.parametrize(
    ("file", "column", "value", "told"),
    [
        (
            "plan",
            "base_stock",
            "many",
            r"plan\.base_stock: must be a number \[unit\]; row 2 .*'many'",
        ),
        ("plan", "component", "0.5", r"plan\.component: must be a whole number; row 2 .*0\.5"),
        ("components", "seconds", "soon", r"components\.seconds: .* row 2.*'soon'"),
    ],
)
def test_cells_that_cannot_have_been_written_are_named(
    network: ec.Network, tmp_path: Path, file: str, column: str, value: str, told: str
):
    path = ec.optimize(network).write(tmp_path) / f"{file}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[1, column] = value
    frame.to_csv(path, index=False)
    with pytest.raises(FolderError, match=rf"cannot read .*{file}\.csv: {told}"):
        ec.read_plan(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("provenance", None, "provenance is null, must be a JSON object"),
        ("files", [], r"files is \[\], must be a JSON object"),
        ("objective", "low", 'objective is "low", must be a number'),
        ("status", 3, "status is 3, must be text"),
        ("name", None, "name is null, must be text"),
        ("gap", True, "gap is true, must be a number"),
    ],
)
def test_entries_that_cannot_have_been_written_are_named(
    network: ec.Network, tmp_path: Path, name: str, value: object, told: str
):
    path = ec.optimize(network).write(tmp_path) / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(FolderError, match=rf"manifest\.json: {told}. Fix"):
        ec.read_plan(tmp_path)


def test_provenance_that_cannot_have_been_written_is_named(network: ec.Network, tmp_path: Path):
    path = ec.optimize(network).write(tmp_path) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["provenance"].update(tables=None, seed=1.5)
    path.write_text(json.dumps(manifest))
    told = "provenance.tables is null, must be a JSON object; provenance.seed is 1.5, must be a"
    with pytest.raises(FolderError, match=told):
        ec.read_plan(tmp_path)
