r"""Partial moments of a gamma variable, stable in both tails, and what they are made of.

Beyond :math:`x` they are :math:`\int_x^\infty (t-x)^k f(t)\,dt/k!`, k = 0, 1, 2. In the body they
follow from the distribution function and the density; far out these cancel, and the integral
itself is taken, whose integrand is positive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats

Moments: TypeAlias = tuple[Floats, Floats, Floats]
"""Partial moments of order 0, 1 and 2; those not asked for are 0."""

KEPT = 0.05
"""What must be left of the larger term when two are subtracted; below it the tail is integrated."""
_FAR = 45.0  # an exponent that far below its largest value adds nothing
_SERIES_SHAPE = 5.0  # below it the density has a root at 0 that no quadrature likes

_nodes, _weights = np.polynomial.legendre.leggauss(40)
_NODES = (0.5 * (_nodes + 1.0)) ** 2  # squared: they crowd where the integrand begins
_WEIGHTS = 0.5 * _weights * (_nodes + 1.0)
_MOMENTS = np.stack((_WEIGHTS, _WEIGHTS * _NODES, 0.5 * _WEIGHTS * _NODES**2), axis=1)
_BLOCK = 2**12


def tail_moments(
    exponent: Callable[..., Floats], steepness: Floats, limit: Floats, *columns: Floats
) -> Moments:
    r"""Integrate :math:`s^k e^{g(s)}/k!` over s from 0 to a limit, for k = 0, 1 and 2.

    Forty Gauss points up to where the exponent is 45 below its beginning.

    Parameters
    ----------
    exponent : callable
        :math:`g(s, \dots)` of s and the columns, 0 at s = 0 and concave.
    steepness : (m,) ndarray of float64
        :math:`-g'(0)`.
    limit : (m,) ndarray of float64
        May be infinite where the exponent falls from the beginning.
    *columns : (m,) ndarray of float64
        Further arguments of the exponent.

    Returns
    -------
    tuple of three (m,) ndarray of float64
    """
    with np.errstate(divide="ignore"):
        reach = np.where(steepness > 0.0, np.minimum(limit, _FAR / steepness), limit)
    while (far := exponent(reach / 1.3, *columns) < -_FAR).any():
        reach = np.where(far, reach / 1.3, reach)
    while (near := (reach < limit) & (exponent(reach, *columns) > 2.0 - _FAR)).any():
        reach = np.where(near, np.minimum(1.3 * reach, limit), reach)
    found = np.empty((3, len(reach)))
    for at in range(0, len(reach), _BLOCK):
        here = slice(at, at + _BLOCK)
        points = reach[here, None] * _NODES
        with np.errstate(divide="ignore"):  # the last point may touch the limit
            heights = np.exp(exponent(points, *(one[here, None] for one in columns)))
        found[:, here] = (heights @ _MOMENTS).T
    return reach * found[0], reach**2 * found[1], reach**3 * found[2]


def log1p_gap(u: Floats) -> Floats:
    r"""Give :math:`u - \log(1 + u)` without cancellation, :math:`u \ge -1`.

    Near 0 by :math:`u r - 2(r^3/3 + r^5/5 + \dots)`, :math:`r = u/(2 + u)` [1]_.

    References
    ----------
    .. [1] Loader (2000), *Fast and Accurate Computation of Binomial Probabilities*.
    """
    small = np.clip(u, -0.25, 0.25)
    ratio = small / (2.0 + small)
    square = ratio * ratio
    series = np.zeros_like(square)
    for power in range(23, 1, -2):
        series = series * square + 2.0 / power
    with np.errstate(divide="ignore"):
        return np.where(small == u, small * ratio - ratio * square * series, u - np.log1p(u))


def stirling_error(n: Floats) -> Floats:
    """What Stirling's formula leaves out of ``log(gamma(n + 1))``, n > 0."""
    large = np.maximum(n, 10.0)
    square = 1.0 / (large * large)
    series = np.zeros_like(square)
    for term in (1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12):
        series = series * square + term
    if (n >= 10.0).all():
        return series / large
    few = np.minimum(n, 10.0)
    rest = scipy.special.gammaln(few + 1.0) - (few + 0.5) * np.log(few) + few
    return np.where(n >= 10.0, series / large, rest - 0.5 * np.log(2.0 * np.pi))


def gamma_weight(shape: Floats, x: Floats) -> Floats:
    r"""Give :math:`x f(x) = x^a e^{-x}/\Gamma(a)` of unit scale; by Loader's form where a is large.

    Both above 0, or ``x`` 0.
    """
    a = np.maximum(shape, 10.0)
    large = np.exp(-a * log1p_gap((x - a) / a) - stirling_error(a)) * np.sqrt(a / (2.0 * np.pi))
    if (shape >= 10.0).all():
        return np.asarray(large)
    few = np.minimum(shape, 10.0)
    with np.errstate(divide="ignore"):
        plain = np.exp(few * np.log(x) - x - scipy.special.gammaln(few))
    return np.where(shape >= 10.0, large, plain)


