"""The whole job: the same rows as one call on the whole, however it was cut, killed or resumed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError, FolderError, TableError, UnknownNameError
from echelon.jobs import steps
from tests.planted_failures import same_source
from tests.unit.jobs.conftest import SIMULATION, Tables, made, sorted_rows, whole


def go(tables: object, out: Path, **changes: Any) -> ec.Run:
    arguments = {
        "simulate": SIMULATION,
        "n_jobs": 1,
        "stages_per_shard": 6,
        "progress": False,
        **changes,
    }
    return ec.run(tables, out, **arguments)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> ec.Run:
    return go(made(), tmp_path_factory.mktemp("runs") / "undisturbed")


@pytest.fixture
def finished(undisturbed: ec.Run, tmp_path: Path) -> Path:
    """Folder of a run that has ended, for a test to call again."""
    return Path(shutil.copytree(undisturbed.folder, tmp_path / "finished"))


def assert_same_rows(run: ec.Run, network: ec.Network) -> None:
    plan = ec.optimize(network, service_times="whole", progress=False)
    simulated = ec.simulate(network, plan, **SIMULATION, progress=False)
    for level, frame in (
        ("plan", plan.stages),
        ("simulation", simulated.stages),
        ("service", simulated.service),
    ):
        found = sorted_rows(run.to_frame(level))[list(frame.columns)]
        pd.testing.assert_frame_equal(found, sorted_rows(frame), check_exact=True)
    for name, value in run.simulation.items():
        if name in simulated.total:
            assert value == pytest.approx(simulated.total[name].iloc[0], rel=1e-9, abs=1e-9), name


class TestRows:
    def test_they_are_those_of_one_call_on_the_whole(self, undisturbed: ec.Run, tables: Tables):
        assert undisturbed.status == "complete"
        assert undisturbed.exit_code == 0
        assert undisturbed.counts["shards"] > 2
        assert undisturbed.to_frame("plan")["cycle_stock"].max() > 0.0
        assert_same_rows(undisturbed, whole(tables))

    def test_the_sums_are_those_of_the_whole(self, undisturbed: ec.Run, tables: Tables):
        plan = ec.optimize(whole(tables), service_times="whole", progress=False)
        assert undisturbed.plan["objective"] == pytest.approx(plan.objective, rel=1e-12)
        assert undisturbed.plan["components"] == {"optimal": 7}

    def test_other_shards_give_the_same_bits(self, undisturbed: ec.Run, tables: Tables, tmp_path):
        run = go(tables, tmp_path, stages_per_shard=1000)
        assert run.counts["shards"] != undisturbed.counts["shards"]
        assert run.digest == undisturbed.digest

    def test_another_number_is_another_digest(self, tables: Tables, tmp_path):
        tables["demand"].loc[0, "std"] += 1e-9
        first = go(made(), tmp_path / "one", simulate=None)
        assert go(tables, tmp_path / "two", simulate=None).digest != first.digest

    def test_csv_holds_the_same_numbers(self, undisturbed: ec.Run, tables: Tables, tmp_path):
        run = go(tables, tmp_path, file_format="csv")
        read = run.to_frame("simulation")
        pd.testing.assert_frame_equal(read, undisturbed.to_frame("simulation"), check_exact=True)
        with pytest.raises(DomainError, match="is CSV"):
            run.parts("simulation")

    def test_parts_are_read_by_column_and_condition(self, undisturbed: ec.Run):
        some = undisturbed.to_frame("plan", ["item", "base_stock"], [("location", "==", "north")])
        assert list(some.columns) == ["item", "base_stock"]
        assert len(some) == 7
        assert len(undisturbed.parts("plan")) == 21
        with pytest.raises(UnknownNameError, match="plan/components"):
            undisturbed.to_frame("plan/component")

    def test_it_gives_a_plan_to_whoever_takes_one(self, undisturbed: ec.Run, tables: Tables):
        network = whole(tables)
        plan = ec.optimize(network, service_times="whole", progress=False)
        taken = undisturbed.to_plan()
        assert (taken.status, taken.termination) == (plan.status, plan.termination)
        assert taken.objective == pytest.approx(plan.objective, rel=1e-12)
        own = ["component", "stages", "status", "objective", "bound", "method"]
        pd.testing.assert_frame_equal(taken.components[own], plan.components[own])
        published = ec.publish(plan, taken)
        assert published.review.empty
        again = ec.simulate(network, taken, **SIMULATION, progress=False)
        pd.testing.assert_frame_equal(
            sorted_rows(again.stages),
            sorted_rows(undisturbed.to_frame("simulation")),
            check_exact=True,
        )

    def test_without_a_simulation_there_is_none(self, tables: Tables, tmp_path):
        run = go(tables, tmp_path, simulate=None)
        assert run.simulation is None
        assert set(run.tables) == {"plan/stages", "plan/components"}
        assert "simulated" not in run.summary()


class TestRestart:
    def test_a_second_call_solves_nothing(self, tables: Tables, finished, undisturbed: ec.Run):
        again = go(tables, finished)
        assert again.counts["kept_shards"] == again.counts["shards"]
        assert (again.digest, again.simulation) == (undisturbed.digest, undisturbed.simulation)

    def test_a_change_touches_its_shard_alone(self, tables: Tables, finished, undisturbed: ec.Run):
        tables["stages"].loc[0, "lead_time"] = 4.0
        second = go(tables, finished)
        assert second.counts["kept_shards"] == second.counts["shards"] - 1
        assert second.digest != undisturbed.digest
        assert_same_rows(second, whole(tables))
        listed = {part["file"] for parts in second.tables.values() for part in parts}
        there = {str(path.relative_to(finished)) for path in finished.glob("*/*/part-*")}
        assert there == listed

    def test_fresh_forgets_what_was_finished(self, tables: Tables, tmp_path):
        go(tables, tmp_path, simulate=None)
        assert go(tables, tmp_path, simulate=None, fresh=True).counts["kept_shards"] == 0

    def test_parts_that_were_removed_or_altered_are_written_again(
        self, tables: Tables, finished, undisturbed: ec.Run
    ):
        paths = sorted((finished / "simulation" / "stages").iterdir())
        paths[0].unlink()
        paths[1].write_bytes(paths[1].read_bytes()[:-100])
        second = go(tables, finished)
        assert second.digest == undisturbed.digest
        pd.testing.assert_frame_equal(
            second.to_frame("simulation"), undisturbed.to_frame("simulation"), check_exact=True
        )

    def test_a_piece_of_a_shard_that_was_solved_alone_is_written_again_too(
        self, tables: Tables, tmp_path, monkeypatch
    ):
        def solve(work: Any, network: ec.Network, seconds: Any, own: Any = steps._solved) -> Any:
            if "item 02" in set(network.stages["item"]):
                raise ArithmeticError("planted")
            return own(work, network, seconds)

        monkeypatch.setattr(steps, "_solved", solve)
        first = go(tables, tmp_path, simulate=None, stages_per_shard=1000)
        before = first.to_frame("plan")
        failed = int(first.failures["component"].iloc[0])
        pieces = [part for part in first.tables["plan/stages"] if failed - 1 in part["components"]]
        (tmp_path / pieces[0]["file"]).unlink()
        again = go(tables, tmp_path, simulate=None, stages_per_shard=1000)
        assert again.digest == first.digest
        pd.testing.assert_frame_equal(again.to_frame("plan"), before, check_exact=True)
        assert again.counts["kept_shards"] == again.counts["shards"] - 1

    def test_files_of_somebody_else_stay(self, tables: Tables, finished):
        others = [
            finished / "history" / "2026" / "part-0001.parquet",
            finished / "plan" / "stages" / "part-of-mine.txt",
        ]
        stale = finished / "plan" / "stages" / f"part-{'0a' * 16}.parquet"
        others[0].parent.mkdir(parents=True)
        for path in (*others, stale):
            path.touch()
        go(tables, finished)
        assert all(path.exists() for path in others)
        assert not stale.exists()

    def test_an_interrupt_says_so_and_the_next_call_goes_on(
        self, tables: Tables, tmp_path, undisturbed: ec.Run
    ):
        def interrupt(done: int, _total: int, label: str) -> None:
            if label.startswith("solving") and done >= 6:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            go(tables, tmp_path, progress=interrupt)
        summary = json.loads((tmp_path / "summary.json").read_text())
        assert (summary["status"], summary["exit_code"]) == ("interrupted", 130)
        with pytest.raises(FolderError, match="no finished run"):
            ec.read_run(tmp_path)
        again = go(tables, tmp_path)
        assert 0 < again.counts["kept_shards"] < again.counts["shards"]
        assert again.digest == undisturbed.digest

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
    def test_one_worker_ends_what_two_of_a_killed_run_began(
        self, tables: Tables, tmp_path, undisturbed: ec.Run, monkeypatch
    ):
        same_source(monkeypatch.setattr)
        folder = whole(tables).write(tmp_path / "tables")
        lines = "\n".join(f"{name} = {value}" for name, value in SIMULATION.items())
        settings = tmp_path / "nightly.toml"
        settings.write_text(
            f'[run]\ntables = "{folder.name}"\nout = "out"\nn_jobs = 2\nstages_per_shard = 6\n'
            f"[simulate]\n{lines}\n"
        )
        command = "same_source(); sys.exit(main())"
        imports = "import sys; from echelon.cli import main; "
        imports += "from tests.planted_failures import same_source; "
        child = subprocess.Popen(
            [sys.executable, "-c", imports + command, "run", str(settings)],
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )
        log = tmp_path / "out" / "run.log"
        for _ in range(3_000):
            if log.exists() and "event=shard_done" in log.read_text():
                break
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        again = ec.run(settings, n_jobs=1, progress=False)
        assert again.counts["kept_shards"] > 0
        assert again.digest == undisturbed.digest


class TestFailures:
    def test_a_component_without_a_plan_is_a_row(self, tables: Tables, tmp_path):
        stages = tables["stages"]
        stages["can_stock"] = stages["item"] != "item 05"
        run = go(tables, tmp_path)
        assert run.failures[["item", "error"]].values.tolist() == [["item 05", "InfeasibleError"]]
        assert run.plan["components"] == {"failed": 1, "optimal": 6}
        assert set(run.to_frame("simulation")["item"]) == set(stages["item"]) - {"item 05"}

    def test_what_breaks_a_shard_is_found_and_the_others_go_on(
        self, tables: Tables, tmp_path, monkeypatch: pytest.MonkeyPatch, undisturbed: ec.Run
    ):
        tried = []
        place = steps.place_safety_stock

        def break_down(network: ec.Network, **options: Any) -> ec.Plan:
            if "item 04" in set(network.stages["item"]):
                tried.append(network.n_components)
                raise RuntimeError("planted")
            return place(network, **options)

        monkeypatch.setattr(steps, "place_safety_stock", break_down)
        run = go(tables, tmp_path)
        number = whole(tables).component_of("item 04", "plant")
        assert run.failures[["component", "error", "message"]].values.tolist() == [
            [number, "RuntimeError", "planted"]
        ]
        assert run.failures["item"].tolist() == ["item 04"]
        assert tried.count(1) == 2  # alone, and once more
        assert (run.status, run.exit_code) == ("partial", 1)
        others = undisturbed.to_frame("simulation").query("item != 'item 04'")
        pd.testing.assert_frame_equal(
            sorted_rows(run.to_frame("simulation")), sorted_rows(others), check_exact=True
        )
        monkeypatch.undo()
        mended = go(tables, tmp_path)
        assert (mended.status, mended.digest) == ("complete", undisturbed.digest)

    def test_the_summary_says_it_for_a_scheduler(
        self, tables: Tables, tmp_path, monkeypatch: pytest.MonkeyPatch
    ):
        def break_down(network: ec.Network, **_: Any) -> ec.Plan:
            raise RuntimeError(f"planted in {network.n_components}")

        monkeypatch.setattr(steps, "place_safety_stock", break_down)
        run = go(tables, tmp_path, simulate=None)
        assert len(run.failures) == 7
        summary = json.loads((tmp_path / "summary.json").read_text())
        assert (summary["status"], summary["exit_code"]) == ("partial", 1)
        assert summary["counts"]["failed"] == 7
        assert "7 failures" in run.summary()
        errors = [
            line for line in (tmp_path / "run.log").read_text().splitlines() if "ERROR" in line
        ]
        assert all("event=shard_failed" in line for line in errors)
        assert errors


class TestFaults:
    @pytest.fixture
    def faulty(self, tables: Tables) -> Tables:
        tables["stages"].loc[1, "holding_cost"] = -1.0
        tables["demand"].loc[10, "std"] = None
        return tables

    def test_all_are_told_before_anything_is_solved(self, faulty: Tables, tmp_path):
        with pytest.raises(TableError) as caught:
            go(faulty, tmp_path)
        told = {(fault.table, fault.column, fault.row) for fault in caught.value.faults}
        assert told == {("stages", "holding_cost", 2), ("demand", "std", 11)}
        assert not (tmp_path / "plan").exists()
        written = pd.read_csv(tmp_path / "faults.csv")
        assert set(written["row"]) == {2, 11}
        summary = json.loads((tmp_path / "summary.json").read_text())
        assert (summary["status"], summary["exit_code"], summary["faults"]) == ("faults", 2, 2)

    def test_they_may_be_set_aside(self, faulty: Tables, tmp_path, undisturbed: ec.Run):
        run = go(faulty, tmp_path, faults="set_aside", simulate=None)
        assert sorted(run.failures["item"]) == ["item 00", "item 05"]
        numbers = {whole(made()).component_of(item, "plant") for item in run.failures["item"]}
        assert set(run.failures["component"]) == numbers
        assert (run.status, run.exit_code) == ("partial", 1)
        others = undisturbed.to_frame("plan").query("item not in ['item 00', 'item 05']")
        pd.testing.assert_frame_equal(
            sorted_rows(run.to_frame("plan")), sorted_rows(others), check_exact=True
        )


class TestFolder:
    def test_two_runs_do_not_write_at_once(self, tables: Tables, tmp_path):
        told = []

        def second(_done: int, _total: int, _label: str) -> None:
            with pytest.raises(FolderError, match="another run is writing"):
                go(tables, tmp_path)
            told.append(True)

        go(tables, tmp_path, simulate=None, progress=second)
        assert told

    def test_a_folder_of_something_else_is_refused(self, tables: Tables, tmp_path):
        folder = whole(tables).write(tmp_path / "tables")
        with pytest.raises(FolderError, match="holds a Network"):
            go(tables, folder)

    def test_it_is_read_back(self, undisturbed: ec.Run):
        again = ec.read_run(undisturbed.folder)
        assert repr(again) == repr(undisturbed)
        assert again._repr_html_().startswith("<pre>Run")

    def test_each_line_of_the_log_is_an_event(self, undisturbed: ec.Run):
        lines = (undisturbed.folder / "run.log").read_text().splitlines()
        events = [line.split(" ", 3)[2] for line in lines]
        assert events[0] == "event=started"
        assert events[-1] == "event=ended"
        assert events.count("event=shard_done") == undisturbed.counts["shards"]
