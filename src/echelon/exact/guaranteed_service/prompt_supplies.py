"""Plans that use every supply as soon as it is complete, where waiting would seem to save.

A lane's constraint lets a stage hear its supplies later than they are complete. Where costs never
fall as the net replenishment time grows, no plan gains by that. Other costs do fall: a base stock
of whole units does not rise with every hour, while the demand that is expected meanwhile does. No
plan lets supplies lie for that, so what such a wait would save is charged.

Say that the stage's supplies are complete when those of one lane are, at ``ready``, a function of
the supplier's quote ``S`` alone. Then a charge ``k * (SI - ready(S))`` is one term of the inbound
time and one of the quote, so every solver takes it as it takes any cost, and where ``k`` is at
least what a wait can save, here and at all stages downstream, the best plan has none. A stage with
several suppliers is charged for the lane that is said to be its last; without a charge, the
problem is a relaxation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.exact.guaranteed_service.flat import FlatProblem, common_units
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Booleans, Floats, Integers

ANY = -1
"""In place of a lane: any may be the last, and a wait is not charged."""
OUTSIDE = -2
"""In place of a lane: nothing is later than what comes from outside."""
_MOST_FOLLOWED = 2_000
"""Stages up to which it is followed where goods go."""
_NEVER = -(2**62)
"""Before any time there is, ticks."""


@dataclass(frozen=True, slots=True)
class PromptSupplies:
    """A problem, and what a wait for nothing saves at most.

    Attributes
    ----------
    problem : FlatProblem
        Its candidates hold every settled plan.
    saved : (n_stages,) float64
        Money per period and tick of waiting, at the stage and all those downstream; 0 where no
        stage there gains by it.
    """

    problem: FlatProblem
    saved: Floats

    @classmethod
    def of(cls, problem: FlatProblem, stage_ptr: Integers | None = None) -> PromptSupplies | None:
        """Find what waits save; None where they save nothing, or too little is known of costs.

        ``stage_ptr`` (n_components + 1,) says where the stages of each component begin, where the
        problem is of several.
        """
        if problem.curves is None:
            return None
        ptr = np.array([0, problem.n_stages]) if stage_ptr is None else stage_ptr
        falls = problem.curves.steepest_falls(problem.cost)
        saved = _over_downstream(problem.times, falls, ptr)
        # where quotes are rounded up, a short wait may put one off by a whole unit
        unit = problem.times.quote_unit
        saved *= np.repeat(unit / np.minimum(common_units(problem.times, ptr), unit), np.diff(ptr))
        saved[np.diff(problem.times.pred_ptr) == 0] = 0.0  # an outside supplier's quote is given
        return cls(problem, saved) if saved.any() else None

    def only_lanes(self) -> Integers:
        """Last lane into each stage where there is but one, ``ANY`` elsewhere, (n_stages,)."""
        ptr = self.problem.times.pred_ptr
        alone = (np.diff(ptr) == 1) & ~self.may_be_outside() & (self.saved > 0.0)
        return np.where(alone, ptr[:-1], ANY)

    def may_be_outside(self) -> Booleans:
        """Whether supplies from outside may be later than all others, (n_stages,).

        Only asked where quotes are rounded up. Else the charge for a lane counts them in; but with
        them a stage may wait for the next quote of its supplier and lose nothing, and may do the
        same after an earlier one.
        """
        times, first = self.problem.times, self.problem.outbound[self.problem.outbound_ptr[:-1]]
        latest = np.full(times.n_stages, times.inbound_low.max(initial=0))
        if times.quote_unit > 1:
            latest[np.diff(times.pred_ptr) > 0] = _NEVER
            np.maximum.at(latest, times.lane_customer, first[times.pred_stage] + times.lane_delay)
        return np.asarray(times.inbound_low > latest)

    def charged(self, last: Integers) -> FlatProblem:
        """Charge the waits of stages whose supplies are complete with those of a given lane.

        Settled plans in which those lanes are the last are charged nothing; all other plans pay at
        least what they seem to save.

        Parameters
        ----------
        last : (n_stages,) int64
            Lanes, ``OUTSIDE`` or ``ANY``.
        """
        from echelon.kernels.prompt_supplies import charge_waits, take_back  # when it is needed

        problem, times = self.problem, self.problem.times
        changed = problem.with_terms(problem.own_inbound.copy(), problem.own_outbound.copy())
        back = np.empty(len(problem.inbound))
        n_pairs = charge_waits(
            last, times.quote_unit, times.pred_stage, times.lane_delay, times.process,
            times.inbound_low, problem.inbound_ptr, problem.inbound,
            problem.outbound_ptr, problem.outbound, problem.row_length, self.saved,
            changed.own_inbound, changed.own_outbound, back,
        )  # fmt: skip
        if not n_pairs:
            return changed
        cost, row_start = np.empty(len(problem.cost) + n_pairs), problem.row_start.copy()
        cost[: len(problem.cost)] = problem.cost
        take_back(back, row_start, problem.row_length, cost, len(problem.cost))
        return changed.with_rows(cost, row_start)

    def waiting(self, choice: ServiceTimeChoice) -> Floats:
        """What each stage's wait saves at most in a plan of the candidates, money per period."""
        return self.saved * waits(self.problem, choice)


def waits(problem: FlatProblem, choice: ServiceTimeChoice) -> Integers:
    """How long each stage lets its supplies lie in a plan of the candidates, ticks."""
    heard, quoted = problem.chosen(choice)
    prompt, _ = problem.times.settled(quoted)
    return heard - prompt


def _over_downstream(times: ServiceTimes, falls: Floats, stage_ptr: Integers) -> Floats:
    """Sum over a stage and all those that its goods reach, (n_stages,).

    In large components over all stages instead, which is never less.
    """
    from echelon.kernels.prompt_supplies import sums_of_components  # numba: when it is needed

    sizes, saved = np.diff(stage_ptr), np.zeros(times.n_stages)
    large = sizes > _MOST_FOLLOWED
    falling = np.flatnonzero((falls > 0.0) & ~np.repeat(large, sizes))
    if falling.size:
        place_ptr = np.searchsorted(falling, stage_ptr)
        some = np.diff(place_ptr) > 0
        reached = np.empty((sizes[some].max(), np.diff(place_ptr).max()), dtype=np.bool_)
        sums_of_components(
            stage_ptr, times.pred_ptr[stage_ptr], times.pred_stage, times.lane_customer,
            place_ptr, falling, falls[falling], reached, saved,
        )  # fmt: skip
    for c in np.flatnonzero(large).tolist():
        own = slice(stage_ptr[c], stage_ptr[c + 1])
        saved[own] = falls[own].sum()
    return saved
