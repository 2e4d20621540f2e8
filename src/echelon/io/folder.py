"""Read a network from the folder it was written to, or that a person filled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from echelon.errors import FolderError, TableError, UnknownNameError
from echelon.folder import MANIFEST, read_frame, read_manifest
from echelon.network import Network
from echelon.network.tables import check_segments
from echelon.tables import CATALOG, SETTINGS, Table, with_segments

_OF_THE_WRITER = ("kind", "files")
"""Entries of a manifest that are not settings of the network."""


def read_network(folder: str | Path) -> Network:
    """Read ``stages``, ``lanes``, ``demand`` and ``correlation``, CSV or Parquet, and a manifest.

    Parameters
    ----------
    folder : str or Path
        Holds ``stages.csv`` or ``stages.parquet``, and where there are any ``lanes``, ``demand``
        and ``correlation``. ``manifest.json`` holds ``period``, ``periods_per_year``,
        ``holding_rate``, ``currency``, ``name`` and ``segments``; without one the defaults of
        ``Network.from_tables`` hold.

    Returns
    -------
    Network
        Equal, bit for bit, to the one that was written.

    Raises
    ------
    FolderError
        If there is no stages table, a file cannot be read, a table is there in both formats, or
        the manifest is of another kind of result.
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
    if not root.is_dir():
        raise FolderError(f"{root} is not a folder. Fix: give the folder that holds stages.csv.")
    manifest = read_manifest(root)
    kind = manifest.get("kind", "Network")
    if kind != "Network":
        raise FolderError(f"{root} holds a {kind}, not a network. Fix: give a network's folder.")
    settings = {name: value for name, value in manifest.items() if name not in _OF_THE_WRITER}
    known = (*SETTINGS.names, "segments")
    for name in settings:
        if name not in known:
            raise UnknownNameError(f"setting in {root / MANIFEST}", name, known)
    segments, faults = check_segments(settings.get("segments"))
    if faults:
        raise TableError(faults)
    frames = {
        table.name: read_frame(root, table.name, text=_texts(with_segments(table, segments)))
        for table in CATALOG.values()
    }
    stages, lanes, demand = (frames[name] for name in ("stages", "lanes", "demand"))
    if stages is None:
        raise FolderError(f"{root} holds no stages.csv or stages.parquet. Fix: add one.")
    if demand is not None and _written_empty(manifest, demand):
        demand = None
    return Network.from_tables(stages, lanes, demand, correlation=frames["correlation"], **settings)


def _texts(table: Table) -> tuple[str, ...]:
    """Columns in which ``007`` is text and must not become 7."""
    return tuple(column.name for column in table.columns if column.dtype in ("text", "json"))


def _written_empty(manifest: dict[str, Any], demand: pd.DataFrame) -> bool:
    """Whether a network without customers wrote this file, and nobody has filled it since."""
    written = manifest.get("files", {}).get("demand", {})
    return len(demand) == 0 and written.get("rows") == 0
