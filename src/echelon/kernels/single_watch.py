"""Shelf lives watched in single precision; see :mod:`echelon.kernels.shelf_watch`."""

from __future__ import annotations

from echelon.kernels import single_rows as rows_of
from echelon.kernels import single_serve_rows as serving
from echelon.kernels._jit import jit_part
from echelon.kernels.flow_arrays import Structure
from echelon.kernels.shelf_queues import ShelfWatch
from echelon.kernels.shelf_watch import look, look_is_due
from echelon.kernels.single_rows import UNIT, Span
from echelon.kernels.single_work import SingleWork, tolerance_of


@jit_part
def watch_span(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: SingleWork,
    watch: ShelfWatch,
    made: int,
    span: Span,
    period: int,
    step: int,
    n: int,
) -> None:
    """Add what came into stock in a span, row ``made`` of ``w.line``, and look where one is due."""
    rows_of.weigh(n, span, watch.coming, i, UNIT, w.line, made)
    if w.returns[i]:
        for s in range(len(span)):
            asked, total = w.asked_row[i] + step + s, w.total_row[i] + step + s
            serving.take_back(n, watch.coming, i, w.rows, asked, total)
    last = period + len(span) - 1
    if look_is_due(last, f.periods[c]):
        rows_of.on_hand(n, watch.stock, 0, w.short, i)
        look(f, j, i, watch, last, watch.stock, 0, watch.coming, i, tolerance_of(f, w.times, j), n)
