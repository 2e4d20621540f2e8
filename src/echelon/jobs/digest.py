"""One number for all the rows of a run, whatever their order and whichever shard they are from."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from echelon.kernels.cell_digests import add_cells
from echelon.kernels.philox import Words

_SEEDS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)
_BITS: Final = 64
_MODULUS: Final = 1 << _BITS


def rows_digest(
    name: str, frame: pd.DataFrame, key: Sequence[str], *, leave_out: Collection[str] = ()
) -> int:
    """Digest of the cells of a frame: a sum over cells, so that parts may be added in any order.

    A cell counts with its row's key and its column's name; empty cells do not count, so that a
    column that is there in some parts only is the same as one that is blank in the others. It
    tells accidents from equality; it does not keep out somebody who means to forge rows.

    Parameters
    ----------
    name : str
        Of the frame.
    frame : DataFrame
    key : sequence of str
        Columns that name a row.
    leave_out : collection of str
        Columns that differ from run to run: how long it took.

    Returns
    -------
    int
        128 bits. The digest of two frames without a row in common is the sum of theirs, modulo
        2 ** 128.

    Examples
    --------
    >>> frame = pd.DataFrame({"item": ["a", "b"], "stock": [1.0, 2.0]})
    >>> whole = rows_digest("plan", frame, ["item"])
    >>> parts = [rows_digest("plan", frame[frame["item"] == item], ["item"]) for item in "ba"]
    >>> whole == add_digests(parts)
    True
    >>> whole == rows_digest("plan", frame.assign(stock=[2.0, 1.0]), ["item"])
    False
    """
    named = [column for column in frame.columns if column not in (*key, *leave_out)]
    is_number = {name: pd.api.types.is_numeric_dtype(kind) for name, kind in frame.dtypes.items()}
    numeric = [name for name in named if is_number[name]]
    rows = np.zeros(len(frame), dtype=np.uint64)
    for column in key:
        rows = _mixed(rows ^ _hashed(frame[column]), _word(column))
    rows = _mixed(rows, _word(name))
    seeds = np.array(_SEEDS, dtype=np.uint64)
    sums = np.array([_mixed(rows, seed).sum(dtype=np.uint64) for seed in seeds])
    values = frame[numeric].to_numpy(dtype=np.float64).T + 0.0  # there is one zero
    cells = [(values.view(np.uint64), ~np.isnan(values), numeric)]
    for column in (other for other in named if not is_number[other]):
        filled = frame[column].notna().to_numpy()
        cells.append((_hashed(frame[column])[None], filled[None], [column]))
    for words, filled, names in cells:
        columns = np.array([_word(str(name)) for name in names], dtype=np.uint64)
        add_cells(rows, np.ascontiguousarray(words), filled, columns, seeds, sums)
    high, low = (int(total) for total in sums)
    return high << _BITS | low


def add_digests(parts: Collection[int]) -> int:
    """Digest of the rows of several frames together."""
    high = sum(part >> _BITS for part in parts) % _MODULUS
    low = sum(part % _MODULUS for part in parts) % _MODULUS
    return (high << _BITS) | low


def _hashed(column: pd.Series) -> Words:
    """Hash cells; a number is hashed as float64, whatever type its column has in this part."""
    if pd.api.types.is_numeric_dtype(column):
        column = column.astype("float64")
    return np.asarray(pd.util.hash_pandas_object(column, index=False).to_numpy(), dtype=np.uint64)


@cache
def _word(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()))


def _mixed(words: Words, other: np.uint64) -> Words:
    """Finaliser of SplitMix64 (Steele, Lea & Flood, 2014) over the words with another added."""
    with np.errstate(over="ignore"):
        mixed = words + other
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
