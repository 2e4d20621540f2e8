"""A base-stock simulation as one would write it in NumPy: arrays over replications.

Loops run over periods and stages. It is a baseline and not a library: fixed lead times of one
period or more, one unit of each component, proportional allocation.
"""

from __future__ import annotations

import numpy as np

from benchmarks.cases.simulation_systems import DEMAND_MEAN, DEMAND_STD, SimulatedSystem


def run(system: SimulatedSystem, periods: int, replications: int, seed: int = 0) -> np.ndarray:
    """Mean cost per period of each replication, draws included.

    It also adds up, as a simulation has to, the units served at once and the periods without
    backorders, per stage.
    """
    rng = np.random.default_rng(seed)
    shape = (system.n_stages, replications)
    lanes, lead_time, base_stock = system.lanes, system.lead_time, system.base_stock
    position = np.repeat(base_stock[:, None], replications, axis=1)
    on_hand = position.copy()
    order, late, outside_late = np.zeros(shape), np.zeros((len(lanes), replications)), {}
    parts = np.zeros((len(lanes), replications))
    waiting = np.zeros_like(parts)
    # one slot more than the lead time: a sender ships before its receiver takes what is due
    transit = [np.zeros((lead_time[lane.receiver] + 1, replications)) for lane in lanes]
    bought = [np.zeros((lead_time[j] + 1, replications)) for j in system.stages]
    sums = np.zeros((4, *shape))
    for j in system.customers:
        outside_late[j] = np.zeros(replications)
    for t in range(periods):
        asked = {}
        for j in reversed(system.stages):
            receivers = system.receivers[j]
            if not receivers:
                demand = _draw(rng, system.family, replications)
            else:
                demand = order[lanes[receivers[0]].receiver]
                for k in receivers[1:]:
                    demand = demand + order[lanes[k].receiver]
            asked[j] = demand
            position[j] -= demand
            np.maximum(base_stock[j] - position[j], 0.0, out=order[j])
            position[j] += order[j]
        for j in system.stages:
            slots = lead_time[j] + 1
            now, due = t % slots, (t + 1) % slots
            suppliers, receivers = system.suppliers[j], system.receivers[j]
            if not suppliers:
                bought[j][now] = order[j]
                on_hand[j] += bought[j][due]
            elif len(suppliers) == 1:
                on_hand[j] += transit[suppliers[0]][due]
            else:
                for k in suppliers:
                    parts[k] += transit[k][due]
                kits = parts[suppliers[0]]
                for k in suppliers[1:]:
                    kits = np.minimum(kits, parts[k])
                for k in suppliers:
                    parts[k] -= kits
                    waiting[k] += parts[k]
                on_hand[j] += kits
            if not receivers:
                wanted = outside_late[j] + asked[j]
                shipped = np.minimum(wanted, on_hand[j])
                back = outside_late[j] = wanted - shipped
            elif len(receivers) == 1:
                k = receivers[0]
                wanted = late[k] + asked[j]
                shipped = np.minimum(wanted, on_hand[j])
                back = late[k] = wanted - shipped
                transit[k][t % len(transit[k])] = shipped
            else:
                wanted = asked[j] + late[receivers].sum(axis=0)
                shipped = np.minimum(wanted, on_hand[j])
                back = wanted - shipped
                share = shipped / np.where(wanted > 0.0, wanted, 1.0)
                for k in receivers:
                    own = late[k] + order[lanes[k].receiver]
                    sent = own * share
                    late[k] = own - sent
                    transit[k][t % len(transit[k])] = sent
            on_hand[j] -= shipped
            sums[0, j] += on_hand[j]
            sums[1, j] += back
            sums[2, j] += np.maximum(asked[j] - back, 0.0)
            sums[3, j] += back <= 0.0
    on_hand_cost = system.holding_cost[:, None] * sums[0]
    late_cost = system.backorder_cost[:, None] * sums[1]
    sent_cost = system.holding_cost[[lane.sender for lane in lanes]]
    held = on_hand_cost.sum(axis=0) + (sent_cost[:, None] * waiting).sum(axis=0)
    return np.asarray((held + late_cost.sum(axis=0)) / periods)


def _draw(rng: np.random.Generator, family: str, replications: int) -> np.ndarray:
    if family == "normal":
        return rng.normal(DEMAND_MEAN, DEMAND_STD, replications)
    return rng.poisson(DEMAND_MEAN, replications).astype(float)
