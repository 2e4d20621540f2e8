"""Blocks of rows that become one table: each block says the columns it knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from echelon.datasets.sites import Booleans, Integers, Texts

ORDER = "order"
"""Column that sorts rows: family, then SKU, then upstream before downstream."""
SKU = "sku"
"""Column of the SKU that a row belongs to, -1 where a family shares it."""
ROLE = "role"
"""Column that says what a stage or a lane does."""


class Rows:
    """Collects blocks of rows of one table.

    Parameters
    ----------
    columns : sequence of str
        Of the table; what no block says stays blank.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = list(columns)
        self._blocks: list[pd.DataFrame] = []

    def add(self, role: str, order: Integers, sku: Integers | int, **columns: Any) -> None:
        """Add a block; columns are arrays of one length, or single values."""
        block = {ORDER: order, SKU: np.broadcast_to(sku, order.shape), ROLE: role, **columns}
        self._blocks.append(pd.DataFrame(block))

    def frame(self) -> pd.DataFrame:
        """All rows in order."""
        rows = pd.concat(self._blocks, ignore_index=True)
        rows = rows.reindex(columns=[ORDER, SKU, ROLE, *self._columns])
        return rows.sort_values(ORDER, kind="stable", ignore_index=True)


def numbered(word: str, numbers: Integers, digits: int) -> Texts:
    """Names such as ``"sku 00042"``."""
    return np.array([f"{word} {number:0{digits}d}" for number in numbers.tolist()], dtype=object)


def text_where(condition: Booleans, text: str) -> Texts:
    """Give the text where the condition holds, and blank cells elsewhere."""
    cells = np.full(len(condition), None, dtype=object)
    cells[condition] = text
    return cells
