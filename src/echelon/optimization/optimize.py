"""Optimise a network: hand it to the model that is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from echelon.errors import DomainError, UnknownNameError
from echelon.execution import Ledger
from echelon.network.network import Network
from echelon.optimization.models import find_model, models_with, options_of, required_by
from echelon.optimization.place_safety_stock import place_safety_stock
from echelon.policies.plan import Plan
from echelon.progress import Progress

if TYPE_CHECKING:  # each room is loaded when its model is asked for
    from echelon.optimization.portfolio.portfolio_plan import Portfolio
    from echelon.optimization.sampled_base_stock.result import SampledBaseStocks
    from echelon.optimization.simulated_base_stock.result import SimulatedBaseStocks
    from echelon.optimization.target_inventory.result import TargetPlan


@overload
def optimize(
    network: Network,
    *,
    model: Literal["guaranteed_service"] = "guaranteed_service",
    method: str = "auto",
    service_level: float | None = None,
    base_stocks: str = "constant",
    service_times: str = "any",
    gap: float = 1e-6,
    time_limit: float | None = None,
    solver: str = "highs",
    side_constraints: Callable[[Any], Any] | Sequence[Callable[[Any], Any]] | None = None,
    step: float = 1.0,
    start: Plan | None = None,
    n_jobs: int = 1,
    backend: Literal["processes", "dask"] = "processes",
    ledger: Ledger | str | Path | None = None,
    progress: Progress = None,
) -> Plan: ...


@overload
def optimize(
    network: Network, *, model: Literal["target_inventory"], **options: Any
) -> TargetPlan: ...


@overload
def optimize(
    network: Network, *, model: Literal["base_stock_saa"], **options: Any
) -> SampledBaseStocks: ...


@overload
def optimize(
    network: Network, *, model: Literal["simulated_base_stock"], **options: Any
) -> SimulatedBaseStocks: ...


@overload
def optimize(network: Network, *, model: Literal["portfolio"], **options: Any) -> Portfolio: ...


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
        - ``"target_inventory"``: what to hold, order and when over a horizon, under batches,
          capacities, shelf lives and resources,
          :func:`~echelon.optimization.target_inventory.optimize_targets.optimize_targets`
        - ``"base_stock_saa"``: base stocks of least cost over sampled paths of demand and lead
          times, under service targets or conditional value at risk,
          :func:`~echelon.optimization.sampled_base_stock.sampled_base_stocks.sampled_base_stocks`
        - ``"simulated_base_stock"``: base stocks of least simulated cost, with capacity, random
          lead times and lost sales,
          :func:`~echelon.optimization.simulated_base_stock.simulated_base_stocks.simulated_base_stocks`
        - ``"portfolio"``: what each SKU holds under budgets, services and capacities that all
          share, :func:`~echelon.optimization.portfolio.portfolio.optimize_portfolio`
    **options
        What the model takes, as its function says.

    Returns
    -------
    Plan
        Or the result of another model, with its certificate.

    Raises
    ------
    UnknownNameError
        If there is no such model.
    DomainError
        If the model does not take some of the options, or needs others; says which.

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
    absent = [name for name in required_by(model) if name not in options]
    if absent:
        given = ", ".join(f"{name}=..." for name in absent)
        raise DomainError(
            f"model={model!r} needs {' and '.join(absent)}. Fix: "
            f"ec.optimize(network, model={model!r}, {given})."
        )
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
