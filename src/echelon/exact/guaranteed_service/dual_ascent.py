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
from dataclasses import dataclass

import numpy as np

from echelon.exact.guaranteed_service.folding import FlatTables, Folded, Folding
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.rng import stream

_SWEEPS_PER_ROUND = 10
_ROUNDS_WITHOUT_GAIN = 8


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

    def contenders(self, problem: ServiceTimeProblem) -> ServiceTimeProblem:
        """Forbid every pair that no cheaper plan can use; candidates left without a pair go too.

        A pair's regret is what the bound rises by when the pair is forced; where that lifts the
        bound above the plan's cost the pair is out.
        """
        slack = self.slack(problem, self.cost)
        tables = [
            np.where(self.regret(j, table) <= slack, table, np.inf)
            for j, table in enumerate(problem.cost)
        ]
        return ServiceTimeProblem(problem.times, problem.inbound, problem.outbound, tables).kept()

    def slack(self, problem: ServiceTimeProblem, cost: float) -> float:
        """Largest regret of a pair that a plan cheaper than ``cost`` can use."""
        return max(cost - self.messages.bound(problem), 0.0) + 1e-9 * max(1.0, abs(cost))

    def regret(self, stage: int, table: Floats) -> Floats:
        """What forcing each pair of a stage adds to the bound, money per period."""
        reduced = self.messages.reduced(stage, table)
        return np.asarray(reduced - reduced.min())


def ascend(
    problem: ServiceTimeProblem,
    *,
    gap: float,
    time_limit: float | None = None,
    seed: int = 0,
    start: ServiceTimeChoice | None = None,
    trees: int = 4,
) -> Ascent:
    """Raise the bound and lower the plan's cost until they meet or neither moves any more.

    Parameters
    ----------
    problem : ServiceTimeProblem
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

    Returns
    -------
    Ascent
    """
    began = time.perf_counter()
    messages = Messages.of(problem)
    best = _least_service_times(problem) if start is None else start
    cost, bound = problem.evaluate(best), -np.inf
    idle = rounds = 0
    while idle < _ROUNDS_WITHOUT_GAIN:
        before = cost, bound
        for _ in range(_SWEEPS_PER_ROUND):
            bound = max(bound, messages.sweep())
        rounded = messages.round()
        for candidate in (rounded, best):
            for tree in range(trees):
                if not np.isfinite(problem.evaluate(candidate)):
                    break
                candidate = _improve_on_tree(problem, candidate, seed, rounds, tree)
            if problem.evaluate(candidate) < cost:
                best, cost = candidate, problem.evaluate(candidate)
        rounds += 1
        scale = max(abs(cost), 1e-12)
        if cost - bound <= gap * scale:
            break
        moved = (before[0] - cost) + (bound - before[1]) > 0.01 * max(cost - bound, gap * scale)
        idle = 0 if moved else idle + 1
        if time_limit is not None and time.perf_counter() - began > time_limit:
            break
    return Ascent(best, cost, min(bound, cost), rounds, messages)


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
    problem: ServiceTimeProblem, *, gap: float, time_limit: float | None = None
) -> FoldedAscent:
    """Fold pendant trees by dynamic programming and raise a bound on what is left.

    Parameters
    ----------
    problem : ServiceTimeProblem
    gap : float
        Relative gap at which to stop.
    time_limit : float, optional
        Seconds.

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
    ascent = ascend(folded.core_problem(), gap=gap, time_limit=time_limit)
    return FoldedAscent(folded.complete(ascent.choice), ascent.cost, ascent.bound, folded, ascent)


@dataclass(frozen=True, slots=True)
class Messages:
    """Costs passed along each lane, at the supplier's quote (phi) and the customer's inbound (psi).

    The arrays are changed by :meth:`sweep`; everything else only reads them.
    """

    tables: FlatTables
    pred_ptr: Integers
    pred_stage: Integers
    succ_ptr: Integers
    succ_stage: Integers
    succ_lane: Integers
    delay: Integers
    psi_ptr: Integers
    psi: Floats
    phi_ptr: Integers
    phi: Floats

    @classmethod
    def of(cls, problem: ServiceTimeProblem) -> Messages:
        """Start with nothing passed, which bounds each stage by itself."""
        times = problem.times
        tables = FlatTables.of(problem)
        customer, supplier = times.lane_customer, times.pred_stage
        by_supplier = np.argsort(supplier, kind="stable")
        n_customers = np.bincount(supplier, minlength=problem.n_stages)
        heard = np.diff(tables.inbound_ptr)[customer]
        quoted = np.diff(tables.outbound_ptr)[supplier]
        psi_ptr = np.concatenate([[0], np.cumsum(heard)]).astype(np.int64)
        phi_ptr = np.concatenate([[0], np.cumsum(quoted)]).astype(np.int64)
        return cls(
            tables=tables,
            pred_ptr=times.pred_ptr,
            pred_stage=supplier,
            succ_ptr=np.concatenate([[0], np.cumsum(n_customers)]).astype(np.int64),
            succ_stage=customer[by_supplier],
            succ_lane=by_supplier,
            delay=times.lane_delay,
            psi_ptr=psi_ptr,
            psi=np.zeros(psi_ptr[-1]),
            phi_ptr=phi_ptr,
            phi=np.zeros(phi_ptr[-1]),
        )

    def sweep(self) -> float:
        """Pass costs downstream and back up; returns the bound, money per period."""
        from echelon.kernels.dual_ascent import push_downstream, push_upstream

        t = self.tables
        candidates = (
            self.delay, t.inbound_ptr, t.inbound, t.outbound_ptr, t.outbound, t.cost_ptr, t.cost,
            self.psi_ptr, self.psi, self.phi_ptr, self.phi,
        )  # fmt: skip
        scratch = self._scratch()
        push_downstream(
            self.pred_ptr, self.succ_ptr, self.succ_stage, self.succ_lane, *candidates, *scratch
        )
        return float(
            push_upstream(
                self.pred_ptr, self.pred_stage, self.succ_ptr, self.succ_lane,
                *candidates, *scratch,
            )
        )  # fmt: skip

    def round(self) -> ServiceTimeChoice:
        """Choose greedily, upstream first, by the costs that have been passed up."""
        from echelon.kernels.dual_ascent import round_downstream

        t = self.tables
        n = len(self.pred_ptr) - 1
        choice = ServiceTimeChoice(np.zeros(n, np.int64), np.zeros(n, np.int64))
        at_inbound, at_outbound, _ = self._scratch()
        round_downstream(
            self.pred_ptr, self.pred_stage, self.succ_ptr, self.succ_lane, self.delay,
            t.inbound_ptr, t.inbound, t.outbound_ptr, t.outbound, t.cost_ptr, t.cost,
            self.psi_ptr, self.psi, self.phi_ptr, self.phi,
            at_inbound, at_outbound, choice.inbound, choice.outbound,
        )  # fmt: skip
        return choice

    def bound(self, problem: ServiceTimeProblem) -> float:
        """Lower bound that the messages prove as they stand, money per period."""
        return float(sum(self.reduced(j, table).min() for j, table in enumerate(problem.cost)))

    def reduced(self, stage: int, table: Floats) -> Floats:
        """A stage's costs with the messages added: what its term of the bound is the least of."""
        at_inbound = np.zeros(table.shape[0])
        at_outbound = np.zeros(table.shape[1])
        for lane in range(self.pred_ptr[stage], self.pred_ptr[stage + 1]):
            at_inbound += self.psi[self.psi_ptr[lane] : self.psi_ptr[lane + 1]]
        for k in range(self.succ_ptr[stage], self.succ_ptr[stage + 1]):
            lane = self.succ_lane[k]
            at_outbound += self.phi[self.phi_ptr[lane] : self.phi_ptr[lane + 1]]
        return np.asarray(table + at_inbound[:, None] + at_outbound[None, :])

    def _scratch(self) -> tuple[Floats, Floats, Floats]:
        t = self.tables
        rows = int(np.diff(t.inbound_ptr).max(initial=0))
        columns = int(np.diff(t.outbound_ptr).max(initial=0))
        return np.empty(rows), np.empty(columns), np.empty(max(rows, columns))


