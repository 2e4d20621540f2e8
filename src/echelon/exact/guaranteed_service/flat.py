"""The service-time problem as kernels read it: candidates end to end, costs row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import Protocol, runtime_checkable

import numpy as np

from echelon.exact.guaranteed_service.curves import Curves
from echelon.exact.guaranteed_service.problem import (
    CostFunction,
    ServiceTimeChoice,
    ServiceTimeProblem,
)
from echelon.exact.guaranteed_service.runs import pointers
from echelon.exact.guaranteed_service.service_times import NO_LIMIT, ServiceTimes
from echelon.network.compiled import Booleans, Floats, Integers


class CoveredCost(CostFunction, Protocol):
    """A cost function that can say that nothing counts but the net replenishment time."""

    @property
    def covered_only(self) -> bool:
        """Whether every stage's cost is a function of its net replenishment time alone."""
        ...

    def over_covered(self, stage: int, covered: Floats) -> Floats:
        """Money per period over net replenishment times (periods) of any shape."""
        ...


@runtime_checkable
class CostOfAll(Protocol):
    """A cost function that can be asked for all stages at once."""

    def over_all(self, ptr: Integers, covered: Floats) -> Floats:
        """Money per period over net replenishment times (m,), periods, that stand stage by stage.

        ``ptr`` (n_stages + 1,) says where those of each stage begin. As ``over_covered`` of each.
        """
        ...


