"""What counts as rounding, and so is no order and no shortage (clause 4.7)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec

PERIODS = 500

DUST = 1e-9 * 10.0
"""A billionth of what customers ask for in a period."""


@pytest.fixture(scope="module")
def run() -> ec.Simulation:
    """A shop whose plant fails now and then; a spare plant without stock stands in."""
    stages = pd.DataFrame(
        {"item": "a", "location": ["plant", "spare", "shop"], "holding_cost": 1.0,
         "lead_time": [1, 2, 1], "base_stock": [30.0, 0.0, 40.0], "yield_mean": [1.0, 0.9, 1.0]}
    )  # fmt: skip
    lanes = pd.DataFrame(
        {"from_item": "a", "from_location": ["plant", "spare"], "to_item": "a",
         "to_location": "shop", "backup": [False, True], "share": [1.0, np.nan]}
    )  # fmt: skip
    demand = pd.DataFrame({"item": ["a"], "location": "shop", "family": "gamma"})
    down = pd.DataFrame({"name": ["outage"], "item": "a", "location": "plant"})
    network = ec.Network.from_tables(
        stages,
        lanes,
        demand.assign(mean=10.0, std=3.0),
        disruptions=down.assign(failure_rate=0.1, recovery_rate=0.3),
    )
    return ec.simulate(network, periods=PERIODS, warmup=0, replications=1, seed=1, trace=True)


def test_what_is_left_by_rounding_is_no_order(run):
    """Level and demand of the spare plant are 0: what it may be asked for is the measure.

    It orders what was scrapped again, and of that what is scrapped, down to the last bit.
    """
    order = run.trace.loc[run.trace["location"] == "spare", "order"]
    spare = run.stages.set_index("location").loc["spare"]
    assert ((order > 0.0) & (order <= DUST)).any()
    assert spare["orders"] * PERIODS == pytest.approx((order > DUST).sum(), abs=1e-9)
