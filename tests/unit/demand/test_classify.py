"""Classes of demand, by hand and by what the classification promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echelon.demand.classify import CLASSES, classify
from echelon.errors import DomainError


def test_interval_and_variation_by_hand():
    """Sizes 2, 4, 6: mean 4, population variance 8/3; six periods, three demands."""
    kinds = classify([[2, 0, 4, 0, 6, 0]])
    assert kinds.interval.tolist() == [2.0]
    assert kinds.variation[0] == pytest.approx((8.0 / 3.0) / 16.0, rel=1e-15)
    assert kinds.names.tolist() == ["intermittent"]


def test_periods_that_were_not_observed_do_not_count():
    nan = float("nan")
    kinds = classify([[nan, 2.0, 0.0, nan], [1.0, 1.0, 1.0, 1.0]])
    assert kinds.interval.tolist() == [2.0, 1.0]


@pytest.mark.parametrize(
    ("interval", "variation", "name"),
    [
        (1.31, 0.48, "smooth"),
        (1.31, 0.50, "erratic"),
        (1.33, 0.48, "intermittent"),
        (1.33, 0.50, "lumpy"),
    ],
)
def test_the_cut_offs_of_syntetos_boylan_and_croston(interval, variation, name):
    """Figure 2 of the paper: 1.32 and 0.49."""
    n_demands = 1000
    spread = variation**0.5
    sizes = np.where(np.arange(n_demands) % 2, 1.0 + spread, 1.0 - spread)
    history = np.zeros((1, round(interval * n_demands)))
    history[0, :n_demands] = sizes
    assert classify(history).names.tolist() == [name]


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=30),
    st.floats(1e-3, 1e3),
    st.randoms(),
)
def test_neither_the_unit_nor_the_order_matters(history, unit, random):
    shuffled = list(history)
    random.shuffle(shuffled)
    first = classify([history])
    second = classify([np.array(shuffled) * unit])
    assert first.interval[0] == second.interval[0]
    np.testing.assert_allclose(first.variation, second.variation, rtol=1e-9, atol=1e-12)


def test_no_demand_is_a_class_of_its_own():
    kinds = classify([[0.0, 0.0]])
    assert kinds.names.tolist() == [CLASSES[-1]]
    assert np.isnan(kinds.variation[0])


@pytest.mark.parametrize("bad", [[1.0, 2.0], [[1.0], [float("nan")]]])
def test_what_is_no_panel_is_refused(bad):
    with pytest.raises(DomainError, match="Fix"):
        classify(bad)
