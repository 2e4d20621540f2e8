"""Levels of other models than guaranteed service: published, decided on, and run as they hold."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

import echelon as ec

KEY = ["item", "location"]


def parts() -> ec.Network:
    stages = pd.DataFrame(
        {
            "item": ["pump", "seal", "valve"],
            "location": "hub",
            "unit_cost": [900.0, 5.0, 40.0],
            "lead_time": 4,
            "review_period": 1,
        }
    )
    demand = pd.DataFrame(
        {
            "item": stages["item"],
            "location": "hub",
            "family": "gamma",
            "mean": [10.0, 60.0, 30.0],
            "std": [9.0, 20.0, 15.0],
        }
    )
    return ec.Network.from_tables(stages, demand=demand, period="week", holding_rate=0.2)


@cache
def portfolio(service: float, review: int) -> ec.Portfolio:
    return ec.optimize(
        parts(),
        model="portfolio",
        limits=ec.AggregateService(service),
        review_periods=[review],
    )


def fill_rates(run: ec.Simulation) -> pd.DataFrame:
    return run.stages.set_index(KEY)[["fill_rate", "fill_rate_se"]]


def test_a_portfolio_runs_as_it_was_chosen_with_its_review_periods():
    """The curves are exact, so that the simulation agrees within its error."""
    chosen = portfolio(0.95, 2)
    run = ec.simulate(parts(), chosen, periods=400, replications=50, seed=5)
    off = chosen.skus.set_index(KEY)["fill_rate"] - fill_rates(run)["fill_rate"]
    assert (off.abs() <= 4.0 * fill_rates(run)["fill_rate_se"]).all()
    assert np.isnan(run.planned_cost), "a portfolio has no cost of safety stock"
    weekly = ec.simulate(parts(), chosen.as_simulated(parts())[1], periods=400, replications=50)
    off = chosen.skus.set_index(KEY)["fill_rate"] - fill_rates(weekly)["fill_rate"]
    assert (off.abs() > 4.0 * fill_rates(weekly)["fill_rate_se"]).any(), "weekly reviews differ"


def test_a_portfolio_is_published_and_the_publication_runs_as_it_holds(tmp_path):
    old, new = portfolio(0.95, 1), portfolio(0.97, 2)
    review = ec.publish(ec.publish(None, old), new, max_change=0.2)
    told = review.review.set_index("item")["reason"]
    assert told["pump"].startswith("review period 1 to 2")
    assert "pump" in set(review.targets.loc[review.targets["review_period"] == 1, "item"])
    review = ec.read_publication(review.write(tmp_path / "publication"))
    held = review.as_simulated(parts())[0].stages.set_index("item")["review_period"]
    assert held.to_dict() == review.targets.set_index("item")["review_period"].to_dict()
    accepted = review.accept(by="planner", why="the hub orders every other week")
    of_plan, of_publication = (
        ec.simulate(parts(), what, periods=50, replications=4, seed=2) for what in (new, accepted)
    )
    pd.testing.assert_frame_equal(of_plan.stages, of_publication.stages)


def test_searched_levels_are_published_and_run_like_their_plan():
    shop = ec.serial(
        ["shop"], lead_time=1, holding_cost=1.0, demand_mean=5.0, demand_std=1.0, service_level=0.9
    )
    searched = ec.optimize(shop, model="simulated_base_stock", replications=8, periods=20)
    first = ec.publish(None, searched)
    assert first.targets["base_stock"].tolist() == searched.plan.stages["base_stock"].tolist()
    runs = [
        ec.simulate(shop, what, periods=10, replications=2)
        for what in (searched, searched.plan, first)
    ]
    for run in runs[1:]:
        pd.testing.assert_frame_equal(runs[0].stages, run.stages)


def test_targets_of_a_target_plan_are_no_base_stocks():
    shop = ec.serial(["shop"], lead_time=1, holding_cost=1.0, demand_mean=5.0, demand_std=0.0)
    given = shop.replace(stages=shop.stages.assign(initial_stock=10.0))
    targets = ec.optimize(given, model="target_inventory", horizon=3)
    first = ec.publish(None, targets)
    with pytest.raises(ec.EchelonError, match="so they are no base stocks"):
        ec.simulate(given, first, periods=3)
