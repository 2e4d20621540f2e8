"""Random plans over periods that keep every balance, without a solver: for tests of components."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from echelon.optimization.outcome import Outcome
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.solution import BINDING_COLUMNS, TargetSolution

FEATURES = (
    "opening",
    "open_orders",
    "frozen",
    "floor",
    "lots",
    "minimum",
    "capacity",
    "window",
    "resource",
    "release",
    "life",
    "backorders",
    "two_parts",
    "yield",
    "reviews",
)


def random_plan(seed: int, features: frozenset[str]) -> tuple[TargetProblem, TargetSolution]:
    """Draw one stage over some periods and some orders, and let them happen."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, features)
    return problem, happen(problem, random_orders(rng, problem, features))


def random_problem(rng: np.random.Generator, features: frozenset[str]) -> TargetProblem:
    n = int(rng.integers(5, 15))
    demand = rng.integers(0, 30, n).astype(float)
    life = int(rng.integers(2, 6)) if "life" in features else 0
    frozen = int(rng.integers(1, 4)) if "frozen" in features else 0
    fixed = np.full((1, n), np.nan)
    fixed[0, :frozen] = rng.integers(0, 60, frozen)
    offsets = [0, 1] if "two_parts" in features else [0]
    floor = rng.integers(0, 25, n) if "floor" in features else np.zeros(n)
    opening = [float(rng.integers(1, 80)), float(rng.integers(1, 40))] * ("opening" in features)
    n_open = 2 * ("open_orders" in features)
    open_period = rng.integers(0, n, n_open)
    can_start = np.ones((1, n), bool)
    if "window" in features:
        can_start[0] = np.arange(n) % 4 < 2
    can_order = np.ones((1, n), bool)
    if "reviews" in features:
        can_order[0] = np.arange(n) % 3 == 0
    use = int("resource" in features)
    whole = np.arange(1)
    return TargetProblem(
        labels=(("pill", "plant"),),
        components=(0,),
        stage_row=whole,
        horizon=n,
        n_periods=n,
        holding_cost=np.ones(1),
        order_cost=np.zeros(1),
        price=np.zeros((1, n)),
        waste_cost=np.zeros(1),
        demand_row=whole,
        demand_stage=whole,
        demand=demand[None, :],
        minimum_life=np.array([2 if life > 3 else 0]),
        backorder_cost=np.ones(1),
        lost_share=np.array([0.0 if "backorders" in features else 1.0]),
        lost_sale_cost=np.ones(1),
        must_serve=np.zeros(1, bool),
        lane_row=np.zeros(0, int),
        lane_from=np.zeros(0, int),
        lane_to=np.zeros(0, int),
        usage=np.zeros(0),
        lane_share=np.zeros(0),
        pipeline_cost=np.zeros(1),
        way_stage=whole,
        way_fast=np.zeros(1, bool),
        way_cost=np.zeros(1),
        way_lane_time=np.zeros((1, 0), int),
        start_way=np.zeros(len(offsets), int),
        start_offset=np.array(offsets),
        start_share=np.full(len(offsets), 1.0 / len(offsets)),
        make_time=np.array([int(rng.integers(0, 3))]),
        release_time=np.array([int("release" in features)]),
        good_share=np.array([0.9 if "yield" in features else 1.0]),
        can_order=can_order,
        can_start=can_start,
        capacity=np.full((1, n), 40.0 if "capacity" in features else np.inf),
        order_multiple=np.array([12.0 if "lots" in features else 0.0]),
        minimum_order=np.array([36.0 if "minimum" in features else 0.0]),
        maximum_order=np.array([np.inf]),
        fixed_order=fixed,
        shelf_life=np.array([life]),
        carries_life=np.zeros(1, bool),
        can_stock=np.ones(1, bool),
        stock_stage=np.zeros(len(opening), int),
        stock_life=np.arange(len(opening)) + 1 if life else np.zeros(len(opening), int),
        stock_quantity=np.array(opening),
        open_stage=np.zeros(n_open, int),
        open_period=open_period,
        open_life=np.full(n_open, life),
        open_quantity=rng.integers(1, 40, n_open).astype(float),
        floor=np.asarray(floor, float)[None, :],
        floor_price=np.ones((1, n)),
        resources=("line",) * use,
        resource_capacity=np.full((use, n), 70.0),
        use_stage=np.zeros(use, int),
        use_resource=np.zeros(use, int),
        use_per_unit=np.full(use, 2.0),
        use_per_set_up=np.zeros(use),
        use_per_unit_held=np.zeros(use),
    )


