"""Sums of the hashed cells of many columns, for a digest that does not depend on their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import jit, jit_part
from echelon.kernels.philox import Words


@jit
def add_cells(
    rows: Words,
    cells: Words,
    filled: NDArray[np.bool_],
    columns: Words,
    seeds: Words,
    sums: Words,
) -> None:
    """Add the hashes of the cells that are filled, modulo 2 ** 64.

    rows (n,) hashes of the rows' keys; cells (n_columns, n) bits or hashes of what is in them;
    filled (n_columns, n); columns (n_columns,) hashes of the columns' names; seeds (n_sums,);
    sums (n_sums,) added to, one sum for each seed.
    """
    for c in range(columns.size):
        for i in range(rows.size):
            if filled[c, i]:
                cell = _mixed(rows[i] + columns[c]) ^ _mixed(cells[c, i])
                for k in range(seeds.size):
                    sums[k] += _mixed(cell + seeds[k])


@jit_part
def _mixed(word: np.uint64) -> np.uint64:
    """Finaliser of SplitMix64 (Steele, Lea & Flood, 2014)."""
    mixed = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.uint64(mixed ^ (mixed >> np.uint64(31)))
