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


def test_unknown_and_absent_solvers_have_remedies():
    with pytest.raises(UnknownNameError, match="highs"):
        solve(knapsack(), "no such solver")
    absent = [name for name in ("cbc", "glpk") if not pyo.SolverFactory(name).available(False)]
    if absent:
        with pytest.raises(SolverError, match="Fix: install it"):
            solve(knapsack(), absent[0])


def test_the_declared_model_means_the_same_to_another_interface():
    network = random_network(np.random.default_rng(11), 5, extra_lanes=2)
    ours, theirs = (
        ec.optimize(network, method="milp", solver=solver) for solver in ("highs", "appsi_highs")
    )
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-9)
    assert theirs.status == "optimal"
