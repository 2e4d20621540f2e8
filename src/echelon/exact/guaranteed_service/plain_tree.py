"""A tree under the normal bound, made ready once and placed in one call of a kernel.

What :func:`solve_tree` does on tables of any cost, for the case that is met most: the lanes form a
tree and each stage's stock is the normal bound. No table is made, as the cost of a stage depends on
its net replenishment time alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from echelon.exact.guaranteed_service.service_times import NO_LIMIT, ServiceTimes
from echelon.network.compiled import CompiledNetwork, Floats, Integers

MOST_TICKS = 200_000
"""Ticks of all windows together up to which the sets of times are kept tick by tick."""


@dataclass(frozen=True, slots=True)
class PlainTree:
    """A tree of stages as the kernel reads it.

    Attributes
    ----------
    times : ServiceTimes
    fixed : tuple of arrays
        What :func:`echelon.kernels.tree_placement.place_tree` takes before the costs.
    """

    times: ServiceTimes
    fixed: tuple[Any, ...]

    @classmethod
    def of_component(cls, component: CompiledNetwork) -> PlainTree | None:
        """Make a component (a shard of one) ready; see :meth:`of`.

        Raises
        ------
        InfeasibleError
            If a stage that may not hold stock cannot meet its longest allowed service time.
        """
        return cls.of(ServiceTimes.of(component))

    @classmethod
    def of(cls, times: ServiceTimes) -> PlainTree | None:
        """Make a component ready; None where its lanes form no tree or its windows are too wide."""
        n = times.n_stages
        if len(times.pred_stage) != n - 1:
            return None
        low = np.concatenate([times.inbound_low, times.outbound_low])
        high = np.concatenate([times.inbound_high, times.outbound_high])
        width = high - low + 1
        if (width < 1).any() or int(width.sum()) > MOST_TICKS:
            return None
        folding = _folding(times)
        if folding is None:
            return None
        stage, joined, supplies, delay = folding
        fixed = (
            *_variables(times, stage, joined, supplies, delay),
            low,
            _ends(width),
            *_roots(times),
            stage,
            joined,
            supplies,
            delay,
            times.process,
            times.can_stock.astype(np.int64),
        )
        return cls(times, fixed)

    def place(self, slope: Floats, still: Floats) -> tuple[Integers, float]:
        """Find the best service times.

        Parameters
        ----------
        slope, still : (n_stages,) float64
            A stage that covers ``tau`` ticks costs ``sqrt(slope ** 2 * tau + still ** 2)``, money
            per period.

        Returns
        -------
        service : (n_stages,) int64
            Ticks.
        cost : float
            Money per period; ``inf`` where no service times keep within the limits.
        """
        from echelon.kernels.tree_placement import place_tree  # numba: not before it is needed

        service = np.empty(len(slope), np.int64)
        return service, place_tree(*(*self.fixed, slope, still, service))


def _folding(times: ServiceTimes) -> tuple[Integers, Integers, Integers, Integers] | None:
    """Stages from the leaves inward, each with the neighbour it is folded into; the root is last.

    The first stage is the root: it has no suppliers. None where lanes close a cycle.
    """
    n = times.n_stages
    customer = times.lane_customer
    beside: list[list[tuple[int, int, int]]] = [[] for _ in range(n)]
    lanes = zip(
        times.pred_stage.tolist(), customer.tolist(), times.lane_delay.tolist(), strict=True
    )
    for supplier, buyer, delay in lanes:
        beside[supplier].append((buyer, 0, delay))
        beside[buyer].append((supplier, 1, delay))
    rows = [(0, -1, 1, 0)]
    seen = np.zeros(n, dtype=bool)
    seen[0] = True
    for k, _, _, _ in rows:  # it grows while it is read
        for j, is_supplier, delay in beside[k]:
            if not seen[j]:
                seen[j] = True
                rows.append((j, k, is_supplier, delay))
    if len(rows) < n:
        return None
    columns = np.array(rows[::-1], dtype=np.int64).T.copy()
    return columns[0], columns[1], columns[2], columns[3]


def _variables(
    times: ServiceTimes, stage: Integers, joined: Integers, supplies: Integers, delay: Integers
) -> tuple[Integers, Integers, Integers]:
    """The tree of the variables, leaves first: within each stage, then along its lane."""
    n = times.n_stages
    rows = []
    for k, p, is_supplier, transit in zip(
        stage.tolist(), joined.tolist(), supplies.tolist(), delay.tolist(), strict=True
    ):
        process = int(times.process[k])
        if is_supplier:
            rows.append((k, n + k, process))
            if p >= 0:
                rows.append((n + k, p, transit))
        else:
            rows.append((n + k, k, -process))
            rows.append((k, n + p, -transit))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T.copy()
    return columns[0], columns[1], columns[2]


def _roots(times: ServiceTimes) -> tuple[Integers, Integers]:
    """Times that are tied to no other, by variable: outside quotes, zero, limits."""
    per_variable = [[time] for time in times.outside.tolist()]
    for can_stock, limit in zip(times.can_stock.tolist(), times.limit.tolist(), strict=True):
        per_variable.append([0] * can_stock + [limit] * (limit < NO_LIMIT))
    roots = [time for these in per_variable for time in these]
    return _ends(np.array([len(these) for these in per_variable])), np.array(roots, dtype=np.int64)


def _ends(lengths: Integers) -> Integers:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
