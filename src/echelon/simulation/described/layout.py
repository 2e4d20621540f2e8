"""A whole network as the arrays of the flow kernels, and shards of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.kernels.flow_arrays import Features, Structure
from echelon.network.compiled import Integers
from echelon.network.network import Network
from echelon.simulation.described.cells import Cells
from echelon.simulation.described.features import FeatureSet, features_of, slice_features
from echelon.simulation.described.levels import Levels
from echelon.simulation.described.structure import (
    Wiring,
    cut_components,
    slice_structure,
    spans,
    structure_of,
)
from echelon.simulation.described.times import Times


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What kernels read of a network.

    Attributes
    ----------
    structure : Structure
    feature_set : FeatureSet
        With the features, the components that need none, and the rows to draw.
    names : tuple of str
        Of the components.
    """

    structure: Structure
    feature_set: FeatureSet
    names: tuple[str, ...]

    def shard(self, first: int, last: int) -> tuple[Structure, Features]:
        """Components ``first`` up to, not including, ``last``, everything numbered from 0."""
        return cut_out(self.structure, self.feature_set.features, first, last)

    def cut(self) -> list[tuple[int, int]]:
        """Cut the components into shards whose sums take about 8 MiB: half-open ranges.

        Where they are cut their names say, so that a change elsewhere does not move it.
        """
        return cut_components(self.structure, self.feature_set.plain, self.names)


def cut_out(
    structure: Structure, features: Features, first: int, last: int
) -> tuple[Structure, Features]:
    """Components ``first`` up to, not including, ``last``, everything numbered from 0."""
    stages, lanes, askers = spans(structure, first, last)
    own = slice_features(
        features,
        first,
        last,
        stages=stages,
        lanes=lanes,
        askers=askers,
        first_row=int(structure.row_ptr[first]),
    )
    return slice_structure(structure, first, last), own


def lay_out(
    network: Network,
    levels: Levels,
    *,
    warmups: Integers,
    periods: Integers,
) -> Layout:
    """Describe all components of a network for the kernels.

    Parameters
    ----------
    network : Network
    levels : Levels
        Without faults.
    warmups, periods : (n_components,) int64
        First period counted; number of the period after the last.

    Returns
    -------
    Layout
    """
    cells = Cells.of(network)
    wiring, times = Wiring.of(cells), Times.of(cells)
    feature_set = features_of(
        network,
        cells,
        wiring,
        times,
        levels,
        n_periods=int(np.max(periods, initial=0)),
    )
    structure = structure_of(
        cells,
        wiring,
        times,
        levels,
        row_ptr=feature_set.row_ptr,
        warmups=warmups,
        periods=periods,
    )
    return Layout(structure, feature_set, _names(cells))


def _names(cells: Cells) -> tuple[str, ...]:
    """Item and location of the first stage of each component."""
    compiled = cells.compiled
    first = compiled.stage_row[compiled.component_ptr[:-1]]
    keys = (cells.network.cells("stages", name)[first] for name in ("item", "location"))
    return tuple(f"{item}\0{location}" for item, location in zip(*keys, strict=True))
