"""Service times among which an optimal plan is found: ends of chains of tight constraints."""

from __future__ import annotations

from collections import deque
from math import ceil, floor

import numpy as np

from echelon.exact.guaranteed_service.service_times import NO_LIMIT, ServiceTimes
from echelon.network.compiled import Integers

MOST_CANDIDATES = 3_000
MOST_STEPS = 300_000


def candidates(
    times: ServiceTimes,
    *,
    whole_periods: bool = False,
    most: int = MOST_CANDIDATES,
    all_or_nothing: bool = False,
    most_steps: int = MOST_STEPS,
) -> tuple[list[Integers], list[Integers], bool]:
    """Inbound and outbound service times among which an optimal plan is found.

    Where every cost is concave in the net replenishment time, some optimal plan is a vertex of
    the service-time polyhedron: each of its times is tied to a root (an outside supplier's
    quote, a service time of zero, a limit) through a chain of tight constraints that never
    comes back to a time it has passed [1]_. The sets hold all ends of such chains, so they
    hold every vertex.

    Parameters
    ----------
    whole_periods : bool, default False
        Add every whole period inside the windows, for costs that are not concave.
    most : int
        Candidates kept for one time: those with the shortest chains to a root.
    all_or_nothing : bool, default False
        Stop as soon as one would be left out, or chains are too many to follow.
    most_steps : int
        Links of chains that are followed with ``all_or_nothing``.

    Returns
    -------
    inbound, outbound : list of int64 arrays, one per stage
        Ticks, ascending.
    complete : bool
        Whether nothing was left out.

    References
    ----------
    .. [1] Lesnaia (2004), *Optimizing safety stock placement in general network supply
       chains*, PhD thesis, MIT.
    """
    n = times.n_stages
    neighbours = _tight_constraints(times)
    low = np.concatenate([times.inbound_low, times.outbound_low]).tolist()
    high = np.concatenate([times.inbound_high, times.outbound_high]).tolist()
    # per variable: time -> the variables that every chain to it passes, as bits
    found: list[dict[int, int]] = [{} for _ in range(2 * n)]
    fresh: deque[tuple[int, int]] = deque()  # first in, first out: short chains first
    complete = True

    def add(variable: int, time: int, passed: int) -> None:
        nonlocal complete
        if not low[variable] <= time <= high[variable]:
            return
        known = found[variable].get(time)
        if known is None:
            if len(found[variable]) >= most:
                complete = False
                return
        elif known & passed == known:
            return
        found[variable][time] = passed if known is None else known & passed
        fresh.append((variable, time))

    for variable, time in roots(times):
        add(variable, time, 0)
    steps = 0
    while fresh and (complete or not all_or_nothing):
        steps += 1
        if all_or_nothing and steps > most_steps:
            complete = False
            break
        v, time = fresh.popleft()
        passed = found[v][time] | 1 << v
        for w, difference in neighbours[v]:
            if not passed >> w & 1:  # a vertex's chains never come back
                add(w, time + difference, passed)
    together = [set(values) for values in found]
    if whole_periods:
        for values, first, last in zip(together, low, high, strict=True):
            values |= _whole_periods(times, first, last)
    arrays = [np.array(sorted(values), dtype=np.int64) for values in together]
    return arrays[:n], arrays[n:], complete


def nearest(times: ServiceTimes, most: int) -> tuple[list[Integers], list[Integers]]:
    """At most so many inbound and outbound times per stage: those nearest to a root.

    As :func:`candidates`, but quick however many there are, and chains may come back.

    Returns
    -------
    inbound, outbound : list of int64 arrays, one per stage
        Ticks, ascending.
    """
    from echelon.kernels.nearest_times import nearest_times  # numba: not before it is needed

    n = times.n_stages
    low = np.concatenate([times.inbound_low, times.outbound_low])
    high = np.concatenate([times.inbound_high, times.outbound_high])
    stages, customer = np.arange(n), times.lane_customer
    source = np.concatenate([stages, n + stages, n + times.pred_stage, customer])
    target = np.concatenate([n + stages, stages, customer, n + times.pred_stage])
    added = np.concatenate([times.process, -times.process, times.lane_delay, -times.lane_delay])
    order = np.argsort(source, kind="stable")
    tie_ptr = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=2 * n))])
    begun = np.array(roots(times), dtype=np.int64).reshape(-1, 2).T.copy()
    found = np.zeros((2 * n, most), dtype=np.int64)
    n_found = np.zeros(2 * n, dtype=np.int64)
    nearest_times(
        low, high, tie_ptr.astype(np.int64), target[order], added[order],
        begun[0], begun[1], found, n_found, np.empty((2, 2 * n * most), dtype=np.int64),
    )  # fmt: skip
    kept = [np.sort(found[v, : n_found[v]]) for v in range(2 * n)]
    return kept[:n], kept[n:]


def _whole_periods(times: ServiceTimes, first: int, last: int) -> set[int]:
    ticks = times.ticks_per_period
    whole = range(ceil(first / ticks - 1e-9), floor(last / ticks + 1e-9) + 1)
    return {min(max(round(k * ticks), first), last) for k in whole}


def roots(times: ServiceTimes) -> list[tuple[int, int]]:
    """Times that are tied to no other: outside quotes, zero, limits; variables as below."""
    n = times.n_stages
    found = list(enumerate(times.outside.tolist()))
    found += [(n + int(j), 0) for j in np.flatnonzero(times.can_stock)]
    limited = np.flatnonzero(times.limit < NO_LIMIT)
    found += [(n + int(j), int(times.limit[j])) for j in limited]
    return found


def _tight_constraints(times: ServiceTimes) -> list[list[tuple[int, int]]]:
    """Per variable, the variables a constraint can tie it to, and the difference it fixes.

    Variable ``j`` is the inbound service time of stage ``j``, ``n_stages + j`` the outbound.
    """
    n = times.n_stages
    ties: list[list[tuple[int, int]]] = [[] for _ in range(2 * n)]
    customers = times.lane_customer.tolist()
    lanes = zip(times.pred_stage.tolist(), customers, times.lane_delay.tolist(), strict=True)
    for j, process in enumerate(times.process.tolist()):
        ties[j].append((n + j, process))
        ties[n + j].append((j, -process))
    for supplier, customer, delay in lanes:
        ties[n + supplier].append((customer, delay))
        ties[customer].append((n + supplier, -delay))
    return ties
