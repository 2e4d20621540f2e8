"""Read the cells of one column: typed values, and what is wrong with which rows."""

from __future__ import annotations

import contextlib
import difflib
import json
import math
import numbers
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.tables.column import Column
from echelon.tables.misread import date_remedy, flag_remedy, number_remedy

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

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

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Complaint:
    """Rows of a column that share a fault, and what the first of them holds."""

    rows: Mask
    value: object
    message: str
    remedy: str


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
        "text": _read_texts,
        "json": _read_json,
        "object": _read_objects,
        "date": _read_dates,
        "period": _read_periods,
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
        written = f"{column.default:g}" if _is_number(column.default) else repr(column.default)
        meant = f"; write {written} where that is meant" if column.default != "" else ""
        otherwise = f"{meant}, or leave the whole column out for {written} in every row"
    value = series.iloc[int(missing.argmax())]
    remedy = f"{column.fix_empty or column.fix}{otherwise}"
    return Complaint(missing, value, "the cell is empty", remedy)


def _complain(
    complaints: list[Complaint], rows: Mask, cells: Any, message: str, remedy: str
) -> None:
    if rows.any():
        complaints.append(Complaint(rows, cells[int(rows.argmax())], message, remedy))


def _judge(cells: NDArray[Any], judge: Callable[[Any], bool]) -> Mask:
    """Judge cell by cell; only for columns already known to be of a wrong type."""
    return np.fromiter((judge(cell) for cell in cells), dtype=np.bool_, count=len(cells))


def _objects(series: pd.Series) -> NDArray[Any]:
    return series.astype(object).to_numpy()


def _is_truth(cell: object) -> bool:
    return isinstance(cell, (bool, np.bool_))


def _is_flag(cell: Any) -> bool:
    return _is_truth(cell) or (_is_number(cell) and bool(cell in (0, 1)))


def _is_number(cell: object) -> bool:
    return isinstance(cell, (numbers.Real, Decimal)) and not _is_truth(cell)


def _as_float(cell: Any) -> float:
    """Give a number of any kind as a float; one that is too large for it is infinite."""
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def _is_whole(cell: Any) -> bool:
    return _is_number(cell) and math.isfinite(_as_float(cell)) and bool(cell == int(cell))


