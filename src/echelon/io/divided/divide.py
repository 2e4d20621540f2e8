"""Divide tables once into shards of whole components, in bounded memory."""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from echelon.errors import DomainError, FolderError
from echelon.execution import cut_by_key
from echelon.folder import MANIFEST, kind_of, read_manifest, write_aside
from echelon.io.divided.groups import find_groups
from echelon.io.divided.rows import TableRows
from echelon.io.divided.sort import sort_out
from echelon.io.divided.source import UNDIVIDED, Given, Source, open_source
from echelon.io.divided.tables import KIND, SHARDS, DividedTables, read_divided
from echelon.io.divided.write import Written, finish, write_table

_ASIDE = ".aside-"
_A_DAY = 86_400.0
"""Seconds; what was set aside earlier belongs to no call that still runs."""

STAGES_PER_SHARD = 4_000
"""Large enough that frames cost little beside their rows, small enough to hold many at once."""


def divide(
    source: Source,
    folder: str | Path,
    *,
    stages_per_shard: int = STAGES_PER_SHARD,
    settings: Mapping[str, Any] | None = None,
) -> DividedTables:
    """Divide tables into shards of whole components, each a small folder of Parquet files.

    A stage goes with all that lanes join to it, and with what a correlation or a resource ties to
    that; every other row goes with the stage that it names. Rows are read in batches, and never
    more than a part of a table is in memory. Where shards begin depends on the names of their
    stages: a further SKU changes a shard or two, and the others keep their digest.

    Cells are not looked at yet. A row that names no stage, a key that is there twice or empty goes
    into some shard all the same, and :meth:`DividedTables.check` finds it there.

    Parameters
    ----------
    source : folder, mapping of str to DataFrame, Network or made-up portfolio
        A folder holds each table as ``stages.parquet``, as Parquet files in ``stages/``, whose rows
        follow one another by the names of the files, or as ``stages.csv``, and a
        ``manifest.json`` as :func:`read_network` reads it. ``demand_history`` and ``forecasts`` are
        divided too; ``shipments`` are kept as they are, for a leg is that of many items. Tables in
        CSV are read whole, one at a time.
    folder : str or Path
        Made where absent. What was divided into it before is replaced; shards that are the same
        stay.
    stages_per_shard : int, default 4,000
        About so many; a component that is larger makes a shard by itself.
    settings : mapping, optional
        Arguments of ``Network.from_tables`` that are no tables, in place of those of the source.

    Returns
    -------
    DividedTables

    Raises
    ------
    DomainError
        If ``stages_per_shard`` is not a whole number from 1.
    FolderError
        If a file cannot be read or written, a table is there twice, or the folder holds something
        else.
    TableError
        With every fault of settings and of headers.

    Examples
    --------
    >>> import tempfile
    >>> from echelon.datasets import make_portfolio
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     divided = divide(make_portfolio(40), folder, stages_per_shard=60)
    ...     divided.n_stages, sum(shard.read().n_stages for shard in divided.shards)
    (290, 290)
    """
    return divide_and_tell(source, folder, stages_per_shard, settings, lambda _: None)


def divide_and_tell(
    source: Source,
    folder: str | Path,
    stages_per_shard: int,
    settings: Mapping[str, Any] | None,
    tell: Callable[[int], None],
) -> DividedTables:
    """Divide as :func:`divide` does, and tell early how many shards there will be.

    Parameters
    ----------
    source, folder, stages_per_shard, settings
        As of :func:`divide`.
    tell : callable
        Called once with the number of shards.

    Returns
    -------
    DividedTables
    """
    if type(stages_per_shard) is not int or stages_per_shard < 1:
        raise DomainError(
            f"stages_per_shard is {stages_per_shard!r}. Fix: give a whole number from 1."
        )
    root = Path(folder)
    held = kind_of(root, read_manifest(root))
    if held not in ("", KIND):
        raise FolderError(f"{root} holds a {held}. Fix: choose another folder for the shards.")
    try:
        (root / SHARDS).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=_ASIDE) as aside:
            given = open_source(source, settings, Path(aside))
            told = _divide(given, root, Path(aside), stages_per_shard, tell)
            text = json.dumps(told, indent=1, default=str) + "\n"
            write_aside(root / MANIFEST, lambda path: path.write_text(text, encoding="utf-8"))
    except OSError as error:
        if isinstance(error, FolderError):
            raise
        raise FolderError(f"cannot write {root}: {error}. Fix: choose another folder.") from error
    _sweep(root, told)
    return read_divided(root)


def _divide(
    given: Given, root: Path, aside: Path, stages_per_shard: int, tell: Callable[[int], None]
) -> dict[str, Any]:
    """Write the shards, and give the manifest of the whole."""
    divided = {name: rows for name, rows in given.rows.items() if name not in UNDIVIDED}
    groups = find_groups(divided, aside)
    ranges = cut_by_key(
        groups.size, (f"{code:016x}" for code in groups.code), share=stages_per_shard
    )
    tell(len(ranges))
    shards = [Written() for _ in ranges]
    tables, rows = aside / "tables", aside / "rows"
    tables.mkdir()
    rows.mkdir()
    shard_of = np.repeat(
        np.arange(len(ranges), dtype=np.int32), [last - first for first, last in ranges]
    )
    for name, table in divided.items():
        found = sort_out(name, table, groups, shard_of, len(ranges), aside)
        write_table(name, found, groups, shards, tables, rows)
    settled = [
        finish(shard, tables / str(number), given.settings, root / SHARDS)
        for number, shard in enumerate(shards)
    ]
    kept = root / f"rows-{secrets.token_hex(4)}"  # beside those that a reader may be at
    rows.rename(kept)
    return {
        "kind": KIND,
        "settings": given.settings,
        "stages_per_shard": stages_per_shard,
        "n_stages": int(groups.size.sum()),
        "n_components": groups.n_components,
        "rows": kept.name,
        "undivided": _keep_whole(given.rows, kept),
        "sources": {name: rows.files for name, rows in given.rows.items() if len(rows.files) > 1},
        "lines": given.lines,
        "shards": settled,
    }


def _keep_whole(tables: Mapping[str, TableRows], folder: Path) -> dict[str, str]:
    """Write the tables that are not divided, and give their files."""
    files = {}
    for name in UNDIVIDED:
        if name in tables:
            path = folder / f"{name}.parquet"
            with pq.ParquetWriter(path, tables[name].schema) as writer:
                for _, batch in tables[name].batches():
                    writer.write_batch(batch)
            files[name] = str(path.relative_to(folder.parent))
    return files


def _sweep(root: Path, told: Mapping[str, Any]) -> None:
    """Remove what is used no longer: earlier shards, and what a killed call left behind."""
    used = {shard["digest"] for shard in told["shards"]}
    old = [path for path in (root / SHARDS).iterdir() if path.name not in used]
    old += [path for path in root.glob("rows-*") if path.name != told["rows"]]
    a_day_ago = time.time() - _A_DAY
    old += [path for path in root.glob(f"{_ASIDE}*") if path.stat().st_mtime < a_day_ago]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
