"""Digest of each component of a network: what the tables say of it, whatever else is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from echelon.execution import digest_of
from echelon.network.compiled import Integers
from echelon.network.features import default_cells
from echelon.tables.column import Table

if TYPE_CHECKING:
    from echelon.network.tables import Resolved

Hashes = NDArray[np.uint64]

MODELLED: Final = ("stages", "lanes", "demand", "correlation", "forecast_errors")
"""Tables that say what a network is like, not what happens to it or is in it at some time."""

_SETTINGS: Final = ("period", "periods_per_year", "holding_rate", "segments")
_KEY: Final = b"echelon component"


def component_digests(
    tables: Resolved, contracts: Mapping[str, Table], names: Collection[str] = MODELLED
) -> tuple[str, ...]:
    """Give a digest of all rows of each component (see ``Network.component_digests``).

    Parameters
    ----------
    tables : Resolved
    contracts : mapping of str to Table
        Of the network, with its segments.
    names : collection of str
        Tables that count.

    Returns
    -------
    tuple of str
        Per component, 32 hexadecimal digits.
    """
    n = tables.graph.n_components
    hashes = [hashlib.blake2b(_KEY, digest_size=16) for _ in range(n)]
    common = digest_of({name: tables.settings[name] for name in _SETTINGS}).encode()
    for one in hashes:
        one.update(common)
    for name, (frame, component) in _frames(tables).items():
        if name in names and len(frame):
            _add(hashes, name, row_hashes(frame, contracts[name]), component)
    pairs = tables.correlation
    if "correlation" in names and len(pairs.frame):
        of_row = tables.graph.component[tables.customer]
        first, second = of_row[pairs.first], of_row[pairs.second]
        group = _joined(n, first, second)
        rows = row_hashes(pairs.frame, None)
        for c in np.unique(np.concatenate([first, second])).tolist():
            own = rows[group[first] == group[c]]
            _add(hashes, "correlation", own, np.full(len(own), c))
    return tuple(one.hexdigest() for one in hashes)


def _frames(tables: Resolved) -> dict[str, tuple[pd.DataFrame, Integers]]:
    """Tables whose rows belong to one component each, and to which; -1 for none."""
    of_stage = tables.graph.component
    events, planning, optional = tables.events, tables.planning, tables.optional
    lanes = of_stage[tables.graph.source]
    demand = of_stage[tables.customer]
    down = np.where(
        events.disruption_stages >= 0,
        np.append(of_stage, -1)[events.disruption_stages],
        np.append(lanes, -1)[events.disruption_lanes],
    )
    return {
        "stages": (tables.stages, of_stage),
        "lanes": (tables.lanes, lanes),
        "demand": (tables.demand, demand),
        "forecast_errors": (tables.forecast_errors.frame, demand[tables.forecast_errors.row]),
        "levels": (optional["levels"], of_stage[events.level_stages]),
        "calendar": (optional["calendar"], of_stage[events.calendar_stages]),
        "disruptions": (optional["disruptions"], down),
        "stock": (optional["stock"], of_stage[planning.stock_stages]),
        "open_orders": (optional["open_orders"], of_stage[planning.open_order_stages]),
        "resource_use": (optional["resource_use"], of_stage[planning.use_stages]),
    }


def _add(hashes: list[Any], name: str, rows: Hashes, component: Integers) -> None:
    """Add rows of a table to the hashes of their components, in their order."""
    order = np.argsort(component, kind="stable")
    ends = np.searchsorted(component[order], np.arange(len(hashes) + 1)).tolist()
    content, told = rows[order].tobytes(), name.encode()
    for c in np.unique(component[component >= 0]).tolist():
        first, last = ends[c], ends[c + 1]
        hashes[c].update(b"%s %d " % (told, last - first))
        hashes[c].update(content[8 * first : 8 * last])


def _joined(n: int, first: Integers, second: Integers) -> Integers:
    """Number the groups of components that pairs tie together."""
    ties = coo_array((np.ones(len(first)), (first, second)), shape=(n, n))
    labels: Integers = connected_components(ties, directed=False)[1].astype(np.int64)
    return labels


def row_hashes(frame: pd.DataFrame, table: Table | None) -> Hashes:
    """Hash each row of a table; cells that hold the default of their column do not count.

    Parameters
    ----------
    frame : DataFrame
    table : Table or None
        That knows the defaults; without it all cells count.

    Returns
    -------
    (n_rows,) uint64
    """
    known = set(table.names) if table is not None else set()
    total = np.zeros(len(frame), dtype=np.uint64)
    for name, column in frame.items():
        salt = int(hashlib.blake2b(str(name).encode(), digest_size=8).hexdigest(), 16) | 1
        cells = pd.util.hash_pandas_object(column, index=False).to_numpy().astype(np.uint64)
        mixed = (cells ^ np.uint64(salt)) * np.uint64(salt)
        mixed ^= mixed >> np.uint64(29)
        if table is not None and name in known and table[str(name)].feature:
            default = pd.Series(default_cells(table[str(name)], 1)).astype(column.dtype)
            mixed[cells == pd.util.hash_pandas_object(default, index=False).iloc[0]] = 0
        total += mixed
    return total
