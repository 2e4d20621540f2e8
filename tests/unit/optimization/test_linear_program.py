"""HiGHS as the library runs it: what it can be told while it runs."""

import _thread
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import highspy
import numpy as np
import pytest

import echelon as ec
from echelon.optimization.linear_program import LinearProgram, load, new_highs, run
from echelon.optimization.target_inventory.live_lot_sizing import lot_sizing_by_model


def _market_split(n_rows: int = 5) -> LinearProgram:
    """Split markets in exactly equal parts: nobody proves it before long (Cornuejols, 1998)."""
    n = 10 * (n_rows - 1)
    demand = np.random.default_rng(3).integers(0, 100, (n_rows, n)).astype(float)
    half = np.floor(demand.sum(axis=1) / 2.0)
    rows = np.hstack([demand, np.eye(n_rows), -np.eye(n_rows)])
    n_columns = rows.shape[1]
    return LinearProgram(
        cost=np.r_[np.zeros(n), np.ones(2 * n_rows)],
        offset=0.0,
        start=np.arange(0, n_columns * n_rows + 1, n_rows, dtype=np.int32),
        index=np.tile(np.arange(n_rows, dtype=np.int32), n_columns),
        value=rows.T.ravel().copy(),
        row_lower=half,
        row_upper=half,
        column_lower=np.zeros(n_columns),
        column_upper=np.r_[np.ones(n), np.full(2 * n_rows, np.inf)],
        integer=np.r_[np.ones(n, dtype=bool), np.zeros(2 * n_rows, dtype=bool)],
    )


def test_an_interrupt_ends_a_solver_in_the_middle_of_its_search():
    # a job in the background of a shell inherits SIGINT as ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        highs = new_highs(gap=0.0, time_limit=60.0)
        unit, _ = load(highs, _market_split())
        timer = threading.Timer(0.5, _thread.interrupt_main)
        timer.start()
        began = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            run(highs, unit, is_integer=True)
        assert time.perf_counter() - began < 30.0
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_was_interrupted_can_be_run_again():
    highs = new_highs(gap=0.0, time_limit=0.5)
    unit, _ = load(highs, _market_split())
    first = run(highs, unit, is_integer=True)
    again = run(highs, unit, is_integer=True)
    assert first.termination == again.termination == "time_limit_reached"
    assert again.status in {"feasible", "none"}


@pytest.fixture
def two_workers():
    """Leave behind in this thread what HiGHS keeps after a run with two workers."""
    highspy.Highs.resetGlobalScheduler(True)
    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 2)
    other.addVariable(lb=0.0, ub=1.0, obj=-1.0)
    assert other.run() == highspy.HighsStatus.kOk
    alone = new_highs()
    alone.addVariable(lb=0.0, ub=1.0, obj=-1.0)
    assert alone.run() == highspy.HighsStatus.kError  # which is what must not be met


@pytest.mark.usefixtures("two_workers")
@pytest.mark.parametrize("integer", [False, True])
def test_a_program_is_solved_after_somebody_elses_run(integer):
    program = replace(_market_split(2), integer=np.full(14, integer))
    highs = new_highs()
    unit, _ = load(highs, program)
    assert run(highs, unit, is_integer=integer).status == "optimal"


@pytest.mark.usefixtures("two_workers")
@pytest.mark.parametrize(
    "asked",
    [
        {"method": "milp"},
        {"side_constraints": ec.storage_limit({"main": 40.0})},
        {"model": "target_inventory", "horizon": 6, "opening": "empty"},
    ],
    ids=["templates", "prices on rows", "targets"],
)
def test_plans_are_made_after_somebody_elses_run(asked):
    lead_time = [0, 0] if "model" in asked else [2, 1]
    network = ec.serial(
        ["a", "b"], lead_time=lead_time, holding_cost=[1.0, 2.0], demand_mean=10.0, demand_std=3.0,
        service_level=0.95,
    )  # fmt: skip
    assert ec.optimize(network, **asked).status == "optimal"


@pytest.mark.usefixtures("two_workers")
def test_lots_are_sized_after_somebody_elses_run():
    rng = np.random.default_rng(1)
    found = lot_sizing_by_model(
        demand=rng.gamma(1.0, 50.0, (3, 6)), fixed_cost=100.0, holding_cost=1.0
    )
    assert np.isfinite(found.cost).all()


def test_the_first_of_a_process_says_nothing():
    code = (
        "from echelon.optimization.linear_program import new_highs; print('before', flush=True); "
        "new_highs(); print('between', flush=True); new_highs(); print('after')"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert told.split() == ["before", "between", "after"]
