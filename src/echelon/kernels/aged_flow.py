"""A component of which some stages keep goods by age, the others run in single precision.

Where goods do not decide what is ordered, but by what expires of them, only the stages *ahead* have
to be run period by period: those whose goods are kept by age, all that supply them, and nobody
else. The stages *behind* order what they are asked for whatever they get, so that their orders of a
block of periods come first; then the stages ahead run through the block, in double precision and
with ages, and ship; then goods go down through the stages behind, as in
:mod:`~echelon.kernels.run_single`. To the stages ahead a lane that leads behind is a segment of
customers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from echelon.kernels._jit import (
    Floats,
    Integers,
    by_reference,
    jit,
    jit_part,
    jit_rows_step,
    jit_step,
)
from echelon.kernels.draws import Sources
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.flow_arrays import WIDTH, Features, FeatureSums, Structure, Sums
from echelon.kernels.plain_flow_work import row_at
from echelon.kernels.shelf_queues import ShelfWatch
from echelon.kernels.shelf_watch import start_watch
from echelon.kernels.single_draws import ShortTables, fill_single_rows
from echelon.kernels.single_flow import single_goods_down
from echelon.kernels.single_orders import keep_last_requests, single_orders_up
from echelon.kernels.single_rows import Singles
from echelon.kernels.single_sums import (
    begin_counting,
    clear_sums,
    clear_totals,
    finish_single,
    flush_at,
)
from echelon.kernels.single_times import let_in
from echelon.kernels.single_work import LEAD, SingleWork, start_single


@by_reference
class Crossing(NamedTuple):
    """Lanes from the stages ahead to those behind, and what both sides draw.

    Attributes
    ----------
    lane, receiver : (n_crossing,) int64
        Lane and stage behind.
    units : (n_crossing,) float64
        Units of the supplier's item in one of the receiver's.
    least : (n_crossing,) float32
        Units; of goods whose time on the way is drawn, less are no reason for others to wait.
    ahead : (n_ahead_rows,) int64
        Drawn rows of the component that the stages ahead read.
    draws : (n_rows + n_crossing, block, n_chosen) float64
        What they read: drawn rows of the component, then the requests of these lanes.
    shipped : (n_crossing, n_chosen) float64
        Units shipped in the counted periods; to be given as 0.
    runs : (n_chosen,) int64
        Which of the runs behind are run ahead, side by side.
    """

    lane: Integers
    receiver: Integers
    units: Floats
    least: Singles
    ahead: Integers
    draws: Floats
    shipped: Floats
    runs: Integers


@jit
def run_aged(
    ahead: Structure,
    features: Features,
    state: FeatureState,
    ahead_sums: Sums,
    feature_sums: FeatureSums,
    behind: Structure,
    sources: Sources,
    tables: ShortTables,
    first_row: int,
    first_period: int,
    last_period: int,
    first_run: int,
    n_runs: int,
    block: int,
    work: SingleWork,
    sums: Sums,
    in_release: Floats,
    watch: ShelfWatch,
    crossing: Crossing,
) -> None:
    """Run one component through some of its periods; what it left before is carried on.

    Parameters
    ----------
    ahead, features, state
        The stages ahead, as a component of their own; the state keeps what crosses, in ``sent``.
    ahead_sums, feature_sums
        Of the stages ahead and the chosen runs; added to.
    behind : Structure
        The others. The supplier of a lane from ahead is -1.
    sources, tables
        Of the shard.
    first_row : int
        The component's first drawn row there; both structures number rows from it.
    first_period, last_period : int
        The latter a multiple of ``SUMMED``, or the end of the run.
    first_run, n_runs : int
    block : int
        As for :func:`~echelon.kernels.run_single.run_single`; a divisor of ``GROUP``.
    work, sums, in_release, watch
        Of the stages behind and all runs; overwritten.
    crossing : Crossing
    """
    n = min((n_runs + 15) & -16, WIDTH)
    place, cell = work.place[0], work.cell[0]
    last, warmup = min(last_period, behind.periods[0]), behind.warmup[0]
    if first_period == 0:
        start_single(behind, 0, work, tables.floors, first_row, block, n)
        clear_sums(behind, 0, work, n)
        start_watch(behind, 0, watch, n)
        clear_totals(behind, 0, work, sums, in_release, n)
    period = first_period
    while period < last:
        stop = min(period - period % block + block, last)
        if period < warmup < stop:
            stop = warmup
        steps = stop - period
        fill_single_rows(
            sources, tables, first_row, first_row + behind.row_ptr[1], LEAD, LEAD + block, period,
            steps, first_run, n, work.rows, work.words, work.strata, place, cell,
        )  # fmt: skip
        if period == warmup:
            begin_counting(behind, 0, work, n)
        single_orders_up(behind, 0, work, sums, block, period, steps, n)
        ask_ahead(behind, work, crossing, steps)
        feature_flow(
            ahead, features, 0, crossing.draws, period, steps, len(crossing.runs), state,
            ahead_sums, feature_sums,
        )  # fmt: skip
        send_behind(behind, work, crossing, state.sent, period, steps, n)
        single_goods_down(behind, 0, work, sums, watch, period, steps, n)
        keep_last_requests(behind, 0, work, steps, n)
        period = stop
        flush_at(behind, 0, work, sums, in_release, period, n)
    if last > warmup:
        finish_single(behind, 0, work, sums, in_release, last, n)
        _count_crossing(behind, work, crossing, sums.in_transit)


@jit
def overwrite(
    whole: Floats, rows: Integers, runs: Integers, part: Floats, columns: Integers
) -> None:
    """Rows ``whole[rows[i], runs] = part[i, columns]``."""
    for i in range(len(rows)):
        for r in range(len(runs)):
            whole[rows[i], runs[r]] = part[i, columns[r]]


@jit_step
def ask_ahead(behind: Structure, w: SingleWork, crossing: Crossing, steps: int) -> None:
    """Hand on what the stages ahead draw, and what is asked of them from behind."""
    draws, runs, rows = crossing.draws, crossing.runs, w.rows
    for i in range(len(crossing.ahead)):
        row = crossing.ahead[i]
        for s in range(steps):
            _hand_on(runs, draws, row, s, 1.0, rows, w.drawn_at[0] + row * w.drawn_at[1] + s)
    for b in range(len(crossing.lane)):
        row, ordered = behind.row_ptr[1] + b, w.order_row[crossing.receiver[b]]
        for s in range(steps):
            _hand_on(runs, draws, row, s, crossing.units[b], rows, ordered + s)


@jit_part
def _hand_on(
    runs: Integers, draws: Floats, row: int, step: int, units: float, rows: Singles, i: int
) -> None:
    """Row ``draws[row, step]`` from that of all runs behind, of which mostly all are chosen."""
    n, begin = len(runs), runs[0]
    if runs[n - 1] - begin == n - 1:
        _hand_all_on(n, begin, draws, row, step, units, rows, i)
        return
    for r in range(n):
        draws[row, step, r] = units * np.float64(rows[i, runs[r]])


@jit_rows_step
def _hand_all_on(
    n: int, begin: int, draws: Floats, row: int, step: int, units: float, rows: Singles, i: int
) -> None:
    for r in range(n):
        draws[row, step, r] = units * np.float64(rows[i, begin + r])


@jit_step
def send_behind(
    behind: Structure,
    w: SingleWork,
    crossing: Crossing,
    sent: Floats,
    first_period: int,
    steps: int,
    n: int,
) -> None:
    """Put what was shipped from ahead where the stages behind find it, and count."""
    runs, line = crossing.runs, w.line
    chosen, begin = len(runs), runs[0]
    together = runs[chosen - 1] - begin == chosen - 1
    for b in range(len(crossing.lane)):
        x = crossing.lane[b]
        for s in range(steps):
            period = first_period + s
            row = row_at(w.lane_ring, x, period)
            if together:
                _send_all_on(chosen, begin, line, row, sent, b, s)
            else:
                for r in range(chosen):
                    line[row, runs[r]] = np.float32(sent[b, s, r])
            if period >= behind.warmup[0]:
                _count_shipped(chosen, crossing.shipped, b, sent, s)
            if w.times.lane_row[x] >= 0:
                drawn = w.drawn_at[0] + w.times.lane_row[x] * w.drawn_at[1] + s
                let_in(
                    behind, 0, w, drawn, w.lane_until, x, row, crossing.least[b], w.in_transit, x,
                    period, w.arrival_ring, x, w.times.lane_longest[x], n,
                )  # fmt: skip


@jit_rows_step
def _send_all_on(
    n: int, begin: int, line: Singles, row: int, sent: Floats, b: int, step: int
) -> None:
    for r in range(n):
        line[row, begin + r] = np.float32(sent[b, step, r])


@jit_rows_step
def _count_shipped(n: int, shipped: Floats, b: int, sent: Floats, step: int) -> None:
    for r in range(n):
        shipped[b, r] += sent[b, step, r]


@jit_part
def _count_crossing(
    behind: Structure, w: SingleWork, crossing: Crossing, in_transit: Floats
) -> None:
    """Unit periods in transit on the lanes that cross, in the chosen runs.

    What is counted otherwise than for the whole of a fixed time is in the sums of the work already.
    """
    for b in range(len(crossing.lane)):
        x = crossing.lane[b]
        fixed = float(behind.lane_delay[x]) if w.times.lane_row[x] < 0 else 0.0
        for r in range(len(crossing.runs)):
            run = crossing.runs[r]
            else_counted = w.in_transit_else[x, run] + np.float64(w.in_transit[x, run])
            in_transit[x, run] = else_counted + fixed * crossing.shipped[b, r]
