r"""Quantiles of totals over many times, from the transform of one period at a few frequencies.

With :math:`g` the square wave that is 1 from 0 to :math:`H` and 0 from :math:`-H` to 0,
:math:`E[g(x - S)]` is the distribution function of :math:`S` at :math:`x` but for what is farther
than :math:`H` from it; its Fourier series has odd harmonics :math:`\omega_j = (2j + 1)\pi/H` only,
and with :math:`\psi` the logarithm of the characteristic function of one period

.. math::

    P(S_t \le x) = \tfrac12 - \sum_j w_j e^{t \Re \psi_j} \sin(t \Im \psi_j - x \omega_j),

:math:`w_j = 2/(H\omega_j)` [1]_. On a lattice of step 1 the series is finite, x is half a step
beyond a point, :math:`\omega_j` becomes :math:`2\sin(\omega_j/2)` in the weight, and the rise is
the probability of the point itself.

Every time is worked out by itself: nothing it finds depends on which others are asked for.

References
----------
.. [1] Davies (1973), Numerical inversion of a characteristic function, *Biometrika* 60(2).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit, jit_rows_step, jit_step

NEAR: Final = 1e-12
"""So near to a share of a density that one more of Newton's steps is all it takes."""
TIE: Final = 1e-10
"""So near to a share that rounding may decide on which side of it a probability is."""
_QUIET: Final = -42.0
"""Logarithm of an amplitude that adds nothing."""
MOST_POWERS: Final = 7
"""Whole times below two to this are raised to by squaring, others by exponentials."""
WAVES: Final = 5 + 2 * MOST_POWERS
"""Rows of working space."""
_AFRESH: Final = 64
"""Harmonics after which their angle is computed anew, and not turned on from the one before."""
_MOST_ROUNDS: Final = 60


@jit
def chernoff_reach(
    times: Floats,
    tilts: Floats,
    up: Floats,
    down: Floats,
    share: float,
    tail: float,
    least: float,
    reach: Floats,
) -> None:
    """Bounds on quantiles and ends: the least and the most over all tilts.

    times (n,) periods; tilts (m,) above 0, up, down (m,) cumulant generating functions of one
    period at them and at their negatives, infinite where there is none; tail: probability beyond
    each end; least: where the support begins. reach (4, n) is overwritten: lower and upper bound of
    the quantile, lower and upper end.
    """
    log_share, log_rest, log_tail = math.log(share), math.log1p(-share), math.log(tail)
    for i in range(times.shape[0]):
        time = times[i]
        low, high, begin, end = -np.inf, np.inf, -np.inf, np.inf
        for k in range(tilts.shape[0]):
            per = 1.0 / tilts[k]
            rise, fall = time * up[k], time * down[k]
            high = min(high, (rise - log_rest) * per)
            end = min(end, (rise - log_tail) * per)
            low = max(low, (log_share - fall) * per)
            begin = max(begin, (log_tail - fall) * per)
        reach[0, i], reach[1, i] = max(low, least), high
        reach[2, i], reach[3, i] = max(begin, least), end


@jit
def lay_out(
    times: Floats,
    need: Floats,
    omega: Floats,
    level: Floats,
    negligible: float,
    shift: float,
    rung: Integers,
    count: Integers,
    half: Floats,
    sizes: Integers,
) -> int:
    """Half periods from a ladder, twice as high every other rung, and how many harmonics of each.

    times (n,) periods; need (n,), the half periods that they need; omega, level (k,): frequencies,
    and what the logarithm of one period's transform stays below from each on, falling; negligible:
    logarithm of an amplitude; shift as of :func:`inverted_quantiles`. rung, count (n,), half (n,)
    and sizes (n,), from 0 on, are overwritten: sizes with the most harmonics that a time needs of a
    half period. How many half periods there are is given back.
    """
    n_rungs = 0
    for i in range(times.shape[0]):
        reach = 2.0 ** (0.5 * math.ceil(2.0 * math.log2(need[i])))
        # on a lattice an even number of points
        own = 2.0 * math.ceil(0.5 * reach + 2.0) if shift > 0.0 else 1.001 * reach
        at = n_rungs - 1
        while at >= 0 and half[at] != own:
            at -= 1
        if at < 0:
            at = n_rungs
            half[at] = own
            n_rungs += 1
        low, high = 0, level.shape[0]
        while low < high:
            middle = (low + high) // 2
            if times[i] * level[middle] <= negligible:
                high = middle
            else:
                low = middle + 1
        heard = 0.5 * own if shift > 0.0 else np.inf
        if low < level.shape[0]:
            heard = min(heard, math.ceil(omega[low] * own / (2.0 * math.pi)) + 1.0)
        rung[i], count[i] = at, int(heard)
        sizes[at] = max(sizes[at], count[i])
    return n_rungs


