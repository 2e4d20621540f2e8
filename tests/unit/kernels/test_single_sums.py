"""Periods that ended short, kept as bits, against counting them; rows and lines of cache."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels._jit import jit
from echelon.kernels.flow_arrays import VECTOR, WIDTH, empty_rows, rows_of_runs
from echelon.kernels.single_rows import any_negative
from echelon.kernels.single_sum_rows import flush_bits


@jit
def flush(n, periods, bits, before, ready, shortages):
    flush_bits(n, periods, bits, before, 0, ready, shortages, 0)


@jit
def negative(n, count, what, first):
    return any_negative(n, count, what, first)


@pytest.mark.parametrize("count", range(10))
def test_one_sign_is_found_in_any_row_and_none_outside(count):
    """Rows are gone through by fours; what is left over is gone through too, and no more."""
    first, n = 2, 48
    numbers = rows_of_runs(first + count + 4, np.float32)
    numbers[:] = 3.5
    numbers[first : first + count, n:] = -1.0  # runs that nobody asks for
    signs = numbers.view(np.int32)
    for row in range(len(numbers)):
        for run in (0, n - 1):
            numbers[row, run] = -1.0
            assert negative(n, count, signs, first) == (first <= row < first + count)
            numbers[row, run] = 3.5
    assert not negative(n, count, signs, first)


def counted(short, was_short):
    """Periods that are not short, and those in which it begins, one after the other."""
    began = short & ~np.concatenate([was_short[None], short[:-1]])
    return (~short).sum(axis=0), began.sum(axis=0)


@pytest.mark.parametrize(("first", "periods"), [(0, 32), (0, 1), (31, 1), (5, 20), (16, 16)])
def test_bits_count_what_a_loop_counts(first, periods):
    rng = np.random.default_rng([first, periods])
    short, was_short = rng.random((periods, WIDTH)) < 0.5, rng.random(WIDTH) < 0.5
    short[:, :2] = [True, False]  # the longest runs of either kind
    bits, before = (rows_of_runs(1, np.uint32) for _ in range(2))
    for k in range(periods):
        bits[0] |= np.where(short[k], np.uint32(1 << first + k), np.uint32(0))
    before[0] = np.where(was_short, np.uint32(1 << first), np.uint32(0))
    words = bits.copy()
    ready, shortages = np.zeros((1, WIDTH)), np.zeros((1, WIDTH))
    flush(WIDTH, float(periods), bits, before, ready, shortages)
    good, began = counted(short, was_short)
    np.testing.assert_array_equal(ready[0], good)
    np.testing.assert_array_equal(shortages[0], began)
    assert not bits.any()
    flush(WIDTH, float(periods), words, before, ready, shortages)
    np.testing.assert_array_equal(ready[0], 2 * good)
    np.testing.assert_array_equal(shortages[0], 2 * began)


@pytest.mark.parametrize("kind", ["float32", "uint32", "float64"])
def test_rows_begin_where_a_line_of_cache_does(kind):
    for make in (rows_of_runs, empty_rows):
        assert make(0, kind).shape == (0, WIDTH)
        for count in (1, 7):
            rows = make(count, kind)
            assert rows.shape == (count, WIDTH)
            assert rows.dtype == kind
            assert rows.flags.c_contiguous
            assert rows.ctypes.data % VECTOR == 0
    assert not rows_of_runs(7, kind).any()
