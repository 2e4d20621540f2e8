"""Running pieces of work: order, failures as rows, progress, and what is refused."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest

from echelon.errors import DomainError
from echelon.execution import attempt, check_n_jobs, run_shards

WAYS = [(1, "processes"), (2, "processes"), (2, "threads")]


def reciprocal(number):
    time.sleep(0.002 * (number % 3))  # so that they end in another order than they began
    return 1.0 / number


@pytest.mark.parametrize(("n_jobs", "backend"), WAYS)
def test_outcomes_come_in_the_order_of_the_shards_and_a_failure_is_one_of_them(n_jobs, backend):
    outcomes = list(run_shards(reciprocal, [4, 2, 0, 1], n_jobs=n_jobs, backend=backend))
    assert [outcome.value for outcome in outcomes] == [0.25, 0.5, None, 1.0]
    assert [outcome.error for outcome in outcomes] == ["", "", "ZeroDivisionError", ""]
    assert outcomes[2].message == "float division by zero"
    with pytest.raises(DomainError, match="ZeroDivisionError"):
        outcomes[2].unwrap()


def process_number(_shard):
    return os.getpid()


def test_processes_are_others_and_threads_are_not():
    processes = {o.value for o in run_shards(process_number, [1, 2], n_jobs=2)}
    threads = {o.value for o in run_shards(process_number, [1, 2], n_jobs=2, backend="threads")}
    assert os.getpid() not in processes
    assert threads == {os.getpid()}


@pytest.mark.parametrize(("n_jobs", "backend"), WAYS)
def test_progress_counts_the_weight_of_finished_shards(n_jobs, backend):
    seen = []
    outcomes = run_shards(
        reciprocal,
        [5, 1, 2],
        n_jobs=n_jobs,
        backend=backend,
        progress=lambda done, total, label: seen.append((done, total, label)),
        label="halves",
        weigh=lambda number: 10 * number,
    )
    assert len(list(outcomes)) == 3
    assert seen == [(50, 80, "halves"), (60, 80, "halves"), (80, 80, "halves")]


def test_an_interrupt_ends_the_run():
    def stop(_shard):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(stop, 1)


def end_worker(shard):
    if shard == "lost":
        time.sleep(0.5)  # so that the one before it is delivered
        os.kill(os.getpid(), signal.SIGKILL)
    return shard


def test_a_worker_that_is_killed_loses_its_work_and_not_the_run():
    """As the system does when memory runs out."""
    outcomes = list(run_shards(end_worker, ["done", "lost", "lost"], n_jobs=2))
    assert len(outcomes) == 3
    assert outcomes[0].value == "done"
    for outcome in outcomes[1:]:
        assert outcome.error == "TerminatedWorkerError"
        assert "probably because memory ran out" in outcome.message
        assert "Fix: use fewer n_jobs" in outcome.message
    again = run_shards(end_worker, ["one", "two"], n_jobs=2)
    assert [outcome.value for outcome in again] == ["one", "two"]


def interrupt(_shard):
    raise KeyboardInterrupt


@pytest.mark.parametrize(("n_jobs", "backend"), WAYS)
def test_an_interrupt_passes_through_workers(n_jobs, backend):
    with pytest.raises(KeyboardInterrupt):
        list(run_shards(interrupt, [1, 2], n_jobs=n_jobs, backend=backend))


def test_nothing_to_do_gives_nothing():
    assert list(run_shards(reciprocal, [], n_jobs=4)) == []


@pytest.mark.parametrize("n_jobs", [0, True, 1.5, "2"])
def test_n_jobs_must_be_a_number_of_workers(n_jobs):
    with pytest.raises(DomainError, match="n_jobs is"):
        check_n_jobs(n_jobs)


def test_negative_n_jobs_counts_from_all_cores():
    cores = os.cpu_count()
    assert check_n_jobs(-1) == cores
    assert check_n_jobs(-cores - 5) == 1
    assert check_n_jobs(np.int64(1)) == 1


def test_an_unknown_backend_is_refused_before_anything_runs():
    with pytest.raises(DomainError, match="Fix: use 'processes' or 'threads'"):
        run_shards(reciprocal, [1], backend="clusters")
