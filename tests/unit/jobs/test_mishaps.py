"""Full disks, faults beside failures, settings that are wrong: nothing is lost or hidden."""

from __future__ import annotations

import errno
import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import echelon as ec
from echelon import cli
from echelon.errors import DomainError, FolderError
from echelon.execution.limits import within
from echelon.jobs import CRASHED, outputs, parts, steps
from echelon.jobs import run as run_module
from echelon.jobs.job import read_job
from tests.unit.jobs.conftest import Tables


def go(tables: Tables, out: Path, **changes: Any) -> ec.Run:
    arguments = {"n_jobs": 1, "stages_per_shard": 6, "progress": False, **changes}
    return ec.run(tables, out, **arguments)


def ended(out: Path) -> tuple[str, int]:
    told = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return told["status"], told["exit_code"]


def no_room(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_run_in_which_every_component_fails_says_so(tables: Tables, tmp_path, monkeypatch):
    def solve(*_: Any) -> Any:
        raise ArithmeticError("planted")

    monkeypatch.setattr(steps, "_solved", solve)
    run = go(tables, tmp_path / "out")
    assert run.status == "partial"
    assert len(run.failures) == run.counts["components"]
    assert "no component has a plan" in run.summary()
    with pytest.raises(DomainError, match="no component of the run has a plan"):
        run.to_frame("plan")


class TestFaultsBesideFailures:
    """What was set aside is told also where the rest of its shard fails as a whole."""

    @pytest.fixture
    def damaged(self, tables: Tables) -> Tables:
        tables["demand"].loc[0, "service_level"] = 97.5  # of the first item, in component 0
        lanes = tables["lanes"]
        stray = lanes.iloc[[0]].assign(from_item="nobody", to_item="nobody")
        tables["lanes"] = pd.concat([lanes, stray], ignore_index=True)
        return tables

    def failures(self, run: ec.Run) -> dict[int, tuple[str, str]]:
        rows = run.failures[["component", "item", "error"]].itertuples(index=False)
        return {int(number): (item, error) for number, item, error in rows}

    def test_where_several_are_left(self, damaged: Tables, tmp_path, monkeypatch):
        def solve(work: Any, network: ec.Network, seconds: Any, own: Any = steps._solved) -> Any:
            if network.n_components > 1 or "item 02" in set(network.stages["item"]):
                raise ArithmeticError("planted")
            return own(work, network, seconds)

        monkeypatch.setattr(steps, "_solved", solve)
        run = go(damaged, tmp_path, faults="set_aside", stages_per_shard=1000)
        found = self.failures(run)
        assert found == {
            -1: ("", "TableError"),
            0: ("item 00", "TableError"),
            2: ("item 02", "ArithmeticError"),
        }
        assert set(run.to_frame("plan")["component"]) == {1, 3, 4, 5, 6}
        assert run.exit_code == 1

    def test_where_one_is_left(self, damaged: Tables, tmp_path, monkeypatch):
        only = {
            name: frame[
                frame.filter(like="item").isin(["item 00", "item 01", "nobody"]).all(axis=1)
            ]
            for name, frame in damaged.items()
        }
        monkeypatch.setattr(steps, "_solved", lambda *_: 1 / 0)
        found = self.failures(go(only, tmp_path, faults="set_aside", stages_per_shard=1000))
        assert found == {
            -1: ("", "TableError"),
            0: ("item 00", "TableError"),
            1: ("item 01", "ZeroDivisionError"),
        }

    def test_where_none_is_left(self, damaged: Tables, tmp_path):
        damaged["demand"]["service_level"] = 97.5
        found = self.failures(go(damaged, tmp_path, faults="set_aside", stages_per_shard=1000))
        assert set(found) == {-1, *range(7)}


class TestFullDisk:
    """The run ends, what the last one wrote stays, and no component is blamed."""

    @pytest.mark.parametrize("file_format", ["parquet", "csv"])
    def test_while_parts_are_written(self, tables: Tables, tmp_path, monkeypatch, file_format):
        before = go(tables, tmp_path, file_format=file_format).digest
        tables["demand"]["mean"] += 1.0
        monkeypatch.setattr(parts, "write_aside", no_room)
        monkeypatch.setattr("echelon.io.parts.write_aside", no_room)
        with pytest.raises(FolderError, match="No space left"):
            go(tables, tmp_path, file_format=file_format)
        assert ended(tmp_path) == ("failed", 2)
        assert ec.read_run(tmp_path).digest == before
        assert len(ec.read_run(tmp_path).to_frame("plan")) == len(tables["stages"])

    def test_while_the_result_is_written(self, tables: Tables, tmp_path, monkeypatch):
        monkeypatch.setattr(run_module, "write_result", no_room)
        with pytest.raises(FolderError, match="Fix: make room there"):
            go(tables, tmp_path)
        assert ended(tmp_path) == ("failed", 2)

    def test_when_even_the_summary_has_no_room(self, tables: Tables, tmp_path, monkeypatch):
        monkeypatch.setattr(run_module, "write_result", no_room)
        monkeypatch.setattr(outputs, "write_aside", no_room)
        with pytest.raises(FolderError, match="No space left"):
            go(tables, tmp_path)

    def test_a_file_in_the_place_of_the_folder(self, tables: Tables, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(FolderError, match="choose another folder"):
            go(tables, tmp_path / "file" / "out")


class TestMistakesOfOurs:
    def test_the_command_ends_with_a_code_of_its_own(self, tables, tmp_path, monkeypatch, capsys):
        folder = tmp_path / "tables"
        ec.Network.from_tables(**tables).write(folder)
        file = tmp_path / "night.toml"
        file.write_text('[run]\ntables = "tables"\nout = "out"\nn_jobs = 1\n', encoding="utf-8")
        monkeypatch.setattr(run_module, "write_result", lambda *_: 1 / 0)
        with pytest.raises(SystemExit) as end:
            cli.main(["run", str(file)])
        assert end.value.code == CRASHED == 3
        assert ended(tmp_path / "out") == ("failed", 3)
        assert "ZeroDivisionError" in capsys.readouterr().err

    def test_so_it_does_where_the_library_cannot_be_loaded(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setitem(sys.modules, "echelon.jobs.run", None)
        with pytest.raises(SystemExit) as end:
            cli.main(["run", str(tmp_path / "night.toml")])
        assert end.value.code == CRASHED
        assert "ModuleNotFoundError" in capsys.readouterr().err


class TestSettings:
    def test_all_that_is_wrong_is_told_at_once(self, tmp_path):
        file = tmp_path / "night.toml"
        file.write_text(
            '[run]\ntables = 3\nout = "out"\nn_jobs = "two"\n[optimise]\n'
            '[optimize]\ngap = "small"\n[simulate]\nreplication = 3\nperiods = -1\n',
            encoding="utf-8",
        )
        with pytest.raises(DomainError) as error:
            read_job(file, {})
        told = str(error.value)
        for words in (
            "tables is 3",
            "n_jobs: must",
            "'optimise'",
            "gap",
            "'replication'",
            "periods",
        ):
            assert words in told
        assert told.count("n_jobs") == told.count("n_jobs: must") + told.count("jobs, backend")


class TestWhatIsKept:
    def test_a_checked_network_that_was_altered_is_read_anew(self, tables, tmp_path, monkeypatch):
        undisturbed = go(tables, tmp_path / "whole").digest

        def alter(work: Any, own: Any = steps.load) -> Any:
            content = bytearray(work.checked.read_bytes())
            content[len(content) // 2] ^= 4
            work.checked.write_bytes(content)
            return own(work)

        monkeypatch.setattr(steps, "load", alter)
        assert go(tables, tmp_path / "altered").digest == undisturbed

    def test_fresh_forgets_the_divided_tables_too(self, tables: Tables, tmp_path):
        first = go(tables, tmp_path)
        marker = tmp_path / "work" / "left behind"
        marker.touch()
        again = go(tables, tmp_path, fresh=True)
        assert not marker.exists()
        assert again.digest == first.digest
        assert again.counts["kept_shards"] == 0

    def test_divided_tables_that_were_damaged_are_written_anew(self, tables: Tables, tmp_path):
        go(tables, tmp_path)
        one, other, *_ = sorted((tmp_path / "work" / "tables").glob("shards/*/stages.parquet"))
        one.unlink()
        other.write_bytes(other.read_bytes()[:-40])
        again = go(tables, tmp_path, optimize={"gap": 1e-3})
        assert again.status == "complete"
        assert len(again.to_frame("plan")) == len(tables["stages"])


def test_a_time_limit_is_not_taken_for_a_fault_of_a_file():
    def reads() -> None:
        try:
            time.sleep(2.0)
        except OSError as error:  # a TimeoutError is one
            raise FolderError("cannot read") from error

    with pytest.raises(TimeoutError, match=r"longer than 0\.02 seconds"), within(0.02):
        reads()
