"""Shelf lives that no unit can outlive within the periods planned: they are as good as none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from echelon.network.compiled import Booleans
from echelon.optimization.target_inventory.problem import TargetProblem


def without_idle_lives(problem: TargetProblem) -> TargetProblem:
    """Let items never expire whose every unit outlives the periods planned.

    It does if its remaining life in the last period is still what every customer accepts, and it
    does not expire at the end of that; then no plan is different, and none needs to know ages. The
    stages that pass one item on go together.
    """
    p = problem
    if not p.largest_life:
        return p
    idle = _outlived(p)
    if not idle.any():
        return p
    stock, opened = idle[p.stock_stage], idle[p.open_stage]
    return replace(
        p,
        shelf_life=np.where(idle, 0, p.shelf_life),
        carries_life=p.carries_life & ~idle,
        stock_life=np.where(stock, 0, p.stock_life),
        open_life=np.where(opened, 0, p.open_life),
        minimum_life=np.where(idle[p.demand_stage], 0, p.minimum_life),
    )


def _outlived(p: TargetProblem) -> Booleans:
    """Stages whose item expires, and not within the periods planned: (J,) bool."""
    last = p.n_periods - 1
    least = np.full(p.n_stages, np.inf)  # remaining life of the oldest unit in the last period
    expires = p.shelf_life > 0
    least[expires] = p.shelf_life[expires] - last
    np.minimum.at(least, p.stock_stage, np.where(p.stock_life > 0, p.stock_life - last, np.inf))
    left = p.open_life - np.maximum(last - p.open_period, 0)
    np.minimum.at(least, p.open_stage, np.where(p.open_life > 0, left, np.inf))
    asked = np.full(p.n_stages, 2.0)  # what has a life of 1 expires at the end of the period
    np.maximum.at(asked, p.demand_stage, p.minimum_life)
    outlived = expires & (least >= asked)
    group = _passed_on(p)
    for g in np.unique(group):
        outlived[group == g] = outlived[group == g].all()
    return np.asarray(outlived & expires)


def _passed_on(p: TargetProblem) -> np.ndarray:
    """Number of the item that each stage is of, alike along lanes on which its life goes on."""
    group = np.arange(p.n_stages)
    for n in np.flatnonzero(p.carries_life[p.lane_to]).tolist():
        one, other = sorted((group[p.lane_from[n]], group[p.lane_to[n]]))
        group[group == other] = one
    return group
