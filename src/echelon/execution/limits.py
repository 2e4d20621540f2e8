"""Limits on what one piece of work may take: seconds, and memory of the process that does it."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

from echelon.errors import DomainError

_GRACE: Final = 1.25
"""Times the limit after which a worker that does not hear the alarm is ended."""

_LEAST_GRACE: Final = 1.0
"""Seconds."""


def check_limits(time_limit: object, memory_limit: object) -> list[str]:
    """Say what is wrong with the limits."""
    faults = []
    for name, limit, unit in (
        ("time_limit", time_limit, "seconds"),
        ("memory_limit", memory_limit, "bytes"),
    ):
        number = isinstance(limit, (int, float)) and not isinstance(limit, bool)
        if limit is not None and not (number and float(str(limit)) > 0.0):
            faults.append(f"{name} is {limit!r}. Fix: give a number of {unit} above 0, or None.")
    return faults


class _Deadlines:
    """Limits that are running in this process, one inside another or in several threads."""

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._alarms: dict[object, tuple[float, float]] = {}
        self._ends: dict[object, float] = {}
        self._sink: TextIO | None = None
        self.may_end = False

    def add(self, one: object, seconds: float) -> None:
        now = time.monotonic()
        alarm = _hears_alarms()
        with self._guard:
            if alarm:
                self._alarms[one] = (now + seconds, seconds)
            if self.may_end:
                grace = max(_GRACE * seconds, seconds + _LEAST_GRACE) if alarm else seconds
                self._ends[one] = now + grace
            self._set()

    def remove(self, one: object) -> None:
        with self._guard:
            self._alarms.pop(one, None)
            self._ends.pop(one, None)
            self._set()

    def _set(self) -> None:
        """Set the clocks to the earliest."""
        now = time.monotonic()
        if _hears_alarms():
            left = min((at for at, _ in self._alarms.values()), default=now) - now
            signal.setitimer(signal.ITIMER_REAL, max(left, 1e-3) if self._alarms else 0.0)
        if self._ends:
            if self._sink is None:  # it stays open, for it is written to when the process ends
                self._sink = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
            left = max(min(self._ends.values()) - now, 1e-3)
            faulthandler.dump_traceback_later(left, exit=True, file=self._sink)
        elif self._sink is not None:
            faulthandler.cancel_dump_traceback_later()

    def ring(self, _signal: int, _frame: FrameType | None) -> None:
        _, seconds = min(self._alarms.values(), default=(0.0, 0.0))
        raise _LateError(too_long(seconds))


class _LateError(Exception):
    """Stands for TimeoutError inside the work, where that would be taken for a fault of a file."""


_DEADLINES: Final = _Deadlines()


def mark_as_worker() -> None:
    """Say that this process does nothing but shards, and may be ended."""
    _DEADLINES.may_end = True


def _hears_alarms() -> bool:
    """Only the main thread does, and not on every system."""
    main = threading.current_thread() is threading.main_thread()
    return main and hasattr(signal, "setitimer")


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Raise :class:`TimeoutError` in the work that is done inside after so many seconds.

    The alarm is heard between two steps of Python. A worker process that is inside a solver and
    does not hear it is ended from outside Python soon after; where there is no alarm, outside the
    main thread, it is ended at once. Other processes are never ended.

    Parameters
    ----------
    seconds : float or None
        None for no limit.
    """
    if seconds is None:
        yield
        return
    one = object()
    before = signal.signal(signal.SIGALRM, _DEADLINES.ring) if _hears_alarms() else None
    _DEADLINES.add(one, seconds)
    try:
        yield
    except _LateError as late:
        raise TimeoutError(str(late)) from None
    finally:
        _DEADLINES.remove(one)
        if before is not None:
            signal.signal(signal.SIGALRM, before)


def overdue(seconds: float, limit: float | None) -> bool:
    """Whether a worker that was lost after so many seconds was ended for its time limit."""
    return limit is not None and seconds >= limit


def too_long(seconds: float | None) -> str:
    """Say that something was ended for its time limit."""
    return f"it took longer than {seconds or 0.0:g} seconds, its limit, and was ended"


def resident_bytes(pid: int) -> int:
    """Memory that a process holds now, bytes; 0 where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    with suppress(Exception):  # a package that Dask brings, where there is no /proc
        import psutil

        return int(psutil.Process(pid).memory_info().rss)
    return 0


def peak_bytes() -> int:
    """Most memory that this process has held so far, bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def require_limits(time_limit: object, memory_limit: object, backend: str) -> None:
    """Refuse limits that are none, and those that threads cannot keep.

    Raises
    ------
    DomainError
    """
    faults = check_limits(time_limit, memory_limit)
    if backend == "threads" and (time_limit is not None or memory_limit is not None):
        faults.append(
            "threads cannot be ended, nor their memory told apart. Fix: use backend='processes' "
            "with time_limit or memory_limit."
        )
    if faults:
        raise DomainError("\n".join(faults))
