"""Projected levels in the simulation against the chain of all their states."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from echelon.distributions import Empirical, Poisson
from echelon.exact.perishable.projected_level import perishable_projected_level
from echelon.simulation.plain import flow as plain_flow
from tests.simulated import assert_agrees, run, stages_apart

LUMPY = Empirical([0, 1, 4], [0.5, 0.3, 0.2])
CASES = [
    # demand, life, least life, lead time, release time, review period, multiple, lost
    (Poisson(3.0), 3, 0, 0, 0, 1, None, False),
    (Poisson(1.5), 3, 0, 2, 0, 1, None, False),
    (Poisson(3.0), 3, 2, 0, 0, 1, None, True),
    (Poisson(2.0), 3, 0, 2, 0, 1, None, True),
    (LUMPY, 4, 2, 1, 1, 1, 2, False),
    (Poisson(2.0), 4, 4, 1, 0, 2, None, True),
    (Poisson(2.0), 3, 0, 2, 0, 0, None, True),
    (LUMPY, 4, 2, 2, 0, 0, None, False),
]


@pytest.fixture(scope="module")
def told() -> pd.DataFrame:
    answers = []
    for law, life, least, lead_time, release, review, multiple, lost in CASES:
        found = perishable_projected_level(
            law, shelf_life=life - release, minimum_remaining_life=least,
            lead_time=lead_time + release, review_period=review, order_multiple=multiple,
            unmet="lost" if lost else "backordered", holding_cost=1.0, shortage_cost=9.0,
            waste_cost=5.0,
        )  # fmt: skip
        answers.append(found.to_frame().assign(policy=found.policy))
    return pd.concat(answers, ignore_index=True)


@pytest.fixture(scope="module")
def simulated(told) -> tuple[pd.DataFrame, np.ndarray]:
    """The stages, and the units given to customers: too old for them, and all."""
    rows = [
        {
            "demand": law, "shelf_life": life, "lead_time": lead_time, "release_time": release,
            "review_period": review, "order_multiple": multiple, "lost_sales_share": float(lost),
            "backorder_cost": 9.0, "lost_sale_cost": 9.0, "waste_cost": 5.0, "base_stock": 0.0,
        }
        for law, life, _, lead_time, release, review, multiple, lost in CASES
    ]  # fmt: skip
    network = stages_apart(rows)
    life = [case[2] for case in CASES]
    network = network.replace(demand=network.demand.assign(minimum_remaining_life=life))
    policies = {(f"sku {k:03d}", "here"): told["policy"][k] for k in range(len(CASES))}
    given, original = np.zeros(2), plain_flow.serve

    def watched(j, stage, *rest):
        goods = original(j, stage, *rest)
        for asker, shipped in zip(stage.askers, goods, strict=True):
            given[:] += shipped[: asker.least_life - 1].sum(), shipped.sum()
        return goods

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_flow, "serve", watched)
        stages = run(network, periods=80, warmup=30, replications=512, policies=policies).stages
    return stages, given


def test_projected_levels_do_what_the_chain_says(simulated, told):
    stages, _ = simulated
    for name, planted in (("on_hand", 0.08), ("fill_rate", 0.05), ("expired", 0.5), ("cost", 0.15)):
        assert_agrees(stages, name, told[name], planted=planted)
    assert_agrees(stages, "backorders", told["backorders"], planted=None)
    assert_agrees(stages, "lost", told["lost"], planted=None)


def test_nobody_is_given_less_life_than_asked_for(simulated):
    _, (too_old, all_given) = simulated
    assert too_old == 0.0
    assert all_given > 1e5


def test_a_policy_that_takes_old_stock_for_fresh_is_seen(told):
    """The same level without a look at the ages: a base stock of what it covers."""
    law, life, _, lead_time, _, review, _, _ = CASES[1]
    network = stages_apart(
        [
            {"demand": law, "shelf_life": life, "lead_time": lead_time, "review_period": review,
             "base_stock": round(told["level"][1]) + lead_time * law.mean}
        ]
    )  # fmt: skip
    with pytest.raises(AssertionError):
        assert_agrees(run(network, replications=500).stages, "expired", told["expired"][1])
