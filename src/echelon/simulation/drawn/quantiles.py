"""The quantile function of a law, checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from echelon.distributions import Distribution, ZeroInflated
from echelon.distributions.arguments import Floats
from echelon.errors import DomainError

Quantiles: TypeAlias = Callable[[Floats], Floats]


def quantiles_of(law: Distribution) -> Quantiles:
    """Give the quantile function of a law, checked; of often-zero demand without bisection.

    Parameters
    ----------
    law : Distribution

    Returns
    -------
    callable
        Of probabilities above 0 and below 1.
    """

    def checked(shares: Floats) -> Floats:
        values = _quantiles(law, shares)
        order = np.argsort(shares)
        if np.shape(values) != shares.shape or not np.isfinite(values).all():
            raise DomainError(_NOT_QUANTILES.format(law=law))
        steps = np.diff(values[order])
        if (steps < -1e-9 * np.abs(values[order][1:]) - 1e-12 * law.std).any():
            raise DomainError(_NOT_QUANTILES.format(law=law))
        return values

    return checked


_NOT_QUANTILES: Final = (
    "{law!r} gives something else than finite numbers that rise with the probability. "
    "Fix: mend its ppf method."
)


def _quantiles(law: Distribution, shares: Floats) -> Floats:
    if isinstance(law, ZeroInflated) and law.size.support[0] >= 0.0:
        none = 1.0 - law.occurrence
        some = np.clip((shares - none) / law.occurrence, 2.0**-53, 1.0 - 2.0**-53)
        return np.where(shares <= none, 0.0, _quantiles(law.size, some))
    return np.asarray(law.ppf(shares), dtype=np.float64)
