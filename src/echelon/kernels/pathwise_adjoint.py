r"""Derivatives of what a run comes to by every base stock: through the run backwards.

Infinitesimal perturbation analysis [1]_: on one path of draws, all quantities are sums, products
with constants, minima and maxima of others, so that almost everywhere the derivative of a total is
found by following which argument decided. One sweep backwards gives the derivatives by all levels,
for about the work of one more run, however many stages there are; a sweep forwards would carry one
derivative per level along. Sales that are lost are treated alike [2]_.

References
----------
.. [1] Glasserman & Tayur (1995), Sensitivity analysis for base-stock levels in multiechelon
   production-inventory systems, *Management Science* 41(2).
.. [2] Zhao & Melamed (2007), IPA derivatives for make-to-stock production-inventory systems with
   lost sales, *IEEE Transactions on Automatic Control* 52(8).
"""

from __future__ import annotations

from echelon.kernels._jit import Floats, jit, jit_part, jit_step
from echelon.kernels.pathwise_arrays import Adjoint, Tape, Totals, Wired
from echelon.kernels.pathwise_flow import falls_due, on_the_way, request, run_forwards, served


@jit
def pathwise_gradient(
    net: Wired,
    level: Floats,
    width: Floats,
    draws: Floats,
    price: Totals,
    tape: Tape,
    adjoint: Adjoint,
    totals: Totals,
    gradient: Floats,
) -> None:
    """Run every run forwards, and backwards for the derivatives of its priced totals.

    Arguments as for :func:`~echelon.kernels.pathwise_flow.pathwise_totals`; price: rows of 1, money
    per unit of each total (those of ``due``, ``ready`` and ``orders`` have no slope and are not
    read); gradient (n_runs, n_stages) money per unit of base stock, overwritten.
    """
    for r in range(draws.shape[0]):
        run_forwards(net, level, width, draws, r, tape, totals)
        _run_backwards(net, level, width, draws, r, price, tape, adjoint)
        for j in range(len(level)):
            gradient[r, j] = adjoint.gap[j]
            if net.starts_at_level[j] == 1 and level[j] > 0.0:
                gradient[r, j] = adjoint.on_hand[j]


@jit_step
def _run_backwards(
    net: Wired,
    level: Floats,
    width: Floats,
    draws: Floats,
    r: int,
    price: Totals,
    tape: Tape,
    adjoint: Adjoint,
) -> None:
    _clear(net, adjoint)
    for t in range(net.counted[1] - 1, -1, -1):
        for j in range(len(level) - 1, -1, -1):
            _unserve(net, j, t, width, draws, r, price, tape, adjoint)
            _unmake(net, j, t, draws, r, price, tape, adjoint)
        for j in range(len(level)):
            _unorder(net, j, t, tape, adjoint)


@jit_part
def _clear(net: Wired, adjoint: Adjoint) -> None:
    for j in range(len(net.review)):
        adjoint.gap[j] = 0.0
        adjoint.on_hand[j] = 0.0
        adjoint.outside_stock[j] = 0.0
        for t in range(net.counted[1]):
            adjoint.order[t, j] = 0.0
    for k in range(len(net.receiver)):
        adjoint.component[k] = 0.0
    for a in range(len(net.asker_lane)):
        adjoint.late[a] = 0.0


@jit_part
def _unserve(
    net: Wired,
    j: int,
    t: int,
    width: Floats,
    draws: Floats,
    r: int,
    price: Totals,
    tape: Tape,
    adjoint: Adjoint,
) -> None:
    """Service backwards: from stock and lateness after it to stock and lateness before it."""
    first, last = net.asker_ptr[j], net.asker_ptr[j + 1]
    counted = 1.0 if t >= net.counted[0] else 0.0
    hand, wanted = tape.hand[t, j], 0.0
    for a in range(first, last):
        wanted += tape.late[t, a] + falls_due(net, a, t, draws, r, tape)
    of_stock = adjoint.on_hand[j] + counted * price.on_hand[0, j]
    left, crossed = hand, 0.0
    for a in range(first, last):
        late, due = tape.late[t, a], falls_due(net, a, t, draws, r, tape)
        shipped = served(net, j, late + due, wanted, hand, left, last - first)
        adjoint.rest[a] = left
        left -= shipped
        of_late = adjoint.late[a] + counted * price.late[0, a]
        of_due = of_late
        of_ship = -of_late - of_stock
        of_on_time = counted * price.on_time[0, a]
        k = net.asker_lane[a]
        if k >= 0:
            of_ship += _of_sent(net, k, t, price, tape, adjoint)
        elif net.lost_share[j] > 0.0 and due > max(shipped - late, 0.0):
            # what is lost costs, is late no more and raises the position
            of_lost = counted * price.lost[0, a] - of_late - adjoint.gap[j]
            of_due += net.lost_share[j] * of_lost
            of_on_time -= net.lost_share[j] * of_lost
        if shipped > late:
            of_ship += of_on_time
            of_late -= of_on_time
        adjoint.late[a], adjoint.due[a], adjoint.ship[a] = of_late, of_due, of_ship
        crossed += of_ship * (late + due)
    slope = counted * _ramp_slope(hand - wanted, width[j], price.soft_ready[0, j])
    adjoint.on_hand[j] = (
        of_stock + slope + _unshare(net, j, t, draws, r, tape, adjoint, wanted, crossed)
    )
    for a in range(first, last):
        adjoint.late[a] -= slope
        k, asked = net.asker_lane[a], t - net.asker_wait[a]
        if k >= 0 and asked >= 0 and request(net, a, asked, draws, r, tape) > 0.0:
            adjoint.order[asked, net.receiver[k]] += net.units[k] * (adjoint.due[a] - slope)


