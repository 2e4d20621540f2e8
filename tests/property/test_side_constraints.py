"""Plans under side constraints cost what the best of all plans does that keep them."""

from __future__ import annotations

import numpy as np
import pytest

import echelon as ec
from tests.enumerated import enumerate_plans
from tests.networks import random_network

KINDS = ("budget", "storage", "no stock", "opening", "together", "own")


def valued(rng: np.random.Generator, network: ec.Network) -> ec.Network:
    """The network with unit costs that are not proportional to its holding costs."""
    value = rng.uniform(1.0, 50.0, len(network.stages)).round(1)
    return network.replace(stages=network.stages.assign(unit_cost=value, added_cost=np.nan))


def check(seed: int) -> str:
    rng = np.random.default_rng(seed)
    kind = KINDS[seed % len(KINDS)]
    waiting = kind == "own"  # to let supplies lie may keep what else could not be kept
    size = 3 if waiting else int(rng.integers(2, 6))
    network = valued(rng, random_network(rng, size, extra_lanes=seed % 3))
    plans = enumerate_plans(network, waiting=waiting)
    free = ec.optimize(network)
    assert free.objective == pytest.approx(plans.best(np.ones(len(plans.covered), bool)), rel=1e-9)
    value = network.stages["unit_cost"].to_numpy(float)
    keeps, extra = np.ones(len(plans.covered), bool), np.zeros(len(plans.covered))
    given = []
    if kind in ("budget", "together"):
        tied_up = plans.safety_stock @ value
        limit = float(rng.uniform(0.9 * tied_up.min(), tied_up.max()))
        if kind == "budget":
            limit = float(rng.uniform(0.97, 1.05) * np.quantile(tied_up, 0.02))
        keeps &= tied_up <= limit
        given.append(ec.budget(limit))
    if kind in ("storage", "together"):
        room = plans.base_stock.sum(axis=1)
        limit = float(rng.uniform(0.95 * room.min(), room.max()))
        keeps &= room <= limit
        given.append(ec.storage_limit({"x": limit}))
    if kind == "no stock":
        free_of = rng.permutation(len(value))[: int(rng.integers(1, 3))]
        keeps &= ~plans.holds[:, free_of].any(axis=1)
        given.append(ec.no_stock_at([plans.labels[j] for j in free_of]))
    if kind in ("opening", "together"):
        money = rng.uniform(0.0, 40.0, len(value)).round(1)
        extra = plans.holds @ money
        given.append(ec.opening_cost(dict(zip(plans.labels, money.tolist(), strict=True))))
    if kind == "own":
        first, last = plans.labels[0], plans.labels[-1]
        least = float(np.quantile(plans.service_time[:, 0], rng.random()))
        keeps &= plans.service_time[:, 0] >= least
        keeps &= plans.covered[:, -1] <= plans.covered[:, 0] + 2.0
        given.append(
            lambda m: [
                m.service_time[first] >= least,
                m.net_replenishment_time[last] <= m.net_replenishment_time[first] + 2.0,
            ]
        )
    best = plans.best(keeps, extra)
    plan = ec.optimize(network, side_constraints=given)
    if np.isinf(best):
        assert plan.status == "failed"
        assert set(plan.failures["error"]) == {"InfeasibleError"}
        return f"{kind}: infeasible"
    assert plan.status == "optimal", plan
    assert plan.objective == pytest.approx(best, rel=1e-6, abs=1e-9)
    assert plan.bound <= plan.objective
    assert plan.gap <= 1e-6
    bound = "binds" if plan.objective > free.objective * (1 + 1e-9) else "slack"
    return f"{kind}: {bound}"


@pytest.mark.parametrize("seed", range(18))
def test_cost_of_the_best_plan_that_keeps_them(seed: int):
    check(seed)
