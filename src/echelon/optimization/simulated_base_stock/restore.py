"""The least levels of customers' stages with which targets are met on a sample."""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.simulated_base_stock.sample import Sample

_HALVINGS: Final = 14
_FARTHEST: Final = 32.0
"""Standard deviations that a level is raised, until its target counts as out of reach."""


def restore(sample: Sample, levels: Floats, reach: float = 0.25) -> tuple[Floats, bool]:
    """Move the levels of stages with targets until each is met, and no further.

    All are searched at once, since under base stocks the level of one touches the service of
    another little; where one supplies another, a second round mends that.

    Parameters
    ----------
    sample : Sample
    levels : (n_stages,) float64
    reach : float
        Standard deviations of the first bracket.

    Returns
    -------
    levels : (n_stages,) float64
    met : bool
        Whether all targets are.
    """
    problem = sample.problem
    if not problem.targets:
        return levels, True
    for _ in range(2):
        levels = _once(sample, levels, reach)
        if _all_met(sample, levels):
            break
    return levels, _all_met(sample, levels)


def _all_met(sample: Sample, levels: Floats) -> bool:
    return bool((_gaps(sample, levels) <= 0.0).all())


def _gaps(sample: Sample, levels: Floats) -> Floats:
    """What each stage is short of its targets, (n_stages,); -inf where it has none."""
    problem = sample.problem
    service = sample.read(levels).service
    gaps = np.full(problem.n_stages, -np.inf)
    for target, found in zip(problem.targets, service.tolist(), strict=True):
        if found == found:  # something fell due
            gaps[target.stage] = max(gaps[target.stage], target.level - found)
    return gaps


def _once(sample: Sample, levels: Floats, reach: float) -> Floats:
    problem = sample.problem
    asked = np.zeros(problem.n_stages, dtype=np.bool_)
    asked[[target.stage for target in problem.targets]] = True
    asked &= problem.free
    short = _gaps(sample, levels) > 0.0
    low, high = levels.copy(), levels.copy()
    span = reach * problem.unit
    while (asked & short).any() and span.max() <= _FARTHEST * problem.unit.max():
        low = np.where(asked & short, high, low)
        high = np.where(asked & short, high + span, high)
        span = 2.0 * span
        short = _gaps(sample, high) > 0.0
    met_at_once = asked & (high == levels)
    span = np.where(met_at_once, reach * problem.unit, 0.0)
    enough = met_at_once
    while enough.any():
        high = np.where(enough, low, high)
        low = np.where(enough, np.maximum(low - span, 0.0), low)
        span = 2.0 * span
        enough = met_at_once & (_gaps(sample, low) <= 0.0) & (low > 0.0)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        good = _gaps(sample, middle) <= 0.0
        high, low = np.where(asked & good, middle, high), np.where(asked & ~good, middle, low)
        if (high - low)[asked].max(initial=0.0) <= 1e-3 * problem.unit[asked].min(initial=1.0):
            break
    # rounded up: what is below the multiple would miss the target
    some = asked & (problem.step > 0.0)
    step = np.where(problem.step > 0.0, problem.step, 1.0)
    found = np.where(some, np.ceil(high / step - 1e-9) * step + 0.0, high)
    return np.where(asked & (_gaps(sample, found) <= 0.0), found, np.where(asked, high, levels))
