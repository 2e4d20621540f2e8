"""Simulated stage-periods a second, beside stockpyl and NumPy over replications, in one run.

python -m benchmarks.quality.simulation_speed
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import echelon as ec
from benchmarks.cases.simulation_systems import (
    DEMAND_MEAN,
    DEMAND_STD,
    SimulatedSystem,
    network_of,
    systems,
    with_demand,
)
from benchmarks.peers import numpy_simulation, stockpyl_simulation
from benchmarks.registry import DisagreementError
from echelon.distributions import make
from echelon.kernels._jit import Floats, jit
from echelon.kernels.draws import Sources, fill
from echelon.kernels.flow_arrays import WIDTH
from echelon.kernels.single_draws import ShortTables, fill_single, short_tables
from echelon.kernels.single_rows import Singles
from echelon.simulation.drawn.sources import DrawRow, sources_of

REPLICATIONS = 1_000
STAGE_PERIODS = {"ours": 400_000, "stockpyl": 3_000, "NumPy": 600, "short": 3_000}
"""Simulated by each, per replication: enough for a stable time.

stockpyl runs one replication, the others 1,000. ``short`` is a run of ours in which checking the
arguments and making frames is felt.
"""

ASKED = {"stockpyl": 200_000.0, "random": 60_000.0, "NumPy": 10.0, "draws": 2.0}
REPEATS = 4
STRETCH = 32
"""Periods drawn at once where numbers alone are drawn: they stay in cache, as in a run."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Stage-periods per second of CPU, and the mean cost of a period with its error."""

    rate: float
    cost: float
    error: float


def _least(call: Callable[[], Any], repeats: int = REPEATS) -> tuple[float, Any]:
    spent, value = np.inf, None
    gc.collect()
    for _ in range(repeats):
        clock = time.process_time()
        value = call()
        spent = min(spent, time.process_time() - clock)
    return spent, value


def _periods(system: SimulatedSystem, who: str) -> int:
    return STAGE_PERIODS[who] // system.n_stages


def ours(system: SimulatedSystem, periods: int, precision: str = "double") -> Rate:
    """One call on one core; nothing is warmed up, as nowhere here."""
    return timed(network_of(system), system.n_stages, periods, precision)


def timed(network: ec.Network, n_stages: int, periods: int, precision: str) -> Rate:
    """The same of any network."""

    def call() -> ec.Simulation:
        return ec.simulate(
            network,
            periods=periods,
            warmup=0,
            replications=REPLICATIONS,
            progress=False,
            precision=precision,
        )

    call()  # compiles what is to be compiled
    seconds, run = _least(call)
    work = n_stages * periods * REPLICATIONS
    total = run.total.iloc[0]
    return Rate(work / seconds, float(total["cost"]), float(total["cost_se"]))


def vectorised(system: SimulatedSystem) -> Rate:
    """NumPy, all replications at once."""
    periods = _periods(system, "NumPy")
    seconds, costs = _least(lambda: numpy_simulation.run(system, periods, REPLICATIONS), 3)
    work = system.n_stages * periods * REPLICATIONS
    return Rate(work / seconds, float(costs.mean()), float(costs.std(ddof=1)) / REPLICATIONS**0.5)


def peer(system: SimulatedSystem) -> Rate:
    """stockpyl, one replication; how it spreads is left to ours to tell."""
    network, periods = stockpyl_simulation.build(system), _periods(system, "stockpyl")
    seconds, cost = _least(lambda: stockpyl_simulation.run(network, periods), 3)
    return Rate(system.n_stages * periods / seconds, cost, np.nan)


def agree(system: SimulatedSystem, rates: dict[str, Rate]) -> float:
    """Largest difference of two costs, in standard errors; above 4 there is nothing to time."""
    found = 0.0
    for who in ("NumPy", "stockpyl"):
        periods, other = _periods(system, who), rates[who]
        same = ec.simulate(
            network_of(system),
            periods=periods,
            warmup=0,
            replications=REPLICATIONS,
            progress=False,
        ).total.iloc[0]
        own = float(same["cost_se"])
        theirs = other.error if who == "NumPy" else own * REPLICATIONS**0.5
        apart = abs(other.cost - float(same["cost"])) / float(np.hypot(own, theirs))
        if apart > 4.0:
            raise DisagreementError(f"{system.name}, {system.family}, {who}: {apart:.1f} errors")
        found = max(found, apart)
    return found


@jit
def _draw(
    sources: Sources, n_rows: int, periods: int, runs: int, memory: Floats, out: Floats
) -> None:
    """Draw a run's numbers, a stretch of ``out.shape[1]`` periods of 128 runs at a time."""
    for first_run in range(0, runs, WIDTH):
        for first in range(0, periods, out.shape[1]):
            n_periods = min(out.shape[1], periods - first)
            n_runs = min(WIDTH, runs - first_run)
            fill(sources, 0, n_rows, first, n_periods, first_run, n_runs, memory, out)


@jit
def _draw_single(
    sources: Sources, tables: ShortTables, n_rows: int, periods: int, runs: int, out: Singles
) -> None:
    """The same in single precision."""
    for first_run in range(0, runs, WIDTH):
        n_runs = min(WIDTH, runs - first_run)
        for first in range(0, periods, STRETCH):
            n_periods = min(STRETCH, periods - first)
            fill_single(
                sources, tables, 0, n_rows, STRETCH, first, n_periods, first_run, n_runs, out
            )


