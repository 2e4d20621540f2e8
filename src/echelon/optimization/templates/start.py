"""Where the problems of a pattern begin: a basis that depends on the pattern alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from echelon.network.compiled import Floats, Integers
from echelon.optimization.templates.pattern import OrderPattern


def least_pairs(pattern: OrderPattern) -> Integers | None:
    """Pairs of the plan in which every stage quotes as early as it can, upstream first.

    Returns
    -------
    (n_stages,) int64 or None
        Positions of the pairs; None where a stage finds none.
    """
    from echelon.kernels.pattern_programs import earliest_pairs  # numba: when it is needed

    chosen = np.empty(pattern.n_stages, np.int64)
    return chosen if earliest_pairs(*pattern.arrays, chosen) else None


def basis_of(pattern: OrderPattern, pairs: Integers, n_sums: int) -> Any:
    """Basis of HiGHS at which exactly these pairs, one a stage, are chosen.

    Basic are they, all running sums that have columns, and the slacks of the lane rows.
    """
    import highspy

    status = highspy.HighsBasisStatus
    columns = [status.kLower] * pattern.n_pairs + [status.kBasic] * n_sums
    for k in pairs.tolist():
        columns[k] = status.kBasic
    basis = highspy.HighsBasis()
    basis.col_status = columns
    basis.row_status = [status.kLower] * (n_sums + pattern.n_stages) + [status.kBasic] * len(
        pattern.lane_inbound
    )
    basis.valid = True
    return basis


def usual_costs(pattern: OrderPattern) -> Floats:
    """Costs that grow with the root of the time covered, as far as positions tell of it."""
    n_inbound, n_outbound = np.diff(pattern.inbound_ptr), np.diff(pattern.outbound_ptr)
    stage = np.repeat(np.arange(pattern.n_stages), n_inbound)[pattern.pair_inbound]
    later = pattern.pair_inbound - pattern.inbound_ptr[stage]
    sooner = n_outbound[stage] - (pattern.pair_outbound - pattern.outbound_ptr[stage])
    return np.asarray(np.sqrt(later + sooner), dtype=np.float64)
