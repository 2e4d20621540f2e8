r"""Guaranteed service on any acyclic network: the joint-distribution model, declared in Pyomo.

For each stage a probability ``pair[j, a, b]`` that it hears inbound service time ``a`` and quotes
outbound service time ``b``, both among its candidates:

.. math::

    \min \sum_j\sum_{a,b} c_j(a,b)\,p_j(a,b) \quad\text{s.t.}\quad
    \sum_{a,b} p_j(a,b) = 1,\qquad
    P(SI_j \le t) \le P(S_i + L_{ij} \le t) \;\text{for each lane } (i,j) \text{ and candidate } t.

The lane rows say that a supplier's delivery is stochastically no later than its customer's inbound
service time. With ``pair`` binary this is the problem itself. With ``pair`` continuous it is exact
on trees, where the marginals can be glued together along the lanes, and a lower bound elsewhere,
which on real supply chains is nearly always met [1]_. Any separable cost of the two service times
enters through ``pair_cost`` alone.

The probabilities on both sides of a lane row are running sums of ``pair``. As variables of their
own they keep the matrix thin, which many candidates need. Where there are few, it is quicker to
write each of them out where it is used; both say the same.

References
----------
.. [1] Blaettchen & co-authors, *Joint distributions of service times in guaranteed-service supply
   chains* (SSRN 5125427, abstract); the explicit form and the rounding here are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo

from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.network.compiled import Integers


def build(problem: ServiceTimeProblem, *, integer: bool = False, written_out: bool = False) -> Any:
    """Declare the model for the candidates and lanes of a problem; the costs are still zero.

    Parameters
    ----------
    problem : ServiceTimeProblem
        Pairs whose cost is ``inf`` are left out.
    integer : bool, default False
        Make ``pair`` binary.
    written_out : bool, default False
        Make the running sums expressions of ``pair`` instead of variables.

    Returns
    -------
    pyomo.environ.ConcreteModel
        With ``pair``, ``inbound_by`` and ``outbound_by``, ``pair_cost`` and ``cost``.
    """
    return build_together([problem], integer=integer, written_out=written_out)


def build_together(
    problems: Sequence[ServiceTimeProblem], *, integer: bool = False, written_out: bool = False
) -> Any:
    """Declare one model for several components, their stages numbered on from one to the next."""
    first = np.concatenate([[0], np.cumsum([problem.n_stages for problem in problems])]).tolist()
    stages = [(p, j) for p, problem in enumerate(problems) for j in range(problem.n_stages)]
    n_inbound = [len(problems[p].inbound[j]) for p, j in stages]
    n_outbound = [len(problems[p].outbound[j]) for p, j in stages]
    feasible = [np.argwhere(np.isfinite(problems[p].cost[j])).tolist() for p, j in stages]
    m = pyo.ConcreteModel(name="guaranteed_service")
    m.STAGE = pyo.RangeSet(0, len(stages) - 1, doc="stage")
    m.INBOUND = pyo.Set(
        initialize=[(j, a) for j, size in enumerate(n_inbound) for a in range(size)],
        doc="stage, position of a candidate inbound service time",
    )
    m.OUTBOUND = pyo.Set(
        initialize=[(j, b) for j, size in enumerate(n_outbound) for b in range(size)],
        doc="stage, position of a candidate outbound service time",
    )
    m.PAIR = pyo.Set(
        initialize=[(j, a, b) for j, pairs in enumerate(feasible) for a, b in pairs],
        doc="stage, inbound and outbound candidate that its times allow together",
    )
    m.pair_cost = pyo.Param(m.PAIR, mutable=True, default=0.0, doc="money per period")
    m.pair = pyo.Var(
        m.PAIR,
        domain=pyo.Binary if integer else pyo.NonNegativeReals,
        doc="probability that the stage hears the one and quotes the other",
    )
    with_inbound: dict[tuple[int, int], list[Any]] = {}
    with_outbound: dict[tuple[int, int], list[Any]] = {}
    for j, pairs in enumerate(feasible):
        for a, b in pairs:
            with_inbound.setdefault((j, a), []).append(m.pair[j, a, b])
            with_outbound.setdefault((j, b), []).append(m.pair[j, a, b])
    if written_out:
        _write_out_sums(m, with_inbound, with_outbound)
    else:
        _accumulate(m, with_inbound, with_outbound)
    m.choose = pyo.Constraint(m.STAGE, rule=lambda m, j: m.inbound_by[j, n_inbound[j] - 1] == 1)
    m.deliver = pyo.ConstraintList(doc="a supplier delivers no later than its customer is told")
    for problem, offset in zip(problems, first, strict=False):
        _deliver(m, problem, offset)
    m.cost = pyo.Objective(expr=pyo.sum_product(m.pair_cost, m.pair), doc="money per period")
    return m


_Pairs = dict[tuple[int, int], list[Any]]
_INBOUND_BY = "P(inbound service time <= candidate)"
_OUTBOUND_BY = "P(outbound service time <= candidate)"


def _accumulate(m: Any, with_inbound: _Pairs, with_outbound: _Pairs) -> None:
    """Add the running sums as variables, each the one before it and the pairs that it adds."""
    m.inbound_by = pyo.Var(m.INBOUND, bounds=(0, 1), doc=_INBOUND_BY)
    m.outbound_by = pyo.Var(m.OUTBOUND, bounds=(0, 1), doc=_OUTBOUND_BY)

    def accumulate_inbound(m: Any, j: int, a: int) -> Any:
        before = m.inbound_by[j, a - 1] if a else 0.0
        return m.inbound_by[j, a] - before == sum(with_inbound.get((j, a), ()))

    def accumulate_outbound(m: Any, j: int, b: int) -> Any:
        before = m.outbound_by[j, b - 1] if b else 0.0
        return m.outbound_by[j, b] - before == sum(with_outbound.get((j, b), ()))

    m.accumulate_inbound = pyo.Constraint(m.INBOUND, rule=accumulate_inbound)
    m.accumulate_outbound = pyo.Constraint(m.OUTBOUND, rule=accumulate_outbound)


def _write_out_sums(m: Any, with_inbound: _Pairs, with_outbound: _Pairs) -> None:
    """Add the running sums as expressions of the pairs."""

    def inbound_by(_: Any, j: int, a: int) -> Any:
        return pyo.quicksum(one for k in range(a + 1) for one in with_inbound.get((j, k), ()))

    def outbound_by(_: Any, j: int, b: int) -> Any:
        return pyo.quicksum(one for k in range(b + 1) for one in with_outbound.get((j, k), ()))

    m.inbound_by = pyo.Expression(m.INBOUND, rule=inbound_by, doc=_INBOUND_BY)
    m.outbound_by = pyo.Expression(m.OUTBOUND, rule=outbound_by, doc=_OUTBOUND_BY)


def _deliver(m: Any, problem: ServiceTimeProblem, offset: int) -> None:
    """Add the lane rows of a component whose first stage is numbered ``offset``."""
    times = problem.times
    for j in range(problem.n_stages):
        for lane in range(times.pred_ptr[j], times.pred_ptr[j + 1]):
            i = int(times.pred_stage[lane])
            arrives = problem.outbound[i] + times.lane_delay[lane]
            by_then = np.searchsorted(arrives, problem.inbound[j], side="right") - 1
            for a, b in enumerate(by_then.tolist()):
                if b < len(arrives) - 1:  # else the supplier has surely delivered
                    delivered = m.outbound_by[offset + i, b] if b >= 0 else 0.0
                    m.deliver.add(m.inbound_by[offset + j, a] <= delivered)


def load(model: Any, problem: ServiceTimeProblem, first: int = 0) -> None:
    """Put a problem's costs into a model built for its candidates, from stage ``first`` on."""
    for j, table in enumerate(problem.cost, first):
        for a, b in np.argwhere(np.isfinite(table)).tolist():
            model.pair_cost[j, a, b] = float(table[a, b])


