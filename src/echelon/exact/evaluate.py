"""A network judged by a classical model: each component of matching topology, exactly."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from echelon.display import ROWS, counted, in_html, in_text, more, quantity, with_units
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.columns import COMPONENTS, STAGES, UNITS
from echelon.exact.systems import MODELS, Model, Solved
from echelon.exact.topology import Component, component_of
from echelon.execution.workers import Outcome, attempt
from echelon.network.demand_seen import SeenDemand
from echelon.network.network import Network
from echelon.progress import Progress, track
from echelon.results import FAILURE_COLUMNS, Provenance, Result

_PARTS = ("holding_cost", "pipeline_cost", "shortage_cost")

_AT_ONCE = 2_000
"""Components in one call of a model, so that memory stays bounded and progress shows."""


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Result):
    """What a classical model says about each component of a network.

    Attributes
    ----------
    stages : DataFrame
        One row per stage of a component that fits: item, location, component, base_stock,
        echelon_base_stock, on_hand, backorders, fill_rate, ready_rate.
    components : DataFrame
        One row per component that fits: component, stages, cost and its parts holding_cost (of
        stock on hand), pipeline_cost, shortage_cost.
    method, title : str
    period : str
    """

    stages: pd.DataFrame
    components: pd.DataFrame
    method: str
    title: str
    period: str
    currency: str = ""
    name: str = ""

    @property
    def cost(self) -> float:
        """Of all components together, money per period."""
        return float(self.components["cost"].sum())

    def to_frame(self, level: str = "stage") -> pd.DataFrame:
        """Copy the stages frame (``level="stage"``) or the components' (``"component"``)."""
        return self._frame(level, {"stage": self.stages, "component": self.components})

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes."""
        return {"evaluation": self.stages, "evaluation_components": self.components}

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {**super().manifest(), "method": self.method, "period": self.period}

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what was found, and which components the model does not fit."""
        of = f" of {self.name}" if self.name else ""
        lines = [f"{self.title}{of}: {counted(len(self.components), 'component')}"]
        if len(self.components):
            money = f"{self.currency or 'money'}/{self.period}"
            parts = [quantity(float(self.components[name].sum())) for name in _PARTS]
            told = "stock on hand {}, on its way {}, shortage {}".format(*parts)
            lines.append(f"  cost {quantity(self.cost)} {money}: {told}")
        return "\n".join([*lines, *self.failure_lines("evaluation", failures)])

    def _shown(self) -> tuple[pd.DataFrame, str]:
        first = self.stages.head(ROWS)
        table = with_units(first, UNITS, period=self.period, currency=self.currency)
        return table, more(len(self.stages), ROWS, "evaluation.stages")

    def __repr__(self) -> str:
        """Summary and the first stages."""
        return in_text(self.summary(), *self._shown())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._shown())


def evaluate(
    network: Network, *, method: str, base_stock: str = "best", progress: Progress = None
) -> Evaluation:
    """Judge each component of a network by the exact model of its topology.

    Parameters
    ----------
    network : Network
        Stages whose customers wait need ``backorder_cost``; all stages ``holding_cost``. The lead
        times of lane and stage add up (clause 8). A series may review at each moment (clause
        2.1: the exposure of a stage is its lead time) or all its stages in each period (clause
        2.2: one more at each); the other models of several stages review at each moment.
    method : str
        A key of ``echelon.exact.systems.MODELS``: "newsvendor" (one stage), "clark_scarf" and
        "shang_song" (series), "rosling" (assembly), "axsater", "graves" and "metric" (a depot and
        its retailers, one for one).
    base_stock : {"best", "table"}
        The levels of least cost, or those of the column ``base_stock`` of the stages, each for
        the stage itself.
    progress : bool, callable or None
        See :data:`echelon.progress.Progress`.

    Returns
    -------
    Evaluation
        A component of another topology, or one that the model cannot take, is a row of
        ``failures`` that says why. Stock on its way between stages, the receiving stage's lead time
        included, is charged at the holding cost of the stage that sent it, as the literature does;
        ``simulate(charge_pipeline=True)`` charges what is in process at the stage's own (clause
        4.4), which no level changes.
        The ``fill_rate`` of a depot's retailers is counted at the moment of demand: a unit served
        later in the same period is late there and not by clause 6.3, which comes out higher.

    Warns
    -----
    DataWarning
        If the tables say of capacity, yield, shelf life, disruptions or other things what the model
        does not reckon with.

    Raises
    ------
    UnknownNameError
        If the method is none of these; names the nearest.
    DomainError
        If levels are asked for from the table and some are missing, or ``base_stock`` is another
        word.

    Examples
    --------
    Example 6.1 of Snyder and Shen (2019): two weeks to the first stage, one to each other.

    >>> import echelon as ec
    >>> network = ec.serial(
    ...     ["plant", "depot", "shop"], holding_cost=[2, 4, 7], lead_time=[2, 1, 1],
    ...     backorder_cost=37.12, demand_mean=5, demand_std=1,
    ... )
    >>> found = ec.evaluate(network, method="clark_scarf")
    >>> round(found.cost, 2)
    47.66
    """
    if method not in MODELS:
        raise UnknownNameError("method", method, MODELS)
    if base_stock not in ("best", "table"):
        raise DomainError(f"base_stock is {base_stock!r}. Fix: give 'best' or 'table'.")
    model = MODELS[method]
    began = time.perf_counter()
    network.warn_of_unreckoned(f"the model {method!r}")
    levels = _levels_of(network, model, method) if base_stock == "table" else None
    seen, allocation = network.demand_seen(), network.stages["allocation"].tolist()
    read: list[Outcome[Component]] = [
        attempt(_fitting, network, seen, allocation, model, number)
        for number in range(network.n_components)
    ]
    groups: dict[Hashable, list[Component]] = {}
    for one in read:
        if one.value is not None:
            groups.setdefault(model.shape(one.value), []).append(one.value)
    solved: dict[int, Outcome[Solved]] = {}
    fitting = sum(map(len, groups.values()))
    with track(progress, fitting, f"evaluating by {method}") as advance:
        for group in groups.values():
            for at in range(0, len(group), _AT_ONCE):
                chunk = group[at : at + _AT_ONCE]
                for component, outcome in zip(chunk, _solve(model, chunk, levels), strict=True):
                    solved[component.number] = outcome
                advance(len(chunk))
    return _assembled(network, method, base_stock, read, solved, time.perf_counter() - began)


