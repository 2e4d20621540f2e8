"""Backward recursion over the periods of a horizon: the best order-up-to level of every inventory.

Inventory and demand are counted in lattice steps. Costs that are linear in inventory are per step.
A value function is held on a window and is exactly linear below it, so nothing is cut off there.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit

MOST_POINTS = 2**21
"""Longest window, points."""

ROUNDING = 1e-13
"""What an order must save, as a fraction, so that rounding alone orders nothing."""

_MARGIN = 2
"""Points by which a bound may be off where a density is rounded to move, but not to be counted."""

FITS, TOO_LONG = 0, 1
"""How the recursion of one SKU ended."""


@jit
def period_cost(first: int, mass: Floats, hold: float, short: float, low: int, out: Floats) -> None:
    """Expected cost of a period whose inventory is low, low + 1, … before its exposed demand.

    first, mass: exposed demand, first + 0, 1, …; hold, short: money per step left and per step
    short; out (n,) overwritten, money.
    """
    n, points = out.shape[0], mass.shape[0]
    mean = 0.0
    for k in range(points):
        mean += mass[k] * (first + k)
    # shortage at the last level, then upwards from there: every sum adds what is not negative
    high = low + n - 1
    above, shortage = 0.0, 0.0
    for k in range(points - 1, -1, -1):
        if first + k <= high:
            break
        above += mass[k]
        shortage += mass[k] * (first + k - high)
    for i in range(n - 1, -1, -1):
        level = low + i
        out[i] = hold * (level - mean + shortage) + short * shortage
        k = level - first  # demand of exactly this level falls short of the one below
        if 0 <= k < points:
            above += mass[k]
        shortage += above if k < points else 0.0


@jit
def climb(
    first: int,
    mass: Floats,
    hold: float,
    short: float,
    slope: float,
    start: int,
    allowed: float,
    most: int,
) -> int:
    """Highest level up to which C rises by no more than allowed above C(start), at most ``most``.

    C(y) = slope y + cost of the period is convex and does not fall from start on; first, mass,
    hold, short: see :func:`period_cost`.
    """
    above = 0.0
    for k in range(max(start + 1 - first, 0), mass.shape[0]):
        above += mass[k]
    level, left = start, allowed
    while level < most:
        left -= slope + hold - (hold + short) * above  # on the way one level up
        if left < 0.0:
            break
        level += 1
        if 0 <= level - first < mass.shape[0]:
            above -= mass[level - first]
    return level


@jit
def highest_level(
    first: int,
    mass: Floats,
    hold: float,
    short: float,
    slope: float,
    fixed: float,
    next_fixed: float,
    reached: int,
    enough: int,
) -> int:
    """Level that no order of a period need pass [1]_.

    An order from x to y saves at most the next fixed cost, discounted, over waiting a period more:
    y is beaten where C(y) is dearer by more than that than the least C that could be chosen.
    first, mass, hold, short, slope: see :func:`climb`, slope being the unit cost less the
    discounted next one; next_fixed: discounted; reached: highest inventory before ordering;
    enough: a level that is never short again.

    .. [1] Veinott (1966), On the optimality of (s, S) inventory policies, *SIAM J. Appl. Math.* 14.
    """
    most = max(enough, reached)
    if slope + hold <= 0.0:  # buying ahead pays whatever the level
        return most
    lowest = reached
    highest = reached
    if slope - short < 0.0:
        above, lowest = 1.0, first - 1
        while slope + hold - (hold + short) * above < 0.0 and lowest < most:
            lowest += 1
            k = lowest - first
            above = above - mass[k] if k < mass.shape[0] - 1 else 0.0
        highest = max(highest, climb(first, mass, hold, short, slope, lowest, next_fixed, most))
    if reached >= lowest:
        saved = max(next_fixed - fixed, 0.0)
        highest = max(highest, climb(first, mass, hold, short, slope, reached, saved, most))
    return highest


@jit
def back_one_period(
    first: int,
    mass: Floats,
    discount: float,
    unit: float,
    slope: float,
    later: Floats,
    later_low: int,
    later_slope: float,
    low: int,
    cost: Floats,
) -> tuple[float, float]:
    """Add what comes later to the cost of a period; give the least of all and the rise below it.

    first, mass: demand between this decision and the next; slope: of what falls short, money per
    step, now; later: least cost from the next period on for inventories later_low, …, linear below
    with later_slope per step further down; low: inventory of cost[0]; cost: of the period,
    overwritten with it, the purchase of all stock and what comes later.
    """
    n, m, points = cost.shape[0], later.shape[0], mass.shape[0]
    tail_mass, tail_units = 0.0, 0.0
    for k in range(points):
        tail_mass += mass[k]
        tail_units += mass[k] * k
    cut = 0  # demands from first + cut on lead below the window
    for i in range(n):
        # inventory after demand first + k is low + i - first - k; below later_low where k > limit
        limit = low + i - first - later_low
        while cut <= limit and cut < points:
            tail_mass -= mass[cut]
            tail_units -= mass[cut] * cut
            cut += 1
        if cut < points:
            down = tail_units - limit * tail_mass
            cost[i] += discount * (later[0] * tail_mass + later_slope * down)
    for k in range(points):
        weight = discount * mass[k]
        if weight == 0.0:
            continue
        begin = max(0, later_low + first + k - low)
        shift = low - first - k - later_low
        for i in range(begin, min(n, m - shift)):
            cost[i] += weight * later[i + shift]
    least = np.inf
    for i in range(n):
        cost[i] += unit * (low + i)
        if cost[i] < least:
            least = cost[i]
    rise = unit - slope - discount * later_slope
    if abs(rise) <= ROUNDING * (unit + slope + discount * abs(later_slope)):
        rise = 0.0  # balanced costs; what rounding leaves would ask for a window without end
    return least, rise


@jit
def choose(
    cost: Floats,
    low: int,
    n_reached: int,
    fixed: float,
    unit: float,
    value: Floats,
    target: Integers,
) -> None:
    """Least cost and order-up-to level of inventories low, low + 1, …, n_reached of them.

    cost (n,): of each level with the purchase of all stock; value, target (n_reached,) overwritten.
    """
    n = cost.shape[0]
    best, at = np.inf, n - 1
    for i in range(n - 1, -1, -1):
        wait = cost[i]
        if i < n_reached:
            order = best + fixed < wait - ROUNDING * abs(wait)
            value[i] = (best + fixed if order else wait) - unit * (low + i)
            target[i] = low + at if order else low + i
        if wait <= best + ROUNDING * abs(best):  # of equals the lowest level
            best, at = min(wait, best), i


@jit
def solve(
    law: Integers,
    exposed: Integers,
    ptr: Integers,
    first: Integers,
    mass: Floats,
    hold: Floats,
    short: Floats,
    fixed: Floats,
    unit: Floats,
    discount: Floats,
    end_hold: Floats,
    end_short: Floats,
    initial: Floats,
    s: Floats,
    up_to: Floats,
    simple: Integers,
    cost: Floats,
    status: Integers,
    ranges: Integers,
) -> int:
    """Least cost and levels of every SKU; gives how many ranges there are.

    law, exposed (n_periods, n): which of the laws (ptr, first, mass; ragged) the demand until the
    next decision, or until the end, and the exposed demand of a period follow; hold, short, fixed,
    unit, discount (n_periods, n): money per step, money, factor; end_hold, end_short (n,): money
    per step at the end; initial (n,) steps. Overwritten: s, up_to (n_periods, n) steps, minus
    infinity where nothing is ordered; simple (n_periods, n): 1 where s and up_to say all; cost,
    status (n,); ranges (m, 5): where they do not, SKU, period, first and last inventory and the
    level up to which is ordered from there. Of more than m only the first m are kept.
    """
    n_periods, n = law.shape
    highest = np.empty(n_periods, np.int64)
    n_ranges = 0
    for k in range(n):
        reached = int(np.ceil(initial[k]))
        enough = 0
        for t in range(n_periods):
            which = law[t, k]
            enough += first[which] + ptr[which + 1] - ptr[which] - 1
        status[k] = FITS
        for t in range(n_periods):
            which = exposed[t, k]
            last = t == n_periods - 1
            slope = unit[t, k] - (0.0 if last else discount[t, k] * unit[t + 1, k])
            highest[t] = _MARGIN + highest_level(
                first[which],
                mass[ptr[which] : ptr[which + 1]],
                hold[t, k] + (discount[t, k] * end_hold[k] if last else 0.0),
                short[t, k] + (discount[t, k] * end_short[k] if last else 0.0),
                slope,
                fixed[t, k],
                0.0 if last else discount[t, k] * fixed[t + 1, k],
                reached,
                enough,
            )
            which = law[t, k]
            reached = highest[t] - first[which]
            enough -= first[which] + ptr[which + 1] - ptr[which] - 1
        later_low, later_slope = 0, end_short[k]
        later = end_hold[k] * np.arange(max(reached, 0) + 1)
        for t in range(n_periods - 1, -1, -1):
            which, seen = law[t, k], exposed[t, k]
            low = first[seen]
            low = min(low, later_low + first[which])
            if t == 0:
                low = min(low, int(np.floor(initial[k])))
            low = min(low, highest[t])
            if highest[t] - low >= MOST_POINTS:
                status[k] = TOO_LONG
                break
            level = np.empty(highest[t] - low + 1)
            seen_mass = mass[ptr[seen] : ptr[seen + 1]]
            period_cost(first[seen], seen_mass, hold[t, k], short[t, k], low, level)
            least, rise = back_one_period(
                first[which],
                mass[ptr[which] : ptr[which + 1]],
                discount[t, k],
                unit[t, k],
                short[t, k],
                later,
                later_low,
                later_slope,
                low,
                level,
            )
            extra, orders_below = below(level[0] - least - fixed[t, k], rise)
            if extra > MOST_POINTS:
                status[k] = TOO_LONG
                break
            n_extra = int(extra)
            if n_extra > 0:
                longer = np.empty(level.shape[0] + n_extra)
                longer[n_extra:] = level
                for i in range(n_extra):
                    longer[i] = level[0] - rise * (n_extra - i)
                level = longer
                low -= n_extra
            n_reached = level.shape[0]
            value = np.empty(n_reached)
            target = np.empty(n_reached, np.int64)
            choose(level, low, n_reached, fixed[t, k], unit[t, k], value, target)
            s[t, k], up_to[t, k] = -np.inf, -np.inf
            n_orders = 0
            while n_orders < n_reached and target[n_orders] > low + n_orders:
                n_orders += 1
            if orders_below:
                s[t, k], up_to[t, k] = low + n_orders - 1, target[0]
            simple[t, k] = 1 if orders_below or n_orders == 0 else 0
            for i in range(n_orders, n_reached):
                if target[i] > low + i:
                    simple[t, k] = 0
            if simple[t, k] == 0:
                n_ranges = list_ranges(target, low, k, t, ranges, n_ranges)
            later_slope = unit[t, k] if orders_below else unit[t, k] - rise
            later, later_low = value, low
        if status[k] == FITS:
            at = initial[k] - later_low
            i = min(int(np.floor(at)), later.shape[0] - 1)
            j = min(i + 1, later.shape[0] - 1)
            cost[k] = later[i] + (at - i) * (later[j] - later[i])
    return n_ranges


@jit
def list_ranges(
    target: Integers, low: int, sku: int, period: int, ranges: Integers, n_ranges: int
) -> int:
    """Append the runs of inventories low, low + 1, … that order up to one level."""
    begun = 0
    for i in range(1, target.shape[0] + 1):
        if i < target.shape[0] and target[i] == target[begun]:
            continue
        end = i if target[begun] > low + i - 1 else i - 1  # at its own level nothing is ordered
        if end > begun:
            if n_ranges < ranges.shape[0]:
                ranges[n_ranges, 0], ranges[n_ranges, 1] = sku, period
                ranges[n_ranges, 2], ranges[n_ranges, 3] = low + begun, low + end - 1
                ranges[n_ranges, 4] = target[begun]
            n_ranges += 1
        begun = i
    return n_ranges


@jit
def below(gap: float, rise: float) -> tuple[float, bool]:
    """How many points a window must reach further down, and whether all below them are ordered for.

    gap: by how much waiting at its lowest point is dearer than ordering; rise: of the cost of
    waiting per step upwards, there and everywhere below.
    """
    if rise < 0.0:
        return (0.0 if gap > 0.0 else np.floor(gap / rise) + 1.0), True
    if rise > 0.0:
        return (np.ceil(gap / rise) if gap > 0.0 else 0.0), False
    return 0.0, gap > 0.0
