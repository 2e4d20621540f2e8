"""The result of a target plan: it adds up, simulates as it stands, and comes back from files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning, DomainError, UnknownNameError
from echelon.optimization.target_inventory.columns import (
    COMPONENTS,
    COSTS,
    OPENING,
    ORDERS,
    TARGETS,
)
from echelon.optimization.target_inventory.components import COMPONENTS as PARTS


def optimize_targets(network: ec.Network, **options: object) -> ec.TargetPlan:
    return ec.optimize(network, model="target_inventory", **options)


DEMAND = [5.0, 5.0, 5.0, 45.0, 15.0, 15.0, 30.0, 10.0, 10.0, 10.0, 10.0, 10.0]


def chain(stages=None, lane=None, demand=None, means=DEMAND) -> ec.Network:
    """A plant that makes in lots of 24 and releases for a week, and a shop with a capacity."""
    rows = pd.DataFrame(
        {
            "item": ["api", "pill"],
            "location": ["plant", "shop"],
            "holding_cost": [1.0, 2.0],
            "lead_time": [2, 1],
            "release_time": [1, 0],
            "initial_stock": [100.0, 60.0],
            "order_multiple": [24.0, None],
            "capacity": [None, 30.0],
            "order_cost": [50.0, 10.0],
            "lost_sales_share": 1.0,
            "lost_sale_cost": 500.0,
        }
    ).assign(**(stages or {}))
    lanes = pd.DataFrame(
        {
            "from_item": ["api"],
            "from_location": ["plant"],
            "to_item": ["pill"],
            "to_location": ["shop"],
            "units_required": 2.0,
        }
    ).assign(**(lane or {}))
    sold = pd.DataFrame(
        {
            "item": "pill",
            "location": "shop",
            "period": range(len(means)),
            "mean": means,
            "std": 0.0,
        }
    ).assign(**(demand or {}))
    return ec.Network.from_tables(rows, lanes, sold, period="week", currency="EUR")


@pytest.fixture(scope="module")
def plan() -> ec.TargetPlan:
    return optimize_targets(chain(), horizon=12)


def assert_comes_about(network: ec.Network, plan: ec.TargetPlan) -> None:
    run = ec.simulate(network, plan, replications=1, trace=True, progress=False)
    key = ["item", "location", "period"]
    both = run.trace.merge(plan.targets, on=key, suffixes=("_run", ""))
    assert len(both) == len(plan.targets)
    scale = 1.0 + plan.targets["target"].abs().max()
    for name in ("on_hand", "order", "backorders", "lost", "expired"):
        difference = (both[f"{name}_run"] - both[name]).abs().max()
        assert difference <= 1e-9 * scale, name


def test_targets_add_up(plan):
    total = plan.targets[list(PARTS)].sum(axis=1)
    assert (total - plan.targets["target"]).abs().max() <= 1e-9
    assert tuple(plan.targets.columns) == TARGETS.names
    assert tuple(plan.orders.columns) == ORDERS.names
    assert tuple(plan.costs.columns) == COSTS.names
    assert tuple(plan.components.columns) == COMPONENTS.names
    assert tuple(plan.opening.columns) == OPENING.names
    assert plan.costs["cost"].sum() == pytest.approx(plan.objective)


def test_targets_are_positions_that_orders_and_demand_move(plan):
    """Second method: position before, plus order, less what is asked for and was not lost."""
    for (item, location), rows in plan.targets.groupby(["item", "location"]):
        opening = plan.opening.set_index(["item", "location"]).loc[(item, location)].sum()
        moves = rows["order"] - rows["demand"] - rows["component_use"] + rows["lost"]
        assert rows["target"].to_numpy() == pytest.approx((opening + moves.cumsum()).to_numpy())


def test_known_demand_comes_about_as_planned(plan):
    assert_comes_about(chain(), plan)


@pytest.mark.parametrize(
    "change",
    [
        {"review_period": [2, 3]},
        {"review_period": [0, 1]},
        {"minimum_order": [None, 25.0]},
        {"capacity": [40.0, 30.0]},
        {"lead_time": [0, 0]},
        {"initial_stock": [0.0, 0.0], "order_cost": 0.0},
        {"lost_sales_share": 0.0, "backorder_cost": [0.0, 9.0]},
        {"shelf_life": [None, 4], "waste_cost": 3.0, "initial_stock": [100.0, 0.0]},
        {"shelf_life": [6, 4], "waste_cost": 3.0, "initial_stock": [0.0, 0.0]},
    ],
    ids="-".join,
)
def test_features_come_about_as_planned(change):
    network = chain(change, means=DEMAND[:8])
    assert_comes_about(network, optimize_targets(network, horizon=8))


def test_opening_stock_of_its_own_table_comes_about_and_its_age_is_told():
    stock = pd.DataFrame({"item": ["api", "pill"], "location": ["plant", "shop"]})
    stock = stock.assign(quantity=[100.0, 60.0])
    network = chain({"initial_stock": None}).replace(stock=stock)
    assert_comes_about(network, optimize_targets(network, horizon=12))
    aged = stock.assign(remaining_life=[3, 5])
    network = chain({"initial_stock": None, "shelf_life": 5}).replace(stock=aged)
    plan = optimize_targets(network, horizon=4)
    with pytest.warns(DataWarning, match="stock of 1 rows of the table stock as fresh"):
        ec.simulate(network, plan, replications=1)


def test_what_a_simulation_does_otherwise_is_told():
    frozen = pd.DataFrame({"item": ["api"], "location": "plant", "period": 1, "order": 24.0})
    network = chain({"review_period": [2, 1]})
    plan = optimize_targets(network, horizon=8, frozen=2, frozen_orders=frozen)
    with pytest.warns(DataWarning, match="places none of the 1 frozen orders between reviews"):
        ec.simulate(network, plan, replications=1)


def test_random_networks_come_about_as_planned():
    """Oracle: the simulator, which knows nothing of the model."""
    rng = np.random.default_rng(7)
    for _ in range(4):
        means = rng.integers(0, 40, 8).astype(float)
        change = {
            "lead_time": rng.integers(0, 3, 2),
            "release_time": rng.integers(0, 2, 2),
            "initial_stock": rng.integers(0, 200, 2).astype(float),
            "order_multiple": [rng.choice([0.5, 12.0, 24.0]), rng.choice([1.0, 6.0])],
            "minimum_order": [0.0, rng.choice([0.0, 12.0])],
            "capacity": [np.inf, rng.choice([24.0, 60.0])],
            "order_cost": rng.integers(0, 60, 2).astype(float),
            "review_period": rng.integers(0, 3, 2),
        }
        network = chain(change, {"lead_time": int(rng.integers(0, 2))}, means=means)
        assert_comes_about(network, optimize_targets(network, horizon=8))


def test_customers_never_get_less_than_their_remaining_life():
    """Lots for several weeks, three weeks of life, two asked for: the rest expires, unsold.

    What is served stays within the two weeks after a unit was made, in plan and simulation alike.
    """
    change = {
        "shelf_life": [None, 3],
        "waste_cost": 1.0,
        "minimum_order": [None, 40.0],
        "capacity": np.inf,
        "initial_stock": [200.0, 0.0],
        "lead_time": [2, 0],
    }
    asked = {"minimum_remaining_life": 2}
    network = chain(change, demand=asked, means=[10.0] * 12)
    plan = optimize_targets(network, horizon=12)
    assert_comes_about(network, plan)
    rows = plan.targets[plan.targets["item"] == "pill"].set_index("period")
    assert rows["expired"].sum() > 0.0
    made = rows["arrivals"]
    served = rows["demand"] - rows["lost"]
    for period in rows.index:  # cumulative: all that was ever made until t, less what was too old
        young = made.loc[:period].sum() - rows["expired"].loc[: period - 1].sum()
        assert served.loc[:period].sum() <= young + 1e-9
        window = made.loc[max(period - 1, 0) : period].sum()
        assert served[period] <= window + 1e-9, "from units made this week or last"


def test_levels_hold_under_random_demand_as_meant(plan):
    """Orders stay in the planned periods; a surplus of demand comes back with the next of them."""
    noisy = chain(demand={"std": 3.0, "family": "gamma"})
    run = ec.simulate(noisy, plan, replications=1, seed=3, trace=True, progress=False)
    both = run.trace.merge(plan.targets, on=["item", "location", "period"], suffixes=("_run", ""))
    shop = both[both["item"] == "pill"]
    assert shop.loc[shop["order"] == 0.0, "order_run"].max() == 0.0
    assert (shop["order_run"] - shop["order"]).abs().max() > 0.1


def test_a_stage_that_never_orders_is_traced():
    """Its levels are far below nothing, and so was once what counted as rounding there."""
    shop = ec.serial(
        ["shop"],
        lead_time=1,
        holding_cost=1.0,
        demand_mean=1.0,
        demand_std=0.0,
        base_stock=[-100.0],
    )
    run = ec.simulate(shop, periods=4, warmup=0, replications=1, trace=True, progress=False)
    assert run.trace["order"].tolist() == [0.0] * 4
    assert run.trace["backorders"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_it_is_written_and_read(plan, tmp_path):
    again = ec.read_target_plan(plan.write(tmp_path / "targets"))
    for name, frame in plan.frames().items():
        pd.testing.assert_frame_equal(getattr(again, name), frame, check_dtype=False)
    assert again.objective == plan.objective
    assert again.horizon == 12
    assert_comes_about(chain(), again)


def test_it_can_be_published_and_its_components_are_the_reason(plan):
    first = ec.publish(None, plan)
    other = optimize_targets(chain({"capacity": [None, 20.0]}), horizon=12)
    review = ec.publish(first, other, max_change=0.05)
    assert review.review["quantity"].eq("target").all()
    assert review.review["reason"].str.contains("units").all()
    rows = plan.targets.set_index(["item", "location", "period"])
    new = other.targets.set_index(["item", "location", "period"])
    for move in review.review.head(5).to_dict("records"):
        key = (move["item"], move["location"], move["period"])
        parts = (new.loc[key, list(PARTS)] - rows.loc[key, list(PARTS)]).abs()
        assert move["reason"].startswith(parts.idxmax().replace("_", " "))
    same = ec.publish(first, optimize_targets(chain(), horizon=12), max_change=0.0)
    assert set(same.moves["status"]) == {"same"}
    assert same.check(optimize_targets(chain(), horizon=12))["equal"].all()


def test_it_reads_as_text_and_as_a_page(plan):
    text = repr(plan)
    assert "Target plan: optimal, 2 stages over 12 weeks" in text
    assert "policy override" in text
    assert "<table" in plan._repr_html_()
    with pytest.raises(UnknownNameError, match="level"):
        plan.to_frame("stag")
    assert len(plan.to_frame("stage")) == 2


def test_what_is_not_kept_is_said():
    network = chain({"initial_stock": [0.0, 0.0], "lost_sale_cost": 5.0})
    text = optimize_targets(network, horizon=12).summary()
    assert "not kept: " in text
    assert "of sales lost at 1 stage, first pill @ shop in week 0" in text


def test_a_component_without_a_plan_is_a_failure():
    network = chain({"initial_stock": [0.0, 0.0], "lost_sale_cost": 0.0, "lost_sales_share": 0.0})
    plan = optimize_targets(network, horizon=12)
    assert plan.status == "failed"
    assert plan.targets.empty
    assert "1 failure" in repr(plan)
    assert "<pre>" in plan._repr_html_()


def test_pictures_stack_up_to_the_target(plan):
    pytest.importorskip("matplotlib")
    ax = plan.plot.components(item="pill")
    rows = plan.targets[plan.targets["item"] == "pill"]
    tops = {}
    for bar in (patch for patch in ax.patches if hasattr(patch, "get_width")):
        at = round(bar.get_x() + bar.get_width() / 2.0)
        tops[at] = max(tops.get(at, 0.0), bar.get_y() + bar.get_height())
    assert [tops[t] for t in rows["period"]] == pytest.approx(rows["target"].tolist())
    orders = plan.plot.orders("api", "plant")
    heights = [bar.get_height() for bar in orders.patches]
    assert heights == plan.orders.loc[plan.orders["item"] == "api", "quantity"].tolist()
    with pytest.raises(DomainError, match="no stage of the plan"):
        plan.plot.orders("pil", "shop")


def test_the_price_of_a_capacity_is_what_more_of_it_saves():
    """Beside it stands the most that a placed order can be, which is the capacity, too."""

    def planned(capacity):
        stages = pd.DataFrame(
            {
                "item": ["pack"],
                "location": "depot",
                "holding_cost": 2.0,
                "order_cost": 15.0,
                "capacity": capacity,
                "initial_stock": 0.0,
                "backorder_cost": 30.0,
            }
        )
        weeks = [30, 30, 30, 35, 35, 40, 90, 90, 30, 30]
        demand = pd.DataFrame(
            {"item": "pack", "location": "depot", "period": range(10), "mean": weeks, "std": 0.0}
        )
        network = ec.Network.from_tables(stages, None, demand)
        return ec.optimize(network, model="target_inventory", horizon=10, lookahead=0)

    now, more = planned(45.0), planned(45.01)
    assert set(now.limits["kind"]) == {"capacity"}
    saved = (now.objective - more.objective) / 0.01
    assert saved > 100.0
    assert now.limits["price"].sum() == pytest.approx(saved, rel=1e-6)
