"""One shard of divided tables: some whole components, read and checked by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from echelon.errors import Fault, FolderError, TableError
from echelon.io.divided.faults import in_source
from echelon.io.divided.groups import ENDS, STAGE
from echelon.io.divided.sort import GROUP, ROW
from echelon.io.divided.write import COMPONENT
from echelon.network import Network
from echelon.network.compiled import Integers
from echelon.results import FAILURE_COLUMNS
from echelon.tables import CATALOG
from echelon.tables.check import FILLED_ELSEWHERE

_NO_COMPONENT = -1
"""Stands in failures for rows that name no stage of any component."""


@dataclass(frozen=True, slots=True, repr=False)
class Shard:
    """Some whole components of divided tables.

    Attributes
    ----------
    number : int
        Place among the shards, from 0.
    folder : Path
        Of the tables; ``read_network`` reads it too, and numbers rows as they stand there.
    digest : str
        Of what the tables and the settings hold: as long as it stays, so does all that is computed
        from the shard.
    n_components : int
    n_rows : dict of str to int
        By table.
    settings : dict
        Of the network.
    filled_elsewhere : dict of str to tuple of str
        By table, columns that are empty here and filled in another shard.
    rows : Path
        Folder that tells which rows of the source these are.
    """

    number: int
    folder: Path
    digest: str
    n_components: int
    n_rows: Mapping[str, int]
    settings: Mapping[str, Any] = field(hash=False)
    filled_elsewhere: Mapping[str, tuple[str, ...]]
    rows: Path

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return self.n_rows["stages"]

    def frames(self) -> dict[str, pd.DataFrame]:
        """Read the tables as they were given, histories among them.

        Returns
        -------
        dict of str to DataFrame
            By table; rows in the order of the source.

        Raises
        ------
        FolderError
            If a file cannot be read: it was removed or damaged.
        """
        frames = {}
        for name in self.n_rows:
            path = self.folder / f"{name}.parquet"
            try:
                frames[name] = pd.read_parquet(path)
            except (OSError, ValueError) as error:
                raise FolderError(f"cannot read {path}: {error}. Fix: divide anew.") from error
            frames[name].attrs[FILLED_ELSEWHERE] = tuple(self.filled_elsewhere.get(name, ()))
        return frames

    def read(self, **tables: pd.DataFrame) -> Network:
        """Read and check the shard.

        Parameters
        ----------
        **tables : DataFrame
            In place of those of the shard, by name: a demand that was fitted, for example.

        Returns
        -------
        Network
            Its components in the order that they have in the whole.

        Raises
        ------
        TableError
            With every fault, rows numbered as in the source.
        """
        frames = {**self.frames(), **tables}
        try:
            return _network(frames, self.settings)
        except TableError as error:
            raise _told(error, self._origin(tables)) from None

    def read_sound(self, **tables: pd.DataFrame) -> tuple[Network | None, pd.DataFrame]:
        """Read the shard, and leave components out that have faults.

        Parameters
        ----------
        **tables : DataFrame
            As in :meth:`read`; their rows go with the stages that they name.

        Returns
        -------
        network : Network or None
            Of the sound components; None where there is none.
        failures : DataFrame
            One row per component that was left out: component (its number in the whole; -1 stands
            for rows that name no stage), item, location, error, message.
        """
        frames = {**self.frames(), **tables}
        with suppress(TableError):
            return _network(frames, self.settings), _failures([])
        origin = self._origin(tables)
        frames = {name: _judged_as_whole(frame) for name, frame in frames.items()}
        group = np.unique(origin["stages"][GROUP].to_numpy())
        failed: dict[int, TableError] = {}
        for number in group[group >= 0].tolist():
            try:
                _network(_part(frames, origin, [number]), self.settings)
            except TableError as error:
                rows = {name: one.loc[one[GROUP] == number] for name, one in origin.items()}
                failed[number] = _told(error, rows)
        sound = np.setdiff1d(group[group >= 0], list(failed)).tolist()
        told = [
            _failure(int(first[COMPONENT]), key, failed[int(first[GROUP])].faults)
            for first, key in _first_stages(frames["stages"], origin["stages"])
            if int(first[GROUP]) in failed
        ]
        network, strays = self._of_groups(frames, origin, sound)
        return network, _failures([*told, *strays])

    def component_numbers(self) -> Integers:
        """Give the number in the whole of each component of :meth:`read`.

        Returns
        -------
        (n_components,) int64
            Numbers as in a network of all tables, ascending.
        """
        numbers = pq.read_table(self.rows / "stages.parquet", columns=[COMPONENT])
        return np.unique(numbers.column(COMPONENT).to_numpy())

    def _of_groups(
        self, frames: Mapping[str, pd.DataFrame], origin: Mapping[str, pd.DataFrame], sound: Any
    ) -> tuple[Network | None, list[tuple[Any, ...]]]:
        """Make the network of sound groups, and tell of rows without a group if those are wrong."""
        network = _network(_part(frames, origin, sound), self.settings) if sound else None
        stray = {name for name, one in origin.items() if (one[GROUP] < 0).any()}
        if not stray:
            return network, []
        some = sound or [int(origin["stages"][GROUP].max())]  # rows are judged beside some stage
        with_strays = [*some, _NO_COMPONENT]
        try:
            judged = _network(_part(frames, origin, with_strays), self.settings)
        except TableError as error:
            rows = {name: one.loc[one[GROUP].isin(with_strays)] for name, one in origin.items()}
            told = [fault for fault in _told(error, rows).faults if sound or fault.table in stray]
            return network, [_failure(_NO_COMPONENT, ("", ""), told)] if told else []
        return judged, []

    def _origin(self, given: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Row of the source and group of each row, by table; rows of what is given are its own."""
        own = {
            name: pd.read_parquet(self.rows / f"{name}.parquet")
            for name in self.n_rows
            if name == "stages" or name not in given
        }
        if not given:
            return own
        keys = pd.read_parquet(self.folder / "stages.parquet", columns=list(STAGE)).astype("str")
        at = pd.MultiIndex.from_frame(keys)
        of_stages = own["stages"].loc[(~at.duplicated()).tolist(), [GROUP, COMPONENT]]
        of_stages.index = at.drop_duplicates()
        for name, frame in given.items():
            told = pd.DataFrame(_NO_COMPONENT, index=frame.index, columns=of_stages.columns)
            for ends in ENDS.get(name, (STAGE,)):
                if set(ends) <= set(frame.columns):
                    named = pd.MultiIndex.from_frame(frame[list(ends)].astype("str"))
                    found = of_stages.reindex(named).set_axis(frame.index)
                    told = told.mask(told < 0, found).fillna(_NO_COMPONENT)
            own[name] = told.astype(np.int64).assign(**{ROW: np.arange(len(frame))})
        return own

    def __repr__(self) -> str:
        """Say what it holds."""
        rows = ", ".join(f"{count:,} {name}" for name, count in self.n_rows.items())
        return f"Shard {self.number} ({self.digest[:8]}): {self.n_components:,} components; {rows}"


