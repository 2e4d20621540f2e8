"""Replenishment cycles without a shortage, of demand on a lattice, SKU by SKU."""

from __future__ import annotations

from math import floor

from echelon.kernels._jit import Floats, Integers, jit


@jit
def loss_at(owed: Floats, first: float, step: float, x: float) -> float:
    """Expected units above x: straight lines between the points of a table.

    owed (k,) units at the points (first + j) * step.
    """
    number = x / step - first
    if number <= 0.0:
        return float(owed[0] - number * step)
    before = floor(number)
    if before >= owed.shape[0] - 1:
        return 0.0
    share = number - before
    return float(owed[before] * (1.0 - share) + owed[before + 1] * share)


@jit
def cycles_without_shortage(
    ptr: Integers,
    mass: Floats,
    first: Integers,
    cycle_ptr: Integers,
    owed: Floats,
    cycle_first: Integers,
    step: Floats,
    grain: Floats,
    reorder_point: Floats,
    order_quantity: Floats,
    out: Floats,
) -> None:
    r"""Chance that undershoot and demand until an order arrives stay within the reorder point.

    :math:`\sum_{d \le s} P(D = d)\,P(U \le s - d)`, the undershoot U of an order having
    :math:`P(U \le u) = [n(0) - n(u + g) - n(Q) + n(Q + u + g)] / [n(0) - n(Q)]`, n the loss
    function of the demand between reviews and g the grain of the position.

    ptr (n + 1,), mass, first (n,): demand until an order arrives; cycle_ptr (n + 1,), owed (units),
    cycle_first (n,): loss function of the demand between reviews; step (n,) of both, grain,
    reorder_point, order_quantity (n,) units; out (n,) overwritten, 1 where nothing is ordered.
    """
    for i in range(out.shape[0]):
        table = owed[cycle_ptr[i] : cycle_ptr[i + 1]]
        begin, h, q = float(cycle_first[i]), step[i], order_quantity[i]
        all_, beyond = loss_at(table, begin, h, 0.0), loss_at(table, begin, h, q)
        ordered = all_ - beyond
        if ordered <= 0.0:
            out[i] = 1.0
            continue
        kept = 0.0
        for k in range(ptr[i], ptr[i + 1]):
            room = reorder_point[i] - (first[i] + k - ptr[i]) * h
            if room < -0.5 * grain[i]:
                break
            end = room + grain[i]
            within = ordered - loss_at(table, begin, h, end) + loss_at(table, begin, h, q + end)
            kept += mass[k] * within
        out[i] = min(max(kept / ordered, 0.0), 1.0)
