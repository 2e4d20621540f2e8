"""Every period of some stages: of all replications in outline, or of replication 0 in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from echelon.execution import attempt
from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.simulation.arguments import Window
from echelon.simulation.drawn.sources import sources_of
from echelon.simulation.measured.output import path_frame
from echelon.simulation.measured.room import zero_sums
from echelon.simulation.plain.count import Record
from echelon.simulation.plain.flow import flow
from echelon.simulation.prepare import Blocks, Setup
from echelon.simulation.result import no_rows
from echelon.simulation.stretches import Stretches
from echelon.simulation.task import Task, drawn
from echelon.simulation.trace import TRACE_COLUMNS, prices_of, trace_component

_MOST_NUMBERS: Final = 3e8
"""Numbers held to take quantiles from: 2.4 GB."""


def stages_to_follow(
    network: Network, paths: bool | Sequence[tuple[str, str]], window: Window, problems: list[str]
) -> Integers:
    """Read the argument ``paths``: places of stages in compiled order."""
    compiled = network.compiled
    if paths is False or paths is None:
        return np.zeros(0, dtype=np.int64)
    given: object = paths
    if isinstance(given, str) or not (given is True or isinstance(given, Iterable)):
        problems.append(
            f"paths is {paths!r}. Fix: give True, or a list of (item, location) of stages."
        )
        return np.zeros(0, dtype=np.int64)
    if paths is True:
        chosen = np.arange(compiled.n_stages)
    else:
        stages = network.columns("stages", ("item", "location")).iloc[compiled.stage_row]
        here = {key: j for j, key in enumerate(stages.itertuples(index=False, name=None))}
        named = [paths] if _is_key(paths) else list(paths)
        places = []
        for key in named:
            if not _is_key(key) or tuple(key) not in here:
                problems.append(
                    f"paths names {key!r}, which is no stage. Fix: give True, or a list of "
                    "(item, location) of stages."
                )
            else:
                places.append(here[tuple(key)])
        chosen = np.unique(np.array(places, dtype=np.int64))
    numbers = 3.0 * len(chosen) * window.periods * window.runs
    if numbers > _MOST_NUMBERS:
        problems.append(
            f"paths of {len(chosen):,} stages, {window.periods:,} periods and {window.runs:,} "
            f"replications would take {8e-9 * numbers:,.0f} GB. Fix: name the stages to follow, or "
            "run fewer replications."
        )
    return chosen


def _is_key(key: object) -> bool:
    return isinstance(key, tuple) and len(key) == 2 and all(isinstance(part, str) for part in key)


def follow_stages(setup: Setup, stages: Integers, blocks: Blocks) -> pd.DataFrame:
    """Run the components of some stages anew, a period at a time, and keep their stock."""
    structure = setup.layout.structure
    component = np.searchsorted(structure.stage_ptr, stages, side="right") - 1
    frames = []
    for c in np.unique(component).tolist():
        if setup.absent[c]:
            continue
        own = stages[component == c] - structure.stage_ptr[c]
        outcome = attempt(_follow, setup.task(c, c + 1, blocks, whole=True), own)
        if outcome.failed:  # its failure has a row already: the run met it too
            continue
        on_hand, late = outcome.unwrap()
        values = {"on_hand": on_hand, "backorders": late, "net_inventory": on_hand - late}
        warmups = np.full(len(own), setup.warmups[c])
        frames.append(
            path_frame(setup.network, (own + structure.stage_ptr[c]).tolist(), values, warmups)
        )
    if not frames:
        return no_rows("paths")
    return pd.concat(frames, ignore_index=True)


def _follow(task: Task, stages: Integers) -> tuple[Floats, Floats]:
    """On hand and late of some stages of one component: (n_stages, n_periods, n_runs) each."""
    sources = sources_of(task.rows, task.seed, task.draws)
    n_periods = int(task.structure.periods[0])
    on_hand, late = [], []
    for first_run, n_runs in task.blocks:
        held = np.zeros((len(stages), n_periods, n_runs))
        owed = np.zeros_like(held)
        if task.policies:
            records: list[Record] = []
            flow(
                task.structure,
                task.features,
                drawn(task, sources, first_run, n_runs),
                policies=task.policies,
                names=task.names,
                records=records,
            )
            place = {int(j): i for i, j in enumerate(stages)}
            for record in records:
                if record.stage in place:
                    held[place[record.stage], record.period] = record.flows["on_hand"]
                    owed[place[record.stage], record.period] = record.flows["backorders"]
        else:
            stretches = Stretches(task, sources, first_run, n_runs)
            sums = zero_sums(task.structure, task.features)
            for period in range(n_periods):
                stretches.run_to(period + 1, *sums)
                stock, waiting = stretches.stock()
                held[:, period], owed[:, period] = stock[stages], waiting[stages]
        on_hand.append(held)
        late.append(owed)
    return np.concatenate(on_hand, axis=2), np.concatenate(late, axis=2)


def trace_all(setup: Setup, blocks: Blocks) -> pd.DataFrame:
    """Every period of replication 0 at every stage; no row without blocks."""
    frames = []
    for c in range(len(setup.absent)) if blocks else ():
        if setup.absent[c]:
            continue
        outcome = attempt(_trace, setup, c)
        if not outcome.failed:  # its failure has a row already: the run met it too
            frames.append(outcome.unwrap())
    if not frames:
        return pd.DataFrame(columns=list(TRACE_COLUMNS))
    return pd.concat(frames).sort_values("period", kind="stable").reset_index(drop=True)


def _trace(setup: Setup, c: int) -> pd.DataFrame:
    task = setup.task(c, c + 1, ((0, 1),), whole=True)
    stages = slice(*setup.layout.structure.stage_ptr[[c, c + 1]].tolist())
    lanes = slice(*setup.layout.structure.lane_ptr[[stages.start, stages.stop]].tolist())
    sources = sources_of(task.rows, task.seed, task.draws)
    return trace_component(
        setup.network,
        range(stages.start, stages.stop),
        task.structure,
        task.features,
        drawn(task, sources, 0, 1),
        prices_of(setup.prices, stages, lanes),
        policies=task.policies or None,
        names=task.names or None,
    )
