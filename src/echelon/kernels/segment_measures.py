"""Sums of a block of runs to the quantities of each segment of customers."""

from __future__ import annotations

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.rows import collapse, copy, moments, product


@jit
def measure_segments(
    asker: Integers,
    stage: Integers,
    serve_delay: Integers,
    periods: Floats,
    stage_money: Floats,
    late: Floats,
    due: Floats,
    on_time: Floats,
    rich: bool,
    lost: Floats,
    n_runs: int,
    group: int,
    work: Floats,
    out: Floats,
    mean: Floats,
    spread: Floats,
    cross: Floats,
) -> None:
    """Measure every segment of customers in one block of runs.

    asker, stage (n_segments): which asker it is and of which stage; periods (n_segments) counted;
    group: runs that depend on each other. work (6, n_runs): scratch. Overwritten: out (n_segments,
    6, n_runs), the quantities of each run in the order of ``SEGMENT_QUANTITIES``, and their moments
    over the means of groups, mean and spread (n_segments, 6), cross (n_segments, 2).
    """
    for s in range(asker.size):
        a, j = asker[s], stage[s]
        per = 1.0 / periods[s]
        at_once = 1.0 if serve_delay[j] == 0 else 0.0
        for r in range(n_runs):
            gone = per * lost[a, r] if rich else 0.0
            out[s, 0, r] = per * due[a, r]
            out[s, 1, r] = per * on_time[a, r]
            out[s, 2, r] = at_once * out[s, 1, r]
            out[s, 3, r] = per * late[a, r]
            out[s, 4, r] = gone
            out[s, 5, r] = stage_money[j, 1] * out[s, 3, r] + stage_money[j, 2] * gone
        copy(work, out[s], out.shape[1], n_runs)
        n = collapse(work, out.shape[1], n_runs, group)
        for q in range(out.shape[1]):
            moments(work, q, n, mean, spread, s)
        cross[s, 0] = product(work, 1, 0, n)
        cross[s, 1] = product(work, 2, 0, n)
