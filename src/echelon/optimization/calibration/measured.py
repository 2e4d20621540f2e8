"""One simulation after another of the same network, under the same random numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import DataWarning
from echelon.network.network import Network
from echelon.policies.plan import Plan
from echelon.progress import Progress
from echelon.simulation.result import Simulation
from echelon.simulation.simulate import simulate

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MEASURES: Final = ("fill_rate", "ready_rate", "on_time_rate", "cycle_service_level")
_BY_UNITS: Final = ("fill_rate", "on_time_rate")
_KEY: Final = ["item", "location"]
_WITH_POINT: Final = ("min_max", "reorder_point", "reorder_point_once")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one simulation measured.

    Attributes
    ----------
    service, service_se : (n_ends,) float64
        Of stages with customers. NaN where nothing fell due.
    holding_cost : (n_stages,) float64
        Of stock on hand and component stock, money per period.
    cycle_service : (n_ends,) float64
    run : Simulation
    """

    service: Floats
    service_se: Floats
    holding_cost: Floats
    cycle_service: Floats
    run: Simulation


class Bench:
    """A network and a plan whose levels are changed, simulated again and again.

    Parameters
    ----------
    network : Network
    plan : Plan
    ends : (n_ends,) int64
        Rows of ``plan.stages`` from which customers buy.
    measure : str
    arguments : mapping
        Of ``simulate``: periods, replications, warmup, n_jobs, draws, seed.
    progress : bool, callable or None
    """

    def __init__(
        self,
        network: Network,
        plan: Plan,
        ends: Integers,
        measure: str,
        arguments: Mapping[str, Any],
        progress: Progress = None,
    ) -> None:
        self._network, self._plan, self._ends, self._measure = network, plan, ends, measure
        self._arguments = dict(arguments)
        self._progress = progress
        self.rounds = 0
        self._point = _reorder_points(network, plan)
        rows = plan.stages[_KEY]
        feeds = pd.MultiIndex.from_frame(
            network.lanes[["from_item", "from_location"]].set_axis(_KEY, axis=1)
        )
        end_keys = pd.MultiIndex.from_frame(rows.iloc[ends])
        self._mixed = np.asarray(end_keys.isin(feeds)) & (measure in _BY_UNITS)

    def read(self, levels: Floats, *, seed: int | None = None) -> Reading:
        """Simulate base stocks (n_stages,), in the order of ``plan.stages``."""
        plan = self.plan_of(levels)
        arguments = self._arguments if seed is None else {**self._arguments, "seed": seed}
        with warnings.catch_warnings():
            if self.rounds:  # told in the first round
                warnings.simplefilter("ignore", DataWarning)
            run = simulate(self._network, plan, progress=False, **arguments)
        self.rounds += 1
        if callable(self._progress):
            self._progress(self.rounds, self.rounds, "calibrate")
        if self._arguments["warmup"] is None:  # the same periods are counted from now on
            self._arguments["warmup"] = run.warmup
            if run.provenance.arguments["warmup"] is None:  # each component had its own
                return self.read(levels, seed=seed)
        return self._reading(run)

    @property
    def seed(self) -> int:
        """Of the random numbers that simulations meet."""
        return int(self._arguments["seed"])

    def reseed(self, seed: int) -> None:
        """Meet other random numbers from now on."""
        self._arguments["seed"] = seed

    def plan_of(self, levels: Floats) -> Plan:
        """Give the plan with other base stocks, reorder points moved along."""
        shift = levels - self._plan.stages["base_stock"].to_numpy(np.float64)
        columns: dict[str, Any] = {"base_stock": levels}
        if self._point is not None:
            columns["reorder_point"] = self._point + shift
        plan = replace(self._plan, stages=self._plan.stages.assign(**columns))
        by_period = self._plan.levels
        if by_period.empty:
            return plan
        key = pd.MultiIndex.from_frame(self._plan.stages[_KEY])
        moved = pd.Series(shift, index=key).reindex(pd.MultiIndex.from_frame(by_period[_KEY]))
        return replace(
            plan, levels=by_period.assign(base_stock=by_period["base_stock"] + moved.to_numpy())
        )

    def _reading(self, run: Simulation) -> Reading:
        stages = run.stages.set_index(_KEY)
        rows = stages.reindex(pd.MultiIndex.from_frame(self._plan.stages[_KEY]))
        ends = rows.iloc[self._ends]
        service = ends[self._measure].to_numpy(np.float64, copy=True)
        error = ends[f"{self._measure}_se"].to_numpy(np.float64, copy=True)
        if self._mixed.any():
            bought = _of_customers(run, self._measure).reindex(ends.index[self._mixed])
            service[self._mixed] = bought["service"].to_numpy(np.float64)
            error[self._mixed] = bought["error"].to_numpy(np.float64)
        return Reading(
            service,
            error,
            rows["holding_cost"].to_numpy(np.float64),
            ends["cycle_service_level"].to_numpy(np.float64),
            run,
        )


def _of_customers(run: Simulation, measure: str) -> pd.DataFrame:
    """Service towards customers alone, at stages that supply other stages as well.

    Errors of several rows of one stage are added, as they are short together.
    """
    rows = run.segments
    weighed = pd.DataFrame(
        {
            "item": rows["item"],
            "location": rows["location"],
            "due": rows["due"],
            "service": rows["due"] * rows[measure],
            "error": rows["due"] * rows[f"{measure}_se"],
        }
    )
    sums = weighed.groupby(_KEY).sum()
    return sums[["service", "error"]].div(sums["due"], axis=0)


def _reorder_points(network: Network, plan: Plan) -> Floats | None:
    """Reorder points by row of the plan, NaN where the policy has none; None where none has."""
    keys = pd.MultiIndex.from_frame(plan.stages[_KEY])
    stages = network.columns("stages", ("policy", "reorder_point"))
    stages = stages.set_index(pd.MultiIndex.from_frame(network.stages[_KEY])).reindex(keys)
    with_point = stages["policy"].isin(_WITH_POINT).to_numpy()
    if not with_point.any():
        return None
    point = stages["reorder_point"].to_numpy(np.float64, na_value=np.nan)
    if "reorder_point" in plan.stages:
        planned = plan.stages["reorder_point"].to_numpy(np.float64, na_value=np.nan)
        point = np.where(np.isnan(planned), point, planned)
    return np.where(with_point, point, np.nan)
