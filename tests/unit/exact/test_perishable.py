"""Items that expire: arguments and their faults, choices, and the frame of a network."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import echelon as ec
from echelon import exact
from echelon.distributions import Deterministic, Empirical, Gamma, Poisson
from echelon.errors import DataWarning, DomainError, UnknownNameError
from echelon.exact.perishable.ageing import Item, next_states
from echelon.exact.perishable.life_in_network import usable_life
from echelon.exact.perishable.long_run import long_run
from echelon.exact.perishable.network_levels import largest_levels
from echelon.exact.perishable.rows import codes, distinct
from echelon.exact.perishable.simulated_levels import lowest, smallest

COSTS = {"holding_cost": 1.0, "shortage_cost": 9.0, "waste_cost": 4.0}
CASE = {"shelf_life": 3, "lead_time": 1}


def test_a_period_by_hand():
    """Life 3, one period of lead time: 1 and 2 units of life 1 and 2, 3 arrive, 1 is owed."""
    item = Item(life=3, least_life=2, lead_time=1, lost=False)
    state = np.array([[1, 2, 3, 1, 0]])
    assert item.position(state).tolist() == [5]
    after, did = next_states(item, state, np.array([4]), np.array([3]))
    # 4 are wanted by who asks for two periods of life: 2 and then 2 of the fresh; the old expires
    assert after.tolist() == [[0, 1, 4, 0, 0]]
    assert [x.tolist() for x in (did.on_hand, did.owed, did.at_once, did.lost, did.expired)] == [
        [1], [0], [3], [0], [1],
    ]  # fmt: skip


def test_rows_are_told_apart():
    rows = np.random.default_rng(1).integers(-3, 4, size=(2_000, 5))
    code, first, place = distinct(rows)
    assert len(code) == len(np.unique(rows, axis=0))
    np.testing.assert_array_equal(rows[first][place], rows)
    np.testing.assert_array_equal(codes(rows)[first], code)


@pytest.mark.parametrize("step", [1.0, 0.25])
def test_searches_find_what_is_there(step):
    assert lowest(lambda x: (x - 37.25) ** 2, 0.0, 200.0, step) == pytest.approx(
        37.0 if step == 1.0 else 37.25
    )
    assert smallest(lambda x: x >= 12.6, 0.0, 100.0, step) == (13.0 if step == 1.0 else 12.75)
    assert smallest(lambda x: True, 0.0, 100.0, step) == 0.0  # noqa: ARG005


def test_every_fault_of_a_call_is_told():
    with pytest.raises(DomainError) as caught:
        exact.perishable_base_stock(
            Poisson(3.0), shelf_life=0, lead_time=1.5, holding_cost=-1.0, shortage_cost=0.0,
            waste_cost=1.0, review_period=0.5, base_stock=-2.0,
        )  # fmt: skip
    told = str(caught.value)
    for name in (
        "shelf_life", "lead_time", "holding_cost", "shortage_cost", "review_period", "base_stock",
    ):  # fmt: skip
        assert name in told
    assert "6 faults" in told


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"minimum_remaining_life": 4}, "is 4.0, must be at most the shelf_life, 3"),
        ({"waste_cost": 0.0, "holding_cost": 0.0}, "any stock is free"),
        ({"order_multiple": 1.5}, "no multiple of the demand's step"),
        ({"base_stock": 4.5, "method": "exact"}, "no multiple of the demand's step"),
        ({"demand": Gamma(3.0, 1.0), "method": "exact"}, "a density"),
        ({"demand": Empirical([-1, 2], [0.5, 0.5])}, "can be negative"),
    ],
    ids=lambda one: one if isinstance(one, str) else "-".join(one),
)
def test_what_cannot_be_is_refused(changed, message):
    arguments = {"demand": Poisson(3.0), **CASE, **COSTS, **changed}
    with pytest.raises(DomainError, match=message):
        exact.perishable_base_stock(arguments.pop("demand"), **arguments)


def test_unknown_words():
    with pytest.raises(UnknownNameError, match="lost"):
        exact.perishable_base_stock(Poisson(3.0), **CASE, **COSTS, unmet="loss")
    with pytest.raises(UnknownNameError, match="exact"):
        exact.perishable_base_stock(Poisson(3.0), **CASE, **COSTS, method="exactly")


def test_percent_is_answered_with_a_fraction():
    with pytest.raises(DomainError, match=r"use 0\.975"):
        exact.perishable_fill_rate(Poisson(3.0), fill_rate=97.5, **CASE)


@pytest.mark.parametrize("method", ["exact", "simulated"])
def test_a_fill_rate_out_of_reach(method):
    """A life of one week, a review every three: two weeks in three are served from nothing."""
    with pytest.raises(DomainError, match="no base stock reaches it"):
        exact.perishable_fill_rate(
            Poisson(2.0), fill_rate=0.9, shelf_life=1, lead_time=0, review_period=3, unmet="lost",
            method=method,
        )  # fmt: skip


def test_the_best_of_all_policies_refuses_continuous_review():
    with pytest.raises(DomainError, match="review_period"):
        exact.perishable_optimal(Poisson(3.0), **CASE, **COSTS, review_period=0)


@pytest.mark.parametrize("model", ["optimal", "projected_level", "base_stock"])
def test_what_is_too_large_is_refused(model, monkeypatch):
    for module in ("optimal_policy", "projected_levels", "base_stock_levels"):
        monkeypatch.setattr(f"echelon.exact.perishable.{module}.MOST_TRANSITIONS", 2_000)
    arguments = {"shelf_life": 9, "lead_time": 4, **COSTS}
    if model == "base_stock":
        arguments["method"] = "exact"
    with pytest.raises(DomainError, match=r"SKU 0, Poisson.* has more than 1,\d+ transitions. Fix"):
        getattr(exact, f"perishable_{model}")(Poisson(3.0), **arguments)


@pytest.mark.parametrize("method", ["exact", "simulated"])
def test_known_demand_wastes_nothing(method):
    found = exact.perishable_base_stock(Deterministic(4.0), **CASE, **COSTS, method=method)
    assert (found.base_stock, found.cost, found.expired, found.fill_rate) == pytest.approx(
        (8.0, 0.0, 0.0, 1.0), abs=1e-12
    )
    nothing = exact.perishable_base_stock(Deterministic(0.0), **CASE, **COSTS, method=method)
    assert (nothing.base_stock, nothing.cost, nothing.waste_rate) == (0.0, 0.0, 0.0)


def test_arrays_and_threads_give_what_single_calls_give():
    arguments = {**CASE, **COSTS, "shelf_life": [2, 3, 4], "minimum_remaining_life": [0, 2, 2]}
    one = exact.perishable_base_stock(Poisson(2.0), **arguments, method="simulated", n_jobs=1)
    two = exact.perishable_base_stock(Poisson(2.0), **arguments, method="simulated", n_jobs=2)
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    alone = exact.perishable_base_stock(
        Poisson(2.0), **{**arguments, "shelf_life": 3, "minimum_remaining_life": 2}, method="exact"
    )
    exactly = exact.perishable_base_stock(Poisson(2.0), **arguments, method="exact")
    assert exactly.cost[1] == alone.cost


def test_a_density_is_simulated_and_says_so():
    found = exact.perishable_base_stock(Gamma(20.0, 8.0), shelf_life=2, lead_time=1, **COSTS)
    assert not found.exact
    assert 0.0 < found.cost_se < 0.05 * found.cost
    near = [
        exact.perishable_base_stock(
            Gamma(20.0, 8.0), shelf_life=2, lead_time=1, **COSTS, base_stock=found.base_stock + by
        ).cost
        for by in (-8.0, 8.0)
    ]
    assert found.cost < min(near)


def serum(**changed) -> ec.Network:
    stages = pd.DataFrame(
        {
            "item": ["powder", "serum", "serum", "serum"],
            "location": ["mill", "plant", "depot", "clinic"],
            "lead_time": [4, 2, 1, 0],
            "release_time": [0, 1, 0, 0],
            "review_period": [0, 1, 1, 0],
            "shelf_life": [None, 12, 12, 12],
            "holding_cost": 1.0,
        }
    ).assign(**changed)
    lanes = pd.DataFrame(
        {
            "from_item": ["powder", "serum", "serum"],
            "from_location": ["mill", "plant", "depot"],
            "to_item": "serum",
            "to_location": ["plant", "depot", "clinic"],
            "lead_time": [1, 2, 1],
        }
    )
    demand = pd.DataFrame(
        {
            "item": "serum",
            "location": "clinic",
            "segment": ["ward", "export"],
            "family": "poisson",
            "mean": [3, 4],
            "minimum_remaining_life": [0, 3],
        }
    )
    return ec.Network.from_tables(stages, lanes, demand, period="week")


def test_life_down_a_chain_and_what_is_asked_of_it_up():
    life = usable_life(serum())
    np.testing.assert_array_equal(life.at_arrival, [np.nan, 11.0, 8.0, 7.0])
    np.testing.assert_array_equal(life.asked_for, [np.nan, 7.0, 4.0, 3.0])
    np.testing.assert_array_equal(life.supply, [4.0, 4.0, 3.0, 1.0])
    levels = largest_levels(serum(), 0.05)
    assert levels.index.tolist() == [1, 2, 3]
    assert levels["covered"].tolist() == [9.0, 8.0, 5.0]  # one less under continuous review
    law = Poisson(7.0 * 5)
    assert levels["largest_level"].iloc[2] == float(law.ppf(0.05))


def alone(**changed) -> ec.Network:
    rows = {
        "item": ["a", "b", "c", "d"],
        "location": "shop",
        "lead_time": 1,
        "review_period": 1,
        "shelf_life": [3, 3, 3, None],
        "unit_cost": [4.0, 0.0, 4.0, 4.0],
        "holding_cost": 1.0,
        "backorder_cost": [9.0, 9.0, 0.0, 9.0],
        "lost_sale_cost": [0.0, 0.0, 9.0, 0.0],
        "lost_sales_share": [0.0, 0.0, 1.0, 0.0],
        "waste_cost": [6.0, 10.0, 6.0, 1.0],
    }
    stages = pd.DataFrame(rows).assign(**changed)
    demand = pd.DataFrame(
        {"item": ["a", "b", "c", "d"], "location": "shop", "family": "poisson", "mean": 3}
    )
    return ec.Network.from_tables(stages, None, demand, period="week")


def test_stages_that_stand_alone_get_the_base_stock_of_the_model():
    found = ec.perishable_levels(alone())
    assert found.failures.empty
    assert found.stages["item"].tolist() == ["a", "b", "c"]
    dear = {**COSTS, "waste_cost": 10.0}
    waits = exact.perishable_base_stock(Poisson(3.0), **CASE, **dear)
    leaves = exact.perishable_base_stock(Poisson(3.0), **CASE, **dear, unmet="lost")
    for row, want in enumerate((waits, waits, leaves)):
        for name in ("base_stock", "cost", "waste_rate"):
            assert found.stages[name].iloc[row] == getattr(want, name)
    cheap = ec.perishable_levels(alone(), value_wasted=False).stages
    want = exact.perishable_base_stock(Poisson(3.0), **CASE, **{**COSTS, "waste_cost": 6.0})
    assert cheap["cost"].iloc[0] == want.cost


def test_a_fill_rate_promised_is_met():
    network = alone(service_level=[0.97, None, None, None], service_measure="fill")
    found = ec.perishable_levels(network).stages
    want = exact.perishable_fill_rate(Poisson(3.0), fill_rate=0.97, **CASE)
    assert found["base_stock"].iloc[0] == want.base_stock
    assert found["fill_rate"].iloc[0] >= 0.97


def test_a_stage_the_model_cannot_take_is_a_row_of_the_failures():
    found = ec.perishable_levels(alone(lead_time_std=[0.0, 0.5, 0.0, 0.0]))
    assert found.failures[["item", "error"]].to_numpy().tolist() == [["b", "UnsuitableError"]]
    assert "times vary" in found.failures["message"].iloc[0]
    assert found.stages["base_stock"].isna().tolist() == [False, True, False]
    assert "1 failure" in repr(found)
    assert "b" in found._repr_html_()


def test_levels_go_into_the_network(tmp_path):
    network = alone(base_stock=[None, None, None, 7.0])
    found = ec.perishable_levels(network)
    made = found.apply(network)
    assert made.stages["base_stock"].tolist() == [*found.stages["base_stock"], 7.0]
    found.write(tmp_path / "levels")
    assert (tmp_path / "levels" / "manifest.json").exists()
    assert found.to_frame().equals(found.stages)


def test_what_the_tables_say_beyond_the_model_is_told():
    with pytest.warns(DataWarning, match="capacity"):
        ec.perishable_levels(alone(capacity=20.0))
    with pytest.raises(DomainError, match="nothing expires"):
        ec.perishable_levels(alone(shelf_life=None))
    with pytest.raises(DomainError, match=r"use 0\.05"):
        ec.perishable_levels(alone(), waste_chance=5.0)


def test_a_chain_that_settles_slowly_is_solved():
    """Demand is nearly always 1 in lots of 3: some levels leave where they began once in 10,000."""
    law = Empirical([0, 1, 2], [0.05098132, 0.88845539, 0.06056329])
    found = exact.perishable_base_stock(
        law, shelf_life=2, lead_time=2, order_multiple=3.0,
        holding_cost=1.0, shortage_cost=9.0, waste_cost=1.0,
    )  # fmt: skip
    assert found.exact
    assert found.base_stock == 4.0


def test_shares_by_equations_are_those_by_powers_and_by_hand():
    slow = np.array([[0.999, 0.001, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(long_run(csr_array(slow), quick_steps=3), [0.0, 0.5, 0.5])
    split = np.array([[0.0, 0.25, 0.75], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(long_run(csr_array(split), quick_steps=1), [0.0, 0.25, 0.75])
    some = np.random.default_rng(3).dirichlet(np.ones(9), size=9)
    by_powers = long_run(csr_array(some))
    np.testing.assert_allclose(long_run(csr_array(some), quick_steps=1), by_powers, atol=1e-12)
