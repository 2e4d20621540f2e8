"""Where the rows of Willems' chains are: tables with a column ``chain``, or the journal's workbook.

The workbook is the electronic companion of Willems (2008): two sheets per chain, ``01_SD`` with the
stages (Stage Name, relDepth, stageClassification, stageCost, avgDemand, stdDevDemand,
maxServiceTime, serviceLevel, stageTime, stdDev stageTime, stageTime_1, stageTime_%_1, ...) and
``01_LL`` with the arcs (sourceStage, destinationStage).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import DomainError, Fault, FolderError, TableError

_TEXTS = {"stage": ("stage", "stagename"), "class": ("class", "stageclassification")}
_NUMBERS = {
    "relDepth": ("reldepth",),
    "cost": ("cost", "stagecost"),
    "avgDemand": ("avgdemand",),
    "stdDevDemand": ("stddevdemand",),
    "maxServiceTime": ("maxservicetime",),
    "serviceLevel": ("servicelevel",),
    "stageTime": ("stagetime",),
    "stdDevStageTime": ("stddevstagetime",),
}
_ENDS = {"source": ("source", "sourcestage"), "dest": ("dest", "destinationstage")}
_WORKBOOKS = {".xls": "xlrd", ".xlsx": "openpyxl", ".xlsm": "openpyxl"}


class _Layout(NamedTuple):
    """Where the two tables of a chain are: their names for messages, and how to read one."""

    stages: str
    arcs: str
    read: Callable[[str], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Chain:
    """Stages and arcs of one chain as the files have them, columns under one name each.

    Attributes
    ----------
    stages : DataFrame
        stage, class, relDepth, cost, avgDemand, stdDevDemand, maxServiceTime, serviceLevel,
        stageTime, stdDevStageTime (days and units per day); blank cells are NaN.
    arcs : DataFrame
        source, dest.
    times, shares : (n_stages, n_values) float64
        Values of the discrete stage time, days, and their probabilities; NaN where there is none.
    """

    stages: pd.DataFrame
    arcs: pd.DataFrame
    times: NDArray[np.float64]
    shares: NDArray[np.float64]


def read_chain(place: Path, chain: int) -> Chain:
    """Read the rows of one chain, whatever the layout.

    Parameters
    ----------
    place : Path
        As in :func:`echelon.read_willems`.
    chain : int
        Number of the chain.

    Returns
    -------
    Chain

    Raises
    ------
    FolderError
        If the files are not there or cannot be read, or a package to read a workbook is missing.
    DomainError
        If there is no such chain; lists those there.
    TableError
        If a column is missing or a number is text.
    """
    layout = _find(place, chain)
    faults: list[Fault] = []
    raw_stages, raw_arcs = layout.read(layout.stages), layout.read(layout.arcs)
    # a discrete stage time has as many pairs of columns as the longest one in the file needs
    plain = [_plain(name) for name in raw_stages.columns]
    ordinals = [
        name[10:] for name in plain if name.startswith("stagetime_") and name[10:].isdigit()
    ]
    values = [f"stageTime_{ordinal}" for ordinal in ordinals]
    shares = [f"stageTime_%_{ordinal}" for ordinal in ordinals]
    numeric = {**_NUMBERS, **{name: (name.lower(),) for name in (*values, *shares)}}
    stages = _columns(raw_stages, {**_TEXTS, **numeric}, layout.stages, faults)
    arcs = _columns(raw_arcs, _ENDS, layout.arcs, faults)
    if not faults:
        for name in numeric:
            column = stages[name]
            numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
            bad = np.flatnonzero(numbers.isna() & column.notna())
            for row in bad[:1].tolist():
                value, key = column.iloc[row], str(stages["stage"].iloc[row])
                told = ("must be a number", "write a number, or leave the cell empty")
                fault = Fault(layout.stages, name, row + 1, value, *told, key=key, count=len(bad))
                faults.append(fault)
            stages[name] = numbers
    if faults:
        raise TableError(faults)
    return Chain(stages, arcs, stages[values].to_numpy(), stages[shares].to_numpy())


def _find(place: Path, chain: int) -> _Layout:
    """Recognise the layout."""
    if place.is_dir():
        if (place / "stages.csv").is_file() and (place / "arcs.csv").is_file():
            return _Layout("stages", "arcs", lambda name: _rows_of(place / f"{name}.csv", chain))
        sheets = [path.stem for path in place.glob("*_[SL][DL].csv")]
        if sheets:
            pair = _sheets_of(chain, sheets, place)
            return _Layout(*pair, lambda name: _read_csv(place / f"{name}.csv"))
        workbooks = sorted(path for path in place.iterdir() if path.suffix.lower() in _WORKBOOKS)
        if len(workbooks) == 1:
            place = workbooks[0]
    if place.is_file() and place.suffix.lower() in _WORKBOOKS:
        with _open_workbook(place) as book:
            pair = _sheets_of(chain, [str(name) for name in book.sheet_names], place)
            frames = {name: _parse(book, name) for name in pair}
        return _Layout(*pair, frames.__getitem__)
    raise FolderError(
        f"{place} holds no chains. Fix: give a folder with stages.csv and arcs.csv, "
        "the workbook with sheets 01_SD and 01_LL, or a folder with these as CSV files."
    )


def _rows_of(path: Path, chain: int) -> pd.DataFrame:
    frame = _read_csv(path)
    if "chain" not in frame.columns:
        fix = "add the column, or export single sheets as 01_SD.csv and 01_LL.csv"
        raise TableError([Fault(path.stem, "chain", 0, None, "the column is missing", fix)])
    if not pd.api.types.is_integer_dtype(frame["chain"].dtype):
        wrong = pd.to_numeric(frame["chain"], errors="coerce") % 1 != 0
        row, fix = int(wrong.to_numpy().argmax()), "write the number of the chain, 1 for example"
        told = (frame["chain"].iloc[row], "must be a whole number", fix)
        raise TableError([Fault(path.stem, "chain", row + 1, *told, count=int(wrong.sum()))])
    _require_chain(chain, (int(number) for number in frame["chain"].unique()), path)
    return frame[frame["chain"] == chain].drop(columns="chain").reset_index(drop=True)


def _sheets_of(chain: int, names: Iterable[str], place: Path) -> tuple[str, str]:
    there = set(names)
    whole = [name[:2] for name in there if name[2:] == "_SD" and f"{name[:2]}_LL" in there]
    _require_chain(chain, (int(number) for number in whole if number.isdigit()), place)
    return f"{chain:02d}_SD", f"{chain:02d}_LL"


def _require_chain(chain: int, known: Iterable[int], place: Path) -> None:
    there = sorted(known)
    if chain not in there:
        raise DomainError(
            f"chain {chain} is not in {place}. Fix: choose one of {', '.join(map(str, there))}."
        )


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        # only an empty cell is blank: a stage may be called NA
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot read {path}: {error}. Fix: give a readable CSV file.") from None


def _open_workbook(path: Path) -> pd.ExcelFile:
    package = _WORKBOOKS[path.suffix.lower()]
    try:
        return pd.ExcelFile(path)
    except ImportError:
        raise FolderError(
            f"{path} needs the package {package!r}, which is not installed. "
            "Fix: pip install 'echelon[excel]'."
        ) from None
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot read {path}: {error}. Fix: give a readable workbook.") from None


def _parse(book: pd.ExcelFile, sheet: str) -> pd.DataFrame:
    frame = pd.read_excel(book, sheet_name=sheet, keep_default_na=False, na_values=[""])
    return frame.dropna(how="all")  # a sheet may end in rows that were formatted and never filled


def _columns(
    raw: pd.DataFrame, wanted: Mapping[str, tuple[str, ...]], table: str, faults: list[Fault]
) -> pd.DataFrame:
    """Take the columns wanted, whatever their spaces and capitals."""
    found = {_plain(name): raw[name] for name in raw.columns}
    taken: dict[str, pd.Series[Any]] = {}
    for name, spellings in wanted.items():
        there = [found[spelling] for spelling in spellings if spelling in found]
        if there:
            taken[name] = there[0]
        else:
            fix = f"add it; the columns are {', '.join(map(str, raw.columns))}"
            faults.append(Fault(table, name, 0, None, "the column is missing", fix))
    return pd.DataFrame(taken).reset_index(drop=True)


def _plain(name: object) -> str:
    return "".join(str(name).lower().split())
