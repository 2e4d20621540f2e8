"""Loops over runs by which a stage's stock is shared out: part of the flow of all features.

Those that the kernel of plain components has too do the same operations in the same order.
"""

from __future__ import annotations

from echelon.kernels._jit import Floats, jit_rows


@jit_rows
def take_back(n: int, to: Floats, i: int, draws: Floats, row: int, step: int) -> None:
    """Returns go to stock."""
    for r in range(n):
        to[i, r] += max(-draws[row, step, r], 0.0)


@jit_rows
def keep(n: int, to: Floats, i: int, step: int, what: Floats, j: int) -> None:
    """Row ``to[i, step] = what[j]``."""
    for r in range(n):
        to[i, step, r] = what[j, r]


@jit_rows
def shut(n: int, is_open: Floats, i: int, down: Floats, j: int) -> None:
    """Row ``is_open[i]``: 0 where the lane is down."""
    for r in range(n):
        is_open[i, r] *= 1.0 - down[j, r]


@jit_rows
def serve(
    n: int,
    on_hand: Floats,
    j: int,
    late: Floats,
    q: int,
    due: Floats,
    d: int,
    shipped: Floats,
    s: int,
    at_once: Floats,
    v: int,
) -> None:
    """Ship to one asker what is there; ``at_once`` gets what was served of what fell due."""
    for r in range(n):
        before = late[q, r]
        wanted = before + due[d, r]
        goods = min(on_hand[j, r], wanted)
        on_hand[j, r] -= goods
        shipped[s, r] = goods
        at_once[v, r] = max(goods - before, 0.0)
        late[q, r] = wanted - goods


@jit_rows
def serve_counted(
    n: int,
    on_hand: Floats,
    j: int,
    late: Floats,
    q: int,
    due: Floats,
    d: int,
    shipped: Floats,
    s: int,
    due_sum: Floats,
    on_time: Floats,
    late_sum: Floats,
    a: int,
) -> None:
    """The same, and count what fell due, what was served of it at once, and what is late."""
    for r in range(n):
        before = late[q, r]
        asked = due[d, r]
        wanted = before + asked
        goods = min(on_hand[j, r], wanted)
        on_hand[j, r] -= goods
        shipped[s, r] = goods
        served = max(goods - before, 0.0)
        waiting = wanted - goods
        late[q, r] = waiting
        due_sum[a, r] += asked
        on_time[a, r] += served
        late_sum[a, r] += waiting


@jit_rows
def serve_share(
    n: int,
    on_hand: Floats,
    j: int,
    share: Floats,
    h: int,
    late: Floats,
    q: int,
    due: Floats,
    d: int,
    shipped: Floats,
    s: int,
    at_once: Floats,
    v: int,
) -> None:
    """Ship to one asker its share of what it wants."""
    for r in range(n):
        before = late[q, r]
        wanted = before + due[d, r]
        goods = share[h, r] * wanted
        on_hand[j, r] -= goods
        shipped[s, r] = goods
        at_once[v, r] = max(goods - before, 0.0)
        late[q, r] = wanted - goods


@jit_rows
def serve_share_counted(
    n: int,
    on_hand: Floats,
    j: int,
    share: Floats,
    h: int,
    late: Floats,
    q: int,
    due: Floats,
    d: int,
    shipped: Floats,
    s: int,
    due_sum: Floats,
    on_time: Floats,
    late_sum: Floats,
    a: int,
) -> None:
    """The same, and count what fell due, what was served of it at once, and what is late."""
    for r in range(n):
        before = late[q, r]
        asked = due[d, r]
        wanted = before + asked
        goods = share[h, r] * wanted
        on_hand[j, r] -= goods
        shipped[s, r] = goods
        served = max(goods - before, 0.0)
        waiting = wanted - goods
        late[q, r] = waiting
        due_sum[a, r] += asked
        on_time[a, r] += served
        late_sum[a, r] += waiting


@jit_rows
def add_wanted(n: int, to: Floats, i: int, late: Floats, q: int, due: Floats, d: int) -> None:
    """Row ``to[i] += late[q]``, then ``due[d]``."""
    for r in range(n):
        to[i, r] = to[i, r] + late[q, r] + due[d, r]


