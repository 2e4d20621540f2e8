"""Orders travel up the network: reviews, requests, and how an order is split over the lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from echelon.kernels import flow_arrays
from echelon.kernels.flow_arrays import Features, Structure
from echelon.policies.base import Floats, Policy, StageView, ViewPolicy, order_of
from echelon.policies.base_stock import BaseStock, EchelonBaseStock
from echelon.policies.min_max import MinMax
from echelon.policies.reorder_point import ReorderPoint, ReorderPointOnce
from echelon.policies.rounding import OrderRounding
from echelon.simulation.plain.disruptions import Disruptions
from echelon.simulation.plain.sight import Sight, require_sight
from echelon.simulation.plain.state import Lane, Stage

AnyPolicy: TypeAlias = Policy | ViewPolicy


class Ordering:
    """The ordering side of a component: what each stage asks of its suppliers in a period.

    Parameters
    ----------
    structure, features
        The component.
    policies : mapping from stage to policy
        Used instead of what ``features`` says.
    names : sequence of str, optional
        The stages in messages; their numbers if left out.

    Raises
    ------
    DomainError
        If a policy wants to see remaining life where orders have no known date.
    """

    def __init__(
        self,
        structure: Structure,
        features: Features | None,
        policies: Mapping[int, AnyPolicy],
        names: Sequence[str] | None = None,
    ) -> None:
        self._structure, self._features = structure, features
        stages = range(len(structure.level))
        self._names = [str(j) for j in stages] if names is None else names
        self._rounding = [_rounding(structure, features, j) for j in stages]
        self._policies = [
            [policies[j]] if j in policies else _policies(structure, features, j) for j in stages
        ]
        seers = [j for j, policy in policies.items() if getattr(policy, "sees_life", False)]
        require_sight(structure, features, seers, self._names)
        self._sights = {j: Sight(j, structure, features) for j in seers if features is not None}

    def sweep(
        self,
        period: int,
        draws: Floats,
        stages: list[Stage],
        lanes: list[Lane],
        disruptions: Disruptions,
    ) -> None:
        """Clause 3, steps 1 to 3: from the customers upstream."""
        # What a review before the demand sees: the echelon positions the last period left.
        before = [stage.position for stage in stages]
        for j in reversed(range(len(stages))):
            before[j] = _echelon(stages[j], lanes, before)
        after = list(before)
        for j in reversed(range(len(stages))):
            stage = stages[j]
            review, phase = int(self._structure.review[j]), int(self._structure.phase[j])
            stage.order = np.zeros_like(stage.position)
            # 2.2: periodic review orders at the start of the period, before its demand; what was
            # asked for is still that of the last period.
            if review >= 1 and (period - phase) % review == 0:
                self._order(period, j, before[j], stages, lanes)
            stage.asked = np.zeros_like(stage.position)
            for asker in stage.askers:
                if asker.lane >= 0:
                    asker.request = lanes[asker.lane].request
                else:
                    asker.request = draws[asker.row, period]
                stage.position = stage.position - asker.request  # 9.4: a return raises it
                stage.asked = stage.asked + np.maximum(asker.request, 0.0)
            # 2.1: continuous review orders after it.
            if review == 0:
                self._order(period, j, _echelon(stage, lanes, after), stages, lanes)
            after[j] = _echelon(stage, lanes, after)
            self._split(stage, stages, lanes, disruptions)

    def _order(
        self, period: int, j: int, echelon: Floats, stages: list[Stage], lanes: list[Lane]
    ) -> None:
        stage = stages[j]
        view = StageView(
            period=period,
            position=stage.position,
            echelon_position=echelon,
            on_hand=stage.on_hand,
            on_order=stage.on_order,
            late=stage.late,
            demand=stage.asked,
            demand_known=bool(self._structure.review[j] == 0),
        )
        if j in self._sights:
            coming = self._sights[j].orders_by_arrival(period, stage, stages, lanes)
            view = replace(view, stock_by_life=stage.stock, orders_by_arrival=coming)
        cycle = self._policies[j]  # levels by period, over and over
        wanted = order_of(cycle[period % len(cycle)], view, self._names[j])
        stage.order = self._rounding[j].apply(wanted)
        stage.position = stage.position + stage.order
        stage.on_order = stage.on_order + stage.order

    def _split(
        self, stage: Stage, stages: list[Stage], lanes: list[Lane], disruptions: Disruptions
    ) -> None:
        """Split an order over the lanes; a backup takes over where a lane fails."""
        for k in stage.lanes_in:
            lanes[k].request = lanes[k].units * stage.order * lanes[k].share
        for k in stage.lanes_in:
            lane = lanes[k]
            if lane.backup < 0 or self._features is None:
                continue
            down = disruptions.of_lane(k) + disruptions.of_stage(lane.supplier)
            place = int(self._structure.asker_of_lane[k])
            place -= int(self._structure.asker_ptr[lane.supplier])
            asker = stages[lane.supplier].askers[place]
            fails = disruptions.any_down(down)
            patience = int(self._features.backup_after[lane.backup])
            if patience >= 0:  # else it stands in for what is down, not for what is late
                long_late = asker.late_for(patience)
                fails = fails | (long_late > self._structure.tolerance[lane.supplier])
            backup = lanes[lane.backup]
            backup.request = backup.request + np.where(fails, lane.request, 0.0)
            lane.request = np.where(fails, 0.0, lane.request)


def _echelon(stage: Stage, lanes: list[Lane], below: list[Floats]) -> Floats:
    """Own position and the echelon positions of the receivers, in units of the stage."""
    position = stage.position
    for asker in stage.askers:
        if asker.lane >= 0:
            lane = lanes[asker.lane]
            position = position + lane.units * lane.share * below[lane.receiver]
    return position


def _policies(structure: Structure, features: Features | None, j: int) -> list[AnyPolicy]:
    """Policies of a stage, one per period of the cycle of its levels."""
    if features is None:
        return [BaseStock(float(structure.level[j]))]
    cycle = range(int(features.level_ptr[j]), int(features.level_ptr[j + 1]))
    levels = [(float(features.level_at[i]), float(features.reorder_at[i])) for i in cycle]
    quantity = float(features.order_quantity[j])
    code = int(features.policy[j])
    # A position that differs from the reorder point by rounding is at it.
    tolerance = float(structure.tolerance[j])
    return [_policy(code, level, point + tolerance, quantity) for level, point in levels]


def _policy(code: int, level: float, reorder_point: float, quantity: float) -> AnyPolicy:
    if code == flow_arrays.BASE_STOCK:
        return BaseStock(level)
    if code == flow_arrays.ECHELON_BASE_STOCK:
        return EchelonBaseStock(level)
    if code == flow_arrays.MIN_MAX:
        return MinMax(min(reorder_point, level), level)
    if code == flow_arrays.REORDER_POINT:
        return ReorderPoint(reorder_point, quantity)
    return ReorderPointOnce(reorder_point, quantity)


def _rounding(structure: Structure, features: Features | None, j: int) -> OrderRounding:
    if features is None:
        return OrderRounding()
    return OrderRounding(
        multiple=float(features.order_multiple[j]),
        minimum=float(features.minimum_order[j]),
        maximum=float(features.maximum_order[j]),
        tolerance=float(structure.tolerance[j]),
    )
