"""Searches for levels, on functions whose roots are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.optimization.calibration.search import LevelSearch


def run(search: LevelSearch, gap, near: float = 1e-3) -> int:
    """Search until all are done; how many measurements that took."""
    for used in range(1, 200):
        value = gap(search.level)
        search.observe(value, (value >= 0.0) & (value <= near))
        if search.done.all():
            return used
    raise AssertionError("the search does not end")


@settings(max_examples=60, deadline=None)
@given(
    root=st.floats(0.5, 500.0),
    begin=st.floats(0.0, 600.0),
    steepness=st.floats(0.02, 5.0),
    bend=st.floats(0.3, 2.0),
)
def test_a_root_is_found_from_anywhere_and_never_missed_from_below(root, begin, steepness, bend):
    def gap(level):
        far = steepness * (level - root)
        return np.sign(far) * np.abs(far) ** bend

    search = LevelSearch(np.array([begin]), np.array([5.0]), np.zeros(1))
    assert run(search, gap) <= 60
    assert gap(search.found)[0] >= 0.0
    assert search.found[0] - root < 1e-2 + 2e-3 / steepness + (1e-3 ** (1 / bend)) / steepness


@pytest.mark.parametrize("step", [1.0, 6.0, 0.25])
def test_on_a_lattice_the_least_level_that_does_is_found(step):
    """A staircase that reaches its target between two steps; all three begin elsewhere."""
    begin = np.array([0.0, 60.0, 12.0])
    search = LevelSearch(begin, np.full(3, 3.0), np.full(3, step))
    run(search, lambda level: np.floor(level / step + 1e-9) * step - 29.3, near=0.0)
    least = np.ceil(29.3 / step) * step
    assert search.found == pytest.approx(np.full(3, least))


def test_a_target_that_no_level_reaches_ends_the_search_and_is_told():
    search = LevelSearch(np.array([10.0, 10.0]), np.ones(2), np.zeros(2))
    run(search, lambda level: np.array([-0.5, (level[1] - 20.0) / 10.0]))
    assert search.unreachable.tolist() == [True, False]
    assert search.found[1] == pytest.approx(20.0, abs=0.02)


def test_a_target_that_no_stock_at_all_meets_already_ends_at_the_floor():
    search = LevelSearch(np.array([10.0]), np.ones(1), np.zeros(1))
    run(search, lambda level: level + 1.0)
    assert search.found.tolist() == [0.0]


def test_what_was_found_is_found_again_after_the_ground_has_moved():
    """Others lowered their levels, and a level that did no longer does."""
    search = LevelSearch(np.array([10.0]), np.ones(1), np.zeros(1))
    run(search, lambda level: level - 30.0)
    search.reopen(np.array([True]))
    run(search, lambda level: level - 31.0)
    assert search.found[0] == pytest.approx(31.0, abs=2e-3)
