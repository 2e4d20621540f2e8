"""A table as it was read: typed columns, faulty cells, and rows named as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import Fault
from echelon.tables.column import Table

Mask: TypeAlias = NDArray[np.bool_]

_NAMED_BY = {"disruptions": "name", "resources": "resource"}
"""Tables whose rows belong to no one stage, and the column that names them."""

_CELL = object()
"""Stands for the cell that a fault is about."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A table as it was read.

    Attributes
    ----------
    table : Table
        The contract it was read by.
    frame : DataFrame
        Columns that were given, typed, in the order of the catalog, rows numbered from 0. Shares no
        memory with the input. A faulty cell is blank.
    faults : list of Fault
        Every fault; more may be added by checks that see several tables.
    faulty : dict of str to (n_rows,) ndarray of bool
        Cells that are faulty, by column.
    empty : (n_rows,) ndarray of bool
        Rows in which nothing is written: every cell is faulty, and no name is missing for it.
    """

    table: Table
    frame: pd.DataFrame
    faults: list[Fault] = field(default_factory=list)
    faulty: dict[str, Mask] = field(default_factory=dict)
    empty: Mask = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def has(self, column: str) -> bool:
        """Whether the column was given."""
        return column in self.frame.columns

    def named(self, columns: tuple[str, ...]) -> bool:
        """Whether all of these columns were given."""
        return all(self.has(column) for column in columns)

    def sound(self, columns: tuple[str, ...]) -> Mask:
        """Rows without a faulty cell in these columns."""
        mask = np.ones(len(self.frame), dtype=np.bool_)
        for column in columns:
            if column in self.faulty:
                mask &= ~self.faulty[column]
        return mask

    def add(
        self, column: str, rows: Mask, message: str, remedy: str, *, value: object = _CELL
    ) -> None:
        """Add a fault of the rows that the mask marks, none if it marks none.

        ``value`` is what the first of them holds; by default the cell in ``column``, which is
        blank if the column is absent.
        """
        if not rows.any():
            return
        first = int(rows.argmax())
        if value is _CELL:
            value = self.frame[column].iloc[first] if self.has(column) else float("nan")
        self.faults.append(
            Fault(
                self.table.name,
                column,
                first + 1,
                plain(value),
                message,
                remedy,
                key=self.label(first),
                count=int(rows.sum()),
            )
        )

    def label(self, row: int) -> str:
        """Name a row by its key, as people read it: ``"bolt @ plant"``."""
        required = tuple(name for name in self.table.key if self.table[name].required)
        if not self.table.key or not self.named(required):
            return ""
        if self.table.name in _NAMED_BY:
            return str(self.frame[_NAMED_BY[self.table.name]].iloc[row])
        key = {name: self.frame[name].iloc[row] for name in self.table.key if self.has(name)}
        return (" and " if self.table.name == "correlation" else " -> ").join(labels_of(key))


def label_of(*key: str) -> str:
    """Name a stage (two parts), a demand row (three) or a lane (four) by its key.

    Examples
    --------
    >>> label_of("bolt", "plant"), label_of("bolt", "plant", "bike", "shop")
    ('bolt @ plant', 'bolt @ plant -> bike @ shop')
    """
    item, location = (part or "?" for part in key[:2])
    stage = f"{item} @ {location}"
    if len(key) == 4:
        return f"{stage} -> {label_of(*key[2:])}"
    return f"{stage} / {key[2]}" if key[2:] and key[2] else stage


def labels_of(key: Mapping[str, Any]) -> list[str]:
    """Name every stage or demand row that a key names, one after the other.

    Parameters
    ----------
    key : mapping of str to cell
        By column, in the order of the table; a name that ends in ``item`` begins the next one.

    Examples
    --------
    >>> labels_of({"item": "bolt", "location": "shop", "market": "EU", "channel": "web"})
    ['bolt @ shop / EU, web']
    >>> labels_of({"from_item": "bolt", "from_location": "x", "to_item": "nut", "to_location": "y"})
    ['bolt @ x', 'nut @ y']
    """
    groups: list[list[str]] = []
    for name, cell in key.items():
        if name.endswith("item"):
            groups.append([])
        if name in ("period", "made_at", "start", "ahead", "other_ahead", "remaining_life"):
            if cell == cell:  # a blank one is every period
                shown = f"{cell:%Y-%m-%d}" if isinstance(cell, pd.Timestamp) else f"{cell:g}"
                groups[-1].append(f"{name.replace('_', ' ')} {shown}")
        else:
            groups[-1].append(cell or "")
    return [label_of(*group[:2], ", ".join(part for part in group[2:] if part)) for group in groups]


def plain(value: Any) -> object:
    """Give a NumPy scalar as the Python value it stands for, so that messages print it plainly."""
    return value.item() if isinstance(value, np.generic) else value
