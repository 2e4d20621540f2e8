"""A folder of finished shards: what a killed run has done need not be done again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pickle
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from echelon.display import counted
from echelon.errors import DomainError, FolderError
from echelon.execution.made_with import made_with
from echelon.results import installed_version

_SUFFIX: Final = ".shard"
_FORMAT: Final = 1
_STALE_SECONDS: Final = 3_600.0
"""Age at which a file that was being written when its run was killed is cleared away."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished shard.

    Attributes
    ----------
    value : object
    label : str
        What it is of, for people.
    seconds : float
        That making it took.
    size_bytes : int
        Of the value in its file.
    """

    value: Any
    label: str
    seconds: float
    size_bytes: int


@dataclass(frozen=True, slots=True, repr=False)
class Ledger:
    """Finished shards in a folder, each under the digest of what it was made from.

    A value is written under a temporary name, brought to the disk and renamed, so that no file is
    ever half there; a file that was cut short or altered all the same is seen by its checksum and
    counts as absent, and so does one that was made by other source of the library or with another
    version of a library below it. Several runs may use one folder at once: what both finish is the
    same, and the later rename wins.

    Values are pickled (protocol 5), and unpickling a file can run code: open no ledger that
    somebody else could write to.

    Parameters
    ----------
    folder : str or Path
        Made where absent. It should hold nothing else.

    Raises
    ------
    FolderError
        If the folder cannot be made.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     ledger = Ledger(folder)
    ...     ledger.write("0a1b", [1.0, 2.0], label="two components")
    ...     again = Ledger(folder).read("0a1b")
    ...     "0a1b" in ledger, again.value, ledger.finished
    (True, [1.0, 2.0], 1)
    """

    folder: Path
    _made_with: str = field(compare=False)
    """What the process that opened it computes with, and so its workers, wherever they are."""

    def __init__(self, folder: str | Path) -> None:
        object.__setattr__(self, "folder", Path(folder).expanduser().absolute())
        object.__setattr__(self, "_made_with", made_with())
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear_stale()
        except OSError as error:
            raise FolderError(
                f"cannot keep a ledger in {self.folder}: {error}. Fix: choose another folder."
            ) from error

    @classmethod
    def of(cls, ledger: Ledger | str | Path | None) -> Ledger | None:
        """Take a ledger as it is, and open a folder as one.

        Raises
        ------
        DomainError
            If it is something else.
        FolderError
            If the folder cannot be made.
        """
        if ledger is None or isinstance(ledger, Ledger):
            return ledger
        if isinstance(ledger, (str, Path)):
            return cls(ledger)
        raise DomainError(
            f"ledger is a {type(ledger).__name__}. Fix: give a folder, or None to keep nothing."
        )

    def write(self, key: str, value: object, *, label: str = "", seconds: float = 0.0) -> None:
        """Keep a value.

        Parameters
        ----------
        key : str
            As :func:`~echelon.execution.digest.digest_of` gives it: hexadecimal digits.
        value : object
            Anything that can be pickled.
        label : str
            For people.
        seconds : float

        Raises
        ------
        DomainError
            If the key is no such thing.
        FolderError
            If the folder cannot be written.
        """
        content = pickle.dumps(value, protocol=5)
        header = {
            "version": installed_version(),
            "made_with": self._made_with,
            "label": label,
            "seconds": seconds,
            "bytes": len(content),
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        head = json.dumps(header).encode() + b"\n"
        path = self._path(key)
        try:
            _write_through(path, _first_line(key, head, content), head, content)
        except OSError as error:
            raise FolderError(
                f"cannot write {path}: {error}. Fix: make room there, or choose another folder."
            ) from error

    def read(self, key: str) -> Entry | None:
        """Give a finished shard; None where there is none that is whole and made with the same."""
        header, content = _whole(self._path(key))
        if header.get("made_with") != self._made_with:
            return None
        try:
            value = pickle.loads(content)
        except (AttributeError, ImportError, TypeError, pickle.UnpicklingError):
            # of a class that is no longer there, or that has other fields now
            return None
        return Entry(value, header["label"], float(header["seconds"]), len(content))

    def __contains__(self, key: object) -> bool:
        """Whether a finished shard is there, whole and made with the same libraries."""
        return _whole(self._path(str(key)))[0].get("made_with") == self._made_with

    def keys(self) -> list[str]:
        """Keys of all files, right or not, in alphabetical order."""
        return sorted(path.stem for path in self._files())

    @property
    def finished(self) -> int:
        """How many files there are."""
        return sum(1 for _ in self._files())

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        sizes = 0
        for path in self._files():
            with contextlib.suppress(FileNotFoundError):  # another run prunes
                sizes += path.stat().st_size
        return sizes

    def to_frame(self) -> pd.DataFrame:
        """List the finished shards, the latest last: key, label, seconds, bytes, version, written.

        Files that are not whole are left out.
        """
        rows = []
        for path in self._files():
            header, _ = _whole(path)
            if header:
                rows.append({"key": path.stem, **header})
        columns = ["key", "label", "seconds", "bytes", "version", "written"]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.sort_values(["written", "key"], ignore_index=True)

    def clear(self) -> int:
        """Remove everything, and give how many files that were.

        Raises
        ------
        FolderError
            As :meth:`prune`.
        """
        return self.prune(())

    def prune(self, keep: Iterable[str]) -> int:
        """Remove all shards but those with these keys, and give how many that were.

        A run that was counting on one of them does it again.

        Raises
        ------
        FolderError
            If some cannot be removed, a folder of such a name for instance; the others are.
        """
        kept = set(keep)
        removed = 0
        stay: list[str] = []
        for path in list(self._files()):
            if path.stem in kept:
                continue
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                why = "it is a folder" if path.is_dir() else error.strerror
                stay.append(f"{path.name}: {why}")
            else:
                removed += 1
        if stay:
            raise FolderError(
                f"cannot remove from {self.folder}: {'; '.join(stay)}. Fix: remove them by hand."
            )
        return removed

    def __repr__(self) -> str:
        return (
            f"Ledger({str(self.folder)!r}): {counted(self.finished, 'finished shard')}, "
            f"{self.size_bytes / 1e6:,.1f} MB"
        )

    def _path(self, key: str) -> Path:
        if not key or not set(key) <= set("0123456789abcdef"):
            raise DomainError(
                f"key {key!r} is not hexadecimal. Fix: give what digest_of makes of the inputs."
            )
        return self.folder / f"{key}{_SUFFIX}"

    def _files(self) -> Iterator[Path]:
        return (path for path in self.folder.glob(f"*{_SUFFIX}") if not path.name.startswith("."))

    def _clear_stale(self) -> None:
        for path in self.folder.glob(f".*{_SUFFIX}.*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()


def _first_line(key: str, *parts: bytes) -> bytes:
    """Format and checksum of what follows, under its key, so that a renamed file is seen too."""
    hashed = hashlib.blake2b(key.encode(), digest_size=16)
    for part in parts:
        hashed.update(part)
    return b"echelon ledger %d %s\n" % (_FORMAT, hashed.hexdigest().encode())


def _whole(path: Path) -> tuple[dict[str, Any], bytes]:
    """What a file says of itself, and its content; nothing of either unless it is whole."""
    try:
        first, _, rest = path.read_bytes().partition(b"\n")
    except OSError:
        return {}, b""
    if first + b"\n" != _first_line(path.stem, rest):
        return {}, b""
    head, _, content = rest.partition(b"\n")
    return dict(json.loads(head)), content


def _write_through(path: Path, *parts: bytes) -> None:
    """Write beside, bring to the disk, rename, and bring the renaming to the disk."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    if hasattr(os, "O_DIRECTORY"):  # elsewhere a folder cannot be opened
        folder = os.open(path.parent, os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
