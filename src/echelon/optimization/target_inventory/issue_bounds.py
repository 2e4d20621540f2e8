"""How much there can be of what expires: bounds of the rows that issue it in turn."""

from __future__ import annotations

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.sets import Sets


def in_turn(problem: TargetProblem, order: Floats, sets: Sets) -> dict[str, Floats]:
    """Give the parameters of the rows that say first expired first out.

    Parameters
    ----------
    problem : TargetProblem
    order : (J, T) float64
        The largest order of each period, or the frozen one.
    sets : Sets
    """
    p = problem
    stages = sorted({j for j, *_ in (*sets.outdating, *sets.in_turn)})
    left, given = {}, {}
    younger, supplied = {}, {}
    supply = p.supply_by_life() if stages else np.zeros((0, 1, p.n_periods))
    for j in stages:
        left[j] = _left(p, j, order, supply[j])
        given[j] = _given(p, j, order)
        supplied[j] = _expiring_later(supply[j])
        younger[j] = _expiring_later(_joins(p, j, order, supply[j]))
    outdated = [left[j][1, t] for j, t in sets.outdating]
    return {
        "most_outdated": np.array(outdated, dtype=np.float64),
        "younger_supply": np.array([supplied[j][t] for j, t in sets.outdating], dtype=np.float64),
        "most_younger": np.array([younger[j][t] for j, t in sets.outdating], dtype=np.float64),
        "most_left": np.array([left[j][a, t] for j, a, t in sets.in_turn], dtype=np.float64),
        "most_given": np.array([given[j][t] for j, _, t in sets.in_turn], dtype=np.float64),
    }


def _joins(p: TargetProblem, j: int, order: Floats, supply: Floats) -> Floats:
    """The most that can join by remaining life, (A + 1, T), where lives begin at the stage."""
    joins = supply.copy()
    fresh = int(p.shelf_life[j] - p.release_time[j])
    for w in np.flatnonzero(p.way_stage == j).tolist():
        for part in np.flatnonzero(p.start_way == w).tolist():
            later = int(p.start_offset[part] + p.make_time[j] + p.release_time[j])
            if later < p.n_periods:
                units = order[j, : p.n_periods - later] * p.good_share[j] * p.start_share[part]
                joins[fresh, later:] += units
    return joins


def _left(p: TargetProblem, j: int, order: Floats, supply: Floats) -> Floats:
    """The most that can be left of each remaining life in a period: (A + 1, T)."""
    if p.carries_life[j]:  # units of any life may come with any order
        total = supply.sum(axis=0) + p.good_share[j] * order[j]
        return np.repeat(np.cumsum(total)[None, :], p.largest_life + 1, axis=0)
    joins = _joins(p, j, order, supply)
    left = np.zeros_like(joins)
    left[:, 0] = joins[:, 0]
    for t in range(1, p.n_periods):
        left[:-1, t] = left[1:, t - 1]
        left[:, t] += joins[:, t]
    return left


def _given(p: TargetProblem, j: int, order: Floats) -> Floats:
    """The most that can be given away in a period: (T,)."""
    rows = p.demand_stage == j
    given = np.zeros(p.n_periods)
    for d in np.flatnonzero(rows).tolist():
        waits = not p.must_serve[d] and p.lost_share[d] < 1.0
        given += np.cumsum(p.demand[d]) if waits else p.demand[d]
    for n in np.flatnonzero(p.lane_from == j).tolist():
        given += p.usage[n] * order[p.lane_to[n]]
    return given


def _expiring_later(joins: Floats) -> Floats:
    """Units that have joined by a period and expire after it: (T,)."""
    there = np.zeros(joins.shape[0])
    later = np.zeros(joins.shape[1])
    for t in range(joins.shape[1]):
        there = there + joins[:, t]
        later[t] = there[2:].sum()
        there = np.append(there[1:], 0.0)
        there[0] = 0.0
    return later
