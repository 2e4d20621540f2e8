"""Codes of the names in a table, kept in a file and not in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from echelon.io.divided.keys import Codes, Lookup, Numbers, codes_of
from echelon.io.divided.rows import TableRows
from echelon.network.compiled import Booleans, Integers

_RECORD = np.dtype([("code", np.uint64), ("named", np.bool_)])

_AT_ONCE = 131_072
"""Codes that are held and sorted at once."""

_MOST_PASSES = 64


@dataclass(frozen=True, slots=True)
class CodedRows:
    """A code for each row of a table, in a file.

    Attributes
    ----------
    path : Path
    n_rows : int
    """

    path: Path
    n_rows: int

    @classmethod
    def of(
        cls, rows: TableRows, columns: Sequence[str], path: Path, *, folded: bool = False
    ) -> CodedRows:
        """Write the codes of some columns, as :func:`codes_of` gives them."""
        n_rows = 0
        with path.open("wb") as file:
            for _, batch in rows.batches(columns):
                codes, named = codes_of([batch.column(name) for name in columns], folded=folded)
                block = np.empty(len(codes), dtype=_RECORD)
                block["code"], block["named"] = codes, named
                block.tofile(file)
                n_rows += len(codes)
        return cls(path, n_rows)

    def blocks(self) -> Iterator[tuple[int, Codes, Booleans]]:
        """Give first row, codes and whether they stand for names, a block of rows at a time."""
        with self.path.open("rb") as file:
            for first in range(0, self.n_rows, _AT_ONCE):
                block = np.fromfile(file, dtype=_RECORD, count=_AT_ONCE)
                yield first, block["code"], block["named"]

    def lookup(self) -> tuple[Lookup, Integers, Integers]:
        """Find the first row of each code, by sorting a range of codes after another.

        Returns
        -------
        lookup : Lookup
        again, first : (n_repeats,) int64
            Rows whose code an earlier row has, and the first that has it.
        """
        codes = np.empty(self.n_rows, dtype=np.uint64)
        rows = np.empty(self.n_rows, dtype=np.int32)
        repeats = [(np.zeros(0, dtype=np.int64),) * 2]
        n_ranges = min(self.n_rows // _AT_ONCE + 1, _MOST_PASSES)
        end = 0
        for number in range(n_ranges):
            code, row = self._in_range(number, n_ranges)
            order = np.argsort(code, kind="stable")
            code, row = code[order], row[order]
            new = np.append(True, code[1:] != code[:-1])[: len(code)]
            start, end = end, end + int(new.sum())
            codes[start:end], rows[start:end] = code[new], row[new]
            if not new.all():
                repeats.append((row[~new], row[new][np.cumsum(new)[~new] - 1]))
        again, first = (np.concatenate(side) for side in zip(*repeats, strict=True))
        return Lookup(codes[:end], rows[:end]), again, first

    def _in_range(self, number: int, n_ranges: int) -> tuple[Codes, Integers]:
        """Codes of names in one of so many ranges of all codes, and their rows."""
        half = np.uint64(32)
        codes: list[Codes] = []
        rows: list[Integers] = []
        for first, code, named in self.blocks():
            falls = (code >> half) * np.uint64(n_ranges) >> half
            inside = np.flatnonzero(named & (falls == number))
            codes.append(code[inside])
            rows.append(first + inside)
        return np.concatenate(codes), np.concatenate(rows)

    def codes_at(self, group: Numbers) -> tuple[Codes, Numbers]:
        """Give the code of the first row of each group, and how many rows each has.

        Parameters
        ----------
        group : (n_rows,) int32
            Numbered by their first rows.

        Returns
        -------
        code : (n_groups,) uint64
        size : (n_groups,) int32
        """
        n_groups = int(group.max()) + 1
        code, size = np.empty(n_groups, dtype=np.uint64), np.zeros(n_groups, dtype=np.int32)
        seen = 0
        for first, codes, _ in self.blocks():
            of = group[first : first + len(codes)]
            distinct, place, count = np.unique(of, return_index=True, return_counts=True)
            size[distinct] += count.astype(np.int32)
            new = distinct >= seen
            code[distinct[new]] = codes[place[new]]
            seen = max(seen, int(distinct[-1]) + 1)
        return code, size
