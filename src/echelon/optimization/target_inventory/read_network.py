"""From a network to the problems of its components, one for those that share a resource."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.errors import Fault, TableError
from echelon.network.network import Network
from echelon.optimization.target_inventory.arguments import TargetOptions, read_given
from echelon.optimization.target_inventory.lives import without_idle_lives
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.reader import Reader
from echelon.optimization.target_inventory.whole_times import WholeTimes, whole_times


@dataclass(frozen=True, slots=True)
class ReadNetwork:
    """The problems of a network, and the times that enter them otherwise than as given."""

    problems: list[TargetProblem]
    rounded_times: pd.DataFrame


def problems_of(network: Network, options: TargetOptions) -> ReadNetwork:
    """Lay a network out as problems.

    Parameters
    ----------
    network : Network
    options : TargetOptions
        Checked.

    Returns
    -------
    ReadNetwork
        Problems by their first component.

    Raises
    ------
    TableError
        With every fault: of the frames among the options, stages whose opening stock is not known,
        releases that outlast a shelf life.
    """
    given = read_given(network, options)
    times = whole_times(network)
    faults = [*_opening_faults(network, options.opening), *_life_faults(network, times)]
    if faults:
        raise TableError(faults)
    reader = Reader(network, options, given, times, _groups(network))
    problems = [without_idle_lives(problem) for problem in reader.problems()]
    return ReadNetwork(problems, times.changed)


def _opening_faults(network: Network, opening: str) -> list[Fault]:
    """Stages of which nothing says what is on hand."""
    if opening == "empty" or len(network.stock):
        return []
    unknown = np.isnan(network.cells("stages", "initial_stock").astype(np.float64))
    if not unknown.any():
        return []
    row = int(unknown.argmax())
    return [
        Fault(
            "stages",
            "initial_stock",
            row + 1,
            float("nan"),
            "is blank, and there is no table stock: a plan begins with what is on hand",
            'give the initial_stock or the table stock, or opening="empty" where nothing is there',
            key=network.labels[row],
            count=int(unknown.sum()),
        )
    ]


def _life_faults(network: Network, times: WholeTimes) -> list[Fault]:
    """Stages where nothing is released before it expires."""
    life = network.cells("stages", "shelf_life").astype(np.float64)
    stale = times.release >= np.where(np.isnan(life), np.inf, life)
    if not stale.any():
        return []
    row = int(stale.argmax())
    return [
        Fault(
            "stages",
            "release_time",
            row + 1,
            float(network.cells("stages", "release_time")[row]),
            "must be below the shelf_life, in whole periods, or all expires before its release",
            "give a shorter release, or a longer shelf_life",
            key=network.labels[row],
            count=int(stale.sum()),
        )
    ]


def _groups(network: Network) -> list[tuple[int, ...]]:
    """Components that share a resource, as groups; a component of its own is a group of one."""
    first = list(range(network.n_components))

    def root(c: int) -> int:
        while first[c] != c:
            first[c] = first[first[c]]
            c = first[c]
        return c

    uses = network.resource_use
    if len(uses):
        component = np.empty(network.n_stages, dtype=np.int64)
        compiled = network.compiled
        sizes = np.diff(compiled.component_ptr)
        component[compiled.stage_row] = np.repeat(np.arange(network.n_components), sizes)
        of_use = component[network.resource_use_stages]
        for _, rows in uses.groupby("resource").indices.items():
            for row in rows[1:]:
                one, other = sorted((root(int(of_use[rows[0]])), root(int(of_use[row]))))
                first[other] = one
    groups: dict[int, list[int]] = {}
    for c in range(network.n_components):
        groups.setdefault(root(c), []).append(c)
    return [tuple(group) for group in groups.values()]