@jit
def harmonics(half: Floats, ptr: Integers, omega: Floats) -> None:
    """Odd harmonics of each half period: omega from ``ptr[r]`` on is overwritten."""
    for r in range(half.shape[0]):
        base = math.pi / half[r]
        for j in range(ptr[r + 1] - ptr[r]):
            omega[ptr[r] + j] = base * (2.0 * j + 1.0)


@jit
def inverted_quantiles(
    times: Floats,
    share: float,
    low: Floats,
    high: Floats,
    guess: Floats,
    rung: Integers,
    ptr: Integers,
    half: Floats,
    fall: Floats,
    turn: Floats,
    count: Integers,
    shift: float,
    waves: Floats,
    found: Floats,
) -> None:
    """Smallest points at which the distribution functions reach a share.

    Newton's steps inside brackets that shrink. times, low, high, guess (n,), the last three in the
    unit in which frequencies are counted; rung (n,), which of the half periods ``half`` a time
    uses, and count (n,), how many of its frequencies; fall, turn: real and imaginary part of the
    logarithm at the frequencies of half period r from ``ptr[r]`` on; shift: 0 of a density, 0.5 on
    a lattice of step 1. waves (WAVES, at least the most of count) is working space; found (n,) is
    overwritten, NaN where rounding decides.
    """
    before, at, size, powers = -1, 0, 0, 0
    for i in range(times.shape[0]):
        own = half[rung[i]]
        if rung[i] != before:
            before, powers = rung[i], 0
            at, size = ptr[before], ptr[before + 1] - ptr[before]
            _weigh(waves, own, shift, size)
        heard, powers = _sound(waves, times[i], fall, turn, at, size, count[i], powers)
        found[i] = _solved(waves, heard, math.pi / own, shift, share, low[i], high[i], guess[i])


@jit
def inverted_probabilities(
    times: Floats,
    points: Floats,
    rung: Integers,
    ptr: Integers,
    half: Floats,
    fall: Floats,
    turn: Floats,
    count: Integers,
    shift: float,
    waves: Floats,
    found: Floats,
) -> None:
    """Distribution functions at a point each; as :func:`inverted_quantiles`, points in the unit."""
    before, at, size, powers = -1, 0, 0, 0
    for i in range(times.shape[0]):
        own = half[rung[i]]
        if rung[i] != before:
            before, powers = rung[i], 0
            at, size = ptr[before], ptr[before + 1] - ptr[before]
            _weigh(waves, own, shift, size)
        heard, powers = _sound(waves, times[i], fall, turn, at, size, count[i], powers)
        found[i], _ = _reached(waves, heard, (points[i] + shift) * math.pi / own)


@jit_step
def _weigh(waves: Floats, half: float, shift: float, n: int) -> None:
    """Weights of the n harmonics of one half period, and what turns each into its rise."""
    base = math.pi / half
    if shift == 0.0:
        for j in range(n):
            omega = base * (2.0 * j + 1.0)
            waves[2, j], waves[3, j] = omega, 0.0
            waves[4, j] = 2.0 / (half * omega)
        return
    by_cosine, by_sine = math.cos(base), math.sin(base)
    cosine, sine = 1.0, 0.0
    for j in range(n):
        if j % _AFRESH == 0:
            cosine, sine = math.cos((j + 0.5) * base), math.sin((j + 0.5) * base)
        waves[2, j], waves[3, j] = 2.0 * sine * cosine, 2.0 * sine * sine
        waves[4, j] = 1.0 / (half * sine)
        cosine, sine = cosine * by_cosine - sine * by_sine, sine * by_cosine + cosine * by_sine


@jit_step
def _sound(
    waves: Floats,
    time: float,
    fall: Floats,
    turn: Floats,
    at: int,
    size: int,
    count: int,
    powers: int,
) -> tuple[int, int]:
    """Amplitudes by sine and cosine of the harmonics of one time, by powers where it is whole.

    How many are worth hearing is given back, and how many powers of one period are there now.
    """
    heard = count
    while heard > 0 and time * fall[at + heard - 1] < _QUIET:
        heard -= 1
    whole = int(time)
    if time != whole or whole >= 1 << MOST_POWERS:
        for j in range(heard):
            amplitude, angle = waves[4, j] * math.exp(time * fall[at + j]), time * turn[at + j]
            waves[0, j], waves[1, j] = amplitude * math.sin(angle), amplitude * math.cos(angle)
        return heard, powers
    while whole >> powers > 0:
        _raise(waves, fall, turn, at, size, powers)
        powers += 1
    sine, cosine, weight = waves[0], waves[1], waves[4]
    for j in range(heard):
        sine[j], cosine[j] = 0.0, weight[j]
    for k in range(powers):
        if whole >> k & 1:
            _multiply(waves[0], waves[1], waves[5 + 2 * k], waves[6 + 2 * k], heard)
    return heard, powers


