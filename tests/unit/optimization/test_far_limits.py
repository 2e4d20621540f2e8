"""A longest service time that nothing can reach is no limit, however far away it is."""

import numpy as np
import pandas as pd
import pytest

import echelon as ec


def chain(limit, lead_time, *, around):
    stages = pd.DataFrame(
        {
            "item": ["part", "kit", "box"],
            "location": ["plant"] * 3,
            "added_cost": [1.0, 2.0, 3.0],
            "lead_time": [lead_time, 2.0, 1.0],
            "service_level": [np.nan, np.nan, 0.95],
            "max_service_time": [np.nan, limit, 2.0],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["part", "kit", "part"],
            "from_location": ["plant"] * 3,
            "to_item": ["kit", "box", "box"],
            "to_location": ["plant"] * 3,
        }
    )
    demand = pd.DataFrame({"item": ["box"], "location": ["plant"], "mean": [20.0], "std": [6.0]})
    lanes = lanes if around else lanes[:2]
    return ec.Network.from_tables(stages, lanes, demand, holding_rate=0.2)


@pytest.mark.parametrize("limit", [1e15, 1e19, 1e300])
@pytest.mark.parametrize("lead_time", [3.0, 3.3, 2.0**0.5])
@pytest.mark.parametrize("around", [False, True])
def test_limit_out_of_reach_changes_no_bit(limit, lead_time, around):
    asked = [{}] if lead_time == 2.0**0.5 else [{}, {"service_times": "whole"}, {"method": "milp"}]
    for arguments in asked:
        far = ec.optimize(chain(limit, lead_time, around=around), **arguments)
        none = ec.optimize(chain(np.nan, lead_time, around=around), **arguments)
        assert far.status == "optimal"
        assert far.objective == none.objective > 0.0
        assert far.stages["service_time"].tolist() == none.stages["service_time"].tolist()
