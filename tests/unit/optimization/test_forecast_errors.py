"""Placement under forecasts that are revised: the errors, their lags, and nothing where inert."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import echelon as ec
from echelon.errors import DataWarning
from echelon.rng import stream

LEVEL = 0.95
REVISIONS = np.array(
    [[120.0, 40.0, 20.0, 0.0], [40.0, 90.0, 30.0, 10.0], [20.0, 30.0, 60.0, 10.0], [0, 10, 10, 40]]
)


def chain(lead_times, revisions=None, *, holding=None, service_times=None, **columns):
    places = [f"s{k}" for k in range(len(lead_times))]
    stages = pd.DataFrame(
        {
            "item": "tea",
            "location": places,
            "lead_time": lead_times,
            "holding_cost": holding or [1.0 + 0.1 * k for k in range(len(places))],
            "service_level": [None] * (len(places) - 1) + [LEVEL],
            "max_service_time": service_times or [None] * len(places),
            **columns,
        }
    )
    lanes = pd.DataFrame(
        {"from_item": "tea", "from_location": places[:-1], "to_item": "tea"}
        | {"to_location": places[1:]}
    )
    demand = pd.DataFrame({"item": ["tea"], "location": places[-1:], "mean": 100.0, "std": 20.0})
    table = None if revisions is None else written(revisions, places[-1])
    return ec.Network.from_tables(
        stages, lanes if len(places) > 1 else None, demand, forecast_errors=table
    )


def written(revisions, location):
    one, other = np.nonzero(np.triu(revisions))
    rows = pd.DataFrame({"ahead": one, "other_ahead": other, "covariance": revisions[one, other]})
    return rows.assign(item="tea", location=location)


def test_errors_of_one_period_are_the_plain_model():
    plain = ec.optimize(chain([3, 2, 1]))
    iid = ec.optimize(chain([3, 2, 1], np.array([[400.0]])))
    columns = ["service_time", "net_replenishment_time", "safety_stock", "base_stock"]
    pd.testing.assert_frame_equal(plain.stages[columns], iid.stages[columns], rtol=1e-14)
    assert iid.objective == pytest.approx(plain.objective, rel=1e-14)
    assert iid.gap == 0.0


def test_what_is_known_in_time_needs_no_stock():
    """All of the demand becomes known five periods ahead; the whole chain takes six."""
    known = np.zeros((6, 6))
    known[5, 5] = 400.0
    plan = ec.optimize(chain([3, 2, 1], known))
    expected = norm.ppf(LEVEL) * 20.0  # one period of the six is not known
    assert plan.stages["safety_stock"].sum() == pytest.approx(expected, rel=1e-12)
    assert plan.stages["safety_stock"].iloc[1:].tolist() == [0.0, 0.0]  # where stock is cheapest
    assert plan.stages["location"].iloc[0] == "s0"


@pytest.mark.parametrize("review", [0, 1])
def test_forecast_base_stocks_keep_their_promise(review):
    """A process of revisions, stages that order up to their forecast: Monte Carlo."""
    lead_times = [3, 2]
    network = chain(
        lead_times,
        REVISIONS,
        service_times=[0.0, 0.0],
        review_period=[review, review],
    )
    plan = ec.optimize(network)
    upper, lower = plan.stages["net_replenishment_time"].astype(int)
    assert (upper, lower) == (3 + review, 2 + review)
    runs, horizon = 40_000, len(REVISIONS)
    length = upper + lower + horizon + 2
    normal = stream(5, "revisions", "tea").normal(size=(runs, length, horizon))
    revised = normal @ np.linalg.cholesky(REVISIONS).T  # [run, period, ahead]
    now = horizon  # orders are placed at the end of this period

    def forecast(at, period):
        """What is expected at the end of ``at`` for a period."""
        total = np.full(runs, 100.0)
        for ahead in range(horizon):
            if 0 <= period - ahead <= at:
                total += revised[:, period - ahead, ahead]
        return total

    def window(at, first, last):
        return sum((forecast(at, period) for period in range(first, last + 1)), np.zeros(runs))

    demand = window(now + upper + lower, now + 1, now + lower)
    below = plan.stages["safety_stock"].iloc[1] + window(now, now + 1, now + lower) - demand
    # the lower stage's orders: demand, and how its own base stock moves
    until = now + upper
    asked = window(until, now + 1, until) + window(until, until + 1, until + lower)
    asked -= window(now, now + 1, now + lower)
    expected = window(now, now + lower + 1, now + lower + upper)
    above = plan.stages["safety_stock"].iloc[0] + expected - asked
    error = np.sqrt(LEVEL * (1 - LEVEL) / runs)
    for net in (below, above):
        assert abs((net >= 0.0).mean() - LEVEL) < 4 * error
    # without the lag, or by the root of time, the upper stage's stock is another
    assert (
        abs((above - 0.1 * plan.stages["safety_stock"].iloc[0] >= 0.0).mean() - LEVEL) > 4 * error
    )


def test_a_simulation_says_that_it_draws_no_forecast():
    network = chain([2], REVISIONS)
    with pytest.warns(DataWarning, match="1 rows of demand are forecast"):
        ec.simulate(network, ec.optimize(network), periods=2, replications=2)


def test_customers_who_wait_are_served_by_better_forecasts():
    """A service time of two periods: what is asked for in them is known when stock is needed."""
    known = np.zeros((3, 3))
    known[2, 2] = 400.0
    at_once = ec.optimize(chain([6], known))
    later = ec.optimize(chain([6], known, service_times=[2.0]))
    z = norm.ppf(LEVEL)
    assert at_once.stages["safety_stock"].iloc[0] == pytest.approx(z * 20.0 * 2.0, rel=1e-12)
    assert later.stages["safety_stock"].iloc[0] == pytest.approx(z * 20.0 * 2**0.5, rel=1e-12)


def test_paths_of_two_lags_share_the_revisions_of_one_demand():
    """A part that goes into a kit directly and by way of another stage, five periods longer."""
    stages = pd.DataFrame(
        {
            "item": ["part", "frame", "kit"],
            "location": "x",
            "lead_time": [2, 5, 1],
            "holding_cost": [1.0, 2.0, 9.0],
            "service_level": [None, None, LEVEL],
            "max_service_time": [0.0, 0.0, 0.0],
        }
    )
    lanes = pd.DataFrame(
        {"from_item": ["part", "part", "frame"], "from_location": "x"}
        | {"to_item": ["frame", "kit", "kit"], "to_location": "x"}
    )
    demand = pd.DataFrame({"item": ["kit"], "location": "x", "mean": 10.0, "std": 3.0})
    rows = written(REVISIONS, "x").assign(item="kit")
    network = ec.Network.from_tables(stages, lanes, demand, forecast_errors=rows)
    plan = ec.optimize(network, method="milp")
    assert (plan.stages["service_time"] == 0.0).all()
    both = REVISIONS.cumsum(axis=0).cumsum(axis=1)

    def added(one, other):
        return both[min(one, 3), min(other, 3)]

    # the part's windows end 2 + 1 and 2 + 5 + 1 periods ahead
    variance = sum(added(m, m) + added(m + 5, m + 5) + 2 * added(m, m + 5) for m in (1, 2))
    expected = norm.ppf(LEVEL) * variance**0.5
    assert plan.stages["safety_stock"].iloc[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("times", [(1, 6), (6, 1), (2, 5), (5, 2)])
def test_errors_of_one_period_are_the_plain_model_on_paths_of_two_lags(times):
    """A part that goes into two others, one of which waits, whichever comes first in the tables."""
    stages = pd.DataFrame(
        {
            "item": ["part", "left", "right", "kit"],
            "location": "x",
            "lead_time": [4, *times, 1],
            "holding_cost": [1.0, 2.0, 2.0, 5.0],
            "service_level": [None, None, None, LEVEL],
            "max_service_time": [0.0, None, None, 6.0],
        }
    )
    lanes = pd.DataFrame(
        {"from_item": ["part", "part", "left", "right"], "from_location": "x"}
        | {"to_item": ["left", "right", "kit", "kit"], "to_location": "x"}
    )
    demand = pd.DataFrame({"item": ["kit"], "location": "x", "mean": 100.0, "std": 20.0})
    plain = ec.Network.from_tables(stages, lanes, demand)
    iid = plain.replace(forecast_errors=written(np.array([[400.0]]), "x").assign(item="kit"))
    mirrored = plain.replace(
        stages=stages.iloc[[0, 2, 1, 3]].reset_index(drop=True), lanes=lanes.iloc[[1, 0, 3, 2]]
    ).replace(forecast_errors=written(REVISIONS, "x").assign(item="kit"))
    revised = plain.replace(forecast_errors=mirrored.forecast_errors)
    safety = [
        ec.optimize(network).stages.set_index("item")["safety_stock"]
        for network in (plain, iid, revised, mirrored)
    ]
    pd.testing.assert_series_equal(safety[0], safety[1], rtol=1e-12)
    pd.testing.assert_series_equal(safety[2], safety[3][safety[2].index], rtol=1e-12)


def test_rows_that_are_not_forecast_stay_what_they_were():
    """Another component keeps every bit; a second row of the stage adds its own variance."""
    one = chain([3, 2])
    table = written(REVISIONS, "s1")
    stages = pd.concat([one.stages, one.stages.assign(item="soap")], ignore_index=True)
    lanes = pd.concat(
        [one.lanes, one.lanes.assign(from_item="soap", to_item="soap")], ignore_index=True
    )
    demand = pd.concat([one.demand, one.demand.assign(item="soap")], ignore_index=True)
    tables = [frame.dropna(axis="columns", how="all") for frame in (stages, lanes, demand)]
    both = ec.optimize(ec.Network.from_tables(*tables, forecast_errors=table))
    plain = ec.optimize(one)
    columns = ["service_time", "safety_stock", "base_stock", "holding_cost"]
    apart = both.stages[both.stages["item"] == "soap"][columns].reset_index(drop=True)
    assert apart.equals(plain.stages[columns])
    assert both.stages["safety_stock"].iloc[1] != plain.stages["safety_stock"].iloc[1]


def test_correlated_rows_are_revised_together():
    """Two rows of one step and horizon, half correlated: the variance of the sum."""
    stages = pd.DataFrame(
        {"item": ["tea"], "location": ["shop"], "lead_time": [3], "holding_cost": [1.0]}
    )
    demand = pd.DataFrame(
        {"item": "tea", "location": "shop", "segment": ["a", "b"], "mean": 50.0, "std": [10.0, 8.0]}
    )
    pair = {"item": "tea", "location": "shop", "segment": "a", "other_item": "tea"}
    pairs = pd.DataFrame(
        [pair | {"other_location": "shop", "other_segment": "b", "coefficient": 0.5}]
    )
    row = pd.DataFrame({"item": ["tea"], "location": "shop", "segment": "a", "ahead": 0})
    forecast = ec.Network.from_tables(
        stages.assign(service_level=LEVEL),
        demand=demand,
        correlation=pairs,
        forecast_errors=row.assign(covariance=100.0),
    )
    plain = forecast.replace(forecast_errors=None)
    assert ec.optimize(forecast).stages["safety_stock"].iloc[0] == pytest.approx(
        ec.optimize(plain).stages["safety_stock"].iloc[0], rel=1e-12
    )
