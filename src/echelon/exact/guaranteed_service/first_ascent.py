"""Fold many components and raise the bounds of their cores, all in one pass over them.

Most components are proven by the first round of dual ascent, before any plan has to be improved on
a tree drawn at random; what is said of these is what ``fold_and_ascend`` says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.exact.guaranteed_service.dual_ascent import (
    ROUNDING,
    SWEEPS_PER_ROUND,
    Messages,
    least_service_times,
)
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.folding import Folded, Folding
from echelon.exact.guaranteed_service.joined import JoinedProblem
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice
from echelon.network.compiled import Booleans, Floats, Integers


@dataclass(frozen=True, slots=True)
class FirstAscent:
    """Plans and bounds after one round.

    Attributes
    ----------
    choice : ServiceTimeChoice
        Of all components.
    cost, bound : (n_components,) float64
        Money per period; where no choice satisfies the limits the cost is ``inf``.
    is_tree : (n_components,) bool
        Which of them folded into single stages, so that nothing is left to prove.
    proven : (n_components,) bool
        Where nothing but rounding is left between cost and bound, so that the search ends here.
    """

    choice: ServiceTimeChoice
    cost: Floats
    bound: Floats
    is_tree: Booleans
    proven: Booleans

    @classmethod
    def of(cls, joined: JoinedProblem) -> FirstAscent:
        """Fold pendant trees, solve what is a tree, and sweep over the cores of the others."""
        problem, n = joined.problem, joined.n_components
        folding = Folding.of(problem)
        folded = Folded.of(problem, folding)
        of_stage = np.repeat(np.arange(n), np.diff(joined.stage_ptr))
        n_lanes = np.diff(problem.times.pred_ptr[joined.stage_ptr])
        is_tree = np.bincount(of_stage[folding.stage], minlength=n) == n_lanes
        alone = is_tree[of_stage[folding.core]]
        roots, core = folding.core[alone], folding.core[~alone]
        choice, least = folded.chosen_roots(roots)
        cost = np.zeros(n)
        np.add.at(cost, of_stage[roots], least)
        bound = cost.copy()
        if core.size:
            left = np.flatnonzero(~is_tree)
            ends = np.append(np.searchsorted(of_stage[core], left), len(core))
            found, cost[left], bound[left] = _first_round(folded.problem.among(core), ends)
            choice.inbound[core], choice.outbound[core] = found.inbound, found.outbound
        choice = folded.unfold(choice.inbound, choice.outbound)
        proven = np.isfinite(cost)
        proven[proven] = cost[proven] - bound[proven] <= ROUNDING * np.abs(cost[proven])
        return cls(choice, cost, np.minimum(bound, cost), is_tree, proven)


def _first_round(
    problem: FlatProblem, stage_ptr: Integers
) -> tuple[ServiceTimeChoice, Floats, Floats]:
    """Run the first round of dual ascent, component by component: plans, their costs and bounds."""
    from echelon.kernels.first_ascent import first_rounds  # numba: not before it is needed

    messages, times = Messages.of(problem), problem.times
    choice, n = least_service_times(problem), len(stage_ptr) - 1
    rounded_in, rounded_out = np.zeros((2, problem.n_stages), dtype=np.int64)
    cost, bound = np.empty(n), np.empty(n)
    first_rounds(
        stage_ptr, SWEEPS_PER_ROUND, times.pred_ptr, times.pred_stage,
        messages.succ_ptr, messages.succ_stage, messages.succ_lane, *messages.passed(),
        *messages.scratch, choice.inbound, choice.outbound, rounded_in, rounded_out, bound, cost,
    )  # fmt: skip
    return choice, cost, bound