def _told(error: TableError, origin: Mapping[str, pd.DataFrame]) -> TableError:
    """Number the rows of faults as in the source."""
    rows = {name: one[ROW].to_numpy() for name, one in origin.items()}
    return TableError([in_source(fault, rows) for fault in error.faults])


def _judged_as_whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Mark the columns that are filled in some row, for parts of the frame where they are not."""
    filled = [str(name) for name in frame.columns if frame[name].notna().any()]
    marked = frame.copy(deep=False)
    marked.attrs = {FILLED_ELSEWHERE: (*frame.attrs.get(FILLED_ELSEWHERE, ()), *filled)}
    return marked


def _network(frames: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> Network:
    given: dict[str, Any] = {name: frame for name, frame in frames.items() if name in CATALOG}
    return Network.from_tables(**given, **settings)


def _part(
    frames: Mapping[str, pd.DataFrame], origin: Mapping[str, pd.DataFrame], groups: list[int]
) -> dict[str, pd.DataFrame]:
    """Rows of some groups; tables of which none is left are absent."""
    kept = {
        name: frames[name].loc[one[GROUP].isin(groups).to_numpy()] for name, one in origin.items()
    }
    return {name: frame.reset_index(drop=True) for name, frame in kept.items() if len(frame)}


def _first_stages(stages: pd.DataFrame, origin: pd.DataFrame) -> list[tuple[Any, tuple[Any, Any]]]:
    """First row of each component: where it comes from, and its key."""
    first = (~origin[COMPONENT].duplicated()).to_numpy()
    keys = zip(stages.loc[first, "item"], stages.loc[first, "location"], strict=True)
    return list(zip(origin[first].to_dict("records"), keys, strict=True))


def _failure(component: int, key: tuple[Any, Any], faults: Iterable[Fault]) -> tuple[Any, ...]:
    item, location = ("" if pd.isna(part) else str(part) for part in key)
    words = "; ".join(map(str, faults))
    return component, item, location, TableError.__name__, words


def _failures(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    if not rows:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in FAILURE_COLUMNS})
    return pd.DataFrame(rows, columns=list(FAILURE_COLUMNS)).sort_values("component")
