"""The page of the output tables is what results have."""

from __future__ import annotations

from pathlib import Path

import echelon as ec
from echelon.io.describe import FITTED, TABLES, markdown
from echelon.results import FAILURE_COLUMNS
from echelon.simulation.columns import FRAMES, with_errors
from echelon.simulation.compare import compare_runs


def test_the_page_is_current(project_root: Path):
    page = (project_root / "docs/reference/results.md").read_text(encoding="utf-8")
    assert page == markdown(), "write it anew, as CONTRIBUTING says"


def test_each_column_of_each_result_is_described():
    network = ec.read_example("bulldozer")
    plan = ec.optimize(network)
    run = ec.simulate(network, plan, periods=5, replications=2, trace=True)
    frames = {**plan.frames(), "failures": plan.failures, "simulation": run.stages}
    frames |= {name: getattr(run, name) for name in FRAMES if name != "stages"}
    frames["comparison"] = compare_runs(run, run).total
    assert set(frames) == set(TABLES)
    alone = {"service", "trace", "paths", "warmups", "comparison", "failures", *plan.frames()}
    for name, frame in frames.items():
        wanted = TABLES[name].names if name in alone else with_errors(TABLES[name])
        off = {column.name for column in TABLES[name].columns if column.feature}
        assert tuple(frame.columns) == tuple(each for each in wanted if each not in off), name
    assert TABLES["failures"].names == FAILURE_COLUMNS


def test_each_column_says_what_it_is():
    for table in [table for group in (TABLES, *FITTED.values()) for table in group.values()]:
        assert table.text.endswith(".")
        for column in table.columns:
            assert column.text
            assert not column.text.endswith(".")
