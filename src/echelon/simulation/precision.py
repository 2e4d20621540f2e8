"""Which components a run in single precision runs in it."""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels.draws import UP_DOWN, Sources
from echelon.kernels.flow_arrays import PROPORTIONAL, Structure
from echelon.network.compiled import Booleans

PRECISIONS: Final = ("double", "single")


def may_be_single(structure: Structure, sources: Sources, plain: Booleans) -> Booleans:
    """Components that the kernel of single precision knows; the others are run in double.

    Every stage reviews in each period, serves at once, has one asker or serves in proportion, and
    has its goods from other stages or from outside, not both; demand and times are drawn each by
    themselves.

    Parameters
    ----------
    structure : Structure
        Of a shard.
    sources : Sources
        Its drawn rows.
    plain : (n_components,) bool
        Components without any feature but drawn lead times.

    Returns
    -------
    (n_components,) bool
    """
    askers, lanes = np.diff(structure.asker_ptr), np.diff(structure.lane_ptr)
    other = (
        (structure.review > 1)
        | (structure.serve_delay > 0)
        | ((structure.allocation != PROPORTIONAL) & (askers > 1))
        | ((lanes > 0) & (structure.outside_delay >= 0))
        | (askers == 0)
    )
    rows = (sources.joint == 1) | (sources.kind == UP_DOWN)
    stages_before = np.concatenate([[0], np.cumsum(other)])[structure.stage_ptr]
    rows_before = np.concatenate([[0], np.cumsum(rows)])[structure.row_ptr]
    return np.asarray(plain & (np.diff(stages_before) == 0) & (np.diff(rows_before) == 0))
