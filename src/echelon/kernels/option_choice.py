"""One option per SKU: convex hulls, the normal equations of a price search, and rounding."""

from __future__ import annotations

from echelon.kernels._jit import Floats, Integers, jit


@jit
def lower_hulls(
    first: Integers, use: Floats, cost: Floats, hull: Integers, n_hull: Integers
) -> None:
    """Find, SKU by SKU, the options on the lower convex hull of cost over use.

    first (n_skus + 1,): options of a SKU; use and cost (n_options,); hull (n_options,),
    overwritten: from ``first[k]`` on, the hull's options by rising use, falling cost and ever
    smaller saving per use; n_hull (n_skus,), overwritten: how many.
    """
    for k in range(n_hull.size):
        start = first[k]
        for o in range(start, first[k + 1]):  # most tables come sorted: then this is one look each
            at = o
            while at > start and (
                use[o] < use[hull[at - 1]]
                or (use[o] == use[hull[at - 1]] and cost[o] < cost[hull[at - 1]])
            ):
                hull[at] = hull[at - 1]
                at -= 1
            hull[at] = o
        top = start + 1
        for i in range(start + 1, first[k + 1]):
            o = hull[i]
            if cost[o] >= cost[hull[top - 1]]:
                continue
            while top - start >= 2:
                p, q = hull[top - 2], hull[top - 1]
                below = (cost[q] - cost[p]) * (use[o] - use[q])
                if below < (cost[o] - cost[q]) * (use[q] - use[p]):
                    break
                top -= 1
            hull[top] = o
            top += 1
        n_hull[k] = top - start


@jit
def fill_room(
    order: Integers, sku: Integers, step: Integers, use: Floats, taken: Integers, room: float
) -> float:
    """Take the steps that still fit, the best first, each only after those before it of its SKU.

    order (n,): positions of steps; sku, step and use (n_steps,): whose it is, its place among the
    SKU's, what it uses; taken (n_skus,): steps taken so far, updated. Gives the room left.
    """
    for e in order:
        k = sku[e]
        if taken[k] == step[e] and use[e] <= room:
            taken[k] += 1
            room -= use[e]
    return room


@jit
def central_shares(
    first: Integers, priced: Floats, centre: Floats, share: Floats, wage: Floats
) -> None:
    """Shares of each SKU's options that cost least with a barrier: ``centre / (priced - wage)``.

    first (n_skus + 1,): options of a SKU; priced (n_options,); centre (n_skus,) > 0: weight of the
    barrier; share (n_options,), overwritten, adds up to 1 over each SKU; wage (n_skus,),
    overwritten.
    """
    for k in range(wage.size):
        low = priced[first[k]]
        for o in range(first[k] + 1, first[k + 1]):
            low = min(low, priced[o])
        below = centre[k]  # Newton from the left end: the sum of shares is convex in it
        for _ in range(60):
            total, slope = 0.0, 0.0
            for o in range(first[k], first[k + 1]):
                part = centre[k] / (priced[o] - low + below)
                total += part
                slope += part * part
            move = (total - 1.0) * centre[k] / slope
            below += move
            if move <= 1e-14 * below:
                break
        wage[k] = low - below
        for o in range(first[k], first[k + 1]):
            share[o] = centre[k] / (priced[o] - low + below)


@jit
def normal_matrix(
    first: Integers,
    use_first: Integers,
    use_row: Integers,
    use: Floats,
    weight: Floats,
    matrix: Floats,
    pooled: Floats,
    touched: Integers,
) -> None:
    """Add each SKU's weighted covariance of uses: ``A W A' - (A W E') (E W E')^-1 (E W A')``.

    first (n_skus + 1,), use_first (n_options + 1,), use_row and use (n_uses,): options of a SKU and
    what they use of which row; weight (n_options,) > 0; matrix (n_rows, n_rows), added to; pooled
    (n_rows,) zeros, and zeros again in the end; touched (n_rows,), for work.
    """
    for k in range(first.size - 1):
        total, n = 0.0, 0
        for o in range(first[k], first[k + 1]):
            total += weight[o]
            for i in range(use_first[o], use_first[o + 1]):
                row, part = use_row[i], weight[o] * use[i]
                if pooled[row] == 0.0:
                    touched[n] = row
                    n += 1
                pooled[row] += part
                if pooled[row] == 0.0:  # still known as touched
                    pooled[row] = 1e-300
                for j in range(use_first[o], use_first[o + 1]):
                    matrix[row, use_row[j]] += part * use[j]
        for a in range(n):
            share = pooled[touched[a]] / total
            for b in range(n):
                matrix[touched[a], touched[b]] -= share * pooled[touched[b]]
        for a in range(n):
            pooled[touched[a]] = 0.0


