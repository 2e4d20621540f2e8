"""Demand of a block of replications, drawn from streams addressed by name (clause 12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from echelon.distributions import Distribution, PerPeriod
from echelon.errors import DomainError
from echelon.network.compiled import Floats
from echelon.rng import stream

Shape: TypeAlias = tuple[int, int]

LANES: Final = 128
"""Replications in a block: enough to fill vector registers, few enough to stay in cache."""

PERIODS_AT_A_TIME: Final = 64
"""Periods drawn at once, so that memory does not grow with the length of a run."""


@dataclass(frozen=True, slots=True)
class DemandRow:
    """One row of the demand table: where it falls, its name, and how it is distributed.

    Attributes
    ----------
    customer : int
        Position of its stage among the component's stages with customers.
    address : (item, location, *segments)
    distribution : Distribution
        Units per period.
    joint : Joint or None
        How it is drawn together with the rows it is correlated with.
    """

    customer: int
    address: tuple[str, ...]
    distribution: Distribution
    joint: Joint | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """A row's place among the rows it is correlated with, which may be of other components.

    Attributes
    ----------
    addresses : tuple of (item, location, *segments)
        Rows of the group up to this one, in the order of their names.
    weights : (n,) float64
        The row's score is this times one independent normal per address.
    """

    addresses: tuple[tuple[str, ...], ...]
    weights: Floats


def draw_blocks(
    rows: Sequence[DemandRow], *, n_customers: int, n_periods: int, seed: int, block: int
) -> Iterator[Floats]:
    """Draw the demand of 128 replications, a stretch of periods at a time.

    A block is always drawn in full, so that replication 5 sees the same demand whether 10 or 1,000
    are asked for; and every row has its own stream, so that it sees the same demand whatever else
    is in the network. A correlated row is the quantile of its distribution at a normal score,
    which is made of the streams of its whole group: they are opened anew in every component that
    has a row of the group, so that components may still be run apart.

    Parameters
    ----------
    rows : sequence of DemandRow
        All of one component.
    n_customers, n_periods : int
    seed, block : int
        Block ``b`` holds replications ``128 b`` to ``128 b + 127``.

    Yields
    ------
    ndarray of float64, shape (n_customers, up to 64, 128)
        Units, summed over the rows of a stage.

    Raises
    ------
    DomainError
        If a distribution gives something else than finite numbers in the shape asked for.

    Examples
    --------
    >>> from echelon.distributions import make
    >>> rows = [DemandRow(0, ("bolt", "shop", ""), make("normal", 10.0, 2.0))]
    >>> [part.shape for part in draw_blocks(rows, n_customers=1, n_periods=70, seed=1, block=0)]
    [(1, 64, 128), (1, 6, 128)]
    """
    independent = {
        place: stream(seed, "demand", *row.address, block)
        for place, row in enumerate(rows)
        if row.joint is None
    }
    members = dict.fromkeys(a for row in rows if row.joint for a in row.joint.addresses)
    normals = {address: stream(seed, "score", *address, block) for address in members}
    for first in range(0, n_periods, PERIODS_AT_A_TIME):
        shape = (min(PERIODS_AT_A_TIME, n_periods - first), LANES)
        demand = np.zeros((n_customers, *shape))
        drawn = {address: rng.standard_normal(shape) for address, rng in normals.items()}
        for place, row in enumerate(rows):
            if row.joint is None:
                sample = _sample(row.distribution, independent[place], first, shape)
            else:
                sample = _quantiles(row.distribution, _score(row.joint, drawn), first)
            # one sum finds a NaN or an infinity anywhere in the sample
            if np.shape(sample) != shape or not np.isfinite(np.sum(sample)):
                item, location, *segments = row.address
                named = ", ".join(part for part in segments if part)
                where = f"{item} @ {location}" + (f", segment {named}" if named else "")
                raise DomainError(
                    f"demand of {where}: {row.distribution!r} drew something else than finite "
                    f"numbers of shape {shape}. Fix: mend its "
                    f"{'sample' if row.joint is None else 'ppf'} method."
                )
            demand[row.customer] += sample
        yield demand


def _sample(law: Distribution, rng: np.random.Generator, first: int, shape: Shape) -> Floats:
    if isinstance(law, PerPeriod):
        return law.sample_from(rng, first, shape)
    return law.sample(rng, shape)


def _score(joint: Joint, drawn: Mapping[tuple[str, ...], Floats]) -> Floats:
    """Weighted sum in a fixed order, not by a matrix product, whose bits depend on its shape."""
    score: Floats = np.zeros_like(drawn[joint.addresses[0]])
    for address, weight in zip(joint.addresses, joint.weights.tolist(), strict=True):
        if weight != 0.0:
            score += weight * drawn[address]
    return score


def _quantiles(law: Distribution, score: Floats, first: int) -> Floats:
    """Demand at normal scores, shape (n_periods, lanes), the first row being period ``first``."""
    from scipy.special import ndtr

    if law.family == "normal":  # as it is, without a detour through probabilities
        return law.mean + law.std * score
    if isinstance(law, PerPeriod):
        rows = [_quantiles(law.at(first + k), row[None], first) for k, row in enumerate(score)]
        return np.concatenate(rows)
    return law.ppf(ndtr(score))
