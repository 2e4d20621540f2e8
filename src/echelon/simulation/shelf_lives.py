"""Components whose goods perish, run without ages as far as it can be shown that none matters.

To keep goods by age costs more than to keep quantities, and most shelf lives never bind. So a
component is first run as if its goods kept for ever, and how long they stay in stock at most is
watched (:mod:`echelon.kernels.shelf_watch`). In the runs in which every unit, wherever it is, has
the life left that those who ask for it want, ages change nothing: these runs are what they would
have been with ages, bit by bit. The others are run again, with the same draws, with ages in those
*families* in which goods may have been too old; a family is the stages that hand goods on with the
age they have. What then expires changes what others do, so that these are watched again, until no
family fails that is run without ages.

Families in which goods are sure to become too old, by their mean stay, are run with ages at once.
The runs of a large component are advanced some at a time, and the first of them say for the others
which families fail. No result depends on these guesses, nor on how many runs are advanced together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from echelon.kernels.draws import Sources, fill
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import FeatureState, start_again, start_feature_state
from echelon.kernels.flow_arrays import Features, FeatureSums, Structure, Sums
from echelon.kernels.shelf_watch import LONGEST, longest_stays
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.simulation.measured.room import zero_sums

_LONGER: Final = 1.5
"""The longest stay in a run is guessed to be so many times the mean one; it is often more."""


_STAGE_RUNS: Final = 16_384
"""Runs times stages that are advanced together. With four times as many it took the same time,
within the noise of a shared machine, with a fifth of them more; memory grows with them."""

_LEAST_RUNS: Final = 16
"""Runs that are advanced together at least: each call in the kernel is worth as many."""


class Lives:
    """What of one component, numbered from 0, may be run without ages."""

    def __init__(self, structure: Structure, features: Features) -> None:
        """Find its families, and what its askers want."""
        self._structure, self._features = structure, features
        self._family = _families(structure, features)
        owner = np.repeat(np.arange(len(structure.level)), np.diff(structure.asker_ptr))
        self._least = np.ones(len(structure.level))
        np.maximum.at(self._least, owner, features.minimum_life.astype(np.float64))

    @property
    def n_families(self) -> int:
        """How many families."""
        return int(self._family.max(initial=-1)) + 1

    @cached_property
    def with_ages(self) -> Booleans:
        """Families that are run with ages from the start, (n_families,)."""
        out = np.zeros(self.n_families, dtype=np.bool_)
        out[self._family[_unknown(self._structure, self._features) & (self._family >= 0)]] = True
        f, seen = self._structure, self._features.demand_seen
        with np.errstate(divide="ignore", invalid="ignore"):  # Little's law
            mean = np.maximum(f.level / seen - f.nominal_delay - f.review, 0.0)
        mean[~(seen > 0.0)] = np.inf
        return out | self.failed(_LONGER * mean[:, None])[:, 0]

    def without(self, aged: Booleans) -> Features:
        """The features, and no ages but in the families ``aged``."""
        keeps = self._family >= 0
        keeps[keeps] = aged[self._family[keeps]]
        return self._features._replace(
            shelf_life=np.where(keeps, self._features.shelf_life, 0),
            carries=np.where(keeps, self._features.carries, 0),
        )

    def longest(self, aged: Booleans) -> Integers:
        """Stay that is to be told from a longer one at each stage that is watched; 0 elsewhere."""
        watched = self._family >= 0
        watched[watched] = ~aged[self._family[watched]]
        return np.where(watched, self._features.shelf_life, 0)

    def failed(self, stays: Floats) -> Booleans:
        """Families in which goods may be too old, (n_families, n_runs).

        Parameters
        ----------
        stays : (n_stages, n_runs) float64
            Longest stay in the stock of each stage, periods.
        """
        out = np.zeros((self.n_families, stays.shape[1]), dtype=np.bool_)
        f, x = self._structure, self._features
        left = np.zeros_like(stays)  # life of what leaves a stage, at least
        for j in np.flatnonzero(self._family >= 0).tolist():
            fresh = np.full(stays.shape[1], float(x.shelf_life[j]))
            if x.carries[j]:
                for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
                    longest = max(int(x.lane_longest[k]), int(x.expedite_delay[k]))
                    fresh = np.minimum(fresh, left[f.supplier[k]] - longest)
                fresh -= x.make_longest[j]
            left[j] = fresh - x.release_longest[j] - stays[j]
            out[self._family[j]] |= left[j] < self._least[j]
        return out


def _families(structure: Structure, features: Features) -> Integers:
    """Number of the family of each stage, -1 where nothing perishes, (n_stages,)."""
    perishes = features.shelf_life > 0
    family = np.where(perishes, np.arange(len(perishes)), -1)
    carried = (features.carries[structure.receiver] == 1) & perishes[structure.receiver]
    for k in np.flatnonzero(carried).tolist():
        one, other = sorted(family[[structure.supplier[k], structure.receiver[k]]].tolist())
        family[family == other] = one
    found = np.unique(family[perishes], return_inverse=True)[1]
    family[perishes] = found
    return family.astype(np.int64)


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
    draws: Draws,
    block: int,
    sums: Sums,
    feature_sums: FeatureSums,
    lives: Lives | None = None,
) -> None:
    """Run a component with shelf lives from its first period to its last.

    Parameters
    ----------
    structure, features
        Of that component alone.
    draws : Draws
    block : int
        Periods drawn at once.
    sums, feature_sums
        Of the component, zero; written to.
    lives : Lives, optional
        Of the component, where they are known.
    """
    lives = Lives(structure, features) if lives is None else lives
    runs, aged = np.arange(draws.n_runs), lives.with_ages.copy()
    width, room = runs_at_once(structure, draws.n_runs), None
    again: list[Integers] = []
    while len(runs):
        some, runs = runs[:width], runs[width:]
        if room is None or len(some) > room.width or (room.aged != aged).any():
            room = _Room(structure, features, lives, aged.copy(), min(width, len(some)))
        failed = room.run(draws, some, block)
        for whole, part in zip((*sums, *feature_sums), room.sums, strict=True):
            whole[:, some] = part[:, : len(some)]
        again.append(some[failed.any(axis=0)])
        aged |= failed.any(axis=1)
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
        self._structure, self._features, self._lives = structure, lives.without(aged), lives
        longest = lives.longest(aged)
        self._state = start_feature_state(structure, self._features, 0, longest, width)
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
            for array in self.sums:
                array[:] = 0.0
        self._used = True
        for period, steps, drawn in _draw(draws, runs, self.width, block, self._structure):
            feature_flow(
                self._structure, self._features, 0, drawn, period, steps, len(runs), self._state,
                *self._sums,
            )  # fmt: skip
        return self._lives.failed(_stays(self._state, len(runs))) & ~self.aged[:, None]


def _stays(state: FeatureState, n_runs: int) -> Floats:
    """Longest stay in each stock, 0 where none is watched, (n_stages, n_runs)."""
    stays = np.zeros((len(state.watch), n_runs))
    watched = state.watch >= 0
    stays[watched] = longest_stays(state.dwells[state.watch[watched] + LONGEST, :n_runs])
    return stays


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
