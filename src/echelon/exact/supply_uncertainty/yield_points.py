r"""Expectations over demand and yield: one as weighted points, the other by its loss function.

Of two independent quantities one is taken apart into points and the other enters by closed forms of
its distribution function and expected shortage, so that no double sum is needed.

- A known or discrete one is taken apart, demand before yield: exact.
- Of two densities it is the one with corners (uniform, triangular, truncated), else the one that
  varies less. It is integrated by the trapezoid rule over the score :math:`z` of its quantile
  :math:`F^{-1}(\Phi(z))`, which for smooth quantiles and losses converges faster than any power of
  the step.
- One that mixes densities with probability on single values is put on a fine lattice that keeps
  its mean, see :mod:`echelon.distributions.lattice`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.distributions.base import Distribution
from echelon.distributions.closed import CLOSED
from echelon.distributions.loss import expected_shortage
from echelon.exact.masses import masses_of
from echelon.lead_time.exposure import exposure_demand

Integers: TypeAlias = NDArray[np.int64]

_SCORES = np.arange(-131, 132) / 16.0
"""Of the trapezoid rule, normal scores; less than 1e-15 lies beyond."""
_COUNTED = ("deterministic", "negative_binomial", "poisson")
_ANALYTIC = ("gamma", "lognormal", "normal", "weibull")
_CORNERED = ("scipy", "triangular", "truncated_normal", "uniform")
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class YieldPoints:
    """Points of demand or of yield, SKU after SKU, and the law of the other quantity.

    Attributes
    ----------
    demand, share : DistributionArray of n
    multiplicative : bool
        Whether :math:`QY` arrives, not :math:`Q + Y`.
    of_demand : (n,) bool
        Whether the points are of demand.
    ptr : (n + 1,) int64
    point, weight : (m,) float64
        Weights together 1 for each SKU.
    """

    demand: DistributionArray
    share: DistributionArray
    multiplicative: bool
    of_demand: NDArray[np.bool_]
    ptr: Integers
    point: Floats
    weight: Floats

    def bracket(self, ratio: Floats) -> tuple[Floats, Floats]:
        """Orders between which that of a critical ratio lies; the upper may have to grow."""
        if self.multiplicative:
            scale = self._scale()
            return _TINY * scale, 2.0 * scale
        mean = self.demand.mean - self.share.mean
        std = np.sqrt(self.demand.std**2 + self.share.std**2)
        slack = 1e-9 * (np.abs(mean) + std) + 1e-12
        return (  # Cantelli's bounds on a quantile
            mean - std * np.sqrt((1.0 - ratio) / ratio) - slack,
            mean + std * np.sqrt(ratio / (1.0 - ratio)) + slack,
        )

    def served(self, order: Floats) -> Floats:
        r"""Give :math:`E[Y; D \le QY]/E[Y]`, or :math:`P(D \le Q + Y)`, shape (n,)."""
        row, asked = self._asked(order)
        at_demand = self.of_demand[row]
        reached = self._law("cdf", asked)
        if self.multiplicative:
            # E[Y; Y > x], asked for where the points are of demand
            above = self._law("shortage", asked, of_share=True) + asked * (1.0 - reached)
            value = np.where(at_demand, above, self.point * reached) / self.share.mean[row]
        else:
            value = np.where(at_demand, 1.0 - reached, reached)
        return np.asarray(np.add.reduceat(self.weight * value, self.ptr[:-1]))

    def shortage(self, order: Floats) -> Floats:
        """Mean units of demand that an order leaves unserved, shape (n,)."""
        row, asked = self._asked(order)
        above = self._law("shortage", asked)
        left = np.maximum(asked - self.share.mean[row] + above, 0.0)
        if self.multiplicative:
            left = left * np.maximum(order, _TINY * self._scale())[row]
        value = np.where(self.of_demand[row], left, above)
        return np.asarray(np.add.reduceat(self.weight * value, self.ptr[:-1]))

    def _scale(self) -> Floats:
        known = np.abs(self.demand.mean / self.share.mean)
        return np.where(known > 0.0, known, 1.0)

    def _asked(self, order: Floats) -> tuple[Integers, Floats]:
        """Rows of the points, and where the other law is to be evaluated."""
        row = np.repeat(np.arange(len(self.of_demand)), np.diff(self.ptr))
        at_demand = self.of_demand[row]
        if self.multiplicative:
            some = np.maximum(order, _TINY * self._scale())[row]
            return row, np.where(at_demand, self.point / some, self.point * some)
        return row, np.where(at_demand, self.point - order[row], order[row] + self.point)

    def _law(self, function: str, asked: Floats, *, of_share: bool = False) -> Floats:
        """Distribution function or shortage of the other law at one value per point.

        With ``of_share`` that of yields only, and 0 where the other law is of demand.
        """
        row = np.repeat(np.arange(len(self.of_demand)), np.diff(self.ptr))
        values = np.zeros(len(asked))
        sides = ((self.share, self.of_demand), (self.demand, ~self.of_demand))
        for laws, chosen in sides[:1] if of_share else sides:
            for group in laws.members:
                place = np.full(len(chosen), -1)
                place[group.at] = np.arange(len(group.at))
                place[~chosen] = -1
                member = place[row]
                here = member >= 0
                of = member[here]
                known = getattr(CLOSED[group.family], function)
                values[here] = known(asked[here], group.mean[of], group.std[of])
            for at, law in laws.others:
                if chosen[at]:
                    part = slice(self.ptr[at], self.ptr[at + 1])
                    values[part] = (
                        law.cdf(asked[part])
                        if function == "cdf"
                        else expected_shortage(law, asked[part])
                    )
        return values


def yield_points(
    demand: DistributionArray, share: DistributionArray, multiplicative: bool
) -> YieldPoints:
    """Choose for each SKU what is taken apart, and take it apart.

    Parameters
    ----------
    demand, share : DistributionArray of n
        Independent of one another; units, or fractions.
    multiplicative : bool
        Whether the share multiplies the order, so that it is relative spread that counts.

    Returns
    -------
    YieldPoints
    """
    kinds, other_kinds = _kinds(demand), _kinds(share)
    spread, other_spread = demand.std, share.std
    if multiplicative:
        with np.errstate(divide="ignore", invalid="ignore"):  # no demand: known, and so taken apart
            spread, other_spread = spread / np.abs(demand.mean), other_spread / share.mean
    # counted 0, cornered 1, analytic 2, lumpy 0.5: the lower is taken apart, of equals the narrower
    of_demand = (kinds < other_kinds) | ((kinds == other_kinds) & (spread <= other_spread))
    of_demand |= kinds == 0.0
    pieces: list[tuple[Floats, Floats]] = [(np.empty(0), np.empty(0))] * len(demand)
    for laws, ranks, chosen in ((demand, kinds, of_demand), (share, other_kinds, ~of_demand)):
        _take_apart(laws, ranks, chosen, pieces)
    sizes = [len(point) for point, _ in pieces]
    return YieldPoints(
        demand,
        share,
        multiplicative,
        of_demand,
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([point for point, _ in pieces]) if pieces else np.empty(0),
        np.concatenate([weight for _, weight in pieces]) if pieces else np.empty(0),
    )


def _kinds(laws: DistributionArray) -> Floats:
    ranks = np.empty(len(laws))
    for group in laws.members:
        ranks[group.at] = 0.0 if group.family in _COUNTED else 2.0
    for at, law in laws.others:
        ranks[at] = _kind(law)
    return ranks


def _kind(law: Distribution) -> float:
    if law.discrete:
        return 0.0
    if law.family in _ANALYTIC:
        return 2.0
    return 1.0 if law.family in _CORNERED else 0.5


def _take_apart(
    laws: DistributionArray,
    ranks: Floats,
    chosen: NDArray[np.bool_],
    pieces: list[tuple[Floats, Floats]],
) -> None:
    """Give the chosen SKUs their points and weights."""
    density = np.exp(-0.5 * _SCORES**2)
    density /= density.sum()
    share = scipy.special.ndtr(_SCORES)
    for group in laws.members:
        at = group.at[chosen[group.at]]
        if group.family == "deterministic":
            for one, mean in zip(at.tolist(), laws.mean[at].tolist(), strict=True):
                pieces[one] = np.array([mean]), np.ones(1)
        elif group.family not in _COUNTED and at.size:
            quantiles = exposure_demand(laws.take(at), 1.0).ppf(share[:, None])
            for one, column in zip(at.tolist(), quantiles.T, strict=True):
                pieces[one] = column, density
        elif at.size:
            _on_lattice(laws, at, pieces)
    for one, law in laws.others:
        if chosen[one] and ranks[one] >= 1.0:
            pieces[one] = law.ppf(share), density
        elif chosen[one]:
            _on_lattice(laws, np.array([one]), pieces)


def _on_lattice(laws: DistributionArray, at: Integers, pieces: list[tuple[Floats, Floats]]) -> None:
    masses = masses_of(laws.take(at))
    for number, one in enumerate(at.tolist()):
        mass = masses.of(number)
        points = (masses.first[number] + np.arange(len(mass))) * masses.step[number]
        pieces[one] = points, mass
