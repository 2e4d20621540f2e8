"""Columns of observations as distributions: the same as objects one by one, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from echelon import distributions as ed
from echelon.distributions.array import DistributionArray
from echelon.distributions.empirical_array import empirical_array
from echelon.errors import DomainError

HISTORY = np.array([[3.0, 1.0, 3.0, 3.0], [0.0, 0.0, 5.0, 7.5], [2.0, 2.0, 2.0, 2.0]])


def test_rows_are_the_distributions_of_their_observations():
    made = empirical_array(HISTORY)
    objects = [ed.Empirical.from_observations(row) for row in HISTORY]
    assert list(made) == objects
    assert made[1] == objects[1]
    assert made[-1] == objects[-1]
    assert made.mean == pytest.approx([one.mean for one in objects])
    assert made.std == pytest.approx([one.std for one in objects])
    turned = made.take([2, 0, 0])
    assert list(turned) == [objects[2], objects[0], objects[0]]
    assert repr(turned) == "DistributionArray(3 empirical)"
    table = made.tables[0]
    points = np.array([[-1.0], [0.0], [2.5], [3.0], [9.0]])
    for at, one in enumerate(objects):
        assert made.cdf(points)[:, at] == pytest.approx(one.cdf(points[:, 0]))
        above = np.array([one.values]) - points
        chances = np.array(one.probabilities)
        owed = np.maximum(above, 0.0) @ chances
        left = np.maximum(-above, 0.0) @ chances
        assert made.shortage(points)[:, at] == pytest.approx(owed)
        assert table.leftover(np.broadcast_to(points, (5, 3)))[:, at] == pytest.approx(left)
        shares = np.array([0.0, 0.2, 0.5, 0.51, 1.0])
        found = table.ppf(np.repeat(shares[:, None], 3, axis=1))[:, at]
        assert np.array_equal(found, one.ppf(shares))


def test_probabilities_and_rows_of_fewer_values():
    made = empirical_array([[0, 5, 20], [1, 4, 0]], [[0.5, 0.3, 0.2], [0.25, 0.75, 0.0]])
    assert made[0] == ed.Empirical([0, 5, 20], [0.5, 0.3, 0.2])
    assert made[1] == ed.Empirical([1, 4], [0.25, 0.75])
    shared = empirical_array([[0, 5], [1, 4]], [0.5, 0.5])
    assert shared[1] == ed.Empirical([1, 4], [0.5, 0.5])


def test_lattices_are_found_row_by_row():
    table = empirical_array([[0.0, 0.6, 1.5], [24, 12, 36], [0, 0, 0], [0.1234567, 1, 2]]).tables[0]
    numerator, denominator, found = table.lattice()
    assert found.tolist() == [True, True, True, False]
    assert (numerator / denominator)[:3].tolist() == [0.3, 12.0, 1.0]


def test_they_stand_beside_other_families():
    made = empirical_array(HISTORY)
    other = ed.array("gamma", mean=[9.0], std=[3.0])
    members = [type(one)(one.family, one.at + 3, one.mean, one.std) for one in other.members]
    both = DistributionArray(4, members, [], made.tables)
    assert [one.family for one in both] == ["empirical"] * 3 + ["gamma"]
    assert both.take([3, 1]).mean.tolist() == [9.0, 3.125]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (([1.0, 2.0],), "give two axes"),
        ((np.zeros((0, 3)),), "none empty"),
        (([[1.0, np.nan]],), r"values\[0, 1\] is nan, must be finite"),
        (([[1.0, 2.0]], [[0.5, -0.5]]), r"probabilities\[0, 1\] is -0.5"),
        (([[1.0, 2.0], [3.0, 4.0]], [[0.5, 0.5], [0.5, 0.4]]), r"sum of probabilities\[1\] is 0.9"),
        (([[1.0, 2.0]], [[1.0]]), "Fix: give one for each value"),
    ],
)
def test_what_is_no_table_is_told(arguments, told):
    with pytest.raises(DomainError, match=told):
        empirical_array(*arguments)
