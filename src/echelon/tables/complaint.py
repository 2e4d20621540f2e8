"""What is wrong with which rows of a column, and how cells are judged one by one."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Complaint:
    """Rows of a column that share a fault, and what the first of them holds."""

    rows: Mask
    value: object
    message: str
    remedy: str


def complain(
    complaints: list[Complaint], rows: Mask, cells: Any, message: str, remedy: str
) -> None:
    """Add a complaint of these rows, none if there are none; the first of them is shown."""
    if rows.any():
        complaints.append(Complaint(rows, cells[int(rows.argmax())], message, remedy))


def judge(cells: NDArray[Any], verdict: Callable[[Any], bool]) -> Mask:
    """Judge cell by cell; only for columns already known to be of a wrong type."""
    return np.fromiter((verdict(cell) for cell in cells), dtype=np.bool_, count=len(cells))


def objects(series: pd.Series) -> NDArray[Any]:
    """Give the cells as objects."""
    return series.astype(object).to_numpy()


def is_truth(cell: object) -> bool:
    """Whether a cell is a truth value."""
    return isinstance(cell, (bool, np.bool_))


def is_number(cell: object) -> bool:
    """Whether a cell is a number, and no truth value."""
    return isinstance(cell, (numbers.Real, Decimal)) and not is_truth(cell)


def as_float(cell: Any) -> float:
    """Give a number of any kind as a float; one that is too large for it is infinite."""
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def is_whole(cell: Any) -> bool:
    """Whether a cell is a whole number."""
    return is_number(cell) and math.isfinite(as_float(cell)) and bool(cell == int(cell))


def type_name(cells: NDArray[Any], rows: Mask) -> str:
    """Name the type of the first cell of these rows, empty if there are none."""
    return type(cells[int(rows.argmax())]).__name__ if rows.any() else ""
