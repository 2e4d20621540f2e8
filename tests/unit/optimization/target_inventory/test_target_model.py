"""Target inventories, one feature at a time, with plans and costs that can be checked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.optimization.target_inventory.arguments import TargetOptions
from echelon.optimization.target_inventory.read_network import problems_of
from echelon.optimization.target_inventory.solution import TargetSolution
from echelon.optimization.target_inventory.solve import TargetLimits, solve_problem

PILL = {"item": "pill", "location": "depot"}
RAW = {"item": "raw", "location": "plant"}
LANE = {"from_item": "raw", "from_location": "plant", "to_item": "pill", "to_location": "depot"}


def shop(demand: list[float], customers: dict[str, Any] | None = None, **given: Any) -> ec.Network:
    """One stage; columns of stages as given, and further tables."""
    tables = {name: given.pop(name) for name in TABLES if name in given}
    columns = {"holding_cost": 1.0, "initial_stock": 0.0} | given
    return ec.Network.from_tables(
        pd.DataFrame({"item": ["pill"], "location": "depot", **columns}),
        None,
        known(demand, **(customers or {})),
        **tables,
    )


TABLES = ("calendar", "stock", "open_orders", "resources", "resource_use")


def known(demand: list[float], **columns: Any) -> pd.DataFrame:
    row = {**PILL, "family": "deterministic", "mean": [float(d) for d in demand]} | columns
    return pd.DataFrame(row | {"period": range(len(demand))})


def chain(demand: list[float], lane: dict[str, Any] | None = None, **columns: Any) -> ec.Network:
    """Raw material at a plant goes into pills at a depot; columns of stages plant first."""
    given = {"holding_cost": [1.0, 2.0], "initial_stock": [0.0, 0.0]} | columns
    stages = pd.DataFrame({"item": ["raw", "pill"], "location": ["plant", "depot"], **given})
    return ec.Network.from_tables(stages, pd.DataFrame([LANE | (lane or {})]), known(demand))


def solve(network: ec.Network, **options: Any) -> TargetSolution:
    given = {"horizon": 4, "lookahead": 0, "charge_pipeline": False} | options
    (problem,) = problems_of(network, TargetOptions(**given)).problems
    return solve_problem(problem, TargetLimits("milp"))


def why_not(network: ec.Network, **options: Any) -> str:
    plan = ec.optimize(network, model="target_inventory", **({"horizon": 4} | options))
    assert plan.status == "failed"
    return str(plan.failures["message"].iloc[0])


def rows(solution: TargetSolution, kind: str) -> dict[int, float]:
    """Price by period of one kind of limit."""
    of = solution.binding[solution.binding["kind"] == kind]
    return dict(zip(of["period"], of["price"].round(9), strict=True))


def test_an_order_is_there_when_it_is_made_and_released():
    """Ten a period; what is asked in the first three periods is on hand or on order."""
    orders = pd.DataFrame(PILL | {"period": [1, 2], "quantity": 10.0})
    network = shop([10] * 6, lead_time=2, release_time=1, initial_stock=10.0, open_orders=orders)
    solved = solve(network, horizon=6, charge_pipeline=True)
    assert solved.orders[0].tolist() == [10, 10, 10, 0, 0, 0]
    assert solved.open_arrivals[0].tolist() == [0, 10, 10, 0, 0, 0]
    assert solved.arrivals[0].tolist() == [0, 0, 0, 10, 10, 10]
    assert solved.in_make[0].tolist() == [10, 20, 20, 10, 0, 0]
    assert solved.in_release[0].tolist() == [0, 0, 10, 10, 10, 0]
    assert solved.open_orders[0].tolist() == [20, 10, 0, 0, 0, 0]
    assert solved.outcome.objective == solved.cost_parts["pipeline"] == 60 + 30


def test_periods_looked_ahead_are_the_longest_way_to_customers():
    network = chain([10] * 4, {"lead_time": 2}, lead_time=[3, 1], review_period=[1, 2])
    options = {"horizon": 4, "opening": "empty"}
    (problem,) = problems_of(network, TargetOptions(**options)).problems
    assert (problem.horizon, problem.n_periods) == (4, 4 + 3 + 2 + 1 + 1)


def test_times_that_vary_or_have_fractions_are_told():
    network = chain([10] * 4, {"lead_time": 1.5}, lead_time=[2.2, 3.0], lead_time_std=[1.0, 0.0])
    changed = problems_of(network, TargetOptions(4)).rounded_times
    told = changed[["location", "from_location", "column", "given", "periods"]]
    assert told.to_numpy().tolist() == [
        ["plant", "", "stages.lead_time", 2.2, 3],
        ["depot", "plant", "lanes.lead_time", 1.5, 2],
    ]


def test_parts_leave_with_the_order_and_wait_for_nobody():
    """Two of raw in a pill: 5 pills are ordered two periods before they are asked for."""
    columns = {"initial_stock": [10.0, 0.0], "holding_cost": [1.0, 3.0]}
    network = chain([0, 0, 0, 5], {"lead_time": 2, "units_required": 2.0}, **columns)
    solved = solve(network)
    assert solved.orders.tolist() == [[0] * 4, [0, 5, 0, 0]]
    assert solved.component_use[0].tolist() == [0, 10, 0, 0]
    assert solved.on_hand[0].tolist() == [10, 0, 0, 0]
    assert solved.in_transit[1].tolist() == [0, 5, 5, 0]


def test_whole_batches():
    """Batches of 30 against 10 a period: the first lasts three periods."""
    solved = solve(shop([10] * 4, order_multiple=30.0, order_cost=5.0))
    assert solved.lots[0].tolist() == [1, 0, 0, 1]
    assert solved.cost_parts["holding"] == 20 + 10 + 20


def test_least_and_largest_orders_and_the_price_of_the_one():
    """At least 25 and at most 40: 25 is 15 too much for the first period alone."""
    solved = solve(shop([10, 0, 0, 10], minimum_order=25.0))
    assert solved.orders[0].tolist() == [25, 0, 0, 0]
    assert rows(solved, "minimum_order") == {0: 4.0}
    most = solve(shop([0, 0, 0, 100], maximum_order=40.0))
    assert most.orders[0].tolist() == [0, 20, 40, 40]
    assert rows(most, "maximum_order") == {2: 1.0, 3: 2.0}


def test_capacity_is_built_up_for_and_has_a_price():
    """One unit more in the last period is one fewer made two periods before it is needed."""
    solved = solve(shop([5, 5, 20], capacity=10.0), horizon=3)
    assert solved.orders[0].tolist() == [10, 10, 10]
    assert solved.outcome.objective == 5 + 10
    assert rows(solved, "capacity") == {1: 1.0, 2: 2.0}


def test_campaigns_start_in_their_windows():
    calendar = pd.DataFrame(PILL | {"start": [0], "length": [1], "every": [3]})
    solved = solve(shop([0, 4, 4, 4], calendar=calendar, lead_time=1))
    assert solved.orders[0].tolist() == [12, 0, 0, 0]


def test_orders_are_placed_at_reviews():
    solved = solve(shop([2, 2, 2, 2], review_period=2, review_phase=1, initial_stock=2.0))
    assert solved.orders[0].tolist() == [0, 4, 0, 2]


def two_items(**uses: Any) -> ec.Network:
    """Two items of one depot on one line of 10 hours; demand in the last period."""
    frame = pd.DataFrame({"item": ["pill", "drop"], "location": "depot"})
    demand = pd.concat([known([0, 0, 10]), known([0, 0, 10], item="drop")])
    return ec.Network.from_tables(
        frame.assign(holding_cost=[1.0, 3.0], initial_stock=0.0),
        None,
        demand,
        resources=pd.DataFrame({"resource": ["line"], "capacity": 10.0}),
        resource_use=frame.assign(resource="line", **uses),
    )


def test_items_share_a_resource():
    """The item that is cheaper to keep is made first; an hour more would save its holding."""
    solved = solve(two_items(per_unit=1.0), horizon=3)
    assert solved.orders.tolist() == [[0, 10, 0], [0, 0, 10]]
    assert solved.outcome.objective == 10.0
    assert rows(solved, "resource") == {2: 1.0}
    assert solved.binding["resource"].tolist() == ["line"]


def test_set_ups_take_time():
    """Eight drops last of all, two and four pills before, and six pills first."""
    solved = solve(two_items(per_unit=1.0, per_set_up=2.0), horizon=3)
    used = solved.started.sum(axis=0) + 2.0 * (solved.started > 0.0).sum(axis=0)
    assert (used <= 10.0 + 1e-9).all()
    np.testing.assert_allclose(solved.orders, [[6, 4, 0], [0, 2, 8]], atol=1e-6)
    assert solved.outcome.objective == pytest.approx(2 * 3 + 4 + 6 * 2, abs=1e-6)


def test_storage_limits_what_is_on_hand():
    storage = {
        "resources": pd.DataFrame({"resource": ["shelf"], "capacity": [6.0]}),
        "resource_use": pd.DataFrame(PILL | {"resource": ["shelf"], "per_unit_held": [2.0]}),
    }
    solved = solve(shop([4, 4, 4, 4], order_cost=50.0, **storage))
    assert solved.on_hand.max() <= 3.0
    assert solved.set_up.sum() == 4


def test_first_expired_first_out_and_least_remaining_lives():
    """Of 4 with one period left and 6 with three, the choosy customer gets the younger."""
    customers = {"segment": "choosy", "minimum_remaining_life": 2}
    stock = pd.DataFrame(PILL | {"remaining_life": [1, 3], "quantity": [4.0, 6.0]})
    columns = {"shelf_life": 3, "waste_cost": 5.0, "lost_sales_share": 1.0, "lost_sale_cost": 9.0}
    network = shop([3, 2, 1, 0], initial_stock=None, stock=stock, **columns)
    easy = solve(network)
    assert easy.served_by_life[0, 0].tolist() == [0, 3, 0, 0]
    assert easy.expired[0].tolist() == [1, 0, 3, 0]
    strict = solve(shop([3, 2, 1, 0], customers, initial_stock=None, stock=stock, **columns))
    assert strict.served_by_life[0, 0].tolist() == [0, 0, 0, 3]
    assert strict.expired[0, 0] == 4
    assert strict.stock_by_life[0, 0].tolist() == [0, 0, 3, 0]


def test_a_shelf_life_that_nothing_outlives_is_as_good_as_none():
    (problem,) = problems_of(shop([5] * 4, shelf_life=9), TargetOptions(4)).problems
    assert problem.largest_life == 0
    (problem,) = problems_of(shop([5] * 4, shelf_life=3), TargetOptions(4)).problems
    assert problem.largest_life == 3


def test_units_that_expire_when_the_last_period_ends_are_waste():
    """Five arrive in period 2 for the last time they can serve, and four are asked for."""
    columns = {"shelf_life": 3, "release_time": 2, "order_multiple": 5.0, "waste_cost": 2.0}
    solved = solve(shop([0, 0, 4], **columns), horizon=3)
    assert solved.on_hand[0].tolist() == [0, 0, 0]
    assert solved.expired[0].tolist() == [0, 0, 1]
    assert solved.outcome.objective == 2.0


def test_what_comes_later_and_expires_sooner_makes_nobody_wait():
    """Six units last to period 3, three of them used; one joins in period 2 and expires then."""
    stock = pd.DataFrame(PILL | {"remaining_life": [1, 4], "quantity": [2.0, 6.0]})
    late = pd.DataFrame(PILL | {"period": [2], "quantity": [1.0], "remaining_life": [1]})
    network = shop(
        [1, 3, 0, 0, 5],
        initial_stock=None,
        shelf_life=4,
        backorder_cost=5.0,
        stock=stock,
        open_orders=late,
    )
    solved = solve(network, horizon=5)
    assert not solved.backorders.any()
    assert solved.expired[0].tolist() == [1, 0, 1, 3, 0]
    assert solved.outcome.objective == pytest.approx(6 + 3 + 3)


def test_what_comes_too_late_to_be_passed_on_is_left_at_a_stage_without_stock():
    """Raw material that no order takes before the end; in time, it has to be taken."""
    columns = {"lead_time": [0, 2], "can_stock": [False, True], "backorder_cost": [0.0, 5.0]}
    for period, left in ((7, 4.0), (3, 0.0)):
        late = pd.DataFrame(RAW | {"period": [period], "quantity": [4.0]})
        network = chain([3] * 8, **columns).replace(open_orders=late)
        solved = solve(network, horizon=8)
        assert solved.on_hand[0].max() == left
        assert solved.orders[1, period] == 4.0 - left
        assert not solved.on_hand[0, :period].any()


def test_frozen_orders_stay_and_have_a_price():
    """Eight are frozen where four will do: a unit fewer saves its holding to the end."""
    frozen = pd.DataFrame(PILL | {"period": [1, 3], "order": [8.0, 99.0]})
    network = shop([4, 2, 2, 0], order_multiple=3.0, initial_stock=4.0)
    solved = solve(network, frozen=2, frozen_orders=frozen)
    assert solved.orders[0].tolist() == [0, 8, 0, 0]
    assert rows(solved, "frozen_order") == {1: 3.0}


def test_a_floor_that_is_missed_is_paid_for_and_said():
    floors = pd.DataFrame(PILL | {"floor": [5.0]})
    solved = solve(shop([4] * 4, lead_time=1, initial_stock=6.0), floors=floors, floor_price=7.0)
    assert solved.floor_violation[0].tolist() == [3, 0, 0, 0]
    assert solved.cost_parts["floors"] == 21.0
    cheap = solve(shop([4] * 4, initial_stock=0.0), floors=floors, floor_price=0.5)
    assert cheap.floor_violation[0].tolist() == [5] * 4


def test_the_safety_stock_of_a_plan_is_a_floor():
    network = shop([10] * 4, service_level=0.95, lead_time=1, initial_stock=30.0)
    network = network.replace(demand=known([10] * 4, family="normal", std=4.0))
    safety = ec.optimize(network, base_stocks="by_period")
    solved = solve(network, floors=safety, floor_price=9.0)
    assert (solved.on_hand >= safety.stages["safety_stock"].iloc[0] - 1e-9).all()


def test_the_fast_way_is_taken_where_its_price_pays():
    """Ten owed for two periods cost 40 each way; sending them fast costs 30."""
    lane = {
        "lead_time": 3,
        "expedite_rule": "backorder_age",
        "expedite_lead_time": 1,
        "expedite_cost": 3.0,
    }
    columns = {"initial_stock": [10.0, 0.0], "holding_cost": [0.1, 0.2]}
    for penalty, way in ((2.0, 1), (1.0, 0)):
        network = chain([0, 10, 0, 0], lane, backorder_cost=[0.0, penalty], **columns)
        solved = solve(network)
        assert solved.orders_by_way[1 + way].tolist() == [10, 0, 0, 0]
    assert solved.cost_parts["backorders"] == 20.0


def test_shortage_is_owed_or_lost_as_the_table_says():
    owed = solve(shop([10, 0, 0], lead_time=1, backorder_cost=3.0), horizon=3)
    assert owed.backorders[0].tolist() == [10, 0, 0]
    lost = solve(shop([10, 0, 0], lead_time=1, lost_sales_share=1.0, lost_sale_cost=3.0), horizon=3)
    assert lost.lost[0].tolist() == [10, 0, 0]
    assert not lost.orders.any()
    partly = {"lost_sales_share": 0.4, "lost_sale_cost": 5.0, "backorder_cost": 1.0}
    both = solve(shop([10, 0, 0], lead_time=1, **partly), horizon=3)
    assert (both.lost[0, 0], both.backorders[0, 0], both.orders[0, 0]) == (4.0, 6.0, 6.0)
    assert both.outcome.objective == pytest.approx(4 * 5 + 6)


def test_bad_units_are_ordered_and_wasted():
    solved = solve(shop([8, 0, 0, 0], yield_mean=0.9, lot_failure=1 / 9, waste_cost=5.0))
    assert solved.orders[0, 0] == pytest.approx(10.0)
    assert solved.scrapped[0, 0] == pytest.approx(2.0)
    assert solved.cost_parts["waste"] == pytest.approx(10.0)


def test_suppliers_of_one_part_send_their_shares():
    """Six from a near one and four from a far one; what comes first is made first."""
    stages = pd.DataFrame(
        {
            "item": ["raw", "raw", "pill"],
            "location": ["near", "far", "depot"],
            "holding_cost": [1.0, 1.0, 2.0],
            "initial_stock": [6.0, 4.0, 0.0],
        }
    )
    lanes = pd.DataFrame({**LANE, "from_location": ["near", "far"], "share": [0.6, 0.4]})
    lanes = lanes.assign(lead_time=[1, 2])
    network = ec.Network.from_tables(stages, lanes, known([0, 6, 4, 0]))
    solved = solve(network)
    assert solved.orders[2].tolist() == pytest.approx([10, 0, 0, 0])
    assert solved.started[2].tolist() == pytest.approx([0, 6, 4, 0])
    assert not solved.on_hand.any()


def test_prices_and_a_forecast():
    """Buying ahead of a dearer period, for a forecast in place of the table's means."""
    prices = pd.DataFrame(PILL | {"period": [0, 1, 2, 3], "price": [2.0, 2.0, 8.0, 8.0]})
    forecast = pd.DataFrame(PILL | {"period": range(4), "mean": [1.0, 1.0, 5.0, 5.0]})
    solved = solve(shop([9] * 4), prices=prices, forecast=forecast)
    assert solved.orders[0].tolist() == [1, 11, 0, 0]
    assert solved.cost_parts["purchase"] == 24.0


