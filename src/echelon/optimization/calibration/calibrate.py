"""Set base stocks so that simulated customers get the service that was asked for."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import DomainError
from echelon.network.network import Network
from echelon.optimization.calibration.exchange import Exchange
from echelon.optimization.calibration.measured import MEASURES, Bench, Reading
from echelon.optimization.calibration.problem import Problem
from echelon.optimization.calibration.result import Calibration
from echelon.optimization.calibration.solve import Solver, State
from echelon.optimization.calibration.targets import Targets, read_targets
from echelon.policies.plan import Plan
from echelon.progress import Progress
from echelon.results import Provenance, frame_digest

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

ADJUST: Final = ("network", "customers", "factor")


def calibrate(
    network: Network,
    plan: Plan,
    *,
    target: Targets = None,
    measure: str = "fill_rate",
    adjust: str = "network",
    confidence: float = 0.95,
    periods: int = 250,
    warmup: int | None = None,
    replications: int = 256,
    seed: int = 0,
    max_rounds: int = 200,
    n_jobs: int = 1,
    progress: Progress = None,
) -> Calibration:
    r"""Set a plan's base stocks so that *measured* service meets its targets, at least cost.

    A plan of the guaranteed-service model promises that demand up to a bound is met. Simulated
    with backorders, what is short upstream makes customers wait as well, and a target may be of
    another measure than the bound: so service is measured, and the levels of the plan moved until
    it is what was asked for. Every simulation meets the same random numbers. Service times, and so
    the stages that hold stock, stay the plan's.

    1. The level of each stage with customers is the least with which its service reaches the
       target, found by secants on the normal quantile of service; all stages are searched at
       once, as under base stocks the level of one does not touch what another gets.
    2. Where no level of its own does, or it may hold no stock, all levels of its component are
       moved together: by one number of standard deviations of what each covers.
    3. Levels upstream are then moved one after another, and those of stages with customers keep
       service where it is: as long as the holding cost that is measured falls. Such a choice suits
       the random numbers it was made with better than any others, so step 1 is repeated with other
       ones in the end.

    Parameters
    ----------
    network : Network
    plan : Plan
        From :func:`optimize`, for this network.
    target : float, mapping of (item, location) to float, or DataFrame, optional
        What ``measure`` is to reach, above 0 and below 1: of all stages with customers, or of
        those named (columns item, location, target). The others, and all if it is left out, are to
        reach the plan's ``target_service_level``, taken as a target of ``measure``.
    measure : {"fill_rate", "ready_rate", "on_time_rate", "cycle_service_level"}
        Of clause 6 of the convention. Counted in units it is towards customers alone; counted in
        periods, towards all who order from the stage.
    adjust : {"network", "customers", "factor"}
        ``"customers"`` leaves out step 3; ``"factor"`` moves all levels of a component by one
        number of standard deviations, the least with which all its targets are reached.
    confidence : float, default 0.95
        Of the intervals of ``half_width``.
    periods, replications : int
        Of each simulation; at least 2 replications.
    warmup : int, optional
        Periods that are not counted. Default: what :func:`simulate` takes of itself for the plan
        as it is, the longest of all components.
    seed : int, default 0
        Of the simulations; ``seed + 1`` of those after step 3, and ``seed + 2`` of the last one,
        whose random numbers nothing was fitted to.
    max_rounds : int, default 200
        Most simulations, but for the few that end a step and the last two.
    n_jobs : int, default 1
        Workers of each simulation; -1 uses every core.
    progress : bool, callable or None
        A function is called with the number of simulations after each.

    Returns
    -------
    Calibration
        ``.plan`` is the calibrated plan. A target that is not met is a row of ``.customers`` with
        ``met`` false and a ``reason``.

    Raises
    ------
    DomainError
        With everything that is wrong about the arguments.
    UnknownNameError, TableError
        As :func:`simulate` does.

    Warns
    -----
    DataWarning
        As :func:`simulate` does, once.

    References
    ----------
    .. [1] Glasserman & Tayur (1995), Sensitivity analysis for base-stock levels in multiechelon
       production-inventory systems, *Management Science* 41(2).

    Examples
    --------
    Two stages in series. The base stocks keep 95 % of periods free of shortages, and that gives a
    fill rate above 99 %; 98 % takes less stock.

    >>> import echelon as ec
    >>> network = ec.serial(["plant", "shop"], lead_time=[3, 2], holding_cost=[1.0, 2.0],
    ...                     demand_mean=50.0, demand_std=8.0, safety_factor=1.645)
    >>> plan = ec.optimize(network)
    >>> calibration = ec.calibrate(network, plan, target=0.98, seed=7)
    >>> calibration.customers[["item", "target", "before", "after", "met"]].round(3)
       item  target  before  after   met
    0  shop    0.98   0.993   0.98  True
    """
    began = time.perf_counter()
    problems: list[str] = []
    _check(network, plan, measure, adjust, confidence, problems)
    for name, value, least in (
        ("periods", periods, 1),
        ("replications", replications, 2),
        ("max_rounds", max_rounds, 2),
        ("seed", seed, None),
    ):
        _check_whole(name, value, least, problems)
    _raise(problems)
    if plan.stages.empty:
        raise DomainError("calibrate: the plan has no stages. Fix: see plan.failures for why.")
    problem = Problem.of(network, plan)
    wanted = read_targets(target, plan, problem.ends, problems)
    _check_waiting(plan, problem, measure, problems)
    _raise(problems)

    arguments = {
        "periods": periods,
        "warmup": warmup,
        "replications": replications,
        "n_jobs": n_jobs,
        "seed": seed,
    }
    bench = Bench(network, plan, problem.ends, measure, arguments, progress)
    solver = Solver(problem, bench, wanted, _normal(confidence), max_rounds)
    steps = _Steps(solver, network, plan)
    before = solver.read(problem.base_stock)
    steps.note("plan as it was", before)
    after, short = _solve(solver, before, adjust, seed, steps)
    if bench.seed != seed:
        before = solver.read(problem.base_stock)  # beside what came of it, on the same numbers
    fresh = bench.read(after.levels, seed=seed + 2)
    rounds = bench.rounds
    customers = _customers(solver, plan, before, after, fresh, short)
    stages = plan.stages[["item", "location"]].assign(
        base_stock_before=before.levels,
        base_stock_after=after.levels,
        change=after.levels - before.levels,
        holding_cost_before=before.reading.holding_cost,
        holding_cost_after=after.reading.holding_cost,
    )
    return Calibration(
        failures=plan.failures.copy(),
        provenance=Provenance(
            arguments={
                "measure": measure,
                "adjust": adjust,
                "confidence": confidence,
                "max_rounds": max_rounds,
                **arguments,
            },
            tables={**network.digests, "plan": frame_digest(plan.stages)},
            seconds={"calibrate": time.perf_counter() - began},
            seed=seed,
        ),
        plan=_calibrated(network, plan, problem, after, bench, measure),
        customers=customers,
        stages=stages.reset_index(drop=True),
        steps=steps.frame(),
        measure=measure,
        confidence=confidence,
        rounds=rounds,
        periods=periods,
        replications=replications,
    )


def _solve(
    solver: Solver, state: State, adjust: str, seed: int, steps: _Steps
) -> tuple[State, Booleans]:
    """Go through the steps; where targets are not met after them, say so."""
    problem = solver.problem
    everywhere = np.ones(problem.n_components, dtype=np.bool_)
    if adjust == "factor":
        state = solver.by_factor(state, everywhere)
        steps.note("one factor", state)
        return state, solver.gap(state.reading) < 0.0
    state, short = solver.by_customers(state)
    steps.note("stages with customers", state)
    others = short | ~problem.end_can_move  # their service is made upstream
    if others.any():
        needy = np.zeros(problem.n_components, dtype=np.bool_)
        needy[problem.end_component[others]] = True
        state = solver.by_factor(state, needy)
        steps.note("one factor where those do not suffice", state)
        state, short = solver.by_customers(state)
        steps.note("stages with customers again", state)
    if adjust == "network" and (problem.group >= 0).any():
        sound = everywhere.copy()
        sound[problem.end_component[short]] = False
        state = Exchange(solver).run(state, sound)
        steps.note("exchange with stages upstream", state)
        # the exchange has picked what its random numbers like best: others say what that is worth
        solver.bench.reseed(seed + 1)
        state, _ = solver.by_customers(solver.read(state.levels), stride=0.1)
        steps.note("stages with customers, other random numbers", state)
    return state, solver.gap(state.reading) < 0.0


class _Steps:
    """What was reached after each step."""

    def __init__(self, solver: Solver, network: Network, plan: Plan) -> None:
        self._solver = solver
        self._holding = _holding_cost(network, plan)
        self._safety = plan.stages["safety_stock"].to_numpy(np.float64)
        self._rows: list[tuple[Any, ...]] = []

    def note(self, step: str, state: State) -> None:
        """Add a row."""
        solver = self._solver
        safety = self._safety + state.levels - solver.problem.base_stock
        met = _met(solver, state.reading)
        self._rows.append(
            (
                step,
                solver.bench.rounds,
                int(met.sum()),
                float(state.reading.holding_cost.sum()),
                float(self._holding @ safety),
            )
        )

    def frame(self) -> pd.DataFrame:
        """Give all rows."""
        names = ["step", "rounds", "met", "holding_cost", "safety_stock_cost"]
        return pd.DataFrame(self._rows, columns=names)


def _met(solver: Solver, reading: Reading) -> Booleans:
    """Where the interval of what is measured reaches the target; also where nothing fell due."""
    slack = solver.z * np.nan_to_num(reading.service_se)
    return np.asarray(np.isnan(reading.service) | (reading.service >= solver.target - slack))


def _customers(
    solver: Solver, plan: Plan, before: State, after: State, fresh: Reading, short: Booleans
) -> pd.DataFrame:
    problem = solver.problem
    met = _met(solver, after.reading)
    why = np.where(
        solver.exhausted,
        "max_rounds was reached",
        np.where(
            problem.end_can_move,
            "more stock brings no more: supply or capacity may be short",
            "the stage may hold no stock, and more upstream brings no more",
        ),
    )
    rows = plan.stages[["item", "location"]].iloc[problem.ends].reset_index(drop=True)
    return rows.assign(
        target=solver.target,
        before=before.reading.service,
        before_se=before.reading.service_se,
        after=after.reading.service,
        after_se=after.reading.service_se,
        half_width=solver.z * after.reading.service_se,
        met=met,
        fresh=fresh.service,
        fresh_se=fresh.service_se,
        base_stock_before=before.levels[problem.ends],
        base_stock_after=after.levels[problem.ends],
        reason=np.where(met | ~short, "", why),
    )


def _calibrated(
    network: Network, plan: Plan, problem: Problem, after: State, bench: Bench, measure: str
) -> Plan:
    """Give the plan with the new levels, and what they cost."""
    safety = plan.stages["safety_stock"].to_numpy(np.float64) + after.levels - problem.base_stock
    cost = _holding_cost(network, plan) * safety
    promised = plan.stages["service_level"].to_numpy(np.float64, copy=True)
    promised[problem.ends] = after.reading.cycle_service
    moved = bench.plan_of(after.levels)
    stages = moved.stages.assign(safety_stock=safety, holding_cost=cost, service_level=promised)
    per_component = stages.groupby("component")["holding_cost"].sum()
    how = f"calibrated to simulated {measure}"
    solved = plan.components["component"].isin(per_component.index)
    components = plan.components.copy()
    components.loc[solved, "objective"] = (
        components.loc[solved, "component"].map(per_component).to_numpy()
    )
    components.loc[solved, ["bound", "gap"]] = np.nan
    components.loc[solved, "status"] = "feasible"
    components.loc[solved, "termination"] = how
    return replace(
        plan,
        stages=stages,
        components=components,
        objective=float(cost.sum()),
        bound=float("nan"),
        gap=float("nan"),
        status="partial" if plan.status == "partial" else "feasible",
        termination=how,
    )


def _holding_cost(network: Network, plan: Plan) -> Floats:
    """Money per unit and period, by row of the plan."""
    compiled = network.compiled
    rows = network.stages[["item", "location"]].iloc[compiled.stage_row]
    here = pd.MultiIndex.from_frame(rows)
    place = here.get_indexer(pd.MultiIndex.from_frame(plan.stages[["item", "location"]]))
    return np.asarray(compiled.holding_cost[place])


def _normal(confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + 0.5 * confidence))


def _check(
    network: object,
    plan: object,
    measure: object,
    adjust: object,
    confidence: object,
    problems: list[str],
) -> None:
    if not isinstance(network, Network):
        problems.append(f"network is of type {type(network).__name__}. Fix: give a Network.")
    if not isinstance(plan, Plan):
        problems.append(f"plan is of type {type(plan).__name__}. Fix: give what optimize returns.")
    for name, value, known in (("measure", measure, MEASURES), ("adjust", adjust, ADJUST)):
        if value not in known:
            problems.append(f"{name} is {value!r}. Fix: give one of {', '.join(map(repr, known))}.")
    number = isinstance(confidence, float) and 0.0 < confidence < 1.0
    if not number:
        problems.append(f"confidence is {confidence!r}. Fix: give a fraction, 0.95 say.")


def _check_whole(name: str, value: Any, least: int | None, problems: list[str]) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or (least is not None and value < least):
        wanted = "an integer" if least is None else f"a whole number >= {least}"
        problems.append(f"{name} is {value!r}. Fix: give {wanted}.")


def _check_waiting(plan: Plan, problem: Problem, measure: str, problems: list[str]) -> None:
    """A fill rate is 0 by design where customers wait: it cannot be calibrated."""
    rows = plan.stages.iloc[problem.ends]
    waits = rows[rows["service_time"] > 0.0]
    if measure == "fill_rate" and len(waits):
        first = waits.iloc[0]
        problems.append(
            f"measure is 'fill_rate', which is 0 by design where customers wait a service time, as "
            f"at {len(waits)} of {len(rows)} stages, first {first['item']} @ {first['location']} "
            f"({first['service_time']:g} {plan.period}s). Fix: use 'on_time_rate', which equals it "
            "where nobody waits."
        )


def _raise(problems: list[str]) -> None:
    if len(problems) == 1:
        raise DomainError(f"calibrate: {problems[0]}")
    if problems:
        lines = "\n".join(f"  {i}. {problem}" for i, problem in enumerate(problems, 1))
        raise DomainError(f"calibrate: {len(problems)} things to mend:\n{lines}")