def gamma_lower(shape: Floats, x: Floats) -> Floats:
    """Regularised lower incomplete gamma function, also where ``scipy.special.gammainc`` fails.

    It stops its series after 2,000 terms: of a shape of 1e6 it is wrong by 4e-6 of itself five
    deviations below the mean, of 1e8 by a third. There the density is integrated.

    Parameters
    ----------
    shape, x : ndarray of float64 of one shape
        Above 0; at least 0.

    Returns
    -------
    ndarray of float64
    """
    reached = np.asarray(scipy.special.gammainc(shape, x))
    if (broken := _broken(shape, x)).any():
        reached = reached.copy()
        reached[broken] = _integrated_below(shape[broken], x[broken])[0]
    return reached


def gamma_upper(shape: Floats, x: Floats) -> Floats:
    """Regularised upper incomplete gamma function; see :func:`gamma_lower`."""
    above = np.asarray(scipy.special.gammaincc(shape, x))
    if (broken := _broken(shape, x)).any():
        above = above.copy()
        above[broken] = 1.0 - _integrated_below(shape[broken], x[broken])[0]
    return above


def _broken(shape: Floats, x: Floats) -> NDArray[np.bool_]:
    return np.asarray((shape > 1e4) & (x > 0.0) & (x < shape - 4.0 * np.sqrt(shape)))


def _integrated_below(shape: Floats, x: Floats) -> Moments:
    density = gamma_weight(shape, x) / x
    found = tail_moments(_rising, (shape - 1.0) / x - 1.0, x, shape - 1.0, x)
    return density * found[0], density * found[1], density * found[2]


def gamma_above(shape: Floats, x: Floats, order: int) -> Moments:
    r"""Partial moments of a gamma variable of unit scale above ``x``.

    With :math:`M_0 = Q(a, x)`, :math:`M_1 = (a - x) M_0 + x f(x)` and
    :math:`2 M_2 = (a + 1 - x) M_1 + x M_0`.

    Parameters
    ----------
    shape, x : ndarray of float64 of one shape
        Above 0; at least 0.
    order : {0, 1, 2}
        The highest asked for.

    Returns
    -------
    tuple of three ndarray of float64
    """
    zeroth = gamma_upper(shape, x)
    nothing = np.zeros_like(zeroth)
    if order == 0:
        return zeroth, nothing, nothing
    weight = gamma_weight(shape, x)
    first = (shape - x) * zeroth + weight
    second = 0.5 * ((shape + 1.0 - x) * first + x * zeroth) if order == 2 else nothing
    weak = first < KEPT * weight
    if order == 2:
        weak |= second < (0.5 * KEPT) * (x - shape) * weight
    if weak.any():
        a, at = shape[weak], x[weak]
        found = tail_moments(_falling, 1.0 - (a - 1.0) / at, np.full(a.shape, np.inf), a - 1.0, at)
        density = weight[weak] / at
        first[weak], second[weak] = density * found[1], density * found[2]
    return zeroth, first, second


def gamma_below(shape: Floats, x: Floats, order: int) -> Moments:
    r"""Partial moments of a gamma variable of unit scale below ``x``, :math:`E[(x - X)^{+k}]/k!`.

    As :func:`gamma_above`, with :math:`M_0 = P(a, x)`, :math:`M_1 = (x - a) M_0 + x f(x)` and
    :math:`2 M_2 = (x - a - 1) M_1 + x M_0`; in the tail of a shape below 5 by Kummer's series, all
    of whose terms are positive.

    Parameters
    ----------
    shape, x : ndarray of float64 of one shape
        Above 0; at least 0.
    order : {0, 1, 2}
        The highest asked for.

    Returns
    -------
    tuple of three ndarray of float64
    """
    zeroth = gamma_lower(shape, x)
    nothing = np.zeros_like(zeroth)
    if order == 0:
        return zeroth, nothing, nothing
    weight = gamma_weight(shape, x)
    first = (x - shape) * zeroth + weight
    second = 0.5 * ((x - shape - 1.0) * first + x * zeroth) if order == 2 else nothing
    weak = first < KEPT * weight
    if order == 2:
        weak |= second < (0.5 * KEPT) * (shape + 1.0 - x) * weight
    if (sparse := weak & (shape < _SERIES_SHAPE)).any():
        a, at = shape[sparse], x[sparse]
        start = weight[sparse] / a
        first[sparse] = start * at / (a + 1.0) * _kummer(1, a, at)
        second[sparse] = start * at**2 / ((a + 1.0) * (a + 2.0)) * _kummer(2, a, at)
    if (smooth := weak & (shape >= _SERIES_SHAPE)).any():
        found = _integrated_below(shape[smooth], x[smooth])
        first[smooth], second[smooth] = found[1], found[2]
    return zeroth, first, second


def _falling(s: Floats, power: Floats, x: Floats) -> Floats:
    return np.asarray(power * np.log1p(s / x) - s)


def _rising(s: Floats, power: Floats, x: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(power * np.log1p(-s / x) + s)


def _kummer(order: int, shape: Floats, x: Floats) -> Floats:
    """Sum of ``(k + 1)_j x**j / ((a + k + 1)_j j!)`` over j, for x below the shape + 2."""
    term, total = np.ones_like(x), np.ones_like(x)
    j = 0
    while (term > 1e-17 * total).any():
        term = term * (order + 1.0 + j) * x / ((shape + order + 1.0 + j) * (j + 1.0))
        total = total + term
        j += 1
    return total
