"""When a run knows enough: from so many groups, by the quantile that few groups call for."""

from __future__ import annotations

import pandas as pd
import pytest

from echelon.simulation.stopping import StopRule


@pytest.mark.parametrize(("group", "first"), [(1, 64), (2, 64), (16, 512)])
def test_the_first_round_has_groups_enough_for_a_standard_error(group, first):
    """Four groups of 16 gave intervals that held the mean in 85 of 100 runs, not 95."""
    rule = StopRule({"on_hand": 1.0}, group)
    assert rule.next_runs(0, 10_000) == first
    assert rule.next_runs(first, 10_000) == 2 * first
    assert rule.next_runs(0, 48) == 48


@pytest.mark.parametrize(("group", "quantile"), [(1, 1.9646), (2, 1.9693), (16, 2.0395)])
def test_an_interval_is_that_of_student_with_a_degree_for_each_group_but_one(group, quantile):
    """Of 512 runs, so 511, 255 and 31 degrees of freedom; quantiles from a table of Student's t."""
    total = pd.DataFrame({"on_hand_se": [1.0]})
    assert StopRule({"on_hand": quantile + 0.0005}, group).reached(total, 512)
    assert not StopRule({"on_hand": quantile - 0.0005}, group).reached(total, 512)
