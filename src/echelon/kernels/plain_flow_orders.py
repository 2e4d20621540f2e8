"""Orders of one component under plain base stock, a block of periods at a time, up the network."""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels import flow_rows_steps as steps_of
from echelon.kernels._jit import Floats, jit_part, jit_step
from echelon.kernels.flow_arrays import Structure, Sums
from echelon.kernels.flow_rows import STEPS
from echelon.kernels.plain_flow_work import ASKED, Work


@jit_part
def _may_follow(f: Structure, j: int) -> bool:
    """Whether the stage orders what it is asked for once its position is at its base stock."""
    return bool(f.review[j] == 0 and f.asker_ptr[j + 1] > f.asker_ptr[j])


@jit_part
def _counts_everywhere(f: Structure, c: int) -> float:
    """Demand above which what it makes a stage order is more than rounding at every stage."""
    least, smallest = 0.0, 1.0
    for j in range(f.stage_ptr[c], f.stage_ptr[c + 1]):
        least = max(least, f.tolerance[j])
        for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
            smallest *= min(f.units[k], 1.0)
    return 2.0 * least / smallest


@jit_part
def _look(f: Structure, c: int, w: Work, block: int, steps: int, n: int) -> bool:
    """Which stages have returns and which follow; whether sums of orders can be copied.

    They can if all stages follow that may, and no demand is so small that it would count as an
    order at one of the stages that pass it on and as rounding at another.
    """
    first = f.stage_ptr[c]
    alike = True
    least = _counts_everywhere(f, c)
    for j in range(first, f.stage_ptr[c + 1]):
        i = j - first
        returns = False
        for q in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
            if f.asker_row[q] >= 0:
                row = (f.asker_row[q] - f.row_ptr[c]) * block
                if rows_of.any_below(n, least, steps, w.rows, row):
                    alike = False
                    returns = rows_of.any_below(n, 0.0, steps, w.rows, row) or returns
        w.returns[i] = returns
        w.follows[i] = 0
        if _may_follow(f, j):
            if not returns and rows_of.all_zero(n, w.gap, i):
                w.follows[i] = 1
            else:
                alike = False
    return alike


@jit_step
def orders_up(
    f: Structure, c: int, w: Work, sums: Sums, block: int, first_period: int, steps: int, n: int
) -> None:
    """Order at every stage of component ``c``, downstream first, and count orders and requests."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    first_lane, first_asker = f.lane_ptr[first], f.asker_ptr[first]
    orders = (f.row_ptr[c + 1] - f.row_ptr[c]) * block
    scaled = orders + (last - first) * block
    counted_from = max(f.warmup[c] - first_period, 0)  # step of the first counted period
    alike = _look(f, c, w, block, steps, n)
    if w.copied[0] == 1 and not alike and counted_from < steps:
        _copy_sums(f, c, w, sums, n)
        w.copied[0] = 0

    for j in range(last - 1, first - 1, -1):
        i = j - first
        for q in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
            k = f.asker_lane[q]
            if k < 0:
                w.asks_row[q - first_asker] = (f.asker_row[q] - f.row_ptr[c]) * block
            elif f.units[k] == 1.0:
                w.asks_row[q - first_asker] = w.order_row[f.receiver[k] - first]
            else:
                w.asks_row[q - first_asker] = scaled + (k - first_lane) * block
        w.order_row[i] = orders + i * block
        if w.follows[i]:
            _pass_on(f, j, i, w, first_asker, steps, n)
        else:
            for step in range(steps):
                _order(f, j, i, w, first_asker, first_period + step, step, n)
        for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
            if f.units[k] != 1.0:
                to = scaled + (k - first_lane) * block
                for step in range(steps):
                    rows_of.scale(n, w.rows, to + step, f.units[k], w.rows, w.order_row[i] + step)
        _count_requests(f, j, i, w, sums, first_asker, counted_from, steps, n)
        if not (w.copied[0] == 1 and w.follows[i]):
            _tally(
                w.rows, w.order_row[i], counted_from, steps,
                sums.ordered, sums.ordered_squared, j, sums.orders, j, f.tolerance[j], n,
            )  # fmt: skip


@jit_part
def _pass_on(f: Structure, j: int, i: int, w: Work, first_asker: int, steps: int, n: int) -> None:
    """Order what is asked for: the rows of the only asker, or their sum."""
    a, b = f.asker_ptr[j] - first_asker, f.asker_ptr[j + 1] - first_asker
    if b - a == 1:
        w.order_row[i] = w.asks_row[a]
        return
    steps_of.add_two(n, w.rows, w.order_row[i], w.rows, w.asks_row[a], w.asks_row[a + 1], steps)
    for q in range(a + 2, b):
        steps_of.add_more(n, w.rows, w.order_row[i], w.rows, w.asks_row[q], steps)


@jit_part
def _order(
    f: Structure, j: int, i: int, w: Work, first_asker: int, period: int, step: int, n: int
) -> None:
    """Clauses 2 and 5: before the period's requests at a review, after them if continuous."""
    row = w.order_row[i] + step
    if f.review[j] >= 1:
        if (period - f.phase[j]) % f.review[j] == 0:
            rows_of.order_gap(n, w.gap, i, w.rows, row)
        else:
            rows_of.zero(n, w.rows, row)
    for q in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
        rows_of.add(n, w.gap, i, w.rows, w.asks_row[q - first_asker] + step)
    if f.review[j] == 0:
        rows_of.order_gap(n, w.gap, i, w.rows, row)


