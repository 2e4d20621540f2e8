"""Running pieces of work: order, failures as rows, progress, and what is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from echelon.errors import DomainError, FolderError
from echelon.execution import Ledger, attempt, check_n_jobs, digest_of, run_shards
from echelon.execution.limits import resident_bytes, within
from tests.planted_failures import Work, once_then_well, same_source, tries

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


def test_a_worker_that_is_killed_loses_its_work_and_not_the_run(tmp_path):
    """As the system does when memory runs out: the one at fault fails, all others are done."""
    works = [Work(n, tmp_path, "crash" if n == 2 else "") for n in range(6)]
    outcomes = list(run_shards(Work.run, works, n_jobs=2))
    assert [outcome.error for outcome in outcomes] == [""] * 2 + ["TerminatedWorkerError"] + [
        ""
    ] * 3
    assert "Fix: use fewer n_jobs" in outcomes[2].message
    assert [tries(tmp_path, n) for n in range(6)] == [1, 1, 2, 1, 1, 1]
    assert outcomes[2].attempts == 2
    assert outcomes[3].peak_bytes > 10e6
    assert outcomes[3].worker.endswith(tuple("0123456789"))


def test_a_worker_that_is_killed_once_is_no_failure(tmp_path):
    works = [Work(n, tmp_path, how) for n, how in enumerate(["crash", "", "exception"])]
    outcomes = list(run_shards(once_then_well, works, n_jobs=2))
    assert [outcome.unwrap() for outcome in outcomes] == [[n / 7.0] for n in range(3)]
    assert [outcome.attempts for outcome in outcomes] == [2, 1, 2]


@pytest.mark.parametrize(("n_jobs", "backend"), WAYS)
def test_exceptions_are_tried_again_and_mistakes_are_not(tmp_path, n_jobs, backend):
    works = [Work(n, tmp_path, how) for n, how in enumerate(["exception", "mistake", ""])]
    outcomes = list(run_shards(Work.run, works, n_jobs=n_jobs, backend=backend))
    assert [outcome.error for outcome in outcomes] == ["RuntimeError", "DomainError", ""]
    assert [tries(tmp_path, n) for n in range(3)] == [2, 1, 1]
    again = list(run_shards(Work.run, works, n_jobs=n_jobs, backend=backend, retries=0))
    assert [outcome.error for outcome in again] == [outcome.error for outcome in outcomes]
    assert [tries(tmp_path, n) for n in range(3)] == [3, 2, 2]


def test_a_single_shard_in_a_process_of_its_own(tmp_path):
    (outcome,) = run_shards(Work.run, [Work(0, tmp_path, "crash")], isolated=True, retries=0)
    assert outcome.error == "TerminatedWorkerError"


@pytest.mark.parametrize("how", ["hang", "deaf"])
def test_what_takes_too_long_is_ended(tmp_path, how):
    """Also where it hears no alarm, as inside a solver."""
    works = [Work(0, tmp_path), Work(1, tmp_path, how), Work(2, tmp_path)]
    began = time.monotonic()
    outcomes = list(run_shards(Work.run, works, n_jobs=2, time_limit=0.3, retries=0))
    assert [outcome.error for outcome in outcomes] == ["", "TimeoutError", ""]
    assert "longer than 0.3 seconds" in outcomes[1].message
    assert time.monotonic() - began < 30.0


def test_an_alarm_is_heard_here_too_and_leaves_no_trace(tmp_path):
    before = signal.getsignal(signal.SIGALRM)
    works = [Work(0, tmp_path, "hang"), Work(1, tmp_path)]
    outcomes = list(run_shards(Work.run, works, time_limit=0.1, retries=0))
    assert [outcome.error for outcome in outcomes] == ["TimeoutError", ""]
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_tighter_of_two_limits_holds_and_the_other_goes_on():
    def nap(seconds, naps=1):
        for _ in range(naps):
            with within(seconds):
                time.sleep(0.3)

    with pytest.raises(TimeoutError, match=r"0\.1 seconds"), within(0.1):
        nap(5.0)
    with pytest.raises(TimeoutError, match=r"0\.5 seconds"), within(0.5):
        nap(5.0, naps=3)
    with within(5.0), pytest.raises(TimeoutError, match=r"0\.1 seconds"):
        nap(0.1)


def test_a_worker_that_holds_too_much_is_ended(tmp_path):
    works = [Work(0, tmp_path), Work(1, tmp_path, "memory"), Work(2, tmp_path)]
    outcomes = list(run_shards(Work.run, works, n_jobs=2, memory_limit=400e6, retries=0))
    assert [outcome.error for outcome in outcomes] == ["", "MemoryError", ""]
    assert "memory_limit, 400,000,000 bytes" in outcomes[1].message


def held_by(_shard):
    return os.getpid()


def test_a_worker_that_has_grown_is_replaced():
    """Its limit is so low that a worker is above seven tenths of it once it has started."""
    (first,) = run_shards(held_by, [0], isolated=True)
    held = resident_bytes(first.value)
    same = [o.value for o in run_shards(held_by, [0] * 3, isolated=True, memory_limit=held * 9.0)]
    assert set(same) == {first.value}
    pids = [o.value for o in run_shards(held_by, [0] * 2, isolated=True, memory_limit=held * 1.2)]
    assert len(set(pids)) == 2


_HELD = []


def hold_more(size):
    """Hold so many bytes from here on, once loky looks at what its worker holds."""
    time.sleep(1.1)
    _HELD.append(bytearray(size))
    _HELD[-1][::4096] = b"1" * len(_HELD[-1][::4096])
    return os.getpid()


def test_a_worker_that_has_loaded_what_it_needs_is_not_replaced():
    """Loky ends one that has grown by 300 MB since its first call, before anything is loaded.

    It may then wait for ever for what that one was to do: the limit makes a failure of it.
    """
    with within(60.0):
        pids = [o.value for o in run_shards(hold_more, [350_000_000, 1, 1], isolated=True)]
    assert len(set(pids)) == 1


def test_threads_keep_no_limits():
    with pytest.raises(DomainError, match="threads cannot be ended"):
        run_shards(abs, [1], backend="threads", time_limit=1.0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"time_limit": 0}, "time_limit is 0. Fix: give a number of seconds"),
        ({"memory_limit": "2 GB"}, "memory_limit is '2 GB'. Fix: give a number of bytes"),
        ({"retries": -1}, "retries is -1"),
        ({"keys": ["a"]}, "1 keys for 2 shards"),
    ],
    ids=["time", "memory", "retries", "keys"],
)
def test_wrong_arguments_are_refused_before_anything_runs(arguments, told):
    with pytest.raises(DomainError, match=told):
        run_shards(abs, [1, 2], **arguments)


@pytest.mark.parametrize(("n_jobs", "backend"), WAYS)
def test_what_is_in_the_ledger_is_not_done_again(tmp_path, n_jobs, backend):
    kept, notes = Ledger(tmp_path / "ledger"), tmp_path / "notes"
    notes.mkdir()
    works = [Work(n, notes, "exception" if n == 3 else "") for n in range(5)]
    keys = [digest_of(n) for n in range(5)]

    def done():
        given = run_shards(
            Work.run, works, n_jobs=n_jobs, backend=backend, ledger=kept, keys=keys, retries=0
        )
        return list(given)

    first, again = done(), done()
    assert first == again
    assert [outcome.kept for outcome in first] == [False] * 5
    assert [outcome.kept for outcome in again] == [True] * 3 + [False, True]
    assert [tries(notes, n) for n in range(5)] == [1, 1, 1, 2, 1]
    (kept.folder / f"{keys[1]}.shard").write_bytes(b"cut short")
    assert done() == first
    assert [tries(notes, n) for n in range(5)] == [1, 2, 1, 3, 1]


def one_third(number):
    return number / 3.0


def is_small(value):
    return value < 1.0


def test_keys_are_made_of_the_shards_where_none_are_given_and_keep_chooses(tmp_path):
    kept = Ledger(tmp_path)
    list(run_shards(one_third, [1, 2, 9], ledger=kept, keep=is_small))
    assert kept.finished == 2
    again = list(run_shards(one_third, [9, 2], ledger=kept))
    assert [outcome.kept for outcome in again] == [False, True]


def test_an_entry_that_goes_while_the_run_is_at_it_is_done_again(tmp_path):
    kept = Ledger(tmp_path)
    list(run_shards(one_third, [1, 2], ledger=kept))
    outcomes = run_shards(one_third, [1, 2], ledger=kept)
    assert next(outcomes).kept
    kept.clear()
    last = next(outcomes)
    assert (last.value, last.kept) == (2 / 3.0, False)


def test_a_ledger_that_cannot_be_written_ends_the_run(tmp_path):
    kept = Ledger(tmp_path / "ledger")
    kept.folder.rmdir()
    for n_jobs in (1, 2):
        with pytest.raises(FolderError, match="cannot write"):
            list(run_shards(one_third, [1, 2], n_jobs=n_jobs, ledger=kept))


def test_a_run_that_is_left_stops_its_workers(tmp_path):
    works = [Work(n, tmp_path, seconds=0.0 if n == 0 else 5.0) for n in range(4)]
    began = time.monotonic()
    outcomes = run_shards(Work.run, works, n_jobs=2)
    next(outcomes)
    outcomes.close()
    assert time.monotonic() - began < 5.0
    assert tries(tmp_path, 3) == 0


_SCRIPT = """
    import sys
    from echelon.execution import Ledger, digest_of, run_shards
    from tests.planted_failures import Work, same_source

    same_source()
    works = [Work(n, "{notes}", seconds=0.25) for n in range(12)]
    keys = [digest_of(n) for n in range(12)]
    for outcome in run_shards(Work.run, works, n_jobs=2, ledger=Ledger("{ledger}"), keys=keys):
        print(outcome.worker, flush=True)
