"""Sums that workers use again, shard after shard: fresh memory costs as much as counting in it."""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Final

import numpy as np

from echelon.kernels.flow_arrays import (
    WIDTH,
    Features,
    FeatureSums,
    Structure,
    Sums,
    empty_rows,
)
from echelon.network.compiled import Floats

_OF_ASKERS: Final = ("late", "due", "on_time", "lost")
_OF_LANES: Final = ("component", "in_transit", "expedited")
_OF_DISRUPTIONS: Final = ("events", "survived", "survive", "recover", "recovered")


def return_free_memory() -> None:
    """Give the system back what was freed, where the C library keeps it and can be told to.

    Tables and what is made of them leave holes between what is kept, and later memory of workers
    comes beside these.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of the GNU library alone
        if trim is not None:
            trim(0)


class Room:
    """Memory that is taken and given back, by several threads at once."""

    def __init__(self) -> None:
        self._free: deque[Floats] = deque()
        self._scratch: deque[Floats] = deque()

    def __reduce__(self) -> tuple[type[Room], tuple[()]]:
        """Go to another process empty."""
        return Room, ()

    def clear(self) -> None:
        """Let go of what is free."""
        self._free.clear()
        self._scratch.clear()

    @contextmanager
    def scratch(self, count: int) -> Iterator[Floats]:
        """Memory of ``count`` numbers that a kernel works in, of any content."""
        with _taken(self._scratch, count) as memory:
            yield memory

    @contextmanager
    def sums(
        self, structure: Structure, features: Features, *, rich: bool
    ) -> Iterator[tuple[Sums, FeatureSums]]:
        """Sums of some components, not zero yet; without rows for features unless ``rich``."""
        sizes = _sizes(structure, features)
        names = [*Sums._fields, *(FeatureSums._fields if rich else ())]
        needed = WIDTH * sum(sizes[name] for name in names)
        with _taken(self._free, needed) as room:
            arrays, at = {}, 0
            for name in (*Sums._fields, *FeatureSums._fields):
                size = WIDTH * (sizes[name] if name in names else 0)
                arrays[name] = room[at : at + size].reshape(-1, WIDTH)
                at += size
            yield (
                Sums(*(arrays[name] for name in Sums._fields)),
                FeatureSums(*(arrays[name] for name in FeatureSums._fields)),
            )


@contextmanager
def _taken(free: deque[Floats], needed: int) -> Iterator[Floats]:
    """Memory of at least ``needed`` numbers, which is given back; new if none is large enough."""
    try:
        memory = free.pop()
    except IndexError:  # all of it is in use
        memory = np.empty(0)
    if len(memory) < needed:
        memory = empty_rows(-(-needed // WIDTH), np.float64).reshape(-1)
    try:
        yield memory
    finally:
        free.append(memory)


def zero_sums(
    structure: Structure, features: Features, width: int = WIDTH
) -> tuple[Sums, FeatureSums]:
    """Sums of some components before the first counted period, ``width`` runs wide."""
    sizes = _sizes(structure, features)
    names = (*Sums._fields, *FeatureSums._fields)
    ends = np.cumsum([0, *(sizes[name] for name in names)]).tolist()
    zeros = np.zeros((ends[-1], width))  # at once: they are many, and mostly small
    arrays = [zeros[begin:end] for begin, end in pairwise(ends)]
    return Sums(*arrays[: len(Sums._fields)]), FeatureSums(*arrays[len(Sums._fields) :])


def empty_sums(structure: Structure, features: Features) -> tuple[Sums, Floats]:
    """Sums for a kernel that begins its own, of any content, and ``in_release``, which is zero."""
    sizes = _sizes(structure, features)
    ends = np.cumsum([0, *(sizes[name] for name in Sums._fields)]).tolist()
    room = empty_rows(ends[-1], np.float64)
    in_release = np.zeros((sizes["in_release"], WIDTH))
    return Sums(*(room[begin:end] for begin, end in pairwise(ends))), in_release


def rows_of_component(structure: Structure, features: Features, c: int) -> dict[str, slice]:
    """Rows of component ``c`` in each of the sums."""
    stages = slice(*structure.stage_ptr[[c, c + 1]].tolist())
    ends = [stages.start, stages.stop]
    askers = slice(*structure.asker_ptr[ends].tolist())
    lanes = slice(*structure.lane_ptr[ends].tolist())
    disruptions = slice(*features.disruption_ptr[[c, c + 1]].tolist())
    rows = dict.fromkeys((*Sums._fields, *FeatureSums._fields), stages)
    rows |= dict.fromkeys(_OF_ASKERS, askers) | dict.fromkeys(_OF_LANES, lanes)
    return rows | dict.fromkeys(_OF_DISRUPTIONS, disruptions)


def _sizes(structure: Structure, features: Features) -> dict[str, int]:
    sizes = dict.fromkeys((*Sums._fields, *FeatureSums._fields), len(structure.level))
    sizes |= dict.fromkeys(_OF_ASKERS, len(structure.asker_lane))
    sizes |= dict.fromkeys(_OF_LANES, len(structure.units))
    return sizes | dict.fromkeys(_OF_DISRUPTIONS, len(features.disruption_row))
