"""Components whose goods perish, run without ages as far as it can be shown that none matters.

To keep goods by age costs more than to keep quantities, and most shelf lives never bind. So a
component is first run as if its goods kept for ever, and how old they may be at most is watched
(:mod:`echelon.kernels.shelf_watch`). In the runs in which every unit, wherever it is, has the life
left that those who ask for it want, ages change nothing: these runs are what they would have been
with ages, bit by bit. The others are run again, with the same draws, with ages in those *families*
in which goods may have been too old; a family is the stages that hand goods on with the age they
have. What then expires changes what others do, so that these are watched again, until no family
fails that is run without ages.

What is run in single precision is watched there, and only runs that fail come here, in double. The
runs of a large component are advanced some at a time, and the first of them say for the others
which families fail. No result depends on these guesses, nor on how many runs are advanced together.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Final, NamedTuple

import numpy as np

from echelon.kernels.draws import Sources, fill
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import start_again, start_feature_state
from echelon.kernels.flow_arrays import Features, FeatureSums, Structure, Sums
from echelon.kernels.shelf_queues import ShelfWatch, begin_again, nothing_watched, shelf_watch
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.simulation.measured.room import zero_sums

_STAGE_RUNS: Final = 4_096
"""Runs times stages that are advanced together: their rows and lots stay in the second cache. With
four times as many a component of 141 stages took a seventh more."""

_LEAST_RUNS: Final = 16
"""Runs that are advanced together at least: each call in the kernel is worth as many."""


class Lives:
    """What of a shard may be run without ages.

    Attributes
    ----------
    family : (n_stages,) int64
        Number of the family of each stage, in the order of their first stages, -1 where nothing
        perishes.
    least : (n_stages,) int64
        Remaining life that every asker of a stage takes, periods.
    component : (n_families,) int64
        That each is in.
    unknown : (n_families,) bool
        Families of which no watch knows how old their goods get; always run with ages.
    """

    def __init__(self, structure: Structure, features: Features) -> None:
        """Find its families, and what its askers want."""
        self._structure, self._features = structure, features
        self.family = _families(structure, features)
        owner = np.repeat(np.arange(len(structure.level)), np.diff(structure.asker_ptr))
        self.least = np.ones(len(structure.level), dtype=np.int64)
        np.maximum.at(self.least, owner, features.minimum_life)
        of_stage = np.repeat(np.arange(len(structure.periods)), np.diff(structure.stage_ptr))
        self.component = np.empty(self.n_families, dtype=np.int64)
        self.component[self.family[self.family >= 0]] = of_stage[self.family >= 0]
        self.unknown = np.zeros(self.n_families, dtype=np.bool_)
        unknown = _unknown(structure, features) & (self.family >= 0)
        self.unknown[self.family[unknown]] = True

    def of_component(self, c: int, structure: Structure, features: Features) -> Lives:
        """The same of component ``c`` of the shard, which is cut out as the others."""
        stages = slice(*self._structure.stage_ptr[[c, c + 1]].tolist())
        families = slice(*np.searchsorted(self.component, [c, c + 1]).tolist())
        own = copy(self)
        own._structure, own._features = structure, features
        own.family = np.where(self.family[stages] < 0, -1, self.family[stages] - families.start)
        own.least, own.unknown = self.least[stages], self.unknown[families]
        own.component = np.zeros(families.stop - families.start, dtype=np.int64)
        return own

    @property
    def n_families(self) -> int:
        """How many families."""
        return int(self.family.max(initial=-1)) + 1

    def without(self, aged: Booleans) -> Features:
        """The features, and no ages but in the families ``aged``."""
        keeps = self.family >= 0
        keeps[keeps] = aged[self.family[keeps]]
        return self._features._replace(
            shelf_life=np.where(keeps, self._features.shelf_life, 0),
            carries=np.where(keeps, self._features.carries, 0),
        )

    def watch(self, aged: Booleans, block: int, *, single: bool, width: int) -> ShelfWatch:
        """Watch all families but those that are run with ages."""
        if aged.all():
            nothing = nothing_watched(self._structure, single=single)
            failed = np.zeros((max(self.n_families, 1), width), dtype=nothing.failed.dtype)
            return nothing._replace(failed=failed)
        family = self.family.copy()
        watched = family >= 0
        family[watched] = np.where(aged[family[watched]], -1, family[watched])
        return shelf_watch(
            self._structure, self._features, family, self.least, self.n_families, block,
            single=single, width=width,
        )  # fmt: skip


def _families(structure: Structure, features: Features) -> Integers:
    """Number of the family of each stage, -1 where nothing perishes, (n_stages,)."""
    perishes = features.shelf_life > 0
    first = np.arange(len(perishes))
    carried = (features.carries[structure.receiver] == 1) & perishes[structure.receiver]
    one, other = structure.supplier[carried], structure.receiver[carried]
    before = np.zeros_like(first)
    while (first != before).any():  # the least number goes from neighbour to neighbour
        before = first.copy()
        np.minimum.at(first, other, before[one])
        np.minimum.at(first, one, first[other])
    family = np.full(len(perishes), -1)
    family[perishes] = np.unique(first[perishes], return_inverse=True)[1]
    return family


def _unknown(structure: Structure, features: Features) -> Booleans:
    """Stages of which the watch does not know how old goods get, (n_stages,)."""
    n_stages, n_lanes = len(structure.level), len(structure.units)
    down = np.repeat(np.arange(n_stages), np.diff(features.down_ptr))
    unknown = np.zeros(n_stages, dtype=np.bool_)
    destroyed = features.stock_destroyed[features.down_of] > 0.0  # of every age alike
    unknown[down[destroyed]] = True
    waits = (features.capacity < np.inf) | (np.diff(features.open_ptr) > 0)
    waits[down] = True
    unknown |= waits & (features.carries == 1)  # goods get older before they start, too
    lane = np.repeat(np.arange(n_lanes), np.diff(features.lane_down_ptr))
    held = lane[features.in_transit_held[features.lane_down_of] == 1]
    into = structure.receiver[held]
    unknown[into[features.carries[into] == 1]] = True
    return unknown


class Draws(NamedTuple):
    """Where the draws of a component come from.

    Attributes
    ----------
    sources : Sources
        Of the task.
    first_row, last_row : int
        The component's rows there.
    first_run, n_runs : int
    memory : (n_rows, WIDTH) float64
        Of the draws of the task; overwritten in the component's rows.
    """

    sources: Sources
    first_row: int
    last_row: int
    first_run: int
    n_runs: int
    memory: Floats


def run_with_lives(
    structure: Structure,
    features: Features,
    lives: Lives,
    draws: Draws,
    block: int,
    sums: Sums,
    feature_sums: FeatureSums,
    failed: Booleans | None = None,
) -> None:
    """Run a component with shelf lives from its first period to its last.

    Parameters
    ----------
    structure, features
        Of that component alone.
    lives : Lives
        Of the same.
    draws : Draws
    block : int
        Periods drawn at once.
    sums, feature_sums
        Of the component; overwritten in the runs that are run.
    failed : (n_families, n_runs) bool, optional
        Families that have failed in each run; runs in which none has are left alone. Without it,
        all runs are run.
    """
    aged = lives.unknown.copy()
    runs = np.arange(draws.n_runs)
    if failed is not None:
        runs = np.flatnonzero(failed.any(axis=0))
        aged |= failed.any(axis=1)
    width, room = runs_at_once(structure, max(len(runs), 1)), None
    again: list[Integers] = []
    while len(runs):
        if room is None or min(width, len(runs)) > room.width or (room.aged != aged).any():
            room = _room(structure, features, lives, aged.copy(), min(width, len(runs)))
            width = min(width, room.width) if room.width < len(runs) else width
        some, runs = runs[:width], runs[width:]
        bad = room.run(draws, some, block)
        columns = slice(some[0], some[-1] + 1) if some[-1] - some[0] + 1 == len(some) else some
        for whole, part in zip((*sums, *feature_sums), room.sums, strict=True):
            if len(part):
                whole[:, columns] = part[:, : len(some)]
        again.append(some[bad.any(axis=0)])
        aged |= bad.any(axis=1)
        if not len(runs):
            runs, again = np.sort(np.concatenate(again)), []


def runs_at_once(structure: Structure, n_runs: int) -> int:
    """Runs of a component that are advanced together; the first warn the others."""
    most = max(_STAGE_RUNS // len(structure.level), _LEAST_RUNS)
    return -(-n_runs // -(-n_runs // most))


class _Room:
    """Memory of some runs of a component, side by side, with ages in the families ``aged``."""

    def __init__(
        self, structure: Structure, features: Features, lives: Lives, aged: Booleans, width: int
    ) -> None:
        self.aged, self.width = aged, width
        self._structure, self._features = structure, lives.without(aged)
        self._watch = lives.watch(aged, 1, single=False, width=width)
        begin_again(self._watch)
        self._state = start_feature_state(structure, self._features, 0, self._watch, width)
        self._sums = zero_sums(structure, features, width)
        self._used = False

    @property
    def sums(self) -> tuple[Floats, ...]:
        """Those of runs, and those of features."""
        return (*self._sums[0], *self._sums[1])

    def run(self, draws: Draws, runs: Integers, block: int) -> Booleans:
        """Run some runs and say in which families without ages each fails."""
        if self._used:
            start_again(self._state, self._structure, self._features, 0)
            begin_again(self._watch)
            for array in self.sums:
                array[:] = 0.0
        self._used = True
        for period, steps, drawn in _draw(draws, runs, self.width, block, self._structure):
            feature_flow(
                self._structure, self._features, 0, drawn, period, steps, len(runs), self._state,
                *self._sums,
            )  # fmt: skip
        failed: Booleans = self._watch.failed[: len(self.aged), : len(runs)] > 0.0
        return failed


def _room(
    structure: Structure, features: Features, lives: Lives, aged: Booleans, width: int
) -> _Room:
    """Make room for ``width`` runs, or for fewer where the system sets no more memory aside."""
    try:
        return _Room(structure, features, lives, aged, width)
    except MemoryError:
        if width == 1:
            raise
    return _room(structure, features, lives, aged, -(-width // 2))


def _draw(
    draws: Draws, runs: Integers, width: int, block: int, structure: Structure
) -> Iterator[tuple[int, int, Floats]]:
    """First period, number of periods and draws of each block, for some runs in rising order."""
    n_rows, last = draws.last_row - draws.first_row, int(structure.periods[0])
    together = int(draws.sources.together[0])  # runs that are drawn together or not at all
    first = int(runs[0]) // together * together
    n = min(-(-(int(runs[-1]) + 1) // together) * together, draws.n_runs) - first
    drawn = np.empty((n_rows, min(block, last), max(n, width)))
    chosen = None if n == len(runs) else runs - first
    for period in range(0, last, block):
        steps = min(block, last - period)
        fill(
            draws.sources, draws.first_row, draws.last_row, period, steps,
            draws.first_run + first, n, draws.memory, drawn,
        )  # fmt: skip
        yield period, steps, drawn if chosen is None else drawn.take(chosen, axis=2)