@jit
def choose_within(
    skus: Integers,
    first: Integers,
    use_first: Integers,
    use_row: Integers,
    use: Floats,
    cost: Floats,
    regret: Floats,
    most_regret: float,
    weight: Floats,
    tolerance: Floats,
    room: Floats,
    choice: Integers,
) -> int:
    """Sweep once over some SKUs: each gets the option that breaks the rows least, then cheapest.

    skus (n,): those to look at; of their options, those whose regret is at most ``most_regret``,
    beside the one that a SKU has. weight (n_rows,): what a unit by which a row is broken counts;
    tolerance (n_rows,): what is rounding; room (n_rows,): limit less use, updated; choice
    (n_skus,), updated. Gives the number of SKUs that changed.
    """
    changed = 0
    for k in skus:
        now = choice[k]
        for i in range(use_first[now], use_first[now + 1]):
            room[use_row[i]] += use[i]
        # of the rows that the SKU does not use now, what is broken counts alike for all its options
        best, best_broken, best_cost = now, 0.0, cost[now]
        for trial in range(first[k] - 1, first[k + 1]):
            o = now if trial < first[k] else trial
            if trial >= first[k] and (o == now or regret[o] > most_regret):
                continue
            broken = 0.0
            for i in range(use_first[o], use_first[o + 1]):
                row = use_row[i]
                before = max(-room[row] - tolerance[row], 0.0)
                broken += weight[row] * (max(use[i] - room[row] - tolerance[row], 0.0) - before)
            if trial < first[k]:
                best_broken = broken
            elif broken < best_broken - 1e-12 or (
                broken <= best_broken + 1e-12 and cost[o] < best_cost
            ):
                best, best_broken, best_cost = o, broken, cost[o]
        for i in range(use_first[best], use_first[best + 1]):
            room[use_row[i]] -= use[i]
        if best != now:
            choice[k] = best
            changed += 1
    return changed


@jit
def mend_row(
    candidates: Integers,
    sku: Integers,
    use_first: Integers,
    use_row: Integers,
    use: Floats,
    rank: Integers,
    row: int,
    enough: float,
    tolerance: Floats,
    room: Floats,
    moved: Integers,
    choice: Integers,
) -> None:
    """Move SKUs to other options, in the order given, until a row is short of no more than asked.

    A move may not break a row of lower rank. candidates (n,): options; sku (n_options,); rank,
    tolerance and room (n_rows,), the last updated; row: the one to mend; enough: what it may still
    be short of; moved (n_skus,): 0, or 1 once a SKU has moved, updated; choice (n_skus,), updated.
    """
    for o in candidates:
        if room[row] >= -enough:
            break
        k = sku[o]
        if moved[k]:
            continue
        now = choice[k]
        for i in range(use_first[now], use_first[now + 1]):
            room[use_row[i]] += use[i]
        for i in range(use_first[o], use_first[o + 1]):
            room[use_row[i]] -= use[i]
        breaks = False
        for one in (now, o):
            for i in range(use_first[one], use_first[one + 1]):
                r = use_row[i]
                breaks |= rank[r] < rank[row] and room[r] < -tolerance[r]
        if not breaks:
            choice[k] = o
            moved[k] = 1
            continue
        for i in range(use_first[now], use_first[now + 1]):
            room[use_row[i]] -= use[i]
        for i in range(use_first[o], use_first[o + 1]):
            room[use_row[i]] += use[i]
