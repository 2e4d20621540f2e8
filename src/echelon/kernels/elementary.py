"""Sines, logarithms and arc tangents without a call, so that loops over them become vectors.

Each is exact to about two units in the last place. Angles are reduced in three parts after Cody &
Waite [1]_; the coefficients of sine, cosine and arc tangent are those of Moshier's Cephes [2]_, the
coefficients and the sum of the logarithm those of Sun's fdlibm [3]_. Where a library decides by a
branch, all sides are worked out here and one is chosen, which is what lets several arguments go
side by side.

References
----------
.. [1] Cody & Waite (1980), *Software Manual for the Elementary Functions*.
.. [2] Moshier (1989), *Methods and Programs for Mathematical Functions*.
.. [3] Sun Microsystems (1993), *Freely Distributable Library for Mathematical Functions*.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels._jit import jit_part

MOST_ANGLE: Final = 1e6
"""Angles beyond it lose digits in :func:`sine_and_cosine`."""

_ROUNDER: Final = 6755399441055744.0  # 1.5 * 2**52: what is added to it loses its fraction
_TWO_OVER_PI: Final = 0.6366197723675814
_HALF_PI_1: Final = 1.5707963267341256  # 33 bits each, so that multiples of them are exact
_HALF_PI_2: Final = 6.077100506303966e-11
_HALF_PI_3: Final = 2.0222662487959506e-21
_HALF_PI: Final = 1.5707963267948966
_QUARTER_PI: Final = 0.7853981633974483
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_ROOT_HALF_BITS: Final = 0x3FE6A09E667F3BCD
_ONE_BITS: Final = 0x3FF0000000000000
_MANTISSA: Final = 0x000FFFFFFFFFFFFF


@jit_part
def sine_and_cosine(x: float) -> tuple[float, float]:
    """Sine and cosine of an angle within +-:data:`MOST_ANGLE`."""
    turns = (x * _TWO_OVER_PI + _ROUNDER) - _ROUNDER
    r = ((x - turns * _HALF_PI_1) - turns * _HALF_PI_2) - turns * _HALF_PI_3
    z = r * r
    p = 2.75573136213857245213e-6 + z * (
        -2.50507477628578072866e-8 + z * 1.58962301576546568060e-10
    )
    p = -1.66666666666666307295e-1 + z * (
        8.33333333332211858878e-3 + z * (-1.98412698295895385996e-4 + z * p)
    )
    s = r + r * z * p
    q = -2.75573141792967388112e-7 + z * (
        2.08757008419747316778e-9 - z * 1.13585365213876817300e-11
    )
    q = 4.16666666666665929218e-2 + z * (
        -1.38888888888730564116e-3 + z * (2.48015872888517045348e-5 + z * q)
    )
    c = 1.0 - 0.5 * z + z * z * q
    quarter = np.int64(turns)
    odd = (quarter & 1) != 0
    sine = c if odd else s
    cosine = s if odd else c
    sine = -sine if (quarter & 2) != 0 else sine
    cosine = -cosine if ((quarter + 1) & 2) != 0 else cosine
    return sine, cosine


@jit_part
def log_of_one_more(w: float) -> float:
    """``log(1 + w)`` of a number from 0 on, without cancelling."""
    u = 1.0 + w
    lost = (w - (u - 1.0)) / u
    bits = np.float64(u).view(np.int64) + np.int64(_ONE_BITS - _ROOT_HALF_BITS)
    k = np.float64((bits >> np.int64(52)) - np.int64(1023))
    rest = np.int64((bits & np.int64(_MANTISSA)) + np.int64(_ROOT_HALF_BITS))
    f = rest.view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    r = 1.818357216161805012e-1 + z * (1.531383769920937332e-1 + z * 1.479819860511658591e-1)
    r = 2.857142874366239149e-1 + z * (2.222219843214978396e-1 + z * r)
    r = z * (6.666666666666735130e-1 + z * (3.999999999940941908e-1 + z * r))
    half = 0.5 * f * f
    return k * _LN2_HIGH - ((half - (s * (half + r) + (k * _LN2_LOW + lost))) - f)


@jit_part
def arc_tangent(above: float, below: float) -> float:
    """Arc tangent of ``above / below``, ``below`` above 0."""
    a = abs(above)
    large, middling = a > 2.414213562373095 * below, a > 0.66 * below
    top = -below if large else (a - below if middling else a)
    bottom = a if large else (a + below if middling else below)
    start = _HALF_PI if large else (_QUARTER_PI if middling else 0.0)
    more = 6.123233995736765886e-17 if large else (3.061616997868382943e-17 if middling else 0.0)
    x = top / bottom
    z = x * x
    p = -1.615753718733365076637e1 + z * (-8.750608600031904122785e-1)
    p = -1.228866684490136173410e2 + z * (-7.500855792314704667340e1 + z * p)
    p = z * (-6.485021904942025371773e1 + z * p)
    q = 1.650270098316988542046e2 + z * (2.485846490142306297962e1 + z)
    q = 4.853903996359136964868e2 + z * (4.328810604912902668951e2 + z * q)
    q = 1.945506571482613964425e2 + z * q
    found = start + (x * (p / q) + x + more)
    return -found if above < 0.0 else found
