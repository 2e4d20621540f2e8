"""What a plan of one SKU costs by shape: declared afresh, live, and in HiGHS alone.

python -m benchmarks.quality.target_speed
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from echelon import Network
from echelon.optimization.linear_program import load, new_highs, program_of, run
from echelon.optimization.target_inventory.arguments import TargetOptions
from echelon.optimization.target_inventory.live_model import LiveModel
from echelon.optimization.target_inventory.model import declare
from echelon.optimization.target_inventory.model import load as load_numbers
from echelon.optimization.target_inventory.numbers import numbers
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.read_network import problems_of
from echelon.optimization.target_inventory.shape import shape_of
from echelon.optimization.target_inventory.solve import TargetLimits, solve_problem
from echelon.rng import stream

N_PERIODS, N_SKUS = 26, 4
TIME_LIMIT = 120.0
BATCH = {"order_multiple": 20.0}
SHAPES: dict[str, dict[str, Any]] = {
    "set-ups": {},
    "set-ups, capacity": {"capacity": 35.0},
    "set-ups, minimum order": {"minimum_order": 50.0},
    "whole batches": BATCH,
    "whole batches, minimum of 3": BATCH | {"minimum_order": 60.0},
    "shelf life of 6": {"shelf_life": 6, "waste_cost": 2.0},
    "shelf life of 6, whole batches": BATCH | {"shelf_life": 6, "waste_cost": 2.0},
}


def network(sku: int, columns: dict[str, Any]) -> Network:
    """One SKU: demand of about 11 units a week, orders worth placing every three weeks."""
    rng = stream(0, "benchmark", "target speed", sku)
    demand = rng.poisson(11.0, N_PERIODS)
    stage = {
        "item": "a",
        "location": "x",
        "holding_cost": 1.0,
        "order_cost": float(rng.uniform(20.0, 80.0)),
        "backorder_cost": float(rng.uniform(4.0, 12.0)),
        "lead_time": 2.0,
        "initial_stock": 30.0,
        **columns,
    }
    known = {"item": "a", "location": "x", "family": "deterministic"}
    rows = [{**known, "period": t, "mean": float(d)} for t, d in enumerate(demand)]
    return Network.from_tables(pd.DataFrame([stage]), None, pd.DataFrame(rows), period="week")


def problems(columns: dict[str, Any]) -> list[TargetProblem]:
    """The SKUs of one shape."""
    options = TargetOptions(horizon=N_PERIODS, lookahead=0)
    return [problems_of(network(k, columns), options).problems[0] for k in range(N_SKUS)]


def milliseconds(work: Callable[[], Any]) -> float:
    """CPU of one SKU."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / N_SKUS * 1e3


def declared(problem: TargetProblem) -> Any:
    """Declare and compile the model of one SKU, as without live models."""
    shape = shape_of(problem)
    model = declare(shape)
    load_numbers(model, problem, shape)
    return program_of(LinearStandardFormCompiler().write(model, mixed_form=True))


def row(name: str, columns: dict[str, Any]) -> str:
    """One row of the table."""
    cases = problems(columns)
    live = LiveModel(declare(shape_of(cases[0])))
    alike = sum(shape_of(case) == shape_of(cases[0]) for case in cases)
    afresh = milliseconds(lambda: [declared(case) for case in cases])
    programs: list[Any] = []
    reloaded = milliseconds(
        lambda: programs.extend(live.program(numbers(case, shape_of(case))) for case in cases)
    )
    nodes, costs, proven = 0.0, [], True

    def search() -> None:
        nonlocal nodes, proven
        for program in programs:
            highs = new_highs(1e-6, TIME_LIMIT)
            unit, _ = load(highs, program)
            outcome = run(highs, unit, is_integer=bool(program.integer.any()))
            proven = proven and outcome.status == "optimal"
            nodes += highs.getInfo().mip_node_count
            costs.append(outcome.objective)

    alone = milliseconds(search)
    models = {shape_of(cases[0]): live}
    plans: list[Any] = []
    auto = milliseconds(
        lambda: plans.extend(
            solve_problem(case, TargetLimits(time_limit=TIME_LIMIT), models) for case in cases
        )
    )
    found = np.array([plan.outcome.objective for plan in plans])
    off = float(np.max((found - costs) / np.abs(costs)))
    route = plans[0].outcome.termination
    size = f"{len(programs[0].cost)} x {len(programs[0].row_lower)}"
    return (
        f"| {name} | {size} | {alike} of {N_SKUS} | {afresh:.1f} ms | {reloaded:.2f} ms | "
        f"{alone:,.0f} ms{'' if proven else ' (time)'} | {nodes / N_SKUS:,.0f} | {auto:,.0f} ms | "
        f"{'recursion' if route == 'recursion' else 'search'} | {off:+.0e} |"
    )


def table() -> str:
    """The table of RESULTS.md."""
    lines = [
        f"### What a plan of one SKU over {N_PERIODS} periods costs, by shape",
        "",
        f"CPU per SKU, {N_SKUS} SKUs of each shape; gap 1e-6, at most {TIME_LIMIT:.0f} s on the "
        "clock each. *Afresh*: declared, loaded and compiled; *live*: numbers put into the "
        "compiled model; "
        '*HiGHS*: its search alone. *Plan*: `method="auto"` from problem to plan with its prices. '
        "The last column compares its cost with that of the search.",
        "",
        "| shape | columns x rows | same model | afresh | live | HiGHS | nodes | plan | found by | "
        "cost against search |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|---:|",
    ]
    for name, columns in SHAPES.items():
        lines.append(row(name, columns))
        print(lines[-1], flush=True)
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(table())
