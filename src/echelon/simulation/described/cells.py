"""Cells of a network's tables, in the order of its compiled arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
from echelon.network.network import Network

TableName: TypeAlias = Literal["stages", "lanes", "demand"]

_LANE_KEY = ("from_item", "from_location", "to_item", "to_location")

_NAMED = 5
"""Stages or lanes named in a message; more are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The tables of a network, read column by column: a whole table would be a copy.

    Attributes
    ----------
    network : Network
    compiled : CompiledNetwork
    """

    network: Network
    compiled: CompiledNetwork

    @classmethod
    def of(cls, network: Network) -> Cells:
        """Take the tables of a network."""
        return cls(network, network.compiled)

    def rows(self, table: TableName) -> Integers:
        """Row of the table behind each place of the compiled arrays."""
        compiled = self.compiled
        return {
            "stages": compiled.stage_row,
            "lanes": compiled.lane_row,
            "demand": compiled.demand_row,
        }[table]

    def numbers(self, table: TableName, name: str, *, blank: float = np.nan) -> Floats:
        """Numbers of a column, float64 in new memory; ``blank`` stands for a blank cell."""
        values = self.network.cells(table, name)
        chosen = values[self.rows(table)].astype(np.float64)
        if blank == blank:
            chosen[np.isnan(chosen)] = blank
        return chosen

    def whole(self, table: TableName, name: str, *, blank: int = 0) -> Integers:
        """Whole numbers of a column, int64 in new memory."""
        return np.rint(self.numbers(table, name, blank=float(blank))).astype(np.int64)

    def flags(self, table: TableName, name: str) -> Booleans:
        """Flags of a column."""
        return self.network.cells(table, name)[self.rows(table)].astype(np.bool_)

    def codes(self, table: TableName, name: str, code_of: Mapping[str, int]) -> Integers:
        """Texts of a column as the numbers that kernels know them by."""
        code, texts = pd.factorize(self.network.cells(table, name))
        return np.array([code_of[text] for text in texts], dtype=np.int64)[code][self.rows(table)]

    def keys(self, table: TableName, *names: str) -> pd.DataFrame:
        """Columns that name a row, in compiled order."""
        return self.network.columns(table, names).iloc[self.rows(table)].reset_index(drop=True)

    def named_stages(self, chosen: Booleans) -> str:
        """Name some stages, given by place: ``"bolt @ plant, nut @ plant and 3 more"``."""
        rows = self.compiled.stage_row[np.flatnonzero(chosen)]
        return name_stages(self.network.columns("stages", ("item", "location")), rows)

    def named_lanes(self, chosen: Booleans) -> str:
        """Name some lanes, given by place, as :meth:`named_stages`."""
        rows = self.compiled.lane_row[np.flatnonzero(chosen)]
        named = [
            f"{row.from_item} @ {row.from_location} -> {row.to_item} @ {row.to_location}"
            for row in self.network.columns("lanes", _LANE_KEY).iloc[rows[:_NAMED]].itertuples()
        ]
        return _and_more(named, len(rows))


def same_stages(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two frames have the same stages in the same order, and stored in the same way.

    Rows of the two then belong together as they stand; where not, their keys have to be joined.

    Examples
    --------
    >>> frame = pd.DataFrame({"item": ["bolt", "nut"], "location": "plant"})
    >>> same_stages(frame, frame.copy()), same_stages(frame, frame[::-1])
    (True, False)
    """
    return len(one) == len(other) and all(
        one[name].array.equals(other[name].array) for name in ("item", "location")
    )


def name_stages(frame: pd.DataFrame, rows: NDArray[Any]) -> str:
    """Name the first of some rows of a frame with item and location, and count the others.

    Examples
    --------
    >>> frame = pd.DataFrame({"item": ["bolt", "nut"], "location": "plant"})
    >>> name_stages(frame, np.array([0, 1]))
    'bolt @ plant, nut @ plant'
    """
    named = [f"{row.item} @ {row.location}" for row in frame.iloc[rows[:_NAMED]].itertuples()]
    return _and_more(named, len(rows))


def _and_more(named: list[str], count: int) -> str:
    rest = count - len(named)
    return ", ".join(named) + (f" and {rest} more" if rest else "")
