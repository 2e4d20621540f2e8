"""Fold pendant trees of a component by dynamic programming until a core without them is left.

A component whose lanes form a tree folds into one stage, and its optimum is read off: this is the
algorithm of Graves and Willems (2000), on candidate times instead of a grid and with any cost
table. What is left of another component is its 2-core, which other methods solve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.network.compiled import Booleans, Floats, Integers


@dataclass(frozen=True, slots=True)
class FlatTables:
    """Candidates and cost tables of all stages, one behind the other, as kernels read them.

    Attributes
    ----------
    inbound_ptr, outbound_ptr, cost_ptr : (n_stages + 1,) int64
    inbound, outbound : int64
        Ticks.
    cost : float64
        Money per period, row-major (inbound, outbound) within a stage.
    """

    inbound_ptr: Integers
    inbound: Integers
    outbound_ptr: Integers
    outbound: Integers
    cost_ptr: Integers
    cost: Floats

    @classmethod
    def of(cls, problem: ServiceTimeProblem) -> FlatTables:
        """Lay a problem's lists end to end; the costs are a copy."""
        return cls(
            inbound_ptr=_pointers([len(times) for times in problem.inbound]),
            inbound=np.concatenate(problem.inbound),
            outbound_ptr=_pointers([len(times) for times in problem.outbound]),
            outbound=np.concatenate(problem.outbound),
            cost_ptr=_pointers([table.size for table in problem.cost]),
            cost=np.concatenate([table.ravel() for table in problem.cost]),
        )

    def table(self, stage: int) -> Floats:
        """Give a stage's cost table as a view that can be written through."""
        rows = self.inbound_ptr[stage + 1] - self.inbound_ptr[stage]
        view = self.cost[self.cost_ptr[stage] : self.cost_ptr[stage + 1]]
        return view.reshape(rows, -1)


@dataclass(frozen=True, slots=True)
class Folding:
    """The order in which pendant stages are folded into a neighbour, leaves first.

    Attributes
    ----------
    stage, parent : (n_steps,) int64
    supplies_parent : (n_steps,) int64
        1 where the folded stage is the supplier on the lane, else 0.
    lane : (n_steps,) int64
    core : (n_core,) int64
        Stages that are left, ascending; one where the lanes form a tree.
    n_lanes : int
        Along which stages may be folded.
    """

    stage: Integers
    parent: Integers
    supplies_parent: Integers
    lane: Integers
    core: Integers
    n_lanes: int

    @classmethod
    def of(cls, problem: ServiceTimeProblem, lanes: Booleans | None = None) -> Folding:
        """Find what folds, in the whole component or only along the lanes marked in ``lanes``."""
        times = problem.times
        n = problem.n_stages
        customer = times.lane_customer.tolist()
        supplier = times.pred_stage.tolist()
        open_lanes: list[dict[int, int]] = [{} for _ in range(n)]  # lane -> neighbour
        for lane in range(len(supplier)):
            if lanes is None or lanes[lane]:
                open_lanes[supplier[lane]][lane] = customer[lane]
                open_lanes[customer[lane]][lane] = supplier[lane]
        pendant = [j for j in range(n) if len(open_lanes[j]) == 1]
        folded = np.zeros(n, dtype=bool)
        steps: list[tuple[int, int, int, int]] = []
        while pendant:
            k = pendant.pop()
            if len(open_lanes[k]) != 1:  # its last neighbour was folded into it: it is the root
                continue
            lane, parent = open_lanes[k].popitem()
            del open_lanes[parent][lane]
            steps.append((k, parent, int(supplier[lane] == k), lane))
            folded[k] = True
            if len(open_lanes[parent]) == 1:
                pendant.append(parent)
        columns = np.array(steps, np.int64).reshape(-1, 4).T.copy()
        n_lanes = len(supplier) if lanes is None else int(lanes.sum())
        return cls(columns[0], columns[1], columns[2], columns[3], np.flatnonzero(~folded), n_lanes)

    @property
    def is_tree(self) -> bool:
        """Whether all lanes are folded, so that what is left are stages that stand alone.

        It is one stage, unless lanes of backups were left out of the problem.
        """
        return len(self.stage) == self.n_lanes


