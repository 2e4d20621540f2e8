"""Pictures of results: functions ``(result, ax=None) -> ax``, drawn with matplotlib.

Needs the extra ``plot``. Results reach the functions that suit them through ``.plot``:
``plan.plot.cost()`` is ``plots.placement.cost(plan)``.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType, SimpleNamespace
from typing import Any

from echelon.errors import UnknownNameError
from echelon.plots import (
    comparison,
    demand,
    evaluation,
    lead_time,
    levers,
    over_time,
    placement,
    placement_network,
    portfolio,
    publication,
    sampled,
    searched,
    simulation,
    target_plan,
)

PLOTS: dict[str, dict[str, Callable[..., Any]]] = {
    "Calibration": {"service": levers.service},
    "Comparison": {"differences": comparison.differences},
    "DemandModels": {"classes": demand.classes, "history": demand.history},
    "Evaluation": {"cost": evaluation.cost, "stock": evaluation.stock},
    "LeadTimeModels": {"histogram": lead_time.histogram},
    "Plan": {
        "cost": placement.cost,
        "echelons": placement.echelons,
        "network": placement_network.network,
        "trace": placement.trace,
    },
    "Publication": {"moves": publication.moves},
    "SampledBaseStocks": {
        "curve": sampled.curve,
        "echelons": placement.echelons,
        "network": placement_network.network,
    },
    "OptionChoice": {"frontier": portfolio.frontier},
    "Portfolio": {"frontier": portfolio.frontier},
    "Sensitivity": {"worth": levers.worth},
    "SimulatedBaseStocks": {"levels": searched.levels, "search": searched.search},
    "Simulation": {
        "bullwhip": simulation.bullwhip,
        "cost": simulation.cost,
        "paths": over_time.paths,
        "service": simulation.service,
        "trace": over_time.trace,
    },
    "TargetPlan": {"components": target_plan.components, "orders": target_plan.orders},
}


def of(result: object) -> SimpleNamespace:
    """Give the pictures of a result, each a method of it: ``help`` shows its name and options.

    Parameters
    ----------
    result : Result
        Of a kind that :data:`PLOTS` knows.

    Returns
    -------
    types.SimpleNamespace

    Raises
    ------
    UnknownNameError
        If there are no pictures of such a thing.
    """
    kind = type(result).__name__
    if kind not in PLOTS:
        raise UnknownNameError("result to plot", kind, PLOTS)
    return SimpleNamespace(**{name: MethodType(draw, result) for name, draw in PLOTS[kind].items()})
