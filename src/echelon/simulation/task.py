"""What a worker is given, what it gives back, and all that is drawn for a component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from echelon.execution import Outcome
from echelon.kernels.draws import Sources, fill
from echelon.kernels.flow_arrays import WIDTH, Features, Structure
from echelon.network.compiled import Booleans, Floats
from echelon.simulation.described.layout import cut_out
from echelon.simulation.drawn.rows import SomeRows
from echelon.simulation.measured.measured import Finished, Measured
from echelon.simulation.measured.room import Room
from echelon.simulation.measured.scheme import Scheme
from echelon.simulation.plain.orders import AnyPolicy


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


def drawn(task: Task, sources: Sources, first_run: int, n_runs: int) -> Floats:
    """All draws of a task of one component: (n_rows, n_periods, n_runs)."""
    n_periods = int(task.structure.periods[0])
    out = np.zeros((len(task.rows), n_periods, WIDTH))
    memory = np.zeros((len(task.rows), WIDTH))
    fill(sources, 0, len(task.rows), 0, n_periods, first_run, n_runs, memory, out)
    return out[:, :, :n_runs]
