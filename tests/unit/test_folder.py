"""Folders keep what they hold: another kind is refused, the same kind is replaced as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from echelon.errors import FolderError
from echelon.folder import kind_of, listed_files, read_manifest, write_folder

FRAME = pd.DataFrame({"a": [1]})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("held", "kind", "place"),
    [
        ("Network", "Plan", "plan"),
        ("Network", "Simulation", "simulation"),
        ("Plan", "Network", "tables"),
        ("Plan", "Simulation", "simulation"),
    ],
)
def test_a_folder_of_another_kind_is_left_as_it_is(
    tmp_path: Path, held: str, kind: str, place: str
):
    write_folder(tmp_path, {"x": FRAME}, {"kind": held, "holding_rate": 0.3})
    before = (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(FolderError, match=rf"holds a {held}, whose .* Fix: write into .*/{place}"):
        write_folder(tmp_path, {"y": FRAME}, {"kind": kind})
    assert names(tmp_path) == ["manifest.json", "x.csv"]
    assert (tmp_path / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("file", "text"), [("manifest.json", '{"holding_rate": 0.3}'), ("stages.csv", "item,location")]
)
def test_what_a_person_filled_is_a_network(tmp_path: Path, file: str, text: str):
    (tmp_path / file).write_text(text)
    with pytest.raises(FolderError, match="holds a Network"):
        write_folder(tmp_path, {"plan": FRAME}, {"kind": "Plan"})
    assert (tmp_path / file).read_text() == text


def test_a_folder_of_something_else_entirely_is_written_into(tmp_path: Path):
    (tmp_path / "forecast.csv").write_text("a\n1\n")
    assert kind_of(tmp_path, {}) == ""
    write_folder(tmp_path, {"plan": FRAME}, {"kind": "Plan"})
    assert names(tmp_path) == ["forecast.csv", "manifest.json", "plan.csv"]


def test_in_another_format_the_files_of_the_manifest_before_are_removed(tmp_path: Path):
    write_folder(tmp_path, {"plan": FRAME, "trace": FRAME}, {"kind": "Plan"})
    (tmp_path / "notes.csv").write_text("mine")
    write_folder(tmp_path, {"plan": FRAME}, {"kind": "Plan"}, file_format="parquet")
    assert names(tmp_path) == ["manifest.json", "notes.csv", "plan.parquet"]
    write_folder(tmp_path, {"plan": FRAME}, {"kind": "Plan"})
    assert names(tmp_path) == ["manifest.json", "notes.csv", "plan.csv"]


def test_a_table_that_no_manifest_lists_is_neither_removed_nor_left_as_a_twin(tmp_path: Path):
    (tmp_path / "plan.csv").write_text("mine")
    with pytest.raises(FolderError, match=r"plan\.csv already, which .* does not list\. Fix: "):
        write_folder(tmp_path, {"plan": FRAME}, {"kind": "Plan"}, file_format="parquet")
    assert names(tmp_path) == ["plan.csv"]


@pytest.mark.parametrize(
    "files",
    [
        {"x": {"file": "../precious.csv"}},
        {"x": {"file": "/precious.csv"}},
        {"x": {"file": "manifest.json"}},
        {"x": "precious.csv"},
        ["precious.csv"],
        {"x": {}},
    ],
)
def test_a_manifest_lists_tables_of_its_own_folder_and_nothing_else(tmp_path: Path, files: Any):
    (tmp_path / "precious.csv").write_text("mine")
    run = tmp_path / "run"
    run.mkdir()
    (run / "manifest.json").write_text(json.dumps({"kind": "Plan", "files": files}))
    assert listed_files(read_manifest(run)) == ()
    write_folder(run, {"plan": FRAME}, {"kind": "Plan"})
    assert (tmp_path / "precious.csv").read_text() == "mine"


def test_when_writing_fails_what_was_there_is_there_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The files before are removed last, when the new manifest is in place."""
    write_folder(tmp_path, {"plan": FRAME}, {"kind": "Plan"})
    before = (tmp_path / "manifest.json").read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", fail)
    with pytest.raises(FolderError, match="disk full"):
        write_folder(tmp_path, {"plan": FRAME}, {"kind": "Plan"}, file_format="parquet")
    assert names(tmp_path) == ["manifest.json", "plan.csv"]
    assert (tmp_path / "manifest.json").read_bytes() == before
