"""Cutting work: covers everything, in order, by the work alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echelon.errors import DomainError
from echelon.execution import cut, cut_by_key


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


NAMES = st.lists(st.integers(0, 10_000).map(str), unique=True, max_size=60)


def spans(names, ranges):
    """The names of each shard."""
    return [tuple(names[first:last]) for first, last in ranges]


@given(NAMES, st.floats(0.5, 20.0), st.data())
def test_shards_by_key_cover_the_work_and_are_of_two_shares_at_most(names, share, data):
    work = [data.draw(st.floats(0.0, 10.0)) for _ in names]
    shards = cut_by_key(work, names, share=share)
    assert [piece for first, last in shards for piece in range(first, last)] == list(
        range(len(work))
    )
    for first, last in shards:
        assert last - first == 1 or sum(work[first:last]) <= 2.0 * share + 1e-9


def test_shards_by_key_are_of_about_a_share():
    """Of 20,000 pieces of 1 to 9 units, shards of 200 units on average within a quarter."""
    rng = np.random.default_rng(3)
    work = rng.integers(1, 10, 20_000)
    shards = cut_by_key(work, [f"item {n}" for n in range(20_000)], share=200.0)
    sizes = np.array([work[first:last].sum() for first, last in shards])
    assert 150.0 < sizes.mean() < 250.0
    assert np.quantile(sizes, 0.05) > 90.0


@pytest.mark.parametrize("change", ["added", "removed", "larger"])
@pytest.mark.parametrize("at", [0, 77, 1_500, 2_999])
def test_one_piece_more_or_less_changes_the_shards_around_it_alone(change, at):
    rng = np.random.default_rng(5)
    names = [f"item {n}" for n in range(3_000)]
    work = rng.integers(1, 10, 3_000).tolist()
    before = spans(names, cut_by_key(work, names, share=200.0))
    if change == "removed":
        names, work = names[:at] + names[at + 1 :], work[:at] + work[at + 1 :]
    elif change == "added":
        names, work = [*names[:at], "new", *names[at:]], [*work[:at], 5, *work[at:]]
    else:
        work = [*work[:at], 5 * work[at], *work[at + 1 :]]
    after = spans(names, cut_by_key(work, names, share=200.0))
    assert len(before) > 60
    assert len(set(before) - set(after)) <= 4
    assert len(set(after) - set(before)) <= 4


def test_shards_by_key_do_not_depend_on_what_follows_far_away():
    names = [f"item {n}" for n in range(1_000)]
    short = cut_by_key([1.0] * 500, names[:500], share=20.0)
    long = cut_by_key([1.0] * 1_000, names, share=20.0)
    assert short[:-3] == long[: len(short) - 3]


def test_keys_are_one_for_each_piece():
    with pytest.raises(DomainError, match="1 keys for 2 pieces"):
        cut_by_key([1.0, 1.0], ["a"], share=1.0)
    with pytest.raises(DomainError, match="share is 0"):
        cut_by_key([1.0], ["a"], share=0)
