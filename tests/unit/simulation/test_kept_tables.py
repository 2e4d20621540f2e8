"""What is kept within so many bytes."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.distributions import Empirical
from echelon.simulation.drawn.inverse import table_of
from echelon.simulation.drawn.kept_tables import KeptWithin


@pytest.fixture
def made():
    return []


def kept(made, most):
    def make(key):
        made.append(key)
        return [key] * key

    return KeptWithin(most, make, len)


def test_the_ones_used_last_are_kept(made):
    give = kept(made, 10)
    for key in (2, 3, 4, 2):  # 9 bytes, and 2 is used again
        give(key)
    give(5)  # 14: 3 and 4, the oldest, go
    assert made == [2, 3, 4, 5]
    give(2)
    assert made == [2, 3, 4, 5]
    give(3)
    give(4)
    assert made == [2, 3, 4, 5, 3, 4]


def test_what_is_too_large_by_itself_puts_nothing_out(made):
    give = kept(made, 10)
    assert give(4) is give(4)
    assert give(11) == [11] * 11
    give(11)
    give(4)
    assert made == [4, 11, 11]


def test_a_key_without_a_hash_is_refused(made):
    with pytest.raises(TypeError):
        kept(made, 10)([])


def test_more_laws_than_512_are_remembered():
    rng = np.random.default_rng(1)
    laws = [Empirical([0.0, one, 9.0], [0.5, 0.25, 0.25]) for one in rng.uniform(1.0, 8.0, 700)]
    first = [table_of(law) for law in laws]
    assert all(table_of(law) is one for law, one in zip(laws, first, strict=True))
