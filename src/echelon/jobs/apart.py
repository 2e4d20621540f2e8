"""Pieces of a shard that failed as a whole: which component of it is at fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.execution import Outcome, digest_of
from echelon.jobs.work import Work
from echelon.results import FAILURE_COLUMNS


@dataclass(frozen=True, slots=True)
class Piece:
    """Some consecutive components of a shard, to be solved without the others.

    Attributes
    ----------
    work : Work
        Its ``only`` says which components; of none at all where nothing is left to solve.
    numbers : (n_components,) int64
        Number in the whole of each component of the shard that can be solved.
    first_stages : sequence of n_components (str, str)
        Item and location of the first stage of each of those.
    """

    work: Work
    numbers: NDArray[np.int64]
    first_stages: Sequence[tuple[str, str]]

    def parts(self, outcome: Outcome[Any]) -> list[Piece]:
        """Divide a piece that failed: in halves, so that most components are tried together.

        After a time limit every component is one by itself: of halves, each that has the slow one
        would take all of the time again.

        Parameters
        ----------
        outcome : Outcome

        Returns
        -------
        list of Piece
        """
        first, stop = self.work.only[0], self.work.only[-1] + 1
        step = 1 if outcome.error == TimeoutError.__name__ else (stop - first + 1) // 2
        return [
            replace(self, work=self._work(start, min(start + step, stop)))
            for start in range(first, stop, step)
        ]

    def _work(self, first: int, stop: int) -> Work:
        key = digest_of(self.work.key, "only", first, stop)
        return replace(self.work, only=tuple(range(first, stop)), key=key)

    def failures(self, outcome: Outcome[Any]) -> pd.DataFrame:
        """Give a row for each component of the piece, with what became of it.

        Parameters
        ----------
        outcome : Outcome
            That has failed.

        Returns
        -------
        DataFrame
        """
        places = self.work.only or range(len(self.first_stages))
        rows = [
            (self.numbers[place], *self.first_stages[place], outcome.error, outcome.message)
            for place in places
        ]
        return pd.DataFrame(rows, columns=list(FAILURE_COLUMNS))
