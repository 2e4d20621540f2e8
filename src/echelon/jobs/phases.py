"""The steps of a run over all shards: divide, check, solve, try again what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import Fault, FolderError, TableError
from echelon.execution import Ledger, Outcome, digest_of, run_shards
from echelon.io.divided import DividedTables
from echelon.jobs.apart import Piece
from echelon.jobs.check import Checked, check_shard, is_clean
from echelon.jobs.fit import Fitted
from echelon.jobs.job import Job
from echelon.jobs.log import RunLog
from echelon.jobs.parts import Part
from echelon.jobs.steps import Done, is_whole, solve_shard
from echelon.jobs.totals import Totals
from echelon.jobs.work import Work
from echelon.progress import Progress

WORK: Final = "work"
"""Folder inside that of the run for what it needs on the way."""

Value = TypeVar("Value")


@dataclass(slots=True)
class Solved:
    """What came of all shards.

    Attributes
    ----------
    totals : Totals
    parts : list of (int, Part, list of int)
        Shard, file, and the number in the whole of each component in it.
    failures : list of DataFrame
        Components by their number in the whole.
    kept : int
        Shards that an earlier call had finished.
    lost : list of Work
        Those of them whose parts somebody removed or altered since.
    apart : list of str
        Keys in the ledger of the pieces of shards that failed as a whole.
    peak_bytes : int
        Most memory of one worker.
    """

    totals: Totals = field(default_factory=Totals)
    parts: list[tuple[int, Part, list[int]]] = field(default_factory=list)
    failures: list[pd.DataFrame] = field(default_factory=list)
    kept: int = 0
    lost: list[Work] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Phases:
    """One run under way.

    Attributes
    ----------
    job : Job
    divided : DividedTables
    log : RunLog
    ledger : Ledger
    progress : Progress
    fitted : Fitted
    """

    job: Job
    divided: DividedTables
    log: RunLog
    ledger: Ledger
    progress: Progress
    fitted: Fitted

    def works(self) -> list[Work]:
        """Say what there is to do, shard by shard."""
        job = self.job
        asked = (job.optimize, job.simulate, job.file_format, job.faults)
        tables, digests = self.fitted.tables, self.fitted.digests
        aside = job.out / WORK / "checked"
        return [
            Work(
                shard,
                digest_of("solve", shard.digest, digests.get(shard.number, ""), *asked),
                job.out.absolute(),
                aside.absolute(),
                job.optimize,
                job.simulate,
                job.file_format,
                set_aside=job.faults == "set_aside",
                tables=tables.get(shard.number, {}),
                fitted=digests.get(shard.number, ""),
            )
            for shard in self.divided.shards
        ]

    def keys(self, works: Sequence[Work]) -> list[str]:
        """Name the entries of the ledger that belong to these shards."""
        return [work.key for work in works] + [_key_of_check(work) for work in works]

    def check(self, works: Sequence[Work]) -> int:
        """Check every shard before any is solved; one that cannot be read fails when it is solved.

        Returns
        -------
        int
            Stages that can be solved.

        Raises
        ------
        TableError
            With the faults of all of them.
        """
        keys = [_key_of_check(work) for work in works]
        stages = 0
        faults: list[Fault] = []
        for work, outcome in zip(
            works, self._all(check_shard, works, keys, "checking", is_clean), strict=True
        ):
            _require_folder(outcome)
            checked = outcome.value
            if checked is None:
                self._tell_failed(work, outcome)
                continue
            stages += checked.stages
            self._tell_warnings(work, checked.told)
            faults += checked.faults
        if faults:
            error: TableError = self.divided.error(faults)
            raise error
        return stages

    def solve(self, works: Sequence[Work]) -> Solved:
        """Solve every shard; one that fails as a whole is taken apart."""
        solved = Solved()
        if self.fitted.failures is not None and len(self.fitted.failures):
            solved.failures.append(self.fitted.failures)
        failed: list[tuple[Work, Outcome[Done]]] = []
        keys = [work.key for work in works]
        outcomes = self._all(solve_shard, works, keys, "solving", is_whole)
        for work, outcome in zip(works, outcomes, strict=True):
            _require_folder(outcome)
            done = outcome.value
            if done is None:
                self._tell_failed(work, outcome)
                failed.append((work, outcome))
                continue
            self._take(solved, work, done, outcome)
        self._take_apart(solved, failed)
        self._write_again(solved)
        solved.parts.sort(key=lambda part: (part[0], part[2][:1]))
        return solved

    def _all(
        self,
        function: Callable[[Work], Value],
        works: Sequence[Work],
        keys: Sequence[str] | None,
        label: str,
        keep: Callable[[Value], bool] | None = None,
        retries: int = 1,
    ) -> Iterator[Outcome[Value]]:
        job = self.job
        return run_shards(
            function,
            works,
            n_jobs=job.n_jobs,
            backend=job.backend,
            progress=self.progress,
            label=f"{label}, stages",
            weigh=_stages_of,
            ledger=None if keys is None else self.ledger,
            keys=keys,
            keep=keep,
            time_limit=job.time_limit,
            memory_limit=job.memory_limit,
            retries=retries,
        )

    def _take(
        self, solved: Solved, work: Work, done: Done, outcome: Outcome[Done], **facts: Any
    ) -> None:
        """Add what came of a shard, or of a piece of it that was tried alone."""
        if outcome.kept and not all(part.is_there(work.out) for part in done.parts):
            solved.lost.append(work)
            done = replace(done, parts=())
        numbers = work.shard.component_numbers()
        components = numbers[done.places].tolist()
        solved.totals.add(done if not outcome.kept else replace(done, seconds={}))
        solved.parts += [(work.shard.number, part, components) for part in done.parts]
        solved.kept += outcome.kept and not work.only
        solved.peak_bytes = max(solved.peak_bytes, outcome.peak_bytes or 0)
        solved.failures += _in_whole(done.failures, numbers)
        self._tell_warnings(work, done.told)
        self.log.info(
            "shard_done",
            shard=work.shard.number,
            stages=done.stages,
            failed=done.failures["component"].nunique(),
            kept=outcome.kept,
            **{f"{step}_s": round(took, 3) for step, took in done.seconds.items()},
            **facts,
        )

    def _take_apart(self, solved: Solved, failed: Sequence[tuple[Work, Outcome[Done]]]) -> None:
        """Find which components of shards make them fail, and keep the others."""
        pieces: list[Piece] = []
        for work, outcome in failed:
            whole = self._whole(solved, work)
            if len(whole.work.only) < 2:
                solved.failures.append(whole.failures(outcome))
                continue
            self.log.info(
                "shard_taken_apart", shard=work.shard.number, components=len(whole.work.only)
            )
            pieces += whole.parts(outcome)
        single: list[Piece] = []
        while pieces:
            single += [piece for piece in pieces if len(piece.work.only) == 1]
            several = [piece for piece in pieces if len(piece.work.only) > 1]
            pieces = self._tried(solved, several, retries=0)  # smaller ones try them again
        self._tried(solved, single, retries=1)  # at the end: one may take all of a time limit

    def _tried(self, solved: Solved, pieces: Sequence[Piece], *, retries: int) -> list[Piece]:
        """Solve pieces of shards, and give smaller ones of those that fail."""
        works = [piece.work for piece in pieces]
        keys = [work.key for work in works]
        solved.apart += keys
        smaller: list[Piece] = []
        outcomes = self._all(solve_shard, works, keys, "taken apart", is_whole, retries)
        for piece, found in zip(pieces, outcomes, strict=True):
            _require_folder(found)
            if found.value is not None:
                told = ",".join(map(str, piece.work.only))
                self._take(solved, piece.work, found.value, found, components=told)
                continue
            self._tell_failed(piece.work, found)
            if len(piece.work.only) > 1:
                smaller += piece.parts(found)
            else:
                solved.failures.append(piece.failures(found))
        return smaller

    def _whole(self, solved: Solved, work: Work) -> Piece:
        """All of a shard as a piece of it; what was set aside when it was checked, fails here."""
        numbers = work.shard.component_numbers()
        entry = self.ledger.read(_key_of_check(work))
        if entry is None:  # it could not be checked either: no names, and nothing to solve
            return Piece(work, numbers, (("", ""),) * len(numbers))
        known: Checked = entry.value
        solved.failures += _in_whole(known.failures, numbers)
        every = replace(work, only=tuple(range(len(known.places))))
        return Piece(every, numbers[list(known.places)], known.first_stages)

    def _write_again(self, solved: Solved) -> None:
        """Write the parts that somebody removed or altered since a shard was finished."""
        outcomes = self._all(solve_shard, solved.lost, None, "writing again")
        for work, outcome in zip(solved.lost, outcomes, strict=True):
            done = outcome.unwrap()
            components = work.shard.component_numbers()[done.places].tolist()
            solved.parts += [(work.shard.number, part, components) for part in done.parts]
            self.log.info("shard_written_again", shard=work.shard.number)

    def _tell_failed(self, work: Work, outcome: Outcome[Any]) -> None:
        self.log.error(
            "shard_failed",
            shard=work.shard.number,
            components=",".join(map(str, work.only)) or "all",
            error=outcome.error,
            message=outcome.message,
        )

    def _tell_warnings(self, work: Work, told: Sequence[str]) -> None:
        for text in told:
            self.log.warning("warning", shard=work.shard.number, text=text)


def _require_folder(outcome: Outcome[Any]) -> None:
    """End the run where files cannot be read or written: that is not for a component to answer."""
    if outcome.error == FolderError.__name__:
        raise FolderError(outcome.message)


def _in_whole(failures: pd.DataFrame, numbers: NDArray[np.int64]) -> list[pd.DataFrame]:
    """Number components in the whole that a shard numbers; -1 stays. Nothing if there are none."""
    if failures.empty:
        return []
    places = failures["component"].to_numpy(dtype=np.int64)
    return [failures.assign(component=np.where(places >= 0, numbers[places], places))]


def _key_of_check(work: Work) -> str:
    return digest_of("check", work.shard.digest, work.fitted, work.set_aside)


def _stages_of(work: Work) -> int:
    return len(work.only) or work.shard.n_stages
