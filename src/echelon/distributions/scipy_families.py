"""Distributions of ``scipy.stats`` that are members of a family here, which has closed forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, expm1, sqrt

from echelon.distributions.base import Distribution
from echelon.distributions.continuous import Gamma, LogNormal, Normal, Uniform
from echelon.distributions.counts import Binomial, Geometric
from echelon.distributions.discrete import NegativeBinomial, Poisson
from echelon.distributions.scipy_adapter import Scipy
from echelon.errors import DomainError


def member_of_ours(law: Scipy) -> Distribution | None:
    """Give the member of a family here that a distribution of ``scipy.stats`` is.

    Parameters
    ----------
    law : Scipy

    Returns
    -------
    Distribution or None
        None where there is none: a family that is not here, or one that is shifted.

    Examples
    --------
    >>> from scipy import stats
    >>> member_of_ours(Scipy.from_frozen(stats.expon(scale=4.0)))
    Gamma(mean=4.0, std=4.0)
    >>> member_of_ours(Scipy.from_frozen(stats.gamma(2.0, loc=1.0))) is None
    True
    """
    frozen = law.frozen
    shapes = frozen.dist.shapes.split(", ") if frozen.dist.shapes else []
    names = [*shapes, "loc", "scale"]
    given = {"loc": 0.0, "scale": 1.0, **dict(zip(names, law.args, strict=False)), **dict(law.kwds)}
    make = _FAMILIES.get(law.name)
    if make is None or (given["loc"] != 0.0 and law.name not in _ANYWHERE):
        return None
    try:
        return make(given)
    except DomainError:  # a degenerate one: no customers, a chance of 1
        return None


_Given = Mapping[str, float]


def _lognormal(given: _Given) -> Distribution:
    mean = given["scale"] * exp(0.5 * given["s"] ** 2)
    return LogNormal(mean, mean * sqrt(expm1(given["s"] ** 2)))


def _negative_binomial(given: _Given) -> Distribution:
    mean = given["n"] * (1.0 - given["p"]) / given["p"]
    return NegativeBinomial(mean, sqrt(mean / given["p"]))


_ANYWHERE = ("norm", "uniform")
_FAMILIES: dict[str, Callable[[_Given], Distribution]] = {
    "binom": lambda given: Binomial(int(given["n"]), given["p"]),
    "expon": lambda given: Gamma(given["scale"], given["scale"]),
    "gamma": lambda given: Gamma(given["a"] * given["scale"], sqrt(given["a"]) * given["scale"]),
    "geom": lambda given: Geometric(1.0 / given["p"], start=1),
    "lognorm": _lognormal,
    "nbinom": _negative_binomial,
    "norm": lambda given: Normal(given["loc"], given["scale"]),
    "poisson": lambda given: Poisson(given["mu"]),
    "uniform": lambda given: Uniform(given["loc"], given["loc"] + given["scale"]),
}
