"""What most likely is missing is warned of once per kind, and nothing that is in order is."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning


def tables(n: int = 3) -> dict[str, pd.DataFrame]:
    """A chain ``s0 -> s1 -> ...`` with customers at its end."""
    names = [f"s{j}" for j in range(n)]
    return {
        "stages": pd.DataFrame({"item": names, "location": "x", "holding_cost": 1.0}),
        "lanes": pd.DataFrame(
            {
                "from_item": names[:-1],
                "from_location": "x",
                "to_item": names[1:],
                "to_location": "x",
            }
        ),
        "demand": pd.DataFrame({"item": names[-1:], "location": "x", "mean": 5.0, "std": 1.0}),
    }


def told(**given: pd.DataFrame) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ec.Network.from_tables(**given)
    assert all(one.category is DataWarning for one in caught)
    assert all(one.filename == __file__ for one in caught)
    return [str(one.message) for one in caught]


@pytest.mark.parametrize("column", ["service_level", "safety_factor"])
def test_a_target_without_customers_is_said_to_be_ignored(column: str):
    given = tables()
    given["stages"][column] = 0.95
    assert told(**given) == [
        "stages: 2 stages have a service_level or safety_factor and no row in demand: it is "
        "ignored, for targets are promised to customers: s0 @ x, s1 @ x. "
        "Fix: add the demand, or leave the target blank."
    ]
    given["stages"][column] = [None, None, 0.95]
    assert told(**given) == []


def test_stages_that_nothing_reaches_are_counted_and_the_first_named():
    given = tables()
    more = pd.DataFrame({"item": [f"t{j}" for j in range(7)], "location": "x", "holding_cost": 1.0})
    given["stages"] = pd.concat([given["stages"], more], ignore_index=True)
    assert told(**given) == [
        "stages: 7 stages have neither lanes nor a row in demand: t0 @ x, t1 @ x, t2 @ x, t3 @ x, "
        "t4 @ x and 2 more. Fix: add what is missing, or remove the stage."
    ]
    (message,) = told(stages=given["stages"], demand=given["demand"])
    assert message.startswith("stages: 9 stages have neither lanes nor a row in demand: s0 @ x")


def test_stages_alone_are_in_order():
    assert told(stages=tables()["stages"]) == []


def test_a_subset_does_not_repeat_what_was_told_of_the_whole():
    given = tables()
    given["stages"]["service_level"] = 0.95
    with pytest.warns(DataWarning):
        network = ec.Network.from_tables(**given)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert network.subset(0).n_stages == 3


def test_builders_and_examples_have_nothing_odd():
    targets = {"holding_cost": 1.0, "service_level": 0.95, "demand_std": 1.0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ec.read_example("bulldozer")
        ec.serial(["a", "b"], lead_time=1, demand_mean=5.0, **targets)
        ec.assembly(["a", "b"], "c", lead_time=1, demand_mean=5.0, **targets)
        ec.distribution("a", ["b", "c"], lead_time=1, demand_mean=5.0, **targets)
        ec.general(
            ["a", "b"],
            [("a", "b")],
            demand_mean={"b": 5.0},
            holding_cost=1.0,
            safety_factor=1.6,
            demand_std={"b": 1.0},
        )


def test_a_network_without_customers_says_so():
    text = str(ec.Network.from_tables(**{**tables(), "demand": None}).summary())
    assert "no customers: nothing to plan for" in text
    assert "0 units" not in text
    assert "no customers" not in str(ec.Network.from_tables(**tables()).summary())
