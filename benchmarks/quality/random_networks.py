"""A thousand small networks of every kind, each against two enumerations in NumPy.

Times are fractional, costs rise or fall downstream, stages have limits, may not stock, or are
supplied late from outside, and lanes take time. One enumeration goes over the candidate times, made
here by another rule than the library's; the other over a finer grid, so that a candidate that
either rule had forgotten would show as a cheaper plan.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
import pandas as pd

import echelon as ec

TITLE = "Random small networks against brute force"
N_NETWORKS = 1_000
UNITS = (1, 2, 4, 3, 10, 1_000)
"""Ticks per period of the times drawn, network after network: whole, halves, thousandths."""

TOLERANCE = 1e-9
_MOST_PLANS = 3_000_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """One random network: its tables in arrays, times in ticks of 1/``unit`` of a period."""

    unit: int
    lanes: tuple[tuple[int, int], ...]  # supplier before customer in the numbering
    units_required: np.ndarray
    delay: np.ndarray
    process: np.ndarray
    review: np.ndarray  # periods
    outside: np.ndarray
    limit: np.ndarray  # -1: none
    can_stock: np.ndarray
    holding_cost: np.ndarray
    safety_factor: np.ndarray  # NaN where no customer buys
    demand_std: np.ndarray

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return len(self.process)

    @property
    def is_tree(self) -> bool:
        """Whether the lanes form a tree."""
        return len(self.lanes) == self.n_stages - 1

    def network(self) -> ec.Network:
        """Put it into tables; the tick becomes a fraction as a person would write it."""
        n = self.n_stages
        buys = ~np.isnan(self.safety_factor)
        names = [f"s{j}" for j in range(n)]
        limit = np.where(self.limit < 0, np.inf, self.limit / self.unit)
        stages = pd.DataFrame(
            {
                "item": names,
                "location": "x",
                "lead_time": self.process / self.unit,
                "review_period": self.review,
                "holding_cost": self.holding_cost,
                "inbound_service_time": self.outside / self.unit,
                "max_service_time": limit,
                "safety_factor": self.safety_factor,
                "can_stock": self.can_stock,
            }
        )
        lanes = pd.DataFrame(
            {
                "from_item": [names[a] for a, _ in self.lanes],
                "from_location": "x",
                "to_item": [names[b] for _, b in self.lanes],
                "to_location": "x",
                "units_required": self.units_required,
                "lead_time": self.delay / self.unit,
            }
        )
        demand = pd.DataFrame(
            {
                "item": [names[j] for j in np.flatnonzero(buys)],
                "location": "x",
                "mean": 50.0,
                "std": self.demand_std[buys],
            }
        )
        return ec.Network.from_tables(stages, lanes, demand)


def draw(seed: int) -> Drawn:
    """Draw one network of two to six stages; every second has lanes that close cycles."""
    rng = np.random.default_rng([6, seed])
    unit = UNITS[seed % len(UNITS)]
    n = int(rng.integers(2, 7 if unit == 1 else 6 if unit < 10 else 5))
    lanes = {(int(rng.integers(b)), b) for b in range(1, n)}  # suppliers have lower numbers
    spare = [(a, b) for a in range(n) for b in range(a + 1, n) if (a, b) not in lanes]
    if seed % 2 and spare:
        for k in rng.permutation(len(spare))[: int(rng.integers(1, 4))]:
            lanes.add(spare[k])
    if seed % 4 >= 2:  # turned round: many suppliers of one, instead of one of many
        lanes = {(n - 1 - b, n - 1 - a) for a, b in lanes}
    pairs = tuple(sorted(lanes, key=lambda pair: (pair[1], pair[0])))
    sells = {a for a, _ in pairs}
    buys = np.array([j not in sells or rng.random() < 0.2 for j in range(n)])

    def ticks(most: float, size: int) -> np.ndarray:
        return rng.integers(0, int(most * unit) + 1, size)

    limited = buys | (rng.random(n) < 0.2)
    return Drawn(
        unit=unit,
        lanes=pairs,
        units_required=rng.choice([1.0, 1.0, 2.0, 0.5], len(pairs)),
        delay=ticks(1.5, len(pairs)) * (rng.random() < 0.5),
        process=ticks(3.0, n),
        review=rng.choice([0, 0, 1], n) * (rng.random() < 0.3),
        outside=ticks(2.0, n) * (rng.random(n) < 0.3),
        limit=np.where(limited, ticks(2.5, n), -1),
        can_stock=buys | (rng.random(n) < 0.8),
        holding_cost=rng.uniform(0.05, 5.0, n).round(3),
        safety_factor=np.where(buys, rng.choice([0.8, 1.645, 2.33], n), np.nan),
        demand_std=np.where(buys, rng.uniform(1.0, 20.0, n).round(2), 0.0),
    )


def bound_spread(case: Drawn) -> np.ndarray:
    """Root of the sum over end items of (units of the stage in one * z * sigma) ** 2, (n,)."""
    n = case.n_stages
    direct = np.zeros((n, n))
    for (a, b), units in zip(case.lanes, case.units_required, strict=True):
        direct[a, b] = units
    usage = np.linalg.inv(np.eye(n) - direct)  # over all paths
    return np.sqrt((usage**2) @ (np.nan_to_num(case.safety_factor) * case.demand_std) ** 2)


def enumerated(case: Drawn, quotes: Sequence[np.ndarray], fine: int = 1) -> float:
    """Least cost over every combination of ``quotes``, ticks / ``fine``; inf where none is allowed.

    A stage without stock quotes what its supplies make it quote, and any stage may quote that,
    which a coarse grid may not hold. Of plans that say the same to the stages that are left, the
    cheapest is kept.
    """
    n = case.n_stages
    spread = bound_spread(case)
    process = fine * (case.process + case.unit * case.review)
    lanes = list(zip(case.lanes, (fine * case.delay).tolist(), strict=True))
    last_use = [max((b for (a, b), _ in lanes if a == j), default=-1) for j in range(n)]
    told = np.zeros((1, 0), dtype=np.int64)  # what the stages in `who` quote, a row per plan
    who: list[int] = []
    cost = np.zeros(1)
    for j in range(n):
        inbound = np.full(len(told), fine * case.outside[j])
        for (i, b), delay in lanes:
            if b == j:
                inbound = np.maximum(inbound, told[:, who.index(i)] + delay)
        through = inbound + process[j]
        limit = fine * case.limit[j] if case.limit[j] >= 0 else np.iinfo(np.int64).max
        allowed = quotes[j] if case.can_stock[j] else quotes[j][:0]
        choices = np.column_stack([np.broadcast_to(allowed, (len(told), len(allowed))), through])
        tau = through[:, None] - choices
        row, column = np.nonzero((tau >= 0) & (choices <= limit))
        if len(row) > _MOST_PLANS:
            raise OverflowError(f"{len(row):,} plans to compare")
        periods = tau[row, column] / (case.unit * fine)
        cost = cost[row] + case.holding_cost[j] * spread[j] * np.sqrt(periods)
        told = np.column_stack([told[row], choices[row, column]])
        who.append(j)
        live = [at for at, i in enumerate(who) if last_use[i] > j]
        told, cost = _cheapest_of_equals(told[:, live], cost)
        who = [who[at] for at in live]
    return float(cost.min(initial=np.inf))


def _cheapest_of_equals(told: np.ndarray, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not len(told):
        return told, cost
    order = np.lexsort((cost, *told.T))
    told, cost = told[order], cost[order]
    new = np.append(True, (told[1:] != told[:-1]).any(axis=1))
    return told[new], cost[new]


def candidates(case: Drawn) -> list[np.ndarray]:
    """Outbound times at the ends of all simple paths of tight constraints, from every root."""
    n = case.n_stages
    process = case.process + case.unit * case.review
    ties: list[list[tuple[int, int]]] = [[] for _ in range(2 * n)]  # j inbound, n + j outbound
    for j in range(n):
        ties[j].append((n + j, int(process[j])))
        ties[n + j].append((j, -int(process[j])))
    for (a, b), delay in zip(case.lanes, case.delay.tolist(), strict=True):
        ties[n + a].append((b, delay))
        ties[b].append((n + a, -delay))
    ends: list[set[int]] = [set() for _ in range(2 * n)]

    def walk(variable: int, time_: int, passed: frozenset[int]) -> None:
        ends[variable].add(time_)
        for other, difference in ties[variable]:
            if other not in passed:
                walk(other, time_ + difference, passed | {other})

    for j in range(n):
        roots = [(j, int(case.outside[j])), (n + j, 0)]
        if case.limit[j] >= 0:
            roots.append((n + j, int(case.limit[j])))
        for variable, time_ in roots:
            walk(variable, time_, frozenset({variable}))
    most = latest(case)
    return [
        np.array(sorted(t for t in ends[n + j] if 0 <= t <= most[j]), dtype=np.int64)
        for j in range(n)
    ]


def latest(case: Drawn) -> list[int]:
    """Longest time that each stage could quote: every supply passed on, ticks."""
    through: list[int] = []
    for j in range(case.n_stages):
        ready = int(case.outside[j])
        for (a, b), delay in zip(case.lanes, case.delay.tolist(), strict=True):
            if b == j:
                ready = max(ready, through[a] + delay)
        through.append(ready + int(case.process[j]) + case.unit * int(case.review[j]))
    return through


def grid(case: Drawn, fine: int, most: int = 12) -> list[np.ndarray]:
    """Even steps of some ``1 / fine`` ticks, ``most`` of them, over what each stage may quote."""
    quotes = []
    for time_ in latest(case):
        step = max(1, -(-fine * time_ // most))
        quotes.append(np.arange(0, fine * time_ + 1, step))
    return quotes


def whole_grid(case: Drawn) -> list[np.ndarray]:
    """Every multiple of the largest unit in which all times are whole: it holds every vertex."""
    times = [*case.process, *case.delay, *case.outside, *case.limit[case.limit >= 0]]
    unit = gcd(*(int(time_) for time_ in times), case.unit * int(case.review.any()))
    return [np.arange(0, time_ + 1, max(unit, 1)) for time_ in latest(case)]


def best_cost(case: Drawn) -> tuple[float, bool]:
    """Least cost; whether every multiple of the tick was tried for it, or candidates alone."""
    plain = _plans(whole_grid(case))
    if plain <= 400_000:
        return enumerated(case, whole_grid(case)), True
    return enumerated(case, candidates(case)), False


def _plans(quotes: Sequence[np.ndarray]) -> float:
    return float(np.prod([len(times) + 1.0 for times in quotes]))


def table(n_networks: int = N_NETWORKS) -> str:
    """One row per method: how many networks agree in cost, and how many bounds are valid."""
    methods = ("auto", "exact", "dual", "milp")
    asked = dict.fromkeys(methods, 0)
    equal, valid = dict.fromkeys(methods, 0), dict.fromkeys(methods, 0)
    trees = infeasible = gridded = finer = 0
    began = time.process_time()
    for seed in range(n_networks):
        case = draw(seed)
        best, whole = best_cost(case)
        gridded += whole
        trees += case.is_tree
        infeasible += not np.isfinite(best)
        finer += enumerated(case, grid(case, 7), 7) >= best * (1.0 - TOLERANCE)
        network = case.network()
        for method in methods:
            if (method == "milp" and seed % 10) or (method == "exact" and not case.is_tree):
                continue
            asked[method] += 1
            plan = ec.optimize(network, method=method, gap=TOLERANCE)
            if not np.isfinite(best):
                agrees = plan.status == "failed"
                equal[method] += agrees
                valid[method] += agrees
                continue
            equal[method] += abs(plan.objective - best) <= 1e-8 * best + 1e-12
            valid[method] += plan.bound <= best * (1.0 + 1e-8) + 1e-12
    seconds = time.process_time() - began
    lines = [["method", "networks", "equal cost", "valid bound"], ["---", "---:", "---:", "---:"]]
    lines += [
        [method, f"{asked[method]:,}", f"{equal[method]:,}", f"{valid[method]:,}"]
        for method in methods
    ]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    note = (
        f"{n_networks:,} networks of 2 to 6 stages, {trees:,} of them trees, {infeasible:,} "
        f"without any plan (which every method must say). Enumerated over every multiple of the "
        f"tick in {gridded:,} and over candidate times in the others; on a grid of sevenths of a "
        f"tick no cheaper plan in {finer:,}. CPU {seconds:,.0f} s.\n"
    )
    return f"### {TITLE}\n\n{body}\n\n{note}"


if __name__ == "__main__":
    print(table())
