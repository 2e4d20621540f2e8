"""What a result says, held against itself, against hand calculations and against its own errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

import echelon as ec
from echelon.errors import DataWarning
from tests.simulated import assert_agrees

KINDS = [
    f"{kind}_cost"
    for kind in ("holding", "pipeline", "ordering", "shortage", "expedite", "waste")
]  # fmt: skip
SUMMED = [
    "on_hand", "in_process", "in_release", "in_transit", "pipeline", "component_stock", "orders",
    "ordered", "expired", "destroyed", "scrapped", "wasted", "expedited", "backorder_cost", "cost",
    *KINDS,
]  # fmt: skip
LANE = ["from_item", "from_location", "to_item", "to_location"]


def two_shops(level=70.0):
    """A depot that is down at times and shops that lose, expire, expedite and wait."""
    stages = pd.DataFrame(
        {
            "item": "vial",
            "location": ["depot", "north", "south"],
            "lead_time": [2, 1, 1],
            "review_period": [1, 0, 0],
            "policy": ["base_stock", "min_max", "base_stock"],
            "base_stock": [140.0, level, level - 10.0],
            "reorder_point": [None, 40.0, None],
            "holding_cost": [1.0, 2.0, 2.0],
            "backorder_cost": [0.0, 3.0, 3.0],
            "order_cost": [1.0, 4.0, 0.0],
            "lost_sales_share": [0.0, 0.3, 1.0],
            "lost_sale_cost": [0.0, 5.0, 5.0],
            "waste_cost": 2.0,
            "shelf_life": 6,
            "capacity": [45.0, None, None],
            "yield_mean": [0.9, 1.0, 1.0],
            "yield_std": [0.1, 0.0, 0.0],
        }
    )
    lanes = pd.DataFrame(
        [("vial", "depot", "vial", "north"), ("vial", "depot", "vial", "south")], columns=LANE
    ).assign(
        lead_time=[1.0, 2.0],
        lead_time_std=[0.5, 0.8],
        expedite_rule=["", "projected_shortage"],
        expedite_after=[None, 2],
        expedite_lead_time=[None, 0],
        expedite_cost=[None, 1.5],
    )
    demand = pd.DataFrame(
        {
            "item": "vial",
            "location": ["north", "north", "south"],
            "segment": ["hospital", "wholesaler", "hospital"],
            "mean": [12.0, 5.0, 14.0],
            "std": [5.0, 4.0, 6.0],
            "family": "gamma",
            "priority": [0, 1, 0],
        }
    )
    stops = pd.DataFrame(
        {"name": ["stops"], "item": "vial", "location": "depot",
         "failure_rate": 0.05, "recovery_rate": 0.3, "stock_destroyed": 0.2}
    )  # fmt: skip
    return ec.Network.from_tables(stages, lanes, demand, disruptions=stops)


def run(network, **options):
    options = {"periods": 60, "warmup": 60, "replications": 16, "progress": False, **options}
    return ec.simulate(network, **options)


def replay(network, quantities, **options):
    """One stage, its demand of the periods 0, 1, ... given."""
    stage = network.stages.iloc[0]
    demand = pd.DataFrame(
        {"item": stage["item"], "location": stage["location"],
         "period": range(len(quantities)), "quantity": quantities}
    )  # fmt: skip
    return ec.simulate(network, demand=demand, progress=False, **options)


def one_stage(**columns):
    other = {name: columns.pop(name) for name in ("disruptions",) if name in columns}
    stages = pd.DataFrame([{"item": "a", "location": "x", "holding_cost": 1.0, **columns}])
    demand = pd.DataFrame({"item": ["a"], "location": "x", "mean": 10.0, "std": 3.0})
    return ec.Network.from_tables(stages, None, demand, **other)


def assert_near_one(ratio, seeds):
    """Errors over spreads; of normal estimates a ratio has a deviation of (2 seeds)^(-1/2).

    The measures hang together, so that their median varies nearly as much as one of them.
    """
    deviation = (2.0 * seeds) ** -0.5
    assert abs(ratio.median() - 1.0) < 3.0 * deviation, ratio
    assert (abs(ratio - 1.0) < 4.0 * deviation).all(), ratio
    # errors that take dependent runs or periods for independent are off by more than a half
    assert not (abs(1.5 * ratio - 1.0) < 3.0 * deviation).all(), ratio


def test_costs_and_units_add_up_at_every_level():
    told = run(two_shops(), charge_pipeline=True)
    total = told.total.iloc[0]
    assert (total[[*KINDS, "expedited", "expired", "scrapped", "destroyed", "lost"]] > 0.0).all()
    for frame in (told.stages, told.items, told.locations, told.total):
        np.testing.assert_allclose(frame[KINDS].sum(axis=1), frame["cost"])
    for name in SUMMED:
        for frame in (told.stages, told.items, told.locations):
            np.testing.assert_allclose(frame[name].sum(), total[name], err_msg=name)
    for name in ("backorders", "lost"):
        np.testing.assert_allclose(told.segments[name].sum(), total[name])
    for rate in ("on_time_rate", "fill_rate"):
        pooled = (told.segments[rate] * told.segments["due"]).sum() / told.segments["due"].sum()
        np.testing.assert_allclose(pooled, total[rate])


def test_what_comes_in_goes_out():
    """In the long run orders of the depot are scrapped, expired, destroyed or sold."""
    told = run(two_shops(), periods=20_000, warmup=200, replications=4, seed=3)
    stages = told.stages.set_index("location")
    asked = told.segments["due"].sum()
    more = told.total["wasted"].iloc[0] - told.total["lost"].iloc[0]
    ordered = stages.loc["depot", "ordered"]
    assert ordered == pytest.approx(asked + more, rel=1e-3)
    assert abs(more) > 0.05 * asked  # without what is wasted and lost it would not do
    # what is started takes two periods to make: the pipeline is the rate times the mean time
    assert stages.loc["depot", "in_process"] == pytest.approx(2.0 * ordered, rel=1e-3)


@pytest.mark.parametrize(
    ("replications", "periods", "draws", "seeds"),
    [(16, 60, "independent", 60), (1, 2_000, "independent", 60), (32, 40, "antithetic", 60),
     (160, 20, "stratified", 60)],
)  # fmt: skip
def test_standard_errors_are_the_spread_of_estimates(replications, periods, draws, seeds):
    network = two_shops()
    told = [
        run(network, replications=replications, periods=periods, draws=draws, seed=seed).total
        for seed in range(seeds)
    ]
    frame = pd.concat(told)
    names = [name for name in frame if f"{name}_se" in frame and frame[f"{name}_se"].max() > 0.0]
    assert len(names) > 20
    spread = frame[names].std()
    errors = pd.Series({name: (frame[f"{name}_se"] ** 2).mean() ** 0.5 for name in names})
    ratio = errors / spread
    assert_near_one(ratio, seeds)


def test_paired_errors_are_the_spread_of_differences():
    one, other = two_shops(), two_shops(85.0)
    seeds = 30
    told = []
    for seed in range(seeds):
        compared = ec.compare_runs(run(one, seed=seed), run(other, seed=seed))
        told.append(compared.total.set_index("measure")[["difference", "difference_se"]])
    frame = pd.concat(told, keys=range(seeds))
    spread = frame["difference"].unstack().std()
    errors = (frame["difference_se"].unstack() ** 2).mean() ** 0.5
    ratio = (errors / spread)[spread > 1e-12].drop("destroyed")  # the odd large one: few to go by
    assert len(ratio) > 20
    assert_near_one(ratio, seeds)


@pytest.mark.parametrize(("capacity", "recovery"), [(None, 0), (25.0, 1)])
def test_survival_and_recovery_by_hand(capacity, recovery):
    """Ten a period from 20 left of 30: two periods of stop are bridged, the third is felt.

    30 are late at the end of the stop's fifth and last period. All of them start at once then, or
    25 a period: with ten more asked for, 15 stay late in the first and none in the second.
    """
    stop = pd.DataFrame(
        {"name": ["stop"], "item": "a", "location": "x",
         "first_period": 10, "last_period": 14, "ships": True}
    )  # fmt: skip
    network = one_stage(
        lead_time=0, review_period=1, base_stock=30.0, capacity=capacity, disruptions=stop
    )
    told = replay(network, [10.0] * 30)
    event = told.disruptions.iloc[0]
    assert event["events"] == 1.0
    assert event["share_survived"] == 0.0
    assert event["time_to_survive"] == 2.0
    assert event["time_to_recover"] == recovery
    # late at the ends of the periods 12, 13, 14 and, where capacity binds, 15
    late = 10.0 + 20.0 + 30.0 + (15.0 if recovery else 0.0)
    assert told.total["backorders"].iloc[0] == pytest.approx(late / 30.0)


def test_cycles_are_counted_in_the_phase_of_the_reviews():
    """The second timeline of the convention a period later, with a period more: two of four."""
    network = one_stage(lead_time=1, review_period=2, review_phase=1, base_stock=20.0)
    demand = [0.0, 6.0, 4.0, 7.0, 5.0, 11.0, 3.0, 9.0, 2.0, 5.0]
    # receipts are due in 2, 4, 6, 8: cycles 2-3, 4-5, 6-7 and 8-9, late at the end of 5 and of 7
    told = replay(network, demand, warmup=2, periods=8)
    assert told.stages["cycle_service_level"].iloc[0] == pytest.approx(0.5)
    plenty = one_stage(lead_time=1, review_period=2, review_phase=1, base_stock=200.0)
    told = replay(plenty, demand, warmup=2, periods=8)
    assert told.stages["cycle_service_level"].iloc[0] == 1.0


def test_a_dated_event_is_no_part_of_the_warm_up():
    """What settles is the chain; an event that is to be looked at is not waited out in silence."""
    stop = pd.DataFrame(
        {"name": ["fire"], "item": "a", "location": "x", "first_period": 40, "last_period": 47}
    )
    network = one_stage(
        lead_time=2, review_period=1, base_stock=60.0, capacity=14.0, disruptions=stop
    )
    told = ec.simulate(network, periods=104, replications=64, progress=False)
    assert told.disruptions["events"].iloc[0] == 1.0


def test_a_warm_up_that_is_detected_leaves_no_bias_before_a_capacity():
    """Exponential demand of mean 8 and a capacity of 10: what waits is that of a D/M/1 queue."""
    mean, capacity, stock = 8.0, 10.0, 20.0
    rate = brentq(lambda a: np.exp(-a * capacity) - 1.0 + a * mean, 1e-3 / mean, 1.0 / mean)
    waits = (1.0 - rate * mean) / rate
    law = ec.distributions.Gamma(mean, mean)
    stages = pd.DataFrame(
        {"item": ["a"], "location": "x", "lead_time": 0, "base_stock": stock,
         "capacity": capacity, "holding_cost": 1.0, "backorder_cost": 5.0}
    )  # fmt: skip
    demand = pd.DataFrame({"item": ["a"], "location": "x", "distribution": [law]})
    network = ec.Network.from_tables(stages, None, demand)
    found = ec.simulate(network, periods=52, replications=4_000, seed=2, progress=False)
    long = ec.simulate(network, periods=52, warmup=200, replications=4_000, progress=False)
    assert_agrees(long.stages, "net_inventory", stock - waits, planted=None)

    assert_agrees(found.stages, "net_inventory", stock - waits, planted=None)


def test_returns_make_the_memory_longer_than_the_pipelines():
    """Demand of mean 1 and deviation 4: the position walks above the base stock for long."""
    stages = pd.DataFrame(
        {"item": ["a"], "location": "x", "lead_time": 1, "review_period": 1, "base_stock": 6.0,
         "holding_cost": 1.0}
    )  # fmt: skip
    demand = pd.DataFrame({"item": ["a"], "location": "x", "mean": 1.0, "std": 4.0})
    network = ec.Network.from_tables(stages, None, demand)
    found = ec.simulate(network, periods=26, replications=4_000, progress=False)
    long = ec.simulate(network, periods=26, warmup=500, replications=4_000, seed=1, progress=False)
    error = np.hypot(found.total["on_hand_se"], long.total["on_hand_se"]).iloc[0]
    assert abs(found.total["on_hand"] - long.total["on_hand"]).iloc[0] < 4.0 * error


def test_what_was_never_seen_is_not_known_exactly():
    """A loss once in a hundred runs: sixty-four runs without one are no reason to stop."""
    network = one_stage(lead_time=2, review_period=1, base_stock=50.0, lost_sales_share=1.0)
    options = {"periods": 52, "warmup": 10, "progress": False}
    often = ec.simulate(network, replications=20_000, **options).total.iloc[0]
    assert often["lost"] > 3.0 * often["lost_se"] > 0.0
    narrow = often["lost"] / 10.0
    for seed in range(4):
        with pytest.warns(DataWarning, match="have not reached"):
            told = ec.simulate(network, seed=seed, stop_when={"lost": narrow}, **options)
        assert told.replications > 64 or told.total["lost"].iloc[0] > 0.0
