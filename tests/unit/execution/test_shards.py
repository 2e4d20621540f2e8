"""Cutting work: covers everything, in order, by the work alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echelon.errors import DomainError
from echelon.execution import cut


@given(st.lists(st.floats(0.0, 10.0), max_size=40), st.floats(0.5, 20.0))
def test_shards_cover_the_work_in_order_and_keep_to_their_share(work, share):
    shards = cut(work, share=share)
    assert [piece for first, last in shards for piece in range(first, last)] == list(
        range(len(work))
    )
    for first, last in shards:
        assert last > first
        assert last - first == 1 or sum(work[first:last]) <= share + 1e-9


@given(st.lists(st.floats(0.1, 10.0), min_size=2, max_size=40), st.floats(0.5, 20.0))
def test_neighbouring_shards_would_not_fit_together(work, share):
    shards = cut(work, share=share)
    for (first, _), (start, _) in pairwise(shards):
        assert sum(work[first : start + 1]) > share - 1e-9


def test_a_share_must_be_positive():
    with pytest.raises(DomainError, match="share is 0"):
        cut([1.0], share=0)