def _least_service_times(problem: ServiceTimeProblem) -> ServiceTimeChoice:
    """Quote the least service time everywhere: feasible wherever anything is."""
    least = np.array([time[0] for time in problem.outbound])
    return problem.locate(*problem.times.settled(least))


def _improve_on_tree(
    problem: ServiceTimeProblem, choice: ServiceTimeChoice, seed: int, attempt: int, tree: int
) -> ServiceTimeChoice:
    """Solve exactly along a random spanning tree; the choice itself stays feasible, so never worse.

    A lane outside the tree is frozen at a time between its supplier's delivery and its customer's
    inbound service time: the one may not deliver later, the other may not ask for it earlier.
    """
    times = problem.times
    rng = stream(seed, "spanning tree", attempt, tree)
    customer, supplier = times.lane_customer, times.pred_stage
    inside = _spanning_forest(supplier, customer, rng.permutation(len(supplier)), times.n_stages)
    inbound, outbound = problem.chosen(choice)
    delivered = outbound[supplier] + times.lane_delay
    frozen = np.where(rng.random(len(supplier)) < 0.5, delivered, inbound[customer])
    latest = np.full(times.n_stages, np.iinfo(np.int64).max)
    earliest = np.full(times.n_stages, np.iinfo(np.int64).min)
    out = ~inside
    np.minimum.at(latest, supplier[out], (frozen - times.lane_delay)[out])
    np.maximum.at(earliest, customer[out], frozen[out])
    tables = FlatTables.of(problem)
    for j in range(problem.n_stages):
        table = tables.table(j)
        table[: np.searchsorted(problem.inbound[j], earliest[j]), :] = np.inf
        table[:, np.searchsorted(problem.outbound[j], latest[j], side="right") :] = np.inf
    found, _ = Folded.of(problem, Folding.of(problem, inside), tables).best_root()
    return found


def _spanning_forest(
    supplier: Integers, customer: Integers, order: Integers, n_stages: int
) -> Booleans:
    """Lanes that join two parts not joined yet, taken in the given order (Kruskal)."""
    root = list(range(n_stages))

    def find(j: int) -> int:
        while root[j] != j:
            root[j] = root[root[j]]
            j = root[j]
        return j

    inside = np.zeros(len(supplier), dtype=bool)
    ends = list(zip(supplier.tolist(), customer.tolist(), strict=True))
    for lane in order.tolist():
        a, b = find(ends[lane][0]), find(ends[lane][1])
        if a != b:
            root[a] = b
            inside[lane] = True
    return inside
