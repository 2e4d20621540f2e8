"""Components with cycles in the compiled pass: against the declared model and dual ascent."""

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.exact.guaranteed_service import plain_cycles
from echelon.optimization.ready_cycles import ROUTE
from tests.networks import random_network, random_portfolio


@pytest.mark.parametrize("seed", range(3))
def test_costs_what_the_declared_model_proves(seed):
    pytest.importorskip("pyomo")
    rng = np.random.default_rng([7, seed])
    network = random_network(rng, 14, extra_lanes=5, no_stock=0.2, lane_times=True)
    plan = ec.optimize(network)
    assert plan.components["method"].tolist() == [ROUTE]
    model = ec.optimize(network, method="milp", gap=1e-9)
    assert plan.objective == pytest.approx(model.objective, rel=1e-7)
    assert (plan.components["bound"] == plan.components["objective"]).all()
    assert (plan.components["status"] == "optimal").all()


def test_each_by_itself_has_the_same_bits(tmp_path):
    network = random_portfolio(13, 20, general=0.8)
    plan = ec.optimize(network)
    kept = ec.optimize(network, ledger=tmp_path)
    assert ROUTE in set(kept.components["method"])
    for name in ("stages", "components"):
        pd.testing.assert_frame_equal(
            getattr(plan, name).drop(columns="seconds", errors="ignore"),
            getattr(kept, name).drop(columns="seconds", errors="ignore"),
            check_exact=True,
        )


def test_what_is_too_large_goes_the_old_way(monkeypatch):
    network = random_portfolio(11, 20, general=0.7)
    plan = ec.optimize(network)
    assert ROUTE in set(plan.components["method"])
    for limit in ("_MOST_STAGES", "_MOST_CYCLES", "_MOST_TICKS"):
        with monkeypatch.context() as patch:
            patch.setattr(plain_cycles, limit, 0)
            other = ec.optimize(network, gap=1e-9)
        assert ROUTE not in set(other.components["method"])
        np.testing.assert_allclose(
            plan.components["objective"], other.components["objective"], rtol=1e-8
        )


def test_what_is_not_proven_goes_the_old_way(monkeypatch):
    network = random_portfolio(12, 20, general=0.9)
    plan = ec.optimize(network)
    monkeypatch.setattr(plain_cycles, "MOST_PROGRAMS", 1)
    other = ec.optimize(network, gap=1e-9)
    routes = other.components["method"]
    assert (routes == ROUTE).sum() < (plan.components["method"] == ROUTE).sum()
    np.testing.assert_allclose(
        plan.components["objective"], other.components["objective"], rtol=1e-8
    )
