"""What a run is told: every fault at once, in a file or in arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

import echelon as ec
from echelon.errors import DomainError, FolderError
from echelon.jobs.job import make_job, read_job
from echelon.jobs.settings import RUN, options_of


def write(folder: Path, text: str) -> Path:
    path = folder / "nightly.toml"
    path.write_text(text)
    return path


def test_every_fault_of_a_file_is_told_at_once(tmp_path):
    path = write(
        tmp_path,
        """
        [run]
        table = "tables"
        n_jobs = 0
        backend = "dusk"
        stages_per_shard = 0.5
        [optimise]
        gap = 2
        [optimize]
        gaps = 1
        n_jobs = 3
        side_constraints = "budget"
        [simulate]
        demand = 3
        [fit]
        demands = 1
        [fit.demand]
        horizon = 8
        """,
    )
    with pytest.raises(DomainError) as caught:
        read_job(path, {})
    text = str(caught.value)
    assert text.startswith(f"13 faults in {path}:")
    for told in (
        "section 'optimise' is not known",
        "Fix: write 'optimize'.",
        "setting of [run] 'table' is not known",
        "run.tables is missing",
        "run.out is missing",
        "run.n_jobs is 0",
        "run.backend: must be one of 'processes', 'dask'; found 'dusk'",
        "run.stages_per_shard: must be a whole number >= 1; found 0.5",
        "setting of [optimize] 'gaps' is not known",
        "optimize.n_jobs: it belongs under [run]",
        "optimize.side_constraints: a run works on parts of the network",
        "simulate.demand: a run works on parts of the network",
        "section of [fit] 'demands' is not known",
        "setting of [fit.demand] 'horizon' is not known",
    ):
        assert told in text


def test_settings_outside_of_all_sections_are_told_where_they_belong(tmp_path):
    path = write(tmp_path, 'out = "out"\n[run]\ntables = "in"\n')
    with pytest.raises(DomainError, match=r"out stands outside .* write it below \[run\]"):
        read_job(path, {})


def test_values_are_judged_by_those_who_take_them(tmp_path):
    settings = {"tables": "tables", "out": tmp_path}
    with pytest.raises(DomainError) as caught:
        make_job(settings, {"service_level": 97.5}, {"periods": 0}, None, where="arguments")
    text = str(caught.value)
    assert (
        "optimize: service_level is 97.5, must be a fraction in [0.5, 1). Fix: use 0.975." in text
    )
    assert "simulate: periods is 0. Fix: give a whole number >= 1." in text


def test_folders_are_taken_from_that_of_the_file(tmp_path):
    path = write(tmp_path, '[run]\ntables = "in"\nout = "out"\nmemory_limit = 0.5\n')
    job = read_job(path, {"n_jobs": 3})
    assert (job.tables, job.out) == (str(tmp_path / "in"), tmp_path / "out")
    assert (job.n_jobs, job.memory_limit) == (3, 2**29)
    assert job.simulate is None
    assert job.optimize["service_times"] == "whole"
    assert read_job(path, {"out": "here"}).out == Path("here")


def test_what_is_no_file_of_settings_is_refused(tmp_path):
    with pytest.raises(FolderError, match="cannot read"):
        ec.run(tmp_path / "absent.toml")
    with pytest.raises(DomainError, match="is not TOML"):
        ec.run(write(tmp_path, "[run\n"))
    with pytest.raises(DomainError, match="Fix: write \\[run\\] and lines below"):
        ec.run(write(tmp_path, "run = 3\n"))
    with pytest.raises(DomainError, match="are sections of"):
        ec.run(write(tmp_path, "[run]\n"), optimize={})


def test_each_setting_of_the_functions_is_taken_or_refused():
    assert {"service_level", "gap", "time_limit", "service_times"} <= set(options_of("optimize"))
    assert {"periods", "replications", "seed", "precision"} <= set(options_of("simulate"))
    assert {column.name for column in RUN.columns if column.required} == {"tables", "out"}
