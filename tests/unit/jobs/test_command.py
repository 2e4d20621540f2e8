"""`echelon run`: what it prints, what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from echelon import cli
from echelon.jobs.job import read_job
from echelon.jobs.settings import markdown
from tests.unit.jobs.conftest import made, whole

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    whole(made(4)).write(tmp_path / "tables")
    path = tmp_path / "nightly.toml"
    path.write_text(
        '[run]\ntables = "tables"\nout = "tonight"\nn_jobs = 1\n'
        "[simulate]\nperiods = 20\nwarmup = 5\nreplications = 4\n"
    )
    return path


def edit(settings: Path, table: str, column: str, row: int, value: object) -> None:
    path = settings.parent / "tables" / f"{table}.csv"
    frame = pd.read_csv(path, dtype=object, keep_default_na=False)
    frame.loc[row, column] = value
    frame.to_csv(path, index=False)


def status(settings: Path) -> tuple[str, int]:
    summary = json.loads((settings.parent / "tonight" / "summary.json").read_text())
    return summary["status"], summary["exit_code"]


def test_all_went_well(settings: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["run", str(settings)]) == cli.FINE
    told = capsys.readouterr().out
    assert told.startswith("Run: complete\n  12 stages in 4 components, ")
    assert told.endswith(f"Written to {settings.parent / 'tonight'}\n")
    assert status(settings) == ("complete", 0)
    assert cli.main(["run", str(settings), "--resume"]) == cli.FINE
    assert "of them finished before" in capsys.readouterr().out
    assert cli.main(["publish", str(settings.parent / "tonight")]) == cli.FINE
    assert capsys.readouterr().out.startswith("Publication 1: 12 targets")
    other = settings.parent / "other"
    assert cli.main(["run", str(settings), "--fresh", "--out", str(other)]) == cli.FINE
    assert (other / "summary.json").exists()


def test_faults_in_the_tables(settings: Path, capsys: pytest.CaptureFixture[str]):
    edit(settings, "stages", "holding_cost", 4, -2)
    assert cli.main(["run", str(settings)]) == cli.BAD_INPUT
    told = capsys.readouterr()
    assert told.out == ""
    assert "line 6 of stages.csv" in told.err
    assert status(settings) == ("faults", 2)
    faults = pd.read_csv(settings.parent / "tonight" / "faults.csv")
    assert faults[["table", "column", "row"]].values.tolist() == [["stages", "holding_cost", 5]]


def test_some_components_failed(settings: Path, capsys: pytest.CaptureFixture[str]):
    edit(settings, "stages", "holding_cost", 4, -2)
    text = settings.read_text().replace("n_jobs = 1", 'n_jobs = 1\nfaults = "set_aside"')
    settings.write_text(text)
    assert cli.main(["run", str(settings)]) == cli.SOME_FAILED
    told = capsys.readouterr()
    assert "Run: partial" in told.out
    assert told.err.startswith("failed: component 1 (item 01 @ plant): ")
    assert status(settings) == ("partial", 1)
    assert cli.main(["run", str(settings), "--fresh"]) == cli.SOME_FAILED


def test_what_is_not_a_file_of_settings(settings: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["run", str(settings.parent / "tables")]) == cli.BAD_INPUT
    assert "Fix: echelon run CONFIG.toml" in capsys.readouterr().err
    settings.write_text("[runs]\n")
    assert cli.main(["run", str(settings)]) == cli.BAD_INPUT
    assert "section 'runs' is not known" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["run", str(settings), "--resume", "--fresh"])


def test_the_example_and_the_guide_say_what_is_so():
    example = ROOT / "examples" / "nightly.toml"
    job = read_job(example, {})
    assert (job.faults, job.out) == ("set_aside", ROOT / "examples" / "tonight")
    guide = (ROOT / "docs" / "guides" / "nightly_run.md").read_text(encoding="utf-8")
    assert markdown() in guide
    block = guide.split("```toml\n")[1].split("```")[0]
    assert _without_comments(block) == _without_comments(example.read_text(encoding="utf-8"))


def _without_comments(text: str) -> list[str]:
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]
