"""Optimise a network: hand it to the model that is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

from echelon.errors import DomainError, UnknownNameError
from echelon.network.network import Network
from echelon.optimization.models import find_model, models_with, options_of
from echelon.optimization.place_safety_stock import place_safety_stock
from echelon.policies.plan import Plan
from echelon.progress import Progress


@overload
def optimize(
    network: Network,
    *,
    model: Literal["guaranteed_service"] = "guaranteed_service",
    method: str = "auto",
    service_level: float | None = None,
    base_stocks: str = "constant",
    gap: float = 1e-6,
    time_limit: float | None = None,
    solver: str = "highs",
    side_constraints: Callable[[Any], Any] | Sequence[Callable[[Any], Any]] | None = None,
    step: float = 1.0,
    start: Plan | None = None,
    n_jobs: int = 1,
    progress: Progress = None,
) -> Plan: ...


@overload
def optimize(network: Network, *, model: str, **options: Any) -> Any: ...


def optimize(network: Network, *, model: str = "guaranteed_service", **options: Any) -> Any:
    """Make a plan of a network by one of the models, and say how good it is proven to be.

    Parameters
    ----------
    network : Network
    model : str, default "guaranteed_service"
        What is decided, by what measure of cost and service:

        - ``"guaranteed_service"``: where to place how much safety stock,
          :func:`~echelon.optimization.place_safety_stock.place_safety_stock`
    **options
        What the model takes, as its function says.

    Returns
    -------
    Plan
        Or the plan of another model, with its certificate.

    Raises
    ------
    UnknownNameError
        If there is no such model.
    DomainError
        If the model does not take some of the options; says which model does.

    Examples
    --------
    >>> import echelon as ec
    >>> network = ec.read_example("bulldozer")
    >>> plan = ec.optimize(network)
    >>> round(plan.annual_cost), plan.status
    (632775, 'optimal')
    """
    make = find_model(model)
    if not options_of(model).issuperset(options):
        raise DomainError("\n".join(_refusals(model, options)))
    return make(network, **options)


def _refusals(model: str, options: dict[str, Any]) -> list[str]:
    """Name the options that a model does not take, and the models that take them."""
    known = options_of(model)
    refusals = []
    for name in options:
        if name not in known:
            takers = " or ".join(f"model={taker!r}" for taker in models_with(name))
            hint = f" Fix: {takers} takes it." if takers else ""
            refusals.append(f"model={model!r}: {UnknownNameError('option', name, known)}{hint}")
    return refusals


def _signature() -> inspect.Signature:
    """What notebooks show: the arguments of the default model, and that there are others."""
    network, *of_default = inspect.signature(place_safety_stock).parameters.values()
    _, model, options = inspect.signature(optimize).parameters.values()
    return inspect.Signature([network, model, *of_default, options])


optimize.__signature__ = _signature()  # type: ignore[attr-defined]
