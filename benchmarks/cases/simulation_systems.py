"""Three systems that several programs simulate: a series, a tree and a general network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

import echelon as ec
from echelon.distributions import Distribution, Empirical
from echelon.rng import stream

DEMAND_MEAN = 50.0
DEMAND_STD = 10.0
"""Of normal demand; Poisson demand has the same mean."""

COVER_PERIODS = 0.5
"""Periods of mean demand by which base stocks exceed the mean over the exposure."""


@dataclass(frozen=True, slots=True)
class Lane:
    """From one stage to another, each unit of the receiver requiring one of the sender."""

    sender: int
    receiver: int


@dataclass(frozen=True)
class SimulatedSystem:
    """Base-stock policies under continuous review; unmet demand waits.

    Attributes
    ----------
    name : str
    lanes : tuple of Lane
        Senders have smaller numbers than receivers.
    lead_time : tuple of int
        Per stage, periods: of transport on every lane into it, or from outside.
    family : str
        ``normal`` or ``poisson``: demand of the stages that supply no other one.
    random_times : bool
        Lead times are one period more or less, or as they are, a third each.
    """

    name: str
    lanes: tuple[Lane, ...]
    lead_time: tuple[int, ...]
    family: str = "normal"
    random_times: bool = False

    @property
    def n_stages(self) -> int:
        """Stages, all of which are simulated."""
        return len(self.lead_time)

    @cached_property
    def receivers(self) -> list[list[int]]:
        """Lanes out of each stage, by number."""
        return [[k for k, lane in enumerate(self.lanes) if lane.sender == j] for j in self.stages]

    @cached_property
    def suppliers(self) -> list[list[int]]:
        """Lanes into each stage, by number."""
        return [[k for k, lane in enumerate(self.lanes) if lane.receiver == j] for j in self.stages]

    @property
    def stages(self) -> range:
        """Numbers of the stages, upstream first."""
        return range(self.n_stages)

    @cached_property
    def customers(self) -> list[int]:
        """Stages that have demand."""
        return [j for j in self.stages if not self.receivers[j]]

    @cached_property
    def mean(self) -> np.ndarray:
        """Mean demand seen, units per period."""
        seen = np.zeros(self.n_stages)
        for j in reversed(self.stages):
            below = [seen[self.lanes[k].receiver] for k in self.receivers[j]]
            seen[j] = sum(below) if below else DEMAND_MEAN
        return seen

    @cached_property
    def base_stock(self) -> np.ndarray:
        """What the lead time uses on average, and half a period's mean more."""
        return self.mean * (np.array(self.lead_time) + COVER_PERIODS)

    @cached_property
    def holding_cost(self) -> np.ndarray:
        """Money per unit and period: one more at each step downstream."""
        cost = np.ones(self.n_stages)
        for lane in self.lanes:
            cost[lane.receiver] = max(cost[lane.receiver], cost[lane.sender] + 1.0)
        return cost

    @cached_property
    def backorder_cost(self) -> np.ndarray:
        """Ten times the holding cost at stages with customers, 0 elsewhere."""
        cost = np.zeros(self.n_stages)
        cost[self.customers] = 10.0 * self.holding_cost[self.customers]
        return cost


def systems() -> dict[str, SimulatedSystem]:
    """The three, with normal demand."""
    tree = tuple((k - 1) // 3 if k < 4 else 1 + (k - 4) // 2 for k in range(1, 10))
    return {
        "3-stage series": SimulatedSystem("3-stage series", (Lane(0, 1), Lane(1, 2)), (2, 1, 1)),
        "10-stage tree": SimulatedSystem(
            "10-stage tree",
            tuple(Lane(sender, k + 1) for k, sender in enumerate(tree)),
            (3, 2, 2, 2, 1, 1, 1, 1, 1, 1),
        ),
        "50-stage network": _general(),
    }


def _general() -> SimulatedSystem:
    """Five layers of ten stages; each has one to three suppliers in the layer above it."""
    rng = stream(0, "benchmark", "simulated systems")
    lanes = []
    for layer in range(1, 5):
        wanted = rng.integers(1, 4, 10)
        for k in range(10):
            others = rng.permutation(np.delete(np.arange(10), k))[: wanted[k] - 1]
            # its own number is one of them: nobody above is without a receiver
            lanes += [Lane(10 * layer - 10 + int(j), 10 * layer + k) for j in sorted((k, *others))]
    lead_time = tuple(int(time) for time in rng.integers(1, 4, 50))
    return SimulatedSystem("50-stage network", tuple(lanes), lead_time)


def with_demand(system: SimulatedSystem, family: str) -> SimulatedSystem:
    """The same system with another family of demand."""
    return replace(system, family=family)


def network_of(system: SimulatedSystem) -> ec.Network:
    """Tables of ours: transport takes the lead time, and so does a supply from outside."""
    outside = [not lanes for lanes in system.suppliers]
    stages = pd.DataFrame(
        {
            "item": [f"stage {j:02d}" for j in system.stages],
            "location": "here",
            "lead_time": [float(own) if out else 0.0
                          for own, out in zip(system.lead_time, outside, strict=True)],
            "holding_cost": system.holding_cost,
            "backorder_cost": system.backorder_cost,
            "base_stock": system.base_stock,
        }
    )  # fmt: skip
    times = np.array([system.lead_time[lane.receiver] for lane in system.lanes], dtype=float)
    lanes = pd.DataFrame(
        {
            "from_item": [f"stage {lane.sender:02d}" for lane in system.lanes],
            "from_location": "here",
            "to_item": [f"stage {lane.receiver:02d}" for lane in system.lanes],
            "to_location": "here",
            "lead_time": times,
        }
    )
    if system.random_times:
        for frame in (stages, lanes):
            takes_time = frame["lead_time"] > 0.0
            laws = [_varying(time) if time > 0.0 else None for time in frame["lead_time"]]
            frame["lead_time_distribution"] = pd.Series(laws, dtype=object)
            frame["lead_time"] = frame["lead_time"].mask(takes_time)  # the distribution has it
    demand = pd.DataFrame(
        {
            "item": [f"stage {j:02d}" for j in system.customers],
            "location": "here",
            "mean": DEMAND_MEAN,
            "std": DEMAND_STD if system.family == "normal" else DEMAND_MEAN**0.5,
            "family": system.family,
        }
    )
    return ec.Network.from_tables(stages, lanes, demand, name=system.name)


def _varying(time: float) -> Distribution:
    """A period less, as it is, or a period more."""
    return Empirical([time - 1.0, time, time + 1.0])