@jit_part
def _ramp_slope(net_stock: float, width: float, price: float) -> float:
    """Money for one unit more of stock less shortage, through ``soft_ready``."""
    return price / width if abs(net_stock) < 0.5 * width else 0.0


@jit_part
def _of_sent(net: Wired, k: int, t: int, price: Totals, tape: Tape, adjoint: Adjoint) -> float:
    """Money for one unit more that enters lane ``k`` in ``t``."""
    due = tape.arrive_at[t, k]
    money = price.in_transit[0, k] * on_the_way(net, t, due)
    if due < net.counted[1]:
        money += adjoint.arrived[due, k]
    return float(money)


@jit_part
def _unshare(
    net: Wired,
    j: int,
    t: int,
    draws: Floats,
    r: int,
    tape: Tape,
    adjoint: Adjoint,
    wanted: float,
    crossed: float,
) -> float:
    """Allocation backwards: adds to ``late`` and ``due``; money for one unit more of stock.

    ``crossed`` is the sum over those who ask of the money for one unit shipped times what is
    wanted.
    """
    first, last = net.asker_ptr[j], net.asker_ptr[j + 1]
    hand = tape.hand[t, j]
    in_turn = last - first == 1 or net.by_priority[j] == 1
    of_rest = 0.0
    for a in range(last - 1, first - 1, -1):
        if wanted <= hand:
            of_want = adjoint.ship[a]
        elif in_turn:
            wants = tape.late[t, a] + falls_due(net, a, t, draws, r, tape)
            of_want = adjoint.ship[a] - of_rest
            if wants > adjoint.rest[a]:  # all that is left goes to this one
                of_want, of_rest = 0.0, adjoint.ship[a]
        else:
            of_want = hand / wanted * (adjoint.ship[a] - crossed / wanted)
        adjoint.late[a] += of_want
        adjoint.due[a] += of_want
    if wanted <= hand:
        return 0.0
    return float(of_rest if in_turn else crossed / wanted)


@jit_part
def _unmake(
    net: Wired,
    j: int,
    t: int,
    draws: Floats,
    r: int,
    price: Totals,
    tape: Tape,
    adjoint: Adjoint,
) -> None:
    """Release, making and the start of making backwards."""
    end, counted = net.counted[1], 1.0 if t >= net.counted[0] else 0.0
    adjoint.released[t, j] = adjoint.on_hand[j]
    due = tape.release_at[t, j]
    of_goods = price.in_release[0, j] * on_the_way(net, t, due)
    if due < end:
        of_goods += adjoint.released[due, j]
    if net.yield_row[j] >= 0:
        good = draws[r, t, net.yield_row[j]]
        of_scrap = adjoint.gap[j] + counted * price.scrapped[0, j]
        of_goods = good * of_goods + (1.0 - good) * of_scrap
    adjoint.finished[t, j] = of_goods
    due = tape.finish_at[t, j]
    of_start = price.in_process[0, j] * on_the_way(net, t, due)
    if due < end:
        of_start += adjoint.finished[due, j]
    first, last = net.lane_ptr[j], net.lane_ptr[j + 1]
    for k in range(first, last):
        adjoint.component[k] += counted * price.component[0, k]
        of_start -= net.units[k] * adjoint.component[k]
    wait = net.outside_delay[j]
    if wait >= 0:
        of_start -= adjoint.outside_stock[j]
    limit = tape.limit[t, j]
    if limit >= 0:
        if limit < last - first:
            adjoint.component[first + limit] += of_start / net.units[first + limit]
        else:
            adjoint.outside_stock[j] += of_start
    for k in range(first, last):
        adjoint.arrived[t, k] = adjoint.component[k]
    if wait >= 0 and t >= wait:
        adjoint.order[t - wait, j] += adjoint.outside_stock[j]


@jit_part
def _unorder(net: Wired, j: int, t: int, tape: Tape, adjoint: Adjoint) -> None:
    """Ordering backwards; suppliers come first, as their requests are orders of this period."""
    review = net.review[j]
    decided = 0.0 < tape.order[t, j] < net.maximum_order[j]
    if review == 0 and decided:
        adjoint.gap[j] = adjoint.order[t, j]
    for a in range(net.asker_ptr[j], net.asker_ptr[j + 1]):
        k = net.asker_lane[a]
        if k >= 0:
            adjoint.order[t, net.receiver[k]] += net.units[k] * adjoint.gap[j]
    if review >= 1 and decided:
        adjoint.gap[j] = adjoint.order[t, j]
