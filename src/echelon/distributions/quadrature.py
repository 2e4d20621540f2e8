"""Partial moments of a density that is known by its distribution function only."""

from __future__ import annotations

from typing import Any

import numpy as np

from echelon.distributions.arguments import Floats, probabilities_of
from echelon.distributions.base import Distribution
from echelon.distributions.blocks import in_blocks

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_SHARES = np.concatenate(
    (
        1.0 - 10.0 ** -np.arange(12.0, 1.0, -2.0),
        [0.95, 0.85, 0.7, 0.5, 0.3],
        10.0 ** -np.arange(0.75, 19.0, 0.75),
    )
)


def integrated(distribution: Distribution, level: Floats, order: int, above: bool) -> Floats:
    r"""Integrals of the survival function above a level, or of the distribution function below.

    :math:`\int_x^\infty \bar F(t)\,dt` and :math:`\int_x^\infty (t - x)\bar F(t)\,dt`, in panels
    between the values beyond which a given share of the tail at the level lies: positive sums, as
    exact as the two functions. Of a family without ``sf`` and ``isf`` of its own these are taken
    from ``cdf`` and ``ppf``, and values below 1e-12 of a deviation have few digits or none.

    Parameters
    ----------
    distribution : Distribution
    level : ndarray of float64
        Units.
    order : {1, 2}
    above : bool

    Returns
    -------
    ndarray of float64, shape of ``level``
    """
    tail = _Tail(distribution, above)

    def inside(points: Floats) -> Floats:
        return tail.moment(points, order)

    return in_blocks(inside, level, 8 * (len(_SHARES) + 1) * len(_NODES))


class _Tail:
    """One tail of a distribution; the lower one as the upper one of the mirrored variable."""

    def __init__(self, distribution: Distribution, above: bool) -> None:
        self.law: Any = distribution
        frozen = getattr(distribution, "frozen", distribution)
        self.own: Any = frozen if hasattr(frozen, "sf") and hasattr(frozen, "isf") else None
        low, high = distribution.support
        self.above = above
        self.low, self.high = (low, high) if above else (-high, -low)
        self.mean, self.variance = distribution.mean, distribution.variance

    def survival(self, t: Floats) -> Floats:
        if not self.above:
            return np.asarray(self.law.cdf(-t))
        return np.asarray(self.own.sf(t) if self.own is not None else 1.0 - self.law.cdf(t))

    def inverse(self, share: Floats) -> Floats:
        if not self.above:
            return np.asarray(-self.law.ppf(probabilities_of(share)))
        if self.own is not None:
            return np.asarray(self.own.isf(share))
        return np.asarray(self.law.ppf(1.0 - share))

    def moment(self, level: Floats, order: int) -> Floats:
        x = level if self.above else -level
        # without an end so far out that the other side is nothing
        open_ = np.isinf(self.low)
        start = float(self.inverse(np.asarray(1.0 - 1e-12))) if open_ else self.low
        begin = np.clip(x, start, self.high)
        share = np.minimum(self.survival(begin), 1.0)
        with np.errstate(invalid="ignore"):
            ends = self.inverse(share[..., None] * _SHARES)
        ends = np.where(np.isfinite(ends), ends, -np.inf)
        corners = np.concatenate((begin[..., None], ends), axis=-1)
        if np.isfinite(self.high):
            corners = np.concatenate((corners, np.full((*begin.shape, 1), self.high)), axis=-1)
        corners = np.maximum.accumulate(corners, axis=-1)
        widths = np.diff(corners, axis=-1)
        nodes = corners[..., :-1, None] + widths[..., None] * (0.5 * (_NODES + 1.0))
        heights = self.survival(nodes)
        first = (widths * (heights @ (0.5 * _WEIGHTS))).sum(axis=-1)
        beyond = np.maximum(begin - x, 0.0)
        if order == 1:
            return np.asarray(first + beyond)
        from_begin = nodes - begin[..., None, None]
        second = (widths * ((heights * from_begin) @ (0.5 * _WEIGHTS))).sum(axis=-1)
        return np.asarray(second + beyond * (first + 0.5 * beyond))
