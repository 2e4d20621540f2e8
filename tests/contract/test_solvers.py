"""Every solver route gives the same outcome on the same declared model."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest

import echelon as ec
from echelon.errors import SolverError, UnknownNameError
from echelon.optimization.solvers import solve
from tests.networks import random_network


def knapsack() -> pyo.ConcreteModel:
    """Cheapest cover of 11 units by packs of 3, 4 and 6 at 4, 5 and 9: one of each side, 4+4+3."""
    m = pyo.ConcreteModel()
    m.PACK = pyo.Set(initialize=[3, 4, 6])
    m.packs = pyo.Var(m.PACK, domain=pyo.NonNegativeIntegers, bounds=(0, 9))
    price = {3: 4.0, 4: 5.0, 6: 9.0}
    m.cover = pyo.Constraint(expr=sum(size * m.packs[size] for size in m.PACK) >= 11)
    m.cost = pyo.Objective(expr=1.0 + sum(price[size] * m.packs[size] for size in m.PACK))
    return m


@pytest.mark.parametrize("solver", ["highs", "appsi_highs"])
def test_integer_optimum_and_values(solver):
    model = knapsack()
    outcome = solve(model, solver)
    assert outcome.status == "optimal"
    assert outcome.objective == pytest.approx(15.0)
    assert outcome.bound == pytest.approx(15.0)
    assert outcome.gap <= 1e-6
    assert [round(model.packs[size].value) for size in (3, 4, 6)] == [1, 2, 0]


@pytest.mark.parametrize("solver", ["highs", "appsi_highs"])
def test_infeasible_is_said(solver):
    model = knapsack()
    model.packs.setub(0)
    outcome = solve(model, solver)
    assert outcome.status == "infeasible"
    assert np.isnan(outcome.objective)


@pytest.mark.parametrize("unit", [1e-7, 1e9])
def test_money_and_volume_in_any_unit(unit):
    """Tolerances are absolute in a solver, and money is not: the answer is the same in any unit."""
    model = knapsack()
    model.cost.set_value(unit * model.cost.expr)
    model.cover.deactivate()
    model.covered = pyo.Constraint(
        expr=sum(size * unit * model.packs[size] for size in model.PACK) >= 11 * unit
    )
    outcome = solve(model)
    assert outcome.objective == pytest.approx(15.0 * unit)
    assert outcome.bound == pytest.approx(15.0 * unit)
    assert [round(model.packs[size].value) for size in (3, 4, 6)] == [1, 2, 0]


def test_started_from_a_solution_it_does_no_worse_in_no_time():
    """Values that the variables have are what HiGHS starts from; a part of them will do."""
    model = knapsack()
    for size, packs in ((3, 1), (4, 2), (6, 0)):
        model.packs[size].set_value(packs)
    assert solve(model, start=True).objective == pytest.approx(15.0)
    partial = knapsack()
    partial.packs[3].set_value(1)
    assert solve(partial, start=True).objective == pytest.approx(15.0)


@pytest.mark.parametrize("solver", ["highs", "appsi_highs"])
def test_unbounded_is_not_infeasible(solver):
    model = knapsack()
    model.packs.setub(None)
    model.cost.set_value(-sum(model.packs.values()))
    assert solve(model, solver).status in ("none", "feasible")


def test_unknown_and_absent_solvers_have_remedies():
    with pytest.raises(UnknownNameError, match="highs"):
        solve(knapsack(), "no such solver")
    absent = [name for name in ("cbc", "glpk") if not pyo.SolverFactory(name).available(False)]
    if absent:
        with pytest.raises(SolverError, match="installed here: highs, appsi_highs"):
            solve(knapsack(), absent[0])


@pytest.mark.parametrize("limit", [60.0, 0.0])
def test_side_constraints_mean_the_same_to_another_interface(limit):
    network = random_network(np.random.default_rng(11), 5, extra_lanes=2)
    room = ec.storage_limit({"x": float(limit)}, stock="safety_stock")
    ours, theirs = (
        ec.optimize(network, side_constraints=room, solver=solver)
        for solver in ("highs", "appsi_highs")
    )
    assert ours.status == theirs.status
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-9, nan_ok=True)
    assert ours.failures["message"].tolist() == theirs.failures["message"].tolist()


def test_the_declared_model_means_the_same_to_another_interface():
    network = random_network(np.random.default_rng(11), 5, extra_lanes=2)
    ours, theirs = (
        ec.optimize(network, method="milp", solver=solver) for solver in ("highs", "appsi_highs")
    )
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-9)
    assert theirs.status == "optimal"
