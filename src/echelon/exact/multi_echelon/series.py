"""Stages in a row, many SKUs at once, as the recursions read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.distributions.lattice import lattice_step
from echelon.exact.multi_echelon.lead_time_demand import LeadTimeDemand, Times, lead_time_demand
from echelon.lead_time.exposed_periods import ExposedPeriods

_SMOOTH = frozenset(
    {"gamma", "lognormal", "normal", "smoothed_empirical", "triangular", "truncated_normal"}
    | {"uniform", "weibull"}
)
_WHOLE = frozenset({"negative_binomial", "poisson"})


@dataclass(frozen=True, slots=True)
class Series:
    """Stages in a row, SKU by SKU; stage 0 serves the customers.

    Attributes
    ----------
    demand : DistributionArray of n
        Of one period, units.
    times : tuple of n_stages Times
        Periods that each stage is exposed to (clause 2), the review period at stage 0.
    transit : (n, n_stages) float64
        Mean lead times, periods.
    echelon_cost : (n, n_stages) float64
        Echelon holding costs, money per unit and period.
    shortage_cost : (n,) float64
        Money per unit and period.
    review_period : (n,) float64
        Periods, 0 or 1.
    natural : (n, 2) float64
        Step of the demand's own lattice, numerator and denominator; NaN where it has none.
    smooth : (n,) bool
        Whether the demand has a density without atoms.
    """

    demand: DistributionArray
    times: tuple[Times, ...]
    transit: Floats
    echelon_cost: Floats
    shortage_cost: Floats
    review_period: Floats
    natural: Floats
    smooth: NDArray[np.bool_]

    @property
    def n_stages(self) -> int:
        """Number of stages."""
        return len(self.times)

    def __len__(self) -> int:
        return len(self.demand)

    def holding_cost(self) -> Floats:
        """Holding costs of the stages themselves, (n, n_stages): sums from upstream."""
        return np.cumsum(self.echelon_cost[:, ::-1], axis=1)[:, ::-1]

    def pipeline_cost(self) -> Floats:
        """Cost of what is on its way, at the rate of the stage that sent it, (n,).

        What is on its way to the stage furthest upstream is not the system's yet.
        """
        sent = self.holding_cost()[:, 1:]
        return np.asarray((sent * self.transit[:, :-1]).sum(axis=1) * self.demand.mean)

    def stock_cost(self, on_hand: Floats, backorders: Floats) -> Floats:
        """Cost of (n, n_stages) stock, and of what is owed to customers, (n,)."""
        held = (self.holding_cost() * on_hand).sum(axis=1)
        return np.asarray(held + self.shortage_cost * backorders[:, 0])

    def laws(self) -> list[LeadTimeDemand]:
        """Demand over the exposure of each stage; the same object where the exposures are."""
        found: list[LeadTimeDemand] = []
        for stage, time in enumerate(self.times):
            same = next((at for at in range(stage) if _same(self.times[at], time)), None)
            found.append(lead_time_demand(self.demand, time) if same is None else found[same])
        return found

    def take(self, at: NDArray[np.int64]) -> Series:
        """Give some of the SKUs."""
        times = tuple(
            one[at] if isinstance(one, np.ndarray) else [one[k] for k in at.tolist()]
            for one in self.times
        )
        return Series(
            self.demand.take(at),
            times,
            self.transit[at],
            self.echelon_cost[at],
            self.shortage_cost[at],
            self.review_period[at],
            self.natural[at],
            self.smooth[at],
        )


def later(times: Times, periods: Floats) -> Times:
    """Give exposures with so many periods more, (n,)."""
    if isinstance(times, np.ndarray):
        return np.asarray(np.maximum(times + periods, 0.0))
    known: dict[tuple[int, float], ExposedPeriods] = {}
    found = []
    for one, more in zip(times, periods.tolist(), strict=True):
        if (id(one), more) not in known:
            known[id(one), more] = one.later(more)
        found.append(known[id(one), more])
    return found


def blocks(sizes: NDArray[np.int64], most: int) -> Iterator[NDArray[np.int64]]:
    """SKUs of like sizes together, so that a block holds ``most`` numbers or a single SKU.

    Parameters
    ----------
    sizes : (n,) ndarray of int
        Lattice points of each SKU.
    most : int

    Yields
    ------
    (m,) ndarray of int
    """
    order = np.argsort(sizes, kind="stable")
    start = 0
    while start < len(order):
        stop = start + 1
        # like sizes: none is padded to more than a quarter above its own
        limit = max(1.25 * sizes[order[start]], sizes[order[start]] + 64)
        ends = sizes[order[start:]]
        count = np.arange(1, len(ends) + 1)
        stop = start + max(1, int(np.count_nonzero((ends <= limit) & (count * ends <= most))))
        yield order[start:stop]
        start = stop


def _same(one: Times, other: Times) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other))
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return False
    return all(a is b for a, b in zip(one, other, strict=True))


def lattices_of(demand: DistributionArray) -> tuple[Floats, NDArray[np.bool_]]:
    """Steps of the demands' own lattices, and which are smooth; see :class:`Series`."""
    natural = np.full((len(demand), 2), np.nan)
    smooth = np.zeros(len(demand), dtype=bool)
    for group in demand.members:
        smooth[group.at] = group.family in _SMOOTH
        if group.family in _WHOLE:
            natural[group.at] = 1.0
    for at, law in demand.others:
        step: Sequence[float] | None = lattice_step(law)
        if step is not None:
            natural[at] = step
        smooth[at] = step is None and law.family in _SMOOTH
    return natural, smooth