def extract(model: Any, problem: ServiceTimeProblem) -> tuple[ServiceTimeChoice, float]:
    """Round the model's solution to service times that satisfy every lane.

    For any probability ``q`` the ``q``-quantiles of the outbound service times are feasible
    together, since the inbound one of a stage is stochastically no earlier than the deliveries to
    it, and ``pair`` lives on pairs the stage can keep. Every ``q`` where some quantile changes is
    tried; the cheapest is returned. At an integral solution all are the same.

    Returns
    -------
    choice : ServiceTimeChoice
    cost : float
        Money per period.
    """
    heard = [
        np.array([model.inbound_by[j, a].value for a in range(len(problem.inbound[j]))])
        for j in range(problem.n_stages)
    ]
    quoted = [
        np.array([model.outbound_by[j, b].value for b in range(len(problem.outbound[j]))])
        for j in range(problem.n_stages)
    ]
    breaks = np.unique(np.round(np.concatenate(quoted + heard), 9))
    breaks = breaks[(breaks > 1e-9) & (breaks < 1.0 - 1e-9)]
    edges = np.concatenate([[0.0], breaks, [1.0]])
    candidates = []
    for quantile in (edges[1:] + edges[:-1]) / 2.0:
        outbound = np.array([int(np.searchsorted(by, quantile)) for by in quoted])
        inbound = np.array([int(np.searchsorted(by, quantile)) for by in heard])
        candidates += [ServiceTimeChoice(inbound, outbound), settle(problem, outbound)]
    costs = [problem.evaluate(choice) for choice in candidates]
    best = int(np.argmin(costs))
    return candidates[best], costs[best]


def settle(problem: ServiceTimeProblem, outbound: Integers) -> ServiceTimeChoice:
    """Give each stage the earliest inbound candidate that its suppliers' quotes allow."""
    times = problem.times
    inbound = np.zeros(problem.n_stages, dtype=np.int64)
    for j in range(problem.n_stages):
        lanes = slice(times.pred_ptr[j], times.pred_ptr[j + 1])
        suppliers = times.pred_stage[lanes]
        ready = [
            problem.outbound[i][outbound[i]] + delay
            for i, delay in zip(suppliers, times.lane_delay[lanes], strict=True)
        ]
        earliest = max(ready, default=problem.inbound[j][0])
        inbound[j] = np.searchsorted(problem.inbound[j], earliest)
    return ServiceTimeChoice(inbound, np.asarray(outbound, dtype=np.int64))
