"""Where stock sits and flows: the network people hold, and the arrays machines read."""

from __future__ import annotations

from echelon.network.build import assembly, distribution, general, serial
from echelon.network.compiled import CompiledNetwork
from echelon.network.network import Network
from echelon.network.summary import NetworkSummary

__all__ = [
    "CompiledNetwork",
    "Network",
    "NetworkSummary",
    "assembly",
    "distribution",
    "general",
    "serial",
]
