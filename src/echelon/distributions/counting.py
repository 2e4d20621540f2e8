r"""Partial moments of Poisson, negative binomial and binomial counts, stable in both tails.

All three have :math:`p_{j+1}/p_j` a ratio of straight lines in j, so one algebra serves them. With
:math:`v` the variance over the mean, n a whole level and :math:`w = v(n + 1)p_{n+1}`,

- above, with :math:`S = P(D > n)`: :math:`B_1 = E(D - n)^+ = (\mu - n) S + w` and
  :math:`E[((D - n)^+)^2] = (\mu - n + v) B_1 + n v S`;
- below, with :math:`F = P(D \le n)`: :math:`A_1 = E(n - D)^+ = (n - \mu) F + w` and
  :math:`E[((n - D)^+)^2] = (n - \mu - v) A_1 + n v F`.

Where these cancel, the binomial moments :math:`E\binom{D - n}{k}` are taken as integrals of the
tails of gamma and beta variables, since :math:`P(D \ge n)` is one in the parameter.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.distributions.tails import (
    KEPT,
    Moments,
    gamma_lower,
    gamma_upper,
    gamma_weight,
    log1p_gap,
    stirling_error,
    tail_moments,
)

Tail = Callable[..., Moments]
_SERIES_SUCCESSES = 5.0


def poisson_above(x: Floats, mean: Floats, order: int) -> Moments:
    """Partial moments above ``x`` of a Poisson count; arrays of one shape, mean above 0, x >= 0."""
    n = np.floor(x)
    weight = gamma_weight(n + 1.0, mean)
    chance = gamma_lower(n + 1.0, mean)
    return _above(x, n, mean, np.ones_like(mean), chance, weight, order, _poisson_tail, mean)


def poisson_below(x: Floats, mean: Floats, order: int) -> Moments:
    """Partial moments below ``x`` of a Poisson count; arrays of one shape, mean above 0, x >= 0."""
    n = np.floor(x)
    weight = gamma_weight(n + 1.0, mean)
    chance = gamma_upper(n + 1.0, mean)
    return _below(x, n, mean, np.ones_like(mean), chance, weight, order, _poisson_start, mean)


def negative_binomial_above(
    x: Floats, successes: Floats, chance: Floats, other: Floats, order: int
) -> Moments:
    """Partial moments above ``x`` of the failures before so many successes.

    ``other`` is 1 less the chance of success; arrays of one shape, x >= 0.
    """
    n = np.floor(x)
    mean = successes * (other / chance)
    weight = mean * _failures(n, successes, chance, other)
    more = failures_more(n, successes, chance, other)
    columns = successes, chance, other
    spread = np.asarray(1.0 / chance, dtype=np.float64)
    return _above(x, n, mean, spread, more, weight, order, _failures_tail, *columns)


def negative_binomial_below(
    x: Floats, successes: Floats, chance: Floats, other: Floats, order: int
) -> Moments:
    """Partial moments below ``x``; see :func:`negative_binomial_above`."""
    n = np.floor(x)
    mean = successes * (other / chance)
    weight = mean * _failures(n, successes, chance, other)
    most = failures_most(n, successes, chance, other)
    columns = successes, chance, other
    spread = np.asarray(1.0 / chance, dtype=np.float64)
    return _below(x, n, mean, spread, most, weight, order, _failures_start, *columns)


def failures_most(n: Floats, successes: Floats, chance: Floats, other: Floats) -> Floats:
    """Probability of at most n failures: by the smaller of the two chances, which is the exact one.

    Flat arrays of one length; n a whole number from 0 on.
    """
    rare = other < 0.5
    if rare.all():
        return np.asarray(scipy.special.betaincc(n + 1.0, successes, other))
    if not rare.any():
        return np.asarray(scipy.special.betainc(successes, n + 1.0, chance))
    found = np.empty_like(n)
    found[rare] = scipy.special.betaincc(n[rare] + 1.0, successes[rare], other[rare])
    found[~rare] = scipy.special.betainc(successes[~rare], n[~rare] + 1.0, chance[~rare])
    return found


def failures_more(n: Floats, successes: Floats, chance: Floats, other: Floats) -> Floats:
    """Probability of more than n failures; see :func:`failures_most`."""
    rare = other < 0.5
    if rare.all():
        return np.asarray(scipy.special.betainc(n + 1.0, successes, other))
    if not rare.any():
        return np.asarray(scipy.special.betaincc(successes, n + 1.0, chance))
    found = np.empty_like(n)
    found[rare] = scipy.special.betainc(n[rare] + 1.0, successes[rare], other[rare])
    found[~rare] = scipy.special.betaincc(successes[~rare], n[~rare] + 1.0, chance[~rare])
    return found


def binomial_above(x: Floats, trials: Floats, chance: Floats, order: int) -> Moments:
    """Partial moments above ``x`` of a binomial count; ``0 <= x < trials``, chance below 1."""
    return _binomial_above(x, trials, chance, 1.0 - chance, order)


def binomial_below(x: Floats, trials: Floats, chance: Floats, order: int) -> Moments:
    """Partial moments below ``x``: those of the trials that fail, above the rest of them."""
    left = trials - x
    inside = np.maximum(left, 0.0)
    _, first, second = _binomial_above(inside, trials, 1.0 - chance, chance, order)
    whole = np.floor(x)
    reached = scipy.special.betaincc(whole + 1.0, np.maximum(trials - whole, 1.0), chance)
    return np.where(whole >= trials, 1.0, reached), first, second


def _binomial_above(
    x: Floats, trials: Floats, chance: Floats, other: Floats, order: int
) -> Moments:
    n = np.minimum(np.floor(x), trials - 1.0)
    weight = (trials - n) * chance * _successes_probability(n, trials, chance, other)
    more = np.asarray(scipy.special.betainc(n + 1.0, trials - n, chance), dtype=np.float64)
    columns = trials, chance, other
    return _above(x, n, trials * chance, other, more, weight, order, _binomial_tail, *columns)


def _above(
    x: Floats,
    n: Floats,
    mean: Floats,
    spread: Floats,
    more: Floats,
    weight: Floats,
    order: int,
    tail: Tail,
    *columns: Floats,
) -> Moments:
    part = x - n
    whole = (mean - n) * more + weight
    nothing = np.zeros_like(whole)
    if order == 0:
        return more, nothing, nothing
    first = whole - part * more
    weak = first < KEPT * weight
    second = nothing
    if order == 2:
        squares = (mean - n + spread) * whole + n * spread * more
        second = 0.5 * (squares + part * (part * more - 2.0 * whole))
        weak |= second < KEPT * (np.abs(mean - n) + spread + 1.0) * weight
    if weak.any():
        at, rest = n[weak], 1.0 - part[weak]
        zeroth, once, twice = tail(at, weight[weak], *(one[weak] for one in columns))
        first[weak] = rest * zeroth + once
        if order == 2:
            second[weak] = 0.5 * rest**2 * zeroth + (rest + 0.5) * once + twice
    return more, first, second


def _below(
    x: Floats,
    n: Floats,
    mean: Floats,
    spread: Floats,
    most: Floats,
    weight: Floats,
    order: int,
    start: Callable[..., tuple[Floats, Floats]],
    *columns: Floats,
) -> Moments:
    part = x - n
    once = (n - mean) * most + weight
    nothing = np.zeros_like(once)
    if order == 0:
        return most, nothing, nothing
    weak = once < KEPT * weight
    squares = nothing
    if order == 2:
        squares = (n - mean - spread) * once + n * spread * most
        weak |= squares < KEPT * (np.abs(mean - n) + spread + 1.0) * weight
    if weak.any():
        single, pairs = start(n[weak], weight[weak], *(one[weak] for one in columns))
        once[weak], squares[weak] = single, 2.0 * pairs + single
    first = once + part * most
    return most, first, 0.5 * (squares + part * (part * most + 2.0 * once))


def _poisson_tail(n: Floats, weight: Floats, mean: Floats) -> Moments:
    """Binomial moments of the count from ``n + 1`` on: a gamma variable of that shape below."""
    found = tail_moments(_poisson_exponent, n / mean - 1.0, mean, n, mean)
    density = weight / mean
    return density * found[0], density * found[1], density * found[2]


def _poisson_exponent(s: Floats, power: Floats, mean: Floats) -> Floats:
    return np.asarray(scipy.special.xlog1py(power, -s / mean) + s)


def _poisson_start(n: Floats, weight: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Single and double binomial moments below n: gamma variables of shapes n and n - 1 above."""
    none = np.zeros_like(n)
    found = [none, none]
    density = weight * n / mean**2  # of shape n
    for k in (1, 2):
        some = n >= k
        power, at = (n - k)[some], mean[some]
        endless = np.full(power.shape, np.inf)
        inside = tail_moments(_start_exponent, 1.0 - power / at, endless, power, at)[k]
        found[k - 1] = none.copy()
        found[k - 1][some] = density[some] * inside
        density = density * np.maximum(n - 1.0, 0.0) / mean
    return found[0], found[1]


