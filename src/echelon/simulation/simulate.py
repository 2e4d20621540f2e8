"""Run a network under base-stock policies, period by period, many times over."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import reduce
from itertools import groupby

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.execution import Outcome, attempt, check_n_jobs, cut, run_shards
from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network
from echelon.policies.plan import Plan
from echelon.progress import Progress
from echelon.results import Provenance, frame_digest
from echelon.simulation.arguments import (
    fit,
    raise_all,
    read_demand,
    warmed_up,
    whole_number,
    window_of,
)
from echelon.simulation.chain import Levels
from echelon.simulation.draw import LANES, DemandRow, Joint
from echelon.simulation.frames import failure_frame, planned_cost, service_frame, stage_frame
from echelon.simulation.levels import levels_of
from echelon.simulation.metrics import TOTALS, Moments, Window, total_measures
from echelon.simulation.other_tables import warn_if_made_for_other_tables
from echelon.simulation.result import Simulation
from echelon.simulation.trace import TRACE_COLUMNS, trace_component
from echelon.simulation.work import Finished, Shard, simulate_shard

__all__ = ["Simulation", "simulate"]

_SHARD_WORK = 2e6
"""Stage-periods times replications in a shard: some hundredths of a second."""

_MANY_COMPONENTS = 5_000
"""From here on the work is Python's rather than the kernel's, and threads would take turns."""


def simulate(
    network: Network,
    plan: Plan | None = None,
    *,
    periods: int | None = None,
    warmup: int | None = None,
    replications: int | None = None,
    seed: int = 0,
    n_jobs: int = 1,
    progress: Progress = None,
    demand: pd.DataFrame | None = None,
    charge_pipeline: bool = False,
    trace: bool = False,
) -> Simulation:
    """Simulate installation base-stock policies, exactly in the convention's order of events.

    Every stage starts with its ``initial_stock`` (blank: its base stock) on hand and nothing on
    order. It raises its inventory position to its base stock at each review, serves each request
    the service time after it was placed, and backorders what it cannot. Lead times are fixed.
    Demand that changes by period starts its cycle in period 0, the first of the warm-up.

    Parameters
    ----------
    network : Network
        Acyclic, lead times in whole periods.
    plan : Plan, optional
        Base stocks and service times. Without one, the column ``base_stock`` of stages, and
        everybody is served at once.
    periods : int, optional
        Periods counted; 104 if not given, or all that ``demand`` has.
    warmup : int, optional
        Periods that every component runs before counting starts. If not given, each component has
        its own: as many as it takes for its state to forget the start (its longest chain of lead
        times and reviews), and ``run.warmup`` is the longest of them; 0 with ``demand``.
    replications : int, optional
        Independent runs; 100 if not given, 1 with ``demand``.
    seed : int, default 0
        The same seed and tables give the same bits, whatever ``n_jobs`` is and whatever other
        components are in the network, as long as no correlation with them is cut; rival plans meet
        the same demand.
    n_jobs : int, default 1
        Workers; -1 uses every core.
    progress : bool, callable or None
        A bar, or a function ``progress(done, total, label)``; None decides by the terminal.
    demand : DataFrame, optional
        Demand to replay in place of draws: item, location, [segment,] period, quantity.
    charge_pipeline : bool, default False
        Also charge holding on the pipeline: in process at the stage's own holding cost, in transit
        at that of the stage that sent it, on the row of the stage that waits for it.
    trace : bool, default False
        Keep every period of replication 0. Meant for a few stages: it runs the slow twin.

    Returns
    -------
    Simulation
        Means over replications with standard errors from the variation between replications; for
        the ratios by the delta method.

    Raises
    ------
    DomainError
        If ``network`` or ``plan`` is something else.
    DomainError
        With everything that is wrong about the arguments: numbers out of range, stages without a
        base stock, fractional or random lead times, a plan of another network. Also with every
        pair of correlated demands whose distributions cannot have their coefficient.
    TableError
        With every fault of the frame ``demand``.

    Warns
    -----
    DataWarning
        If the plan was made for other demand or other lead times than those of this network.

    Examples
    --------
    One stage, lead time 4 and base stock 265: the fill rate is 1 less shortage over demand.

    >>> import echelon as ec
    >>> shop = ec.serial(["shop"], lead_time=4, holding_cost=1.0, base_stock=[220.0],
    ...                  demand_mean=50.0, demand_std=8.0)
    >>> run = ec.simulate(shop, periods=200, replications=128, seed=7)
    >>> run.stages[["item", "cycle_service_level", "fill_rate"]].round(2)
       item  cycle_service_level  fill_rate
    0  shop                 0.89       0.98
    """
    started = time.perf_counter()
    _require_nouns(network, plan)
    problems: list[str] = []
    seed = whole_number(seed, "seed", None, problems)
    try:
        check_n_jobs(n_jobs)
    except DomainError as error:
        problems.append(str(error))
    replay, problems_of_table = read_demand(demand, network)
    window, runs = window_of(network, replay, periods, warmup, replications, problems)
    levels, absent = levels_of(network, plan, problems)
    raise_all(problems, problems_of_table)
    if plan is not None:
        warn_if_made_for_other_tables(network, plan, levels, absent)
    windows = (window,) * network.n_components
    if warmup is None and replay is None:
        windows = warmed_up(network, levels, window)
    if replay is not None:
        replay = fit(replay, window.last)

    shards = _shards(network, levels, replay, absent, windows, runs, seed, charge_pipeline)
    warmups = {own.first for shard in shards for own in shard.windows} or {window.first}
    prepared = time.perf_counter()
    finished = run_shards(
        simulate_shard,
        shards,
        n_jobs=n_jobs,
        backend="processes" if network.n_components >= _MANY_COMPONENTS else "threads",
        progress=progress,
        label="simulate",
        weigh=lambda shard: shard.compiled.n_stages * (shard.blocks[1] - shard.blocks[0]),
    )
    components, totals = _gather(shards, finished, runs)
    outcomes = {**_left_out(network, absent), **components}
    ran = time.perf_counter()
    stages = stage_frame(network, outcomes, levels)
    traced = _trace(network, shards) if trace else pd.DataFrame(columns=list(TRACE_COLUMNS))
    arguments = {
        "periods": window.periods,
        "warmup": max(warmups) if len(warmups) == 1 else None,  # None: each component its own
        "replications": runs,
        "n_jobs": int(n_jobs),
        "charge_pipeline": charge_pipeline,
        "replayed": demand is not None,
    }
    tables = dict(network.digests)
    if plan is not None:
        tables["plan"] = frame_digest(plan.stages)
    if demand is not None:
        tables["replay"] = frame_digest(demand)
    seconds = {"prepare": prepared - started, "run": ran - prepared}
    return Simulation(
        failures=failure_frame(network, outcomes),
        provenance=Provenance(arguments=arguments, tables=tables, seconds=seconds, seed=seed),
        stages=stages,
        total=pd.DataFrame([total_measures(totals)])[: min(len(stages), 1)],
        service=service_frame(network, plan, levels, stages),
        trace=traced,
        periods=window.periods,
        warmup=max(warmups),
        replications=runs,
        period=network.period,
        periods_per_year=network.periods_per_year,
        planned_cost=planned_cost(plan, stages),
        currency=network.currency,
        name=network.name,
    )


def _require_nouns(network: object, plan: object) -> None:
    """Refuse what is no network or no plan before anything is read from it."""
    if not isinstance(network, Network):
        raise DomainError(
            f"simulate: network is of type {type(network).__name__}. Fix: give a Network, "
            "from_tables or read_network makes one."
        )
    if not (plan is None or isinstance(plan, Plan)):
        raise DomainError(
            f"simulate: plan is of type {type(plan).__name__}. Fix: give a Plan, optimize or "
            "read_plan makes one."
        )


def _shards(
    network: Network,
    levels: Levels,
    replay: Floats | None,
    absent: Booleans,
    windows: tuple[Window, ...],
    runs: int,
    seed: int,
    charge_pipeline: bool,
) -> list[Shard]:
    """Cut the components that the plan covers; a large one is cut into blocks as well."""
    compiled = network.compiled
    rows = _demand_rows(network, drawn=replay is None)
    if replay is not None:
        replay = replay[compiled.demand_row]
    n_blocks = -(-runs // LANES)
    stages = np.diff(compiled.component_ptr)
    periods = np.array([window.last for window in windows], dtype=np.float64)
    work = stages * periods * n_blocks * LANES
    here = ~absent[compiled.component_ptr[:-1]]

    def shard(first: int, last: int, blocks: tuple[int, int]) -> Shard:
        start, stop = (int(p) for p in compiled.component_ptr[[first, last]])
        own = slice(int(compiled.demand_ptr[start]), int(compiled.demand_ptr[stop]))
        return Shard(
            first=first,
            compiled=compiled.shard(first, last),
            levels=levels.part(start, stop),
            rows=rows[own],
            replay=None if replay is None else replay[own],
            blocks=blocks,
            replications=runs,
            windows=windows[first:last],
            seed=seed,
            charge_pipeline=charge_pipeline,
        )

    shards = []
    for present, run in groupby(range(compiled.n_components), key=lambda c: bool(here[c])):
        components = list(run)
        if not present:
            continue
        for first, last in cut(work[components].tolist(), share=_SHARD_WORK):
            start, stop = components[0] + first, components[0] + last
            if stop - start == 1 and work[start] > _SHARD_WORK:
                shards += [shard(start, stop, (b, b + 1)) for b in range(n_blocks)]
            else:
                shards.append(shard(start, stop, (0, n_blocks)))
    return shards


def _demand_rows(network: Network, *, drawn: bool) -> tuple[DemandRow, ...]:
    """Demand rows in compiled order, each with the number of its stage among those that sell."""
    compiled, keys = network.compiled, network.demand_keys
    joint = {
        int(row): Joint(group.keys[: place + 1], group.lower[place, : place + 1])
        for group in (network.score_groups if drawn else ())
        for place, row in enumerate(group.rows)
    }
    rows = []
    sells = np.diff(compiled.demand_ptr) > 0
    for start, stop in zip(compiled.component_ptr[:-1], compiled.component_ptr[1:], strict=True):
        for customer, stage in enumerate(start + np.flatnonzero(sells[start:stop])):
            of_stage = slice(compiled.demand_ptr[stage], compiled.demand_ptr[stage + 1])
            rows += [
                DemandRow(customer, keys[row], network.distributions[row], joint.get(int(row)))
                for row in compiled.demand_row[of_stage]
            ]
    return tuple(rows)


def _gather(
    shards: list[Shard], finished: Iterable[Outcome[Finished]], runs: int
) -> tuple[dict[int, Outcome[Moments]], Floats]:
    """Put blocks of a component together, in their order, and add up the components."""
    outcomes: dict[int, Outcome[Moments]] = {}
    totals = np.zeros((len(TOTALS), runs))
    pairs = zip(shards, finished, strict=True)
    for first, group in groupby(pairs, key=lambda pair: pair[0].first):
        parts: list[tuple[Outcome[Moments], ...]] = []
        sums: list[Floats] = []
        for shard, outcome in group:
            if outcome.failed:
                lost: Outcome[Moments] = Outcome(None, outcome.error, outcome.message)
                parts.append((lost,) * shard.compiled.n_components)
            else:
                done = outcome.unwrap()
                parts.append(done.components)
                sums.append(done.totals)
        for offset, blocks in enumerate(zip(*parts, strict=True)):
            broken = next((block for block in blocks if block.failed), None)
            outcomes[first + offset] = broken or Outcome(
                reduce(Moments.merge, (block.unwrap() for block in blocks))
            )
        whole = len(parts) == 1 or not outcomes[first].failed
        if whole and sums:
            totals += np.concatenate(sums, axis=1)
    return outcomes, totals


def _left_out(network: Network, absent: Booleans) -> dict[int, Outcome[Moments]]:
    starts = network.compiled.component_ptr[:-1]
    return {
        int(c): Outcome(None, "DomainError", "the plan has no levels for it")
        for c in np.flatnonzero(absent[starts])
    }


def _trace(network: Network, shards: list[Shard]) -> pd.DataFrame:
    table = network.stages
    frames = []
    for shard in shards:
        if shard.blocks[0] > 0:
            continue
        for component in shard.components():
            outcome = attempt(trace_component, component, table)
            if not outcome.failed:  # its failure has a row already: the run met it too
                frames.append(outcome.unwrap())
    if not frames:
        return pd.DataFrame(columns=list(TRACE_COLUMNS))
    return pd.concat(frames).sort_values("period", kind="stable").reset_index(drop=True)
