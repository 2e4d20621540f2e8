"""The graph under a network: components, depth, cycles, and sums and longest paths along lanes.

Everything works on whole waves of stages at once. A very deep graph has too many waves for that,
so that a plain loop takes over; both give the same bits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from echelon.network.compiled import Floats, Integers

_MOST_WAVES = 1_000
"""Waves taken whole before the plain loop takes over; 1,000 cost some 30 ms."""

_SMALL_WAVE = 32
"""Lanes per wave below which the plain loop is the faster one."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Stages and lanes as numbers, without a cycle.

    Attributes
    ----------
    source, target : (n_lanes,) int64
        Stage at the start and at the end of a lane, by its row.
    component : (n_stages,) int64
        Connected component; components are numbered by their first stage's row.
    depth : (n_stages,) int64
        Lanes on the longest path that ends at the stage.
    """

    source: Integers
    target: Integers
    component: Integers
    depth: Integers

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return len(self.depth)

    @property
    def n_components(self) -> int:
        """How many connected components."""
        return int(self.component.max()) + 1 if self.n_stages else 0


def components(n_stages: int, source: Integers, target: Integers) -> Integers:
    """Number the connected components by the first stage each of them has.

    Parameters
    ----------
    n_stages : int
    source, target : (n_lanes,) int64
        Stages that a lane joins.

    Returns
    -------
    (n_stages,) int64

    Examples
    --------
    >>> components(4, np.array([3]), np.array([1])).tolist()
    [0, 1, 2, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(source), dtype=np.int8)
    lanes = coo_array((ones, (source, target)), shape=(n_stages, n_stages))
    labels = connected_components(lanes, directed=False)[1].astype(np.int64)
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[number]


def depths(n_stages: int, source: Integers, target: Integers) -> Integers:
    """Count the lanes on the longest path that ends at each stage.

    Parameters
    ----------
    n_stages : int
    source, target : (n_lanes,) int64
        Stages at the start and at the end of a lane.

    Returns
    -------
    (n_stages,) int64
        -1 at stages on a cycle and at all that depend on them.

    Examples
    --------
    >>> depths(4, np.array([0, 0, 1]), np.array([1, 2, 2])).tolist()
    [0, 1, 2, 0]
    >>> depths(3, np.array([1, 2]), np.array([2, 1])).tolist()
    [0, -1, -1]
    """
    depth = np.full(n_stages, -1, dtype=np.int64)
    waiting = np.bincount(target, minlength=n_stages).astype(np.int64)
    ptr, order = rows_by(source, n_stages)
    customers = target[order]
    wave = np.flatnonzero(waiting == 0)
    for level in range(_MOST_WAVES):
        if not wave.size:
            return depth
        depth[wave] = level
        reached, times = np.unique(customers[_slices(ptr, wave)], return_counts=True)
        waiting[reached] -= times
        wave = reached[waiting[reached] == 0]
    _depths_plain(depth, waiting, ptr, customers, wave)
    return depth


def _depths_plain(
    depth: Integers, waiting: Integers, ptr: Integers, customers: Integers, wave: Integers
) -> None:
    """Go on stage by stage from a wave whose suppliers are all done; fills ``depth``."""
    left, first, ends = waiting.tolist(), ptr.tolist(), customers.tolist()
    queue = deque((stage, _MOST_WAVES) for stage in wave.tolist())
    while queue:
        stage, level = queue.popleft()
        depth[stage] = level
        for customer in ends[first[stage] : first[stage + 1]]:
            left[customer] -= 1
            if left[customer] == 0:
                queue.append((customer, level + 1))  # first in, first out: the deepest comes last


def rows_by(group: Integers, n_groups: int) -> tuple[Integers, Integers]:
    """Sort rows by group, in the order of the rows within one.

    Parameters
    ----------
    group : (n_rows,) int64
        Group of each row, from 0.
    n_groups : int

    Returns
    -------
    ptr : (n_groups + 1,) int64
    order : (n_rows,) int64
        ``order[ptr[g] : ptr[g + 1]]`` are the rows of group ``g``.
    """
    ptr = np.zeros(n_groups + 1, dtype=np.int64)
    np.cumsum(np.bincount(group, minlength=n_groups), out=ptr[1:])
    return ptr, np.argsort(group, kind="stable").astype(np.int64)


def _slices(ptr: Integers, groups: Integers) -> Integers:
    """Positions ``ptr[g]`` to ``ptr[g + 1]`` of many groups, one after another."""
    counts = ptr[groups + 1] - ptr[groups]
    starts = np.repeat(ptr[groups] - np.cumsum(counts) + counts, counts)
    return starts + np.arange(len(starts))


