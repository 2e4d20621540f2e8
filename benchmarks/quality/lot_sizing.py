"""Lot sizing of 50,000 SKUs through Pyomo: a live model, models declared afresh, the recursion.

python -m benchmarks.quality.lot_sizing
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.appsi.solvers import Highs as AppsiHighs
from pyomo.contrib.solver.common.factory import SolverFactory as ContribFactory

from echelon.exact.known_demand.lot_sizing import lot_sizing
from echelon.optimization.target_inventory.live_lot_sizing import lot_sizing_by_model
from echelon.optimization.target_inventory.live_model import LiveModel
from echelon.optimization.target_inventory.lot_sizing_model import arc_costs, build_lot_sizing
from echelon.rng import stream

N_SKUS, N_PERIODS = 50_000, 26
FEW, MANY, AFRESH = 200, 1000, 20
N_JOBS = 2

Costs = dict[str, np.ndarray]


def portfolio(n_skus: int = N_SKUS) -> tuple[np.ndarray, Costs]:
    """Demand of 26 weeks and its costs: no two SKUs alike, some weeks without demand.

    A set-up costs what holding four weeks of demand for one to thirteen weeks does, so that best
    plans range from an order a week to three in half a year.
    """
    rng = stream(0, "benchmark", "lot sizing")
    mean = np.exp(rng.uniform(0.0, np.log(2000.0), (n_skus, 1)))
    demand = np.round(mean * rng.gamma(2.0, 0.5, (n_skus, N_PERIODS)))
    demand[rng.random((n_skus, N_PERIODS)) < rng.uniform(0.0, 0.4, (n_skus, 1))] = 0.0
    price = np.exp(rng.uniform(np.log(0.5), np.log(500.0), (n_skus, 1)))
    holding = np.broadcast_to(0.12 / 52.0 * price, demand.shape)
    weeks = rng.uniform(1.0, 13.0, (n_skus, 1))
    fixed = np.broadcast_to(holding[:, :1] * mean * weeks**2 / 2.0, demand.shape)
    season = rng.uniform(0.97, 1.03, demand.shape)
    return demand, {
        "fixed_cost": fixed,
        "holding_cost": holding,
        "unit_cost": price * season,
        "initial_stock": np.round(mean[:, 0] * rng.uniform(0.0, 3.0, n_skus)),
    }


def textbook(demand: np.ndarray, costs: Costs, k: int) -> Any:
    """One SKU as books write it: a stock balance, and an order only where its binary is 1."""
    needs = demand[k].tolist()
    names = ("fixed_cost", "holding_cost", "unit_cost")
    fixed, holding, price = (costs[name][k].tolist() for name in names)
    still_due = np.cumsum(demand[k][::-1])[::-1].tolist()
    initial = float(costs["initial_stock"][k])
    m = pyo.ConcreteModel()
    m.T = pyo.RangeSet(0, N_PERIODS - 1)
    m.order = pyo.Var(m.T, domain=pyo.NonNegativeReals)
    m.stock = pyo.Var(m.T, domain=pyo.NonNegativeReals)
    m.placed = pyo.Var(m.T, domain=pyo.Binary)
    m.balance = pyo.Constraint(
        m.T,
        rule=lambda m, t: (m.stock[t - 1] if t else initial) + m.order[t] == needs[t] + m.stock[t],
    )
    m.only = pyo.Constraint(m.T, rule=lambda m, t: m.order[t] <= still_due[t] * m.placed[t])
    m.cost = pyo.Objective(
        expr=sum(
            fixed[t] * m.placed[t] + price[t] * m.order[t] + holding[t] * m.stock[t] for t in m.T
        )
    )
    return m


def by_appsi(model: Any) -> float:
    """Solve with Pyomo's older persistent interface, to optimality."""
    solver = AppsiHighs()
    solver.config.mip_gap = 0.0
    solver.highs_options = {"threads": 1}
    solver.solve(model)
    return float(pyo.value(model.cost))


