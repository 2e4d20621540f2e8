"""The command line: what it prints, what it writes, how it ends."""

from __future__ import annotations

import inspect
import os
import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest

import echelon as ec
from echelon import cli
from echelon.cli.outcome import given
from echelon.simulation.arguments import DEFAULT_PERIODS, DEFAULT_REPLICATIONS
from echelon.tables.catalog import CATALOG


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tables of two stages in a row."""
    network = ec.serial(
        ["plant", "shop"],
        lead_time=[3, 2],
        holding_cost=[1.0, 2.0],
        demand_mean=20.0,
        demand_std=4.0,
        service_level=0.95,
    )
    return network.write(tmp_path / "tables")


def edit(folder: Path, table: str, column: str, row: int, value: object) -> None:
    """Write another value into one cell of a table."""
    path = folder / f"{table}.csv"
    frame = pd.read_csv(path, dtype=object, keep_default_na=False)
    frame.loc[row, column] = value
    frame.to_csv(path, index=False)


def run_apart(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "echelon.cli", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


class TestPublish:
    def test_small_moves_are_accepted_and_large_ones_listed(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        assert cli.main(["optimize", str(folder), "--out", str(tmp_path / "may")]) == cli.FINE
        edit(folder, "stages", "lead_time", 0, 6.0)
        assert cli.main(["optimize", str(folder), "--out", str(tmp_path / "june")]) == cli.FINE
        assert cli.main(["publish", str(tmp_path / "may")]) == cli.FINE
        before = tmp_path / "may" / "publication"
        capsys.readouterr()
        asked = ["publish", str(tmp_path / "june"), "--since", str(before), "--max-change", "0.2"]
        assert cli.main(asked) == cli.FINE
        told = capsys.readouterr().out
        assert told.startswith("Publication 2: 2 targets")
        assert "2 waiting for a decision" in told
        assert "lead time (with review and release) 3 to 6" in told
        assert "stock placed elsewhere, supplies promised 3 to 0" in told
        made = ec.read_publication(tmp_path / "june")
        assert made.number == 2
        assert set(made.review["item"]) == {"plant", "shop"}

    def test_a_band_in_per_cent_is_refused(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        cli.main(["optimize", str(folder), "--out", str(tmp_path / "run")])
        assert cli.main(["publish", str(tmp_path / "run"), "--max-change", "20"]) == cli.BAD_INPUT
        assert "Fix: give 0.2 for 20 per cent" in capsys.readouterr().err


class TestCheck:
    def test_good_tables_are_described(self, folder: Path, capsys: pytest.CaptureFixture[str]):
        assert cli.main(["check", str(folder)]) == cli.FINE
        told = capsys.readouterr()
        assert told.out.startswith(f"{ec.read_network(folder).summary()}\n")
        assert told.out.endswith(f"\nNo faults. Next: echelon optimize {folder} --out RUN\n")
        assert told.err == ""

    def test_every_fault_is_told_on_stderr(self, folder: Path, capsys: pytest.CaptureFixture[str]):
        edit(folder, "stages", "lead_time", 0, -3)
        edit(folder, "demand", "std", 0, "four")
        assert cli.main(["check", str(folder)]) == cli.BAD_INPUT
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("echelon: 2 faults in the tables:\n")
        assert "stages.lead_time" in told.err
        assert "demand.std" in told.err
        assert "Traceback" not in told.err

    def test_absent_folder(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        assert cli.main(["check", str(tmp_path / "nowhere")]) == cli.BAD_INPUT
        assert "nowhere" in capsys.readouterr().err

    def test_odd_data_is_a_line_not_a_python_warning(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        network = ec.read_example()

        def read(_folder: str) -> ec.Network:
            warnings.warn("chain 8: odd", ec.DataWarning, stacklevel=1)
            return network

        monkeypatch.setattr("echelon.io.folder.read_network", read)
        assert cli.main(["check", "anywhere"]) == cli.FINE
        assert capsys.readouterr().err == "warning: chain 8: odd\n"


class TestOptimizeAndSimulate:
    def test_plan_and_simulation_are_written_and_read(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        out = tmp_path / "run"
        assert cli.main(["optimize", str(folder), "--out", str(out)]) == cli.FINE
        plan = ec.optimize(ec.read_network(folder))
        written = ec.read_plan(out / "plan")
        pd.testing.assert_frame_equal(written.stages, plan.stages)
        assert written.objective == plan.objective
        told = capsys.readouterr().out
        assert told.startswith(f"{plan!r}\n")  # with the ten costliest stages
        assert f"Written to {out / 'plan'}. Next: echelon simulate {folder} {out}" in told

        simulated = ["--periods", "60", "--replications", "30", "--seed", "5"]
        assert cli.main(["simulate", str(folder), str(out), *simulated]) == cli.FINE
        run = ec.simulate(ec.read_network(folder), plan, periods=60, replications=30, seed=5)
        told = capsys.readouterr().out
        assert told.startswith(str(run.summary()).splitlines()[0])
        again = ec.read_simulation(out)
        pd.testing.assert_frame_equal(again.stages, run.stages)
        assert again.warmup == run.warmup

        assert (
            cli.main(["simulate", str(folder), str(out), *simulated, "--warmup", "3"]) == cli.FINE
        )
        assert ec.read_simulation(out).warmup == 3

    def test_swapped_folders_are_told_apart(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        out = tmp_path / "run"
        cli.main(["optimize", str(folder), "--out", str(out)])
        capsys.readouterr()
        assert cli.main(["simulate", str(out), str(folder)]) == cli.BAD_INPUT
        told = capsys.readouterr().err
        assert told.endswith(f"they are swapped. Fix: echelon simulate {folder} {out}.\n")

    def test_many_failures_are_counted_and_a_file_has_them(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        stages = pd.DataFrame({"item": [f"i{n}" for n in range(6)], "location": "x"}).assign(
            lead_time=2, holding_cost=1.0, can_stock=False, service_level=0.9
        )
        demand = stages[["item", "location"]].assign(mean=5.0, std=1.0)
        ec.Network.from_tables(stages, None, demand).write(tmp_path / "tables")
        monkeypatch.setattr("echelon.cli.outcome.MOST_FAILURES", 4)
        arguments = ["optimize", str(tmp_path / "tables"), "--out", str(tmp_path / "run")]
        assert cli.main(arguments) == cli.SOME_FAILED
        told = capsys.readouterr()
        assert told.out.startswith("Plan: failed, no plan for any of 6 components\n\nWritten to")
        assert len(told.err.splitlines()) == 5
        failures = tmp_path / "run" / "plan" / "failures.csv"
        assert told.err.endswith(f"failed: 2 more, all in {failures}\n")
        assert len(pd.read_csv(failures)) == 6

    def test_a_page_is_written_where_asked(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        pytest.importorskip("matplotlib", reason="the extra `report` is not installed")
        pytest.importorskip("jinja2", reason="the extra `report` is not installed")
        page = tmp_path / "plan.html"
        out = ["--out", str(tmp_path / "run"), "--page", str(page)]
        assert cli.main(["optimize", str(folder), *out]) == cli.FINE
        assert f"Page: {page}" in capsys.readouterr().out
        plan = ec.read_plan(tmp_path / "run" / "plan")
        assert f"{plan.annual_cost:,.0f}" in page.read_text(encoding="utf-8")

    def test_options_reach_the_optimizer(self, folder: Path, tmp_path: Path):
        stages = pd.read_csv(folder / "stages.csv").drop(columns="service_level")
        stages.to_csv(folder / "stages.csv", index=False)
        options = ["--service-level", "0.9", "--method", "milp", "--gap", "1e-4", "--jobs", "1"]
        out = ["--out", str(tmp_path / "run")]
        assert cli.main(["optimize", str(folder), *options, *out]) == cli.FINE
        plan = ec.read_plan(tmp_path / "run" / "plan")
        expected = ec.optimize(ec.read_network(folder), service_level=0.9, method="exact")
        assert plan.objective == pytest.approx(expected.objective, rel=1e-6)
        assert plan.provenance.arguments["method"] == "milp"
        assert plan.provenance.arguments["gap"] == 1e-4

    def test_per_cent_for_a_fraction_is_bad_input(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        arguments = ["optimize", str(folder), "--out", str(tmp_path), "--service-level", "97.5"]
        assert cli.main(arguments) == cli.BAD_INPUT
        assert "0.975" in capsys.readouterr().err

    def test_unknown_method_names_the_known_ones(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        arguments = ["optimize", str(folder), "--out", str(tmp_path), "--method", "exakt"]
        assert cli.main(arguments) == cli.BAD_INPUT
        assert "Did you mean 'exact'?" in capsys.readouterr().err

    def test_simulate_without_a_plan_says_how_to_make_one(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        assert cli.main(["simulate", str(folder), str(tmp_path / "run")]) == cli.BAD_INPUT
        assert "echelon optimize" in capsys.readouterr().err

    def test_a_component_that_fails_gives_exit_code_1(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        """Two chains; one may hold no stock at all and yet must serve at once."""
        keys = {"item": ["A", "B", "C", "D"], "location": ["site"] * 4}
        stages = pd.DataFrame(keys).assign(
            lead_time=[2, 1, 2, 1],
            holding_cost=1.0,
            can_stock=[True, True, False, False],
            service_level=[None, 0.95, None, 0.95],
        )
        lanes = pd.DataFrame(
            {
                "from_item": ["A", "C"],
                "from_location": "site",
                "to_item": ["B", "D"],
                "to_location": "site",
            }
        )
        demand = pd.DataFrame({"item": ["B", "D"], "location": "site", "mean": 10.0, "std": 2.0})
        ec.Network.from_tables(stages, lanes, demand).write(tmp_path / "tables")
        arguments = ["optimize", str(tmp_path / "tables"), "--out", str(tmp_path / "run")]
        assert cli.main(arguments) == cli.SOME_FAILED
        told = capsys.readouterr()
        assert told.err.startswith("failed: component 1 (")
        assert "InfeasibleError" in told.err
        assert "Traceback" not in told.err
        plan = ec.read_plan(tmp_path / "run" / "plan")
        assert plan.status == "partial"
        assert list(plan.stages["item"]) == ["A", "B"]
        assert list(plan.failures["component"]) == [1]


class TestDemo:
    def test_the_screen_and_the_folders(self, tmp_path: Path):
        finished = run_apart("demo", cwd=tmp_path)
        assert finished.returncode == cli.FINE, finished.stderr
        screen = finished.stdout
        assert max(map(len, screen.splitlines())) <= 100
        assert len(screen.splitlines()) <= 35  # ten seconds of reading
        for text in ("Final Assembly", "632,775", "633,000", "proven lower bound", "95.00%"):
            assert text in screen
        assert "Written to runs/demo: tables, plan, simulation" in screen

        network = ec.read_network(tmp_path / "runs/demo/tables")
        assert network.equals(ec.read_example("bulldozer"))
        plan = ec.read_plan(tmp_path / "runs/demo/plan")
        assert plan.annual_cost == pytest.approx(632_775.03, rel=1e-6)
        assert plan.gap <= 1e-6
        assert (tmp_path / "runs/demo/simulation/manifest.json").exists()


class TestTemplate:
    def test_empty_tables_with_every_column_that_text_can_hold(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        monkeypatch.chdir(tmp_path)
        assert cli.main(["template", "new"]) == cli.FINE
        printed = capsys.readouterr().out
        told = (tmp_path / "new" / "columns.txt").read_text()
        for text in (printed, told):
            assert max(map(len, text.splitlines())) <= 100
        assert len(printed.splitlines()) <= 40  # a screen
        assert "from_item, from_location, to_item, to_location" in printed
        for name, table in CATALOG.items():
            assert f"  {name}.csv " in printed
            header = (tmp_path / "new" / f"{name}.csv").read_text().strip().split(",")
            assert header == [c.name for c in table.columns if c.dtype != "object"]
            for column in header:
                assert f"  {column} " in told

    def test_filled_in_it_is_a_network(self, tmp_path: Path):
        cli.main(["template", str(tmp_path)])
        rows = {
            "stages": {"item": "007", "location": "shop", "lead_time": 2, "holding_cost": 1},
            "demand": {"item": "007", "location": "shop", "mean": 10, "std": 3},
        }
        for name, row in rows.items():
            pd.DataFrame([row]).to_csv(tmp_path / f"{name}.csv", index=False)
        network = ec.read_network(tmp_path)
        assert network.stages["item"].tolist() == ["007"]
        assert (network.period, network.holding_rate, network.n_lanes) == ("week", None, 0)

    def test_what_is_there_is_not_overwritten(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ):
        before = (folder / "stages.csv").read_bytes()
        assert cli.main(["template", str(folder)]) == cli.BAD_INPUT
        assert (
            "already holds stages.csv, lanes.csv, demand.csv, manifest.json"
            in capsys.readouterr().err
        )
        assert (folder / "stages.csv").read_bytes() == before

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        (tmp_path / "file").write_text("")
        assert cli.main(["template", str(tmp_path / "file" / "new")]) == cli.BAD_INPUT
        assert "Fix: choose another folder" in capsys.readouterr().err


class TestEnding:
    def test_wrong_usage_is_2_and_version_is_0(self, capsys: pytest.CaptureFixture[str]):
        with pytest.raises(SystemExit) as wrong:
            cli.main(["optimise"])
        assert wrong.value.code == cli.BAD_INPUT
        assert capsys.readouterr().err.endswith("Did you mean 'optimize'?\n")
        with pytest.raises(SystemExit) as fine:
            cli.main(["--version"])
        assert fine.value.code == cli.FINE
        assert capsys.readouterr().out == f"echelon {ec.__version__}\n"

    def test_no_command_is_wrong_usage(self, capsys: pytest.CaptureFixture[str]):
        with pytest.raises(SystemExit) as wrong:
            cli.main([])
        assert wrong.value.code == cli.BAD_INPUT
        assert "COMMAND" in capsys.readouterr().err

    def test_interrupt_is_one_line(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        def interrupt(_folder: str) -> ec.Network:
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("the signal is delivered at once")

        monkeypatch.setattr("echelon.io.folder.read_network", interrupt)
        # A job in the background is started with the signal ignored, and Python leaves it so, as
        # the command line should: who starts it so does not want Ctrl-C to end it.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            assert cli.main(["check", "anywhere"]) == cli.INTERRUPTED
        finally:
            signal.signal(signal.SIGINT, before)
        assert capsys.readouterr().err == "echelon: interrupted\n"

    def test_solver_that_gives_nothing_is_1(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        def fail(_folder: str) -> ec.Network:
            raise ec.errors.SolverError("no solver. Fix: install one.")

        monkeypatch.setattr("echelon.io.folder.read_network", fail)
        assert cli.main(["check", "anywhere"]) == cli.SOME_FAILED
        assert capsys.readouterr().err == "echelon: no solver. Fix: install one.\n"

    def test_our_own_mistakes_keep_their_traceback(self, monkeypatch: pytest.MonkeyPatch):
        def fail(_folder: str) -> ec.Network:
            raise ZeroDivisionError

        monkeypatch.setattr("echelon.io.folder.read_network", fail)
        with pytest.raises(ZeroDivisionError):
            cli.main(["check", "anywhere"])

    def test_closed_pipe_is_quiet(self, tmp_path: Path):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            finished = subprocess.run(
                [sys.executable, "-m", "echelon.cli", "template", "new"],
                cwd=tmp_path,
                stdout=writer,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        finally:
            os.close(writer)
        assert finished.returncode == cli.PIPE_CLOSED
        assert finished.stderr == ""

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
    @pytest.mark.parametrize(
        ("onto", "told"), [("> /dev/full", "No space left on device"), (">&-", "nowhere to print")]
    )
    def test_output_that_cannot_be_written_is_told_in_one_line(
        self, folder: Path, onto: str, told: str
    ):
        finished = subprocess.run(
            ["sh", "-c", f'"$0" -m echelon.cli check "$1" {onto}', sys.executable, str(folder)],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert finished.returncode == cli.BAD_INPUT
        (line,) = finished.stderr.splitlines()
        assert line.startswith("echelon: ")
        assert told in line


@pytest.mark.parametrize("command", ["check", "optimize", "simulate", "demo", "template"])
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as fine:
        cli.main([command, "--help"])
    assert fine.value.code == cli.FINE
    assert f"usage: echelon {command}" in capsys.readouterr().out


def test_help_tells_the_defaults_that_the_library_has(capsys: pytest.CaptureFixture[str]):
    """Written out, as help is to answer without loading what they are written in."""
    for command, verb, options in (
        ("simulate", ec.simulate, {"seed": "seed", "jobs": "n_jobs"}),
        ("optimize", ec.optimize, {"method": "method", "gap": "gap", "jobs": "n_jobs"}),
    ):
        with pytest.raises(SystemExit):
            cli.main([command, "--help"])
        told = " ".join(capsys.readouterr().out.split())
        defaults = {
            option: inspect.signature(verb).parameters[name].default
            for option, name in options.items()
        }
        if command == "simulate":
            defaults |= {"periods": DEFAULT_PERIODS, "replications": DEFAULT_REPLICATIONS}
            assert "--warmup" in told
        for option, default in defaults.items():
            assert re.search(rf"--{option} [A-Z]+ [^()]*\(default: {default}\)", told), option


def test_what_the_user_leaves_out_is_not_passed_on():
    """The library's own defaults hold, so they are written once."""
    assert given(periods=None, seed=0) == {"seed": 0}


def test_the_package_runs_as_a_module(tmp_path: Path):
    """Where the command is not on the path of a scheduler: python -m echelon."""
    told = subprocess.run(
        [sys.executable, "-m", "echelon", "check", "nothing-here"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == cli.BAD_INPUT
    assert "nothing-here" in told.stderr
