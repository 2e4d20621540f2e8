"""What is left of a search, apart from why it stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from echelon.policies.columns import LISTED_TIMES


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a solver left, and why it stopped.

    Attributes
    ----------
    status : {"optimal", "feasible", "infeasible", "none"}
        What is left: a proven optimum, a solution, a proof that there is none, or nothing.
    objective, bound : float
        Of the solution, NaN where there is none; the least any solution can cost.
    gap : float
        ``(objective - bound) / |objective|``.
    termination : str
        Why the solver stopped, in its own words: ``optimal``, ``time_limit``, ...
    seconds : float
        Wall time in the solver.
    trace : tuple of (seconds, bound, objective)
        What was known when, one entry per gain, from the first plan on; empty where only the end is
        known.
    listed_only : bool
        Whether the bound is over the service times that were listed, and not over all there are.
    """

    status: str
    objective: float
    bound: float
    gap: float
    termination: str
    seconds: float
    trace: tuple[tuple[float, float, float], ...] = ()
    listed_only: bool = False

    def over_listed(self) -> Outcome:
        """Say of the same that it was compared with the service times listed and no others.

        However small the gap, that proves no optimum.
        """
        proven = self.status == "optimal"
        return replace(
            self,
            status="feasible" if proven else self.status,
            termination=LISTED_TIMES if self.termination == "optimal" else self.termination,
            listed_only=True,
        )


def relative_gap(objective: float, bound: float) -> float:
    """``(objective - bound) / |objective|``; 0 where both are 0, never negative."""
    if not (isfinite(objective) and isfinite(bound)):
        return float("inf")
    return max(objective - bound, 0.0) / max(abs(objective), 1e-12)


def status_of(optimal: bool, solved: bool, infeasible: bool) -> str:
    """What a solver left, in one word, from what it says of its solution."""
    if optimal and solved:
        return "optimal"
    if solved:
        return "feasible"
    return "infeasible" if infeasible else "none"
