"""Components that are placed all at once, before the others get a task each."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

import numpy as np

from echelon.execution import attempt
from echelon.execution.algebra import algebra_in_one_thread
from echelon.optimization.placed_block import PlacedBlock
from echelon.optimization.placement import ComponentTask
from echelon.optimization.plain_components import PlainComponents
from echelon.optimization.proof import Limits
from echelon.optimization.tasks import CostSource
from echelon.progress import Progress

_LOG = logging.getLogger(__name__)

_SOONER_ANEW = 200
"""Components from which placing them anew takes less than to read them from a ledger."""


@dataclass(frozen=True, slots=True)
class PlacedAtOnce:
    """What has been placed, and the tasks of the rest.

    Attributes
    ----------
    block : PlacedBlock or None
    rest : list of int
        Positions of the components that are neither in there nor have failed.
    tasks : list of ComponentTask
        Theirs.
    every : list of ComponentTask
        Of all components, where they had to be made.
    stopped : bool
        Whether an interrupt ended it, so that the rest is not to be searched.
    """

    block: PlacedBlock | None
    rest: list[int]
    tasks: list[ComponentTask]
    every: list[ComponentTask]
    stopped: bool = False


@algebra_in_one_thread()
def each_by_itself(
    source: CostSource, method: str, limits: Limits, *, whole: bool = False
) -> PlacedAtOnce:
    """Place nothing yet: every component gets a task, in which stages quote whole times or any."""
    components = range(source.compiled.n_components)
    tasks = source.tasks(components, method, limits, whole=whole)
    return PlacedAtOnce(None, list(components), tasks, tasks)


@algebra_in_one_thread()
def place_at_once(
    source: CostSource,
    method: str,
    limits: Limits,
    *,
    whole: bool = False,
    n_jobs: int = 1,
    progress: Progress = None,
    has_ledger: bool = False,
) -> PlacedAtOnce:
    """Place the plain components of a network, and make tasks of all others.

    With the method ``"milp"`` through templates of the declared model, else trees by dynamic
    program. Should that fail, every component gets a task: the one at fault must not cost the
    others their plan.

    Parameters
    ----------
    source : CostSource
    method : str
    limits : Limits
    whole : bool
        Whether stages quote whole periods only.
    n_jobs : int
        Worker processes for templates.
    progress : bool, callable or None
    has_ledger : bool
        Whether components are kept in a ledger.
    """
    components = range(source.compiled.n_components)
    tasks_of = partial(source.tasks, method=method, limits=limits, whole=whole)
    every = tasks_of(components) if source.costs.extended else []
    plain = PlainComponents.of(source, every, whole=whole)
    by_model = method == "milp"
    if (by_model and limits.solver != "highs") or (
        has_ledger and (by_model or len(plain.trees) < _SOONER_ANEW)
    ):
        tasks = every or tasks_of(components)
        return PlacedAtOnce(None, list(components), tasks, every)
    if by_model:
        from echelon.optimization.templates.place_plain import place_plain

        block, stopped = place_plain(plain, limits, n_jobs, progress)
    else:
        found = attempt(plain.placed, progress)
        if found.value is None:
            _LOG.warning("placing all at once failed: %s: %s", found.error, found.message)
            return PlacedAtOnce(None, list(components), every or tasks_of(components), every)
        block, stopped = found.value
    done = np.zeros(len(components), dtype=np.bool_)
    done[block.components] = True
    rest = np.flatnonzero(~done).tolist()
    tasks = [every[c] for c in rest] if every else tasks_of(rest)
    return PlacedAtOnce(block, rest, tasks, every, stopped)