def _start_exponent(s: Floats, power: Floats, mean: Floats) -> Floats:
    return np.asarray(power * np.log1p(s / mean) - s)


def _failures(n: Floats, successes: Floats, chance: Floats, other: Floats) -> Floats:
    """Probability of so many successes in ``n + successes`` trials, by Loader's saddle point."""
    none = n == 0.0
    count = np.where(none, 1.0, n)
    total = count + successes
    difference = count * chance - successes * other
    exponent = (
        stirling_error(total)
        - stirling_error(count)
        - stirling_error(successes)
        - successes * log1p_gap(difference / successes)
        - count * log1p_gap(-difference / count)
    )
    raw = np.exp(exponent) * np.sqrt(total / (2.0 * np.pi * successes * count))
    return np.where(none, np.exp(successes * _log_of(chance, other)), raw)


def _log_of(chance: Floats, other: Floats) -> Floats:
    return np.where(other < 0.5, np.log1p(-np.minimum(other, 0.5)), np.log(chance))


def _failures_tail(
    n: Floats, weight: Floats, successes: Floats, chance: Floats, other: Floats
) -> Moments:
    """Binomial moments of the count from ``n + 1`` on: a beta variable below ``other``."""
    steepness = n / other - (successes - 1.0) / chance
    found = tail_moments(_beta_exponent, steepness, other, n, other, successes - 1.0, chance)
    # weight = mean * raw, and the probability of n is successes / (n + successes) * raw
    factor = weight / other * chance  # (n + r) p_n, times p
    zeroth = factor / chance
    once = zeroth * (n + successes + 1.0) / chance
    twice = once * (n + successes + 2.0) / chance
    return zeroth * found[0], once * found[1], twice * found[2]


