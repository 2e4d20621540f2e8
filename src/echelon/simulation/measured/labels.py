"""Which items, locations and values of segment columns a network has, by number and by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.kernels.flow_arrays import Structure
from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.simulation.measured.scheme import leaving


@dataclass(frozen=True, slots=True)
class Labels:
    """Groups of stages and of demand rows.

    Attributes
    ----------
    groups : mapping of str to ndarray of int64, shape (n_stages,)
        For ``item`` and ``location`` the number of each stage's, in compiled order.
    names : mapping of str to ndarray of str
        What the numbers stand for.
    segment_values : ndarray of int64, shape (n_columns, n_demands)
        Number of each compiled demand row's value in each segment column, through all columns.
    segment_names : DataFrame
        Segment ``column`` and ``value`` of each of these numbers.
    """

    groups: Mapping[str, Integers]
    names: Mapping[str, np.ndarray]
    segment_values: Integers
    segment_names: pd.DataFrame

    def slice_of(self, grouping: str) -> slice:
        """Where a grouping's groups stand among those of all groupings, the network last."""
        first = 0
        for name, labels in self.names.items():
            if name == grouping:
                return slice(first, first + len(labels))
            first += len(labels)
        return slice(first, first + 1)

    def leaving(
        self, network: Network, structure: Structure, share: Floats, demand_seen: Floats
    ) -> Floats:
        """Mean demand that leaves each group, units per period; the network is the last one."""
        compiled = network.compiled
        seller = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
        bought = np.zeros(compiled.n_stages)
        np.add.at(bought, seller, np.abs(compiled.demand_mean))
        codes = [*self.groups.values(), np.zeros(compiled.n_stages, dtype=np.int64)]
        return np.concatenate(
            [leaving(structure, share, code, demand_seen, bought) for code in codes]
        )


def labels_of(network: Network) -> Labels:
    """Number the items, locations and values of segment columns of a network.

    Parameters
    ----------
    network : Network

    Returns
    -------
    Labels
        In the order in which the tables have them.

    Examples
    --------
    >>> import echelon as ec
    >>> shops = ec.distribution(("tea", "depot"), [("tea", "Bern"), ("tea", "Chur")], lead_time=1,
    ...                         holding_cost=1.0, demand_mean=5.0, demand_std=1.0)
    >>> labels_of(shops).names["location"].tolist()
    ['depot', 'Bern', 'Chur']
    """
    compiled = network.compiled
    stages = network.columns("stages", ("item", "location"))
    demand = network.columns("demand", network.segments)
    groups, names = {}, {}
    for grouping in ("item", "location"):
        codes, labels = pd.factorize(stages[grouping])
        groups[grouping] = codes[compiled.stage_row].astype(np.int64)
        names[grouping] = np.asarray(labels)
    values, columns, first = [], [], 0
    for column in network.segments:
        codes, labels = pd.factorize(demand[column])
        values.append(codes[compiled.demand_row].astype(np.int64) + first)
        columns.append(pd.DataFrame({"column": column, "value": np.asarray(labels)}))
        first += len(labels)
    return Labels(
        groups=groups,
        names=names,
        segment_values=np.stack(values),
        segment_names=pd.concat(columns, ignore_index=True),
    )
