"""Columns of a stage that say how it orders and what may go wrong there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from echelon.distributions import Empirical, Gamma
from tests.pharma import demand, faults, network, stages, told


def at(row: int, value: object) -> list[object]:
    """Give a column that is blank but for one row, counted from 1."""
    cells: list[object] = [None] * 4
    cells[row - 1] = value
    return cells


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("policy", "base stock"),
        ("order_quantity", 0.0),
        ("order_multiple", -5.0),
        ("minimum_order", -1.0),
        ("maximum_order", 0.0),
        ("review_phase", -1),
        ("review_phase", 0.5),
        ("order_cost", -1.0),
        ("capacity", 0.0),
        ("yield_mean", 0.0),
        ("yield_mean", 97.5),
        ("yield_std", -0.1),
        ("lot_failure", 1.0),
        ("shelf_life", 0),
        ("shelf_life", 10.5),
        ("lost_sales_share", 1.5),
        ("lost_sale_cost", -1.0),
        ("waste_cost", -1.0),
        ("release_time", -1.0),
        ("release_time_std", -1.0),
        ("release_time_family", "gama"),
        ("overtaking", "perhaps"),
        ("allocation", "first come"),
    ],
)
def test_a_value_outside_its_range_is_told_with_its_place(column: str, wrong: object) -> None:
    cells = at(3, wrong)
    if column == "order_quantity":
        given = stages(**{column: cells, "policy": at(3, "reorder_point")})
    elif column == "allocation":
        given = stages(allocation=["priority", "priority", wrong, "priority"])
    else:
        given = stages(**{column: cells})
    (fault,) = faults(stages=given)
    assert (fault.table, fault.column, fault.row, fault.value) == ("stages", column, 3, wrong)
    assert fault.key == "drug @ plant"
    assert fault.remedy


@pytest.mark.parametrize("column", ["yield_mean", "lot_failure", "lost_sales_share"])
def test_a_share_in_per_cent_is_given_as_a_fraction(column: str) -> None:
    (fault,) = faults(stages=stages(**{column: at(3, 97.5)}))
    assert fault.remedy.startswith("write 0.975 for 97.5 %")


def test_blank_cells_of_every_new_column_are_off() -> None:
    """A column that one stage needs asks nothing of the others."""
    new = {
        "policy": at(3, "min_max"),
        "reorder_point": at(3, 10.0),
        "review_phase": at(3, 0),
        "order_cost": at(3, 5.0),
        "capacity": at(3, 90.0),
        "yield_mean": at(3, 0.9),
        "yield_std": at(3, 0.05),
        "lot_failure": at(3, 0.01),
        "lost_sales_share": at(4, 0.5),
        "waste_cost": at(3, 7.0),
        "overtaking": at(3, True),
        "release_time": at(3, 2.0),
    }
    made = network(stages=stages(**new)).stages
    assert made["policy"].tolist() == ["base_stock", "base_stock", "min_max", "base_stock"]
    assert made["yield_mean"].tolist() == [1.0, 1.0, 0.9, 1.0]
    assert made["yield_std"].tolist() == [0.0, 0.0, 0.05, 0.0]
    assert made["order_cost"].tolist() == [0.0, 0.0, 5.0, 0.0]
    assert made["lost_sales_share"].tolist() == [0.0, 0.0, 0.0, 0.5]
    assert made["overtaking"].tolist() == [False, False, True, False]
    assert made["release_time"].tolist() == [0.0, 0.0, 2.0, 0.0]
    assert made["release_time_std"].tolist() == [0.0] * 4
    assert made["capacity"].isna().tolist() == [True, True, False, True]
    assert made["order_multiple"].isna().all()
    assert made["shelf_life"].dtype == np.float64
    assert made["review_phase"].dtype == np.int64


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"policy": at(3, "reorder_point")}, ["order_quantity"]),
        ({"policy": at(3, "reorder_point_once"), "reorder_point": at(3, 5.0)}, ["order_quantity"]),
        ({"reorder_point": at(3, 5.0)}, ["reorder_point"]),
        ({"order_quantity": at(3, 5.0)}, ["order_quantity"]),
        ({"policy": at(3, "min_max"), "order_quantity": at(3, 5.0)}, ["order_quantity"]),
        ({"policy": at(3, "min_max"), "base_stock": at(3, 9.0)}, ["reorder_point"]),
        (
            {
                "policy": at(3, "min_max"),
                "base_stock": at(3, 9.0),
                "reorder_point": at(3, 9.0),
            },
            ["reorder_point"],
        ),
        ({"policy": at(3, "echelon_base_stock")}, []),
        ({"policy": at(3, "min_max")}, []),
        ({"policy": at(3, "min_max"), "reorder_point": at(3, 5.0)}, []),
        ({"policy": at(3, "reorder_point"), "order_quantity": at(3, 5.0)}, []),
    ],
)
def test_a_policy_needs_its_columns_and_no_others(
    columns: dict[str, Any], expected: list[str]
) -> None:
    given = stages(**columns)
    if not expected:
        assert network(stages=given).n_stages == 4
        return
    assert [fault[1:] for fault in told(stages=given)] == [(name, 3, 1) for name in expected]


@pytest.mark.parametrize(
    ("multiple", "least", "most", "sound"),
    [
        (12.0, None, 11.0, False),
        (None, 10.0, 9.0, False),
        (12.0, 13.0, 23.0, False),  # 24 at least and 12 at most
        (12.0, 12.0, 23.0, True),
        (None, 10.0, 10.0, True),
        (0.1, 0.3, 0.3, True),  # 3 x 0.1 is not 0.3
        (12.0, None, float("inf"), True),
        (None, None, 5.0, True),
    ],
)
def test_some_order_must_be_possible(
    multiple: float | None, least: float | None, most: float, sound: bool
) -> None:
    given = stages(
        order_multiple=at(3, multiple), minimum_order=at(3, least), maximum_order=at(3, most)
    )
    if sound:
        assert network(stages=given).n_stages == 4
    else:
        assert told(stages=given) == [("stages", "maximum_order", 3, 1)]


@pytest.mark.parametrize(("review", "phase", "sound"), [(4, 3, True), (4, 4, False), (0, 1, False)])
def test_a_phase_is_below_the_review_period(review: int, phase: int, sound: bool) -> None:
    given = stages(review_period=[0, 0, review, 0], review_phase=at(3, phase))
    if sound:
        assert network(stages=given).stages["review_phase"].tolist() == [0, 0, phase, 0]
    else:
        assert told(stages=given) == [("stages", "review_phase", 3, 1)]


@pytest.mark.parametrize(
    ("mean", "std", "sound"),
    [(0.9, 0.29, True), (0.9, 0.3, False), (None, 0.1, False), (1.0, 0.1, False), (1.0, 0.0, True)],
)
def test_a_yield_is_one_that_a_beta_distribution_has(
    mean: float | None, std: float, sound: bool
) -> None:
    """A share of mean 0.9 has a variance below 0.09, that of all or nothing."""
    given = stages(yield_mean=at(3, mean), yield_std=at(3, std))
    if sound:
        assert network(stages=given).n_stages == 4
    else:
        assert told(stages=given) == [("stages", "yield_std", 3, 1)]


def test_a_shelf_life_is_alike_at_every_stage_of_an_item() -> None:
    assert told(stages=stages(shelf_life=[None, None, 20, 10])) == [("stages", "shelf_life", 4, 1)]
    (fault,) = faults(stages=stages(shelf_life=[30, None, 20, 20]))
    assert (fault.row, fault.key) == (2, "api @ Pune")
    assert "has 30" in fault.message
    made = network(stages=stages(shelf_life=[None, None, 20, 20]))
    assert made.stages["shelf_life"].tolist()[2:] == [20.0, 20.0]


def test_a_minimum_remaining_life_is_one_that_stock_has() -> None:
    asked = demand(minimum_remaining_life=[6, None])
    perishable = stages(shelf_life=[None, None, 20, 20])
    assert network(stages=perishable, demand=asked).demand["minimum_remaining_life"].tolist() == [
        6,
        0,
    ]
    place = ("demand", "minimum_remaining_life", 1, 1)
    assert told(demand=asked) == [place]
    assert told(stages=stages(shelf_life=[None, None, 5, 5]), demand=asked) == [place]
    fresh_only = network(stages=stages(shelf_life=[None, None, 6, 6]), demand=asked)  # clause 9.8
    assert fresh_only.demand["minimum_remaining_life"].tolist() == [6, 0]
    assert told(demand=demand(minimum_remaining_life=[-1, 0]), stages=perishable) == [place]


def test_what_customers_ask_for_is_alike_in_all_periods() -> None:
    cycle = pd.DataFrame(
        {
            "item": "drug",
            "location": "depot",
            "period": [0, 1],
            "mean": [20.0, 30.0],
            "std": 3.0,
            "priority": [1, 1],
        }
    )
    made = network(demand=cycle)
    assert made.demand["priority"].tolist() == [1]
    assert made.demand["family"].tolist() == ["per_period"]
    assert network().replace(demand=made.demand).equals(made)
    assert told(demand=cycle.assign(priority=[1, 2])) == [("demand", "priority", 2, 1)]


def test_faults_of_all_kinds_are_told_at_once() -> None:
    given = stages(
        policy=["reorder_point", None, None, None],
        review_phase=[0, 1, 0, 0],
        yield_std=[None, None, 0.2, None],
        shelf_life=[None, None, 5, 6],
        capacity=[None, None, None, -1.0],
    )
    assert sorted(told(stages=given)) == [
        ("stages", "capacity", 4, 1),
        ("stages", "order_quantity", 1, 1),
        ("stages", "review_phase", 2, 1),
        ("stages", "shelf_life", 4, 1),
        ("stages", "yield_std", 3, 1),
    ]


def test_a_release_time_may_be_of_any_family_and_given_as_an_object() -> None:
    given = stages(release_time_distribution=[None, None, Gamma(2.0, 1.0), Empirical([1, 5])])
    made = network(stages=given)
    assert made.stages["release_time"].tolist() == [0.0, 0.0, 2.0, 3.0]
    assert made.stages["release_time_family"].tolist() == ["", "", "gamma", "empirical"]
    assert made.release_time_distributions[:2] == (None, None)
    assert made.release_time_distributions[2] == Gamma(2.0, 1.0)
    assert made.replace(stages=made.stages).equals(made)
    plain = made.stages.assign(release_time_family="", release_time_parameters="")
    again = made.replace(stages=plain)
    assert again.stages["release_time"].tolist() == [0.0, 0.0, 2.0, 3.0]  # the moments are his now
    (fault,) = faults(stages=stages(release_time=at(3, 2.0), release_time_std=at(3, 1.0),
                                    release_time_family=at(3, "normal")))  # fmt: skip
    assert (fault.column, fault.row) == ("release_time_family", 3)
    assert "the release time may be negative" in fault.message
