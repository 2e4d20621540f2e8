"""Which rows of tables belong together: components, and what else ties stages to one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from echelon.errors import TableError
from echelon.io.divided.coded import CodedRows
from echelon.io.divided.joined import Joined
from echelon.io.divided.keys import Codes, Lookup, Numbers, codes_of
from echelon.io.divided.rows import TableRows
from echelon.network.compiled import Booleans
from echelon.tables import STAGES, check_table

STAGE = ("item", "location")
_LANE = (("from_item", "from_location"), ("to_item", "to_location"))

ENDS: dict[str, tuple[tuple[str, str], ...]] = {
    "lanes": _LANE,
    "correlation": (STAGE, ("other_item", "other_location")),
    "disruptions": (STAGE, *_LANE),
}
"""Columns that name stages; in other tables a row names one, by :data:`STAGE`."""

_TIES = ("lanes", "correlation", "resource_use", "disruptions")
"""Tables whose rows tie several stages to one another."""

_NAMED = {"resources": "resource", "resource_use": "resource", "disruptions": "name"}
"""Tables whose rows of one name belong together, and the column of the name.

Uses of a resource compete for it; disruptions of one name are one fault, told of in one place.
"""


@dataclass(frozen=True)
class Groups:
    """Stages that have to be seen together, and where rows of tables find theirs.

    A group is a connected component, or several that a correlation or a resource ties. A row that
    names no stage there is belongs to the first that has its item, capitals and leading zeros
    aside, for that is most likely where its fault is; failing that it has no group.

    Attributes
    ----------
    stages : Lookup
        Rows of stages by key.
    names : dict of str to Lookup
        Numbers of what rows of one name belong to, by column of the name.
    group : (n_stages + n_names,) int32
        Group of each stage by its row, then of each name; groups are numbered by their first stage.
    component : (n_stages,) int32
        Connected component of each stage, numbered as in a network of all of them.
    size : (n_groups,) int32
        Stages of each group.
    code : (n_groups,) uint64
        Of the key of the group's first stage.
    """

    stages: Lookup
    names: dict[str, Lookup]
    group: Numbers
    component: Numbers
    size: Numbers
    code: Codes
    _rows: TableRows
    _aside: Path

    @property
    def n_groups(self) -> int:
        """How many groups."""
        return len(self.size)

    @property
    def n_components(self) -> int:
        """How many connected components."""
        return int(self.component.max()) + 1

    @cached_property
    def items(self) -> Lookup:
        """First rows of stages by item, folded; only rows that name no stage ask for them."""
        path = self._aside / "items"
        found = CodedRows.of(self._rows, ("item",), path, folded=True).lookup()[0]
        path.unlink()
        return Lookup(found.codes.copy(), found.rows.copy())

    def of_rows(self, table: str, first: int, batch: Any) -> Numbers:
        """Group of each row of a batch of a table, -1 where it has none.

        Parameters
        ----------
        table : str
        first : int
            Row at which the batch begins.
        batch : pyarrow.RecordBatch

        Returns
        -------
        (n_rows,) int32
        """
        if table == "stages":
            return self.group[first : first + batch.num_rows]
        home = np.full(batch.num_rows, -1, dtype=np.int32)
        for stage in _stages_of(table, batch, self.stages):
            home = np.where(home < 0, stage, home)
        name = _NAMED.get(table, "")
        if name in batch.schema.names:
            home = np.where(home < 0, self.names[name].find(*_codes(batch, (name,))), home)
        for item, _ in _ends(table, batch) if (home < 0).any() else ():
            alike = self.items.find(*codes_of([batch.column(item)], folded=True))
            home = np.where(home < 0, alike, home)
        found = np.where(home < 0, np.int32(-1), self.group[home])
        return np.where(found < self.n_groups, found, np.int32(-1))  # a resource that none uses


def find_groups(tables: Mapping[str, TableRows], aside: Path) -> Groups:
    """Find out which stages belong together, from the columns that name them.

    Rows are read a batch at a time. What stays in memory are some twenty bytes a stage: where its
    code is, and to what it belongs.

    Parameters
    ----------
    tables : mapping of str to TableRows
        With stages.
    aside : Path
        Folder for what need not be in memory.

    Returns
    -------
    Groups

    Raises
    ------
    TableError
        If there are no stages.
    """
    coded = CodedRows.of(tables["stages"], STAGE, aside / "stages")
    if not coded.n_rows:
        empty = tables["stages"].schema.empty_table().to_pandas()
        raise TableError(check_table(empty, STAGES).faults)
    stages, again, earlier = coded.lookup()
    joined = Joined(coded.n_rows)
    joined.add(again, earlier)  # rows of one key: which of them is at fault, a check says
    names, n_nodes = _names(tables, coded.n_rows)
    _tie("lanes", tables, joined, stages, names)
    others = [table for table in _TIES if table != "lanes" and table in tables]
    wider = joined.widened(n_nodes) if others or names else None
    component = joined.numbered()
    group = component
    if wider is not None:
        for table in others:
            _tie(table, tables, wider, stages, names)
        group = wider.numbered()
    code, size = coded.codes_at(group[: coded.n_rows])
    coded.path.unlink()
    return Groups(stages, names, group, component, size, code, tables["stages"], aside)


def _names(tables: Mapping[str, TableRows], n_stages: int) -> tuple[dict[str, Lookup], int]:
    """Number what rows of one name belong to, after the stages."""
    found: dict[str, Codes] = {}
    for table, name in _NAMED.items():
        for _, batch in tables[table].batches([name]) if table in tables else ():
            codes, named = _codes(batch, (name,))
            before = found.get(name, np.zeros(0, dtype=np.uint64))
            found[name] = np.union1d(before, codes[named])
        if table in tables:
            found.setdefault(name, np.zeros(0, dtype=np.uint64))
    names, n_nodes = {}, n_stages
    for name, distinct in found.items():
        rows = np.arange(n_nodes, n_nodes + len(distinct), dtype=np.int32)
        names[name] = Lookup(distinct, rows)
        n_nodes += len(distinct)
    return names, n_nodes


def _tie(
    table: str,
    tables: Mapping[str, TableRows],
    joined: Joined,
    stages: Lookup,
    names: Mapping[str, Lookup],
) -> None:
    """Tie together what the rows of a table tie together."""
    for _, batch in tables[table].batches(_columns(table)) if table in tables else ():
        for one, other in _ties(table, batch, stages, names):
            joined.add(one, other)


def _ties(
    table: str, batch: Any, stages: Lookup, names: Mapping[str, Lookup]
) -> list[tuple[Numbers, Numbers]]:
    """Pairs of stages, and of stages and names, that the rows of a batch tie together."""
    ends = _stages_of(table, batch, stages)
    name = _NAMED.get(table, "")
    if name in batch.schema.names:
        ends.append(names[name].find(*_codes(batch, (name,))))
    pairs = []
    for place, one in enumerate(ends):
        for other in ends[place + 1 :]:
            both = (one >= 0) & (other >= 0)
            pairs.append((one[both], other[both]))
    return pairs


def _stages_of(table: str, batch: Any, stages: Lookup) -> list[Numbers]:
    return [stages.find(*_codes(batch, ends)) for ends in _ends(table, batch)]


def _ends(table: str, batch: Any) -> list[tuple[str, str]]:
    """Columns of a batch that name stages; resources name none."""
    there = set(batch.schema.names)
    return [ends for ends in ENDS.get(table, (STAGE,)) if there.issuperset(ends)]


def _columns(table: str) -> list[str]:
    names = [name for ends in ENDS.get(table, (STAGE,)) for name in ends]
    return [*names, _NAMED[table]] if table in _NAMED else names


def _codes(batch: Any, columns: tuple[str, ...]) -> tuple[Codes, Booleans]:
    return codes_of([batch.column(name) for name in columns])
