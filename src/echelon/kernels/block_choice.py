"""One option per SKU in blocks that have one limit each: a search by states.

A choice of a block costs, beyond the bound of the block's linear program, the regret of its options
and the price of the room that it leaves. A state is what the SKUs looked at so far make of that:
its excess, the use beyond the limit if all others stay as they are, and its regret. What the others
take at least to bring the excess back to zero is their linear program, whose steps come sorted.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit


@jit
def search_blocks(
    block_first: Integers,
    skus: Integers,
    first: Integers,
    use: Floats,
    regret: Floats,
    base: Integers,
    over: Floats,
    price: Floats,
    step_first: Integers,
    step_split: Integers,
    steps: Floats,
    place: Integers,
    enough: float,
    most_states: int,
    most_moves: int,
    worst: Floats,
    bound: Floats,
    choice: Integers,
) -> None:
    """Improve a choice, block by block, at first among states that end far below what it costs.

    block_first (n_blocks + 1,), skus (n,): SKUs of a block in the order of the search; first
    (n_skus + 1,), use and regret (n_options,): options of a SKU; base (n_skus,): options of regret
    0; over and price (n_blocks,): their use less the limit, and the price of the limit; step_first
    (n_blocks + 1,), step_split (n_blocks,), steps (n_steps, 3), place (n_steps,): as in
    :func:`bound_states`, steps taken end at ``step_split``; enough: a saving not worth a search;
    most_states: beyond it the least promising are left out; most_moves: beyond it a block's search
    ends; worst (n_blocks,): what the choice costs beyond the bound, updated; bound (n_blocks,),
    overwritten: what any choice costs beyond it at least; choice (n_skus,), keeps the limits of the
    blocks, updated.
    """
    at_least = np.empty(2 * most_states)
    states, origin = np.empty((most_states, 2)), np.empty(most_states, np.int64)
    grown, names = np.empty((2, 2 * most_states, 2)), np.empty((2, 2 * most_states, 2), np.int64)
    moves = np.empty((most_moves, 2), np.int64)
    for b in range(over.size):
        bound[b] = 0.0
        inside = skus[block_first[b] : block_first[b + 1]]
        of = slice(step_first[b], step_first[b + 1])
        reach = worst[b] / 1024.0  # most blocks are settled by few states
        while bound[b] < worst[b] - enough:
            ceiling = min(max(reach, 1.5 * bound[b]), worst[b] - enough)
            best, lowest, last, option = search_block(
                inside, first, use, regret, base, over[b], price[b], worst[b], ceiling,
                steps[of], place[of], step_split[b] - step_first[b],
                at_least, states, origin, grown, names, moves,
            )  # fmt: skip
            if best < worst[b]:
                worst[b] = best
                for k in inside:
                    choice[k] = base[k]
                follow_back(inside, first, moves, last, option, choice)
            bound[b] = max(bound[b], min(best, lowest))
            if lowest < ceiling:  # too many states
                break


@jit
def search_block(
    inside: Integers,
    first: Integers,
    use: Floats,
    regret: Floats,
    base: Integers,
    over: float,
    price: float,
    best: float,
    cut: float,
    steps: Floats,
    place: Integers,
    split: int,
    at_least: Floats,
    states: Floats,
    origin: Integers,
    grown: Floats,
    names: Integers,
    moves: Integers,
) -> tuple[float, float, int, int]:
    """Search a block for a choice that costs less than ``best``, among states that end below a cut.

    inside (n,): SKUs in order; best: what is to be beaten; at_least (2 n_states,), states
    (n_states, 2), origin (n_states,), grown, names (2, 2 n_states, 2), moves (n_moves, 2): for
    work; the rest as in :func:`search_blocks` and :func:`bound_states`. Gives the best cost found,
    the least that what was left out can end at, and the last move but one and the last option of
    the choice found, -1 where there is none.
    """
    left_out, last, last_option, n_moves, n = np.inf, -1, -1, 0, 1
    states[0, 0], states[0, 1], origin[0] = over, 0.0, -1
    if over <= 0.0 and -price * over < best:
        best = -price * over
    for i in range(inside.size):
        now, side, count = base[inside[i]], 0, n
        for j in range(n):
            grown[0, j, 0], grown[0, j, 1] = states[j, 0], states[j, 1]
            names[0, j, 0], names[0, j, 1] = origin[j], -1
        for o in range(first[inside[i]], first[inside[i] + 1]):
            if o == now or regret[o] >= cut:
                left_out = min(left_out, regret[o] if o != now else np.inf)
                continue
            step = use[o] - use[now]
            s = last_within(states, n, -step)
            if s >= 0:
                total = states[s, 1] + regret[o] - price * (states[s, 0] + step)
                if total < best:
                    best, last, last_option = total, origin[s], o
                    cut = min(cut, best)
            count = merge_moved(
                states, origin, n, step, regret[o], o, price,
                grown[side], names[side], count, grown[1 - side], names[1 - side],
            )  # fmt: skip
            side = 1 - side
            bound_states(grown[side], count, price, steps, place, split, i, cut, at_least)
            count, lowest = thin(grown[side], names[side], count, at_least, cut)
            left_out = min(left_out, lowest)
            while count > len(states):  # the least promising go, and that is told
                cut *= 0.5
                count, lowest = thin(grown[side], names[side], count, at_least, cut)
                left_out = min(left_out, lowest)
        if n_moves + count > len(moves):
            cut = 0.0
        bound_states(grown[side], count, price, steps, place, split, i, cut, at_least)
        n, lowest = thin(grown[side], names[side], count, at_least, cut)
        left_out = min(left_out, lowest)
        if n == 0:
            break
        for j in range(n):
            states[j, 0], states[j, 1] = grown[side, j, 0], grown[side, j, 1]
            origin[j] = names[side, j, 0]
            if names[side, j, 1] >= 0:  # an option was taken
                moves[n_moves, 0], moves[n_moves, 1] = names[side, j, 0], names[side, j, 1]
                origin[j] = n_moves
                n_moves += 1
    return best, left_out, last, last_option


@jit
def last_within(states: Floats, n: int, most: float) -> int:
    """Position of the last of ``n`` states, by rising excess, with at most so much; -1 if none."""
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        if states[middle, 0] <= most:
            low = middle
        else:
            high = middle
    return low


@jit
def merge_moved(
    states: Floats,
    origin: Integers,
    n: int,
    step: float,
    regret: float,
    option: int,
    price: float,
    old: Floats,
    old_names: Integers,
    count: int,
    new: Floats,
    new_names: Integers,
) -> int:
    """Merge states after one move with others, and drop those that another one dominates.

    states (>= n, 2): excess and regret before the move, by rising excess; origin (>= n,): the last
    move before; step and regret: of the move to ``option``; old (>= count, 2): the others; new
    (>= n + count, 2), overwritten; names likewise. Gives how many are left. A state is dominated if
    another one has no more excess and costs no more, its room left at the price.
    """
    at, s, out, cheapest = 0, 0, 0, np.inf
    while at < count or s < n:
        if s >= n or (at < count and old[at, 0] <= states[s, 0] + step):
            excess, spent, name, taken = old[at, 0], old[at, 1], old_names[at, 0], old_names[at, 1]
            at += 1
        else:
            excess, spent = states[s, 0] + step, states[s, 1] + regret
            name, taken = origin[s], option
            s += 1
        if spent - price * excess < cheapest:
            cheapest = spent - price * excess
            new[out, 0], new[out, 1], new_names[out, 0], new_names[out, 1] = (
                excess, spent, name, taken,
            )  # fmt: skip
            out += 1
    return out


@jit
def bound_states(
    states: Floats,
    count: int,
    price: float,
    steps: Floats,
    place: Integers,
    split: int,
    after: int,
    cut: float,
    at_least: Floats,
) -> None:
    """Least that states can end at: their regret, and the linear program of the SKUs still to come.

    states (>= count, 2): excess and regret, by rising excess; steps (n, 3): price at which it is
    taken, use and regret of its far end, by falling price, the first ``split`` of them taken; place
    (n,): of its SKU in the order of the search, those after ``after`` to come; cut: what is told is
    no more, and options of so much regret need no look; at_least (>= count,), overwritten.
    """
    low = last_within(states, count, 0.0) + 1
    gone, spent, j, left = 0.0, 0.0, split - 1, 0.0
    for s in range(low, count):  # steps are given back, those of least price first
        while j >= 0:
            left = within_cut(steps[j], price, cut) if place[j] > after else 0.0
            if gone + left >= states[s, 0]:
                break
            gone += left
            spent += left * (steps[j, 0] - price)
            j -= 1
        at_least[s] = cut
        if j >= 0:
            more = spent + (states[s, 0] - gone) * (steps[j, 0] - price)
            at_least[s] = min(states[s, 1] + more, cut)
    gone, spent, j = 0.0, 0.0, split
    for s in range(low - 1, -1, -1):  # further steps are taken, or room is left at its price
        while j < place.size:
            left = within_cut(steps[j], price, cut) if place[j] > after else 0.0
            if gone + left >= -states[s, 0]:
                break
            gone += left
            spent += left * (price - steps[j, 0])
            j += 1
        rate = price - steps[j, 0] if j < place.size else price
        at_least[s] = min(states[s, 1] + spent + (-states[s, 0] - gone) * rate, cut)


@jit
def within_cut(step: Floats, price: float, cut: float) -> float:
    """How much of a step (price, use, regret of its far end) lies below a regret of ``cut``."""
    rate = abs(step[0] - price)
    if step[2] <= cut or rate == 0.0:
        return float(step[1])
    return float(max(step[1] - (step[2] - cut) / rate, 0.0))


@jit
def thin(
    states: Floats, names: Integers, count: int, at_least: Floats, cut: float
) -> tuple[int, float]:
    """Keep the states that can still end below ``cut``; gives how many, and the least of the rest.

    states and names (>= count, 2) and at_least (>= count,), all updated.
    """
    kept, lowest = 0, np.inf
    for j in range(count):
        if at_least[j] >= cut:
            lowest = min(lowest, at_least[j])
            continue
        states[kept, 0], states[kept, 1] = states[j, 0], states[j, 1]
        names[kept, 0], names[kept, 1] = names[j, 0], names[j, 1]
        at_least[kept] = at_least[j]
        kept += 1
    return kept, lowest


@jit
def follow_back(
    inside: Integers,
    first: Integers,
    moves: Integers,
    last: int,
    last_option: int,
    choice: Integers,
) -> None:
    """Make the moves that led to a state: ``last_option``, and those before it from ``last`` on.

    inside (n,): SKUs; first (n_skus + 1,); moves (n_moves, 2): the move before, and the option
    taken; choice (n_skus,), updated.
    """
    option = last_option
    while option >= 0:
        for k in inside:
            if first[k] <= option < first[k + 1]:
                choice[k] = option
                break
        option = -1
        if last >= 0:
            option = moves[last, 1]
            last = moves[last, 0]
