"""networkx in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from echelon.errors import DomainError
from echelon.network.features import OPTIONAL
from echelon.tables import DEMAND, LANES, SETTINGS

if TYPE_CHECKING:
    from networkx import DiGraph

_OF_THE_WHOLE = ("correlation", "forecast_errors", *OPTIONAL)
"""Tables that are attributes of the graph and not of its nodes or edges."""


def to_networkx(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> DiGraph[Any]:
    """Lay tables out as a directed graph; see ``Network.to_networkx``.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        All of the network, checked.
    settings : mapping
        Kept in ``graph.graph``.

    Returns
    -------
    networkx.DiGraph
    """
    from networkx import DiGraph

    graph: DiGraph[Any] = DiGraph(**settings)
    for name in _OF_THE_WHOLE:
        if len(tables[name]):
            rows = tables[name].to_dict("records")
            graph.graph[name] = rows if name not in OPTIONAL else [_written(row) for row in rows]
    for row in tables["stages"].to_dict("records"):
        node = (row.pop("item"), row.pop("location"))
        graph.add_node(node, **_written(row))
    for row in tables["lanes"].to_dict("records"):
        start, end = ((row.pop(item), row.pop(place)) for item, place in LANES.references)
        graph.add_edge(start, end, **_written(row))
    for row in tables["demand"].to_dict("records"):
        node = (row.pop("item"), row.pop("location"))
        graph.nodes[node].setdefault("demand", []).append(_written(row))
    return graph


def _written(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Leave blank cells out: an attribute that is not there is how a graph says blank."""
    return {str(name): cell for name, cell in row.items() if cell == cell and cell != ""}


def from_networkx(
    graph: DiGraph[Any],
) -> tuple[pd.DataFrame, pd.DataFrame | None, pd.DataFrame | None, dict[str, Any]]:
    """Read stages, lanes, demand and settings off a graph; see ``Network.from_networkx``.

    Parameters
    ----------
    graph : networkx.DiGraph

    Returns
    -------
    stages : DataFrame
    lanes, demand : DataFrame or None
        None where there are none.
    settings : dict
        With ``segments``, ``correlation`` and the tables of events where the graph has them.

    Raises
    ------
    DomainError
        If a node is not a pair ``(item, location)``, or the graph is not directed.
    """
    if not graph.is_directed() or graph.is_multigraph():
        raise DomainError("the graph is not a DiGraph. Fix: pass networkx.DiGraph(graph).")
    for node in graph:
        if not (isinstance(node, tuple) and len(node) == 2):
            raise DomainError(
                f"node {node!r} is not a pair (item, location). "
                "Fix: relabel, for example networkx.relabel_nodes(graph, lambda n: (n, 'main'))."
            )
    stages, demand = [], []
    for (item, location), attributes in graph.nodes(data=True):
        key = {"item": item, "location": location}
        own = dict(attributes)
        demand += [{**key, **row} for row in own.pop("demand", [])]
        stages.append({**key, **own})
    lanes = [
        {**dict(zip(LANES.key, (*start, *end), strict=True)), **attributes}
        for start, end, attributes in graph.edges(data=True)
    ]
    names = (*SETTINGS.names, "segments")
    settings = {name: graph.graph[name] for name in names if name in graph.graph}
    for name in _OF_THE_WHOLE:
        if graph.graph.get(name):
            settings[name] = pd.DataFrame(graph.graph[name])
    return (
        pd.DataFrame(stages),
        pd.DataFrame(lanes) if lanes else None,
        pd.DataFrame(demand)[_in_order(demand)] if demand else None,
        settings,
    )


def _in_order(rows: list[dict[str, Any]]) -> list[str]:
    """Columns of the rows, those of the catalog first and in its order."""
    present = dict.fromkeys(name for row in rows for name in row)
    known = [name for name in DEMAND.names if name in present]
    return known + [name for name in present if name not in known]
