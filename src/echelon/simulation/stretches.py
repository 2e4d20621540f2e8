"""One component run some periods at a time: for batches of periods, and to follow its stock."""

from __future__ import annotations

import numpy as np

from echelon.kernels.draws import Sources
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.kernels.flow_arrays import WIDTH, FeatureSums, Sums
from echelon.kernels.plain_flow_work import Work, work_for
from echelon.kernels.run_components import run_plain
from echelon.network.compiled import Floats
from echelon.simulation.task import Task
from echelon.simulation.work import block_for, run_features


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