def draws(system: SimulatedSystem, periods: int, precision: str = "double") -> float:
    """CPU seconds for the demand of a run alone, by the kernel that the simulation uses."""
    std = DEMAND_STD if system.family == "normal" else DEMAND_MEAN**0.5
    law = make(system.family, DEMAND_MEAN, std)
    n_rows = len(system.customers)
    rows = [DrawRow("demand", (f"stage {j:02d}", "here", ""), law) for j in system.customers]
    sources = sources_of(rows, 0)
    memory, out = np.zeros((n_rows, WIDTH)), np.empty((n_rows, STRETCH, WIDTH))
    tables, short = short_tables(sources), np.empty((n_rows * STRETCH, WIDTH), dtype=np.float32)

    def call() -> None:
        if precision == "single":
            _draw_single(sources, tables, n_rows, periods, REPLICATIONS, short)
        else:
            _draw(sources, n_rows, periods, REPLICATIONS, memory, out)

    call()
    return _least(call)[0]


def off_costs() -> list[str]:
    """Lines on what columns of features cost that switch nothing on, and one that never bites."""
    lines = []
    for system in systems().values():
        network, periods = network_of(system), _periods(system, "ours") // 4
        columns = {"lost_sales_share": 0.0, "yield_mean": 1.0, "capacity": np.inf}
        off = network.replace(stages=network.stages.assign(**columns))
        idle = network.replace(stages=network.stages.assign(capacity=1e9))
        found: dict[str, list[float]] = {"without": [], "off": [], "idle": []}
        for _ in range(REPEATS):
            for name, one in (("without", network), ("off", off), ("idle", idle)):
                found[name].append(timed(one, system.n_stages, periods, "double").rate)
        without, switched_off, never = (max(rates) for rates in found.values())
        lines.append(
            f"| {system.name} | {_millions(without)} | {_millions(switched_off)} | "
            f"**{without / switched_off:.2f}** | {_millions(never)} | {without / never:.1f} |"
        )
        print(lines[-1], flush=True)
    return lines


def table() -> str:
    """The tables of RESULTS.md."""
    lines: dict[str, list[str]] = {"double": [], "single": []}
    for family in ("normal", "poisson"):
        for plain in systems().values():
            system = with_demand(plain, family)
            vector, other = vectorised(system), peer(system)
            apart = agree(system, {"NumPy": vector, "stockpyl": other})
            periods = _periods(system, "ours")
            for precision, to in lines.items():
                own = ours(system, periods, precision).rate
                varying = ours(replace(system, random_times=True), periods, precision).rate
                brief = ours(system, _periods(system, "short"), precision).rate
                drawing = draws(system, periods, precision)
                seconds = system.n_stages * periods * REPLICATIONS / own
                draw_rate = len(system.customers) * periods * REPLICATIONS / drawing
                to.append(
                    f"| {system.name} | {family} | {_millions(own)} | {other.rate:,.0f} | "
                    f"**{own / other.rate:,.0f}** | {_millions(vector.rate)} | "
                    f"**{own / vector.rate:.1f}** | {_millions(varying)} | "
                    f"**{varying / other.rate:,.0f}** | {draw_rate / 1e6:,.0f} million | "
                    f"**{seconds / drawing:.1f}** | {_millions(brief)} | {apart:.1f} |"
                )
                print(precision, to[-1], flush=True)
    head = (
        "| system | demand | echelon | stockpyl | times | NumPy | times | random lead times | "
        "times stockpyl | draws | run over draws | a short run | costs differ by, errors |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    )
    return "\n".join(
        (
            "### Simulated stage-periods per second and core",
            "",
            f"Base stocks, {REPLICATIONS:,} replications, draws included, CPU time, least of "
            f"{REPEATS}. stockpyl simulates one replication with fixed lead times; NumPy loops "
            "over periods and stages with arrays over replications "
            "(`benchmarks/peers/numpy_simulation.py`). Random lead times: a period less or more, "
            "or as they are, a third each, at every stage that buys outside and on every lane. "
            f"Asked for: {ASKED['stockpyl']:,.0f} times stockpyl, {ASKED['NumPy']:.0f} times "
            f"NumPy; with random lead times {ASKED['random']:,.0f} times stockpyl's fixed ones; "
            f"the whole run at most {ASKED['draws']:.0f} times as long as its draws alone. Each "
            f"replication of ours has {STAGE_PERIODS['ours']:,} stage-periods; a short run has "
            f"{STAGE_PERIODS['short']:,}, and what a call costs before and after it shows.",
            "",
            "In double precision, the default:",
            "",
            *head,
            *lines["double"],
            "",
            'In single precision, `precision="single"`:',
            "",
            *head,
            *lines["single"],
            "",
            "What features cost that are off, in double precision: the tables without their "
            "columns, with columns at values that switch nothing on, and with a capacity that "
            "never bites, which is a feature that is on:",
            "",
            "| system | without | off | times | on, never bites | times |",
            "|---|---:|---:|---:|---:|---:|",
            *off_costs(),
            "",
        )
    )


def _millions(rate: float) -> str:
    return f"{rate / 1e6:,.1f} million"


if __name__ == "__main__":
    print(table())
