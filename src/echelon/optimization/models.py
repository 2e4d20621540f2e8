"""The models that :func:`echelon.optimize` knows, each in a room of its own.

A model is a function of a network and keyword arguments. Its line here says where it is, so that it
is loaded, with the solver it may need, when it is first used.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from echelon.errors import UnknownNameError

MODELS = {
    "guaranteed_service": "place_safety_stock:place_safety_stock",
    "target_inventory": "target_inventory.optimize_targets:optimize_targets",
    "simulated_base_stock": "simulated_base_stock.simulated_base_stocks:simulated_base_stocks",
    "base_stock_saa": "sampled_base_stock.sampled_base_stocks:sampled_base_stocks",
    "portfolio": "portfolio.portfolio:optimize_portfolio",
}


@cache
def find_model(model: str) -> Callable[..., Any]:
    """Load the function that makes plans by a model.

    Raises
    ------
    UnknownNameError
        If there is no such model; says which there are.
    """
    if model not in MODELS:
        raise UnknownNameError("model", model, MODELS)
    module, name = MODELS[model].split(":")
    home: Any = importlib.import_module(f"echelon.optimization.{module}")
    return cast(Callable[..., Any], getattr(home, name))


@cache
def options_of(model: str) -> frozenset[str]:
    """Names of the keyword arguments that a model takes."""
    parameters = inspect.signature(find_model(model)).parameters.values()
    return frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)


@cache
def required_by(model: str) -> tuple[str, ...]:
    """Names of the keyword arguments that a model cannot do without."""
    parameters = inspect.signature(find_model(model)).parameters.values()
    return tuple(
        p.name
        for p in parameters
        if p.kind is p.KEYWORD_ONLY and p.default is inspect.Parameter.empty
    )


def models_with(option: str) -> list[str]:
    """Which models take a keyword argument of this name."""
    return [model for model in MODELS if option in options_of(model)]
