"""Sums of a block of runs to measures, and measures to their moments over the runs.

A *quantity* is linear in what a run counted, so that it may be added over stages and averaged over
runs; every measure of a result is one of them or a ratio of two. A stage that belongs to groups
(its item, its location, the network) adds its quantities to theirs, run by run, so that the
moments of a group know how its stages move together.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit, jit_step
from echelon.kernels.quantities import (
    CROSSES,
    FIRST_SERVICE,
    N_CROSSES,
    N_POOLED,
    N_POOLED_CROSSES,
    N_QUANTITIES,
    QUANTITIES,
)
from echelon.kernels.rows import (
    add,
    as_multiple,
    collapse,
    copy,
    fill,
    is_something,
    moments,
    product,
    put,
)

(
    _ON_HAND,
    _IN_PROCESS,
    _IN_TRANSIT,
    _PIPELINE,
    _COMPONENT,
    _ORDERS,
    _ORDERED,
    _HOLDING_COST,
    _PIPELINE_COST,
    _ORDERING_COST,
    _BACKORDER_COST,
    _SHORTAGE_COST,
    _COST,
    _IN_RELEASE,
    _LOST,
    _EXPIRED,
    _DESTROYED,
    _SCRAPPED,
    _WASTED,
    _EXPEDITED,
    _EXPEDITE_COST,
    _WASTE_COST,
    _LATE,
    _STOCKOUTS,
    _SHORT,
    _WHOLE,
    _DUE,
    _ON_TIME,
    _FILLED,
    _WATCHED,
    _CYCLES,
    _NET,
    _ORDERED_SQUARED,
    _ASKED,
    _ASKED_SQUARED,
) = range(N_QUANTITIES)


_ONE, _MINUS, _CHARGED, _AT_ONCE = -1, -2, -3, -4  # factors that are not prices
_HOLDING, _OWING, _LOSING, _ORDERING, _WASTING = range(5)

_MADE_OF: Final = (
    (_FILLED, _AT_ONCE, _ON_TIME),
    (_NET, _ONE, _ON_HAND),
    (_NET, _MINUS, _LATE),
    (_PIPELINE, _ONE, _IN_PROCESS),
    (_PIPELINE, _ONE, _IN_TRANSIT),
    (_HOLDING_COST, _HOLDING, _ON_HAND),
    (_PIPELINE_COST, _CHARGED, _IN_PROCESS),
    (_ORDERING_COST, _ORDERING, _ORDERS),
    (_BACKORDER_COST, _OWING, _LATE),
    (_SHORTAGE_COST, _ONE, _BACKORDER_COST),
    (_COST, _ONE, _HOLDING_COST),
    (_COST, _ONE, _PIPELINE_COST),
    (_COST, _ONE, _ORDERING_COST),
    (_COST, _ONE, _BACKORDER_COST),
    # from here on for features alone
    (_PIPELINE, _ONE, _IN_RELEASE),
    (_PIPELINE_COST, _CHARGED, _IN_RELEASE),
    (_WASTED, _ONE, _EXPIRED),
    (_WASTED, _ONE, _DESTROYED),
    (_WASTED, _ONE, _SCRAPPED),
    (_WASTE_COST, _WASTING, _WASTED),
    (_SHORTAGE_COST, _LOSING, _LOST),
    (_COST, _CHARGED, _IN_RELEASE),
    (_COST, _LOSING, _LOST),
    (_COST, _ONE, _EXPEDITE_COST),
    (_COST, _ONE, _WASTE_COST),
)
"""What a quantity is made of, one term at a time: quantity, price or factor, quantity."""

_N_PLAIN: Final = 14
"""Terms that need no feature."""

_ON_TIME_DUE: Final = CROSSES.index(("on_time", "due"))
_FILLED_DUE: Final = CROSSES.index(("filled", "due"))
_PAIRS: Final = tuple((QUANTITIES.index(one), QUANTITIES.index(other)) for one, other in CROSSES)


@jit
def measure(
    shape: tuple[Integers, ...],
    member: tuple[Integers, ...],
    prices: tuple[Floats, ...],
    charge_pipeline: bool,
    sums: tuple[Floats, ...],
    rich: bool,
    feature_sums: tuple[Floats, ...],
    n_runs: int,
    group: int,
    work: Floats,
    of_rows: Floats,
    stages: tuple[Floats, Floats, Floats],
    rows: tuple[Floats, Floats, Floats],
    spans: Floats,
    kept_stages: Floats,
    kept_rows: Floats,
) -> None:
    """Measure every stage and every group of a shard in one block of runs.

    shape: ``stage_ptr`` (n_components + 1), ``lane_ptr``, ``asker_ptr`` (n_stages + 1), ``review``,
    ``serve_delay`` (n_stages).
    member: ``row_ptr`` (n_components + 1) rows of groups of a component, ``row`` (n_groupings,
    n_stages) the row that a stage adds to, -1 for none, ``outside`` (n_groupings, n_askers) 1 where
    the asker is not of the group, ``own`` (n_rows) 1 where the moments of the row are wanted,
    ``span`` (n_rows) the row of ``spans`` that it adds to, for groups of several components, or -1.
    prices: ``periods`` (n_components) counted, ``cycles`` (n_stages, 1 or n_runs) counted,
    ``stage_money`` (n_stages, 5) holding, backorder, lost sale [money/unit], order [money/order],
    waste [money/unit], ``lane_money`` (n_lanes, 2) holding cost of the supplier and expediting a
    unit.
    charge_pipeline: whether the pipeline costs what holding costs.
    sums, feature_sums: the fields of ``Sums``, and the first six of ``FeatureSums``, which are not
    read unless ``rich``; (rows, >= n_runs).
    group: runs that depend on each other, side by side; ``n_runs`` is a multiple of it. Moments are
    over the means of groups.
    work (N_QUANTITIES, >= n_runs), of_rows (most rows of a component, N_POOLED, >= n_runs):
    scratch.
    stages, rows: zeros, into which go mean and spread (n, N_QUANTITIES or N_POOLED), the latter the
    sum of squared deviations, and cross (n, N_CROSSES or N_POOLED_CROSSES); nothing for rows that
    are not ``own``.
    spans (n_spans, N_POOLED, >= n_runs): added to.
    kept_stages (n_stages or 0, N_QUANTITIES, n_runs), kept_rows (n_rows or 0, N_POOLED, n_runs):
    overwritten with the quantities of each run.
    """
    stage_ptr, serve_delay = shape[0], shape[4]
    row_ptr, row, outside, own, span = member
    periods, money = prices[0], prices[2]
    mean, spread, cross = stages
    row_mean, row_spread, row_cross = rows
    of_rows[:, :, :n_runs] = 0.0
    # rows that are 0 in every run, of a feature that is off say, are passed over
    used = np.zeros(N_QUANTITIES, dtype=np.int64)
    used_of_rows = np.zeros((of_rows.shape[0], N_POOLED), dtype=np.int64)
    whole = kept_stages.shape[0] > 0 or group > 1
    for c in range(stage_ptr.size - 1):
        first_row = row_ptr[c]
        for j in range(stage_ptr[c], stage_ptr[c + 1]):
            _quantities(
                c, j, shape, prices, charge_pipeline, sums, rich, feature_sums, n_runs, work, used
            )
            for q in range(N_QUANTITIES if whole else 0):
                if not used[q]:
                    fill(work, q, 0.0, n_runs)
            if kept_stages.shape[0] > 0:
                copy(kept_stages[j], work, N_QUANTITIES, n_runs)
            for p in range(row.shape[0]):
                k = row[p, j]
                if k < 0:
                    continue
                to = of_rows[k - first_row] if own[k] == 1 else spans[span[k]]
                _add_to_group(p, j, to, shape, outside, periods[c], sums, n_runs, work, used)
                for q in range(N_POOLED if own[k] == 1 else 0):
                    used_of_rows[k - first_row, q] |= used[q]
            n = collapse(work, N_QUANTITIES, n_runs, group)
            for q in range(N_QUANTITIES):
                # what is a multiple of another row, or the same in all runs, needs no sums
                if q in (_ORDERING_COST, _BACKORDER_COST, _FILLED, _WATCHED):
                    continue
                if used[q]:
                    moments(work, q, n, mean, spread, j)
            at_once = 1.0 if serve_delay[j] == 0 else 0.0
            as_multiple(mean, spread, j, _ORDERING_COST, money[j, _ORDERING], _ORDERS)
            as_multiple(mean, spread, j, _BACKORDER_COST, money[j, _OWING], _LATE)
            as_multiple(mean, spread, j, _FILLED, at_once, _ON_TIME)
            mean[j, _WATCHED], spread[j, _WATCHED] = 1.0, 0.0
            for x in range(N_CROSSES):
                p, q = _PAIRS[x]
                if used[p] and used[q]:
                    cross[j, x] = product(work, p, q, n)
            cross[j, _FILLED_DUE] = at_once * cross[j, _ON_TIME_DUE]
        for k in range(first_row, row_ptr[c + 1]):
            if own[k] == 0:
                continue
            sums_of_row, used_of_row = of_rows[k - first_row], used_of_rows[k - first_row]
            if kept_rows.shape[0] > 0:
                copy(kept_rows[k], sums_of_row, N_POOLED, n_runs)
            if span[k] >= 0:
                for q in range(N_POOLED):
                    if used_of_row[q]:
                        add(spans[span[k]], q, 1.0, sums_of_row, q, n_runs)
            n = collapse(sums_of_row, N_POOLED, n_runs, group)
            for q in range(N_POOLED):
                if used_of_row[q]:
                    moments(sums_of_row, q, n, row_mean, row_spread, k)
            for x in range(N_POOLED_CROSSES):
                p, q = _PAIRS[x]
                if used_of_row[p] and used_of_row[q]:
                    row_cross[k, x] = product(sums_of_row, p, q, n)
            for q in range(N_POOLED):
                if used_of_row[q]:
                    fill(sums_of_row, q, 0.0, n_runs)
                used_of_row[q] = 0


@jit_step
def _quantities(
    c: int,
    j: int,
    shape: tuple[Integers, ...],
    prices: tuple[Floats, ...],
    charge_pipeline: bool,
    sums: tuple[Floats, ...],
    rich: bool,
    feature_sums: tuple[Floats, ...],
    n_runs: int,
    work: Floats,
    used: Integers,
) -> None:
    """Put the quantities of stage ``j``, of component ``c``, into ``work``.

    used (N_QUANTITIES) overwritten: which rows there are. The others are 0 and not written.
    """
    _, lane_ptr, asker_ptr, review, serve_delay = shape
    periods, cycles, money, lane_money = prices
    (
        on_hand, in_process, ready, whole_cycles, ordered, ordered_squared, orders, asked,
        asked_squared, shortages, late, due, on_time, component, in_transit,
    ) = sums  # fmt: skip
    in_release, expired, destroyed, scrapped, lost, expedited = feature_sums
    per = 1.0 / periods[c]
    used[:] = 0
    for q in (_SHORT, _WATCHED):
        fill(work, q, 1.0, n_runs)
        used[q] = 1
    _add(work, used, _ON_HAND, per, on_hand, j, n_runs)
    _add(work, used, _IN_PROCESS, per, in_process, j, n_runs)
    _add(work, used, _ORDERS, per, orders, j, n_runs)
    _add(work, used, _ORDERED, per, ordered, j, n_runs)
    _add(work, used, _ORDERED_SQUARED, per, ordered_squared, j, n_runs)
    _add(work, used, _ASKED, per, asked, j, n_runs)
    _add(work, used, _ASKED_SQUARED, per, asked_squared, j, n_runs)
    _add(work, used, _STOCKOUTS, per, shortages, j, n_runs)
    _add(work, used, _SHORT, -per, ready, j, n_runs)
    # under reviews of every period or none, every period is a cycle
    _add(work, used, _WHOLE, 1.0, whole_cycles if review[j] >= 2 else ready, j, n_runs)
    if cycles.shape[1] == 1:
        fill(work, _CYCLES, cycles[j, 0], n_runs)
        used[_CYCLES] = 1
    else:
        _add(work, used, _CYCLES, 1.0, cycles, j, n_runs)
    for k in range(lane_ptr[j], lane_ptr[j + 1]):
        sent = lane_money[k, 0]
        _add(work, used, _IN_TRANSIT, per, in_transit, k, n_runs)
        _add(work, used, _COMPONENT, per, component, k, n_runs)
        _add(work, used, _HOLDING_COST, per * sent, component, k, n_runs)
        if charge_pipeline:
            _add(work, used, _PIPELINE_COST, per * sent, in_transit, k, n_runs)
        if rich:
            _add(work, used, _EXPEDITED, per, expedited, k, n_runs)
            _add(work, used, _EXPEDITE_COST, per * lane_money[k, 1], expedited, k, n_runs)
    for a in range(asker_ptr[j], asker_ptr[j + 1]):
        _add(work, used, _LATE, per, late, a, n_runs)
        _add(work, used, _DUE, per, due, a, n_runs)
        _add(work, used, _ON_TIME, per, on_time, a, n_runs)
        if rich:
            _add(work, used, _LOST, per, lost, a, n_runs)
    if rich:
        _add(work, used, _IN_RELEASE, per, in_release, j, n_runs)
        _add(work, used, _EXPIRED, per, expired, j, n_runs)
        _add(work, used, _DESTROYED, per, destroyed, j, n_runs)
        _add(work, used, _SCRAPPED, per, scrapped, j, n_runs)
    for p in range(len(_MADE_OF) if rich else _N_PLAIN):
        q, kind, of = _MADE_OF[p]
        if kind >= 0:
            factor = money[j, kind]
        elif kind == _CHARGED:
            factor = money[j, _HOLDING] if charge_pipeline else 0.0
        elif kind == _AT_ONCE:
            factor = 1.0 if serve_delay[j] == 0 else 0.0
        else:
            factor = 1.0 if kind == _ONE else -1.0
        if used[of] and factor != 0.0:
            _add(work, used, q, factor, work, of, n_runs)


@jit_step
def _add(
    work: Floats, used: Integers, q: int, factor: float, what: Floats, i: int, n_runs: int
) -> None:
    """Row ``work[q] += factor * what[i]``, where there is anything to add."""
    if used[q]:
        add(work, q, factor, what, i, n_runs)
    elif is_something(what, i, n_runs):
        put(work, q, factor, what, i, n_runs)
        used[q] = 1


@jit_step
def _add_to_group(
    p: int,
    j: int,
    to: Floats,
    shape: tuple[Integers, ...],
    outside: Integers,
    periods: float,
    sums: tuple[Floats, ...],
    n_runs: int,
    work: Floats,
    used: Integers,
) -> None:
    """Add stage ``j`` to a group of grouping ``p``; service only towards those outside."""
    asker_ptr, serve_delay = shape[2], shape[4]
    first, last = asker_ptr[j], asker_ptr[j + 1]
    for q in range(FIRST_SERVICE):
        if used[q]:
            add(to, q, 1.0, work, q, n_runs)
    n_outside = 0
    for a in range(first, last):
        n_outside += outside[p, a]
    if n_outside == 0:
        return
    if n_outside == last - first:
        for q in range(FIRST_SERVICE, N_POOLED):
            if used[q]:
                add(to, q, 1.0, work, q, n_runs)
        return
    for q in (_STOCKOUTS, _SHORT, _WHOLE, _WATCHED, _CYCLES):
        if used[q]:
            add(to, q, 1.0, work, q, n_runs)
    late, due, on_time = sums[10], sums[11], sums[12]
    per = 1.0 / periods
    for a in range(first, last):
        if outside[p, a]:
            add(to, _LATE, per, late, a, n_runs)
            add(to, _DUE, per, due, a, n_runs)
            add(to, _ON_TIME, per, on_time, a, n_runs)
            if serve_delay[j] == 0:
                add(to, _FILLED, per, on_time, a, n_runs)
