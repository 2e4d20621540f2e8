"""One piece of a simulation: some components, some blocks of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np

from echelon.errors import DomainError
from echelon.execution import Outcome, attempt
from echelon.kernels.draws import Sources, fill
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import FeatureState, start_feature_state
from echelon.kernels.flow_arrays import WIDTH, Features, FeatureSums, Structure, Sums
from echelon.kernels.plain_flow_work import Work, room_for, work_for
from echelon.kernels.run_components import run_plain
from echelon.kernels.run_single import run_single
from echelon.kernels.single_draws import short_tables
from echelon.kernels.single_work import single_work_for
from echelon.network.compiled import Booleans, Floats
from echelon.simulation.described.layout import cut_out
from echelon.simulation.drawn.rows import SomeRows
from echelon.simulation.drawn.sources import TOGETHER, sources_of
from echelon.simulation.measured.measured import Finished, Measured, measure_shard
from echelon.simulation.measured.room import Room, rows_of_component, zero_sums
from echelon.simulation.measured.scheme import Scheme
from echelon.simulation.plain.flow import flow
from echelon.simulation.plain.orders import AnyPolicy
from echelon.simulation.precision import may_be_single
from echelon.simulation.shelf_lives import Draws, Lives, run_with_lives

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

_STRETCH: Final = 2**18
"""Stage-periods of one component in a call: a call costs as much as some thousand of them."""

_WHOLE: Final = 1_024
"""Of which a stretch is a multiple, so that sums in single precision have the same groups."""

_LEAST_STRETCH: Final = 4_096
"""Periods of one component in a call, at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """All that a worker needs, and no more.

    Attributes
    ----------
    structure, features, scheme
        Its components, numbered from 0.
    plain : (n_components,) bool
        Those without any feature but drawn lead times.
    forward : (n_components,) bool
        Those of which the kernel of single precision knows all features.
    rows : SomeRows
        What is drawn, numbered as in ``structure``.
    blocks : tuple of (first_run, n_runs)
        Runs of the simulation; at most ``WIDTH`` at once.
    seed : int
    draws : str
        How runs hang together.
    keep : bool
        Whether the numbers of every run are kept.
    batches : int
        Batches of periods that stand in for runs; 0 measures runs.
    whole : bool
        Whether these are all runs of its components, so that estimates can be made at once.
    policies : mapping of int to policy
        A user's own, by stage of the task.
    names : tuple of str
        Of the stages, where there are policies.
    precision : str
        ``double`` or ``single``; several runs of a component without features may be in the latter.
    room : Room
        Memory for sums, the same for all tasks of a run.
    """

    structure: Structure
    features: Features
    scheme: Scheme
    plain: Booleans
    forward: Booleans
    rows: SomeRows
    blocks: tuple[tuple[int, int], ...]
    seed: int
    draws: str
    keep: bool
    batches: int
    whole: bool
    policies: Mapping[int, AnyPolicy]
    names: tuple[str, ...]
    precision: str
    room: Room = field(compare=False)

    @property
    def n_components(self) -> int:
        """How many components."""
        return len(self.plain)

    def component(self, c: int) -> Task:
        """Component ``c`` alone."""
        structure, features = cut_out(self.structure, self.features, c, c + 1)
        stages = range(*self.structure.stage_ptr[[c, c + 1]].tolist())
        rows = slice(*self.structure.row_ptr[[c, c + 1]].tolist())
        return replace(
            self,
            structure=structure,
            features=features,
            scheme=self.scheme.part(c, c + 1),
            plain=self.plain[c : c + 1],
            forward=self.forward[c : c + 1],
            rows=self.rows[rows],
            policies={j - stages.start: self.policies[j] for j in stages if j in self.policies},
            names=self.names[stages.start : stages.stop],
        )


@dataclass(frozen=True, slots=True)
class Part:
    """What became of components ``first`` up to, not including, ``last``, of a task."""

    first: int
    last: int
    outcome: Outcome[Measured] | Outcome[Finished]


