"""Run until confidence intervals are as narrow as asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from echelon.errors import warn_of_data
from echelon.simulation.columns import TOTAL

_FIRST_RUNS: Final = 64
"""Runs of the first round: a standard error from fewer is itself too uncertain to stop by."""

_ENOUGH_FOR_NEVER: Final = 1_000
"""Runs after which what never happened is taken for what does not."""

_FIRST_GROUPS: Final = 32
"""Groups of runs in the first round, of which the standard error is one where draws are grouped."""


@dataclass(frozen=True, slots=True)
class StopRule:
    """Half widths of 95 % confidence intervals to be reached, by column of ``run.total``.

    Attributes
    ----------
    half_widths : dict of str to float
    group : int
        Runs that depend on each other; rounds have whole groups.
    """

    half_widths: dict[str, float]
    group: int

    def next_runs(self, done: int, most: int) -> int:
        """Runs after the next round: twice as many, at most ``most``."""
        runs = max(_FIRST_RUNS, _FIRST_GROUPS * self.group, 2 * done)
        return min(runs + -runs % self.group, most)

    def reached(self, total: pd.DataFrame, runs: int) -> bool:
        """Whether every interval is narrow enough after so many runs.

        What did not vary at all may only not have been seen yet, and is not believed before a
        thousand runs.
        """
        if total.empty:
            return True
        from scipy.special import stdtrit

        errors = {name: float(total[f"{name}_se"].iloc[0]) for name in self.half_widths}
        if runs < _ENOUGH_FOR_NEVER and any(error == 0.0 for error in errors.values()):
            return False
        quantile = float(stdtrit(max(runs // self.group - 1, 1), 0.975))
        return all(quantile * errors[name] <= width for name, width in self.half_widths.items())

    def warn_not_reached(self, runs: int) -> None:
        """Warn that all runs there were have not been enough."""
        widths = ", ".join(f"{name} ± {width:g}" for name, width in self.half_widths.items())
        warn_of_data(
            f"stop_when asks for {widths}, which {runs:,} replications have not reached. "
            "Fix: allow more replications, longer runs (periods) or wider intervals."
        )


def stop_rule(
    stop_when: Mapping[str, float] | None, group: int, problems: list[str]
) -> StopRule | None:
    """Check what ``simulate`` was told; each fault is a line in ``problems``."""
    if stop_when is None:
        return None
    known = [column.name for column in TOTAL.columns]
    if not _is_filled(stop_when):
        problems.append(
            f"stop_when is {stop_when!r}. Fix: give columns of run.total with half widths, "
            "{'fill_rate': 0.002} say."
        )
        return None
    good = {}
    for name, width in stop_when.items():
        number = _is_number(width)
        if name not in known:
            problems.append(
                f"stop_when names {name!r}, which is no column of run.total. "
                f"Fix: use one of {', '.join(known)}."
            )
        elif not (number and math.isfinite(width) and width > 0):
            problems.append(
                f"stop_when[{name!r}] is {width!r}. Fix: give half the width of the confidence "
                "interval, above 0, in the unit of the column; a point of a rate is 0.01."
            )
        else:
            good[name] = float(width)
    return StopRule(good, group)


def _is_filled(stop_when: object) -> bool:
    return isinstance(stop_when, Mapping) and len(stop_when) > 0


def _is_number(width: object) -> bool:
    return isinstance(width, (int, float, np.integer, np.floating)) and not isinstance(width, bool)