def by_contrib(model: Any) -> float:
    """Solve with Pyomo's newer interface, to optimality."""
    ContribFactory("highs").solve(model, rel_gap=0.0, threads=1)
    return float(pyo.value(model.cost))


def facility_location() -> LiveModel:
    """Krarup and Bilde's form, integral too: 26 + 351 columns, 26 + 351 rows."""
    m = pyo.ConcreteModel()
    m.T = pyo.RangeSet(0, N_PERIODS - 1)
    m.ST = pyo.Set(initialize=[(s, t) for t in m.T for s in range(t + 1)])
    m.fixed = pyo.Param(m.T, mutable=True, default=0.0)
    m.serving = pyo.Param(m.ST, mutable=True, default=0.0)
    m.due = pyo.Param(m.T, mutable=True, default=1.0)
    m.placed = pyo.Var(m.T, bounds=(0, 1))
    m.share = pyo.Var(m.ST, bounds=(0, 1))
    m.serve = pyo.Constraint(
        m.T, rule=lambda m, t: sum(m.share[s, t] for s in range(t + 1)) == m.due[t]
    )
    m.only = pyo.Constraint(m.ST, rule=lambda m, s, t: m.share[s, t] <= m.placed[s])
    m.cost = pyo.Objective(
        expr=pyo.sum_product(m.fixed, m.placed) + pyo.sum_product(m.serving, m.share)
    )
    return LiveModel(m)


def serving_costs(demand: np.ndarray, costs: Costs, k: int) -> dict[str, np.ndarray]:
    """Numbers of the facility-location model of one SKU without initial stock."""
    carried = np.concatenate([[0.0], np.cumsum(costs["holding_cost"][k])])
    pairs = [(s, t) for t in range(N_PERIODS) for s in range(t + 1)]
    price = costs["unit_cost"][k]
    serving = [demand[k, t] * (price[s] + carried[t] - carried[s]) for s, t in pairs]
    return {
        "fixed": costs["fixed_cost"][k],
        "serving": np.array(serving),
        "due": (demand[k] > 0.0).astype(float),
    }


def part(demand: np.ndarray, costs: Costs, n: int) -> tuple[np.ndarray, Costs]:
    """The first SKUs."""
    return demand[:n], {name: values[:n] for name, values in costs.items()}


def spent(function: Callable[[], Any]) -> tuple[Any, float, float]:
    """Answer, CPU and wall seconds, of this process."""
    cpu, wall = time.process_time(), time.perf_counter()
    answer = function()
    return answer, time.process_time() - cpu, time.perf_counter() - wall


def workers_cpu() -> float:
    """CPU seconds that child processes of this one have used so far, on Linux."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[1]) == os.getpid():
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def worst(found: np.ndarray, wanted: np.ndarray) -> float:
    """Largest relative difference; a cost of 0 is compared as it is."""
    return float(np.max(np.abs(found - wanted) / np.maximum(wanted, 1.0)))


class Rows:
    """Rows of the table; those after the first are compared with it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._first = 0.0

    def add(self, name: str, n: int, cpu: float, wall: float, off: float, gap: str = "") -> None:
        """Add one: CPU and wall seconds of n SKUs, largest difference, proven gap."""
        each = cpu / n
        self._first = self._first or each
        whole = f"{cpu:.2f} s" if n == N_SKUS else f"({each * N_SKUS:,.1f} s)"
        self.lines.append(
            f"| {name} | {n:,} | {each * 1e3:,.4g} ms | {whole} | {wall:.2f} s | "
            f"{self._first / each:,.0f} | {off:.1e} | {gap} |"
        )
        print(self.lines[-1], flush=True)


