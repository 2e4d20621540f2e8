"""What reading back any result has in common: its manifest, its provenance, its frames."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from echelon.errors import Fault, FolderError
from echelon.folder import MANIFEST, listed_files, read_manifest
from echelon.io.frames import frame_path, read_frame
from echelon.results import FAILURE_COLUMNS, Provenance
from echelon.tables.checked import label_of, plain
from echelon.tables.column import Column

FAILURES: Final = tuple(
    Column(name, "", "", dtype="whole" if name == "component" else "text", blank="unknown")
    for name in FAILURE_COLUMNS
)

_PROVENANCE: Final[Mapping[str, type | tuple[type, ...]]] = {
    "arguments": dict,
    "tables": dict,
    "seconds": dict,
    "seed": (int, type(None)),
    "solver": (str, type(None)),
    "version": str,
    "made_at": str,
}

_WORDS: Final[Mapping[type, str]] = {
    dict: "a JSON object",
    int: "a whole number",
    float: "a number",
    str: "text",
    type(None): "null",
}


_READERS: Final[Mapping[str, str]] = {
    "Plan": "read_plan",
    "Publication": "read_publication",
    "Simulation": "read_simulation",
    "TargetPlan": "read_target_plan",
}
"""What reads a folder of each kind back."""


def read_result(
    folder: str | Path, kind: str, *, inside: str, scalars: Mapping[str, type], write_it: str
) -> tuple[Path, dict[str, Any], Provenance]:
    """Find a written result in a folder, or in the folder ``inside`` it.

    Parameters
    ----------
    folder : str or Path
    kind : str
        ``Plan`` or ``Simulation``, as the manifest says it.
    inside : str
        Name that the command line gives to a folder of this kind.
    scalars : mapping of str to type
        Entries that the manifest must have, and what they are.
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
        If neither holds such a result, or an entry of the manifest is absent or something else
        than it should be.
    """
    root = Path(folder)
    manifest = read_manifest(root)
    if manifest.get("kind") != kind and read_manifest(root / inside).get("kind") == kind:
        root = root / inside
        manifest = read_manifest(root)
    what = _in_words(kind)
    if manifest.get("kind") != kind:
        found = str(manifest.get("kind", ""))
        if found in _READERS:
            raise FolderError(
                f"{root} holds no {what} but a {_in_words(found)}. Fix: "
                f"echelon.{_READERS[found]} reads it."
            )
        raise FolderError(
            f"{root} holds no {what}. Fix: name the folder it was written to, or write one with: "
            f"{write_it}."
        )
    origin = manifest.get("provenance", {})
    known = {"provenance": dict, "files": dict, "currency": str, "name": str, **scalars}
    odd = _of_other_types(manifest, known)
    if isinstance(origin, dict):
        odd += [f"provenance.{fault}" for fault in _of_other_types(origin, _PROVENANCE)]
    if odd:
        raise FolderError(
            f"{root / MANIFEST}: {'; '.join(odd)}. Fix: mend it, or write the {what} again."
        )
    absent = [name for name in scalars if name not in manifest]
    absent += [f"provenance.{spec.name}" for spec in fields(Provenance) if spec.name not in origin]
    if absent:
        raise FolderError(
            f"{root / MANIFEST} lacks {', '.join(absent)}. Fix: write the {what} again."
        )
    provenance = Provenance(**{spec.name: origin[spec.name] for spec in fields(Provenance)})
    return root, manifest, provenance


def _in_words(kind: str) -> str:
    """Write the name of a class as people say it.

    Examples
    --------
    >>> _in_words("TargetPlan")
    'target plan'
    """
    return "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip()


def _of_other_types(
    entries: Mapping[str, Any], known: Mapping[str, type | tuple[type, ...]]
) -> list[str]:
    """Say which entries are there and hold something else than they should."""
    told = []
    for name, types in known.items():
        if name not in entries:
            continue
        wanted = types if isinstance(types, tuple) else (types,)
        value = entries[name]
        fits = isinstance(value, (*wanted, int) if float in wanted else wanted)
        if not fits or isinstance(value, bool):
            words = " or ".join(_WORDS[one] for one in wanted)
            told.append(f"{name} is {json.dumps(value, default=str)}, must be {words}")
    return told


def result_frame(
    root: Path,
    stem: str,
    columns: Iterable[Column],
    manifest: dict[str, Any],
) -> pd.DataFrame:
    """Read one frame of a result.

    Raises
    ------
    FolderError
        If the file is absent, lacks a column, or has a cell that holds something else than its
        column does.
    """
    columns = tuple(columns)
    needed = [column.name for column in columns if not column.feature]
    texts = [column.name for column in columns if column.dtype == "text"]
    path = frame_path(root, stem, listed=listed_files(manifest))
    again = f"Fix: write the {_in_words(str(manifest['kind']))} again."
    if path is None:
        raise FolderError(f"{root} lacks {stem}.csv. {again}")
    frame = read_frame(path, text=texts)
    absent = [name for name in needed if name not in frame.columns]
    columns = tuple(column for column in columns if column.name in frame.columns)
    if absent:
        raise FolderError(f"{root}: table {stem} lacks {', '.join(absent)}. {again}")
    empty: dict[str, Any] = dict.fromkeys(texts, "")
    frame = frame.fillna(empty)  # an empty text is written as an empty cell
    faults = [fault for column in columns if (fault := _cell_fault(frame, stem, column))]
    if faults:
        raise FolderError(f"cannot read {path}: {' '.join(map(str, faults))}")
    return frame


def _cell_fault(frame: pd.DataFrame, stem: str, column: Column) -> Fault | None:
    """Find the cells of a column that cannot be what was written."""
    cells = frame[column.name]
    blank = cells.isna().to_numpy(dtype=np.bool_)
    if column.dtype == "text":
        wrong = ~cells.map(lambda cell: isinstance(cell, str)).to_numpy(dtype=np.bool_)
    elif column.dtype == "flag":
        wrong = ~cells.isin([True, False]).to_numpy(dtype=np.bool_)
    elif pd.api.types.is_bool_dtype(cells.dtype):
        wrong = np.ones(len(cells), dtype=np.bool_)
    else:
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        if pd.api.types.is_numeric_dtype(cells.dtype):
            wrong = np.zeros(len(cells), dtype=np.bool_)
        else:
            wrong = np.isnan(numbers) & ~blank
        if column.dtype == "whole":
            wrong |= (numbers != np.floor(numbers)) & ~blank | (blank & (not column.blank))
    if not wrong.any():
        return None
    row = int(wrong.argmax())
    names = [str(frame[name].iloc[row]) for name in ("item", "location") if name in frame]
    return Fault(
        stem,
        column.name,
        row + 1,
        plain(cells.iloc[row]),
        column.requirement,
        "mend the cell, or write the result again",
        key=label_of(*names) if len(names) == 2 else "",
        count=int(wrong.sum()),
    )