def _read_numbers(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:
    complaints: list[Complaint] = []
    dtype = series.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not (
        pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_complex_dtype(dtype)
    ):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        cells: Any = values
    else:
        cells = _objects(series)
        kind = pd.api.types.infer_dtype(cells, skipna=True)
        if kind in ("floating", "empty"):
            values = np.full(len(cells), np.nan)
            there = ~series.isna().to_numpy(dtype=np.bool_)
            values[there] = cells[there].astype(np.float64)
        else:
            values, cells = _read_mixed(series, cells, column, table, complaints)
    written = ~np.isnan(values)
    infinite = np.isinf(values) & ~(column.infinite & (values > 0))
    _complain(complaints, infinite, cells, f"{column.requirement}, and finite", column.fix)
    inside = written & ~infinite
    wrong = inside & ~_within(values, column)
    if wrong.any():
        _complain(
            complaints, wrong, cells, column.requirement, _range_remedy(values[wrong][0], column)
        )
    if column.dtype == "whole":
        broken = inside & ~wrong & (values != np.floor(values))
        _complain(complaints, broken, cells, column.requirement, column.fix)
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
    number = _judge(cells, _is_number)
    flag = _judge(cells, _is_truth)
    text = _judge(cells, lambda cell: isinstance(cell, str)) & ~missing
    other = ~(number | flag | text | missing)
    _complain(complaints, flag, cells, f"{column.requirement}, not a truth value", column.fix)
    values = np.full(len(cells), np.nan)
    values[number & ~missing] = [_as_float(cell) for cell in cells[number & ~missing]]
    if text.any():
        said = np.full(len(cells), np.nan)
        said[text] = pd.to_numeric(pd.Series(cells[text], dtype=object), errors="coerce")
        sound = ~np.isnan(said)
        if (text & ~sound).any():
            text &= ~sound
            values[sound] = said[sound]
            cells = np.where(sound, said.astype(object), cells)
        _complain(
            complaints,
            text,
            cells,
            f"{column.requirement}, not text",
            number_remedy([str(cell) for cell in cells[text]], column, table),
        )
    _complain(
        complaints,
        other,
        cells,
        f"{column.requirement}, not {_type_name(cells, other)}",
        column.fix,
    )
    return values, cells


def _type_name(cells: NDArray[Any], rows: Mask) -> str:
    return type(cells[int(rows.argmax())]).__name__ if rows.any() else ""


def _read_flags(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:
    complaints: list[Complaint] = []
    missing = series.isna().to_numpy(dtype=np.bool_)
    if pd.api.types.is_bool_dtype(series.dtype):
        return series.fillna(False).to_numpy(dtype=np.bool_, copy=True), complaints
    cells = _objects(series)
    flag = _judge(cells, _is_flag)
    values = np.zeros(len(cells), dtype=np.bool_)
    values[flag] = cells[flag].astype(np.bool_)
    said = _judge(cells, lambda cell: isinstance(cell, str) and cell in _FLAG_TEXTS)
    remedy = "write all cells alike, True and False or 1 and 0, and not as text"
    if (~(flag | said) & ~missing).any():  # else all that is wrong is that they are texts
        values[said] = [_FLAG_TEXTS[cell] for cell in cells[said]]
        flag |= said
        words = cells[~missing]
        texts = all(isinstance(cell, str) for cell in words)
        remedy = flag_remedy(list(dict.fromkeys(words)), column, table) if texts else column.fix
    _complain(complaints, ~flag & ~missing, cells, column.requirement, remedy)
    return values, complaints


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and cell.encode("utf-8", "replace") == cell.encode(
        "utf-8", "surrogatepass"
    )


def _read_texts(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:  # noqa: ARG001
    complaints: list[Complaint] = []
    missing = series.isna().to_numpy(dtype=np.bool_)
    texts, not_text = _as_texts(series, missing, column.key or column.label)
    if not_text.any():
        cells = _objects(series)
        _complain(
            complaints,
            not_text,
            cells,
            f"{column.requirement}, not {_type_name(cells, not_text)}",
            column.fix,
        )
    unwritten = missing | not_text
    if unwritten.any():
        texts = texts.mask(unwritten, "")
    codes, distinct = pd.factorize(texts)
    if _are_plain(distinct, column):
        return texts.array, complaints
    faulty = _text_faults(pd.Series(distinct, dtype="str"), column)
    for wrong, message, remedy in faulty:
        rows = wrong[codes] & ~missing & ~not_text
        if rows.any():
            value = texts.iloc[int(rows.argmax())]
            complaints.append(Complaint(rows, value, message, remedy(value)))
    return texts.array, complaints


def _as_texts(series: pd.Series, missing: Mask, key: bool) -> tuple[pd.Series, Mask]:
    """Give the column as text and mark the cells that are none; a key may be a whole number."""
    none_wrong = np.zeros(len(series), dtype=np.bool_)
    if str(series.dtype) == "str":
        return pd.Series(series.array.copy()), none_wrong
    fresh = series.reset_index(drop=True)
    if isinstance(fresh.dtype, pd.CategoricalDtype):
        fresh = fresh.astype(object)
    kind = pd.api.types.infer_dtype(fresh, skipna=True)
    if kind in ("string", "empty"):
        with contextlib.suppress(UnicodeEncodeError):  # half of a surrogate pair: judged by cell
            as_text = fresh.astype("str").copy()
            if as_text.dtype == object:  # of pandas before 3, which encodes nothing
                "".join(as_text).encode()
            return as_text, none_wrong
    if key and pd.api.types.is_integer_dtype(fresh.dtype) and not missing.any():
        return fresh.astype("str"), none_wrong
    cells = _objects(fresh)
    wrong = ~_judge(cells, lambda cell: _is_text(cell) or (key and _is_whole(cell)))
    wrong &= ~missing
    texts = [
        "" if bad or gone else (cell if isinstance(cell, str) else str(int(cell)))
        for cell, bad, gone in zip(cells, wrong, missing, strict=True)
    ]
    return pd.Series(texts, dtype="str"), wrong


def _are_plain(distinct: Any, column: Column) -> bool:
    """Whether a look at each text shows that :func:`_text_faults` finds nothing, as is usual.

    What is printable holds no control character, and no white space but the blank.
    """
    if column.choices or not (column.key or column.label):
        return not column.choices
    return all(
        text.isprintable() and text[0] != " " and text[-1] != " " if text else bool(column.blank)
        for text in distinct.tolist()
    )


def _text_faults(
    distinct: pd.Series, column: Column
) -> list[tuple[Mask, str, Callable[[str], str]]]:
    """Judge the distinct texts; each verdict comes with a function that words the remedy."""
    verdicts: list[tuple[Mask, str, Callable[[str], str]]] = []
    if column.choices:
        allowed = (*column.choices, "") if column.default == "" else column.choices
        wrong = ~distinct.isin(allowed).to_numpy()
        verdicts.append((wrong, column.requirement, lambda value: _nearest(value, column.choices)))
        return verdicts
    padded = (distinct != distinct.str.strip()).to_numpy()
    if column.key or column.label:
        empty = (distinct.str.strip() == "").to_numpy()
        if not column.blank:
            verdicts.append((empty, "the cell is empty", lambda _value: column.fix))
        control = distinct.str.contains(r"[\x00-\x1f\x7f]", regex=True).to_numpy(dtype=np.bool_)
        verdicts.append(
            (
                control & ~empty,
                "has a line break, tab or other control character in it",
                lambda value: f"remove it, write {_CONTROL.sub('', value).strip()!r}",
            )
        )
        padded = padded & ~control
        verdicts.append(
            (
                padded & ~empty,
                "has white space around it",
                lambda value: f"write {value.strip()!r}",
            )
        )
    return verdicts


def _nearest(value: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(value.strip().lower(), known, n=1)
    return f"write {near[0]!r}" if near else f"use {', '.join(map(repr, known))}"


def _read_json(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:
    texts, complaints = _read_texts(series, column, table)
    codes, distinct = pd.factorize(pd.Series(texts))
    wrong = np.array([bool(text) and not _is_object(text) for text in distinct], dtype=np.bool_)
    rows = wrong[codes] if len(distinct) else np.zeros(0, dtype=np.bool_)
    _complain(complaints, rows, texts, column.requirement, column.fix)
    return texts, complaints


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _read_objects(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:  # noqa: ARG001
    cells = _objects(series).copy()
    cells[series.isna().to_numpy(dtype=np.bool_)] = None
    return cells, []


def _read_dates(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:  # noqa: ARG001
    """Let texts and dates through as they are; what a text means, its owner's formats say."""
    complaints: list[Complaint] = []
    if pd.api.types.is_datetime64_dtype(series.dtype):
        return series.to_numpy(copy=True), complaints
    missing = series.isna().to_numpy(dtype=np.bool_)
    cells = _objects(series).copy()
    wrong = ~_judge(cells, lambda cell: isinstance(cell, (str, date))) & ~missing
    _complain(
        complaints,
        wrong,
        cells,
        f"{column.requirement}, not {_type_name(cells, wrong)}",
        column.fix,
    )
    cells[missing | wrong] = None
    return cells, complaints


_DAY = re.compile(r"\d{4}-\d{2}(-\d{2})?")


def _read_periods(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:
    """Read numbers of periods as float64, or days as datetime64: one kind in a column."""
    complaints: list[Complaint] = []
    dtype = series.dtype
    if isinstance(dtype, pd.PeriodDtype):
        series = series.dt.start_time
    if pd.api.types.is_datetime64_dtype(series.dtype):
        return series.to_numpy(dtype="datetime64[s]", copy=True), complaints
    if pd.api.types.is_integer_dtype(dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        return values, complaints
    if isinstance(dtype, pd.DatetimeTZDtype):
        _complain(
            complaints,
            series.notna().to_numpy(dtype=np.bool_),
            _objects(series),
            f"{column.requirement}, without a time zone, which moves days",
            "drop it where the days are local: .dt.tz_localize(None)",
        )
        return np.full(len(series), np.datetime64("NaT"), dtype="datetime64[s]"), complaints
    codes, distinct = pd.factorize(series)  # few periods, many rows: judge each once
    cells = pd.Series(distinct).astype(object).to_numpy()
    number = _judge(cells, _is_whole)
    day = _judge(cells, _is_day)
    wrong = ~(number | day)
    mixed = day & number.any() & (number[0] if len(number) else False)
    mixed |= number & day.any() & (not number[0] if len(number) else False)
    shown = _objects(series)
    remedy = column.fix
    if wrong.any() and wrong.all() and all(isinstance(cell, str) for cell in cells):
        remedy = date_remedy(list(cells), column, table)
    _complain(complaints, _rows(wrong, codes), shown, column.requirement, remedy)
    _complain(
        complaints,
        _rows(mixed, codes),
        shown,
        f"{column.requirement}, and of one kind in all rows",
        "give numbers everywhere or dates everywhere",
    )
    good = ~(wrong | mixed)
    if day[good].any():
        days = np.full(len(cells) + 1, np.datetime64("NaT"), dtype="datetime64[s]")
        days[:-1][good] = [np.datetime64(_as_day(cell), "s") for cell in cells[good]]
        return days[codes], complaints  # code -1, an empty cell, takes the last one
    numbers_ = np.full(len(cells) + 1, np.nan)
    numbers_[:-1][good] = [_as_float(cell) for cell in cells[good]]
    return numbers_[codes], complaints


def _rows(distinct: Mask, codes: NDArray[Any]) -> Mask:
    """Rows whose distinct value is marked; an empty cell has code -1."""
    return np.asarray(np.append(distinct, False)[codes], dtype=np.bool_)


def _is_day(cell: object) -> bool:
    if isinstance(cell, str):
        if not _DAY.fullmatch(cell):
            return False
        try:
            np.datetime64(cell, "D")
        except ValueError:
            return False
        return True
    return isinstance(cell, date) and getattr(cell, "tzinfo", None) is None


def _as_day(cell: Any) -> Any:
    return cell if isinstance(cell, str) else pd.Timestamp(cell).to_datetime64()
