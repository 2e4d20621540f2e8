r"""Cumulant generating functions of several laws together, where they have formulas.

A law is a row ``(kind, a, b, known, rate)``: of a kind in
:mod:`echelon.kernels.law_kinds`, to which ``known`` is added; with a rate above 0
it is the size of the orders of a compound Poisson demand. With :math:`K` its cumulant generating
function that of the demand is :math:`\lambda(e^K - 1)`. The plain twin is
:func:`echelon.distributions.transforms.log_transform`.
"""

from __future__ import annotations

import math

import numpy as np

from echelon.kernels._jit import Floats, jit, jit_rows_step, jit_step
from echelon.kernels.elementary import arc_tangent, log_of_one_more, sine_and_cosine
from echelon.kernels.gamma_tables import fast_expm1
from echelon.kernels.law_kinds import COUNTS, GAMMA, NORMAL, NOTHING, POISSON


@jit
def tilted(laws: Floats, tilts: Floats, unit: float, found: Floats) -> None:
    """Sum of the laws at real arguments, ``log E[exp(tilt X / unit)]``; infinite where that is.

    laws (k, 5); tilts (m,); found (m,) is overwritten.
    """
    for i in range(tilts.shape[0]):
        total = 0.0
        for k in range(laws.shape[0]):
            total += _tilted(laws, k, tilts[i] / unit)
        found[i] = total


@jit
def turned(laws: Floats, omega: Floats, unit: float, fall: Floats, turn: Floats) -> None:
    """Sum of the laws at imaginary arguments, ``log E[exp(i omega X / unit)]``.

    laws (k, 5); omega (m,); fall, turn (m,) are overwritten: real and imaginary part, the latter
    on the branch that is continuous from 0 on.
    """
    m = omega.shape[0]
    sine, cosine, x, y = np.empty(m), np.empty(m), np.empty(m), np.empty(m)
    counted = False
    for k in range(laws.shape[0]):
        counted |= laws[k, 0] == POISSON or laws[k, 0] == COUNTS
    if counted:  # of all counts these are the same
        _angles(omega, 0.5 / unit, sine, cosine)
    for i in range(m):
        fall[i], turn[i] = 0.0, 0.0
    for k in range(laws.shape[0]):
        kind, a, b, known, rate = laws[k, 0], laws[k, 1], laws[k, 2], laws[k, 3], laws[k, 4]
        _known(omega, known / unit, x, y)
        if kind == NORMAL:
            _add_normal(omega, a / unit, b / (unit * unit), x, y)
        elif kind == GAMMA:
            _add_gamma(omega, a, b / unit, x, y)
        elif kind == POISSON:
            _add_poisson(sine, cosine, a, x, y)
        elif kind == COUNTS:
            _add_counts(sine, cosine, a, b, x, y)
        if rate > 0.0:
            _compound(rate, x, y)
        for i in range(m):
            fall[i] += x[i]
            turn[i] += y[i]


@jit_rows_step
def _angles(omega: Floats, per: float, sine: Floats, cosine: Floats) -> None:
    """Sines and cosines of half the frequencies, per unit."""
    for i in range(omega.shape[0]):
        sine[i], cosine[i] = sine_and_cosine(omega[i] * per)


@jit_rows_step
def _known(omega: Floats, known: float, x: Floats, y: Floats) -> None:
    """A known demand."""
    for i in range(omega.shape[0]):
        x[i], y[i] = 0.0, known * omega[i]


@jit_rows_step
def _add_normal(omega: Floats, mean: float, variance: float, x: Floats, y: Floats) -> None:
    for i in range(omega.shape[0]):
        x[i] -= 0.5 * variance * omega[i] * omega[i]
        y[i] += mean * omega[i]


@jit_rows_step
def _add_gamma(omega: Floats, shape: float, scale: float, x: Floats, y: Floats) -> None:
    for i in range(omega.shape[0]):
        u = scale * omega[i]
        x[i] -= 0.5 * shape * log_of_one_more(u * u)
        y[i] += shape * arc_tangent(u, 1.0)


@jit_rows_step
def _add_poisson(sine: Floats, cosine: Floats, mean: float, x: Floats, y: Floats) -> None:
    for i in range(sine.shape[0]):
        x[i] -= 2.0 * mean * sine[i] * sine[i]  # exp(is) - 1, whose imaginary part is the sine
        y[i] += 2.0 * mean * sine[i] * cosine[i]


@jit_rows_step
def _add_counts(
    sine: Floats, cosine: Floats, many: float, each: float, x: Floats, y: Floats
) -> None:
    for i in range(sine.shape[0]):
        more = 2.0 * each * sine[i] * sine[i]
        # of what the transform has below the line the real part is 1 + more
        x[i] -= 0.5 * many * log_of_one_more(2.0 * (1.0 + each) * more)
        y[i] += many * arc_tangent(2.0 * each * sine[i] * cosine[i], 1.0 + more)


@jit_rows_step
def _compound(rate: float, x: Floats, y: Floats) -> None:
    """From the sizes of orders to all orders of a period, in place."""
    for i in range(x.shape[0]):
        sine, cosine = sine_and_cosine(0.5 * y[i])
        less = fast_expm1(x[i])
        size = 2.0 * (1.0 + less) * sine
        x[i], y[i] = rate * (less - size * sine), rate * size * cosine


@jit_step
def _tilted(laws: Floats, k: int, s: float) -> float:
    kind, a, b = laws[k, 0], laws[k, 1], laws[k, 2]
    found = laws[k, 3] * s
    if kind == POISSON:
        found += a * math.expm1(s)
    elif kind == NORMAL:
        found += s * (a + 0.5 * b * s)
    elif kind != NOTHING:
        u = b * (math.expm1(s) if kind == COUNTS else s)
        found = found - a * math.log1p(-u) if u < 1.0 else math.inf
    rate = laws[k, 4]
    return float(rate * math.expm1(found) if rate > 0.0 else found)
