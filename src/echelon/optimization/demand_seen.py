"""The demand that each stage sees, in the numbers that bounds on it are made of (clause 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from echelon.demand.covariance import DemandCovariance, usage_of_rows
from echelon.demand.propagate import seen_upstream
from echelon.network.compiled import Booleans, CompiledNetwork, Floats


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
    safety_factor : (n_stages,) float64
        Standard deviations of safety stock, pooled over end items where they differ:
        ``bound_std / std``, and where no demand varies the same with means for deviations.
    normal : (n_stages,) bool
        Whether all demand the stage sees is normal or known.
    """

    mean: Floats
    std: Floats
    bound_std: Floats
    safety_factor: Floats
    normal: Booleans

    @classmethod
    def of(
        cls,
        compiled: CompiledNetwork,
        safety_factor: Floats,
        is_normal: Booleans,
        covariance: DemandCovariance | None = None,
        row_factor: Floats | None = None,
    ) -> DemandSeen:
        """Pool demand rows per stage, then end items per stage upstream (clause 7).

        ``is_normal`` (n_demands,) says of each row of ``Network.demand`` whether it is normal or
        known. ``covariance``, of the rows of the demand table of the whole network, is needed only
        where rows do not vary independently. Then the variance of the bound is that of rows scaled
        by their own safety factors, ``sum_ik a_i z_i a_k z_k cov_ik``. ``row_factor`` (n_demands,)
        says what they are where rows of one stage differ; the stage itself then keeps the highest
        of them, ``safety_factor``, for all of its rows unless it supplies stages as well: those
        whom it serves in proportion are short together.
        """
        stage = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
        n = compiled.n_stages
        own_mean = np.bincount(stage, compiled.demand_mean, n).astype(np.float64)
        variance = np.bincount(stage, compiled.demand_std**2, n).astype(np.float64)
        other = np.bincount(stage, ~is_normal[compiled.demand_row], n).astype(np.float64)
        bound, known_bound = variance * safety_factor**2, (own_mean * safety_factor) ** 2
        if row_factor is not None:
            scaled = (row_factor[compiled.demand_row] * compiled.demand_std) ** 2
            bound = np.bincount(stage, scaled, n).astype(np.float64)
        mean, pooled = seen_upstream(
            compiled.component_ptr,
            compiled.pred_ptr,
            compiled.pred_stage,
            compiled.pred_usage,
            own_mean,
            np.stack(
                [
                    variance,
                    bound,
                    other,
                    own_mean**2,
                    known_bound,
                ]
            ),
        )
        normal = pooled[2] == 0.0
        known = _ratio(np.sqrt(pooled[4]), np.sqrt(pooled[3]), 0.0)
        ends = np.diff(compiled.succ_ptr) == 0
        if covariance is None or covariance.independent:
            std, bound_std = np.sqrt(pooled[0]), np.sqrt(pooled[1])
            if row_factor is not None:
                bound_std = np.where(ends, safety_factor * std, bound_std)
            return cls(mean, std, bound_std, _ratio(bound_std, std, known), normal)
        usage = usage_of_rows(
            compiled.component_ptr,
            compiled.pred_ptr,
            compiled.pred_stage,
            compiled.pred_usage,
            compiled.demand_ptr,
            compiled.demand_row,
        )
        factor = np.empty(compiled.demand_row.size)
        factor[compiled.demand_row] = safety_factor[stage]
        if row_factor is not None:
            factor = row_factor
        bound_std = np.sqrt(covariance.pooled((usage * factor[None, :]).tocsr()))
        std = np.sqrt(covariance.pooled(usage))
        if row_factor is not None:
            bound_std = np.where(ends, safety_factor * std, bound_std)
        return cls(mean, std, bound_std, _ratio(bound_std, std, known), normal)

    @classmethod
    def joined(cls, parts: Sequence[DemandSeen]) -> DemandSeen:
        """Lay what stages see end to end."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def of_stages(self, stages: slice) -> DemandSeen:
        """Give those of a range of stages."""
        return DemandSeen(
            self.mean[stages],
            self.std[stages],
            self.bound_std[stages],
            self.safety_factor[stages],
            self.normal[stages],
        )


def _ratio(above: Floats, below: Floats, otherwise: Floats | float) -> Floats:
    some = below > 0.0
    return np.where(some, above / np.where(some, below, 1.0), otherwise)
