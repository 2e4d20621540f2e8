r"""Loss functions of first and second order, and their inverses.

With :math:`D` the demand and :math:`x` a level, in units and in units squared:

- shortage :math:`n(x) = E[(D - x)^+]` and leftover :math:`\bar n(x) = E[(x - D)^+]`;
- second shortage :math:`n_2(x) = \tfrac12 E[((D - x)^+)^2] = \int_x^\infty n(y)\,dy` and second
  leftover :math:`\bar n_2(x) = \tfrac12 E[((x - D)^+)^2] = \int_{-\infty}^x \bar n(y)\,dy`.

The second order is that integral for counts too. Others halve :math:`E[(D - x)^+(D - x - 1)^+]`
there, which is :math:`n_2(x) - n(x)/2` at whole levels.

The demand is that of whatever periods it is given for; there is no lead time here. For the demand
of a lead time see :func:`~echelon.lead_time.exposure.exposure_demand`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.inverse import smallest_reaching
from echelon.distributions.loss import expected_leftover, expected_shortage
from echelon.distributions.second_loss import expected_second_leftover, expected_second_shortage
from echelon.errors import DomainError
from echelon.exact.manner import Answer, Case, Demand, Given, Value, unit

__all__ = [
    "Loss",
    "expected_leftover",
    "expected_second_leftover",
    "expected_second_shortage",
    "expected_shortage",
    "level_for_leftover",
    "level_for_second_leftover",
    "level_for_second_shortage",
    "level_for_shortage",
    "loss",
]

_DOUBLINGS = 1100  # from the smallest float to the largest is less


@dataclass(frozen=True, eq=False, repr=False)
class Loss(Answer):
    """Loss functions of a demand at a level."""

    level: Value = unit("units")
    shortage: Value = unit("units")
    leftover: Value = unit("units")
    second_shortage: Value = unit("units^2")
    second_leftover: Value = unit("units^2")


def loss(demand: Demand, level: ArrayLike) -> Loss:
    r"""Loss functions of first and second order at a level.

    Stable in both tails: what is small has as many digits as what is large. Normal, gamma,
    lognormal, uniform, Weibull, triangular, truncated normal, Poisson, negative binomial, binomial,
    geometric and empirical demand are exact to about 1e-12 of the value itself, mixtures of these
    too; a distribution of ``scipy.stats`` is as exact as its own ``sf``, ``isf``, ``cdf``, ``ppf``
    and ``pmf``. What is put on a lattice by Fourier transform (compound Poisson of sizes on a
    lattice, sums) is exact to 1e-16 units or so, not relative to the value.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray or DataFrame
        Units.
    level : array_like of float
        Units, any sign; broadcasts against the demands along the last axis.

    Returns
    -------
    Loss
        Shortage and leftover in units, the second order in units squared.

    Raises
    ------
    DomainError
        If a level is no finite number or a result is beyond the largest float; names the position.

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, appendix C.3.
    .. [2] Zipkin (2000), *Foundations of Inventory Management*, appendix C.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> loss(Normal(15.0, 3.0), 18.0)
    Loss
      level 18 [units]
      shortage 0.249946 [units]
      leftover 3.24995 [units]
      second_shortage 0.339029 [units^2]
      second_leftover 8.66097 [units^2]
    """
    given = Given("loss")
    given.demand("demand", demand, least_mean=None)
    given.number("level", level, unit="units")
    case = given.settle()
    laws, at = case.demands["demand"], case["level"]
    with np.errstate(over="ignore", invalid="ignore"):  # told of below
        values = {
            "shortage": laws.shortage(at),
            "leftover": laws.leftover(at),
            "second_shortage": laws.second_shortage(at),
            "second_leftover": laws.second_leftover(at),
        }
    for name, found in values.items():
        _require_finite("loss", name, found, "take a level nearer to the demand")
    return case.answer(Loss, level=at, **values)


def level_for_shortage(demand: Demand, target: ArrayLike) -> Value:
    """Smallest level whose expected shortage is at most the target.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray or DataFrame
        Units.
    target : array_like of float
        Units, at least 0; broadcasts.

    Returns
    -------
    float or ndarray of float64
        Units; the largest possible demand, which may be infinite, where the target is 0.

    Raises
    ------
    DomainError
        If a target is no finite number or negative; names the position.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> round(level_for_shortage(Normal(15.0, 3.0), 0.24994641176), 6)
    18.0
    """
    case = _asked("level_for_shortage", demand, target, "units")
    laws, wanted = case.demands["demand"], case["target"]
    return _inverse(case, laws.shortage, laws.mean - wanted, falls=True)


def level_for_second_shortage(demand: Demand, target: ArrayLike) -> Value:
    """Smallest level at which half the expected squared shortage is at most the target.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray or DataFrame
        Units.
    target : array_like of float
        Units squared, at least 0; broadcasts.

    Returns
    -------
    float or ndarray of float64
        Units; the largest possible demand, which may be infinite, where the target is 0.

    Raises
    ------
    DomainError
        If a target is no finite number or negative; names the position.

    Examples
    --------
    >>> from echelon.distributions import Gamma
    >>> round(level_for_second_shortage(Gamma(6.0, 18.0**0.5), 10.280288386513346), 6)
    4.0
    """
    case = _asked("level_for_second_shortage", demand, target, "units^2")
    laws, wanted = case.demands["demand"], case["target"]
    begin = laws.mean - np.sqrt(2.0 * wanted)
    return _inverse(case, laws.second_shortage, begin, falls=True)


def level_for_leftover(demand: Demand, target: ArrayLike) -> Value:
    """Level that demand leaves so much of on average, the smallest that leaves no less.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray or DataFrame
        Units.
    target : array_like of float
        Units, at least 0; broadcasts.

    Returns
    -------
    float or ndarray of float64
        Units; the smallest possible demand, which may be minus infinity, where the target is 0.

    Raises
    ------
    DomainError
        If a target is no finite number or negative; names the position.

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> round(level_for_leftover(Poisson(15.0), 3.5176095282584723), 6)
    18.0
    """
    case = _asked("level_for_leftover", demand, target, "units")
    laws, wanted = case.demands["demand"], case["target"]
    return _inverse(case, laws.leftover, laws.mean + wanted, falls=False)


def level_for_second_leftover(demand: Demand, target: ArrayLike) -> Value:
    """Level at which half the expected square of what is left reaches the target.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray or DataFrame
        Units.
    target : array_like of float
        Units squared, at least 0; broadcasts.

    Returns
    -------
    float or ndarray of float64
        Units; the smallest possible demand, which may be minus infinity, where the target is 0.

    Raises
    ------
    DomainError
        If a target is no finite number or negative; names the position.

    Examples
    --------
    >>> from echelon.distributions import Gamma
    >>> round(level_for_second_leftover(Gamma(6.0, 18.0**0.5), 0.7197116134866537), 6)
    4.0
    """
    case = _asked("level_for_second_leftover", demand, target, "units^2")
    laws, wanted = case.demands["demand"], case["target"]
    begin = laws.mean + np.sqrt(2.0 * wanted)
    return _inverse(case, laws.second_leftover, begin, falls=False)


def _asked(model: str, demand: Demand, target: ArrayLike, units: str) -> Case:
    given = Given(model)
    given.demand("demand", demand, least_mean=None)
    given.number("target", target, least=0.0, unit=units)
    return given.settle()


def _inverse(
    case: Case, function: Callable[[Floats], Floats], begin: Floats, *, falls: bool
) -> Value:
    """Bisect between a level that Jensen's inequality gives and one found by doubling steps.

    Of a function that falls the beginning is below the answer, of one that rises above it.
    """
    laws, wanted = case.demands["demand"], case["target"]
    low, high = laws.support()
    end = high if falls else low
    asked = np.where(wanted == 0.0, 1.0, wanted)
    slack = 1e-9 * (np.abs(begin) + laws.std + np.finfo(float).tiny)
    near = begin - slack if falls else begin + slack
    step = np.maximum(laws.std, slack)
    far = near.copy()
    for _ in range(_DOUBLINGS):
        far = np.minimum(near + step, high) if falls else np.maximum(near - step, low)
        short = (function(far) > asked) if falls else (function(far) >= asked)
        short &= far != end
        if not short.any():
            break
        step = np.where(short, 2.0 * step, step)
    sign = -1.0 if falls else 1.0

    def reached(x: Floats) -> Floats:
        # above -2 by as many targets: no share of 0 or 1, which the bisection answers by an end
        return np.asarray(sign * function(x) / asked - 3.0)

    lower, upper = (near, far) if falls else (far, near)
    found = smallest_reaching(reached, np.full(case.size, sign - 3.0), lower, upper)
    return case.shaped(np.where(wanted == 0.0, end, found))


def _require_finite(model: str, name: str, values: Floats, fix: str) -> None:
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DomainError(
            f"{model}: {name}[{at}] is {values[at]!r}, beyond what a float can hold. Fix: {fix}."
        )
