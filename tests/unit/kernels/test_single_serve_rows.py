"""Serving several askers where nobody waits before: the loop with divisions, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels._jit import jit
from echelon.kernels.flow_arrays import WIDTH, rows_of_runs
from echelon.kernels.single_rows import FOUR, ONE
from echelon.kernels.single_serve_rows import (
    serve_together,
    serve_together_in_time,
    shares_of_late,
)


@jit
def together(n, span, short, line, rows, ratio, held, bits):
    some = serve_together(
        n, span, np.float32(1e-3), short, 0, line, 0, rows, 0, 4, ratio, 0, held, bits, 1
    )
    return some != 0


@jit
def in_time(n, span, short, line, rows, late, held, bits):
    some = serve_together_in_time(
        n, span, np.float32(1e-3), short, 0, line, 0, rows, 0, 4, late, 0, held, bits, 1
    )
    if some != 0:
        shares_of_late(n, span, late, 0, rows, 4)
    return some != 0


def _room(goods, stock):
    """What both are given: random requests, some of which come back; ``goods`` each period."""
    rng = np.random.default_rng(0)
    short, held, ratio = (rows_of_runs(count, np.float32) for count in (1, 1, 4))
    line, rows, bits = (
        rows_of_runs(4, np.float32), rows_of_runs(8, np.float32), rows_of_runs(1, np.uint32),
    )  # fmt: skip
    short[0], line[:], held[0], bits[0] = -stock, goods, 7.0, 0
    rows[4:] = rng.gamma(4.0, 2.5, (4, WIDTH))
    rows[:4] = rows[4:] - (rng.random((4, WIDTH)) < 0.1)
    ratio[:] = np.nan
    return short, line, rows, ratio, held, bits


@pytest.mark.parametrize("span", [FOUR, ONE], ids=["four", "one"])
@pytest.mark.parametrize(
    ("stock", "late"), [(1e4, "nothing"), (8.0, "some"), (0.0, "much")], ids=str
)
def test_no_division_until_something_is_late(span, stock, late):
    first, second = _room(10.0, stock), _room(10.0, stock)
    told = together(WIDTH, span, *first)
    assert in_time(WIDTH, span, *second) == told
    if not (late == "some" and len(span) == 1):
        assert told == (late != "nothing")
    for one, other in zip((*first[:3], *first[4:]), (*second[:3], *second[4:]), strict=True):
        np.testing.assert_array_equal(one, other)
    shares = first[3][: len(span)]
    if told:
        np.testing.assert_array_equal(shares, second[3][: len(span)])
        assert (shares > 0.0).any()
        assert (shares < 1.0).all()
    else:
        assert (shares == 0.0).all()


def test_runs_beyond_those_asked_for_tell_nothing():
    room = _room(10.0, 1e4)
    room[0][0, 64:] = 1e6
    assert not in_time(64, FOUR, *room)
