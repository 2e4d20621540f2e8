"""One block of runs of the components of a task, each by the kernel that knows its features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from echelon.kernels.draws import Sources, fill
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import FeatureState, start_feature_state
from echelon.kernels.flow_arrays import WIDTH, Features, FeatureSums, Structure, Sums
from echelon.kernels.plain_flow_work import room_for, work_for
from echelon.kernels.run_components import run_plain
from echelon.kernels.run_single import run_single
from echelon.kernels.shelf_queues import ShelfWatch
from echelon.kernels.single_draws import ShortTables, short_tables
from echelon.kernels.single_work import single_memory, single_sizes, single_work_for
from echelon.network.compiled import Booleans, Floats
from echelon.simulation.described.layout import cut_out
from echelon.simulation.drawn.sources import sources_of
from echelon.simulation.measured.room import rows_of_component
from echelon.simulation.plain.flow import flow
from echelon.simulation.precision import may_be_single
from echelon.simulation.shelf_apart import Narrow, run_apart
from echelon.simulation.shelf_lives import Draws, Lives, run_with_lives
from echelon.simulation.task import Task, drawn

_BLOCKS: Final = (32, 16, 8)
"""Periods drawn and run at once; the more, the less often state is loaded."""

_MOST_ROWS: Final = 5_000
"""Rows of runs, of 1 KiB, that a component may touch in a block. With fifty stages, blocks of 16
periods were no slower than of 8, though their rows do not fit in the second cache any more."""

_MOST_NARROW_ROWS: Final = 2_560
"""The same of rows in single precision, of half the bytes: they are gone through so fast that it is
felt when they leave the second cache. With fifty stages blocks of 8 periods took three quarters of
the time of 32."""

FEATURE_BLOCK: Final = 64
"""Periods drawn at once for a component with features; it runs period by period in any case."""

_DRAWN: Final = 2**17
"""Numbers drawn at once for a component that is run again: a call costs as much as a thousand."""

_MOST_PERIODS: Final = 1_024
"""Periods of it in a call, at most: an interrupt is heard between calls."""

_STRETCH: Final = 2**18
"""Stage-periods of one component in a call: a call costs as much as some thousand of them."""

_WHOLE: Final = 1_024
"""Of which a stretch is a multiple, so that sums in single precision have the same groups."""

_LEAST_STRETCH: Final = 4_096
"""Periods of one component in a call, at least."""


def _clear(sums: Sequence[Floats], feature_sums: Sequence[Floats]) -> None:
    for array in (*sums, *feature_sums):
        array[:] = 0.0


def block_for(
    structure: Structure, features: Features, component: int, most_rows: int = _MOST_ROWS
) -> int:
    """Periods that a plain component runs at once; its numbers do not depend on it."""
    for block in _BLOCKS:
        if room_for(structure, features, component, block) <= most_rows:
            return block
    return _BLOCKS[-1]


class Component(NamedTuple):
    """A component cut out of its task."""

    structure: Structure
    features: Features
    lives: Lives
    rows: dict[str, slice]
    """Of the sums of the task."""


class Shared:
    """What all blocks of a task have in common, made when first asked for."""

    def __init__(self, task: Task, sources: Sources) -> None:
        self._task, self.sources = task, sources
        self.lives = Lives(task.structure, task.features)
        self._components: dict[int, Component] = {}
        self._watches: dict[int, ShelfWatch] = {}

    @cached_property
    def short_tables(self) -> ShortTables:
        """Tables of draws in single precision."""
        return short_tables(self.sources)

    def watch(self, block: int) -> ShelfWatch:
        """Room to watch lives in single precision; a run begins it anew."""
        if block not in self._watches:
            self._watches[block] = self.lives.watch(
                self.lives.unknown, block, single=True, width=WIDTH
            )
        return self._watches[block]

    def component(self, c: int) -> Component:
        """Component ``c`` by itself."""
        if c not in self._components:
            structure, features = cut_out(self._task.structure, self._task.features, c, c + 1)
            self._components[c] = Component(
                structure,
                features,
                self.lives.of_component(c, structure, features),
                rows_of_component(self._task.structure, self._task.features, c),
            )
        return self._components[c]


def run_block(
    task: Task,
    shared: Shared,
    first_run: int,
    n_runs: int,
    sums: Sums,
    feature_sums: FeatureSums,
) -> None:
    """Run every component of a task for one block of runs."""
    structure, plain, sources = task.structure, task.plain, shared.sources
    single = np.zeros_like(plain)
    lives = shared.lives
    if task.precision == "single":
        single = may_be_single(structure, sources, task.forward)
        single[lives.component[lives.unknown]] = False
    # the kernel in single precision begins its own
    _clear(() if single.all() else sums, () if plain.all() else feature_sums)
    block = _Block(task, shared, first_run, n_runs, sums, feature_sums)
    if (plain & ~single).any():
        block.run_plain(plain & ~single)
    if not single.any():
        block.run_others(~plain, np.zeros((lives.n_families, n_runs), dtype=np.bool_), None)
        return
    with _narrow(task, shared) as narrow:
        failed = block.run_single(single, narrow)
        done = single.copy()
        done[lives.component[failed.any(axis=1)]] = False
        block.run_others(~plain & ~done, failed, narrow)


@contextmanager
def _narrow(task: Task, shared: Shared) -> Iterator[Narrow]:
    """Take the room of the kernel in single precision for the components of a task."""
    structure, features = task.structure, task.features
    block = block_for(structure, features, _largest(structure), _MOST_NARROW_ROWS)
    sizes = single_sizes(structure, features, 0, task.n_components, block)
    with task.room.scratch(single_memory(sizes)) as memory:
        work = single_work_for(structure, features, 0, task.n_components, block, memory)
        yield Narrow(work, shared.short_tables, block)


def _largest(structure: Structure) -> int:
    return int(np.argmax(np.diff(structure.stage_ptr)))


class _Block:
    """The runs of a block, and where they are added up."""

    def __init__(
        self,
        task: Task,
        shared: Shared,
        first_run: int,
        n_runs: int,
        sums: Sums,
        feature_sums: FeatureSums,
    ) -> None:
        self._task, self._shared, self._runs = task, shared, (first_run, n_runs)
        self._sums, self._feature_sums = sums, feature_sums
        self._sources, self._lives = shared.sources, shared.lives
        self._memory = np.zeros((len(task.rows), WIDTH))

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """First and last periods of calls: an interrupt is heard between them."""
        structure = self._task.structure
        last = int(structure.periods.max())
        ends = [last]
        if self._task.n_components == 1:
            stretch = max(_STRETCH // len(structure.level) // _WHOLE * _WHOLE, _LEAST_STRETCH)
            ends = [*range(stretch, last, stretch), last]
        return pairwise([0, *ends])

    def run_plain(self, some: Booleans) -> None:
        """Run components without features, in double precision."""
        structure, features = self._task.structure, self._task.features
        block = block_for(structure, features, _largest(structure))
        work = work_for(structure, features, 0, self._task.n_components, block)
        chosen = some.astype(np.int64)
        for period, end in self._stretches():
            run_plain(
                structure, chosen, self._sources, period, end, *self._runs, block, work,
                self._memory, self._sums,
            )  # fmt: skip

    def run_single(self, some: Booleans, narrow: Narrow) -> Booleans:
        """Run components in single precision; in which runs goods of which families may be too old.

        (n_families, n_runs).
        """
        lives, chosen = self._lives, some.astype(np.int64)
        watch = self._shared.watch(narrow.block)
        for period, end in self._stretches():
            run_single(
                self._task.structure, chosen, self._sources, narrow.tables, period, end,
                *self._runs, narrow.block, narrow.work, self._sums, self._feature_sums.in_release,
                watch,
            )  # fmt: skip
        return np.asarray(watch.failed[: lives.n_families, : self._runs[1]] > 0.0)

    def run_others(self, some: Booleans, failed: Booleans, narrow: Narrow | None) -> None:
        """Run components whose features need it period by period, one after another.

        ``failed`` (n_families, n_runs): what may have been too old in single precision.
        """
        task, structure = self._task, self._task.structure
        for c in np.flatnonzero(some).tolist():
            if _has_policy(task, c):
                _run_own_policies(task, c, *self._runs, self._sums, self._feature_sums)
            elif _perishes(task, c):
                mine = self._lives.component == c
                first_row, last_row = structure.row_ptr[[c, c + 1]].tolist()
                draws = Draws(self._sources, first_row, last_row, *self._runs, self._memory)
                known = failed[mine] if failed[mine].any() else None
                _run_with_lives(
                    self._shared.component(c), draws, narrow, self._sums, self._feature_sums, known
                )
            else:
                run_features(
                    structure, task.features, c, self._sources, 0, int(structure.periods[c]),
                    *self._runs, start_feature_state(structure, task.features, c), self._memory,
                    self._sums, self._feature_sums,
                )  # fmt: skip


def run_features(
    structure: Structure,
    features: Features,
    component: int,
    sources: Sources,
    first_period: int,
    last_period: int,
    first_run: int,
    n_runs: int,
    state: FeatureState,
    memory: Floats,
    sums: Sums,
    feature_sums: FeatureSums,
) -> None:
    """Run a component that has features for some of its periods; ``state`` is carried on."""
    rows = slice(*structure.row_ptr[[component, component + 1]].tolist())
    steps = min(FEATURE_BLOCK, last_period - first_period)
    drawn = np.zeros((rows.stop - rows.start, steps, WIDTH))
    for period in range(first_period, last_period, steps):
        count = min(steps, last_period - period)
        fill(sources, rows.start, rows.stop, period, count, first_run, n_runs, memory, drawn)
        feature_flow(
            structure, features, component, drawn, period, count, n_runs, state, sums, feature_sums
        )


def _perishes(task: Task, c: int) -> bool:
    stages = slice(*task.structure.stage_ptr[[c, c + 1]].tolist())
    return bool((task.features.shelf_life[stages] > 0).any())


def _run_with_lives(
    component: Component,
    draws: Draws,
    narrow: Narrow | None,
    sums: Sums,
    feature_sums: FeatureSums,
    failed: Booleans | None,
) -> None:
    """Run a component whose goods perish, with ages where they matter."""
    structure, features, lives, rows = component
    own = Sums(*(getattr(sums, name)[rows[name]] for name in Sums._fields))
    of_features = FeatureSums(
        *(getattr(feature_sums, name)[rows[name]] for name in FeatureSums._fields)
    )
    if failed is not None and narrow is not None:
        failed = run_apart(structure, features, lives, draws, narrow, own, of_features, failed)
    if failed is None or failed.any():
        n_runs = draws.n_runs if failed is None else int(failed.any(axis=0).sum())
        rows_of_runs = max((draws.last_row - draws.first_row) * n_runs, 1)
        block = min(max(_DRAWN // rows_of_runs // 4 * 4, FEATURE_BLOCK), _MOST_PERIODS)
        run_with_lives(structure, features, lives, draws, block, own, of_features, failed)


def _has_policy(task: Task, c: int) -> bool:
    stages = range(*task.structure.stage_ptr[[c, c + 1]].tolist())
    return any(j in task.policies for j in stages)


def _run_own_policies(
    task: Task, c: int, first_run: int, n_runs: int, sums: Sums, feature_sums: FeatureSums
) -> None:
    """Run a component in which a user's own policy decides, by the plain engine."""
    alone = task.component(c)
    sources = sources_of(alone.rows, alone.seed, alone.draws)
    found = flow(
        alone.structure,
        alone.features,
        drawn(alone, sources, first_run, n_runs),
        policies=alone.policies,
        names=alone.names,
    )
    for to, own in zip((sums, feature_sums), found, strict=True):
        for name, rows in rows_of_component(task.structure, task.features, c).items():
            if hasattr(own, name):
                getattr(to, name)[rows, :n_runs] = getattr(own, name)
