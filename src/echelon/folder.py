"""Folders of tables: frames as CSV or Parquet beside a manifest, written aside and renamed.

A reader never meets half a file: each is written under a temporary name in the same folder and
renamed once whole, the manifest last.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from echelon.errors import DomainError, FolderError

FileFormat = Literal["csv", "parquet"]
MANIFEST = "manifest.json"

_EXACT_FLOATS: dict[str, Any] = (
    {"float_precision": "round_trip"}
    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1)
    else {}  # exact by default, and the argument warns
)


def write_folder(
    folder: str | Path,
    frames: Mapping[str, pd.DataFrame],
    manifest: Mapping[str, Any],
    *,
    file_format: FileFormat = "csv",
) -> Path:
    """Write one file per frame and a ``manifest.json`` that lists them.

    Parameters
    ----------
    folder : str or Path
        Made where absent; files of the same names in it are replaced.
    frames : mapping of str to DataFrame
        File stem to frame. The index is not written.
    manifest : mapping
        What JSON can hold; ``files`` (name, rows, SHA-256 digest) is added.
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
        If the folder cannot be made or written.
    """
    if file_format not in ("csv", "parquet"):
        raise DomainError(f"file_format is {file_format!r}. Fix: use 'csv' or 'parquet'.")
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        files = {}
        for stem, frame in frames.items():
            name = f"{stem}.{file_format}"
            write = partial(frame.to_csv, index=False) if file_format == "csv" else frame.to_parquet
            _replace(target / name, write)
            files[stem] = {"file": name, "rows": len(frame), "sha256": digest(target / name)}
        text = json.dumps({**manifest, "files": files}, indent=2, default=str) + "\n"
        _replace(target / MANIFEST, lambda path: path.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise FolderError(f"cannot write {target}: {error}. Fix: choose another folder.") from error
    return target


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Read the ``manifest.json`` of a folder; an empty dictionary where there is none."""
    path = Path(folder) / MANIFEST
    if not path.exists():
        return {}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderError(
            f"cannot read {path}: {error}. Fix: mend it, or delete it to take the defaults."
        ) from error
    if not isinstance(manifest, dict):
        raise FolderError(f"{path} does not hold a JSON object. Fix: mend or delete it.")
    return manifest


def read_frame(folder: str | Path, stem: str, *, text: Collection[str] = ()) -> pd.DataFrame | None:
    """Read ``stem.parquet`` or ``stem.csv``; ``None`` where neither exists.

    In a CSV only an empty cell is missing, so an item may be called ``NA``, and a number is read
    back to the bit that was written.

    Parameters
    ----------
    folder : str or Path
    stem : str
        Name of the file without its ending.
    text : collection of str
        Columns that hold names, read as written: item ``007`` does not become the number 7.

    Raises
    ------
    FolderError
        If both exist, or the file cannot be parsed.
    """
    root = Path(folder)
    found = [path for path in (root / f"{stem}.parquet", root / f"{stem}.csv") if path.exists()]
    if len(found) > 1:
        raise FolderError(
            f"{root} holds both {stem}.csv and {stem}.parquet. Fix: remove the one that is stale."
        )
    if not found:
        return None
    path = found[0]
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        frame: pd.DataFrame = pd.read_csv(
            path,
            dtype=dict.fromkeys(text, str),
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8-sig",
            **_EXACT_FLOATS,
        )
        return frame
    except (ValueError, OSError) as error:  # pandas and pyarrow parse errors are ValueErrors
        raise FolderError(f"cannot read {path}: {error}. Fix: mend the file.") from error


def digest(path: str | Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    aside = Path(name)
    try:
        write(aside)
        aside.chmod(0o644)  # mkstemp makes it private
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