@dataclass(frozen=True, slots=True)
class FlatProblem:
    """Candidates and costs of all stages, one behind the other.

    The cost of a stage's pair of candidates ``a``, ``b`` is
    ``cost[row_start[a] + b] + own_inbound[a] + own_outbound[b]``, and the pair is forbidden where
    ``b >= row_length[a]``.

    Attributes
    ----------
    times : ServiceTimes
    inbound_ptr, outbound_ptr : (n_stages + 1,) int64
    inbound, outbound : int64
        Ticks, ascending within a stage.
    row_start, row_length : (len(inbound),) int64
    cost : float64
        Money per period. Read only: problems may share it.
    own_inbound : (len(inbound),) float64
    own_outbound : (len(outbound),) float64
        What a time costs whatever the other: what folded stages add; ``inf`` forbids it.
    curves : Curves, optional
        Where rows share curves and some may fall: how they lie in ``cost``.
    """

    times: ServiceTimes
    inbound_ptr: Integers
    inbound: Integers
    outbound_ptr: Integers
    outbound: Integers
    row_start: Integers
    row_length: Integers
    cost: Floats
    own_inbound: Floats
    own_outbound: Floats
    curves: Curves | None = None

    @classmethod
    def of(cls, problem: ServiceTimeProblem | FlatProblem) -> FlatProblem:
        """Lay a problem's tables end to end."""
        if isinstance(problem, FlatProblem):
            return problem
        from echelon.kernels.cost_rows import row_lengths  # numba: not before it is needed

        inbound_ptr = pointers([len(times) for times in problem.inbound])
        outbound_ptr = pointers([len(times) for times in problem.outbound])
        width = np.repeat(np.diff(outbound_ptr), np.diff(inbound_ptr))
        cost = np.concatenate([table.ravel() for table in problem.cost])
        row_start = pointers(width)[:-1]
        row_length = np.empty_like(row_start)
        row_lengths(inbound_ptr, outbound_ptr, row_start, cost, row_length)
        return cls(
            times=problem.times,
            inbound_ptr=inbound_ptr,
            inbound=np.concatenate(problem.inbound),
            outbound_ptr=outbound_ptr,
            outbound=np.concatenate(problem.outbound),
            row_start=row_start,
            row_length=row_length,
            cost=cost,
            own_inbound=np.zeros(inbound_ptr[-1]),
            own_outbound=np.zeros(outbound_ptr[-1]),
        )

    @classmethod
    def on_grid(
        cls, times: ServiceTimes, cost: CoveredCost, step: int | None = None
    ) -> FlatProblem:
        """Take every multiple of the times' common unit inside the windows as a candidate.

        ``step`` gives a part of that unit instead, ticks. A service time in some optimal plan is a
        sum and difference of the given times (see ``candidate_times.candidates``), hence such a
        multiple. ``cost`` must be ``covered_only``: a stage then keeps one curve over its net
        replenishment times, which all its rows share.
        """
        step = common_unit(times) if step is None else step
        return cls._along_curves(
            times,
            cost,
            _multiples(times.inbound_low, times.inbound_high, step),
            _multiples(times.outbound_low, times.outbound_high, step),
            step,
        )

    @classmethod
    def on_quotes(
        cls,
        times: ServiceTimes,
        cost: CoveredCost,
        quotable: tuple[tuple[Integers, Integers], tuple[Integers, Integers]],
    ) -> FlatProblem:
        """Take every time there is where stages quote multiples of ``times.quote_unit``.

        ``quotable`` are those of ``times.quotable_flat()``. ``cost`` must be ``covered_only``. A
        stage keeps one curve for each rest that its inbound times leave when divided by the unit.
        """
        return cls._along_curves(times, cost, *quotable, times.quote_unit)

    @classmethod
    def _along_curves(
        cls,
        times: ServiceTimes,
        cost: CoveredCost,
        inbound: tuple[Integers, Integers],
        outbound: tuple[Integers, Integers],
        step: int,
    ) -> FlatProblem:
        """Let the rows of a stage share curves over net replenishment times ``step`` apart.

        Outbound times are ``step`` apart; inbound times that differ by multiples of it share one.
        """
        (inbound_ptr, heard), (outbound_ptr, quoted) = inbound, outbound
        end_of_stage, tau, row_start, row_length = _curves(
            step, inbound_ptr, heard, outbound_ptr, quoted, times.process
        )
        tabulated = _tabulated(cost, end_of_stage, tau / times.ticks_per_period)
        stockless = np.repeat(~times.can_stock, np.diff(end_of_stage))
        return cls(
            times=times,
            inbound_ptr=inbound_ptr,
            inbound=heard,
            outbound_ptr=outbound_ptr,
            outbound=quoted,
            row_start=row_start,
            row_length=row_length,
            cost=np.where(stockless & (tau != 0), inf, tabulated),
            own_inbound=np.zeros(inbound_ptr[-1]),
            own_outbound=np.zeros(outbound_ptr[-1]),
            curves=None if cost.concave else Curves(end_of_stage, tau),
        )

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return self.times.n_stages

    @property
    def n_pairs(self) -> int:
        """How many pairs of candidates are allowed, over all stages."""
        return int(self.row_length.sum())

    def with_terms(self, own_inbound: Floats, own_outbound: Floats) -> FlatProblem:
        """Give the same problem with other costs of the single times."""
        return replace(self, own_inbound=own_inbound, own_outbound=own_outbound)

    def with_rows(self, cost: Floats, row_start: Integers) -> FlatProblem:
        """Give the same problem with other rows of costs, as long as those there are."""
        return replace(self, cost=cost, row_start=row_start)

    def among(self, stages: Integers) -> FlatProblem:
        """Give the problem of some stages (ascending) and the lanes between them."""
        chosen = np.zeros(self.n_stages, dtype=np.bool_)
        chosen[stages] = True
        return self._where(
            np.repeat(chosen, np.diff(self.inbound_ptr)),
            np.repeat(chosen, np.diff(self.outbound_ptr)),
            self.times.among(stages),
            stages,
        )

    def _where(
        self, rows: Booleans, columns: Booleans, times: ServiceTimes, stages: Integers
    ) -> FlatProblem:
        return FlatProblem(
            times=times,
            inbound_ptr=pointers(np.diff(self.inbound_ptr)[stages]),
            inbound=self.inbound[rows],
            outbound_ptr=pointers(np.diff(self.outbound_ptr)[stages]),
            outbound=self.outbound[columns],
            row_start=self.row_start[rows],
            row_length=self.row_length[rows],
            cost=self.cost,
            own_inbound=self.own_inbound[rows],
            own_outbound=self.own_outbound[columns],
        )

    def table(self, stage: int) -> Floats:
        """Costs of a stage's pairs, (inbound, outbound), ``inf`` where forbidden."""
        rows = slice(self.inbound_ptr[stage], self.inbound_ptr[stage + 1])
        columns = slice(self.outbound_ptr[stage], self.outbound_ptr[stage + 1])
        b = np.arange(columns.stop - columns.start)
        inside = b[None, :] < self.row_length[rows, None]
        place = np.where(inside, self.row_start[rows, None] + b[None, :], 0)
        table = np.where(inside, self.cost[place], inf)
        return np.asarray(
            table + self.own_inbound[rows, None] + self.own_outbound[None, columns],
            dtype=np.float64,
        )

    def dense(self) -> ServiceTimeProblem:
        """Give the same problem with one table per stage."""
        return ServiceTimeProblem(
            self.times,
            np.split(self.inbound, self.inbound_ptr[1:-1]),
            np.split(self.outbound, self.outbound_ptr[1:-1]),
            [self.table(j) for j in range(self.n_stages)],
        )

    def locate(self, inbound: Integers, outbound: Integers) -> ServiceTimeChoice:
        """Find the candidates that stand for given times (ticks)."""
        found = []
        for ptr, times, wanted in (
            (self.inbound_ptr, self.inbound, inbound),
            (self.outbound_ptr, self.outbound, outbound),
        ):
            before = times < np.repeat(wanted, np.diff(ptr))
            found.append(np.add.reduceat(before, ptr[:-1], dtype=np.int64))
        return ServiceTimeChoice(*found)

    def chosen(self, choice: ServiceTimeChoice) -> tuple[Integers, Integers]:
        """Inbound and outbound times (ticks) of a choice."""
        return (
            self.inbound[self.inbound_ptr[:-1] + choice.inbound],
            self.outbound[self.outbound_ptr[:-1] + choice.outbound],
        )

    def evaluate(self, choice: ServiceTimeChoice) -> float:
        """Total cost of a choice, money per period; ``inf`` where it breaks a lane's constraint."""
        from echelon.kernels.cost_rows import total_cost

        times = self.times
        return float(
            total_cost(
                0, times.n_stages, times.pred_ptr, times.pred_stage, times.lane_delay,
                self.inbound_ptr, self.inbound, self.outbound_ptr, self.outbound,
                self.row_start, self.row_length, self.cost, self.own_inbound, self.own_outbound,
                choice.inbound, choice.outbound,
            )
        )  # fmt: skip