@pytest.mark.parametrize("factor", [1e-7, 1e8])
def test_quantities_of_any_size(factor: float):
    """Counted in other units the plan is the same."""
    demand, columns = [7, 0, 3, 9], {"order_cost": 5.0, "minimum_order": 8.0, "capacity": 12.0}
    small = solve(shop(demand, **columns))
    scaled = {name: value * factor for name, value in columns.items()}
    large = solve(shop([d * factor for d in demand], **scaled))
    np.testing.assert_allclose(large.orders, small.orders * factor, rtol=1e-9)
    assert large.outcome.objective == pytest.approx(small.outcome.objective * factor)


def test_a_component_without_a_plan_says_what_it_cannot_meet():
    message = why_not(shop([10, 10, 0, 0], lead_time=2, initial_stock=5.0), lookahead=0)
    assert message == (
        "there is no plan: demand of pill @ depot is not met: 15 units in periods 0 to 1. Fix: "
        "give a backorder_cost or lost_sale_cost, which prices what is late or lost, or more stock "
        "or open orders for the periods before the first order can be there."
    )
    frozen = pd.DataFrame(PILL | {"period": [0], "order": [30.0]})
    network = shop([30, 0, 0, 0], capacity=20.0)
    assert "pill @ depot" in why_not(network, frozen=1, frozen_orders=frozen, lookahead=0)
    closed = pd.DataFrame(PILL | {"start": [1], "length": [1]})
    network = shop([30, 0, 0, 0], calendar=closed, initial_stock=30.0)
    assert "in period 0 would be started when the calendar is closed" in why_not(
        network, frozen=1, frozen_orders=frozen
    )
    full = {
        "resources": pd.DataFrame({"resource": ["shelf"], "capacity": [6.0]}),
        "resource_use": pd.DataFrame(PILL | {"resource": ["shelf"], "per_unit_held": [1.0]}),
    }
    assert "more is to be used of 'shelf' than there is: 3 in period 0" in why_not(
        shop([1, 8, 0, 0], initial_stock=10.0, **full), lookahead=0
    )


