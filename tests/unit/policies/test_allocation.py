"""Allocation rules: what they must do on any input, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.errors import UnknownNameError
from echelon.policies.allocation import ALLOCATIONS, allocation_named, priority, proportional
from echelon.simulation.chain import ALLOCATION_CODES


@pytest.mark.parametrize("rule", ALLOCATIONS.values(), ids=ALLOCATIONS)
def test_a_rule_ships_all_it_can_and_never_more_than_is_asked(rule):
    rng = np.random.default_rng(3)
    requests = rng.gamma(1.0, 5.0, (4, 500)) * (rng.random((4, 500)) > 0.3)
    available = rng.gamma(1.0, 10.0, 500) * (rng.random(500) > 0.2)
    shipped = rule(available, requests)
    assert shipped.shape == requests.shape
    assert (shipped >= 0.0).all()
    assert (shipped <= requests + 1e-12).all()
    np.testing.assert_allclose(shipped.sum(axis=0), np.minimum(available, requests.sum(axis=0)))


def test_enough_stock_serves_everybody_exactly():
    requests = np.array([[0.1], [0.2], [0.0]])
    for rule in ALLOCATIONS.values():
        assert np.array_equal(rule(np.array([1.0]), requests), requests)


def test_proportional_gives_equal_shares():
    shipped = proportional(np.array([3.0]), np.array([[4.0], [2.0], [6.0]]))
    assert shipped[:, 0].tolist() == [1.0, 0.5, 1.5]


def test_priority_serves_in_order():
    shipped = priority(np.array([5.0]), np.array([[4.0], [2.0], [6.0]]))
    assert shipped[:, 0].tolist() == [4.0, 1.0, 0.0]


def test_every_rule_has_a_code_that_the_kernel_knows():
    assert set(ALLOCATION_CODES) == set(ALLOCATIONS)


def test_an_unknown_rule_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'priority'"):
        allocation_named("prioritty")
