"""Arguments and answers with the stages along their last axis: read, checked, and given back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from echelon.display import ROWS
from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.distributions.base import Distribution
from echelon.errors import DomainError
from echelon.exact.manner import Answer, Case, Demand, Given, Value
from echelon.exact.multi_echelon.lead_time_demand import Times
from echelon.exact.multi_echelon.series import Series, later, lattices_of
from echelon.lead_time.exposed_periods import ExposedPeriods, exposed_periods

ORDERS = ("downstream_first", "upstream_first")
"""Which stage comes first along the last axis: the one with customers, or the one furthest away."""


@dataclass(frozen=True, eq=False, repr=False)
class StagedAnswer(Answer):
    """An answer some of whose fields have the stages along their last axis."""

    def to_frame(self) -> pd.DataFrame:
        """One row per SKU; of a field of the stages a column each, the customers' stage is 1.

        Returns
        -------
        DataFrame
        """
        columns: dict[str, Any] = {}
        shape = np.shape(self.cost)  # type: ignore[attr-defined]
        for one in fields(self):
            if one.name == "stage_order":
                continue
            values = np.asarray(getattr(self, one.name))
            if values.ndim == len(shape):
                columns[one.name] = np.ravel(values)
                continue
            flat = values.reshape(-1, values.shape[-1])
            if getattr(self, "stage_order", "") == "upstream_first":
                flat = flat[:, ::-1]
            columns |= {f"{one.name}_{at + 1}": flat[:, at] for at in range(flat.shape[1])}
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        frame, name = self.to_frame(), type(self).__name__
        units = {column: self._unit_of(column) for column in frame}
        where = "stage 1 has the customers" if "base_stock_1" in frame else "items as given"
        if np.ndim(self.cost) == 0:  # type: ignore[attr-defined]
            told = [f"  {one} {frame[one].iloc[0]:.6g} [{unit}]" for one, unit in units.items()]
            return "\n".join([f"{name}, {where}", *told])
        shown = frame.head(ROWS).rename(columns={one: f"{one} [{u}]" for one, u in units.items()})
        rest = f"\n... {len(frame) - ROWS:,} more" if len(frame) > ROWS else ""
        return f"{name} of {len(frame):,}, {where}\n{shown.to_string()}{rest}"

    def _unit_of(self, column: Any) -> str:
        units = self.units()
        return units.get(column) or units[column.rpartition("_")[0]]  # of a stage, by its number


def take_stages(
    given: Given, name: str, value: ArrayLike, n_stages: int, **limits: Any
) -> Floats | None:
    """Take a numeric argument with the stages along its last axis, or one number for all.

    Parameters
    ----------
    given : Given
        Which learns the faults, and the columns ``name 0``, ``name 1``, … in the order given.
    name : str
    value : array_like of float
    n_stages : int
    **limits
        See :meth:`Given.number`.

    Returns
    -------
    ndarray or None
        As it was given, None where it is at fault.
    """
    alone = Given(given.model)
    alone.number(name, value, **limits)
    given.faults.extend(alone.faults)
    if alone.faults:
        return None
    values = np.asarray(value, dtype=np.float64)
    if values.ndim and values.shape[-1] not in (1, n_stages):
        given.faults.append(
            f"{name} has {values.shape[-1]} entries along its last axis, the stages are "
            f"{n_stages}. Fix: give one number for each stage, along the last axis."
        )
        return None
    wide = np.broadcast_to(values, (*values.shape[:-1], n_stages))
    for stage in range(n_stages):
        given.number(f"{name} {stage}", wide[..., stage])
    return wide


def take_costs(given: Given, holding_cost: Any, echelon_holding_cost: Any) -> int:
    """Take holding costs, of the stages or of their echelons; gives the number of stages."""
    if (holding_cost is None) == (echelon_holding_cost is None):
        given.faults.append(
            "holding costs are given "
            + ("twice" if holding_cost is not None else "not at all")
            + ". Fix: give either holding_cost, of the stages themselves, or "
            "echelon_holding_cost, what each adds to the stage before it."
        )
        return 1
    name = "holding_cost" if echelon_holding_cost is None else "echelon_holding_cost"
    value = holding_cost if echelon_holding_cost is None else echelon_holding_cost
    if np.ndim(value) == 0:
        given.faults.append(f"{name} is {value!r}. Fix: give a list, one number for each stage.")
        return 1
    n_stages = int(np.shape(value)[-1])
    take_stages(given, name, value, n_stages, least=0.0, unit="money/unit/period")
    return n_stages


def take_order(given: Given, stage_order: object) -> None:
    """Take the order of the stages."""
    if stage_order not in ORDERS:
        given.faults.append(
            f"stage_order is {stage_order!r}. Fix: give 'downstream_first', the stage with the "
            "customers first as in the literature, or 'upstream_first', as in a Network."
        )


def take_tolerance(given: Given, tolerance: object) -> None:
    """Take one number above 0 and below 1."""
    good = isinstance(tolerance, (int, float)) and not isinstance(tolerance, bool)
    if not (good and 0.0 < float(tolerance) < 1.0):  # type: ignore[arg-type]
        given.faults.append(f"tolerance is {tolerance!r}. Fix: give one number, 1e-6 for example.")


def take_lead_times(given: Given, lead_time: Any, n_stages: int) -> None:
    """Take lead times: numbers, or a list with a distribution for some of the stages."""
    if isinstance(lead_time, Distribution):
        lead_time = [lead_time] * n_stages
    listed = isinstance(lead_time, (list, tuple))
    if not (listed and any(isinstance(one, Distribution) for one in lead_time)):
        take_stages(given, "lead_time", lead_time, n_stages, least=0.0, unit="periods")
        return
    if len(lead_time) != n_stages:
        given.faults.append(
            f"lead_time has {len(lead_time)} entries, the stages are {n_stages}. "
            "Fix: give one for each stage."
        )
        return
    for stage, one in enumerate(lead_time):
        if isinstance(one, Distribution):
            if one.support[0] < 0.0:
                given.faults.append(
                    f"lead_time[{stage}] {one!r} may be negative. Fix: use a family from 0 on."
                )
            given.demand(f"lead_time {stage}", one)
        else:
            given.number(f"lead_time {stage}", one, least=0.0, unit="periods")


def take_series(
    given: Given,
    demand: Demand,
    *,
    holding_cost: Any,
    echelon_holding_cost: Any,
    shortage_cost: ArrayLike,
    lead_time: Any,
    review_period: ArrayLike,
    stage_order: object,
) -> int:
    """Take what describes stages in a row; gives their number. See :func:`series_of`."""
    given.demand("demand", demand)
    n_stages = take_costs(given, holding_cost, echelon_holding_cost)
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit/period")
    given.number("review_period", review_period, least=0.0, most=1.0, whole=True, unit="periods")
    take_order(given, stage_order)
    take_lead_times(given, lead_time, n_stages)
    return n_stages


def staged(case: Case, name: str, n_stages: int, stage_order: str) -> Floats:
    """Give what :func:`take_stages` took, (n, n_stages), the customers' stage first."""
    columns = [case[f"{name} {stage}"] for stage in range(n_stages)]
    if stage_order == "upstream_first":
        columns.reverse()
    return np.stack(columns, axis=1)


