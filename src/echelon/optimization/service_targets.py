"""What is promised to the customers of each stage, read from the tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.errors import Fault, TableError
from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.tables import label_of


@dataclass(frozen=True, slots=True)
class ServiceTargets:
    """What is promised to the customers of each stage.

    Attributes
    ----------
    safety_factor : (n_stages,) float64
        ``z`` of the stage's own customers, 0 where it has none.
    service_level : (n_stages,) float64
        Cycle service level promised to them, NaN where it has none. The highest where rows of
        demand have levels of their own, and so is the safety factor.
    row_factor, row_level : (n_demands,) float64
        The same of each row of ``Network.demand``.
    by_row : bool
        Whether some row has a level of its own.
    """

    safety_factor: Floats
    service_level: Floats
    row_factor: Floats
    row_level: Floats
    by_row: bool

    @classmethod
    def of(cls, network: Network, service_level: float | None = None) -> ServiceTargets:
        """Read the targets from ``stages`` and ``demand``, or take one level for all customers.

        Raises
        ------
        TableError
            If a stage with customers has no target, or one below one half.
        """
        from scipy.special import ndtr, ndtri

        compiled = network.compiled
        order = compiled.stage_row
        level = network.cells("stages", "service_level")[order]
        factor = network.cells("stages", "safety_factor")[order]
        served = np.diff(compiled.demand_ptr) > 0
        if service_level is not None:
            level, factor = np.full(len(order), service_level), np.full(len(order), np.nan)
        factor = np.where(np.isnan(factor), ndtri(level), factor)
        level = np.where(np.isnan(level), ndtr(factor), level)
        stage = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
        row_factor, row_level = np.empty(len(stage)), np.empty(len(stage))
        row_factor[compiled.demand_row] = factor[stage]
        row_level[compiled.demand_row] = level[stage]
        own = network.cells("demand", "service_level")
        said = ~np.isnan(own) & (service_level is None)
        if said.any():
            row_factor, row_level = _of_rows(network, own, row_factor, row_level)
            level, factor = level.copy(), factor.copy()
            for values, rows in ((level, row_level), (factor, row_factor)):
                values[served] = -np.inf
                with np.errstate(invalid="ignore"):  # a row without a target is told of below
                    np.maximum.at(values, stage, rows[compiled.demand_row])
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
        return cls(
            np.where(served, factor, 0.0),
            np.where(served, level, np.nan),
            row_factor,
            row_level,
            bool(said.any()),
        )


def _of_rows(network: Network, own: Floats, factor: Floats, level: Floats) -> tuple[Floats, Floats]:
    """Put the levels of rows in place of their stages'.

    Raises
    ------
    TableError
        If one is below one half.
    """
    from scipy.special import ndtri

    low = np.flatnonzero(own < 0.5)
    if low.size:
        row = int(low[0])
        item, location, *segments = network.demand_keys[row]
        raise TableError(
            [
                Fault(
                    table="demand",
                    column="service_level",
                    row=row + 1,
                    value=float(own[row]),
                    message="is below one half, where the normal bound asks for negative safety "
                    "stock",
                    remedy="use a fraction from 0.5 to below 1",
                    key=label_of(item, location, ", ".join(name for name in segments if name)),
                    count=len(low),
                )
            ]
        )
    said = ~np.isnan(own)
    return np.where(said, ndtri(own), factor), np.where(said, own, level)


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
