"""Results that a simulation runs as plans: what they need of the network, and their levels."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from echelon.network.network import Network
from echelon.policies.plan import Plan


@runtime_checkable
class SimulatedAsPlan(Protocol):
    """What is no plan of base stocks itself, but says how a network runs by it."""

    def as_simulated(self, network: Network) -> tuple[Network, Plan]:
        """Give the network as it is run, and the levels that its stages order by."""
        ...


@runtime_checkable
class PlanOverPeriods(SimulatedAsPlan, Protocol):
    """What has a horizon and levels for each period of it, and stock that it begins with."""

    @property
    def horizon(self) -> int:
        """Periods planned, from 0."""
        ...