@dataclass(frozen=True, slots=True)
class Folded:
    """Tables with the folded stages' least costs added to the core's, and how to unfold.

    Attributes
    ----------
    tables : FlatTables
        Those of the core's stages hold what has been folded into them.
    """

    problem: ServiceTimeProblem
    folding: Folding
    tables: FlatTables
    own_ptr: Integers
    own: Integers
    other: Integers

    @classmethod
    def of(
        cls, problem: ServiceTimeProblem, folding: Folding, tables: FlatTables | None = None
    ) -> Folded:
        """Run the kernel over ``tables``, which it overwrites (default: the problem's, copied)."""
        from echelon.kernels.tree_program import fold  # numba: not before it is needed

        flat = FlatTables.of(problem) if tables is None else tables
        touched = np.where(
            folding.supplies_parent == 1,
            np.diff(flat.inbound_ptr)[folding.parent],
            np.diff(flat.outbound_ptr)[folding.parent],
        )
        own_ptr = _pointers(touched)
        own = np.full(own_ptr[-1], -1, dtype=np.int64)
        other = np.full(len(flat.inbound) + len(flat.outbound), -1, dtype=np.int64)
        longest = max(np.diff(flat.inbound_ptr).max(), np.diff(flat.outbound_ptr).max())
        fold(
            folding.stage,
            folding.parent,
            folding.supplies_parent,
            problem.times.lane_delay[folding.lane],
            flat.inbound_ptr,
            flat.inbound,
            flat.outbound_ptr,
            flat.outbound,
            flat.cost_ptr,
            own_ptr,
            flat.cost,
            own,
            other,
            np.empty(longest),
        )
        return cls(problem, folding, flat, own_ptr, own, other)

    def unfold(self, inbound: Integers, outbound: Integers) -> ServiceTimeChoice:
        """Complete a choice made for the core's stages; entries of folded stages are ignored."""
        from echelon.kernels.tree_program import unfold

        folding, flat = self.folding, self.tables
        choice_in, choice_out = inbound.copy(), outbound.copy()
        unfold(
            folding.stage,
            folding.parent,
            folding.supplies_parent,
            flat.inbound_ptr,
            flat.outbound_ptr,
            len(flat.outbound),
            self.own_ptr,
            self.own,
            self.other,
            choice_in,
            choice_out,
        )
        return ServiceTimeChoice(choice_in, choice_out)

    def core_problem(self) -> ServiceTimeProblem:
        """Give the problem that is left: the core's stages, with what was folded into them."""
        core = self.folding.core
        return self.problem.among(core, [self.tables.table(j) for j in core])

    def complete(self, choice: ServiceTimeChoice) -> ServiceTimeChoice:
        """Unfold a choice for the core problem into one for the whole component."""
        inbound = np.zeros(self.problem.n_stages, dtype=np.int64)
        outbound = np.zeros(self.problem.n_stages, dtype=np.int64)
        inbound[self.folding.core], outbound[self.folding.core] = choice.inbound, choice.outbound
        return self.unfold(inbound, outbound)

    def best_root(self) -> tuple[ServiceTimeChoice, float]:
        """Optimum of a component, or forest, in which each core stage stands alone."""
        inbound = np.zeros(self.problem.n_stages, dtype=np.int64)
        outbound = np.zeros(self.problem.n_stages, dtype=np.int64)
        total = 0.0
        for j in self.folding.core:
            table = self.tables.table(j)
            inbound[j], outbound[j] = best_pair(table)
            total += float(table[inbound[j], outbound[j]])
        if not np.isfinite(total):
            raise InfeasibleError("no service times satisfy the limits of this component")
        return self.unfold(inbound, outbound), total


def best_pair(table: Floats) -> tuple[int, int]:
    """Position of the least entry; among equals the earliest inbound and the latest outbound."""
    rows, columns = np.nonzero(table == table.min())
    first = rows.min()
    return int(first), int(columns[rows == first].max())


def _pointers(sizes: Integers | list[int]) -> Integers:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
