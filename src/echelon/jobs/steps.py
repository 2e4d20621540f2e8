"""What one worker does with one shard: place its stock, simulate the plan, write the parts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.jobs.check import load
from echelon.jobs.digest import add_digests
from echelon.jobs.parts import Part, write_frames
from echelon.jobs.work import Work, heard
from echelon.network.network import Network
from echelon.optimization.place_safety_stock import place_safety_stock
from echelon.results import no_failures
from echelon.simulation.result import Simulation
from echelon.simulation.simulate import simulate

_CLEARLY_BELOW: Final = -4.0
"""Standard errors by which a simulated service is below its promise, for it to be counted."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a shard, but for its rows, which are in files.

    Attributes
    ----------
    stages, components : int
        Of the shard.
    parts : tuple of Part
    digest : int
        Of the rows in them.
    places : (n_components,) int64
        Place of each component of the rows among those of the shard; rows count them from 0.
    failures : DataFrame
        As of a result, components by their place in the shard.
    objective, bound : float
        Of the plan, money per period.
    statuses : dict of str to int
        Components by status of their plan.
    below : int
        Stages with customers whose service came out clearly below the promise.
    promises : int
        Stages with customers and a promise.
    runs : ndarray of float64, shape (n_quantities, n_runs), or None
        Quantities of the shard in each run of the simulation, to be added up.
    leaving : float
        Mean demand of customers, units per period.
    group : int
        Runs of the simulation that depend on each other.
    told : tuple of str
        Warnings.
    seconds : dict of str to float
        Processor time by step.
    """

    stages: int
    components: int
    parts: tuple[Part, ...]
    digest: int
    places: NDArray[np.int64]
    failures: pd.DataFrame
    objective: float
    bound: float
    statuses: dict[str, int]
    below: int = 0
    promises: int = 0
    runs: NDArray[np.float64] | None = None
    leaving: float = 0.0
    group: int = 1
    told: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)


def solve_shard(work: Work) -> Done:
    """Place the stock of a shard, simulate the plan, and write the parts."""
    seconds: dict[str, float] = {}
    with _timed(seconds, "read"):
        sound = load(work)
    if sound.network is None:
        return Done(0, 0, (), 0, sound.places, sound.failures, 0.0, 0.0, {}, seconds=seconds)
    network, places = sound.network, sound.places
    if work.only:
        network, places = network.subset(work.only), places[list(work.only)]
    done = _solved(work, network, seconds)
    failures = done.failures.assign(component=places[done.failures["component"].to_numpy(int)])
    set_aside = () if work.only else (sound.failures,)
    return replace(done, places=places, failures=_joined([*set_aside, failures]))


def _solved(work: Work, network: Network, seconds: dict[str, float]) -> Done:
    """Solve, simulate and write; components are counted as in ``network``."""
    parts: list[Part] = []
    digests: list[int] = []
    simulated: dict[str, Any] = {}
    with heard() as told:
        with _timed(seconds, "optimize"):
            plan = place_safety_stock(network, **work.optimize, progress=False)
            failures = [plan.failures]
            planned = len(plan.stages) > 0
        with _timed(seconds, "write"):
            write_frames(work, "plan", plan, parts, digests)
        if work.simulate is not None and planned:
            with _timed(seconds, "simulate"):
                run = simulate(network, plan, **work.simulate, keep=False, progress=False)
                simulated = _totals(run)
                failed = run.failures["component"].isin(plan.failures["component"])
                failures.append(run.failures[~failed])
            with _timed(seconds, "write"):
                write_frames(work, "simulation", run, parts, digests)
    statuses = plan.components["status"].value_counts()
    with suppress(OSError):
        work.checked.unlink(missing_ok=True)
    return Done(
        stages=network.n_stages,
        components=network.n_components,
        parts=tuple(parts),
        digest=add_digests(digests),
        places=np.arange(network.n_components),
        failures=_joined(failures),
        objective=plan.objective,
        bound=plan.bound,
        statuses={str(name): int(count) for name, count in statuses.items()},
        told=tuple(told),
        seconds=seconds,
        **simulated,
    )


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else no_failures()


def is_whole(done: Done) -> bool:
    """Whether all went well, so that the next call need not try again."""
    return done.failures.empty


def _totals(run: Simulation) -> dict[str, Any]:
    """What a simulation adds to the sums of the whole."""
    rows = run.service[run.service["promised"].notna()]
    found: dict[str, Any] = {
        "below": int((rows["difference_in_se"] < _CLEARLY_BELOW).sum()),
        "promises": len(rows),
    }
    if run.runs is not None and len(run.stages):
        total = run.runs.at("total")
        found |= {"runs": total.values[0], "leaving": total.demand[0], "group": run.runs.group}
    return found


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    started = time.process_time()
    yield
    seconds[step] = seconds.get(step, 0.0) + time.process_time() - started
