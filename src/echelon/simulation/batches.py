"""A single replication, measured in batches of periods that stand in for runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from echelon.kernels.draws import Sources
from echelon.kernels.flow_arrays import FeatureSums, Structure, Sums
from echelon.network.compiled import Floats
from echelon.simulation.drawn.sources import sources_of
from echelon.simulation.measured.room import rows_of_component, zero_sums
from echelon.simulation.plain.flow import flow
from echelon.simulation.stretches import Stretches
from echelon.simulation.task import Task, drawn


def run_batches(task: Task, sources: Sources, sums: Sums, feature_sums: FeatureSums) -> None:
    """Run one replication and put the sums of its batches in place of those of runs."""
    for array in (*sums, *feature_sums):
        array[:] = 0.0
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
