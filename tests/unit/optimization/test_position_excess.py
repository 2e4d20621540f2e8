"""The position that rounded orders leave: one linear system, against other ways to it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.distributions import Gamma, NegativeBinomial, Normal, Poisson
from echelon.kernels.minimum_orders import toeplitz_solved
from echelon.kernels.position_moves import position_moves
from echelon.lead_time.exposure import exposure_demand
from echelon.optimization.cost.position_excess import (
    OrderRule,
    PositionExcess,
    settled_weights,
    stationary_weights,
    weights_of_minimum,
)
from echelon.rng import stream


def moves_of(chance, after, n_states):
    """Plain twin of the kernel."""
    moves = np.zeros((n_states, n_states))
    for state in range(n_states):
        for asked, share in enumerate(chance):
            moves[state, state - asked if asked <= state else after[asked - state - 1]] += share
    return moves


chains = st.integers(2, 12).flatmap(
    lambda n: st.integers(1, 30).flatmap(
        lambda k: st.tuples(
            st.lists(st.floats(0.01, 1.0), min_size=k + 1, max_size=k + 1),
            st.lists(st.integers(0, n - 1), min_size=k, max_size=k),
            st.just(n),
        )
    )
)


@settings(max_examples=60, deadline=None)
@given(chains)
def test_the_system_finds_what_many_steps_settle_at(chain):
    chance = np.array(chain[0]) / sum(chain[0])
    after, n_states = np.array(chain[1]), chain[2]
    moves = moves_of(chance, after, n_states)
    made = np.empty((n_states, n_states))
    position_moves(chance, after, made)
    np.fill_diagonal(moves, np.diagonal(moves))
    assert made == pytest.approx(moves - np.diag(np.diagonal(moves)), abs=1e-15)
    found = stationary_weights(chance, after, n_states)
    assert found @ moves == pytest.approx(found, abs=1e-14)
    assert found == pytest.approx(settled_weights(moves), abs=1e-12)


@pytest.mark.parametrize(
    "law",
    [
        Normal(40.0, 5.0),
        Normal(5.0, 50.0),
        Normal(100.0, 0.3),
        Gamma(0.01, 1.0),
        Gamma(400.0, 100.0),
        Poisson(7.0),
    ],
    ids=repr,
)
def test_least_orders_settle_at_what_many_steps_settle_at(law):
    """A Toeplitz system, against powers of the chain itself."""
    most = 100
    reached = law.cdf(np.arange(1_200) + 0.5)
    chance = np.diff(reached, prepend=0.0)
    chance[-1] += 1.0 - reached[-1]
    after = np.maximum(most - np.arange(1, len(chance)), 0)
    found = weights_of_minimum(chance, after, most + 1)
    assert found is not None
    assert found == pytest.approx(settled_weights(moves_of(chance, after, most + 1)), abs=1e-11)


def test_least_orders_that_leave_out_positions_are_left_to_the_system_of_all():
    """Even demand and an even order: odd positions stay odd."""
    chance = np.zeros(60)
    chance[::2] = 1.0 / 30.0
    after = np.maximum(40 - np.arange(1, 60), 0)
    assert weights_of_minimum(chance, after, 41) is None
    assert stationary_weights(chance, after, 41) == pytest.approx(
        settled_weights(moves_of(chance, after, 41)), abs=1e-12
    )


def test_orders_in_lots_are_no_least_orders():
    after = np.maximum(40 - np.arange(1, 60) // 2, 0)
    assert weights_of_minimum(np.full(60, 1.0 / 60.0), after, 41) is None


@pytest.mark.parametrize("n_states", [12, 41])
@pytest.mark.parametrize(
    "law", [Normal(500.0, 1.0), Normal(70.0, 40.0), Poisson(0.2), Gamma(3.0, 5.0)], ids=repr
)
def test_needs_beyond_twice_the_least_order_may_be_put_together(law, n_states):
    """The chain of all lengths of demand settles at what those up to two orders tell."""
    least = n_states - 1
    found = PositionExcess.stationary(OrderRule(minimum=float(least)), law, step=1.0)
    reached = law.cdf(np.arange(1_200) + 0.5)
    chance = np.diff(reached, prepend=0.0)
    chance[-1] += 1.0 - reached[-1]
    after = np.maximum(least - np.arange(1, len(chance)), 0)
    want = settled_weights(moves_of(chance, after, n_states))
    assert found.most == least
    assert found.weight == pytest.approx(want[found.start.astype(int)], abs=1e-11)
    assert want[found.start.astype(int)].sum() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 10, 75])
def test_levinson_s_recursion_solves_what_scipy_solves(n):
    random = stream(3, "toeplitz", str(n)).random
    column, row, right = -random(n) / n, -random(n) / n, random(n)
    column[0] = row[0] = 1.5
    want = scipy.linalg.solve_toeplitz((column, row), right)
    toeplitz_solved(np.concatenate((column[:0:-1], row)), right)
    assert right == pytest.approx(want, abs=1e-13)


def test_rare_demand_loses_no_digits():
    """One unit in ten million periods: uniform over the order, as in any multiples of it."""
    chance = np.array([1.0 - 1e-7, 1e-7])
    found = stationary_weights(chance, np.array([4]), 6)
    assert found == pytest.approx([0.2, 0.2, 0.2, 0.2, 0.2, 0.0], abs=1e-15)


def test_states_without_a_way_between_them_are_taken_as_likely():
    """Two units at a time, ordered by four: even positions stay even, and odd ones odd."""
    chance, after = np.array([0.5, 0.0, 0.5]), np.array([3, 2])
    found = stationary_weights(chance, after, 4)
    assert found == pytest.approx([0.25] * 4, abs=1e-12)


@pytest.mark.parametrize(
    ("rule", "law", "step"),
    [
        (OrderRule(minimum=30.0), Poisson(7.0), 1.0),
        (OrderRule(minimum=30.0, multiple=4.0), NegativeBinomial(9.0, 8.0), 1.0),
        (OrderRule(quantity=12.0, multiple=5.0), Poisson(20.0), 1.0),
        (OrderRule(minimum=100.0), Gamma(100.0, 9.0), None),
    ],
    ids=["minimum", "minimum of lots", "quantity in lots", "as much as is asked for"],
)
def test_the_simulated_position_has_the_same_mean(rule, law, step):
    """Four standard errors, by batches of 2,000 reviews."""
    excess = PositionExcess.stationary(rule, exposure_demand(law, 1.0), step=step)
    asked = law.ppf(stream(11, "position", law.family).random((60, 2_300)))
    position, seen = np.zeros(60), np.zeros(60)
    for period in range(asked.shape[1]):
        position = position - asked[:, period]
        short = position < -1e-9
        position[short] += rule.ordered(-position[short])
        seen += position if period >= 300 else 0.0
    means = seen / 2_000
    error = means.std(ddof=1) / np.sqrt(len(means))
    grain = 0.0 if step else rule.most / 256  # a cell of the grid
    assert abs(excess.mean - means.mean()) < 4.0 * error + 0.5 * grain
    assert abs(1.1 * excess.mean - means.mean()) > 4.0 * error + 0.5 * grain


def test_demand_put_together_by_lots_changes_nothing():
    """Of demand that is many lots long the far end is added up lot by lot."""
    wide = exposure_demand(Normal(400.0, 160.0), 1.0)
    found = PositionExcess.stationary(OrderRule(minimum=20.0, multiple=8.0), wide, step=1.0)
    reached = wide.cdf(np.arange(2_001) + 0.5)
    chance = np.diff(reached, prepend=0.0)
    need = np.arange(1.0, 2_001.0)
    after = OrderRule(minimum=20.0, multiple=8.0).ordered(need) - need
    want = settled_weights(moves_of(chance, after.astype(int), 25))
    assert found.weight == pytest.approx(want[found.start.astype(int)], abs=1e-12)


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        (OrderRule(quantity=12.0, multiple=5.0), 15.0),
        (OrderRule(quantity=40.0, multiple=7.0, minimum=30.0), 42.0),
        (OrderRule(multiple=4.0, minimum=30.0), 32.0),
        (OrderRule(quantity=6.0), 6.0),
        (OrderRule(minimum=0.3), 0.3),
    ],
    ids=["quantity in multiples", "and a minimum", "minimum in multiples", "quantity", "minimum"],
)
def test_the_least_need_orders_a_whole_lot(rule, most):
    """What is needed above nothing is no rounding: an order follows, in whole lots."""
    assert rule.most == pytest.approx(most, rel=1e-12)
