"""First come, first served over all askers of a stage: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`; ``n`` runs are used.
"""

from __future__ import annotations

from echelon.kernels._jit import Floats, jit
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    LATE,
    LOST,
    SHIPPED,
    WANTED,
)


@jit
def oldest_first(
    rows: Floats,
    history: Floats,
    first: int,
    last: int,
    past: int,
    size: int,
    oldest: int,
    on_hand: int,
    period: int,
    n: int,
) -> None:
    """First come, first served: what the stock gives each asker, into its row SHIPPED.

    ``first`` and ``last`` rows of the askers; what waits of asker ``i``, by the period it fell
    due, is in the rows of ``history`` from ``past + i * size`` on; ``oldest`` row of the first
    period of which something waits. Units of one period share what there is.
    """
    for asker in range(first, last, ASKER_ROWS):
        for r in range(n):
            rows[asker + SHIPPED, r] = 0.0
    for r in range(n):
        wanted = 0.0
        for asker in range(first, last, ASKER_ROWS):
            wanted += rows[asker + WANTED, r]
        left = rows[on_hand, r]
        if wanted <= left:
            for asker in range(first, last, ASKER_ROWS):
                rows[asker + SHIPPED, r] = rows[asker + WANTED, r]
            continue
        s = int(rows[oldest, r])
        while s <= period and left > 0.0:
            of_period, own = 0.0, past + s
            for asker in range(first, last, ASKER_ROWS):
                if rows[asker + WANTED, r] > 0.0:  # one that cannot be served keeps its place
                    of_period += history[own, r]
                own += size
            share, own = 1.0 if of_period <= left else left / of_period, past + s
            for asker in range(first, last, ASKER_ROWS):
                if rows[asker + WANTED, r] > 0.0:
                    rows[asker + SHIPPED, r] += share * history[own, r]
                own += size
            left = left - of_period if of_period <= left else 0.0
            s += 1
        for asker in range(first, last, ASKER_ROWS):
            rows[asker + SHIPPED, r] = min(rows[asker + SHIPPED, r], rows[asker + WANTED, r])


@jit
def settle(
    rows: Floats,
    history: Floats,
    first: int,
    last: int,
    past: int,
    size: int,
    oldest: int,
    period: int,
    n: int,
) -> None:
    """Take what was shipped or lost out of what waits, each asker's oldest first.

    What is lost fell due in this period, and its row comes last.
    """
    for r in range(n):
        begin = period + 1
        i = 0
        for asker in range(first, last, ASKER_ROWS):
            own = past + i * size
            i += 1
            s = int(rows[oldest, r])
            if rows[asker + LATE, r] <= 0.0:  # nothing waits: no rounding is carried on
                for q in range(s, period + 1):
                    history[own + q, r] = 0.0
                continue
            gone = rows[asker + SHIPPED, r]
            while s <= period and history[own + s, r] <= gone:
                gone -= history[own + s, r]
                history[own + s, r] = 0.0
                s += 1
            if s <= period:
                history[own + s, r] -= gone
                history[own + period, r] = max(
                    history[own + period, r] - rows[asker + LOST, r], 0.0
                )
                begin = min(begin, s)
        rows[oldest, r] = begin
