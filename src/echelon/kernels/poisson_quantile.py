r"""The smallest level that a Poisson demand exceeds rarely enough; what is left and short at it.

With :math:`w = \mu p_k` for mean :math:`\mu` and level k, the units short are
:math:`(\mu - k) P(D > k) + w` and those left :math:`(k - \mu) P(D \le k) + w`; of the two
probabilities the smaller one is computed and the other is 1 less it. With a = k + 1,
:math:`u = \mu/a - 1`, :math:`\eta^2/2 = u - \log(1 + u)` and :math:`\eta` of the sign of u,
:math:`p_k = e^{-a\eta^2/2} \sqrt{a/2\pi} / (\mu \Gamma^*(a))`, :math:`\Gamma^*` what Stirling's
formula leaves out, and

.. math::

    P(D > k) = \tfrac12 \operatorname{erfc}(-\eta\sqrt{a/2})
        - \frac{e^{-a\eta^2/2}}{\sqrt{2\pi a}} \sum_i c_i(\eta) a^{-i}

is Temme's expansion [1]_, here for a from 24 on where \|u\| is at most 1/2, and from 128 on. For
other levels the probabilities are added up.

The steps without a branch stand in loops of their own, which become vector instructions; the
logarithms, exponentials and normal probabilities between them are the caller's.

References
----------
.. [1] Temme (1979), The asymptotic expansion of the incomplete gamma functions; also
   *NIST Digital Library of Mathematical Functions*, 8.12.3 to 8.12.12.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from echelon.kernels._jit import Floats, jit, jit_step

_OF_GAMMA = np.array(
    [
        math.exp((k + 0.5) * math.log(k + 1.0) - k - 1.0 + 0.5 * math.log(2.0 * math.pi))
        / math.factorial(k)
        for k in range(128)
    ]
)  # 1 / gamma*(k + 1)
EXPANDED: Final = 24.0
"""What is guessed below it, a level + 1, is always summed."""

_ALWAYS_EXPANDED = 128.0
_WIDEST = 0.5
_BLOCK = 512
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)

EXPANSION: Final = np.array(
    [
        [
            -0.3333333333333333,
            -0.001851851851851852,
            0.004133597883597883,
            0.0006494341563786008,
            -0.0008618882909167117,
            -0.00033679855336635813,
            0.0005313079364639922,
        ],
        [
            0.08333333333333333,
            -0.003472222222222222,
            -0.0026813271604938273,
            0.00022947209362139917,
            0.0007840392217200666,
            -6.972813758365857e-05,
            -0.0005921664373536939,
        ],
        [
            -0.014814814814814815,
            0.0026455026455026454,
            0.0007716049382716049,
            -0.0004691894943952557,
            -0.0002990724803031902,
            0.0002772753244959392,
            0.0002708782096718045,
        ],
        [
            0.0011574074074074073,
            -0.0009902263374485596,
            2.0093878600823047e-06,
            0.00026772063206283885,
            -1.4638452578843418e-06,
            -0.00019932570516188847,
            0.0,
        ],
        [
            0.0003527336860670194,
            0.00020576131687242798,
            -0.0001073665322636516,
            -7.561801671883977e-05,
            6.641498215465122e-05,
            6.797780477937208e-05,
            0.0,
        ],
        [
            -0.0001787551440329218,
            -4.018775720164609e-07,
            5.2923448829120125e-05,
            -2.396505113867297e-07,
            -3.968365047179435e-05,
            0.0,
            0.0,
        ],
        [
            3.919263178522438e-05,
            -1.8098550334489977e-05,
            -1.2760635188618728e-05,
            1.1082654115347302e-05,
            1.1375726970678419e-05,
            0.0,
            0.0,
        ],
        [
            -2.185448510679992e-06,
            7.64916091608111e-06,
            3.423578734096138e-08,
            -5.6749528269915965e-06,
            0.0,
            0.0,
            0.0,
        ],
        [
            -1.85406221071516e-06,
            -1.6120900894563446e-06,
            1.3721957309062934e-06,
            1.4230900732435883e-06,
            0.0,
            0.0,
            0.0,
        ],
        [8.296711340953087e-07, 4.647127802807434e-09, -6.298992138380055e-07, 0.0, 0.0, 0.0, 0.0],
        [
            -1.7665952736826078e-07,
            1.378633446915721e-07,
            1.4280614206064242e-07,
            0.0,
            0.0,
            0.0,
            0.0,
        ],
        [6.707853543401498e-09, -5.752545603517705e-08, 0.0, 0.0, 0.0, 0.0, 0.0],
        [1.0261809784240309e-08, 1.1951628599778148e-08, 0.0, 0.0, 0.0, 0.0, 0.0],
        [-4.382036018453353e-09, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [9.14769958223679e-10, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [-2.5514193994946248e-11, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ]
)
"""Coefficient of ``eta**j`` in ``c_i`` at (j, i); those too small to be seen are 0."""


@jit
def poisson_guesses(
    mean: Floats, log_rarer: Floats, sign: Floats, a: Floats, ratio: Floats
) -> None:
    """Cornish and Fisher's quantile, plus 1, from a normal one that is right to 4.5e-4 [2]_.

    mean (n,) units, above 0; log_rarer (n,), logarithm of the probability on the rarer side of the
    quantile; sign (n,) 1.0 where that side is above it, else -1.0; a, ratio (n,) overwritten: the
    whole guess + 1 and the mean over it.

    References
    ----------
    .. [2] Abramowitz & Stegun (1964), *Handbook of Mathematical Functions*, 26.2.23.
    """
    for i in range(mean.shape[0]):
        m = mean[i]
        t = math.sqrt(-2.0 * log_rarer[i])
        z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (
            1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))
        )
        root = math.sqrt(m)
        guess = m + sign[i] * root * z + (z * z - 1.0) / 6.0
        # a little high: a step down costs less than one up
        a[i] = max(math.floor(guess + 0.55), 0.0) + 1.0
        ratio[i] = m / a[i]


@jit
def poisson_exponents(
    a: Floats, ratio: Floats, log_ratio: Floats, exponent: Floats, eta: Floats, deviate: Floats
) -> None:
    """The exponents and normal deviates of the expansion.

    a, ratio, log_ratio (n,) as :func:`poisson_guesses` left them; exponent, eta, deviate (n,)
    overwritten: ``-a eta**2 / 2``, eta and ``-abs(eta) sqrt(a)``.
    """
    for i in range(a.shape[0]):
        u = ratio[i] - 1.0
        r = u / (2.0 + u)
        s = r * r
        # u - log(1 + u) = u r - 2 (r**3 / 3 + r**5 / 5 + ...)
        series = 2 / 15 + s * (2 / 17 + s * (2 / 19 + s * (2 / 21)))
        series = 2 / 7 + s * (2 / 9 + s * (2 / 11 + s * (2 / 13 + s * series)))
        near = u * r - r * s * (2 / 3 + s * (2 / 5 + s * series))
        gap = near if abs(u) < 0.25 else u - log_ratio[i]
        gap = max(gap, 0.0)
        root = math.sqrt(2.0 * gap)
        exponent[i] = -a[i] * gap
        eta[i] = root if u > 0.0 else -root
        deviate[i] = -root * math.sqrt(a[i])


@jit
def poisson_series(per: Floats, eta: Floats, total: Floats) -> None:
    """Sum of ``c_i(eta) per**i``; per, eta (n,); total (n,) overwritten.

    Coefficient by coefficient over a block of SKUs, so that the inner loops have no chain.
    """
    for start in range(0, per.shape[0], _BLOCK):
        x, y = per[start : start + _BLOCK], eta[start : start + _BLOCK]
        out = total[start : start + _BLOCK]
        out[:] = 0.0
        for j in range(EXPANSION.shape[0] - 1, -1, -1):
            c = EXPANSION[j]
            c0, c1, c2, c3, c4, c5, c6 = c[0], c[1], c[2], c[3], c[4], c[5], c[6]
            if c3 == 0.0:  # and those after it
                for i in range(out.shape[0]):
                    out[i] = out[i] * y[i] + (c0 + x[i] * (c1 + x[i] * c2))
                continue
            for i in range(out.shape[0]):
                rest = c3 + x[i] * (c4 + x[i] * (c5 + x[i] * c6))
                out[i] = out[i] * y[i] + (c0 + x[i] * (c1 + x[i] * (c2 + x[i] * rest)))


@jit
def poisson_quantiles(
    mean: Floats,
    reach: Floats,
    miss: Floats,
    a: Floats,
    falling: Floats,
    beyond: Floats,
    total: Floats,
    level: Floats,
    most: Floats,
    left: Floats,
    short: Floats,
) -> None:
    """From the guesses to the smallest levels that demand stays within with probability ``reach``.

    mean (n,) units; reach, miss (n,) add up to 1, each given so that it keeps its digits; a (n,)
    the guess + 1; falling, beyond, total (n,): the exponential of :func:`poisson_exponents`, the
    normal probability of its deviate, and the series; level, left, short (n,) units and most (n,),
    the probability of at most the level, are overwritten.
    """
    for i in range(mean.shape[0]):
        m, enough, rare = mean[i], reach[i], miss[i]
        k = a[i] - 1.0
        root = math.sqrt(a[i])
        weight = falling[i] / (_ROOT_TWO_PI * root)
        if _is_expanded(a[i], m):
            chance = weight * (a[i] / m) * _of_gamma(1.0 / a[i])
            sign = -1.0 if a[i] >= m else 1.0
            tail = beyond[i] + sign * weight * total[i]
        else:
            chance = weight * (a[i] / m) * _OF_GAMMA[int(k)]
            tail = _tail(k, m, chance)
        upper = a[i] >= m  # the tail is that above k
        if upper:
            while tail > rare:
                k += 1.0
                chance *= m / k
                tail = _tail(k, m, chance) if k < _ALWAYS_EXPANDED else tail - chance
            while k > 0.0 and tail + chance <= rare:
                tail += chance
                chance *= k / m
                k -= 1.0
            if tail > 0.5 and k + 1.0 < m:
                upper, tail = False, _tail(k, m, chance)
        else:
            while k > 0.0 and tail - chance >= enough:
                chance *= k / m
                k -= 1.0
                tail = _tail(k, m, chance)
            while tail < enough:
                k += 1.0
                chance *= m / k
                tail += chance
        level[i] = k
        if upper:
            over = (m - k) * tail + m * chance
            most[i], short[i] = 1.0 - tail, over
            left[i] = k - m + over if k > 0.0 else 0.0
        else:
            under = (k - m) * tail + m * chance if k > 0.0 else 0.0
            most[i], left[i], short[i] = tail, under, m - k + under


@jit_step
def _is_expanded(a: float, m: float) -> bool:
    return a >= _ALWAYS_EXPANDED or (a >= EXPANDED and abs(m - a) <= _WIDEST * a)


@jit_step
def _of_gamma(per: float) -> float:
    """One over what Stirling's formula leaves out of the gamma function of ``1 / per``."""
    high = per * (-571 / 2488320 + per * (-163879 / 209018880 + per * 5246819 / 75246796800))
    return 1.0 + per * (-1 / 12 + per * (1 / 288 + per * (139 / 51840 + high)))


@jit_step
def _tail(k: float, m: float, chance: float) -> float:
    """Probability of more than k where ``k + 1 >= m``, else of at most k; chance: of k itself.

    Four terms at a time: the product of four ratios is one step of the chain instead of four.
    """
    term, tail, per = chance, 0.0, 1.0 / m
    if k + 1.0 >= m:
        while term > 1e-17 * tail:
            r1, r2, r3, r4 = (k + 1.0) * per, (k + 2.0) * per, (k + 3.0) * per, (k + 4.0) * per
            term /= (r1 * r2) * (r3 * r4)
            tail += term * (1.0 + r4 * (1.0 + r3 * (1.0 + r2)))
            k += 4.0
        return tail
    while term > 1e-17 * tail:  # beyond 0 a factor is 0
        r1, r2, r3, r4 = k * per, (k - 1.0) * per, (k - 2.0) * per, (k - 3.0) * per
        tail += term * (1.0 + r1 * (1.0 + r2 * (1.0 + r3)))
        term *= (r1 * r2) * (r3 * r4)
        k -= 4.0
    return tail
