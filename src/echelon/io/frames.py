"""One table of a folder, from CSV or Parquet, and what a CSV file has to be."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from echelon.errors import FolderError
from echelon.folder import FORMATS

_EXACT_FLOATS: dict[str, Any] = (
    {"float_precision": "round_trip"}
    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1)
    else {}  # exact by default, and the argument warns
)

_SEPARATORS = {";": "semicolons", "\t": "tabs"}


def frame_path(folder: str | Path, stem: str, *, listed: Collection[str] = ()) -> Path | None:
    """Find ``stem.csv`` or ``stem.parquet``; ``None`` where neither exists.

    Parameters
    ----------
    folder : str or Path
    stem : str
        Name of the file without its ending.
    listed : collection of str
        Names of files, as a manifest lists them: the one of them is meant where both exist.

    Raises
    ------
    FolderError
        If both exist and not exactly one of them is listed.
    """
    root = Path(folder)
    found = [path for path in (root / f"{stem}.{end}" for end in FORMATS) if path.exists()]
    if len(found) > 1:
        found = [path for path in found if path.name in listed] or found
    if len(found) > 1:
        raise FolderError(
            f"{root} holds both {stem}.csv and {stem}.parquet. Fix: remove the one that is stale."
        )
    return found[0] if found else None


def read_frame(path: Path, *, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a table.

    In a CSV only an empty cell is missing, so an item may be called ``NA``, and a number is read
    back to the bit that was written.

    Parameters
    ----------
    path : Path
        Ends in ``.csv`` or ``.parquet``.
    text : collection of str
        Columns that hold names, read as written: item ``007`` does not become the number 7.

    Raises
    ------
    FolderError
        If the file cannot be parsed: it is empty, not UTF-8, separated by something other than
        commas, or has rows longer than its header.
    """
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        _require_comma_separated_text(path)
        frame: pd.DataFrame = pd.read_csv(
            path,
            dtype=dict.fromkeys(text, str),
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8-sig",
            low_memory=False,  # else a long column is guessed at piece by piece
            **_EXACT_FLOATS,
        )
    except (ValueError, OSError) as error:  # pandas and pyarrow parse errors are ValueErrors
        longer = isinstance(error, pd.errors.ParserError)
        remedy = "put quotes around a cell that has a comma in it" if longer else "mend the file"
        raise _unreadable(path, str(error).strip().rstrip("."), remedy) from error
    if not isinstance(frame.index, pd.RangeIndex):  # pandas took the first column for an index
        raise _unreadable(
            path,
            "its rows have more cells than its header",
            "name every column, and remove commas at the end of the rows",
        )
    return frame


def _require_comma_separated_text(path: Path) -> None:
    """Refuse what a CSV parser would misread, or refuse in words of its own."""
    written = path.read_bytes()
    try:
        text = written.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = written.count(b"\n", 0, error.start) + 1
        where = "" if written[:2] in (b"\xff\xfe", b"\xfe\xff") else f" in line {line}"
        raise _unreadable(path, f"it is not UTF-8 text{where}", "save it as CSV UTF-8") from None
    if "\x00" in text:
        raise _unreadable(path, "it is not UTF-8 text", "save it as CSV UTF-8")
    header = text.lstrip().partition("\n")[0]
    if not header:
        raise _unreadable(path, "it is empty", "write a header and rows into it, or remove it")
    for separator, words in _SEPARATORS.items():
        if separator in header and "," not in header:
            raise _unreadable(
                path,
                f"it is separated by {words}",
                f"save it with commas, or read it with pandas.read_csv(..., sep={separator!r}) and "
                "give the frames to Network.from_tables",
            )


def _unreadable(path: Path, what: str, remedy: str) -> FolderError:
    return FolderError(f"cannot read {path}: {what}. Fix: {remedy}.")


def lines_of(path: Path) -> list[int]:
    """Give the line that each row of a CSV file starts on, counted from 1.

    A cell may hold a line break and an empty line is no row, so that a row's number does not tell.

    Parameters
    ----------
    path : Path
        A file that :func:`read_frame` has read.

    Returns
    -------
    list of int
        One per row, the header left out; empty if a cell is too long to be looked at.
    """
    starts = []
    with path.open(encoding="utf-8-sig", newline="") as file, contextlib.suppress(csv.Error):
        reader = csv.reader(file)
        start = 1
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                starts.append(start)
            start = reader.line_num + 1
        return starts[1:]
    return []
