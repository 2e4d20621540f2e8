"""What is promised to the customers of each stage, read from the tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.errors import Fault, TableError
from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network


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
