"""The plain twins of the kernels of interpolated messages and of nearest times: to be read."""

from __future__ import annotations

from collections import deque

import numpy as np

from echelon.exact.guaranteed_service.candidate_times import roots
from echelon.exact.guaranteed_service.interpolated import InterpolatedMessages
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Floats, Integers


def sweep_plain(messages: InterpolatedMessages) -> float:
    """The plain twin of :meth:`InterpolatedMessages.sweep`; changes the messages alike."""
    times = messages.times
    customers = times.lane_customer
    for j in range(times.n_stages):
        lanes = messages.succ_lane[messages.succ_ptr[j] : messages.succ_ptr[j + 1]]
        if not len(lanes):
            continue
        table = messages.reduced(j)
        spare = (table - table.min()) / max(len(lanes), _n_suppliers(times, j))
        points = messages.inbound[j] + times.process[j]
        given = fit_below_plain(
            messages.knots[j], _finite(spare[:, :-1].min(axis=0)), points, spare[:, -1]
        )
        for lane in lanes:
            phi = _phi(messages, lane) - given
            _set_phi(messages, lane, phi)
            at_knots = -np.maximum.accumulate(phi)
            _set_psi(messages, lane, int(customers[lane]), at_knots)
    bound = 0.0
    for j in reversed(range(times.n_stages)):
        table = messages.reduced(j)
        bound += float(table.min())
        n_customers = int(messages.succ_ptr[j + 1] - messages.succ_ptr[j])
        share = 1.0 / max(1, n_customers, _n_suppliers(times, j))
        spare = share * (table.min(axis=1) - table.min())
        for lane in range(times.pred_ptr[j], times.pred_ptr[j + 1]):
            knots = messages.knots[times.pred_stage[lane]]
            needed = messages.inbound[j] - times.lane_delay[lane]
            row = messages.knot_row[messages.phi_ptr[lane] : messages.phi_ptr[lane + 1]]
            there = row >= 0
            at_knots = np.where(there, _finite(spare)[row], 0.0)
            given = fit_below_plain(knots, at_knots, needed, spare)
            psi = messages.psi[messages.psi_ptr[lane] : messages.psi_ptr[lane + 1]]
            lowered = np.where(there, psi[row] - given, -np.inf)
            highest = np.maximum.accumulate(lowered[::-1])[::-1]
            _set_phi(messages, lane, -highest)
            _set_psi(messages, lane, j, highest)
    return bound


def fit_below_plain(knots: Integers, at_knots: Floats, points: Integers, ceiling: Floats) -> Floats:
    """Lower a function given at knots until its interpolation is below a ceiling at every point.

    ``ceiling`` (n_points,) >= 0, ``inf`` where it asks for nothing; beyond the last knot the
    function stays as it is there.
    """
    fitted = at_knots.copy()
    for point, most in zip(points.tolist(), ceiling.tolist(), strict=True):
        if most == np.inf or point < knots[0]:
            continue
        k = int(np.searchsorted(knots, point, side="right")) - 1
        if point == knots[k] or k == len(knots) - 1:
            fitted[k] = min(fitted[k], most)
            continue
        after = (point - knots[k]) / (knots[k + 1] - knots[k])
        weights = np.array([1.0 - after, after])
        above = weights @ fitted[k : k + 2] - most
        if above <= 0.0:
            continue
        ends = fitted[k : k + 2] - above * weights / (weights @ weights)
        if ends[0] < 0.0:
            ends = np.array([0.0, most / after])
        elif ends[1] < 0.0:
            ends = np.array([most / (1.0 - after), 0.0])
        fitted[k : k + 2] = np.minimum(fitted[k : k + 2], ends)
    return fitted


def nearest_plain(times: ServiceTimes, most: int) -> tuple[list[Integers], list[Integers]]:
    """The plain twin of ``candidate_times.nearest``: breadth first from the roots."""
    n = times.n_stages
    low = [*times.inbound_low.tolist(), *times.outbound_low.tolist()]
    high = [*times.inbound_high.tolist(), *times.outbound_high.tolist()]
    ties: list[list[tuple[int, int]]] = [[] for _ in range(2 * n)]
    lanes = zip(times.pred_stage, times.lane_customer, times.lane_delay, strict=True)
    for j, process in enumerate(times.process.tolist()):
        ties[j].append((n + j, process))
        ties[n + j].append((j, -process))
    for supplier, customer, delay in lanes:
        ties[n + int(supplier)].append((int(customer), int(delay)))
        ties[int(customer)].append((n + int(supplier), -int(delay)))
    found: list[list[int]] = [[] for _ in range(2 * n)]
    queue = deque(roots(times))
    while queue:
        variable, time = queue.popleft()
        inside = low[variable] <= time <= high[variable]
        if inside and len(found[variable]) < most and time not in found[variable]:
            found[variable].append(time)
            queue.extend((other, time + difference) for other, difference in ties[variable])
    arrays = [np.array(sorted(values), dtype=np.int64) for values in found]
    return arrays[:n], arrays[n:]


def _n_suppliers(times: ServiceTimes, stage: int) -> int:
    return int(times.pred_ptr[stage + 1] - times.pred_ptr[stage])


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)


def _phi(messages: InterpolatedMessages, lane: int) -> Floats:
    return messages.phi[messages.phi_ptr[lane] : messages.phi_ptr[lane + 1]]


def _set_phi(messages: InterpolatedMessages, lane: int, phi: Floats) -> None:
    messages.phi[messages.phi_ptr[lane] : messages.phi_ptr[lane + 1]] = phi


def _set_psi(messages: InterpolatedMessages, lane: int, customer: int, at_knots: Floats) -> None:
    """Delay a function at the supplier's knots to the customer's points."""
    times = messages.times
    needed = messages.inbound[customer] - times.lane_delay[lane]
    here = slice(messages.psi_ptr[lane], messages.psi_ptr[lane + 1])
    messages.psi[here] = np.interp(needed, messages.knots[times.pred_stage[lane]], at_knots)
