"""The projected level: its projection by another way, its limits, and what it refuses."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import echelon as ec
from echelon import exact
from echelon.distributions import Deterministic, Empirical, Gamma, Poisson
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.perishable.projection import nearest_steps, project_stock
from echelon.policies.base import StageView

COSTS = {"holding_cost": 1.0, "shortage_cost": 9.0, "waste_cost": 4.0}
MASS = np.array([0.3, 0.2, 0.4, 0.1])


def expected(arriving: list[list[int]], owed: int, lost: bool, known: int | None) -> float:
    """One path after the other, with lists."""
    stock, *later = arriving
    demands = enumerate(MASS.tolist()) if known is None else [(known, 1.0)]
    if not later and known is None:
        short = owed
        left = [max(stock[0] - owed - asked, 0) for asked, _ in demands]
        return sum(stock) - short - float(MASS @ left)
    total = 0.0
    for asked, chance in demands:
        wanted, rest = owed + asked, []
        for units in stock:
            issued = min(units, wanted)
            wanted -= issued
            rest.append(units - issued)
        if not later:  # the demand of the period of arrival is known: it may meet the order
            return float(sum(rest) - rest[0] - wanted)
        still = max(wanted - asked, 0) if lost else wanted
        following = [a + b for a, b in zip([*rest[1:], 0], later[0], strict=True)]
        total += chance * expected([following, *later[1:]], still, lost, None)
    return total


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("demand_known", [False, True])
@pytest.mark.parametrize("lead_time", [0, 1, 2])
def test_a_projection_is_the_average_over_all_paths(lost, demand_known, lead_time):
    """Stock and orders of every age, as where a depot passes on what has aged."""
    rng = np.random.default_rng(lead_time)
    arriving = rng.integers(0, 3, (40, lead_time + 1, 3))
    owed = np.zeros(40, dtype=np.int64) if lost else rng.integers(0, 3, 40)
    known = rng.integers(0, 4, 40) if demand_known else None
    told = project_stock(arriving, owed, MASS, lost=lost, known=known)
    want = [
        expected(arriving[k].tolist(), int(owed[k]), lost, None if known is None else int(known[k]))
        for k in range(40)
    ]
    np.testing.assert_allclose(told, want, atol=1e-9)
    assert np.ptp(told) > 1.0


def test_a_half_but_for_rounding_is_rounded_up():
    assert nearest_steps(np.array([0.5, 0.5 - 1e-12, 0.4999, -0.5])).tolist() == [1, 1, 0, 0]


def test_known_demand_that_an_order_meets_at_once_needs_no_stock():
    told = exact.perishable_projected_level(
        Poisson(3.0), shelf_life=3, lead_time=0, review_period=0, **COSTS
    )
    assert (told.level, told.cost, told.waste_rate) == (0.0, 0.0, 0.0)
    assert told.fill_rate == pytest.approx(1.0)


def test_what_hardly_expires_is_a_base_stock_less_what_is_asked_for_before_an_order_arrives():
    """Lead time 2, continuous review: of the two periods that a base stock covers, the last."""
    law = Empirical([0, 1], [0.5, 0.5])
    case = {"shelf_life": 20, "lead_time": 2, "review_period": 0, **COSTS}
    base = exact.perishable_base_stock(law, base_stock=2, method="exact", **case)
    projected = exact.perishable_projected_level(law, level=1.5, **case)
    # one of the two periods of demand that a base stock of 2 covers is unknown: 2 - 0.5
    assert projected.expired < 1e-3
    assert projected.cost == pytest.approx(base.cost, rel=2e-3)


def test_the_answer_gives_one_policy_per_sku_and_no_column():
    told = exact.perishable_projected_level(
        Poisson(3.0), shelf_life=[2, 3], lead_time=0, minimum_remaining_life=[0, 2], **COSTS
    )
    assert "policy" not in told.to_frame()
    assert "policy" not in repr(told)
    assert [one.minimum_remaining_life for one in told.policy] == [0, 2]
    assert [one.level for one in told.policy] == told.level.tolist()
    alone = exact.perishable_projected_level(Poisson(3.0), shelf_life=2, lead_time=0, **COSTS)
    assert alone.policy == told.policy[0] == ec.ProjectedLevel(alone.level, Poisson(3.0))
    assert pickle.loads(pickle.dumps(alone.policy)) == alone.policy


def test_every_fault_of_a_policy_is_told():
    with pytest.raises(DomainError) as caught:
        ec.ProjectedLevel(-1.0, "many", minimum_remaining_life=1.5)
    for name in ("level is -1.0", "demand", "minimum_remaining_life is 1.5"):
        assert name in str(caught.value)
    with pytest.raises(DomainError, match="a density"):
        ec.ProjectedLevel(1.0, Gamma(3.0, 1.0))
    with pytest.raises(DomainError, match="can be negative"):
        ec.ProjectedLevel(1.0, Empirical([-1, 2], [0.5, 0.5]))
    with pytest.raises(UnknownNameError, match="lost"):
        ec.ProjectedLevel(1.0, Poisson(3.0), unmet="losst")


def view(stock: float, *, life: int = 2) -> StageView:
    units, nothing = np.array([stock]), np.zeros(1)
    by_life = np.zeros((life, 1))
    by_life[0] = stock
    return StageView(
        4, units, units, units, nothing, nothing, nothing,
        stock_by_life=by_life, orders_by_arrival=np.zeros((1, life, 1)),
    )  # fmt: skip


def test_stock_that_is_no_whole_step_is_refused():
    policy = ec.ProjectedLevel(6.0, Deterministic(2.0))
    assert policy.order_at(view(4.0)).tolist() == [4.0]  # of 4 in their last period 2 are sold
    with pytest.raises(DomainError, match=r"stock is 3 units in period 4, no whole .* steps of 2"):
        policy.order_at(view(3.0))
    choosy = ec.ProjectedLevel(6.0, Poisson(2.0), minimum_remaining_life=3)
    with pytest.raises(DomainError, match="minimum_remaining_life is 3 periods, and stock has at"):
        choosy.order_at(view(3.0))