@jit_step
def _raise(waves: Floats, fall: Floats, turn: Floats, at: int, n: int, k: int) -> None:
    """Transform of ``2**k`` periods at the harmonics of a half period: a square but for k = 0."""
    sine, cosine = waves[5 + 2 * k], waves[6 + 2 * k]
    if k == 0:
        for j in range(n):
            amplitude, angle = math.exp(fall[at + j]), turn[at + j]
            sine[j], cosine[j] = amplitude * math.sin(angle), amplitude * math.cos(angle)
        return
    for j in range(n):
        x, y = waves[4 + 2 * k, j], waves[3 + 2 * k, j]
        sine[j], cosine[j] = 2.0 * x * y, (x - y) * (x + y)


@jit_rows_step
def _multiply(sine: Floats, cosine: Floats, by_sine: Floats, by_cosine: Floats, n: int) -> None:
    """Products of complex numbers, in place."""
    for j in range(n):
        x, y = cosine[j], sine[j]
        cosine[j] = x * by_cosine[j] - y * by_sine[j]
        sine[j] = y * by_cosine[j] + x * by_sine[j]


@jit_step
def _reached(waves: Floats, heard: int, angle: float) -> tuple[float, float]:
    """Distribution function at a point, and how it rises there; ``angle`` of the first harmonic."""
    one_cosine, one_sine = math.cos(2.0 * angle), math.sin(2.0 * angle)
    by_cosine = (one_cosine - one_sine) * (one_cosine + one_sine)  # of two harmonics on
    by_sine = 2.0 * one_sine * one_cosine
    total, rise, after, rise_after = 0.0, 0.0, 0.0, 0.0
    for begin in range(0, heard, _AFRESH):
        cosine, sine = math.cos((2 * begin + 1) * angle), math.sin((2 * begin + 1) * angle)
        x, y = cosine * one_cosine - sine * one_sine, sine * one_cosine + cosine * one_sine
        end = min(begin + _AFRESH, heard)
        for j in range(begin, end - 1, 2):  # two at a time, as neither waits for the other
            across = waves[0, j] * cosine - waves[1, j] * sine
            along = waves[1, j] * cosine + waves[0, j] * sine
            total += across
            rise += along * waves[2, j] - across * waves[3, j]
            cosine, sine = cosine * by_cosine - sine * by_sine, sine * by_cosine + cosine * by_sine
            across = waves[0, j + 1] * x - waves[1, j + 1] * y
            along = waves[1, j + 1] * x + waves[0, j + 1] * y
            after += across
            rise_after += along * waves[2, j + 1] - across * waves[3, j + 1]
            x, y = x * by_cosine - y * by_sine, y * by_cosine + x * by_sine
        if (end - begin) % 2 == 1:
            across = waves[0, end - 1] * cosine - waves[1, end - 1] * sine
            along = waves[1, end - 1] * cosine + waves[0, end - 1] * sine
            total += across
            rise += along * waves[2, end - 1] - across * waves[3, end - 1]
    return 0.5 - (total + after), rise + rise_after


@jit_step
def _solved(
    waves: Floats,
    heard: int,
    base: float,
    shift: float,
    share: float,
    low: float,
    high: float,
    guess: float,
) -> float:
    """One quantile, in the unit; NaN where rounding decides or no step gets there."""
    whole = shift > 0.0
    if whole:
        low, high, guess = math.floor(low) - 1.0, math.ceil(high) + 1.0, math.ceil(guess)
    at = min(max(guess, low), high)
    for round_ in range(_MOST_ROUNDS):
        reached, rise = _reached(waves, heard, (at + shift) * base)
        gap = reached - share
        if gap >= 0.0:
            high = at
        else:
            low = at
        if whole:
            before = gap - rise  # at the point before
            if min(abs(gap), abs(before)) < TIE:
                return math.nan
            if gap >= 0.0 and before < 0.0:
                return at
        elif abs(gap) < NEAR and rise > 0.0:
            return at - gap / rise
        elif high - low <= 1e-15 * abs(at):
            return at
        at = _next(at, gap, rise, low, high, whole, round_ > 6 and round_ % 2 == 0)
    return math.nan


@jit_step
def _next(
    at: float, gap: float, rise: float, low: float, high: float, whole: bool, halve: bool
) -> float:
    """Newton's step, or the middle where that leaves the bracket or is not to be taken."""
    middle = 0.5 * (low + high)
    if whole:
        middle = math.ceil(middle)
    if halve or rise <= 0.0:
        return middle
    newton = at - gap / rise
    if whole:
        newton = math.ceil(newton)
        if newton == at:
            newton = at + (1.0 if gap < 0.0 else -1.0)
    return newton if low < newton < high else middle
