"""Where the rows of a plan that has just been made are in its network."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.network.network import Network

Places: TypeAlias = NDArray[np.int64]

_KEY = ["item", "location"]


def table_rows(network: Network, stages: pd.DataFrame) -> Places:
    """Row in the table ``stages`` of each row of a plan, whose rows are in the order of the table.

    Those of components that failed are not in the plan; only then are labels looked up.
    """
    if len(stages) == network.n_stages:
        return np.arange(len(stages))
    at = pd.MultiIndex.from_frame(network.columns("stages", _KEY))
    return np.asarray(at.get_indexer(pd.MultiIndex.from_frame(stages[_KEY])))


def compiled_places(network: Network, rows: Places) -> Places:
    """Place in compiled order of some rows of the table ``stages``."""
    compiled = network.compiled
    place = np.empty(compiled.n_stages, dtype=np.int64)
    place[compiled.stage_row] = np.arange(compiled.n_stages)
    return np.asarray(place[rows])
