"""Run every case in one process and rewrite the tables of RESULTS.md.

python -m benchmarks.run [NAME ...]
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import os
import platform
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.quality import (
    calibration,
    carparts,
    exact_models,
    exposure,
    fifty_thousand,
    first_use,
    growth,
    kills,
    lot_sizing,
    many_histories,
    many_levels,
    out_of_core,
    placement_growth,
    placing_speed,
    planted_failures,
    portfolio,
    portfolio_placing,
    position_excess,
    random_networks,
    random_times,
    real_chains,
    rich_portfolio,
    same_bits,
    sampled_base_stock,
    scms,
    settled_plans,
    shelf_life,
    simulated_base_stocks,
    simulated_shelf_lives,
    simulation_portfolio,
    simulation_speed,
    target_oracles,
    target_plans,
    target_speed,
)
from benchmarks.registry import Case, cases

RESULTS = Path(__file__).with_name("RESULTS.md")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
FEWEST, MOST, PATIENCE_SECONDS = 3, 9, 20.0
SHORT_SECONDS = 0.01  # what takes less is done several times, as clocks are coarse
PACKAGES = ("echelon", "stockpyl", "numpy", "numba", "pandas", "scipy", "pyomo", "highspy")


@dataclass(frozen=True, slots=True)
class Measurement:
    """Least CPU and wall seconds of one case and size, by contender and phase."""

    case: Case
    size: int
    cpu: dict[str, dict[str, float]]
    wall: dict[str, dict[str, float]]
    repeats: int
    agreement: str


def measure(case: Case, size: int) -> Measurement:
    """Time one size: contenders take turns, the least of several repeats counts.

    A first round is not timed: it compiles kernels, fills caches and gives the answers, which
    must agree before anything is measured.
    """
    data = case.build(size)
    answers = {package: _once(case, package, data)[0] for package in case.contenders}
    agreement = case.agree(data, answers)
    cpu: dict[str, dict[str, float]] = {package: {} for package in case.contenders}
    wall: dict[str, dict[str, float]] = {package: {} for package in case.contenders}
    began, repeats = time.perf_counter(), 0
    while repeats < FEWEST or (repeats < MOST and time.perf_counter() - began < PATIENCE_SECONDS):
        for package in case.contenders:
            _, spent = _once(case, package, data)
            for phase, (cpu_seconds, wall_seconds) in spent.items():
                cpu[package][phase] = min(cpu_seconds, cpu[package].get(phase, cpu_seconds))
                wall[package][phase] = min(wall_seconds, wall[package].get(phase, wall_seconds))
        repeats += 1
    return Measurement(case, size, cpu, wall, repeats, agreement)


def _once(case: Case, package: str, data: Any) -> tuple[Any, dict[str, tuple[float, float]]]:
    """Take one package through the phases; the last one, if it is short, several times over."""
    gc.collect()
    spent, value = {}, data
    for phase, step in case.contenders[package].items():
        given, calls = value, 0
        wall, cpu = time.perf_counter(), time.process_time()
        while True:
            value = step(given)
            calls += 1
            cpu_seconds, wall_seconds = time.process_time() - cpu, time.perf_counter() - wall
            if phase != case.phases[-1] or wall_seconds > SHORT_SECONDS:
                break
        spent[phase] = (cpu_seconds / calls, wall_seconds / calls)
    return value, spent


def table(measurements: list[Measurement]) -> str:
    """One case's table: a row per size and phase, the ratio last but one."""
    case = measurements[0].case
    ours, *peers = case.contenders
    head = [case.size_name, "phase", f"{ours} CPU"]
    head += [text for peer in peers for text in (f"{peer} CPU", f"{peer} / {ours}")]
    rows = []
    for measured in measurements:
        for phase in case.phases:
            own = measured.cpu[ours][phase]
            row = [f"{measured.size:,}", phase, _seconds(own)]
            for peer in peers:
                other = measured.cpu[peer][phase]
                row += [_seconds(other), f"**{other / own:,.3g}**"]
            rows.append([*row, measured.agreement if phase == case.phases[-1] else ""])
    lines = [[*head, "answers"], ["---:", "---", *["---:"] * (len(head) - 2), "---"], *rows]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {case.title}\n\n{body}\n"


def _seconds(value: float) -> str:
    return f"{value * 1e3:,.3g} ms" if value < 1.0 else f"{value:,.3g} s"


def conditions() -> str:
    """Machine, versions and date, in words."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {_processor()}, {os.cpu_count()} cores; "
        f"{platform.system()}, Python {platform.python_version()}; {versions}.\n"
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def rewrite(text: str) -> None:
    """Put the tables between the marks of RESULTS.md; what a person wrote around them stays."""
    before, _, rest = RESULTS.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    RESULTS.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


def main() -> int:
    """Measure the cases named, all by default; only a run of all rewrites RESULTS.md."""
    known = cases()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    wanted = parser.parse_args().names or list(known)
    for name in wanted:
        if name not in known:
            parser.error(f"no case {name!r}; known: {', '.join(known)}")
    parts = [conditions()]
    for name in wanted:
        parts.append(table([measure(known[name], size) for size in known[name].sizes]))
        print(parts[-1], flush=True)
    if set(wanted) == set(known):
        for quality in (
            real_chains,
            placement_growth,
            random_networks,
            settled_plans,
            random_times,
            calibration,
            exposure,
            carparts,
            many_histories,
            scms,
            exact_models,
            many_levels,
            simulation_speed,
            simulation_portfolio,
            rich_portfolio,
            simulated_shelf_lives,
            placing_speed,
            position_excess,
            portfolio_placing,
            out_of_core,
            fifty_thousand,
            growth,
            kills,
            planted_failures,
            same_bits,
            first_use,
            lot_sizing,
            target_oracles,
            target_plans,
            target_speed,
            sampled_base_stock,
            simulated_base_stocks,
            portfolio,
            shelf_life,
        ):
            parts.append(quality.table())
            print(parts[-1], flush=True)
        rewrite("\n".join(parts))
        print(f"rewrote {RESULTS.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
