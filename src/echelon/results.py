"""What every result has: failures, provenance, frames that can be written, a readable repr."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib import import_module, metadata
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from echelon.display import counted, more, wrapped
from echelon.errors import UnknownNameError
from echelon.folder import FileFormat, write_folder

FAILURE_COLUMNS = ("component", "item", "location", "error", "message")


def no_failures() -> pd.DataFrame:
    """Give the failures frame of a run in which all went well: the columns and no row."""
    return _none_failed().copy()


@cache
def _none_failed() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in FAILURE_COLUMNS})


def failure_in_words(failure: Mapping[Any, Any]) -> str:
    """Say where a row of a failures frame belongs, what happened and why.

    Examples
    --------
    >>> failure_in_words({"component": 1, "item": "bolt", "location": "mill",
    ...                   "error": "InfeasibleError", "message": "too late"})
    'component 1 (bolt @ mill): InfeasibleError: too late'
    """
    stage = f" ({failure['item']} @ {failure['location']})" if failure["item"] else ""
    return f"component {failure['component']}{stage}: {failure['error']}: {failure['message']}"


def frame_digest(frame: pd.DataFrame) -> str:
    """Sixteen hexadecimal digits that change when a value, a column name or a row's place does."""
    hashed = hashlib.sha256("|".join(map(str, frame.columns)).encode())
    for name in frame.columns:
        hashed.update(pd.util.hash_pandas_object(frame[name], index=False).to_numpy().tobytes())
    return hashed.hexdigest()[:16]


class LaterDigests(Mapping[str, str]):
    """Digests of tables by name, made when they are first looked at.

    Hashing a small network takes longer than placing its stock.

    Parameters
    ----------
    make : callable
        Gives the digests of tables that never change; it is called once.
    source : object, optional
        What they are the digests of, where it is that and nothing else: two results of one source
        need not be compared by digests.
    """

    def __init__(self, make: Callable[[], Mapping[str, str]], source: object = None) -> None:
        self._make = make
        self._source = source

    def are_of(self, source: object) -> bool:
        """Whether these are the digests of that very object; else the digests have to say."""
        return self._source is source

    @cached_property
    def _made(self) -> dict[str, str]:
        return dict(self._make())

    def __getitem__(self, name: str) -> str:
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def __repr__(self) -> str:
        return repr(self._made)

    def __reduce__(self) -> tuple[type[dict[str, str]], tuple[dict[str, str]]]:
        """Go to other processes and into copies as the plain dictionary, without the tables."""
        return dict, (self._made,)


@cache
def installed_version() -> str:
    """Version of the installed package."""
    return metadata.version("echelon")


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from: enough to make it again."""

    arguments: Mapping[str, Any]
    tables: Mapping[str, str]
    seconds: Mapping[str, float]
    seed: int | None = None
    solver: str | None = None
    version: str = field(default_factory=installed_version)
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def to_dict(self) -> dict[str, Any]:
        """Give it as what JSON can hold."""
        return {
            "version": self.version,
            "made_at": self.made_at,
            "arguments": dict(self.arguments),
            "tables": dict(self.tables),
            "seconds": dict(self.seconds),
            "seed": self.seed,
            "solver": self.solver,
        }


@dataclass(frozen=True, eq=False)
class Result(ABC):
    """Base of results. A subclass adds its frames and says which ones are written.

    Attributes
    ----------
    failures : DataFrame
        One row per thing that went wrong: component, item, location, error, message. Empty when
        all went well.
    provenance : Provenance
        Version, arguments, digests of the tables, timings, seed and solver.
    """

    failures: pd.DataFrame
    provenance: Provenance

    @classmethod
    def later(cls, make: Callable[[], Self], /, **known: Any) -> Self:
        """Give a result of which some fields are ``known``, and the others are made on first use.

        Frames take longer to make than a small network takes to solve.

        Parameters
        ----------
        make : callable
            Gives the whole result; it is called once, when a field that is not known is asked for.
        **known : object
            Fields by name, those with a default among them.
        """
        result = object.__new__(cls)
        result.__dict__.update(known, _make=make)
        return result

    def _complete(self) -> None:
        make = self.__dict__.pop("_make", None)
        if make is not None:
            for name, value in vars(make()).items():
                self.__dict__.setdefault(name, value)

    if not TYPE_CHECKING:  # else every attribute would pass for one that is there

        def __getattr__(self, name: str) -> Any:
            """Make the fields that are not there yet."""
            if "_make" in self.__dict__ and not name.startswith("__"):
                self._complete()
                return getattr(self, name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __getstate__(self) -> dict[str, Any]:
        """Give all fields, for copies and other processes, made by now."""
        self._complete()
        return self.__dict__

    @property
    def plot(self) -> Any:
        """Pictures of this result, ``result.plot.<name>(...)``; needs the extra ``plot``."""
        # by name and on first use: results lie below the room that draws them
        return import_module("echelon.plots").of(self)

    @abstractmethod
    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes, by file stem."""

    @staticmethod
    def _frame(level: str, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        if level not in frames:
            raise UnknownNameError("level", level, frames)
        return frames[level].copy()

    def failure_lines(self, name: str, most: int) -> list[str]:
        """Say what went wrong and why, the first ``most`` reasons of this result ``name``.

        Each reason is told of the first that failed for it, and the others are counted.
        """
        if self.failures.empty or most < 1:
            return []
        lines = [f"  {counted(len(self.failures), 'failure')}:"]
        reasons = self.failures.groupby(["error", "message"], sort=False, dropna=False)
        told = 0
        for _, alike in islice(reasons, most):
            words = failure_in_words(alike.iloc[0].to_dict())
            others = f" (and {len(alike) - 1:,} more for the same reason)"
            lines.append(wrapped(words + (others if len(alike) > 1 else ""), indent="    "))
            told += len(alike)
        rest = more(len(self.failures), told, f"{name}.failures")
        return [*lines, f"    {rest}"] if rest else lines

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {"kind": type(self).__name__, "provenance": self.provenance.to_dict()}

    def write(self, folder: str | Path, *, file_format: FileFormat = "csv") -> Path:
        """Write the frames and a manifest into ``folder``, each file aside and then renamed.

        Parameters
        ----------
        folder : str or Path
            Made where absent. A result of the same kind in it is replaced.
        file_format : {"csv", "parquet"}, default "csv"

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        DomainError
            If the format is unknown.
        FolderError
            If the folder cannot be written, or holds a network or a result of another kind.
        """
        frames = {**self.frames(), "failures": self.failures}
        return write_folder(folder, frames, self.manifest(), file_format=file_format)
