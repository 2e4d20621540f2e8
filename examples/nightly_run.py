"""The whole job in one call, from a folder of tables to a plan that was checked by simulation.

Run it: python examples/nightly_run.py. It is what `echelon run examples/nightly.toml` does.
"""

import shutil
from pathlib import Path

import echelon as ec

shop = ec.serial(
    ["mill", "warehouse", "shop"],
    lead_time=[4, 2, 1],
    holding_cost=[1.0, 1.5, 2.0],
    demand_mean=50.0,
    demand_std=8.0,
    service_level=0.97,
)
if __name__ == "__main__":  # workers of another process read this file too
    shop.write("tables")
    settings = shutil.copy(Path(__file__).with_name("nightly.toml"), "nightly.toml")
    run = ec.run(settings, n_jobs=1)
    print(run)
    print(run.to_frame("plan")[["item", "service_time", "base_stock"]])
