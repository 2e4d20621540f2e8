"""Bound a component over all service times, not only listed ones: piecewise linear messages.

Dual ascent over candidate times needs every time that an optimal plan may take, and fractional lead
times can make those too many to list. Here the costs that lanes pass are functions of continuous
time, linear between knots. Where each stage's cost is concave in its net replenishment time, the
least of cost plus messages within a cell between knots is at a corner of the cell or where the
stage holds no stock, so the bound is exact over all times, however few the knots. Knots are added
where the least is met; at those of an optimal plan the bound reaches its cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.exact.guaranteed_service.knots import among, inbound_points
from echelon.exact.guaranteed_service.problem import CostFunction, tabulate
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Floats, Integers


@dataclass(frozen=True, slots=True)
class PassedMessages:
    """What is kept of messages for a component with the same lanes to begin with.

    Attributes
    ----------
    times : ServiceTimes
        Of the component they were found for.
    knots : list of int64 arrays, one per stage
        Ticks.
    phi_ptr, phi : (n_lanes + 1,) int64, float64
        Money per period at the knots of each lane's supplier.
    """

    times: ServiceTimes
    knots: list[Integers]
    phi_ptr: Integers
    phi: Floats

    def fits(self, times: ServiceTimes) -> bool:
        """Whether a component has the same stages and lanes as the one these were found for."""
        mine = self.times
        return np.array_equal(mine.pred_ptr, times.pred_ptr) and np.array_equal(
            mine.pred_stage, times.pred_stage
        )

    def in_ticks_of(self, times: ServiceTimes) -> PassedMessages:
        """Move the knots to the ticks of another component."""
        ratio = times.ticks_per_period / self.times.ticks_per_period
        knots = [np.rint(points * ratio).astype(np.int64) for points in self.knots]
        return PassedMessages(times, knots, self.phi_ptr, self.phi)


@dataclass(frozen=True, slots=True)
class InterpolatedMessages:
    """Costs passed along each lane, at the supplier's knots (phi) and the customer's points (psi).

    ``phi`` and ``psi`` are changed by :meth:`sweep`; everything else only reads them.

    Attributes
    ----------
    times : ServiceTimes
    knots, inbound : list of int64 arrays, one per stage
        Outbound times where messages may bend, inbound times of the tables, ticks, ascending.
    cost : list of (len(inbound), len(knots) + 1) float64 arrays
        Money per period; the last column at the outbound time that leaves no stock; ``inf`` where
        the pair is forbidden.
    """

    times: ServiceTimes
    knots: list[Integers]
    inbound: list[Integers]
    cost: list[Floats]
    inbound_ptr: Integers
    knot_ptr: Integers
    cost_ptr: Integers
    flat_cost: Floats
    through_position: Integers
    through_weight: Floats
    succ_ptr: Integers
    succ_stage: Integers
    succ_lane: Integers
    psi_ptr: Integers
    psi: Floats
    phi_ptr: Integers
    phi: Floats
    lane_position: Integers
    lane_weight: Floats
    knot_row: Integers

    @classmethod
    def of(
        cls, times: ServiceTimes, cost: CostFunction, knots: list[Integers]
    ) -> InterpolatedMessages:
        """Start with nothing passed, which bounds each stage by itself."""
        inbound = inbound_points(times, knots)
        tables, through = [], []
        for j in range(times.n_stages):
            table, position, weight = _table(times, cost, j, inbound[j], knots[j])
            tables.append(table)
            through.append((position, weight))
        supplier, customer = times.pred_stage, times.lane_customer
        by_supplier = np.argsort(supplier, kind="stable")
        lanes = [
            _lane(knots[i], inbound[j] - delay)
            for i, j, delay in zip(
                supplier.tolist(), customer.tolist(), times.lane_delay.tolist(), strict=True
            )
        ]
        psi_ptr = _pointers([len(inbound[j]) for j in customer])
        phi_ptr = _pointers([len(knots[i]) for i in supplier])
        return cls(
            times=times,
            knots=knots,
            inbound=inbound,
            cost=tables,
            inbound_ptr=_pointers([len(points) for points in inbound]),
            knot_ptr=_pointers([len(points) for points in knots]),
            cost_ptr=_pointers([table.size for table in tables]),
            flat_cost=np.concatenate([table.ravel() for table in tables]),
            through_position=np.concatenate([position for position, _ in through]),
            through_weight=np.concatenate([weight for _, weight in through]),
            succ_ptr=_pointers(np.bincount(supplier, minlength=times.n_stages)),
            succ_stage=customer[by_supplier],
            succ_lane=by_supplier,
            psi_ptr=psi_ptr,
            psi=np.zeros(psi_ptr[-1]),
            phi_ptr=phi_ptr,
            phi=np.zeros(phi_ptr[-1]),
            lane_position=_joined([position for position, _, _ in lanes], np.int64),
            lane_weight=_joined([weight for _, weight, _ in lanes], np.float64),
            knot_row=_joined([row for _, _, row in lanes], np.int64),
        )

    def passed(self) -> PassedMessages:
        """Keep what another search can begin with."""
        return PassedMessages(self.times, self.knots, self.phi_ptr, self.phi.copy())

    def start_from(self, other: InterpolatedMessages | PassedMessages) -> None:
        """Take over the messages of fewer knots, or of other ones, of the same lanes.

        Where these knots hold the others the bound is the same.
        """
        for lane, supplier in enumerate(self.times.pred_stage.tolist()):
            old = other.phi[other.phi_ptr[lane] : other.phi_ptr[lane + 1]]
            here = slice(self.phi_ptr[lane], self.phi_ptr[lane + 1])
            self.phi[here] = np.interp(self.knots[supplier], other.knots[supplier], old)
            heard = slice(self.psi_ptr[lane], self.psi_ptr[lane + 1])
            at_knots = -np.maximum.accumulate(self.phi[here])
            after = np.append(at_knots[1:], at_knots[-1])[self.lane_position[heard]]
            before, weight = at_knots[self.lane_position[heard]], self.lane_weight[heard]
            self.psi[heard] = (1.0 - weight) * before + weight * after

    def sweep(self) -> float:
        """Pass costs downstream and back up; returns the bound, money per period."""
        from echelon.kernels.interpolated_messages import push_downstream, push_upstream

        longest = max(np.diff(self.inbound_ptr).max(), np.diff(self.knot_ptr).max())
        work = np.empty((6, int(longest)))
        tables = (
            self.inbound_ptr, self.knot_ptr, self.cost_ptr, self.flat_cost,
            self.through_position, self.through_weight,
            self.psi_ptr, self.psi, self.phi_ptr, self.phi, self.lane_position, self.lane_weight,
        )  # fmt: skip
        pred_ptr = self.times.pred_ptr
        push_downstream(pred_ptr, self.succ_ptr, self.succ_stage, self.succ_lane, *tables, work)
        return float(
            push_upstream(
                pred_ptr, self.times.pred_stage, self.succ_ptr, self.succ_lane,
                *tables, self.knot_row, work,
            )
        )  # fmt: skip

    def bound(self) -> float:
        """Lower bound that the messages prove as they stand, money per period."""
        return float(sum(self.reduced(j).min() for j in range(self.times.n_stages)))

    def reduced(self, stage: int) -> Floats:
        """A stage's costs with the messages added: what its term of the bound is the least of."""
        at_inbound = np.zeros(len(self.inbound[stage]))
        for lane in range(self.times.pred_ptr[stage], self.times.pred_ptr[stage + 1]):
            at_inbound += self.psi[self.psi_ptr[lane] : self.psi_ptr[lane + 1]]
        at_outbound = self.at_outbound(stage)
        through = np.interp(
            self.inbound[stage] + self.times.process[stage], self.knots[stage], at_outbound
        )
        table = self.cost[stage] + at_inbound[:, None]
        table[:, :-1] += at_outbound
        table[:, -1] += through
        return np.asarray(table)

    def at_outbound(self, stage: int) -> Floats:
        """What the messages charge a stage for its outbound time, at its knots."""
        total = np.zeros(len(self.knots[stage]))
        for lane in self.succ_lane[self.succ_ptr[stage] : self.succ_ptr[stage + 1]]:
            total += self.phi[self.phi_ptr[lane] : self.phi_ptr[lane + 1]]
        return total

    def rounded(self, cost: CostFunction) -> Integers:
        """Choose outbound times greedily, upstream first, by the costs passed up (ticks)."""
        times = self.times
        service = times.outbound_low.copy()
        for j in range(times.n_stages):
            lanes = slice(times.pred_ptr[j], times.pred_ptr[j + 1])
            ready = service[times.pred_stage[lanes]] + times.lane_delay[lanes]
            inbound = np.array([max(int(ready.max(initial=0)), int(times.inbound_low[j]))])
            through = inbound + times.process[j]
            quotes = np.append(self.knots[j], np.minimum(through, times.outbound_high[j]))
            if not times.can_stock[j]:
                quotes = through
            quotes = quotes[quotes <= through[0]]
            own = tabulate(times, cost, j, inbound, quotes, (through - quotes)[None, :])[0]
            passed = np.interp(quotes, self.knots[j], self.at_outbound(j))
            service[j] = quotes[int(np.argmin(own + passed))]
        return service


