"""Stages ahead by age, and whether anything changes for those behind.

What expires makes the stages ahead order more, but it seldom keeps goods from anybody else: their
suppliers have them. So the stages ahead are run by age, with what is asked of them from behind, as
in :mod:`~echelon.kernels.aged_flow`; beside them they are run once more as if their goods kept for
ever, in single precision, and what both ship to the stages behind is compared. Where no period
differs by more than rounding, all that was found behind without ages is so with them.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, jit, jit_rows_step, jit_step
from echelon.kernels.aged_flow import Crossing, ask_ahead
from echelon.kernels.draws import Sources
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.flow_arrays import WIDTH, Features, FeatureSums, Structure, Sums
from echelon.kernels.plain_flow_work import row_at
from echelon.kernels.shelf_queues import ShelfWatch
from echelon.kernels.single_draws import ShortTables, fill_single_rows
from echelon.kernels.single_flow import single_goods_down
from echelon.kernels.single_orders import keep_last_requests, single_orders_up
from echelon.kernels.single_rows import Singles
from echelon.kernels.single_work import LEAD, SingleWork, start_single


@jit
def run_ahead(
    ahead: Structure,
    features: Features,
    state: FeatureState,
    ahead_sums: Sums,
    feature_sums: FeatureSums,
    whole: Structure,
    upper: Structure,
    sources: Sources,
    tables: ShortTables,
    first_row: int,
    first_period: int,
    last_period: int,
    first_run: int,
    n_runs: int,
    block: int,
    work: SingleWork,
    nothing: ShelfWatch,
    crossing: Crossing,
    near: Singles,
    moved: Singles,
) -> None:
    """Run the stages ahead of a component through some of its periods; both ways are carried on.

    Parameters
    ----------
    ahead, features, state, ahead_sums, feature_sums
        As for :func:`~echelon.kernels.aged_flow.run_aged`.
    whole : Structure
        The component, the stages ahead before all others; no period of it is counted.
    upper : Structure
        The same, which ends with the stages ahead.
    sources, tables, first_row, first_period, last_period, first_run, n_runs, block
        As for :func:`~echelon.kernels.aged_flow.run_aged`.
    work : SingleWork
        Of ``whole`` and all runs; overwritten.
    nothing : ShelfWatch
        That watches nothing.
    crossing : Crossing
        Lanes and receivers numbered as in ``whole``.
    near : (n_crossing,) float32
        Units by which what is shipped may differ for rounding.
    moved : (n_chosen,) float32
        Set to 1 for runs in which more differs.
    """
    n = min((n_runs + 15) & -16, WIDTH)
    place, cell = work.place[0], work.cell[0]
    last = min(last_period, whole.periods[0])
    if first_period == 0:
        start_single(whole, 0, work, tables.floors, first_row, block, n)
    period = first_period
    while period < last:
        stop = min(period - period % block + block, last)
        steps = stop - period
        fill_single_rows(
            sources, tables, first_row, first_row + whole.row_ptr[1], LEAD, LEAD + block, period,
            steps, first_run, n, work.rows, work.words, work.strata, place, cell,
        )  # fmt: skip
        single_orders_up(whole, 0, work, ahead_sums, block, period, steps, n)
        ask_ahead(whole, work, crossing, steps)
        feature_flow(
            ahead, features, 0, crossing.draws, period, steps, len(crossing.runs), state,
            ahead_sums, feature_sums,
        )  # fmt: skip
        single_goods_down(upper, 0, work, ahead_sums, nothing, period, steps, n)
        keep_last_requests(whole, 0, work, steps, n)
        _compare(work, crossing, state.sent, near, moved, period, steps)
        period = stop


@jit_step
def _compare(
    w: SingleWork,
    crossing: Crossing,
    sent: Floats,
    near: Singles,
    moved: Singles,
    first_period: int,
    steps: int,
) -> None:
    """Find the runs in which something else is shipped behind than goods without ages."""
    runs = crossing.runs
    chosen, begin = len(runs), runs[0]
    together = runs[chosen - 1] - begin == chosen - 1
    for b in range(len(crossing.lane)):
        for s in range(steps):
            row = row_at(w.lane_ring, crossing.lane[b], first_period + s)
            if together:
                _compare_all(chosen, begin, w.line, row, sent, b, s, near, moved)
                continue
            for r in range(chosen):
                if abs(np.float32(sent[b, s, r]) - w.line[row, runs[r]]) > near[b]:
                    moved[r] = np.float32(1.0)


@jit_rows_step
def _compare_all(
    n: int,
    begin: int,
    line: Singles,
    row: int,
    sent: Floats,
    b: int,
    step: int,
    near: Singles,
    moved: Singles,
) -> None:
    one, most = np.float32(1.0), near[b]
    for r in range(n):
        was = moved[r]
        apart = abs(np.float32(sent[b, step, r]) - line[row, begin + r])
        moved[r] = one if apart > most else was
