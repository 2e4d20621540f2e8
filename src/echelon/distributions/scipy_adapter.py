"""Any frozen distribution of ``scipy.stats``, by its name and arguments.

``scipy.stats`` is imported when the first one is made, not before: it takes longer to load than the
rest of the library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, ClassVar, NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import (
    Floats,
    Parameters,
    Size,
    probabilities_of,
    require_number,
    take_parameters,
    values_of,
)
from echelon.distributions.base import Distribution, register, sum_trivially
from echelon.distributions.moments import MomentRule
from echelon.errors import DomainError, UnknownNameError


@register
@dataclass(frozen=True, slots=True)
class Scipy:
    """A distribution of ``scipy.stats`` with its arguments fixed.

    Parameters
    ----------
    name : str
        As ``scipy.stats`` calls it, for example ``"weibull_min"``.
    args : tuple of float, optional
        Positional arguments: shapes, then location and scale.
    kwds : tuple of (str, float) pairs, optional
        Arguments by name, in the order of their names.

    Raises
    ------
    UnknownNameError
        If ``scipy.stats`` has no such univariate distribution.
    DomainError
        If an argument is no finite number, or the mean or variance is not finite.

    Examples
    --------
    >>> from scipy import stats
    >>> demand = Scipy.from_frozen(stats.triang(0.5, loc=10.0, scale=20.0))
    >>> demand.mean, demand.parameters()
    (20.0, {'name': 'triang', 'args': [0.5], 'kwds': {'loc': 10.0, 'scale': 20.0}})
    """

    name: str
    args: tuple[float, ...] = ()
    kwds: tuple[tuple[str, float], ...] = ()
    mean: float = field(init=False, repr=False, compare=False)
    variance: float = field(init=False, repr=False, compare=False)
    _frozen: Any = field(init=False, repr=False, compare=False)

    family: ClassVar[str] = "scipy"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = (
        MomentRule(
            "parameters",
            lambda _mean, std: std != 0.0,  # a blank one, NaN, included
            "are missing: the moments do not say which distribution is meant",
            'give parameters {"name": "weibull_min", "args": [2.0], "kwds": {"scale": 10.0}}',
        ),
    )
    parameter_words: ClassVar[Mapping[str, str]] = {
        "name": "as scipy.stats calls it",
        "args": "a list of numbers in the order of its signature, none unless given",
        "kwds": "an object of numbers by name, none unless given",
    }
    example: ClassVar[Mapping[str, Any]] = {
        "name": "weibull_min",
        "args": [2.0],
        "kwds": {"scale": 10.0},
    }

    def __post_init__(self) -> None:
        """Check the arguments, freeze the distribution and take its moments."""
        owner = f"scipy {self.name}"
        args = tuple(_argument(f"args[{at}]", v, owner) for at, v in enumerate(self.args))
        kwds = tuple(sorted((str(name), _argument(name, v, owner)) for name, v in self.kwds))
        object.__setattr__(self, "args", args)
        object.__setattr__(self, "kwds", kwds)
        try:
            frozen = _generator(self.name)(*args, **dict(kwds))
        except TypeError as error:
            raise DomainError(f"{owner}: {error}. Fix: see its signature in scipy.stats.") from None
        object.__setattr__(self, "_frozen", frozen)
        mean, variance = (float(moment) for moment in frozen.stats(moments="mv"))
        if not (isfinite(mean) and isfinite(variance)):
            raise DomainError(
                f"{owner}: mean is {mean!r} and variance {variance!r} with {args} {dict(kwds)}. "
                "Fix: use arguments inside its range, and a distribution with finite variance."
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "variance", variance)

    @classmethod
    def from_frozen(cls, frozen: Any) -> Self:
        """Take over a frozen distribution.

        Parameters
        ----------
        frozen : scipy.stats frozen distribution
            For example ``scipy.stats.gamma(2.0, scale=5.0)``.

        Returns
        -------
        Scipy

        Raises
        ------
        UnknownNameError
            If it is not one that ``scipy.stats`` itself knows by name.
        DomainError
            If an argument is no finite number, or the mean or variance is not finite.
        """
        return cls(frozen.dist.name, tuple(frozen.args), tuple(frozen.kwds.items()))

    @property
    def frozen(self) -> Any:
        """The frozen distribution of ``scipy.stats`` itself."""
        return self._frozen

    @property
    def discrete(self) -> bool:
        """Whether ``scipy.stats`` counts it among the discrete ones."""
        return hasattr(self._frozen.dist, "pmf")

    @property
    def std(self) -> float:
        """Standard deviation, units."""
        return float(np.sqrt(self.variance))

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value, units."""
        low, high = self._frozen.support()
        return float(low), float(high)

    def parameters(self) -> dict[str, Any]:
        """Give the name and the arguments."""
        return {"name": self.name, "args": list(self.args), "kwds": dict(self.kwds)}

    @classmethod
    def expected_std(cls, _mean: Any) -> Any:
        """None: it does not follow from the mean."""
        return None

    @classmethod
    def from_moments(cls, mean: float, std: float) -> NoReturn:
        """Refuse: two moments do not say which distribution is meant."""
        raise DomainError(
            f"scipy(mean={mean!r}, std={std!r}): moments do not say which distribution is meant. "
            'Fix: give Scipy("weibull_min", (2.0,)), or use a family of two moments.'
        )

    @classmethod
    def from_parameters(cls, _mean: float, _std: float, parameters: Parameters) -> Self:
        """Make it from ``name`` and, where there are any, ``args`` and ``kwds``."""
        take_parameters(cls.family, parameters, ("name",), ("args", "kwds"))
        args, kwds = parameters.get("args", ()), parameters.get("kwds", {})
        if not isinstance(args, (list, tuple)) or not hasattr(kwds, "items"):
            raise DomainError(
                f"scipy: args is {args!r} and kwds {kwds!r}. "
                'Fix: write "args": [2.0] and "kwds": {"scale": 10.0}.'
            )
        return cls(str(parameters["name"]), tuple(args), tuple(kwds.items()))

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units."""
        if self.discrete and float(self._frozen.ppf(0.5)) % 1.0 != 0.0:
            return self.ppf(rng.random(size))  # rvs would cut off the fraction of the location
        return np.asarray(self._frozen.rvs(size=size, random_state=rng), dtype=np.float64)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return np.asarray(self._frozen.cdf(values_of(x)), dtype=np.float64)

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units; the low end of the support where ``q`` is 0."""
        quantiles = np.asarray(self._frozen.ppf(probabilities_of(q)), dtype=np.float64)
        return np.maximum(quantiles, self.support[0])  # discrete ones begin one step lower

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise: the sum's law is not looked for."""
        return sum_trivially(self, periods)


def _argument(name: str, value: object, owner: str) -> float:
    """Give an argument as JSON can hold it; whole numbers stay whole, some samplers need them."""
    number = require_number(name, value, owner=owner)
    return int(number) if isinstance(value, (int, np.integer)) else number


def _generator(name: str) -> Any:
    """Find a univariate distribution of ``scipy.stats`` by name."""
    from scipy import stats

    found = getattr(stats, name, None)
    if not isinstance(found, (stats.rv_continuous, stats.rv_discrete)):
        kinds = (stats.rv_continuous, stats.rv_discrete)
        known = [n for n in dir(stats) if isinstance(getattr(stats, n), kinds)]
        raise UnknownNameError("scipy.stats distribution", name, known)
    return found
