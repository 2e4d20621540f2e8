"""The plain twin of the kernels of dual ascent: the same sweep, written to be read."""

from __future__ import annotations

import numpy as np

from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.network.compiled import Floats


def sweep_plain(problem: ServiceTimeProblem, psi: list[Floats], phi: list[Floats]) -> float:
    """Pass costs downstream and back up, and give the bound: as ``Messages.sweep`` does.

    Parameters
    ----------
    problem : ServiceTimeProblem
    psi, phi : list of float64 arrays, one per lane
        Messages over the inbound candidates of the lane's customer and the outbound candidates of
        its supplier; changed in place.

    Returns
    -------
    float
        Lower bound on the cost of every plan, money per period.
    """
    times = problem.times
    supplier, customer = times.pred_stage, times.lane_customer
    lanes = range(len(supplier))

    def reduced(j: int) -> Floats:
        table = problem.cost[j].copy()
        for lane in lanes:
            table += psi[lane][:, None] if customer[lane] == j else 0.0
            table += phi[lane][None, :] if supplier[lane] == j else 0.0
        return table

    def allowed(lane: int) -> Floats:
        delivered = problem.outbound[supplier[lane]] + times.lane_delay[lane]
        inside = delivered[None, :] <= problem.inbound[customer[lane]][:, None]
        return np.where(inside, 0.0, np.inf)

    def handed_on(least: Floats, share: float) -> Floats:
        return np.where(np.isfinite(least), share * (least - least.min()), 0.0)

    bound = 0.0
    shares = [
        1.0 / max(1, int((customer == j).sum()), int((supplier == j).sum()))
        for j in range(problem.n_stages)
    ]
    for j in range(problem.n_stages):  # upstream first
        least = reduced(j).min(axis=0)
        for lane in np.flatnonzero(supplier == j).tolist():
            phi[lane] -= handed_on(least, shares[j])
            given = np.where(np.isfinite(least), -phi[lane], np.inf)
            psi[lane][:] = (given[None, :] + allowed(lane)).min(axis=1)
    for j in reversed(range(problem.n_stages)):  # downstream first
        least = reduced(j).min(axis=1)
        bound += float(least.min())
        for lane in np.flatnonzero(customer == j).tolist():
            psi[lane] -= handed_on(least, shares[j])
            given = np.where(np.isfinite(least), -psi[lane], np.inf)
            phi[lane][:] = (given[:, None] + allowed(lane)).min(axis=0)
    return bound
