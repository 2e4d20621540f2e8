"""Frames that lie in parts: written one by one, and read as one frame, whole or in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from echelon.display import ROWS, counted, more
from echelon.errors import DomainError, FolderError, UnknownNameError
from echelon.folder import write_aside
from echelon.tables import Table

Condition: TypeAlias = tuple[str, str, Any]
"""What a row must be: column, one of ``== != < <= > >= in``, ``not in``, and a value or values."""

_TYPES = {
    "text": pa.large_string(),
    "json": pa.large_string(),
    "number": pa.float64(),
    "whole": pa.int64(),
    "period": pa.int64(),
    "flag": pa.bool_(),
    "date": pa.timestamp("us"),
}

_COMPARED = {
    "==": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def write_part(path: str | Path, frame: pd.DataFrame, table: Table | None = None) -> Path:
    """Write a part of a frame as Parquet, aside and then renamed.

    Parameters
    ----------
    path : str or Path
        Its folder is made where absent; a file of the name is replaced.
    frame : DataFrame
        The index is not written.
    table : Table, optional
        Describes the columns, so that one that is empty in this part has its type all the same.

    Returns
    -------
    Path

    Raises
    ------
    FolderError
        If the file cannot be written.
    """
    target = Path(path)
    part = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    known = {column.name: column.dtype for column in table.columns} if table else {}
    typed = [
        one.with_type(_TYPES.get(known.get(one.name, ""), one.type))
        if pa.types.is_null(one.type)
        else one
        for one in part.schema
    ]
    # texts come often; numbers hardly do, and looking for the few that do takes half the time
    texts = [one.name for one in typed if one.type in (pa.string(), pa.large_string())]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        whole = part.cast(pa.schema(typed))
        write_aside(target, lambda aside: pq.write_table(whole, aside, use_dictionary=texts))
    except OSError as error:
        raise FolderError(f"cannot write {target}: {error}. Fix: choose another place.") from error
    return target


@dataclass(frozen=True, repr=False, eq=False)
class PartedFrame:
    """A frame whose rows lie in Parquet files, read when they are asked for.

    Parameters
    ----------
    files : sequence of Path
        The parts, in the order of the rows. A column may be missing in some: it is blank there.
    numbers : mapping of str to sequence of int64 arrays, optional
        By column, what a part's numbers from 0 mean in the whole, one array per part: components
        are numbered anew in every shard.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_part(f"{folder}/0.parquet", pd.DataFrame({"item": ["a", "b"], "stock": 1.5}))
    ...     _ = write_part(f"{folder}/1.parquet", pd.DataFrame({"item": ["c"], "stock": 4.0}))
    ...     parted = PartedFrame.open(folder)
    ...     len(parted), parted.to_frame(where=[("stock", ">", 2)])
    (3,   item  stock
    0    c    4.0)
    """

    files: Sequence[Path]
    numbers: Mapping[str, Sequence[NDArray[np.int64]]] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        numbers: Mapping[str, Sequence[NDArray[np.int64]]] | None = None,
    ) -> PartedFrame:
        """Take all Parquet files of a folder, in the order of their names.

        Raises
        ------
        FolderError
            If there is none.
        """
        files = sorted(Path(folder).glob("*.parquet"))
        if not files:
            raise FolderError(f"{folder} holds no parts. Fix: give the folder of *.parquet files.")
        return cls(tuple(files), numbers or {})

    @cached_property
    def _schemas(self) -> list[Any]:
        return [_read(pq.read_schema, file).remove_metadata() for file in self.files]

    @cached_property
    def _schema(self) -> Any:
        """Every column of any part; one that is missing somewhere may be blank."""
        if not self._schemas:
            return pa.schema([])
        merged = pa.unify_schemas(self._schemas, promote_options="permissive")
        kept = []
        for name in _in_order([schema.names for schema in self._schemas]):
            kind = merged.field(name).type
            everywhere = all(name in schema.names for schema in self._schemas)
            if pa.types.is_integer(kind) and not everywhere:
                kind = pa.float64()
            kept.append(pa.field(name, kind))
        return pa.schema(kept)

    @cached_property
    def _n_rows(self) -> int:
        return sum(_read(pq.read_metadata, file).num_rows for file in self.files)

    def __len__(self) -> int:
        return self._n_rows

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(self._schema.names)

    @property
    def n_parts(self) -> int:
        """How many files."""
        return len(self.files)

    def to_frame(
        self, columns: Sequence[str] | None = None, where: Sequence[Condition] = ()
    ) -> pd.DataFrame:
        """Read rows into memory.

        Parameters
        ----------
        columns : sequence of str, optional
            All unless given.
        where : sequence of (column, comparison, value)
            Conditions that rows must meet, all of them: ``[("item", "in", ["a", "b"]),
            ("safety_stock", ">", 0)]``. A blank cell meets none.

        Returns
        -------
        DataFrame
            Rows in the order of the parts, numbered from 0.

        Raises
        ------
        UnknownNameError
            If there is no such column.
        DomainError
            If a comparison is none of those.
        FolderError
            If a part cannot be read.
        """
        parts = list(self._tables(columns, where))
        if not parts:
            return pd.DataFrame()
        frame: pd.DataFrame = pa.concat_tables(parts).to_pandas()
        return frame

    def batches(
        self, columns: Sequence[str] | None = None, where: Sequence[Condition] = ()
    ) -> Iterator[pd.DataFrame]:
        """Give the rows part by part, so that one part is in memory at a time.

        Parameters
        ----------
        columns, where
            As in :meth:`to_frame`.

        Yields
        ------
        DataFrame
            Of the parts in which some row is left.
        """
        first = 0
        for part in self._tables(columns, where):
            if part.num_rows:
                frame = part.to_pandas()
                frame.index = pd.RangeIndex(first, first + len(frame))
                first += len(frame)
                yield frame

    def head(self, n: int = ROWS) -> pd.DataFrame:
        """Read the first rows."""
        kept, count = [], 0
        for part in self._tables(None, ()):
            kept.append(part.slice(0, n - count))
            count += kept[-1].num_rows
            if count >= n:
                break
        return pa.concat_tables(kept).to_pandas() if kept else pd.DataFrame()

    def digest(self) -> str:
        """Thirty-two hexadecimal digits that change when a part does, or their order."""
        hashed = hashlib.sha256()
        for file in self.files:
            hashed.update(hashlib.sha256(file.read_bytes()).digest())
        return hashed.hexdigest()[:32]

    def _tables(self, columns: Sequence[str] | None, where: Sequence[Condition]) -> Iterator[Any]:
        names = list(self.columns if columns is None else columns)
        asked = [name for name, _, _ in where]
        for name in (*names, *asked):
            if name not in self.columns:
                raise UnknownNameError("column", name, self.columns)
        kept = _expression(where, self._schema)
        needed = list(dict.fromkeys((*names, *asked)))
        return self._read_tables(names, needed, kept)

    def _read_tables(self, names: list[str], needed: list[str], kept: Any) -> Iterator[Any]:
        schema = pa.schema([self._schema.field(name) for name in needed])
        for place, (file, own) in enumerate(zip(self.files, self._schemas, strict=True)):
            there = [name for name in needed if name in own.names]
            part = _read(pq.ParquetFile, file).read(columns=there)
            columns = [
                self._cells(part, place, name)
                if name in there
                else pa.nulls(part.num_rows, schema.field(name).type)
                for name in needed
            ]
            whole = pa.table(columns, names=needed).cast(schema)
            yield (whole if kept is None else whole.filter(kept)).select(names)

    def _cells(self, part: Any, place: int, name: str) -> Any:
        if name not in self.numbers:
            return part.column(name)
        return pa.array(np.asarray(self.numbers[name][place])[part.column(name).to_numpy()])

    def __repr__(self) -> str:
        """Show the first rows."""
        title = f"PartedFrame: {counted(len(self), 'row')} in {counted(self.n_parts, 'part')}"
        shown = self.head()
        rest = more(len(self), len(shown), ".to_frame() or .batches()")
        return "\n".join([title, shown.to_string(index=False), *([rest] if rest else [])])

    def _repr_html_(self) -> str:
        shown = self.head()
        rest = more(len(self), len(shown), ".to_frame() or .batches()")
        return f"{shown.to_html(index=False)}<p>{counted(len(self), 'row')}. {rest}</p>"


def _read(read: Any, file: Path) -> Any:
    try:
        return read(file)
    except (OSError, ValueError) as error:
        words = str(error).strip().rstrip(".")
        raise FolderError(f"cannot read {file}: {words}. Fix: write the part anew.") from error


def _in_order(lists: Sequence[Sequence[str]]) -> list[str]:
    """Merge lists of names: one that is new goes behind the one it follows."""
    merged: list[str] = []
    for names in dict.fromkeys(map(tuple, lists)):
        place = 0
        for name in names:
            if name in merged:
                place = merged.index(name) + 1
            else:
                merged.insert(place, name)
                place += 1
    return merged


def _expression(where: Sequence[Condition], schema: Any) -> Any:
    kept = None
    for name, comparison, value in where:
        column = pc.field(name)
        if comparison in ("in", "not in"):
            among = column.isin(pa.array(list(value)).cast(schema.field(name).type))
            test = among if comparison == "in" else ~among & column.is_valid()
        elif comparison in _COMPARED:
            test = _COMPARED[comparison](column, pc.scalar(value))
        else:
            known = ", ".join(map(repr, (*_COMPARED, "in", "not in")))
            raise DomainError(f"where compares by {comparison!r}. Fix: use one of {known}.")
        kept = test if kept is None else kept & test
    return kept
