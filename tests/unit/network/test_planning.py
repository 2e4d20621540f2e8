"""Stock by age, open orders and resources: the tables that a plan over periods begins with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning
from echelon.network.features import PLANNING
from tests.pharma import faults, network, stages

DEPOT = {"item": "drug", "location": "depot"}


def stock(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(DEPOT | {"quantity": [40.0]} | columns)


def line(**columns: Any) -> dict[str, pd.DataFrame]:
    use = {**DEPOT, "resource": "line", "per_unit": [1.0]} | columns
    return {
        "resources": pd.DataFrame({"resource": ["line"], "capacity": [40.0]}),
        "resource_use": pd.DataFrame(use),
    }


def test_tables_that_are_not_given_have_no_rows_and_every_column() -> None:
    made = network()
    for name in PLANNING:
        assert len(getattr(made, name)) == 0
    assert made.stock.dtypes["remaining_life"] == np.float64
    assert made.open_orders.dtypes["period"] == np.int64
    empty = network(**{name: getattr(made, name) for name in PLANNING})
    assert empty.equals(made)
    assert empty.digests == made.digests


def test_rows_point_at_their_stages() -> None:
    orders = pd.DataFrame(
        {"item": ["api", "drug"], "location": ["Pune", "depot"], "period": [0, 3], "quantity": 5}
    )
    made = network(stock=stock(), open_orders=orders, **line(per_set_up=[2.0]))
    assert made.stock_stages.tolist() == [3]
    assert made.open_order_stages.tolist() == [1, 3]
    assert made.resource_use_stages.tolist() == [3]
    assert made.resource_use["per_unit_held"].tolist() == [0.0]
    assert made.open_orders["order"].tolist() == ["", ""]
    assert made.replace(stock=None, open_orders=None, resources=None, resource_use=None).equals(
        network()
    )


def only(**tables: Any) -> str:
    """Message of the only fault of the tables."""
    (fault,) = faults(**tables)
    return str(fault)


def test_every_fault_is_told_at_once() -> None:
    found = faults(
        stages=stages(shelf_life=[None, None, 8, 8], initial_stock=[None, None, 5.0, None]),
        stock=pd.DataFrame(
            {
                "item": ["drug", "drug", "drug", "api"],
                "location": ["depot", "depot", "plant", "Basel"],
                "remaining_life": [None, 9, 4, 4],
                "quantity": [1.0, 1.0, -1.0, 1.0],
            }
        ),
        open_orders=pd.DataFrame(
            {
                "item": ["drug", "drug", "drugs"],
                "location": "depot",
                "period": [1, 1, 2],
                "quantity": 4,
            }
        ),
        resources=pd.DataFrame(
            {"resource": ["line", "line", "shelf"], "period": [0, 2, None], "capacity": [1, 1, 1]}
        ),
        resource_use=pd.DataFrame({**DEPOT, "resource": ["lane", "shelf"], "per_unit": [1.0, 0.0]}),
    )
    told_of = {(fault.table, fault.column, fault.row) for fault in found}
    assert told_of == {
        ("stock", "quantity", 3),
        ("stock", "remaining_life", 1),
        ("stock", "remaining_life", 2),
        ("stock", "remaining_life", 4),
        ("open_orders", "item, location, period", 2),
        ("open_orders", "item, location", 3),
        ("resources", "period", 1),
        ("resource_use", "resource", 1),
        ("resource_use", "per_unit", 2),
    }


def test_messages_name_row_value_and_remedy() -> None:
    tables = {"stages": stages(initial_stock=[None, None, None, 5.0]), "stock": stock()}
    assert only(**tables) == (
        "stock.quantity: is given for a stage that has an initial_stock in stages too; row 1 "
        "(drug @ depot): 40.0. Fix: leave one of them blank."
    )
    assert only(stock=stock(remaining_life=[3])) == (
        "stock.remaining_life: is given where nothing expires; row 1 (drug @ depot / remaining "
        "life 3): 3.0. Fix: give the stage a shelf_life, or leave the cell blank."
    )
    use = line(resource=["line two"])
    assert "resource_use.resource: is not in resources.resource; row 1" in only(**use)


def test_other_models_say_that_they_do_not_reckon_with_them() -> None:
    made = network(stock=stock(), **line())
    with pytest.warns(DataWarning, match=r"guaranteed-service model .* stock \(1 row\)"):
        ec.optimize(made)
    plan = ec.optimize(network())
    with pytest.warns(DataWarning, match=r"a simulation .* resource_use \(1 row\).*target_inv"):
        ec.simulate(made, plan, periods=3, warmup=0, replications=2)
