"""Components drawn, solved and told of, one after another or in workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import DomainError
from echelon.execution import Outcome as Attempted
from echelon.execution import attempt, run_shards
from echelon.optimization.outcome import Outcome
from echelon.optimization.placement import Failure
from echelon.optimization.sampled_base_stock.arguments import Targets
from echelon.optimization.sampled_base_stock.build import Sampling, sampled_problem
from echelon.optimization.sampled_base_stock.curves import curve
from echelon.optimization.sampled_base_stock.descent import end_stages
from echelon.optimization.sampled_base_stock.described import Described
from echelon.optimization.sampled_base_stock.problem import SampledProblem, Tail, Target
from echelon.optimization.sampled_base_stock.recursion import service
from echelon.optimization.sampled_base_stock.replicated import TrueGap, is_priced, true_gap
from echelon.optimization.sampled_base_stock.solve import SolveOptions, solve_sampled
from echelon.optimization.sampled_base_stock.whole_units import in_whole_units
from echelon.progress import Progress, track

Floats = NDArray[np.float64]

_SORTED: Final = 10_000
_SOLVED: Final = 200
"""Paths where one level decides, and where a solver does, if nobody says."""

_CURVES: Final = 100
"""Components of which cost and service are kept over the level."""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What there is to say of one component.

    Attributes
    ----------
    levels : (n_stages,) float64
    outcome : Outcome
    method : str
    paths, periods : int
        Sampled, and counted on each.
    holding, shortage, tail : float
        On the paths, money per period.
    given : dict of int to (str, float)
        What customers of a stage get on the paths, by its measure.
    true_gap : TrueGap or None
    why_no_gap : str
    curves : tuple of (int, DataFrame)
        By stage.
    """

    levels: Floats
    outcome: Outcome
    method: str
    paths: int
    periods: int
    holding: float
    shortage: float
    tail: float
    given: dict[int, tuple[str, float]]
    true_gap: TrueGap | None
    why_no_gap: str
    curves: tuple[tuple[int, pd.DataFrame], ...] = field(default=())


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Everything that is the same for all components; ``step`` of the levels of every stage."""

    described: Described
    targets: Targets
    tail: Tail | None
    scenarios: int | None
    periods: int | None
    seed: int
    replications: int
    confidence: float
    options: SolveOptions
    step: Floats

    def stages(self, c: int) -> slice:
        """Places of the stages of a component."""
        ptr = self.described.network.compiled.component_ptr
        return slice(int(ptr[c]), int(ptr[c + 1]))

    def problem(self, c: int, seed: int) -> SampledProblem:
        """Draw the sampled problem of a component."""
        compiled, stages = self.described.network.compiled, self.stages(c)
        one_decides = (
            np.count_nonzero(compiled.can_stock[stages]) <= 1 and self.options.method == "auto"
        )
        paths = self.scenarios or (_SORTED if one_decides else _SOLVED)
        return sampled_problem(
            self.described,
            c,
            Sampling(paths, self.periods),
            seed,
            self.targets.of(stages.start, stages.stop),
            self.tail,
        )

    def task(self, c: int) -> _Task:
        """Draw all that is needed to solve a component.

        Raises
        ------
        DomainError
            If the tables say something that a sampled problem cannot, or ask for no stock.
        """
        faults = self.described.faults[c]
        if faults:
            raise DomainError(
                "base_stock_saa knows base stock with backorders, and not "
                f"{'; not '.join(faults)}. Fix: leave it out, or use another model."
            )
        problem = self.problem(c, self.seed)
        limited = self.tail is not None and np.isfinite(self.tail.limit)
        if not (problem.targets or limited or (problem.backorder_cost > 0.0).any()):
            raise DomainError(
                "nothing asks for stock: there is no backorder_cost, no service level and no "
                "cvar_limit. Fix: fill stages.backorder_cost or give service_level=."
            )
        fresh = [self.problem(c, self.seed + 2 + k) for k in range(self.replications)]
        stages = self.stages(c)
        served = np.flatnonzero(self.targets.served[stages]).tolist()
        measures = {j: self.targets.measure[stages.start + j] for j in served}
        return _Task(
            problem, fresh, measures, self.options, self.confidence, c < _CURVES, self.step[stages]
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """One component, drawn; ``measures`` of its stages with customers."""

    problem: SampledProblem
    fresh: list[SampledProblem]
    measures: dict[int, str]
    options: SolveOptions
    confidence: float
    curves: bool
    step: Floats

    def run(self) -> Report:
        """Solve it and say what there is to say."""
        problem = self.problem
        solution = in_whole_units(
            problem, solve_sampled(problem, self.options), self.step, self.options.gap
        )
        known, why = None, "none asked for"
        if self.fresh:
            why = "not known: several levels, or a tail, beside a service target"
            if is_priced(problem):
                known = true_gap(
                    problem, solution.levels, self.fresh, self.options, self.confidence
                )
        reading = solution.reading
        drawn = [j for j in end_stages(problem) if self.curves]
        return Report(
            levels=solution.levels,
            outcome=solution.outcome,
            method=solution.method,
            paths=problem.n_scenarios,
            periods=max(len(points) for points in problem.counted),
            holding=reading.holding,
            shortage=reading.shortage,
            tail=reading.tail,
            given={
                j: (measure, service(problem, reading, Target(j, measure, 0.5)))
                for j, measure in self.measures.items()
            },
            true_gap=known,
            why_no_gap=why,
            curves=tuple((j, curve(problem, solution.levels, j)) for j in drawn),
        )


def run_all(work: Work, n_jobs: int, progress: Progress) -> list[Report | Failure]:
    """Solve all components; those that need a solver in workers, if there are any."""
    n_components = work.described.network.compiled.n_components
    done: list[Report | Failure | None] = [None] * n_components
    for_solver: list[tuple[int, _Task]] = []
    with track(progress, n_components, "base stocks on sampled paths") as advance:
        for c in range(n_components):
            drawn = attempt(work.task, c)
            if drawn.failed:
                done[c] = Failure(drawn.error, drawn.message)
            elif n_jobs != 1 and drawn.unwrap().problem.single < 0:
                for_solver.append((c, drawn.unwrap()))
                continue
            else:
                done[c] = _finished(attempt(drawn.unwrap().run))
            advance(1)
        outcomes = run_shards(_Task.run, [task for _, task in for_solver], n_jobs=n_jobs)
        for (c, _), outcome in zip(for_solver, outcomes, strict=True):
            done[c] = _finished(outcome)
            advance(1)
    return [one for one in done if one is not None]


def _finished(outcome: Attempted[Report]) -> Report | Failure:
    if outcome.failed:
        return Failure(outcome.error, outcome.message)
    return outcome.unwrap()
