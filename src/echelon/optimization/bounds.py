"""Bounds on the demand a stage must cover, and the cost tables of guaranteed service made of them.

A stage with net replenishment time ``tau`` holds stock against the demand of ``tau`` periods: its
base stock is a bound on that demand, its safety stock the bound less the mean. Where the wait for
supplies is random, ``tau`` is that at mean times, and the demand a mixture over the wait.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, sqrt
from typing import cast

import numpy as np

from echelon.demand.covariance import independent_rows
from echelon.distributions import Deterministic, Distribution, Normal, Sum, sum_of
from echelon.distributions.closed import CLOSED
from echelon.lead_time.deviation import Wait
from echelon.lead_time.exposure import exposure_demand, exposure_of_periods
from echelon.lead_time.totals import ExposureDemand
from echelon.network.compiled import CompiledNetwork, Floats
from echelon.network.network import Network
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.random_times import wait_std, wait_std_at
from echelon.optimization.service_targets import ServiceTargets

_NORMAL = ("normal", "deterministic")
"""Demand of which the normal bound is exact already."""
_MOST_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class GuaranteedServiceCost:
    r"""Holding cost of safety stock in one component, as tables over service times.

    Under the normal bound the safety stock over ``tau`` periods is
    :math:`\sqrt{\beta^2\tau + (z\mu\sigma_T)^2}`, with :math:`\beta` the spread of the bound and
    :math:`\sigma_T` the standard deviation of the wait for supplies [1]_ [2]_. Where only
    customers buy, in segments that are independent of one another, it is the exact quantile of the
    demand of ``tau`` periods less its mean (see :class:`ExactDemands`).

    Where the wait has a distribution, with deviation :math:`D` from its mean, it is the quantile of
    the demand of :math:`(\tau + D)^+` periods less :math:`\mu\tau`: the mixture of that exact
    demand or, elsewhere, of the normal demand that the stage sees. What early supplies add to
    stock is in it.

    Attributes
    ----------
    component : CompiledNetwork
        A shard of one component.
    seen : DemandSeen
    exact : mapping of stage to (distribution of one period's demand, service level)
    waits : mapping of stage to Wait
        Where every varying time has a distribution.

    References
    ----------
    .. [1] Graves & Willems (2000), *Manufacturing & Service Operations Management* 2(1).
    .. [2] Humair, Ruark, Tomlin & Willems (2013), *Interfaces* 43(5).
    """

    component: CompiledNetwork
    seen: DemandSeen
    exact: Mapping[int, tuple[Distribution, float]]
    waits: Mapping[int, Wait] = field(default_factory=dict)
    _kept: dict[tuple[int, float], float] = field(default_factory=dict, init=False, repr=False)

    @property
    def concave(self) -> bool:
        """Whether every stage is under the normal bound, which is concave in ``tau``."""
        return not self.exact and not self.waits

    def table(self, stage: int, inbound: Floats, outbound: Floats, covered: Floats) -> Floats:
        """Money per period for each pair of service times (see ``CostFunction``)."""
        del inbound, outbound  # all that counts is the demand covered
        return np.asarray(self.component.holding_cost[stage] * self.safety_stock(stage, covered))

    def safety_stock(self, stage: int, tau: Floats) -> Floats:
        """Safety stock of a stage over net replenishment times ``tau`` (any shape), units."""
        if stage in self.exact or stage in self.waits:
            known = stage in self.exact
            mean = self.exact[stage][0].mean if known else float(self.seen.mean[stage])
            return np.asarray(self._quantile(stage, tau) - mean * np.asarray(tau))
        noise = self._wait_noise(stage)
        return np.asarray(np.sqrt(self.seen.bound_std[stage] ** 2 * tau + noise**2))

    def base_stock(self, stage: int, tau: Floats) -> Floats:
        """Base stock of a stage over net replenishment times ``tau`` (any shape), units."""
        if stage in self.exact or stage in self.waits:
            return self._quantile(stage, tau)
        return np.asarray(self.seen.mean[stage] * np.asarray(tau) + self.safety_stock(stage, tau))

    def promised_service(self, stage: int, tau: float, base_stock: float) -> float:
        """Cycle service level that a base stock gives the stage's customers.

        At least that where several lanes into the stage vary. NaN where the demand seen is not
        normal and its distribution over ``tau`` periods has no closed form: the normal bound is
        then an approximation of unknown error.
        """
        from scipy.special import ndtr

        mean, std = float(self.seen.mean[stage]), float(self.seen.std[stage])
        known = bool(self.seen.normal[stage]) or std == 0.0
        noise = mean * wait_std_at(self.component, stage)
        spread = sqrt(std**2 * tau + noise**2)
        if stage not in self.waits and (tau == 0.0 == noise or spread == 0.0):
            return 1.0  # exposed to nothing that varies: each order is filled by what it triggers
        if stage in self.exact or (stage in self.waits and known):
            demand, level = self._demand(stage)
            total = None if stage in self.waits else _total(demand, tau)
            if total is not None:
                return float(total.cdf(base_stock))
            return float(self._exposed(stage, demand, level, np.array([tau])).cdf(base_stock)[0])
        return float(ndtr((base_stock - mean * tau) / spread)) if known else float("nan")

    def _quantile(self, stage: int, tau: Floats) -> Floats:
        """Kept, as the table of a stage, its safety stock and its base stock ask for the same."""
        distinct, position = np.unique(tau, return_inverse=True)
        found = [self._kept.get((stage, time)) for time in distinct.tolist()]
        new = np.array([one is None for one in found])
        values = np.array(found, dtype=np.float64)
        if new.any():
            values[new] = self._new_quantiles(stage, distinct[new])
            if len(self._kept) + int(new.sum()) > _MOST_KEPT:
                self._kept.clear()
            times = [(stage, time) for time in distinct[new].tolist()[:_MOST_KEPT]]
            self._kept.update(zip(times, values[new].tolist(), strict=False))
        return np.asarray(values[position.reshape(np.shape(tau))])

    def _new_quantiles(self, stage: int, tau: Floats) -> Floats:
        demand, level = self._demand(stage)
        if stage not in self.waits and (known := _quantiles(demand, level, tau)) is not None:
            return known
        if level < 1.0:
            return self._exposed(stage, demand, level, tau).ppf(level)
        # rounded to certainty, of which there is no finite quantile: the longest wait's
        longest = np.maximum(tau + self.waits[stage].usual.periods[-1], 0.0)
        spread = self.seen.bound_std[stage] * np.sqrt(longest)
        return np.asarray(self.seen.mean[stage] * longest + spread)

    def _demand(self, stage: int) -> tuple[Distribution, float]:
        """Demand of one period and service level: the exact ones, or normal demand as seen."""
        from scipy.special import ndtr

        if stage in self.exact:
            return self.exact[stage]
        mean, std = float(self.seen.mean[stage]), float(self.seen.std[stage])
        demand = Normal(mean, std) if std > 0.0 else Deterministic(mean)
        return demand, float(ndtr(self.seen.safety_factor[stage]))

    def _exposed(
        self, stage: int, demand: Distribution, level: float, tau: Floats
    ) -> ExposureDemand:
        """Demand over each of the net replenishment times, to be asked near a service level."""
        if stage not in self.waits:
            return exposure_demand(demand, tau)
        wait, times = self.waits[stage], tau.tolist()
        if not _any_time(demand):
            periods = [wait.usual.exposure(time, whole=True) for time in times]
        else:
            varies = demand.std / abs(demand.mean) if demand.mean else inf
            periods = [wait.at(time, level, varies).exposure(time) for time in times]
        return exposure_of_periods([demand] * len(periods), periods)

    def _wait_noise(self, stage: int) -> float:
        spread = wait_std_at(self.component, stage)
        return float(self.seen.safety_factor[stage] * self.seen.mean[stage] * spread)


class ExactDemands:
    """Stages of one network whose bound is the exact quantile of their own demand.

    Those without customer stages, with one row of demand or several that are independent of one
    another, whatever their families: a demand whose sums have no closed form is summed on a
    lattice, for which all times of the component must be whole periods. How rows vary with those
    of other stages does not matter.
    """

    def __init__(self, network: Network, targets: ServiceTargets) -> None:
        self._laws = network.distributions
        self._targets = targets
        self._partners = {} if network.independent else network.covariance.partners()
        self._made: dict[tuple[Distribution, ...], Distribution] = {}

    def of(
        self, shard: CompiledNetwork, first: int, waits: Mapping[int, Wait] | None = None
    ) -> dict[int, tuple[Distribution, float]]:
        """Give distribution of one period's demand and service level, by stage of a component.

        ``first`` is the position of the component's first stage in the whole network. Where times
        into the stage vary, they must be ``waits``; for sums on a lattice they are rounded up to
        whole periods, so that they must be values themselves and not the cells of a density.
        """
        waits = waits or {}
        random = wait_std(shard) > 0.0
        whole = _whole_times(shard)
        served = np.flatnonzero((np.diff(shard.demand_ptr) > 0) & (np.diff(shard.succ_ptr) == 0))
        found = {}
        for j in served.tolist():
            demand = self._demand(shard, j)
            if demand is None or (random[j] and j not in waits):
                continue  # the normal bound is exact, or of a wait two moments are known
            level = float(self._targets.service_level[first + j])
            summable = waits[j].usual.separate if random[j] else whole
            # a safety factor above 8 rounds to certainty, of which there is no finite quantile
            if level < 1.0 and (summable or _any_time(demand)):
                found[j] = (demand, level)
        return found

    def _demand(self, shard: CompiledNetwork, stage: int) -> Distribution | None:
        """Demand of all customers of a stage, None where the normal bound is to cover it."""
        here = slice(*(shard.demand_ptr[stage : stage + 2] - shard.demand_ptr[0]))
        rows = shard.demand_row[here].tolist()
        laws = tuple(self._laws[row] for row in rows)
        if any(law.family == "per_period" for law in laws):
            return None  # periods differ, and their sum depends on the first
        if not independent_rows(rows, self._partners):
            return None
        if len(laws) > 1:
            if laws not in self._made:
                self._made[laws] = sum_of(laws)
            demand = self._made[laws]
        else:
            demand = laws[0]
        return None if demand.family in _NORMAL else demand


def _total(demand: Distribution, tau: float) -> Distribution | None:
    """Give the demand of so many periods where it answers faster than :func:`exposure_demand`.

    That one is for many stages and mixtures, and finds quantiles by bisection.
    """
    total = demand.sum_over(tau)
    fast = total is not None and (total.family in CLOSED or isinstance(total, Sum))
    return total if fast else None


def _quantiles(demand: Distribution, level: float, tau: Floats) -> Floats | None:
    """Quantiles of the demand of each time, None where :func:`_total` is of no help."""
    found = [_quantile_of_total(cast(Hashable, demand), level, time) for time in tau.tolist()]
    known = [value for value in found if value is not None]
    return np.array(known) if len(known) == len(found) else None


@lru_cache(maxsize=4096)
def _quantile_of_total(key: Hashable, level: float, tau: float) -> float | None:
    """Kept, as the table of a stage, its safety stock and its base stock ask for the same."""
    total = _total(cast(Distribution, key), tau)
    return float(total.ppf(level)) if total is not None else None


def _any_time(distribution: Distribution) -> bool:
    """Whether the demand of any length of time is known, a part of a period included."""
    return distribution.sum_over(1.5) is not None


def _whole_times(shard: CompiledNetwork) -> bool:
    """Whether every time of a component is in whole periods, so that every sum of them is."""
    times = (
        shard.lead_time,
        shard.pred_lead_time,
        shard.inbound_service_time,
        shard.max_service_time,
    )
    return all(bool((time[np.isfinite(time)] % 1.0 == 0.0).all()) for time in times)
