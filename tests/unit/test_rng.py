"""Streams by name: independent of everything but the address (clause 12)."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echelon.rng import stream

PARTS = st.lists(st.one_of(st.text(max_size=6), st.integers(-3, 3)), max_size=4)


def first(seed: int, *names: str | int) -> int:
    return int(stream(seed, *names).integers(2**63))


@given(seed=st.integers(-5, 5), names=PARTS)
def test_the_same_address_gives_the_same_stream(seed, names):
    one, two = (stream(seed, *names).normal(size=8) for _ in range(2))
    assert one.tobytes() == two.tobytes()


@given(one=st.tuples(st.integers(-2, 2), PARTS), two=st.tuples(st.integers(-2, 2), PARTS))
def test_different_addresses_give_different_streams(one, two):
    """With 63 bits two equal draws by chance will not be seen."""
    same = one[0] == two[0] and one[1] == two[1]
    assert (first(one[0], *one[1]) == first(two[0], *two[1])) is same


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a", ""), ("a",)),
        (("1",), (1,)),
        (("a", "b"), ("b", "a")),
        (("str:a",), ("a",)),
        (("ü",), ("u",)),
    ],
)
def test_addresses_that_look_alike_are_kept_apart(one, two):
    assert first(7, *one) != first(7, *two)


def test_the_seed_is_not_a_name():
    assert first(7, "a") != first(0, 7, "a")


def test_drawing_from_one_stream_leaves_another_alone():
    untouched = stream(7, "B").normal(size=4)
    greedy, other = stream(7, "A"), stream(7, "B")
    greedy.normal(size=10_000)
    assert other.normal(size=4).tolist() == untouched.tolist()


def test_streams_are_the_same_in_another_process():
    """Not built on ``hash``, which Python salts anew in every process."""
    code = "from echelon.rng import stream; print(stream(7, 'demand', 'A', 3).integers(2**63))"
    seen = {
        int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(2)
    }
    assert seen == {first(7, "demand", "A", 3)}


def test_bits_do_not_change_between_releases():
    """Published results name their seed: the first draws of an address are part of the contract."""
    assert stream(7, "demand", "A").integers(2**32, size=3).tolist() == [
        1651259006,
        3123000316,
        983271001,
    ]


def test_neighbouring_blocks_are_uncorrelated():
    """Correlation of 200 pairs of streams has standard deviation 1/sqrt(n) each."""
    n = 2_000
    draws = np.array([stream(7, "demand", "A", block).normal(size=n) for block in range(21)])
    apart = np.corrcoef(draws)[np.triu_indices(21, 1)]
    assert np.abs(apart).max() < 4.5 / n**0.5
    assert abs(apart.std() * n**0.5 - 1.0) < 0.2
