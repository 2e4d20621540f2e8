"""Base stocks of least simulated cost, for networks that no formula covers."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from echelon.display import share_beside
from echelon.errors import warn_of_data
from echelon.execution import Outcome, run_shards
from echelon.network.last_stages import last_stages
from echelon.network.network import Network
from echelon.optimization.simulated_base_stock.arguments import check
from echelon.optimization.simulated_base_stock.asked import Asked
from echelon.optimization.simulated_base_stock.describe import Described
from echelon.optimization.simulated_base_stock.judge import Judged, judge
from echelon.optimization.simulated_base_stock.result import SimulatedBaseStocks
from echelon.optimization.simulated_base_stock.search import Found, search
from echelon.optimization.simulated_base_stock.start import Start
from echelon.policies.plan import Plan
from echelon.progress import Progress
from echelon.results import FAILURE_COLUMNS, Provenance, frame_digest, no_failures


def simulated_base_stocks(
    network: Network,
    *,
    service_level: float | None = None,
    service_measure: str | None = None,
    adjust: str = "levels",
    start: Plan | None = None,
    tolerance: float = 1e-3,
    periods: int = 250,
    warmup: int | None = None,
    replications: int = 512,
    confidence: float = 0.95,
    charge_pipeline: bool = False,
    seed: int = 0,
    n_jobs: int = 1,
    progress: Progress = None,
) -> SimulatedBaseStocks:
    r"""Find base stocks of least simulated cost, with capacities, drawn times and lost sales.

    The cost of a period is what :func:`echelon.simulate` counts (clause 4.4): holding on hand and
    component stock, backorders, lost sales, orders and scrap. Where customers have a service
    target it is met as well, at least cost. Nothing is approximated but by sampling.

    1. The search begins with the guaranteed-service plan; stages serve each other at once, and
       customers as that plan promises.
    2. On a fixed sample of runs the cost is a function of the levels whose slopes come from one
       pass backwards through each run [1]_; quasi-Newton steps go down along them. Targets enter
       as an augmented Lagrangian, and are then met on the sample to the last unit. Where all that
       is bought is whole units the levels are, by moves of one level, or one up and the next down.
    3. The next sample has none of the runs of the one before and four times as many. It judges
       the levels found so far, and improves them. The search stops when with 95 % confidence that
       was worth less than ``tolerance``.
       Targets are then met once more on a sample of four times ``replications``.
    4. A simulation under other random numbers says what the levels cost and what service they
       give: the figures of the result.

    Parameters
    ----------
    network : Network
        Of base-stock policies. Order multiples and minimum orders, shelf lives, disruptions,
        alternative suppliers, expediting and first-come allocation have no slopes here; a component
        with one of them is a row of ``failures``, and so is one whose customers wait and ask for
        more than a capacity or the largest orders can bring: there no base stock is best.
    service_level : float, optional
        What all customers are to get, above 0 and below 1. Default: what the tables ask for; where
        they ask for nothing, costs of shortage alone decide.
    service_measure : {"cycle", "ready", "fill"}, optional
        What service levels are a share of: cycles, periods, or units that customers get on time.
        Default: ``service_measure`` of the tables.
    adjust : {"levels", "safety_factor"}
        Every level by itself, or all of a component by one safety factor: so many standard
        deviations of the demand that the stage covers.
    start : Plan, optional
        Levels to begin with instead, and what customers wait.
    tolerance : float, default 0.001
        Share of the cost.
    periods, replications : int
        Counted periods of a run; most runs of a sample of the search, and those of the judging
        simulation.
    warmup : int, optional
        Periods that are not counted. Default: what :func:`echelon.simulate` finds.
    confidence : float, default 0.95
        Of the intervals of the result.
    charge_pipeline : bool, default False
        Whether the pipeline costs what holding costs.
    seed : int, default 0
        Of the samples; ``seed + 1`` is that of the judging simulation.
    n_jobs : int, default 1
        Threads, over components; -1 uses every core.
    progress : bool, callable or None
        See :data:`echelon.progress.Progress`.

    Returns
    -------
    SimulatedBaseStocks
        ``.plan`` has the levels. A target that is missed is a row of ``.customers`` with ``met``
        false and a ``reason``; its ``verdict`` is unclear where the interval holds the target.

    Raises
    ------
    DomainError
        With everything that is wrong about the arguments; as :func:`echelon.simulate` does.

    Warns
    -----
    DataWarning
        If targets are missed.

    References
    ----------
    .. [1] Glasserman & Tayur (1995), Sensitivity analysis for base-stock levels in multiechelon
       production-inventory systems, *Management Science* 41(2).

    Examples
    --------
    Example 6.1 of Snyder and Shen: three stages in series, best levels 6.49, 5.53 and 10.69.

    >>> import echelon as ec
    >>> network = ec.serial(
    ...     ["third", "second", "first"], lead_time=[2, 1, 1], holding_cost=[2.0, 4.0, 7.0],
    ...     backorder_cost=[0.0, 0.0, 37.12], demand_mean=5.0, demand_std=1.0,
    ... )
    >>> found = ec.optimize(network, model="simulated_base_stock", seed=1)
    >>> found.stages["base_stock"].round(1).tolist()
    [10.7, 5.5, 6.5]
    """
    began = time.perf_counter()
    check(
        network,
        start,
        service_level=service_level,
        service_measure=service_measure,
        adjust=adjust,
        tolerance=tolerance,
        confidence=confidence,
        whole={
            "periods": (periods, 2),
            "replications": (replications, 2),
            "seed": (seed, None),
            **({} if warmup is None else {"warmup": (warmup, 0)}),
        },
        charge_pipeline=charge_pipeline,
        n_jobs=n_jobs,
        progress=progress,
    )
    asked = Asked.of(network, service_level, service_measure)
    begun = Start.of(network, asked, start)
    described = Described.of(
        network,
        asked,
        begun,
        periods=periods,
        warmup=warmup,
        seed=seed,
        charge_pipeline=charge_pipeline,
        by_factor=adjust == "safety_factor",
    )
    compiled = network.compiled
    first_stage = compiled.component_ptr[:-1]
    present = np.flatnonzero(~begun.absent[first_stage]).tolist()
    pieces = [_Piece(described, c, tolerance, replications) for c in present]
    outcomes = dict(
        zip(
            present,
            run_shards(
                _Piece.run,
                pieces,
                n_jobs=n_jobs,
                backend="threads",
                progress=progress,
                label="search",
                weigh=lambda piece: piece.n_stages,
            ),
            strict=True,
        )
    )
    found = {c: outcome.unwrap() for c, outcome in outcomes.items() if not outcome.failed}
    failures = _failures(network, begun.plan, outcomes)
    plan, levels = _plan(network, begun, found, failures)
    searched = time.perf_counter()
    judged = judge(
        described, found, levels, plan, failures,
        confidence=confidence,
        arguments={
            "periods": periods, "warmup": warmup, "replications": replications, "seed": seed + 1,
            "n_jobs": n_jobs, "charge_pipeline": charge_pipeline, "progress": False,
        },
    )  # fmt: skip
    result = _result(judged, failures, Provenance(
        arguments={
            "service_level": service_level, "service_measure": service_measure, "adjust": adjust,
            "tolerance": tolerance, "periods": periods, "warmup": warmup,
            "replications": replications, "confidence": confidence,
            "charge_pipeline": charge_pipeline, "n_jobs": int(n_jobs),
        },
        tables={**network.digests, "start": frame_digest(begun.plan.stages)},
        seconds={"search": searched - began, "judge": time.perf_counter() - searched},
        seed=seed,
    ))  # fmt: skip
    _warn_of_missed(result)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """One component to be searched."""

    described: Described
    component: int
    tolerance: float
    most_runs: int

    @property
    def n_stages(self) -> int:
        ends = self.described.network.compiled.component_ptr
        return int(ends[self.component + 1] - ends[self.component])

    def run(self) -> Found:
        problem = self.described.problem(self.component)
        return search(problem, tolerance=self.tolerance, most_runs=self.most_runs)


def _failures(network: Network, plan: Plan, outcomes: dict[int, Outcome[Found]]) -> pd.DataFrame:
    ids = network.compiled.component_id
    failed = {c: outcome for c, outcome in outcomes.items() if outcome.failed}
    rows = [
        (int(ids[c]), *stage, outcome.error, outcome.message)
        for (c, outcome), stage in zip(
            failed.items(), last_stages(network, list(failed)), strict=True
        )
    ]
    own = pd.DataFrame(rows, columns=list(FAILURE_COLUMNS)) if rows else no_failures()
    both = [frame for frame in (plan.failures, own) if len(frame)]
    return pd.concat(both, ignore_index=True) if both else no_failures()


def _plan(
    network: Network, begun: Start, found: dict[int, Found], failures: pd.DataFrame
) -> tuple[Plan, Any]:
    """The plan of the levels found, without the components that failed."""
    compiled = network.compiled
    levels = begun.base_stock.copy()
    kept = np.zeros(compiled.n_stages, dtype=np.bool_)
    for c, one in found.items():
        rows = slice(*compiled.component_ptr[c : c + 2].tolist())
        levels[rows], kept[rows] = one.levels, True
    plan = begun.with_levels(network, levels)
    solved = [int(compiled.component_id[c]) for c in found]
    stages = plan.stages[plan.stages["component"].isin(solved)].reset_index(drop=True)
    components = plan.components.copy()
    done = components["component"].isin(solved)
    cost = stages.groupby("component")["holding_cost"].sum()
    components.loc[done, "objective"] = components.loc[done, "component"].map(cost).to_numpy()
    components.loc[done, "status"] = "feasible"
    components.loc[done, "method"] = "simulated_base_stock"
    components.loc[done, "termination"] = HOW
    components.loc[~done, ["status", "termination"]] = "failed"
    components.loc[~done, "objective"] = np.nan
    components[["bound", "gap"]] = np.nan
    status = "feasible" if done.all() else "partial" if done.any() else "failed"
    plan = replace(
        plan,
        stages=stages,
        components=components,
        failures=failures,
        objective=float(cost.sum()) if done.any() else float("nan"),
        bound=float("nan"),
        gap=float("nan"),
        status=status,
        termination=HOW,
        trace=plan.trace.iloc[:0],
    )
    return plan, np.where(kept, levels, np.nan)


HOW = "levels of least simulated cost"
"""How the plan says it came about."""


def _result(judged: Judged, failures: pd.DataFrame, provenance: Provenance) -> SimulatedBaseStocks:
    return SimulatedBaseStocks(
        failures=failures,
        provenance=provenance,
        plan=judged.plan,
        run=judged.run,
        stages=judged.stages,
        customers=judged.customers,
        components=judged.components,
        trace=judged.trace,
        cost=judged.cost,
        cost_se=judged.cost_se,
        half_width=judged.half_width,
        start_cost=judged.start_cost,
        confidence=judged.confidence,
    )


def _warn_of_missed(result: SimulatedBaseStocks) -> None:
    missed = result.customers[~result.customers["met"]]
    if len(missed):
        row = missed.iloc[0]
        warn_of_data(
            f"{len(missed)} of {len(result.customers)} service targets are missed, first at "
            f"{row['item']} @ {row['location']}: {share_beside(row['after'], row['target'])} of "
            f"{row['target']:.9g}; "
            f"{row['reason']}. Fix: see its .customers.",
        )
