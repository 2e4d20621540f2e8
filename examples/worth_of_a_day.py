"""Where is a day of lead time worth most? Take one off each stage in turn and place anew.

Run it: python examples/worth_of_a_day.py
"""

import pandas as pd

import echelon as ec

network = ec.read_example("bulldozer")
cost = ec.optimize(network).annual_cost

rows = []
for row, stage in network.stages.iterrows():
    stages = network.stages
    stages.loc[row, "lead_time"] -= 1.0
    saved = cost - ec.optimize(network.replace(stages=stages)).annual_cost
    rows.append((stage["item"], stage["lead_time"], saved))
worth = pd.DataFrame(rows, columns=["stage", "lead_time", "saved"])

print(f"Safety stock of the {network.name} costs {cost:,.0f} {network.currency} a year.")
print("One day less at one stage saves, a year:\n")
top = worth.sort_values("saved", ascending=False, kind="stable").head(8)
print(top.to_string(index=False, float_format="{:,.0f}".format))
print(f"\nAt {(worth['saved'] < 1.0).sum()} of {len(worth)} stages it saves nothing.")
