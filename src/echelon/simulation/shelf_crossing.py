"""Lanes from stages that are run ahead, by age, to stages that are run behind them."""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels.aged_flow import Crossing
from echelon.kernels.flow_arrays import Structure
from echelon.kernels.single_rows import Singles
from echelon.kernels.single_work import LOT_ROUNDING, TOLERANCE
from echelon.network.compiled import Integers
from echelon.simulation.described.some_stages import Side, numbers_of

_ROUNDINGS: Final = 16.0
"""Times what a stage takes for rounding: goods that are shared carry that of several."""


def rounding_of(whole: Side, crossing: Crossing) -> Singles:
    """Units by which what is shipped on the lanes that cross may differ for rounding.

    Of both ends: a supplier in large lots is far less exact than what a small receiver asks for.
    """
    structure, features = whole.structure, whole.features
    lot = np.maximum(features.order_multiple, features.minimum_order)
    rounding = _ROUNDINGS * (TOLERANCE * structure.tolerance + LOT_ROUNDING * lot)
    sent = rounding[structure.supplier[crossing.lane]]
    near = np.minimum(sent, crossing.units * rounding[crossing.receiver])
    return np.asarray(near, dtype=np.float32)


def cross(
    structure: Structure, ahead: Side, behind: Side, runs: Integers, block: int
) -> tuple[Side, Crossing]:
    """Give the lanes that lead behind rows of demand ahead, after the drawn rows."""
    lane = structure.asker_lane[ahead.askers]
    (askers,) = np.nonzero((lane >= 0) & (ahead.structure.asker_lane < 0))
    n_rows, n_crossing = int(structure.row_ptr[1]), len(askers)
    number = numbers_of(behind.lanes, len(structure.units))
    x = number[lane[askers]]
    asker_row = ahead.structure.asker_row.copy()
    asker_row[askers] = n_rows + np.arange(n_crossing)
    served = ahead.structure._replace(
        asker_row=asker_row, row_ptr=np.array([0, n_rows + n_crossing])
    )
    servant = np.repeat(np.arange(len(ahead.stages)), np.diff(served.asker_ptr))
    least = served.tolerance[servant[askers]]
    overtaking = behind.features.lane_overtaking[x] == 1
    rows = np.concatenate(
        [structure.asker_row[ahead.askers], ahead.features.make_row, ahead.features.lane_row]
    )
    crossing = Crossing(
        lane=x,
        receiver=behind.structure.receiver[x],
        units=behind.structure.units[x],
        least=np.where(overtaking, np.inf, least).astype(np.float32),
        ahead=np.unique(rows[rows >= 0]),
        draws=np.zeros((n_rows + n_crossing, block, len(runs))),
        shipped=np.zeros((n_crossing, len(runs))),
        runs=runs,
    )
    return ahead._replace(structure=served), crossing


def kept_rows(ahead: Side, crossing: Crossing) -> Integers:
    """Row of what crosses, of each asker ahead."""
    first = int(ahead.structure.row_ptr[1]) - len(crossing.lane)
    return np.maximum(ahead.structure.asker_row - first, -1)