def table() -> str:
    """The table of RESULTS.md."""
    demand, costs = portfolio()
    lot_sizing(demand[:2], **part(demand, costs, 2)[1])  # compiles what is to be compiled
    exact = lot_sizing(demand, **costs).cost
    rows = Rows()
    for name, solve in (
        ("textbook, afresh, `appsi_highs`", by_appsi),
        ("textbook, afresh, `contrib.solver` HiGHS", by_contrib),
    ):
        solve(textbook(demand, costs, 0))
        found, cpu, wall = spent(
            lambda solve=solve: [solve(textbook(demand, costs, k)) for k in range(AFRESH)]
        )
        rows.add(name, AFRESH, cpu, wall, worst(np.array(found), exact[:AFRESH]))
    _other_forms(rows, demand, {**costs, "initial_stock": np.zeros(N_SKUS)})
    for n, n_jobs in ((MANY, 1), (N_SKUS, 1), (N_SKUS, N_JOBS)):
        some, given = part(demand, costs, n)
        before = workers_cpu()
        found, cpu, wall = spent(
            lambda some=some, given=given, n_jobs=n_jobs: lot_sizing_by_model(
                some, **given, n_jobs=n_jobs, progress=False
            )
        )
        cpu += workers_cpu() - before if n_jobs > 1 else 0.0
        gap = np.max((found.cost - found.bound) / np.maximum(found.cost, 1.0))
        name = "shortest path, live" + (f", {n_jobs} processes" if n_jobs > 1 else "")
        rows.add(name, n, cpu, wall, worst(found.cost, exact[:n]), f"{gap:.0e}")
    _, cpu, wall = spent(lambda: lot_sizing(demand, **costs))
    rows.add("recursion", N_SKUS, cpu, wall, 0.0)
    return "\n".join(
        [
            f"### Lot sizing over {N_PERIODS} periods through Pyomo, {N_SKUS:,} SKUs",
            "",
            "Every cost is compared with that of the recursion of Wagner and Whitin. *Afresh*: "
            f"declared for the SKU and solved to a gap of 0, {AFRESH} SKUs. *Live*: declared once, "
            "numbers replaced, HiGHS going on from its last basis. In brackets: extrapolated. The "
            "machine was shared with other work, so that wall times say little.",
            "",
            "| model | SKUs | CPU per SKU | CPU of 50,000 | wall | times below the first | largest "
            "relative difference | proven gap |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
            *rows.lines,
            "",
        ]
    )


def _other_forms(rows: Rows, demand: np.ndarray, costs: Costs) -> None:
    """Forms that were tried, on SKUs without initial stock."""
    some, given = part(demand, costs, FEW)
    exact = lot_sizing(some, **given).cost
    prices = ("fixed_cost", "holding_cost", "unit_cost")
    arcs = arc_costs(some, *(np.ascontiguousarray(given[name]) for name in prices))

    def path_afresh(k: int) -> float:
        model = build_lot_sizing(N_PERIODS)
        for arc, cost in zip(model.ARC, arcs[k].tolist(), strict=True):
            model.plan_cost[arc] = cost
        return by_contrib(model)

    found, cpu, wall = spent(lambda: [path_afresh(k) for k in range(AFRESH)])
    off = worst(np.array(found), exact[:AFRESH])
    rows.add("shortest path, afresh, `contrib.solver` HiGHS", AFRESH, cpu, wall, off)
    for name, live, numbers in (
        (
            "facility location, live, all arrays replaced",
            facility_location(),
            [serving_costs(demand, costs, k) for k in range(FEW)],
        ),
        (
            "shortest path, live, all arrays replaced",
            LiveModel(build_lot_sizing(N_PERIODS)),
            [{"plan_cost": arcs[k]} for k in range(FEW)],
        ),
    ):
        found, cpu, wall = spent(
            lambda live=live, numbers=numbers: [
                live.solve(one).outcome.objective for one in numbers
            ]
        )
        rows.add(name, FEW, cpu, wall, worst(np.array(found), exact))


if __name__ == "__main__":
    print(table())
