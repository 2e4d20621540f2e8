"""Tables to divide: from a folder, from frames or from a network, with sound headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

import pandas as pd

from echelon.errors import DomainError, Fault, FolderError, TableError
from echelon.io.divided.rows import TableRows, rows_of_files, rows_of_frame, set_down
from echelon.io.folder import read_settings, require_known_files, text_columns, written_empty
from echelon.io.frames import frame_path, read_frame
from echelon.network import Network
from echelon.network.check_arguments import check_periods, check_segments
from echelon.tables import (
    CATALOG,
    RECORDS,
    SETTINGS,
    Table,
    check_header,
    check_settings,
    with_segments,
)

KNOWN = {**CATALOG, **RECORDS}
"""Tables that a folder to divide may hold."""

UNDIVIDED = ("shipments",)
"""Tables whose rows belong to no one component: a leg of transport is that of many items."""


@runtime_checkable
class HasTables(Protocol):
    """What brings its tables and its settings, as a made-up portfolio does."""

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Frames by name."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Arguments of ``Network.from_tables`` that are no tables."""


Source: TypeAlias = str | Path | Mapping[str, pd.DataFrame] | Network | HasTables


@dataclass(frozen=True, slots=True)
class Given:
    """Tables to divide.

    Attributes
    ----------
    rows : dict of str to TableRows
        By table.
    settings : dict
        As they are written; sound.
    lines : dict of str to str
        CSV files by table, whose rows are told by their lines.
    """

    rows: dict[str, TableRows]
    settings: dict[str, Any]
    lines: dict[str, str]


def open_source(source: Source, settings: Mapping[str, Any] | None, aside: Path) -> Given:
    """Open what is to be divided.

    Parameters
    ----------
    source : folder, mapping of str to DataFrame, Network, or with ``tables`` and ``settings``
    settings : mapping or None
        In place of those of the source.
    aside : Path
        A folder for tables that have to be read otherwise than in batches.

    Returns
    -------
    Given

    Raises
    ------
    FolderError
        If a file cannot be read, a table is there twice, or there are no stages.
    TableError
        With every fault of settings and headers.
    DomainError
        If the source is nothing of the kind.
    """
    if isinstance(source, str | Path):
        return _from_folder(Path(source), settings, aside)
    frames, own = _frames_of(source)
    return _from_frames(frames, dict(own if settings is None else settings))


def _frames_of(source: Source) -> tuple[Mapping[str, pd.DataFrame], Mapping[str, Any]]:
    if isinstance(source, Network):
        tables = source._tables
        told = {name: frame for name, frame in tables.given.items() if len(frame)}
        return told, {**tables.settings, "segments": list(source.segments)}
    if isinstance(source, Mapping):
        return source, {}
    if isinstance(source, HasTables):
        return source.tables, source.settings
    raise DomainError(
        f"source is a {type(source).__name__}. Fix: give a folder, a dictionary of frames by "
        "table, or a network."
    )


def _checked(
    settings: Mapping[str, Any],
) -> tuple[dict[str, Table], list[Fault]]:
    """Give the contracts with the segments of the settings, and what is wrong with those."""
    unknown = [name for name in settings if name not in (*SETTINGS.names, "segments")]
    faults = [
        Fault(
            "network", name, 0, settings[name], "is no setting", f"use {', '.join(SETTINGS.names)}"
        )
        for name in unknown
    ]
    faults += check_settings(settings, SETTINGS)[1]
    segments, wrong = check_segments(settings.get("segments"))
    contracts = {name: with_segments(table, segments) for name, table in KNOWN.items()}
    return contracts, [*faults, *wrong]


def _header_faults(header: pd.DataFrame, table: Table) -> list[Fault]:
    faults = check_header(header, table)
    if table.name not in RECORDS:
        return faults
    keys = ("item", "location") if table.name not in UNDIVIDED else ()
    return [fault for fault in faults if fault.column in keys]  # the rest is for who fits them


def _from_frames(frames: Mapping[str, object], settings: dict[str, Any]) -> Given:
    contracts, faults = _checked(settings)
    rows: dict[str, TableRows] = {}
    for name, frame in frames.items():
        if name not in KNOWN:
            known = ", ".join(KNOWN)
            faults.append(Fault(str(name), "", 0, name, "is not a table", f"use one of {known}"))
            continue
        if not isinstance(frame, pd.DataFrame):
            kind = type(frame).__name__
            faults.append(
                Fault(name, "", 0, kind, "must be a pandas DataFrame", "pass pd.DataFrame(...)")
            )
            continue
        wrong = _header_faults(frame.head(0), contracts[name])
        taken, mixed = (None, []) if wrong else rows_of_frame(contracts[name], frame)
        faults += [*wrong, *mixed]
        if taken is not None:
            rows[name] = taken
    if "stages" not in frames:
        faults.append(Fault("stages", "", 0, None, "the table is missing", "give one"))
    if not faults:
        faults += check_periods(settings.get("period") or "week", frames)
    if faults:
        raise TableError(faults)
    return Given(rows, settings, {})


def _from_folder(root: Path, given: Mapping[str, Any] | None, aside: Path) -> Given:
    settings, manifest = read_settings(root)
    require_known_files(root, manifest, KNOWN)
    settings = settings if given is None else dict(given)
    contracts, faults = _checked(settings)
    rows: dict[str, TableRows] = {}
    headers: dict[str, pd.DataFrame] = {}
    lines: dict[str, str] = {}
    for name, table in contracts.items():
        paths = _files(root, name)
        if not paths:
            continue
        if paths[0].suffix == ".csv":
            frame = read_frame(paths[0], text=text_columns(table))
            headers[name] = frame.head(0)
            wrong = _header_faults(headers[name], table)
            taken, mixed = (None, []) if wrong else rows_of_frame(table, frame)
            faults += [*wrong, *mixed]
            lines[name] = str(paths[0].resolve())
            if taken is not None:
                rows[name] = set_down(taken, aside / f"{name}.arrow")
        else:
            rows[name], headers[name] = rows_of_files(table, paths)
            faults += _header_faults(headers[name], table)
    if (
        "demand" in rows
        and not rows["demand"].n_rows
        and written_empty(manifest, headers["demand"])
    ):
        del rows["demand"]
    if "stages" not in headers:
        raise FolderError(
            f"{root} holds no stages.csv, stages.parquet or stages/*.parquet. Fix: add one."
        )
    if not faults:
        faults += check_periods(
            settings.get("period") or "week", cast(Mapping[str, object], headers)
        )
    if faults:
        raise TableError(faults)
    return Given(rows, settings, lines)


def _files(root: Path, name: str) -> list[Path]:
    """Files of a table: one, or all Parquet files of the folder of its name, by name."""
    one = frame_path(root, name)
    many = sorted((root / name).glob("*.parquet")) if (root / name).is_dir() else []
    if one and many:
        raise FolderError(
            f"{root} holds both {one.name} and Parquet files in {name}/. "
            "Fix: remove those that are stale."
        )
    return [one] if one else many
