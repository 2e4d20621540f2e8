"""Elementary functions without a call, against those of the mathematical library."""

from __future__ import annotations

import math

import numpy as np

from echelon.kernels._jit import jit
from echelon.kernels.elementary import (
    MOST_ANGLE,
    arc_tangent,
    log_of_one_more,
    sine_and_cosine,
)


@jit
def sines(x, sine, cosine):
    for i in range(x.shape[0]):
        sine[i], cosine[i] = sine_and_cosine(x[i])


@jit
def logarithms(x, found):
    for i in range(x.shape[0]):
        found[i] = log_of_one_more(x[i])


@jit
def arc_tangents(above, below, found):
    for i in range(above.shape[0]):
        found[i] = arc_tangent(above[i], below[i])


def test_sines_and_cosines():
    rng = np.random.default_rng(1)
    quarters = 0.25 * math.pi * np.arange(-12.0, 13.0)
    x = np.concatenate(
        [rng.uniform(-8.0, 8.0, 2000), rng.uniform(-MOST_ANGLE, MOST_ANGLE, 2000), quarters]
    )
    sine, cosine = np.empty(len(x)), np.empty(len(x))
    sines(x, sine, cosine)
    assert np.abs(sine - np.sin(x)).max() <= 4.5e-16
    assert np.abs(cosine - np.cos(x)).max() <= 4.5e-16
    small = 10.0 ** rng.uniform(-12.0, -1.0, 200)
    sine, cosine = np.empty(200), np.empty(200)
    sines(small, sine, cosine)
    assert np.abs(sine / np.sin(small) - 1.0).max() <= 4.5e-16


def test_logarithms_of_one_and_more():
    x = np.concatenate([10.0 ** np.random.default_rng(2).uniform(-18.0, 12.0, 3000), [0.0, 1.0]])
    found = np.empty(len(x))
    logarithms(x, found)
    assert found[-2] == 0.0
    assert np.abs(found - np.log1p(x)).max(where=x > 0.0, initial=0.0) <= 7e-15
    assert np.abs(np.delete(found, -2) / np.log1p(np.delete(x, -2)) - 1.0).max() <= 4.5e-16


def test_arc_tangents():
    rng = np.random.default_rng(3)
    above = rng.choice([-1.0, 1.0], 3000) * 10.0 ** rng.uniform(-12.0, 8.0, 3000)
    below = 10.0 ** rng.uniform(-3.0, 3.0, 3000)
    found = np.empty(3000)
    arc_tangents(above, below, found)
    assert np.abs(found / np.arctan2(above, below) - 1.0).max() <= 4.5e-16
    arc_tangents(np.zeros(1), np.ones(1), found)
    assert found[0] == 0.0