def _table(
    times: ServiceTimes, cost: CostFunction, j: int, inbound: Integers, knots: Integers
) -> tuple[Floats, Integers, Floats]:
    """Cost table of a stage, and where the outbound times without stock lie among its knots."""
    through = inbound + times.process[j]
    tau = through[:, None] - knots[None, :]
    table = tabulate(times, cost, j, inbound, knots, tau)
    forbidden = tau < 0 if times.can_stock[j] else tau != 0
    position, weight = among(knots, through)
    quotable = (through >= knots[0]) & (through <= knots[-1])
    # one table of all pairs of these times, of which the diagonal is wanted, would be larger
    none_held = tabulate(times, cost, j, inbound[:1], through[:1], np.zeros((1, 1), np.int64))[0, 0]
    last = np.where(quotable, none_held, np.inf)
    full = np.column_stack([np.where(forbidden, np.inf, table), last])
    return full, np.where(quotable, position, -1), np.where(quotable, weight, 0.0)


def _lane(knots: Integers, needed: Integers) -> tuple[Integers, Floats, Integers]:
    """Where a customer's inbound points lie among its supplier's knots, and the knots among them.

    ``needed`` is when the supplier has to ship for each inbound point, ticks.
    """
    position, weight = among(knots, needed)
    row = np.minimum(np.searchsorted(needed, knots), len(needed) - 1)
    row = np.where(needed[row] == knots, row, -1)
    if knots[-1] < needed[0]:  # other suppliers are always slower: the lane asks for nothing
        row[-1] = 0
    return position, weight, row


def _pointers(sizes: Integers | list[int]) -> Integers:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _joined(parts: list[Integers] | list[Floats], kind: type) -> np.ndarray:
    return np.concatenate([np.zeros(0, kind), *parts])