def echelon_costs(case: Case, n_stages: int, stage_order: str) -> Floats:
    """Echelon holding costs, (n, n_stages), the customers' stage first.

    Raises
    ------
    DomainError
        If a stage costs less than the one before it, or the first stage upstream costs nothing.
    """
    known = f"echelon_holding_cost {0}" in case.numbers
    name = "echelon_holding_cost" if known else "holding_cost"
    costs = staged(case, name, n_stages, stage_order)
    if not known:
        added = costs - np.append(costs[:, 1:], np.zeros((len(costs), 1)), axis=1)
        added[np.abs(added) <= 1e-12 * costs] = 0.0  # the rounding of a difference
        if (added < 0.0).any():
            sku, stage = np.argwhere(added < 0.0)[0].tolist()
            raise DomainError(
                f"holding_cost of SKU {sku} is {costs[sku, stage]:g} at stage {stage + 1} and "
                f"{costs[sku, stage + 1]:g} at the stage that supplies it, counted from the "
                "customers. Fix: stock must not become cheaper to hold on its way down."
            )
        costs = added
    if (free := costs[:, -1] <= 0.0).any():
        sku = int(np.flatnonzero(free)[0])
        raise DomainError(
            f"{name} of SKU {sku} is 0 at the stage furthest upstream, so that no stock is too "
            "much there. Fix: give it a holding cost above 0, or leave the stage out."
        )
    return costs


def series_of(
    case: Case, n_stages: int, lead_time: Any, stage_order: str, costs: Floats | None = None
) -> Series:
    """Make the series of what :func:`take_series` took.

    Parameters
    ----------
    case : Case
    n_stages : int
    lead_time : as given
    stage_order : str
    costs : (n, n_stages) ndarray, optional
        Echelon holding costs; default what was given.

    Returns
    -------
    Series
    """
    demand = case.demands["demand"]
    n = case.size
    times: list[Times] = []
    transit = np.empty((n, n_stages))
    for place in range(n_stages):
        stage = n_stages - 1 - place if stage_order == "upstream_first" else place
        key = f"lead_time {stage}"
        if key in case.numbers:
            transit[:, place] = case[key]
            times.append(case[key])
        else:
            one = lead_time if isinstance(lead_time, Distribution) else lead_time[stage]
            times.append(_random(one, demand))
            transit[:, place] = one.mean
    review = case["review_period"]
    return Series(
        demand,
        (later(times[0], review), *times[1:]),
        transit,
        echelon_costs(case, n_stages, stage_order) if costs is None else costs,
        case["shortage_cost"],
        review,
        *lattices_of(demand),
    )


def shaped(case: Case, values: Floats, stage_order: str) -> Value:
    """Give (n, n_stages) numbers in the shape of the arguments and the order of the stages."""
    return per_stage(case, values[:, ::-1] if stage_order == "upstream_first" else values)


def per_stage(case: Case, values: NDArray[Any]) -> Value:
    """Give (n, n_stages) numbers in the shape of the arguments, read-only."""
    kept = values.reshape(*case.shape, values.shape[-1]).copy()
    kept.setflags(write=False)
    return kept


def _random(lead_time: Distribution, demand: DistributionArray) -> list[ExposedPeriods]:
    """A lead time as numbers of periods, the same object for SKUs whose demand varies alike."""
    ratio = np.divide(demand.std, demand.mean, out=np.zeros(len(demand)), where=demand.mean > 0.0)
    with np.errstate(divide="ignore"):
        steadiness = np.where(ratio > 0.0, 2.0 ** np.floor(np.log2(ratio)), 0.0)
    known = {one: exposed_periods(lead_time, demand_cv=one) for one in set(steadiness.tolist())}
    return [known[one] for one in steadiness.tolist()]
