"""Delay lines, kits and starts: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`; ``n`` runs are used.
What is on its way is not counted period by period: what enters a line is counted at once for all
the counted periods at whose end it is still there.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, jit_part, jit_rows


@jit_rows
def delay(n: int, lines: Floats, slot: int, rows: Floats, flow: int) -> None:
    """Put row ``flow`` into the delay line and take out what went in one round ago."""
    for r in range(n):
        leaving = lines[slot, r]
        lines[slot, r] = rows[flow, r]
        rows[flow, r] = leaving


@jit_rows
def delay_counted(
    n: int, lines: Floats, slot: int, rows: Floats, flow: int, weight: float, total: Floats, t: int
) -> None:
    """The same, and count what goes in ``weight`` times."""
    for r in range(n):
        leaving, entering = lines[slot, r], rows[flow, r]
        lines[slot, r] = entering
        total[t, r] += weight * entering
        rows[flow, r] = leaving


@jit_rows
def leave_when(
    n: int,
    when: Floats,
    i: int,
    drawn: Floats,
    row: int,
    step: int,
    now: float,
    least: float,
    flow: Floats,
    j: int,
    until: Floats,
    k: int,
) -> None:
    """Period ``when[i]`` in which goods leave that enter now and take a drawn time.

    They leave no earlier than those before them, ``until[k]``; less than ``least`` units is no
    reason for others to wait.
    """
    for r in range(n):
        before = until[k, r]
        leaving = max(drawn[row, step, r] + now, before)
        when[i, r] = leaving
        until[k, r] = leaving if flow[j, r] > least else before


@jit_rows
def overtake_when(
    n: int, when: Floats, i: int, drawn: Floats, row: int, step: int, now: float
) -> None:
    """The same where goods may overtake."""
    for r in range(n):
        when[i, r] = drawn[row, step, r] + now


@jit_rows
def leave_by_clock(
    n: int,
    when: Floats,
    i: int,
    clock: Floats,
    c: int,
    least: float,
    flow: Floats,
    j: int,
    until: Floats,
    k: int,
) -> None:
    """From a time in row ``when[i]`` to the same by a clock that stands still at times."""
    for r in range(n):
        before = until[k, r]
        leaving = max(when[i, r] + clock[c, r], before)
        when[i, r] = leaving
        until[k, r] = leaving if flow[j, r] > least else before


@jit_rows
def count_until(
    n: int,
    total: Floats,
    t: int,
    when: Floats,
    i: int,
    flow: Floats,
    j: int,
    begin: float,
    end: float,
) -> None:
    """Count what enters for the periods from ``begin`` up to ``when``, at most to ``end``."""
    for r in range(n):
        total[t, r] += max(min(when[i, r], end) - begin, 0.0) * flow[j, r]


@jit_rows
def put(
    n: int, lines: Floats, first: int, mask: int, when: Floats, i: int, flow: Floats, j: int
) -> None:
    """Put row ``flow[j]`` where it leaves ``when[i]``."""
    for r in range(n):
        lines[first + (int(when[i, r]) & mask), r] += flow[j, r]


@jit_rows
def put_and_take(
    n: int, lines: Floats, first: int, mask: int, now: int, when: Floats, i: int, flow: Floats,
    j: int,
) -> None:  # fmt: skip
    """Put row ``flow[j]`` where it leaves, and give what leaves in row ``now`` in its place."""
    for r in range(n):
        lines[first + (int(when[i, r]) & mask), r] += flow[j, r]
        flow[j, r] = lines[now, r]
        lines[now, r] = 0.0


@jit_rows
def take_out_held(
    n: int,
    lines: Floats,
    first: int,
    mask: int,
    clock: Floats,
    c: int,
    held: Floats,
    h: int,
    flow: Floats,
    j: int,
) -> None:
    """Empty a slot, by each run's clock, into row ``flow[j]``; nothing leaves where it is held."""
    for r in range(n):
        leaving = 0.0
        if held[h, r] == 0.0:
            slot = first + (int(clock[c, r]) & mask)
            leaving = lines[slot, r]
            lines[slot, r] = 0.0
        flow[j, r] = leaving


@jit_rows
def count_until_held(
    n: int,
    total: Floats,
    t: int,
    when: Floats,
    i: int,
    clock: Floats,
    c: int,
    was_held: Floats,
    h: int,
    flow: Floats,
    j: int,
    period: int,
    begin: float,
    end: float,
) -> None:
    """As :func:`count_until`, by clock, in runs in which the lane was never held."""
    for r in range(n):
        leaves = period + when[i, r] - clock[c, r]
        entering = flow[j, r] if was_held[h, r] == 0.0 else 0.0
        total[t, r] += max(min(leaves, end) - begin, 0.0) * entering


