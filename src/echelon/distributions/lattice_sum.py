"""Independent demands of different families added up on one lattice."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.lattice import (
    CONTINUOUS_TAIL,
    MOST_POINTS,
    Increments,
    Step,
    common_step,
    default_step,
    increments_of,
    lattice_ends,
    lattice_step,
)
from echelon.distributions.lattice_total import SUM_TAIL, LatticeTotal, split_bounds
from echelon.errors import DomainError

_FINER = 4
"""How much finer than the density needs a lattice may be, so that whole units stay on it."""


def convolved(
    components: Sequence[Distribution], step: float | None = None, *, kept: bool = True
) -> Increments:
    """Put the total of independent demands on one lattice.

    Each component is put there by itself, and their probabilities are convolved by one fast
    Fourier transform. Components that sit on lattices stay on them where the step can be a part of
    theirs; each of the others is moved by less than a step, and its mean stays.

    Parameters
    ----------
    components : sequence of Distribution
    step : float, optional
        Largest lattice step where one is needed for a density, units; default that of the
        components together, their own ones added as standard deviations are.
    kept : bool, default True
        Whether values on a lattice stay on it, whatever ``step``.

    Returns
    -------
    Increments

    Raises
    ------
    DomainError
        If a step is given of which the lattice would have more than two million points.
    """
    own = [lattice_step(component) for component in components]
    natural = _shared([one for one in own if one is not None]) if kept else None
    if natural is not None and None not in own:
        parts = [_on_step(increments_of(component), natural) for component in components]
        together = [one for one in parts if one is not None]
        if len(together) == len(parts) and _points(together) < MOST_POINTS:
            return _sum_of(together, natural)
    reach = sum(end - begin for begin, end in map(lattice_ends, components))
    width = step or max(
        sqrt(sum(default_step(component) ** 2 for component in components)),
        2.0 * _FINER * reach / MOST_POINTS,  # as many points again, and a sum needs more
        1e-9 * sum(abs(component.mean) for component in components),  # all known, on no lattice
    )
    numerator, denominator = width, 1
    if natural is not None and natural[0] / natural[1] >= width / _FINER:
        parts_of_one = max(ceil(natural[0] / natural[1] / width * (1.0 - 1e-12)), 1)
        numerator, denominator = natural[0], natural[1] * parts_of_one
    else:
        natural = None
    width = numerator / denominator
    if reach / width >= MOST_POINTS:
        raise DomainError(
            f"the total of {list(components)!r} would need {reach / width:,.0f} lattice points of "
            f"{width:g} units. Fix: give a larger step, or none."
        )
    found = []
    for component, lattice in zip(components, own, strict=True):
        exact = None
        if natural is not None and lattice is not None:
            exact = _on_step(increments_of(component), (numerator, denominator))
        found.append(exact or increments_of(component, width, kept=False))
    return _sum_of(found, (numerator, denominator))


def total_of_sums(
    demands: Sequence[Distribution], weights: Sequence[float], step: float | None = None
) -> LatticeTotal:
    """Distribution of one of several totals, each of which :func:`convolved` puts on a lattice.

    Parameters
    ----------
    demands : sequence of Distribution
        Totals, units.
    weights : sequence of float
        Probability of each, together 1.
    step : float, optional
        Largest lattice step for a density, units; default the coarsest that one of them needs.

    Returns
    -------
    LatticeTotal

    Raises
    ------
    DomainError
        If a step is given of which the lattice would have more than two million points.
    """
    shares = np.asarray(weights, dtype=np.float64)
    parts = _on_one_lattice(demands, [increments_of(demand, step) for demand in demands])
    first = min(one.first for one in parts)
    mass = np.zeros(max(one.first + len(one.mass) for one in parts) - first)
    for one, share in zip(parts, shares, strict=True):
        mass[one.first - first : one.first - first + len(one.mass)] += share * one.mass
    means = np.array([demand.mean for demand in demands])
    mean = float(shares @ means)
    within = float(shares @ np.array([demand.variance for demand in demands]))
    ends = [demand.support for demand in demands]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    exact = all(one.exact for one in parts)
    moved = 0 if exact else max(one.splits for one in parts)
    reach = parts[0].step
    return LatticeTotal(
        parts[0].numerator,
        parts[0].denominator,
        first,
        mass / mass.sum(),
        float(shares @ np.array([one.zero for one in parts])) if low <= 0.0 <= high else 0.0,
        exact,
        low,
        high,
        mean,
        within + float(shares @ (means - mean) ** 2),
        *split_bounds(reach, moved),
        2.0 * (max(one.tail for one in parts) + (SUM_TAIL if exact else CONTINUOUS_TAIL)),
    )


def _on_one_lattice(
    demands: Sequence[Distribution], parts: Sequence[Increments]
) -> Sequence[Increments]:
    """Give the parts on the coarsest step of a density among them, or on the one all share."""
    if all(one.step == parts[0].step for one in parts):
        return parts
    steps = [one.step for one in parts if not one.exact]
    if not steps:
        natural = _shared([(one.numerator, one.denominator) for one in parts])
        moved = [_on_step(one, natural) for one in parts] if natural is not None else [None]
        kept = [one for one in moved if one is not None]
        if len(kept) == len(parts):
            return kept
        steps = [one.step for one in parts]
    return [increments_of(demand, max(steps), kept=False) for demand in demands]


def _shared(steps: Sequence[Step]) -> Step | None:
    return common_step([n / d for n, d in steps]) if steps else None


def _on_step(one: Increments, step: tuple[float, int]) -> Increments | None:
    """The same on a finer lattice of which its own is a part, None where it is none."""
    if not one.exact:
        return None
    times = (one.numerator * step[1]) / (one.denominator * step[0])
    stretch = round(times)
    if stretch < 1 or abs(times - stretch) > 1e-9 * times:
        return None
    points = (len(one.mass) - 1) * stretch + 1
    if points >= MOST_POINTS:
        return None
    mass = np.zeros(points)
    mass[::stretch] = one.mass
    first = one.first * stretch
    return Increments(step[0], step[1], first, mass, one.zero, one.tail, exact=True, splits=0)


def _points(parts: Sequence[Increments]) -> int:
    return sum(len(one.mass) - 1 for one in parts) + 1


def _sum_of(parts: Sequence[Increments], step: tuple[float, int]) -> Increments:
    points = _points(parts)
    first = sum(one.first for one in parts)
    mass = _together([one.mass for one in parts], points)
    exact = all(one.exact for one in parts)
    if exact:
        zero = float(mass[-first]) if first <= 0 < first + points else 0.0
    else:  # the probability of 0 that all components have, kept apart from a density
        zero = float(np.prod([one.zero for one in parts]))
    splits = sum(one.splits for one in parts if not one.exact)
    tail = sum(one.tail for one in parts)
    return Increments(step[0], step[1], first, mass, zero, tail, exact, splits)


def _together(masses: Sequence[Floats], points: int) -> Floats:
    size = int(scipy.fft.next_fast_len(points, real=True))
    transform = np.ones(size // 2 + 1, dtype=np.complex128)
    for mass in masses:
        transform *= scipy.fft.rfft(mass, size)
    around = scipy.fft.irfft(transform, size)[:points]
    # what is below 0 is the rounding of the transform, around 1e-16
    mass = np.maximum(around, 0.0)
    return np.asarray(mass / mass.sum())