def test_one_component_without_a_plan_leaves_the_others_theirs():
    stages = pd.DataFrame(
        {
            "item": ["pill", "drop"],
            "location": "depot",
            "holding_cost": 1.0,
            "initial_stock": 0.0,
            "lead_time": [0, 2],
        }
    )
    demand = pd.concat([known([5, 5]), known([5, 5], item="drop")])
    network = ec.Network.from_tables(stages, None, demand)
    for n_jobs in (1, 2):
        plan = ec.optimize(
            network, model="target_inventory", horizon=2, method="milp", n_jobs=n_jobs
        )
        assert plan.status == "partial"
        assert plan.failures[["component", "item", "error"]].to_numpy().tolist() == [
            [1, "drop", "InfeasibleError"]
        ]
        assert plan.targets["item"].unique().tolist() == ["pill"]


def test_the_recursion_and_the_model_agree_and_say_who_found_it():
    network = shop([20, 50, 10, 50, 50], order_cost=100.0)
    plans = [
        ec.optimize(network, model="target_inventory", horizon=5, method=method)
        for method in ("auto", "milp")
    ]
    assert [plan.termination for plan in plans] == ["recursion", "optimal"]
    assert plans[0].objective == pytest.approx(plans[1].objective, rel=1e-9)


def test_life_goes_on_along_a_transport():
    """Made with four periods to live, a period on the way: the depot has three of them."""
    stages = pd.DataFrame(
        {
            "item": "pill",
            "location": ["plant", "depot"],
            "holding_cost": [1.0, 1.5],
            "initial_stock": None,
            "order_multiple": [12.0, None],
            "shelf_life": 4,
            "waste_cost": 5.0,
        }
    )
    lane = {"from_item": "pill", "from_location": "plant", **_to("pill", "depot"), "lead_time": 1}
    stock = pd.DataFrame(PILL | {"remaining_life": [2], "quantity": [3.0]})
    stages = stages.assign(lost_sales_share=1.0, lost_sale_cost=[0.0, 30.0])
    demand = known([1, 0, 4, 4, 4, 0])
    network = ec.Network.from_tables(stages, pd.DataFrame([lane]), demand, stock=stock)
    solved = solve(network, horizon=6)
    assert solved.expired[1].tolist() == [0, 2, 0, 0, 0, 0]
    assert solved.orders[0].tolist() == [0, 12, 0, 0, 0, 0]
    assert solved.orders[1].tolist() == [0, 4, 4, 4, 0, 0]
    assert solved.served_by_life[0, 2:5].tolist() == [
        [0, 0, 0, 4, 0],
        [0, 0, 4, 0, 0],
        [0, 4, 0, 0, 0],
    ]
    assert solved.cost_parts["waste"] == 10.0


def _to(item: str, location: str) -> dict[str, str]:
    return {"to_item": item, "to_location": location}