def random_orders(
    rng: np.random.Generator, problem: TargetProblem, features: frozenset[str]
) -> np.ndarray:
    """Orders that the limits allow, large and rare enough to leave stock behind."""
    n = problem.n_periods
    orders = np.zeros(n)
    most = 35.0 if {"capacity", "resource"} & features else 90.0
    for t in range(n):
        starts = [t + int(offset) for offset in problem.start_offset]
        if not problem.can_order[0, t] or rng.random() < 0.4:
            continue
        if any(at < n and not problem.can_start[0, at] for at in starts):
            continue
        quantity = float(rng.uniform(5.0, most))
        quantity = max(quantity, float(problem.minimum_order[0]))
        multiple = float(problem.order_multiple[0])
        orders[t] = np.floor(quantity / multiple) * multiple if multiple else quantity
    return np.where(np.isnan(problem.fixed_order[0]), orders, problem.fixed_order[0])


def happen(problem: TargetProblem, orders: np.ndarray) -> TargetSolution:
    """Let the orders of one stage happen: first expired first out, customers as they come."""
    n, life = problem.n_periods, int(problem.shelf_life[0])
    make, release = int(problem.make_time[0]), int(problem.release_time[0])
    good = float(problem.good_share[0])
    started, made, arrivals, into = (np.zeros(n + 9) for _ in range(4))
    lots: list[list[float]] = []  # expiry, arrival, units
    end = 10**6
    for quantity, left in zip(problem.stock_quantity, problem.stock_life, strict=True):
        lots.append([left - 1 if life else end, -1, quantity])
    for period, left, quantity in zip(
        problem.open_period, problem.open_life, problem.open_quantity, strict=True
    ):
        lots.append([period + left - 1 if life else end, period, quantity])
    for t in range(n):
        for offset, share in zip(problem.start_offset, problem.start_share, strict=True):
            at = t + int(offset)
            units = orders[t] * share
            started[min(at, n)] += units
            if at + make < n:
                made[at + make] += units
            if at + make + release < n:
                arrivals[at + make + release] += units * good
                into[at + make] += units * good
                lots.append(
                    [at + make + life - 1 if life else end, at + make + release, units * good]
                )
            elif at + make < n:
                into[at + make] += units * good
    on_hand, served, owed, lost, expired = (np.zeros(n) for _ in range(5))
    backlog = 0.0
    least = int(problem.minimum_life[0])
    for t in range(n):
        there = sorted(lot for lot in lots if lot[1] <= t and lot[2] > 0.0)
        want = problem.demand[0, t] + backlog
        for lot in there:
            if lot[0] - t + 1 < least:
                continue
            taken = min(want, lot[2])
            lot[2] -= taken
            want -= taken
            served[t] += taken
        lost[t] = want * problem.lost_share[0]
        backlog = owed[t] = want - lost[t]
        for lot in there:
            if lot[0] <= t:
                expired[t] += lot[2]
                lot[2] = 0.0
        on_hand[t] = sum(lot[2] for lot in lots if lot[1] <= t)
    cumulative = [np.cumsum(x)[:n] for x in (orders, started, made, into, arrivals)]
    ordered_sum, started_sum, made_sum, into_sum, arrived_sum = cumulative
    open_left = np.array([problem.open_quantity[problem.open_period > t].sum() for t in range(n)])

    def row(values: np.ndarray) -> np.ndarray:
        return np.asarray(values, float)[None, :n]

    return TargetSolution(
        outcome=Outcome("feasible", 0.0, 0.0, 0.0, "made up", 0.0),
        cost_parts={},
        orders=row(orders),
        orders_by_way=row(orders),
        set_up=row(orders) > 0.0,
        lots=np.zeros((1, n), int),
        started=row(started),
        made=row(made),
        arrivals=row(arrivals),
        open_arrivals=problem.open_arrivals(),
        on_hand=row(on_hand),
        stock_by_life=np.zeros((1, n, life + 1)),
        in_transit=row(ordered_sum - started_sum),
        in_make=row(started_sum - made_sum),
        in_release=row(into_sum - arrived_sum),
        open_orders=row(open_left),
        component_use=np.zeros((1, n)),
        served=row(served),
        served_by_life=np.zeros((1, n, life + 1)),
        backorders=row(owed),
        lost=row(lost),
        expired=row(expired),
        scrapped=np.zeros((1, n)),
        floor_violation=np.maximum(problem.floor - row(on_hand), 0.0),
        binding=pd.DataFrame(columns=list(BINDING_COLUMNS)),
    )


def changed(problem: TargetProblem, **arrays: object) -> TargetProblem:
    """The same problem with some other arrays."""
    return replace(problem, **arrays)
