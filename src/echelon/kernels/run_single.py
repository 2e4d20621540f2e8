"""Draw and run whole components in single precision."""

from __future__ import annotations

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.draws import Sources
from echelon.kernels.flow_arrays import WIDTH, Structure, Sums
from echelon.kernels.shelf_queues import ShelfWatch
from echelon.kernels.shelf_watch import start_watch
from echelon.kernels.single_draws import ShortTables, fill_single_rows
from echelon.kernels.single_flow import single_goods_down
from echelon.kernels.single_orders import keep_last_requests, single_orders_up
from echelon.kernels.single_sums import (
    begin_counting,
    clear_sums,
    clear_totals,
    finish_single,
    flush_at,
)
from echelon.kernels.single_work import LEAD, SingleWork, start_single


@jit
def run_single(
    structure: Structure,
    chosen: Integers,
    sources: Sources,
    tables: ShortTables,
    first_period: int,
    last_period: int,
    first_run: int,
    n_runs: int,
    block: int,
    work: SingleWork,
    sums: Sums,
    in_release: Floats,
    watch: ShelfWatch,
) -> None:
    """Do what :func:`~echelon.kernels.run_components.run_plain` does, for components ``chosen``.

    Whole vectors of runs are simulated, also those that nobody reads; sums need not be 0 before.
    in_release (n_stages, WIDTH) is that of the sums of features, without rows where no component
    has features. Sums of a few periods are flushed after every ``SUMMED`` periods and at the end
    of a call, so that bits do not depend on ``block``, a divisor of ``GROUP``, nor on where calls
    end if that is after multiples of ``SUMMED``.
    """
    n = min((n_runs + 15) & -16, WIDTH)
    place, cell = work.place[0], work.cell[0]
    for c in range(chosen.size):
        if chosen[c] == 0:
            continue
        last, warmup = min(last_period, structure.periods[c]), structure.warmup[c]
        first_row, last_row = structure.row_ptr[c], structure.row_ptr[c + 1]
        if first_period == 0:
            start_single(structure, c, work, tables.floors, first_row, block, n)
            clear_sums(structure, c, work, n)
            start_watch(structure, c, watch, n)
            clear_totals(structure, c, work, sums, in_release, n)
        period = first_period
        while period < last:
            stop = min(period - period % block + block, last)
            if period < warmup < stop:
                stop = warmup
            steps = stop - period
            fill_single_rows(
                sources, tables, first_row, last_row, LEAD, LEAD + block, period, steps, first_run,
                n, work.rows, work.words, work.strata, place, cell,
            )  # fmt: skip
            if period == warmup:
                begin_counting(structure, c, work, n)
            single_orders_up(structure, c, work, sums, block, period, steps, n)
            single_goods_down(structure, c, work, sums, watch, period, steps, n)
            keep_last_requests(structure, c, work, steps, n)
            period = stop
            flush_at(structure, c, work, sums, in_release, period, n)
        if period > warmup:
            finish_single(structure, c, work, sums, in_release, period, n)
