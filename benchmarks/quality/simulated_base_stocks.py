"""Base stocks searched by simulation: how close to the least cost they come, and how fast."""

from __future__ import annotations

import itertools
import json
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import poisson
from stockpyl.meio_general import meio_by_coordinate_descent
from stockpyl.supply_chain_network import network_from_edges

import echelon as ec
from echelon.optimization.simulated_base_stock.asked import Asked
from echelon.optimization.simulated_base_stock.describe import Described
from echelon.optimization.simulated_base_stock.problem import Problem
from echelon.optimization.simulated_base_stock.sample import Sample
from echelon.optimization.simulated_base_stock.start import Start

TITLE = "Base stocks searched by simulation"
ORACLES = Path(__file__).parents[3] / "shared" / "oracles"
STOCKPYL_PERIODS = 250
"""One trial of so many periods in each of its evaluations; its default is 10 of 1,000."""


@dataclass(frozen=True, slots=True)
class Series:
    """Stages in series, the customers' stage first; money and times per period."""

    name: str
    lead_time: tuple[float, ...]
    holding_cost: tuple[float, ...]
    shortage_cost: float
    family: str
    mean: float
    std: float

    def network(self) -> ec.Network:
        """The same as tables."""
        n = len(self.lead_time)
        network = ec.serial(
            [f"stage {k}" for k in range(n, 0, -1)],
            lead_time=list(self.lead_time[::-1]),
            holding_cost=list(self.holding_cost[::-1]),
            backorder_cost=[0.0] * (n - 1) + [self.shortage_cost],
            demand_mean=self.mean,
            demand_std=self.std,
        )
        return network.replace(demand=network.demand.assign(family=self.family))

    def least(self) -> Any:
        """The exact optimum."""
        return ec.exact.clark_scarf(self._law(), **self._given())

    def cost(self, levels: Sequence[float]) -> float:
        """Exact cost of levels, the customers' stage first, pipelines included."""
        return float(ec.exact.serial_measures(self._law(), base_stock=levels, **self._given()).cost)

    def _law(self) -> Any:
        return ec.distributions.make(self.family, self.mean, self.std)

    def _given(self) -> dict[str, Any]:
        return {
            "lead_time": self.lead_time,
            "holding_cost": self.holding_cost,
            "shortage_cost": self.shortage_cost,
        }


def series_cases() -> list[Series]:
    """The textbook's cases, Shang and Song's, and twelve at random.

    Where a lead time has fractions of a period, periods are made finer.
    """
    found = []
    textbook = json.loads((ORACLES / "textbook/ssm_serial.json").read_text(encoding="utf-8"))
    for case in textbook["cases"]:
        given = case["inputs"]
        if given["demand"]["type"] == "normal":
            law = ("normal", float(given["demand"]["mean"]), float(given["demand"]["sd"]))
            found.append(
                _finer(
                    case["id"], given["lead_time"], given["echelon_holding_cost"],
                    given["stockout_cost"], *law,
                )
            )  # fmt: skip
    published = json.loads((ORACLES / "shang_song_2003.json").read_text(encoding="utf-8"))
    for case in published["cases"]:
        echelon = [float(h) for h in case["echelon_h_stage1_to_4"].split("|")]
        name, rate = f"Shang & Song, row {case['table1_row']}", float(case["poisson_rate"])
        found.append(
            _finer(
                name, [float(case["lead_time_each"])] * 4, echelon, float(case["backorder_cost"]),
                "poisson", rate, rate**0.5,
            )
        )  # fmt: skip
    return found + [_random(seed) for seed in range(12)]


def _finer(
    name: str, lead_time: Sequence[float], echelon: Sequence[float], shortage: float, family: str,
    mean: float, std: float,
) -> Series:  # fmt: skip
    times = np.asarray(lead_time, dtype=np.float64)
    k = next(k for k in range(1, 17) if not (times * k % 1.0).any())
    holding = np.cumsum(np.asarray(echelon, dtype=np.float64)[::-1])[::-1] / k
    return Series(
        name, tuple(times * k), tuple(holding), float(shortage) / k, family, mean / k, std / k**0.5
    )


def _random(seed: int) -> Series:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    holding = np.cumsum(rng.uniform(0.1, 3.0, n))[::-1]
    family = str(rng.choice(["normal", "gamma", "poisson"]))
    mean = float(rng.uniform(3.0, 40.0))
    std = mean * float(rng.uniform(0.1, 0.3) if family == "normal" else rng.uniform(0.3, 1.0))
    return Series(
        f"random {seed}, {n} stages",
        tuple(rng.integers(1, 6, n).astype(float)),
        tuple(holding),
        float(holding[0] * rng.choice([3.0, 9.0, 30.0, 99.0])),
        family,
        mean,
        mean**0.5 if family == "poisson" else std,
    )


