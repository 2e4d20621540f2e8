"""Prices on what components share: their bound holds, and the plan is that of the whole model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.optimization import constrained
from echelon.optimization.decomposition import (
    LinkedComponents,
    contenders,
    decompose,
    least_missed,
)
from echelon.optimization.model import build_model, declare, tabulated
from echelon.optimization.side_rows import add_side_constraints
from echelon.optimization.solvers import solve
from tests.enumerated import enumerate_plans
from tests.networks import random_network


def portfolio(seed: int, sizes: tuple[int, ...]) -> tuple[ec.Network, list[ec.Network]]:
    """One network of several that share nothing, and each by itself; values at random."""
    rng = np.random.default_rng(seed)
    parts = []
    for k, size in enumerate(sizes):
        part = random_network(rng, size, extra_lanes=k % 2)
        frames = []
        for frame in (part.stages, part.lanes, part.demand):
            names = [name for name in ("item", "from_item", "to_item") if name in frame]
            frames.append(frame.assign(**{name: f"{k}:" + frame[name] for name in names}))
        frames[0]["unit_cost"] = rng.uniform(1.0, 50.0, size).round(1)
        parts.append(frames)
    whole = (pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))
    return (
        ec.Network.from_tables(*whole, period="week"),
        [ec.Network.from_tables(*frames, period="week") for frames in parts],
    )


def cheapest_within(parts: list[ec.Network], limit: float) -> float:
    """Least cost of a plan for each part so that together they tie up no more than the limit."""
    costs, values = np.zeros(1), np.zeros(1)
    for part in parts:
        plans = enumerate_plans(part)
        value = plans.safety_stock @ part.stages["unit_cost"].to_numpy(float)
        cost = plans.holding_cost.sum(axis=1)
        costs = (costs[:, None] + cost[None, :]).ravel()
        values = (values[:, None] + value[None, :]).ravel()
        order = np.lexsort((costs, values))
        costs, values = costs[order], values[order]
        before = np.minimum.accumulate(np.append(np.inf, costs[:-1]))
        costs, values = costs[costs < before], values[costs < before]
    return float(costs[values <= limit].min(initial=np.inf))


def tied_up(network: ec.Network, plan: ec.Plan) -> float:
    value = network.stages.set_index(["item", "location"])["unit_cost"]
    return float((plan.stages.set_index(["item", "location"])["safety_stock"] * value).sum())


@pytest.mark.parametrize("seed", range(3))
def test_a_budget_over_several_components_against_all_their_plans(seed):
    network, parts = portfolio(seed, (3, 2, 3))
    free = ec.optimize(network)
    for share in (0.97, 0.3):
        limit = share * tied_up(network, free)
        best = cheapest_within(parts, limit)
        plan = ec.optimize(network, side_constraints=ec.budget(limit))
        if np.isinf(best):
            assert plan.status == "failed"
            continue
        assert plan.objective == pytest.approx(best, rel=1e-6)
        assert plan.gap <= 1e-6
        assert plan.status == "optimal"
        assert tied_up(network, plan) <= limit * (1 + 1e-6)
        assert plan.components["bound"].sum() == pytest.approx(plan.bound)


def linked(network: ec.Network, side_constraint) -> LinkedComponents:
    source = build_model(network, step=1.0).source
    model = declare(tabulated(network, source.tasks, 1.0))
    terms = add_side_constraints(model, side_constraint)
    found = LinkedComponents.of(model, terms, range(len(source.problems)))
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_holds_and_no_better_plan_is_left_out(seed):
    network, parts = portfolio(seed, (3, 3))
    limit = 0.9 * tied_up(network, ec.optimize(network))
    best = cheapest_within(parts, limit)
    together = linked(network, ec.budget(limit))
    found = decompose(together, gap=1e-6, time_limit=None)
    if np.isinf(best):
        assert found is None or found.choices is None
        return
    assert found is not None
    assert found.bound <= best * (1 + 1e-9)
    if found.choices is None:
        return
    assert found.cost >= best * (1 - 1e-9)
    keep = contenders(together, found, gap=1e-6)
    plan = ec.optimize(network, side_constraints=ec.budget(limit))
    rows = plan.stages.set_index(["item", "location"])
    model = build_model(network, step=1.0)
    first = model.source.first_stage
    for c, problem in enumerate(together.problems):
        here = rows.loc[list(model.source.labels[first[c] : first[c + 1]])]
        ticks = problem.times.ticks_per_period
        choice = problem.locate(
            np.rint(here["inbound_service_time"].to_numpy() * ticks).astype(np.int64),
            np.rint(here["service_time"].to_numpy() * ticks).astype(np.int64),
        )
        for j, mask in enumerate(keep[c]):
            assert mask[choice.inbound[j], choice.outbound[j]]


def test_prices_prove_what_cannot_hold_and_by_how_much():
    network, parts = portfolio(2, (3, 3))
    least = 0.0
    for part in parts:
        value = part.stages["unit_cost"].to_numpy(float)
        least += float((enumerate_plans(part).safety_stock @ value).min())
    limit = 0.5 * least
    together = linked(network, ec.budget(limit))
    assert decompose(together, gap=1e-6, time_limit=None) is None
    nearest = least_missed(together, gap=1e-6, time_limit=None)
    assert nearest is not None
    scale = limit / float(together.upper[0])
    assert nearest.bound * scale == pytest.approx(least - limit, rel=1e-6)
    (message,) = set(ec.optimize(network, side_constraints=ec.budget(limit)).failures["message"])
    assert f"'Budget': {least:,.6g} where at most {limit:,.6g} is allowed" in message


def test_with_prices_and_without_the_answer_is_the_same(monkeypatch):
    network, _ = portfolio(9, (4, 4, 3))
    limit = 0.95 * tied_up(network, ec.optimize(network))
    priced = ec.optimize(network, side_constraints=ec.budget(limit))
    monkeypatch.setattr(constrained, "decompose", lambda *_, **__: None)
    whole = ec.optimize(network, side_constraints=ec.budget(limit))
    assert priced.status == whole.status
    assert priced.objective == pytest.approx(whole.objective, rel=1e-6, nan_ok=True)


def test_rows_on_other_variables_are_left_to_the_model():
    network, _ = portfolio(1, (3,))
    source = build_model(network, step=1.0).source
    model = declare(source)
    terms = add_side_constraints(model, lambda m: [m.inbound_by[0, 0] >= 1.0])
    assert LinkedComponents.of(model, terms, [0]) is None


def test_costs_on_other_variables_are_left_to_the_model():
    """Money for hearing early on the first candidate: paid by every plan that does."""

    def early(m) -> None:
        m.cost.set_value(m.cost.expr + 7.0 * m.inbound_by[0, 0])

    network, _ = portfolio(1, (3,))
    model = build_model(network, step=1.0)
    terms = add_side_constraints(model, early)
    assert LinkedComponents.of(model, terms, [0]) is None
    plan = ec.optimize(network, side_constraints=early)
    outcome = solve(build_model(network, step=1.0, side_constraints=early))
    assert plan.objective == pytest.approx(outcome.objective, rel=1e-9)
    assert plan.status == "optimal"
