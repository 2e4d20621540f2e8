"""Goods by age, beside the quantities that the other files move: part of the flow of all features.

A *moving* block has one row per remaining life, 0 (dead) to the shelf life ``life``, in this
period. A *stock* is a ring over the last period in which goods can be used, of ``life`` rows. A
line has such a block for every slot, by the life that remains on arrival.
"""

from __future__ import annotations

from echelon.kernels._jit import Floats, jit


@jit
def put_ages(
    ages: Floats,
    line: int,
    mask: int,
    life: int,
    moving: int,
    rows: Floats,
    when: int,
    now: int,
    n: int,
) -> None:
    """Put a moving block into a line, where it leaves in the periods of row ``when``.

    ``now`` row of this period, or of the lane's clock, as ``when`` is.
    """
    classes = life + 1
    for c in range(classes):
        for r in range(n):
            quantity = ages[moving + c, r]
            if quantity > 0.0:
                leaves = int(rows[when, r])
                remaining = max(c - (leaves - int(rows[now, r])), 0)
                ages[line + (leaves & mask) * classes + remaining, r] += quantity


@jit
def take_ages(
    ages: Floats, line: int, mask: int, life: int, moving: int, period: int, n: int
) -> None:
    """Take what leaves a line in this period into the moving block."""
    slot = line + (period & mask) * (life + 1)
    for c in range(life + 1):
        for r in range(n):
            ages[moving + c, r] = ages[slot + c, r]
            ages[slot + c, r] = 0.0


@jit
def take_ages_held(
    ages: Floats,
    line: int,
    mask: int,
    life: int,
    moving: int,
    rows: Floats,
    clock: int,
    held: int,
    n: int,
) -> None:
    """The same by each run's clock; where goods are held nothing leaves, and all gets older."""
    classes = life + 1
    for r in range(n):
        if rows[held, r] == 0.0:
            slot = line + (int(rows[clock, r]) & mask) * classes
            for c in range(classes):
                ages[moving + c, r] = ages[slot + c, r]
                ages[slot + c, r] = 0.0
            continue
        for c in range(classes):
            ages[moving + c, r] = 0.0
        for s in range(mask + 1):
            slot = line + s * classes
            ages[slot, r] += ages[slot + 1, r]
            for c in range(1, life):
                ages[slot + c, r] = ages[slot + c + 1, r]
            ages[slot + life, r] = 0.0


@jit
def add_ages(ages: Floats, to: int, what: int, life: int, n: int) -> None:
    """Add one moving block to another and empty it."""
    for c in range(life + 1):
        for r in range(n):
            ages[to + c, r] += ages[what + c, r]
            ages[what + c, r] = 0.0


@jit
def clear_ages(ages: Floats, moving: int, life: int, n: int) -> None:
    """Empty a moving block."""
    for c in range(life + 1):
        for r in range(n):
            ages[moving + c, r] = 0.0


@jit
def store_ages(ages: Floats, stock: int, life: int, moving: int, period: int, n: int) -> None:
    """Put the living of a moving block into stock."""
    for c in range(1, life + 1):
        slot = stock + (period + c - 1) % life
        for r in range(n):
            ages[slot, r] += ages[moving + c, r]


@jit
def draw_ages(
    ages: Floats,
    stock: int,
    life: int,
    least: int,
    period: int,
    rows: Floats,
    rest: int,
    moving: int,
    n: int,
) -> None:
    """Issue the quantity of row ``rest`` first expired first out, of remaining life ``least`` on.

    What is issued is added to a moving block, if there is one (else -1); what could not be stays
    in the row.
    """
    for c in range(max(least, 1), life + 1):
        slot = stock + (period + c - 1) % life
        for r in range(n):
            issued = min(ages[slot, r], rows[rest, r])
            ages[slot, r] -= issued
            rows[rest, r] -= issued
            if moving >= 0:
                ages[moving + c, r] += issued


@jit
def draw_moving(
    ages: Floats, out_of: int, life: int, rows: Floats, rest: int, to: int, n: int
) -> None:
    """Move the quantity of row ``rest``, the shortest life first, from one block to another."""
    for c in range(life + 1):
        for r in range(n):
            moved = min(ages[out_of + c, r], rows[rest, r])
            ages[out_of + c, r] -= moved
            ages[to + c, r] += moved
            rows[rest, r] -= moved


@jit
def eligible(
    ages: Floats,
    stock: int,
    life: int,
    least: int,
    period: int,
    rows: Floats,
    there: int,
    n: int,
) -> None:
    """Row ``there``: what is in stock of remaining life ``least`` or more."""
    for r in range(n):
        rows[there, r] = 0.0
    for c in range(max(least, 1), life + 1):
        slot = stock + (period + c - 1) % life
        for r in range(n):
            rows[there, r] += ages[slot, r]


@jit
def scale_ages(ages: Floats, moving: int, life: int, factor: float, n: int) -> None:
    """Multiply a moving block, as where its goods are counted in another unit."""
    for c in range(life + 1):
        for r in range(n):
            ages[moving + c, r] *= factor


@jit
def scrap_ages(
    ages: Floats, moving: int, life: int, draws: Floats, row: int, step: int, n: int
) -> None:
    """Keep the good share of every age."""
    for c in range(life + 1):
        for r in range(n):
            ages[moving + c, r] *= draws[row, step, r]


@jit
def bury(
    ages: Floats, dead: int, rows: Floats, flow: int, gap: int, units: float, gone: int, n: int
) -> None:
    """Take the dead, the row ``dead`` of ``ages``, out of a flow or a stock; the gap grows.

    ``units`` of the flow in one unit of the stage; row ``gone`` says how much expired, in the
    stage's units. The row of the dead is emptied.
    """
    for r in range(n):
        over = ages[dead, r]
        ages[dead, r] = 0.0
        rows[gone, r] = over / units
        rows[flow, r] = max(rows[flow, r] - over, 0.0)
    for r in range(n):
        rows[gap, r] += rows[gone, r]


@jit
def newly_made(ages: Floats, moving: int, life: int, rows: Floats, flow: int, n: int) -> None:
    """A moving block of goods that are all fresh."""
    for c in range(life):
        for r in range(n):
            ages[moving + c, r] = 0.0
    for r in range(n):
        ages[moving + life, r] = rows[flow, r]
