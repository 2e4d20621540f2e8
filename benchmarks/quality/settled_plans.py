"""Plans in which no supplies lie, where costs fall as time passes, against enumeration.

python -m benchmarks.quality.settled_plans
"""

from __future__ import annotations

import time

import numpy as np

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.optimization.methods import METHODS
from echelon.optimization.search import Search
from tests.falling_costs import (
    FREE,
    SHAPES,
    TIGHT,
    Jagged,
    component,
    enumerated,
)

INSTANCES = 200


def case(draw: np.random.Generator, shape: str, unit: int) -> tuple[ServiceTimes, Jagged] | None:
    """Draw times and costs; None where a stage without stock cannot keep its limit."""
    process, delays = draw.integers(0, 7, 4).tolist(), draw.integers(0, 4, 4).tolist()
    limit = int(draw.choice([0, 4, FREE]))
    if draw.random() < 0.6:  # whole units over what is expected meanwhile
        tau = np.arange(40)
        rate, spread = draw.uniform(0.05, 0.9, (2, 4, 1))
        listed = np.ceil(rate * tau + spread * np.sqrt(tau)) - rate * tau + 0.1
    else:
        listed = draw.uniform(0.0, 3.0, (4, 40))
    stock = [True, unit > 1 or draw.random() < 0.7, True, True]
    try:
        times = component(shape, process, delays, limit, unit, stock)
    except InfeasibleError:
        return None
    return times, Jagged(listed * draw.uniform(0.5, 3.0, (4, 1)), unit)


def row(shape: str, unit: int, method: str) -> str:
    """One row of the table."""
    asked = wrong = proven = branched = 0
    spent = 0.0
    for seed in range(INSTANCES):
        drawn = case(np.random.default_rng([seed, unit]), shape, unit)
        if drawn is None:
            continue
        times, cost = drawn
        least = enumerated(times, cost)
        began = time.process_time()
        found = METHODS[method](times, cost, TIGHT, Search())
        spent += time.process_time() - began
        asked += 1
        wrong += abs(found.outcome.objective - least) > 1e-6 * max(least, 1e-3)
        proven += found.outcome.status == "optimal"
        branched += "branching" in found.route
    quotes = "whole periods" if unit > 1 else "any"
    return (
        f"| {shape} | {quotes} | {method} | {asked} | {wrong} | {proven} | {branched} | "
        f"{spent / asked * 1e3:.1f} ms |"
    )


def table() -> str:
    """The table of RESULTS.md."""
    lines = [
        f"### Costs that fall as time passes, against enumeration, {INSTANCES} draws of each kind",
        "",
        "Four stages, costs of any shape over the time covered; a draw without a plan is left out.",
        "",
        "| network | quotes | method | draws | not the least | proven | branched | CPU a draw |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        row(shape, unit, method)
        for shape in SHAPES
        for unit in (1, 3)
        for method in ("auto", "milp")
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
