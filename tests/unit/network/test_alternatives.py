"""Lanes that stand in for one another, and the fast way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from echelon.errors import DataWarning
from tests.pharma import demand, faults, lanes, network, told


def test_lanes_are_components_of_their_own_unless_said_otherwise() -> None:
    made = network()
    assert made.lane_groups.tolist() == [0, 1, 2]
    assert made.compiled.pred_share.tolist() == [1.0, 1.0, 1.0]
    assert made.stages["unit_cost"].tolist() == [4.0, 2.0, 11.0, 12.0]


def test_shares_divide_value_and_demand() -> None:
    """Three quarters at 4 and one at 2 are worth 3.5; Pune sees a quarter of the demand."""
    made = network(lanes=lanes(share=[0.75, 0.25, None]))
    assert made.lane_groups.tolist() == [0, 0, 2]
    assert made.lanes["share"].tolist()[:2] == [0.75, 0.25]
    assert np.isnan(made.lanes["share"].iloc[2])
    assert made.stages["unit_cost"].tolist() == [4.0, 2.0, 8.5, 9.5]
    seen = made.demand_seen()
    assert seen.mean.tolist() == [37.5, 12.5, 50.0, 50.0]
    assert seen.std.tolist() == [3.75, 1.25, 5.0, 5.0]


def test_a_backup_supplies_nothing_until_it_is_needed() -> None:
    made = network(lanes=lanes(share=[1, None, None], backup=[False, True, False]))
    assert made.lane_groups.tolist() == [0, 0, 2]
    compiled = made.compiled
    assert dict(zip(compiled.lane_row, compiled.pred_share, strict=True)) == {0: 1, 1: 0, 2: 1}
    assert made.demand_seen().mean.tolist() == [50.0, 0.0, 50.0, 50.0]
    assert made.stages["unit_cost"].tolist() == [4.0, 2.0, 9.0, 10.0]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"share": [0.75, 0.15, None]}, [("share", 1, 2)]),
        ({"share": [0.75, None, None]}, [("share", 1, 1)]),
        ({"share": [1.0, 1.0, None]}, [("share", 1, 2)]),
        ({"share": [1 / 3, 2 / 3, 1.0]}, []),
        ({"share": [0.0, 1.0, None]}, [("share", 1, 1)]),
        ({"share": [75.0, 25.0, None]}, [("share", 1, 2)]),
        ({"backup": [False, True, False]}, [("backup", 2, 1)]),
        (
            {"share": [0.5, 0.5, None], "backup": [False, True, False]},
            [("share", 2, 1), ("share", 1, 1)],
        ),
        (
            {"share": [0.5, 0.5, None], "units_required": [1.0, 2.0, 1.0]},
            [("units_required", 2, 1)],
        ),
        ({"backup_after": [None, 2, None]}, [("backup_after", 2, 1)]),
        (
            {"share": [1, None, None], "backup": [0, 1, 0], "backup_after": [None, 2, None]},
            [],
        ),
    ],
)
def test_shares_and_backups_fit_together(
    columns: dict[str, Any], expected: list[tuple[str, int, int]]
) -> None:
    given = lanes(**columns)
    if expected:
        assert told(lanes=given) == [("lanes", *place) for place in expected]
    else:
        assert network(lanes=given).n_lanes == 3


def test_the_sum_of_the_shares_is_told() -> None:
    (fault,) = faults(lanes=lanes(share=[0.75, 0.15, None]))
    assert "add up to 0.9" in fault.message
    assert fault.key == "api @ Basel -> drug @ plant"
    (fault,) = faults(lanes=lanes(share=[75.0, 0.25, None]))
    assert fault.remedy.startswith("write 0.75 for 75 %")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"expedite_rule": "soonest", "expedite_lead_time": 1}, "expedite_rule"),
        ({"expedite_rule": "backorder_age"}, "expedite_lead_time"),
        ({"expedite_lead_time": 1}, "expedite_lead_time"),
        ({"expedite_cost": 9.0}, "expedite_cost"),
        ({"expedite_after": 2.0}, "expedite_after"),
        (
            {"expedite_rule": "backorder_age", "expedite_lead_time": 1, "expedite_after": 1.5},
            "expedite_after",
        ),
        (
            {"expedite_rule": "projected_shortage", "expedite_lead_time": 1.5},
            "expedite_lead_time",
        ),
        (
            {"expedite_rule": "projected_shortage", "expedite_lead_time": 1, "expedite_after": 1.5},
            "expedite_after",
        ),
        (
            {"expedite_rule": "projected_shortage", "expedite_lead_time": 1, "expedite_after": 2},
            "",
        ),
    ],
)
def test_a_fast_way_has_a_rule_and_a_time(columns: dict[str, Any], expected: str) -> None:
    cells = {name: [None, None, cell] for name, cell in columns.items()}
    given = lanes(lead_time=[4.0, 4.0, 4.0], **cells)
    if expected:
        assert told(lanes=given) == [("lanes", expected, 3, 1)]
        return
    made = network(lanes=given).lanes
    assert made["expedite_rule"].tolist() == ["", "", "projected_shortage"]
    assert made["expedite_after"].tolist() == [0, 0, 2]
    assert made["expedite_cost"].tolist() == [0.0, 0.0, 0.0]
    assert made["expedite_lead_time"].isna().tolist() == [True, True, False]


def test_a_fast_way_that_is_no_faster_is_odd() -> None:
    rule = [None, None, "backorder_age"]
    given = lanes(lead_time=[4.0, 4.0, 2.0], expedite_rule=rule, expedite_lead_time=[None, None, 2])
    with pytest.warns(DataWarning, match="expedite_lead_time is not below.*drug @ plant -> drug"):
        network(lanes=given)


def test_priorities_are_whole_numbers() -> None:
    made = network(lanes=lanes(priority=[2, None, -1]), demand=demand(priority=[0, 5]))
    assert made.lanes["priority"].tolist() == [2, 0, -1]
    assert made.demand["priority"].tolist() == [0, 5]
    assert told(lanes=lanes(priority=[0, 1.5, 0])) == [("lanes", "priority", 2, 1)]
