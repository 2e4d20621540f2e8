"""Kernels of lattices in rows, and of counts, against plain sums: also as Python, line by line."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from echelon.kernels.count_masses import count_lengths, count_masses
from echelon.kernels.lattice_rows import (
    cumulate,
    mixed_powers,
    tabulate_losses,
    unwound,
    window_ends,
)
from echelon.kernels.lot_cycles import cycles_without_shortage, loss_at

ROWS = [np.array([0.5, 0.2, 0.0, 0.3]), np.array([1.0]), np.array([0.25, 0.75])]
PTR = np.array([0, 4, 5, 7])


@pytest.mark.parametrize(
    ("mean", "excess", "law"),
    [
        (4.0, 0.0, stats.poisson(4.0)),
        (6.0, 2.0, stats.nbinom(3.0, 1.0 / 3.0)),
        (0.3, 1.5, stats.nbinom(0.2, 0.4)),
        (3.0, -0.3, stats.binom(10, 0.3)),
    ],
)
def test_counts(mean, excess, law):
    length, whole = np.zeros(1, dtype=np.int64), np.zeros(1)
    given = np.array([mean]), np.array([excess])
    count_lengths(*given, 1e-14, 10_000, length, whole)
    out = np.zeros(length[0])
    count_masses(np.array([0, 1]), *given, np.ones(1), length, whole, np.array([0, length[0]]), out)
    assert out == pytest.approx(law.pmf(np.arange(length[0])), rel=1e-11, abs=1e-15)
    assert law.sf(length[0] - 1) <= 1e-14


def test_a_window_holds_the_total():
    """The bound is a bound: of 12 demands no more than 1e-6 lies beyond."""
    row = ROWS[0]
    begin, end = np.zeros(1), np.zeros(1)
    for first in (0, -2):
        window_ends(
            np.array([0, 4]),
            row,
            np.array([first]),
            np.ones(1),
            np.array([12.0]),
            np.zeros(1),
            1e-6,
            begin,
            end,
        )
        total = np.ones(1)
        for _ in range(12):
            total = np.convolve(total, row)
        numbers = 12 * first + np.arange(len(total))
        assert total[numbers > end[0]].sum() <= 1e-6
        assert total[numbers < begin[0]].sum() <= 1e-6


def test_powers_of_transforms():
    size = 64
    transform = np.fft.rfft(np.array([np.pad(row, (0, size - len(row))) for row in ROWS]), axis=1)
    counts, weights = np.array([0.0, 2.0, 5.0, 3.0, 1.0]), np.array([0.2, 0.5, 0.3, 1.0, 1.0])
    ptr, events = np.array([0, 3, 4, 5]), np.array([0.0, 0.0, 1.5])
    want = transform.copy()
    want[0] = 0.2 + 0.5 * transform[0] ** 2 + 0.3 * transform[0] ** 5
    want[1] = transform[1] ** 3
    want[2] = np.exp(1.5 * (transform[2] - 1.0))
    mixed_powers(transform, ptr, counts, weights, events)
    assert transform == pytest.approx(want, abs=1e-14)
    around = np.fft.irfft(transform, size, axis=1)
    out = np.zeros(16 + 1 + 20)
    unwound(around, np.zeros(3, dtype=np.int64), np.array([0, 16, 17, 37]), out)
    two = np.convolve(ROWS[0], ROWS[0])
    five = np.convolve(np.convolve(two, two), ROWS[0])
    blend = 0.3 * five
    blend[:7] += 0.5 * two
    blend[0] += 0.2
    assert out[:16] == pytest.approx(blend, abs=1e-14)


def test_tables_of_losses():
    mass, step = np.concatenate(ROWS), np.array([2.0, 1.0, 0.5])
    cumulated, owed, second = (np.zeros(7) for _ in range(3))
    cumulate(PTR, mass, cumulated)
    tabulate_losses(PTR, mass, step, owed, second)
    for at, row in enumerate(ROWS):
        here, points = slice(PTR[at], PTR[at + 1]), np.arange(len(row)) * step[at]
        over = np.maximum(points[None, :] - points[:, None], 0.0)
        assert cumulated[here] == pytest.approx(np.cumsum(row))
        assert owed[here] == pytest.approx(over @ row)
        # half the square, and the straight lines between points: h/6 of the curvature that is left
        exact = [
            np.trapezoid([np.maximum(points - x, 0.0) @ row for x in fine], fine)
            for fine in (np.linspace(p, points[-1], 4001) for p in points)
        ]
        assert second[here] == pytest.approx(exact, abs=1e-6)
        if at == 0:
            assert loss_at(owed[here], 0.0, 2.0, 3.0) == pytest.approx(
                np.maximum(points - 3.0, 0) @ row
            )


def test_cycles_by_enumeration():
    """Undershoot and demand until arrival, number by number."""
    between, until = ROWS[0], np.array([0.1, 0.4, 0.3, 0.2])
    owed, second = np.zeros(4), np.zeros(4)
    tabulate_losses(np.array([0, 4]), between, np.ones(1), owed, second)
    for point in range(-1, 7):
        for quantity in (1, 2, 5):
            out = np.zeros(1)
            cycles_without_shortage(
                np.array([0, 4]),
                until,
                np.zeros(1, dtype=np.int64),
                np.array([0, 4]),
                owed,
                np.zeros(1, dtype=np.int64),
                np.ones(1),
                np.ones(1),
                np.array([float(point)]),
                np.array([float(quantity)]),
                out,
            )
            orders = good = 0.0
            for above in range(1, quantity + 1):
                for units, chance in enumerate(between):
                    if units >= above:
                        orders += chance
                        under = units - above
                        good += chance * until[: max(point - under + 1, 0)].sum()
            assert out[0] == pytest.approx(good / orders, abs=1e-13)
