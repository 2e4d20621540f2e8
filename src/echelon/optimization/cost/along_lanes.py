"""Who supplies whom over all components of a network, and what is reached along lanes."""

from __future__ import annotations

import numpy as np

from echelon.network.compiled import Booleans, CompiledNetwork, Integers


def supplied_by(compiled: CompiledNetwork) -> tuple[Integers, Integers]:
    """Customer and supplier of each lane, numbered through all components: (n_lanes,) each."""
    sizes = np.diff(compiled.component_ptr)
    first = np.repeat(compiled.component_ptr[:-1] - compiled.component_ptr[0], sizes)
    customer = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
    return customer, compiled.pred_stage + first[customer]


def upstream_of(compiled: CompiledNetwork, stages: Booleans) -> Booleans:
    """Tell which stages supply some of ``stages``, directly or not: (n_stages,), compiled order."""
    customer, supplier = supplied_by(compiled)
    above = np.zeros(compiled.n_stages, dtype=np.bool_)
    above[supplier[stages[customer]]] = True
    return reached_from(above, customer, supplier)


def reached_from(stages: Booleans, begin: Integers, end: Integers) -> Booleans:
    """Some stages, and all that one comes to from them along lanes.

    Parameters
    ----------
    stages : (n_stages,) bool
    begin, end : (n_lanes,) int64
        Stages that each lane leads from and to.

    Returns
    -------
    (n_stages,) bool
    """
    reached = stages.copy()
    while True:
        found = end[reached[begin]]
        if reached[found].all():
            return reached
        reached[found] = True
