"""Columns that together describe a distribution: family, moments and parameters, or an object.

Demand is described by them in every row, a lead time where more than two moments are known.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.distributions import FAMILIES, as_distribution, check_moments, make
from echelon.errors import DomainError
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.tables import Checked

Objects: TypeAlias = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Names:
    """How a table calls the columns that describe a distribution, and what else differs.

    Attributes
    ----------
    family, mean, std, parameters, distribution : str
        Columns.
    negative : tuple of str
        What is told, and the remedy, where the mean of an object is negative.
    """

    family: str
    mean: str
    std: str
    parameters: str
    distribution: str
    negative: tuple[str, str]

    @property
    def noun(self) -> str:
        """What the columns describe, in words."""
        return self.mean.replace("_", " ")

    @property
    def moments(self) -> tuple[str, str]:
        """Columns of mean and standard deviation."""
        return self.mean, self.std

    @property
    def columns(self) -> tuple[str, str, str, str, str]:
        """All columns."""
        return *self.texts, self.distribution

    @property
    def texts(self) -> tuple[str, str, str, str]:
        """All columns but that of objects."""
        return self.family, self.mean, self.std, self.parameters


DEMAND_NAMES = Names(
    "family",
    "mean",
    "std",
    "parameters",
    "distribution",
    ("has a negative mean", "give a demand whose mean is >= 0"),
)
LEAD_TIME_NAMES = Names(
    "lead_time_family",
    "lead_time",
    "lead_time_std",
    "lead_time_parameters",
    "lead_time_distribution",
    ("has a negative mean", "give a lead time that is not negative"),
)
RELEASE_TIME_NAMES = Names(
    "release_time_family",
    "release_time",
    "release_time_std",
    "release_time_parameters",
    "release_time_distribution",
    ("has a negative mean", "give a release time that is not negative"),
)


@dataclass(frozen=True, slots=True)
class _Cells:
    """What the columns hold, row by row; blank are ``""`` and NaN."""

    family: Objects
    mean: Floats
    std: Floats
    texts: Objects
    has_object: Booleans
    sound: Booleans  # no fault of the row has been told

    @classmethod
    def of(cls, checked: Checked, names: Names) -> _Cells:
        n_rows = len(checked.frame)

        def texts_of(name: str) -> Objects:
            if checked.has(name):
                return checked.frame[name].to_numpy(dtype=object, copy=True)
            return np.full(n_rows, "", dtype=object)

        def numbers_of(name: str) -> Floats:
            if checked.has(name):
                return checked.frame[name].to_numpy(copy=True)
            return np.full(n_rows, np.nan)

        has_object = (
            checked.frame[names.distribution].notna().to_numpy()
            if checked.has(names.distribution)
            else np.zeros(n_rows, dtype=np.bool_)
        )
        return cls(
            texts_of(names.family),
            numbers_of(names.mean),
            numbers_of(names.std),
            texts_of(names.parameters),
            has_object,
            checked.sound(names.texts),
        )

    def frame(self, names: Names) -> pd.DataFrame:
        """Give them as columns, in new memory."""
        return pd.DataFrame(
            {
                names.family: pd.array(self.family, dtype="str"),
                names.mean: self.mean.copy(),
                names.std: self.std.copy(),
                names.parameters: pd.array(self.texts, dtype="str"),
            }
        )


def check_demand(demand: Checked) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add faults of families and moments; describe every row.

    Returns
    -------
    given, filled : DataFrame
        family, mean, std and parameters of each row; blank in the first, and filled in the second,
        are the moments that follow from the family or the parameters.
    """
    names = DEMAND_NAMES
    if demand.frame.columns.empty:  # no table, or one that cannot be read
        none = {"family": "str", "mean": "float64", "std": "float64", "parameters": "str"}
        return (pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in none.items()}),) * 2
    cells = _Cells.of(demand, names)
    blank = (cells.family == "") & ~cells.has_object
    demand.add(
        "family",
        blank & cells.sound & demand.has("family"),
        "the cell is empty",
        "name the family, 'normal' for example",
    )
    if not demand.has("family"):
        cells.family[~cells.has_object] = "normal"
    _take_objects(demand, names, cells)
    given = cells.frame(names)
    _fill_families(demand, names, cells)
    return given, cells.frame(names)


