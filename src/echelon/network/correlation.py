"""Pairs of demand rows that vary together: found, checked, and free of contradiction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from echelon.demand.copula import TOLERANCE, largest_scale, smallest_eigenvalue
from echelon.network.compiled import Floats, Integers
from echelon.network.graph import components
from echelon.tables import Checked, Table, check_table

_LARGEST_GROUP = 5_000
"""Rows whose correlations are checked and drawn together; the work grows with the cube."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Checked pairs.

    Attributes
    ----------
    frame : DataFrame
        The table, every key column filled; no rows where there is none.
    first, second : (n_pairs,) int64
        Rows of demand.
    coefficient : (n_pairs,) float64
    """

    frame: pd.DataFrame
    first: Integers
    second: Integers
    coefficient: Floats

    def groups(self) -> Iterator[tuple[Integers, Integers]]:
        """Groups of rows that are correlated, however indirectly; coefficients of 0 join nothing.

        Yields
        ------
        rows : (n,) int64
            Rows of demand, ascending.
        pairs : (m,) int64
            The pairs among them.
        """
        joins = np.flatnonzero(self.coefficient != 0.0)
        if not len(joins):
            return
        rows, ends = np.unique(
            np.concatenate([self.first[joins], self.second[joins]]), return_inverse=True
        )
        group = components(len(rows), ends[: len(joins)], ends[len(joins) :])
        of_pair = group[ends[: len(joins)]]
        rows_of, pairs_of = (
            np.split(
                members[np.argsort(number, kind="stable")], np.cumsum(np.bincount(number))[:-1]
            )
            for members, number in ((rows, group), (joins, of_pair))
        )
        yield from zip(rows_of, pairs_of, strict=True)

    def matrix(self, rows: Integers, pairs: Integers, values: Floats) -> Floats:
        """Symmetric matrix of a group: values at its pairs, 1 on the diagonal, 0 elsewhere."""
        one, other = (np.searchsorted(rows, ends[pairs]) for ends in (self.first, self.second))
        matrix = np.eye(len(rows))
        matrix[one, other] = matrix[other, one] = values[pairs]
        return matrix


def check_correlation(
    frame: object | None, table: Table, demand: pd.DataFrame, std: pd.Series, *, readable: bool
) -> tuple[Checked, Correlation]:
    """Read the table of pairs and find the demand rows that they name.

    Parameters
    ----------
    frame : DataFrame or None
    table : Table
        The contract, with the network's own segment columns.
    demand : DataFrame
        Key of each row of demand: item, location and segments.
    std : Series
        Standard deviation of each row.
    readable : bool
        Whether the key of demand is sound; if not, pairs may miss a row that is there once mended.

    Returns
    -------
    checked : Checked
        With every fault.
    correlation : Correlation
        Of no use where there is a fault.
    """
    names = [column.name for column in table.columns]
    if frame is None:
        empty = _no_pairs(tuple(names))
        none = np.empty(0, dtype=np.int64)
        return Checked(table, empty), Correlation(empty, none, none, np.empty(0))
    checked = check_table(frame, table)
    required = tuple(column.name for column in table.columns if column.required)
    n_rows = len(checked.frame)
    nothing = np.zeros(n_rows, dtype=np.int64)
    if not checked.named(required):
        return checked, Correlation(checked.frame, nothing, nothing, np.zeros(n_rows))
    filled = pd.DataFrame(
        {name: checked.frame[name] if checked.has(name) else np.full(n_rows, "") for name in names},
        index=pd.RangeIndex(n_rows),
    ).astype(dict.fromkeys(names[:-1], "str"))
    half = len(names) // 2
    ends = (names[:half], names[half:-1])
    first, second = (_find(filled, columns, demand, readable=readable) for columns in ends)
    if readable:
        for columns, found in zip(ends, (first, second), strict=True):
            _add_orphans(checked, filled, columns, found)
    coefficient = filled["coefficient"].to_numpy(dtype=np.float64)
    pairs = Correlation(filled, first, second, coefficient)
    _check_pairs(checked, pairs)
    if not checked.faults and n_rows:
        _check_spread(checked, pairs, std.to_numpy(dtype=np.float64))
    if not checked.faults and n_rows:
        _check_contradictions(checked, pairs)
    return checked, pairs


@lru_cache(maxsize=64)
def _no_pairs(names: tuple[str, ...]) -> pd.DataFrame:
    """Every column and no row; networks share it, and nobody writes to it."""
    empty = pd.DataFrame({name: pd.Series(dtype="str") for name in names[:-1]})
    empty["coefficient"] = np.empty(0)
    return empty


def _find(
    filled: pd.DataFrame, names: list[str], demand: pd.DataFrame, *, readable: bool
) -> Integers:
    """Row of demand of each pair's one end, -1 where there is none."""
    if not (readable and len(demand)):
        return np.full(len(filled), -1, dtype=np.int64)
    known = pd.MultiIndex.from_frame(demand)
    return np.asarray(known.get_indexer(pd.MultiIndex.from_frame(filled[names])), dtype=np.int64)


