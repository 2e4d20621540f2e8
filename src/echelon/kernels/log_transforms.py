r"""Cumulant generating functions of several laws together, where they have formulas.

A law is a row ``(kind, a, b, known, rate)``: of a kind in
:mod:`echelon.kernels.law_kinds`, to which ``known`` is added; with a rate above 0
it is the size of the orders of a compound Poisson demand. With :math:`K` its cumulant generating
function that of the demand is :math:`\lambda(e^K - 1)`. The plain twin is
:func:`echelon.distributions.transforms.log_transform`.
"""

from __future__ import annotations

import math

from echelon.kernels._jit import Floats, jit, jit_step
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
    counted = False
    for k in range(laws.shape[0]):
        counted |= laws[k, 0] == POISSON or laws[k, 0] == COUNTS
    for i in range(omega.shape[0]):
        real, imaginary = 0.0, 0.0
        s = omega[i] / unit
        half, across = 0.0, 0.0
        if counted:  # of all counts these are the same
            half, across = math.sin(0.5 * s), math.sin(s)
        for k in range(laws.shape[0]):
            x, y = _turned(laws, k, s, half, across)
            real += x
            imaginary += y
        fall[i], turn[i] = real, imaginary


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


@jit_step
def _turned(laws: Floats, k: int, s: float, half: float, across: float) -> tuple[float, float]:
    """One law at ``is``; half and across are the sines of s / 2 and s, for counts."""
    kind, a, b = laws[k, 0], laws[k, 1], laws[k, 2]
    x, y = 0.0, laws[k, 3] * s
    if kind == NORMAL:
        x, y = -0.5 * b * s * s, y + a * s
    elif kind == GAMMA:
        u = b * s
        x, y = -0.5 * a * math.log1p(u * u), y + a * math.atan(u)
    elif kind != NOTHING:
        short = 2.0 * half * half  # exp(is) - 1 is -short + i across
        if kind == POISSON:
            x, y = -a * short, y + a * across
        else:  # of what the transform has below the line the real part is 1 + b short
            more, sine = b * short, b * across
            x = -0.5 * a * math.log1p(more * (2.0 + more) + sine * sine)
            y += a * math.atan2(sine, 1.0 + more)
    rate = laws[k, 4]
    if rate > 0.0:
        size, sine = math.exp(x), math.sin(0.5 * y)
        return rate * (math.expm1(x) - 2.0 * size * sine * sine), rate * size * math.sin(y)
    return x, y
