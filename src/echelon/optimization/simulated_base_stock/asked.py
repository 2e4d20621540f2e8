"""What service customers are to get, from the tables or the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from echelon.network.compiled import Floats
from echelon.network.network import Network
from echelon.optimization.simulated_base_stock.problem import Target

MEASURES: Final = ("cycle", "ready", "fill")


@dataclass(frozen=True, slots=True)
class Asked:
    """Targets of a network.

    Attributes
    ----------
    level : (n_demands,) float64
        Of each row of ``Network.demand``, NaN where there is none.
    measure : (n_stages,) ndarray of str
        In compiled order.
    """

    level: Floats
    measure: NDArray[Any]

    @classmethod
    def of(cls, network: Network, service_level: float | None, measure: str | None) -> Asked:
        """Read them: a row's own level, else its stage's level or safety factor."""
        from scipy.special import ndtr

        compiled = network.compiled
        order = compiled.stage_row
        level = network.cells("stages", "service_level")[order]
        level = np.where(
            np.isnan(level), ndtr(network.cells("stages", "safety_factor")[order]), level
        )
        stage = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
        of_row = np.empty(len(stage))
        of_row[compiled.demand_row] = level[stage]
        own = network.cells("demand", "service_level")
        of_row = np.where(np.isnan(own), of_row, own)
        if service_level is not None:
            of_row = np.full(len(stage), service_level)
        said = network.cells("stages", "service_measure")[order].astype(str)
        if measure is not None:
            said = np.full(len(order), measure)
        return cls(of_row, said)

    def targets(self, network: Network, component: int) -> tuple[Target, ...]:
        """Targets of a component: one for each level in units, one per stage in periods."""
        compiled = network.compiled
        first, last = compiled.component_ptr[component : component + 2].tolist()
        found = []
        for j in range(first, last):
            rows = compiled.demand_row[compiled.demand_ptr[j] : compiled.demand_ptr[j + 1]]
            rows = rows[~np.isnan(self.level[rows])]
            if not len(rows):
                continue
            if self.measure[j] != "fill":  # a period is short towards everybody (6.7)
                level = float(self.level[rows].max())
                found.append(Target(j - first, str(self.measure[j]), level, tuple(rows.tolist())))
                continue
            for level in np.unique(self.level[rows]).tolist():
                own = rows[self.level[rows] == level]
                found.append(Target(j - first, "fill", level, tuple(own.tolist())))
        return tuple(found)
