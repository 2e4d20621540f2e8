"""The service-time problem of one component: candidate times and one cost table per stage.

Whatever a stage's cost depends on (safety stock, early arrivals, batches, capacity) it enters as a
table over the stage's inbound and outbound service times, so that no solver changes when a cost
does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Protocol

import numpy as np

from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Floats, Integers


class CostFunction(Protocol):
    """What a stage's stock costs, whatever it depends on: all that an extension implements."""

    @property
    def concave(self) -> bool:
        """Whether every table is concave in the net replenishment time and rises with it.

        Where it is not, the candidate times take in every whole period, and the certificate is
        over those.
        """
        ...

    @property
    def covered_only(self) -> bool:
        """Whether every table is a function of the net replenishment time alone.

        With ``concave`` the certificate is then over all times, none of which need be listed.
        """
        ...

    def table(self, stage: int, inbound: Floats, outbound: Floats, covered: Floats) -> Floats:
        """Cost of ``stage`` for each pair of an inbound and an outbound service time.

        Parameters
        ----------
        stage : int
            Numbered within the component.
        inbound : (a,) float64
        outbound : (b,) float64
            Periods, ascending.
        covered : (a, b) float64
            Net replenishment time of each pair, periods; 0 where it would be negative. Counted in
            ticks, so it is exactly 0 where the times cancel, which a sum of floats may not be.

        Returns
        -------
        (a, b) float64
            Money per period. Pairs that the times forbid are overwritten by the caller.
        """
        ...


@dataclass(frozen=True, slots=True)
class ServiceTimeProblem:
    """Choose an inbound and an outbound service time for each stage, at least total cost.

    Minimise ``sum_j cost[j][a_j, b_j]`` so that ``outbound[i][b_i] + delay <= inbound[j][a_j]`` on
    each lane from ``i`` to ``j``.

    Attributes
    ----------
    times : ServiceTimes
    inbound, outbound : list of int64 arrays, one per stage
        Candidate times, ticks, ascending.
    cost : list of (len(inbound), len(outbound)) float64 arrays
        Money per period; ``inf`` where the pair is forbidden.
    """

    times: ServiceTimes
    inbound: list[Integers]
    outbound: list[Integers]
    cost: list[Floats]

    @classmethod
    def of(
        cls,
        times: ServiceTimes,
        cost: CostFunction,
        inbound: list[Integers],
        outbound: list[Integers],
    ) -> ServiceTimeProblem:
        """Tabulate a cost function over candidate times."""
        tables = [
            stage_table(times, cost, j, inbound[j], outbound[j]) for j in range(times.n_stages)
        ]
        return cls(times, inbound, outbound, tables)

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return self.times.n_stages

    @property
    def n_pairs(self) -> int:
        """How many pairs of candidate times, over all stages."""
        return sum(table.size for table in self.cost)

    def among(self, stages: Integers, cost: list[Floats]) -> ServiceTimeProblem:
        """Give the problem of some stages (ascending) and the lanes between them.

        ``cost`` has one table per stage of ``stages``, over the same candidates.
        """
        return ServiceTimeProblem(
            times=self.times.among(stages),
            inbound=[self.inbound[j] for j in stages],
            outbound=[self.outbound[j] for j in stages],
            cost=cost,
        )

    def kept(self) -> ServiceTimeProblem:
        """Drop the candidates that no allowed pair uses."""
        rows = [np.isfinite(table).any(axis=1) for table in self.cost]
        columns = [np.isfinite(table).any(axis=0) for table in self.cost]
        return ServiceTimeProblem(
            times=self.times,
            inbound=[time[keep] for time, keep in zip(self.inbound, rows, strict=True)],
            outbound=[time[keep] for time, keep in zip(self.outbound, columns, strict=True)],
            cost=[
                table[np.ix_(row, column)]
                for table, row, column in zip(self.cost, rows, columns, strict=True)
            ],
        )

    def locate(self, inbound: Integers, outbound: Integers) -> ServiceTimeChoice:
        """Find the candidates that stand for given times (ticks)."""
        n = range(self.n_stages)
        return ServiceTimeChoice(
            np.array([np.searchsorted(self.inbound[j], inbound[j]) for j in n], dtype=np.int64),
            np.array([np.searchsorted(self.outbound[j], outbound[j]) for j in n], dtype=np.int64),
        )

    def chosen(self, choice: ServiceTimeChoice) -> tuple[Integers, Integers]:
        """Inbound and outbound times (ticks) of a choice."""
        n = range(self.n_stages)
        return (
            np.array([self.inbound[j][choice.inbound[j]] for j in n], dtype=np.int64),
            np.array([self.outbound[j][choice.outbound[j]] for j in n], dtype=np.int64),
        )

    def evaluate(self, choice: ServiceTimeChoice) -> float:
        """Total cost of a choice, money per period; ``inf`` where it breaks a lane's constraint."""
        times = self.times
        for j in range(self.n_stages):
            for lane in range(times.pred_ptr[j], times.pred_ptr[j + 1]):
                i = times.pred_stage[lane]
                ready = self.outbound[i][choice.outbound[i]] + times.lane_delay[lane]
                if ready > self.inbound[j][choice.inbound[j]]:
                    return inf
        return float(
            sum(self.cost[j][choice.inbound[j], choice.outbound[j]] for j in range(self.n_stages))
        )