def run_task(task: Task) -> list[Part]:
    """Run all components of a task; where one fails the others are run without it.

    Nothing of what comes out depends on where the components stand in their network.
    """
    outcome = attempt(measure_task, task)
    if not outcome.failed or task.n_components == 1:
        done: Outcome[Measured] | Outcome[Finished] = outcome
        if task.whole and not outcome.failed:
            done = Outcome(outcome.unwrap().finish(task.scheme))
        return [Part(0, task.n_components, done)]
    alone = [run_task(task.component(c)) for c in range(task.n_components)]
    return [Part(c, c + 1, part.outcome) for c, (part,) in enumerate(alone)]


def measure_task(task: Task) -> Measured:
    """Run the blocks of a task one after the other and measure them."""
    rich = not task.plain.all()
    with task.room.sums(task.structure, task.features, rich=rich) as (sums, feature_sums):
        return _measured(task, sums, feature_sums, rich=rich)


def _measured(task: Task, sums: Sums, feature_sums: FeatureSums, *, rich: bool) -> Measured:
    sources = sources_of(task.rows, task.seed, task.draws)
    group = 1 if task.batches else TOGETHER[task.draws]
    measured: Measured | None = None
    for first_run, n_runs in task.blocks:
        if task.batches:
            _clear(sums, feature_sums)
            _run_batches(task, sources, sums, feature_sums)
        else:
            _run(task, sources, first_run, n_runs, sums, feature_sums)
        columns = task.batches or n_runs
        _check_finite(task, sums, columns)
        part = measure_shard(
            task.scheme,
            sums,
            feature_sums if rich else None,
            n_runs=columns,
            group=group,
            keep=task.keep,
        )
        measured = part if measured is None else measured.merge(part)
    if measured is None:
        raise DomainError("a task without runs. Fix: give at least one block.")
    return measured


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


class Stretches:
    """One component, run some periods at a time for the same runs."""

    def __init__(self, task: Task, sources: Sources, first_run: int, n_runs: int) -> None:
        """Take a task of one component."""
        self._task, self._sources = task, sources
        self._runs = (first_run, n_runs)
        self._period = 0
        self._memory = np.zeros((len(task.rows), WIDTH))
        self._plain = bool(task.plain[0])
        structure = task.structure
        if self._plain:
            self._block = block_for(structure, task.features, 0)
            self._work: Work = work_for(structure, task.features, 0, 1, self._block)
        else:
            self._state = start_feature_state(structure, task.features, 0)

    def run_to(self, period: int, sums: Sums, feature_sums: FeatureSums) -> None:
        """Go on to the period before ``period``; both sums are added to."""
        task, (first_run, n_runs) = self._task, self._runs
        if self._plain:
            run_plain(
                task.structure, np.ones(1, dtype=np.int64), self._sources, self._period, period,
                first_run, n_runs, self._block, self._work, self._memory, sums,
            )  # fmt: skip
        else:
            run_features(
                task.structure, task.features, 0, self._sources, self._period, period, first_run,
                n_runs, self._state, self._memory, sums, feature_sums,
            )  # fmt: skip
        self._period = period

    def stock(self) -> tuple[Floats, Floats]:
        """On hand, and late towards all askers, after the last period: (n_stages, n_runs) each."""
        structure, n = self._task.structure, self._runs[1]
        n_stages, n_askers = len(structure.level), len(structure.asker_lane)
        if self._plain:
            on_hand = self._work.on_hand[:n_stages, :n]
            late = self._work.late[:n_askers, :n]
        else:
            on_hand, late = (
                self._state.on_hand(structure)[:, :n],
                self._state.late(structure)[:, :n],
            )
        owed = np.zeros((n_stages, n))
        np.add.at(owed, np.repeat(np.arange(n_stages), np.diff(structure.asker_ptr)), late)
        return on_hand.copy(), owed


