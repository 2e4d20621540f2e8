"""Draws: moments as declared, streams by name, stretches that join."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.distributions import make
from echelon.errors import DomainError
from echelon.simulation.draw import LANES, PERIODS_AT_A_TIME, DemandRow, draw_blocks


def draw(rows, *, n_periods=150, seed=1, block=0, n_customers=1):
    parts = draw_blocks(rows, n_customers=n_customers, n_periods=n_periods, seed=seed, block=block)
    return np.concatenate(list(parts), axis=1)


def row(customer=0, name="A", segment="", family="gamma"):
    return DemandRow(customer, (name, "shop", segment), make(family, 50.0, 9.0))


def test_draws_have_the_declared_moments():
    demand = draw([row()], n_periods=640)
    assert demand.shape == (1, 640, LANES)
    n = demand.size
    assert abs(demand.mean() - 50.0) < 4 * 9.0 / n**0.5
    assert demand.std() == pytest.approx(9.0, rel=0.02)


def test_a_stream_belongs_to_its_name_and_block():
    alone = draw([row(name="A")])
    beside = draw([row(1, name="B"), row(0, name="A")], n_customers=2)
    assert np.array_equal(alone[0], beside[0])
    assert not np.array_equal(alone, draw([row(name="A")], block=1))
    assert not np.array_equal(alone, draw([row(name="A", segment="trade")]))
    assert abs(np.corrcoef(beside[0].ravel(), beside[1].ravel())[0, 1]) < 4 / beside[0].size ** 0.5


def test_periods_do_not_depend_on_how_many_follow():
    whole = PERIODS_AT_A_TIME * 2
    assert np.array_equal(draw([row()], n_periods=whole)[:, :PERIODS_AT_A_TIME],
                          draw([row()], n_periods=PERIODS_AT_A_TIME))  # fmt: skip


def test_segments_of_a_stage_add_up():
    both = draw([row(segment="a"), row(segment="b")])
    np.testing.assert_allclose(
        both, draw([row(segment="a")]) + draw([row(segment="b")]), rtol=1e-14
    )


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_number_that_is_none_is_refused(wrong):
    class Bad:
        def sample(self, rng, size):
            sample = rng.random(size)
            sample[-1, -1] = wrong
            return sample

    with pytest.raises(DomainError, match=r"demand of A @ shop, segment x: .* drew something else"):
        draw([DemandRow(0, ("A", "shop", "x"), Bad())])
