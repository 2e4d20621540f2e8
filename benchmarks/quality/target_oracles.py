"""Target inventories against enumeration: 200 random instances of each family.

python -m benchmarks.quality.target_oracles
"""

from __future__ import annotations

import time

import numpy as np

from echelon.execution import run_shards
from echelon.optimization.target_inventory.arguments import TargetOptions
from echelon.optimization.target_inventory.solution import TargetSolution
from echelon.optimization.target_inventory.solve import TargetLimits
from echelon.optimization.target_inventory.solve_targets import solve_targets
from tests import target_cases, target_cases_linked

INSTANCES, N_JOBS = 200, 2
FAMILIES = (*target_cases.FAMILIES, *target_cases_linked.FAMILIES)


def found(case: target_cases.Case, method: str) -> float:
    """Cost of the plan, infinite where there is none."""
    options, limits = TargetOptions(**case.options), TargetLimits(method=method, gap=1e-9)
    solved = solve_targets(case.network, options, limits).solutions
    return sum(
        one.outcome.objective if isinstance(one, TargetSolution) else np.inf for one in solved
    )


def row(number: int) -> str:
    """One row of the table: a family by its number."""
    family = FAMILIES[number]
    worst, wrong, without, planned, walked = 0.0, 0, 0, 0.0, 0.0
    for seed in range(INSTANCES):
        began = time.process_time()
        case = family(np.random.default_rng(seed))
        walked += time.process_time() - began
        began = time.process_time()
        cost = found(case, "milp" if seed % 2 else "auto")
        planned += time.process_time() - began
        if np.isinf(case.least) or np.isinf(cost):
            without += cost == case.least
            wrong += cost != case.least
            continue
        off = abs(cost - case.least) / max(case.least, 1.0)
        worst, wrong = max(worst, off), wrong + (off > 1e-6)
    name = (family.__doc__ or "").split("\n")[0].rstrip(".")
    return (
        f"| {name} | {worst:.1e} | {wrong} | {without} | {planned / INSTANCES * 1e3:.0f} ms | "
        f"{walked / INSTANCES * 1e3:.0f} ms |"
    )


def table() -> str:
    """The table of RESULTS.md."""
    lines = [
        f"### Target inventories against enumeration, {INSTANCES} instances of each family",
        "",
        "The least cost of each instance is found by walking over all states that whole orders "
        'lead to, with nothing of the library. Every second instance with `method="milp"`, the '
        "others with `auto`. Where enumeration finds no plan the model must find none, too.",
        "",
        "| family | largest relative difference | instances beyond 1e-6 | without a plan, both | "
        "CPU per instance: plan | enumeration |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for outcome in run_shards(row, list(range(len(FAMILIES))), n_jobs=N_JOBS):
        lines.append(outcome.unwrap())
        print(lines[-1], flush=True)
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(table())
