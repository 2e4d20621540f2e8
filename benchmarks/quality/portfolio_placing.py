"""Fifty thousand SKUs placed: the dynamic program, declared models once per pattern, and each anew.

Their shapes are mixed (:mod:`benchmarks.cases.mixed_shapes`); demand is normal and times are fixed,
so that what is measured is placing and not the reckoning of costs.

python -m benchmarks.quality.portfolio_placing [N_SKUS]
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

import echelon as ec
from benchmarks.cases.mixed_shapes import plain_portfolio
from echelon.exact.guaranteed_service.service_times import NO_LIMIT, ServiceTimes
from echelon.network.compiled import Floats
from echelon.optimization.plain_components import PlainComponents
from echelon.optimization.tasks import CostSource
from echelon.optimization.templates.kept import templates_here

TITLE = "Placing a portfolio: the dynamic program, templates of the model, a model anew for each"
N_SKUS = 50_000
SAMPLE = 50


def selection_model(times: ServiceTimes, slope: Floats) -> Any:
    """Declare the selection model of one component: one net replenishment time per stage.

    Times are whole; a stage that covers ``tau`` of them costs ``slope * sqrt(tau)``.
    """
    longest = (times.inbound_high + times.process - times.outbound_low).tolist()
    process, delay = times.process.tolist(), times.lane_delay.tolist()
    lanes = list(zip(times.pred_stage.tolist(), times.lane_customer.tolist(), delay, strict=True))
    m = pyo.ConcreteModel(name="selection")
    m.STAGE = pyo.RangeSet(0, times.n_stages - 1, doc="stage")
    m.CHOICE = pyo.Set(initialize=[(j, k) for j in m.STAGE for k in range(longest[j] + 1)])
    m.covers = pyo.Var(m.CHOICE, domain=pyo.Binary, doc="1 if the stage covers so much time")
    m.inbound = pyo.Var(m.STAGE, bounds=lambda _, j: (int(times.outside[j]), None))
    m.outbound = pyo.Var(
        m.STAGE,
        bounds=lambda _, j: (0, None if times.limit[j] == NO_LIMIT else int(times.limit[j])),
    )
    m.choose = pyo.Constraint(
        m.STAGE, rule=lambda m, j: sum(m.covers[j, k] for k in range(longest[j] + 1)) == 1
    )
    m.cover = pyo.Constraint(
        m.STAGE,
        rule=lambda m, j: (
            sum(k * m.covers[j, k] for k in range(longest[j] + 1))
            == m.inbound[j] + process[j] - m.outbound[j]
        ),
    )
    m.deliver = pyo.ConstraintList()
    for i, j, transit in lanes:
        m.deliver.add(m.inbound[j] >= m.outbound[i] + transit)
    m.cost = pyo.Objective(expr=sum(float(slope[j]) * k**0.5 * m.covers[j, k] for j, k in m.CHOICE))
    return m


def by_selection(plain: PlainComponents, components: list[int]) -> Floats:
    """Declare and solve the selection model of some components, each anew, through Pyomo."""
    found = []
    for c in components:
        here = slice(plain.times.component_ptr[c], plain.times.component_ptr[c + 1])
        model = selection_model(plain.times.times(c), plain.slope[here])
        solver = pyo.SolverFactory("appsi_highs")
        solver.config.mip_gap = 1e-9
        solver.solve(model)
        found.append(float(pyo.value(model.cost)))
    return np.array(found)


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds of this process and wall seconds."""

    cpu: float
    wall: float


def timed(call: Any) -> tuple[Any, Spent]:
    """Call, and say what it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    value = call()
    return value, Spent(time.process_time() - cpu, time.perf_counter() - wall)


def table(n_skus: int = N_SKUS, n_jobs: int = 2) -> str:
    """The table of RESULTS.md."""
    for method in ("auto", "milp"):
        ec.optimize(plain_portfolio(500), method=method)  # compiles the kernels
    templates_here.cache_clear()
    network, made = timed(lambda: plain_portfolio(n_skus))
    compiled = network.compiled
    source = CostSource.of(network, None)
    plain = PlainComponents.of(source)
    _, alone = timed(plain.placed)
    auto, by_program = timed(lambda: ec.optimize(network))
    _, frames = timed(lambda: auto.stages)
    model, one_core = timed(lambda: ec.optimize(network, method="milp", gap=1e-9))
    templates = templates_here()
    both, two_cores = timed(lambda: ec.optimize(network, method="milp", gap=1e-9, n_jobs=n_jobs))
    sample = np.random.default_rng(0).integers(n_skus, size=SAMPLE).tolist()
    by_selection(plain, sample[:2])
    anew, selection = timed(lambda: by_selection(plain, sample))
    each = selection.cpu / SAMPLE
    exact = auto.components["objective"].to_numpy()
    found = model.components["objective"].to_numpy()
    apart = float((np.abs(found - exact) / np.maximum(exact, 1e-12)).max())
    apart_anew = float(np.abs(anew - exact[sample]).max() / exact[sample].max())
    methods = model.components["method"].value_counts().to_dict()
    same = both.stages.equals(model.stages)
    general = n_skus - len(plain.trees)

    def row(name: str, spent: Spent, n: int) -> str:
        return (
            f"| {name} | {n:,} | {spent.cpu:.2f} | {spent.wall:.2f} | {1e3 * spent.cpu / n:.3f} |"
        )

    lines = [
        f"### {TITLE}",
        "",
        f"{n_skus:,} SKUs with {compiled.n_stages:,} stages, {general:,} of them no trees: shapes "
        "of the made-up portfolio, lead times, costs and normal demand of their own. Whole calls "
        "of `optimize` from a network that is read (reading took "
        f"{made.cpu:.1f} s); CPU of this process, which says nothing of its workers.",
        "",
        "| what | SKUs | CPU s | wall s | CPU ms a SKU |",
        "|---|---:|---:|---:|---:|",
        row("dynamic program alone, without the plan and its frames", alone, n_skus),
        row('`method="auto"`', by_program, n_skus),
        row("  its frames, where made later", frames, n_skus),
        row('`method="milp"`, one process', one_core, n_skus),
        f'| `method="milp"`, n_jobs={n_jobs} | {n_skus:,} | | {two_cores.wall:.2f} | |',
        row("selection model declared anew, `appsi_highs`", selection, SAMPLE),
        "",
        f"Templates: {templates.n_assembled:,} made, {templates.n_declared:,} declared, "
        f"{len(templates)} kept; ways {methods}. A selection model anew takes "
        f"{each / (one_core.cpu / n_skus):.0f} times as long a SKU as a template. Largest relative "
        f"difference to `auto` {apart:.1e}, of the selection models {apart_anew:.1e}; largest gap "
        f"proven by the prices of the rows {model.components['gap'].max():.1e}; two processes give "
        f"the same bits: {same}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else N_SKUS))
