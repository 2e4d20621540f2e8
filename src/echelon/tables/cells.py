"""Read the cells of one column: typed values, and what is wrong with which rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.tables.column import Column
from echelon.tables.complaint import (
    Complaint,
    Mask,
    as_float,
    complain,
    is_number,
    is_truth,
    judge,
    objects,
    type_name,
)
from echelon.tables.day_cells import read_dates, read_periods
from echelon.tables.misread import flag_remedy, number_remedy
from echelon.tables.text_cells import read_json, read_texts

_FLAG_TEXTS = {
    "True": True,
    "TRUE": True,
    "true": True,
    "1": True,
    "False": False,
    "FALSE": False,
    "false": False,
    "0": False,
}
"""What a CSV parser takes for a truth value, or a number, where the whole column is so."""


def read_cells(
    series: pd.Series, column: Column, table: str, excused: Mask | None = None
) -> tuple[Any, list[Complaint]]:
    """Read a column.

    Parameters
    ----------
    series : Series
        Not modified.
    column : Column
        The contract.
    table : str
        Name of the table, for remedies that quote code.
    excused : (n_rows,) ndarray of bool, optional
        Rows in which an empty cell has a meaning; all or none of them unless given, as the
        column says.

    Returns
    -------
    values : (n_rows,) array
        float64, int64, bool, text or object by ``column.dtype``; blank where a cell is faulty or
        empty. A whole number that may be blank is float64 where it has no default, and the default
        otherwise. New memory.
    complaints : list of Complaint
        One per kind of fault.
    """
    reader = {
        "number": _read_numbers,
        "whole": _read_numbers,
        "flag": _read_flags,
        "text": read_texts,
        "json": read_json,
        "object": _read_objects,
        "date": read_dates,
        "period": read_periods,
    }[column.dtype]
    values, complaints = reader(series, column, table)
    missing = series.isna().to_numpy(dtype=np.bool_)
    unexcused = missing if excused is None else missing & ~excused
    if unexcused.any() and (excused is not None or not column.blank):
        complaints.insert(0, _missing(unexcused, series, column))
    if column.dtype == "whole" and not (column.blank and column.default is None):
        blank = column.default if column.blank else 0.0
        values[missing] = blank
        for complaint in complaints:
            values[complaint.rows] = 0.0  # there is no blank integer
        values = values.astype(np.int64)
    return values, complaints


def _missing(missing: Mask, series: pd.Series, column: Column) -> Complaint:
    """Tell of empty cells; what the column is by default can be written, or left to the default."""
    otherwise = ""
    if column.default is not None:
        written = f"{column.default:g}" if is_number(column.default) else repr(column.default)
        meant = f"; write {written} where that is meant" if column.default != "" else ""
        otherwise = f"{meant}, or leave the whole column out for {written} in every row"
    value = series.iloc[int(missing.argmax())]
    remedy = f"{column.fix_empty or column.fix}{otherwise}"
    return Complaint(missing, value, "the cell is empty", remedy)


def _is_flag(cell: Any) -> bool:
    return is_truth(cell) or (is_number(cell) and bool(cell in (0, 1)))


def _read_numbers(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:
    complaints: list[Complaint] = []
    dtype = series.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not (
        pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_complex_dtype(dtype)
    ):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        cells: Any = values
    else:
        cells = objects(series)
        kind = pd.api.types.infer_dtype(cells, skipna=True)
        if kind in ("floating", "empty"):
            values = np.full(len(cells), np.nan)
            there = ~series.isna().to_numpy(dtype=np.bool_)
            values[there] = cells[there].astype(np.float64)
        else:
            values, cells = _read_mixed(series, cells, column, table, complaints)
    written = ~np.isnan(values)
    infinite = np.isinf(values) & ~(column.infinite & (values > 0))
    complain(complaints, infinite, cells, f"{column.requirement}, and finite", column.fix)
    inside = written & ~infinite
    wrong = inside & ~_within(values, column)
    if wrong.any():
        complain(
            complaints, wrong, cells, column.requirement, _range_remedy(values[wrong][0], column)
        )
    if column.dtype == "whole":
        broken = inside & ~wrong & (values != np.floor(values))
        complain(complaints, broken, cells, column.requirement, column.fix)
    return values, complaints


def _within(values: NDArray[np.float64], column: Column) -> Mask:
    above = np.greater if column.excludes("minimum") else np.greater_equal
    below = np.less if column.excludes("maximum") else np.less_equal
    inside = np.ones(values.shape, dtype=np.bool_)
    if column.minimum is not None:
        inside &= above(values, column.minimum)
    if column.maximum is not None:
        inside &= below(values, column.maximum)
    return inside


def _range_remedy(value: float, column: Column) -> str:
    if column.percent and 1.0 < value < 100.0:
        return f"write {value / 100.0:.10g} for {value:g} %; {column.fix}"
    return column.fix


def _read_mixed(
    series: pd.Series, cells: NDArray[Any], column: Column, table: str, complaints: list[Complaint]
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Read a column that is not numeric: keep its numbers, complain of the rest by kind.

    One text that is no number makes a CSV parser read the whole column as text. Then that text is
    at fault and the others are the numbers they say; where every text is a number, the column is.
    """
    missing = series.isna().to_numpy(dtype=np.bool_)
    number = judge(cells, is_number)
    flag = judge(cells, is_truth)
    text = judge(cells, lambda cell: isinstance(cell, str)) & ~missing
    other = ~(number | flag | text | missing)
    complain(complaints, flag, cells, f"{column.requirement}, not a truth value", column.fix)
    values = np.full(len(cells), np.nan)
    values[number & ~missing] = [as_float(cell) for cell in cells[number & ~missing]]
    if text.any():
        said = np.full(len(cells), np.nan)
        said[text] = pd.to_numeric(pd.Series(cells[text], dtype=object), errors="coerce")
        sound = ~np.isnan(said)
        if (text & ~sound).any():
            text &= ~sound
            values[sound] = said[sound]
            cells = np.where(sound, said.astype(object), cells)
        complain(
            complaints,
            text,
            cells,
            f"{column.requirement}, not text",
            number_remedy([str(cell) for cell in cells[text]], column, table),
        )
    complain(
        complaints,
        other,
        cells,
        f"{column.requirement}, not {type_name(cells, other)}",
        column.fix,
    )
    return values, cells


def _read_flags(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:
    complaints: list[Complaint] = []
    missing = series.isna().to_numpy(dtype=np.bool_)
    if pd.api.types.is_bool_dtype(series.dtype):
        return series.fillna(False).to_numpy(dtype=np.bool_, copy=True), complaints
    cells = objects(series)
    flag = judge(cells, _is_flag)
    values = np.zeros(len(cells), dtype=np.bool_)
    values[flag] = cells[flag].astype(np.bool_)
    said = judge(cells, lambda cell: isinstance(cell, str) and cell in _FLAG_TEXTS)
    remedy = "write all cells alike, True and False or 1 and 0, and not as text"
    if (~(flag | said) & ~missing).any():  # else all that is wrong is that they are texts
        values[said] = [_FLAG_TEXTS[cell] for cell in cells[said]]
        flag |= said
        words = cells[~missing]
        texts = all(isinstance(cell, str) for cell in words)
        remedy = flag_remedy(list(dict.fromkeys(words)), column, table) if texts else column.fix
    complain(complaints, ~flag & ~missing, cells, column.requirement, remedy)
    return values, complaints


def _read_objects(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:  # noqa: ARG001
    cells = objects(series).copy()
    cells[series.isna().to_numpy(dtype=np.bool_)] = None
    return cells, []
