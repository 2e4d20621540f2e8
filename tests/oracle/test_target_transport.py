"""A perishable that is made, sent on and sold, against enumeration: its life goes on on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import echelon as ec

Ages = tuple[int, ...]


def issued(ages: Ages, quantity: int, least: int) -> tuple[Ages, Ages] | None:
    """Take the oldest units with enough life: what is left and what is taken, None where short."""
    left, taken = list(ages), [0] * len(ages)
    for a in range(least - 1, len(ages)):
        taken[a] = min(quantity, left[a])
        left[a] -= taken[a]
        quantity -= taken[a]
    return None if quantity else (tuple(left), tuple(taken))


def older(ages: Ages) -> Ages:
    return (*ages[1:], 0)


def least_cost(given: dict[str, Any]) -> float:
    """Walk over every state that whole units can lead to, ages of plant, depot and transport."""
    demand, transit, size = given["demand"], given["transit"], given["size"]
    holding, last = given["holding"], len(demand) - 1
    most = -(-(sum(demand) + 1) // size) * size
    nobody = (0,) * len(given["plant"])
    states = {(given["plant"], given["depot"], nobody): 0.0}
    for t, due in enumerate(demand):
        after: dict[tuple[Ages, Ages, Ages], float] = {}
        for (plant, depot, under_way), cost in states.items():
            for made in range(0, most + 1, size):
                there = (*plant[:-1], plant[-1] + made)
                for sent in range(sum(there) + 1 if t + transit <= last else 1):
                    split = issued(there, sent, transit + 1)
                    if split is None:
                        continue
                    kept, sets_out = split
                    arriving = under_way if transit else sets_out
                    at_depot = tuple(map(sum, zip(depot, arriving, strict=True)))
                    for sold in range(min(due, sum(at_depot)) + 1):
                        unsold, _ = issued(at_depot, sold, 1)  # type: ignore[misc]
                        more = cost + given["order_cost"] * (made > 0)
                        more += given["lost"] * (due - sold)
                        more += given["waste"] * (kept[0] + unsold[0])
                        more += holding[0] * sum(kept[1:]) + holding[1] * sum(unsold[1:])
                        state = (older(kept), older(unsold), older(sets_out) if transit else nobody)
                        after[state] = min(more, after.get(state, np.inf))
        states = after
    return min(states.values())


def drawn(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    life = int(rng.integers(2, 4))
    return {
        "transit": 1 if life > 2 else int(rng.integers(0, 2)),
        "size": int(rng.choice([1, 2, 3])),
        "order_cost": float(rng.integers(0, 6)),
        "holding": [0.5, 0.8],
        "waste": float(rng.integers(0, 4)),
        "lost": float(rng.integers(2, 9)),
        "demand": rng.integers(0, 3, 4).tolist(),
        "plant": tuple(rng.integers(0, 2, life).tolist()),
        "depot": tuple(rng.integers(0, 2, life).tolist()),
    }


def network(given: dict[str, Any]) -> ec.Network:
    stages = pd.DataFrame(
        {
            "item": "pill",
            "location": ["plant", "depot"],
            "holding_cost": given["holding"],
            "order_multiple": [float(given["size"]), None],
            "order_cost": [given["order_cost"], 0.0],
            "shelf_life": len(given["plant"]),
            "waste_cost": given["waste"],
            "lost_sales_share": 1.0,
            "lost_sale_cost": [0.0, given["lost"]],
        }
    )
    lane = {"from_item": ["pill"], "from_location": "plant", "lead_time": given["transit"]}
    lanes = pd.DataFrame(lane | {"to_item": "pill", "to_location": "depot"})
    key = {"item": "pill", "location": "depot"}
    demand = pd.DataFrame({**key, "family": "deterministic", "mean": map(float, given["demand"])})
    stock = pd.DataFrame(
        [
            {"item": "pill", "location": place, "remaining_life": a + 1, "quantity": float(units)}
            for place in ("plant", "depot")
            for a, units in enumerate(given[place])
        ]
    )
    demand = demand.assign(period=range(len(demand)))
    return ec.Network.from_tables(stages, lanes, demand, stock=stock)


@pytest.mark.parametrize("seed", range(10))
def test_least_cost_of_a_perishable_that_travels(seed: int) -> None:
    given = drawn(seed)
    options = {"horizon": 4, "lookahead": 0, "charge_pipeline": False, "gap": 1e-9}
    plan = ec.optimize(network(given), model="target_inventory", **options)
    assert plan.objective == pytest.approx(least_cost(given), rel=1e-6, abs=1e-6)
