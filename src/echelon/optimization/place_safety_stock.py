"""Place safety stock: from a network to a certified plan, component by component."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from echelon.errors import DomainError, UnknownNameError, warn_of_data
from echelon.execution import Ledger, attempt, check_backend, check_n_jobs
from echelon.network.network import Network
from echelon.optimization.arguments import (
    check_base_stocks,
    check_service_times,
    check_step,
    is_number,
    limit_faults,
)
from echelon.optimization.assemble import assemble, warn_of_approximations
from echelon.optimization.cost.assemble_cost import RECKONED
from echelon.optimization.held_up_supplies import warn_of_held_up_supplies
from echelon.optimization.levels_by_period import levels_by_period
from echelon.optimization.methods import METHODS, ROUNDING
from echelon.optimization.outcome import relative_gap
from echelon.optimization.place_all import Way, place_all, unsearched
from echelon.optimization.place_at_once import each_by_itself, place_at_once
from echelon.optimization.proof import Limits
from echelon.optimization.random_times import warn_of_moments
from echelon.optimization.ready_trees import ReadyTrees
from echelon.optimization.segment_promises import segment_promises
from echelon.optimization.tasks import CostSource
from echelon.optimization.warm_start import KeptComponents, begin_from, check_start
from echelon.policies.plan import Plan
from echelon.progress import Progress, check_progress
from echelon.results import LaterDigests, Provenance

if TYPE_CHECKING:
    from echelon.optimization.constrained import PlacedTogether


def place_safety_stock(
    network: Network,
    *,
    method: str = "auto",
    service_level: float | None = None,
    base_stocks: str = "constant",
    service_times: str = "any",
    gap: float = 1e-6,
    time_limit: float | None = None,
    solver: str = "highs",
    side_constraints: Callable[[Any], Any] | Sequence[Callable[[Any], Any]] | None = None,
    step: float = 1.0,
    start: Plan | None = None,
    n_jobs: int = 1,
    backend: Literal["processes", "dask"] = "processes",
    ledger: Ledger | str | Path | None = None,
    progress: Progress = None,
) -> Plan:
    r"""Place safety stock at least holding cost, and prove how good the placement is.

    Each stage :math:`j` quotes its customers a service time :math:`S_j` and covers the demand of
    its net replenishment time :math:`\tau_j = SI_j + T_j + R_j - S_j` from stock (clause 2.3):
    minimise :math:`\sum_j h_j f_j(\tau_j)` subject to :math:`SI_j \ge S_i + L_{ij}` on every lane,
    :math:`\tau_j \ge 0`, and each stage's ``max_service_time`` [1]_.

    Parameters
    ----------
    network : Network
    method : {"auto", "dual", "exact", "milp"}
        ``"auto"`` takes the dynamic program where lanes form a tree, dual ascent elsewhere, and
        closes what gap is left with the model; ``"dual"`` does without the model, and so without a
        solver; ``"exact"`` is ``"auto"`` until nothing but rounding is left, whatever ``gap`` says;
        ``"milp"`` declares the joint-distribution model in Pyomo, whole.
    service_level : float, optional
        Cycle service level for all customers, a fraction in [0.5, 1). Default: the
        ``service_level`` or ``safety_factor`` column of ``stages``, or the ``service_level`` of
        rows of ``demand``.
    base_stocks : {"constant", "by_period"}
        Where demand changes by period: one base stock for all of them, made for the average period
        with the season as variation, or one for each period of the cycle (``plan.levels``), under
        service times that are the same all year.
    service_times : {"any", "whole"}
        Whether stages may quote fractions of a period, as sums of lead times with fractions (or
        with means that have them) come to, or whole periods only, which is what customers are
        told and what a simulation runs with. The certificate is over those.
    gap : float, default 1e-6
        Relative gap at which a component counts as solved.
    time_limit : float, optional
        Seconds per component. What has been found by then is kept, with its gap; so is what has
        been found when the run is interrupted from the keyboard. Components not begun by then get
        the least service times they can keep, and ``termination`` says ``"interrupted"``.
    solver : str, default "highs"
        Or any Pyomo solver by name.
    side_constraints : callable or sequence of callables, optional
        Each is called on the Pyomo model of all components (see :func:`echelon.build_model`) and
        adds constraints to it, or returns them, or adds to its cost:
        :func:`echelon.budget`, :func:`echelon.storage_limit`, :func:`echelon.no_stock_at`,
        :func:`echelon.opening_cost`, or functions of your own. What they touch is placed by that
        model, and ``bound`` is over the plans whose service times are candidates.
    step : float, default 1.0
        With side constraints: periods between the service times that are candidates besides those
        that suffice without.
    start : Plan, optional
        A plan of this network, or of one much like it, to begin with. Components of which nothing
        has changed are taken over as they are, with the certificate they have; the others start
        from its service times and, in the process that made it, from what its proof was made of.
    n_jobs : int, default 1
        Worker processes; -1 for one per core. Starting them takes about two seconds, so they pay
        for tens of thousands of stages, or for components that are slow to prove.
    backend : {"processes", "dask"}
        With Dask, the workers of the client that is running, or of a cluster of ``n_jobs``
        processes that is started on this machine; the plan has the same bits.
    ledger : Ledger or path of a folder, optional
        Where finished components are written, a few hundred at a time. The same call after a run
        that was killed takes them from there, and so does one after a change of the tables, for
        the shards of components that it does not touch. Not with ``side_constraints`` or ``start``.
    progress : bool or callable, optional
        See :data:`echelon.progress.Progress`.

    Returns
    -------
    Plan
        A component that cannot be solved is a row of ``plan.failures``, and its stages are absent
        from ``plan.stages``.

    Warns
    -----
    DataWarning
        If demand changes by period and base stocks do not: the plan is made for the average
        period. If some of the varying lead times of a stage and the lanes into it have a
        distribution and others have none; if shipments that vary hold one another up, so that a
        simulation loses a point of service or more. If the tables say of yield, shelf
        life, disruptions or other things what the model does not reckon with: with the columns, and
        at how many stages.

    Raises
    ------
    TableError
        If stages with customers have no service target.
    DomainError, UnknownNameError, SolverError
        If an argument is outside what it may be, the network has no customers, the solver is
        unknown or not installed, or side constraints ask for what is not in the model.

    References
    ----------
    .. [1] Graves & Willems (2000), Optimizing strategic safety stock placement in supply chains,
       *Manufacturing & Service Operations Management* 2(1).

    Examples
    --------
    >>> import echelon as ec
    >>> network = ec.read_example("bulldozer")
    >>> plan = ec.optimize(network)
    >>> round(plan.annual_cost), plan.status
    (632775, 'optimal')
    """
    began = time.perf_counter()
    _check_arguments(network, method, service_level, gap, time_limit)
    check_base_stocks(base_stocks)
    check_service_times(service_times)
    check_step(step)
    check_n_jobs(n_jobs)
    check_progress(progress)
    check_start(start)
    check_backend(backend, ("processes", "dask"))
    ledger = _own_ledger(ledger, start, side_constraints)
    if method != "dual" and solver != "highs":
        from echelon.optimization.solvers import find_solver  # Pyomo: not before it is needed

        find_solver(solver)

    def provenance() -> Provenance:
        return Provenance(
            arguments={
                "model": "guaranteed_service",
                "method": method,
                "service_level": service_level,
                **({"base_stocks": base_stocks} if by_period else {}),
                **({"service_times": service_times} if whole else {}),
                "gap": gap,
                "time_limit": time_limit,
                **_named(side_constraints, step),
            },
            tables=LaterDigests(lambda: network.digests, network),
            seconds={"optimize": time.perf_counter() - began},
            solver=solver,
        )

    declare = partial(
        _declare_model, network, service_level, base_stocks, service_times, side_constraints, step
    )
    by_period = base_stocks == "by_period"
    whole = service_times == "whole"
    quick = method != "milp" and side_constraints is None and ledger is None
    if quick and not progress and not by_period and not whole:
        ready = ReadyTrees.of(network, service_level, lambda: _warn(network))
        plan = None if ready is None else attempt(ready.plan, provenance, declare=declare).value
        if plan is not None:
            warn_of_held_up_supplies(network, plan)
            return plan
    compiled = network.compiled
    limits = Limits(ROUNDING if method == "exact" else gap, time_limit, solver)
    source = CostSource.of(network, service_level, by_period=by_period)
    if side_constraints is not None or start is not None or by_period:
        begun = each_by_itself(source, method, limits, whole=whole)
    else:
        begun = place_at_once(
            source, method, limits, whole=whole, n_jobs=n_jobs, progress=progress,
            has_ledger=ledger is not None,
        )  # fmt: skip
    tasks = begun.tasks
    network.warn_of_unreckoned("the guaranteed-service model", RECKONED)
    if not by_period:
        _warn_of_seasons(network)
    warn_of_moments(network)
    if begun.stopped:
        placed = unsearched(tasks)
    elif side_constraints is None:
        tasks, known = (tasks, {}) if start is None else begin_from(start, network, tasks)
        asked = (method, service_level, base_stocks, service_times, limits)
        way = Way.of(network, n_jobs, backend, progress, ledger, *asked)
        placed = place_all(tasks, way.among(begun.rest), known=known)
    else:
        from echelon.optimization.place_together import place_together

        together = place_together(network, tasks, side_constraints, limits, step)
        placed = together.placed
    kept = KeptComponents(network, tasks, placed) if side_constraints is None else ()
    results = dict(zip(begun.rest, placed, strict=True))
    plan = assemble(network, compiled, results, provenance(), begun.block)
    plan = replace(plan, declare=declare, kept=kept)
    if side_constraints is not None:
        plan = _with_proof(plan, together, gap)
    if by_period:
        plan = replace(plan, levels=levels_by_period(network, plan, tasks))
    if service_level is None and "service_level" in network.features["demand"]:
        plan = replace(plan, segments=segment_promises(network, plan, begun.every))
    warn_of_approximations(network, plan)
    warn_of_held_up_supplies(network, plan)
    return plan


def _declare_model(
    network: Network,
    service_level: float | None,
    base_stocks: str,
    service_times: str,
    side_constraints: Callable[[Any], Any] | Sequence[Callable[[Any], Any]] | None,
    step: float,
) -> Any:
    from echelon.optimization.model import build_model

    return build_model(
        network,
        service_level=service_level,
        base_stocks=base_stocks,
        service_times=service_times,
        side_constraints=side_constraints,
        step=None if side_constraints is None else step,
    )


def _own_ledger(
    ledger: Ledger | str | Path | None, start: Plan | None, side_constraints: object
) -> Ledger | None:
    """Open the ledger, where what is asked for can be kept component by component."""
    if ledger is not None and side_constraints is not None:
        raise DomainError(
            "a ledger keeps components that are placed one by one, and side_constraints tie them "
            "together. Fix: leave out one of the two."
        )
    if ledger is not None and start is not None:
        raise DomainError(
            "start and ledger are both given, and what a plan begins with is no part of the "
            "tables that the ledger goes by. Fix: leave out one of the two."
        )
    return Ledger.of(ledger)


def _named(side_constraints: object, step: float) -> dict[str, object]:
    """What a plan's provenance says of side constraints: functions by their names."""
    if side_constraints is None:
        return {}
    several = side_constraints if isinstance(side_constraints, Sequence) else [side_constraints]
    named = [getattr(one, "__name__", None) or repr(one) for one in several]
    return {"side_constraints": named, "step": step}