def _add_orphans(checked: Checked, filled: pd.DataFrame, names: list[str], found: Integers) -> None:
    orphan = (found < 0) & checked.sound(tuple(names))
    if not orphan.any():
        return
    checked.add(
        ", ".join(names),
        orphan,
        "names no row of demand",
        "use the item, location and segment of a row of demand, or remove the pair",
        value=tuple(filled[names].iloc[int(orphan.argmax())]),
    )


def _check_pairs(checked: Checked, pairs: Correlation) -> None:
    there = (pairs.first >= 0) & (pairs.second >= 0)
    own = there & (pairs.first == pairs.second)
    low, high = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
    again = pd.DataFrame({"low": low, "high": high}).duplicated().to_numpy() & there & ~own
    straight = pd.DataFrame({"low": pairs.first, "high": pairs.second}).duplicated().to_numpy()
    columns = ", ".join(name for name in checked.table.key if name.startswith("other_"))
    sound = checked.sound(checked.table.key)
    checked.add(
        columns,
        own & sound,
        "must not be the demand row that the pair starts from",
        "remove the row: a demand is in step with itself",
    )
    checked.add(
        columns,
        again & ~straight & sound,
        "the pair is there already, the other way round",
        "keep one of the two rows",
    )


def _check_spread(checked: Checked, pairs: Correlation, std: Floats) -> None:
    known = (std[pairs.first] == 0.0) | (std[pairs.second] == 0.0)
    checked.add(
        "coefficient",
        known & (pairs.coefficient != 0.0),
        "one of the two demands has a standard deviation of 0 and varies with nothing",
        "remove the pair",
    )


def _check_contradictions(checked: Checked, pairs: Correlation) -> None:
    """Refuse coefficients that no demands can have together, group by group."""
    for rows, members in pairs.groups():
        of_group = np.zeros(len(pairs.first), dtype=np.bool_)
        of_group[members] = True
        if len(rows) > _LARGEST_GROUP:
            checked.add(
                "coefficient",
                of_group,
                f"a group of {len(rows):,} demand rows is correlated through one another, "
                f"must be {_LARGEST_GROUP:,} at most",
                "leave out coefficients that matter little",
            )
            continue
        if len(rows) == 2:
            continue  # a single coefficient contradicts nothing
        smallest = smallest_eigenvalue(pairs.matrix(rows, members, pairs.coefficient))
        if smallest < -TOLERANCE:
            most = np.floor(largest_scale(smallest) * 1e4) / 1e4
            checked.add(
                "coefficient",
                of_group,
                f"the coefficients of these {len(rows)} demand rows contradict one another: their "
                f"matrix is not positive definite, its smallest eigenvalue is {smallest:.4g}",
                f"multiply all of them by {most:g} or less, or estimate them together with "
                "fit_correlation, which never contradicts itself",
            )
