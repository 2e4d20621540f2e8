"""Which components a run in single precision runs in it."""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels.draws import UP_DOWN, Sources
from echelon.kernels.flow_arrays import PROPORTIONAL, Structure
from echelon.network.compiled import Booleans

PRECISIONS: Final = ("double", "single")


def may_be_single(structure: Structure, sources: Sources, forward: Booleans) -> Booleans:
    """Components that the kernel of single precision knows; the others are run in double.

    Every stage has one asker or serves in proportion; demand and times are drawn each by
    themselves.

    Parameters
    ----------
    structure : Structure
        Of a shard.
    sources : Sources
        Its drawn rows.
    forward : (n_components,) bool
        Components in which goods do not decide what is ordered; see ``FeatureSet``.

    Returns
    -------
    (n_components,) bool
    """
    askers = np.diff(structure.asker_ptr)
    other = ((structure.allocation != PROPORTIONAL) & (askers > 1)) | (askers == 0)
    rows = (sources.joint == 1) | (sources.kind == UP_DOWN)
    stages_before = np.concatenate([[0], np.cumsum(other)])[structure.stage_ptr]
    rows_before = np.concatenate([[0], np.cumsum(rows)])[structure.row_ptr]
    return np.asarray(forward & (np.diff(stages_before) == 0) & (np.diff(rows_before) == 0))
