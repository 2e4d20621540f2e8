"""`import echelon` is cheap, and what is heavy waits for the first call that needs it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("scipy.stats", "numba", "pyomo", "highspy", "matplotlib")
BUDGET_SECONDS = 0.3

MEASURE = """
import json, sys, time
start = time.process_time()
{statement}
spent = time.process_time() - start
print(json.dumps([spent, sorted(sys.modules)]))
"""


def run_apart(statement: str) -> tuple[float, set[str]]:
    """CPU seconds of a statement in a fresh interpreter, and the modules it has loaded."""
    finished = subprocess.run(
        [sys.executable, "-c", MEASURE.format(statement=statement)],
        capture_output=True,
        text=True,
        check=True,
    )
    spent, modules = json.loads(finished.stdout)
    return spent, set(modules)


def test_import_spends_less_than_its_budget():
    least = min(run_apart("import echelon")[0] for _ in range(5))
    assert least < BUDGET_SECONDS


@pytest.mark.parametrize("heavy", HEAVY)
def test_import_does_not_load(heavy: str):
    _, modules = run_apart("import echelon")
    assert heavy not in modules
    assert "echelon" in modules


def test_import_loads_nothing_but_echelon_itself_and_the_standard_library():
    """The budget holds because there is nothing to pay for: not even numpy or pandas."""
    _, bare = run_apart("pass")  # an editable install may load something for every interpreter
    _, loaded = run_apart("import echelon")
    rooms = {name.partition(".")[0] for name in loaded - bare}
    assert rooms - sys.stdlib_module_names == {"echelon"}


@pytest.mark.parametrize("heavy", HEAVY)
def test_a_network_is_read_without(heavy: str):
    _, modules = run_apart("import echelon; echelon.read_example('bulldozer').summary()")
    assert heavy not in modules


@pytest.mark.parametrize("heavy", ["scipy.stats", "scipy.signal", "pyomo.environ", "matplotlib"])
def test_a_worker_of_a_run_loads_no(heavy: str):
    """Each worker pays for what it loads, so a second of loading is a second a worker."""
    _, modules = run_apart("import echelon.jobs.run, echelon.jobs.steps")
    assert heavy not in modules


def test_help_loads_no_frames():
    """`echelon --help` answers at once."""
    _, modules = run_apart("import echelon.cli; echelon.cli.build_parser().format_help()")
    assert not modules & {"pandas", "numpy", *HEAVY}
