"""Write shards: each a folder of tables under the digest of what it holds."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from echelon.folder import MANIFEST, NETWORK, digest
from echelon.io.divided.groups import Groups
from echelon.io.divided.rows import release
from echelon.io.divided.sort import GROUP, ROW, Sorted, shards_of

COMPONENT = "component"

_UNTOLD = ("name",)
"""Settings that nothing is computed from: a new title makes no shard new."""


@dataclass(slots=True)
class Written:
    """What is known of a shard while it is written.

    Attributes
    ----------
    tables : dict of str to dict
        By table: file, rows and SHA-256, as a manifest lists them.
    filled_elsewhere : dict of str to list of str
        By table, columns that are empty here and filled in another shard.
    n_components : int
    """

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    filled_elsewhere: dict[str, list[str]] = field(default_factory=dict)
    n_components: int = 0


def write_table(
    name: str, table: Sorted, groups: Groups, shards: list[Written], tables: Path, rows: Path
) -> None:
    """Write the rows of one table into the folders of their shards.

    Parameters
    ----------
    name : str
        Of the table.
    table : Sorted
        Its files are removed.
    groups : Groups
    shards : list of Written
        What is known of each; the table is added.
    tables, rows : Path
        Folders with one folder per shard, by its number: of tables, and of the rows of the source
        that theirs are.
    """
    in_part = table.written & table.blank
    for file in table.files:
        for number, part in shards_of(file, is_empty=not table.n_rows):
            kept, origin = part.drop_columns([ROW, GROUP]), part.select([ROW, GROUP])
            shard = shards[number]
            path = tables / str(number) / f"{name}.parquet"
            path.parent.mkdir(exist_ok=True)
            pq.write_table(kept, path)
            told = {"file": path.name, "rows": part.num_rows, "sha256": digest(path)}
            shard.tables[name] = told
            empty = [one for one in kept.schema.names if one in in_part and _is_blank(kept[one])]
            if empty:
                shard.filled_elsewhere[name] = sorted(empty)
            if name == "stages":
                component = groups.component[part.column(ROW).to_numpy()]
                shard.n_components = len(np.unique(component))
                origin = origin.append_column(COMPONENT, pa.array(component, pa.int64()))
            (rows / str(number)).mkdir(exist_ok=True)
            pq.write_table(origin, rows / str(number) / f"{name}.parquet")
        file.unlink()
        release()


def _is_blank(cells: Any) -> bool:
    return bool(pc.all(pc.is_null(cells, nan_is_null=True)).as_py())


def finish(
    shard: Written, folder: Path, settings: Mapping[str, Any], shards: Path
) -> dict[str, Any]:
    """Write the manifest of a shard, and put its folder in its place.

    Parameters
    ----------
    shard : Written
    folder : Path
        Where its tables lie.
    settings : mapping
        Of the whole.
    shards : Path
        Holds a folder per shard by digest; one that is there already, as it was written, stays.

    Returns
    -------
    dict
        What the manifest of the whole says of the shard.
    """
    told = {name: value for name, value in settings.items() if name not in _UNTOLD}
    held = {name: table["sha256"] for name, table in sorted(shard.tables.items())}
    content = json.dumps([told, held, shard.filled_elsewhere], sort_keys=True, default=str)
    name = hashlib.sha256(content.encode()).hexdigest()[:32]
    manifest = {"kind": NETWORK, **told, "files": shard.tables}
    text = json.dumps(manifest, indent=2, default=str) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    there = shards / name
    if not _is_whole(there, shard):
        shutil.rmtree(there, ignore_errors=True)
        folder.rename(there)
    return {
        "digest": name,
        "n_components": shard.n_components,
        "n_rows": {table: file["rows"] for table, file in shard.tables.items()},
        "filled_elsewhere": shard.filled_elsewhere,
    }


def _is_whole(folder: Path, shard: Written) -> bool:
    """Whether a shard is there, and no file of it was removed or altered."""
    files = [(folder / table["file"], table["sha256"]) for table in shard.tables.values()]
    return all(path.is_file() and digest(path) == sha256 for path, sha256 in files)
