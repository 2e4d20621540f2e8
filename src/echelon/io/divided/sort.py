"""Bring the rows of a table to their shards, through files of a few shards each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from echelon.io.divided.groups import Groups
from echelon.io.divided.keys import Numbers
from echelon.io.divided.rows import TableRows
from echelon.network.compiled import Integers

SHARD, ROW, GROUP = "shard of the row", "row of the source", "group of the row"
"""Columns that go with the rows on their way; no column of a table is called so."""

_BYTES_AT_ONCE = 16_000_000
"""Memory that the part of a table takes which is sorted at once."""

_MOST_FILES = 256


@dataclass(slots=True)
class Sorted:
    """A table whose rows lie in files, each of a run of shards.

    Attributes
    ----------
    files : list of Path
        In the order of the shards.
    n_rows : int
    written, blank : set of str
        Columns that are filled, and that are empty, in some row.
    """

    files: list[Path] = field(default_factory=list)
    n_rows: int = 0
    written: set[str] = field(default_factory=set)
    blank: set[str] = field(default_factory=set)


def sort_out(
    name: str, rows: TableRows, groups: Groups, shard_of: Numbers, n_shards: int, aside: Path
) -> Sorted:
    """Write the rows of a table into files of a few shards each, in batches.

    Parameters
    ----------
    name : str
        Of the table.
    rows : TableRows
    groups : Groups
    shard_of : (n_groups,) int32
        Shard of each group; rows without a group go into the first.
    n_shards : int
    aside : Path
        Folder for the files.

    Returns
    -------
    Sorted
    """
    n_files = int(np.clip(rows.n_bytes // _BYTES_AT_ONCE + 1, 1, min(_MOST_FILES, n_shards)))
    file_of = np.arange(n_shards) * n_files // n_shards
    found = Sorted([aside / f"{name}-{number}.arrow" for number in range(n_files)])
    schema = pa.schema(
        [
            *rows.schema,
            pa.field(SHARD, pa.int32()),
            pa.field(ROW, pa.int64()),
            pa.field(GROUP, pa.int32()),
        ]
    )
    with ExitStack() as stack:
        sinks = [stack.enter_context(pa.OSFile(str(path), "wb")) for path in found.files]
        writers = [stack.enter_context(pa.ipc.new_file(sink, schema)) for sink in sinks]
        for first, batch in rows.batches():
            _note_blanks(batch, found)
            group = groups.of_rows(name, first, batch)
            shard = np.where(group < 0, np.int32(0), shard_of[group])
            row = first + np.arange(len(group))
            known = [*batch.columns, *_numbers(shard, row, group)]
            batch = pa.record_batch(known, schema=schema)
            for number, part in _parts(batch, file_of[shard]):
                writers[number].write_batch(part)
            found.n_rows += len(group)
    return found


def _numbers(shard: Numbers, row: Integers, group: Numbers) -> list[Any]:
    return [pa.array(shard, pa.int32()), pa.array(row, pa.int64()), pa.array(group, pa.int32())]


def _parts(batch: Any, number: Integers) -> Iterator[tuple[int, Any]]:
    """Split a batch by a number of each row, in the order of the rows."""
    if (number == number[0]).all():
        yield int(number[0]), batch
        return
    order = np.argsort(number, kind="stable")
    batch, number = batch.take(pa.array(order)), number[order]
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(number)], strict=True):
        yield int(number[start]), batch.slice(start, stop - start)


def _note_blanks(batch: Any, found: Sorted) -> None:
    for column, cells in zip(batch.schema.names, batch.columns, strict=True):
        n_blank = cells.null_count
        if pa.types.is_floating(cells.type):
            n_blank += int(pc.sum(pc.is_nan(cells)).as_py() or 0)
        if n_blank:
            found.blank.add(column)
        if n_blank < len(cells):
            found.written.add(column)


def shards_of(file: Path, *, is_empty: bool) -> Iterator[tuple[int, Any]]:
    """Give the rows of a file that :func:`sort_out` wrote, shard by shard, in their old order.

    Parameters
    ----------
    file : Path
    is_empty : bool
        Whether the whole table has no rows: that says something, and the first shard says it.

    Yields
    ------
    shard : int
    rows : pyarrow.Table
        With the columns ``ROW`` and ``GROUP``.
    """
    with pa.memory_map(str(file)) as mapped:
        table = pa.ipc.open_file(mapped).read_all()
        if not table.num_rows:
            if is_empty:
                yield 0, table.drop_columns([SHARD])
            return
        number = table.column(SHARD).to_numpy()
        order = np.argsort(number, kind="stable")
        table = table.drop_columns([SHARD]).take(pa.array(order)).combine_chunks()
        number = number[order]
        starts = np.flatnonzero(np.diff(number, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], len(number)], strict=True):
            yield int(number[start]), table.slice(start, stop - start)
