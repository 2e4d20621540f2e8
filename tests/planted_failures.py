"""What goes wrong in workers, on purpose: functions and methods that a test plants."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def note(folder, what):
    """Leave a file that says that something was tried; any process may."""
    (Path(folder) / f"{what} {time.time_ns()} {os.getpid()}").touch()


def tries(folder, what):
    """How often it was."""
    return len([path for path in Path(folder).iterdir() if path.name.split()[0] == str(what)])


def go_wrong(how):
    """Raise, be killed as by the system, hang where an alarm is heard, or where none is."""
    how = "".join(how)  # a plain text, which compares without surprises
    if how == "exception":
        raise RuntimeError("planted")
    if how == "mistake":
        from echelon.errors import DomainError

        raise DomainError("planted. Fix: mend it.")
    if how == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "deaf":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    if how in ("hang", "deaf"):
        time.sleep(60.0)
    if how == "memory":
        held = bytearray(600_000_000)
        time.sleep(1.0)
        held.clear()


def same_source(set_attribute=setattr):
    """Let processes that share a ledger take each other's shards.

    The source may be edited between their starts, while the tests run.
    """
    from echelon.execution import digest, ledger

    for module in (digest, ledger):
        set_attribute(module, "made_with", _the_tests)


def _the_tests():
    return "the tests"


class PlantedMethod(str):
    """Name of a way of solving; whoever looks it up is in for a surprise."""

    __slots__ = ("folder",)

    def __new__(cls, how, folder):
        self = super().__new__(cls, how)
        self.folder = folder
        return self

    def __getnewargs__(self):
        return str(self), self.folder

    def _surprise(self):
        note(self.folder, str.__str__(self))
        go_wrong(str.__str__(self))

    def __hash__(self):
        self._surprise()
        return super().__hash__()

    def __eq__(self, other):
        self._surprise()
        return super().__eq__(other)


class Work:
    """A piece of work that is noted, takes some time, and may go wrong."""

    def __init__(self, number, folder, how="", seconds=0.0):
        self.number, self.folder, self.how, self.seconds = number, folder, how, seconds

    def run(self):
        note(self.folder, self.number)
        time.sleep(self.seconds)
        go_wrong(self.how)
        return [self.number / 7.0]


def once_then_well(work):
    """Go wrong at the first try alone."""
    if tries(work.folder, work.number) == 0:
        return work.run()
    note(work.folder, work.number)
    return [work.number / 7.0]
