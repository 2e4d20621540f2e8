"""Random target-inventory cases with ages, components, shared resources and a fast way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.target_cases import (
    Case,
    draw_demand,
    frame,
    in_full,
    known_demand,
    least_cost,
    money,
    stage_row,
)

Ages = tuple[int, ...]


def shelf_life(rng: np.random.Generator) -> Case:
    """Units by remaining life; some customers take none that is about to expire.

    A state has the units by remaining life, those that can serve in this period only first.
    """
    n_periods, life = int(rng.integers(4, 6)), int(rng.integers(2, 4))
    lag, release = int(rng.integers(0, 2)), int(rng.integers(0, 2))
    lag = max(lag, release)
    fresh = life - release
    asked = [0, 2] if rng.random() < 0.6 and life >= 3 else [0]
    demand = [draw_demand(rng, n_periods, 3 if len(asked) > 1 else 5) for _ in asked]
    for row in demand:  # before anything can arrive
        row[:lag] = [0] * lag
    lost = [money(rng, 1.0, 12.0)] * len(asked)
    holding, fixed, waste = money(rng, 0.1, 1.0), money(rng, 0.0, 12.0), money(rng, 0.0, 4.0)
    size = int(rng.choice([1, 2, 4]))
    most = (sum(map(sum, demand)) // size + 1) * size
    opening = [int(n) for n in rng.integers(0, 3, life)]

    def step(t: int, there: Ages) -> Iterator[tuple[Ages, float]]:
        for q in range(0, most + 1, size) if t >= lag else (0,):
            ages = list(there)
            ages[fresh - 1] += q
            due = [row[t] for row in demand]
            for left, given, missed in _issues(tuple(ages), asked, due, lost):
                if not _oldest_first(left, given, asked):
                    continue
                cost = (fixed if q else 0.0) + missed + waste * left[0] + holding * sum(left[1:])
                yield (*left[1:], 0), cost

    row = stage_row(
        holding_cost=holding,
        order_cost=fixed,
        waste_cost=waste,
        shelf_life=life,
        lead_time=float(lag - release),
        release_time=float(release),
        lost_sales_share=1.0,
        lost_sale_cost=lost[0],
    )
    if size > 1:
        row["order_multiple"] = float(size)
    customers = [
        one
        for k, m in enumerate(asked)
        for one in known_demand(demand[k], segment=f"c{k}", minimum_remaining_life=m)
    ]
    stock = [
        {"item": "a", "location": "x", "remaining_life": k + 1, "quantity": float(n)}
        for k, n in enumerate(opening)
    ]
    tables = {"stages": frame(row), "demand": frame(*customers), "stock": frame(*stock)}
    return Case(tables, least_cost(n_periods, tuple(opening), step), in_full(n_periods))


def _issues(
    ages: Ages, asked: list[int], due: list[int], lost: list[float]
) -> Iterator[tuple[Ages, list[Ages], float]]:
    """Every way of serving customers one after the other, and what it costs not to serve some."""
    if not asked:
        yield ages, [], 0.0
        return
    taken = [range(n + 1) if a + 1 >= asked[0] else (0,) for a, n in enumerate(ages)]
    for given in itertools.product(*taken):
        if sum(given) <= due[0]:
            left = tuple(n - g for n, g in zip(ages, given, strict=True))
            for after, others, missed in _issues(left, asked[1:], due[1:], lost[1:]):
                yield after, [given, *others], missed + lost[0] * (due[0] - sum(given))


def _oldest_first(left: Ages, given: list[Ages], asked: list[int]) -> bool:
    """Whether nobody is given a unit while an older one, which they accept, is left."""
    for units, least in zip(given, asked, strict=True):
        youngest = max((a for a, n in enumerate(units) if n), default=0)
        if any(left[a] for a in range(max(least - 1, 0), youngest)):
            return False
    return True


def components(rng: np.random.Generator) -> Case:
    """A product of so many units of one part, both with set-ups and times of their own.

    A state has both stocks, and what is on the way to each by the periods until it is there.
    """
    n_periods, usage = int(rng.integers(4, 6)), int(rng.integers(1, 3))
    part_time, lane_time, make_time = (int(n) for n in rng.integers(0, 2, 3))
    product_time = lane_time + make_time
    demand = draw_demand(rng, n_periods, 3)
    backorder = money(rng, 1.0, 10.0)
    holding = [money(rng, 0.1, 0.8), money(rng, 0.8, 2.0)]
    fixed = [money(rng, 0.0, 10.0), money(rng, 0.0, 10.0)]
    opening = [usage * int(rng.integers(0, 4)), int(rng.integers(0, 3))]
    total = sum(demand)
    enough = total + sum(opening)

    def step(t: int, state: Any) -> Iterator[tuple[Any, float]]:
        part, product, parts_coming, products_coming = state
        for bought in range(0, usage * total + 1, usage):  # what is owed may be bought late
            coming = (*parts_coming, bought)
            parts = part + coming[0]
            for made in range(parts // usage + 1) if t + product_time < n_periods else (0,):
                then = (*products_coming, made)
                left = product + then[0] - demand[t]
                kept = parts - usage * made
                if (made and left > enough) or (bought and kept > usage * total):
                    continue
                cost = fixed[0] * (bought > 0) + fixed[1] * (made > 0) + holding[0] * kept
                cost += holding[1] * max(left, 0) + backorder * max(-left, 0)
                yield (kept, left, coming[1:], then[1:]), cost

    stages = frame(
        stage_row(
            "part",
            holding_cost=holding[0],
            order_cost=fixed[0],
            initial_stock=float(opening[0]),
            lead_time=float(part_time),
            backorder_cost=0.0,
        ),
        stage_row(
            holding_cost=holding[1],
            order_cost=fixed[1],
            initial_stock=float(opening[1]),
            lead_time=float(make_time),
            backorder_cost=backorder,
        ),
    )
    start = (*opening, (0,) * part_time, (0,) * product_time)
    tables = {
        "stages": stages,
        "lanes": frame(_lane("part", "a", units_required=float(usage), lead_time=float(lane_time))),
        "demand": frame(*known_demand(demand)),
    }
    return Case(tables, least_cost(n_periods, start, step), in_full(n_periods))


def shared_capacity(rng: np.random.Generator) -> Case:
    """Two items of one line, whose hours go into units and set-ups."""
    n_periods, each = int(rng.integers(3, 6)), float(rng.choice([1.0, 0.5]))
    demand = [draw_demand(rng, n_periods, 4) for _ in range(2)]
    set_up = [int(n) for n in rng.integers(0, 3, 2)]
    hours = [int(n) for n in rng.integers(3, 9, n_periods)]
    holding = [money(rng, 0.1, 2.0) for _ in range(2)]
    fixed = [money(rng, 0.0, 8.0) for _ in range(2)]
    backorder = [money(rng, 1.0, 8.0) for _ in range(2)]
    opening = [int(n) for n in rng.integers(0, 4, 2)]

    def used(made: tuple[int, int]) -> int:
        return sum(q + set_up[i] * (q > 0) for i, q in enumerate(made))

    def step(t: int, stock: tuple[int, int]) -> Iterator[tuple[tuple[int, int], float]]:
        for made in itertools.product(range(hours[t] + 1), repeat=2):
            if used(made) > hours[t]:
                continue
            left = tuple(stock[i] + made[i] - demand[i][t] for i in range(2))
            if any(left[i] > sum(demand[i][t + 1 :]) and made[i] for i in range(2)):
                continue
            cost = sum(
                fixed[i] * (made[i] > 0)
                + holding[i] * max(left[i], 0)
                + backorder[i] * max(-left[i], 0)
                for i in range(2)
            )
            yield left, cost

    stages = [
        stage_row(
            f"i{i}",
            holding_cost=holding[i],
            order_cost=fixed[i],
            initial_stock=float(opening[i]),
            backorder_cost=backorder[i],
        )
        for i in range(2)
    ]
    uses = [
        {
            "item": f"i{i}",
            "location": "x",
            "resource": "line",
            "per_unit": each,
            "per_set_up": each * set_up[i],
        }
        for i in range(2)
    ]
    there = [{"resource": "line", "period": t, "capacity": each * h} for t, h in enumerate(hours)]
    tables = {
        "stages": frame(*stages),
        "demand": frame(*known_demand(demand[0], "i0"), *known_demand(demand[1], "i1")),
        "resources": frame(*there),
        "resource_use": frame(*uses),
    }
    return Case(tables, least_cost(n_periods, tuple(opening), step), in_full(n_periods))


def expediting(rng: np.random.Generator) -> Case:
    """A transport with a fast way, at a price for the unit, from a store that orders too."""
    n_periods, slow, fast = 4, 2, int(rng.integers(0, 2))
    demand = draw_demand(rng, n_periods, 3)
    backorder, dearer = money(rng, 1.0, 10.0), money(rng, 0.2, 8.0)
    holding = [money(rng, 0.1, 0.8), money(rng, 0.8, 2.0)]
    fixed = [money(rng, 0.0, 8.0), money(rng, 0.0, 8.0)]
    opening = [int(n) for n in rng.integers(0, 4, 2)]
    total = sum(demand)
    enough = total + sum(opening)
    charged = bool(rng.random() < 0.5)

    def ways(t: int, there: int) -> Iterator[tuple[int, int]]:
        """Units sent in all and by the fast way, of orders that arrive within the horizon."""
        for sent in range(there + 1) if t + fast < n_periods else (0,):
            for hurried in range(sent + 1):
                if t + slow < n_periods or hurried == sent:
                    yield sent, hurried

    def step(t: int, state: Any) -> Iterator[tuple[Any, float]]:
        store, shop, coming = state
        for bought in range(total + 1):  # what is owed may be bought late
            for sent, hurried in ways(t, store + bought):
                then = [*coming, sent - hurried]
                then[fast] += hurried
                left = shop + then[0] - demand[t]
                kept = store + bought - sent
                if (sent and left > enough) or (bought and kept > total):
                    continue
                cost = fixed[0] * (bought > 0) + fixed[1] * (sent > 0) + dearer * hurried
                cost += holding[0] * kept + holding[1] * max(left, 0)
                cost += charged * holding[0] * sum(then[1:])
                yield (kept, left, tuple(then[1:])), cost + backorder * max(-left, 0)

    stages = frame(
        stage_row(
            "raw",
            holding_cost=holding[0],
            order_cost=fixed[0],
            initial_stock=float(opening[0]),
            backorder_cost=0.0,
        ),
        stage_row(
            holding_cost=holding[1],
            order_cost=fixed[1],
            initial_stock=float(opening[1]),
            backorder_cost=backorder,
        ),
    )
    lane = _lane(
        "raw",
        "a",
        lead_time=float(slow),
        expedite_rule="backorder_age",
        expedite_lead_time=fast,
        expedite_cost=dearer,
    )
    tables = {"stages": stages, "lanes": frame(lane), "demand": frame(*known_demand(demand))}
    start = (*opening, (0,) * slow)
    options = in_full(n_periods, charge_pipeline=charged)
    return Case(tables, least_cost(n_periods, start, step), options)


def _lane(begin: str, end: str, **columns: Any) -> dict[str, Any]:
    ends = {"from_item": begin, "from_location": "x", "to_item": end, "to_location": "x"}
    return {**ends, **columns}


FAMILIES = (shelf_life, components, shared_capacity, expediting)
