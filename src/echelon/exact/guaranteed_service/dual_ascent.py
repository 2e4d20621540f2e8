"""Bound and plan for a component of any shape, without a solver: dual ascent and tree descent.

A lower bound rises by passing costs along the lanes, first downstream and then upstream, as in
sequential tree-reweighted message passing [1]_. A plan is rounded from the messages and improved by
exact dynamic programs on random spanning trees, the other lanes frozen where they stand. Where
bound and plan meet, the plan is proven optimal; where they do not, the messages say which pairs of
service times cannot be in any better plan.

References
----------
.. [1] Kolmogorov (2006), Convergent tree-reweighted message passing for energy minimization,
   *IEEE Transactions on Pattern Analysis and Machine Intelligence* 28(10).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.folding import Folded, Folding
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.exact.guaranteed_service.runs import pointers
from echelon.exact.guaranteed_service.tree_descent import improve_on_tree
from echelon.network.compiled import Floats, Integers
from echelon.rng import stream

_Passed: TypeAlias = tuple[
    Integers, Integers, Integers, Integers, Integers, Integers, Integers,
    Floats, Floats, Floats, Integers, Floats, Integers, Floats,
]  # fmt: skip
Watch: TypeAlias = Callable[[float, float, Callable[[], ServiceTimeChoice]], None]
"""Told the bound, the cost of the best plan, and how to get that plan."""

SWEEPS_PER_ROUND = 10
_ROUNDS_PLAIN = 5
"""Rounds before messages are pressed on: those that are not round to better plans."""
_TREES_WHILE_FALLING = 5
_WORTHWHILE = 0.002
"""Share of the gap that a round must close for its kind of work to go on."""
_ROUNDS_WITHOUT_GAIN = 8
ROUNDING = 1e-13
"""A share of a cost that is nothing but rounding."""


@dataclass(frozen=True, slots=True)
class Ascent:
    """A plan and a bound, and the messages that prove it.

    Attributes
    ----------
    choice : ServiceTimeChoice
    cost, bound : float
        Money per period; ``bound <= cost``.
    rounds : int
    """

    choice: ServiceTimeChoice
    cost: float
    bound: float
    rounds: int
    messages: Messages

    def contenders(self, problem: FlatProblem | ServiceTimeProblem) -> ServiceTimeProblem:
        """Forbid every pair that no cheaper plan can use; candidates left without a pair go too.

        A pair's regret is what the bound rises by when the pair is forced; where that lifts the
        bound above the plan's cost the pair is out.
        """
        slack = self.slack(problem, self.cost)
        whole = problem.dense() if isinstance(problem, FlatProblem) else problem
        tables = [
            np.where(self.regret(j, table) <= slack, table, np.inf)
            for j, table in enumerate(whole.cost)
        ]
        return ServiceTimeProblem(whole.times, whole.inbound, whole.outbound, tables).kept()

    def slack(self, problem: FlatProblem | ServiceTimeProblem, cost: float) -> float:
        """Largest regret of a pair that a plan cheaper than ``cost`` can use."""
        return max(cost - self.messages.bound(problem), 0.0) + 1e-9 * max(1.0, abs(cost))

    def regret(self, stage: int, table: Floats) -> Floats:
        """What forcing each pair of a stage adds to the bound, money per period."""
        reduced = self.messages.reduced(stage, table)
        return np.asarray(reduced - reduced.min())


def ascend(
    problem: FlatProblem | ServiceTimeProblem,
    *,
    gap: float,
    time_limit: float | None = None,
    seed: int = 0,
    start: ServiceTimeChoice | None = None,
    trees: int = 4,
    messages: Messages | None = None,
    watch: Watch | None = None,
) -> Ascent:
    """Raise the bound and lower the plan's cost until they meet or neither moves any more.

    Parameters
    ----------
    problem : FlatProblem or ServiceTimeProblem
    gap : float
        Relative gap at which to stop.
    time_limit : float, optional
        Seconds.
    seed : int, default 0
        Of the spanning trees.
    start : ServiceTimeChoice, optional
        A plan to improve on. Default: the least service times.
    trees : int, default 4
        Spanning trees tried in a round on each of two plans.
    messages : Messages, optional
        Of the same candidates, to go on from; they are changed. Default: nothing passed yet.
    watch : callable, optional
        Called before the first round and after every round.

    Returns
    -------
    Ascent
    """
    began = time.perf_counter()

    def late() -> bool:
        return time_limit is not None and time.perf_counter() - began > time_limit

    flat = FlatProblem.of(problem)
    passed = Messages.of(flat) if messages is None else messages
    best = least_service_times(flat) if start is None else start
    cost, bound = flat.evaluate(best), -np.inf
    if watch is not None:
        watch(bound, cost, _given(best))
    idle = rounds = pressed = 0
    sweeps, tries = SWEEPS_PER_ROUND, trees
    before = passed.psi.copy()
    while idle < _ROUNDS_WITHOUT_GAIN:
        last = cost, bound
        for sweep in range(sweeps):
            if sweep and late():
                break
            if rounds >= _ROUNDS_PLAIN:
                passed.press_on(before, pressed / (pressed + 3.0))
                pressed += 1
            bound = max(bound, passed.sweep())
        rounded = passed.round()
        told = flat.evaluate(rounded)
        plans = [rounded] if np.isfinite(told) and (rounds < _ROUNDS_PLAIN or told < cost) else []
        for candidate in (*plans, best):
            price = flat.evaluate(candidate)
            for tree in range(tries):
                if late() or meet(bound, min(price, cost)):
                    break
                draw = stream(seed, "spanning tree", rounds, tree)
                candidate = improve_on_tree(flat, candidate, draw, rounds + tree)
                price = flat.evaluate(candidate)
            if price < cost:
                best, cost = candidate, price
        rounds += 1
        if watch is not None:
            watch(min(bound, cost), cost, _given(best))
        left = max(cost - bound, gap * max(abs(cost), 1e-12))
        if cost - bound <= gap * max(abs(cost), 1e-12):
            break
        # the work goes where it still pays: into the bound, into the plan, or into both
        rise, fall = bound - last[1], last[0] - cost
        sweeps = SWEEPS_PER_ROUND if rise > _WORTHWHILE * left else SWEEPS_PER_ROUND // 2
        tries = _TREES_WHILE_FALLING * trees if fall > _WORTHWHILE * left else trees
        idle = 0 if rise + fall > _WORTHWHILE * left else idle + 1
        if late():
            break
    return Ascent(best, cost, min(bound, cost), rounds, passed)


def meet(bound: float, cost: float) -> bool:
    """Whether nothing but rounding is left between the two, so that no plan is any better."""
    return bool(cost - bound <= ROUNDING * abs(cost) < np.inf)


@dataclass(frozen=True, slots=True)
class FoldedAscent:
    """A plan and a bound for a component whose pendant trees were folded away first.

    Attributes
    ----------
    choice : ServiceTimeChoice
    cost, bound : float
        Money per period.
    folded : Folded
    ascent : Ascent or None
        On the core that was left; None where everything folded into one stage.
    """

    choice: ServiceTimeChoice
    cost: float
    bound: float
    folded: Folded
    ascent: Ascent | None


def fold_and_ascend(
    problem: FlatProblem | ServiceTimeProblem,
    *,
    gap: float,
    time_limit: float | None = None,
    start: ServiceTimeChoice | None = None,
    watch: Watch | None = None,
) -> FoldedAscent:
    """Fold pendant trees by dynamic programming and raise a bound on what is left.

    Parameters
    ----------
    problem : FlatProblem or ServiceTimeProblem
    gap : float
        Relative gap at which to stop.
    time_limit : float, optional
        Seconds.
    start : ServiceTimeChoice, optional
        A plan for the whole component to improve on.
    watch : callable, optional
        As in :func:`ascend`; the plan it can ask for is one for the whole component. Not called
        where everything folds into one stage.

    Returns
    -------
    FoldedAscent

    Raises
    ------
    InfeasibleError
        If no choice satisfies the limits of a tree.
    """
    folded = Folded.of(problem, Folding.of(problem))
    if folded.folding.is_tree:
        choice, cost = folded.best_root()
        return FoldedAscent(choice, cost, cost, folded, None)
    core = folded.folding.core
    ascent = ascend(
        folded.core_problem(),
        gap=gap,
        time_limit=time_limit,
        start=None
        if start is None
        else ServiceTimeChoice(start.inbound[core], start.outbound[core]),
        watch=None if watch is None else _of_whole(watch, folded),
    )
    return FoldedAscent(folded.complete(ascent.choice), ascent.cost, ascent.bound, folded, ascent)


def _given(plan: ServiceTimeChoice) -> Callable[[], ServiceTimeChoice]:
    return lambda: plan


def _of_whole(watch: Watch, folded: Folded) -> Watch:
    def told(bound: float, cost: float, plan: Callable[[], ServiceTimeChoice]) -> None:
        watch(bound, cost, lambda: folded.complete(plan()))

    return told


@dataclass(frozen=True, slots=True)
class Messages:
    """Costs passed along each lane, at the supplier's quote (phi) and the customer's inbound (psi).

    The arrays are changed by :meth:`sweep`; everything else only reads them.
    """

    problem: FlatProblem
    succ_ptr: Integers
    succ_stage: Integers
    succ_lane: Integers
    psi_ptr: Integers
    psi: Floats
    phi_ptr: Integers
    phi: Floats
    scratch: tuple[Floats, Floats, Floats]

    @classmethod
    def of(cls, problem: FlatProblem | ServiceTimeProblem) -> Messages:
        """Start with nothing passed, which bounds each stage by itself."""
        flat = FlatProblem.of(problem)
        customer, supplier = flat.times.lane_customer, flat.times.pred_stage
        by_supplier = np.argsort(supplier, kind="stable")
        psi_ptr = pointers(np.diff(flat.inbound_ptr)[customer])
        phi_ptr = pointers(np.diff(flat.outbound_ptr)[supplier])
        return cls(
            problem=flat,
            succ_ptr=pointers(np.bincount(supplier, minlength=flat.n_stages)),
            succ_stage=customer[by_supplier],
            succ_lane=by_supplier,
            psi_ptr=psi_ptr,
            psi=np.zeros(psi_ptr[-1]),
            phi_ptr=phi_ptr,
            phi=np.zeros(phi_ptr[-1]),
            scratch=_scratch(flat),
        )

    def sweep(self) -> float:
        """Pass costs downstream and back up; returns the bound, money per period."""
        from echelon.kernels.dual_ascent import push_downstream, push_upstream

        times = self.problem.times
        passed = self.passed()
        push_downstream(
            0,
            times.n_stages,
            times.pred_ptr,
            self.succ_ptr,
            self.succ_stage,
            self.succ_lane,
            *passed,
            *self.scratch,
        )
        return float(
            push_upstream(
                0, times.n_stages, times.pred_ptr, times.pred_stage, self.succ_ptr, self.succ_lane,
                *passed, *self.scratch,
            )
        )  # fmt: skip

    def press_on(self, before: Floats, share: float) -> None:
        """Move the messages on by a share of their last change: what they bound stays a bound.

        ``before`` is psi after the sweep before, and is overwritten with psi as it is.
        """
        from echelon.kernels.dual_ascent import press_on

        flat, times = self.problem, self.problem.times
        press_on(
            times.pred_ptr, times.pred_stage, times.lane_delay,
            flat.inbound_ptr, flat.inbound, flat.outbound_ptr, flat.outbound,
            self.psi_ptr, self.psi, self.phi_ptr, self.phi, before, share,
        )  # fmt: skip

    def round(self) -> ServiceTimeChoice:
        """Choose greedily, upstream first, by the costs that have been passed up."""
        from echelon.kernels.dual_ascent import round_downstream

        times = self.problem.times
        n = times.n_stages
        choice = ServiceTimeChoice(np.zeros(n, np.int64), np.zeros(n, np.int64))
        at_inbound, at_outbound, _ = self.scratch
        round_downstream(
            0, n, times.pred_ptr, times.pred_stage, self.succ_ptr, self.succ_lane, *self.passed(),
            at_inbound, at_outbound, choice.inbound, choice.outbound,
        )  # fmt: skip
        return choice

    def bound(self, problem: FlatProblem | ServiceTimeProblem) -> float:
        """Lower bound that the messages prove as they stand, money per period."""
        whole = problem.dense() if isinstance(problem, FlatProblem) else problem
        return float(sum(self.reduced(j, table).min() for j, table in enumerate(whole.cost)))

    def reduced(self, stage: int, table: Floats) -> Floats:
        """A stage's costs with the messages added: what its term of the bound is the least of."""
        at_inbound = np.zeros(table.shape[0])
        at_outbound = np.zeros(table.shape[1])
        pred_ptr = self.problem.times.pred_ptr
        for lane in range(pred_ptr[stage], pred_ptr[stage + 1]):
            at_inbound += self.psi[self.psi_ptr[lane] : self.psi_ptr[lane + 1]]
        for k in range(self.succ_ptr[stage], self.succ_ptr[stage + 1]):
            lane = self.succ_lane[k]
            at_outbound += self.phi[self.phi_ptr[lane] : self.phi_ptr[lane + 1]]
        return np.asarray(table + at_inbound[:, None] + at_outbound[None, :])

    def passed(self) -> _Passed:
        """Delays, candidates, costs and messages, as kernels take them."""
        flat = self.problem
        return (
            flat.times.lane_delay, flat.inbound_ptr, flat.inbound, flat.outbound_ptr,
            flat.outbound, flat.row_start, flat.row_length, flat.cost, flat.own_inbound,
            flat.own_outbound, self.psi_ptr, self.psi, self.phi_ptr, self.phi,
        )  # fmt: skip


def _scratch(problem: FlatProblem) -> tuple[Floats, Floats, Floats]:
    """Room for the costs of one stage's inbound times, of its outbound times, and of either."""
    rows = int(np.diff(problem.inbound_ptr).max(initial=0))
    columns = int(np.diff(problem.outbound_ptr).max(initial=0))
    return np.empty(rows), np.empty(columns), np.empty(max(rows, columns))


def least_service_times(problem: FlatProblem) -> ServiceTimeChoice:
    """Quote the least service time everywhere: feasible wherever anything is."""
    least = problem.outbound[problem.outbound_ptr[:-1]]
    return problem.locate(*problem.times.settled(least))