def check_times(
    checked: Checked, given: pd.DataFrame, names: Names
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add faults of lead times or release times; describe every row of ``stages`` or ``lanes``.

    Parameters
    ----------
    checked : Checked
    given : DataFrame
        Its frame, most likely with other times written anew already.
    names : Names

    Returns
    -------
    given, filled : DataFrame
        The table as it was given, objects written as families; and the columns of mean, std,
        family and parameters, in which no moment is blank.
    """
    cells = _Cells.of(checked, names)
    plain = (cells.family == "") & ~cells.has_object
    checked.add(
        names.parameters,
        plain & (cells.texts != "") & cells.sound,
        f"stand without a {names.family}",
        "name the family, 'empirical' for example, or leave them blank",
    )
    _take_objects(checked, names, cells)
    for name, numbers in ((names.mean, cells.mean), (names.std, cells.std)):
        if checked.table[name].feature or not checked.has(name):
            numbers[plain & np.isnan(numbers)] = 0.0
    given = given.drop(columns=names.distribution, errors="ignore")
    if not plain.all():  # else the columns that are not there need not come to be
        written = cells.frame(names)
        given = given.drop(columns=written.columns, errors="ignore")
        given = pd.concat([given, written], axis="columns")
        given = given[[name for name in checked.table.names if name in given.columns]]
    _fill_families(checked, names, cells)
    _check_values(checked, names, cells)
    return given, cells.frame(names)


def _check_values(checked: Checked, names: Names, cells: _Cells) -> None:
    """Times are not negative, end some day, and are of one distribution in every period."""
    longest = checked.table[names.mean].maximum or np.inf
    refused: dict[tuple[str, str, str], list[int]] = {}
    known: dict[tuple[object, ...], tuple[str, str] | None] = {}
    for row in np.flatnonzero((cells.family != "") & cells.sound).tolist():
        law = (cells.family[row], cells.mean[row], cells.std[row], cells.texts[row])
        if law not in known:
            known[law] = _refusal(*law, longest=longest, noun=names.noun)
        told = known[law]
        if told is not None:
            column = names.distribution if cells.has_object[row] else names.family
            refused.setdefault((column, *told), []).append(row)
    _add_all(checked, refused)


def _refusal(
    family: str, mean: float, std: float, text: str, *, longest: float, noun: str
) -> tuple[str, str] | None:
    """Message and remedy of a distribution that no lead time has, None of one that may be."""
    if family == "per_period":
        return f"is 'per_period', and a {noun} has no cycle", f"give the {noun} of any period"
    if mean > longest or std > longest:
        return (
            f"has a mean of {mean:g} and a standard deviation of {std:g} periods, over {longest:g}",
            "give times in periods of the network",
        )
    if make(family, mean, std, text or None).support[0] < 0.0:
        return (
            f"is {family!r}, by which the {noun} may be negative",
            "use a family from 0 on, 'gamma' or 'truncated_normal'",
        )
    return None


def _fill_families(checked: Checked, names: Names, cells: _Cells) -> None:
    """Check the moments family by family, and fill in those that follow."""
    columns = {"mean": names.mean, "std": names.std, "parameters": names.parameters}
    n_rows = len(checked.frame)
    codes, distinct = pd.factorize(cells.family)
    for code, name in enumerate(distinct):
        rows = np.flatnonzero((codes == code) & cells.sound & ~cells.has_object)
        if name == "" or not rows.size:
            continue
        if name not in FAMILIES:
            _add_unknown_family(checked, names, cells, rows, name)
            continue
        extra = cells.texts[rows].tolist() if any(cells.texts[rows]) else None
        found = check_moments(name, cells.mean[rows], cells.std[rows], extra)
        cells.mean[rows], cells.std[rows], faults = found
        for fault in faults:
            bad = np.zeros(n_rows, dtype=np.bool_)
            bad[rows[list(fault.rows)]] = True
            cells.sound[bad] = False
            column = columns[fault.column]
            remedy = fault.remedy
            if names is not DEMAND_NAMES and any(word in remedy for word in ("demand", "returns")):
                remedy = f"correct {column}, or choose another family"
            message = fault.message
            for moment in ("mean", "std"):  # families know their moments by these names only
                message = message.replace(f": {moment} is ", f": {columns[moment]} is ")
                remedy = remedy.replace(f"leave {moment} blank", f"leave {columns[moment]} blank")
            checked.add(column, bad, f"{message} (family {name!r})", remedy)


def _add_unknown_family(
    checked: Checked, names: Names, cells: _Cells, rows: Integers, name: str
) -> None:
    mask = np.zeros(len(checked.frame), dtype=np.bool_)
    mask[rows] = True
    cells.sound[mask] = False
    near = difflib.get_close_matches(name.lower(), FAMILIES, n=1)
    known = ", ".join(sorted(FAMILIES))
    checked.add(
        names.family,
        mask,
        f"must be one of {known}",
        f"write {near[0]!r}" if near else "use one of the names",
        value=name,
    )


def _take_objects(checked: Checked, names: Names, cells: _Cells) -> None:
    """Describe the objects of a column as family, mean, std and parameters."""
    refused: dict[tuple[str, str, str], list[int]] = {}
    alone = "must stand alone, without {}, {}, {} or {}".format(*names.texts)

    def refuse(row: int, message: str, remedy: str) -> None:
        refused.setdefault((names.distribution, message, remedy), []).append(row)
        cells.sound[row] = False

    for row in np.flatnonzero(cells.has_object & cells.sound).tolist():
        moments = cells.mean[row], cells.std[row]
        if cells.family[row] or cells.texts[row] or not np.isnan(moments).all():
            refuse(row, alone, "blank the others")
            continue
        try:
            law = as_distribution(checked.frame[names.distribution].iloc[row])
        except DomainError as error:
            message, _, remedy = str(error).partition(" Fix: ")
            refuse(row, message.rstrip("."), remedy.rstrip("."))
            continue
        if FAMILIES.get(law.family) is not type(law):
            told = f"is of a family {law.family!r} that is not registered"
            refuse(row, told, "register the class")
            continue
        cells.family[row], cells.mean[row], cells.std[row] = law.family, law.mean, law.std
        extra = law.parameters()
        cells.texts[row] = json.dumps(extra, sort_keys=True) if extra else ""
        if law.mean < 0.0:
            refuse(row, *names.negative)
    _add_all(checked, refused)


def _add_all(checked: Checked, refused: dict[tuple[str, str, str], list[int]]) -> None:
    """Add a fault for each column, message and remedy, with all rows that share it."""
    for (column, message, remedy), places in refused.items():
        mask: Booleans = np.zeros(len(checked.frame), dtype=np.bool_)
        mask[places] = True
        checked.add(column, mask, message, remedy)
