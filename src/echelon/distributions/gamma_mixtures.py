r"""Totals with gamma demand over times so short that their transform hardly falls.

Given the counts of the others, :math:`N`, the total of a gamma variable and counts is a gamma
variable that is moved. And a gamma variable of scale :math:`\beta_i` is one of a smaller scale
:math:`\beta` whose shape has :math:`K_i` added to it, negative binomial with as many successes as
the first has shape and :math:`\beta_i/\beta - 1` failures for each of them; so the total of gamma
variables of several scales is a mixture too [1]_. Both are

.. math::

    P(S \le x) = \sum_k P(N = k)\, P(\alpha_k, (x - s_k)/\beta),

with the regularised incomplete gamma function on the right.

References
----------
.. [1] Moschopoulos (1985), The distribution of the sum of independent gamma random variables,
   *Annals of the Institute of Statistical Mathematics* 37.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.continuous import Gamma
from echelon.distributions.discrete import NegativeBinomial
from echelon.distributions.inversion import InvertibleSum, invertible

_NEAR = 1e-12
"""So near to a share that one more of Newton's steps is all it takes."""
_MOST_TERMS = 2**12
_MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class GammaMixture:
    """Gamma demand with counts of others, or of several scales.

    Attributes
    ----------
    counts : InvertibleSum
        On a lattice, of one period: units of the others, or what is added to the shape.
    shape : float
        Of one period.
    scale : float
        Units.
    moves : bool
        Whether counts move the gamma variable, and do not add to its shape.
    """

    counts: InvertibleSum
    shape: float
    scale: float
    moves: bool

    def quantile(self, time: float, share: float, guess: float) -> float:
        """Quantile of one time's total, units; NaN where terms are too many."""
        terms = self._terms(time)
        if terms is None:
            return float("nan")
        low, high, at = 0.0, np.inf, max(guess, 1e-3 * self.scale)
        for count in range(_MOST_ROUNDS):
            reached, rise = _reached(*terms, at, self.scale)
            gap = reached - share
            low, high = (low, at) if gap >= 0.0 else (at, high)
            if abs(gap) < _NEAR and rise > 0.0:
                return at - gap / rise
            if high - low <= 1e-15 * at:
                return at
            step = at - gap / rise if rise > 0.0 else np.inf
            halve = count > 6 and count % 2 == 0
            if halve or not low < step < high:
                step = 2.0 * at if np.isinf(high) else 0.5 * (low + high)
            at = step
        return float("nan")

    def cdf(self, time: float, level: float) -> float:
        """Probability of at most so many units; NaN where terms are too many."""
        terms = self._terms(time)
        if terms is None:
            return float("nan")
        return min(_reached(*terms, level, self.scale)[0], 1.0) if level > 0.0 else 0.0

    def _terms(self, time: float) -> tuple[Floats, Floats, Floats] | None:
        """Probability, shape and start (units) of each term."""
        mass = self.counts.masses(time, _MOST_TERMS)
        if mass is None:
            return None
        heard = mass > 1e-17
        number = np.arange(len(mass), dtype=np.float64)[heard]
        shape = self.shape * time
        if self.moves:
            return mass[heard], np.full_like(number, shape), number * self.counts.unit
        return mass[heard], shape + number, np.zeros_like(number)


def _reached(
    mass: Floats, shapes: Floats, starts: Floats, at: float, scale: float
) -> tuple[float, float]:
    """Distribution function at a level above 0, and its density."""
    above = starts < at
    chance, shape, x = mass[above], shapes[above], (at - starts[above]) / scale
    reached = chance @ scipy.special.gammainc(shape, x)
    with np.errstate(over="ignore"):
        density = np.exp((shape - 1.0) * np.log(x) - x - scipy.special.gammaln(shape)) / scale
    return float(reached), float(chance @ density)


def gamma_mixture(components: Sequence[Distribution]) -> GammaMixture | None:
    """Prepare the mixture of one period's demands.

    Parameters
    ----------
    components : sequence of Distribution
        Independent, none of them known.

    Returns
    -------
    GammaMixture or None
        None where they are neither one gamma demand and counts nor several gamma demands.
    """
    gammas = [one for one in components if isinstance(one, Gamma)]
    others = [one for one in components if not isinstance(one, Gamma)]
    if len(gammas) == 1 and others:
        counts = invertible(others)
        if counts is None or counts.step is None or min(one.support[0] for one in others) < 0.0:
            return None
        return GammaMixture(counts, gammas[0].shape, gammas[0].scale, moves=True)
    if others or len(gammas) < 2:
        return None
    scale = min(one.scale for one in gammas)
    added: list[Distribution] = []
    for one in gammas:
        failures = one.scale / scale - 1.0
        if failures > 0.0:
            mean = one.shape * failures
            added.append(NegativeBinomial(mean, (mean * (1.0 + failures)) ** 0.5))
    counts = invertible(added) if added else None
    shape = sum(one.shape for one in gammas)
    return None if counts is None else GammaMixture(counts, shape, scale, moves=False)
