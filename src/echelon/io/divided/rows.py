"""Rows of one table, in batches, wherever they lie."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from echelon.errors import Fault, FolderError
from echelon.tables import Table

_BYTES_OF_A_CELL = 16
"""A number takes eight, a name some twenty."""

_ROWS_AT_ONCE = 65_536
"""Rows of a batch: enough to be fast, few enough for histories of many columns."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table that is read batch by batch.

    Attributes
    ----------
    table : Table
        Its contract.
    data : pyarrow.dataset.Dataset
    schema : pyarrow.Schema
        Its columns; an index that pandas wrote is left out, and text is plain text.
    n_rows : int
    files : tuple of (int, str)
        First row and name of each Parquet file, in order; empty where it was read otherwise.
    """

    table: Table
    data: Any
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
        for batch in self.data.to_batches(
            columns=wanted,
            batch_size=_ROWS_AT_ONCE,
            batch_readahead=1,  # batches that wait are memory
            fragment_readahead=1,
        ):
            if batch.num_rows:
                yield first, batch.cast(schema)
                first += batch.num_rows


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
            schemas.append(pq.read_schema(path))
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        name = path.name if len(paths) == 1 else f"{path.parent.name}/{path.name}"
        files.append((first, name))
        first += metadata.num_rows
    try:
        schema = pa.unify_schemas(schemas, promote_options="permissive")
    except (ValueError, TypeError) as error:
        raise _unreadable(paths[0].parent, error) from error
    data = ds.dataset([str(path) for path in paths], schema=schema, format="parquet")
    kept = _plain(schema)
    return TableRows(table, data, kept, first, tuple(files)), _header(schema)


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
    rows = TableRows(table, ds.dataset(whole), _plain(whole.schema), whole.num_rows)
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


def _plain(schema: Any) -> Any:
    """Leave out what pandas says of itself, its index, and dictionaries of texts."""
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    named = {name for name in index if isinstance(name, str)}
    return pa.schema(
        [
            pa.field(
                one.name, one.type.value_type if pa.types.is_dictionary(one.type) else one.type
            )
            for one in schema
            if one.name not in named
        ]
    )


def _header(schema: Any) -> pd.DataFrame:
    frame: pd.DataFrame = schema.empty_table().to_pandas()
    return frame
