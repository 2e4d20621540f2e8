"""Bounds on the demand a stage must cover, and the cost tables of guaranteed service made of them.

A stage with net replenishment time ``tau`` holds stock against the demand of ``tau`` periods: its
base stock is a bound on that demand, its safety stock the bound less the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from echelon.demand.covariance import DemandCovariance, usage_of_rows
from echelon.demand.propagate import seen_upstream
from echelon.distributions.base import Distribution
from echelon.errors import Fault, TableError
from echelon.lead_time.exposure import exposure_demand
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
from echelon.network.network import Network

_NOT_EXACT = ("normal", "deterministic", "per_period")
"""The normal bound is exact already, or periods differ and their sum depends on the first."""


@dataclass(frozen=True, slots=True)
class ServiceTargets:
    """What is promised to the customers of each stage.

    Attributes
    ----------
    safety_factor : (n_stages,) float64
        ``z`` of the stage's own customers, 0 where it has none.
    service_level : (n_stages,) float64
        Cycle service level promised to them, NaN where it has none.
    """

    safety_factor: Floats
    service_level: Floats

    @classmethod
    def of(cls, network: Network, service_level: float | None = None) -> ServiceTargets:
        """Read the targets from the ``stages`` table, or take one level for all customers.

        Raises
        ------
        TableError
            If a stage with customers has no target, or one below one half.
        """
        from scipy.special import ndtr, ndtri

        compiled = network.compiled
        stages = network.stages
        order = compiled.stage_row
        level = stages["service_level"].to_numpy(float)[order]
        factor = stages["safety_factor"].to_numpy(float)[order]
        served = np.diff(compiled.demand_ptr) > 0
        if service_level is not None:
            level, factor = np.full(len(order), service_level), np.full(len(order), np.nan)
        factor = np.where(np.isnan(factor), ndtri(level), factor)
        level = np.where(np.isnan(level), ndtr(factor), level)
        faults = [
            *_fault(
                network,
                order[served & np.isnan(level)],
                level[served & np.isnan(level)],
                message="customers buy here and no target is given",
                remedy="give service_level or safety_factor in the row, or service_level= in the "
                "call",
            ),
            *_fault(
                network,
                order[served & (level < 0.5)],
                level[served & (level < 0.5)],
                message="is below one half, where the normal bound asks for negative safety stock",
                remedy="use a fraction from 0.5 to below 1",
            ),
        ]
        if faults:
            raise TableError(faults)
        return cls(np.where(served, factor, 0.0), np.where(served, level, np.nan))


def _fault(
    network: Network, rows: Integers, values: Floats, *, message: str, remedy: str
) -> list[Fault]:
    """One fault for all rows of ``stages`` that share it, or none."""
    if not len(rows):
        return []
    first = int(np.argmin(rows))
    return [
        Fault(
            table="stages",
            column="service_level",
            row=int(rows[first]) + 1,
            value=float(values[first]),
            message=message,
            remedy=remedy,
            key=network.labels[int(rows[first])],
            count=len(rows),
        )
    ]


@dataclass(frozen=True, slots=True)
class DemandSeen:
    """Demand at every stage of a network or shard, per period, and the spread of its bound.

    Attributes
    ----------
    mean, std : (n_stages,) float64
        Units per period.
    bound_std : (n_stages,) float64
        Root of the sum over end items of (paths x units x z x sigma)^2: safety stock per root
        period of net replenishment time under the normal bound.
    normal : (n_stages,) bool
        Whether all demand the stage sees is normal or known.
    """

    mean: Floats
    std: Floats
    bound_std: Floats
    normal: Booleans

    @classmethod
    def of(
        cls,
        compiled: CompiledNetwork,
        safety_factor: Floats,
        is_normal: Booleans,
        covariance: DemandCovariance | None = None,
    ) -> DemandSeen:
        """Pool demand rows per stage, then end items per stage upstream (clause 7).

        ``is_normal`` (n_demands,) says of each row of ``Network.demand`` whether it is normal or
        known. ``covariance``, of the rows of the demand table of the whole network, is needed only
        where rows do not vary independently. Then the variance of the bound is that of rows scaled
        by their own safety factors, ``sum_ik a_i z_i a_k z_k cov_ik``.
        """
        stage = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
        n = compiled.n_stages
        own_mean = np.bincount(stage, compiled.demand_mean, n).astype(np.float64)
        variance = np.bincount(stage, compiled.demand_std**2, n).astype(np.float64)
        other = np.bincount(stage, ~is_normal[compiled.demand_row], n).astype(np.float64)
        mean, pooled = seen_upstream(
            compiled.component_ptr,
            compiled.pred_ptr,
            compiled.pred_stage,
            compiled.pred_units,
            own_mean,
            np.stack([variance, variance * safety_factor**2, other]),
        )
        normal = pooled[2] == 0.0
        if covariance is None or covariance.independent:
            return cls(mean, np.sqrt(pooled[0]), np.sqrt(pooled[1]), normal)
        usage = usage_of_rows(
            compiled.component_ptr,
            compiled.pred_ptr,
            compiled.pred_stage,
            compiled.pred_units,
            compiled.demand_ptr,
            compiled.demand_row,
        )
        factor = np.empty(compiled.demand_row.size)
        factor[compiled.demand_row] = safety_factor[stage]
        bound = covariance.pooled((usage * factor[None, :]).tocsr())
        return cls(mean, np.sqrt(covariance.pooled(usage)), np.sqrt(bound), normal)

    def of_stages(self, stages: slice) -> DemandSeen:
        """Give those of a range of stages."""
        return DemandSeen(
            self.mean[stages], self.std[stages], self.bound_std[stages], self.normal[stages]
        )


@dataclass(frozen=True, slots=True)
class GuaranteedServiceCost:
    r"""Holding cost of safety stock in one component, as tables over service times.

    Under the normal bound the safety stock over ``tau`` periods is
    :math:`\sqrt{\beta^2\tau + (z\mu\sigma_T)^2}`, with :math:`\beta` the spread of the bound and
    :math:`\sigma_T` the standard deviation of the stage's own lead time [1]_ [2]_. Where only
    customers buy, by one row of demand, it is the exact quantile of the demand of ``tau`` periods
    less its mean (see :func:`exact_demands`).

    Attributes
    ----------
    component : CompiledNetwork
        A shard of one component.
    seen : DemandSeen
    exact : mapping of stage to (distribution of one period's demand, service level)

    References
    ----------
    .. [1] Graves & Willems (2000), *Manufacturing & Service Operations Management* 2(1).
    .. [2] Humair, Ruark, Tomlin & Willems (2013), *Interfaces* 43(5).
    """

    component: CompiledNetwork
    seen: DemandSeen
    exact: Mapping[int, tuple[Distribution, float]]

    @property
    def concave(self) -> bool:
        """Whether every stage is under the normal bound, which is concave in ``tau``."""
        return not self.exact

    def table(self, stage: int, inbound: Floats, outbound: Floats, covered: Floats) -> Floats:
        """Money per period for each pair of service times (see ``CostFunction``)."""
        del inbound, outbound  # all that counts is the demand covered
        return np.asarray(self.component.holding_cost[stage] * self.safety_stock(stage, covered))

    def safety_stock(self, stage: int, tau: Floats) -> Floats:
        """Safety stock of a stage over net replenishment times ``tau`` (any shape), units."""
        if stage in self.exact:
            mean = self.exact[stage][0].mean
            return np.asarray(self._quantile(stage, tau) - mean * np.asarray(tau))
        noise = self._lead_time_noise(stage)
        return np.asarray(np.sqrt(self.seen.bound_std[stage] ** 2 * tau + noise**2))

    def base_stock(self, stage: int, tau: Floats) -> Floats:
        """Base stock of a stage over net replenishment times ``tau`` (any shape), units."""
        if stage in self.exact:
            return self._quantile(stage, tau)
        return np.asarray(self.seen.mean[stage] * np.asarray(tau) + self.safety_stock(stage, tau))

    def promised_service(self, stage: int, tau: float, base_stock: float) -> float:
        """Cycle service level that a base stock gives the stage's customers.

        NaN where the demand seen is not normal and its distribution over ``tau`` periods has no
        closed form: the normal bound is then an approximation of unknown error.
        """
        from scipy.special import ndtr

        noise = self.seen.mean[stage] * self.component.lead_time_std[stage]
        spread = float(np.sqrt(self.seen.std[stage] ** 2 * tau + noise**2))
        if tau == 0.0 and noise == 0.0:
            return 1.0  # exposed to nothing: each order is filled by the one it triggers
        if stage in self.exact:
            return float(exposure_demand(self.exact[stage][0], tau).cdf(base_stock))
        if spread == 0.0:
            return 1.0
        if not self.seen.normal[stage]:
            return float("nan")
        return float(ndtr((base_stock - self.seen.mean[stage] * tau) / spread))

    def _quantile(self, stage: int, tau: Floats) -> Floats:
        distribution, level = self.exact[stage]
        distinct, position = np.unique(tau, return_inverse=True)
        total = exposure_demand(distribution, distinct)
        return np.asarray(total.ppf(level)[position.reshape(np.shape(tau))])

    def _lead_time_noise(self, stage: int) -> float:
        spread = self.component.lead_time_std[stage]
        std = self.seen.std[stage]
        if spread == 0.0 or std == 0.0:
            return 0.0
        factor = self.seen.bound_std[stage] / std  # z, pooled over end items where they differ
        return float(factor * self.seen.mean[stage] * spread)


def exact_demands(
    network: Network, shard: CompiledNetwork, targets: ServiceTargets, first: int
) -> dict[int, tuple[Distribution, float]]:
    """Find the stages of a component whose bound is the exact quantile of their own demand.

    Stages without customer stages and with one row of demand, whatever its family: a family whose
    sums have no closed form is summed on a lattice, for which all times of the component must be
    whole periods. ``first`` is the position of the component's first stage in the whole network.
    """
    whole = _whole_times(shard)
    served = np.flatnonzero((np.diff(shard.demand_ptr) == 1) & (np.diff(shard.succ_ptr) == 0))
    found = {}
    for j in served:
        row = int(shard.demand_row[shard.demand_ptr[j] - shard.demand_ptr[0]])
        distribution = network.distributions[row]
        if distribution.family in _NOT_EXACT or shard.lead_time_std[j] > 0.0:
            continue  # the normal bound is exact, or lead times are random
        level = float(targets.service_level[first + j])
        # a safety factor above 8 rounds to certainty, of which there is no finite quantile
        if level < 1.0 and (whole or distribution.sum_over(1.5) is not None):
            found[int(j)] = (distribution, level)
    return found


def _whole_times(shard: CompiledNetwork) -> bool:
    """Whether every time of a component is in whole periods, so that every sum of them is."""
    times = (
        shard.lead_time,
        shard.pred_lead_time,
        shard.inbound_service_time,
        shard.max_service_time,
    )
    return all(bool((time[np.isfinite(time)] % 1.0 == 0.0).all()) for time in times)
