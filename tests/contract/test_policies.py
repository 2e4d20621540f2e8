"""What every policy must do, whatever its numbers: orders for any position, built or refused."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.errors import DomainError, UnknownNameError
from echelon.kernels import flow_arrays
from echelon.policies.base import StageView, order_of
from echelon.policies.registry import POLICIES, policy_named
from echelon.policies.rounding import OrderRounding

EXAMPLES = {
    "base_stock": {"level": 20.0},
    "echelon_base_stock": {"level": 20.0},
    "min_max": {"reorder_point": 5.0, "order_up_to": 20.0},
    "reorder_point": {"reorder_point": 5.0, "order_quantity": 8.0},
    "reorder_point_once": {"reorder_point": 5.0, "order_quantity": 8.0},
}

each = pytest.mark.parametrize("name", POLICIES)


def test_every_policy_has_an_example_here_and_a_code_in_the_kernels():
    assert list(EXAMPLES) == list(POLICIES)
    codes = [getattr(flow_arrays, name.upper()) for name in POLICIES]
    assert codes == list(range(len(POLICIES)))


@each
def test_orders_are_finite_never_negative_and_have_the_shape_of_the_position(name):
    policy = POLICIES[name](**EXAMPLES[name])
    position = np.random.default_rng(4).normal(0.0, 30.0, (3, 400))
    before = position.copy()
    order = policy.order(position)
    assert order.shape == position.shape
    assert np.isfinite(order).all()
    assert (order >= 0.0).all()
    assert (order > 0.0).any()
    assert np.array_equal(position, before)


@each
def test_orders_lift_the_position_to_the_floor_and_not_past_the_ceiling(name):
    policy = POLICIES[name](**EXAMPLES[name])
    floor = EXAMPLES[name].get("reorder_point", EXAMPLES[name].get("level"))
    position = np.arange(-160.0, 240.0) / 4.0  # exact in binary
    order = policy.order(position)
    if name != "reorder_point_once":  # one lot may not be enough
        assert (position + order >= floor).all()
    assert (position + order <= np.maximum(position, 20.0)).all()
    assert not order[position > floor].any()


@each
def test_each_run_is_decided_on_its_own(name):
    policy = POLICIES[name](**EXAMPLES[name])
    position = np.array([-3.0, 4.0, 5.0, 30.0])
    alone = [policy.order(np.array([one]))[0] for one in position]
    assert policy.order(position).tolist() == alone


@each
def test_a_policy_is_a_frozen_value_that_shows_its_numbers(name):
    policy = POLICIES[name](**EXAMPLES[name])
    assert policy == POLICIES[name](**EXAMPLES[name])
    assert all(str(value) in repr(policy) for value in EXAMPLES[name].values())
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(policy, next(iter(EXAMPLES[name])), 1.0)


@each
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused_all_at_once(name, bad):
    fields = list(EXAMPLES[name])
    with pytest.raises(DomainError, match="Fix:") as caught:
        POLICIES[name](**dict.fromkeys(fields, bad))
    assert all(field in str(caught.value) for field in fields)


@pytest.mark.parametrize("name", ["reorder_point", "reorder_point_once"])
def test_a_lot_of_nothing_is_refused(name):
    with pytest.raises(DomainError, match=r"order_quantity is 0\.0, must be"):
        POLICIES[name](4.0, 0.0)


def test_levels_the_wrong_way_round_are_refused():
    with pytest.raises(DomainError, match="reorder_point is above order_up_to"):
        POLICIES["min_max"](10.0, 4.0)


@each
def test_the_docstring_has_an_example_that_runs(name):
    assert ">>>" in (inspect.getdoc(POLICIES[name]) or "")


def test_an_unknown_policy_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'min_max'"):
        policy_named("minmax")


def test_only_the_echelon_policy_looks_at_the_echelon_position():
    here, below = np.array([4.0]), np.array([13.0])
    view = StageView(0, here, below, here, here, here, here)
    orders = {name: order_of(POLICIES[name](**EXAMPLES[name]), view, 0)[0] for name in POLICIES}
    assert orders == {
        "base_stock": 16.0,
        "echelon_base_stock": 7.0,
        "min_max": 16.0,
        "reorder_point": 8.0,
        "reorder_point_once": 8.0,
    }


@settings(max_examples=100)
@given(
    st.floats(0.0, 100.0),
    st.sampled_from([0.0, 0.3, 1.0, 6.0]),
    st.sampled_from([0.0, 2.5, 10.0]),
    st.sampled_from([12.0, 50.0, np.inf]),
)
def test_a_rounded_order_is_an_allowed_one(order, multiple, minimum, maximum):
    rule = OrderRounding(multiple, minimum, maximum, tolerance=1e-9)
    (rounded,) = rule.apply(np.array([order]))
    assert rule.apply(np.zeros(1))[0] == 0.0
    if order > 1e-9:
        assert rule.least <= rounded <= rule.most <= maximum + 1e-9
        assert rounded >= min(order, rule.most) - 1e-9
        if multiple > 0.0:
            assert rounded / multiple == pytest.approx(round(rounded / multiple))
        assert rounded <= max(order + multiple, rule.least) + 1e-9


def test_a_whole_number_of_packs_but_for_rounding_is_that_number():
    rule = OrderRounding(multiple=0.1, tolerance=1e-9)
    assert rule.apply(np.array([0.1 + 0.2]))[0] == pytest.approx(0.3)
    assert rule.apply(np.array([1e-12]))[0] == 0.0


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"multiple": -1.0}, "multiple is -1.0"),
        ({"minimum": np.nan, "maximum": 0.0}, "minimum is nan.*maximum is 0.0"),
        ({"multiple": 5.0, "maximum": 4.0}, "no order is allowed"),
        ({"minimum": 8.0, "maximum": 4.0}, "no order is allowed"),
        ({"multiple": 5.0, "minimum": 6.0, "maximum": 9.0}, "at least 10.0 and at most 5.0"),
    ],
)
def test_rounding_that_allows_no_order_is_refused(numbers, message):
    with pytest.raises(DomainError, match=message):
        OrderRounding(**numbers)
