"""`simulate` against a second reading of the convention, number by number, on known demand."""

from __future__ import annotations

import numpy as np
import pytest

import echelon as ec
from tests.scalar_flow import as_network, draw, follow

PERIODS = 60


@pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")  # some cannot make what they owe
@pytest.mark.parametrize("block", range(6))
def test_stock_and_backorders_of_random_networks(block):
    """Twenty networks each; all measures of all stages to rounding."""
    for seed in range(20 * block, 20 * block + 20):
        stages = draw(seed, PERIODS)
        done = ec.simulate(as_network(stages), periods=PERIODS, warmup=0, replications=2).stages
        simulated = done[["on_hand", "backorders"]].to_numpy()
        np.testing.assert_allclose(simulated, follow(stages, PERIODS), atol=1e-9, err_msg=str(seed))
