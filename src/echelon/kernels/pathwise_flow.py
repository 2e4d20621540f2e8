"""Material and orders of one component in one run, with what is needed to go through it backwards.

Clauses 1 to 5, 8 and 9 of the convention for installation base stock with capacity, calendars,
drawn times, yield, lost sales and proportional or priority allocation. Its readable twin is
:mod:`echelon.simulation.plain.flow`. Unlike the kernels of the simulation it takes one run at a
time, so that the tape of the run stays in the cache until it has been gone through backwards.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit, jit_part, jit_step
from echelon.kernels.pathwise_arrays import Tape, Totals, Wired


@jit
def pathwise_totals(
    net: Wired, level: Floats, width: Floats, draws: Floats, tape: Tape, totals: Totals
) -> None:
    """Run every run forwards and add up what is counted.

    level, width (n_stages,) units: base stocks, and widths of the ramp of ``soft_ready``;
    draws (n_runs, T, n_rows): demand in units, times in whole periods, good shares;
    totals: (n_runs, ...) overwritten.
    """
    for r in range(draws.shape[0]):
        run_forwards(net, level, width, draws, r, tape, totals)


@jit_step
def run_forwards(
    net: Wired, level: Floats, width: Floats, draws: Floats, r: int, tape: Tape, totals: Totals
) -> None:
    """Run ``r`` from period 0; fills the tape and row ``r`` of the totals."""
    _start(net, level, r, tape, totals)
    for t in range(net.counted[1]):
        for j in range(len(level) - 1, -1, -1):
            _order(net, j, t, draws, r, tape, totals)
        for j in range(len(level)):
            _start_making(net, j, t, _take_in(net, j, t, tape), draws, r, tape, totals)
            _release(net, j, t, draws, r, tape, totals)
            _serve(net, j, t, width, draws, r, tape, totals)


@jit_part
def request(net: Wired, a: int, t: int, draws: Floats, r: int, tape: Tape) -> float:
    """Units that asker ``a`` asked for in period ``t``; below 0 they are a return."""
    k = net.asker_lane[a]
    if k < 0:
        return float(draws[r, t, net.asker_row[a]])
    return float(net.units[k] * tape.order[t, net.receiver[k]])


@jit_part
def falls_due(net: Wired, a: int, t: int, draws: Floats, r: int, tape: Tape) -> float:
    """Units of asker ``a`` that fall due in period ``t``."""
    asked = t - net.asker_wait[a]
    if asked < 0:
        return 0.0
    return max(request(net, a, asked, draws, r, tape), 0.0)


@jit_part
def on_the_way(net: Wired, entered: int, leaves: int) -> float:
    """Counted periods at whose end something is in a line."""
    return float(max(min(leaves, net.counted[1]) - max(entered, net.counted[0]), 0))


@jit_part
def _start(net: Wired, level: Floats, r: int, tape: Tape, totals: Totals) -> None:
    """Clause 4.5: stock on hand, nothing on order, nobody waiting."""
    for j in range(len(level)):
        stock = net.initial_stock[j]
        if net.starts_at_level[j] == 1:
            stock = max(level[j], 0.0)
        tape.on_hand[j] = stock
        tape.gap[j] = level[j] - stock
        tape.outside_stock[j] = 0.0
        tape.made_until[j] = 0
        tape.released_until[j] = 0
        totals.on_hand[r, j] = 0.0
        totals.in_process[r, j] = 0.0
        totals.in_release[r, j] = 0.0
        totals.ready[r, j] = 0.0
        totals.soft_ready[r, j] = 0.0
        totals.scrapped[r, j] = 0.0
        totals.orders[r, j] = 0.0
        for t in range(net.counted[1]):
            tape.finished[t, j] = 0.0
            tape.released[t, j] = 0.0
    for k in range(len(net.receiver)):
        tape.component[k] = 0.0
        tape.lane_until[k] = 0
        totals.component[r, k] = 0.0
        totals.in_transit[r, k] = 0.0
        for t in range(net.counted[1]):
            tape.arrived[t, k] = 0.0
    for a in range(len(net.asker_lane)):
        tape.late[0, a] = 0.0
        totals.late[r, a] = 0.0
        totals.lost[r, a] = 0.0
        totals.on_time[r, a] = 0.0
        totals.due[r, a] = 0.0


@jit_part
def _order(net: Wired, j: int, t: int, draws: Floats, r: int, tape: Tape, totals: Totals) -> None:
    """Clause 3, steps 1 to 3, at a stage."""
    review, order = net.review[j], 0.0
    if review >= 1 and (t - net.phase[j]) % review == 0:
        order = min(max(tape.gap[j], 0.0), net.maximum_order[j])
        tape.gap[j] -= order
    for a in range(net.asker_ptr[j], net.asker_ptr[j + 1]):
        tape.gap[j] += request(net, a, t, draws, r, tape)
    if review == 0:
        order = min(max(tape.gap[j], 0.0), net.maximum_order[j])
        tape.gap[j] -= order
    tape.order[t, j] = order
    if t >= net.counted[0] and order > net.tolerance[j]:
        totals.orders[r, j] += 1.0


@jit_part
def _take_in(net: Wired, j: int, t: int, tape: Tape) -> float:
    """Step 4 and the start of step 5: what arrives, and what can be started of it."""
    first, last = net.lane_ptr[j], net.lane_ptr[j + 1]
    could, limit = np.inf, -1
    for k in range(first, last):
        tape.component[k] += tape.arrived[t, k]
        kits = tape.component[k] / net.units[k]
        if kits < could:
            could, limit = kits, k - first
    wait = net.outside_delay[j]
    if wait >= 0:
        if t >= wait:
            tape.outside_stock[j] += tape.order[t - wait, j]
        if tape.outside_stock[j] < could:
            could, limit = tape.outside_stock[j], last - first
    most = net.capacity[j]
    opens, closes = net.open_ptr[j], net.open_ptr[j + 1]
    if closes > opens and net.open_at[opens + t % (closes - opens)] <= 0.5:
        most = 0.0
    started = could
    if most < could:
        started, limit = most, -1
    tape.limit[t, j] = limit
    alone = last - first + (1 if wait >= 0 else 0) == 1
    for k in range(first, last):
        left = tape.component[k] - net.units[k] * started
        # k / u * u may be a rounding off k
        tape.component[k] = 0.0 if alone and limit >= 0 else max(left, 0.0)
    if wait >= 0:
        tape.outside_stock[j] -= started
    return float(started)


@jit_part
def leaves_at(
    t: int, time: float, quantity: float, overtakes: int, least: float, until: Integers, i: int
) -> int:
    """Period in which what enters line ``i`` in ``t`` leaves; what it holds up is noted (8.7)."""
    due = t + int(time)
    if overtakes == 0:
        due = max(due, until[i])
        if quantity > least:
            until[i] = due
    return int(due)


@jit_part
def _start_making(
    net: Wired,
    j: int,
    t: int,
    started: float,
    draws: Floats,
    r: int,
    tape: Tape,
    totals: Totals,
) -> None:
    row = net.make_row[j]
    time = float(net.make_delay[j]) if row < 0 else draws[r, t, row]
    due = leaves_at(t, time, started, net.overtaking[j], net.tolerance[j], tape.made_until, j)
    tape.finish_at[t, j] = due
    if due < net.counted[1]:
        tape.finished[due, j] += started
    totals.in_process[r, j] += started * on_the_way(net, t, due)


@jit_part
def _release(net: Wired, j: int, t: int, draws: Floats, r: int, tape: Tape, totals: Totals) -> None:
    """Step 5: what is finished yields, is held for quality and joins the stock."""
    finished = tape.finished[t, j]
    if net.yield_row[j] >= 0:
        good = finished * draws[r, t, net.yield_row[j]]
        tape.gap[j] += finished - good
        if t >= net.counted[0]:
            totals.scrapped[r, j] += finished - good
        finished = good
    row = net.release_row[j]
    time = float(net.release_delay[j]) if row < 0 else draws[r, t, row]
    due = leaves_at(t, time, finished, net.overtaking[j], net.tolerance[j], tape.released_until, j)
    tape.release_at[t, j] = due
    if due < net.counted[1]:
        tape.released[due, j] += finished
    totals.in_release[r, j] += finished * on_the_way(net, t, due)
    tape.on_hand[j] += tape.released[t, j]


@jit_part
def _serve(
    net: Wired,
    j: int,
    t: int,
    width: Floats,
    draws: Floats,
    r: int,
    tape: Tape,
    totals: Totals,
) -> None:
    """Steps 6 and 8: serve, let goods into the lanes, count."""
    first, last = net.asker_ptr[j], net.asker_ptr[j + 1]
    counts = t >= net.counted[0]
    hand, wanted = tape.on_hand[j], 0.0
    for a in range(first, last):
        if net.asker_lane[a] < 0:
            hand += max(-draws[r, t, net.asker_row[a]], 0.0)
        wanted += tape.late[t, a] + falls_due(net, a, t, draws, r, tape)
    tape.hand[t, j] = hand
    left, short = hand, 0.0
    for a in range(first, last):
        late, due = tape.late[t, a], falls_due(net, a, t, draws, r, tape)
        shipped = served(net, j, late + due, wanted, hand, left, last - first)
        left -= shipped
        on_time, lost = max(shipped - late, 0.0), 0.0
        if net.asker_lane[a] < 0:
            lost = net.lost_share[j] * max(due - on_time, 0.0)
            tape.gap[j] -= lost
        else:
            _send(net, net.asker_lane[a], j, t, shipped, draws, r, tape, totals)
        tape.late[t + 1, a] = late + due - shipped - lost
        short += tape.late[t + 1, a] + lost
        if counts:
            totals.late[r, a] += tape.late[t + 1, a]
            totals.lost[r, a] += lost
            totals.on_time[r, a] += on_time
            totals.due[r, a] += due
    tape.on_hand[j] = max(left, 0.0)
    if counts:
        totals.on_hand[r, j] += tape.on_hand[j]
        if short <= net.tolerance[j]:
            totals.ready[r, j] += 1.0
        if width[j] > 0.0:
            ramp = (hand - wanted) / width[j] + 0.5
            totals.soft_ready[r, j] += min(max(ramp, 0.0), 1.0)
        for k in range(net.lane_ptr[j], net.lane_ptr[j + 1]):
            totals.component[r, k] += tape.component[k]


@jit_part
def served(
    net: Wired, j: int, wants: float, wanted: float, hand: float, left: float, askers: int
) -> float:
    """Units for one who wants ``wants`` of ``wanted`` in all, ``left`` of ``hand`` being there."""
    if wanted <= hand:
        return wants
    if askers == 1 or net.by_priority[j] == 1:
        return min(left, wants)
    return hand / wanted * wants


@jit_part
def _send(
    net: Wired,
    k: int,
    j: int,
    t: int,
    shipped: float,
    draws: Floats,
    r: int,
    tape: Tape,
    totals: Totals,
) -> None:
    row = net.lane_row[k]
    time = float(net.lane_delay[k]) if row < 0 else draws[r, t, row]
    due = leaves_at(t, time, shipped, net.lane_overtaking[k], net.tolerance[j], tape.lane_until, k)
    tape.arrive_at[t, k] = due
    if due < net.counted[1]:
        tape.arrived[due, k] += shipped
    totals.in_transit[r, k] += shipped * on_the_way(net, t, due)
