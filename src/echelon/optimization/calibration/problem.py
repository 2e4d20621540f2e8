"""Which levels may move, by how much at a time, and what they are for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.distributions.lattice import lattice_step
from echelon.errors import DomainError
from echelon.network.network import Network
from echelon.optimization.random_times import wait_std
from echelon.policies.plan import Plan

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

_MOST_GROUPS = 10
_KEY = ["item", "location"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Stages of a plan, in the order of its frame.

    Attributes
    ----------
    base_stock : (n_stages,) float64
        Of the plan, units.
    unit : (n_stages,) float64
        Standard deviation of the demand that the stock of a stage has to cover, units: one more
        standard deviation of safety stock.
    step : (n_stages,) float64
        Levels are multiples of it; 0 where any will do.
    component : (n_stages,) int64
        Numbered from 0.
    ends : (n_ends,) int64
        Stages from which customers buy.
    end_can_move : (n_ends,) bool
        Those that may hold stock.
    tier : (n_ends,) int64
        Most stages with customers that an order of the stage passes on its way up.
    group : (n_stages,) int64
        Other stages whose levels may move, numbered within their component; -1 where they may not.
    """

    base_stock: Floats
    unit: Floats
    step: Floats
    component: Integers
    ends: Integers
    end_can_move: Booleans
    tier: Integers
    group: Integers

    @property
    def n_components(self) -> int:
        """How many components have a plan."""
        return int(self.component.max(initial=-1)) + 1

    @property
    def end_component(self) -> Integers:
        """Component of each stage with customers."""
        return self.component[self.ends]

    @classmethod
    def of(cls, network: Network, plan: Plan) -> Problem:
        """Read it from a network and a plan for it.

        Levels of stages whose stock covers nothing that varies stay what they are: more stock
        there would only lie. At a stage with customers it covers what its suppliers are late.

        Raises
        ------
        DomainError
            If the plan has a stage that the network has not.
        """
        compiled = network.compiled
        rows = network.stages[_KEY].iloc[compiled.stage_row]
        planned = pd.MultiIndex.from_frame(plan.stages[_KEY])
        place = pd.MultiIndex.from_frame(rows).get_indexer(planned)  # compiled, by row of the plan
        if (place < 0).any():
            item, location = planned[place < 0][0]
            raise DomainError(
                f"calibrate: the plan is for another network: it has {item} @ {location}, which "
                "this one has not. Fix: give the network that was optimised, or optimise this one."
            )
        stages = plan.stages

        def column(name: str) -> Floats:
            return stages[name].to_numpy(np.float64, copy=True)

        mean, std, tau = column("demand_mean"), column("demand_std"), column(_TAU)
        late = np.abs(mean) * wait_std(compiled)[place]
        unit = np.sqrt(std**2 * tau + late**2)
        sells = (np.diff(compiled.demand_ptr) > 0)[place]
        whole = tau + column("service_time")
        fallback = np.maximum(std * np.sqrt(np.maximum(whole, 1.0)), 0.01 * np.abs(mean))
        unit = np.where(sells & (unit == 0.0), fallback, unit)
        can_move = compiled.can_stock[place] & (unit > 0.0)
        tier, depth = _along_the_lanes(network)
        _, component = np.unique(column("component").astype(np.int64), return_inverse=True)
        ends = np.flatnonzero(sells)
        steps = level_steps(network)
        return cls(
            base_stock=column("base_stock"),
            unit=np.where(unit > 0.0, unit, 1.0),
            step=steps[place],
            component=component.astype(np.int64),
            ends=ends,
            end_can_move=can_move[ends],
            tier=tier[place][ends],
            group=_groups(component.astype(np.int64), can_move & ~sells, depth[place]),
        )


_TAU = "net_replenishment_time"


def _along_the_lanes(network: Network) -> tuple[Integers, Integers]:
    """Most stages with customers above each stage, and its most lanes down to one: compiled."""
    compiled = network.compiled
    n = compiled.n_stages
    sells = np.diff(compiled.demand_ptr) > 0
    tier, depth = np.zeros(n, np.int64), np.zeros(n, np.int64)
    first = np.repeat(compiled.component_ptr[:-1], np.diff(compiled.component_ptr))
    for j in range(n):
        suppliers = compiled.pred_stage[compiled.pred_ptr[j] : compiled.pred_ptr[j + 1]] + first[j]
        tier[j] = max((int(tier[i]) + int(sells[i]) for i in suppliers.tolist()), default=0)
    for j in range(n - 1, -1, -1):
        below = compiled.succ_stage[compiled.succ_ptr[j] : compiled.succ_ptr[j + 1]] + first[j]
        depth[j] = max((int(depth[k]) + 1 for k in below.tolist()), default=0)
    return tier, depth


def level_steps(network: Network) -> Floats:
    """Step of the levels of each stage, compiled: whole units where all it sees are whole units.

    A stage that sells to customers alone takes the common step of what they buy.
    """
    compiled = network.compiled
    n = compiled.n_stages
    laws = network.distributions
    steps = np.zeros(n)
    component = np.repeat(np.arange(compiled.n_components), np.diff(compiled.component_ptr))
    units = np.ones(compiled.n_components, dtype=np.bool_)
    lane_component = np.repeat(component, np.diff(compiled.pred_ptr))
    units[lane_component[compiled.pred_usage % 1.0 != 0.0]] = False
    for j in range(n):
        here = compiled.demand_row[compiled.demand_ptr[j] : compiled.demand_ptr[j + 1]]
        found = [lattice_step(laws[row]) for row in here.tolist()]
        if not found:
            continue
        known = [step for step in found if step is not None]
        if len(known) < len(found):
            units[component[j]] = False
        elif len({below for _, below in known}) == 1:
            steps[j] = float(np.gcd.reduce([int(above) for above, _ in known])) / known[0][1]
            units[component[j]] &= steps[j] % 1.0 == 0.0
    inner = np.diff(compiled.succ_ptr) > 0
    return np.where(inner, units[component].astype(np.float64), steps)


def _groups(component: Integers, movable: Booleans, depth: Integers) -> Integers:
    """Number the stages that move together: each alone where they are few, else by echelon."""
    group = np.full(len(component), -1, dtype=np.int64)
    rows = np.flatnonzero(movable)
    for one in np.unique(component[rows]).tolist():
        members = rows[component[rows] == one]
        order = members[np.argsort(depth[members], kind="stable")]
        if len(order) <= _MOST_GROUPS:
            group[order] = np.arange(len(order))
            continue
        echelons = np.unique(depth[members])
        for number, part in enumerate(np.array_split(echelons, min(_MOST_GROUPS, len(echelons)))):
            group[members[np.isin(depth[members], part)]] = number
    return group