@jit_rows
def add_wanted_open(
    n: int, to: Floats, i: int, asker: Floats, late: int, due: int, is_open: int
) -> None:
    """The same of an asker that may be shut out."""
    for r in range(n):
        factor = asker[is_open, r]
        to[i, r] = to[i, r] + asker[late, r] * factor + asker[due, r] * factor


@jit_rows
def want(n: int, wanted: Floats, i: int, asker: Floats, late: int, due: int, is_open: int) -> None:
    """All that is late or due, of one that can be served."""
    for r in range(n):
        wanted[i, r] = (asker[late, r] + asker[due, r]) * asker[is_open, r]


@jit_rows
def ship_part(
    n: int, shipped: Floats, s: int, share: Floats, h: int, wanted: Floats, i: int
) -> None:
    """The share of what is wanted that there is."""
    for r in range(n):
        shipped[s, r] = share[h, r] * wanted[i, r]


@jit_rows
def ship_all(
    n: int, shipped: Floats, s: int, on_hand: Floats, j: int, wanted: Floats, i: int
) -> None:
    """What is wanted as far as there is stock."""
    for r in range(n):
        shipped[s, r] = min(on_hand[j, r], wanted[i, r])


@jit_rows
def at_most_row(n: int, to: Floats, i: int, most: Floats, j: int) -> None:
    """Row ``to[i] = min(to[i], most[j])``."""
    for r in range(n):
        to[i, r] = min(to[i, r], most[j, r])


@jit_rows
def still_wanted(
    n: int,
    more: Floats,
    m: int,
    wanted: Floats,
    i: int,
    shipped: Floats,
    s: int,
    there: Floats,
    t: int,
    tolerance: float,
) -> None:
    """What is wanted beyond what was shipped, as far as it is there and more than rounding."""
    for r in range(n):
        could = min(wanted[i, r] - shipped[s, r], there[t, r])
        more[m, r] = could if could > tolerance else 0.0


@jit_rows
def stay_late(
    n: int,
    late: Floats,
    q: int,
    due: Floats,
    d: int,
    shipped: Floats,
    s: int,
    at_once: Floats,
    v: int,
) -> None:
    """What was not served is late; ``at_once`` gets what was served of what fell due."""
    for r in range(n):
        before = late[q, r]
        at_once[v, r] = max(shipped[s, r] - before, 0.0)
        late[q, r] = before + due[d, r] - shipped[s, r]


@jit_rows
def lose(
    n: int,
    lost: Floats,
    i: int,
    due: Floats,
    d: int,
    at_once: Floats,
    v: int,
    late: Floats,
    q: int,
    gap: Floats,
    j: int,
    share: float,
) -> None:
    """Some of what is due and not served is not waited for; the gap is the smaller for it."""
    for r in range(n):
        gone = share * max(due[d, r] - at_once[v, r], 0.0)
        lost[i, r] = gone
        late[q, r] -= gone
        gap[j, r] -= gone


@jit_rows
def mark(n: int, flag: Floats, i: int, what: Floats, j: int, tolerance: float) -> None:
    """Row ``flag``: 1 where row ``what`` is more than rounding, as it was elsewhere."""
    for r in range(n):
        flag[i, r] = 1.0 if what[j, r] > tolerance else flag[i, r]


@jit_rows
def end_period(
    n: int,
    tolerance: float,
    late: Floats,
    i: int,
    before: Floats,
    b: int,
    on_hand: Floats,
    h: int,
    on_hand_sum: Floats,
    ready: Floats,
    shortages: Floats,
    j: int,
) -> None:
    """Count stock, and a period as ready or as the first of a stock-out; keep what is late."""
    for r in range(n):
        waiting, waited = late[i, r], before[b, r]
        on_hand_sum[j, r] += on_hand[h, r]
        ready[j, r] += 1.0 if waiting <= tolerance else 0.0
        shortages[j, r] += 1.0 if (waiting > tolerance) & (waited <= tolerance) else 0.0
        before[b, r] = waiting
