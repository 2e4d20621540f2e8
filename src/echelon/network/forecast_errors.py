"""Revisions of forecasts: the demand rows they are of, and covariances free of contradiction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.tables import Checked, Table, check_table

_TOLERANCE = 1e-9
"""An eigenvalue below 0 by less than this share of the largest is rounding."""


@dataclass(frozen=True, slots=True)
class ForecastErrors:
    """Checked covariances of revisions.

    Attributes
    ----------
    frame : DataFrame
        The table, every key column filled; no rows where there is none.
    row : (n,) int64
        Row of demand.
    ahead, other_ahead : (n,) int64
        Periods.
    covariance : (n,) float64
        Units squared.
    """

    frame: pd.DataFrame
    row: Integers
    ahead: Integers
    other_ahead: Integers
    covariance: Floats

    def matrices(self) -> dict[int, Floats]:
        """Covariance of the revisions that one period brings, by row of demand.

        Returns
        -------
        dict of int to (n, n) float64
            Element ``[i, k]`` is of the revisions ``i`` and ``k`` periods ahead, units squared.
        """
        found: dict[int, Floats] = {}
        for row in np.unique(self.row).tolist():
            here = self.row == row
            one, other = self.ahead[here], self.other_ahead[here]
            matrix = np.zeros((int(max(one.max(), other.max())) + 1,) * 2)
            matrix[one, other] = matrix[other, one] = self.covariance[here]
            found[row] = matrix
        return found


def check_forecast_errors(
    frame: object | None, table: Table, demand: pd.DataFrame, *, readable: bool
) -> tuple[Checked, ForecastErrors]:
    """Read the table of revisions and find the demand rows that they are of.

    Parameters
    ----------
    frame : DataFrame or None
    table : Table
        The contract, with the network's own segment columns.
    demand : DataFrame
        Key of each row of demand: item, location and segments.
    readable : bool
        Whether the key of demand is sound; if not, a row may be missed that is there once mended.

    Returns
    -------
    checked : Checked
        With every fault.
    errors : ForecastErrors
        Of no use where there is a fault.
    """
    names = list(table.names)
    none = np.empty(0, dtype=np.int64)
    if frame is None:
        empty = _no_errors(tuple(names))
        return Checked(table, empty), ForecastErrors(empty, none, none, none, np.empty(0))
    checked = check_table(frame, table)
    n_rows = len(checked.frame)
    if not checked.named(tuple(column.name for column in table.columns if column.required)):
        nothing = np.zeros(n_rows, dtype=np.int64)
        return checked, ForecastErrors(checked.frame, nothing, nothing, nothing, np.zeros(n_rows))
    filled = _filled(checked, names)
    ends = [filled[name].to_numpy(dtype=np.float64) for name in names[-3:-1]]
    ahead, other = (np.nan_to_num(end).astype(np.int64) for end in ends)
    key = names[:-3]
    row = np.full(n_rows, -1, dtype=np.int64)
    if readable and len(demand):
        known = pd.MultiIndex.from_frame(demand)
        row = known.get_indexer(pd.MultiIndex.from_frame(filled[key])).astype(np.int64)
    if readable:
        orphan = (row < 0) & checked.sound(tuple(key))
        checked.add(
            ", ".join(key),
            orphan,
            "names no row of demand",
            "use the item, location and segment of a row of demand, or remove the row",
            value=tuple(filled[key].iloc[int(orphan.argmax())]) if orphan.any() else None,
        )
    covariance = filled["covariance"].to_numpy(dtype=np.float64)
    errors = ForecastErrors(filled, row, ahead, other, covariance)
    _check_pairs(checked, errors)
    if not checked.faults and n_rows:
        _check_contradictions(checked, errors)
    return checked, errors


@lru_cache(maxsize=64)
def _no_errors(names: tuple[str, ...]) -> pd.DataFrame:
    """Every column and no row; networks share it, and nobody writes to it."""
    columns = {name: pd.Series(dtype="str") for name in names[:-3]}
    periods = {name: pd.Series(dtype="int64") for name in names[-3:-1]}
    return pd.DataFrame({**columns, **periods, names[-1]: np.empty(0)})


def _filled(checked: Checked, names: list[str]) -> pd.DataFrame:
    """Every column: a blank segment is text, a blank other horizon the row's own."""
    n_rows = len(checked.frame)
    frame = pd.DataFrame(
        {
            name: checked.frame[name]
            if checked.has(name)
            else np.full(n_rows, np.nan if name == "other_ahead" else "", dtype=object)
            for name in names
        },
        index=pd.RangeIndex(n_rows),
    ).astype(dict.fromkeys(names[:-3], "str"))
    other = frame["other_ahead"].astype(np.float64)
    frame["other_ahead"] = other.where(other.notna(), frame["ahead"].astype(np.float64))
    if checked.sound(("ahead", "other_ahead")).all():
        frame = frame.astype({"ahead": "int64", "other_ahead": "int64"})
    return frame


def _check_pairs(checked: Checked, errors: ForecastErrors) -> None:
    sound = checked.sound((*checked.table.key, "covariance")) & (errors.row >= 0)
    checked.add(
        "covariance",
        sound & (errors.ahead == errors.other_ahead) & (errors.covariance < 0.0),
        "must be a number >= 0 where both revisions are the same one",
        "give the variance of the revision",
    )
    low = np.minimum(errors.ahead, errors.other_ahead)
    high = np.maximum(errors.ahead, errors.other_ahead)
    pair = pd.DataFrame({"row": errors.row, "low": low, "high": high})
    checked.add(
        "other_ahead",
        pair.duplicated().to_numpy() & sound & ~_told(checked),
        "the pair is there already, the other way round",
        "keep one of the two rows",
    )


def _told(checked: Checked) -> Booleans:
    """Rows that the check of keys has told of: the same key, cell by cell."""
    key = [name for name in checked.table.key if checked.has(name)]
    return checked.frame[key].duplicated().to_numpy()


def _check_contradictions(checked: Checked, errors: ForecastErrors) -> None:
    """Refuse covariances that no revisions can have together, demand row by demand row."""
    for row, matrix in errors.matrices().items():
        values = np.linalg.eigvalsh(matrix)
        if values[0] < -_TOLERANCE * max(values[-1], 0.0) or values[-1] < 0.0:
            checked.add(
                "covariance",
                errors.row == row,
                f"the covariances of this demand row contradict one another: their matrix of "
                f"{len(matrix)} horizons is not positive semidefinite, its smallest eigenvalue is "
                f"{values[0]:.4g}",
                "give a variance for every horizon that a covariance names, and covariances no "
                "larger than the variances allow, or estimate them together with "
                "fit_forecast_revisions",
            )
