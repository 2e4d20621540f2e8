"""Allocation rules: what they must do on any input, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.errors import UnknownNameError
from echelon.policies.allocation import (
    ALLOCATIONS,
    BY_DUE_PERIOD,
    allocation_named,
    first_come,
    priority,
    proportional,
)
from echelon.simulation.described.levels import ALLOCATION_CODES


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_a_rule_ships_all_it_can_and_never_more_than_is_asked(name):
    rng = np.random.default_rng(3)
    shape = (3, 4, 500) if name in BY_DUE_PERIOD else (4, 500)
    requests = rng.gamma(1.0, 5.0, shape) * (rng.random(shape) > 0.3)
    available = rng.gamma(1.0, 10.0, 500) * (rng.random(500) > 0.2)
    shipped = ALLOCATIONS[name](available, requests)
    assert shipped.shape == requests.shape
    assert (shipped >= 0.0).all()
    assert (shipped <= requests + 1e-12).all()
    asked = requests.reshape(-1, 500).sum(axis=0)
    given = shipped.reshape(-1, 500).sum(axis=0)
    np.testing.assert_allclose(given, np.minimum(available, asked))


def test_enough_stock_serves_everybody_exactly():
    requests = np.array([[0.1], [0.2], [0.0]])
    for name, rule in ALLOCATIONS.items():
        asked = np.stack([requests, 2.0 * requests]) if name in BY_DUE_PERIOD else requests
        assert np.array_equal(rule(np.array([1.0]), asked), asked)


def test_proportional_gives_equal_shares():
    shipped = proportional(np.array([3.0]), np.array([[4.0], [2.0], [6.0]]))
    assert shipped[:, 0].tolist() == [1.0, 0.5, 1.5]


def test_priority_serves_in_order():
    shipped = priority(np.array([5.0]), np.array([[4.0], [2.0], [6.0]]))
    assert shipped[:, 0].tolist() == [4.0, 1.0, 0.0]


def test_first_come_serves_the_oldest_due_period_first():
    """Five units: three go to the first period, two are shared by the six of the second."""
    requests = np.array([[[1.0], [2.0]], [[4.0], [2.0]], [[9.0], [0.0]]])
    shipped = first_come(np.array([5.0]), requests)
    np.testing.assert_allclose(shipped[:, :, 0], [[1, 2], [4 / 3, 2 / 3], [0, 0]])


def test_every_rule_has_a_code_that_the_kernel_knows():
    assert set(ALLOCATION_CODES) == set(ALLOCATIONS)


def test_an_unknown_rule_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'priority'"):
        allocation_named("prioritty")
