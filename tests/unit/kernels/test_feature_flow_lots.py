"""Lists of lots: what is put into them and taken out, against a sorted list of Python."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels._jit import jit
from echelon.kernels.feature_flow_lots import (
    COUNT,
    FRONT,
    HEAD,
    LOT,
    MASK,
    drop_lots,
    lot_at,
    most_numbers,
    put_lot,
)

LISTS, RUNS, MOST = 2, 3, 40
END = 100  # goods that can be used in this period are in no list


@jit
def put(heads, lots, first, room, q, r, leaves, usable, units):
    """Parts are no functions of Python's, kernels are."""
    put_lot(heads, lots, first, room, q, r, leaves, usable, units)


@jit
def drop(heads, lots, first, q, r, begin, number):
    """The same of `drop_lots`."""
    drop_lots(heads, lots, first, q, r, begin, number)


@jit
def place(heads, q, r, i):
    """The same of `lot_at`."""
    return lot_at(heads, q, r, i)


@pytest.mark.parametrize("seed", range(4))
def test_lists_are_sorted_and_lots_that_are_the_same_are_one(seed):
    rng = np.random.default_rng(seed)
    heads = np.zeros((LISTS, RUNS, HEAD), dtype=np.int64)
    heads[..., MASK] = -1
    first, room = np.full((LISTS, RUNS), np.inf), np.array([0, END])
    lots = np.full(most_numbers(np.full(LISTS, MOST)) * RUNS, np.nan)
    twins = {(q, r): {} for q in range(LISTS) for r in range(RUNS)}
    for _ in range(600):
        q, r = int(rng.integers(LISTS)), int(rng.integers(RUNS))
        twin = twins[q, r]
        leaves = float(rng.integers(5)) if rng.random() < 0.8 else np.inf
        usable, units = float(rng.integers(8)), float(rng.integers(1, 9))
        if rng.random() < 0.75:
            put(heads, lots, first, room, q, r, leaves, usable, units)
            twin[leaves, usable] = twin.get((leaves, usable), 0.0) + units
        elif twin:
            begin = int(rng.integers(len(twin)))
            number = int(rng.integers(1, len(twin) - begin + 1))
            drop(heads, lots, first, q, r, begin, number)
            for key in sorted(twin)[begin : begin + number]:
                del twin[key]
        for (q, r), twin in twins.items():
            count = heads[q, r, COUNT]
            at = [place(heads, q, r, i) for i in range(count)]
            there = [(lots[i], lots[i + 1], lots[i + 2]) for i in at]
            assert there == [(*key, twin[key]) for key in sorted(twin)]
            assert first[q, r] == min((key[0] for key in twin), default=np.inf)
    assert room[0] <= len(lots)
    assert heads[..., FRONT].any()  # rings have gone round


def test_a_list_that_becomes_as_long_as_it_may_has_room():
    heads = np.zeros((1, 1, HEAD), dtype=np.int64)
    heads[..., MASK] = -1
    for most in (1, 3, 4, 5, 16, 17):
        heads[:], first, room = [0, -1, 0, 0], np.full((1, 1), np.inf), np.array([0, END])
        lots = np.zeros(most_numbers(np.array([most])))
        for i in range(most):
            put(heads, lots, first, room, 0, 0, float(most - i), 0.0, 1.0)
        assert heads[0, 0, COUNT] == most
        assert room[0] <= len(lots)
        assert LOT * most <= room[0]


def test_goods_that_are_never_too_old_are_in_no_list():
    heads = np.zeros((1, 1, HEAD), dtype=np.int64)
    heads[..., MASK] = -1
    first, room, lots = np.full((1, 1), np.inf), np.array([0, END]), np.zeros(24)
    put(heads, lots, first, room, 0, 0, 3.0, float(END), 1.0)
    assert heads[0, 0, COUNT] == 0
    assert first[0, 0] == np.inf
    put(heads, lots, first, room, 0, 0, 3.0, END - 1.0, 1.0)
    assert heads[0, 0, COUNT] == 1
    assert first[0, 0] == 3.0
