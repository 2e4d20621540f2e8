"""Where the pieces of a simulation run: threads, processes or a cluster, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from echelon.execution import (
    Ledger,
    Outcome,
    attempt,
    check_backend,
    check_n_jobs,
    digest_of,
    run_shards,
)
from echelon.progress import Progress
from echelon.simulation.prepare import MadeWhenAsked, Piece
from echelon.simulation.run_task import run_task
from echelon.simulation.task import Part, Task


@dataclass(frozen=True, slots=True)
class Spread:
    """How the pieces of a run are spread over workers.

    Attributes
    ----------
    n_jobs : int
    backend : {"threads", "processes", "dask"}
    progress : bool, callable or None
    ledger : Ledger, optional
    """

    n_jobs: int
    backend: Literal["threads", "processes", "dask"]
    progress: Progress
    ledger: Ledger | None

    @classmethod
    def of(
        cls,
        n_jobs: int,
        backend: Literal["threads", "processes", "dask"],
        ledger: Ledger | str | Path | None,
        progress: Progress,
        problems: list[str],
    ) -> Spread:
        """Check the arguments, put what is wrong with them among the problems, open the ledger."""
        opened = attempt(Ledger.of, ledger)
        for wrong in (attempt(check_n_jobs, n_jobs), attempt(check_backend, backend), opened):
            if wrong.failed:
                problems.append(wrong.message)
        return cls(n_jobs, backend, progress, opened.value)

    @property
    def is_one_sweep(self) -> bool:
        """Whether one worker does all, and nobody waits for what is done on the way."""
        return self.n_jobs == 1 and self.ledger is None and self.progress is False

    def perform(self, pieces: list[Piece]) -> Iterator[Outcome[list[Part]]]:
        """Run all pieces and give what became of each, in their order."""
        tasks = MadeWhenAsked(pieces)
        return run_shards(
            run_task,
            tasks,
            n_jobs=self.n_jobs,
            backend=self.backend,
            progress=self.progress,
            label="simulate",
            weigh=[piece.weight for piece in pieces],
            ledger=self.ledger,
            keys=None if self.ledger is None else [_key(task) for task in tasks],
            keep=_went_well,
        )


def _key(task: Task) -> str:
    """Of all that the numbers of a task depend on, and of the places where they belong."""
    return digest_of("simulate", replace(task, rows=task.rows.alone()))


def _went_well(parts: list[Part]) -> bool:
    return not any(part.outcome.failed and not part.outcome.hopeless for part in parts)
