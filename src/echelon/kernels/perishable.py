"""An item that expires, period by period along given demands, under a base stock."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, jit

ON_HAND, OWED, AT_ONCE, LOST, EXPIRED = range(5)
"""Columns of what :func:`follow_base_stock` counts."""


@jit
def follow_base_stock(
    demand: Floats,
    level: float,
    life: int,
    least_life: int,
    lead_time: int,
    review_period: int,
    multiple: float,
    lost: bool,
    n_warm: int,
    out: Floats,
) -> None:
    """Follow a base stock from a full and fresh shelf (clauses 3, 4.5 and 9.6 to 9.8).

    demand (n_runs, n_periods) units, not negative; level units; life, least_life, lead_time,
    review_period periods, 0 reviewing after each period's demand; multiple units, 0 for any order;
    lost: whether unmet demand is; n_warm: first periods, which are not counted; out (n_runs, 5)
    overwritten: on hand and owed at the end of a period, served at once, lost and expired, on
    average, units.
    """
    tolerance = 1e-9 * (1.0 + abs(level))  # what rounding leaves is no order
    stock = np.empty(life)  # a ring: by the period in which it expires
    coming = np.empty(lead_time + 1)  # a ring: by the period in which it arrives
    for r in range(demand.shape[0]):
        stock[:] = 0.0
        coming[:] = 0.0
        stock[life - 1] = max(level, 0.0)
        position, owed = max(level, 0.0), 0.0
        for c in range(5):
            out[r, c] = 0.0
        for t in range(demand.shape[1]):
            asked = demand[r, t]
            position -= asked
            if review_period == 0 or t % review_period == 0:
                gap = level - position - (asked if review_period > 0 else 0.0)
                if gap > tolerance:
                    if multiple > 0.0:
                        gap = np.ceil(gap / multiple - 1e-9) * multiple
                    coming[(t + lead_time) % (lead_time + 1)] += gap
                    position += gap
            arrival = t % (lead_time + 1)
            stock[(t + life - 1) % life] += coming[arrival]
            coming[arrival] = 0.0
            wanted = owed + asked
            for c in range(least_life - 1, life):
                if wanted <= 0.0:
                    break
                issued = min(stock[(t + c) % life], wanted)
                stock[(t + c) % life] -= issued
                wanted -= issued
            short = min(wanted, asked)  # what was owed before is served first
            gone = 0.0
            if lost:
                gone = short
                position += gone
            owed = wanted - gone
            dead = stock[t % life]
            stock[t % life] = 0.0
            position -= dead
            if t >= n_warm:
                on_hand = 0.0
                for c in range(life):
                    on_hand += stock[c]
                out[r, 0] += on_hand
                out[r, 1] += owed
                out[r, 2] += asked - short
                out[r, 3] += gone
                out[r, 4] += dead
        for c in range(5):
            out[r, c] /= demand.shape[1] - n_warm
