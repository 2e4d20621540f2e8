"""Multi-echelon inventory optimisation: tables in, certified plans out, checked by simulation.

>>> import echelon as ec
>>> network = ec.read_example("bulldozer")
>>> plan = ec.optimize(network)
>>> round(plan.annual_cost)
632775

Each public name is loaded when it is first used, so that importing the library costs next to
nothing: the solver, the compiled kernels and the statistics arrive with the first call that needs
them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:  # what a type checker and an editor see; the table below says the same to Python
    from echelon import distributions, errors
    from echelon.errors import DataWarning, EchelonError, TableError
    from echelon.io.examples import read_example
    from echelon.io.folder import read_network
    from echelon.io.plan import read_plan
    from echelon.io.simulation import read_simulation
    from echelon.io.willems import read_willems
    from echelon.network.build import assembly, distribution, general, serial
    from echelon.network.network import Network
    from echelon.optimization.optimize import optimize
    from echelon.policies.plan import Plan
    from echelon.simulation.result import Simulation
    from echelon.simulation.simulate import simulate

__all__ = [
    "DataWarning",
    "EchelonError",
    "Network",
    "Plan",
    "Simulation",
    "TableError",
    "assembly",
    "distribution",
    "distributions",
    "errors",
    "general",
    "optimize",
    "read_example",
    "read_network",
    "read_plan",
    "read_simulation",
    "read_willems",
    "serial",
    "simulate",
]

_HOME = {
    "DataWarning": "errors",
    "EchelonError": "errors",
    "Network": "network.network",
    "Plan": "policies.plan",
    "Simulation": "simulation.result",
    "TableError": "errors",
    "assembly": "network.build",
    "distribution": "network.build",
    "general": "network.build",
    "optimize": "optimization.optimize",
    "read_example": "io.examples",
    "read_network": "io.folder",
    "read_plan": "io.plan",
    "read_simulation": "io.simulation",
    "read_willems": "io.willems",
    "serial": "network.build",
    "simulate": "simulation.simulate",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"echelon.{_HOME[name]}"), name)
        globals()[name] = value  # the next look-up does not come here
        return value
    if name in __all__:
        return importlib.import_module(f"echelon.{name}")
    raise AttributeError(f"module 'echelon' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
