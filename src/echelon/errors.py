"""Every exception and warning the library raises.

A user's mistake ends in an :class:`EchelonError`: catch that one and nothing else of ours escapes.
Faults in tables are collected first and raised once, so that one run shows all there is to mend.
"""

from __future__ import annotations

import difflib
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


class EchelonError(Exception):
    """Base of every error the library raises for a mistake a person can mend."""


class DomainError(EchelonError, ValueError):
    """An argument is outside the values it may take; the message says which and what to use."""


class UnknownNameError(EchelonError, KeyError):
    """A name that no registry knows; the message lists the known ones and the nearest spelling."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        near = difflib.get_close_matches(str(name), self.known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        self.message = f"unknown {kind} {name!r}.{hint} Known: {', '.join(self.known)}."
        super().__init__(self.message)

    def __str__(self) -> str:  # KeyError would print the repr
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:  # else it cannot come back from a worker process
        return type(self), (self.kind, self.name, self.known)


class InfeasibleError(EchelonError):
    """No plan satisfies the limits given; ``stage`` is the one at fault, where one is."""

    def __init__(self, message: str, stage: int | None = None) -> None:
        self.message, self.stage = message, stage
        super().__init__(message, stage)  # all arguments, so that it survives pickling

    def __str__(self) -> str:
        return self.message


class SolverError(EchelonError, RuntimeError):
    """The solver is absent, or stopped without a plan."""


class FolderError(EchelonError, OSError):
    """A folder or file cannot be read or written as asked."""


class MissingExtraError(EchelonError, ImportError):
    """A package that an extra installs is absent; the message says how to install it."""


class DataWarning(UserWarning):
    """Data that is accepted as it stands but looks odd; each says where and why."""


def warn_of_data(message: str) -> None:
    """Give a :class:`DataWarning` at the line that called the library, however deep this is.

    Warns
    -----
    DataWarning
    """
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, DataWarning, stacklevel=level)


_PACKAGE = __name__.partition(".")[0] + "."


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in one place of one table.

    ``row`` counts data rows from 1; 0 is the whole table. ``key`` is that row's key, for people;
    ``count`` says how many rows share the fault; ``place`` is where the first of them stands in a
    file, ``"line 10 of stages.csv"``, empty for frames.
    """

    table: str
    column: str
    row: int
    value: object
    message: str
    remedy: str
    key: str = ""
    count: int = 1
    place: str = ""

    def __str__(self) -> str:
        where = f"{self.table}.{self.column}" if self.column else self.table
        found = ""
        if self.row:
            rows = f"{self.count} rows, first at row" if self.count > 1 else "row"
            named = f" ({self.key})" if self.key else ""
            line = f", {self.place}" if self.place else ""
            value = f": {self.value!r}" if self.column else ""  # a whole row has no one value
            found = f"; {rows} {self.row}{named}{line}{value}"
        elif self.value is not None:
            found = f"; found {self.value!r}"
        return f"{where}: {self.message}{found}. Fix: {self.remedy}."


class TableError(EchelonError, ValueError):
    """Tables that break the input contract; ``faults`` holds every fault found, not the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        noun = "fault" if len(self.faults) == 1 else "faults"
        lines = "\n".join(f"  {i}. {fault}" for i, fault in enumerate(self.faults, 1))
        super().__init__(f"{len(self.faults)} {noun} in the tables:\n{lines}")

    def __reduce__(self) -> tuple[Any, ...]:  # else a worker process would send back its message
        return type(self), (self.faults,)
