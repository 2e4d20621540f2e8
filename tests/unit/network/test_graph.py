"""Depth, sums and paths: whole waves against the plain loop, and both against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.network import graph as graph_module
from echelon.network.graph import Graph, accumulate, components, cycles, depths, longest_paths


def random_lanes(seed: int, size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.integers(0, size, (count, 2)), axis=1)
    ends = np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0)
    name = rng.permutation(size)
    return name[ends[:, 0]], name[ends[:, 1]]


def brute_depth(size: int, source: np.ndarray, target: np.ndarray) -> list[int]:
    suppliers = [source[target == stage].tolist() for stage in range(size)]
    return [_depth(stage, suppliers) for stage in range(size)]


def _depth(stage: int, suppliers: list[list[int]]) -> int:
    return max((1 + _depth(supplier, suppliers) for supplier in suppliers[stage]), default=0)


@pytest.mark.parametrize("most_waves", [0, 1, 3, 1_000])
@pytest.mark.parametrize("seed", range(5))
def test_depth_is_the_longest_path(
    monkeypatch: pytest.MonkeyPatch, most_waves: int, seed: int
) -> None:
    monkeypatch.setattr(graph_module, "_MOST_WAVES", most_waves)
    source, target = random_lanes(seed, 14, 20)
    assert depths(14, source, target).tolist() == brute_depth(14, source, target)


@pytest.mark.parametrize("seed", range(5))
def test_the_plain_loop_and_the_waves_agree_to_the_bit(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    source, target = random_lanes(seed, 60, 150)
    graph = Graph(source, target, components(60, source, target), depths(60, source, target))
    rng = np.random.default_rng(seed)
    at_stage, on_lane = rng.random(60), rng.random(len(source))
    fast = accumulate(graph, at_stage, on_lane), longest_paths(graph, at_stage, on_lane)
    monkeypatch.setattr(graph_module, "_MOST_WAVES", 0)
    monkeypatch.setattr(graph_module, "_SMALL_WAVE", 10**9)
    plain = accumulate(graph, at_stage, on_lane), longest_paths(graph, at_stage, on_lane)
    assert [array.tolist() for array in fast] == [array.tolist() for array in plain]


def test_a_chain_of_a_hundred_thousand_stages() -> None:
    source = np.arange(99_999)
    depth = depths(100_000, source, source + 1)
    assert depth.tolist() == list(range(100_000))
    graph = Graph(source, source + 1, np.zeros(100_000, dtype=np.int64), depth)
    total = accumulate(graph, np.ones(100_000), np.ones(99_999))
    assert total.tolist() == [float(number) for number in range(1, 100_001)]
    path = longest_paths(graph, np.full(100_000, 2.0), np.ones(99_999))
    assert path[-1] == 100_000 * 2 + 99_999


def test_components_are_numbered_by_their_first_stage() -> None:
    source, target = np.array([5, 4, 2]), np.array([0, 1, 1])
    assert components(6, source, target).tolist() == [0, 1, 1, 2, 1, 0]


def test_without_lanes_every_stage_is_alone() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert components(3, none, none).tolist() == [0, 1, 2]
    assert depths(3, none, none).tolist() == [0, 0, 0]
    graph = Graph(none, none, np.arange(3), np.zeros(3, dtype=np.int64))
    assert accumulate(graph, np.ones(3), np.zeros(0)).tolist() == [1.0, 1.0, 1.0]
    assert longest_paths(graph, np.ones(3), np.zeros(0)).tolist() == [1.0, 1.0, 1.0]


def test_a_cycle_is_walked_along_its_lanes_and_what_hangs_on_it_is_not_on_it() -> None:
    #  0 -> 3 -> 1 -> 2 -> 3, 2 -> 4, and 6 -> 5 -> 6
    source, target = np.array([0, 3, 1, 2, 2, 6, 5]), np.array([3, 1, 2, 3, 4, 5, 6])
    depth = depths(7, source, target)
    assert depth.tolist() == [0, -1, -1, -1, -1, -1, -1]
    assert cycles(source, target, depth) == [[1, 2, 3], [5, 6]]