@jit_rows
def take_back_counts(
    n: int,
    total: Floats,
    t: int,
    lines: Floats,
    first: int,
    mask: int,
    clock: Floats,
    c: int,
    held: Floats,
    h: int,
    was_held: Floats,
    w: int,
    period: int,
    begin: float,
    end: float,
) -> None:
    """In runs held for the first time, what was counted ahead of what is now held.

    From now on the caller counts their content period by period.
    """
    for r in range(n):
        if held[h, r] == 0.0 or was_held[w, r] > 0.0:
            continue
        now = int(clock[c, r])
        for ahead in range(mask + 1):
            leaves = float(period + ahead)
            quantity = lines[first + ((now + ahead) & mask), r]
            total[t, r] -= max(min(leaves, end) - begin, 0.0) * quantity


@jit_rows
def change(n: int, content: Floats, c: int, entering: Floats, e: int) -> None:
    """What enters a line adds to its content."""
    for r in range(n):
        content[c, r] += entering[e, r]


@jit_rows
def move_clock(
    n: int, clock: Floats, c: int, held: Floats, h: int, was_held: Floats, w: int
) -> None:
    """A lane's clock moves on where its goods do."""
    for r in range(n):
        clock[c, r] += 1.0 - held[h, r]
        was_held[w, r] = max(was_held[w, r], held[h, r])


@jit_rows
def add_where(n: int, total: Floats, t: int, content: Floats, c: int, flag: Floats, f: int) -> None:
    """Row ``total[t] += content[c]`` where the flag is 1."""
    for r in range(n):
        total[t, r] += content[c, r] * flag[f, r]


@jit_part
def limit(n: int, rows: Floats, start: int, possible: int, left: int, capacity: float) -> None:
    """At most ``capacity`` units start, or the share ``left`` of it; where it is infinite, of all.

    Row ``possible`` keeps what could have been started.
    """
    if capacity < np.inf:
        _at_most(n, rows, start, rows, possible, capacity, rows, left)
    else:
        _part_of(n, rows, start, rows, possible, rows, left)


@jit_rows
def _at_most(
    n: int, start: Floats, s: int, possible: Floats, p: int, most: float, left: Floats, f: int
) -> None:
    for r in range(n):
        could = start[s, r]
        possible[p, r] = could
        start[s, r] = min(could, most * left[f, r])


@jit_rows
def _part_of(n: int, start: Floats, s: int, possible: Floats, p: int, left: Floats, f: int) -> None:
    for r in range(n):
        could = start[s, r]
        possible[p, r] = could
        start[s, r] = could * left[f, r]


@jit_rows
def keep_rest(
    n: int, stock: Floats, k: int, start: Floats, s: int, possible: Floats, p: int, units: float
) -> None:
    """What a capacity keeps from starting waits; nothing at all where it does not bind."""
    for r in range(n):
        rest = max(stock[k, r] - units * start[s, r], 0.0)
        stock[k, r] = rest if possible[p, r] > start[s, r] else 0.0


@jit_rows
def scrap(
    n: int, good: Floats, g: int, draws: Floats, row: int, step: int, gone: Floats, i: int
) -> None:
    """Keep the good share of what completes; row ``gone[i]`` says what is lost."""
    for r in range(n):
        completed = good[g, r]
        kept = completed * draws[row, step, r]
        good[g, r] = kept
        gone[i, r] = completed - kept


@jit_rows
def lack(
    n: int, need: Floats, i: int, there: Floats, on_hand: int, in_process: int, in_release: int,
    covered: float,
) -> None:  # fmt: skip
    """From late units to projected shortage: ``covered`` units more, less what is there or made."""
    for r in range(n):
        coming = there[on_hand, r] + there[in_process, r] + there[in_release, r]
        need[i, r] = need[i, r] + covered - coming


@jit_rows
def split_express(
    n: int, flow: Floats, f: int, express: Floats, e: int, need: Floats, i: int, least: float
) -> None:
    """Send what is needed the fast way; a need of ``least`` units is rounding."""
    for r in range(n):
        quick = min(flow[f, r], need[i, r]) if need[i, r] > least else 0.0
        express[e, r] = quick
        flow[f, r] -= quick
