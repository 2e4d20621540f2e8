"""Two hundred random target plans: components that add up, and the simulator as the oracle.

Networks of one to four stages in series, assemblies and distributions, with whole batches, minimum
orders, capacities, campaign windows, releases, reviews, shelf lives and floors at random. Demand
is known, so that the simulation of a plan, which knows nothing of the model, must come to the same
stock in every period. A level that is planted one unit too high must show.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

import echelon as ec
from echelon.optimization.target_inventory.components import COMPONENTS

TITLE = "Random target plans: components add up, and known demand comes about as planned"
N_PLANS = 200
HORIZON = 10
FEATURES = (
    "order_multiple",
    "minimum_order",
    "capacity",
    "calendar",
    "release_time",
    "review_period",
    "shelf_life",
    "floors",
    "initial_stock",
)
_KEY = ["item", "location", "period"]


def draw(seed: int) -> tuple[ec.Network, pd.DataFrame | None]:
    """Draw a network and, where the plan has some, its floors."""
    rng = np.random.default_rng([7, seed])
    n = int(rng.integers(1, 5))
    kind = ("series", "assembly", "distribution")[seed % 3]
    on = {name for name in FEATURES if rng.random() < 0.4}
    names = [f"s{j}" for j in range(n)]
    lanes, ends = _shape(kind, n)

    def some(name: str, pick: Callable[[], float], off: float) -> list[float]:
        return [pick() if name in on and rng.random() < 0.6 else off for _ in names]

    stages = pd.DataFrame(
        {
            "item": names,
            "location": "x",
            "holding_cost": rng.integers(1, 6, n).astype(float),
            "lead_time": rng.integers(0, 3, n),
            "order_cost": rng.integers(0, 80, n).astype(float),
            "order_multiple": some("order_multiple", lambda: float(rng.integers(2, 25)), np.nan),
            "minimum_order": some("minimum_order", lambda: float(rng.integers(5, 40)), 0.0),
            "capacity": some("capacity", lambda: float(rng.integers(30, 80)), np.inf),
            "release_time": some("release_time", lambda: 1.0, 0.0),
            "review_period": np.int64(some("review_period", lambda: rng.integers(1, 4), 0.0)),
            "initial_stock": some("initial_stock", lambda: float(rng.integers(0, 120)), 150.0),
            "lost_sales_share": 1.0,
            "lost_sale_cost": [5_000.0 if j in ends else 0.0 for j in range(n)],
        }
    )
    if "shelf_life" in on:
        life = [int(rng.integers(3, 7)) if j in ends else np.nan for j in range(n)]
        stages = stages.assign(shelf_life=life, waste_cost=1.0)
        stages.loc[list(ends), "initial_stock"] = 0.0
    table = pd.DataFrame(
        {
            "from_item": [names[a] for a, _ in lanes],
            "from_location": "x",
            "to_item": [names[b] for _, b in lanes],
            "to_location": "x",
            "units_required": rng.choice([1.0, 2.0], len(lanes)),
            "lead_time": rng.integers(0, 2, len(lanes)),
        }
    )
    demand = pd.DataFrame(
        {
            "item": np.repeat([names[j] for j in ends], HORIZON),
            "location": "x",
            "period": np.tile(np.arange(HORIZON), len(ends)),
            "mean": rng.integers(0, 30, HORIZON * len(ends)).astype(float),
            "std": 0.0,
        }
    )
    if "shelf_life" in on:
        demand = demand.assign(minimum_remaining_life=int(rng.integers(0, 3)))
    calendar = None
    if "calendar" in on:
        row = {"item": names[0], "location": "x", "start": 0, "length": 2, "every": 4}
        calendar = pd.DataFrame([row])
    network = ec.Network.from_tables(stages, table, demand, calendar=calendar)
    if "floors" not in on:
        return network, None
    floors = pd.DataFrame({"item": [names[j] for j in ends], "location": "x", "floor": 12.0})
    return network, floors


def _shape(kind: str, n: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Lanes by number, suppliers first, and the stages with customers."""
    if kind == "series":
        return [(j, j + 1) for j in range(n - 1)], [n - 1]
    if kind == "assembly":
        return [(j, n - 1) for j in range(n - 1)], [n - 1]
    return [(0, j) for j in range(1, n)], list(range(1, n)) or [0]


