"""Input that nobody should give, and some do: one clear answer, bounded memory, no silence."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning, DomainError, TableError
from echelon.policies.base import StageView

KEY = ("vial", "shop")
SHORT: dict[str, Any] = {"periods": 20, "warmup": 5, "replications": 8, "seed": 1}


def network(
    stages: Any = None,
    lanes: Any = None,
    demand: Any = None,
    **tables: Any,
) -> ec.Network:
    """A plant that supplies a shop; every argument is further columns."""
    made: dict[str, Any] = {
        "item": ["vial"] * 2,
        "location": ["plant", "shop"],
        "lead_time": [2, 0],
    }
    made |= {"base_stock": [500.0, 150.0], "holding_cost": [1.0, 2.0], **(stages or {})}
    way: dict[str, Any] = {"from_item": ["vial"], "from_location": ["plant"], "to_item": ["vial"]}
    way |= {"to_location": ["shop"], "lead_time": [1], **(lanes or {})}
    asked: dict[str, Any] = {
        "item": ["vial"],
        "location": ["shop"],
        "family": ["gamma"],
        "mean": [100.0],
    }
    asked |= {"std": [20.0], **(demand or {})}
    return ec.Network.from_tables(
        pd.DataFrame(made), pd.DataFrame(way), pd.DataFrame(asked), **tables
    )


def same(one: ec.Simulation, other: ec.Simulation) -> bool:
    """Whether two runs have the same bits."""
    return one.stages.equals(other.stages) and one.segments.equals(other.segments)


class Order:
    """A policy of one number for all runs."""

    def order_at(self, view: StageView) -> np.ndarray:
        return np.full(view.position.shape, 100.0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {"charge_pipeline": 5, "trace": "yes", "keep": "no"},
            ("charge_pipeline", "trace", "keep"),
        ),
        ({"paths": 5}, ("paths is 5",)),
        ({"paths": "vial"}, ("paths is 'vial'",)),
        ({"paths": [("vial", "moon")], "draws": ["a"]}, ("'moon'", "draws is ['a']")),
        ({"policies": {KEY: Order}}, ("the class Order itself",)),
        ({"policies": {KEY: type("No", (), {"order": 5})()}}, ("has neither",)),
        ({"policies": [1]}, ("policies is of type list",)),
        ({"periods": 10**9}, ("1,000,000,005 together",)),
        ({"warmup": 10**8}, ("100,000,020 together",)),
    ],
)
def test_arguments_that_make_no_sense_are_told_once_each(
    arguments: dict[str, Any], told: tuple[str, ...]
) -> None:
    with pytest.raises(DomainError) as caught:
        ec.simulate(network(), **{**SHORT, **arguments})
    message = str(caught.value)
    assert all(part in message for part in told)
    assert message.count("Fix:") == len(told)


def test_flags_of_numpy_are_flags() -> None:
    yes: Any = np.bool_(True)
    run = ec.simulate(network(), **SHORT, trace=yes, keep=yes)
    assert len(run.trace) == 2 * 25


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"base_stock": [1e300, 1.0]}, ["base_stock"]),
        ({"initial_stock": [1e16, 1.0]}, ["initial_stock"]),
        ({"order_multiple": [None, 1e18], "minimum_order": [1e18, 0]},
         ["order_multiple", "minimum_order"]),
        ({"yield_mean": [0.9, 1], "yield_std": [1e-12, 0]}, ["yield_std"]),
        ({"yield_mean": [0.9, 1], "yield_std": [1e300, 0]}, ["yield_std"]),
    ],
)  # fmt: skip
def test_quantities_that_rounding_would_swallow_are_faults(
    columns: dict[str, list[Any]], expected: list[str]
) -> None:
    with pytest.raises(TableError) as caught:
        network(columns)
    assert [fault.column for fault in caught.value.faults] == expected


def test_part_of_a_period_is_no_reach_of_a_rule() -> None:
    """It would have been rounded without a word."""
    fast: dict[str, Any] = {"expedite_rule": ["projected_shortage"], "expedite_lead_time": [0]}
    with pytest.raises(TableError, match=r"lanes\.expedite_after: must be a whole number"):
        network(lanes={**fast, "expedite_after": [1.5]})


@pytest.mark.parametrize(
    ("stages", "tables", "told"),
    [
        ({"capacity": [50.0, None]}, {}, "vial @ plant can start 50 .* needs 100"),
        ({"capacity": [190.0, None], "yield_mean": [0.5, 1.0]}, {}, "start 190 .* needs 200"),
        ({"maximum_order": [None, 90.0]}, {}, "vial @ shop may order 90 .* needs 100"),
        ({"maximum_order": [None, 190.0], "review_period": [0, 2]}, {}, "may order 95 "),
        (
            {"capacity": [150.0, None]},
            {"calendar": {"start": [0], "length": [1], "every": [2]}},
            "can start 75 .* needs 100",
        ),
        (
            {},
            {"calendar": {"start": [900], "length": [5]}},
            "vial @ plant can start 0 .* needs 100",
        ),
    ],
)
def test_demand_above_what_can_be_made_is_not_passed_over(
    stages: dict[str, list[Any]], tables: dict[str, dict[str, list[int]]], told: str
) -> None:
    """Its averages depend on the length of the run, and no pilot need notice."""
    frames = {
        name: pd.DataFrame({"item": ["vial"], "location": ["plant"], **columns})
        for name, columns in tables.items()
    }
    with pytest.warns(DataWarning, match=told):
        ec.simulate(network(stages, **frames), **SHORT)


@pytest.mark.parametrize(
    "stages",
    [
        {"capacity": [100.0, None]},
        {"capacity": [50.0, None], "lost_sales_share": [0, 0.6]},
        {"maximum_order": [None, 200.0], "review_period": [0, 2]},
        {},
    ],
)
def test_no_warning_where_capacity_is_enough(stages: dict[str, list[Any]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ec.simulate(network(stages), **SHORT)


def test_a_shelf_life_of_ages_costs_no_memory() -> None:
    """A million periods of age classes were 44 GB; what outlasts the run is as good as fresh."""
    asks = {"minimum_remaining_life": [30]}
    runs = [
        ec.simulate(network({"shelf_life": [life] * 2}, demand=asks), **SHORT)
        for life in (500, 1_000_000)
    ]
    assert same(*runs)
    assert not runs[0].failures.size
    assert runs[0].total["fill_rate"].iloc[0] > 0.5


def test_a_shelf_life_that_is_reached_is_not_cut() -> None:
    """Stock that nobody buys expires on its day, the last of the run included."""
    still = {"mean": [0.0], "std": [0.0], "family": ["deterministic"]}
    for life, expired in ((25, 650.0), (26, 0.0)):
        run = ec.simulate(network({"shelf_life": [life] * 2}, demand=still), **SHORT)
        assert run.total["expired"].iloc[0] * 20 == pytest.approx(expired)


@pytest.mark.parametrize("rule", ["backorder_age", "projected_shortage"])
def test_rules_that_look_far_beyond_the_run_cost_no_memory(rule: str) -> None:
    short = {"base_stock": [150.0, 50.0]}
    runs = []
    for far in (400, 1_000_000):
        fast = {"expedite_rule": [rule], "expedite_lead_time": [far], "expedite_after": [1]}
        with pytest.warns(DataWarning, match="no faster"):
            slow = network(short, fast)
        runs.append(ec.simulate(slow, **SHORT))
    assert same(*runs)
    assert runs[0].total["expedited"].iloc[0] > 0.0
    ages = [
        ec.simulate(
            network(
                short,
                {"expedite_rule": ["backorder_age"], "expedite_lead_time": [0],
                 "expedite_after": [age]},
            ),
            **SHORT,
        )
        for age in (400, 1_000_000)
    ]  # fmt: skip
    assert same(*ages)
    assert ages[0].total["expedited"].iloc[0] == 0.0


def test_a_policy_cannot_change_what_the_simulation_holds() -> None:
    """It gets copies."""

    class Greedy(Order):
        def order_at(self, view: StageView) -> np.ndarray:
            for array in (view.position, view.on_hand, view.late, view.demand):
                array[:] = 1e9
            return np.full(view.position.shape, 100.0)

    runs = [
        ec.simulate(network(), policies={KEY: policy}, **SHORT) for policy in (Order(), Greedy())
    ]
    assert same(*runs)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda n: np.full(n, np.nan), "not a finite number"),
        (lambda n: np.zeros(n + 1), "runs"),
        (lambda n: np.full(n, -1.0), "below 0"),
        (lambda n: ["many"] * n, "not numbers"),
    ],
)
def test_a_policy_that_talks_nonsense_fails_its_component_alone(answer: Any, told: str) -> None:
    class Wrong:
        def order(self, position: np.ndarray) -> Any:
            return answer(len(position))

    two = pd.DataFrame({"item": ["a", "b"], "location": "x", "holding_cost": 1.0})
    two["base_stock"] = 300.0
    asked = two[["item", "location"]].assign(family="gamma", mean=100.0, std=20.0)
    run = ec.simulate(
        ec.Network.from_tables(two, None, asked), policies={("a", "x"): Wrong()}, **SHORT
    )
    assert run.failures["item"].tolist() == ["a"]
    message = run.failures["message"].iloc[0]
    assert told in message
    assert "a @ x, period 0" in message
    assert run.stages["item"].tolist() == ["b"]
