"""Read columns of texts, and of texts that hold JSON."""

from __future__ import annotations

import contextlib
import difflib
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from echelon.tables.column import Column
from echelon.tables.complaint import Complaint, Mask, complain, is_whole, judge, objects, type_name

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and cell.encode("utf-8", "replace") == cell.encode(
        "utf-8", "surrogatepass"
    )


def read_texts(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:  # noqa: ARG001
    """Read a column of texts."""
    complaints: list[Complaint] = []
    missing = series.isna().to_numpy(dtype=np.bool_)
    texts, not_text = _as_texts(series, missing, column.key or column.label)
    if not_text.any():
        cells = objects(series)
        complain(
            complaints,
            not_text,
            cells,
            f"{column.requirement}, not {type_name(cells, not_text)}",
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
    cells = objects(fresh)
    wrong = ~judge(cells, lambda cell: _is_text(cell) or (key and is_whole(cell)))
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


def read_json(series: pd.Series, column: Column, table: str) -> tuple[Any, list[Complaint]]:
    """Read a column of texts, each of them an object of JSON or empty."""
    texts, complaints = read_texts(series, column, table)
    codes, distinct = pd.factorize(pd.Series(texts))
    wrong = np.array([bool(text) and not _is_object(text) for text in distinct], dtype=np.bool_)
    rows = wrong[codes] if len(distinct) else np.zeros(0, dtype=np.bool_)
    complain(complaints, rows, texts, column.requirement, column.fix)
    return texts, complaints


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