def _failures_start(
    n: Floats, weight: Floats, successes: Floats, chance: Floats, other: Floats
) -> tuple[Floats, Floats]:
    """Single and double binomial moments below n: beta variables above ``other``."""
    none = np.zeros_like(n)
    found = [none.copy(), none.copy()]
    # (n + r) p_n = weight p / q; (n - k + r)_{k+1} p_{n-k} in the same terms
    lead = weight * chance / other
    for k in (1, 2):
        lead = lead * (n - k + 1.0) / (other)
        some = n >= k
        if some.any():
            columns = n[some] - k, other[some], successes[some] - 1.0, chance[some]
            inside = _beyond(k, *columns)
            found[k - 1][some] = (lead / chance ** (k + 1))[some] * inside
    return found[0], found[1]


def _beyond(k: int, power: Floats, other: Floats, rest: Floats, chance: Floats) -> Floats:
    """Integral of ``s**k/k! (1 + s/q)**power (1 - s/p)**rest`` from 0 to p."""
    total = np.empty_like(power)
    smooth = rest + 1.0 >= _SERIES_SUCCESSES
    if smooth.any():
        a, q, b, p = power[smooth], other[smooth], rest[smooth], chance[smooth]
        total[smooth] = tail_moments(_beta_exponent, b / p - a / q, p, b, p, a, q)[k]
    if not smooth.all():
        a, q, r, p = (one[~smooth] for one in (power, other, rest + 1.0, chance))
        term = scipy.special.beta(r, k + 1.0)
        series = term.copy()
        choose = np.ones_like(a)
        for j in range(1, 60):
            choose = -choose * (a - j + 1.0) / j * p
            term = choose * scipy.special.beta(r + j, k + 1.0)
            series = series + term
            if (np.abs(term) <= 1e-18 * np.abs(series)).all():
                break
        total[~smooth] = p ** (k + 1) * q**-a * series / (1.0 if k == 1 else 2.0)
    return total


def _beta_exponent(s: Floats, fall: Floats, end: Floats, rise: Floats, scale: Floats) -> Floats:
    xlog1py = scipy.special.xlog1py
    return np.asarray(xlog1py(fall, -s / end) + xlog1py(rise, s / scale))


def _successes_probability(n: Floats, trials: Floats, chance: Floats, other: Floats) -> Floats:
    """Binomial probability of n below the trials, by Loader's saddle point."""
    none = n == 0.0
    count = np.where(none, 1.0, n)
    rest = np.maximum(trials - count, 1.0)  # a single trial has no count but 0
    difference = count * other - rest * chance
    exponent = (
        stirling_error(count + rest)
        - stirling_error(count)
        - stirling_error(rest)
        - count * log1p_gap(-difference / count)
        - rest * log1p_gap(difference / rest)
    )
    raw = np.exp(exponent) * np.sqrt((count + rest) / (2.0 * np.pi * count * rest))
    return np.where(none, np.exp(trials * _log_of(other, chance)), raw)


def _binomial_tail(
    n: Floats, weight: Floats, trials: Floats, chance: Floats, other: Floats
) -> Moments:
    """Binomial moments of the count from ``n + 1`` on: a beta variable below the chance."""
    found = []
    lead = weight / chance / other  # (M - n) p_n / (1 - p)
    for k in (0, 1, 2):
        power = trials - n - 1.0 - k
        steepness = n / chance - power / other
        columns = n, chance, np.maximum(power, 0.0), other
        inside = tail_moments(_beta_exponent, steepness, chance, *columns)[k]
        found.append(np.where(power < 0.0, 0.0, lead * inside))
        lead = lead * power / other
    return found[0], found[1], found[2]
