"""What reading back any result has in common: its manifest, its provenance, its frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from echelon.errors import FolderError
from echelon.folder import MANIFEST, listed_files, read_manifest
from echelon.io.frames import frame_path, read_frame
from echelon.results import Provenance

_TEXT = ("item", "location", "status", "termination", "method", "error", "message")
"""Columns of results that hold text: item ``007`` is not the number 7."""


def read_result(
    folder: str | Path, kind: str, *, inside: str, scalars: Iterable[str], write_it: str
) -> tuple[Path, dict[str, Any], Provenance]:
    """Find a written result in a folder, or in the folder ``inside`` it.

    Parameters
    ----------
    folder : str or Path
    kind : str
        ``Plan`` or ``Simulation``, as the manifest says it.
    inside : str
        Name that the command line gives to a folder of this kind.
    scalars : iterable of str
        Entries that the manifest must have.
    write_it : str
        How to write such a result, for the message.

    Returns
    -------
    root : Path
        The folder that holds the result.
    manifest : dict
    provenance : Provenance

    Raises
    ------
    FolderError
        If neither holds such a result, or the manifest lacks an entry.
    """
    root = Path(folder)
    manifest = read_manifest(root)
    if manifest.get("kind") != kind and read_manifest(root / inside).get("kind") == kind:
        root = root / inside
        manifest = read_manifest(root)
    what = kind.lower()
    if manifest.get("kind") != kind:
        raise FolderError(
            f"{root} holds no {what}. Fix: name the folder it was written to, or write one with: "
            f"{write_it}."
        )
    origin = manifest.get("provenance", {})
    absent = [name for name in scalars if name not in manifest]
    absent += [f"provenance.{spec.name}" for spec in fields(Provenance) if spec.name not in origin]
    if absent:
        raise FolderError(
            f"{root / MANIFEST} lacks {', '.join(absent)}. Fix: write the {what} again."
        )
    provenance = Provenance(**{spec.name: origin[spec.name] for spec in fields(Provenance)})
    return root, manifest, provenance


def result_frame(
    root: Path,
    stem: str,
    columns: tuple[str, ...],
    manifest: dict[str, Any],
) -> pd.DataFrame:
    """Read one frame of a result.

    Raises
    ------
    FolderError
        If the file is absent or lacks a column.
    """
    path = frame_path(root, stem, listed=listed_files(manifest))
    again = f"Fix: write the {str(manifest['kind']).lower()} again."
    if path is None:
        raise FolderError(f"{root} lacks {stem}.csv. {again}")
    frame = read_frame(path, text=_TEXT)
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise FolderError(f"{root}: table {stem} lacks {', '.join(absent)}. {again}")
    texts: dict[str, Any] = dict.fromkeys((name for name in _TEXT if name in frame), "")
    return frame.fillna(texts)  # an empty text is written as an empty cell
