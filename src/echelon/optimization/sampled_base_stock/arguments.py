"""The arguments of ``base_stock_saa``, checked; every fault is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.execution import check_n_jobs
from echelon.network.network import Network
from echelon.optimization.arguments import is_number, limit_faults
from echelon.optimization.sampled_base_stock.problem import MEASURES, Tail, Target
from echelon.optimization.sampled_base_stock.solve import METHODS

ServiceLevel: TypeAlias = float | Mapping[tuple[str, str], float] | None

_FRACTION = "give a fraction above 0 and below 1"


def check_arguments(network: object, values: Mapping[str, Any]) -> Tail | None:
    """Refuse what is out of range, all at once; give the tail that the three ``cvar_`` say.

    Raises
    ------
    DomainError
    """
    problems: list[str] = []
    if not isinstance(network, Network):
        problems.append(f"network is of type {type(network).__name__}. Fix: give a Network.")
    for name, least in (("scenarios", 2), ("periods", 1)):
        if values[name] is not None:
            _check_whole(name, values[name], least, problems)
    _check_whole("seed", values["seed"], None, problems)
    for name in ("replications", "check_replications"):
        _check_whole(name, values[name], 0, problems)
    if values["replications"] == 1:
        problems.append("replications is 1, which has no spread. Fix: give 0, or 2 and more.")
    if values["check_replications"] == 1:
        problems.append("check_replications is 1, which has no spread. Fix: give 0, or 2 and more.")
    _check_choice("method", values["method"], METHODS, problems)
    if values["service_measure"] is not None:
        _check_choice("service_measure", values["service_measure"], MEASURES, problems)
    problems += limit_faults(values["gap"], values["time_limit"])
    _check_fraction("confidence", values["confidence"], problems)
    if not (values["solver"] and isinstance(values["solver"], str)):
        problems.append(f"solver is {values['solver']!r}. Fix: give its name, 'highs' say.")
    try:
        check_n_jobs(values["n_jobs"])
    except DomainError as error:
        problems.append(str(error))
    tail = _tail(values["cvar_level"], values["cvar_weight"], values["cvar_limit"], problems)
    raise_all(problems)
    return tail


def raise_all(problems: list[str]) -> None:
    """Raise one error with everything that is wrong; do nothing if nothing is.

    Raises
    ------
    DomainError
    """
    if len(problems) == 1:
        raise DomainError(f"base_stock_saa: {problems[0]}")
    if problems:
        lines = "\n".join(f"  {i}. {problem}" for i, problem in enumerate(problems, 1))
        raise DomainError(f"base_stock_saa: {len(problems)} things to mend:\n{lines}")


def _tail(level: Any, weight: Any, limit: Any, problems: list[str]) -> Tail | None:
    if level is None:
        for name, value in (("cvar_weight", weight), ("cvar_limit", limit)):
            if value is not None:
                problems.append(
                    f"{name} is {value!r} without cvar_level. Fix: give cvar_level too."
                )
        return None
    before = len(problems)
    _check_fraction("cvar_level", level, problems)
    if weight is None:
        weight = 1.0 if limit is None else 0.0
    if not (is_number(weight) and 0.0 <= weight <= 1.0):
        problems.append(f"cvar_weight is {weight!r}. Fix: give a fraction from 0 to 1.")
    if limit is None:
        limit = np.inf
    elif not (is_number(limit) and np.isfinite(limit) and limit >= 0.0):
        problems.append(f"cvar_limit is {limit!r}. Fix: give money per period, >= 0.")
    return Tail(float(level), float(weight), float(limit)) if len(problems) == before else None


def _check_fraction(name: str, value: Any, problems: list[str]) -> None:
    if not (is_number(value) and 0.0 < value < 1.0):
        percent = is_number(value) and 1.0 < value < 100.0
        hint = f"{value / 100.0:g} for {value:g} %" if percent else "0.95 for 95 %"
        problems.append(f"{name} is {value!r}. Fix: {_FRACTION}, {hint}.")


def _check_whole(name: str, value: Any, least: int | None, problems: list[str]) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or (least is not None and value < least):
        wanted = "an integer" if least is None else f"a whole number >= {least}"
        problems.append(f"{name} is {value!r}. Fix: give {wanted}.")


def _check_choice(name: str, value: Any, known: tuple[str, ...], problems: list[str]) -> None:
    if value not in known:
        problems.append(f"{name} is {value!r}. Fix: give one of {', '.join(map(repr, known))}.")


@dataclass(frozen=True, slots=True)
class Targets:
    """What customers of each stage are to get, in compiled order.

    Attributes
    ----------
    served : (n_stages,) bool
        Whether customers buy at the stage.
    level : (n_stages,) float64
        NaN where there is no target.
    measure : tuple of str
        ``cycle``, ``ready`` or ``fill`` of every stage.
    """

    served: Any
    level: Any
    measure: tuple[str, ...]

    def of(self, first: int, last: int) -> tuple[Target, ...]:
        """Those of stages ``first`` up to, not including, ``last``, numbered from 0."""
        return tuple(
            Target(j - first, self.measure[j], float(self.level[j]))
            for j in range(first, last)
            if self.level[j] == self.level[j]
        )


def read_targets(network: Network, service_level: ServiceLevel, measure: str | None) -> Targets:
    """Read targets from the tables, or from the call where that says more.

    Raises
    ------
    DomainError
        With every target that is no fraction, or of a stage where nobody buys.
    """
    from scipy.special import ndtr

    compiled = network.compiled
    order = compiled.stage_row
    served = np.diff(compiled.demand_ptr) > 0
    level = network.cells("stages", "service_level")[order].astype(np.float64)
    factor = network.cells("stages", "safety_factor")[order].astype(np.float64)
    level = np.where(np.isnan(level), ndtr(factor), level)
    said = pd.Series(network.cells("stages", "service_measure")[order]).replace("", "cycle")
    measures = [measure or str(one) for one in said.fillna("cycle")]
    problems: list[str] = []
    if isinstance(service_level, Mapping):
        _read_mapping(network, service_level, served, level, problems)
    elif service_level is not None:
        _check_fraction("service_level", service_level, problems)
        level = np.full(len(order), float(service_level) if not problems else np.nan)
    raise_all(problems)
    return Targets(served, np.where(served, level, np.nan), tuple(measures))


def _read_mapping(
    network: Network,
    service_level: Mapping[tuple[str, str], float],
    served: Any,
    level: Any,
    problems: list[str],
) -> None:
    keys = network.columns("stages", ["item", "location"]).iloc[network.compiled.stage_row]
    known = {
        key: place for place, key in enumerate(zip(keys["item"], keys["location"], strict=True))
    }
    for key, value in service_level.items():
        place = known.get(key)
        if place is None or not served[place]:
            problems.append(
                f"service_level names {key!r}, from which no customer buys. "
                "Fix: use (item, location) of a stage with demand."
            )
            continue
        before = len(problems)
        _check_fraction(f"service_level of {key!r}", value, problems)
        if len(problems) == before:
            level[place] = float(value)
