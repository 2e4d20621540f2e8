"""Read columns of dates, and of periods that are numbers or days."""

from __future__ import annotations

import re
from datetime import date
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
    is_whole,
    judge,
    objects,
    type_name,
)
from echelon.tables.misread import date_remedy


def read_dates(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:  # noqa: ARG001
    """Let texts and dates through as they are; what a text means, its owner's formats say."""
    complaints: list[Complaint] = []
    if pd.api.types.is_datetime64_dtype(series.dtype):
        return series.to_numpy(copy=True), complaints
    missing = series.isna().to_numpy(dtype=np.bool_)
    cells = objects(series).copy()
    wrong = ~judge(cells, lambda cell: isinstance(cell, (str, date))) & ~missing
    complain(
        complaints,
        wrong,
        cells,
        f"{column.requirement}, not {type_name(cells, wrong)}",
        column.fix,
    )
    cells[missing | wrong] = None
    return cells, complaints


_DAY = re.compile(r"\d{4}-\d{2}(-\d{2})?")


def read_periods(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:
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
        complain(
            complaints,
            series.notna().to_numpy(dtype=np.bool_),
            objects(series),
            f"{column.requirement}, without a time zone, which moves days",
            "drop it where the days are local: .dt.tz_localize(None)",
        )
        return np.full(len(series), np.datetime64("NaT"), dtype="datetime64[s]"), complaints
    codes, distinct = pd.factorize(series)  # few periods, many rows: judge each once
    cells = pd.Series(distinct).astype(object).to_numpy()
    number = judge(cells, is_whole)
    day = judge(cells, _is_day)
    wrong = ~(number | day)
    mixed = day & number.any() & (number[0] if len(number) else False)
    mixed |= number & day.any() & (not number[0] if len(number) else False)
    shown = objects(series)
    remedy = column.fix
    if wrong.any() and wrong.all() and all(isinstance(cell, str) for cell in cells):
        remedy = date_remedy(list(cells), column, table)
    complain(complaints, _rows(wrong, codes), shown, column.requirement, remedy)
    complain(
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
    numbers_[:-1][good] = [as_float(cell) for cell in cells[good]]
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