def stage_table(
    times: ServiceTimes, cost: CostFunction, stage: int, inbound: Integers, outbound: Integers
) -> Floats:
    """Cost of a stage's pairs of candidates (ticks); ``inf`` where the times forbid the pair."""
    tau = inbound[:, None] + times.process[stage] - outbound[None, :]
    table = tabulate(times, cost, stage, inbound, outbound, tau)
    return np.where(tau < 0 if times.can_stock[stage] else tau != 0, inf, table)


def tabulate(
    times: ServiceTimes,
    cost: CostFunction,
    stage: int,
    inbound: Integers,
    outbound: Integers,
    tau: Integers,
) -> Floats:
    """Ask a cost function in periods for what is known in ticks; ``tau`` (a, b) may be negative."""
    ticks = times.ticks_per_period
    return cost.table(stage, inbound / ticks, outbound / ticks, np.maximum(tau, 0) / ticks)


def priced(times: ServiceTimes, cost: CostFunction, service: Integers) -> tuple[Integers, float]:
    """Settle a plan and price it.

    Returns
    -------
    service : (n_stages,) int64
        Outbound service times, ticks, none longer than supplies allow.
    cost : float
        Money per period; ``inf`` where a stage without stock would wait longer than it may.
    """
    inbound, outbound = times.settled(np.minimum(service, times.outbound_high))
    if (outbound > times.outbound_high).any():
        return outbound, inf
    tau = inbound + times.process - outbound
    at = (slice(j, j + 1) for j in range(times.n_stages))
    return outbound, sum(
        float(tabulate(times, cost, k.start, inbound[k], outbound[k], tau[k, None])[0, 0])
        for k in at
    )


def bound_alone(times: ServiceTimes, cost: CostFunction) -> float:
    """Bound each stage by itself, which takes no search: money per period.

    A concave cost is least at an end of the net replenishment times. Of others nothing is known:
    ``-inf``.
    """
    if not (cost.concave and cost.covered_only):
        return -inf
    shortest = np.maximum(times.inbound_low + times.process - times.outbound_high, 0)
    longest = times.inbound_high + times.process - times.outbound_low
    ends = np.stack([shortest, np.where(times.can_stock, longest, shortest)], axis=1)
    none = np.zeros(2, dtype=np.int64)
    return sum(
        float(tabulate(times, cost, j, none[:1], none, ends[j : j + 1]).min())
        for j in range(times.n_stages)
    )


@dataclass(frozen=True, slots=True)
class ServiceTimeChoice:
    """One candidate per stage: positions in ``ServiceTimeProblem.inbound`` and ``outbound``."""

    inbound: Integers
    outbound: Integers
