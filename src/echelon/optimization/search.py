"""What the search for one component's plan starts from, and what it has shown so far."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.interpolated import PassedMessages
from echelon.network.compiled import Integers


class Search:
    """The best plan and bound met so far, told by the methods, so that any of them can be stopped.

    Parameters
    ----------
    start : (n_stages,) int64, optional
        Outbound service times of a plan to begin with, ticks.
    messages : PassedMessages, optional
        Of a component with the same lanes, solved before, in ticks of this one.
    problem : FlatProblem, optional
        What is searched, where that has been made ready.

    Attributes
    ----------
    cost, bound : float
        Money per period; ``inf`` and ``-inf`` before the first plan and the first bound.
    listed_only : bool
        Whether the bound is over the service times that were listed, and not over all there are.
    trace : list of (seconds, bound, cost)
        One entry whenever either was better than before.
    """

    def __init__(
        self,
        start: Integers | None = None,
        messages: PassedMessages | None = None,
        problem: FlatProblem | None = None,
    ) -> None:
        self.start, self.messages, self.problem = start, messages, problem
        self.cost, self.bound = np.inf, -np.inf
        self.listed_only = False
        self.trace: list[tuple[float, float, float]] = []
        self._began = time.perf_counter()
        self._plan: Callable[[], Integers] | None = None

    @property
    def seconds(self) -> float:
        """Wall time since the search began."""
        return time.perf_counter() - self._began

    def left(self, time_limit: float | None) -> float | None:
        """Seconds left of a limit, 0 when time is up; None without a limit."""
        return None if time_limit is None else max(time_limit - self.seconds, 0.0)

    def note(self, bound: float, cost: float, plan: Callable[[], Integers]) -> None:
        """Take in a bound, and a plan with its cost.

        ``plan`` gives its outbound service times (ticks) and is asked only if the search is
        stopped.
        """
        if not (cost < self.cost or bound > self.bound):
            return
        if cost < self.cost:
            self.cost, self._plan = cost, plan
        self.bound = max(self.bound, bound)
        self.trace.append((self.seconds, min(self.bound, self.cost), self.cost))

    def prove_anew(self, bound: float, *, listed_only: bool) -> None:
        """Take a bound over other candidates in place of what was shown before.

        What is above it in the trace was never a bound for these.
        """
        self.bound, self.listed_only = bound, listed_only
        self.trace = [(seconds, min(known, bound), cost) for seconds, known, cost in self.trace]
        self.trace.append((self.seconds, min(bound, self.cost), self.cost))

    def best(self) -> Integers | None:
        """Outbound service times of the best plan, ticks; None before the first."""
        return self._plan() if self._plan is not None else None


class PlansOnly(Search):
    """A search over some of the candidates of another: its plans count there, its bounds do not.

    Parameters
    ----------
    whole : Search
        Whose best plan so far it begins with.
    """

    def __init__(self, whole: Search) -> None:
        super().__init__(whole.start)
        self._whole = whole

    def note(self, bound: float, cost: float, plan: Callable[[], Integers]) -> None:
        """Take in a bound, and a plan with its cost, which is passed on."""
        super().note(bound, cost, plan)
        self._whole.note(-np.inf, cost, plan)
