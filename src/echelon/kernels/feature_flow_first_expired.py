"""What is issued from a stock by age, first expired first out: part of the flow of all features.

Goods are in lists of lots, see :mod:`echelon.kernels.feature_flow_life`.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit_part, jit_step
from echelon.kernels.feature_flow_lots import (
    BEGIN,
    COUNT,
    FRONT,
    LOT,
    MASK,
    UNITS,
    USABLE,
    drop_lots,
    put_lot,
)
from echelon.kernels.feature_flow_state import FeatureState


@jit_step
def draw_ages(
    w: FeatureState, stock: int, to: int, usable: float, what: int, into: float, out_of: float,
    n: int,
) -> None:  # fmt: skip
    """Issue row ``what``, times ``into``, first expired first out of what is ``usable`` so long.

    What is issued, times ``out_of``, is pending in list ``to``, if there is one (else -1).
    """
    rows, heads, lots, first, room = w.rows, w.heads, w.lots, w.first, w.room
    for r in range(n):
        if rows[what, r] > 0.0 and first[stock, r] < np.inf:
            _draw(
                heads, lots, first, room, stock, to, usable, rows[what, r] * into, np.inf, out_of,
                False, r,
            )  # fmt: skip


@jit_step
def draw_straight(
    w: FeatureState, stock: int, lane: int, usable: float, what: int, stored: float, units: float,
    n: int,
) -> None:  # fmt: skip
    """The same for a lane from which all goes to stock, where it comes in period ``stored``.

    ``units`` on the lane are one in the stock. What dies before is pending.
    """
    rows, heads, lots, first, room = w.rows, w.heads, w.lots, w.first, w.room
    to, factor, doomed = w.lane_ages[lane], 1.0 / units, False
    for r in range(n):
        if rows[what, r] > 0.0 and first[stock, r] < np.inf:
            doomed = _draw(
                heads, lots, first, room, stock, to, usable, rows[what, r], stored, factor, True, r
            ) or doomed  # fmt: skip
    if doomed:
        w.doomed[lane] = 1


@jit_part
def _draw(
    heads: Integers, lots: Floats, first: Floats, room: Integers, stock: int, to: int,
    usable: float, left: float, leaves: float, factor: float, straight: bool, r: int,
) -> bool:  # fmt: skip
    """Issue ``left`` units in one run into list ``to``, if there is one (else -1).

    ``straight``: what is not usable when it ``leaves`` that list pends, in units of the stock.
    Whether there is any such.
    """
    begin, mask = heads[stock, r, BEGIN], heads[stock, r, MASK]
    front, count = heads[stock, r, FRONT], heads[stock, r, COUNT]
    old, doomed = 0, False
    while old < count and lots[begin + LOT * ((front + old) & mask) + USABLE] < usable:
        old += 1
    i = old
    while i < count and left > 0.0:
        at = begin + LOT * ((front + i) & mask)
        there, until = lots[at + UNITS], lots[at + USABLE]
        issued = min(there, left)
        left -= issued
        if issued < there:
            lots[at + UNITS] = there - issued
        else:
            i += 1
        if to >= 0:
            dies = straight and until < leaves
            doomed = doomed or dies
            put_lot(
                heads, lots, first, room, to, r, np.inf if dies else leaves, until,
                issued if dies else issued * factor,
            )  # fmt: skip
        if issued < there:
            break
    if i > old:
        drop_lots(heads, lots, first, stock, r, old, i - old)
    return doomed
