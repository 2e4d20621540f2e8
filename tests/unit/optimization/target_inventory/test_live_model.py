"""Reading a declared model with its parameters as symbols."""

import numpy as np
import pyomo.environ as pyo

from echelon.optimization.target_inventory.live_model import LiveModel


def test_a_sum_may_be_nested_as_deep_as_it_is_long():
    model = pyo.ConcreteModel()
    model.price = pyo.Param(range(4_000), mutable=True, initialize=1.0)
    model.buy = pyo.Var(bounds=(1, 5))
    total = model.price[0] + 0.0
    for k in range(1, 4_000):
        total = (-1.0) * (-(total + model.price[k])) if k % 500 == 0 else total + model.price[k]
    model.cost = pyo.Objective(expr=total + model.buy)
    found = LiveModel(model).solve({"price": np.full(4_000, 0.5)})
    assert found.outcome.objective == 2_001.0
