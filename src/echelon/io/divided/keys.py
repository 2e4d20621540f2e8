"""Names as numbers: what rows belong together is found without holding their texts.

Two keys may have one number, though hardly ever. Their components then share a shard, in which
names are told apart as ever; nothing else depends on these numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from echelon.network.compiled import Booleans

Codes: TypeAlias = NDArray[np.uint64]
Numbers: TypeAlias = NDArray[np.int32]
"""Rows and groups: tables to divide are large, and four bytes count two thousand million."""

_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
"""Odd numbers of the splitmix64 generator, by which bits are spread."""


def codes_of(columns: Sequence[Any], *, folded: bool = False) -> tuple[Codes, Booleans]:
    """Number each row of some columns of names.

    Parameters
    ----------
    columns : sequence of pyarrow.Array
        At least one, all of one length. A whole number counts as the text that it is read as.
    folded : bool, default False
        Whether names that differ in capitals or leading zeros only are the same.

    Returns
    -------
    codes : (n_rows,) uint64
        The same for the same names on every machine.
    named : (n_rows,) bool
        False where a cell is empty, or no name.

    Examples
    --------
    >>> codes, named = codes_of([pa.array([7, None]), pa.array(["shop", "shop"])])
    >>> bool(codes[0] == codes_of([pa.array(["7"]), pa.array(["shop"])])[0][0]), named.tolist()
    (True, [True, False])
    """
    total = np.zeros(len(columns[0]), dtype=np.uint64)
    named = np.ones(len(columns[0]), dtype=np.bool_)
    for column in columns:
        code, there = _codes_of_one(column, folded)
        total = _spread(total * _FIRST + code)
        named &= there
    return total, named


def _codes_of_one(column: Any, folded: bool) -> tuple[Codes, Booleans]:
    encoded = column.dictionary_encode()
    texts = _as_texts(encoded.dictionary)
    if folded:
        texts = [
            (text.lstrip("0") if text.isdigit() else text.casefold()) or text for text in texts
        ]
    codes: Codes = pd.util.hash_array(np.array([*texts, ""], dtype=object), categorize=False)
    there = np.array([bool(text) for text in texts] + [False], dtype=np.bool_)
    at = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return codes[at], there[at]


def _as_texts(distinct: Any) -> list[str]:
    """Give names as the checks read them, empty where they are none."""
    kind = distinct.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return list(distinct.to_pylist())
    if pa.types.is_integer(kind):
        return [str(value) for value in distinct.to_pylist()]
    if pa.types.is_floating(kind):
        whole = (value for value in distinct.to_pylist())
        return [str(int(value)) if value.is_integer() else "" for value in whole]
    return [""] * len(distinct)


def _spread(codes: Codes) -> Codes:
    codes = (codes ^ (codes >> np.uint64(30))) * _SECOND
    return codes ^ (codes >> np.uint64(31))


@dataclass(frozen=True, slots=True)
class Lookup:
    """Rows by code.

    Attributes
    ----------
    codes : (n_distinct,) uint64
        Ascending.
    rows : (n_distinct,) int32
        First row that has it.
    """

    codes: Codes
    rows: Numbers

    def find(self, codes: Codes, named: Booleans) -> Numbers:
        """Give the row of each code, -1 where there is none or it is not ``named``."""
        if not len(self.codes):
            return np.full(len(codes), -1, dtype=np.int32)
        at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(named & (self.codes[at] == codes), self.rows[at], -1)
