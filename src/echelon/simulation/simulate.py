"""Run a network period by period, many times over."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, cast

import numpy as np
import pandas as pd

from echelon.errors import DomainError, warn_of_data
from echelon.execution import Ledger, Outcome
from echelon.network.features import PLANNING
from echelon.network.network import Network
from echelon.policies.over_periods import PlanOverPeriods, SimulatedAsPlan
from echelon.policies.plan import Plan
from echelon.progress import Progress
from echelon.results import LaterDigests, Provenance, frame_digest
from echelon.simulation.arguments import (
    Window,
    blocks_of,
    check_flags,
    check_precision,
    fit,
    own_policies,
    raise_all,
    read_demand,
    whole_number,
    window_of,
)
from echelon.simulation.described.levels import levels_of
from echelon.simulation.described.overload import warn_if_overloaded
from echelon.simulation.frames import failure_frame, planned_cost
from echelon.simulation.measured.gathered import Gathered, gather
from echelon.simulation.measured.measured import Finished, Measured, keeps_runs, merged
from echelon.simulation.measured.output import (
    disruption_frame,
    group_frame,
    runs_of,
    segment_frame,
    segment_total_frame,
    service_frame,
    stage_frame,
    total_frame,
    warmup_frame,
)
from echelon.simulation.measured.room import return_free_memory
from echelon.simulation.other_tables import warn_if_made_for_other_tables, warn_of_forecasts
from echelon.simulation.paths import follow_stages, stages_to_follow, trace_all
from echelon.simulation.plain.orders import AnyPolicy
from echelon.simulation.prepare import Blocks, Piece, Setup, prepare
from echelon.simulation.result import Simulation
from echelon.simulation.run_task import run_task
from echelon.simulation.spread import Spread
from echelon.simulation.stopping import StopRule, stop_rule
from echelon.simulation.task import Part

__all__ = ["Simulation", "simulate"]

Key = tuple[str, str]
"""Item and location of a stage."""

_MANY_STAGES: Final = 20_000
"""From which on free memory is given back before and after a run; that takes about 10 ms."""


def simulate(
    network: Network,
    plan: Plan | SimulatedAsPlan | None = None,
    *,
    periods: int | None = None,
    warmup: int | None = None,
    replications: int | None = None,
    seed: int = 0,
    n_jobs: int = 1,
    backend: Literal["threads", "processes", "dask"] = "threads",
    ledger: Ledger | str | Path | None = None,
    progress: Progress = None,
    demand: pd.DataFrame | None = None,
    policies: Mapping[Key, AnyPolicy] | None = None,
    draws: str = "independent",
    precision: str = "double",
    stop_when: Mapping[str, float] | None = None,
    charge_pipeline: bool = False,
    trace: bool = False,
    paths: bool | Sequence[Key] = False,
    keep: bool | None = None,
) -> Simulation:
    """Simulate a network, exactly in the convention's order of events.

    Every stage starts with its ``initial_stock`` (blank: its base stock) on hand and nothing on
    order. It orders by its ``policy``, serves each request the service time after it was placed,
    and backorders or loses what it cannot. What the tables say of supply, shelf lives, calendars
    and disruptions happens; what they do not mention costs no time. Demand that changes by period
    starts its cycle in period 0, the first of the warm-up.

    Parameters
    ----------
    network : Network
        Acyclic; fixed lead times in whole periods, others any distribution.
    plan : Plan, TargetPlan, Portfolio or Publication, optional
        Base stocks and service times. Without one, the columns of stages and the table ``levels``,
        and everybody is served at once. A plan over periods is run from its first period to its
        last, with the stock that it begins with and no warm-up, unless told otherwise.
    periods : int, optional
        Periods counted; 104 if not given, or all that ``demand`` has.
    warmup : int, optional
        Periods that every component runs before counting starts. If not given, each component has
        its own. Where the state forgets the start for certain, that is how many periods it takes
        (the longest chain of lead times and reviews); elsewhere it is at least that, and what
        queues before capacities take to settle, and a pilot run says whether it has to be more
        (MSER-5). ``run.warmups`` shows both; 0 with ``demand``.
    replications : int, optional
        Independent runs; 100 if not given, 1 with ``demand``. With ``stop_when`` the most there
        are, 10,000 if not given. A single one is measured in batches of periods.
    seed : int, default 0
        The same seed and tables give the same bits, whatever ``n_jobs`` is and whatever other
        components are in the network, as long as no correlation with them is cut; rival plans meet
        the same demand, lead times and disruptions, see :func:`compare_runs`.
    n_jobs : int, default 1
        Workers; -1 uses every core.
    backend : {"threads", "processes", "dask"}, default "threads"
        Threads suit the compiled kernels. With Dask the workers are those of the client that is
        running, or of a cluster of ``n_jobs`` processes that is started on this machine. The
        bits are the same.
    ledger : Ledger or path of a folder, optional
        Where finished components are written, some thousands of stages at a time; the same call
        after a run that was killed takes them from there. A stage that was changed, added or
        taken away is simulated again with its shard alone, and with that of a location which it is
        the second to use, or the last but one.
    progress : bool, callable or None
        A bar, or a function ``progress(done, total, label)``; None decides by the terminal.
    demand : DataFrame, optional
        Demand to replay in place of draws: item, location, [segment,] period, quantity.
    policies : mapping of (item, location) to policy, optional
        Your own, in place of the table's: an object with ``order(position)`` or ``order_at(view)``,
        see :class:`echelon.policies.base.Policy`. Its component runs by the plain engine, slower.
    draws : {"independent", "antithetic", "stratified"}
        Antithetic runs come in mirrored pairs, stratified ones in groups of 16 that cover every
        distribution evenly; ``replications`` is then a multiple of 2 or 16.
    precision : {"double", "single"}
        In single precision base stock takes about half the time: the same draws, and measures that
        differ by rounding. Service times, reviews, order quantities, fixed release times and
        capacities are known to it. Components with other features, with priorities or with joint
        demand run in double precision in any case, and so does a single replication.
    stop_when : mapping of str to float, optional
        Stop as soon as 95 % confidence intervals of columns of ``run.total`` have these half
        widths, ``{"fill_rate": 0.002}`` say.
    charge_pipeline : bool, default False
        Also charge holding on the pipeline: in process at the stage's own holding cost, in transit
        at that of the stage that sent it, on the row of the stage that waits for it.
    trace : bool, default False
        Keep every period of replication 0. Meant for a few stages: it runs the slow twin.
    paths : bool or sequence of (item, location), default False
        Keep mean and quantiles over the replications of the stock of every period; of all stages,
        or of those named.
    keep : bool, optional
        Keep what every replication came to at every stage, for quantiles and comparisons. Without
        it small runs do, with ``False`` none does, which saves time where nobody reads it.

    Returns
    -------
    Simulation
        Means with standard errors from the variation between replications, or between batches of
        periods where there is one replication; for ratios by the delta method.

    Raises
    ------
    DomainError
        If ``network`` or ``plan`` is something else.
    DomainError
        With everything that is wrong about the arguments: numbers out of range, stages without a
        level, fractional fixed lead times, a plan of another network. Also with every pair of
        correlated demands whose distributions cannot have their coefficient.
    TableError
        With every fault of the frame ``demand``.

    Warns
    -----
    DataWarning
        If the plan was made for other demand or other lead times than those of this network or
        rests on forecasts, mean
        demand is above a capacity or the largest orders, a warm-up has not settled, ``stop_when``
        was not reached, or every component failed.

    Examples
    --------
    One stage, lead time 4 and base stock 265: the fill rate is 1 less shortage over demand.

    >>> import echelon as ec
    >>> shop = ec.serial(["shop"], lead_time=4, holding_cost=1.0, base_stock=[220.0],
    ...                  demand_mean=50.0, demand_std=8.0)
    >>> run = ec.simulate(shop, periods=200, replications=128, seed=7)
    >>> run.stages[["item", "cycle_service_level", "fill_rate"]].round(2)
       item  cycle_service_level  fill_rate
    0  shop                  0.9       0.98
    """
    started = time.perf_counter()
    _require_nouns(network, plan)
    if isinstance(plan, PlanOverPeriods) and demand is None:
        periods = plan.horizon if periods is None else periods
        warmup = 0 if warmup is None else warmup
    if isinstance(plan, SimulatedAsPlan):
        network, plan = plan.as_simulated(network)
    problems: list[str] = []
    seed = whole_number(seed, "seed", None, problems)
    spread = Spread.of(n_jobs, backend, ledger, progress, problems)
    replay, problems_of_table = read_demand(demand, network)
    window = window_of(network, replay, periods, warmup, replications, draws, stop_when, problems)
    check_precision(precision, problems)
    flags = {} if keep is None else {"keep": keep}
    check_flags(problems, charge_pipeline=charge_pipeline, trace=trace, **flags)
    rule = stop_rule(stop_when, window.group, problems)
    chosen = own_policies(network, policies, problems)
    followed = stages_to_follow(network, paths, window, problems)
    named = policies if isinstance(policies, Mapping) else None
    levels, absent = levels_of(network, plan, problems, policies=named)
    raise_all(problems, problems_of_table)
    network.warn_of_unreckoned("a simulation", only=PLANNING)
    if plan is not None:
        warn_if_made_for_other_tables(network, plan, levels, absent)
        warn_of_forecasts(network)

    setup = prepare(
        network,
        levels,
        absent,
        periods=window.periods,
        warmup=warmup,
        replay=None if replay is None else fit(replay, window.warmup + window.periods),
        runs=window.runs,
        batches=window.batches,
        seed=seed,
        draws=draws,
        keep=keeps_runs(network.compiled.n_stages, window.batches or window.runs, asked=keep),
        charge_pipeline=charge_pipeline,
        policies=chosen,
        precision=precision,
    )
    large = network.compiled.n_stages >= _MANY_STAGES
    if large:
        return_free_memory()
    prepared = time.perf_counter()
    runs, gathered, failed = _run(setup, window, rule, spread)
    if large:
        return_free_memory()
    ran = time.perf_counter()
    _warn_if_not_settled(setup)
    _warn_if_all_failed(setup, failed)
    if replay is None:
        warn_if_overloaded(network, setup.layout.feature_set.features)
    counted_from = np.unique(setup.warmups[~setup.absent])
    arguments = {
        "periods": window.periods,
        "warmup": int(counted_from[0]) if len(counted_from) == 1 else None,  # None: each its own
        "replications": runs,
        "n_jobs": int(n_jobs),
        "draws": draws,
        "precision": precision,
        "charge_pipeline": charge_pipeline,
        "replayed": demand is not None,
        "own_policies": len(chosen),
        "stop_when": None if stop_when is None else dict(stop_when),
    }
    own = {} if plan is None else {"plan": frame_digest(plan.stages)}
    if demand is not None:
        own["replay"] = frame_digest(demand)
    tables = LaterDigests(lambda: {**network.digests, **own})  # frames of others may change
    seconds = {"prepare": prepared - started, "run": ran - prepared}
    stages = stage_frame(network, gathered)
    return Simulation(
        failures=failure_frame(network, failed),
        provenance=Provenance(arguments=arguments, tables=tables, seconds=seconds, seed=seed),
        stages=stages,
        total=total_frame(gathered),
        service=service_frame(network, plan, levels.service_time, gathered, stages),
        trace=trace_all(setup, window.blocks[:1]) if trace else trace_all(setup, ()),
        periods=window.periods,
        warmup=int(setup.warmups[~setup.absent].max(initial=window.warmup)),
        replications=runs,
        period=network.period,
        periods_per_year=network.periods_per_year,
        planned_cost=planned_cost(plan, stages),
        currency=network.currency,
        name=network.name,
        paths=follow_stages(setup, followed, blocks_of(0, runs, window.group)),
        **_levels_of_detail(setup, gathered),
    )


def _levels_of_detail(setup: Setup, gathered: Gathered) -> dict[str, Any]:
    """Frames of segments, items, locations, disruptions and warm-ups; the numbers of each run."""
    network, labels = setup.network, setup.labels
    disrupted = setup.layout.feature_set.disruption_row
    return {
        "segments": segment_frame(network, gathered),
        "segment_totals": segment_total_frame(labels, gathered),
        "items": group_frame(labels, gathered, "item"),
        "locations": group_frame(labels, gathered, "location"),
        "warmups": warmup_frame(network, setup.warmups, setup.found),
        "disruptions": disruption_frame(
            network, disrupted, gathered.disruptions, group=setup.group
        ),
        "segment_columns": network.segments,
        "runs": runs_of(
            network,
            labels,
            gathered,
            demand_seen=setup.levels.demand_seen,
            leaving=setup.leaving,
            group=setup.group,
        ),
    }


def _require_nouns(network: object, plan: object) -> None:
    """Refuse what is no network or no plan before anything is read from it."""
    if not isinstance(network, Network):
        raise DomainError(
            f"simulate: network is of type {type(network).__name__}. Fix: give a Network, "
            "from_tables or read_network makes one."
        )
    if not (plan is None or isinstance(plan, (Plan, SimulatedAsPlan))):
        inside = isinstance(getattr(plan, "plan", None), Plan)
        remedy = "give its .plan" if inside else "give a Plan, optimize or read_plan makes one"
        raise DomainError(f"simulate: plan is of type {type(plan).__name__}. Fix: {remedy}.")


def _run(
    setup: Setup, window: Window, rule: StopRule | None, spread: Spread
) -> tuple[int, Gathered, dict[int, Outcome[Any]]]:
    """Run all replications, or as many as the rule asks for."""
    parts: Parts = {}
    if rule is None:
        tasks = setup.tasks(window.blocks, estimates=True, one_sweep=spread.is_one_sweep)
        outcomes = spread.perform(tasks)
        if all(task.whole for task in tasks):  # a portfolio: each shard goes to its place at once
            return window.runs, *_gathered(setup, _one_by_one(tasks, outcomes))
        _collect(setup, tasks, outcomes, window.blocks, parts)
        return window.runs, *_gathered(setup, sorted(parts.items()))
    blocks: Blocks = ()
    done = 0
    while True:
        runs = rule.next_runs(done, window.runs)
        new = blocks_of(done, runs, window.group)
        blocks += new
        tasks = setup.tasks(new, estimates=False)
        _collect(setup, tasks, spread.perform(tasks), blocks, parts)
        gathered, failed = _gathered(setup, sorted(parts.items()))
        done = runs
        reached = rule.reached(total_frame(gathered), done)
        if reached or done >= window.runs:
            if not reached:
                rule.warn_not_reached(done)
            return done, gathered, failed


Parts = dict[tuple[int, int], Outcome[Any]]
"""What became of each range of components: ``Measured`` or ``Finished``."""


def _pieces(task: Piece, outcome: Outcome[list[Part]]) -> list[Part]:
    """What became of a task, components as the network numbers them.

    Where it could not even be made, all its components failed.
    """
    if not outcome.failed:
        first = task.first
        return [Part(first + p.first, first + p.last, p.outcome) for p in outcome.unwrap()]
    return [Part(task.first, task.last, Outcome(None, outcome.error, outcome.message))]


def _one_by_one(
    tasks: list[Piece], outcomes: Iterable[Outcome[list[Part]]]
) -> Iterator[tuple[tuple[int, int], Outcome[Any]]]:
    """Ranges of components and what became of them, as soon as they are known."""
    for task, outcome in zip(tasks, outcomes, strict=True):
        for piece in _pieces(task, outcome):
            yield (piece.first, piece.last), piece.outcome
    for task in tasks[:1]:  # they share it
        task.room.clear()


def _collect(
    setup: Setup,
    tasks: list[Piece],
    outcomes: Iterable[Outcome[list[Part]]],
    blocks: Blocks,
    parts: Parts,
) -> None:
    """Put blocks of the same components together, in their order.

    A shard of which a component fails in one block comes back in pieces, and whole from the others:
    all its ``blocks`` so far are then run again, component by component.
    """
    apart = set()
    together: dict[tuple[int, int], list[Measured]] = {}
    for task, outcome in zip(tasks, outcomes, strict=True):
        shard = (task.first, task.last)
        pieces = _pieces(task, outcome)
        if not task.whole and (len(pieces) > 1 or _is_apart(shard, parts)):
            apart.add(shard)
            continue
        for piece in pieces:
            key = (piece.first, piece.last)
            before = parts.get(key)
            if before is None or piece.outcome.failed:
                parts[key] = piece.outcome
            elif not before.failed:
                later = cast(Measured, piece.outcome.unwrap())  # some blocks of several
                together.setdefault(key, [before.unwrap()]).append(later)
    for key, blocks_of_key in together.items():
        if not parts[key].failed:
            parts[key] = Outcome(merged(blocks_of_key))
    for shard in sorted(apart):
        parts.pop(shard, None)
        for c in range(*shard):
            (piece,) = run_task(setup.task(c, c + 1, blocks, whole=False))
            parts[(c, c + 1)] = piece.outcome


def _is_apart(shard: tuple[int, int], parts: Parts) -> bool:
    """Whether the components of a shard were run one by one in an earlier round."""
    first, last = shard
    return last - first > 1 and (first, first + 1) in parts


def _gathered(
    setup: Setup, parts: Iterable[tuple[tuple[int, int], Outcome[Any]]]
) -> tuple[Gathered, dict[int, Outcome[Any]]]:
    """Estimates of the whole network, and the components that failed."""
    failed: dict[int, Outcome[Any]] = {
        int(c): Outcome(None, "DomainError", "the plan has no levels for it")
        for c in np.flatnonzero(setup.absent)
    }

    def shards() -> Iterator[tuple[int, int, Finished]]:
        for (first, last), outcome in parts:
            if outcome.failed:
                failed.update(dict.fromkeys(range(first, last), outcome))
                continue
            value = outcome.unwrap()
            if isinstance(value, Measured):
                value = value.finish(setup.scheme.part(first, last))
            yield first, last, value.placed(setup.scheme.numbers(first, last))

    gathered = gather(
        setup.scheme,
        shards(),
        leaving=setup.leaving,
        disruption_ptr=setup.layout.feature_set.features.disruption_ptr,
    )
    return gathered, failed


def _warn_if_not_settled(setup: Setup) -> None:
    unsettled = [c for c, how in enumerate(setup.found) if how == "not settled"]
    if not unsettled:
        return
    last = setup.network.compiled.component_ptr[unsettled[0] + 1] - 1
    row = setup.network.stages.iloc[setup.network.compiled.stage_row[last]]
    others = len(unsettled) - 1
    warn_of_data(
        f"the component of {row['item']} @ {row['location']}"
        f"{f' and {others:,} more' if others else ''} had not settled at the end of its pilot "
        "run, so that means may still drift: capacity or supply may be below demand. Fix: look at "
        "simulate(..., paths=True), or give warmup."
    )


def _warn_if_all_failed(setup: Setup, failed: Mapping[int, Outcome[Any]]) -> None:
    """Tell of a run of which nothing came: its frames are empty."""
    if len(failed) == len(setup.absent):
        first = failed[min(failed)]
        warn_of_data(
            f"every component failed, as run.failures says of each. The first: {first.message}"
        )
