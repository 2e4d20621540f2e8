"""Fold pendant trees of a component by dynamic programming until a core without them is left.

A component whose lanes form a tree folds into one stage, and its optimum is read off: this is the
algorithm of Graves and Willems (2000), on candidate times instead of a grid and with any cost
table. What is left of another component is its 2-core, which other methods solve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.network.compiled import Floats, Integers


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
    def of(
        cls, problem: FlatProblem | ServiceTimeProblem, lanes: Integers | None = None
    ) -> Folding:
        """Find what folds, in the whole component or only along the lanes marked 1 in ``lanes``."""
        from echelon.kernels.tree_program import order_of_folding  # numba: not before it is needed

        times = problem.times
        n = times.n_stages
        inside = np.ones(len(times.pred_stage), np.int64) if lanes is None else lanes
        steps = np.empty((4, n), dtype=np.int64)
        n_steps = order_of_folding(
            times.pred_stage,
            times.lane_customer,
            inside,
            np.empty(n, dtype=np.int64),
            np.empty(n, dtype=np.int64),
            np.empty(n, dtype=np.int64),
            steps,
        )
        stage, parent, supplies, lane = (np.ascontiguousarray(row[:n_steps]) for row in steps)
        core = np.ones(n, dtype=np.bool_)
        core[stage] = False
        return cls(stage, parent, supplies, lane, np.flatnonzero(core), int(inside.sum()))

    @property
    def is_tree(self) -> bool:
        """Whether all lanes are folded, so that what is left are stages that stand alone.

        It is one stage, unless lanes of backups were left out of the problem.
        """
        return len(self.stage) == self.n_lanes


@dataclass(frozen=True, slots=True)
class Folded:
    """A problem with the folded stages' least costs in the core's terms, and how to unfold.

    Attributes
    ----------
    problem : FlatProblem
        Its terms are those after folding; those of the core's stages hold what they stand for.
    folding : Folding
    least_in : (len(inbound),) float64
    least_out : (len(outbound),) float64
        Of folded stages, the least cost over the time that their lane does not touch.
    """

    problem: FlatProblem
    folding: Folding
    least_in: Floats
    least_out: Floats

    @classmethod
    def of(cls, problem: FlatProblem | ServiceTimeProblem, folding: Folding) -> Folded:
        """Run the dynamic program; the problem itself is not changed."""
        from echelon.kernels.tree_program import fold

        flat = FlatProblem.of(problem)
        flat = flat.with_terms(flat.own_inbound.copy(), flat.own_outbound.copy())
        least_in, least_out = np.empty(len(flat.inbound)), np.empty(len(flat.outbound))
        fold(
            folding.stage, folding.parent, folding.supplies_parent,
            flat.times.lane_delay[folding.lane],
            flat.inbound_ptr, flat.inbound, flat.outbound_ptr, flat.outbound,
            flat.row_start, flat.row_length, flat.cost, flat.own_inbound, flat.own_outbound,
            least_in, least_out,
        )  # fmt: skip
        return cls(flat, folding, least_in, least_out)

    def unfold(self, inbound: Integers, outbound: Integers) -> ServiceTimeChoice:
        """Complete a choice made for the core's stages; entries of folded stages are ignored."""
        from echelon.kernels.tree_program import unfold

        folding, flat = self.folding, self.problem
        choice_in, choice_out = inbound.copy(), outbound.copy()
        unfold(
            folding.stage, folding.parent, folding.supplies_parent,
            flat.times.lane_delay[folding.lane],
            flat.inbound_ptr, flat.inbound, flat.outbound_ptr, flat.outbound,
            flat.row_start, flat.row_length, flat.cost, flat.own_inbound, flat.own_outbound,
            self.least_in, self.least_out, choice_in, choice_out,
        )  # fmt: skip
        return ServiceTimeChoice(choice_in, choice_out)

    def core_problem(self) -> FlatProblem:
        """Give the problem that is left: the core's stages, with what was folded into them."""
        return self.problem.among(self.folding.core)

    def complete(self, choice: ServiceTimeChoice) -> ServiceTimeChoice:
        """Unfold a choice for the core problem into one for the whole component."""
        inbound = np.zeros(self.problem.n_stages, dtype=np.int64)
        outbound = np.zeros(self.problem.n_stages, dtype=np.int64)
        inbound[self.folding.core], outbound[self.folding.core] = choice.inbound, choice.outbound
        return self.unfold(inbound, outbound)

    def best_root(self) -> tuple[ServiceTimeChoice, float]:
        """Optimum of a component, or forest, in which each core stage stands alone.

        Raises
        ------
        InfeasibleError
            If no choice satisfies the limits.
        """
        choice, least = self.best_roots()
        total = float(sum(least.tolist()))
        if not np.isfinite(total):
            raise InfeasibleError("no service times satisfy the limits of this component")
        return choice, total

    def best_roots(self, roots: Integers | None = None) -> tuple[ServiceTimeChoice, Floats]:
        """Optimum where core stages stand alone, and what each of them costs with its tree.

        Parameters
        ----------
        roots : (n_roots,) int64, optional
            Those that do. Default: the core.

        Returns
        -------
        choice : ServiceTimeChoice
            Of the other trees it says nothing.
        least : (n_roots,) float64
            Money per period, ``inf`` where no choice satisfies the limits.
        """
        choice, least = self.chosen_roots(self.folding.core if roots is None else roots)
        return self.unfold(choice.inbound, choice.outbound), least

    def chosen_roots(self, roots: Integers) -> tuple[ServiceTimeChoice, Floats]:
        """As :meth:`best_roots`, with what has been chosen for the roots alone."""
        from echelon.kernels.tree_program import best_pairs

        flat = self.problem
        least = np.empty(len(roots))
        choice_in = np.zeros(flat.n_stages, dtype=np.int64)
        choice_out = np.zeros(flat.n_stages, dtype=np.int64)
        best_pairs(
            roots, flat.inbound_ptr, flat.outbound_ptr,
            flat.row_start, flat.row_length, flat.cost, flat.own_inbound, flat.own_outbound,
            choice_in, choice_out, least,
        )  # fmt: skip
        return ServiceTimeChoice(choice_in, choice_out), least


def best_pair(table: Floats) -> tuple[int, int]:
    """Position of the least entry; among equals the earliest inbound and the latest outbound."""
    rows, columns = np.nonzero(table == table.min())
    first = rows.min()
    return int(first), int(columns[rows == first].max())
