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
from echelon.exact.guaranteed_service.runs import within_runs
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
        problem, times = self.problem, self.problem.times
        stages = np.flatnonzero(last != ANY)
        by_lane = last[stages] >= 0
        lanes = np.where(by_lane, last[stages], 0)
        supplier, delay = times.pred_stage[lanes], times.lane_delay[lanes]
        rate, earliest = self.saved[stages], times.inbound_low[stages]
        own_inbound, own_outbound = problem.own_inbound.copy(), problem.own_outbound.copy()

        counts = np.diff(problem.outbound_ptr)[supplier] * by_lane
        at = np.repeat(problem.outbound_ptr[supplier], counts) + within_runs(counts)
        ready = np.maximum(
            problem.outbound[at] + np.repeat(delay, counts), np.repeat(earliest, counts)
        )
        own_outbound -= np.bincount(at, np.repeat(rate, counts) * ready, len(own_outbound))

        counts = np.diff(problem.inbound_ptr)[stages]
        rows = np.repeat(problem.inbound_ptr[stages], counts) + within_runs(counts)
        rate, heard = np.repeat(rate, counts), problem.inbound[rows]
        own_inbound[rows] += rate * (heard - np.repeat(np.where(by_lane, 0, earliest), counts))
        changed = problem.with_terms(own_inbound, own_outbound)
        if times.quote_unit == 1:
            return changed
        newest = self._newest(supplier, counts, heard - np.repeat(delay, counts))
        newest = np.where(np.repeat(by_lane, counts), newest, _NEVER)
        wait = heard - np.maximum(newest + np.repeat(delay, counts), np.repeat(earliest, counts))
        some = (wait > 0) & (wait < times.quote_unit)
        return _rounded_up(changed, rows[some], (rate * wait)[some])

    def waiting(self, choice: ServiceTimeChoice) -> Floats:
        """What each stage's wait saves at most in a plan of the candidates, money per period."""
        return self.saved * waits(self.problem, choice)

    def _newest(self, supplier: Integers, counts: Integers, until: Integers) -> Integers:
        """Latest quotes of suppliers that are not after given times, ``counts`` of each; ticks.

        The quotes of a stage are all equally far apart. Before the first there is none: far away.
        """
        quoted, ptr = self.problem.outbound, self.problem.outbound_ptr
        first, final = quoted[ptr[supplier]], quoted[ptr[supplier + 1] - 1]
        steps = np.maximum(np.diff(ptr)[supplier] - 1, 1)
        unit = np.maximum((final - first) // steps, 1)
        first, final, unit = (np.repeat(one, counts) for one in (first, final, unit))
        newest = np.minimum(first + (until - first) // unit * unit, final)
        return np.where(until < first, _NEVER, newest)


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


def _rounded_up(problem: FlatProblem, rows: Integers, charge: Floats) -> FlatProblem:
    """Take a charge back where supplies wait for the next multiple of the unit, and no stock does.

    ``rows``: inbound times that are less than a unit after the supplies are complete. With the
    quote that leaves nothing to cover they are as good as complete.
    """
    times = problem.times
    of = np.searchsorted(problem.inbound_ptr, rows, side="right") - 1
    length = problem.row_length[rows]
    final = problem.outbound[problem.outbound_ptr[of] + np.maximum(length, 1) - 1]
    through = (length > 0) & (problem.inbound[rows] + times.process[of] == final)
    rows, length, charge = rows[through], length[through], charge[through]
    at = np.repeat(problem.row_start[rows], length) + within_runs(length)
    added, ends = problem.cost[at], np.cumsum(length)
    added[ends - 1] -= charge
    row_start = problem.row_start.copy()
    row_start[rows] = len(problem.cost) + ends - length
    return problem.with_rows(np.concatenate([problem.cost, added]), row_start)
