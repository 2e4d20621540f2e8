"""A simulator of one path, number by number, written from the convention and from nothing else.

It knows base stocks on any acyclic network with bills of materials, reviews, times of stages, lanes
and outside suppliers, capacity, multiples, least and largest orders, and shares of sales that are
lost.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

import echelon as ec

_NONE = 1e-9


@dataclass
class Stage:
    """What is fixed, then what changes; suppliers are (stage, units required, transit time)."""

    level: float
    lead: int = 0
    review: int = 0
    inbound: int = 0
    capacity: float = math.inf
    multiple: float | None = None
    least: float = 0.0
    most: float = math.inf
    lost: float = 0.0
    demand: np.ndarray | None = None
    suppliers: list[tuple[int, float, int]] = field(default_factory=list)
    on_hand: float = 0.0
    on_order: float = 0.0
    parts: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    arriving: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))
    making: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    owed: dict[int, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))

    def order(self) -> float:
        """Up to the level, then by clause 8: rounded up, not below the least, cut to the most."""
        late = sum(map(sum, self.owed.values()))
        size = self.level - (self.on_hand + self.on_order - late)
        if size <= _NONE:
            return 0.0
        if self.multiple:
            size = math.ceil(size / self.multiple - _NONE) * self.multiple
        return min(max(size, self.least), self.most)


def follow(stages: list[Stage], n_periods: int) -> np.ndarray:
    """Mean on-hand stock and backorders of each stage, suppliers first, (n_stages, 2)."""
    sums = np.zeros((len(stages), 2))
    below = [
        [(k, units) for k, one in enumerate(stages) for i, units, _ in one.suppliers if i == j]
        for j in range(len(stages))
    ]
    for one in stages:
        one.on_hand = max(one.level, 0.0)
    for t in range(n_periods):
        reviewed = [one.review > 0 and t % one.review == 0 for one in stages]
        orders = [one.order() if now else 0.0 for one, now in zip(stages, reviewed, strict=True)]
        for j in reversed(range(len(stages))):  # orders travel upstream within the period
            one = stages[j]
            if one.demand is not None:
                one.owed[-1][1] += one.demand[t]
            for k, units in below[j]:
                one.owed[k][1] += orders[k] * units
            if one.review == 0:
                orders[j] = one.order()
        for j, one in enumerate(stages):  # and goods downstream
            one.on_order += orders[j]
            _make(one, orders[j], t)
            _serve(stages, j, t)
            sums[j] += one.on_hand, sum(map(sum, one.owed.values()))
    return sums / n_periods


def _make(one: Stage, ordered: float, t: int) -> None:
    if not one.suppliers:
        one.arriving[-1, t + one.inbound] += ordered
    sources = [(i, units) for i, units, _ in one.suppliers] or [(-1, 1.0)]
    for i, _ in sources:
        one.parts[i] += one.arriving.pop((i, t), 0.0)
    start = min(one.capacity, *(one.parts[i] / units for i, units in sources))
    for i, units in sources:
        one.parts[i] -= start * units
    one.making[t + one.lead] += start
    done = one.making.pop(t, 0.0)
    one.on_hand += done
    one.on_order -= done


def _serve(stages: list[Stage], j: int, t: int) -> None:
    """In proportion to what is asked for, to each what is late before what is new (9.1, 9.2)."""
    one = stages[j]
    asked = sum(map(sum, one.owed.values()))
    share = 1.0 if asked <= one.on_hand + 1e-12 else one.on_hand / asked
    for k, (late, new) in one.owed.items():
        sent = (late + new) * share
        one.on_hand -= sent
        if k >= 0:
            (transit,) = (time for i, _, time in stages[k].suppliers if i == j)
            stages[k].arriving[j, t + transit] += sent
        late, new = late - min(sent, late), new - max(sent - late, 0.0)
        kept = new * (1.0 - one.lost) if k < 0 else new
        one.owed[k] = [late + kept, 0.0]


def draw(seed: int, n_periods: int) -> list[Stage]:
    """Between one and five stages, each kind of rule in use in four networks of ten."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    kinds = (
        "review",
        "capacity",
        "multiple",
        "least",
        "most",
        "lost",
        "transit",
        "usage",
        "inbound",
    )
    on = {kind for kind in kinds if rng.random() < 0.4}

    def some(kind: str, low: int, high: int, otherwise: float) -> float:
        value = float(rng.integers(low, high))
        return value if kind in on and rng.random() < 0.6 else otherwise

    stages = []
    for j in range(n):
        chosen = rng.choice(j, min(j, int(rng.integers(1, 3))), replace=False) if j else []
        suppliers = [
            (int(i), some("usage", 1, 4, 1.0), int(some("transit", 0, 3, 0))) for i in chosen
        ]
        multiple = some("multiple", 2, 25, 0.0)
        least, most = some("least", 2, 25, 0.0), some("most", 30, 60, math.inf)
        if multiple:  # as clause 11 rounds them
            least = math.ceil(least / multiple) * multiple
            most = most if most == math.inf else math.floor(most / multiple) * multiple
        stages.append(
            Stage(
                level=float(rng.integers(0, 80)),
                lead=int(rng.integers(0, 4)),
                review=int(some("review", 0, 4, 0)),
                inbound=0 if suppliers else int(some("inbound", 0, 3, 0)),
                capacity=some("capacity", 8, 40, math.inf),
                multiple=multiple or None,
                least=least,
                most=most,
                suppliers=suppliers,
            )
        )
    supplying = {i for one in stages for i, _, _ in one.suppliers}
    for j, one in enumerate(stages):
        if j not in supplying or rng.random() < 0.3:
            one.demand = rng.integers(0, 20, n_periods).astype(float)
            one.lost = 0.5 * some("lost", 1, 3, 0.0)
    return stages


def as_network(stages: list[Stage]) -> ec.Network:
    """The same as tables; a blank where there is no rule."""
    names = [f"i{j}" for j in range(len(stages))]
    table = pd.DataFrame(
        {
            "item": names,
            "location": "x",
            "holding_cost": 1.0,
            "lead_time": [one.lead for one in stages],
            "review_period": [one.review for one in stages],
            "inbound_service_time": [one.inbound for one in stages],
            "base_stock": [one.level for one in stages],
            "capacity": [one.capacity for one in stages],
            "order_multiple": [one.multiple for one in stages],
            "minimum_order": [one.least or None for one in stages],
            "maximum_order": [None if one.most == math.inf else one.most for one in stages],
            "lost_sales_share": [one.lost for one in stages],
        }
    )
    columns = ["from_item", "to_item", "units_required", "lead_time"]
    rows = [
        (names[i], names[j], units, transit)
        for j, one in enumerate(stages)
        for i, units, transit in one.suppliers
    ]
    lanes = pd.DataFrame(rows, columns=columns).assign(from_location="x", to_location="x")
    demand = [
        pd.DataFrame({"item": name, "location": "x", "mean": one.demand}).reset_index(
            names="period"
        )
        for name, one in zip(names, stages, strict=True)
        if one.demand is not None
    ]
    known = pd.concat(demand).assign(family="deterministic")
    return ec.Network.from_tables(table, lanes if rows else None, known)
