r"""Quantiles of the demand of a random number of periods, for all times of a stage.

With :math:`t_j` the periods and :math:`w_j` their probabilities, the demand is of the distribution
function :math:`F(x) = \sum_j w_j F_{t_j}(x)`. A density's quantile is found by Halley's method on
the logarithm of the smaller tail, which of each total is concave, between Cantelli's bounds, which
are halved where a step would leave them; that of counts by steps of one from a guess. The search
begins where the demand of one number of periods alone would have the whole tail: so no answer
depends on what else is asked.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit, jit_step
from echelon.kernels.gamma_tables import log_mass

NORMAL: Final = 0
GAMMA: Final = 1

MOST_SHAPE: Final = 1e5
"""Larger gamma shapes take too many terms."""
MOST_COUNTS: Final = 2e4
"""Counts up to which logarithms of factorials are exact enough, and sums short enough."""

_ROOT_HALF = math.sqrt(0.5)
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
_CLOSE = 1e-6
"""Beside the narrowest total: after a step so small the next, its cube, is below rounding."""
_LEAST_BEND = 0.5
"""Halley's step is no more than Newton's over this."""
_MOST_STEPS = 200
_ROUNDING = 2e-16
_ALL_ABOVE, _NONE_ABOVE = -9.0, 12.0
_TIE = 1e-9
_NEAR_ONE = 1e-14
_FAR = 100.0
_MOST_TERMS = 10_000.0


@jit
def density_mixture_quantiles(
    family: int,
    times: Floats,
    waits: Floats,
    weights: Floats,
    mean: float,
    std: float,
    level: float,
    deviates: Floats,
    usual: float,
    out: Floats,
) -> None:
    """Quantiles of normal or gamma demand over ``max(times + waits, 0)`` periods.

    Those of gamma demand for levels from 0.5 on. times (n,) periods; waits (k,) periods and
    weights (k,), together 1; mean, std of one period, units, std > 0; level between 0 and 1;
    deviates (k,), standard deviations from its mean towards the smaller tail beyond which a number
    of periods alone has all the probability of that tail, -inf where it never has; usual, the same
    of a single normal total; out (n,) units, overwritten.
    """
    k = waits.shape[0]
    centre, spread, chance = np.empty(k), np.empty(k), np.empty(k)
    sign = 1.0 if level >= 0.5 else -1.0  # of the smaller tail: above the quantile, or below
    tail = 1.0 - level if level >= 0.5 else level
    odds = math.sqrt((1.0 - tail) / tail)
    # where the function is flat at the level itself, its sum may round to either side
    goal = math.log(tail + _ROUNDING * math.sqrt(k))
    for i in range(times.shape[0]):
        n, none, narrow = 0, 0.0, np.inf
        first, second, start = 0.0, 0.0, -np.inf
        for j in range(k):
            periods = max(times[i] + waits[j], 0.0)
            if periods == 0.0:
                none += weights[j]  # and certainly no demand
                continue
            m, s = mean * periods, std * math.sqrt(periods)
            centre[n], spread[n], chance[n] = m, s, weights[j]
            narrow = min(narrow, s)
            first += weights[j] * m
            second += weights[j] * (s * s + m * m)
            start = max(start, sign * m + deviates[j] * s)
            n += 1
        deviation = math.sqrt(max(second - first * first, 0.0))
        if start == -np.inf:
            start = sign * first + usual * deviation
        slack = deviation * (1.0 + 1e-9) + 1e-9 * abs(first)
        # along the direction of the smaller tail, in which the quantile is the largest such number
        low, high = sign * first - slack / odds, sign * first + slack * odds
        if none > 0.0:
            beyond = 0.0
            for j in range(n):
                beyond += chance[j] * _beyond(family, sign, 0.0, centre[j], spread[j])[0]
            if beyond <= tail <= beyond + none or n == 0:
                out[i] = 0.0
                continue
            if beyond > tail:
                low = max(low, 0.0)
            else:
                high = min(high, 0.0)
        x = start
        if not low < x < high:
            x = 0.5 * (low + high)
        for _ in range(_MOST_STEPS):
            beyond, density, slope = none if x < 0.0 else 0.0, 0.0, 0.0
            for j in range(n):
                part, rise = _beyond(family, sign, x, centre[j], spread[j])
                beyond += chance[j] * part
                density += chance[j] * rise
                slope += chance[j] * rise * _steepness(family, sign, x, centre[j], spread[j])
            gap = math.log(beyond) - goal if beyond > 0.0 else -np.inf
            if gap > 0.0:
                low = x
            else:
                high = x
            after = np.inf
            if density > 0.0:
                reach = beyond / density
                bend = 1.0 + 0.5 * gap * (1.0 + slope / density * reach)
                after = x + gap * reach / max(bend, _LEAST_BEND)
            stepped = low <= after <= high
            if not stepped:
                after = 0.5 * (low + high)
            moved = abs(after - x)
            x = after
            if (stepped and moved <= _CLOSE * narrow) or not low < x < high:
                break
        out[i] = sign * x


@jit
def normal_mixture_rows(
    time_ptr: Integers,
    times: Floats,
    wait_ptr: Integers,
    waits: Floats,
    weights: Floats,
    deviates: Floats,
    mean: Floats,
    std: Floats,
    level: Floats,
    usual: Floats,
    out: Floats,
) -> None:
    """Quantiles of many normal demands, each as :func:`density_mixture_quantiles` finds them.

    time_ptr, wait_ptr (n + 1,): where those of each demand begin in times and out, and in waits,
    weights and deviates; mean, std, level, usual (n,).
    """
    for r in range(mean.shape[0]):
        here, there = time_ptr[r], time_ptr[r + 1]
        first, last = wait_ptr[r], wait_ptr[r + 1]
        density_mixture_quantiles(
            NORMAL, times[here:there], waits[first:last], weights[first:last], mean[r], std[r],
            level[r], deviates[first:last], usual[r], out[here:there],
        )  # fmt: skip


@jit_step
def _beyond(family: int, sign: float, x: float, mean: float, std: float) -> tuple[float, float]:
    """Probability above x where sign is 1, else up to -x, and density; of gamma demand above."""
    z = (x - sign * mean) / std
    if family == NORMAL:
        if z > _NONE_ABOVE:
            return 0.0, 0.0
        if z < _ALL_ABOVE:
            return 1.0, 0.0
        return 0.5 * math.erfc(z * _ROOT_HALF), math.exp(-0.5 * z * z) / (std * _ROOT_TWO_PI)
    shape, scale = (mean / std) ** 2, std * (std / mean)
    point = x / scale
    if point <= 0.0:
        return 1.0, 0.0
    ratio = point / shape
    # of point**shape * exp(-point) / Gamma(shape), so that nothing large cancels
    power = math.exp(shape * (math.log(ratio) - (ratio - 1.0)) + log_mass(shape))
    if point < shape + 1.0:
        total, term, n = 1.0, 1.0, shape
        while term > 1e-17 * total:
            n += 1.0
            term *= point / n
            total += term
        return 1.0 - power * total / shape, power / (point * scale)
    bottom = point + 1.0 - shape
    d, c, n = 1.0 / bottom, 1e300, 0.0
    h, last = d, 0.0
    while abs(last - 1.0) > 4e-16 and n < _MOST_TERMS:
        n += 1.0
        factor = -n * (n - shape)
        bottom += 2.0
        d = 1.0 / (factor * d + bottom)
        c = bottom + factor / c
        last = d * c
        h *= last
    return power * h, power / (point * scale)


@jit_step
def _steepness(family: int, sign: float, x: float, mean: float, std: float) -> float:
    """How the logarithm of the density that :func:`_beyond` gives changes with x."""
    if family == NORMAL:
        return (sign * mean - x) / (std * std)
    if x <= 0.0:
        return 0.0
    return ((mean / std) ** 2 - 1.0) / x - mean / (std * std)


@jit
def count_mixture_quantiles(
    times: Floats,
    waits: Floats,
    weights: Floats,
    mean: float,
    excess: float,
    level: float,
    found: Floats,
) -> None:
    """Quantiles of Poisson or negative binomial demand over ``max(times + waits, 0)`` periods.

    times, waits, weights as of :func:`density_mixture_quantiles`; mean and excess: mean of one
    period, and what its variance is above it, 0 of a Poisson demand; found (n,) units: holds
    guesses, and is overwritten by the smallest counts that demand stays within with probability
    ``level``, NaN where rounding might decide or counts are large.
    """
    k = waits.shape[0]
    many, scale, chance = np.empty(k), np.empty(k), np.empty(k)
    upper = level >= 0.5  # the smaller tail is that above the quantile
    for i in range(times.shape[0]):
        at, reached, beyond, atom = max(math.floor(found[i]), 0.0), 0.0, 0.0, 0.0
        large, lost = False, False
        for j in range(k):
            periods = max(times[i] + waits[j], 0.0)
            m, more = mean * periods, excess * periods
            many[j] = m * (m / more) if more > 0.0 else 0.0
            scale[j] = more / (m + more) if more > 0.0 else m
            if periods == 0.0:
                chance[j] = 0.0
                atom += weights[j]  # and certainly no demand
                continue
            spread = max(math.sqrt(m + more), (m + more) / m)
            if not m + 10.0 * spread + many[j] < MOST_COUNTS or at > MOST_COUNTS:
                large = True
                break
            chance[j] = weights[j] * _mass(at, m, more, many[j], scale[j])
            lost |= chance[j] == 0.0
            inside, outside = _parts(at, chance[j], weights[j], m, many[j], scale[j])
            reached += inside
            beyond += outside
        if large:
            found[i] = np.nan
            continue
        # how far the level is passed at this count, by the tail that loses no digits
        gap = (1.0 - level) - beyond if upper else reached + atom - level
        tie = _TIE * ((1.0 - level) if upper else level) + _NEAR_ONE
        begun, here = at, 0.0
        for j in range(k):
            here += chance[j]
        while gap < 0.0 and at < MOST_COUNTS:
            here = 0.0
            for j in range(k):
                chance[j] *= _ratio(at, scale[j], many[j])
                here += chance[j]
            at += 1.0
            gap += here
        while at > 0.0 and gap - here >= 0.0:
            gap -= here
            here = 0.0
            for j in range(k):
                if chance[j] > 0.0:
                    chance[j] /= _ratio(at - 1.0, scale[j], many[j])
                    here += chance[j]
            at -= 1.0
        sure = gap >= tie and (at == 0.0 or here - gap >= tie) and at < MOST_COUNTS
        # what was too small to be told from nothing may have grown on a long way
        sure = sure and not (lost and abs(at - begun) > _FAR)
        found[i] = at if sure else np.nan


@jit_step
def _ratio(k: float, scale: float, many: float) -> float:
    """Probability of one more than k over that of k."""
    return scale * (k + many if many > 0.0 else 1.0) / (k + 1.0)


@jit_step
def _mass(k: float, mean: float, excess: float, many: float, scale: float) -> float:
    """Probability of k units."""
    log_chance = -mean + (k * math.log(mean) if k > 0.0 else 0.0)
    if excess > 0.0:
        log_chance = math.lgamma(k + many) - math.lgamma(many)
        log_chance += many * math.log1p(-scale) + k * math.log(scale)
    log_chance -= math.lgamma(k + 1.0)
    return math.exp(log_chance) if log_chance > -690.0 else 0.0  # less loses its digits


@jit_step
def _parts(
    k: float, chance: float, weight: float, mean: float, many: float, scale: float
) -> tuple[float, float]:
    """Probabilities of at most k and of more, out of a weight: the one of fewer terms summed."""
    total, term, at = 0.0, chance, k
    if k > mean:
        while term > 1e-17 * total:
            term *= _ratio(at, scale, many)
            total += term
            at += 1.0
        return weight - total, total
    total = chance
    while at > 0.0 and term > 1e-17 * total:
        at -= 1.0
        term /= _ratio(at, scale, many)
        total += term
    return total, weight - total
