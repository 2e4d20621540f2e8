"""Every plan in whole periods of a small network, listed: the oracle of side constraints."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

import echelon as ec


@dataclass(frozen=True)
class Enumerated:
    """All plans whose service times are multiples of a step.

    Each array is (n_plans, n_stages), the stages in the order of the table.
    """

    labels: list[tuple[str, str]]
    service_time: np.ndarray
    covered: np.ndarray
    safety_stock: np.ndarray
    base_stock: np.ndarray
    holding_cost: np.ndarray

    @property
    def holds(self) -> np.ndarray:
        return self.covered > 0

    def best(self, keeps: np.ndarray, extra: np.ndarray | float = 0.0) -> float:
        """Least cost of a plan that keeps what is asked; inf where none does."""
        cost = self.holding_cost.sum(axis=1) + extra
        return float(cost[keeps].min(initial=np.inf))


def enumerate_plans(network: ec.Network, *, step: float = 1.0, waiting: bool = False) -> Enumerated:
    """List the plans of a network of few stages, demand normal and independent, times fixed.

    ``waiting``: also those in which a stage lets its supplies lie, up to the time that they can
    take at most; else all use them at once. Demand and deviations are pooled along paths here, not
    by the library.
    """
    stages, lanes, demand = network.stages, network.lanes, network.demand
    n = len(stages)
    labels = list(stages[["item", "location"]].itertuples(index=False, name=None))
    number = {label: j for j, label in enumerate(labels)}
    suppliers: list[list[tuple[int, float, float]]] = [[] for _ in range(n)]
    for lane in lanes.itertuples():
        source = number[lane.from_item, lane.from_location]
        customer = number[lane.to_item, lane.to_location]
        suppliers[customer].append((source, float(lane.lead_time), float(lane.units_required)))
    order = _upstream_first(suppliers)
    mean, spread = _pooled(order, suppliers, stages, demand, number)
    process = (stages["lead_time"] + stages["review_period"]).to_numpy(float)
    limit = stages["max_service_time"].to_numpy(float)
    outside = stages["inbound_service_time"].to_numpy(float)
    longest, latest = np.zeros(n), np.zeros(n)
    for j in order:
        latest[j] = max([outside[j], *(longest[i] + delay for i, delay, _ in suppliers[j])])
        longest[j] = min(latest[j] + process[j], limit[j])
    choices = [np.arange(0.0, longest[j] + 1e-9, step) for j in range(n)]
    if waiting:
        choices += [np.arange(outside[j], latest[j] + 1e-9, step) for j in range(n)]
    listed = np.array(list(product(*choices)))
    service, covered = listed[:, :n], np.empty((len(listed), n))
    in_time = np.ones(len(listed), bool)
    for j in order:
        ready = [service[:, i] + delay for i, delay, _ in suppliers[j]]
        heard = np.max([np.full(len(service), outside[j]), *ready], axis=0)
        if waiting:
            in_time &= listed[:, n + j] >= heard
            heard = listed[:, n + j]
        covered[:, j] = heard + process[j] - service[:, j]
    stuck = ~stages["can_stock"].to_numpy(bool)
    real = in_time & (covered >= 0).all(axis=1) & (covered[:, stuck] == 0).all(axis=1)
    service, covered = service[real], covered[real]
    safety = np.sqrt(covered) * spread
    return Enumerated(
        labels=labels,
        service_time=service,
        covered=covered,
        safety_stock=safety,
        base_stock=covered * mean + safety,
        holding_cost=safety * stages["holding_cost"].to_numpy(float),
    )


def _upstream_first(suppliers: list[list[tuple[int, float, float]]]) -> list[int]:
    order: list[int] = []
    while len(order) < len(suppliers):
        order += [
            j
            for j, lanes in enumerate(suppliers)
            if j not in order and all(i in order for i, _, _ in lanes)
        ]
    return order


def _pooled(
    order: list[int],
    suppliers: list[list[tuple[int, float, float]]],
    stages: pd.DataFrame,
    demand: pd.DataFrame,
    number: dict[tuple[str, str], int],
) -> tuple[np.ndarray, np.ndarray]:
    """Mean demand of each stage and its safety stock for one period, by units over all paths."""
    n = len(order)
    units = np.eye(n)  # of the row's item in one unit of the column's
    for j in reversed(order):
        for i, _, required in suppliers[j]:
            units[i] += required * units[j]
    own_mean, own_spread = np.zeros(n), np.zeros(n)
    factor = stages["safety_factor"].to_numpy(float)
    for row in demand.itertuples():
        j = number[row.item, row.location]
        own_mean[j] += row.mean
        own_spread[j] = np.hypot(own_spread[j], factor[j] * row.std)
    return units @ own_mean, np.sqrt(units**2 @ own_spread**2)
