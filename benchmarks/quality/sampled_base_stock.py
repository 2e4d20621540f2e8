"""Base stocks on sampled paths: against sorting and brute force, and what a proof takes."""

from __future__ import annotations

import time

import numpy as np

import echelon as ec
from echelon.optimization.sampled_base_stock.build import Sampling, sampled_problem
from echelon.optimization.sampled_base_stock.declared import declare
from echelon.optimization.sampled_base_stock.described import Described
from echelon.optimization.sampled_base_stock.problem import SampledProblem, Target
from echelon.optimization.sampled_base_stock.recursion import service
from echelon.optimization.sampled_base_stock.single_level import SingleLevel
from echelon.optimization.sampled_base_stock.solve import SolveOptions, solve_sampled
from echelon.optimization.solvers import solve
from tests.sampled_by_hand import (
    assembly,
    chain,
    costs_by_hand,
    counted_periods,
    grid,
    single_instance,
    tree,
)

TITLE = "Base stocks on sampled paths"

_AUTO = SolveOptions("auto", "highs", 1e-9, None)
_MILP = SolveOptions("milp", "highs", 1e-9, 60.0)


def _problem(
    network: ec.Network, scenarios: int, seed: int, targets: list[Target], tail: object = None
) -> SampledProblem:
    described = Described.of(network)
    return sampled_problem(described, 0, Sampling(scenarios, None), seed, targets, tail)  # type: ignore[arg-type]


def sorting(instances: int = 200) -> list[str]:
    """Random single stages: the sorted answer against the declared model."""
    worst, equal, seconds = 0.0, 0, [0.0, 0.0]
    for seed in range(instances):
        network, targets, tail = single_instance(np.random.default_rng(10_000 + seed))
        problem = _problem(network, 25, seed, targets, tail)
        began = time.process_time()
        found = solve_sampled(problem, _AUTO).outcome.objective
        between = time.process_time()
        proven = solve(declare(problem), gap=1e-9).objective
        seconds[0] += between - began
        seconds[1] += time.process_time() - between
        off = abs(found - proven) / max(1.0, abs(proven))
        worst, equal = max(worst, off), equal + (off < 1e-6)
    each = [f"{1e3 * one / instances:.2f} ms" for one in seconds]
    return [
        "one stage, sorted against the model",
        str(instances),
        str(equal),
        f"{worst:.0e}",
        *each,
    ]


def brute_force(make: object, name: str, instances: int) -> list[str]:
    """Random small networks: the model against the plain engine at all whole levels."""
    worst, equal, seconds = 0.0, 0, [0.0, 0.0]
    for seed in range(instances):
        rng = np.random.default_rng(20_000 + seed)
        network = make(rng)  # type: ignore[operator]
        target = Target(2, "ready", float(rng.uniform(0.6, 0.95)))
        targets = [target] if seed % 2 else []
        problem = _problem(network, 8, seed, targets)
        levels = grid(problem.highest)
        began = time.process_time()
        holding, loss, seen = costs_by_hand(
            network, levels, scenarios=8, seed=seed, counted=counted_periods(network)
        )
        cost = holding + loss.mean(axis=1)
        if targets:
            given = (seen[2][0] <= 1e-9).mean(axis=1)
            cost = np.where(given >= target.level - 1e-9, cost, np.inf)
        between = time.process_time()
        found = solve_sampled(problem, _MILP)
        seconds[0] += between - began
        seconds[1] += time.process_time() - between
        off = (found.outcome.objective - float(cost.min())) / max(1.0, float(cost.min()))
        kept = all(service(problem, found.reading, one) >= one.level - 1e-9 for one in targets)
        # where stages share what is late a level between whole numbers can be better
        good = kept and (off < 1e-6 if make is tree else abs(off) < 1e-6)
        good = good and found.outcome.bound <= float(cost.min()) + 1e-6
        worst, equal = max(worst, off), equal + good
    each = [f"{1e3 * one / instances:.0f} ms" for one in seconds]
    return [name, str(instances), str(equal), f"{worst:.0e}", *each]


def proofs() -> list[list[str]]:
    """What is proven of two series and a tree, by number of paths."""
    rows = []
    two = ec.serial(
        ["plant", "shop"], lead_time=[2, 2], holding_cost=[1.0, 3.0],
        backorder_cost=[0.0, 30.0], demand_mean=50.0, demand_std=10.0, family="gamma",
    )  # fmt: skip
    three = ec.serial(
        ["third", "second", "first"], lead_time=[2, 1, 1], holding_cost=[2.0, 4.0, 7.0],
        backorder_cost=[0.0, 0.0, 37.12], demand_mean=5.0, demand_std=1.0,
    )  # fmt: skip
    shops = ec.distribution(
        "depot", ["north", "south"], lead_time=[4, 1, 2], holding_cost=[1.0, 1.6, 1.6],
        demand_mean=[20.0, 40.0], demand_std=[8.0, 10.0],
    )  # fmt: skip
    both = [Target(1, "cycle", 0.95), Target(2, "cycle", 0.95)]
    cases = [
        ("two stages", two, []),
        ("two stages, ready rate 95 %", two, [Target(1, "ready", 0.95)]),
        ("three stages", three, []),
        ("depot and two shops, cycle service 95 %", shops, both),
    ]
    for name, network, targets in cases:
        for paths in (50, 200, 500):
            problem = _problem(network, paths, 1, targets)
            row = [name, str(paths)]
            for method in ("auto", "milp"):
                if method == "milp" and paths > 200:
                    row += ["", ""]
                    continue
                began = time.process_time()
                found = solve_sampled(problem, SolveOptions(method, "highs", 1e-4, 30.0))
                seconds = time.process_time() - began
                if method == "auto":
                    row += [f"{found.outcome.objective:.4f}", found.method]
                row += [f"{found.outcome.gap:.0e}", f"{seconds:.1f} s"]
            rows.append(row)
    return rows


def microseconds(paths: int) -> str:
    """CPU time of the best level of one stage with a fill rate of 95 %, paths drawn."""
    network = ec.serial(["shop"], lead_time=4, holding_cost=1.0, backorder_cost=9.0,
                        demand_mean=50.0, demand_std=8.0)  # fmt: skip
    problem = _problem(network, paths, 1, [Target(0, "fill", 0.95)])
    single = SingleLevel.of(problem, 0, problem.lower)
    times = []
    for _ in range(200):
        began = time.process_time()
        single.best(problem.targets)
        times.append(time.process_time() - began)
    cost_only = []
    for _ in range(200):
        began = time.process_time()
        single.best(())
        cost_only.append(time.process_time() - began)
    return (
        f"{paths:,} paths: {1e6 * min(cost_only):.0f} microseconds by cost, "
        f"{1e6 * min(times):.0f} with a fill rate"
    )


def table() -> str:
    """Agreement on random instances, then proofs by number of paths."""
    head = ["compared", "instances", "equal", "largest difference", "oracle or sorting", "model"]
    rows = [
        sorting(),
        brute_force(chain, "three stages in series, all whole levels", 80),
        brute_force(tree, "depot and two shops, all whole levels", 60),
        brute_force(assembly, "two parts and a kit, all whole levels", 60),
    ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    text = "\n".join("| " + " | ".join(row) + " |" for row in lines)
    head = [
        "sampled problem",
        "paths",
        "objective",
        "by",
        "gap",
        "CPU",
        "gap of the model",
        "CPU",
    ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *proofs()]
    text += "\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in lines)
    return text + f"\n\nOne level, sorted: {microseconds(1_000)}; {microseconds(10_000)}."


if __name__ == "__main__":
    print(table())
