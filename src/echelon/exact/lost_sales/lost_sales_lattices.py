"""Demand of one period on a lattice from 0 on, for all SKUs at once: what the chains read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.distributions.base import Distribution
from echelon.distributions.lattice import increments_of, lattice_step
from echelon.errors import DomainError
from echelon.exact.manner import Given
from echelon.exact.masses import masses_of
from echelon.exact.single_stage.stage_times import own_steps

OWN_POINTS = 256
"""Up to so many points of a base stock whole demand stays on its own lattice."""
POINTS = 128
"""Points of a base stock otherwise, or more where they would not tell two demands apart."""
MOST_POINTS = 1024
"""More would take seconds for each SKU."""
_COARSEST = 2.5
"""Steps may be so many times as long as they should before a base stock is refused."""
_NEGATIVE = 1e-6


@dataclass(frozen=True, slots=True)
class Lattices:
    """Demand of one period on the points 0, step, 2 step, … up to a level, SKU after SKU.

    Attributes
    ----------
    step : (n,) float64
        Units.
    own : (n,) bool
        Whether the demand sits there itself.
    mean : (n,) float64
        Steps.
    ptr : (n + 1,) int64
    mass : (m,) float64
        That of larger values may be missing.
    """

    step: Floats
    own: NDArray[np.bool_]
    mean: Floats
    ptr: NDArray[np.int64]
    mass: Floats


def require_not_negative(given: Given, demand: Sequence[Distribution]) -> None:
    """Report demand that can be negative by more than a chance in a million.

    Parameters
    ----------
    given : Given
    demand : sequence of Distribution
    """
    for at, law in enumerate(demand):
        if law.support[0] < 0.0 and float(law.cdf(np.nextafter(0.0, -1.0))) > _NEGATIVE:
            given.faults.append(
                f"demand[{at}] is {law!r}, which can be negative; a negative sale cannot be lost. "
                "Fix: use a gamma or truncated_normal demand."
            )


def own_step(law: Distribution) -> float | None:
    """Step of the lattice on which all values of a demand lie, units; None if there is none."""
    step = lattice_step(law)
    return None if step is None else step[0] / step[1]


def steps_of(demand: DistributionArray) -> Floats:
    """Give :func:`own_step` of each demand, NaN where there is none."""
    found = own_steps(demand)
    left = {at for at, _ in demand.others}
    left.update(*(group.at.tolist() for group in demand.members if group.family == "deterministic"))
    for at in left:
        if np.isnan(found[at]):
            step = own_step(demand[at])
            found[at] = np.nan if step is None else step
    return found


def masses_from_zero(law: Distribution) -> Floats:
    """Probabilities of 0, 1, 2, … steps of a demand's own lattice.

    Parameters
    ----------
    law : Distribution
        Not negative, but for a chance that :func:`require_not_negative` lets pass.

    Returns
    -------
    ndarray of float64
    """
    made = increments_of(law)
    first, mass = made.first, np.asarray(made.mass)
    if first < 0:
        mass = np.concatenate(([mass[: 1 - first].sum()], mass[1 - first :]))
        first = 0
    mass = np.concatenate((np.zeros(first), mass))
    return np.asarray(mass / mass.sum())


def put_on_lattices(demand: DistributionArray, level: Floats) -> Lattices:
    """Put demand on a lattice each, with so many points below a level as the chain can bear.

    Parameters
    ----------
    demand : DistributionArray of n
    level : (n,) ndarray of float64
        Units, above 0. Where the demand leaves its own lattice, a multiple of the new step.

    Returns
    -------
    Lattices

    Raises
    ------
    DomainError
        If so many periods of demand fit into a level that no lattice of a size that can be borne
        tells one demand from another; names the first SKU.
    """
    step = steps_of(demand)
    own = level <= OWN_POINTS * step
    points = _points(demand, level, own)
    step = np.where(own, step, level / points)
    parts = [_own_masses(demand, np.flatnonzero(own), step)] if own.any() else []
    for count in np.unique(points[~own]).tolist():
        skus = np.flatnonzero(~own & (points == count))
        parts.append(_split_masses(demand, skus, step, count))
    sizes = np.zeros(len(step), dtype=np.int64)
    for skus, lengths, _ in parts:
        sizes[skus] = lengths
    ptr = _begins(sizes)
    mass = np.empty(int(ptr[-1]))
    for skus, lengths, values in parts:
        mass[np.arange(len(values)) + np.repeat(ptr[skus] - _begins(lengths)[:-1], lengths)] = (
            values
        )
    return Lattices(step, own, demand.mean / step, ptr, mass)


_Part = tuple[NDArray[np.int64], NDArray[np.int64], Floats]
"""SKUs, how many points each has, and their probabilities."""


def _begins(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


def _points(demand: DistributionArray, level: Floats, own: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of steps up to a level.

    A step as long as a standard deviation, or a 32nd of the mean, adds little to the spread.
    """
    wanted = np.maximum(np.maximum(demand.std, demand.mean / 32.0), np.finfo(float).tiny)
    needed = np.where(own, 0.0, level / wanted)
    if (needed > _COARSEST * MOST_POINTS).any():
        at = int(np.argmax(needed))
        raise DomainError(
            f"lost sales: SKU {at}, {demand[at]!r} with a base stock of {level[at]:g}, has too "
            "many periods of demand in it. Fix: use longer periods, a lower base_stock or a "
            "shorter lead_time, or lost_sales_constant_order, nearly the best where it is so long."
        )
    doubled = 2.0 ** np.ceil(np.log2(np.maximum(needed, POINTS) * (1.0 - 1e-9)))
    return np.minimum(doubled, MOST_POINTS).astype(np.int64)


def _own_masses(demand: DistributionArray, skus: NDArray[np.int64], step: Floats) -> _Part:
    made = masses_of(demand.take(skus))
    each = np.rint(made.step / step[skus]).astype(np.int64)
    first, lengths = made.first * each, np.diff(made.ptr)
    sizes = (np.maximum(first + each * (lengths - 1), 0) + 1).astype(np.int64)
    begin = _begins(sizes)
    of = np.repeat(np.arange(len(skus)), lengths)
    number = np.arange(len(made.mass)) - made.ptr[of]
    place = begin[of] + np.maximum(first[of] + each[of] * number, 0)
    mass: Floats = np.bincount(place, made.mass, int(begin[-1])).astype(np.float64)
    return skus, sizes, mass


def _split_masses(
    demand: DistributionArray, skus: NDArray[np.int64], step: Floats, count: int
) -> _Part:
    """Each value shared by the two points it is between, up to a number of steps.

    That leaves the expected shortage at every point as it is, so that its second differences are
    the probabilities. It adds a sixth of a squared step to the variance of a smooth density, which
    is taken off again where every probability stays above 0.
    """
    laws, width = demand.take(skus), step[skus]
    shortage = laws.shortage(np.arange(-1.0, count + 3.0)[:, None] * width)
    mass = np.diff(shortage, 2, axis=0) / width
    mass[0] += np.maximum(1.0 + (shortage[1] - shortage[0]) / width, 0.0)  # what is below 0
    padded = np.concatenate((np.zeros((2, len(skus))), mass))
    sharper = padded[1:-1] - np.diff(padded, 2, axis=0) / 12.0
    smooth = (width <= laws.std) & (sharper.min(axis=0) >= -_NEGATIVE)
    kept = np.maximum(np.where(smooth, sharper[1:], mass[:-1]), 0.0)
    return skus, np.full(len(skus), count + 1), kept[: count + 1].T.ravel()