def _fitting(
    network: Network, seen: SeenDemand, allocation: Sequence[str], model: Model, number: int
) -> Component:
    component = component_of(network, seen, number, allocation)
    model.fits(component)
    return component


def _solve(
    model: Model, components: Sequence[Component], levels: np.ndarray | None
) -> list[Outcome[Solved]]:
    """All in one call; where that fails, by halves, so that each bears its own fault."""

    def solve(some: Sequence[Component]) -> list[Solved]:
        given = None if levels is None else [levels[one.rows] for one in some]
        return model.solve(some, given)

    together = attempt(solve, components)
    if not together.failed:
        return [Outcome(one) for one in together.unwrap()]
    if len(components) == 1:
        return [Outcome(None, together.error, together.message)]
    half = len(components) // 2
    return [*_solve(model, components[:half], levels), *_solve(model, components[half:], levels)]


def _levels_of(network: Network, model: Model, method: str) -> np.ndarray:
    if not model.takes_levels:
        raise DomainError(
            f"method {method!r} finds levels and takes none. Fix: leave base_stock out."
        )
    levels = network.stages["base_stock"].to_numpy(np.float64)
    if np.isnan(levels).any():
        at = int(np.flatnonzero(np.isnan(levels))[0])
        raise DomainError(
            f"stages.base_stock is missing at {network.labels[at]}. "
            "Fix: give every stage its level, or ask for base_stock='best'."
        )
    return levels


def _assembled(
    network: Network,
    method: str,
    base_stock: str,
    read: Sequence[Outcome[Component]],
    solved: dict[int, Outcome[Solved]],
    seconds: float,
) -> Evaluation:
    keys = network.stages[["item", "location"]]
    found: list[tuple[Component, Solved]] = []
    failures: list[tuple[int, str, str]] = []
    for number, outcome in enumerate(read):
        answer = solved.get(number)
        fault = outcome if answer is None else answer
        if answer is None or answer.value is None or outcome.value is None:
            failures.append((number, fault.error, fault.message))
        else:
            found.append((outcome.value, answer.value))
    compiled = network.compiled
    lost = np.array([number for number, *_ in failures], dtype=np.int64)
    where = keys.iloc[compiled.stage_row[compiled.component_ptr[lost]]].reset_index(drop=True)
    told = pd.DataFrame(failures, columns=["component", "error", "message"])
    stages, components = _frames(keys, found)
    model = MODELS[method]
    title = f"{model.title}, {'levels of the table' if base_stock == 'table' else model.finds}"
    return Evaluation(
        failures=pd.concat([told, where], axis=1)[list(FAILURE_COLUMNS)],
        provenance=Provenance(
            {"method": method, "base_stock": base_stock}, network.digests, {"evaluate": seconds}
        ),
        stages=stages,
        components=components,
        method=method,
        title=title,
        period=network.period,
        currency=network.currency,
        name=network.name,
    )


def _frames(
    keys: pd.DataFrame, found: Sequence[tuple[Component, Solved]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Stages and components of those that fit."""
    if not found:
        return _empty(STAGES.names), _empty(COMPONENTS.names)
    number = np.array([one.number for one, _ in found])
    size = np.array([len(one.rows) for one, _ in found])
    stages = keys.iloc[np.concatenate([one.rows for one, _ in found])].reset_index(drop=True)
    stages["component"] = np.repeat(number, size)
    for name in found[0][1].stages:
        stages[name] = np.concatenate([answer.stages[name] for _, answer in found])
    components = pd.DataFrame([answer.costs for _, answer in found])
    components.insert(0, "component", number)
    components.insert(1, "stages", size)
    return stages, components


def _empty(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=np.float64) for name in columns})
