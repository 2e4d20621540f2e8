"""Several components as one problem: laid out, folded and solved in one pass over all of them.

Their stages stand end to end and no lane joins two of them, so what the tree program does for one
it does for all, step by step the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from echelon.exact.guaranteed_service.curves import Curves
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.folding import Folded, Folding
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice
from echelon.exact.guaranteed_service.prompt_supplies import waits
from echelon.exact.guaranteed_service.runs import pointers, runs, taken
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Booleans, Floats, Integers


@dataclass(frozen=True, slots=True)
class JoinedProblem:
    """Components with equal ticks, laid out as one problem.

    Attributes
    ----------
    stage_ptr : (n_components + 1,) int64
        Where the stages of each begin.
    problem : FlatProblem
    """

    stage_ptr: Integers
    problem: FlatProblem

    @property
    def n_components(self) -> int:
        """How many components."""
        return len(self.stage_ptr) - 1

    def some(self, components: Integers) -> JoinedProblem:
        """Give the problem of some components (ascending)."""
        flat = self.problem
        stages = runs(self.stage_ptr, components)
        rows, columns = flat.inbound_ptr[self.stage_ptr], flat.outbound_ptr[self.stage_ptr]
        own = FlatProblem(
            times=flat.times.among(stages),
            inbound_ptr=pointers(np.diff(flat.inbound_ptr)[stages]),
            inbound=taken(flat.inbound, rows, components),
            outbound_ptr=pointers(np.diff(flat.outbound_ptr)[stages]),
            outbound=taken(flat.outbound, columns, components),
            row_start=taken(flat.row_start, rows, components),
            row_length=taken(flat.row_length, rows, components),
            cost=flat.cost,
            own_inbound=taken(flat.own_inbound, rows, components),
            own_outbound=taken(flat.own_outbound, columns, components),
        )
        stage_ptr = pointers(np.diff(self.stage_ptr)[components])
        if flat.curves is None:
            return JoinedProblem(stage_ptr, own)
        ptr = pointers(np.diff(flat.curves.ptr)[stages])
        moved = np.repeat(ptr[:-1] - flat.curves.ptr[stages], np.diff(own.inbound_ptr))
        costs = flat.curves.ptr[self.stage_ptr]
        own = replace(
            own,
            row_start=own.row_start + moved,
            cost=taken(flat.cost, costs, components),
            curves=Curves(ptr, taken(flat.curves.covered, costs, components)),
        )
        return JoinedProblem(stage_ptr, own)

    def evaluate(self, choice: ServiceTimeChoice) -> Floats:
        """Cost of each component, money per period; ``inf`` where a constraint is broken."""
        from echelon.kernels.first_ascent import total_costs  # numba: not before it is needed

        flat, times, total = self.problem, self.problem.times, np.empty(self.n_components)
        total_costs(
            self.stage_ptr, times.pred_ptr, times.pred_stage, times.lane_delay,
            flat.inbound_ptr, flat.inbound, flat.outbound_ptr, flat.outbound,
            flat.row_start, flat.row_length, flat.cost, flat.own_inbound, flat.own_outbound,
            choice.inbound, choice.outbound, total,
        )  # fmt: skip
        return total

    def trees(self) -> tuple[ServiceTimeChoice, Floats]:
        """Find the optimum of every component whose lanes form a tree, or a forest.

        Returns
        -------
        choice : ServiceTimeChoice
            Of all components; of those that are no trees it says nothing.
        cost : (n_components,) float64
            Money per period; ``inf`` of what is no tree and where no choice satisfies the limits.
        """
        times, n = self.problem.times, self.n_components
        sizes = np.diff(self.stage_ptr)
        of_stage = np.repeat(np.arange(n), sizes)
        n_lanes = np.bincount(of_stage[times.lane_customer], minlength=n)
        inside = (n_lanes < sizes)[of_stage[times.lane_customer]]
        folding = Folding.of(self.problem, inside.astype(np.int64))
        folded = np.bincount(of_stage[folding.stage], minlength=n)
        is_tree = folded == n_lanes
        roots = folding.core[is_tree[of_stage[folding.core]]]
        choice, least = Folded.of(self.problem, folding).best_roots(roots)
        cost = np.bincount(of_stage[roots], least, n)
        return choice, np.where(is_tree, cost, np.inf)

    def waiting(self, choice: ServiceTimeChoice) -> Booleans:
        """Which components let supplies lie somewhere in a plan of the candidates."""
        return np.asarray(
            np.add.reduceat(waits(self.problem, choice) != 0, self.stage_ptr[:-1]) > 0
        )

    def part(self, component: int, times: ServiceTimes) -> FlatProblem:
        """Give the problem of one component by itself, whose times these are."""
        flat = self.problem
        stages = slice(*self.stage_ptr[component : component + 2].tolist())
        ends = slice(stages.start, stages.stop + 1)
        inbound_ptr, outbound_ptr = flat.inbound_ptr[ends], flat.outbound_ptr[ends]
        rows, columns = slice(*inbound_ptr[[0, -1]]), slice(*outbound_ptr[[0, -1]])
        own = replace(
            flat,
            times=times,
            inbound_ptr=inbound_ptr - inbound_ptr[0],
            inbound=flat.inbound[rows],
            outbound_ptr=outbound_ptr - outbound_ptr[0],
            outbound=flat.outbound[columns],
            row_start=flat.row_start[rows],
            row_length=flat.row_length[rows],
            own_inbound=flat.own_inbound[rows],
            own_outbound=flat.own_outbound[columns],
        )
        if flat.curves is None:
            return own
        ptr = flat.curves.ptr[ends]
        costs = slice(*ptr[[0, -1]])
        return replace(
            own,
            row_start=own.row_start - ptr[0],
            cost=flat.cost[costs],
            curves=Curves(ptr - ptr[0], flat.curves.covered[costs]),
        )
