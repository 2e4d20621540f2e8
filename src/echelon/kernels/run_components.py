"""Draw and run whole components: the outermost loop of a simulation, one call for many of them."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.draws import STRETCH, Sources, fill_rows
from echelon.kernels.flow_arrays import WIDTH, Structure, Sums
from echelon.kernels.plain_flow import goods_down
from echelon.kernels.plain_flow_orders import finish, orders_up
from echelon.kernels.plain_flow_work import Work, start


@jit
def run_plain(
    structure: Structure,
    plain: Integers,
    sources: Sources,
    first_period: int,
    last_period: int,
    first_run: int,
    n_runs: int,
    block: int,
    work: Work,
    memory: Floats,
    sums: Sums,
) -> None:
    """Run the components of a shard that have no feature for some of their periods.

    plain (n_components,) 1 for those; periods ``first_period`` to ``last_period``, or to the end of
    the component if that comes first; runs ``first_run`` to ``first_run + n_runs``; ``block``
    periods at a time; ``memory`` (n_rows, WIDTH) of the draws; ``sums`` of the shard are added to.
    Of a single component, ``work`` and ``memory`` are carried on from one call to the next.
    """
    u, strata = np.empty((STRETCH, WIDTH), np.uint64), np.empty((STRETCH, WIDTH), np.uint64)
    z, w, cell = np.empty((1, STRETCH, WIDTH)), np.empty(WIDTH), np.empty(WIDTH, np.uint64)
    for c in range(plain.size):
        if plain[c] == 0:
            continue
        first_row, last_row = structure.row_ptr[c], structure.row_ptr[c + 1]
        rows, last = last_row - first_row, min(last_period, structure.periods[c])
        drawn = work.rows[: rows * block].reshape((rows, block, WIDTH))
        if first_period == 0:
            start(structure, c, work, block, n_runs)
        for period in range(first_period, last, block):
            steps = min(block, last - period)
            fill_rows(
                sources, first_row, last_row, period, steps, first_run, n_runs, memory, drawn,
                u, strata, z, w, cell,
            )  # fmt: skip
            orders_up(structure, c, work, sums, block, period, steps, n_runs)
            goods_down(structure, c, work, sums, period, steps, n_runs)
        finish(structure, c, work, sums, n_runs)
