"""Folders of tables: frames as CSV or Parquet beside a manifest, written aside and renamed.

A reader never meets half a file: each is written under a temporary name in the same folder and
renamed once whole, the manifest last. Files of the manifest before it that are not written again
are removed after that; what no manifest lists is never removed.
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
FORMATS: tuple[FileFormat, ...] = ("csv", "parquet")
MANIFEST = "manifest.json"

NETWORK = "Network"
"""What a manifest is of that does not say it: a person who fills a folder describes a network."""

_PLACE_OF = {NETWORK: "tables"}
"""Name of the folder inside a run that a kind of result is written to; its own name otherwise."""


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
        Made where absent; files of the same names in it are replaced, and so are those that the
        manifest in it lists.
    frames : mapping of str to DataFrame
        File stem to frame. The index is not written.
    manifest : mapping
        What JSON can hold, with the ``kind`` of what is written; ``files`` (name, rows, SHA-256
        digest) is added.
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
        If the folder cannot be made or written, holds another kind of result, or holds one of the
        frames in the other format as a file that no manifest lists.
    """
    if file_format not in FORMATS:
        raise DomainError(f"file_format is {file_format!r}. Fix: use 'csv' or 'parquet'.")
    target = Path(folder)
    before = read_manifest(target)
    _require_same_kind(target, kind_of(target, before), str(manifest.get("kind", NETWORK)))
    replaced = set(listed_files(before))
    _require_no_twin(target, [f"{stem}.{_other(file_format)}" for stem in frames], replaced)
    try:
        target.mkdir(parents=True, exist_ok=True)
        files = {}
        for stem, frame in frames.items():
            name = f"{stem}.{file_format}"
            write = partial(frame.to_csv, index=False) if file_format == "csv" else frame.to_parquet
            write_aside(target / name, write)
            files[stem] = {"file": name, "rows": len(frame), "sha256": digest(target / name)}
        text = json.dumps({**manifest, "files": files}, indent=2, default=str) + "\n"
        write_aside(target / MANIFEST, lambda path: path.write_text(text, encoding="utf-8"))
        for name in replaced - {str(file["file"]) for file in files.values()}:
            (target / name).unlink(missing_ok=True)
    except OSError as error:
        raise FolderError(f"cannot write {target}: {error}. Fix: choose another folder.") from error
    return target


def _other(file_format: FileFormat) -> FileFormat:
    return "parquet" if file_format == "csv" else "csv"


def _require_same_kind(target: Path, held: str, kind: str) -> None:
    """Refuse to write over the manifest of something else, which would be lost."""
    if held not in ("", kind):
        apart = target / _PLACE_OF.get(kind, kind.lower())
        raise FolderError(
            f"{target} holds a {held}, whose {MANIFEST} that of a {kind} would overwrite. "
            f"Fix: write into {apart}."
        )


def _require_no_twin(target: Path, names: Collection[str], replaced: Collection[str]) -> None:
    """Refuse to leave a table twice where the other one was not written by us."""
    for name in names:
        if name not in replaced and (target / name).exists():
            raise FolderError(
                f"{target} holds {name} already, which its {MANIFEST} does not list. "
                f"Fix: remove it, choose another folder, or write as {name.rpartition('.')[2]!r}."
            )


def kind_of(folder: str | Path, manifest: Mapping[str, Any]) -> str:
    """Say what a folder holds.

    Parameters
    ----------
    folder : str or Path
    manifest : mapping
        As :func:`read_manifest` gives it.

    Returns
    -------
    str
        ``kind`` of the manifest; ``"Network"`` where it does not say or there are only tables of
        stages, as a person fills a folder by hand; empty where there is neither.
    """
    by_hand = bool(manifest) or any((Path(folder) / f"stages.{end}").exists() for end in FORMATS)
    return str(manifest.get("kind", NETWORK if by_hand else ""))


def listed_frames(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What a manifest says of each frame, by file stem; entries that say nothing are left out."""
    files = manifest.get("files", {})
    entries = files.items() if isinstance(files, dict) else ()
    return {stem: entry for stem, entry in entries if isinstance(entry, dict)}


def listed_files(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the tables that a manifest lists, those that lie in its own folder."""
    names = [str(entry.get("file", "")) for entry in listed_frames(manifest).values()]
    return tuple(
        name for name in names if Path(name).name == name and name.endswith((".csv", ".parquet"))
    )


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


def digest(path: str | Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def write_aside(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a file of another name beside ``path``, and rename it once it is whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    aside = Path(name)
    try:
        write(aside)
        aside.chmod(0o644)  # mkstemp makes it private
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
