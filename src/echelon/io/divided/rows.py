"""Rows of one table, in batches, wherever they lie."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from echelon.errors import Fault, FolderError
from echelon.tables import Table

_BYTES_OF_A_CELL = 16
"""A number takes eight, a name some twenty."""

_ROWS_AT_ONCE = 32_768
"""Rows of a batch: enough to be fast, few enough for histories of many columns."""

_READ_AT_ONCE = 262_144
"""Bytes of a column that are read from a Parquet file before they are needed."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table that is read batch by batch.

    Attributes
    ----------
    table : Table
        Its contract.
    read : callable
        Gives batches of its rows in order, with those of some columns that are there.
    schema : pyarrow.Schema
        Its columns; an index that pandas wrote is left out, and text is plain text.
    n_rows : int
    files : tuple of (int, str)
        First row and name of each Parquet file, in order; empty where it was read otherwise.
    """

    table: Table
    read: Callable[[Sequence[str]], Iterator[Any]]
    schema: Any
    n_rows: int
    files: tuple[tuple[int, str], ...] = ()

    @property
    def n_bytes(self) -> int:
        """About how much memory it would take as a whole, a text taken for a few words."""
        return self.n_rows * len(self.schema.names) * _BYTES_OF_A_CELL

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[tuple[int, Any]]:
        """Give the rows in order.

        Parameters
        ----------
        columns : sequence of str, optional
            Those of them that the table has; all unless given.

        Yields
        ------
        first : int
            Row at which the batch begins, from 0.
        batch : pyarrow.RecordBatch
        """
        names = self.schema.names if columns is None else columns
        wanted = [name for name in names if name in self.schema.names]
        schema = pa.schema([self.schema.field(name) for name in wanted])
        first = 0
        for batch in self.read(wanted):
            if batch.num_rows:
                yield first, _as(batch, schema)
                first += batch.num_rows
        release()


def release() -> None:
    """Give memory back that Arrow holds for its next batches: others may need it."""
    pa.default_memory_pool().release_unused()


def _as(batch: Any, schema: Any) -> Any:
    """Columns of the kinds that the whole table has, empty where a file lacks one."""
    there = set(batch.schema.names)
    columns = [
        batch.column(one.name).cast(one.type)
        if one.name in there
        else pa.nulls(batch.num_rows, one.type)
        for one in schema
    ]
    return pa.record_batch(columns, schema=schema)


def _of_files(paths: Sequence[Path], columns: Sequence[str]) -> Iterator[Any]:
    """Read Parquet page by page; a scanner of data sets would hold row groups."""
    for path in paths:
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=_READ_AT_ONCE) as file:
            yield from file.iter_batches(
                batch_size=_ROWS_AT_ONCE,
                columns=[name for name in columns if name in file.schema_arrow.names],
                use_threads=False,
            )


def _of_table(table: Any, columns: Sequence[str]) -> Iterator[Any]:
    yield from table.select(columns).to_batches(max_chunksize=_ROWS_AT_ONCE)


def _of_mapped(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped) as file:
        for number in range(file.num_record_batches):
            yield file.get_batch(number).select(columns)


def place_of(files: Sequence[tuple[int, str]], row: int) -> str:
    """Say where a row stands, counted from 1: ``"row 5 of stages/part-2.parquet"``.

    Empty where the table is one file, whose rows are counted so already.

    Examples
    --------
    >>> place_of([(0, "stages/a.parquet"), (100, "stages/b.parquet")], 105)
    'row 5 of stages/b.parquet'
    """
    if len(files) < 2:
        return ""
    first, name = files[bisect_right([first for first, _ in files], row - 1) - 1]
    return f"row {row - first} of {name}"


def rows_of_files(table: Table, paths: Sequence[Path]) -> tuple[TableRows, pd.DataFrame]:
    """Open the Parquet files of a table; their rows follow one another.

    Parameters
    ----------
    table : Table
    paths : sequence of Path
        At least one.

    Returns
    -------
    rows : TableRows
    header : DataFrame
        Its columns, and no row, as pandas reads them.

    Raises
    ------
    FolderError
        If a file cannot be read, or one column is of kinds that do not go together.
    """
    files, schemas = [], []
    first = 0
    for path in paths:
        try:
            metadata = pq.read_metadata(path)
            schemas.append(_as_values(pq.read_schema(path)))
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        name = path.name if len(paths) == 1 else f"{path.parent.name}/{path.name}"
        files.append((first, name))
        first += metadata.num_rows
    try:
        schema = pa.unify_schemas(schemas, promote_options="permissive")
    except (ValueError, TypeError) as error:
        raise _unreadable(paths[0].parent, error) from error
    read = partial(_of_files, tuple(paths))
    return TableRows(table, read, _plain(schema), first, tuple(files)), _header(schema)


def set_down(rows: TableRows, path: Path) -> TableRows:
    """Move a table out of memory into a file, from which batches are mapped.

    Parameters
    ----------
    rows : TableRows
    path : Path
        Written to.

    Returns
    -------
    TableRows
    """
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
        for _, batch in rows.batches():
            writer.write_batch(batch)
    return TableRows(rows.table, partial(_of_mapped, path), rows.schema, rows.n_rows)


def _unreadable(path: Path, error: Exception) -> FolderError:
    return FolderError(f"cannot read {path}: {str(error).strip().rstrip('.')}. Fix: mend the file.")


def rows_of_frame(table: Table, frame: pd.DataFrame) -> tuple[TableRows | None, list[Fault]]:
    """Take the rows of a frame.

    Parameters
    ----------
    table : Table
    frame : DataFrame
        Its header is sound.

    Returns
    -------
    rows : TableRows or None
        None where there is a fault.
    faults : list of Fault
        Columns whose cells are not of one kind, so that no Parquet file can hold them.
    """
    columns, faults = {}, []
    for name in frame.columns:
        try:
            columns[str(name)] = pa.array(frame[name], from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            faults.append(_mixed(table, frame[name]))
    if faults:
        return None, faults
    whole = pa.table(columns)
    rows = TableRows(table, partial(_of_table, whole), _plain(whole.schema), whole.num_rows)
    return rows, []


def _mixed(table: Table, cells: pd.Series) -> Fault:
    """Tell of a column that holds what Arrow has no one type for, at its first odd cell."""
    written = cells[cells.notna()]
    kinds = written.map(type)
    odd = kinds != kinds.iloc[0]
    place = int(odd.to_numpy().argmax()) if odd.any() else 0
    return Fault(
        table.name,
        str(cells.name),
        int(cells.notna().to_numpy().nonzero()[0][place]) + 1,
        written.iloc[place],
        "cannot be written to a file as it stands",
        "write all cells of the column alike; Network.from_tables says which are wrong, and "
        "a network whose distributions are objects can be divided in place of its tables",
    )


def _as_values(schema: Any) -> Any:
    """Take what dictionaries hold: a column may be coded in one part and not in another."""
    fields = [
        one.with_type(one.type.value_type) if pa.types.is_dictionary(one.type) else one
        for one in schema
    ]
    return pa.schema(fields, metadata=schema.metadata)


def _plain(schema: Any) -> Any:
    """Leave out what pandas says of itself, its index, and dictionaries of texts."""
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    named = {name for name in index if isinstance(name, str)}
    return pa.schema(
        [pa.field(one.name, one.type) for one in _as_values(schema) if one.name not in named]
    )


def _header(schema: Any) -> pd.DataFrame:
    frame: pd.DataFrame = schema.empty_table().to_pandas()
    return frame