def problem_of(network: ec.Network) -> Problem:
    """The network's only component."""
    asked = Asked.of(network, None, None)
    return Described.of(
        network, asked, Start.of(network, asked, None), periods=250, warmup=None, seed=1,
        charge_pipeline=False, by_factor=False,
    ).problem(0)  # fmt: skip


def searched(network: ec.Network) -> tuple[Any, float]:
    """Levels, upstream first, and the CPU seconds of the whole call, its judging run included."""
    began = time.process_time()
    found = ec.optimize(network, model="simulated_base_stock", seed=1)
    seconds = time.process_time() - began
    return found.stages["base_stock"].to_numpy(), seconds


def series_table() -> str:
    """Exact cost of what was found over the least cost."""
    lines = [["stages in series", "demand", "least cost", "excess", "of what levels decide", "CPU"]]
    lines.append(["---", "---", *["---:"] * 4])
    for case in series_cases():
        levels, seconds = searched(case.network())
        least = case.least()
        excess = case.cost(levels[::-1]) - least.cost
        lines.append(
            [
                case.name,
                case.family,
                f"{least.cost:,.3f}",
                f"{excess / least.cost:.4%}",
                f"{excess / (least.cost - least.pipeline_cost):.3%}",
                f"{seconds:,.1f} s",
            ]
        )
    return _body(lines)


def stockpyl_table() -> str:
    """Coordinate descent on simulated cost, one short trial per evaluation, in the same process."""
    case = next(one for one in series_cases() if one.name == "ssm_example_6_1")
    levels, seconds = searched(case.network())
    levels, seconds = min(((levels, seconds), searched(case.network())), key=lambda one: one[1])
    network = network_from_edges(
        edges=[(0, 1), (1, 2)],
        node_order_in_lists=[0, 1, 2],
        local_holding_cost=dict(enumerate(case.holding_cost[::-1])),
        in_transit_holding_cost=dict.fromkeys(range(3), 0.0),
        stockout_cost={0: 0.0, 1: 0.0, 2: case.shortage_cost},
        shipment_lead_time=dict(enumerate(int(t) for t in case.lead_time[::-1])),
        policy_type=dict.fromkeys(range(3), "BS"),
        base_stock_level=dict.fromkeys(range(3), 5.0),
        demand_type={2: "N"},
        mean={2: case.mean},
        standard_deviation={2: case.std},
    )
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one trial has no standard error
        best, _ = meio_by_coordinate_descent(
            network, sim_num_trials=1, sim_num_periods=STOCKPYL_PERIODS, sim_rand_seed=1
        )
    theirs = time.process_time() - began
    least = case.least().cost
    lines = [
        ["Snyder & Shen, example 6.1", "exact cost of the levels", "excess", "CPU", "ratio"],
        ["---", "---:", "---:", "---:", "---:"],
        _row("echelon", case.cost(levels[::-1]), least, seconds, ""),
        _row(
            f"stockpyl, coordinate descent, 1 trial of {STOCKPYL_PERIODS} periods",
            case.cost([best[2], best[1], best[0]]), least, theirs, f"**{theirs / seconds:,.0f}**",
        ),
    ]  # fmt: skip
    return _body(lines)


def _row(name: str, cost: float, least: float, seconds: float, ratio: str) -> list[str]:
    return [name, f"{cost:,.3f}", f"{cost / least - 1.0:.3%}", f"{seconds:,.2f} s", ratio]


def _shops(**columns: Any) -> ec.Network:
    network = ec.distribution(
        "depot", ["north", "south"], lead_time=[2, 1, 2], holding_cost=[1.0, 2.0, 2.0],
        demand_mean=[3.0, 2.0], demand_std=[3.0**0.5, 2.0**0.5],
    )  # fmt: skip
    stages = network.stages.assign(backorder_cost=[0.0, 15.0, 15.0], **columns)
    return network.replace(stages=stages, demand=network.demand.assign(family="poisson"))


def _kit(**columns: Any) -> ec.Network:
    network = ec.assembly(
        ["part a", "part b"], "kit", lead_time=[1, 3, 1], holding_cost=[1.0, 1.5, 4.0],
        demand_mean=4.0, demand_std=2.0,
    )  # fmt: skip
    stages = network.stages.assign(backorder_cost=[0.0, 0.0, 20.0], **columns)
    return network.replace(stages=stages, demand=network.demand.assign(family="poisson"))


_CAPACITY: dict[str, Any] = {"capacity": [7.0, np.nan, np.nan]}
_TIMES: dict[str, Any] = {"lead_time_std": [1.0, 0.5, 0.5]}
_LOST: dict[str, Any] = {
    "lost_sales_share": [0.0, 1.0, 1.0],
    "lost_sale_cost": [0.0, 20.0, 20.0],
}
GRIDS = {
    "depot and two shops": _shops(),
    "with drawn lead times": _shops(**_TIMES),
    "with a capacity": _shops(**_CAPACITY),
    "with lost sales": _shops(**_LOST),
    "with all three": _shops(**_CAPACITY, **_TIMES, **_LOST),
    "two parts and a kit": _kit(),
    "with drawn times of parts": _kit(lead_time_std=[1.0, 1.0, 0.0]),
}