def differs(network: ec.Network, plan: ec.TargetPlan) -> float:
    """Largest difference of stock, orders, lost sales and waste from the plan, units."""
    run = ec.simulate(network, plan, replications=1, trace=True, progress=False)
    both = run.trace.merge(plan.targets, on=_KEY, suffixes=("_run", ""))
    assert len(both) == len(plan.targets)
    names = ("on_hand", "order", "lost", "expired", "backorders")
    return max(float((both[f"{name}_run"] - both[name]).abs().max()) for name in names)


def withholds(plan: ec.TargetPlan) -> bool:
    """Whether customers lose units while there are some, which no simulation does.

    For a floor, for later customers who are worth as much, or as what is there is too old.
    """
    rows = plan.targets
    return bool(((rows["lost"] > 1e-6) & (rows["on_hand"] > 1e-6)).any())


def planted(network: ec.Network, plan: ec.TargetPlan) -> bool:
    """Whether one more unit in the largest order is seen."""
    targets = plan.targets.copy()
    if not targets["order"].any():
        return True
    targets.loc[targets["order"].idxmax(), "order"] += 1.0
    wrong = ec.TargetPlan(**{**vars(plan), "targets": targets})
    run = ec.simulate(network, wrong, replications=1, trace=True, progress=False)
    both = run.trace.merge(plan.targets, on=_KEY, suffixes=("_run", ""))
    return bool((both["order_run"] - both["order"]).abs().max() > 1e-6)


def table() -> str:
    """Measure, as Markdown."""
    began = time.process_time()
    warnings.simplefilter("ignore", ec.DataWarning)
    errors, moved, seen, failed, kept_back = [], [], [], 0, 0
    in_use = dict.fromkeys(COMPONENTS, 0)
    for seed in range(N_PLANS):
        network, floors = draw(seed)
        price = None if floors is None else 30.0
        plan = ec.optimize(
            network,
            model="target_inventory",
            horizon=HORIZON,
            lookahead=0,
            floors=floors,
            floor_price=price,
            progress=False,
        )
        if plan.targets.empty:
            failed += 1
            continue
        total = plan.targets[list(COMPONENTS)].sum(axis=1)
        scale = max(float(plan.targets["target"].abs().max()), 1.0)
        errors.append(float((total - plan.targets["target"]).abs().max()) / scale)
        if withholds(plan):
            kept_back += 1
        else:
            moved.append(differs(network, plan) / scale)
            if seed % 10 == 0:
                seen.append(planted(network, plan))
        for name in COMPONENTS:
            in_use[name] += bool((plan.targets[name].abs() > 1e-6).any())
    rows = [
        ("plans", f"{len(errors)} of {N_PLANS}; {failed} without a plan"),
        ("largest error of the components' sum, over the largest target", f"{max(errors):.1e}"),
        ("plans that keep stock from customers, not simulated", f"{kept_back}"),
        ("largest difference of the simulation, the same", f"{max(moved):.1e}"),
        ("plans that come about to 1e-9", f"{sum(each <= 1e-9 for each in moved)}"),
        ("planted units seen", f"{sum(seen)} of {len(seen)}"),
        *((f"plans with {name.replace('_', ' ')}", f"{count}") for name, count in in_use.items()),
        ("CPU time", f"{time.process_time() - began:.0f} s"),
    ]
    body = "\n".join(f"| {what} | {value} |" for what, value in rows)
    return f"### {TITLE}\n\n| | |\n|---|---|\n{body}\n"


if __name__ == "__main__":
    print(table())
