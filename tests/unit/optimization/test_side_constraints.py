"""What side constraints may be, what their faults say, and that idle ones change nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest

import echelon as ec
from echelon.errors import DomainError
from tests.networks import random_network


@pytest.fixture(scope="module")
def bulldozer() -> ec.Network:
    return ec.read_example("bulldozer")


@pytest.fixture(scope="module")
def free(bulldozer) -> ec.Plan:
    return ec.optimize(bulldozer)


@pytest.mark.parametrize(
    "nothing",
    [
        lambda _: None,
        lambda _: [],
        [],
        ec.budget(1e9),
        ec.storage_limit({"plant": 1e9}),
        ec.no_stock_at([]),
        ec.opening_cost(0.0),
    ],
)
def test_what_does_not_bind_leaves_the_plan_bit_for_bit(bulldozer, free, nothing):
    plan = ec.optimize(bulldozer, side_constraints=nothing)
    pd.testing.assert_frame_equal(plan.stages, free.stages, check_exact=True)
    assert plan.objective == free.objective
    assert plan.bound == free.bound
    assert plan.status == "optimal"


def test_a_limit_that_cannot_hold_is_named_with_the_least_it_could_be(bulldozer, free):
    """The least value of safety stock is that of the plan: every holding rate is the same."""
    value = bulldozer.stages.set_index(["item", "location"])["unit_cost"]
    stages = free.stages.set_index(["item", "location"])
    least = float((stages["safety_stock"] * value).sum())
    plan = ec.optimize(bulldozer, side_constraints=[ec.budget(2e6), ec.opening_cost(1.0)])
    assert plan.status == "failed"
    (failure,) = plan.failures.itertuples()
    assert failure.error == "InfeasibleError"
    assert round(least, -1) == 2_109_250
    assert "'Budget': 2,109,250 where at most 2,000,000 is allowed" in failure.message


def test_a_row_whose_coefficients_are_all_zero_can_still_be_impossible(bulldozer):
    """The last stage may only quote 0, so no variable is left in what is asked of its quote."""
    label = ("Final Assembly", "plant")
    held = ec.optimize(bulldozer, side_constraints=lambda model: model.service_time[label] <= 5.0)
    assert held.status == "optimal"
    plan = ec.optimize(bulldozer, side_constraints=lambda model: model.service_time[label] >= 5.0)
    assert plan.status == "failed"
    assert "0 where at least 5 is asked for" in plan.failures["message"][0]


def test_a_cost_of_the_users_own_takes_the_place_of_the_models(bulldozer):
    def count(model):
        model.cost.set_value(sum(model.holds_stock[label] for label in model.LABEL))

    plan = ec.optimize(bulldozer, side_constraints=count)
    fewest = ec.optimize(bulldozer, side_constraints=ec.opening_cost(1e9))
    assert plan.objective == pytest.approx(len(fewest.stocking_stages()))
    assert plan.status == "optimal"


def test_only_the_components_that_cannot_keep_theirs_fail():
    one, two = (random_network(np.random.default_rng(seed), 3) for seed in (1, 2))
    renamed = ("item", "from_item", "to_item")
    frames = [
        frame.assign(**{name: "b " + frame[name] for name in renamed if name in frame})
        for frame in (two.stages, two.lanes, two.demand)
    ]
    network = ec.Network.from_tables(
        *(
            pd.concat([a, b], ignore_index=True)
            for a, b in zip((one.stages, one.lanes, one.demand), frames, strict=True)
        ),
        period="week",
    )
    free = ec.optimize(network)
    stuck = [tuple(row) for row in two.stages[["item", "location"]].to_numpy()]
    plan = ec.optimize(
        network,
        side_constraints=[ec.no_stock_at([("b " + item, place) for item, place in stuck])],
    )
    assert plan.status == "partial"
    assert plan.failures["component"].tolist() == [1]
    kept = free.stages[free.stages["component"] == 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(plan.stages, kept, check_exact=True)
    assert plan.objective == pytest.approx(free.components["objective"][0], rel=1e-12)


@pytest.fixture
def half_stuck():
    """Two components; the shop of the second may hold no stock, and its supplies vary."""
    names = pd.DataFrame({"item": ["good", "stuck"], "location": "shop"})
    stages = names.assign(
        lead_time=2.0, lead_time_std=[0.0, 1.0], holding_cost=1.0, can_stock=[True, False]
    )
    demand = names.assign(mean=10.0, std=3.0, service_level=0.95)
    return ec.Network.from_tables(stages, None, demand)


@pytest.mark.parametrize(
    "constraint", [lambda _: [], ec.storage_limit({"shop": 30.0}), ec.opening_cost(5.0)]
)
def test_a_component_without_a_plan_fails_and_the_others_keep_their_constraints(
    half_stuck, constraint
):
    plan = ec.optimize(half_stuck, side_constraints=constraint)
    assert plan.status == "partial"
    (failure,) = plan.failures.itertuples()
    assert (failure.item, failure.error) == ("stuck", "InfeasibleError")
    assert "may not hold stock" in failure.message
    alone = ec.Network.from_tables(
        half_stuck.stages.iloc[:1].dropna(axis=1), None, half_stuck.demand.iloc[:1].dropna(axis=1)
    )
    wanted = ec.optimize(alone, side_constraints=constraint)
    assert plan.stages["base_stock"].tolist() == wanted.stages["base_stock"].tolist()
    assert (plan.objective, plan.bound) == (wanted.objective, wanted.bound)


def test_a_limit_that_the_others_cannot_keep_fails_them_too(half_stuck):
    plan = ec.optimize(half_stuck, side_constraints=ec.storage_limit({"shop": 1.0}))
    assert plan.status == "failed"
    assert plan.failures["item"].tolist() == ["good", "stuck"]
    assert "where at most 1 is allowed" in plan.failures["message"][0]


def test_where_none_has_a_plan_nothing_is_declared(half_stuck):
    stages = half_stuck.stages.iloc[1:].dropna(axis=1)
    network = ec.Network.from_tables(stages, None, half_stuck.demand.iloc[1:].dropna(axis=1))
    plan = ec.optimize(network, side_constraints=lambda _: 1 / 0)
    assert plan.status == "failed"
    assert plan.failures["item"].tolist() == ["stuck"]


def test_who_asks_for_a_component_without_a_plan_hears_why_it_is_not_there(half_stuck):
    def by_name(model):
        return model.base_stock["stuck", "shop"] <= 5.0

    with pytest.raises(DomainError, match=r"(?s)KeyError.*stuck @ shop.*may not hold stock"):
        ec.optimize(half_stuck, side_constraints=by_name)
    with pytest.raises(DomainError, match=r"(?s)is no stage.*stuck @ shop.*model\.LABEL"):
        ec.optimize(half_stuck, side_constraints=ec.no_stock_at([("stuck", "shop")]))


def test_variables_of_the_users_own():
    """A second store room at a price; worth it or not, by what more room saves."""
    network = random_network(np.random.default_rng(4), 4)
    held = ec.optimize(network).stages["base_stock"].sum()
    room = 0.97 * float(held)

    def second_room(price: float):
        def rows(model: pyo.ConcreteModel) -> list[object]:
            model.rented = pyo.Var(domain=pyo.Binary)
            model.cost.set_value(model.cost.expr + price * model.rented)
            return [sum(model.base_stock.values()) <= room + room * model.rented]

        return rows

    without = ec.optimize(network, side_constraints=ec.storage_limit({"x": room}))
    with_it = ec.optimize(network)
    worth = without.objective - with_it.objective
    assert worth > 0.0
    dear = ec.optimize(network, side_constraints=second_room(1.01 * worth))
    cheap = ec.optimize(network, side_constraints=second_room(0.99 * worth))
    assert dear.objective == pytest.approx(without.objective, rel=1e-6)
    assert cheap.objective == pytest.approx(with_it.objective + 0.99 * worth, rel=1e-6)
    assert cheap.bound == pytest.approx(cheap.objective, rel=1e-6)


@pytest.mark.parametrize("tied", [False, True])
def test_a_cost_that_can_fall_for_ever_is_a_failure_that_names_the_variable(tied):
    network = random_network(np.random.default_rng(4), 4)

    def income(model: pyo.ConcreteModel) -> list[object]:
        model.hired = pyo.Var(bounds=(0.0, 2.0))
        model.let = pyo.Var(domain=pyo.NonNegativeReals)
        model.cost.set_value(model.cost.expr - model.hired - 2.0 * model.let)
        return [sum(model.base_stock.values()) <= 1e9 + model.let] if tied else []

    plan = ec.optimize(network, side_constraints=income)
    assert plan.status == "failed"
    (failure,) = plan.failures.itertuples()
    assert failure.error == "SolverError"
    assert "the cost is unbounded" in failure.message
    assert "for ever by let, which" in failure.message
    assert "Fix: give such variables bounds" in failure.message


def test_the_location_without_room_is_named(bulldozer):
    plan = ec.optimize(bulldozer, side_constraints=ec.storage_limit({"plant": 200.0}))
    assert "'StorageLimit[plant]'" in plan.failures["message"][0]
    both = [ec.no_stock_at([("Final Assembly", "plant")]), ec.opening_cost(1.0)]
    plan = ec.optimize(bulldozer, side_constraints=both)
    assert "'NoStockAt[Final Assembly,plant]'" in plan.failures["message"][0]


def test_a_fixed_cost_is_in_the_objective_and_not_in_the_stages(bulldozer):
    plan = ec.optimize(bulldozer, side_constraints=ec.opening_cost(100.0))
    holds = int((plan.stages["net_replenishment_time"] > 0).sum())
    assert plan.objective == pytest.approx(plan.stages["holding_cost"].sum() + 100.0 * holds)
    assert plan.components["objective"].sum() == pytest.approx(plan.objective)


def test_a_plan_that_no_solver_had_time_for_says_so(bulldozer):
    plan = ec.optimize(
        bulldozer, side_constraints=ec.storage_limit({"plant": 300.0}), time_limit=1e-6
    )
    assert plan.status in ("failed", "feasible")
    if plan.status == "failed":
        assert "allow more time" in plan.failures["message"][0]


def replaced(model: pyo.ConcreteModel) -> None:
    model.cost.deactivate()
    model.other = pyo.Objective(expr=0.0)


def unmade(model: pyo.ConcreteModel) -> list[object]:
    model.deliver.deactivate()
    model.more = pyo.Var(bounds=(0.0, 1.0))
    return [model.more >= model.holds_stock["Case", "plant"]]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda _: 5, "returned 5, which is no constraint"),
        (lambda _: [True], "returned True, which is no constraint"),
        (lambda model: [model.safety_stock["Case", "plant"] ** 2 <= 1.0], "is not linear"),
        (
            lambda model: model.cost.set_value(model.safety_stock["Case", "plant"] ** 2),
            "made the cost nonlinear",
        ),
        (replaced, "replaced the objective"),
        (lambda model: model.service_time["Case", "plant"] < 5.0, "compares by < or >"),
        (
            lambda model: float("nan") * model.safety_stock["Case", "plant"] <= 1.0,
            "not finite",
        ),
        (
            lambda model: model.cost.set_value(float("nan") * model.cost.expr),
            "what is not a finite number",
        ),
        ([ec.opening_cost(1.0), 7], "holds 7, which is no function"),
        (ec.storage_limit({"moon": 1.0, "mars": 2.0}), "'moon' .*; location 'mars'"),
        (ec.storage_limit({"plant": 1.0}, volume={"Case": 1.0}), "volume of 'Boggie Assembly'"),
        (
            ec.storage_limit({"plant": 1.0}, volume={"Cheese": 1.0}),
            "'Case' is missing.*'Cheese' is given, which is no item",
        ),
        (ec.no_stock_at(["moon", ("Case", "mars")]), "'moon' is no stage.*'mars'"),
        (ec.opening_cost({("Case", "moon"): 1.0}), "'moon'.* is no stage"),
    ],
)
def test_what_is_no_side_constraint_is_said(bulldozer, wrong, says):
    with pytest.raises(DomainError, match=says):
        ec.optimize(bulldozer, side_constraints=wrong)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ec.budget(-1.0), "limit is -1.0"),
        (lambda: ec.budget(float("nan")), "limit is nan"),
        (lambda: ec.budget(True), "limit is True"),
        (lambda: ec.budget(1.0, stock="pipeline"), "stock is 'pipeline'"),
        (lambda: ec.storage_limit({"plant": "much"}), "'plant'.* is 'much'"),
        (lambda: ec.storage_limit({"plant": "much", "shop": -1}), "'much'.*'shop'.* is -1"),
        (lambda: ec.storage_limit(10), "limits is 10, must be a mapping"),
        (lambda: ec.no_stock_at(7), "places is 7"),
        (lambda: ec.storage_limit({"plant": 1.0}, volume={"Case": -2.0}), "'Case'.* is -2.0"),
        (lambda: ec.no_stock_at("plant"), r"give a list, \['plant'\]"),
        (lambda: ec.opening_cost(-1.0), "cost is -1.0"),
        (lambda: ec.opening_cost({("Case", "plant"): -1.0}), "is -1.0"),
    ],
)
def test_what_a_limit_may_not_be(make, says):
    with pytest.raises(DomainError, match=says):
        make()


def test_a_budget_needs_the_value_of_stock():
    network = random_network(np.random.default_rng(3), 3)
    with pytest.raises(DomainError, match="unit_cost is missing at 3 stages"):
        ec.optimize(network, side_constraints=ec.budget(10.0))


def test_rows_taken_away_are_found_out(bulldozer):
    with pytest.raises(ec.errors.SolverError, match="took rows of the model away"):
        ec.optimize(bulldozer, side_constraints=[unmade, ec.opening_cost(1.0)])


@pytest.mark.parametrize("arguments", [{"method": "exact"}, {"step": 0.0}, {"step": "day"}])
def test_arguments_that_do_not_go_together(bulldozer, arguments):
    with pytest.raises(DomainError, match=r"method is|step is"):
        ec.optimize(bulldozer, side_constraints=ec.budget(1e9), **arguments)


def test_a_step_too_short_to_list_is_refused_before_the_memory_is_full(bulldozer):
    with pytest.raises(ec.errors.SolverError, match="take a longer step"):
        ec.optimize(bulldozer, side_constraints=ec.budget(1e9), step=1e-9)