def cycles(source: Integers, target: Integers, depth: Integers) -> list[list[int]]:
    """Find one cycle in every strongly connected part.

    Parameters
    ----------
    source, target : (n_lanes,) int64
        Lanes, none from a stage to itself.
    depth : (n_stages,) int64
        As :func:`depths` gives it.

    Returns
    -------
    list of list of int
        Stages of each cycle in the direction of its lanes, from the one with the lowest row of
        those on it; cycles by that row.

    Examples
    --------
    >>> ends = np.array([1, 2, 0]), np.array([2, 1, 1])
    >>> cycles(*ends, depths(3, *ends))
    [[1, 2]]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_stages = len(depth)
    stuck = (depth[source] < 0) & (depth[target] < 0)
    ones = np.ones(int(stuck.sum()), dtype=np.int8)
    lanes = coo_array((ones, (source[stuck], target[stuck])), shape=(n_stages, n_stages))
    part = connected_components(lanes, directed=True, connection="strong")[1]
    inner = np.flatnonzero(stuck & (part[source] == part[target]))
    follow: dict[int, int] = {}
    for lane in inner[::-1].tolist():  # the first lane out of a stage is the one that stays
        follow[int(source[lane])] = int(target[lane])
    found = []
    done: set[int] = set()
    for start in sorted(follow):
        if int(part[start]) in done:
            continue
        done.add(int(part[start]))
        path: dict[int, int] = {}
        stage = start
        while stage not in path:
            path[stage] = len(path)
            stage = follow[stage]
        cycle = list(path)[path[stage] :]
        lowest = cycle.index(min(cycle))
        found.append(cycle[lowest:] + cycle[:lowest])
    return sorted(found)


def accumulate(graph: Graph, added: Floats, units: Floats) -> Floats:
    r"""Add up along the lanes: what a stage adds and what its suppliers have.

    Parameters
    ----------
    graph : Graph
    added : (n_stages,) float64
        Money added per unit, for example.
    units : (n_lanes,) float64
        Units of the supplier's item in one unit.

    Returns
    -------
    (n_stages,) float64
        :math:`v_j = a_j + \sum_i u_{ij} v_i`.

    Examples
    --------
    >>> graph = Graph(np.array([0]), np.array([1]), np.array([0, 0]), np.array([0, 1]))
    >>> accumulate(graph, np.array([2.0, 1.0]), np.array([3.0])).tolist()
    [2.0, 7.0]
    """
    if _is_deep(graph):
        return _accumulate_plain(graph, added, units)
    total = added.astype(np.float64, copy=True)
    for lanes in _waves(graph):
        np.add.at(total, graph.target[lanes], units[lanes] * total[graph.source[lanes]])
    return total


def longest_paths(graph: Graph, at_stage: Floats, on_lane: Floats) -> Floats:
    r"""Length of the longest path that ends at each stage, the stage included.

    Parameters
    ----------
    graph : Graph
    at_stage : (n_stages,) float64
        Periods spent at a stage.
    on_lane : (n_lanes,) float64
        Periods spent on a lane.

    Returns
    -------
    (n_stages,) float64
        :math:`p_j = t_j + \max(0, \max_i (p_i + t_{ij}))`, periods.

    Examples
    --------
    >>> graph = Graph(np.array([0]), np.array([1]), np.array([0, 0]), np.array([0, 1]))
    >>> longest_paths(graph, np.array([2.0, 1.0]), np.array([3.0])).tolist()
    [2.0, 6.0]
    """
    if _is_deep(graph):
        return _longest_paths_plain(graph, at_stage, on_lane)
    arrival = np.zeros(graph.n_stages)
    for lanes in _waves(graph):
        sources = graph.source[lanes]
        np.maximum.at(
            arrival, graph.target[lanes], arrival[sources] + at_stage[sources] + on_lane[lanes]
        )
    return arrival + at_stage


def _is_deep(graph: Graph) -> bool:
    """Whether waves are so many and so small that one lane after another is faster."""
    n_waves = int(graph.depth.max(initial=0))
    return n_waves > _MOST_WAVES and len(graph.source) < _SMALL_WAVE * n_waves


def _by_wave(graph: Graph) -> tuple[Integers, Integers]:
    """Lanes by the depth of the stage they end at, upstream first, by row within one depth."""
    return rows_by(graph.depth[graph.target], int(graph.depth.max(initial=0)) + 1)


def _waves(graph: Graph) -> Iterator[Integers]:
    ptr, order = _by_wave(graph)
    bounds = ptr.tolist()
    for start, stop in pairwise(bounds[1:]):  # nothing ends at depth 0
        yield order[start:stop]


def _accumulate_plain(graph: Graph, added: Floats, units: Floats) -> Floats:
    """Lane by lane what :func:`accumulate` does wave by wave; the same bits."""
    total = added.tolist()
    _, order = _by_wave(graph)
    lanes = zip(
        graph.source[order].tolist(),
        graph.target[order].tolist(),
        units[order].tolist(),
        strict=True,
    )
    for source, target, needed in lanes:
        total[target] += needed * total[source]
    return np.array(total, dtype=np.float64)


def _longest_paths_plain(graph: Graph, at_stage: Floats, on_lane: Floats) -> Floats:
    """Lane by lane what :func:`longest_paths` does wave by wave; the same bits."""
    arrival = [0.0] * graph.n_stages
    spent = at_stage.tolist()
    _, order = _by_wave(graph)
    lanes = zip(
        graph.source[order].tolist(),
        graph.target[order].tolist(),
        on_lane[order].tolist(),
        strict=True,
    )
    for source, target, transit in lanes:
        arrival[target] = max(arrival[target], arrival[source] + spent[source] + transit)
    return np.array(arrival, dtype=np.float64) + at_stage
