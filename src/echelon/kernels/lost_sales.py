"""Lost sales under periodic review: value iteration over stock on hand and orders on the way.

A state before ordering is the stock on hand, with what has just arrived, and the orders of the last
L - 1 periods. States lie in blocks, one for each combination of those orders; a block holds the
stocks 0, 1, … on hand. All in lattice steps; costs are per step.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit


@jit
def count_states(limits: Integers, n_last: int, most: int, enough: int) -> tuple[int, int]:
    """Numbers of blocks and of states; counting stops where the second passes ``enough``.

    limits (>= n_last,): of any 1, 2, … orders in a row, ascending; most: of stock and orders.
    """
    orders = np.zeros(max(n_last, 1), np.int64)
    n_blocks, n_states = 0, 0
    while True:
        total = 0
        for j in range(n_last):
            total += orders[j]
        n_blocks += 1
        n_states += most - total + 1
        if n_states > enough or n_last == 0 or not next_combination(orders, limits, n_last):
            return n_blocks, n_states


@jit
def next_combination(orders: Integers, limits: Integers, n_last: int) -> bool:
    """Advance to the next combination, the first order of the n_last slowest; False at the end.

    orders (n_last,) oldest first, overwritten.
    """
    for place in range(n_last - 1, -1, -1):
        orders[place] += 1
        for j in range(place + 1, n_last):
            orders[j] = 0
        fits = True
        for end in range(place, n_last):
            total = 0
            for start in range(end, -1, -1):
                total += orders[start]
                if total > limits[end - start]:
                    fits = False
        if fits:
            return True
        orders[place] = 0
    return False


@jit
def fill_blocks(
    limits: Integers,
    n_last: int,
    most: int,
    number: Integers,
    orders: Integers,
    ptr: Integers,
    most_order: Integers,
) -> None:
    """List the blocks.

    limits: as above, of the position after ordering too; most: of stock and orders together before
    ordering. Overwritten: number ((limits[0] + 1)**n_last,): of the block, by its orders as digits;
    orders (n_blocks, n_last), ptr (n_blocks + 1,): where the block's stocks begin; most_order
    (n_blocks,): that the limits leave when there is no stock on hand.
    """
    base = limits[0] + 1
    current = np.zeros(max(n_last, 1), np.int64)
    block = 0
    ptr[0] = 0
    while True:
        digits, total = 0, 0
        room = limits[0]
        for j in range(n_last):
            digits = digits * base + current[j]
            orders[block, j] = current[j]
        for back in range(1, n_last + 1):
            total += current[n_last - back]
            room = min(room, limits[back] - total)
        number[digits] = block
        most_order[block] = max(room, 0)
        ptr[block + 1] = ptr[block] + most - total + 1
        block += 1
        if n_last == 0 or not next_combination(current, limits, n_last):
            return


@jit
def ahead(
    mass: Floats, above: Floats, value: Floats, begin: int, n_stocks: int, shift: int, out: Floats
) -> None:
    """Expected value after demand of stocks 0, 1, … < n_stocks that end in one block.

    mass (n,): of demand 0, 1, …; above (n + 1,): probability of so much or more; value: of all
    states; begin + shift: that of an empty stock after demand, to which shift units arrive;
    out (>= n_stocks,) overwritten.
    """
    points = mass.shape[0]
    first = begin + shift
    for stock in range(n_stocks):
        out[stock] = (above[stock] if stock < points else 0.0) * value[first]
    for d in range(min(points, n_stocks)):
        weight = mass[d]
        if weight == 0.0:
            continue
        for stock in range(d + 1, n_stocks):
            out[stock] += weight * value[first + stock - d]


@jit
def improve(
    n_last: int,
    base: int,
    most: int,
    number: Integers,
    orders: Integers,
    ptr: Integers,
    most_order: Integers,
    mass: Floats,
    above: Floats,
    cost: Floats,
    value: Floats,
    better: Floats,
    choice: Integers,
) -> tuple[float, float]:
    """One step of value iteration; gives the least and the largest gain, which bound the optimum.

    cost: of a period by stock on hand; better, choice: by state, overwritten with the new values
    and the orders that reach them. The rest: see :func:`fill_blocks` and :func:`ahead`.
    """
    scratch = np.empty(most + 1)
    lowest, highest = np.inf, -np.inf
    for block in range(most_order.shape[0]):
        begin = ptr[block]
        n_stocks = ptr[block + 1] - begin
        digits, shift = 0, 0
        if n_last > 0:
            shift = orders[block, 0]
            for j in range(1, n_last):
                digits = digits * base + orders[block, j]
        for stock in range(n_stocks):
            better[begin + stock] = np.inf
        for order in range(most_order[block] + 1):
            # before ordering there are n_stocks - 1 at most, and after it most; so fewer may order
            n_may = n_stocks - order
            if n_may <= 0:
                break
            to = digits * base + order if n_last > 0 else 0
            first = ptr[number[to]]
            ahead(mass, above, value, first, n_may, shift if n_last > 0 else order, scratch)
            for stock in range(n_may):
                if scratch[stock] < better[begin + stock]:
                    better[begin + stock] = scratch[stock]
                    choice[begin + stock] = order
        for stock in range(n_stocks):
            better[begin + stock] += cost[stock]
            gain = better[begin + stock] - value[begin + stock]
            lowest = min(lowest, gain)
            highest = max(highest, gain)
    return lowest, highest


@jit
def follow(
    n_last: int,
    base: int,
    number: Integers,
    orders: Integers,
    ptr: Integers,
    mass: Floats,
    above: Floats,
    cost: Floats,
    choice: Integers,
    value: Floats,
    better: Floats,
) -> tuple[float, float]:
    """One step of value iteration under the orders in ``choice``; see :func:`improve`."""
    lowest, highest = np.inf, -np.inf
    for block in range(ptr.shape[0] - 1):
        begin = ptr[block]
        n_stocks = ptr[block + 1] - begin
        digits, shift = 0, 0
        if n_last > 0:
            shift = orders[block, 0]
            for j in range(1, n_last):
                digits = digits * base + orders[block, j]
        for stock in range(n_stocks):
            order = choice[begin + stock]
            to = digits * base + order if n_last > 0 else 0
            first = ptr[number[to]] + (shift if n_last > 0 else order)
            points = min(mass.shape[0], stock)
            total = (above[stock] if stock < mass.shape[0] else 0.0) * value[first]
            for d in range(points):
                total += mass[d] * value[first + stock - d]
            better[begin + stock] = total + cost[stock]
            gain = better[begin + stock] - value[begin + stock]
            lowest = min(lowest, gain)
            highest = max(highest, gain)
    return lowest, highest


@jit
def converge(
    n_last: int,
    base: int,
    most: int,
    number: Integers,
    orders: Integers,
    ptr: Integers,
    most_order: Integers,
    mass: Floats,
    above: Floats,
    cost: Floats,
    choice: Integers,
    value: Floats,
    fixed_policy: bool,
    tolerance: float,
    least: float,
    n_follow: int,
    most_steps: int,
) -> tuple[float, float, int]:
    """Iterate until the bounds on the average cost are close to each other.

    Within ``tolerance``, as a fraction of the lower one, or within ``least``.

    Between two improvements the policy is followed for n_follow steps, each of which keeps the
    bounds of the next improvement valid: they hold for whatever values it starts from [1]_. Steps
    are averaged with the values before them, so that a periodic chain converges too. Gives the
    bounds and the number of steps taken.

    .. [1] Odoni (1969), On finding the maximal gain for Markov decision processes, *Oper. Res.* 17.
    """
    better = np.empty(value.shape[0])
    steps = 0
    low, high = -np.inf, np.inf
    keep = 0.05
    while True:
        if fixed_policy:
            low, high = follow(
                n_last, base, number, orders, ptr, mass, above, cost, choice, value, better
            )
        else:
            low, high = improve(
                n_last,
                base,
                most,
                number,
                orders,
                ptr,
                most_order,
                mass,
                above,
                cost,
                value,
                better,
                choice,
            )
        steps += 1
        if high - low <= max(tolerance * low, least) or steps >= most_steps:
            return low, high, steps
        for again in range(1 if fixed_policy else n_follow + 1):
            if again > 0:
                follow(n_last, base, number, orders, ptr, mass, above, cost, choice, value, better)
            start = better[0]
            for i in range(value.shape[0]):
                value[i] = (1.0 - keep) * (better[i] - start) + keep * value[i]
