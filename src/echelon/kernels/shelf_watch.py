r"""How long goods stay in stock, watched from outside: part of the flow of all features.

Stock leaves the shortest life first. While nothing expires and nobody refuses goods for their age,
the quantities are those of goods that keep for ever, and they alone say how old stock can be: once
as much has left as had come in up to some period, all that is on hand came in after it. So a stage
is looked at every :data:`EVERY` periods, and how far back the oldest of its stock can go is kept.

Goods that overtake each other on the way do not weaken the bound. Let all goods have at least
:math:`a` periods to live when they come in. A unit that was there when the last :math:`D` periods
began, and still is although as much has left since as was there, has seen goods go that came in
after it, so that live no longer than it: it has more than :math:`a - D` periods left, as all that
came in since has.

Of each watched stage there are rows: ``GONE_UNTIL``, the looks up to the one for which all that had
come in by then is gone; ``LONGEST``, by how many looks the oldest stock ever lagged; and a ring, of
what had come in by each look. Look ``c`` is taken at the end of period ``c * EVERY - 1``.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit_rows_step

EVERY: Final = 4
"""Periods from one look to the next: a stay is known to as many, less one."""

GONE_UNTIL: Final = 0
LONGEST: Final = 1
RING: Final = 2


def ring_sizes(longest: Integers) -> Integers:
    """Rows of the ring of each stage, whose stays up to ``longest`` periods are told apart."""
    return np.where(longest > 0, longest // EVERY + 3, 0)


def longest_stays(dwells: Floats) -> Floats:
    """Periods that goods stayed at most, from rows ``LONGEST``.

    From the period in which they come into stock, 0, to the one after the last at whose end they
    are there: in that one they are issued at the latest. A period between two looks may end with
    goods that have gone by the next.
    """
    return (dwells + 1.0) * EVERY - 1.0


@jit_rows_step
def look(
    n: int,
    dwells: Floats,
    at: int,
    size: int,
    rows: Floats,
    stored: int,
    on_hand: int,
    tolerance: float,
    number: int,
) -> None:
    """Take look ``number`` at a stage; less than ``tolerance`` units is rounding."""
    ring = at + RING
    for r in range(n):
        dwells[ring + number % size, r] = rows[stored, r]
    for r in range(n):
        gone = rows[stored, r] - rows[on_hand, r] + tolerance
        until = int(dwells[at + GONE_UNTIL, r])
        while until < number and dwells[ring + (until + 1) % size, r] <= gone:
            until += 1
        lag = number - until
        dwells[at + LONGEST, r] = max(dwells[at + LONGEST, r], float(lag))
        dwells[at + GONE_UNTIL, r] = float(max(until, number - size + 1))