def _tabulated(cost: CoveredCost, ptr: Integers, covered: Floats) -> Floats:
    """Ask for the costs of all stages, whose times (periods) begin where ``ptr`` says."""
    if isinstance(cost, CostOfAll):
        return cost.over_all(ptr, covered)
    parts = np.split(covered, ptr[1:-1])
    return np.concatenate([cost.over_covered(j, one) for j, one in enumerate(parts)])


def _curves(
    step: int,
    inbound_ptr: Integers,
    heard: Integers,
    outbound_ptr: Integers,
    quoted: Integers,
    process: Integers,
) -> tuple[Integers, Integers, Integers, Integers]:
    """Curves that rows can share, those of one stage and one rest, in the order of both.

    Where those of each stage begin, (n_stages + 1,); their times, ticks; where each row begins in
    them, and how long it is, (n_rows,) each.
    """
    from echelon.kernels.quote_grids import lay_out_curves, share_curves  # numba: when it is needed

    of_row, longest, rests, row_start, row_length = np.empty((5, len(heard)), dtype=np.int64)
    stage_ptr, curve_ptr = np.empty_like(inbound_ptr), np.empty(len(heard) + 1, dtype=np.int64)
    candidates = step, inbound_ptr, heard, outbound_ptr, quoted, process
    share_curves(*candidates, of_row, longest, rests, stage_ptr, curve_ptr)
    covered = np.empty(stage_ptr[-1], dtype=np.int64)
    lay_out_curves(*candidates, of_row, longest, curve_ptr, covered, row_start, row_length)
    return stage_ptr, covered, row_start, row_length


def common_unit(times: ServiceTimes) -> int:
    """Ticks of which every time of a component is a multiple."""
    return int(common_units(times, np.array([0, times.n_stages]))[0])


def common_units(times: ServiceTimes, stage_ptr: Integers) -> Integers:
    """As :func:`common_unit`, of components whose stages stand end to end, (n_components,)."""
    limits = np.where(times.limit < NO_LIMIT, times.limit, 0)
    of_stages = np.gcd(np.gcd(times.process, times.outside), limits)
    lane_ptr = times.pred_ptr[stage_ptr]
    of_lanes = np.gcd.reduceat(np.append(times.lane_delay, 0), lane_ptr[:-1])
    of_lanes[np.diff(lane_ptr) == 0] = 0
    return np.maximum(np.gcd(np.gcd.reduceat(of_stages, stage_ptr[:-1]), of_lanes), 1)


def grid_size(times: ServiceTimes, step: int | None = None) -> tuple[int, int]:
    """How many numbers a grid over the windows takes to keep, and how many pairs it has.

    The first counts what the messages of all lanes hold as well. ``step`` as in
    ``FlatProblem.on_grid``.
    """
    step = common_unit(times) if step is None else step
    heard = (times.inbound_high - times.inbound_low) // step + 1
    quoted = (times.outbound_high - times.outbound_low) // step + 1
    messages = heard[times.lane_customer].sum() + quoted[times.pred_stage].sum()
    pairs = (heard.astype(np.float64) * quoted).sum()
    return int(messages + 4 * (heard.sum() + quoted.sum())), int(pairs)


def _multiples(low: Integers, high: Integers, step: int) -> tuple[Integers, Integers]:
    counts = (high - low) // step + 1
    ptr = pointers(counts)
    place = np.arange(ptr[-1]) - np.repeat(ptr[:-1], counts)
    return ptr, np.repeat(low, counts) + step * place