def grid_table() -> str:
    """All levels within four units, on runs of their own; both choices judged on yet others."""
    lines = [["network", "levels found", "best of the grid", "cost found less grid's", "CPU"]]
    lines.append(["---", "---", "---", "---:", "---:"])
    for name, network in GRIDS.items():
        found, seconds = searched(network)
        problem = problem_of(network)
        place = network.compiled.stage_row
        own = found[place]
        grid, judge = Sample(problem, 100_000, 128), Sample(problem, 200_000, 1024)
        span = [range(max(int(level) - 4, 0), int(level) + 5) for level in own]
        best = min(
            itertools.product(*span),
            key=lambda levels: grid.read(np.array(levels, dtype=np.float64)).mean,
        )
        difference = judge.read(own).cost - judge.read(np.array(best, dtype=np.float64)).cost
        error = 1.96 * difference.std(ddof=1) / len(difference) ** 0.5
        lines.append(
            [
                name,
                ", ".join(f"{level:g}" for level in own),
                ", ".join(map(str, best)),
                f"{difference.mean():.4f} +- {error:.4f}",
                f"{seconds:,.1f} s",
            ]
        )
    return _body(lines)


def single_table() -> str:
    """A capacity against the stationary shortfall, lost sales against Zipkin (2008)."""
    lines = [["single stage, Poisson demand", "best level", "level found", "best cost", "excess"]]
    lines.append(["---", "---:", "---:", "---:", "---:"])
    for mean, capacity, lead_time, price in ((4, 5, 1, 9.0), (4, 5, 3, 9.0), (8, 9, 2, 19.0)):
        cost = _shortfall_cost(mean, capacity, lead_time, price)
        network = _single(mean, lead_time, backorder_cost=price, capacity=float(capacity))
        level = int(searched(network)[0][0])
        name = f"capacity {capacity}, demand {mean}, lead time {lead_time}"
        lines.append([name, *_levels(cost, level)])
    for price, lead_time in itertools.product((4.0, 9.0), (1, 2, 3, 4)):
        network = _single(5, lead_time, review_period=1, lost_sales_share=1.0, lost_sale_cost=price)
        law = ec.distributions.make("poisson", 5.0)
        best = ec.exact.lost_sales_base_stock(
            law, holding_cost=1.0, shortage_cost=price, lead_time=lead_time
        )
        level = int(searched(network)[0][0])
        cost = [
            float(
                ec.exact.lost_sales_base_stock(
                    law, holding_cost=1.0, shortage_cost=price, lead_time=lead_time,
                    base_stock=float(s),
                ).cost
            )
            for s in (best.base_stock, level)
        ]  # fmt: skip
        name = f"lost sales at {price:g}, lead time {lead_time} (Zipkin)"
        row = [f"{best.base_stock:g}", str(level), f"{cost[0]:.4f}", f"{cost[1] / cost[0] - 1:.3%}"]
        lines.append([name, *row])
    return _body(lines)


def _single(mean: float, lead_time: int, **columns: Any) -> ec.Network:
    network = ec.serial(
        ["shop"], lead_time=lead_time, holding_cost=1.0, demand_mean=float(mean),
        demand_std=float(mean) ** 0.5,
    )  # fmt: skip
    return network.replace(
        stages=network.stages.assign(**columns), demand=network.demand.assign(family="poisson")
    )


def _shortfall_cost(mean: float, capacity: int, lead_time: int, price: float) -> list[float]:
    """Cost of each level: V' = max(V + D - C, 0) is stationary, and demand of the lead time."""
    n = 400
    mass, shortfall = poisson.pmf(np.arange(n), mean), np.eye(1, n)[0]
    for _ in range(3000):
        total = np.convolve(shortfall, mass)
        shortfall = np.concatenate([[total[: capacity + 1].sum()], total[capacity + 1 :]])[:n]
    outstanding = np.convolve(shortfall, poisson.pmf(np.arange(n), mean * lead_time))
    units = np.arange(len(outstanding))
    return [
        float((np.maximum(s - units, 0) + price * np.maximum(units - s, 0)) @ outstanding)
        for s in range(120)
    ]


def _levels(cost: list[float], level: int) -> list[str]:
    best = int(np.argmin(cost))
    return [str(best), str(level), f"{cost[best]:.4f}", f"{cost[level] / cost[best] - 1:.3%}"]


def _body(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def table() -> str:
    """All of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ec.DataWarning)
        parts = [series_table(), grid_table(), single_table(), stockpyl_table()]
    return f"### {TITLE}\n\n" + "\n".join(parts)
