"""A task from its components to what was measured; where one fails the others go on."""

from __future__ import annotations

import numpy as np

from echelon.errors import DomainError
from echelon.execution import Outcome, attempt
from echelon.kernels.flow_arrays import FeatureSums, Sums
from echelon.simulation.batches import run_batches
from echelon.simulation.drawn.sources import TOGETHER, sources_of
from echelon.simulation.measured.measured import Finished, Measured, measure_shard, merged
from echelon.simulation.task import Part, Task
from echelon.simulation.work import Shared, run_block


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
    shared = Shared(task, sources)
    group = 1 if task.batches else TOGETHER[task.draws]
    parts: list[Measured] = []
    for first_run, n_runs in task.blocks:
        if task.batches:
            run_batches(task, sources, sums, feature_sums)
        else:
            run_block(task, shared, first_run, n_runs, sums, feature_sums)
        columns = task.batches or n_runs
        _check_finite(task, sums, columns)
        parts.append(
            measure_shard(
                task.scheme,
                sums,
                feature_sums if rich else None,
                n_runs=columns,
                group=group,
                keep=task.keep,
            )
        )
    if not parts:
        raise DomainError("a task without runs. Fix: give at least one block.")
    return merged(parts)


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