"""


def test_a_killed_run_is_taken_up_and_leaves_no_workers(tmp_path, monkeypatch):
    same_source(monkeypatch.setattr)
    kept, notes = Ledger(tmp_path / "ledger"), tmp_path / "notes"
    notes.mkdir()
    script = textwrap.dedent(_SCRIPT.format(notes=notes, ledger=kept.folder))
    env = {**os.environ, "PYTHONPATH": os.getcwd()}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        assert process.stdout is not None
        workers = {process.stdout.readline().strip() for _ in range(3)}
        process.kill()
    finished = kept.finished
    assert 3 <= finished < 12
    works = [Work(n, notes) for n in range(12)]
    keys = [digest_of(n) for n in range(12)]
    outcomes = list(run_shards(Work.run, works, ledger=kept, keys=keys))
    assert [outcome.unwrap() for outcome in outcomes] == [[n / 7.0] for n in range(12)]
    assert sum(outcome.kept for outcome in outcomes) >= finished
    pids = {int(worker.rpartition(":")[2]) for worker in workers}
    until = time.monotonic() + 10.0
    while any(resident_bytes(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(resident_bytes(pid) for pid in pids)


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
    with pytest.raises(DomainError, match="Fix: use 'processes', 'threads' or 'dask'"):
        run_shards(reciprocal, [1], backend="clusters")