def drawn(task: Task, sources: Sources, first_run: int, n_runs: int) -> Floats:
    """All draws of a task of one component: (n_rows, n_periods, n_runs)."""
    n_periods = int(task.structure.periods[0])
    out = np.zeros((len(task.rows), n_periods, WIDTH))
    memory = np.zeros((len(task.rows), WIDTH))
    fill(sources, 0, len(task.rows), 0, n_periods, first_run, n_runs, memory, out)
    return out[:, :, :n_runs]


def _run(
    task: Task,
    sources: Sources,
    first_run: int,
    n_runs: int,
    sums: Sums,
    feature_sums: FeatureSums,
) -> None:
    """Run every component of a task for one block of runs."""
    structure, plain = task.structure, task.plain
    memory = np.zeros((len(task.rows), WIDTH))
    single = np.zeros_like(plain)
    lives = Lives(structure, task.features)
    failed = np.zeros((lives.n_families, n_runs), dtype=np.bool_)
    if task.precision == "single":
        single = may_be_single(structure, sources, task.forward)
        single[lives.component[lives.unknown]] = False
    # the kernel in single precision begins its own
    _clear(() if single.all() else sums, () if plain.all() else feature_sums)
    # an interrupt is heard between calls, so that a long run of one component is several
    last = int(structure.periods.max())
    ends = [last]
    if task.n_components == 1:
        stretch = max(_STRETCH // len(structure.level) // _WHOLE * _WHOLE, _LEAST_STRETCH)
        ends = [*range(stretch, last, stretch), last]
    largest = int(np.argmax(np.diff(structure.stage_ptr)))
    if (plain & ~single).any():
        block = block_for(structure, task.features, largest)
        work = work_for(structure, task.features, 0, task.n_components, block)
        chosen = (plain & ~single).astype(np.int64)
        for period, end in pairwise([0, *ends]):
            run_plain(
                structure, chosen, sources, period, end, first_run, n_runs, block, work, memory,
                sums,
            )  # fmt: skip
    if single.any():
        block = block_for(structure, task.features, largest, _MOST_NARROW_ROWS)
        narrow = single_work_for(structure, task.features, 0, task.n_components, block)
        tables = short_tables(sources)
        chosen = single.astype(np.int64)
        watch = lives.watch(lives.unknown, block, single=True, width=WIDTH)
        for period, end in pairwise([0, *ends]):
            run_single(
                structure, chosen, sources, tables, period, end, first_run, n_runs, block, narrow,
                sums, feature_sums.in_release, watch,
            )  # fmt: skip
        failed = watch.failed[: lives.n_families, :n_runs] > 0.0
    own = {c for c in range(task.n_components if task.policies else 0) if _has_policy(task, c)}
    done = single.copy()
    done[lives.component[failed.any(axis=1)]] = False
    for c in np.flatnonzero(~plain & ~done).tolist():
        if c in own:
            _run_own_policies(task, c, first_run, n_runs, sums, feature_sums)
            continue
        if _perishes(task, c):
            known = failed[lives.component == c] if single[c] else None
            _run_with_lives(task, c, sources, first_run, n_runs, memory, sums, feature_sums, known)
            continue
        state = start_feature_state(structure, task.features, c)
        run_features(
            structure, task.features, c, sources, 0, int(structure.periods[c]), first_run, n_runs,
            state, memory, sums, feature_sums,
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
    task: Task,
    c: int,
    sources: Sources,
    first_run: int,
    n_runs: int,
    memory: Floats,
    sums: Sums,
    feature_sums: FeatureSums,
    failed: Booleans | None,
) -> None:
    """Run a component whose goods perish, with ages where they matter."""
    structure, features = cut_out(task.structure, task.features, c, c + 1)
    first_row, last_row = task.structure.row_ptr[[c, c + 1]].tolist()
    rows = rows_of_component(task.structure, task.features, c)
    run_with_lives(
        structure,
        features,
        Draws(sources, first_row, last_row, first_run, n_runs, memory),
        FEATURE_BLOCK,
        Sums(*(getattr(sums, name)[rows[name]] for name in Sums._fields)),
        FeatureSums(*(getattr(feature_sums, name)[rows[name]] for name in FeatureSums._fields)),
        failed,
    )


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


def _run_batches(task: Task, sources: Sources, sums: Sums, feature_sums: FeatureSums) -> None:
    """Run one replication and put the sums of its batches in place of those of runs."""
    for c in range(task.n_components):
        alone = task.component(c)
        if alone.policies:
            _batches_of_own_policies(alone, task, c, sums, feature_sums)
            continue
        own = sources if task.n_components == 1 else sources_of(alone.rows, task.seed, task.draws)
        stretches = Stretches(_endless(alone), own, 0, 1)
        so_far, of_features = zero_sums(alone.structure, alone.features)
        if alone.structure.warmup[0] > 0:
            stretches.run_to(int(alone.structure.warmup[0]), so_far, of_features)
        before = [array[:, 0].copy() for array in (*so_far, *of_features)]
        for b, end in enumerate(batch_ends(alone.structure, task.batches)):
            stretches.run_to(end, so_far, of_features)
            now = [array[:, 0].copy() for array in (*so_far, *of_features)]
            _set_column(task, c, sums, feature_sums, b, now, before)
            before = now


def _endless(task: Task) -> Task:
    """The same without an end, so that goods count in the batch in which they set out.

    What is on its way is counted when it enters its line, for all the periods that it will be
    there. With an end, the last batches would count it for fewer, and with what is on its way at
    the start the first for more than their share.
    """
    far = np.full_like(task.structure.periods, np.iinfo(np.int64).max // 4)
    return replace(task, structure=task.structure._replace(periods=far))


def _batches_of_own_policies(
    alone: Task, task: Task, c: int, sums: Sums, feature_sums: FeatureSums
) -> None:
    """The same for a component with a user's own policies, run anew up to each batch's end.

    The plain engine counts what is on its way period by period, so that its batches need no care.
    """
    sources = sources_of(alone.rows, alone.seed, alone.draws)
    draws = drawn(alone, sources, 0, 1)
    structure = alone.structure
    warmup = int(structure.warmup[0])

    def sums_to(end: int) -> list[Floats]:
        found = flow(
            structure, alone.features, draws[:, :end], policies=alone.policies, names=alone.names
        )
        return [array[:, 0].copy() for part in found for array in part]

    before = sums_to(warmup)
    for b, end in enumerate(batch_ends(structure, task.batches)):
        now = sums_to(end)
        _set_column(task, c, sums, feature_sums, b, now, before)
        before = now


def batch_ends(structure: Structure, batches: int) -> list[int]:
    """Last periods of the batches of a component, plus one."""
    first, last = int(structure.warmup[0]), int(structure.periods[0])
    length = (last - first) // batches
    return [first + length * (b + 1) for b in range(batches)]


def _set_column(
    task: Task,
    c: int,
    sums: Sums,
    feature_sums: FeatureSums,
    column: int,
    now: Sequence[Floats],
    before: Sequence[Floats],
) -> None:
    rows = rows_of_component(task.structure, task.features, c)
    names = [*Sums._fields, *FeatureSums._fields]
    arrays = [*sums, *feature_sums]
    for name, array, new, old in zip(names, arrays, now, before, strict=True):
        if len(array):  # sums of features have no rows in a shard without any
            array[rows[name], column] = new - old


def _check_finite(task: Task, sums: Sums, columns: int) -> None:
    """Refuse numbers that have grown beyond what a float holds."""
    good = np.isfinite(sums.on_hand[:, :columns].sum(axis=1))
    if good.all():
        return
    stage = int(np.flatnonzero(~good)[0])
    component = int(np.searchsorted(task.structure.stage_ptr, stage, side="right")) - 1
    raise DomainError(
        f"stock of stage {stage - int(task.structure.stage_ptr[component]) + 1} of the component "
        "is no finite number: demand or levels are too large for a floating-point number. "
        "Fix: count in larger units."
    )
