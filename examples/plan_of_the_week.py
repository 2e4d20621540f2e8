"""Plan, publish, a week later plan again, and see what the new targets are worth: two stages.

Run it: python examples/plan_of_the_week.py
"""

import pandas as pd

import echelon as ec

WEEKS = 12


def network(forecast: list[float], substance: float, packs: float) -> ec.Network:
    """A plant makes batches of a substance, a depot packs it; stock is what is there today."""
    stages = pd.DataFrame(
        {
            "item": ["substance", "pack"],
            "location": ["plant", "depot"],
            "holding_cost": [1.0, 3.0],
            "lead_time": [3, 1],
            "order_cost": [200.0, 15.0],
            "order_multiple": [120.0, None],
            "capacity": [None, 60.0],
            "initial_stock": [substance, packs],
            "backorder_cost": [0.0, 30.0],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["substance"],
            "from_location": "plant",
            "to_item": "pack",
            "to_location": "depot",
        }
    )
    demand = pd.DataFrame(
        {
            "item": "pack",
            "location": "depot",
            "family": "gamma",
            "period": range(len(forecast)),
            "mean": forecast,
            "std": [0.3 * mean for mean in forecast],
        }
    )
    return ec.Network.from_tables(stages, lanes, demand, period="week", currency="EUR")


def targets_of(tables: ec.Network) -> ec.TargetPlan:
    """Targets of every week, with a floor of 25 packs under the depot's stock."""
    floors = pd.DataFrame({"item": ["pack"], "location": "depot", "floor": 25.0})
    return ec.optimize(
        tables,
        model="target_inventory",
        horizon=WEEKS,
        lookahead=0,
        floors=floors,
        floor_price=5.0,
    )


known = [30.0] * 6 + [70.0, 70.0] + [30.0] * 4
before = targets_of(network(known, substance=240.0, packs=150.0))
first = ec.publish(None, before)
print(before.summary(), end="\n\n")

# a week later: nothing was ordered, 118 packs are left, the peak comes a week earlier and is higher
now = network([30.0] * 4 + [80.0, 80.0] + [30.0] * 6, substance=240.0, packs=118.0)
after = targets_of(now)
review = ec.publish(first, after, shift=1, max_change=0.15)
print(review, end="\n\n")

decided = review.accept(by="A. Planner", why="the campaign was moved")
print(decided.history[["publication", "same", "accepted", "added", "approved"]], end="\n\n")

run = ec.simulate(now, after, replications=500, seed=1)
print(run.summary())
