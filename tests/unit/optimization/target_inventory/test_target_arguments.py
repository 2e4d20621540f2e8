"""What may be wrong about the arguments of a target plan: all told at once, with the remedy."""

from __future__ import annotations

import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning, DomainError, TableError, UnknownNameError

PILL = {"item": "pill", "location": "depot"}


def network(**columns: object) -> ec.Network:
    given = {"holding_cost": 1.0, "initial_stock": 30.0, "backorder_cost": 5.0} | columns
    stages = pd.DataFrame({"item": ["pill"], "location": "depot", **given})
    return ec.Network.from_tables(stages, None, pd.DataFrame(PILL | {"mean": [10.0], "std": 2.0}))


def plan(of: ec.Network | None = None, **options: object) -> object:
    given = {"horizon": 4} | options
    return ec.optimize(of or network(), model="target_inventory", **given)


def test_every_number_that_is_none_is_told_at_once():
    with pytest.raises(DomainError) as caught:
        plan(horizon=0, lookahead=-1, frozen=2, floor_price=-3.0)
    told = str(caught.value).splitlines()
    assert [line.split(" ")[0] for line in told] == [
        "horizon",
        "lookahead",
        "frozen",
        "frozen",
        "floor_price",
    ]
    assert told[0].endswith("Fix: 26 plans half a year of weeks.")
    assert "frozen_orders is missing" in told[3]


def test_names_are_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'empty'"):
        plan(opening="emtpy")
    with pytest.raises(UnknownNameError, match="Did you mean 'milp'"):
        plan(method="mip")
    with pytest.raises(UnknownNameError, match="Did you mean 'highs'"):
        plan(solver="high")


def test_stock_that_is_not_known_is_a_fault_and_not_nothing():
    unknown = network(initial_stock=None)
    with pytest.raises(TableError, match=r"stages\.initial_stock: is blank.*opening=\"empty\""):
        plan(unknown)
    assert plan(unknown, opening="empty").status == "optimal"
    elsewhere = unknown.replace(stock=pd.DataFrame(PILL | {"quantity": [5.0]}))
    assert plan(elsewhere).opening["on_hand"].tolist() == [5.0]


def test_faults_of_all_frames_are_told_together():
    with pytest.raises(TableError) as caught:
        plan(
            floors=pd.DataFrame(PILL | {"floor": [-2.0]}),
            frozen=1,
            frozen_orders=pd.DataFrame(
                {"item": ["pil"], "location": "depot", "period": 0, "order": 1}
            ),
            prices=pd.DataFrame(PILL | {"prise": [3.0]}),
            forecast=pd.DataFrame({"item": ["pill"], "location": "shop", "period": 0, "mean": 1}),
        )
    told = {(fault.table, fault.column) for fault in caught.value.faults}
    assert told == {
        ("floors=", "floor"),
        ("frozen_orders=", "item, location"),
        ("prices=", "price"),
        ("prices=", "prise"),
        ("forecast=", "item, location, segment"),
    }


def test_a_floor_needs_a_price():
    floors = pd.DataFrame(PILL | {"floor": [2.0, 3.0], "period": [0, 1], "price": [1.0, None]})
    with pytest.raises(TableError, match=r"floors=\.price: says not what .* row 2 \(pill @ depot"):
        plan(floors=floors)
    with pytest.raises(DomainError, match="floors is a plan, and floor_price is missing"):
        plan(floors=ec.optimize(network(service_level=0.9)))


def test_a_forecast_is_given_for_every_period_planned():
    forecast = pd.DataFrame(PILL | {"period": range(4), "mean": 3.0})
    assert plan(forecast=forecast).status == "optimal"
    late = network(lead_time=2)
    with pytest.raises(TableError, match="pill @ depot has no row for it, and 6 periods"):
        plan(late, forecast=forecast)
    assert plan(late, forecast=forecast, lookahead=0).status == "optimal"


def test_release_that_outlasts_the_shelf_life():
    with pytest.raises(TableError, match="must be below the shelf_life"):
        plan(network(shelf_life=2, release_time=2))


def test_what_the_model_does_not_reckon_with_is_said():
    with pytest.warns(
        DataWarning, match=r"target-inventory model does not reckon with stages\.pol"
    ):
        plan(network(policy="min_max", reorder_point=5.0, base_stock=20.0))


def test_frozen_orders_of_an_earlier_plan():
    first = plan(network(initial_stock=0.0, order_cost=40.0), lookahead=2)
    kept = plan(network(initial_stock=0.0), lookahead=2, frozen=3, frozen_orders=first)
    before, after = (
        one.orders[one.orders["period"] < 3][["period", "quantity"]].to_numpy().tolist()
        for one in (first, kept)
    )
    assert before == after


def test_floors_after_all_that_is_planned_are_refused():
    late = pd.DataFrame(PILL | {"period": [99], "floor": 3.0})
    with pytest.raises(TableError, match="all rows: none holds"):
        plan(floors=late, floor_price=1.0)
    some = pd.DataFrame(PILL | {"period": [1, 99], "floor": 3.0})
    assert plan(floors=some, floor_price=1.0).targets["floor"].tolist()[:3] == [0.0, 3.0, 0.0]


def test_a_horizon_that_is_missing_is_asked_for():
    with pytest.raises(DomainError, match=r"needs horizon. Fix: ec.optimize\("):
        ec.optimize(network(), model="target_inventory")
