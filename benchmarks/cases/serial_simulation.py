"""Simulation of a serial system of three stages under base-stock policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import echelon as ec
from benchmarks.peers import stockpyl
from benchmarks.registry import Case, DisagreementError


@dataclass(frozen=True, slots=True)
class Serial:
    """Three stages in a row, upstream first; unmet demand waits.

    Nothing is warmed up: both packages start with the base stock on hand and nothing on order.
    """

    replications: int
    periods: int = 1_000
    lead_time: tuple[int, ...] = (2, 1, 1)
    holding_cost: tuple[float, ...] = (1.0, 2.0, 4.0)
    base_stock: tuple[float, ...] = (110.0, 60.0, 70.0)
    backorder_cost: float = 40.0
    demand_mean: float = 50.0
    demand_std: float = 10.0


def build_network(system: Serial) -> tuple[Serial, ec.Network]:
    """Put the system into tables."""
    network = ec.serial(
        ["upstream", "middle", "downstream"],
        lead_time=system.lead_time,
        holding_cost=system.holding_cost,
        base_stock=system.base_stock,
        backorder_cost=(0.0, 0.0, system.backorder_cost),
        demand_mean=system.demand_mean,
        demand_std=system.demand_std,
    )
    return system, network


def simulate(built: tuple[Serial, ec.Network]) -> ec.Simulation:
    """Run it."""
    system, network = built
    return ec.simulate(
        network,
        periods=system.periods,
        warmup=0,
        replications=system.replications,
        seed=0,
        progress=False,
    )


def run_network(built: tuple[Serial, ec.Network]) -> float:
    """Mean cost per period over the replications."""
    return float(simulate(built).total["cost"].iloc[0])


@cache
def cost_spread() -> float:
    """Standard deviation of one replication's mean cost, from a thousand of them."""
    many = Serial(replications=1_000)
    total = simulate(build_network(many)).total
    return float(total["cost_se"].iloc[0]) * many.replications**0.5


def agree(system: Serial, costs: Mapping[str, float]) -> str:
    """Both are sampled: within four standard errors of the difference."""
    ours, *others = costs.values()
    error = cost_spread() * (2.0 / system.replications) ** 0.5
    for other in others:
        if abs(other - ours) > 4.0 * error:
            raise DisagreementError(f"costs {dict(costs)} differ by more than four times {error}")
    shown = ", ".join(f"{cost:.2f}" for cost in costs.values())
    return f"costs {shown}; standard error of the difference {error:.2f}"


CASE = Case(
    name="serial_simulation",
    title="Simulate three stages in a row for 1,000 periods",
    size_name="replications",
    sizes=(1, 10),
    build=Serial,
    phases=("build", "simulate"),
    contenders={
        "echelon": {"build": build_network, "simulate": run_network},
        "stockpyl": {"build": stockpyl.build_serial, "simulate": stockpyl.run_serial},
    },
    agree=agree,
)
