"""From three tables of your own to safety stocks: a bicycle maker with two shops.

Run it: python examples/own_tables.py
"""

import pandas as pd

import echelon as ec

stages = pd.DataFrame(
    [
        ("frame", "supplier", 6, 80.0, None, None),
        ("wheel", "supplier", 3, 15.0, None, None),
        ("bicycle", "plant", 1, 60.0, None, None),
        ("bicycle", "north", 0, 5.0, 0, 0.98),
        ("bicycle", "south", 0, 5.0, 1, 0.95),
    ],
    columns=[
        "item",
        "location",
        "lead_time",
        "added_cost",
        "max_service_time",
        "service_level",
    ],
)
lanes = pd.DataFrame(
    [
        ("frame", "supplier", "bicycle", "plant", 1, 0),
        ("wheel", "supplier", "bicycle", "plant", 2, 0),
        ("bicycle", "plant", "bicycle", "north", 1, 1),
        ("bicycle", "plant", "bicycle", "south", 1, 2),
    ],
    columns=[
        "from_item",
        "from_location",
        "to_item",
        "to_location",
        "units_required",
        "lead_time",
    ],
)
demand = pd.DataFrame(
    [("bicycle", "north", "gamma", 40.0, 15.0), ("bicycle", "south", "poisson", 25.0, None)],
    columns=["item", "location", "family", "mean", "std"],
)

network = ec.Network.from_tables(
    stages, lanes, demand, period="week", holding_rate=0.25, currency="EUR", name="bicycles"
)
print(network.summary(), end="\n\n")

plan = ec.optimize(network)
print(plan, end="\n\n")

run = ec.simulate(network, plan, periods=104, replications=200, seed=1)
print(run.summary())
