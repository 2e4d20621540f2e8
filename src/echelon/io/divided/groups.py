"""Which rows of tables belong together: components, and what else ties stages to one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from echelon.errors import TableError
from echelon.io.divided.keys import Codes, Lookup, codes_of
from echelon.io.divided.rows import TableRows
from echelon.network.compiled import Booleans, Integers
from echelon.network.graph import components
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


@dataclass(frozen=True, slots=True)
class Groups:
    """Stages that have to be seen together, and where rows of tables find theirs.

    A group is a connected component, or several that a correlation or a resource ties. A row that
    names no stage there is belongs to the first that has its item, capitals and leading zeros
    aside, for that is most likely where its fault is; failing that it has no group.

    Attributes
    ----------
    stages : Lookup
        Rows of stages by key.
    items : Lookup
        First rows of stages by item, folded.
    names : dict of str to Lookup
        Numbers of what rows of one name belong to, by column of the name.
    group : (n_stages + n_names,) int64
        Group of each stage by its row, then of each name; groups are numbered by their first stage.
    component : (n_stages,) int64
        Connected component of each stage, numbered as in a network of all of them.
    size : (n_groups,) int64
        Stages of each group.
    code : (n_groups,) uint64
        Of the key of the group's first stage.
    """

    stages: Lookup
    items: Lookup
    names: dict[str, Lookup]
    group: Integers
    component: Integers
    size: Integers
    code: Codes

    @property
    def n_groups(self) -> int:
        """How many groups."""
        return len(self.size)

    @property
    def n_components(self) -> int:
        """How many connected components."""
        return int(self.component.max()) + 1

    def of_rows(self, table: str, first: int, batch: Any) -> Integers:
        """Group of each row of a batch of a table, -1 where it has none.

        Parameters
        ----------
        table : str
        first : int
            Row at which the batch begins.
        batch : pyarrow.RecordBatch

        Returns
        -------
        (n_rows,) int64
        """
        if table == "stages":
            return self.group[first : first + batch.num_rows]
        home = np.full(batch.num_rows, -1, dtype=np.int64)
        for stage in _stages_of(table, batch, self.stages):
            home = np.where(home < 0, stage, home)
        name = _NAMED.get(table, "")
        if name in batch.schema.names:
            home = np.where(home < 0, self.names[name].find(*_codes(batch, (name,))), home)
        for item, _ in _ends(table, batch) if (home < 0).any() else ():
            alike = self.items.find(*codes_of([batch.column(item)], folded=True))
            home = np.where(home < 0, alike, home)
        found = np.append(self.group, -1)[home]
        return np.where(found < self.n_groups, found, -1)  # a resource that no stage uses


def find_groups(tables: Mapping[str, TableRows]) -> Groups:
    """Find out which stages belong together, from the columns that name them.

    Parameters
    ----------
    tables : mapping of str to TableRows
        With stages.

    Returns
    -------
    Groups

    Raises
    ------
    TableError
        If there are no stages.
    """
    codes, named = _all_codes(tables["stages"], STAGE)
    n_stages = len(codes)
    if not n_stages:
        empty = tables["stages"].schema.empty_table().to_pandas()
        raise TableError(check_table(empty, STAGES).faults)
    stages = Lookup.of(*_named(codes, named))
    twice = stages.find(codes, named)
    again = np.flatnonzero((twice >= 0) & (twice != np.arange(n_stages)))
    edges = [(again, twice[again])]  # rows of one key: which of them is at fault, a check says
    names, n_nodes = _names(tables, n_stages)
    lanes = [edges[0]]
    for table in _TIES:
        if table not in tables:
            continue
        for _, batch in tables[table].batches(_columns(table)):
            ties = _ties(table, batch, stages, names)
            edges += ties
            lanes += ties if table == "lanes" else []
    component = components(n_stages, *_joined(lanes))
    only_lanes = len(edges) == len(lanes) and not names
    group = component if only_lanes else components(n_nodes, *_joined(edges))
    n_groups = int(group[:n_stages].max()) + 1
    _, first = np.unique(group[:n_stages], return_index=True)
    size = np.bincount(group[:n_stages], minlength=n_groups)
    items = Lookup.of(*_named(*_all_codes(tables["stages"], ("item",), folded=True)))
    return Groups(stages, items, names, group, component, size, codes[first])


def _names(tables: Mapping[str, TableRows], n_stages: int) -> tuple[dict[str, Lookup], int]:
    """Number what rows of one name belong to, after the stages."""
    found: dict[str, list[Codes]] = {}
    for table, name in _NAMED.items():
        if table in tables:
            codes, named = _all_codes(tables[table], (name,))
            found.setdefault(name, []).append(np.unique(codes[named]))
    names, n_nodes = {}, n_stages
    for name, parts in found.items():
        distinct = np.unique(np.concatenate(parts))
        names[name] = Lookup(distinct, n_nodes + np.arange(len(distinct)))
        n_nodes += len(distinct)
    return names, n_nodes


def _ties(
    table: str, batch: Any, stages: Lookup, names: Mapping[str, Lookup]
) -> list[tuple[Integers, Integers]]:
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


def _stages_of(table: str, batch: Any, stages: Lookup) -> list[Integers]:
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


def _named(codes: Codes, named: Booleans) -> tuple[Codes, Integers]:
    """Codes of the rows that have a name, and their rows."""
    rows = np.flatnonzero(named)
    return codes[rows], rows


def _all_codes(
    rows: TableRows, columns: tuple[str, ...], *, folded: bool = False
) -> tuple[Codes, Booleans]:
    """Codes of a whole table; of its texts a batch at a time is held."""
    parts = [
        codes_of([batch.column(name) for name in columns], folded=folded)
        for _, batch in rows.batches(columns)
    ]
    if not parts:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.bool_)
    return np.concatenate([code for code, _ in parts]), np.concatenate([one for _, one in parts])


def _joined(pairs: list[tuple[Integers, Integers]]) -> tuple[Integers, Integers]:
    return np.concatenate([one for one, _ in pairs]), np.concatenate([two for _, two in pairs])
