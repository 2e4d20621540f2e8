"""Read a network from the folder it was written to, or that a person filled."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from echelon.errors import Fault, FolderError, TableError, UnknownNameError
from echelon.folder import FORMATS, MANIFEST, NETWORK, listed_files, listed_frames, read_manifest
from echelon.io.frames import frame_path, lines_of, read_frame
from echelon.network import Network
from echelon.network.check_arguments import check_segments
from echelon.tables import CATALOG, SETTINGS, Table, with_segments

_OF_THE_WRITER = ("kind", "files")
"""Entries of a manifest that are not settings of the network."""


def read_network(folder: str | Path) -> Network:
    """Read the tables of a network, CSV or Parquet, and a manifest.

    Parameters
    ----------
    folder : str or Path
        Holds ``stages.csv`` or ``stages.parquet``, and where there are any ``lanes``, ``demand``,
        ``correlation``, ``forecast_errors``, ``levels``, ``calendar``, ``disruptions``, ``stock``,
        ``open_orders``, ``resources`` and ``resource_use``. ``manifest.json`` holds ``period``,
        ``periods_per_year``, ``holding_rate``, ``currency``, ``name`` and ``segments``;
        without one the defaults of ``Network.from_tables`` hold.

    Returns
    -------
    Network
        Equal, bit for bit, to the one that was written.

    Raises
    ------
    FolderError
        If there is no stages table, a file cannot be read, a table is there in both formats, a CSV
        or Parquet file is none of the tables, or the manifest is of another kind of result.
    UnknownNameError
        If the manifest has a setting that networks do not know.
    TableError
        With every fault of all tables.

    Examples
    --------
    >>> import tempfile
    >>> from echelon.network import serial
    >>> network = serial(["plant", "shop"], lead_time=2, holding_cost=[1, 2], demand_mean=5,
    ...                  demand_std=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_network(network.write(folder)).equals(network)
    True
    """
    root = Path(folder)
    settings, manifest = read_settings(root)
    segments, faults = check_segments(settings.get("segments"))
    if faults:
        raise TableError(faults)
    require_known_files(root, manifest, CATALOG)
    paths = {name: frame_path(root, name) for name in CATALOG}
    if paths["stages"] is None:
        raise FolderError(f"{root} holds no stages.csv or stages.parquet. Fix: {_where(root)}.")
    frames = {
        name: read_frame(path, text=text_columns(with_segments(CATALOG[name], segments)))
        for name, path in paths.items()
        if path
    }
    demand = frames.get("demand")
    if demand is not None and written_empty(manifest, demand):
        demand = None
    try:
        return Network.from_tables(
            frames["stages"],
            frames.get("lanes"),
            demand,
            correlation=frames.get("correlation"),
            forecast_errors=frames.get("forecast_errors"),
            levels=frames.get("levels"),
            calendar=frames.get("calendar"),
            disruptions=frames.get("disruptions"),
            stock=frames.get("stock"),
            open_orders=frames.get("open_orders"),
            resources=frames.get("resources"),
            resource_use=frames.get("resource_use"),
            **settings,
        )
    except TableError as error:
        raise TableError(_with_lines(error.faults, paths, frames)) from None


def read_settings(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the settings of the network in a folder, and the manifest that holds them.

    Parameters
    ----------
    root : Path

    Returns
    -------
    settings : dict
        Arguments of ``Network.from_tables`` by name, as they are written.
    manifest : dict

    Raises
    ------
    FolderError
        If there is no such folder, or it holds something else than a network.
    UnknownNameError
        If the manifest has a setting that networks do not know.
    """
    if not root.is_dir():
        raise FolderError(f"{root} is not a folder. Fix: give the folder that holds stages.csv.")
    manifest = read_manifest(root)
    kind = manifest.get("kind", NETWORK)
    if kind != NETWORK:
        raise FolderError(f"{root} holds a {kind}, not a network. Fix: give a network's folder.")
    settings = {name: value for name, value in manifest.items() if name not in _OF_THE_WRITER}
    known = (*SETTINGS.names, "segments")
    for name in settings:
        if name not in known:
            raise UnknownNameError(f"setting in {root / MANIFEST}", name, known)
    return settings, manifest


def require_known_files(
    root: Path, manifest: Mapping[str, Any], tables_known: Collection[str]
) -> None:
    """Raise with every file that looks like a table and would be passed over.

    Parameters
    ----------
    root : Path
        An existing folder.
    manifest : mapping
        The files that it lists are known.
    tables_known : collection of str
        Names of the tables that are read.

    Raises
    ------
    FolderError
    """
    names = sorted(path.name for path in root.iterdir() if path.is_file())
    tables = [f"{name}.{end}" for name in tables_known for end in FORMATS]
    there = {name.partition(".")[0] for name in names if name in tables}
    ours = {*tables, *listed_files(manifest)}
    odd = {}
    for name in names:
        if name not in ours and not name.startswith((".", "~")):  # those are of other programs
            stem, _, end = name.lower().rpartition(".")
            if end in FORMATS:
                near = difflib.get_close_matches(stem, tables_known, n=1, cutoff=0.7)
                is_meant = near and near[0] not in there
                odd[name] = (
                    f"rename {name} to {near[0]}.{end}" if is_meant else f"move {name} elsewhere"
                )
            elif (table := name.lower().partition(".")[0]) in tables_known and table not in there:
                odd[name] = f"save {name} as {table}.csv"
    if odd:
        raise FolderError(
            f"{root} holds {', '.join(odd)}, which would be passed over: the tables are "
            f"{', '.join(f'{name}.csv' for name in tables_known)} or .parquet. "
            f"Fix: {', '.join(odd.values())}."
        )


def _where(root: Path) -> str:
    """Point at the folder of tables inside a run, if it is one."""
    inside = root / "tables"
    is_run = any((inside / f"stages.{end}").exists() for end in FORMATS)
    return f"give {inside}" if is_run else "add one"


def _with_lines(
    faults: Sequence[Fault],
    paths: Mapping[str, Path | None],
    frames: Mapping[str, pd.DataFrame],
) -> list[Fault]:
    """Add to each fault of a row the line of the CSV file on which the row starts."""
    lines = {}
    for name in {fault.table for fault in faults if fault.row}:
        path = paths.get(name)
        if path is not None and path.suffix == ".csv":
            starts = lines_of(path)
            if len(starts) == len(frames[name]):  # else the parsers disagree on what a row is
                lines[name] = starts, path.name
    told = []
    for fault in faults:
        if fault.row and fault.table in lines:
            starts, file = lines[fault.table]
            fault = replace(fault, place=f"line {starts[fault.row - 1]} of {file}")
        told.append(fault)
    return told


def text_columns(table: Table) -> tuple[str, ...]:
    """Columns in which ``007`` is text and must not become 7."""
    return tuple(column.name for column in table.columns if column.dtype in ("text", "json"))


def written_empty(manifest: Mapping[str, Any], demand: pd.DataFrame) -> bool:
    """Whether a network without customers wrote this file, and nobody has filled it since."""
    written = listed_frames(manifest).get("demand", {})
    return len(demand) == 0 and written.get("rows") == 0
