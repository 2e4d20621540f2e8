"""The parts that a worker writes: frames of a plan and of a simulation, each a file of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from math import nan
from pathlib import Path
from typing import Final

import pandas as pd

from echelon.errors import FolderError
from echelon.folder import digest, write_aside
from echelon.io.parts import write_part
from echelon.jobs.digest import rows_digest
from echelon.jobs.work import Work
from echelon.policies import columns
from echelon.policies.plan import FEATURE_COLUMNS, Plan
from echelon.results import Result
from echelon.simulation.columns import FRAMES as SIMULATED

_KEYS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "plan": {
        "stages": ("item", "location"),
        "components": ("component",),
        "levels": ("item", "location", "period"),
        "segments": ("item", "location"),
    },
    "simulation": {
        "stages": ("item", "location"),
        "service": ("item", "location"),
        "segments": ("item", "location"),
        "warmups": ("component",),
        "disruptions": ("name",),
    },
}
"""Frames of the two results that are written, part by part, and what names a row of each; frames of
items, locations and totals are left out, for they add up over shards."""

TABLES: Final = tuple(f"{name}/{frame}" for name, keys in _KEYS.items() for frame in keys)
"""Folders under that of a run that parts are written to."""

_NAMED: Final = re.compile(r"part-[0-9a-f]{32}\.(parquet|csv)")

_CONTRACTS: Final = {
    "plan": {
        "stages": columns.STAGES,
        "components": columns.COMPONENTS,
        "levels": columns.LEVELS,
        "segments": columns.SEGMENTS,
    },
    "simulation": SIMULATED,
}

_TIMES: Final = ("seconds", "component")
"""Columns that differ from run to run, or from one division into shards to another."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file that a worker has written.

    Attributes
    ----------
    table : str
        ``"plan/stages"``: result and frame.
    file : str
        Under the folder of the run.
    rows : int
    sha256 : str
    """

    table: str
    file: str
    rows: int
    sha256: str

    def is_there(self, folder: Path) -> bool:
        """Whether the file is there as it was written."""
        path = folder / self.file
        return path.is_file() and digest(path) == self.sha256


def is_part(path: Path) -> bool:
    """Whether a file has the name of one that a worker writes."""
    return _NAMED.fullmatch(path.name) is not None


def write_frames(
    work: Work, name: str, result: Result, parts: list[Part], digests: list[int]
) -> None:
    """Write the frames of a result that have rows, each aside and then renamed."""
    for frame_name, key in _KEYS[name].items():
        frame: pd.DataFrame = getattr(result, frame_name)
        if not len(frame):
            continue
        if isinstance(result, Plan) and frame_name == "stages":
            frame = _with_all_columns(frame)
        table = f"{name}/{frame_name}"
        file = f"{table}/part-{work.key}.{work.file_format}"
        path = work.out / file
        if work.file_format == "csv":
            _write_csv(path, frame)
        else:
            write_part(path, frame, _CONTRACTS[name][frame_name])
        parts.append(Part(table, file, len(frame), digest(path)))
        if "component" not in key:
            named = (*key, *_texts(frame, key)) if frame_name == "segments" else key
            digests.append(rows_digest(table, frame, named, leave_out=_TIMES))


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_aside(path, partial(frame.to_csv, index=False))
    except OSError as error:
        raise FolderError(f"cannot write {path}: {error}. Fix: choose another place.") from error


def _with_all_columns(stages: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that a plan has only where some stage uses them, as they are elsewhere.

    Another shard may have such stages, and all parts have the same columns.
    """
    absent = [name for name in FEATURE_COLUMNS if name not in stages]
    added = {name: 0.0 if name == "cycle_stock" else nan for name in absent}
    return stages.assign(**added)[list(columns.STAGES.names)]


def _texts(frame: pd.DataFrame, key: tuple[str, ...]) -> tuple[str, ...]:
    """Columns of text beside those of the key."""
    kinds = frame.drop(columns=list(key)).dtypes
    return tuple(
        str(name) for name, kind in kinds.items() if not pd.api.types.is_numeric_dtype(kind)
    )
