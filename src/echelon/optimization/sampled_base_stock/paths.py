"""Sampled paths: what is drawn, what is ordered, and what has arrived if nobody is short.

Under base stock with backorders and one who asks first come, what a stage orders does not depend on
any level: it passes on what is asked of it. So everything here is known before a level is chosen.
Arrays are periods by scenarios; an index of -1 stands for the time before the path, when nothing
was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.kernels.flow_arrays import WIDTH, Features, Structure
from echelon.simulation.drawn.rows import SomeRows
from echelon.simulation.drawn.sources import sources_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def draw(rows: SomeRows, seed: int, scenarios: int, periods: int) -> Floats:
    """All draws of a component, (n_rows, periods, scenarios): those of replications of a run.

    Scenario ``w`` meets what replication ``w`` of ``simulate`` with the same seed meets.
    """
    from echelon.kernels.draws import fill  # numba: not before it is needed

    sources = sources_of(rows, seed)
    out = np.empty((len(rows), periods, scenarios))
    block = np.empty((len(rows), periods, WIDTH))
    memory = np.zeros((len(rows), WIDTH))
    for first in range(0, scenarios, WIDTH):
        count = min(WIDTH, scenarios - first)
        fill(sources, 0, len(rows), 0, periods, first, count, memory, block)
        out[:, :, first : first + count] = block[:, :, :count]
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """What happens to every stage on every path whatever the levels, (periods, scenarios) each.

    Attributes
    ----------
    asked : list of float64 arrays
        Per stage, units asked for so far, returns taken off.
    ordered : list of float64 arrays
        Per stage, units ordered so far.
    due_customers : list of float64 arrays
        Per stage, units that its customers ask for in a period.
    due_lanes : list of float64 arrays
        Per lane, units that its receiver asks for in a period.
    received : list of (float64 array or None)
        Per stage that only an outside supplier supplies, units received so far.
    started : list of int64 arrays
        Per stage, the period up to which what was started is in stock at the end of each.
    arrived : list of int64 arrays
        Per lane, the period up to which what was shipped has arrived at the end of each.
    """

    asked: list[Floats]
    ordered: list[Floats]
    due_customers: list[Floats]
    due_lanes: list[Floats]
    received: list[Floats | None]
    started: list[Integers]
    arrived: list[Integers]

    @classmethod
    def of(cls, structure: Structure, features: Features, draws: Floats) -> Paths:
        """Follow the draws (n_rows, periods, scenarios) of one component."""
        asked, ordered, customers, lanes = _orders(structure, draws)
        n_stages = len(structure.level)
        received: list[Floats | None] = []
        started: list[Integers] = []
        arrived: list[Integers] = [_NO_INDEX] * len(structure.supplier)
        for j in range(n_stages):
            mine = range(int(structure.lane_ptr[j]), int(structure.lane_ptr[j + 1]))
            outside = int(structure.outside_delay[j])
            if not mine:
                received.append(_from_outside(structure, features, draws, j, ordered[j], outside))
                started.append(_NO_INDEX)
                continue
            received.append(None)
            for k in mine:
                arrived[k] = _lane_index(structure, features, draws, k, lanes[k])
            kits = [at(ordered[j], arrived[k]) for k in mine]
            if outside >= 0:
                kits.append(_later(ordered[j], outside))
            started.append(_stage_index(structure, features, draws, j, np.minimum.reduce(kits)))
        return cls(asked, ordered, customers, lanes, received, started, arrived)


_NO_INDEX = np.zeros((0, 0), dtype=np.int64)


def at(total: Floats, period: Integers) -> Floats:
    """Cumulative units (periods, scenarios) at periods (..., scenarios); 0 before the path."""
    column = np.broadcast_to(np.arange(total.shape[1]), period.shape)
    return np.where(period >= 0, total[np.maximum(period, 0), column], 0.0)


def _orders(
    structure: Structure, draws: Floats
) -> tuple[list[Floats], list[Floats], list[Floats], list[Floats]]:
    """Requests and orders, from the customers upstream (clause 3, steps 1 to 3)."""
    n_stages, shape = len(structure.level), draws.shape[1:]
    nothing = np.zeros(shape)
    asked, ordered, customers = [nothing] * n_stages, [nothing] * n_stages, [nothing] * n_stages
    lanes = [nothing] * len(structure.supplier)
    for j in reversed(range(n_stages)):
        net = np.zeros(shape)
        for a in range(int(structure.asker_ptr[j]), int(structure.asker_ptr[j + 1])):
            lane = int(structure.asker_lane[a])
            if lane >= 0:
                net += lanes[lane]
            else:
                bought = draws[int(structure.asker_row[a] - structure.row_ptr[0])]
                net += bought
                customers[j] = customers[j] + np.maximum(bought, 0.0)
        asked[j] = np.cumsum(net, axis=0)
        ordered[j] = _ordered(asked[j], int(structure.review[j]), int(structure.phase[j]))
        for k in range(int(structure.lane_ptr[j]), int(structure.lane_ptr[j + 1])):
            lanes[k] = structure.units[k] * np.diff(ordered[j], axis=0, prepend=0.0)
    return asked, ordered, customers, lanes


def _ordered(asked: Floats, review: int, phase: int) -> Floats:
    """Units ordered so far: all that was asked for by the last review, and never less (9.4)."""
    seen = asked
    if review >= 1:
        before = np.concatenate([np.zeros((1, asked.shape[1])), asked[:-1]])
        period = np.arange(len(asked))
        last = period - (period - phase) % review
        seen = np.where((last >= 0)[:, None], before[np.maximum(last, 0)], 0.0)
    return np.asarray(np.maximum.accumulate(np.maximum(seen, 0.0), axis=0))


def _later(total: Floats, periods: int) -> Floats:
    """The same cumulative units so many periods later."""
    if periods == 0:
        return total
    late = np.zeros_like(total)
    late[periods:] = total[:-periods] if periods < len(total) else 0.0
    return late


def _from_outside(
    structure: Structure,
    features: Features,
    draws: Floats,
    j: int,
    ordered: Floats,
    outside: int,
) -> Floats:
    """Units received so far by a stage that gets just what it orders."""
    total = _later(ordered, max(outside, 0))
    overtakes = bool(features.overtaking[j])
    for row, fixed in (
        (int(features.make_row[j]), int(structure.make_delay[j])),
        (int(features.release_row[j]), int(features.release_delay[j])),
    ):
        total = _later(total, fixed) if row < 0 else _through(total, draws[row], overtakes)
    return total


def _through(total: Floats, times: Floats, overtakes: bool) -> Floats:
    """What has come out of a line with drawn times, so far."""
    amount = np.diff(total, axis=0, prepend=0.0)
    out = _due(amount, times, overtakes)
    n_periods = len(total)
    inside = (amount > 0.0) & (out < n_periods)
    left = np.zeros_like(total)
    period, scenario = np.nonzero(inside)
    np.add.at(left, (out[period, scenario], scenario), amount[period, scenario])
    return np.asarray(np.cumsum(left, axis=0))


def _due(amount: Floats, times: Floats, overtakes: bool) -> Integers:
    """Period in which what enters in each period leaves (8.7: only goods hold others up)."""
    due = np.arange(len(amount))[:, None] + np.rint(times).astype(np.int64)
    if overtakes:
        return due
    return np.asarray(np.maximum.accumulate(np.where(amount > 0.0, due, 0), axis=0))


def _index(total: Floats, times: Floats) -> Integers:
    """Up to which period what entered has left, at the end of each period."""
    due = _due(np.diff(total, axis=0, prepend=0.0), times, overtakes=False)
    n_periods, n_scenarios = due.shape
    index = np.empty((n_periods, n_scenarios), dtype=np.int64)
    for w in range(n_scenarios):
        index[:, w] = np.searchsorted(due[:, w], np.arange(n_periods), side="right") - 1
    return np.minimum(index, np.arange(n_periods)[:, None])


def _fixed_index(shape: tuple[int, ...], periods: int) -> Integers:
    return np.broadcast_to((np.arange(shape[0]) - periods)[:, None], shape).copy()


def _lane_index(
    structure: Structure, features: Features, draws: Floats, k: int, due: Floats
) -> Integers:
    row = int(features.lane_row[k])
    if row < 0:
        return _fixed_index(due.shape, int(structure.lane_delay[k]))
    return _index(np.cumsum(due, axis=0), draws[row])


def _stage_index(
    structure: Structure, features: Features, draws: Floats, j: int, kits: Floats
) -> Integers:
    """Through making and release; ``kits`` is what is started so far if nobody is short."""
    make, release = int(features.make_row[j]), int(features.release_row[j])
    if make < 0:
        made = _fixed_index(kits.shape, int(structure.make_delay[j]))
    else:
        made = _index(kits, draws[make])
    if release < 0:
        let_go = _fixed_index(kits.shape, int(features.release_delay[j]))
    else:
        let_go = _index(at(kits, made), draws[release])
    column = np.broadcast_to(np.arange(kits.shape[1]), let_go.shape)
    return np.where(let_go >= 0, made[np.maximum(let_go, 0), column], -1)