def _with_proof(plan: Plan, together: PlacedTogether, gap: float) -> Plan:
    """Put what is proven of all components together in place of the sum over them."""
    if plan.status == "failed":
        return plan
    proven = relative_gap(together.objective, together.bound)
    status = plan.status
    if status != "partial":
        status = "optimal" if proven <= gap else "feasible"
    return replace(
        plan, objective=together.objective, bound=together.bound, gap=proven, status=status
    )


def _warn(network: Network) -> None:
    """Give the warnings that come before solving, to hear whether there are any."""
    network.warn_of_unreckoned("the guaranteed-service model", RECKONED)
    _warn_of_seasons(network)
    warn_of_moments(network)


def _warn_of_seasons(network: Network) -> None:
    changing = int((network.cells("demand", "family") == "per_period").sum())
    if changing:
        warn_of_data(
            f"demand of {changing} rows changes by period. The plan has one base stock per stage "
            "for all of them, made for the average period with the season as variation, so service "
            "is lower in the high season than promised. Fix: optimize(..., "
            "base_stocks='by_period') makes base stocks that change with the season."
        )


def _check_arguments(
    network: Network,
    method: str,
    service_level: float | None,
    gap: float,
    time_limit: float | None,
) -> None:
    if not isinstance(network, Network):
        raise DomainError(
            f"network is a {type(network).__name__}. Fix: make one with Network.from_tables, or "
            "read a folder with read_network."
        )
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    faults = limit_faults(gap, time_limit)
    if service_level is not None and not is_number(service_level):
        faults.append(
            f"service_level is {service_level!r}, must be a number. Fix: 0.95 is one, '95%' not."
        )
    elif service_level is not None and not 0.5 <= service_level < 1.0:
        hint = f"use {service_level / 100:g}" if 50.0 <= service_level < 100.0 else "use a fraction"
        faults.append(
            f"service_level is {service_level}, must be a fraction in [0.5, 1). Fix: {hint}."
        )
    if faults:
        raise DomainError("\n".join(faults))
    if not len(network.compiled.demand_row):
        raise DomainError(
            "no stage of this network has customers, so there is nothing to hold stock for. "
            "Fix: give the demand table, or the lanes that lead to those who buy."
        )
