"""Live templates of a process: made when a pattern is met, and kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np

from echelon.errors import InfeasibleError, SolverError
from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.optimization.templates.live import LiveTemplate
from echelon.optimization.templates.pattern import OrderPattern
from echelon.optimization.templates.program import assembled_program, declared_program, same

MOST_TEMPLATES: Final = 256
DECLARED_AT: Final = 8
"""Problems of a pattern after which its model is declared: that takes as long as to solve a dozen.

Until then its arrays are assembled directly, which gives the same ones."""


class Templates:
    """Templates by pattern, those used last, at most so many.

    Parameters
    ----------
    most : int

    Attributes
    ----------
    n_assembled, n_declared : int
        How many programs have been assembled and declared so far.
    """

    def __init__(self, most: int = MOST_TEMPLATES) -> None:
        self.n_assembled = self.n_declared = 0
        self._most = most
        self._live: OrderedDict[bytes, LiveTemplate] = OrderedDict()
        self._met: OrderedDict[bytes, int] = OrderedDict()

    def __len__(self) -> int:
        """How many templates are live."""
        return len(self._live)

    def find(
        self,
        pattern: OrderPattern,
        problem: Callable[[], ServiceTimeProblem],
        *,
        key: bytes | None = None,
        n_problems: int = 1,
    ) -> LiveTemplate:
        """Give the template of a pattern.

        Parameters
        ----------
        pattern : OrderPattern
        problem : callable
            Gives the problem, which the model is declared for; asked at most once a pattern.
        key : bytes, optional
            The pattern's, where it is at hand.
        n_problems : int
            How many problems are to be solved with it.

        Raises
        ------
        InfeasibleError
            If a stage has no times or no pairs to choose from.
        SolverError
            If the declared model is another than the one assembled.
        """
        key = pattern.key if key is None else key
        before = self._met.pop(key, 0)
        met = self._met[key] = before + n_problems
        if len(self._met) > 16 * self._most:
            self._met.popitem(last=False)
        live = self._live.pop(key, None)
        if live is None:
            _check_choices(pattern)
            live = LiveTemplate(pattern, assembled_program(pattern), self._solver_left())
            self.n_assembled += 1
        if before < DECLARED_AT <= met:
            self.n_declared += 1
            if not same(declared_program(problem()), live.program):
                raise SolverError(
                    "the declared model is another than the one assembled from its pattern: a "
                    "fault of the library. Fix: use method='auto', and report it."
                )
        self._live[key] = live
        return live

    def _solver_left(self) -> Any:
        """Give up the template that was used longest ago, where there is no room for one more."""
        if len(self._live) < self._most:
            return None
        return self._live.popitem(last=False)[1].release()


@cache
def templates_here() -> Templates:
    """Give the templates of this process."""
    return Templates()


def _check_choices(pattern: OrderPattern) -> None:
    stage = np.repeat(np.arange(pattern.n_stages), np.diff(pattern.inbound_ptr))
    pairs = np.bincount(stage[pattern.pair_inbound], minlength=pattern.n_stages)
    without = np.flatnonzero((pairs == 0) | (np.diff(pattern.outbound_ptr) == 0))
    if len(without):
        raise InfeasibleError(
            "has no service time that its limits and its supplies allow. Fix: allow a longer "
            "max_service_time here, or can_stock upstream.",
            stage=int(without[0]),
        )
