"""Demand of a block of replications, drawn from streams addressed by name (clause 12)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from echelon.distributions import Distribution
from echelon.errors import DomainError
from echelon.network.compiled import Floats
from echelon.rng import stream

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
    address : (item, location, segment)
    distribution : Distribution
        Units per period.
    """

    customer: int
    address: tuple[str, str, str]
    distribution: Distribution


def draw_blocks(
    rows: Sequence[DemandRow], *, n_customers: int, n_periods: int, seed: int, block: int
) -> Iterator[Floats]:
    """Draw the demand of 128 replications, a stretch of periods at a time.

    A block is always drawn in full, so that replication 5 sees the same demand whether 10 or 1,000
    are asked for; and every row has its own stream, so that it sees the same demand whatever else
    is in the network.

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
    streams = [stream(seed, "demand", *row.address, block) for row in rows]
    for first in range(0, n_periods, PERIODS_AT_A_TIME):
        shape = (min(PERIODS_AT_A_TIME, n_periods - first), LANES)
        demand = np.zeros((n_customers, *shape))
        for row, rng in zip(rows, streams, strict=True):
            sample = row.distribution.sample(rng, shape)
            # one sum finds a NaN or an infinity anywhere in the sample
            if np.shape(sample) != shape or not np.isfinite(np.sum(sample)):
                item, location, segment = row.address
                where = f"{item} @ {location}" + (f", segment {segment}" if segment else "")
                raise DomainError(
                    f"demand of {where}: {row.distribution!r} drew something else than finite "
                    f"numbers of shape {shape}. Fix: mend its sample method."
                )
            demand[row.customer] += sample
        yield demand
