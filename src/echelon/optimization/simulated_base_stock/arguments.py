"""The arguments of a search, checked; every fault is told at once."""

from __future__ import annotations

import numpy as np

from echelon.errors import DomainError
from echelon.execution.workers import check_n_jobs
from echelon.network.network import Network
from echelon.optimization.arguments import is_number
from echelon.optimization.simulated_base_stock.asked import MEASURES
from echelon.policies.plan import Plan
from echelon.progress import check_progress

ADJUST = ("levels", "safety_factor")


def check(
    network: object,
    start: object,
    *,
    service_level: object,
    service_measure: object,
    adjust: object,
    tolerance: object,
    confidence: object,
    whole: dict[str, tuple[object, int | None]],
    charge_pipeline: object,
    n_jobs: object,
    progress: object,
) -> None:
    """Raise one error with everything that is wrong.

    ``whole``: arguments that are whole numbers, with the least they may be.

    Raises
    ------
    DomainError
    """
    problems = []
    if not isinstance(network, Network):
        problems.append(f"network is of type {type(network).__name__}. Fix: give a Network.")
    elif not len(network.compiled.demand_row):
        problems.append(
            "no stage of this network has customers, so there is nothing to hold stock for. "
            "Fix: give the demand table."
        )
    if start is not None and not isinstance(start, Plan):
        inside = isinstance(getattr(start, "plan", None), Plan)
        remedy = "give its .plan" if inside else "give a Plan"
        problems.append(f"start is of type {type(start).__name__}. Fix: {remedy}.")
    if service_level is not None:
        problems += _fraction("service_level", service_level, 0.0)
    if service_measure is not None and service_measure not in MEASURES:
        problems.append(_one_of("service_measure", service_measure, MEASURES))
    if adjust not in ADJUST:
        problems.append(_one_of("adjust", adjust, ADJUST))
    problems += _fraction("confidence", confidence, 0.0)
    if not is_number(tolerance) or not 0.0 < tolerance < 1.0:
        problems.append(
            f"tolerance is {tolerance!r}. Fix: give a share of the cost, 0.001 is a thousandth."
        )
    for name, (value, least) in whole.items():
        is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not is_whole or (least is not None and int(value) < least):  # type: ignore[call-overload]
            wanted = "an integer" if least is None else f"a whole number >= {least}"
            problems.append(f"{name} is {value!r}. Fix: give {wanted}.")
    if not isinstance(charge_pipeline, bool):
        problems.append(f"charge_pipeline is {charge_pipeline!r}. Fix: give True or False.")
    for judge, value in ((check_n_jobs, n_jobs), (check_progress, progress)):
        try:
            judge(value)
        except DomainError as error:
            problems.append(str(error))
    if problems:
        raise DomainError("simulated_base_stock: " + "\n  ".join(problems))


def _one_of(name: str, value: object, known: tuple[str, ...]) -> str:
    return f"{name} is {value!r}. Fix: give one of {', '.join(map(repr, known))}."


def _fraction(name: str, value: object, least: float) -> list[str]:
    if not is_number(value) or not np.isfinite(value):
        return [f"{name} is {value!r}. Fix: give a fraction, 0.95 say."]
    if least < value < 1.0:
        return []
    hint = f"use {value / 100:g}" if 1.0 < value < 100.0 else "use 0.95, say"
    return [f"{name} is {value!r}, must be a fraction above 0 and below 1. Fix: {hint}."]
