"""What the guaranteed-service model and the exact ones make of releases, alternatives, the rest."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Empirical, Gamma, sum_of
from echelon.errors import DataWarning
from tests.pharma import demand, lanes, network, stages

NUMBERS = ["service_time", "inbound_service_time", "net_replenishment_time", "safety_stock"]
LEVELS = [*NUMBERS, "base_stock", "holding_cost", "pipeline_stock"]


def numbers(made: ec.Network, *, method: str = "auto") -> pd.DataFrame:
    plan = ec.optimize(made, method=method)
    assert plan.status == "optimal"
    return plan.stages.set_index(["item", "location"])[LEVELS]


def test_a_release_counts_like_lead_time() -> None:
    split = network(stages=stages(release_time=[2.0, 0.0, 1.0, 0.0]))
    joined = network(stages=stages(lead_time=[10.0, 10.0, 4.0, 1.0]))
    plan = numbers(split)
    pd.testing.assert_frame_equal(plan, numbers(joined))
    assert plan["pipeline_stock"].tolist() == [500.0, 500.0, 200.0, 50.0]  # 50 a week each


@pytest.mark.parametrize(
    ("make", "release"),
    [
        (Empirical([2, 4]), Empirical([1, 5], [0.75, 0.25])),
        (Gamma(3.0, 1.0), Gamma(2.0, 0.5)),
        (None, Empirical([1, 5], [0.75, 0.25])),
        (Empirical([2, 4]), None),
    ],
)
def test_a_random_release_is_added_to_the_lead_time(make: Any, release: Any) -> None:
    """The oracle is the network whose lead time has the distribution of the sum."""
    base = stages().drop(columns="lead_time")
    fixed = {"lead_time": [8.0, 10.0, None if make else 3.0, 1.0]}
    split = base.assign(
        **fixed,
        lead_time_distribution=[None, None, make, None],
        release_time=[0.0, 0.0, None if release else 2.0, 0.0],
        release_time_distribution=[None, None, release, None],
    )
    law = sum_of([make, release]) if make and release else make or release
    joined = base.assign(
        lead_time=[8.0, 10.0, None, 1.0], lead_time_distribution=[None, None, law, None]
    )
    shift = 0.0 if make and release else 2.0 if make else 3.0
    oracle = network(stages=joined.assign(release_time=[0.0, 0.0, shift, 0.0]))
    at_plant = ("drug", "plant")
    plan, expected = numbers(network(stages=split)), numbers(oracle)
    pd.testing.assert_frame_equal(plan, expected, rtol=1e-9)
    assert plan.loc[at_plant, "net_replenishment_time"] == pytest.approx(
        plan.loc[at_plant, "inbound_service_time"] + 5.0 - plan.loc[at_plant, "service_time"]
    )
    calm = numbers(network(stages=base.assign(lead_time=[8.0, 10.0, 5.0, 1.0])))
    assert plan["holding_cost"].sum() > calm["holding_cost"].sum()  # its spread costs something


def test_a_release_of_moments_adds_its_variance() -> None:
    """Deviations of 3 and 4 periods are one of 5."""
    split = stages(lead_time_std=[0, 0, 3.0, 0], release_time=[0, 0, 2.0, 0],
                   release_time_std=[0, 0, 4.0, 0])  # fmt: skip
    joined = stages(lead_time=[8.0, 10.0, 5.0, 1.0], lead_time_std=[0, 0, 5.0, 0])
    pd.testing.assert_frame_equal(numbers(network(stages=split)), numbers(network(stages=joined)))


def test_one_part_by_moments_makes_the_other_so() -> None:
    mixed = stages(lead_time_std=[0, 0, 3.0, 0], release_time_distribution=[None, None,
                   Gamma(2.0, 4.0), None])  # fmt: skip
    with pytest.warns(DataWarning, match="drug @ plant: some of the varying lead times"):
        plan = numbers(network(stages=mixed))
    joined = stages(lead_time=[8.0, 10.0, 5.0, 1.0], lead_time_std=[0, 0, 5.0, 0])
    pd.testing.assert_frame_equal(plan, numbers(network(stages=joined)))


def test_a_stage_waits_for_the_slowest_alternative() -> None:
    """As it would for both, but each maker sees its share of the demand and no more."""
    shared = network(
        lanes=lanes(share=[0.75, 0.25, None], lead_time=[1.0, 4.0, 0.0]),
        stages=stages(can_stock=[False, False, True, True]),
    )
    plan = ec.optimize(shared).stages.set_index("location")
    assert plan.loc["plant", "inbound_service_time"] == 14.0  # 10 to make at Pune, 4 on the way
    assert plan["demand_mean"].tolist() == [37.5, 12.5, 50.0, 50.0]
    in_transit = 0.75 * 50 * 1.0 + 0.25 * 50 * 4.0
    assert plan.loc["plant", "pipeline_stock"] == pytest.approx(50 * 3.0 + in_transit, rel=1e-12)


@pytest.mark.parametrize("method", ["auto", "exact", "milp"])
def test_a_plan_does_without_its_backups(method: str) -> None:
    """The same as without the lane; the backup, for which nobody plans, is left with nothing."""
    backed = network(
        lanes=lanes(share=[1, None, None], backup=[False, True, False], lead_time=[1.0, 9.0, 0.0])
    )
    with pytest.warns(DataWarning, match=r"does not reckon with lanes.backup \(1 lane\)"):
        plan = numbers(backed, method=method)
    without = numbers(network(lanes=lanes(lead_time=[1.0, 9.0, 0.0]).drop(index=1),
                              stages=stages().drop(index=1)), method=method)  # fmt: skip
    pd.testing.assert_frame_equal(plan.drop(index=("api", "Pune")), without)
    assert plan.loc[("api", "Pune"), ["safety_stock", "base_stock"]].tolist() == [0.0, 0.0]


def test_a_random_backup_is_not_waited_for() -> None:
    times = {"lead_time": [1.0, 9.0, 0.0], "lead_time_std": [0.0, 3.0, 0.0]}
    backed = network(lanes=lanes(share=[1, None, None], backup=[False, True, False], **times))
    with pytest.warns(DataWarning, match="backup"):
        plan = numbers(backed)
    times["lead_time_std"] = [0.0, 0.0, 0.0]
    calm = network(lanes=lanes(share=[1, None, None], backup=[False, True, False], **times))
    with pytest.warns(DataWarning, match="backup"):
        pd.testing.assert_frame_equal(plan, numbers(calm))


def features(**more: Any) -> ec.Network:
    return network(
        stages=stages(
            capacity=[60.0, 90.0, None, None],
            yield_mean=[0.9, None, None, None],
            yield_std=[0.02, None, None, None],
            shelf_life=[None, None, 30, 30],
            policy=[None, None, None, "min_max"],
            reorder_point=[None, None, None, 5.0],
            lost_sales_share=[None, None, None, 1.0],
            release_time=[None, None, 2.0, None],
        ),
        calendar=pd.DataFrame(
            {"item": ["api"], "location": ["Basel"], "start": [0], "length": [2], "every": [4]}
        ),
        **more,
    )


def test_what_a_model_does_not_know_is_told_once() -> None:
    with pytest.warns(DataWarning) as caught:
        ec.optimize(features())
    (warning,) = caught
    assert str(warning.message) == (
        "the guaranteed-service model does not reckon with stages.policy (1 stage), "
        "stages.yield_mean (1 stage), stages.shelf_life (2 stages), "
        "stages.lost_sales_share (1 stage), calendar (1 row): its numbers are those of a network "
        "without. Fix: simulate to see what that does to cost and service."
    )
    assert warning.filename == __file__


def test_what_matters_to_no_plan_is_not_told() -> None:
    made = network(
        stages=stages(release_time=[None, None, 2.0, None]),
        lanes=lanes(priority=[0, 1, 0], share=[0.5, 0.5, None]),
        demand=demand(priority=[0, 1]),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ec.optimize(made)


def series(**columns: Any) -> ec.Network:
    made = ec.serial(
        ["plant", "depot", "shop"], holding_cost=[2, 4, 7], lead_time=[2, 1, 1],
        backorder_cost=37.12, demand_mean=5, demand_std=1,
    )  # fmt: skip
    return made.replace(stages=made.stages.assign(**columns))


def test_exact_models_add_the_release_and_tell_of_the_rest() -> None:
    """Example 6.1 of Snyder and Shen (2019) has the cost 47.66, however its two weeks are split."""
    split = series(lead_time=[1.0, 1.0, 1.0], release_time=[1.0, 0.0, 0.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ec.evaluate(split, method="clark_scarf", progress=False)
    assert round(found.cost, 2) == 47.66
    with pytest.warns(
        DataWarning, match=r"'clark_scarf' does not reckon with stages.capacity"
    ) as w:
        again = ec.evaluate(series(capacity=9.0), method="clark_scarf", progress=False)
    assert len(w) == 1
    assert again.cost == pytest.approx(found.cost, rel=1e-12)


def test_exact_models_refuse_alternatives_and_moments() -> None:
    made = network(
        lanes=lanes(share=[0.5, 0.5, None]), stages=stages(backorder_cost=[0.0, 0.0, 0.0, 9.0])
    )
    found = ec.evaluate(made, method="rosling", progress=False)
    assert "drug @ plant has alternative suppliers" in found.failures["message"].iloc[0]
    found = ec.evaluate(
        series(release_time=[1.0, 0.0, 0.0], release_time_std=[1.0, 0.0, 0.0]),
        method="clark_scarf",
        progress=False,
    )
    assert "release_time_family" in found.failures["message"].iloc[0]


def test_a_random_release_is_part_of_an_exact_lead_time() -> None:
    """Where a lead time of 1 or 3 weeks is split in two, the cost is the same."""
    blank = [None, None, None]
    laws = [None, None, Empirical([0, 2])]
    released = series(release_time=blank, release_time_std=blank, release_time_distribution=laws)
    laws = [None, None, Empirical([1, 3])]
    times = {"lead_time": [2.0, 1.0, None], "lead_time_std": [0.0, 0.0, None]}
    together = series(**times, lead_time_distribution=laws)
    one, other = (
        ec.evaluate(made, method="clark_scarf", progress=False) for made in (released, together)
    )
    assert len(one.failures) == len(other.failures) == 0
    assert one.cost == pytest.approx(other.cost, rel=1e-9)
    assert one.cost > 47.66
