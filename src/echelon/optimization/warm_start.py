"""Begin from an earlier plan: take over what has not changed, and start the rest near its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import overload

import numpy as np

from echelon.errors import DomainError
from echelon.network.network import Network
from echelon.optimization.placement import ComponentTask, Failure, Placement
from echelon.policies.plan import Plan

_PLACES = ("component_ptr", "component_id", "stage_row", "lane_row", "demand_row")
"""Where things stand in their tables, which does not change what a component is."""
_OFFSETS = ("pred_ptr", "succ_ptr", "demand_ptr")

Label = tuple[str, str]


@dataclass(frozen=True, slots=True)
class KeptComponent:
    """One component of a plan as it was solved, kept in memory with the plan.

    Attributes
    ----------
    labels : tuple of (item, location)
        Of its stages, in the order of the component.
    task : ComponentTask
    placement : Placement
    """

    labels: tuple[Label, ...]
    task: ComponentTask
    placement: Placement


def check_start(start: object) -> None:
    """Refuse what is no plan.

    Raises
    ------
    DomainError
    """
    if start is not None and not isinstance(start, Plan):
        raise DomainError(
            f"start is a {type(start).__name__}, must be a plan. Fix: give what optimize returned, "
            "or read_plan a folder."
        )


class KeptComponents(Sequence[KeptComponent]):
    """What a later plan can begin with: components that have one, without their start.

    They are put together when one is first asked for, as most plans are not begun from.

    Parameters
    ----------
    network : Network
    tasks : sequence of ComponentTask
    placed : sequence of Placement or Failure
        What came of each.
    """

    def __init__(
        self,
        network: Network,
        tasks: Sequence[ComponentTask],
        placed: Sequence[Placement | Failure],
    ) -> None:
        self._network, self._tasks, self._placed = network, tasks, placed

    @cached_property
    def _every(self) -> tuple[KeptComponent, ...]:
        labels = _labels(self._network, self._tasks)
        return tuple(
            KeptComponent(own, replace(task, start=None, messages=None), placement)
            for own, task, placement in zip(labels, self._tasks, self._placed, strict=True)
            if isinstance(placement, Placement)
        )

    def __len__(self) -> int:
        """How many components have a plan."""
        return len(self._every)

    @overload
    def __getitem__(self, at: int) -> KeptComponent: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[KeptComponent, ...]: ...

    def __getitem__(self, at: int | slice) -> KeptComponent | tuple[KeptComponent, ...]:
        """Give one component, or several."""
        return self._every[at]


def begin_from(
    plan: Plan, network: Network, tasks: Sequence[ComponentTask]
) -> tuple[list[ComponentTask], dict[int, Placement]]:
    """Find what a plan has for the components of a network.

    Returns
    -------
    tasks : list of ComponentTask
        With the plan's service times, and its messages where they are at hand.
    known : dict of int to Placement
        By number of the task: components that were solved as they are, to the gap asked for.
    """
    columns = (plan.stages[name] for name in ("item", "location", "service_time"))
    service = {(item, location): time for item, location, time in zip(*columns, strict=True)}
    kept: dict[Label, KeptComponent] = {one.labels[0]: one for one in plan.kept}
    begun, known = [], {}
    for number, (labels, task) in enumerate(zip(_labels(network, tasks), tasks, strict=True)):
        before = kept.get(labels[0])
        messages = None
        if before is not None and before.labels == labels:
            messages = before.placement.messages
            if before.placement.outcome.gap <= task.limits.gap and _same(before.task, task):
                known[number] = before.placement
        start = np.array([service.get(label, 0.0) for label in labels])
        begun.append(replace(task, start=start, messages=messages))
    return begun, known


def _labels(network: Network, tasks: Sequence[ComponentTask]) -> list[tuple[Label, ...]]:
    if not tasks:
        return []
    items, locations = (network.cells("stages", name) for name in ("item", "location"))
    keys = list(zip(items.tolist(), locations.tolist(), strict=True))
    rows = (task.cost.component.stage_row.tolist() for task in tasks)
    return [tuple(map(keys.__getitem__, own)) for own in rows]


def _same(one: object, other: object, name: str = "") -> bool:
    """Whether two tasks, or parts of them, ask for the same."""
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape != other.shape:
            return False
        if name in _OFFSETS:
            return np.array_equal(one - one[0], other - other[0])
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if is_dataclass(one):
        return all(
            _same(getattr(one, part.name), getattr(other, part.name), part.name)
            for part in fields(one)
            if part.compare and part.name not in _PLACES
        )
    return bool(one == other)