@jit_part
def _tally(
    what: Floats,
    row: int,
    counted_from: int,
    steps: int,
    total: Floats,
    squared: Floats,
    j: int,
    count: Floats,
    m: int,
    least: float,
    n: int,
) -> None:
    """Tally the counted periods of a block."""
    step = counted_from
    while step < steps:
        if step + STEPS <= steps:
            steps_of.tally_steps(n, least, what, row + step, total, squared, j, count, m)
            step += STEPS
        else:
            rows_of.tally(n, least, what, row + step, total, squared, j, count, m)
            step += 1


@jit_part
def _sum_rows(
    w: Work, row: int, counted_from: int, steps: int, total: Floats, q: int, n: int
) -> None:
    """Add up the counted periods of a block."""
    step = counted_from
    while step < steps:
        if step + STEPS <= steps:
            steps_of.sum_steps(n, total, q, w.rows, row + step)
            step += STEPS
        else:
            rows_of.add(n, total, q, w.rows, row + step)
            step += 1


@jit_part
def _asks_as_ordered(f: Structure, q: int) -> bool:
    """Whether an asker is a lane whose requests are its receiver's orders."""
    k = f.asker_lane[q]
    return bool(k >= 0 and f.units[k] == 1.0)


@jit_part
def _count_requests(
    f: Structure,
    j: int,
    i: int,
    w: Work,
    sums: Sums,
    first_asker: int,
    counted_from: int,
    steps: int,
    n: int,
) -> None:
    """What a stage is asked for, and what falls due at once; :func:`finish` adds what it can copy.

    Returns are nobody's request.
    """
    q0, q1 = f.asker_ptr[j], f.asker_ptr[j + 1]
    if q1 - q0 == 1 and not w.returns[i]:
        if not _asks_as_ordered(f, q0):
            _tally(
                w.rows, w.asks_row[q0 - first_asker], counted_from, steps,
                sums.asked, sums.asked_squared, j, w.asked_count, i, f.tolerance[j], n,
            )  # fmt: skip
        return
    if w.follows[i]:  # its orders are the sum of what it is asked for
        _tally(
            w.rows, w.order_row[i], counted_from, steps,
            sums.asked, sums.asked_squared, j, w.asked_count, i, f.tolerance[j], n,
        )  # fmt: skip
        for q in range(q0, q1):
            if f.serve_delay[j] == 0 and not _asks_as_ordered(f, q):
                _sum_rows(w, w.asks_row[q - first_asker], counted_from, steps, sums.due, q, n)
        return
    for step in range(counted_from, steps):
        rows_of.zero(n, w.scratch, ASKED)
        for q in range(q0, q1):
            row = w.asks_row[q - first_asker] + step
            rows_of.add_positive(n, w.scratch, ASKED, 1.0, w.rows, row)
            if q1 - q0 > 1 and f.serve_delay[j] == 0 and not _asks_as_ordered(f, q):
                rows_of.add_positive(n, sums.due, q, 1.0, w.rows, row)
        if q1 - q0 > 1 or not _asks_as_ordered(f, q0):
            rows_of.tally(
                n, f.tolerance[j], w.scratch, ASKED,
                sums.asked, sums.asked_squared, j, w.asked_count, i,
            )  # fmt: skip


@jit_part
def _copy_sums(f: Structure, c: int, w: Work, sums: Sums, n: int) -> None:
    """Give each stage that passes orders on the sums of the stage whose orders they are."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    for j in range(last - 1, first - 1, -1):
        i, q0 = j - first, f.asker_ptr[j]
        if f.asker_ptr[j + 1] - q0 == 1 and _asks_as_ordered(f, q0):
            to = f.receiver[f.asker_lane[q0]]
            rows_of.copy(n, sums.asked, j, sums.ordered, to)
            rows_of.copy(n, sums.asked_squared, j, sums.ordered_squared, to)
            rows_of.copy(n, w.asked_count, i, sums.orders, to)
        if w.copied[0] == 1 and _may_follow(f, j):
            rows_of.copy(n, sums.ordered, j, sums.asked, j)
            rows_of.copy(n, sums.ordered_squared, j, sums.asked_squared, j)
            rows_of.copy(n, sums.orders, j, w.asked_count, i)


@jit_part
def finish(f: Structure, c: int, w: Work, sums: Sums, n: int) -> None:
    """Fill in the sums that are those of other rows; after the last block."""
    _copy_sums(f, c, w, sums, n)
    for j in range(f.stage_ptr[c], f.stage_ptr[c + 1]):
        if f.serve_delay[j] > 0:
            continue
        q0, q1 = f.asker_ptr[j], f.asker_ptr[j + 1]
        for q in range(q0, q1):
            if q1 - q0 == 1:
                rows_of.copy(n, sums.due, q, sums.asked, j)
            elif _asks_as_ordered(f, q):
                rows_of.copy(n, sums.due, q, sums.ordered, f.receiver[f.asker_lane[q]])
