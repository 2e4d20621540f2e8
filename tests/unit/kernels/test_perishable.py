"""The kernel of an item that expires against a plain loop over units and their ages."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels.perishable import AT_ONCE, EXPIRED, LOST, ON_HAND, OWED, follow_base_stock


def plain(demand, level, life, least_life, lead_time, review_period, multiple, lost, n_warm):
    """One run: a dictionary of stock by the period in which it expires, and one of arrivals."""
    stock, arrivals, owed, gone = {life - 1: max(level, 0.0)}, {}, 0.0, 0.0
    counts = np.zeros(5)
    for period, asked in enumerate(demand):
        waiting = owed + (asked if review_period == 0 else 0.0)
        position = sum(stock.values()) + sum(arrivals.values()) - waiting
        if review_period == 0 or period % review_period == 0:
            order = max(level - position, 0.0)
            if multiple and order > 1e-9:
                order = np.ceil(order / multiple - 1e-9) * multiple
            arrivals[period + lead_time] = arrivals.get(period + lead_time, 0.0) + order
        last = period + life - 1
        stock[last] = stock.get(last, 0.0) + arrivals.pop(period, 0.0)
        shipped = 0.0
        for expires in sorted(stock):
            if expires - period + 1 >= least_life:
                issued = min(stock[expires], owed + asked - shipped)
                stock[expires] -= issued
                shipped += issued
        at_once = max(shipped - owed, 0.0)
        gone = asked - at_once if lost else 0.0
        owed = owed + asked - shipped - gone
        expired = stock.pop(period, 0.0)
        if period >= n_warm:
            counts += [sum(stock.values()), owed, at_once, gone, expired]
    return counts / (len(demand) - n_warm)


CASES = [
    # life, least life, lead time, review period, multiple, lost, level
    (1, 1, 0, 1, 0.0, False, 4.0),
    (2, 1, 1, 1, 0.0, True, 7.5),
    (3, 2, 2, 0, 0.0, False, 11.0),
    (4, 3, 0, 2, 3.0, True, 9.0),
    (5, 1, 3, 3, 4.0, False, 26.0),
    (3, 3, 1, 1, 2.0, False, 8.0),
    (6, 2, 1, 0, 0.0, True, 8.25),
    (2, 1, 0, 0, 5.0, False, 3.0),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_kernel_does_what_a_plain_loop_does(case):
    life, least_life, lead_time, review_period, multiple, lost, level = case
    rng = np.random.default_rng(3)
    demand = np.where(rng.random((4, 60)) < 0.5, rng.poisson(5.0, (4, 60)), rng.gamma(2.0, 1.5))
    out = np.empty((4, 5))
    follow_base_stock(
        demand, level, life, least_life, lead_time, review_period, multiple, lost, 10, out
    )
    want = [
        plain(row, level, life, least_life, lead_time, review_period, multiple, lost, 10)
        for row in demand.tolist()
    ]
    np.testing.assert_allclose(out, want, rtol=1e-9, atol=1e-9)


def test_by_hand():
    """Life 2, lead time 1, level 5: an order replaces what was sold and what expired."""
    out = np.empty((1, 5))
    follow_base_stock(np.array([[1.0, 1.0, 6.0]]), 5.0, 2, 1, 1, 1, 0.0, False, 0, out)
    # period 0: 4 are left. 1: nothing was ordered before, 1 is sold and 3 expire; 1 was ordered.
    # 2: 1 arrives and is sold, 5 are owed.
    np.testing.assert_allclose(out[0] * 3, [4.0, 5.0, 3.0, 0.0, 3.0])
    assert (ON_HAND, OWED, AT_ONCE, LOST, EXPIRED) == (0, 1, 2, 3, 4)
