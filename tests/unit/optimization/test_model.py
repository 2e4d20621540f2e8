"""The declared model: what it says of stages, its files, and its price of a limit."""

from __future__ import annotations

import pickle

import highspy
import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest

import echelon as ec
from echelon.errors import DomainError, UnknownNameError
from echelon.optimization.model import QUANTITIES, choose, chosen, declare, tabulated
from echelon.optimization.solvers import solve
from tests.networks import random_network


@pytest.fixture(scope="module")
def bulldozer() -> ec.Network:
    return ec.read_example("bulldozer")


def test_solved_by_another_interface_it_costs_what_optimize_says(bulldozer):
    """Graves & Willems (2003), 632,775 a year recomputed; every stage as in the plan."""
    plan = ec.optimize(bulldozer)
    model = ec.build_model(bulldozer)
    pyo.SolverFactory("appsi_highs").solve(model)
    assert 365.0 * pyo.value(model.cost) == pytest.approx(632_775.0, rel=1e-6)
    assert pyo.value(model.cost) == pytest.approx(plan.objective, rel=1e-9)
    rows = plan.stages.set_index(["item", "location"])
    for name in set(QUANTITIES) - {"holds_stock"}:
        said = {stage: pyo.value(getattr(model, name)[stage]) for stage in model.LABEL}
        for stage, value in said.items():
            assert value == pytest.approx(rows.loc[stage, name], rel=1e-9, abs=1e-6), (name, stage)
    holds = [stage for stage in model.LABEL if pyo.value(model.holds_stock[stage]) > 0.5]
    assert len(holds) == len(plan.stocking_stages())


@pytest.mark.parametrize("name", ["model.lp", "model.mps"])
def test_written_and_read_by_another_program_it_costs_the_same(tmp_path, name):
    network = random_network(np.random.default_rng(5), 5, extra_lanes=1)
    room = 0.95 * float(ec.optimize(network).stages["base_stock"].sum())
    limit = ec.storage_limit({"x": room})
    model = ec.build_model(network, side_constraints=limit, step=1.0)
    path = tmp_path / name
    model.write(str(path))
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.readModel(str(path))
    highs.run()
    cost = highs.getInfo().objective_function_value
    plan = ec.optimize(network, side_constraints=limit)
    assert cost == pytest.approx(plan.objective, rel=1e-6)
    assert cost > ec.optimize(network).objective


def test_a_plan_carries_its_model_but_not_into_another_process(bulldozer):
    plan = ec.optimize(bulldozer, side_constraints=ec.opening_cost(100.0))
    assert solve(plan.model).objective == pytest.approx(plan.objective, rel=1e-6)
    again = pickle.loads(pickle.dumps(plan))
    assert again.objective == plan.objective
    with pytest.raises(DomainError, match="build_model"):
        _ = again.model


def test_a_plan_read_from_files_says_where_its_model_is(bulldozer, tmp_path):
    again = ec.read_plan(ec.optimize(bulldozer).write(tmp_path / "plan"))
    with pytest.raises(DomainError, match="read from files"):
        _ = again.model


def several() -> ec.Network:
    """Two components of three and two stages."""
    one, two = (random_network(np.random.default_rng(seed), 3) for seed in (1, 2))
    stages = two.stages.assign(item="other " + two.stages["item"])
    lanes = two.lanes.assign(
        from_item="other " + two.lanes["from_item"], to_item="other " + two.lanes["to_item"]
    )
    demand = two.demand.assign(item="other " + two.demand["item"])
    return ec.Network.from_tables(
        pd.concat([one.stages, stages], ignore_index=True),
        pd.concat([one.lanes, lanes], ignore_index=True),
        pd.concat([one.demand, demand], ignore_index=True),
        period="week",
    )


def test_all_components_in_one_model_or_one_by_number_or_stage():
    network = several()
    plan = ec.optimize(network)
    assert solve(ec.build_model(network)).objective == pytest.approx(plan.objective, rel=1e-9)
    for component, objective in plan.components[["component", "objective"]].itertuples(index=False):
        stages = plan.stages[plan.stages["component"] == component]
        stage = tuple(stages[["item", "location"]].iloc[0])
        for asked in (int(component), stage):
            model = ec.build_model(network, component=asked)
            assert len(model.LABEL) == len(stages)
            assert solve(model).objective == pytest.approx(objective, rel=1e-9)


def test_the_relaxation_is_exact_on_a_tree_and_finer_steps_cost_no_less(bulldozer):
    whole = ec.build_model(bulldozer, integer=False, step=1.0)
    assert 365.0 * solve(whole).objective == pytest.approx(632_775.0, rel=1e-6)
    assert len(whole.pair) > 3 * len(ec.build_model(bulldozer).pair)


def test_choices_are_set_and_read_back(bulldozer):
    plan = ec.optimize(bulldozer)
    model = plan.model
    source = model.source
    problem = source.problems[0]
    rows = plan.stages.set_index(["item", "location"]).loc[list(source.labels)]
    ticks = problem.times.ticks_per_period
    choice = problem.locate(
        np.rint(rows["inbound_service_time"].to_numpy() * ticks).astype(np.int64),
        np.rint(rows["service_time"].to_numpy() * ticks).astype(np.int64),
    )
    choose(model, [choice])
    assert pyo.value(model.cost) == pytest.approx(plan.objective, rel=1e-12)
    for row in model.component_data_objects(pyo.Constraint):
        assert min(row.lslack(), row.uslack()) > -1e-9, row.name
    (again,) = chosen(model)
    np.testing.assert_array_equal(again.inbound, choice.inbound)
    np.testing.assert_array_equal(again.outbound, choice.outbound)


def test_a_model_of_no_component_has_no_rows(bulldozer):
    model = declare(tabulated(bulldozer, [], None))
    assert len(model.LABEL) == len(model.pair) == 0


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"component": 7}, DomainError, "must be one of 0 to 0"),
        ({"component": ("Case", "moon")}, DomainError, "no stage of the network"),
        ({"step": 0.0}, DomainError, "step is 0.0, must be > 0"),
        ({"step": float("nan")}, DomainError, "step is nan"),
        ({"base_stocks": "weekly"}, UnknownNameError, "base_stocks"),
    ],
)
def test_what_it_may_not_be(bulldozer, arguments, error, says):
    with pytest.raises(error, match=says):
        ec.build_model(bulldozer, **arguments)
